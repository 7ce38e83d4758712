#include "app/doctor/doctor.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <set>

#include "app/secrets/puk_letter.h"
#include "app/secrets/tse_login.h"
#include "app/secrets/vaults.h"
#include "app/shop/printer.h"
#include "base/file.h"
#include "vault/tpm/testing/swtpm.h"

namespace siegel::app {
namespace {

namespace fs = std::filesystem;

/// The machine's clock, and as much later as a test wants.
class LaterClock final : public Clock {
 public:
  [[nodiscard]] Now now() const override {
    Now now = system_clock().now();
    now.wall = now.wall + later;
    return now;
  }
  std::chrono::milliseconds later{0};
};

class Doctor : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "siegel-doctor-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    scratch = pattern;
    data = scratch / "data";
  }
  void TearDown() override { fs::remove_all(scratch); }

  void make(const std::string& country = "DE") {
    Business business;
    business.name = "Bäckerei Sonnenschein GmbH";
    business.street = "Marktstraße 5";
    business.postcode = "10115";
    business.city = "Berlin";
    business.vat_id = country == "AT" ? "ATU12345678" : "DE123456788";
    business.country = country;
    if (country == "AT") business.time_zone = "Europe/Vienna";
    ASSERT_TRUE(Shop::create({.place = {data, {}},
                              .business = business,
                              .profile = {},
                              .witness = scratch / "witness/w.json"},
                             environment)
                    .ok());
  }
  void make_german() {
    fs::create_directories(scratch / "witness");
    make();
    const auto shop = open();
    const auto tse = shop->create_tse({}, "test");
    ASSERT_TRUE(tse.ok()) << tse.error().detail;
    ASSERT_TRUE(
        shop->add_register({*RegisterId::parse("KASSE-01"), "Kasse 1", tse->serial}, false, "test")
            .ok());
  }
  std::unique_ptr<Shop> open() {
    auto shop = Shop::open({data, {}}, Shop::Mode::write, environment);
    EXPECT_TRUE(shop.ok()) << shop.error().code << " " << shop.error().detail;
    return std::move(*shop);
  }
  void sell(Shop& shop, const std::string& key) {
    SaleRequest sale{.register_id = *RegisterId::parse("KASSE-01"), .key = key, .actor = "Mia"};
    LineDraft line;
    line.text = "Brezel";
    line.unit_price = UnitPrice::from_raw(180'000);
    line.vat = "B";
    sale.draft.lines.push_back(line);
    PaymentDraft cash;
    cash.amount = Money::from_cents(180);
    sale.draft.payments.push_back(cash);
    const auto answer = shop.sell(sale);
    ASSERT_TRUE(answer.ok()) << answer.error().code << " " << answer.error().detail;
  }
  std::vector<Examined> look(bool read_only = false) {
    auto examined = examine(
        {.place = {data, {}}, .environment = environment, .tpm = "none", .read_only = read_only});
    EXPECT_TRUE(examined.ok()) << examined.error().detail;
    return examined.ok() ? std::move(*examined) : std::vector<Examined>{};
  }
  static const Examined* find(const std::vector<Examined>& all, std::string_view id) {
    const auto one =
        std::find_if(all.begin(), all.end(), [&](const Examined& e) { return e.check.id == id; });
    return one == all.end() ? nullptr : &*one;
  }
  void expect(std::string_view id, Health state, bool read_only = false) {
    const auto all = look(read_only);
    const Examined* const one = find(all, id);
    ASSERT_NE(one, nullptr) << id;
    EXPECT_EQ(word_of(one->finding.state), word_of(state)) << id << ": " << one->finding.en;
  }
  std::unique_ptr<vault::Vault> vault() {
    return std::move(*open_vault({.folder = data / "vault"}, system_random()));
  }

  LaterClock clock;
  Environment environment{clock, system_random()};
  fs::path scratch, data;
};

TEST(DoctorTable, EveryRowHasAnIdOfItsFamilyAndAllWordsInBothLanguages) {
  const auto checks = all_checks();
  EXPECT_GE(checks.size(), 30U);
  std::set<std::string_view> ids;
  for (const Check& check : checks) {
    EXPECT_TRUE(ids.insert(check.id).second) << check.id;
    EXPECT_NE(check.id.find('.'), std::string_view::npos) << check.id;
    for (const std::string_view text :
         {check.title_de, check.title_en, check.remedy_de, check.remedy_en})
      EXPECT_FALSE(text.empty()) << check.id;
  }
}

/// docs/reference/doctor.md is this table; SIEGEL_WRITE_GOLDEN=1 writes it.
TEST(DoctorTable, ThePageListsExactlyTheseChecks) {
  std::string page =
      "# What the doctor looks at\n\n"
      "`siegel doctor` starts the shop as every command does, asks its devices, and looks at all "
      "of "
      "this once. With\n`--read-only`, or beside a process that sells, TSEs are not asked. A "
      "question that does not concern a shop is left\nout: German and Austrian ones, and the "
      "machine of a shop whose vault is empty.\n\n"
      "Each check is `ok`, `warning` (works, and something is to be done), `failure` (does not "
      "work, or the law is not kept)\nor `unknown`. Exit code: 3 with a failure, 4 with a warning, "
      "else 0. `--json`: `checks` (each with `id`, `state`,\n`title`, `found`, `remedy`, the texts "
      "with `de` and `en`), `counts`, `worst`; `--list` prints this table.\n\n"
      "| Check | Deutsch | English | Abhilfe | What to do |\n|---|---|---|---|---|\n";
  for (const Check& check : all_checks())
    page += fmt::format("| `{}` | {} | {} | {} | {} |\n", check.id, check.title_de, check.title_en,
                        check.remedy_de, check.remedy_en);
  const fs::path file = fs::path(SIEGEL_SOURCE_DIR) / "docs/reference/doctor.md";
  if (std::getenv("SIEGEL_WRITE_GOLDEN") != nullptr) {
    ASSERT_TRUE(write_file(file, bytes_of(page)).ok());
  }
  const auto there = read_file(file, 1 << 20);
  ASSERT_TRUE(there.ok());
  EXPECT_EQ(text_of(*there), page);
}

TEST_F(Doctor, AGermanShopIsAskedAtLeastThirtyThings) {
  make_german();
  {
    const auto shop = open();
    sell(*shop, "a");
  }
  const auto all = look();
  EXPECT_GE(all.size(), 30U);
  for (const Examined& one : all) {
    EXPECT_FALSE(one.finding.de.empty()) << one.check.id;
    EXPECT_FALSE(one.finding.en.empty()) << one.check.id;
    EXPECT_FALSE(one.check.id.starts_with("austria.")) << one.check.id;
  }
  // What a fresh shop with a software TSE has to hear, beside what its machine lacks.
  std::set<std::string_view> work;
  for (const Examined& one : all)
    if (one.finding.state >= Health::warning && !one.check.id.starts_with("environment.") &&
        !one.check.id.starts_with("data."))
      work.insert(one.check.id);
  EXPECT_EQ(work, (std::set<std::string_view>{"witness.place", "vault.puk_letter", "tse.certified",
                                              "care.nightly", "care.archive", "notify.settings"}));
}

TEST_F(Doctor, AMachineWithoutSecretsIsNotAskedAboutTpmAndBoot) {
  RecordProperty("proves", "FCC-016");
  fs::create_directories(scratch / "witness");
  make();
  for (const Examined& one : look())
    EXPECT_FALSE(one.check.id.starts_with("environment.")) << one.check.id;
}

TEST_F(Doctor, WhatIsBrokenInTheDataFolderIsNamed) {
  make_german();
  {
    const auto shop = open();
    for (int i = 0; i < 3; ++i) sell(*shop, fmt::format("k{}", i));
  }
  fs::create_directories(data / "tse/tse-9.unfinished-1");
  expect("data.leftovers", Health::warning);
  fs::remove_all(data / "tse/tse-9.unfinished-1");
  expect("data.leftovers", Health::ok);

  fs::remove(data / "snapshot.json");
  expect("journal.snapshot", Health::warning, true);
  fs::remove(data / "reserve");
  expect("data.reserve", Health::warning, true);

  fs::rename(scratch / "witness/w.json", scratch / "witness/gone");
  expect("witness.present", Health::warning, true);
  ASSERT_TRUE(write_file(scratch / "witness/w.json", bytes_of("{}")).ok());
  expect("witness.present", Health::failure, true);
  fs::rename(scratch / "witness/gone", scratch / "witness/w.json");
  expect("witness.present", Health::ok, true);

  fs::rename(data / "shop.json", data / "shop.json.gone");
  expect("data.settings", Health::failure);
  fs::rename(data / "shop.json.gone", data / "shop.json");
  ASSERT_EQ(chmod(data.c_str(), 0755), 0);
  expect("environment.data_rights", Health::failure);
  ASSERT_EQ(chmod(data.c_str(), 0700), 0);
  expect("environment.data_rights", Health::ok);
}

TEST_F(Doctor, AJournalThatWasPutBackIsAFailureAndIsNotWritten) {
  make_german();
  fs::copy(data / "journal.db", scratch / "old.db");
  {
    const auto shop = open();
    for (int i = 0; i < 3; ++i) sell(*shop, fmt::format("k{}", i));
  }
  for (const char* name : {"journal.db-wal", "journal.db-shm", "index.db", "snapshot.json"})
    fs::remove(data / name);
  fs::copy(scratch / "old.db", data / "journal.db", fs::copy_options::overwrite_existing);
  const Bytes before = read_file(data / "journal.db", 1 << 26).value();
  const auto all = look();
  for (const char* id : {"journal.open", "witness.fits"}) {
    ASSERT_NE(find(all, id), nullptr) << id;
    EXPECT_EQ(find(all, id)->finding.state, Health::failure) << id;
    EXPECT_NE(find(all, id)->finding.en.find("E-JRN-301"), std::string::npos) << id;
  }
  EXPECT_EQ(worst_of(all), Health::failure);
  EXPECT_EQ(read_file(data / "journal.db", 1 << 26).value(), before);
}

TEST_F(Doctor, AChangedEntryBreaksTheChain) {
  make_german();
  {
    const auto shop = open();
    for (int i = 0; i < 3; ++i) sell(*shop, fmt::format("k{}", i));
  }
  expect("journal.chain", Health::ok);
  // The text of a receipt, changed behind everybody's back.
  Bytes bytes = read_file(data / "journal.db", 1 << 26).value();
  const std::string_view text = text_of(BytesView(bytes));
  const auto at = text.find("Brezel");
  ASSERT_NE(at, std::string_view::npos);
  bytes[at] = std::byte{'P'};
  ASSERT_TRUE(write_file(data / "journal.db", bytes, {.mode = 0600}).ok());
  for (const char* more : {"-wal", "-shm"}) fs::remove(data / (std::string("journal.db") + more));
  const auto all = look(true);
  ASSERT_NE(find(all, "journal.chain"), nullptr);
  EXPECT_EQ(find(all, "journal.chain")->finding.state, Health::failure);
}

TEST_F(Doctor, SecretsThatDoNotOpenPinsThatWereRefusedAndThePukLetterAreSeen) {
  make_german();
  expect("vault.secrets", Health::ok);
  expect("vault.pins", Health::ok);
  expect("vault.puk_letter", Health::warning);
  ASSERT_TRUE(print_puk_letter(*vault(), {.tse = "tse-1",
                                          .serial = "ab",
                                          .holder = "x",
                                          .actor = "test",
                                          .now = clock.now().wall,
                                          .time_zone = "Europe/Berlin"})
                  .ok());
  expect("vault.puk_letter", Health::ok);

  ASSERT_TRUE(vault()
                  ->put(pin_id("tse-1", device::TseUser::admin).value(),
                        crypto::SecretBytes::copy_of(bytes_of("00000000")))
                  .ok());
  {
    const auto shop = open();
    const auto refused = shop->on_tse("tse-1", [&](device::Tse& tse) {
      return log_in(tse, "tse-1", device::TseUser::admin, *vault(), clock.now().wall);
    });
    EXPECT_FALSE(refused.ok());
  }
  expect("vault.pins", Health::failure);

  fs::resize_file(data / "vault/tse+tse-1+admin-puk.secret", 20);
  expect("vault.secrets", Health::failure);
  fs::rename(data / "vault/vault.key", scratch / "key");
  expect("vault.secrets", Health::failure, true);
}

TEST_F(Doctor, AVaultInTheTpmPassesAndOneThatIsClosedIsAFailureWhileTheShopSells) {
  RecordProperty("proves", "FCC-015");
  auto tpm = vault::tpm::testing::SwTpm::start();
  ASSERT_TRUE(tpm.ok()) << tpm.error().detail;
  make_german();
  expect("environment.vault_sealed", Health::warning);
  ASSERT_TRUE(seal_vault(data / "vault", (*tpm)->place(), system_random()).ok());
  for (const char* id : {"environment.vault_sealed", "environment.tpm_present",
                         "environment.tpm_version", "vault.secrets", "vault.move"})
    expect(id, Health::ok);
  (*tpm)->stop();
  {
    const auto shop = open();
    EXPECT_TRUE(std::any_of(shop->warnings().begin(), shop->warnings().end(),
                            [](const Error& e) { return e.code == "E-VLT-201"; }));
    sell(*shop, "without a key");
    const auto state = shop->state();
    ASSERT_TRUE(state.ok());
    EXPECT_TRUE(std::any_of(state->outages.begin(), state->outages.end(),
                            [](const auto& item) { return item.second.open.has_value(); }));
  }
  const auto all = look();
  for (const char* id : {"vault.secrets", "tse.answers"}) {
    ASSERT_NE(find(all, id), nullptr) << id;
    EXPECT_EQ(find(all, id)->finding.state, Health::failure) << id;
  }
  EXPECT_EQ(find(all, "outages.open")->finding.state, Health::warning);
}

TEST_F(Doctor, TheStartWarnsOnlyOfAMachineThatHoldsSecretsAndFails) {
  RecordProperty("proves", "FCC-014 FCC-016");
  const auto said = [](const Shop& shop) {
    return std::any_of(shop.warnings().begin(), shop.warnings().end(),
                       [](const Error& e) { return e.code == "W-ENV-001"; });
  };
  fs::create_directories(scratch / "witness");
  make();
  EXPECT_FALSE(said(*open()));
  ASSERT_TRUE(open()->create_tse({}, "test").ok());
  EXPECT_TRUE(said(*open()));  // the key of this vault lies in a file
}

TEST_F(Doctor, TheTseIsAskedWhatItIsAndItsEndIsSeenComing) {
  make_german();
  for (const char* id : {"tse.answers", "tse.state", "tse.certificate", "tse.signatures",
                         "tse.storage", "tse.clients", "tse.open_transactions", "tse.counters",
                         "clock.tse", "clock.journal", "clock.zone"})
    expect(id, Health::ok);
  clock.later = std::chrono::hours(24 * 365 * 5 - 24 * 100);
  expect("tse.certificate", Health::warning);
  clock.later = std::chrono::hours(24 * 365 * 5 - 24 * 10);
  expect("tse.certificate", Health::failure);
  expect("clock.journal", Health::warning);
}

TEST_F(Doctor, AClockThatWasSetBackIsAFailure) {
  clock.later = std::chrono::hours(3);
  make_german();
  clock.later = std::chrono::hours(0);
  expect("clock.journal", Health::failure, true);
}

TEST_F(Doctor, ATseThatIsNotThereAndARegisterWithoutAreFailures) {
  make_german();
  fs::rename(data / "tse/tse-1/tse.db", scratch / "stick");
  expect("tse.answers", Health::failure);
  fs::rename(scratch / "stick", data / "tse/tse-1/tse.db");
  fs::remove_all(scratch / "witness");
  fs::remove_all(data);
  fs::create_directories(scratch / "witness");
  make();
  expect("tse.present", Health::failure);
  expect("registers.any", Health::warning);
}

TEST_F(Doctor, BesideAProcessThatSellsTheTseIsNotAskedAndNothingFails) {
  make_german();
  const auto selling = open();
  const auto all = look();
  ASSERT_NE(find(all, "tse.answers"), nullptr);
  EXPECT_EQ(find(all, "tse.answers")->finding.state, Health::unknown);
  EXPECT_EQ(find(all, "data.process")->finding.state, Health::ok);
  EXPECT_EQ(find(all, "journal.open")->finding.state, Health::ok);
  EXPECT_EQ(find(all, "tse.state"), nullptr);
  sell(*selling, "meanwhile");
}

TEST_F(Doctor, AnArchiveThatWasDamagedIsAFailure) {
  make_german();
  expect("care.archive", Health::warning);
  fs::create_directories(data / "archive/tse-1");
  ASSERT_TRUE(write_file(data / "archive/tse-1/manifest.json", bytes_of("{")).ok());
  expect("care.archive", Health::failure);
}

TEST_F(Doctor, APrinterThatIsNotThereIsAFailure) {
  make_german();
  expect("printer.reachable", Health::ok);
  ASSERT_TRUE(write_printer_settings(data, {.path = "/dev/no-such-printer"}).ok());
  expect("printer.reachable", Health::failure);
  ASSERT_TRUE(write_file(data / "printer.json", bytes_of("{")).ok());
  expect("printer.reachable", Health::failure);
}

TEST_F(Doctor, AnAustrianShopIsAskedItsOwnQuestions) {
  fs::create_directories(scratch / "witness");
  make("AT");
  expect("austria.signers", Health::failure);
  {
    const auto shop = open();
    CreateSigner create;
    create.settings.id = "soft-1";
    create.settings.kind = "softkey";
    const auto signer = shop->create_signer(std::move(create), "test");
    ASSERT_TRUE(signer.ok()) << signer.error().detail;
    const auto id = *RegisterId::parse("KASSE-01");
    ASSERT_TRUE(shop->make_aes_key(id, nullptr).ok());
    RegisterInfo info;
    info.id = id;
    info.name = "Kasse 1";
    info.signers = {"soft-1"};
    info.aes_check = "123456";
    const auto added = shop->add_register(info, false, "test");
    ASSERT_TRUE(added.ok()) << added.error().code << added.error().detail;
  }
  const auto all = look();
  EXPECT_GE(all.size(), 30U);
  for (const char* id : {"austria.signers", "austria.aes_keys", "austria.pins",
                         "austria.certificates", "registers.device"}) {
    ASSERT_NE(find(all, id), nullptr) << id;
    EXPECT_EQ(find(all, id)->finding.state, Health::ok) << id << find(all, id)->finding.en;
  }
  EXPECT_EQ(find(all, "austria.software_signer")->finding.state, Health::warning);
  for (const Examined& one : all) EXPECT_FALSE(one.check.id.starts_with("tse.")) << one.check.id;
  ASSERT_TRUE(write_file(data / "signers/soft-1.refused", {}).ok());
  expect("austria.pins", Health::failure);
  fs::remove(data / "vault" / fmt::format("aes+{}.secret", hex(bytes_of("KASSE-01"))));
  expect("austria.aes_keys", Health::failure);
  fs::remove(data / "signers/soft-1.json");
  expect("austria.signers", Health::failure);
}

TEST_F(Doctor, AFolderThatIsNoneIsAnErrorAndNotASickShop) {
  const auto none = examine({.place = {scratch / "nothing", {}}, .environment = environment});
  ASSERT_FALSE(none.ok());
  EXPECT_EQ(none.error().code, "E-DAT-003");
}

}  // namespace
}  // namespace siegel::app
