#include "device/smartcard/apdu.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "device/smartcard/families.h"

namespace siegel::device::smartcard {
namespace {

crypto::SecretBytes pin_of(std::string_view digits) {
  return crypto::SecretBytes::copy_of(bytes_of(digits));
}

std::string verify_hex(PinForm form, std::string_view pin) {
  const auto command = verify_pin(0x81, form, pin_of(pin));
  return command ? hex(command->reveal()) : command.error().code;
}

TEST(Apdu, AnAnswerIsDataAndTwoStatusBytes) {
  const auto answer = parse_answer(*from_hex("0102036982"));
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(hex(answer->data), "010203");
  EXPECT_EQ(answer->status, 0x6982);
  EXPECT_TRUE(parse_answer(*from_hex("9000"))->ok());
  EXPECT_TRUE(parse_answer(Bytes(258, std::byte{1})).ok());
  for (const std::size_t size : {0U, 1U, 259U, 5000U}) {
    const auto refused = parse_answer(Bytes(size, std::byte{1}));
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, "E-CRD-104");
    EXPECT_EQ(refused.error().kind, ErrorKind::unavailable);
  }
}

TEST(Apdu, StatusWordsSayWhatTheyMean) {
  EXPECT_EQ(status_text(0x6983), "6983 (the PIN is blocked)");
  EXPECT_EQ(status_text(0x63C2), "63C2 (wrong PIN, tries left: 2)");
  EXPECT_EQ(status_text(0x1234), "1234");
  EXPECT_EQ(tries_left(0x63CF), 15U);
  EXPECT_EQ(tries_left(0x6300), std::nullopt);
  EXPECT_EQ(tries_left(0x6983), std::nullopt);
}

TEST(Apdu, PinsInBothForms) {
  EXPECT_EQ(verify_hex(PinForm::ascii_zero_padded, "123456"), "00200081083132333435360000");
  EXPECT_EQ(verify_hex(PinForm::ascii_zero_padded, "12345678"), "00200081083132333435363738");
  EXPECT_EQ(verify_hex(PinForm::ascii_zero_padded, "1234"), "00200081083132333400000000");
  EXPECT_EQ(verify_hex(PinForm::format_2, "123456"), "002000810826123456ffffffff");
  EXPECT_EQ(verify_hex(PinForm::format_2, "1234"), "0020008108241234ffffffffff");
  EXPECT_EQ(verify_hex(PinForm::format_2, "12345"), "00200081082512345fffffffff");
  EXPECT_EQ(verify_hex(PinForm::format_2, "123456789012"), "00200081082c123456789012ff");
  for (const std::string_view pin : {"", "123", "12 456", "12345\n", "12345x"}) {
    EXPECT_EQ(verify_hex(PinForm::ascii_zero_padded, pin), "E-CRD-302");
    EXPECT_EQ(verify_hex(PinForm::format_2, pin), "E-CRD-302");
  }
  EXPECT_EQ(verify_hex(PinForm::ascii_zero_padded, "123456789"), "E-CRD-302");
  EXPECT_EQ(verify_hex(PinForm::format_2, "1234567890123"), "E-CRD-302");
}

TEST(Apdu, TheSizeOfACertificateIsInItsFirstBytes) {
  EXPECT_EQ(certificate_size(*from_hex("3003")), 5U);
  EXPECT_EQ(certificate_size(*from_hex("308180")), 131U);
  EXPECT_EQ(certificate_size(*from_hex("3082012c00")), 304U);
  for (const char* bad : {"", "30", "0000", "3080", "30817f", "308200ff", "3082ffff", "3082",
                          "308300ffff", "31820100", "ffffff", "308201"}) {
    EXPECT_EQ(certificate_size(*from_hex(bad)), std::nullopt) << bad;
  }
  rc::check([](const std::vector<std::uint8_t>& bytes) {
    const auto view = std::as_bytes(std::span(bytes));
    const auto size = certificate_size(view);
    if (size) RC_ASSERT(*size <= certificate_file_max);
  });
}

TEST(Apdu, AFileThatWasNeverWritten) {
  EXPECT_TRUE(never_written({}));
  EXPECT_TRUE(never_written(*from_hex("000000")));
  EXPECT_TRUE(never_written(*from_hex("ffff")));
  EXPECT_FALSE(never_written(*from_hex("000001")));
  EXPECT_FALSE(never_written(*from_hex("3030")));
}

TEST(Families, EveryGenerationIsKnownByItsBeginning) {
  ASSERT_FALSE(generations().empty());
  for (const Generation& generation : generations()) {
    Bytes atr = *from_hex(generation.atr_prefix);
    ASSERT_EQ(generation_of(atr), &generation) << generation.atr_prefix;
    append(atr, *from_hex("0102"));
    EXPECT_EQ(generation_of(atr), &generation);
    EXPECT_EQ(protocol_of(generation.family).family, generation.family);
    EXPECT_EQ(generation.note_en.empty(), generation.note_de.empty());
    atr[2] ^= std::byte{0x01};
    EXPECT_EQ(generation_of(atr), nullptr);
  }
  EXPECT_EQ(generation_of({}), nullptr);
  EXPECT_EQ(generation_of(*from_hex("3BDF18")), nullptr);
}

TEST(Families, TheCardsOfTheManualAreTold) {
  const auto name_of = [](std::string_view atr) {
    const Generation* found = generation_of(*from_hex(atr));
    return found == nullptr ? std::string("unknown") : std::string(found->name);
  };
  EXPECT_EQ(name_of("3BDF18008131FE588031905241016405C903AC73B7B1D444"), "CardOS 5.3");
  EXPECT_EQ(name_of("3BDF18008131FE588031B05202046405C903AC73B7B1D422"), "CardOS 5.3");
  EXPECT_EQ(name_of("3BBF11008131FE45455041000000000000000000"), "ACOS 04");
  EXPECT_EQ(name_of("3BBF11008131FE454D4341000000000000000000"), "ACOS 04");
  EXPECT_EQ(name_of("3BDF97008131FE4680319052410464050401AC73D622C0F9"), "ACOS-ID V4.1");
  EXPECT_EQ(name_of("3BDF97008131FE468031905241026405C903AC73D622C030"), "ACOS-ID test card");
  EXPECT_EQ(name_of("3B6800000073C84012009000"), "unknown");
}

}  // namespace
}  // namespace siegel::device::smartcard
