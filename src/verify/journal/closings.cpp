#include "verify/journal/closings.h"

#include <fmt/format.h>

#include <algorithm>

#include "model/words.h"

namespace siegel::verify::journal {
namespace {

std::string euros(std::int64_t cents) { return Money::from_cents(cents).text(); }

/// What the journal knows as a Beleg [DSFinV-K 5.3]; all AV kinds and memos are none.
bool is_beleg(const Plan& plan) {
  if (!plan.bon_typ.empty()) return plan.bon_typ == "Beleg";
  return plan.kind == ReceiptKind::receipt || plan.kind == ReceiptKind::reversal;
}

/// Gross without the tax of `rate`, rounded half away from zero.
std::int64_t net_of(std::int64_t gross, int rate) {
  const std::int64_t divisor = 10'000 + rate;
  const std::int64_t size = gross < 0 ? -gross : gross;
  // gross is at most 10^12 cents times the receipts of a day: split so that nothing overflows.
  const std::int64_t whole = size / divisor;
  const std::int64_t rest = size % divisor;
  const std::int64_t net = whole * 10'000 + (rest * 20'000 + divisor) / (2 * divisor);
  return gross < 0 ? -net : net;
}

bool no_movement(GvTyp typ) { return typ < GvTyp::anfangsbestand; }

}  // namespace

void ClosingStory::take_register(const RegisterInfo& info) {
  m_tills[info.id.text()].base = info.base_currency.text();
}

void ClosingStory::take_removed(const std::string& register_id) {
  Till& till = m_tills[register_id];
  till.day.known = false;
  till.drawer_known = false;
}

void ClosingStory::take_plan(const Plan& plan, std::uint64_t sequence) {
  Till& till = m_tills[plan.register_id.text()];
  Day& day = till.day;
  till.open[sequence] = plan.receipt_number;
  ++day.receipts;
  if (day.first_number == 0) {
    day.first_number = plan.number;
    day.first_sequence = sequence;
  }
  day.last_number = plan.number;
  if (!plan.tse_serial.empty()) day.tses[plan.tse_serial] = true;
  if (!is_beleg(plan)) return;
  for (const PlanLine& line : plan.lines) {
    if (line.cancelled) continue;
    for (const VatShare& share : line.shares)
      day.cases[{line.gv_typ, line.gv_name, line.agency, share.key.get(),
                 share.rate.hundredths()}] += share.gross.cents();
  }
  const PlanPayment* giver = nullptr;  // the change comes from the first cash of the base currency
  for (const PlanPayment& payment : plan.payments) {
    if (payment.kind == PaymentKind::keine) continue;
    day.payments[{payment.kind, payment.name}] += payment.value.cents();
    if (payment.kind != PaymentKind::bar) continue;
    const std::string currency(payment.currency.text());
    day.cash[currency] += payment.amount.cents();
    till.drawer[currency] += payment.amount.cents();
    if (giver == nullptr && currency == till.base) giver = &payment;
  }
  if (plan.change == Money()) return;
  day.payments[{PaymentKind::bar, giver == nullptr ? "" : giver->name}] -= plan.change.cents();
  day.cash[till.base] -= plan.change.cents();
  till.drawer[till.base] -= plan.change.cents();
}

void ClosingStory::take_seal(const std::string& register_id, std::uint64_t plan_sequence,
                             const std::string& tse_serial) {
  Till& till = m_tills[register_id];
  till.open.erase(plan_sequence);
  if (!tse_serial.empty()) till.day.tses[tse_serial] = true;
}

void ClosingStory::take_closing(const Closing& closing, std::uint64_t sequence) {
  Till& till = m_tills[closing.register_id.text()];
  for (const auto& [plan, number] : till.open)
    m_find("JRN-0907", "", fmt::format("receipt {} has no seal", number), "everything is finished");
  if (m_whole) check_numbers(closing, till);
  if (till.day.known) check_sums(closing, till.day);
  check_nets(closing);
  check_drawer(closing, till);
  till.last_closing = sequence;
  till.day = {};
}

void ClosingStory::check_numbers(const Closing& closing, const Till& till) {
  if (closing.previous != till.last_closing)
    m_find("JRN-0901", "/previous", fmt::format("{}", closing.previous),
           fmt::format("{}", till.last_closing));
}

