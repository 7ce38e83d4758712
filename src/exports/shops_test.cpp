#include <gtest/gtest.h>

#include <array>

#include "base/random.h"
#include "exports/dsfinvk.h"
#include "exports/test_shop.h"

// Days with every business case, and random shops: what they export verifies with the log of their
// TSE, and sums rebuilt here from the plans alone agree with what the files state.

namespace siegel::exports {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the tests' own words
using verify::Severity;

/// Violations of an export that stands beside its TSE's log.
std::string violations(const verify::Report& report) {
  return listed_down_to(report, Severity::violation);
}

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : m_random(seed) {}
  std::uint64_t below(std::uint64_t limit) {
    std::array<std::byte, 8> bytes{};
    m_random.fill(bytes);
    std::uint64_t value = 0;
    for (const std::byte b : bytes) value = value << 8U | std::to_integer<std::uint64_t>(b);
    return value % limit;
  }
  bool one_in(std::uint64_t n) { return below(n) == 0; }
  std::int64_t cents(std::int64_t most) {
    return 1 + static_cast<std::int64_t>(below(static_cast<std::uint64_t>(most)));
  }

 private:
  SeededRandom m_random;
};

LineDraft article(Dice& dice) {
  static const std::array<const char*, 5> names = {"Bier; gro\xC3\x9F", "Br\xC3\xB6tchen",
                                                   "Men\xC3\xBC \"A\"", "K\xC3\xA4se", "Wein"};
  LineDraft line;
  line.text = names[dice.below(names.size())];
  line.quantity = Quantity::from_raw(static_cast<std::int64_t>(1 + dice.below(4)) * 1000);
  line.unit_price = UnitPrice::from_raw(dice.cents(3000) * 1000);
  line.vat = dice.one_in(2) ? "A" : "B";
  if (dice.one_in(3)) line.article = "A" + std::to_string(dice.below(9));
  if (dice.one_in(5)) {
    line.quantity = Quantity::from_raw(dice.cents(2500));
    line.unit = "kg";
    line.weighed = true;
  }
  if (dice.one_in(6)) line.in_house = dice.one_in(2);
  if (dice.one_in(8)) line.terminal = "T1";
  if (dice.one_in(8)) line.group = "Getr\xC3\xA4nke", line.group_id = "7";
  if (dice.one_in(9)) line.agency = 1;
  if (dice.one_in(7)) {
    const Money price = *multiply(line.quantity, *line.unit_price, Rounding::half_away);
    if (price.cents() > 10)
      line.discounts = {{"Rabatt", Money::from_cents(-price.cents() / 3)},
                        {"Zuschlag", Money::from_cents(2)}};
  }
  return line;
}

Money amount_of(const LineDraft& line) {
  if (line.cancelled) return {};
  Money sum =
      line.amount ? *line.amount : *multiply(line.quantity, *line.unit_price, Rounding::half_away);
  for (const DiscountDraft& discount : line.discounts) sum += discount.amount;
  return sum;
}

LineDraft case_line(GvTyp typ, std::int64_t cents, const std::string& vat = {}) {
  LineDraft line;
  line.text = std::string(gv_typ_text(typ));
  line.amount = Money::from_cents(cents);
  line.gv_typ = typ;
  line.vat = vat;
  return line;
}

PaymentDraft payment(std::int64_t cents, PaymentKind kind = PaymentKind::bar) {
  PaymentDraft out;
  out.kind = kind;
  out.amount = Money::from_cents(cents);
  return out;
}

void pay(ReceiptDraft& draft, Dice& dice) {
  Money total;
  for (const LineDraft& line : draft.lines) total += amount_of(line);
  const std::int64_t cents = total.cents();
  if (cents <= 0) {
    draft.payments = {payment(cents)};
    return;
  }
  switch (dice.below(6)) {
    case 0:
      draft.payments = {payment(cents + 500)};
      break;
    case 1:
      draft.payments = {payment(cents, PaymentKind::ec_karte)};
      draft.payments[0].name = "girocard";
      break;
    case 2:
      draft.payments = {payment(cents / 2), payment(cents - cents / 2, PaymentKind::kreditkarte)};
      break;
    case 3: {
      PaymentDraft francs = payment(cents + 100);
      francs.currency = Currency::parse("CHF").value();
      draft.payments = {francs};
      break;
    }
    default:
      draft.payments = {payment(cents)};
  }
}

