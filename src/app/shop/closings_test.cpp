#include "app/shop/closings.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "app/shop/cash_report.h"
#include "format/json.h"
#include "journal/journal.h"
#include "model/closing_begun.h"
#include "print/text/text.h"

namespace siegel::app {
namespace {

namespace fs = std::filesystem;

/// A shop with one register, gone afterwards.
class ClosingsTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "siegel-closing-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    m_scratch = pattern;
    Business business;
    business.name = "Bäckerei Sonnenschein GmbH";
    business.street = "Marktstraße 5";
    business.postcode = "10115";
    business.city = "Berlin";
    business.vat_id = "DE123456788";
    ASSERT_TRUE(Shop::create({{folder(), {}}, business, {}, {}}, m_environment).ok());
    open();
    const auto tse = m_shop->create_tse({}, "test");
    ASSERT_TRUE(tse.ok()) << tse.error().detail;
    ASSERT_TRUE(m_shop->add_register({id, "Theke", tse->serial}, false, "test").ok());
  }
  void TearDown() override {
    m_shop.reset();
    fs::remove_all(m_scratch);
  }
  void open(Shop::Mode mode = Shop::Mode::write) {
    m_shop.reset();
    auto shop = Shop::open({folder(), {}}, mode, m_environment);
    ASSERT_TRUE(shop.ok()) << shop.error().detail;
    m_shop = std::move(*shop);
  }
  [[nodiscard]] fs::path folder() const { return m_scratch / "data"; }
  void sell(const std::string& key, std::int64_t cents, const std::string& vat = "B") {
    SaleRequest sale{.register_id = id, .key = key, .actor = "Mia"};
    LineDraft line;
    line.text = "Brezel";
    line.amount = Money::from_cents(cents);
    line.vat = vat;
    sale.draft.lines = {line};
    PaymentDraft cash;
    cash.amount = line.amount.value();
    sale.draft.payments = {cash};
    const auto answer = m_shop->sell(sale);
    ASSERT_TRUE(answer.ok()) << answer.error().detail;
  }
  Result<DayClosed> close(const std::string& key, std::optional<std::int64_t> counted = {}) {
    CloseDay day{.register_id = id, .key = key, .last_of_month = {}, .request = {}, .actor = "Mia"};
    if (counted) day.request.counted = {{Currency::eur(), Money::from_cents(*counted), {}}};
    return m_shop->close_day(day);
  }
  static std::string text(const print::Document& document) {
    return print::render_text(document, {.columns = 48}).value();
  }

  const RegisterId id = RegisterId::parse("KASSE-01").value();
  Environment m_environment{system_clock(), system_random()};
  fs::path m_scratch;
  std::unique_ptr<Shop> m_shop;
};

TEST_F(ClosingsTest, AreStatedCheckedAndPrintedWithTheHeadOfTheJournal) {
  RecordProperty("proves", "BIO-068");
  sell("a", 1150);
  sell("b", 500, "A");
  const auto closed = close("z", 1600);
  ASSERT_TRUE(closed.ok()) << closed.error().detail;
  EXPECT_EQ(closed->closing.difference, Money::from_cents(-50));
  const auto view = load_closing(*m_shop, id, 0);
  ASSERT_TRUE(view.ok()) << view.error().detail;
  EXPECT_EQ(view->closing, closed->closing);
  EXPECT_EQ(view->sequence, closed->sequence);
  const auto check = self_check(*m_shop, *view);
  ASSERT_TRUE(check.ok()) << check.error().detail;
  EXPECT_EQ(check->report.verdict(), verify::Verdict::pass);
  EXPECT_EQ(check->report.signatures.valid, 3U);
  const auto reader = m_shop->reader();
  const auto entry = (*reader)->read(journal::Sequence(view->sequence), 1);
  EXPECT_EQ(view->mark,
            "J " + std::to_string(view->sequence) + " " + hex(entry->front().hash).substr(0, 16));

  const auto paper =
      closing_paper(*m_shop, *view, {.language = Language::de, .copy = false, .check = &*check});
  const std::string slip = text(*paper);
  for (const char* expected : {"TAGESABSCHLUSS 1", "Theke (KASSE-01)", "Umsatz 7 %", "11,50",
                               "10,75", "0,75", "Kassenbestand Soll", "16,50 EUR", "-0,50 EUR",
                               "DifferenzSollIst", "in Ordnung", "3 Signaturen", "J "})
    EXPECT_NE(slip.find(expected), std::string::npos) << expected << "\n" << slip;
  const auto english =
      closing_paper(*m_shop, *view, {.language = Language::en, .copy = true, .check = &*check});
  EXPECT_NE(text(*english).find("CLOSING (Z) 1"), std::string::npos);
  EXPECT_NE(text(*english).find("COPY"), std::string::npos);
}

