#include "crypto/tse_algorithm.h"

#include <gtest/gtest.h>

namespace siegel::crypto {
namespace {

struct Row {
  const char* last;
  const char* name;
  bool weak;
};

// The tables of TR-03111 5.2.1.
const Row rows[] = {
    {"0102", "ecdsa-plain-SHA224", true},     {"0103", "ecdsa-plain-SHA256", false},
    {"0104", "ecdsa-plain-SHA384", false},    {"0105", "ecdsa-plain-SHA512", false},
    {"0108", "ecdsa-plain-SHA3-224", true},   {"0109", "ecdsa-plain-SHA3-256", false},
    {"010a", "ecdsa-plain-SHA3-384", false},  {"010b", "ecdsa-plain-SHA3-512", false},
    {"0401", "ecsdsa-plain-SHA224", true},    {"0402", "ecsdsa-plain-SHA256", false},
    {"0403", "ecsdsa-plain-SHA384", false},   {"0404", "ecsdsa-plain-SHA512", false},
    {"0405", "ecsdsa-plain-SHA3-224", true},  {"0406", "ecsdsa-plain-SHA3-256", false},
    {"0407", "ecsdsa-plain-SHA3-384", false}, {"0408", "ecsdsa-plain-SHA3-512", false}};

Bytes oid(std::string_view last) {
  return from_hex("04007f0007010104" + std::string(last)).value();
}

TEST(TseAlgorithm, NumberAndNameMeanTheSame) {
  for (const auto& [last, name, weak] : rows) {
    const auto by_oid = signature_algorithm_from_oid(oid(last));
    const auto by_name = signature_algorithm_from_name(name);
    ASSERT_TRUE(by_oid.ok() && by_name.ok()) << name;
    EXPECT_EQ(*by_oid, *by_name);
    EXPECT_EQ(oid_of(*by_oid), oid(last));
    EXPECT_EQ(name_of(*by_oid), name);
    EXPECT_EQ(policy(*by_oid) == AlgorithmPolicy::weak, weak) << name;
  }
  EXPECT_EQ(signature_algorithm_from_name("ECDSA-plain-sha384").value(),
            (SignatureAlgorithm{SignatureScheme::ecdsa, HashAlgorithm::sha384}));
}

TEST(TseAlgorithm, RefusesBrokenHashesByName) {
  for (const char* last : {"0101", "0106"}) {
    EXPECT_EQ(signature_algorithm_from_oid(oid(last)).error().code, "E-CRY-015") << last;
  }
  for (const char* name : {"ecdsa-plain-SHA1", "ecdsa-plain-RIPEMD160"}) {
    EXPECT_EQ(signature_algorithm_from_name(name).error().code, "E-CRY-015") << name;
  }
}

TEST(TseAlgorithm, RefusesEverythingElse) {
  for (const char* last : {"", "01", "0107", "010c", "0100", "0400", "0409", "0201", "010300"}) {
    EXPECT_EQ(signature_algorithm_from_oid(oid(last)).error().code, "E-CRY-014") << last;
  }
  EXPECT_EQ(signature_algorithm_from_oid(BytesView()).error().code, "E-CRY-014");
  for (const char* name : {"", "SHA256", "ecdsa-plain-SHA257", "ecdsa-plain-SHA256 "}) {
    EXPECT_EQ(signature_algorithm_from_name(name).error().code, "E-CRY-014") << name;
  }
}

}  // namespace
}  // namespace siegel::crypto
