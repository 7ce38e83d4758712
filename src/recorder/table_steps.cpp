#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "model/codec.h"
#include "recorder/batch.h"
#include "recorder/checks.h"
#include "recorder/recorder.h"
#include "recorder/tables.h"

// Orders, bills and what happens to parties in between. Every step is one append: what was ordered
// or settled stands beside the plan of its receipt, so that a power cut leaves both or neither
// [AEAO 146a; DSFinV-K 7.2].

namespace siegel::recorder {
namespace {

constexpr std::size_t table_bytes_max = 25;  // table, day and number fit an Abrechnungskreis

Result<Money> total_of(const LineDraft& line) {
  Money total;
  if (line.amount) {
    total = *line.amount;
  } else {
    SIEGEL_TRY(total,
               multiply(line.quantity, line.unit_price.value_or(UnitPrice()), Rounding::half_away));
  }
  for (const DiscountDraft& discount : line.discounts) total += discount.amount;
  return total;
}

Status check_table(std::string_view table) {
  const bool printable = std::ranges::all_of(
      table, [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7F; });
  if (table.size() > table_bytes_max || !printable || !valid_utf8(table))
    return invalid(
        "E-TBL-107",
        fmt::format("a table's name has at most {} printable characters", table_bytes_max),
        "/party");
  return Ok{};
}

/// Takes what an order cancels off the party: lines with the signs turned, which are signed again.
Status cancel(Party& party, const Selection& selection, std::vector<LineDraft>& lines) {
  if (selection.items.empty()) return Ok{};
  SIEGEL_TRY(const Taken taken, take(party, selection));
  for (const OpenItem& item : taken.items) lines.push_back(part_of(item, -item.open, -item.total));
  party.ordered += -taken.total;
  return Ok{};
}

Status put_items(Party& party, const std::vector<LineDraft>& lines, const std::string& seat) {
  for (const LineDraft& line : lines) {
    SIEGEL_TRY(const Money total, total_of(line));
    party.items.push_back({party.next_item++, line, line.quantity, total, seat});
    party.ordered += total;
  }
  if (party.items.size() > Party::items_max)
    return conflict("E-TBL-108", fmt::format("a party has at most {} open items", Party::items_max),
                    "/lines");
  return Ok{};
}

ReceiptDraft abort_draft(std::string reason) {
  ReceiptDraft draft;
  draft.kind = ReceiptKind::abort;
  draft.reason = std::move(reason);
  return draft;
}

/// What is rung up so far, for the Vorgang that stays open.
std::string draft_of(const Party& party) {
  ReceiptDraft draft;
  for (const OpenItem& item : party.items) draft.lines.push_back(item.line);
  return json::canonical(to_json_value(draft));
}

}  // namespace

Result<Ok> Recorder::begin_table(Lane& lane, const Command& command, const TableAct& act, Now now,
                                 Effects& effects) {
  SIEGEL_TRY_OK(check_key(act.key));
  const KnownKey* known = m_state.find_key(act.register_id, act.key);
  if (known == nullptr && act.lookup.key) known = &*act.lookup.key;
  if (known != nullptr) {
    if (known->fingerprint != act.fingerprint) return key_reused(act.key);
    reply_when_durable(m_state.sequence, {command.request},
                       {.sequence = known->sequence, .replayed = true}, effects);
    return Ok{};
  }
  if (act.lookup.position < m_state.forgotten_up_to)
    return unavailable("E-API-603", "the look-up is older than what is in memory; repeat it");
  SIEGEL_TRY(const RegisterState* reg, ready_register(act.register_id));
  SIEGEL_TRY(const LocalStamp stamp, local(now, m_state.business_of(*reg)));
  SIEGEL_TRY(TableStep step, plan_table(*reg, act, stamp));

  const journal::Key key{act.key, act.fingerprint};
  Batch batch(m_state.sequence, now.wall);
  const auto enter_parties = [&](const std::optional<journal::Key>& with) {
    std::uint64_t sequence = 0;
    for (const Party& party : step.parties) {
      const bool first = sequence == 0;
      const auto own = first ? with : std::nullopt;
      const std::uint64_t at =
          batch.add(entry_kind::party, to_json(party), lane.id, command.actor, own);
      m_state.apply_party(at, lane.id, party, own);
      if (first) sequence = at;
    }
    return sequence;
  };
  if (step.draft) {
    SIEGEL_TRY(Prepared prepared,
               prepare(lane, *reg, *step.draft,
                       VorgangId(step.vorgang.empty() ? act.key : step.vorgang), {}, stamp));
    if (prepared.plan.rksv) {
      begin_signing(lane,
                    {.plan = std::move(prepared.plan),
                     .json = std::move(prepared.json),
                     .key = key,
                     .signers = reg->info.signers,
                     .tried = {},
                     .parties = std::move(step.parties)},
                    command.actor, {command.request}, now, effects);
      return Ok{};
    }
    enter_parties({});
    record_plan_in(batch, lane, std::move(prepared.plan), std::move(prepared.json),
                   std::move(prepared.progress), key, command.actor, {command.request}, now,
                   effects);
    return Ok{};
  }
  const std::uint64_t sequence = enter_parties(key);
  if (step.opens) {
    begin_vorgang(batch, lane, VorgangId(step.vorgang), stamp, command.actor, {command.request},
                  now, effects);
    return Ok{};
  }
  if (!step.vorgang.empty()) {
    const VorgangUpdated update{VorgangId(step.vorgang), act.register_id,
                                draft_of(step.parties.front())};
    batch.add(entry_kind::update, to_json(update), lane.id, command.actor);
    m_state.apply_update(update);
  }
  const std::uint64_t last = append(batch, effects);
  reply_when_durable(last, {command.request}, {.sequence = sequence}, effects);
  return Ok{};
}

/// Decides what becomes of the parties and which receipt belongs to it; changes nothing.
Result<Recorder::TableStep> Recorder::plan_table(const RegisterState& reg, const TableAct& act,
                                                 const LocalStamp& stamp) const {
  TableStep step;
  if (act.what == TableAct::What::order) {
    SIEGEL_TRY(step, plan_order(reg, act, stamp));
    return step;
  }
  SIEGEL_TRY(const Party* found, find_party(m_state, act.party, act.register_id));
  Party party = *found;
  if (party.register_id != act.register_id)
    return conflict("E-TBL-109",
                    fmt::format("{} is at register {}", party.circle(), party.register_id.text()),
                    "/party");
  switch (act.what) {
    case TableAct::What::settle:
      return plan_bill(std::move(party), act);
    case TableAct::What::split:
      return plan_split(std::move(party), act, stamp);
    case TableAct::What::merge:
      return plan_merge(std::move(party), act);
    case TableAct::What::forward:
      return plan_forward(std::move(party), act);
    case TableAct::What::move:
      SIEGEL_TRY_OK(check_table(act.to));
      if (act.to.empty()) return invalid("E-TBL-107", "to which table?", "/to");
      party.table = act.to;
      break;
    case TableAct::What::park:
    case TableAct::What::unpark:
      if (party.parked == (act.what == TableAct::What::park))
        return conflict(
            "E-TBL-113",
            fmt::format("{} is {}parked", party.circle(), party.parked ? "already " : "not "),
            "/party");
      party.parked = !party.parked;
      break;
    case TableAct::What::order:
      break;
  }
  step.parties.push_back(std::move(party));
  return step;
}

Result<Recorder::TableStep> Recorder::plan_order(const RegisterState& reg, const TableAct& act,
                                                 const LocalStamp& stamp) const {
  SIEGEL_TRY_OK(check_table(act.party));
  const bool orders = m_state.profile.table_flow == TableFlow::orders || reg.rksv.has_value();
  Party party;
  bool fresh = act.new_party;
  if (!fresh) {
    const auto found = find_party(m_state, act.party, act.register_id);
    if (found) {
      party = **found;
      if (party.register_id != act.register_id)
        return conflict(
            "E-TBL-109",
            fmt::format("{} is at register {}", party.circle(), party.register_id.text()),
            "/party");
    } else if (found.error().code == "E-TBL-102") {
      return found.error();
    } else {
      fresh = true;
    }
  }
  if (fresh) {
    party.register_id = act.register_id;
    party.table = act.party;
    party.first_order = stamp;
    party.circles = {fmt::format("{}/{}/{}", act.party.empty() ? "-" : act.party,
                                 stamp.date().text(), m_state.next_party)};
    if (!orders) party.vorgang = party.circles.front();
  }
  TableStep step;
  ReceiptDraft draft = act.draft;
  draft.kind = ReceiptKind::order;
  draft.groups = party.circles;
  draft.payments.clear();
  const std::vector<LineDraft> ordered = draft.lines;
  SIEGEL_TRY_OK(cancel(party, act.selection, draft.lines));
  SIEGEL_TRY_OK(put_items(party, ordered, act.seat));
  if (draft.lines.empty())
    return invalid("E-TBL-105", "an order has a line, or cancels one", "/lines");
  step.parties.push_back(std::move(party));
  const Party& now_open = step.parties.front();
  if (orders) {
    step.draft = std::move(draft);
    return step;
  }
  // Rung up, signed with the bill: it must be fit for one all the same.
  SIEGEL_TRY_OK(decide_own(reg, draft, VorgangId(now_open.circle()), stamp));
  step.vorgang = now_open.vorgang;
  step.opens = fresh;
  // All of it was cancelled: the transaction that was begun for it ends without a bill.
  if (now_open.items.empty() && !now_open.vorgang.empty()) {
    step.draft = abort_draft("all orders were cancelled");
    step.parties.front().vorgang.clear();
  }
  return step;
}

Result<Recorder::TableStep> Recorder::plan_bill(Party party, const TableAct& act) const {
  TableStep step;
  ReceiptDraft bill = act.draft;
  SIEGEL_TRY(Taken taken, take(party, act.selection));
  bill.kind = ReceiptKind::receipt;
  bill.groups = party.circles;
  bill.first_order_at = party.first_order;
  // What comes on top of the orders (a tip, a voucher) is part of the request.
  taken.lines.insert(taken.lines.end(), bill.lines.begin(), bill.lines.end());
  bill.lines = std::move(taken.lines);
  party.settled += taken.total;
  party.parked = false;
  step.vorgang = std::exchange(party.vorgang, {});
  step.draft = std::move(bill);
  step.parties.push_back(std::move(party));
  return step;
}

Result<Recorder::TableStep> Recorder::plan_split(Party party, const TableAct& act,
                                                 const LocalStamp& stamp) const {
  SIEGEL_TRY_OK(check_table(act.to));
  Party other;
  other.register_id = party.register_id;
  other.table = act.to.empty() ? party.table : act.to;
  other.first_order = party.first_order;
  other.forwarded_from = party.forwarded_from;
  other.circles = {fmt::format("{}/{}/{}", other.table.empty() ? "-" : other.table,
                               stamp.date().text(), m_state.next_party)};
  // Its orders were signed under the circle it came from.
  other.circles.insert(other.circles.end(), party.circles.begin(), party.circles.end());
  if (other.circles.size() > Party::circles_max)
    return conflict("E-TBL-108", "too many parties have come together here", "/party");
  SIEGEL_TRY(Taken taken, take(party, act.selection));
  for (OpenItem& item : taken.items) {
    item.id = other.next_item++;
    other.items.push_back(std::move(item));
  }
  other.ordered = taken.total;
  party.ordered += -taken.total;
  TableStep step;
  // The Vorgang stays with the party that began it.
  if (party.items.empty())
    return conflict("E-TBL-105", "a split leaves something behind; move the party instead",
                    "/items");
  step.vorgang = party.vorgang;
  step.parties = {std::move(party), std::move(other)};
  return step;
}

Result<Recorder::TableStep> Recorder::plan_merge(Party party, const TableAct& act) const {
  SIEGEL_TRY(const Party* found, find_party(m_state, act.to, act.register_id));
  Party into = *found;
  if (into.circle() == party.circle())
    return conflict("E-TBL-110", "a party cannot join itself", "/to");
  if (into.register_id != act.register_id)
    return conflict("E-TBL-109",
                    fmt::format("{} is at register {}", into.circle(), into.register_id.text()),
                    "/to");
  for (std::string& circle : party.circles)
    if (std::ranges::find(into.circles, circle) == into.circles.end())
      into.circles.push_back(circle);
  if (into.circles.size() > Party::circles_max ||
      into.items.size() + party.items.size() > Party::items_max)
    return conflict("E-TBL-108", "too many parties or items have come together here", "/to");
  if (party.first_order.instant() < into.first_order.instant())
    into.first_order = party.first_order;
  const Money moved = party.open();
  for (OpenItem& item : party.items) {
    item.id = into.next_item++;
    into.items.push_back(std::move(item));
  }
  party.items.clear();
  party.ordered += -moved;
  into.ordered += moved;
  party.joined = into.circle();
  TableStep step;
  // A transaction of its own that was begun for it ends without a receipt.
  step.vorgang = std::exchange(party.vorgang, {});
  if (!step.vorgang.empty()) {
    step.draft = abort_draft(fmt::format("joined {}", into.circle()));
  }
  step.parties = {std::move(into), std::move(party)};
  return step;
}

Result<Recorder::TableStep> Recorder::plan_forward(Party party, const TableAct& act) const {
  if (!party.forwarded_from.empty())
    return conflict("E-TBL-111",
                    fmt::format("{} came from register {} already: it is forwarded once",
                                party.circle(), party.forwarded_from),
                    "/party");
  SIEGEL_TRY(const RegisterId to, RegisterId::parse(act.to));
  SIEGEL_TRY_OK(ready_register(to));
  if (to == party.register_id) return conflict("E-TBL-110", "it is there already", "/to");
  if (!party.vorgang.empty())
    return conflict("E-TBL-112",
                    fmt::format("the TSE transaction of {} is open and ends at the register that "
                                "began it: settle it there",
                                party.circle()),
                    "/party");
  TableStep step;
  ReceiptDraft memo;
  memo.kind = ReceiptKind::memo;
  memo.text = fmt::format("Weiterleitung {} an {}; offen {}", party.circle(), to.text(),
                          party.open().text());
  memo.cashier = act.draft.cashier;
  memo.cashier_id = act.draft.cashier_id;
  step.draft = std::move(memo);
  party.forwarded_from = party.register_id.text();
  party.register_id = to;
  step.parties.push_back(std::move(party));
  return step;
}

}  // namespace siegel::recorder
