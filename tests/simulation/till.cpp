#include "till.h"

#include <fmt/format.h>

#include <algorithm>

#include "crypto/hash.h"

namespace siegel::simulation {
namespace {

using recorder::Sell;

Hash256 fingerprint_of(const std::string& text) {
  Hash256 out{};
  const std::size_t count = std::min(out.size(), text.size());
  std::copy_n(bytes_of(text).begin(), count, out.begin());
  return out;
}

LineDraft line(std::int64_t cents, const char* vat) {
  LineDraft out;
  out.text = "Brezel";
  out.amount = Money::from_cents(cents);
  out.vat = vat;
  return out;
}

PaymentDraft cash(std::int64_t cents) {
  PaymentDraft out;
  out.amount = Money::from_cents(cents);
  return out;
}

}  // namespace

Tills::Tills(Shop& shop, Oracle& oracle, std::size_t actions_each)
    : m_shop(shop), m_oracle(oracle), m_tills(shop.registers()) {
  for (Till& till : m_tills) till.actions = actions_each;
}

std::string Tills::new_key(std::size_t till) {
  return fmt::format("k{}-{}", till + 1, m_tills[till].next_key++);
}

/// Every amount occurs once, so that each receipt's process data is its own. Some tills sell the
/// same thing again and again, though.
ReceiptDraft Tills::draw_sale() {
  ReceiptDraft draft;
  const std::int64_t cents = below(4) == 0 ? 100 : m_next_cents++;
  draft.lines.push_back(line(cents, below(2) == 0 ? "A" : "B"));
  draft.payments.push_back(cash(cents));
  return draft;
}

bool Tills::act() {
  std::vector<std::size_t> free;
  bool busy = false;
  for (std::size_t i = 0; i < m_tills.size(); ++i) {
    busy = busy || m_tills[i].waiting > 0;
    // Now and then a till sends the next request before the answer to the last one.
    if (m_tills[i].actions > 0 && (m_tills[i].waiting == 0 || below(20) == 0)) free.push_back(i);
  }
  if (!free.empty() && below(2) == 0) begin(free[below(free.size())]);
  // Between two customers; and sometimes the machine itself stands still for a while.
  if (below(busy ? 100 : 5) == 0) m_shop.clock().advance(std::chrono::milliseconds(below(8000)));
  return busy || std::any_of(m_tills.begin(), m_tills.end(),
                             [](const Till& till) { return till.actions > 0; });
}

void Tills::begin(std::size_t index) {
  Till& till = m_tills[index];
  --till.actions;
  Request request;
  request.till = index;
  const std::uint64_t what = below(100);
  const auto earlier = [&]() -> const Request* {
    std::vector<const Request*> all;
    for (const Request& one : m_requests)
      if (one.till == index && one.kind == Kind::sell) all.push_back(&one);
    return all.empty() ? nullptr : all[below(all.size())];
  };
  if (what < 15) {
    request.kind = Kind::open;
    request.key = new_key(index);
    till.open.push_back(request.key);
  } else if (what < 40 && !till.open.empty()) {
    const std::size_t which = below(till.open.size());
    request.key = till.open[which];
    if (what < 22) {
      request.kind = Kind::update;
    } else {
      till.open.erase(till.open.begin() + static_cast<std::ptrdiff_t>(which));
      request.flow = Sell::Flow::finish;
      request.draft = draw_sale();
      if (what < 28) {
        request.draft = {};
        request.draft.kind = ReceiptKind::abort;
      }
    }
  } else if (what < 46 && !till.receipts.empty()) {
    request.key = new_key(index);
    request.draft.kind = ReceiptKind::reversal;
    request.draft.reverses = till.receipts[below(till.receipts.size())];
    request.draft.reason = "Irrtum";
  } else if (what < 50) {
    request.key = new_key(index);
    request.draft = draw_sale();
    request.draft.kind = ReceiptKind::training;
    request.draft.payments.clear();
  } else if (const Request* same = what < 62 ? earlier() : nullptr; same != nullptr) {
    request = *same;  // the same again, or something else under its key
    request.waits = request.done = false;
    request.answers = 0;
    if (what >= 58) request.kind = Kind::other_body;
  } else if (what < 64) {
    office();
    return;
  } else {
    request.key = new_key(index);
    request.draft = draw_sale();
  }
  send(add(std::move(request)));
}

/// What happens behind the counter: the master data change, a TSE is switched.
void Tills::office() {
  const auto enter = [&](auto value, bool replaces) {
    m_shop.world().submit("office", "chef", recorder::Master{std::move(value), replaces},
                          [](const Result<recorder::Accepted>&) {});
  };
  if (below(2) == 0) {
    Business business;
    business.name = fmt::format("Bäckerei Sonntag {}", below(100));
    business.street = "Marktplatz 3";
    business.postcode = "89073";
    business.city = "Ulm";
    business.tax_number = "88/123/45678";
    enter(business, false);
    return;
  }
  const TseSwitch::Mode modes[] = {TseSwitch::Mode::on, TseSwitch::Mode::on, TseSwitch::Mode::off,
                                   TseSwitch::Mode::emergency};
  enter(TseSwitch{m_shop.tse_serial(below(m_shop.tses())), modes[below(4)], "geprüft"}, false);
}

std::size_t Tills::add(Request request) {
  m_requests.push_back(std::move(request));
  return m_requests.size() - 1;
}

void Tills::send(std::size_t index) {
  Request& request = m_requests[index];
  const RegisterId register_id = register_name(request.till);
  request.waits = true;
  ++m_tills[request.till].waiting;
  const auto lookup = m_shop.look_up(register_id, request.key, request.draft.reverses);
  runtime::sim::World::Body body;
  switch (request.kind) {
    case Kind::sell:
    case Kind::other_body:
      body = Sell{register_id,   request.flow,
                  request.key,   fingerprint_of(request.kind == Kind::sell ? request.key : "other"),
                  request.draft, lookup};
      break;
    case Kind::open:
      body = recorder::Open{register_id, VorgangId(request.key), lookup};
      break;
    case Kind::update:
      body = recorder::Update{register_id, VorgangId(request.key), R"({"lines":[]})"};
      break;
  }
  m_shop.world().submit(
      register_id.text(), "anna", std::move(body),
      [this, index](Result<recorder::Accepted> result) { answer(index, result); });
}

void Tills::answer(std::size_t index, const Result<recorder::Accepted>& result) {
  Request& request = m_requests[index];
  if (!request.waits) {
    m_problems.push_back(fmt::format("request {} was answered without being asked", request.key));
    return;
  }
  request.waits = false;
  --m_tills[request.till].waiting;
  ++request.answers;
  ++m_answered;
  if (result)
    accepted(request, *result);
  else
    refused(request, result.error());
}

void Tills::accepted(Request& request, const recorder::Accepted& accepted) {
  request.done = true;
  if (request.kind != Kind::sell && request.kind != Kind::other_body) return;
  const std::string name = recorder::scoped(register_name(request.till).text(), request.key);
  const auto [booked, first] = m_booked.emplace(name, request.kind);
  if (!first && booked->second != request.kind)
    m_problems.push_back(fmt::format("key {} was taken with two bodies", request.key));
  m_oracle.acknowledged(register_name(request.till), request.key, accepted);
  if (!accepted.plan) return;
  if (accepted.plan->kind == ReceiptKind::receipt)
    m_tills[request.till].receipts.push_back(accepted.plan->receipt_number);
  const bool is_signed = accepted.seal && accepted.seal->outcome == Seal::Outcome::signed_by_tse;
  ++(is_signed ? m_signed : m_unsigned);
}

void Tills::refused(Request& request, const Error& error) {
  const std::string& code = error.code;
  if (code == "E-JRN-203" || code == "E-JRN-204" || code == "E-API-603") return;  // to be repeated
  request.done = true;
  // A till that mixed up its requests is told so; nothing else may be refused.
  const bool reversal = request.draft.kind == ReceiptKind::reversal;
  const bool repeated =
      std::count_if(m_requests.begin(), m_requests.end(), [&](const Request& other) {
        return other.till == request.till && other.key == request.key;
      }) > 1;
  const bool expected = (repeated && (code == "E-API-601" || code == "E-SAL-540" ||
                                      code == "E-SAL-541" || code == "E-SAL-542")) ||
                        (reversal && (code == "E-SAL-513" || code == "E-SAL-514"));
  if (!expected)
    m_problems.push_back(fmt::format("{} of register {} was refused: {} {}", request.key,
                                     request.till + 1, code, error.detail));
}

void Tills::restarted() {
  for (Request& request : m_requests) request.waits = false;
  for (Till& till : m_tills) till.waiting = 0;
}

void Tills::repeat_unanswered() {
  for (int round = 0; round < 20; ++round) {
    bool any = false;
    for (std::size_t i = 0; i < m_requests.size(); ++i) {
      if (m_requests[i].done || m_requests[i].waits) continue;
      any = true;
      send(i);
    }
    if (!any) return;
    m_shop.world().settle();
  }
  m_problems.emplace_back("requests were refused again and again");
}

}  // namespace siegel::simulation
