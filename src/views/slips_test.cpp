#include "views/slips.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/file.h"
#include "print/text/text.h"

namespace siegel::views {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

Instant time(const char* text) { return Instant::parse(text).value(); }

Business bakery() {
  Business business;
  business.name = "Bäckerei Sonnenschein GmbH";
  business.street = "Marktstraße 5";
  business.postcode = "10115";
  business.city = "Berlin";
  business.vat_id = "DE123456788";
  return business;
}
Business cafe() {
  Business business = bakery();
  business.name = "Café Landtmann";
  business.city = "Wien";
  business.postcode = "1010";
  business.country = "AT";
  business.time_zone = "Europe/Vienna";
  business.vat_id = "ATU12345678";
  return business;
}
TseInfo tse() {
  TseInfo info;
  info.id = "tse-1";
  info.serial = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
  info.manufacturer = "Muster TSE GmbH";
  info.certified = true;
  return info;
}
OutageStory story() {
  OutageStory story;
  story.began = {tse().serial, 3, time("2026-11-20T17:45:10Z"), "E-TSE-104",
                 "no answer within 3000 ms"};
  story.register_id = "KASSE-0001";
  story.cashier = "Mia";
  return story;
}
OutageStory ended(std::uint64_t receipts) {
  OutageStory all = story();
  all.ended = OutageEnded{.tse_serial = tse().serial,
                          .number = 3,
                          .until = time("2026-11-20T18:03:44Z"),
                          .receipts = receipts};
  if (receipts > 0) all.first_receipt = "KASSE-0001-004712";
  if (receipts > 1) all.last_receipt = "KASSE-0001-004716";
  return all;
}
device::TseStatus status() {
  device::TseStatus status;
  status.state = "active";
  status.certificate_until = time("2029-03-14T12:00:00Z");
  status.signatures_left = 19'694'178;
  status.storage_bytes = std::uint64_t{7} << 30;
  status.storage_used_bytes = (std::uint64_t{7} << 30) / 4;
  return status;
}

std::string text(const print::Document& document, int columns = 42) {
  auto shown = print::render_text(document, {.columns = columns});
  EXPECT_TRUE(shown.ok());
  return shown.ok() ? *shown : std::string();
}

/// The files of this version; SIEGEL_WRITE_GOLDEN=1 writes them.
void expect_golden(const std::string& name, const std::string& found) {
  const fs::path path = fs::path(SIEGEL_SOURCE_DIR) / "tests/golden/slips/1" / (name + ".txt");
  if (std::getenv("SIEGEL_WRITE_GOLDEN") != nullptr) {
    fs::create_directories(path.parent_path());
    std::ofstream(path) << found;
  }
  const auto bytes = read_file(path, 1U << 16U);
  ASSERT_TRUE(bytes.ok()) << path;
  EXPECT_EQ(std::string(text_of(*bytes)), found) << name;
}

TEST(Slips, TheFailureRecordIsByteForByteThatOfTheVersion) {
  RecordProperty("proves", "TSS-033");
  const TseInfo device = tse();
  const Business shop = bakery();
  const OutageStory what = story();
  for (const Language language : {Language::de, Language::en}) {
    const OutageSlipFacts facts{.business = shop,
                                .language = language,
                                .story = what,
                                .tse = &device,
                                .register_name = "Kasse 1"};
    for (const int columns : {32, 42})
      expect_golden(fmt::format("failure-{}-{}", language == Language::de ? "de" : "en", columns),
                    text(failure_slip(facts), columns));
  }
}

TEST(Slips, TheRecordOfItsEndIsByteForByteThatOfTheVersion) {
  RecordProperty("proves", "TSS-033");
  const TseInfo device = tse();
  const Business shop = bakery();
  OutageStory what = ended(5);
  what.reasons = {"USB neu gesteckt"};
  for (const Language language : {Language::de, Language::en})
    expect_golden(fmt::format("recovery-{}", language == Language::de ? "de" : "en"),
                  text(recovery_slip({.business = shop,
                                      .language = language,
                                      .story = what,
                                      .tse = &device,
                                      .register_name = "Kasse 1"})));
}

TEST(Slips, TheStartSlipIsByteForByteThatOfTheVersion) {
  const Business shop = bakery();
  TseInfo second = tse();
  second.id = "tse-2";
  second.certified = false;
  for (const Language language : {Language::de, Language::en})
    expect_golden(fmt::format("start-{}", language == Language::de ? "de" : "en"),
                  text(start_slip(
                      {.business = shop,
                       .language = language,
                       .at = LocalStamp::parse("2026-11-20T06:00:00+01:00").value(),
                       .tses = {{tse(), {}, status()},
                                {second, not_found("E-TSE-101", "no stick at /dev/tse0"), {}}}})));
}

TEST(Slips, TheSlipsNameEverythingThatMakesAFailureFindable) {
  RecordProperty("proves", "TSS-030");
  const TseInfo device = tse();
  const Business shop = bakery();
  const OutageStory what = ended(1);
  const OutageSlipFacts facts{.business = shop, .story = what, .tse = &device};
  for (const std::string& slip : {text(failure_slip(facts)), text(recovery_slip(facts))}) {
    EXPECT_THAT(slip, HasSubstr("Bäckerei Sonnenschein GmbH"));
    EXPECT_THAT(slip, ::testing::ContainsRegex("Ausfall Nr\\. +3\n"));
    EXPECT_THAT(slip, HasSubstr("20.11.2026 18:45:10"));
    EXPECT_THAT(slip, HasSubstr("E-TSE-104"));
    EXPECT_THAT(slip, HasSubstr("KASSE-0001"));
    EXPECT_THAT(slip, HasSubstr("Muster TSE GmbH"));
    EXPECT_THAT(slip, HasSubstr("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b"));
  }
  EXPECT_THAT(text(recovery_slip(facts)), HasSubstr("18 min 34 s"));
  EXPECT_THAT(text(recovery_slip(facts)), HasSubstr("KASSE-0001-004712"));
  EXPECT_THAT(text(recovery_slip(facts)), HasSubstr("Ursache: ____"));
}

TEST(Slips, AnOutageNobodyWasServedInNamesNoReceiptAndNoTill) {
  const TseInfo device = tse();
  const Business shop = bakery();
  OutageStory what = ended(0);
  what.register_id.clear();
  what.cashier.clear();
  what.ended->until = what.began.since + std::chrono::hours(50);
  const std::string slip = text(recovery_slip({.business = shop, .story = what, .tse = &device}));
  EXPECT_THAT(slip, Not(HasSubstr("Kasse")));
  EXPECT_THAT(slip, HasSubstr("2 Tage 2 h 0 min 0 s"));
  EXPECT_THAT(slip, ::testing::ContainsRegex("Bons ohne TSE +0\n"));
}

TEST(Slips, AustriaNamesTheSignatureUnit) {
  SignerInfo card;
  card.id = "card-1";
  card.provider = "AT1";
  card.serial = "1a2b3c";
  const Business shop = cafe();
  OutageStory what = ended(2);
  what.began.code = "E-SIG-101";
  const OutageSlipFacts facts{.business = shop, .story = what, .signer = &card};
  EXPECT_THAT(text(failure_slip(facts)), HasSubstr("SIGNATUREINHEIT AUSGEFALLEN"));
  EXPECT_THAT(text(failure_slip(facts)), HasSubstr("Sicherheitseinrichtung"));
  EXPECT_THAT(text(failure_slip(facts)), HasSubstr("ATU12345678"));
  EXPECT_THAT(text(recovery_slip(facts)), HasSubstr("SIGNATUREINHEIT WIEDER VERFÜGBAR"));
  EXPECT_THAT(text(recovery_slip(facts)), HasSubstr("1a2b3c"));
}

TEST(Slips, TheStartSlipHasExpirySignaturesCapacityAndFreeRoom) {
  RecordProperty("proves", "DIK-046");
  const Business shop = bakery();
  const auto slip = [&](const device::TseStatus& now) {
    return text(start_slip({.business = shop,
                            .at = LocalStamp::parse("2026-11-20T06:00:00+01:00").value(),
                            .tses = {{tse(), {}, now}}}));
  };
  EXPECT_THAT(slip(status()), ::testing::ContainsRegex("Zertifikat gültig bis +14\\.03\\.2029\n"));
  EXPECT_THAT(slip(status()), ::testing::ContainsRegex("Freie Signaturen +19694178\n"));
  EXPECT_THAT(slip(status()), ::testing::ContainsRegex("Speicherkapazität +7340032 KiB\n"));
  EXPECT_THAT(slip(status()), ::testing::ContainsRegex("Freier Speicher +75,0 %\n"));
  device::TseStatus odd = status();
  odd.storage_bytes = UINT64_MAX;
  odd.storage_used_bytes = UINT64_MAX;
  EXPECT_THAT(slip(odd), ::testing::ContainsRegex("Freier Speicher +0,0 %\n"));
  odd.storage_bytes = 3;
  odd.storage_used_bytes = 2;
  EXPECT_THAT(slip(odd), ::testing::ContainsRegex("Freier Speicher +33,3 %\n"));
  odd.storage_bytes = 0;
  EXPECT_THAT(slip(odd), ::testing::ContainsRegex("Freier Speicher +- %\n"));
}

}  // namespace
}  // namespace siegel::views
