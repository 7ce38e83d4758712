#include "app/shop/shop.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <string>

#include "base/stream.h"
#include "format/tar.h"
#include "model/entries.h"
#include "print/text/text.h"

namespace siegel::app {
namespace {

namespace fs = std::filesystem;

/// A data folder of its own, with a TSE and a register, gone afterwards.
class ShopTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "siegel-shop-XXXXXX").string();
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
    const auto shop = open();
    const auto tse = shop->create_tse({}, "test");
    ASSERT_TRUE(tse.ok()) << tse.error().detail;
    m_tse = *tse;
    add(*shop, "KASSE-01");
  }
  void TearDown() override { fs::remove_all(m_scratch); }

  std::unique_ptr<Shop> open(Shop::Mode mode = Shop::Mode::write) {
    auto shop = Shop::open({m_folder, {}}, mode, m_environment);
    EXPECT_TRUE(shop.ok()) << shop.error().code << " " << shop.error().detail;
    return std::move(*shop);
  }
  void add(Shop& shop, const std::string& id) {
    const auto done = shop.add_register({*RegisterId::parse(id), id, m_tse.serial}, false, "test");
    ASSERT_TRUE(done.ok()) << done.error().detail;
  }
  static SaleRequest request(const std::string& key, const std::string& id = "KASSE-01") {
    SaleRequest sale{.register_id = *RegisterId::parse(id), .key = key, .actor = "Mia"};
    LineDraft line;
    line.text = "Brezel";
    line.unit_price = UnitPrice::from_raw(180'000);
    line.vat = "B";
    sale.draft.lines.push_back(line);
    PaymentDraft cash;
    cash.amount = Money::from_cents(180);
    sale.draft.payments.push_back(cash);
    return sale;
  }
  static Receipt sell(Shop& shop, const std::string& key, const std::string& id = "KASSE-01") {
    const auto answer = shop.sell(request(key, id));
    EXPECT_TRUE(answer.ok()) << answer.error().code << " " << answer.error().detail;
    return answer->receipt;
  }
  std::string printed(const Shop& shop, const Receipt& receipt, bool copy) const {
    const auto document = shop.country().print(receipt, {}, {.copy = copy});
    return *print::render_text(document, {.columns = 48, .qr = print::QrDrawing::none});
  }
  /// The stick is pulled, or put back, while the shop is closed.
  void pull() const { fs::rename(store(), store().string() + ".pulled"); }
  void plug() const { fs::rename(store().string() + ".pulled", store()); }
  [[nodiscard]] fs::path store() const { return m_folder / "tse" / "tse-1" / "tse.db"; }

  static std::vector<journal::Entry> entries(Shop& shop, std::string_view kind) {
    std::vector<journal::Entry> found;
    const auto reader = shop.reader();
    EXPECT_TRUE(reader.ok());
    const auto all = (*reader)->read(journal::Sequence(1), 1000);
    EXPECT_TRUE(all.ok());
    std::copy_if(all->begin(), all->end(), std::back_inserter(found),
                 [&](const journal::Entry& entry) { return entry.kind == kind; });
    return found;
  }
  static std::vector<std::string> exported(Shop& shop, const device::TseFilter& filter) {
    MemorySink archive;
    EXPECT_TRUE(
        shop.on_tse("tse-1", [&](device::Tse& tse) { return tse.export_log(filter, archive); })
            .ok());
    std::vector<std::string> names;
    MemorySource source(archive.bytes());
    format::TarReader reader(source);
    while (true) {
      const auto more = reader.next();
      EXPECT_TRUE(more.ok());
      if (!more.ok() || !*more) return names;
      names.emplace_back(reader.entry().name);
    }
  }

  Environment m_environment{system_clock(), system_random()};
  fs::path m_scratch, m_folder;
  TseInfo m_tse;
};