ReceiptDraft random_draft(Dice& dice, const std::vector<std::string>& sold) {
  ReceiptDraft draft;
  draft.cashier = dice.one_in(2) ? "Anna" : "";
  if (dice.one_in(5)) draft.customer = "Müller";
  const std::size_t lines = 1 + dice.below(4);
  for (std::size_t i = 0; i < lines; ++i) draft.lines.push_back(article(dice));
  switch (dice.below(24)) {
    case 0:
      draft.kind = ReceiptKind::training;
      return draft;
    case 1:
      draft.kind = ReceiptKind::abort;
      draft.reason = "Gast gegangen";
      return draft;
    case 2:
      draft.kind = ReceiptKind::order;
      draft.groups = {"Tisch " + std::to_string(dice.below(1000))};
      return draft;
    case 3:
      draft = {};
      draft.kind = ReceiptKind::memo;
      draft.text =
          "Schublade ge\xC3\xB6"
          "ffnet";
      return draft;
    case 4:
      draft.lines = {case_line(GvTyp::geldtransit, -dice.cents(5000))};
      break;
    case 5:
      draft.lines = {case_line(GvTyp::privatentnahme, -dice.cents(5000))};
      break;
    case 6:
      draft.lines = {case_line(GvTyp::einzahlung, dice.cents(5000))};
      draft.payments = {payment(draft.lines[0].amount->cents())};
      return draft;
    case 7:
      draft.lines = {case_line(GvTyp::mehrzweckgutschein_kauf, 5000)};
      draft.lines[0].voucher = "G-" + std::to_string(dice.below(1'000'000'000));
      break;
    case 8:
      draft.lines.push_back(case_line(GvTyp::trinkgeld_an, dice.cents(300)));
      break;
    case 9:
      draft.lines.push_back(case_line(GvTyp::pfand, 25, "A"));
      draft.lines.push_back(case_line(GvTyp::pfand_rueckzahlung, -8, "A"));
      break;
    case 10:
      draft.lines[0].quantity = -draft.lines[0].quantity;
      draft.lines[0].discounts.clear();
      break;
    case 11:
      draft.lines.push_back(draft.lines[0]);
      draft.lines.back().cancelled = true;
      draft.lines.back().discounts.clear();
      break;
    case 12:
      draft.kind = ReceiptKind::other;
      draft.name = "Preisliste geladen";
      draft.lines.clear();
      return draft;
    case 13:
    case 14:
      if (!sold.empty()) {
        draft = {};
        draft.kind = ReceiptKind::reversal;
        draft.reverses = sold[dice.below(sold.size())];
        draft.reason = "Irrtum";
        return draft;
      }
      break;
    case 15: {
      LineDraft menu;
      menu.text =
          "Fr\xC3\xBChst\xC3\xBC"
          "ck";
      menu.amount = Money::from_cents(990);
      menu.shares = {{"B", Money::from_cents(690)}, {"A", Money::from_cents(200)}};
      menu.discounts = {{"Aktion", Money::from_cents(-100)}};
      menu.sub_items.resize(2);
      menu.sub_items[0].text = "Ei";
      menu.sub_items[0].vat = "B";
      menu.sub_items[0].price = Money::from_cents(690);
      menu.sub_items[1].text = "Saft";
      menu.sub_items[1].vat = "A";
      menu.sub_items[1].price = Money::from_cents(300);
      draft.lines.push_back(menu);
      break;
    }
    case 16:
      draft.references = {{ReferenceKind::external_delivery, "LS-17", "", 0},
                          {ReferenceKind::external_other, "47", "Auftrag", 1}};
      break;
    default:
      break;
  }
  pay(draft, dice);
  return draft;
}

std::vector<std::vector<std::string>> rows_of(const std::string& text) {
  std::vector<std::vector<std::string>> rows;
  std::vector<std::string> row(1);
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c != '"')
        row.back() += c;
      else if (i + 1 < text.size() && text[i + 1] == '"')
        row.back() += text[++i];
      else
        quoted = false;
    } else if (c == '"') {
      quoted = true;
    } else if (c == ';') {
      row.emplace_back();
    } else if (c == '\r' && text[i + 1] == '\n') {
      rows.push_back(std::exchange(row, std::vector<std::string>(1)));
      ++i;
    } else {
      row.back() += c;
    }
  }
  rows.erase(rows.begin());
  return rows;
}

std::int64_t cents_in(const std::string& text) {
  std::string digits;
  const std::size_t comma = text.find(',');
  digits = text.substr(0, comma) + text.substr(comma + 1, 2);
  return std::stoll(digits);
}