TEST_F(ClosingsTest, TheSumsSoFarCloseNothing) {
  sell("a", 1150);
  const auto x = totals_so_far(*m_shop, id, m_environment.clock.now().wall);
  ASSERT_TRUE(x.ok());
  EXPECT_EQ(x->closing.turnover, Money::from_cents(1150));
  const auto paper = closing_paper(*m_shop, *x, {});
  EXPECT_NE(text(*paper).find("X-BERICHT"), std::string::npos);
  EXPECT_EQ(load_closing(*m_shop, id, 0).error().code, "E-CLO-115");
}

TEST_F(ClosingsTest, AnyOfThemIsFoundAgainAndAKeyGivesTheSameOne) {
  for (int i = 1; i <= 3; ++i) {
    sell("s" + std::to_string(i), 100 * i);
    ASSERT_TRUE(close("z" + std::to_string(i)).ok());
  }
  open();
  const auto second = load_closing(*m_shop, id, 2);
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(second->closing.turnover, Money::from_cents(200));
  EXPECT_EQ(load_closing(*m_shop, id, 4).error().code, "E-CLO-115");
  const auto again = close("z2");
  ASSERT_TRUE(again.ok());
  EXPECT_TRUE(again->replayed);
  EXPECT_EQ(again->closing, second->closing);
  EXPECT_EQ(close("z2", 5).error().code, "E-API-601");
}

TEST_F(ClosingsTest, MasterDataOfTheDayStayWithTheDay) {
  sell("a", 100);
  auto state = m_shop->state();
  Business moved = *state->business;
  moved.street = "Neue Straße 1";
  ASSERT_TRUE(m_shop->set_business(moved, "test").ok());
  RegisterInfo info = state->registers.at("KASSE-01").info;
  info.name = "Hinten";
  ASSERT_TRUE(m_shop->add_register(info, true, "test").ok());
  sell("b", 100);
  ASSERT_TRUE(close("z").ok());
  sell("c", 100);
  ASSERT_TRUE(close("z2").ok());
  const auto first = load_closing(*m_shop, id, 1);
  EXPECT_EQ(first->business.street, "Marktstraße 5");
  EXPECT_EQ(first->register_info.name, "Theke");
  const auto second = load_closing(*m_shop, id, 2);
  EXPECT_EQ(second->business.street, "Neue Straße 1");
  EXPECT_EQ(second->register_info.name, "Hinten");
  // What is printed of a receipt later is what was in force when it was made.
  EXPECT_EQ(m_shop->receipt("KASSE-01-000002")->business.street, "Marktstraße 5");
  EXPECT_EQ(m_shop->receipt("KASSE-01-000002")->register_info.name, "Theke");
  EXPECT_EQ(m_shop->receipt("KASSE-01-000003")->register_info.name, "Hinten");
}

TEST_F(ClosingsTest, ACashReportOfAnotherProgramIsSecuredOrderByOrder) {
  RecordProperty("proves", "BIO-065 BIO-066 BIO-069");
  const auto report = cash_report_from_request(
      json::parse(
          R"({"register":"KASSE-01","orders":[{"key":"d1","what":"difference","amount":"-2.50"},)"
          R"({"key":"b1","what":"bank","amount":"-500","text":"Zur Bank"}]})")
          .value());
  ASSERT_TRUE(report.ok()) << report.error().detail;
  const auto booked = book_cash_report(*m_shop, *report, "back office");
  ASSERT_TRUE(booked.ok());
  ASSERT_EQ(booked->size(), 2U);
  for (const OrderBooked& order : *booked) {
    ASSERT_TRUE(order.answer.ok()) << order.answer.error().detail;
    EXPECT_EQ(order.answer->receipt.seal->outcome, Seal::Outcome::signed_by_tse);
  }
  EXPECT_EQ(booked->at(1).answer->receipt.plan.lines[0].gv_typ, GvTyp::geldtransit);
  const auto again = book_cash_report(*m_shop, *report, "back office");
  EXPECT_TRUE(again->at(0).answer->replayed);
  const auto state = m_shop->state();
  EXPECT_EQ(state->registers.at("KASSE-01").drawer.at(Currency::eur()), Money::from_cents(-50250));
  // Beside a shop that is open for reading only nothing is booked, and it is said.
  open(Shop::Mode::read);
  EXPECT_EQ(book_cash_report(*m_shop, *report, "back office").error().code, "E-CLO-120");
}

TEST(CashReport, ThatIsIncompleteIsRefused) {
  const auto code = [](const char* text) {
    const auto read = cash_report_from_request(json::parse(text).value());
    return read.ok() ? std::string("ok") : read.error().code;
  };
  EXPECT_EQ(code(R"({"register":"K","orders":[]})"), "E-CLO-121");
  EXPECT_EQ(code(R"({"register":"K","orders":[{"key":"a","what":"bank","amount":"0"}]})"),
            "E-CLO-121");
  EXPECT_EQ(code(R"({"register":"K","orders":[{"key":"a","what":"gift","amount":"1"}]})"),
            "E-CLO-121");
  EXPECT_EQ(code(R"({"register":"K","orders":[{"key":"a","what":"bank","amount":"1"},)"
                 R"({"key":"a","what":"bank","amount":"1"}]})"),
            "E-CLO-121");
}

}  // namespace
}  // namespace siegel::app
