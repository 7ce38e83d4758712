#include "vault/vault.h"

#include <gtest/gtest.h>

#include <string>

namespace siegel::vault {
namespace {

TEST(SecretId, TakesNamesAndNothingThatCouldLeaveAFolder) {
  for (const char* good : {"a", "tse/tse-1/admin-pin", "a/b/c/d/e", "x.y_z-0"})
    EXPECT_TRUE(SecretId::parse(good).ok()) << good;
  const std::string part(64, 'a');
  EXPECT_TRUE(SecretId::parse(part + "/" + part).ok());
  for (const std::string& bad :
       {std::string(), std::string("/"), std::string("a/"), std::string("/a"), std::string("a//b"),
        std::string(".."), std::string("a/../b"), std::string(".a"), std::string("A"),
        std::string("a b"), std::string("a+b"), std::string("ä"), std::string("\xff"),
        std::string("a\0b", 3), std::string("a/b/c/d/e/f"), part + "a",
        part + "/" + part + "/" + part + "/" + part})
    EXPECT_EQ(SecretId::parse(bad).error().code, "E-VLT-001") << bad;
}

TEST(CheckValue, DependsOnNameAndSecret) {
  const auto a = SecretId::parse("a").value();
  const auto b = SecretId::parse("b").value();
  const auto one = crypto::SecretBytes::copy_of(bytes_of("one"));
  const auto two = crypto::SecretBytes::copy_of(bytes_of("two"));
  EXPECT_EQ(check_value(a, one).size(), 8U);
  EXPECT_EQ(check_value(a, one), check_value(a, one));
  EXPECT_NE(check_value(a, one), check_value(a, two));
  EXPECT_NE(check_value(a, one), check_value(b, one));
  // printf 'siegel check value v1\0a\0one' | sha256sum
  EXPECT_EQ(check_value(a, one), "b5053c54");
}

}  // namespace
}  // namespace siegel::vault
