#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "base/file.h"
#include "country/de/de.h"
#include "format/json_fields.h"
#include "model/codec.h"
#include "print/text/text.h"

namespace siegel {
namespace {

struct Rung {
  Plan plan;
  bool explicit_flow = false;
  bool print = false;
};

struct Day {
  Business business;
  RegisterInfo register_info;
  std::vector<Rung> receipts;
  std::set<std::string> keys;
};

// Rings up the whole file in order, as a register would.
class BakeryDay : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    const auto file = read_file(SIEGEL_SOURCE_DIR "/examples/de/bakery-day.json", 1'000'000);
    ASSERT_TRUE(file.ok());
    const auto value = json::parse(text_of(*file));
    ASSERT_TRUE(value.ok()) << value.error().detail;
    const json::Object& root = *value->object();
    auto business = business_from_request(*root.find("business"), "/business");
    auto info = register_from_request(*root.find("register"), "/register");
    ASSERT_TRUE(business.ok()) << business.error().detail;
    ASSERT_TRUE(info.ok()) << info.error().detail;
    day().business = *business;
    day().register_info = *info;
    const json::Array& receipts = *root.find("receipts")->array();
    for (std::size_t i = 0; i < receipts.size(); ++i) {
      ring(*receipts[i].object(), "receipt " + std::to_string(i + 1));
    }
  }

  static Day& day() {
    static Day the_day;
    return the_day;
  }

  static std::string take_text(json::Object& object, std::string_view key) {
    const json::Value* value = object.find(key);
    std::string text = value != nullptr && value->string() != nullptr ? *value->string() : "";
    object.remove(key);
    return text;
  }

  static void ring(json::Object body, const std::string& place) {
    Rung rung;
    const auto at = LocalStamp::parse(take_text(body, "at"));
    ASSERT_TRUE(at.ok()) << place;
    EXPECT_TRUE(day().keys.insert(take_text(body, "key")).second) << place << ": key used twice";
    const std::string flow = take_text(body, "flow");
    EXPECT_TRUE(flow.empty() || flow == "explicit") << place;
    rung.explicit_flow = !flow.empty();
    LocalStamp began = *at;
    if (rung.explicit_flow) {
      const auto opened = LocalStamp::parse(take_text(body, "opened_at"));
      ASSERT_TRUE(opened.ok()) << place;
      EXPECT_LT(opened->instant(), at->instant()) << place;
      began = *opened;
    }
    rung.print = body.find("print") != nullptr;
    body.remove("print");

    const auto draft = draft_from_json(json::Value(std::move(body)));
    ASSERT_TRUE(draft.ok()) << place << draft.error().place << ": " << draft.error().detail;
    const auto original = std::find_if(
        day().receipts.begin(), day().receipts.end(),
        [&](const Rung& earlier) { return earlier.plan.receipt_number == draft->reverses; });
    const Profile profile;
    country::Facts facts{.now = *at,
                         .business = day().business,
                         .register_info = day().register_info,
                         .profile = profile,
                         .next_number = day().receipts.size() + 1,
                         .began = began};
    facts.original = original == day().receipts.end() ? nullptr : &original->plan;
    if (!day().receipts.empty()) {
      EXPECT_LT(day().receipts.back().plan.decided.instant(), at->instant()) << place;
    }
    auto plan = country::de::Germany().decide(*draft, facts);
    ASSERT_TRUE(plan.ok()) << place << plan.error().place << ": " << plan.error().code << " "
                           << plan.error().detail;
    rung.plan = std::move(plan).value();
    day().receipts.push_back(std::move(rung));
  }

  template <class Predicate>
  static std::ptrdiff_t count(const Predicate& predicate) {
    return std::count_if(day().receipts.begin(), day().receipts.end(),
                         [&](const Rung& rung) { return predicate(rung.plan); });
  }

  static std::ptrdiff_t count_lines(GvTyp typ) {
    return count([typ](const Plan& plan) {
      return std::any_of(plan.lines.begin(), plan.lines.end(),
                         [typ](const PlanLine& line) { return line.gv_typ == typ; });
    });
  }
};

TEST_F(BakeryDay, HasAtLeastSixtySales) {
  EXPECT_GE(count_lines(GvTyp::umsatz), 60);
  EXPECT_GE(count([](const Plan& plan) {
              return plan.kind == ReceiptKind::receipt && !plan.lines.empty() &&
                     plan.lines.front().gv_typ == GvTyp::umsatz;
            }),
            60);
}