TEST_F(ShopTest, AnOutageIsRecordedNumberedAndEndedByItself) {
  RecordProperty("proves",
                 "TSS-002 TSS-003 TSS-004 TSS-007 TSS-009 TSS-012 TSS-013 TSS-014 TSS-015 TSS-016 "
                 "TSS-017 TSS-020 TSS-022 TSS-025 TSS-027 DIK-012 DIK-013 DIK-014 DIK-016");
  sell(*open(), "before");
  pull();
  {
    const auto shop = open();
    for (std::uint64_t i = 1; i <= 3; ++i) {
      const Receipt receipt = sell(*shop, "out-" + std::to_string(i));
      ASSERT_TRUE(receipt.seal.has_value());
      EXPECT_EQ(receipt.seal->outcome, Seal::Outcome::unsigned_outage);
      EXPECT_EQ(receipt.seal->outage_number, 1U);
      EXPECT_EQ(receipt.seal->outage_receipt, i);
      EXPECT_EQ(receipt.seal->error_code, "E-TSE-101");
      EXPECT_EQ(receipt.plan.tse_serial, m_tse.serial);
      EXPECT_EQ(receipt.plan.register_id.text(), "KASSE-01");
      const std::string paper = printed(*shop, receipt, false);
      EXPECT_NE(paper.find("TSE AUSGEFALLEN"), std::string::npos);
      EXPECT_NE(paper.find(receipt.plan.decided.print_minute()), std::string::npos);
      EXPECT_EQ(paper.find("TSE-Transaktion "), std::string::npos);
    }
    EXPECT_TRUE(shop->state()->outages.at(m_tse.serial).open.has_value());
  }
  plug();
  {
    const auto shop = open();
    EXPECT_FALSE(shop->state()->outages.at(m_tse.serial).open.has_value());
    EXPECT_EQ(sell(*shop, "after").seal->outcome, Seal::Outcome::signed_by_tse);
    const auto begun = entries(*shop, entry_kind::outage_begin);
    const auto ended = entries(*shop, entry_kind::outage_end);
    ASSERT_EQ(begun.size(), 1U);
    ASSERT_EQ(ended.size(), 1U);
    const auto end = outage_ended_from_json(ended.front().payload);
    ASSERT_TRUE(end.ok());
    EXPECT_EQ(end->receipts, 3U);
    EXPECT_EQ(outage_began_from_json(begun.front().payload)->code, "E-TSE-101");
  }
  pull();
  const auto shop = open();
  const Receipt again = sell(*shop, "out-4");
  EXPECT_EQ(again.seal->outage_number, 2U);  // both counters outlive every restart
  EXPECT_EQ(again.seal->outage_receipt, 4U);
  plug();
}

TEST_F(ShopTest, RegistersShareATseEachUnderItsOwnClientId) {
  RecordProperty("proves", "FCC-008 FCC-009 FCC-055 FCC-056 BIO-109 BIO-110 BIO-111");
  const auto shop = open();
  const Receipt first = sell(*shop, "a");
  add(*shop, "KASSE-02");
  const Receipt second = sell(*shop, "b", "KASSE-02");
  const Receipt third = sell(*shop, "c");
  EXPECT_EQ(first.seal->tse_serial, second.seal->tse_serial);
  EXPECT_LT(first.seal->signature_counter, second.seal->signature_counter);
  EXPECT_LT(second.seal->signature_counter, third.seal->signature_counter);
  const TseInfo known = shop->state()->tses.at(m_tse.serial);
  EXPECT_EQ(known, m_tse);
  EXPECT_EQ(known.public_key.size(), 65U);
  EXPECT_FALSE(known.certificates.empty());

  const auto of_client = [](const std::vector<std::string>& names, const std::string& client) {
    return std::count_if(names.begin(), names.end(), [&](const std::string& name) {
      return name.find("Log-Tra") != std::string::npos &&
             name.find("Client-" + client) != std::string::npos;
    });
  };
  const auto all = exported(*shop, {});
  EXPECT_EQ(of_client(all, "KASSE-01"), 4);
  EXPECT_EQ(of_client(all, "KASSE-02"), 2);
  const auto one = exported(
      *shop,
      {.transaction_first = 1, .transaction_last = third.seal->transaction, .client = "KASSE-02"});
  EXPECT_EQ(of_client(one, "KASSE-01"), 0);
  EXPECT_EQ(of_client(one, "KASSE-02"), 2);

  CreateTse other;
  other.id = "tse-2";
  const auto tse = shop->create_tse(other, "test");
  ASSERT_TRUE(tse.ok()) << tse.error().detail;
  ASSERT_TRUE(
      shop->add_register({*RegisterId::parse("KASSE-03"), "Kasse 3", tse->serial}, false, "test")
          .ok());
  EXPECT_EQ(sell(*shop, "d", "KASSE-03").seal->tse_serial, tse->serial);
  EXPECT_EQ(sell(*shop, "e").seal->tse_serial, m_tse.serial);
}

