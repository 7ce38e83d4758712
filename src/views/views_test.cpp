#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <atomic>
#include <chrono>
#include <map>
#include <string>

#include "base/thread.h"
#include "journal/memory/memory.h"
#include "model/codec.h"
#include "model/entries.h"
#include "sqlite/sqlite.h"
#include "sqlite/testing/forgetful_vfs.h"
#include "views/index.h"
#include "views/members.h"
#include "views/runner.h"

namespace siegel::views {
namespace {

using journal::Draft;
using journal::Head;
using journal::Sequence;
using siegel::sqlite::testing::Fault;
using siegel::sqlite::testing::ForgetfulDisk;
using siegel::sqlite::testing::Tear;

constexpr const char* path = "/shop/index.db";

class ViewsTest : public ::testing::Test {
 protected:
  void SetUp() override { journal = std::move(journal::memory::open(store)).value(); }

  IndexOptions options() {
    IndexOptions out;
    out.path = path;
    out.vfs = disk.name();
    out.segment_keys = 64;
    return out;
  }
  std::unique_ptr<journal::Reader> reader() { return std::move(journal->reader()).value(); }
  std::unique_ptr<Index> open() {
    const auto own = reader();
    auto index = open_index(options(), *own);
    EXPECT_TRUE(index.ok()) << index.error().detail;
    return std::move(index).value();
  }
  std::uint64_t append(std::string_view kind, std::string payload, std::string register_id = "",
                       std::optional<journal::Key> key = {}) {
    Draft draft;
    draft.kind = kind;
    draft.at = Instant::from_unix(1'795'196'537);
    draft.actor = "till";
    draft.register_id = std::move(register_id);
    draft.key = std::move(key);
    draft.payload = std::move(payload);
    const Sequence next(journal->head().sequence.get() + 1);
    EXPECT_TRUE(journal->append(next, std::span(&draft, 1)).ok());
    return next.get();
  }
  Status feed(journal::Follower& follower, std::size_t chunk = 7) {
    const auto own = reader();
    while (true) {
      SIEGEL_TRY(const auto entries, own->read(Sequence(follower.position().get() + 1), chunk));
      if (entries.empty()) return Ok{};
      SIEGEL_TRY_OK(follower.handle(entries));
    }
  }
  void feed_all(Index& index) {
    ASSERT_TRUE(feed(index.keys()).ok());
    ASSERT_TRUE(feed(index.receipts()).ok());
  }

  static Business business() {
    Business out;
    out.name = "Bäckerei Ähre";
    out.street = "Markt 1";
    out.postcode = "12345";
    out.city = "Musterstadt";
    out.tax_number = "12/345/67890";
    return out;
  }
  static TseInfo tse(const std::string& serial) {
    TseInfo out;
    out.id = "tse-1";
    out.serial = serial;
    out.manufacturer = "Test";
    out.algorithm = "ecdsa-plain-SHA256";
    out.time_format = "unixTime";
    return out;
  }
  static RegisterInfo register_info(const std::string& id, const std::string& name) {
    RegisterInfo out;
    out.id = RegisterId::parse(id).value();
    out.name = name;
    out.tse_serial = "ab12";
    return out;
  }
  static Plan plan(const std::string& register_id, std::uint64_t number, Instant at) {
    Plan out;
    out.register_id = RegisterId::parse(register_id).value();
    out.number = number;
    out.receipt_number = fmt::format("{}-{:06}", register_id, number);
    out.vorgang = VorgangId(fmt::format("v \"{}\" {{[", number));
    out.bon_typ = "Beleg";
    out.process_data = "Beleg^0.00_3.60_0.00_0.00_0.00^3.60:Bar";
    out.total = Money::from_cents(static_cast<std::int64_t>(number) * 10 - 50);
    out.decided = LocalStamp::from(at, "Europe/Berlin").value();
    out.began = out.decided;
    out.tse_serial = "ab12";
    out.business_sequence = 1;
    out.note = "a \"note\", with [brackets}\n";
    return out;
  }
  static Seal seal(std::uint64_t plan_sequence, Seal::Outcome outcome) {
    Seal out;
    out.plan_sequence = plan_sequence;
    out.outcome = outcome;
    if (outcome == Seal::Outcome::signed_by_tse) {
      out.tse_serial = "ab12";
      out.transaction = 7;
      out.signature_counter = 15;
      out.start = Instant::from_unix(1'795'196'537);
      out.end = out.start;
      out.signature = Bytes(64, std::byte{1});
    }
    return out;
  }
  void master_data() {
    append("business", to_json(business()));
    append("tse", to_json(tse("ab12")));
    append("register", to_json(register_info("K-1", "old name")), "K-1");
    append("register", to_json(register_info("K-2", "bar")), "K-2");
    append("register", to_json(register_info("K-1", "new name")), "K-1");
  }
  /// A shop's day: receipts of two registers, some reversed, some unsigned, one interrupted.
  void shop_day(std::uint64_t first, std::uint64_t count) {
    for (std::uint64_t n = first; n < first + count; ++n) {
      const std::string id = n % 3 == 0 ? "K-2" : "K-1";
      Plan p =
          plan(id, n,
               Instant::from_unix_ms(1'795'196'537'123 + static_cast<std::int64_t>(n) * 3'600'000));
      if (n % 10 == 9) {
        p.kind = ReceiptKind::reversal;
        const std::uint64_t target = n - 4;
        p.reverses = fmt::format("{}-{:06}", target % 3 == 0 ? "K-2" : "K-1", target);
        p.reversed_decided = p.decided;
      }
      const auto at = append("plan", to_json(p), id, journal::Key{fmt::format("key-{}", n), {}});
      if (n % 25 == 24) continue;
      const auto outcome =
          n % 7 == 0 ? Seal::Outcome::unsigned_outage : Seal::Outcome::signed_by_tse;
      append("seal", to_json(seal(at, outcome)), id);
    }
  }
  std::string dump() {
    siegel::sqlite::Options raw;
    raw.path = path;
    raw.vfs = disk.name();
    auto database = siegel::sqlite::Database::open(raw);
    EXPECT_TRUE(database.ok());
    std::string out;
    for (const char* sql :
         {"SELECT name || ' ' || position || ' ' || hex(hash) FROM follower ORDER BY name",
          "SELECT hex(hash) || ' ' || sequence || ' ' || hex(fingerprint) FROM"
          " (SELECT hash, sequence, fingerprint FROM key_open UNION ALL"
          "  SELECT hash, sequence, fingerprint FROM key_closed) ORDER BY sequence",
          "SELECT plan_sequence||'|'||seal_sequence||'|'||register||'|'||number||'|'||"
          "receipt_number||'|'||decided||'|'||date||'|'||kind||'|'||total||'|'||state||'|'||"
          "reverses||'|'||reversed_by FROM receipt ORDER BY plan_sequence",
          "SELECT date||'|'||first||'|'||last FROM day ORDER BY date",
          "SELECT kind||'|'||id||'|'||sequence FROM master ORDER BY sequence"}) {
      auto select = database->prepare(sql);
      EXPECT_TRUE(select.ok()) << select.error().detail;
      while (select->step().value()) out += std::string(select->text(0)) + "\n";
      out += "--\n";
    }
    return out;
  }

  ForgetfulDisk disk;
  journal::memory::Store store;
  std::unique_ptr<journal::Journal> journal;
};

TEST_F(ViewsTest, KeysAreFoundLikeInAMap) {
  EXPECT_TRUE(rc::check([this] {
    SetUp();
    store.truncate(0);
    SetUp();
    for (const std::string& name : disk.names()) disk.remove(name);
    std::map<std::pair<std::string, std::string>, KeyIndex::Found> naive;
    auto index = open();
    const auto steps = *rc::gen::inRange(1, 400);
    for (int i = 0; i < steps; ++i) {
      const auto register_id = fmt::format("K-{}", *rc::gen::inRange(0, 3));
      // Few names, so that some come twice and later ones win, across segments too.
      const auto text = fmt::format("key-{}", *rc::gen::inRange(0, 300));
      journal::Key key{text, {}};
      key.fingerprint[3] = static_cast<std::byte>(i);
      const auto at = append("plan", "{}", register_id, key);
      naive[{register_id, text}] = {Sequence(at), key.fingerprint};
      if (*rc::gen::inRange(0, 40) == 0)
        RC_ASSERT(feed(index->keys(), 1 + static_cast<std::size_t>(i % 50)).ok());
      if (*rc::gen::inRange(0, 100) == 0) {
        RC_ASSERT(feed(index->keys()).ok());
        index.reset();
        index = open();
        RC_ASSERT(!index->was_discarded());
      }
    }
    RC_ASSERT(feed(index->keys()).ok());
    for (int r = 0; r < 3; ++r) {
      for (int k = 0; k < 320; ++k) {
        const auto register_id = fmt::format("K-{}", r);
        const auto text = fmt::format("key-{}", k);
        const auto lookup = index->keys().find(register_id, text);
        RC_ASSERT(lookup.ok());
        RC_ASSERT(lookup->position == journal->head().sequence);
        const auto expected = naive.find({register_id, text});
        if (expected == naive.end())
          RC_ASSERT(!lookup->found.has_value());
        else
          RC_ASSERT(lookup->found == expected->second);
      }
    }
  }));
}

TEST_F(ViewsTest, ARegisterAndItsKeyAreNotConfusedWithAnother) {
  append("plan", "{}", "K-1", journal::Key{"1a", {}});
  auto index = open();
  ASSERT_TRUE(feed(index->keys()).ok());
  EXPECT_TRUE(index->keys().find("K-1", "1a")->found.has_value());
  EXPECT_FALSE(index->keys().find("K-11", "a")->found.has_value());
  EXPECT_FALSE(index->keys().find("K-1", "1A")->found.has_value());
}

TEST_F(ViewsTest, ReceiptsAreFoundBeforeAndAfterTheFollowerTookThem) {
  master_data();
  auto index = open();
  shop_day(1, 60);
  ASSERT_TRUE(feed(index->receipts()).ok());
  shop_day(61, 60);
  const auto own = reader();
  Receipts& receipts = index->receipts();
  std::vector<std::vector<ReceiptRow>> seen;
  for (int pass = 0; pass < 2; ++pass) {
    std::vector<ReceiptRow> rows;
    for (std::uint64_t n = 1; n <= 120; ++n) {
      const std::string id = n % 3 == 0 ? "K-2" : "K-1";
      const auto by_number = receipts.find_by_number(*own, id, n);
      ASSERT_TRUE(by_number.ok()) << by_number.error().detail;
      ASSERT_TRUE(by_number->has_value()) << n;
      const ReceiptRow& row = **by_number;
      EXPECT_EQ(receipts.find(*own, row.receipt_number).value(), row);
      EXPECT_EQ(row.total.cents(), static_cast<std::int64_t>(n) * 10 - 50);
      EXPECT_EQ(row.state, n % 25 == 24 ? SealState::interrupted
                           : n % 7 == 0 ? SealState::unsigned_outage
                                        : SealState::signed_by_tse);
      EXPECT_EQ(row.decided.instant().unix_ms() % 1000, 123);
      EXPECT_EQ(row.reversed_by.get() != 0, n % 10 == 5) << n;
      rows.push_back(row);
    }
    seen.push_back(rows);
    ASSERT_TRUE(feed(receipts).ok());
  }
  EXPECT_EQ(seen[0], seen[1]);
  EXPECT_FALSE(receipts.find(*own, "K-9-000001")->has_value());
}

TEST_F(ViewsTest, ListsNewestFirstWithFiltersAndPages) {
  master_data();
  auto index = open();
  shop_day(1, 80);
  ASSERT_TRUE(feed(index->receipts()).ok());
  shop_day(81, 40);
  const auto own = reader();
  const auto all = index->receipts().list(*own, {}, 1000, {});
  ASSERT_TRUE(all.ok()) << all.error().detail;
  ASSERT_EQ(all->size(), 120U);
  for (std::size_t i = 1; i < all->size(); ++i)
    EXPECT_LT((*all)[i].plan_sequence, (*all)[i - 1].plan_sequence);

  const auto expect_like = [&](const ReceiptFilter& filter, auto matches) {
    std::vector<ReceiptRow> expected;
    for (const ReceiptRow& row : *all)
      if (matches(row)) expected.push_back(row);
    EXPECT_GT(expected.size(), 0U);
    std::vector<ReceiptRow> paged;
    std::optional<Sequence> before;
    while (true) {
      const auto page = index->receipts().list(*own, filter, 7, before);
      ASSERT_TRUE(page.ok()) << page.error().detail;
      if (page->empty()) break;
      EXPECT_LE(page->size(), 7U);
      paged.insert(paged.end(), page->begin(), page->end());
      before = page->back().plan_sequence;
    }
    EXPECT_EQ(paged, expected);
  };
  const Date day = (*all)[60].decided.date();
  expect_like({}, [](const ReceiptRow&) { return true; });
  expect_like({.register_id = "K-2"}, [](const ReceiptRow& r) { return r.register_id == "K-2"; });
  expect_like({.first = day}, [&](const ReceiptRow& r) { return r.decided.date() >= day; });
  expect_like({.last = day}, [&](const ReceiptRow& r) { return r.decided.date() <= day; });
  expect_like({.register_id = "K-1", .first = day, .last = day}, [&](const ReceiptRow& r) {
    return r.decided.date() == day && r.register_id == "K-1";
  });
  expect_like({.kind = ReceiptKind::reversal},
              [](const ReceiptRow& r) { return r.kind == ReceiptKind::reversal; });
  expect_like({.state = SealState::interrupted},
              [](const ReceiptRow& r) { return r.state == SealState::interrupted; });
  expect_like({.state = SealState::unsigned_outage},
              [](const ReceiptRow& r) { return r.state == SealState::unsigned_outage; });
}

TEST_F(ViewsTest, LoadsAReceiptWithTheMasterDataInForce) {
  master_data();
  shop_day(1, 3);
  const auto after = append("register", to_json(register_info("K-1", "later name")), "K-1");
  ASSERT_GT(after, 0U);
  auto index = open();
  const auto own = reader();
  for (int pass = 0; pass < 2; ++pass) {
    const auto row = index->receipts().find(*own, "K-1-000002");
    ASSERT_TRUE(row.ok() && row->has_value());
    const auto receipt = index->receipts().load(*own, (*row)->plan_sequence);
    ASSERT_TRUE(receipt.ok()) << receipt.error().detail;
    EXPECT_EQ(receipt->plan.number, 2U);
    ASSERT_TRUE(receipt->seal.has_value());
    EXPECT_EQ(receipt->seal->plan_sequence, receipt->plan_sequence);
    EXPECT_EQ(receipt->business, business());
    EXPECT_EQ(receipt->register_info.name, "new name");
    ASSERT_TRUE(receipt->tse.has_value());
    EXPECT_EQ(receipt->tse->serial, "ab12");
    feed_all(*index);
  }
  EXPECT_EQ(index->receipts().load(*own, Sequence(1)).error().code, "E-JRN-403");
  EXPECT_EQ(index->receipts().load(*own, Sequence(999)).error().code, "E-JRN-403");
}

TEST_F(ViewsTest, LoadsAnAustrianReceiptWithTheDeviceThatSigned) {
  ASSERT_GT(append("business", to_json(business())), 0U);
  SignerInfo card;
  card.kind = "smartcard";
  card.provider = "AT1";
  for (const char* id : {"card-1", "card-2"}) {
    card.id = id;
    card.serial = std::string(id) + "ff";
    ASSERT_GT(append("signer", to_json(card)), 0U);
  }
  Plan sold = plan("K-1", 1, Instant::from_unix(1'795'196'537));
  sold.tse_serial.clear();
  const std::uint64_t at = append("plan", to_json(sold), "K-1");
  Seal sealed = seal(at, Seal::Outcome::signed_rksv);
  sealed.tse_serial.clear();
  sealed.signer = "card-2";
  ASSERT_GT(append("seal", to_json(sealed), "K-1"), 0U);
  auto index = open();
  const auto own = reader();
  for (int pass = 0; pass < 2; ++pass) {
    const auto rows = index->receipts().list(*own, {.state = SealState::signed_rksv}, 10, {});
    ASSERT_TRUE(rows.ok()) << rows.error().detail;
    ASSERT_EQ(rows->size(), 1U);
    const auto receipt = index->receipts().load(*own, rows->front().plan_sequence);
    ASSERT_TRUE(receipt.ok()) << receipt.error().detail;
    ASSERT_TRUE(receipt->signer.has_value());
    EXPECT_EQ(receipt->signer->serial, "card-2ff");
    EXPECT_FALSE(receipt->tse.has_value());
    feed_all(*index);
  }
}

TEST_F(ViewsTest, ThrownAwayAndMadeAgainTheTablesAreTheSame) {
  master_data();
  auto index = open();
  for (std::uint64_t n = 1; n <= 300; n += 30) {
    shop_day(n, 30);
    ASSERT_TRUE(feed(index->keys(), 1 + n % 17).ok());
    ASSERT_TRUE(feed(index->receipts(), 1 + n % 13).ok());
  }
  index.reset();
  const std::string grown = dump();
  for (const std::string& name : disk.names()) disk.remove(name);
  index = open();
  ASSERT_TRUE(feed(index->keys(), 100).ok());
  ASSERT_TRUE(feed(index->receipts(), 100).ok());
  index.reset();
  EXPECT_EQ(dump(), grown);
  EXPECT_NE(grown.find("K-2-000300"), std::string::npos);
}

TEST_F(ViewsTest, APowerCutLosesAtMostWorkAndTheTablesComeOutTheSame) {
  master_data();
  shop_day(1, 100);
  std::string expected;
  {
    auto index = open();
    feed_all(*index);
    index.reset();
    expected = dump();
  }
  SeededRandom random(11);
  for (std::uint64_t cut = 1; cut < 120; cut += 3) {
    for (const std::string& name : disk.names()) disk.remove(name);
    disk.cut_at_change(cut);
    const auto own = reader();
    if (auto index = open_index(options(), *own); index.ok()) {
      (void)feed((*index)->keys()).ok();
      (void)feed((*index)->receipts()).ok();
    }
    disk.crash(random, Tear::sectors);
    auto index = open();
    ASSERT_NE(index, nullptr);
    feed_all(*index);
    index.reset();
    EXPECT_EQ(dump(), expected) << "cut " << cut;
  }
}

TEST_F(ViewsTest, AFailedBatchIsTakenAgain) {
  master_data();
  shop_day(1, 100);
  auto index = open();
  for (const bool applied : {false, true}) {
    for (std::uint64_t at = 1; at < 12; ++at) {
      disk.inject({.fault = Fault::full, .at_change = at, .applied = applied});
      (void)feed(index->keys(), 5).ok();
      disk.clear_faults();
      disk.inject({.fault = Fault::io_error, .at_change = at, .applied = applied});
      (void)feed(index->receipts(), 5).ok();
      disk.clear_faults();
      shop_day(101 + at * 10 + (applied ? 200 : 0), 10);
    }
  }
  feed_all(*index);
  index.reset();
  const std::string found = dump();
  for (const std::string& name : disk.names()) disk.remove(name);
  index = open();
  feed_all(*index);
  index.reset();
  EXPECT_EQ(found, dump());
}

TEST_F(ViewsTest, AnIndexThatDoesNotFitIsMadeAnew) {
  master_data();
  shop_day(1, 20);
  auto index = open();
  feed_all(*index);
  EXPECT_FALSE(index->was_discarded());
  index.reset();
  const std::string expected = dump();

  // Ahead of a journal that was put back.
  const auto entries = store.entries();
  store.truncate(entries.size() - 4);
  SetUp();
  index = open();
  EXPECT_TRUE(index->was_discarded());
  feed_all(*index);
  index.reset();
  // Another history of the same length.
  for (int i = 0; i < 4; ++i) append("update", R"({"other":1})");
  shop_day(21, 5);
  index = open();
  EXPECT_FALSE(index->was_discarded());
  index.reset();

  for (const std::string_view garbage : {"no database at all, but long enough to be looked at"}) {
    for (const std::string& name : disk.names()) disk.remove(name);
    disk.replace(path, bytes_of(garbage));
    const auto own = reader();
    IndexOptions read_only = options();
    read_only.read_only = true;
    EXPECT_EQ(open_index(read_only, *own).error().code, "E-JRN-402");
    index = open();
    EXPECT_TRUE(index->was_discarded());
    feed_all(*index);
    index.reset();
  }
  EXPECT_NE(dump(), expected);
}

TEST_F(ViewsTest, AnotherProcessCanLookWhileOneWrites) {
  master_data();
  shop_day(1, 100);
  auto index = open();
  feed_all(*index);
  const auto own = reader();
  IndexOptions read_only = options();
  read_only.read_only = true;
  auto second = open_index(read_only, *own);
  ASSERT_TRUE(second.ok()) << second.error().detail;
  shop_day(101, 30);
  ASSERT_TRUE(feed(index->keys()).ok());
  EXPECT_EQ((*second)->receipts().list(*own, {}, 1000, {})->size(), 130U);
  EXPECT_TRUE((*second)->keys().find("K-1", "key-125")->found.has_value());
}

void pause() {
  Mutex mutex;
  Condition never;
  Lock lock(mutex);
  never.wait_for(lock, std::chrono::milliseconds(10));
}

class Failing final : public journal::Follower {
 public:
  [[nodiscard]] std::string_view name() const override { return "failing"; }
  [[nodiscard]] Sequence position() const override { return Sequence(at); }
  Status handle(std::span<const journal::Entry> entries) override {
    if (broken) return unavailable("E-JRN-401", "as asked for");
    at = entries.back().sequence.get();
    return Ok{};
  }
  std::atomic<bool> broken = true;
  std::atomic<std::uint64_t> at = 0;
};

TEST_F(ViewsTest, TheRunnerBringsEverythingAndOneFailureStopsNobodyElse) {
  master_data();
  auto index = open();
  Failing failing;
  Runner runner(reader(), {&failing, &index->keys(), &index->receipts()});
  shop_day(1, 50);
  runner.start();
  runner.notify(journal->head().sequence);
  EXPECT_FALSE(runner.drain().ok());
  EXPECT_EQ(index->keys().position(), journal->head().sequence);
  EXPECT_EQ(index->receipts().position(), journal->head().sequence);
  const auto status = runner.status();
  ASSERT_EQ(status.size(), 3U);
  EXPECT_TRUE(status[0].error.has_value());
  EXPECT_EQ(status[0].position, Sequence(0));
  EXPECT_EQ(status[1].position, journal->head().sequence);
  failing.broken = false;
  EXPECT_TRUE(runner.drain().ok());
  EXPECT_EQ(failing.position(), journal->head().sequence);
  // Without a drain, by itself.
  shop_day(51, 5);
  runner.notify(journal->head().sequence);
  for (int i = 0; i < 500 && index->receipts().position() != journal->head().sequence; ++i) pause();
  EXPECT_EQ(index->receipts().position(), journal->head().sequence);
}

TEST(Members, ReadWhatAPlanWriterWritesAndRefuseTheRest) {
  Members members(R"({"a":"x\"}\u0001ä","b":-12,"c":[{"a":"]"},[]],"d":{"e":{}},"f":true})");
  std::vector<std::string> keys;
  while (members.next().value()) {
    keys.emplace_back(members.key());
    if (members.key() == "a") {
      EXPECT_EQ(members.text().value(), "x\"}\x01ä");
    }
    if (members.key() == "b") {
      EXPECT_EQ(members.integer().value(), -12);
      EXPECT_FALSE(members.text().ok());
    }
  }
  EXPECT_EQ(keys, (std::vector<std::string>{"a", "b", "c", "d", "f"}));
  EXPECT_FALSE(Members("{}").next().value());
  for (const char* bad : {"", "[", "{", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":\"", "{a:1}",
                          "{\"a\":[1}", "{\"a\":}"}) {
    Members broken(bad);
    Result<bool> more = true;
    for (int i = 0; i < 10 && more.ok() && *more; ++i) more = broken.next();
    EXPECT_FALSE(more.ok()) << bad;
  }
}

}  // namespace
}  // namespace siegel::views