void ClosingStory::check_sums(const Closing& closing, const Day& day) {
  const auto number = [&](std::string_view place, std::uint64_t found, std::uint64_t expected) {
    if (found != expected)
      m_find("JRN-0902", place, fmt::format("{}", found), fmt::format("{}", expected));
  };
  number("/receipts", closing.receipts, day.receipts);
  number("/first_number", closing.first_number, day.first_number);
  number("/last_number", closing.last_number, day.last_number);
  number("/first_sequence", closing.first_sequence, day.first_sequence);
  std::vector<std::string> tses;
  for (const auto& [serial, used] : day.tses) tses.push_back(serial);
  if (closing.tses != tses)
    m_find("JRN-0902", "/tses", fmt::format("{}", fmt::join(closing.tses, " ")),
           fmt::format("{}", fmt::join(tses, " ")));

  std::int64_t turnover = 0;
  std::map<Case, std::int64_t> cases = day.cases;
  for (const auto& [of, gross] : day.cases)
    if (no_movement(std::get<GvTyp>(of))) turnover += gross;
  if (closing.turnover.cents() != turnover)
    m_find("JRN-0903", "/turnover", closing.turnover.text(), euros(turnover));
  for (std::size_t i = 0; i < closing.cases.size(); ++i) {
    const ClosingCase& one = closing.cases[i];
    const Case of{one.gv_typ, one.gv_name, one.agency, one.key.get(), one.rate.hundredths()};
    const auto expected = cases.find(of);
    if (expected == cases.end() || expected->second != one.gross.cents())
      m_find("JRN-0903", fmt::format("/cases/{}/gross", i), one.gross.text(),
             expected == cases.end() ? "no such group" : euros(expected->second));
    if (expected != cases.end()) cases.erase(expected);
  }
  for (const auto& [of, gross] : cases)
    m_find("JRN-0903", "/cases", "not there",
           fmt::format("{} key {}: {}", words::of(std::get<GvTyp>(of), words::gv_typ),
                       std::get<3>(of), euros(gross)));

  std::map<Payment, std::int64_t> payments = day.payments;
  for (std::size_t i = 0; i < closing.payments.size(); ++i) {
    const ClosingPayment& one = closing.payments[i];
    const auto expected = payments.find({one.kind, one.name});
    if (expected == payments.end() || expected->second != one.value.cents())
      m_find("JRN-0904", fmt::format("/payments/{}/value", i), one.value.text(),
             expected == payments.end() ? "no such payment" : euros(expected->second));
    if (expected != payments.end()) payments.erase(expected);
  }
  for (const auto& [of, value] : payments)
    m_find("JRN-0904", "/payments", "not there",
           fmt::format("{} {}: {}", words::of(of.first, words::payment_kind), of.second,
                       euros(value)));

  std::map<std::string, std::int64_t> cash = day.cash;
  for (std::size_t i = 0; i < closing.cash.size(); ++i) {
    const ClosingCash& one = closing.cash[i];
    const auto expected = cash.find(std::string(one.currency.text()));
    if (expected == cash.end() || expected->second != one.amount.cents())
      m_find("JRN-0904", fmt::format("/cash/{}/amount", i), one.amount.text(),
             expected == cash.end() ? "no such cash" : euros(expected->second));
    if (expected != cash.end()) cash.erase(expected);
  }
  for (const auto& [currency, amount] : cash)
    m_find("JRN-0904", "/cash", "not there", fmt::format("{} {}", euros(amount), currency));
}

void ClosingStory::check_nets(const Closing& closing) {
  for (std::size_t i = 0; i < closing.cases.size(); ++i) {
    const ClosingCase& one = closing.cases[i];
    const std::int64_t net = net_of(one.gross.cents(), one.rate.hundredths());
    if (one.net.cents() != net || one.tax.cents() != one.gross.cents() - net)
      m_find("JRN-0905", fmt::format("/cases/{}/net", i),
             fmt::format("{} + {}", one.net.text(), one.tax.text()),
             fmt::format("{} + {}", euros(net), euros(one.gross.cents() - net)));
  }
}

// A difference that was booked has moved the drawer to what was counted; one that was only stated
// has not.
void ClosingStory::check_drawer(const Closing& closing, const Till& till) {
  const auto entry = [](const auto& list, const Currency& currency) {
    const auto found =
        std::ranges::find(list, currency, [](const auto& one) { return one.currency; });
    return found == list.end() ? Money() : found->amount;
  };
  bool foreign = false;
  Money base_difference;
  for (const CountedCash& counted : closing.counted) {
    const Money difference = counted.amount - entry(closing.drawer, counted.currency);
    if (counted.currency.text() == till.base)
      base_difference += difference;
    else
      foreign = foreign || difference != Money();
    if (!m_whole || !till.drawer_known) continue;
    const auto running = till.drawer.find(std::string(counted.currency.text()));
    const std::int64_t now = running == till.drawer.end() ? 0 : running->second;
    if (now != counted.amount.cents() && now != entry(closing.drawer, counted.currency).cents())
      m_find("JRN-0906", "/drawer", entry(closing.drawer, counted.currency).text(), euros(now));
  }
  // That of foreign cash was valued with a rate of the day.
  if (!foreign && base_difference != closing.difference)
    m_find("JRN-0906", "/difference", closing.difference.text(), base_difference.text());
  if (!m_whole || !till.drawer_known) return;
  for (const auto& [currency, amount] : till.drawer) {
    const auto code = Currency::parse(currency);
    const bool counted = code.ok() && std::ranges::any_of(closing.counted, [&](const auto& one) {
                           return one.currency == *code;
                         });
    if (code.ok() && !counted && entry(closing.drawer, *code).cents() != amount)
      m_find("JRN-0906", "/drawer", entry(closing.drawer, *code).text(), euros(amount));
  }
}

}  // namespace siegel::verify::journal
