#include "recorder/state.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/mutant.h"
#include "model/closing_begun.h"
#include "model/codec.h"
#include "model/rksv.h"

namespace siegel::recorder {
namespace {

Error contradiction(std::uint64_t sequence, std::string_view why) {
  return corrupt("E-JRN-110", fmt::format("entry {} does not fit: {}", sequence, why),
                 fmt::format("entry {}", sequence));
}

void note_cashier(const Plan& plan, RegisterState& reg) {
  const std::string& text = plan.process_data.empty() ? plan.note : plan.process_data;
  const std::string& who = plan.cashier_id.empty() ? plan.cashier : plan.cashier_id;
  if (text == "Abmeldung") reg.signed_in.erase(who);
  if (text == "Anmeldung" && !who.empty() && reg.signed_in.size() < RegisterState::signed_in_max)
    reg.signed_in.insert(who);
}

}  // namespace

std::string scoped(std::string_view register_id, std::string_view name) {
  std::string key;
  key.reserve(register_id.size() + 1 + name.size());
  key.append(register_id).append(1, '\x1f').append(name);
  return key;
}

void State::apply_business(std::uint64_t at, const Business& value) {
  if (business) businesses[business_sequence] = std::move(*business);
  business = value;
  business_sequence = at;
  forget_businesses();
}

void State::apply_in_force(const BusinessInForce& change) {
  registers[change.register_id.text()].business_sequence = change.business_sequence;
  forget_businesses();
}

/// Kept is what a register works with: as many as there are registers, whatever was entered.
void State::forget_businesses() {
  std::erase_if(businesses, [&](const auto& item) {
    return std::ranges::none_of(
        registers, [&](const auto& reg) { return reg.second.business_sequence == item.first; });
  });
}

const Business& State::business_of(const RegisterState& reg) const {
  const auto found = businesses.find(reg.business_sequence);
  return found == businesses.end() ? *business : found->second;
}

bool State::is_closed(const RegisterState& reg) const {
  const auto here = [&](const RegisterId& id) { return id == reg.info.id; };
  return reg.day.receipts == 0 && !reg.closing &&
         std::ranges::none_of(unsealed,
                              [&](const auto& item) { return here(item.second.register_id); }) &&
         std::ranges::none_of(
             vorgaenge, [&](const auto& item) { return here(item.second.opened.register_id); }) &&
         std::ranges::none_of(parties,
                              [&](const auto& item) { return here(item.second.register_id); });
}

void State::apply_profile(const Profile& value) { profile = value; }

void State::apply_tse(const TseInfo& info) { tses[info.serial] = info; }

void State::apply_signer(const SignerInfo& info) { signers[info.id] = info; }

void State::apply_register(std::uint64_t at, const RegisterInfo& info) {
  RegisterState& reg = registers[info.id.text()];
  if (reg.register_sequence == 0) reg.business_sequence = business_sequence;
  reg.info = info;
  reg.register_sequence = at;
  if (reg.next_info == info) reg.next_info.reset();
  if (!info.signers.empty() && !reg.rksv) reg.rksv.emplace();
}

void State::apply_register_next(const RegisterInfo& info) {
  RegisterState& reg = registers[info.id.text()];
  reg.next_info = info;
  if (reg.info == info) reg.next_info.reset();
}

void State::apply_party(std::uint64_t at, const std::string& at_register, const Party& party,
                        const std::optional<journal::Key>& key) {
  note_key(at, registers[at_register].info.id, key, {});
  if (!parties.contains(party.circle())) ++next_party;
  if (party.items.empty() && party.vorgang.empty())
    parties.erase(party.circle());
  else
    parties[party.circle()] = party;
}

void State::apply_closing_begun(const ClosingBegun& begun) {
  registers[begun.register_id.text()].closing = ClosingState{begun};
}

void State::apply_vorgang(const VorgangOpened& opened) {
  vorgaenge[scoped(opened.register_id.text(), opened.vorgang.get())].opened = opened;
}

void State::apply_started(const VorgangStarted& started) {
  const auto found = vorgaenge.find(scoped(started.register_id.text(), started.vorgang.get()));
  if (found == vorgaenge.end()) return;
  found->second.started = started;
  // Also without a number: the device may know this client from a call whose answer was lost.
  if (!started.tse_serial.empty())
    note_transaction(started.register_id.text(), started.tse_serial, started.transaction);
  if (started.transaction != 0)
    note_marks(started.tse_serial, started.transaction, started.signature_counter);
}

void State::apply_update(const VorgangUpdated& update) {
  const auto found = vorgaenge.find(scoped(update.register_id.text(), update.vorgang.get()));
  if (found != vorgaenge.end()) found->second.draft = update.draft;
}

void State::note_key(std::uint64_t at, const RegisterId& register_id,
                     const std::optional<journal::Key>& key, const std::string& reverses) {
  Recent recent{at, {}, reverses};
  if (key) {
    recent.key = scoped(register_id.text(), key->text);
    if (!SIEGEL_MUTANT("forget-key")) m_keys[recent.key] = {at, key->fingerprint};
  }
  if (!reverses.empty()) reversals[reverses] = at;
  if (!recent.key.empty() || !recent.reverses.empty()) m_recent.push_back(std::move(recent));
}

void State::apply_closing(std::uint64_t at, const Closing& closing,
                          const std::optional<journal::Key>& key) {
  note_key(at, closing.register_id, key, {});
  RegisterState& reg = registers[closing.register_id.text()];
  reg.closings = closing.number;
  reg.last_closing = at;
  reg.day = {};
  reg.closing.reset();
  if (reg.rksv) reg.rksv->apply(closing);
}

void State::apply_check(const ReceiptCheck& check) {
  if (auto& rksv = registers[check.register_id.text()].rksv) rksv->apply(check);
}

void State::apply_report(const AuthorityReport& report) {
  reports[scoped(report.what, report.subject)] = report;
}

void State::apply_plan(std::uint64_t at, const Plan& plan, const std::optional<journal::Key>& key) {
  RegisterState& reg = registers[plan.register_id.text()];
  reg.next_number = plan.number + 1;
  if (plan.stock_number != 0) reg.next_stock_number = plan.stock_number + 1;
  note_key(at, plan.register_id, key, plan.reverses);
  // Whoever plans for a transaction has seen it open: an earlier receipt did not end it.
  if (plan.transaction != 0) {
    const auto same = [&](const auto& one) {
      return one.transaction == plan.transaction && one.tse_serial == plan.tse_serial &&
             one.client == plan.register_id.text();
    };
    std::erase_if(lost, [&](const auto& item) { return same(item.second); });
    std::erase_if(left_open, same);
  }
  unsealed.emplace(at, plan);
}

void State::apply_seal(const Seal& seal) {
  const auto found = unsealed.find(seal.plan_sequence);
  if (found == unsealed.end()) return;
  const Plan& plan = found->second;
  const std::string& client = plan.register_id.text();
  if (seal.outcome == Seal::Outcome::signed_by_tse) {
    note_transaction(client, seal.tse_serial, seal.transaction);
    note_marks(seal.tse_serial, seal.transaction, seal.signature_counter);
  }
  if (seal.outcome == Seal::Outcome::unsigned_outage) {
    OutageState& outage = outages[plan.rksv ? seal.signer : plan.tse_serial];
    outage.next_receipt = std::max(outage.next_receipt, seal.outage_receipt + 1);
    ++outage.open_receipts;
    if (seal.asked)
      lost[seal.plan_sequence] = {
          seal.plan_sequence, client,
          plan.tse_serial,    std::string(process_type_text(plan.process_type)),
          plan.process_data,  plan.transaction};
    if (!plan.rksv) note_transaction(client, plan.tse_serial, 0);
  }
  RegisterState& reg = registers[client];
  reg.day.apply(seal.plan_sequence, plan, seal, reg.info.base_currency);
  for (const auto& [currency, amount] : cash_moved(plan, reg.info.base_currency))
    reg.drawer[currency] += amount;
  if (plan.kind == ReceiptKind::memo) note_cashier(plan, reg);
  if (reg.closing && plan.vorgang.get() == reg.closing->begun.difference_vorgang())
    reg.closing->difference_done = true;
  if (reg.closing && plan.vorgang.get() == reg.closing->begun.signature_vorgang())
    reg.closing->signature_done = true;
  if (reg.rksv && plan.rksv) reg.rksv->apply(plan, seal);
  // The abort of a transaction left open has a name of its own, which an open Vorgang may bear too.
  const auto vorgang = vorgaenge.find(scoped(client, plan.vorgang.get()));
  if (vorgang != vorgaenge.end()) {
    const auto& started = vorgang->second.started;
    const bool elsewhere = started && started->transaction != 0 && plan.transaction == 0;
    // It began on a device that failed meanwhile, and this receipt came from another one.
    if (elsewhere) left_open.push_back({client, started->tse_serial, started->transaction});
    if (!started || elsewhere || started->transaction == plan.transaction) vorgaenge.erase(vorgang);
  }
  unsealed.erase(found);
}

void State::apply_outage_begin(const OutageBegan& began) {
  OutageState& outage = outages[began.tse_serial];
  outage.next_number = began.number + (SIEGEL_MUTANT("reuse-outage-number") ? 0 : 1);
  outage.open = began;
  outage.open_receipts = 0;
}

void State::apply_outage_end(const OutageEnded& ended) {
  OutageState& outage = outages[ended.tse_serial];
  if (outage.open) outage.last = {std::move(*outage.open), ended};
  outage.open.reset();
  if (!ended.asked) return;
  // The device was asked about every one of them before the outage ended.
  std::erase_if(lost, [&](const auto& item) { return item.second.tse_serial == ended.tse_serial; });
  std::erase_if(left_open, [&](const auto& one) { return one.tse_serial == ended.tse_serial; });
}

void State::apply_late_signature(const LateSignature& late) {
  const auto found = lost.find(late.plan_sequence);
  if (found == lost.end()) return;
  note_transaction(found->second.client, late.tse_serial, late.transaction);
  note_marks(late.tse_serial, late.transaction, late.signature_counter);
  lost.erase(found);
}

void State::apply_switch(const TseSwitch& change) { outages[change.tse_serial].mode = change.mode; }

void State::apply_seen(std::uint64_t at, Instant when, std::string_view by,
                       const MessageSeen& message) {
  seen[message.id] = {at, when, std::string(by)};
  if (seen.size() <= seen_max) return;
  seen.erase(std::min_element(seen.begin(), seen.end(), [](const auto& a, const auto& b) {
    return a.second.sequence < b.second.sequence;
  }));
}

void State::note_marks(const std::string& serial, std::uint64_t transaction,
                       std::uint64_t counter) {
  TseMarks& mark = marks[serial];
  mark.transaction = std::max(mark.transaction, transaction);
  mark.counter = std::max(mark.counter, counter);
}

void State::note_transaction(const std::string& client, const std::string& serial,
                             std::uint64_t number) {
  const auto found = registers.find(client);
  if (found == registers.end()) return;
  std::uint64_t& highest = found->second.transactions[serial];
  highest = std::max(highest, number);
}

/// What is printed must be one chain: a receipt that does not continue it is never added to.
Status State::check_chain(std::uint64_t at, const Plan& plan) const {
  if (!plan.rksv) return Ok{};
  const auto reg = registers.find(plan.register_id.text());
  if (reg == registers.end() || !reg->second.rksv)
    return contradiction(
        at, fmt::format("register {} has no signature device", plan.register_id.text()));
  const RksvState& before = *reg->second.rksv;
  const std::string expected =
      before.chaining.empty() ? rksv::chaining_of_first(plan.register_id.text()) : before.chaining;
  if (plan.rksv->chaining != expected)
    return contradiction(at, fmt::format("receipt {} does not follow receipt {}",
                                         plan.receipt_number, before.last_number));
  return Ok{};
}

Status State::apply(const journal::Entry& entry) {
  const std::uint64_t at = entry.sequence.get();
  if (at != sequence + 1)
    return contradiction(at, fmt::format("the last one read was {}", sequence));
  if (entry.version != 1)
    return contradiction(at, fmt::format("version {} of \"{}\" is not known to this program",
                                         entry.version, entry.kind));
  if (entry.kind == entry_kind::plan) {
    SIEGEL_TRY(const Plan plan, plan_from_json(entry.payload));
    SIEGEL_TRY_OK(check_chain(at, plan));
    apply_plan(at, plan, entry.key);
  } else if (entry.kind == entry_kind::seal) {
    SIEGEL_TRY(const Seal seal, seal_from_json(entry.payload));
    if (!unsealed.contains(seal.plan_sequence))
      return contradiction(at, fmt::format("no open plan {} for this seal", seal.plan_sequence));
    apply_seal(seal);
  } else if (entry.kind == entry_kind::business) {
    SIEGEL_TRY(const Business value, business_from_json(entry.payload));
    apply_business(at, value);
  } else if (entry.kind == entry_kind::profile) {
    SIEGEL_TRY(const Profile value, profile_from_json(entry.payload));
    apply_profile(value);
  } else if (entry.kind == entry_kind::tse) {
    SIEGEL_TRY(const TseInfo info, tse_from_json(entry.payload));
    apply_tse(info);
  } else if (entry.kind == entry_kind::register_) {
    SIEGEL_TRY(const RegisterInfo info, register_from_json(entry.payload));
    apply_register(at, info);
  } else if (entry.kind == entry_kind::register_next) {
    SIEGEL_TRY(const RegisterInfo info, register_from_json(entry.payload));
    apply_register_next(info);
  } else if (entry.kind == entry_kind::party) {
    SIEGEL_TRY(const Party party, party_from_json(entry.payload));
    apply_party(at, entry.register_id, party, entry.key);
  } else if (entry.kind == entry_kind::in_force) {
    SIEGEL_TRY(const BusinessInForce change, business_in_force_from_json(entry.payload));
    apply_in_force(change);
  } else if (entry.kind == entry_kind::closing_begin) {
    SIEGEL_TRY(const ClosingBegun begun, closing_begun_from_json(entry.payload));
    apply_closing_begun(begun);
  } else if (entry.kind == entry_kind::vorgang) {
    SIEGEL_TRY(const VorgangOpened opened, vorgang_opened_from_json(entry.payload));
    apply_vorgang(opened);
  } else if (entry.kind == entry_kind::started) {
    SIEGEL_TRY(const VorgangStarted started, vorgang_started_from_json(entry.payload));
    apply_started(started);
  } else if (entry.kind == entry_kind::update) {
    SIEGEL_TRY(const VorgangUpdated update, vorgang_updated_from_json(entry.payload));
    apply_update(update);
  } else if (entry.kind == entry_kind::outage_begin) {
    SIEGEL_TRY(const OutageBegan began, outage_began_from_json(entry.payload));
    apply_outage_begin(began);
  } else if (entry.kind == entry_kind::outage_end) {
    SIEGEL_TRY(const OutageEnded ended, outage_ended_from_json(entry.payload));
    apply_outage_end(ended);
  } else if (entry.kind == entry_kind::outage_note) {
    SIEGEL_TRY_OK(outage_note_from_json(entry.payload));  // nothing is decided by it
  } else if (entry.kind == entry_kind::late_signature) {
    SIEGEL_TRY(const LateSignature late, late_signature_from_json(entry.payload));
    apply_late_signature(late);
  } else if (entry.kind == entry_kind::tse_switch) {
    SIEGEL_TRY(const TseSwitch change, tse_switch_from_json(entry.payload));
    apply_switch(change);
  } else if (entry.kind == entry_kind::message_seen) {
    SIEGEL_TRY(const MessageSeen message, message_seen_from_json(entry.payload));
    apply_seen(at, entry.at, entry.actor, message);
  } else if (entry.kind == entry_kind::tse_checked) {
    SIEGEL_TRY(const TseChecked checked, tse_checked_from_json(entry.payload));
    apply_checked(entry.at, checked);
  } else if (entry.kind == entry_kind::tse_retired) {
    SIEGEL_TRY(const TseRetired retired, tse_retired_from_json(entry.payload));
    apply_retired(entry.at, retired);
  } else if (entry.kind == entry_kind::clock_confirmed) {
    SIEGEL_TRY_OK(
        clock_confirmed_from_json(entry.payload));  // its time in the header is what counts
  } else if (entry.kind == entry_kind::signer) {
    SIEGEL_TRY(const SignerInfo info, signer_from_json(entry.payload));
    apply_signer(info);
  } else if (entry.kind == entry_kind::closing) {
    SIEGEL_TRY(const Closing closing, closing_from_json(entry.payload));
    apply_closing(at, closing, entry.key);
  } else if (entry.kind == entry_kind::check) {
    SIEGEL_TRY(const ReceiptCheck check, receipt_check_from_json(entry.payload));
    apply_check(check);
  } else if (entry.kind == entry_kind::report) {
    SIEGEL_TRY(const AuthorityReport report, authority_report_from_json(entry.payload));
    apply_report(report);
  } else {
    return contradiction(at, fmt::format("kind \"{}\" is not known to this program", entry.kind));
  }
  sequence = at;
  return Ok{};
}

void State::indexed(std::uint64_t position) {
  if (position <= m_indexed) return;
  // What the index held already at the call before this one is forgotten now; what it holds since
  // is kept until the next call, for look-ups that are on their way.
  while (!m_recent.empty() && m_recent.front().sequence <= m_indexed) {
    const Recent& old = m_recent.front();
    if (const auto key = m_keys.find(old.key);
        key != m_keys.end() && key->second.sequence == old.sequence)
      m_keys.erase(key);
    if (const auto reversal = reversals.find(old.reverses);
        reversal != reversals.end() && reversal->second == old.sequence)
      reversals.erase(reversal);
    m_recent.pop_front();
  }
  forgotten_up_to = m_indexed;
  m_indexed = position;
}

const KnownKey* State::find_key(const RegisterId& register_id, std::string_view key) const {
  const auto found = m_keys.find(scoped(register_id.text(), key));
  return found == m_keys.end() ? nullptr : &found->second;
}

}  // namespace siegel::recorder
