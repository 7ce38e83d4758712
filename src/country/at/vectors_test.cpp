// Counter encryptions, check value and OCR triples published by others, found through
// SIEGEL_VECTORS.

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "base/file.h"
#include "country/at/test_shop.h"

namespace siegel::country::at {
namespace {

std::string text(const json::Object& object, std::string_view key) {
  return *object.find(key)->string();
}

class PublishedValues : public ::testing::Test {
 protected:
  void SetUp() override {
    RecordProperty("proves", "AMA-011 AMA-047");
    const char* vectors = std::getenv("SIEGEL_VECTORS");
    if (vectors == nullptr) GTEST_SKIP() << "no vectors";
    const auto file = read_file(std::filesystem::path(vectors) / "pos/at_rksv_vectors.json",
                                std::uint64_t{1} << 20);
    ASSERT_TRUE(file.ok());
    m_value = json::parse(text_of(*file)).value();
  }
  [[nodiscard]] const json::Object& root() const { return *m_value.object(); }

 private:
  json::Value m_value;
};

TEST_F(PublishedValues, TheCounterIsEncryptedAsOthersDid) {
  int eights = 0;
  for (const json::Value& value : *root().find("turnoverCounter")->array()) {
    const json::Object& vector = *value.object();
    // Others also write 5 bytes; we never do.
    if (*vector.find("bytes")->integer() != 8) continue;
    ++eights;
    EXPECT_EQ(turnover_field(key_of(text(vector, "keyBase64")), text(vector, "kassenId"),
                             text(vector, "belegNr"), *vector.find("cents")->integer())
                  .value(),
              text(vector, "cipherBase64"))
        << text(vector, "id");
  }
  EXPECT_GE(eights, 4);
}

TEST_F(PublishedValues, CheckValueAndStartOfTheChain) {
  const json::Object& check = *root().find("keyCheckValue")->object();
  EXPECT_EQ(rksv::aes_check(text(check, "keyBase64")), text(check, "checkValue"));
  const json::Object& start = *root().find("chainStart")->object();
  EXPECT_EQ(rksv::chaining_of_first(text(start, "kassenId")), text(start, "value"));
}

TEST_F(PublishedValues, Base32OfTheOcrForm) {
  const json::Array& fields = *root().find("ocr")->object()->find("fields")->array();
  ASSERT_EQ(fields.size(), 3U);
  for (const json::Value& field : fields) {
    const Bytes bytes = from_base64(text(*field.object(), "base64")).value();
    EXPECT_EQ(base32(bytes), text(*field.object(), "base32"));
    EXPECT_EQ(from_base32(text(*field.object(), "base32")).value(), bytes);
  }
}

}  // namespace
}  // namespace siegel::country::at
