#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/mutant.h"
#include "model/codec.h"
#include "recorder/batch.h"
#include "recorder/checks.h"
#include "recorder/recorder.h"

// What a register of Austria makes without being asked for: the Sammelbeleg after an outage,
// Monatsbeleg and Jahresbeleg [RKSV 8, 17]; and the closing of a day, which asks for them.

namespace siegel::recorder {
namespace {

/// The month a receipt made now would stand in: field 4 never falls.
std::string month_at(const LocalStamp& now, const RksvState& rksv) {
  return std::max(month_of(now.text()), month_of(rksv.last_time));
}

/// What a waiting command means for what is due before it.
struct Waiting {
  bool business = false;  ///< a sale or a closing: what is due comes first
  bool own = false;       ///< it is such a receipt itself
};

Waiting look_at(const std::deque<Command>& waiting) {
  if (waiting.empty()) return {};
  if (std::holds_alternative<Close>(waiting.front().body)) return {.business = true};
  const auto* sell = std::get_if<Sell>(&waiting.front().body);
  if (sell == nullptr) return {};
  const ReceiptKind kind = sell->draft.kind;
  return {
      .business = true,
      .own = kind == ReceiptKind::month || kind == ReceiptKind::year || kind == ReceiptKind::final};
}

ReceiptDraft due_draft(const RksvState& rksv, const std::string& month, RksvKind kind) {
  const bool year = kind == RksvKind::year;
  ReceiptDraft draft;
  draft.kind = year ? ReceiptKind::year : ReceiptKind::month;
  draft.name = rksv.due_month(month, kind).substr(0, year ? 4 : std::string::npos);
  return draft;
}

ReceiptDraft collective_draft(const UnsignedRun& run) {
  ReceiptDraft draft;
  draft.kind = ReceiptKind::collective;
  draft.text = fmt::format("{} - {}: {}", run.first_time, run.last_time, run.receipts);
  return draft;
}

}  // namespace

bool Recorder::begin_due(Lane& lane, Now now, Effects& effects) {
  const auto found = m_state.registers.find(lane.id);
  if (found == m_state.registers.end() || !found->second.rksv || !m_state.business) return false;
  const RksvState& rksv = *found->second.rksv;
  if (!rksv.start || rksv.ended) return false;
  const bool works = signable(found->second.info.signers);
  const bool after_sale = SIEGEL_MUTANT("sammelbeleg-after-sale") && !lane.waiting.empty();
  if (rksv.run && works && !after_sale && !SIEGEL_MUTANT("sammelbeleg-dropped"))
    return begin_own(lane, collective_draft(*rksv.run), {}, {}, now, effects);
  if (!m_state.profile.automatic_dues || rksv.open_months.empty()) return false;
  const auto stamp = local(now, m_state.business_of(found->second));
  if (!stamp) return false;
  const Waiting waiting = look_at(lane.waiting);
  if (waiting.own) return false;
  const std::string month = month_at(*stamp, rksv);
  const auto kind = rksv.due(month, works);
  if (!kind || SIEGEL_MUTANT("due-forgotten")) return false;
  // A Jahresbeleg waits for a device and for nobody else.
  if (!waiting.business && !rksv.month_ends && *kind != RksvKind::year) return false;
  return begin_own(lane, due_draft(rksv, month, *kind), {}, {}, now, effects);
}

bool Recorder::begin_own(Lane& lane, ReceiptDraft draft, std::vector<RequestId> waiters,
                         const std::optional<std::pair<std::uint64_t, Closing>>& closing, Now now,
                         Effects& effects) {
  const RegisterState& reg = m_state.registers.find(lane.id)->second;
  const auto stamp = local(now, m_state.business_of(reg));
  if (!stamp) return false;
  // No till may have a Vorgang of this name open.
  std::string name = fmt::format("{}-{}", receipt_kind_text(draft.kind), reg.next_number);
  while (m_state.vorgaenge.contains(scoped(lane.id, name))) name += '+';
  const country::RksvFacts rksv = rksv_facts(reg);
  const country::Facts facts{
      .now = *stamp,
      .business = m_state.business_of(reg),
      .business_sequence = reg.business_sequence,
      .register_info = reg.info,
      .tse = nullptr,
      .profile = m_state.profile,
      .next_number = reg.next_number,
      .vorgang = VorgangId(std::move(name)),
      .began = *stamp,
      .rksv = &rksv,
  };
  // What keeps it from being made (a clock far back, a key that is not there) is said to the next
  // sale, which is refused for the same reason.
  auto plan = m_country.decide(draft, facts);
  if (!plan || !plan->rksv) return false;
  std::string json = to_json(*plan);
  Signing signing{.plan = std::move(*plan),
                  .json = std::move(json),
                  .key = {},
                  .signers = reg.info.signers,
                  .tried = {},
                  .closing = {},
                  .error = {}};
  if (closing) {
    signing.closing_sequence = closing->first;
    signing.closing = closing->second;
  }
  begin_signing(lane, std::move(signing), std::string(actor_system), std::move(waiters), now,
                effects);
  return true;
}

bool Recorder::begin_due_after(Lane& lane, std::uint64_t closing_sequence, const Closing& closing,
                               const std::vector<RequestId>& waiters, Now now, Effects& effects) {
  const RegisterState& reg = m_state.registers.find(lane.id)->second;
  if (!reg.rksv || reg.rksv->ended || !m_state.profile.automatic_dues) return false;
  const std::string month = month_at(closing.at, *reg.rksv);
  const auto kind = reg.rksv->due(month, signable(reg.info.signers));
  return kind && begin_own(lane, due_draft(*reg.rksv, month, *kind), waiters,
                           std::pair(closing_sequence, closing), now, effects);
}

Status Recorder::check_register(const RegisterInfo& info) const {
  std::set<std::string> seen;
  for (const std::string& id : info.signers) {
    if (!m_state.signers.contains(id))
      return not_found("E-RKS-304", fmt::format("no signature device {} is in operation", id),
                       "/signers");
    if (!seen.insert(id).second)
      return invalid("E-RKS-305", fmt::format("signature device {} is named twice", id),
                     "/signers");
  }
  const auto found = m_state.registers.find(info.id.text());
  if (found == m_state.registers.end() || !found->second.rksv) return Ok{};
  const RegisterInfo& before = found->second.info;
  if (info.signers.empty())
    return conflict("E-RKS-306",
                    fmt::format("register {} signs with signature devices; it needs at least one",
                                info.id.text()),
                    "/signers");
  // The counter of its receipts is encrypted with this one key for ever.
  if (found->second.rksv->start && info.aes_check != before.aes_check)
    return conflict("E-RKS-307",
                    fmt::format("the AES key of register {} cannot be changed after its "
                                "Startbeleg; a new key needs a new register",
                                info.id.text()),
                    "/aes_check");
  return Ok{};
}

Result<std::uint64_t> Recorder::set_rksv_master(const Command& command, const Master& master,
                                                Batch& batch) {
  if (const auto* signer = std::get_if<SignerInfo>(&master.value)) {
    const auto found = m_state.signers.find(signer->id);
    if (signer->id.empty() || signer->serial.empty() || signer->provider.empty())
      return invalid("E-RKS-308", "a signature device needs an id, a serial and a provider", "/id");
    if (found != m_state.signers.end() && !master.replaces)
      return conflict("E-RKS-309",
                      fmt::format("signature device {} is in operation already", signer->id),
                      "/id");
    // Receipts name the device by its serial, seals by its id: both stay what they were.
    if (found != m_state.signers.end() &&
        (found->second.serial != signer->serial || found->second.public_key != signer->public_key))
      return conflict("E-RKS-310",
                      fmt::format("{} is another device; give it an id of its own", signer->serial),
                      "/serial");
    const std::uint64_t at = batch.add(entry_kind::signer, to_json(*signer), "", command.actor);
    m_state.apply_signer(*signer);
    return at;
  }
  if (const auto* check = std::get_if<ReceiptCheck>(&master.value)) {
    const std::string& id = check->register_id.text();
    const auto found = m_state.registers.find(id);
    if (found == m_state.registers.end())
      return not_found("E-REG-104", fmt::format("register {} is not known", id), "/register");
    const std::uint64_t at = batch.add(entry_kind::check, to_json(*check), id, command.actor);
    m_state.apply_check(*check);
    return at;
  }
  const auto& report = std::get<AuthorityReport>(master.value);
  const std::uint64_t at = batch.add(entry_kind::report, to_json(report), "", command.actor);
  m_state.apply_report(report);
  return at;
}

}  // namespace siegel::recorder
