#include "app/care/care.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <map>

#include "app/shop/read_back.h"
#include "app/shop/tending.h"
#include "base/stream.h"
#include "base/thread.h"
#include "device/faulty/faulty.h"
#include "format/tar.h"
#include "model/entries.h"
#include "verify/tse/logs.h"

namespace siegel::app {
namespace {

namespace fs = std::filesystem;
using std::chrono::hours;
using std::chrono::minutes;

/// Stands until a test moves it; read by many threads.
class TestClock final : public Clock {
 public:
  [[nodiscard]] Now now() const override {
    const Lock lock(m_mutex);
    return m_now;
  }
  void pass(std::chrono::milliseconds time) {
    const Lock lock(m_mutex);
    m_now.wall = m_now.wall + time;
    m_now.steady += time;
  }
  /// Somebody sets the machine's clock.
  void set(std::chrono::milliseconds by) {
    const Lock lock(m_mutex);
    m_now.wall = m_now.wall + by;
  }

 private:
  mutable Mutex m_mutex;
  Now m_now SIEGEL_GUARDED_BY(m_mutex){.wall = Instant::from_unix(1'795'000'000),
                                       .steady = Steady{hours(1)}};
};

class CareTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "siegel-care-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    m_scratch = pattern;
    m_folder = m_scratch / "data";
    Business business;
    business.name = "Bäckerei Sonnenschein GmbH";
    business.street = "Marktstraße 5";
    business.postcode = "10115";
    business.city = "Berlin";
    business.vat_id = "DE123456788";
    ASSERT_TRUE(Shop::create({{m_folder, {}}, business, {}, {}}, m_environment).ok());
    m_shop = open();
    const auto tse = m_shop->create_tse({}, "test");
    ASSERT_TRUE(tse.ok()) << tse.error().detail;
    m_tse = *tse;
    ASSERT_TRUE(add("KASSE-01", m_tse.serial).ok());
    ASSERT_TRUE(add("KASSE-02", m_tse.serial).ok());
  }
  void TearDown() override {
    m_shop.reset();
    fs::remove_all(m_scratch);
  }