TEST_F(ShopTest, ACopyShowsTheReceiptsOwnNumbersAndSignsNothing) {
  RecordProperty("proves", "DIK-030");
  const auto shop = open();
  const Receipt sold = sell(*shop, "a");
  const auto counter = [&] {
    device::TseStatus status;
    EXPECT_TRUE(shop->on_tse("tse-1",
                             [&](device::Tse& tse) -> Status {
                               SIEGEL_TRY(status, tse.status());
                               return Ok{};
                             })
                    .ok());
    return status.signature_counter;
  };
  const std::uint64_t before = counter();
  const auto found = shop->receipt(sold.plan.receipt_number);
  ASSERT_TRUE(found.ok());
  EXPECT_EQ(found->seal, sold.seal);
  const std::string paper = printed(*shop, *found, true);
  EXPECT_NE(paper.find("K O P I E"), std::string::npos);
  EXPECT_NE(paper.find(std::to_string(sold.seal->transaction)), std::string::npos);
  EXPECT_EQ(counter(), before);
}

TEST_F(ShopTest, AKeyGivesItsOneReceiptForEver) {
  const Receipt sold = sell(*open(), "a");
  const auto shop = open();
  const auto replay = shop->sell(request("a"));
  ASSERT_TRUE(replay.ok());
  EXPECT_TRUE(replay->replayed);
  EXPECT_EQ(replay->receipt.plan, sold.plan);
  EXPECT_EQ(replay->receipt.seal, sold.seal);
  SaleRequest other = request("a");
  other.fingerprint.fill(std::byte{1});
  const auto refused = shop->sell(other);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, "E-API-601");
  EXPECT_EQ(shop->receipts({}, 10)->size(), 1U);
}

TEST_F(ShopTest, ASecondWriterWaitsAndAnOldCopyIsRefused) {
  const fs::path copy = m_scratch / "copy";
  fs::copy(m_folder, copy, fs::copy_options::recursive);
  {
    const auto shop = open();
    const auto second = Shop::open({m_folder, {}}, Shop::Mode::write, m_environment);
    ASSERT_FALSE(second.ok());
    EXPECT_EQ(second.error().code, "E-DAT-001");
    sell(*shop, "a");
  }
  const auto old = Shop::open({copy, {}}, Shop::Mode::write, m_environment);
  ASSERT_FALSE(old.ok());
  EXPECT_EQ(old.error().code, "E-JRN-301");
}

TEST_F(ShopTest, APreviewDecidesAndWritesNothing) {
  const auto shop = open(Shop::Mode::read);
  const std::uint64_t before = shop->state()->sequence;
  const auto plan = shop->preview(request("a"));
  ASSERT_TRUE(plan.ok()) << plan.error().detail;
  EXPECT_EQ(plan->process_data, "Beleg^0.00_1.80_0.00_0.00_0.00^1.80:Bar");
  EXPECT_EQ(shop->state()->sequence, before);
}

}  // namespace
}  // namespace siegel::app