TEST_F(BakeryDay, ShowsEveryKindOfProcess) {
  for (const ReceiptKind kind :
       {ReceiptKind::receipt, ReceiptKind::reversal, ReceiptKind::training, ReceiptKind::abort,
        ReceiptKind::order, ReceiptKind::transfer, ReceiptKind::benefit, ReceiptKind::memo}) {
    EXPECT_GE(count([kind](const Plan& plan) { return plan.kind == kind; }), 1)
        << receipt_kind_text(kind);
  }
  for (const GvTyp typ :
       {GvTyp::pfand, GvTyp::pfand_rueckzahlung, GvTyp::rabatt, GvTyp::trinkgeld_an,
        GvTyp::mehrzweckgutschein_kauf, GvTyp::mehrzweckgutschein_einloesung, GvTyp::anfangsbestand,
        GvTyp::geldtransit, GvTyp::einzahlung, GvTyp::auszahlung}) {
    EXPECT_GE(count_lines(typ), 1) << gv_typ_text(typ);
  }
  const auto any_line = [](const auto& predicate) {
    return count([&](const Plan& plan) {
      return plan.kind == ReceiptKind::receipt &&
             std::any_of(plan.lines.begin(), plan.lines.end(), predicate);
    });
  };
  EXPECT_GE(any_line([](const PlanLine& line) { return line.shares.size() > 1; }), 1);
  EXPECT_GE(any_line([](const PlanLine& line) { return !line.discounts.empty(); }), 1);
  EXPECT_GE(any_line([](const PlanLine& line) {
              return line.quantity < Quantity() && line.gv_typ == GvTyp::umsatz;
            }),
            1);
  EXPECT_GE(any_line([](const PlanLine& line) { return !line.unit.empty(); }), 1);
  EXPECT_GE(count([](const Plan& plan) { return plan.vat.size() > 1; }), 10);
  EXPECT_GE(count([](const Plan& plan) { return plan.has_first_order; }), 1);
  EXPECT_EQ(std::count_if(day().receipts.begin(), day().receipts.end(),
                          [](const Rung& rung) { return rung.print; }),
            3);
  EXPECT_GE(std::count_if(day().receipts.begin(), day().receipts.end(),
                          [](const Rung& rung) { return rung.explicit_flow; }),
            5);
}

TEST_F(BakeryDay, ShowsEveryWayToPay) {
  for (const PaymentKind kind :
       {PaymentKind::bar, PaymentKind::ec_karte, PaymentKind::kreditkarte,
        PaymentKind::el_zahlungsdienstleister, PaymentKind::guthabenkarte}) {
    EXPECT_GE(count([kind](const Plan& plan) {
                return std::any_of(
                    plan.payments.begin(), plan.payments.end(),
                    [kind](const PlanPayment& payment) { return payment.kind == kind; });
              }),
              1)
        << payment_kind_text(kind);
  }
  EXPECT_GE(count([](const Plan& plan) { return plan.payments.size() > 1; }), 2);
  EXPECT_GE(count([](const Plan& plan) {
              return plan.change > Money() && plan.payments.front().currency != Currency::eur();
            }),
            1);
}

TEST_F(BakeryDay, LeavesNoMinusInTheDrawer) {
  Money drawer;
  for (const Rung& rung : day().receipts) {
    for (const PlanPayment& payment : rung.plan.payments) {
      if (payment.kind == PaymentKind::bar && payment.currency == Currency::eur()) {
        drawer += payment.amount;
      }
    }
    drawer += -rung.plan.change;
    EXPECT_GE(drawer, Money()) << rung.plan.receipt_number;
  }
}

TEST_F(BakeryDay, EveryReceiptCanBePrinted) {
  for (const Rung& rung : day().receipts) {
    Receipt receipt;
    receipt.plan = rung.plan;
    receipt.business = day().business;
    receipt.register_info = day().register_info;
    const auto document = country::de::Germany().print(receipt, {}, {});
    for (const int columns : {32, 42, 48}) {
      const auto text = print::render_text(document, {.columns = columns});
      ASSERT_TRUE(text.ok());
      EXPECT_NE(text->find(rung.plan.receipt_number), std::string::npos);
    }
  }
}

}  // namespace
}  // namespace siegel