  std::unique_ptr<Shop> open(Shop::Mode mode = Shop::Mode::write) {
    auto shop = Shop::open({m_folder, {}}, mode, m_environment);
    EXPECT_TRUE(shop.ok()) << (shop.ok() ? "" : shop.error().code + " " + shop.error().detail);
    return shop.ok() ? std::move(*shop) : nullptr;
  }
  void reopen() {
    m_shop.reset();
    m_shop = open();
    ASSERT_NE(m_shop, nullptr);
  }
  Status add(const std::string& id, const std::string& serial) {
    RegisterInfo info;
    info.id = *RegisterId::parse(id);
    info.name = id;
    info.tse_serial = serial;
    Status done = m_shop->add_register(info, false, "test");
    return done;
  }
  Result<SaleAnswer> try_to_sell(const std::string& id = "KASSE-01") {
    SaleRequest sale{.register_id = *RegisterId::parse(id),
                     .key = "sale " + std::to_string(++m_sales),
                     .actor = "Mia"};
    LineDraft line;
    line.text = "Brezel";
    line.unit_price = UnitPrice::from_raw(180'000);
    line.vat = "B";
    sale.draft.lines.push_back(line);
    PaymentDraft cash;
    cash.amount = Money::from_cents(180);
    sale.draft.payments.push_back(cash);
    return m_shop->sell(sale);
  }
  void sell(int count, const std::string& id = "KASSE-01") {
    for (int i = 0; i < count; ++i) {
      m_clock.pass(std::chrono::seconds(5));
      const auto answer = try_to_sell(id);
      ASSERT_TRUE(answer.ok()) << answer.error().code << " " << answer.error().detail;
      ASSERT_EQ(answer->receipt.seal->outcome, Seal::Outcome::signed_by_tse);
    }
  }
  TseNight one_night() {
    auto done = night(*m_shop, m_clock, {}, "test");
    EXPECT_TRUE(done.ok()) << (done.ok() ? "" : done.error().code + " " + done.error().detail);
    if (!done.ok() || done->empty()) return {};
    return std::move(done->front());
  }
  static std::vector<std::string> codes(const TseNight& night) {
    std::vector<std::string> out;
    for (const auto& finding : night.checked.findings) out.push_back(finding.code);
    return out;
  }
  [[nodiscard]] fs::path store(const std::string& id = "tse-1") const {
    return m_folder / "tse" / id;
  }
  std::map<std::string, Bytes> files(const Bytes& tar) {
    std::map<std::string, Bytes> out;
    format::TarView view(tar);
    while (view.next().value())
      out[std::string(view.entry().name)] = Bytes(view.content().begin(), view.content().end());
    return out;
  }

  TestClock m_clock;
  Environment m_environment{m_clock, system_random(), [this] { return m_synchronised.load(); }};
  std::atomic<bool> m_synchronised = true;
  fs::path m_scratch, m_folder;
  std::unique_ptr<Shop> m_shop;
  TseInfo m_tse;
  int m_sales = 0;
};

// ---- nights -------------------------------------------------------------------------------------

TEST_F(CareTest, ANightArchivesAndComparesEverySignatureOnce) {
  sell(12);
  sell(5, "KASSE-02");
  const TseNight first = one_night();
  EXPECT_FALSE(first.error);
  EXPECT_TRUE(first.update.complete);
  EXPECT_EQ(first.checked.messages, 34U);
  EXPECT_EQ(first.checked.findings_total, 0U);

  m_clock.pass(hours(10));
  sell(3);
  const TseNight second = one_night();
  EXPECT_EQ(second.checked.messages, 6U);
  EXPECT_EQ(second.checked.findings_total, 0U);

  // It is on record, and survives a restart.
  reopen();
  const auto state = m_shop->state();
  ASSERT_TRUE(state.ok());
  EXPECT_EQ(state->care.at(m_tse.serial).last, second.checked);
  EXPECT_EQ(state->care.at(m_tse.serial).samples.size(), 2U);

  // The archive is what the device exports, and is read beside a process that sells.
  MemorySink device;
  ASSERT_TRUE(
      m_shop->on_tse("tse-1", [&](device::Tse& tse) { return tse.export_log({}, device); }).ok());
  one_night();
  const auto beside = open(Shop::Mode::read);
  MemorySink merged;
  const auto archive = open_archive(*beside, m_tse);
  ASSERT_TRUE(archive.ok());
  ASSERT_TRUE(archive->write_tar({}, *message_reader(m_tse), merged).ok());
  const auto from_archive = files(merged.bytes());
  for (const auto& [name, bytes] : files(device.bytes())) EXPECT_EQ(from_archive.at(name), bytes);
  // One register only (BIO-111).
  RecordProperty("proves", "BIO-111");
  MemorySink only;
  ASSERT_TRUE(archive->write_tar({.client = "KASSE-02"}, *message_reader(m_tse), only).ok());
  std::size_t transactions = 0;
  for (const auto& [name, bytes] : files(only.bytes())) {
    EXPECT_EQ(name.find("KASSE-01"), name.find("Client-KASSE-01")) << name;
    if (name.find("Log-Tra") == std::string::npos) continue;
    ++transactions;
    EXPECT_NE(name.find("Client-KASSE-02"), std::string::npos) << name;
  }
  EXPECT_EQ(transactions, 10U);
}

TEST_F(CareTest, ADeviceThatForgotWhatItSignedIsFoundInTheNight) {
  sell(4);
  one_night();
  m_shop.reset();
  fs::copy(store(), m_scratch / "before", fs::copy_options::recursive);
  m_shop = open();
  sell(3);
  m_shop.reset();
  // It answered every sale, and has nothing of them.
  fs::remove_all(store());
  fs::rename(m_scratch / "before", store());
  m_shop = open();
  ASSERT_NE(m_shop, nullptr);
  const TseNight found = one_night();
  const auto all = codes(found);
  EXPECT_GE(std::count(all.begin(), all.end(), "E-ARC-110"), 6) << all.size();
  EXPECT_GE(found.checked.findings_total, 6U);
  const auto messages = views::care_messages(*m_shop->state(), m_clock.now().wall);
  ASSERT_FALSE(messages.empty());
  EXPECT_EQ(messages.front().code, "E-ARC-110");
  // Told once.
  EXPECT_EQ(one_night().checked.findings_total, 0U);
}

TEST_F(CareTest, ADeviceOlderThanItsArchiveIsRefused) {
  sell(2);
  m_shop.reset();
  fs::copy(store(), m_scratch / "before", fs::copy_options::recursive);
  m_shop = open();
  sell(6);
  ASSERT_EQ(one_night().checked.findings_total, 0U);
  m_shop.reset();
  fs::remove_all(store());
  fs::rename(m_scratch / "before", store());
  m_shop = open();
  ASSERT_NE(m_shop, nullptr);
  EXPECT_EQ(codes(one_night()), (std::vector<std::string>{"E-ARC-104"}));
}

TEST_F(CareTest, ASignatureTheJournalDoesNotKnowIsFoundWhenItsTimeIsOver) {
  sell(2);
  ASSERT_TRUE(m_shop
                  ->on_tse("tse-1",
                           [&](device::Tse& tse) -> Status {
                             struct Dropped final : device::TseAnswers {
                               void answered(std::size_t, Result<device::TseAnswer> one) override {
                                 if (one.ok()) number = one->transaction;
                               }
                               std::uint64_t number = 0;
                             } answers;
                             device::TseCall call{.client = "KASSE-01"};
                             tse.perform({&call, 1}, answers);
                             call.operation = device::TseCall::Operation::finish;
                             call.transaction = answers.number;
                             call.process_type = "Kassenbeleg-V1";
                             call.process_data = "Beleg^9.00_0.00_0.00_0.00_0.00^9.00:Bar";
                             tse.perform({&call, 1}, answers);
                             return Ok{};
                           })
                  .ok());
  const TseNight soon = one_night();
  EXPECT_EQ(soon.checked.findings_total, 0U) << "its answer may still be asked for";
  EXPECT_EQ(soon.checked.pending.size(), 2U);
  m_clock.pass(hours(3));
  const TseNight later = one_night();
  EXPECT_EQ(codes(later), (std::vector<std::string>{"E-ARC-111", "E-ARC-111"}));
  EXPECT_TRUE(later.checked.pending.empty());
  EXPECT_EQ(one_night().checked.findings_total, 0U);
}

TEST_F(CareTest, RemindersAreToldOnceAndRememberedByTheJournal) {
  sell(1);
  EXPECT_TRUE(one_night().reminders.empty());
  // The software TSE's certificate lasts five years.
  m_clock.pass(hours(24) * (5 * 365 - 85));
  const TseNight late = one_night();
  ASSERT_EQ(late.reminders.size(), 1U);
  EXPECT_EQ(late.reminders[0].days, 90);
  reopen();
  EXPECT_TRUE(one_night().reminders.empty());
  m_clock.pass(hours(24) * 60);
  const TseNight later = one_night();
  ASSERT_EQ(later.reminders.size(), 1U);
  EXPECT_EQ(later.reminders[0].days, 30);
}

// ---- the end of a TSE ---------------------------------------------------------------------------

TEST_F(CareTest, ReplacingMovesTheRegistersAndLeavesACompleteArchive) {
  RecordProperty("proves", "FCC-061");
  sell(5);
  sell(2, "KASSE-02");
  ReplaceOptions options;
  options.create.id = "tse-2";
  options.retire.reason = "full";
  const auto done = replace(*m_shop, m_tse, m_clock, options, "test");
  ASSERT_TRUE(done.ok()) << done.error().code << " " << done.error().detail;
  EXPECT_EQ(done->moved, (std::vector<std::string>{"KASSE-01", "KASSE-02"}));
  EXPECT_EQ(done->closed, (std::vector<std::string>{"KASSE-01", "KASSE-02"}))
      << (done->not_closed.empty() ? "" : done->not_closed.front());
  const auto state = m_shop->state();
  EXPECT_EQ(use_of(*state, m_tse.serial), TseUse::retired);
  EXPECT_EQ(use_of(*state, done->successor.serial), TseUse::in_use);
  EXPECT_EQ(state->care.at(m_tse.serial).retired->successor, done->successor.serial);

  // Its last messages are in the archive: clients off, disabled.
  const auto archive = open_archive(*m_shop, m_tse);
  MemorySink tar;
  ASSERT_TRUE(archive->write_tar({}, *message_reader(m_tse), tar).ok());
  std::string names;
  for (const auto& [name, bytes] : files(tar.bytes())) names += name + "\n";
  EXPECT_NE(names.find("isableSecureElement"), std::string::npos);
  EXPECT_NE(names.find("eregisterClient"), std::string::npos);
  const verify::tse::Input input{.path = {}, .bytes = tar.bytes()};
  const auto report = verify::tse::verify_logs({&input, 1}, {});
  ASSERT_TRUE(report.ok());
  EXPECT_NE(report->verdict(), verify::Verdict::fail);

  sell(2);
  reopen();
  sell(2, "KASSE-02");
  // Nothing signs on the old one any more.
  RegisterInfo back = m_shop->state()->registers.at("KASSE-01").info;
  back.tse_serial = m_tse.serial;
  EXPECT_EQ(m_shop->add_register(back, true, "test").error().code, "E-RET-101");
  EXPECT_FALSE(m_shop->on_tse("tse-1", [](device::Tse& tse) { return tse.self_test(); }).ok());
  EXPECT_EQ(retire(*m_shop, m_tse, m_clock, {.reason = "x"}, "test").error().code, "E-RET-101");
  EXPECT_EQ(replace(*m_shop, m_tse, m_clock, options, "test").error().code, "E-RET-101");
  const auto nights = night(*m_shop, m_clock, {}, "test");
  ASSERT_EQ(nights->size(), 1U) << "the old one is left alone";
  EXPECT_EQ(nights->front().checked.findings_total, 0U);
}

TEST_F(CareTest, AReplacementThatWasInterruptedGoesOn) {
  sell(3);
  const auto fresh = m_shop->create_tse({.id = "tse-2"}, "test");
  ASSERT_TRUE(fresh.ok());
  const auto go_on = [&] {
    ReplaceOptions options;
    options.with = "tse-2";
    options.retire.reason = "full";
    return replace(*m_shop, m_tse, m_clock, options, "test");
  };
  // The power went after one register had moved.
  RegisterInfo info = m_shop->state()->registers.at("KASSE-01").info;
  info.tse_serial = fresh->serial;
  ASSERT_TRUE(m_shop->close_day(info.id, "z", {}, "test").ok());
  ASSERT_TRUE(m_shop->add_register(info, true, "test").ok());
  reopen();
  sell(1);
  sell(1, "KASSE-02");
  // And again after the old one was disabled, before that was entered.
  ASSERT_TRUE(m_shop->disable_tse("tse-1").ok());
  ASSERT_TRUE(m_shop->disable_tse("tse-1").ok());
  reopen();
  const auto done = go_on();
  ASSERT_TRUE(done.ok()) << done.error().code << " " << done.error().detail;
  EXPECT_EQ(done->moved, (std::vector<std::string>{"KASSE-02"}));
  EXPECT_EQ(use_of(*m_shop->state(), m_tse.serial), TseUse::retired);
  sell(1, "KASSE-02");
}

TEST_F(CareTest, ATseInUseIsNotRetired) {
  sell(1);
  EXPECT_EQ(retire(*m_shop, m_tse, m_clock, {.reason = "x"}, "test").error().code, "E-RET-103");
  // The recorder refuses, too, whoever asks.
  EXPECT_EQ(
      m_shop->record(TseRetired{.tse_serial = m_tse.serial, .reason = "x"}, "test").error().code,
      "E-RET-103");
  const auto spare = m_shop->create_tse({.id = "tse-2"}, "test");
  ASSERT_TRUE(spare.ok());
  EXPECT_EQ(use_of(*m_shop->state(), spare->serial), TseUse::spare);
  EXPECT_EQ(retire(*m_shop, *spare, m_clock, {.reason = ""}, "test").error().code, "E-RET-102");
  sell(1);
}

TEST_F(CareTest, ALostTseIsReplacedByTheSpareAndItsHistoryIsKept) {
  RecordProperty("proves", "FCC-031");
  sell(4);
  one_night();
  const auto spare = m_shop->create_tse({.id = "tse-2"}, "test");
  ASSERT_TRUE(spare.ok());
  m_shop.reset();
  fs::remove_all(store());  // stolen
  m_shop = open();
  ASSERT_NE(m_shop, nullptr);
  const auto unsigned_one = try_to_sell();
  ASSERT_TRUE(unsigned_one.ok());
  EXPECT_EQ(unsigned_one->receipt.seal->outcome, Seal::Outcome::unsigned_outage);
  ReplaceOptions options;
  options.with = "tse-2";
  options.retire.reason = "stolen";
  EXPECT_FALSE(replace(*m_shop, m_tse, m_clock, options, "test").ok())
      << "it cannot be exported, so a person must say that it is lost";
  options.retire.lost = true;
  const auto done = replace(*m_shop, m_tse, m_clock, options, "test");
  ASSERT_TRUE(done.ok()) << done.error().code << " " << done.error().detail;
  EXPECT_TRUE(done->retired.entry.lost);
  EXPECT_GT(done->retired.entry.counter, 8U) << "what the night before had archived";
  // The outage of the lost one is over, and stays in the log.
  const auto state = m_shop->state();
  EXPECT_FALSE(state->outages.at(m_tse.serial).open);
  EXPECT_EQ(state->outages.at(m_tse.serial).next_number, 2U);
  sell(3);
  reopen();
  sell(1);
  EXPECT_TRUE(open_archive(*m_shop, m_tse)->check().ok());
}

// ---- mapping ------------------------------------------------------------------------------------

TEST_F(CareTest, ARegisterWithoutATseIsListedUntilItIsMapped) {
  RecordProperty("proves", "BIO-046");
  ASSERT_TRUE(add("KASSE-03", "").ok());
  auto open_ones = unmapped(*m_shop->state());
  ASSERT_EQ(open_ones.size(), 1U);
  EXPECT_EQ(open_ones[0].id.text(), "KASSE-03");
  EXPECT_EQ(try_to_sell("KASSE-03").error().code, "E-REG-105");
  RegisterInfo info = open_ones[0];
  info.tse_serial = m_tse.serial;
  ASSERT_TRUE(m_shop->add_register(info, true, "test").ok());
  EXPECT_TRUE(unmapped(*m_shop->state()).empty());
  sell(1, "KASSE-03");
}

TEST_F(CareTest, WhereEachRegisterNeedsItsOwnTseANewRegisterNeedsANewOne) {
  RecordProperty("proves", "DIK-041 DIK-045");
  ASSERT_TRUE(add("KASSE-03", "").ok());
  sell(1);
  Profile profile = m_shop->state()->profile;
  profile.one_register_per_tse = true;
  ASSERT_TRUE(m_shop->set_profile(profile, "test").ok());
  const auto map = [&](const std::string& id, const std::string& serial) {
    RegisterInfo info = m_shop->state()->registers.at(id).info;
    info.tse_serial = serial;
    return m_shop->add_register(info, true, "test");
  };
  EXPECT_EQ(map("KASSE-03", m_tse.serial).error().code, "E-REG-107");
  // The old register is taken off: its TSE is still not for the new one.
  ASSERT_TRUE(map("KASSE-01", "").ok());
  ASSERT_TRUE(map("KASSE-02", "").ok());
  EXPECT_EQ(map("KASSE-03", m_tse.serial).error().code, "E-REG-107");
  const auto fresh = m_shop->create_tse({.id = "tse-2"}, "test");
  ASSERT_TRUE(map("KASSE-03", fresh->serial).ok());
  sell(1, "KASSE-03");
  EXPECT_TRUE(map("KASSE-01", m_tse.serial).ok()) << "it has signed for it before";
}

TEST_F(CareTest, NothingIsMappedWhileAnotherProcessServes) {
  RecordProperty("proves", "BIO-044");
  const auto second = Shop::open({m_folder, {}}, Shop::Mode::write, m_environment);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, "E-DAT-001");
}

// ---- the clock ----------------------------------------------------------------------------------

TEST_F(CareTest, AClockADayAheadNeedsTwoThatSpeakForIt) {
  sell(2);
  // A long weekend: time server and TSE agree.
  m_clock.pass(hours(80));
  ASSERT_TRUE(m_shop->tend_tse("tse-1").ok());
  sell(1);
  const std::uint64_t head = m_shop->state()->sequence;
  // Somebody sets the machine's clock; the TSE's stays.
  m_clock.set(hours(30));
  EXPECT_EQ(try_to_sell().error().code, "E-CLK-101");
  EXPECT_EQ(
      m_shop->open_vorgang(*RegisterId::parse("KASSE-01"), VorgangId("v"), "Mia").error().code,
      "E-CLK-101");
  m_synchronised = false;
  EXPECT_EQ(try_to_sell().error().code, "E-CLK-101");
  EXPECT_EQ(m_shop->confirm_clock({}, "Mia").error().code, "E-CLK-102");
  EXPECT_EQ(m_shop->confirm_clock(m_clock.now().wall, "Mia").error().code, "E-CLK-102")
      << "the TSE's clock says otherwise";
  EXPECT_EQ(m_shop->state()->sequence, head) << "nothing was booked";
  m_clock.set(-hours(30));
  sell(1);
  // With a person and a time server it is right: the TSE's clock was wrong.
  m_clock.set(hours(30));
  m_synchronised = true;
  ASSERT_TRUE(m_shop->confirm_clock({}, "Mia").ok());
  ASSERT_TRUE(m_shop->tend_tse("tse-1").ok());
  sell(1);
}

TEST_F(CareTest, WithoutATimeServerTheTseAndAPersonAreEnough) {
  m_synchronised = false;
  sell(1);
  m_clock.pass(hours(70));
  EXPECT_EQ(try_to_sell().error().code, "E-CLK-101");
  EXPECT_EQ(m_shop->confirm_clock(m_clock.now().wall + hours(2), "Mia").error().code, "E-CLK-102");
  ASSERT_TRUE(m_shop->confirm_clock({}, "Mia").ok());
  m_clock.pass(minutes(1));
  EXPECT_TRUE(try_to_sell().ok());
  // Who opens the shop with a clock nobody believes does not set that of the TSE.
  m_shop.reset();
  m_clock.set(hours(24 * 400));
  m_shop = open();
  ASSERT_NE(m_shop, nullptr);
  EXPECT_EQ(try_to_sell().error().code, "E-CLK-101");
  m_shop.reset();
  m_clock.set(-hours(24 * 400));
  m_shop = open();
  ASSERT_NE(m_shop, nullptr);
  const auto answer = try_to_sell();
  ASSERT_TRUE(answer.ok()) << answer.error().detail;
  ASSERT_EQ(answer->receipt.seal->outcome, Seal::Outcome::signed_by_tse)
      << answer->receipt.seal->error_text;
  EXPECT_LT(answer->receipt.seal->end, m_clock.now().wall + minutes(1));
}

TEST_F(CareTest, AClockBeforeTheLastEntryIsDoubtedToo) {
  m_synchronised = false;
  sell(1);
  m_clock.set(-minutes(5));
  EXPECT_TRUE(try_to_sell().ok()) << "a clock that is put right by a little";
  m_clock.set(-hours(24 * 300));
  EXPECT_EQ(try_to_sell().error().code, "E-CLK-101");
}

// ---- signatures asked back, deadlines -----------------------------------------------------------

TEST_F(CareTest, EveryNthSignatureIsAskedBackAndALyingDeviceIsFound) {
  Profile profile = m_shop->state()->profile;
  profile.read_back_every = 4;
  ASSERT_TRUE(m_shop->set_profile(profile, "test").ok());
  sell(10);
  const auto reader = m_shop->reader();
  const auto entries = (*reader)->read(journal::Sequence(1), 1000);
  ASSERT_TRUE(entries.ok());
  Mutex mutex;
  std::vector<TseChecked> reports;
  std::atomic<int> asked = 0;
  std::atomic<bool> lying = false;
  ReadBack::Parts parts;
  parts.start = journal::Sequence(0);
  parts.every = 4;
  parts.client_of = [](std::uint64_t) -> Result<std::string> { return std::string("KASSE-01"); };
  parts.on_device = [&](const std::string&, const std::function<Status(device::Tse&)>& work) {
    return m_shop->on_tse("tse-1", [&](device::Tse& tse) -> Status {
      ++asked;
      if (!lying) return work(tse);
      TestClock clock;
      // A device that takes everything and returns nothing.
      class Forgetful final : public device::Tse {
       public:
        Result<TseInfo> identity() override { return TseInfo{}; }
        Result<device::TseStatus> status() override { return device::TseStatus{}; }
        void perform(std::span<const device::TseCall>, device::TseAnswers&) override {}
        Result<std::vector<device::TseTransaction>> open_transactions(
            std::optional<std::string>) override {
          return std::vector<device::TseTransaction>();
        }
        Result<std::optional<device::TseTransaction>> find(const std::string&,
                                                           std::uint64_t) override {
          return std::optional<device::TseTransaction>();
        }
        Result<std::vector<device::TseTransaction>> transactions_after(const std::string&,
                                                                       std::uint64_t,
                                                                       std::size_t) override {
          return std::vector<device::TseTransaction>();
        }
        Status self_test() override { return Ok{}; }
        Status set_time(Instant) override { return Ok{}; }
        Status export_log(const device::TseFilter&, Sink&) override { return Ok{}; }
        Status log_in(device::TseUser, const crypto::SecretBytes&) override { return Ok{}; }
        Status log_out() override { return Ok{}; }
        Status register_client(const std::string&) override { return Ok{}; }
        Status deregister_client(const std::string&) override { return Ok{}; }
        Status disable() override { return Ok{}; }
      } forgetful;
      return work(forgetful);
    });
  };
  parts.report = [&](TseChecked checked) {
    const Lock lock(mutex);
    reports.push_back(std::move(checked));
  };
  {
    ReadBack read_back(std::move(parts));
    ASSERT_TRUE(read_back.handle(*entries).ok());
    read_back.drain();
    // 20 counters of ten receipts: five multiples of four.
    EXPECT_EQ(asked, 5);
    EXPECT_EQ(read_back.right(), 5U);
    lying = true;
    ASSERT_TRUE(read_back.handle(*entries).ok());
    read_back.drain();
  }
  ASSERT_EQ(reports.size(), 5U);
  EXPECT_EQ(reports[0].findings.at(0).code, "E-ARC-113");
  EXPECT_EQ(reports[0].how, TseChecked::How::read_back);
}

TEST_F(CareTest, AnOpenShopAsksBackByItself) {
  Profile profile = m_shop->state()->profile;
  profile.read_back_every = 1;
  ASSERT_TRUE(m_shop->set_profile(profile, "test").ok());
  sell(3);
  reopen();  // closing waits for what is asked
  EXPECT_TRUE(m_shop->state()->care.empty()) << "right answers leave no entry";
}

TEST_F(CareTest, TheSelfTestIsDoneInQuietHoursBeforeASaleNeedsIt) {
  sell(1);
  int tests = 0;
  Tending tending([&](const std::string&, device::Tse&, Now) -> Status {
    ++tests;
    return Ok{};
  });
  ASSERT_TRUE(m_shop
                  ->on_tse("tse-1",
                           [&](device::Tse& tse) -> Status {
                             Now now = m_clock.now();
                             const auto at = [&](hours later, minutes idle) {
                               Now then = now;
                               then.steady += later;
                               tending.idle("s", tse, then, idle);
                             };
                             at(hours(0), minutes(600));  // just opened
                             at(hours(11), minutes(600));
                             EXPECT_EQ(tests, 0);
                             at(hours(13), minutes(1));
                             EXPECT_EQ(tests, 0) << "somebody sold a minute ago";
                             at(hours(13), minutes(31));
                             EXPECT_EQ(tests, 1);
                             at(hours(14), minutes(90));
                             EXPECT_EQ(tests, 1);
                             at(hours(36), minutes(1));
                             EXPECT_EQ(tests, 2) << "25 hours are nearly over";
                             return Ok{};
                           })
                  .ok());
}

TEST_F(CareTest, AShopThatStayedOpenOverAWeekendSellsAtOnce) {
  sell(1);
  m_clock.pass(hours(30));
  // What the lane does when nobody sells: without it the device would refuse the next sale.
  ASSERT_TRUE(m_shop->tend_tse("tse-1").ok());
  sell(1);
}

}  // namespace
}  // namespace siegel::app
