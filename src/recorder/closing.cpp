#include "recorder/closing.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "base/mutant.h"
#include "crypto/hash.h"
#include "format/json.h"
#include "model/codec.h"
#include "recorder/batch.h"
#include "recorder/checks.h"
#include "recorder/recorder.h"

// The end of a register's day. A closing that needs no receipt of its own is one entry. One that
// books a difference or is signed begins with an entry that holds the request, durable together
// with its first receipt, and ends in the append that holds the seal of its last one: after a power
// cut it is either not there or finished.

namespace siegel::recorder {
namespace {

bool is_last_of_month(const LocalStamp& now) {
  const auto today = now.date().ymd();
  return today == today.year() / today.month() / std::chrono::last;
}

std::vector<ClosingCash> listed(const CashMoved& moved) {
  std::vector<ClosingCash> out;
  for (const auto& [currency, amount] : moved) out.push_back({currency, amount});
  return out;
}

/// What is too much or too little of one currency.
struct Difference {
  Currency currency;
  Money amount;
  Money value;  ///< in the base currency
};

Result<std::vector<Difference>> differences_of(const RegisterState& reg, const Business& business,
                                               const ClosingRequest& request, Date day) {
  std::vector<Difference> out;
  std::set<Currency> seen;
  const Currency& base = reg.info.base_currency;
  for (std::size_t i = 0; i < request.counted.size(); ++i) {
    const CountedCash& counted = request.counted[i];
    const std::string place = fmt::format("/counted/{}", i);
    if (!seen.insert(counted.currency).second)
      return invalid("E-CLO-111", fmt::format("{} is counted twice", counted.currency.text()),
                     place);
    if (counted.amount < Money())
      return invalid("E-CLO-112", "no drawer holds less than nothing", place);
    const auto expected = reg.drawer.find(counted.currency);
    const Money amount =
        counted.amount - (expected == reg.drawer.end() ? Money() : expected->second);
    if (amount == Money()) continue;
    Money value = amount;
    if (counted.currency != base) {
      const auto rate = rate_on(business, base, counted.currency, day);
      if (!rate)
        return conflict("E-CLO-113",
                        fmt::format("the difference of {} {} cannot be booked: there is no rate "
                                    "from {} to {} on {}",
                                    amount.text(), counted.currency.text(), base.text(),
                                    counted.currency.text(), day.text()),
                        place);
      value = in_base(amount, *rate);
    }
    out.push_back({counted.currency, amount, value});
  }
  return out;
}

/// One line and one payment per currency: what was found, by sign [DSFinV-K Anhang C].
ReceiptDraft difference_draft(const RegisterState& reg, const std::vector<Difference>& differences,
                              std::uint64_t number) {
  ReceiptDraft draft;
  for (const Difference& difference : differences) {
    LineDraft line;
    line.text = "Kassendifferenz";
    if (difference.currency != reg.info.base_currency)
      line.text += fmt::format(" {}", difference.currency.text());
    line.gv_typ = GvTyp::differenz_soll_ist;
    line.amount = difference.value;
    draft.lines.push_back(std::move(line));
    draft.payments.push_back({.kind = PaymentKind::bar,
                              .amount = difference.amount,
                              .currency = difference.currency,
                              .value = difference.value,
                              .name = {}});
  }
  draft.text = fmt::format("Z {}", number);
  return draft;
}

/// The hash is that of the canonical JSON of the three lists of sums.
ReceiptDraft signature_draft(const Closing& closing) {
  json::Object sums;
  if (const auto whole = json::parse(to_json(closing), {.bytes_max = std::size_t{16} << 20}))
    for (const std::string_view list : {"cases", "cash", "payments"})
      if (const json::Value* value = whole->object()->find(list)) sums.set(list, *value);
  ReceiptDraft draft;
  draft.kind = ReceiptKind::memo;
  draft.text =
      fmt::format("Kassenabschluss;Z {};{};{} Belege {}-{};Umsatz {};SHA-256 {}", closing.number,
                  closing.at.text(), closing.receipts, closing.first_number, closing.last_number,
                  closing.turnover.text(), hex(crypto::sha256(bytes_of(json::canonical(sums)))));
  return draft;
}

}  // namespace

std::vector<Error> closing_obstacles(const State& state, const RegisterState& reg) {
  std::vector<Error> out;
  const std::string& id = reg.info.id.text();
  std::set<std::string> of_parties;
  for (const auto& [circle, party] : state.parties) {
    if (party.register_id != reg.info.id) continue;
    of_parties.insert(party.vorgang);
    const std::string place = fmt::format("/registers/{}/parties/{}", id, circle);
    const std::string open =
        fmt::format("{} {}", party.open().text(), reg.info.base_currency.text());
    if (!party.forwarded_from.empty())
      out.push_back(conflict("E-CLO-103",
                             fmt::format("{} came from register {} and was not collected: {} open",
                                         circle, party.forwarded_from, open),
                             place));
    else if (party.parked)
      out.push_back(
          conflict("E-CLO-102", fmt::format("receipt {} is parked: {} open", circle, open), place));
    else
      out.push_back(conflict(
          "E-CLO-101", fmt::format("table {} ({}) still has {} open", party.table, circle, open),
          place));
  }
  for (const auto& [key, vorgang] : state.vorgaenge)
    if (vorgang.opened.register_id == reg.info.id &&
        !of_parties.contains(vorgang.opened.vorgang.get()))
      out.push_back(
          conflict("E-CLO-104",
                   fmt::format("Vorgang \"{}\" is open since {}: finish or abort it",
                               vorgang.opened.vorgang.get(), vorgang.opened.began.text()),
                   fmt::format("/registers/{}/vorgaenge/{}", id, vorgang.opened.vorgang.get())));
  for (const auto& [at, plan] : state.unsealed)
    if (plan.register_id == reg.info.id)
      out.push_back(conflict("E-CLO-105",
                             fmt::format("receipt {} is not finished yet: the TSE is being asked",
                                         plan.receipt_number),
                             fmt::format("/receipts/{}", plan.receipt_number)));
  return out;
}

std::optional<UnitPrice> rate_on(const Business& business, const Currency& base,
                                 const Currency& currency, Date day) {
  const ExchangeRate* latest = nullptr;
  for (const ExchangeRate& rate : business.rates)
    if (rate.base == base && rate.currency == currency && rate.from <= day &&
        (latest == nullptr || rate.from > latest->from))
      latest = &rate;
  if (latest == nullptr || latest->rate <= UnitPrice()) return {};
  return latest->rate;
}

Money in_base(Money amount, UnitPrice rate) {
  __extension__ using Wide = __int128;
  const bool negative = amount < Money();
  const Wide cents = negative ? -Wide{amount.cents()} : Wide{amount.cents()};
  const Wide one = 100'000;  // UnitPrice has five decimals
  const Wide rounded = (cents * one * 2 + rate.raw()) / (Wide{rate.raw()} * 2);
  const auto value = static_cast<std::int64_t>(rounded);
  return Money::from_cents(negative ? -value : value);
}

Closing totals_now(const RegisterState& reg, const LocalStamp& now) {
  Closing closing;
  closing.register_id = reg.info.id;
  closing.number = reg.closings + 1;
  closing.at = now;
  closing.previous = reg.last_closing;
  closing.business_sequence = reg.business_sequence;
  closing.register_sequence = reg.register_sequence;
  reg.day.state_in(closing);
  closing.drawer = listed(reg.drawer);
  return closing;
}

Result<Ok> Recorder::begin_close(Lane& lane, const Command& command, const Close& close, Now now,
                                 Effects& effects) {
  SIEGEL_TRY_OK(check_key(close.key));
  const KnownKey* known = m_state.find_key(close.register_id, close.key);
  if (known == nullptr && close.lookup.key) known = &*close.lookup.key;
  if (known != nullptr) {
    if (known->fingerprint != close.fingerprint) return key_reused(close.key);
    reply_when_durable(m_state.sequence, {command.request},
                       {.sequence = known->sequence, .replayed = true}, effects);
    return Ok{};
  }
  if (close.lookup.position < m_state.forgotten_up_to)
    return unavailable("E-API-603", "the look-up is older than what is in memory; repeat it");
  SIEGEL_TRY(const RegisterState* reg, ready_register(close.register_id));
  if (reg->rksv && !reg->rksv->start)
    return conflict(
        "E-RKS-303",
        fmt::format("register {} has no Startbeleg yet: there is no day to close", lane.id),
        "/register");
  const Business& business = m_state.business_of(*reg);
  SIEGEL_TRY(const LocalStamp stamp, local(now, business));
  SIEGEL_TRY_OK(check_nothing_open(*reg));
  if (close.request.business_day && *close.request.business_day > stamp.date())
    return invalid(
        "E-CLO-114",
        fmt::format("business day {} is in the future", close.request.business_day->text()),
        "/business_day");
  SIEGEL_TRY(const auto differences, differences_of(*reg, business, close.request, stamp.date()));

  ClosingBegun begun{.register_id = close.register_id,
                     .number = reg->closings + 1,
                     .key = close.key,
                     .fingerprint = close.fingerprint,
                     .last_of_month = close.last_of_month,
                     .request = close.request,
                     .drawer = listed(reg->drawer)};
  for (const Difference& difference : differences) begun.difference += difference.value;
  begun.books_difference = m_state.profile.book_difference && !differences.empty();
  begun.is_signed = m_state.profile.sign_closing && !reg->rksv;

  Batch batch(m_state.sequence, now.wall);
  if (!begun.books_difference && !begun.is_signed) {
    lane.closing_waiters = {command.request};
    add_closing(lane, begun, command.actor, batch);
    append(batch, effects);
    ready(lane);
    return Ok{};
  }
  const ReceiptDraft draft = begun.books_difference
                                 ? difference_draft(*reg, differences, begun.number)
                                 : signature_draft(totals_now(*reg, stamp));
  SIEGEL_TRY(Plan plan, decide_own(*reg, draft,
                                   VorgangId(begun.books_difference ? begun.difference_vorgang()
                                                                    : begun.signature_vorgang()),
                                   stamp));
  batch.add(entry_kind::closing_begin, to_json(begun), lane.id, command.actor);
  m_state.apply_closing_begun(begun);
  lane.closing_waiters = {command.request};
  std::string json = to_json(plan);
  record_plan_in(batch, lane, std::move(plan), std::move(json), {}, {}, command.actor, {}, now,
                 effects);
  return Ok{};
}

Status Recorder::check_nothing_open(const RegisterState& reg) const {
  const std::vector<Error> obstacles = closing_obstacles(m_state, reg);
  if (obstacles.empty()) return Ok{};
  std::string list;
  for (const Error& one : obstacles)
    list += fmt::format("{}{} {}", list.empty() ? "" : "; ", one.code, one.detail);
  return conflict("E-CLO-100", list, obstacles.front().place);
}

Result<Plan> Recorder::decide_own(const RegisterState& reg, const ReceiptDraft& draft,
                                  VorgangId vorgang, const LocalStamp& stamp) const {
  RegisterInfo info = reg.info;
  info.tse_serial = tse_for(reg.info);
  const auto tse = m_state.tses.find(info.tse_serial);
  const country::RksvFacts rksv = rksv_facts(reg);
  const country::Facts facts{
      .now = stamp,
      .business = m_state.business_of(reg),
      .business_sequence = reg.business_sequence,
      .register_info = info,
      .tse = tse == m_state.tses.end() ? nullptr : &tse->second,
      .profile = m_state.profile,
      .next_number = reg.next_number,
      .vorgang = std::move(vorgang),
      .began = stamp,
      .rksv = &rksv,
  };
  SIEGEL_TRY(Plan plan, m_country.decide(draft, facts));
  const std::string& own = reg.info.tse_serial;
  if (!plan.tse_serial.empty() && plan.tse_serial != own && suspended(own))
    plan.disturbed_tse = own;
  return plan;
}

void Recorder::add_closing(Lane& lane, const ClosingBegun& begun, std::string_view actor,
                           Batch& batch) {
  const RegisterState& reg = m_state.registers.find(lane.id)->second;
  const auto stamp = LocalStamp::from(batch.at(), m_state.business_of(reg).time_zone);
  SIEGEL_CHECK(stamp.ok());  // looked at when the master data were set
  Closing closing = totals_now(reg, *stamp);
  closing.number = begun.number;
  closing.business_day = begun.request.business_day;
  if (closing.business_day == stamp->date()) closing.business_day.reset();
  if (reg.rksv) closing.last_of_month = begun.last_of_month.value_or(is_last_of_month(*stamp));
  closing.drawer = begun.drawer;
  closing.counted = begun.request.counted;
  closing.difference = begun.difference;
  closing.note = begun.request.note;
  const journal::Key key{begun.key, begun.fingerprint};
  const std::uint64_t sequence =
      batch.add(entry_kind::closing, to_json(closing), lane.id, actor, key);
  m_state.apply_closing(sequence, closing, key);
  if (!m_state.profile.restart_for_master) bring_into_force(lane.id, actor, batch);
  lane.closed = Closed{sequence, std::move(closing)};
}

bool Recorder::continue_closing(Lane& lane, Now now, Effects& effects) {
  if (lane.closed) {
    answer_closing(lane, now, effects);
    return true;
  }
  const auto found = m_state.registers.find(lane.id);
  if (found == m_state.registers.end() || !found->second.closing) return false;
  const RegisterState& reg = found->second;
  const ClosingBegun begun = reg.closing->begun;
  Batch batch(m_state.sequence, now.wall);
  const auto stamp = local(now, m_state.business_of(reg));
  SIEGEL_CHECK(stamp.ok());
  Closing totals = totals_now(reg, *stamp);
  auto plan =
      decide_own(reg, signature_draft(totals), VorgangId(begun.signature_vorgang()), *stamp);
  if (!plan) {
    // Never half a closing: what cannot be signed (a clock that fell back) is stated all the same.
    add_closing(lane, begun, actor_system, batch);
    append(batch, effects);
    return true;
  }
  std::string json = to_json(*plan);
  record_plan_in(batch, lane, std::move(*plan), std::move(json), {}, {}, std::string(actor_system),
                 {}, now, effects);
  return true;
}

/// Austria: when the month ends with it, its Monatsbeleg (in December the Jahresbeleg) is made
/// right after and is part of the answer.
void Recorder::answer_closing(Lane& lane, Now now, Effects& effects) {
  Closed closed = std::move(*lane.closed);
  lane.closed.reset();
  std::vector<RequestId> waiters = std::exchange(lane.closing_waiters, {});
  if (begin_due_after(lane, closed.sequence, closed.closing, waiters, now, effects)) return;
  reply_when_durable(closed.sequence, std::move(waiters),
                     {.sequence = closed.sequence, .closing = std::move(closed.closing)}, effects);
}

}  // namespace siegel::recorder
