#include "finanzonline/sheet.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "base/bytes.h"

namespace siegel::finanzonline {
namespace {

crypto::SecretBytes key(std::string_view base64_text) {
  return crypto::SecretBytes::copy_of(*from_base64(base64_text));
}

TEST(finanzonline_sheet, check_values_of_aes_keys_are_those_of_the_form) {
  RecordProperty("proves", "AMA-047");
  EXPECT_EQ(*key_check_value(key("kdby3bGHZSrm4+1LINk4KEteZAH2lY+hUGM6pTW+m2k=")), "pEzf");
  EXPECT_EQ(*key_check_value(key("BgoTRQsEE1MUBhQJBggUDgkKE2AfKTsaNTphG7ZRUlQ=")), "wFEj");
  EXPECT_EQ(*key_check_value(key("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")), "kF8o");
  const auto wrong = key_check_value(crypto::SecretBytes(16));
  ASSERT_FALSE(wrong.ok());
  EXPECT_EQ(wrong.error().code, "E-FON-004");
}

SheetContent content() {
  return {.vat_id = "ATU12345678",
          .participant = "123456789012",
          .user = "webuser",
          .register_id = *RegisterId::parse("2571"),
          .description = "Kasse beim Eingang",
          .key = key("kdby3bGHZSrm4+1LINk4KEteZAH2lY+hUGM6pTW+m2k="),
          .signers = {{SignerKind::signature_card, "AT1", *CertificateSerial::parse("4107FF48")},
                      {SignerKind::signature_card, "AT1", *CertificateSerial::parse("740F78A4")}}};
}

TEST(finanzonline_sheet, holds_what_the_forms_ask_for_in_their_order) {
  RecordProperty("proves", "AMA-042 AMA-043 AMA-044 AMA-045 AMA-046 AMA-047 AMA-048");
  for (const auto language : {Language::de, Language::en}) {
    const auto sheet = registration_sheet(content(), language);
    ASSERT_TRUE(sheet.ok());
    const auto text = sheet_text(*sheet);
    std::size_t at = 0;
    for (const auto* value :
         {"ATU12345678", "123456789012", "webuser", "Signaturkarte", "AT1", "4107FF48",
          "Signaturkarte", "AT1", "740F78A4", "2571", "Kasse beim Eingang",
          "kdby3bGHZSrm4+1LINk4KEteZAH2lY+hUGM6pTW+m2k=", "pEzf", "BMF Belegcheck"}) {
      const auto found = text.find(value, at);
      ASSERT_NE(found, std::string::npos) << value << "\n" << text;
      at = found + 1;
    }
  }
}

TEST(finanzonline_sheet, only_the_key_is_secret_and_the_pin_is_not_on_it) {
  const auto sheet = registration_sheet(content(), Language::de);
  ASSERT_TRUE(sheet.ok());
  for (const auto& section : *sheet) {
    for (const auto& line : section.lines) {
      EXPECT_EQ(line.secret, line.value == "kdby3bGHZSrm4+1LINk4KEteZAH2lY+hUGM6pTW+m2k=");
    }
  }
}

TEST(finanzonline_sheet, unknown_access_data_are_left_out) {
  auto bare = content();
  bare.participant.clear();
  bare.user.clear();
  bare.description.clear();
  const auto text = sheet_text(*registration_sheet(bare, Language::de));
  EXPECT_EQ(text.find("Teilnehmer-Identifikation"), std::string::npos);
  EXPECT_EQ(text.find("Benutzer-Identifikation"), std::string::npos);
  EXPECT_EQ(text.find("Anmerkung"), std::string::npos);
}

}  // namespace
}  // namespace siegel::finanzonline