/// The sums of all closings, once from the plans and once from the files.
void expect_same_sums(const TestShop& shop, const MemoryFiles& files) {
  std::map<std::string, std::int64_t> of_plans;
  for (const journal::Entry& entry : shop.entries) {
    if (entry.kind != entry_kind::plan) continue;
    const Plan plan = plan_from_json(entry.payload).value();
    if (plan.bon_typ != "Beleg") continue;
    for (const PlanLine& line : plan.lines)
      for (const VatShare& share : line.shares)
        if (!line.cancelled)
          of_plans[fmt::format("{} {} {}", gv_typ_text(line.gv_typ), line.agency,
                               share.key.get())] += share.gross.cents();
    for (const PlanPayment& one : plan.payments)
      if (one.kind != PaymentKind::keine)
        of_plans[std::string(payment_kind_text(one.kind))] += one.value.cents();
    of_plans["Bar"] -= plan.change.cents();
  }
  std::map<std::string, std::int64_t> of_files;
  for (const auto& row : rows_of(files.files.at("businesscases.csv")))
    of_files[fmt::format("{} {} {}", row[3], row[5], row[6])] += cents_in(row[7]);
  for (const auto& row : rows_of(files.files.at("payment.csv")))
    of_files[row[3]] += cents_in(row[5]);
  std::map<std::string, std::int64_t> of_lines;
  std::set<std::string> counted;
  for (const auto& row : rows_of(files.files.at("transactions.csv")))
    if (row[5] == "Beleg") counted.insert(row[0] + "/" + row[3]);
  std::int64_t sold = 0;
  for (const auto& row : rows_of(files.files.at("datapayment.csv")))
    if (counted.contains(row[0] + "/" + row[3])) sold += cents_in(row[8]);
  std::int64_t closed = 0;
  for (const auto& row : rows_of(files.files.at("cashpointclosing.csv")))
    closed += cents_in(row[14]);
  EXPECT_EQ(sold, closed);
  const auto drop_zeros = [](auto& sums) {
    std::erase_if(sums, [](const auto& one) { return one.second == 0; });
  };
  drop_zeros(of_plans);
  drop_zeros(of_files);
  EXPECT_EQ(of_plans, of_files);
}

struct Days {
  std::size_t receipts = 0;
  std::size_t outages = 0;
};

/// Some days of business on some registers, with closings, outages and lost answers.
Days live(TestShop& shop, Dice& dice, std::size_t registers) {
  Days lived;
  std::vector<std::string> sold;
  const std::size_t days = 1 + dice.below(3);
  Instant day = shop.now.wall;
  for (std::size_t d = 0; d < days; ++d, day = day + std::chrono::hours(24)) {
    shop.set_wall(day);
    const std::size_t count = dice.below(14);
    for (std::size_t i = 0; i < count; ++i) {
      if (dice.one_in(12)) {
        constexpr std::array moods = {TestShop::Mood::dead,
                                      TestShop::Mood::does_it_and_says_nothing,
                                      TestShop::Mood::finishes_and_says_nothing};
        shop.mood = moods[dice.below(moods.size())];
        ++lived.outages;
      } else if (shop.mood != TestShop::Mood::works && dice.one_in(3)) {
        shop.recover();
      }
      const std::size_t till = 1 + dice.below(registers);
      const ReceiptDraft draft = random_draft(dice, sold);
      const auto number = shop.sell(till, draft);
      if (!number.ok()) {
        // Refused by law or state is legal; anything else is not.
        EXPECT_TRUE(number.error().kind == ErrorKind::conflict ||
                    number.error().code == "E-SAL-544")
            << number.error().code << " " << number.error().detail;
        continue;
      }
      ++lived.receipts;
      const Plan& plan = shop.plans.at(*number);
      if (plan.kind == ReceiptKind::receipt && plan.register_id == TestShop::reg(till) &&
          dice.one_in(2))
        sold.push_back(*number);
    }
    if (dice.one_in(2)) shop.recover();
    for (std::size_t till = 1; till <= registers; ++till) {
      const auto closing = shop.close(till);
      EXPECT_TRUE(closing.ok()) << closing.error().code << " " << closing.error().detail;
    }
  }
  if (dice.one_in(2)) shop.recover();
  return lived;
}

TEST(shops, of_200_random_shops_every_export_verifies_and_the_sums_agree) {
  RecordProperty("proves", "FCC-058");
  std::size_t receipts = 0;
  std::size_t outages = 0;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(seed);
    Dice dice(seed);
    const std::size_t registers = 1 + dice.below(3);
    Profile profile;
    profile.sign_closing = dice.one_in(3);
    TestShop shop(registers, profile);
    const Days days = live(shop, dice, registers);
    receipts += days.receipts;
    outages += days.outages;
    MemoryFiles files;
    const auto done = shop.export_to(files);
    ASSERT_TRUE(done.ok()) << done.error().code << " " << done.error().detail;
    expect_same_sums(shop, files);
    const auto outcome = shop.check(files);
    EXPECT_EQ(violations(outcome.report), "");
    EXPECT_EQ(outcome.report.signatures.invalid, 0U);
    if (HasFailure()) return;
    MemoryFiles again;
    ASSERT_TRUE(shop.export_to(again).ok());
    EXPECT_EQ(again.files, files.files) << "a second run gives other bytes";
  }
  EXPECT_GT(receipts, 1500U);
  EXPECT_GT(outages, 100U);
}

}  // namespace
}  // namespace siegel::exports
