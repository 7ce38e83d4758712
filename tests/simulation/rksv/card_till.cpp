#include "card_till.h"

#include <fmt/format.h>

#include <algorithm>

namespace siegel::simulation::rksv {
namespace {

using recorder::Sell;

constexpr const char* vat_words[] = {"20.00", "10.00", "13.00", "0.00", "19.00"};

LineDraft line(std::int64_t cents, const char* vat) {
  LineDraft out;
  out.text = "Melange";
  out.amount = Money::from_cents(cents);
  out.vat = vat;
  return out;
}

PaymentDraft cash(std::int64_t cents) {
  PaymentDraft out;
  out.amount = Money::from_cents(cents);
  return out;
}

Hash256 fingerprint_of(const std::string& key) {
  Hash256 out{};
  std::copy_n(bytes_of(key).begin(), std::min(out.size(), key.size()), out.begin());
  return out;
}

}  // namespace

CardTills::CardTills(CardShop& shop, CardOracle& oracle)
    : m_shop(shop), m_oracle(oracle), m_tills(shop.registers()) {}

void CardTills::new_day(std::size_t actions_each) {
  for (Till& till : m_tills) till.actions = actions_each;
}

std::string CardTills::new_key(std::size_t till) {
  return fmt::format("k{}-{}", till + 1, m_tills[till].next_key++);
}

ReceiptDraft CardTills::draw_sale() {
  ReceiptDraft draft;
  std::int64_t total = 0;
  for (std::uint64_t i = 0; i <= below(3); ++i) {
    // Sometimes something is taken back.
    const std::int64_t cents =
        static_cast<std::int64_t>(below(20'000)) - (below(6) == 0 ? 20'000 : 0);
    if (cents == 0) continue;
    draft.lines.push_back(line(cents, vat_words[below(std::size(vat_words))]));
    total += cents;
  }
  if (draft.lines.empty()) {
    draft.lines.push_back(line(500, vat_words[0]));
    total = 500;
  }
  draft.payments.push_back(cash(total));
  return draft;
}

bool CardTills::act() {
  std::vector<std::size_t> free;
  for (std::size_t i = 0; i < m_tills.size(); ++i)
    // Now and then a till sends the next request before the answer to the last one.
    if (m_tills[i].actions > 0 && (m_tills[i].waiting == 0 || below(10) == 0)) free.push_back(i);
  if (!free.empty() && below(2) == 0) begin(free[below(free.size())]);
  const bool busy = !at_rest();
  if (below(busy ? 100 : 5) == 0) m_shop.clock().advance(std::chrono::milliseconds(below(8000)));
  return busy || std::any_of(m_tills.begin(), m_tills.end(),
                             [](const Till& till) { return till.actions > 0; });
}

bool CardTills::at_rest() const {
  return std::all_of(m_tills.begin(), m_tills.end(),
                     [](const Till& till) { return till.waiting == 0; });
}

void CardTills::begin(std::size_t index) {
  Till& till = m_tills[index];
  // What was never answered comes first, or it is given up until the evening of the year.
  if (below(2) == 0 && repeat_first(index)) return;
  --till.actions;
  Request request;
  request.till = index;
  const std::uint64_t what = below(100);
  if (what < 8 && !till.receipts.empty()) {
    request.key = new_key(index);
    request.draft.kind = ReceiptKind::reversal;
    request.draft.reverses = till.receipts[below(till.receipts.size())];
    request.draft.reason = "Irrtum";
  } else if (what < 16) {
    request.key = new_key(index);
    request.draft = draw_sale();
    request.draft.kind = ReceiptKind::training;
    request.draft.payments.clear();
  } else if (what < 20) {
    request.key = new_key(index);
    request.draft.kind = ReceiptKind::zero;
  } else if (what < 24) {
    request.key = new_key(index);
    request.draft.lines.push_back(line(10'000, ""));
    request.draft.lines.back().gv_typ = GvTyp::geldtransit;
    request.draft.payments.push_back(cash(10'000));
  } else if (what < 30) {
    request.kind = Kind::open;
    request.key = new_key(index);
    till.open.push_back(request.key);
  } else if (what < 36 && !till.open.empty()) {
    request.key = till.open.back();
    till.open.pop_back();
    request.flow = Sell::Flow::finish;
    request.draft = draw_sale();
  } else if (what < 42 && !m_requests.empty()) {
    // The same again.
    const Request& earlier = m_requests[below(m_requests.size())];
    if (earlier.kind == Kind::sell) {
      request = earlier;
      request.waits = request.done = false;
    } else {
      request.key = new_key(index);
      request.draft = draw_sale();
    }
  } else {
    request.key = new_key(index);
    request.draft = draw_sale();
  }
  add(std::move(request));
}

void CardTills::close_day() {
  for (std::size_t i = 0; i < m_tills.size(); ++i) {
    if (below(10) == 0) continue;  // forgotten
    Request request;
    request.kind = Kind::close;
    request.till = i;
    request.key = new_key(i);
    add(std::move(request));
  }
}

void CardTills::add(Request request) {
  m_requests.push_back(std::move(request));
  send(m_requests.size() - 1);
}

void CardTills::send(std::size_t index) {
  Request& request = m_requests[index];
  const RegisterId register_id = register_name(request.till);
  request.waits = true;
  ++m_tills[request.till].waiting;
  const auto lookup = m_shop.look_up(register_id, request.key, request.draft.reverses);
  runtime::sim::World::Body body;
  switch (request.kind) {
    case Kind::sell:
      body = Sell{register_id,   request.flow, request.key, fingerprint_of(request.key),
                  request.draft, lookup};
      break;
    case Kind::open:
      body = recorder::Open{register_id, VorgangId(request.key), lookup};
      break;
    case Kind::close:
      body = recorder::Close{register_id, request.key, fingerprint_of(request.key), {}, lookup};
      break;
  }
  m_shop.world().submit(
      register_id.text(), "anna", std::move(body),
      [this, index](const Result<recorder::Accepted>& result) { answer(index, result); });
}

void CardTills::answer(std::size_t index, const Result<recorder::Accepted>& result) {
  Request& request = m_requests[index];
  if (!request.waits) {
    m_problems.push_back(fmt::format("request {} was answered without being asked", request.key));
    return;
  }
  request.waits = false;
  --m_tills[request.till].waiting;
  if (result)
    accepted(request, *result);
  else
    refused(request, result.error());
}

void CardTills::accepted(Request& request, const recorder::Accepted& accepted) {
  request.done = true;
  if (request.kind == Kind::open) return;
  m_oracle.acknowledged(register_name(request.till), request.key, accepted);
  if (!accepted.plan || request.kind != Kind::sell) return;
  if (accepted.plan->kind == ReceiptKind::receipt)
    m_tills[request.till].receipts.push_back(accepted.plan->receipt_number);
  ++(accepted.seal->outcome == Seal::Outcome::unsigned_outage ? m_unsigned : m_signed);
}

void CardTills::refused(Request& request, const Error& error) {
  const std::string& code = error.code;
  if (code == "E-JRN-203" || code == "E-JRN-204" || code == "E-API-603") return;  // to be repeated
  request.done = true;
  const bool repeated =
      std::count_if(m_requests.begin(), m_requests.end(), [&](const Request& other) {
        return other.till == request.till && other.key == request.key;
      }) > 1;
  const bool expected = (request.draft.kind == ReceiptKind::reversal &&
                         (code == "E-SAL-513" || code == "E-SAL-514" || code == "E-SAL-515")) ||
                        ((repeated || request.flow == Sell::Flow::finish) && code == "E-SAL-540") ||
                        (request.kind == Kind::open && repeated && code == "E-SAL-541") ||
                        (request.kind == Kind::close && code == "E-CLO-100");  // a table is open
  if (!expected)
    m_problems.push_back(fmt::format("{} of register {} was refused: {} {}", request.key,
                                     request.till + 1, code, error.detail));
}

void CardTills::restarted() {
  for (Request& request : m_requests) request.waits = false;
  for (Till& till : m_tills) till.waiting = 0;
}

bool CardTills::repeat_first(std::size_t till) {
  for (std::size_t i = 0; i < m_requests.size(); ++i) {
    if (m_requests[i].till != till || m_requests[i].done || m_requests[i].waits) continue;
    send(i);
    return true;
  }
  return false;
}

void CardTills::repeat_unanswered() {
  for (std::size_t round = 0; round < 20 + 4 * m_requests.size(); ++round) {
    bool any = false;
    for (std::size_t till = 0; till < m_tills.size(); ++till) any = repeat_first(till) || any;
    if (!any) return;
    m_shop.world().settle();
  }
  m_problems.emplace_back("requests were refused again and again");
}

}  // namespace siegel::simulation::rksv
