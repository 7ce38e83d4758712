#include "app/shop/shop_events.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "model/codec.h"

namespace siegel::app {
namespace {

constexpr std::chrono::hours report_after{48};
constexpr std::chrono::hours hours_max{100'000};

// Devices that never sign have names with these (views/messages.h).
constexpr std::string_view printer_prefix = "printer:";
constexpr std::string_view register_prefix = "register:";

LocalStamp local(const recorder::State& state, Instant at) {
  const std::string zone = state.business ? state.business->time_zone : "Europe/Berlin";
  auto stamp = LocalStamp::from(at, zone);
  return stamp ? *stamp : LocalStamp();
}

mail::Place place_of(const recorder::State& state, const std::string& register_id = {}) {
  mail::Place place{.shop = state.business ? state.business->name : std::string(),
                    .register_name = {}};
  if (const auto reg = state.registers.find(register_id); reg != state.registers.end())
    place.register_name = reg->second.info.name.empty()
                              ? register_id
                              : fmt::format("{} ({})", reg->second.info.name, register_id);
  return place;
}

/// A device as people know it.
std::string name_of(const recorder::State& state, const std::string& device) {
  if (const auto signer = state.signers.find(device); signer != state.signers.end())
    return fmt::format("{} ({})", device, signer->second.serial);
  if (const auto tse = state.tses.find(device); tse != state.tses.end())
    return fmt::format("{} ({})", tse->second.id, device);
  return device;
}

/// The devices that sign in its place: the first of each register's list that works.
std::string replacement(const recorder::State& state, const std::string& id) {
  for (const auto& [name, reg] : state.registers) {
    const auto& list = reg.info.signers;
    if (std::find(list.begin(), list.end(), id) == list.end()) continue;
    for (const std::string& other : list) {
      const auto outage = state.outages.find(other);
      const bool broken = outage != state.outages.end() && outage->second.open;
      if (other != id && !broken) return name_of(state, other);
    }
    return {};
  }
  return {};
}

std::vector<std::string> registers_of(const recorder::State& state, const std::string& device) {
  if (device.starts_with(register_prefix)) return {device.substr(register_prefix.size())};
  std::vector<std::string> out;
  for (const auto& [id, reg] : state.registers) {
    const auto& signers = reg.info.signers;
    if (reg.info.tse_serial == device || reg.transactions.contains(device) ||
        std::find(signers.begin(), signers.end(), device) != signers.end())
      out.push_back(id);
  }
  return out;
}

void set_texts(notify::Event& event, const mail::Notice& notice) {
  event.de = mail::compose(notice, Language::de);
  event.en = mail::compose(notice, Language::en);
}

void set_data(notify::Event& event, const journal::Entry& entry) {
  if (auto payload = json::parse(entry.payload, {.bytes_max = journal::payload_bytes_max}))
    event.data.set("entry", std::move(*payload));
  event.data.set("kind", entry.kind);
  event.data.set("sequence", static_cast<std::int64_t>(entry.sequence.get()));
}

std::string_view name_of_notice(const mail::Notice& notice) {
  struct Name {
    std::string_view operator()(const mail::SignerFailed&) const { return "outage.started"; }
    std::string_view operator()(const mail::SignerWorks&) const { return "outage.ended"; }
    std::string_view operator()(const mail::OutageReportDue&) const { return "report.due"; }
    std::string_view operator()(const mail::ReceiptDue&) const { return "special_receipt.due"; }
    std::string_view operator()(const mail::ReceiptFailed&) const { return "special_receipt.due"; }
    std::string_view operator()(const mail::ReceiptCheckDue&) const {
      return "special_receipt.due";
    }
    std::string_view operator()(const mail::RegistrationDue&) const { return "report.due"; }
    std::string_view operator()(const mail::BackupDue&) const { return "backup.due"; }
    std::string_view operator()(const mail::Trial&) const { return "test"; }
    std::string_view operator()(const mail::TseFailed&) const { return "outage.started"; }
    std::string_view operator()(const mail::TseWorks&) const { return "outage.ended"; }
    std::string_view operator()(const mail::OtherFailed&) const { return "outage.started"; }
    std::string_view operator()(const mail::OtherWorks&) const { return "outage.ended"; }
    std::string_view operator()(const mail::OutageLasts&) const { return "outage.reminder"; }
    std::string_view operator()(const mail::LateSignatureFound&) const { return "signature.late"; }
    std::string_view operator()(const mail::ClosingDone&) const { return "closing.created"; }
    std::string_view operator()(const mail::JournalNotWritable&) const {
      return "journal.unwritable";
    }
    std::string_view operator()(const mail::ShopCopied&) const { return "journal.copied"; }
    std::string_view operator()(const mail::Announcement& what) const {
      if (what.code == "W-TSE-130") return "device.certificate_expiring";
      if (what.code == "W-TSE-131" || what.code == "W-ARC-201" || what.code == "W-ARC-202")
        return "device.storage_forecast";
      if (what.code.starts_with("W-REP-")) return "report.due";
      if (what.code.find("-CLK-") != std::string::npos) return "clock.suspicious";
      return "message";
    }
  };
  return std::visit(Name(), notice.what);
}

}  // namespace

std::string outage_key(const std::string& device, std::uint64_t number) {
  return fmt::format("{}/{}", device, number);
}

bool ShopEvents::told(std::string_view kind) {
  return kind == entry_kind::outage_begin || kind == entry_kind::outage_end ||
         kind == entry_kind::late_signature || kind == entry_kind::closing;
}

/// Receivers may count on its form: letters, digits and a few marks, at most 200.
std::string ShopEvents::id_of(std::string_view rest) const {
  std::string id = m_prefix + "-";
  for (const char c : rest.substr(0, 150)) {
    const auto u = static_cast<unsigned char>(c);
    id += u > 0x20 && u < 0x7F ? c : '_';
  }
  return id;
}

notify::Event ShopEvents::outage_event(std::string id, std::string name, const std::string& device,
                                       const recorder::State& state) const {
  notify::Event event;
  event.id = std::move(id);
  event.name = std::move(name);
  event.devices.push_back(device);
  if (const auto tse = state.tses.find(device); tse != state.tses.end())
    event.devices.push_back(tse->second.id);
  event.registers = registers_of(state, device);
  event.data.set("device_name", name_of(state, device));
  return event;
}

notify::Event ShopEvents::began_event(std::string id, const OutageBegan& began,
                                      const recorder::State& state) const {
  const std::string& device = began.tse_serial;
  notify::Event event = outage_event(std::move(id), "outage.started", device, state);
  event.at = began.since;
  const LocalStamp since = local(state, began.since);
  mail::Notice notice{place_of(state), mail::Trial{}};
  if (state.signers.contains(device))
    notice.what = mail::SignerFailed{.signer = name_of(state, device),
                                     .since = since,
                                     .cause = began.text,
                                     .code = began.code,
                                     .replaced_by = replacement(state, device)};
  else if (device.starts_with(printer_prefix) || device.starts_with(register_prefix))
    notice.what = mail::OtherFailed{device, since, began.text, began.code};
  else
    notice.what = mail::TseFailed{.tse = name_of(state, device),
                                  .since = since,
                                  .cause = began.text,
                                  .code = began.code,
                                  .number = began.number};
  set_texts(event, notice);
  return event;
}

notify::Event ShopEvents::ended_event(std::string id, const OutageEnded& ended, Instant since,
                                      const recorder::State& state) const {
  const std::string& device = ended.tse_serial;
  notify::Event event = outage_event(std::move(id), "outage.ended", device, state);
  event.at = ended.until;
  const LocalStamp from = local(state, since);
  const LocalStamp until = local(state, ended.until);
  const auto receipts = static_cast<std::int64_t>(ended.receipts);
  mail::Notice notice{place_of(state), mail::Trial{}};
  if (const auto signer = state.signers.find(device); signer != state.signers.end()) {
    const auto report = state.reports.find(recorder::scoped("ausfall_se", signer->second.serial));
    notice.what =
        mail::SignerWorks{.signer = name_of(state, device),
                          .since = from,
                          .until = until,
                          .unsigned_receipts = receipts,
                          .collective_receipt = {},
                          .reported = report != state.reports.end() && report->second.at >= since};
  } else if (device.starts_with(printer_prefix) || device.starts_with(register_prefix)) {
    notice.what = mail::OtherWorks{device, from, until};
  } else {
    notice.what = mail::TseWorks{.tse = name_of(state, device),
                                 .since = from,
                                 .until = until,
                                 .number = ended.number,
                                 .unsigned_receipts = receipts};
  }
  set_texts(event, notice);
  return event;
}

Result<std::optional<notify::Event>> ShopEvents::entry(const journal::Entry& entry,
                                                       const recorder::State& state,
                                                       std::optional<Instant> began,
                                                       journal::Reader& reader) const {
  std::string id = id_of(fmt::format("{}", entry.sequence.get()));
  notify::Event event;
  if (entry.kind == entry_kind::outage_begin) {
    SIEGEL_TRY(const OutageBegan outage, outage_began_from_json(entry.payload));
    event = began_event(std::move(id), outage, state);
  } else if (entry.kind == entry_kind::outage_end) {
    SIEGEL_TRY(const OutageEnded outage, outage_ended_from_json(entry.payload));
    event = ended_event(std::move(id), outage, began.value_or(outage.until), state);
  } else if (entry.kind == entry_kind::late_signature) {
    SIEGEL_TRY(const LateSignature late, late_signature_from_json(entry.payload));
    event = outage_event(std::move(id), "signature.late", late.tse_serial, state);
    event.at = entry.at;
    event.registers = {entry.register_id};
    std::string receipt;
    SIEGEL_TRY(const auto plans, reader.read(journal::Sequence(late.plan_sequence), 1));
    if (!plans.empty() && !plans.front().payload_removed)
      if (const auto plan = plan_from_json(plans.front().payload)) receipt = plan->receipt_number;
    event.data.set("receipt", receipt);
    set_texts(event, {place_of(state, entry.register_id),
                      mail::LateSignatureFound{.tse = name_of(state, late.tse_serial),
                                               .receipt = receipt,
                                               .transaction = late.transaction}});
  } else if (entry.kind == entry_kind::closing) {
    SIEGEL_TRY(const Closing closing, closing_from_json(entry.payload));
    event.id = std::move(id);
    event.name = "closing.created";
    event.at = entry.at;
    event.registers = {closing.register_id.text()};
    set_texts(event, {place_of(state, closing.register_id.text()),
                      mail::ClosingDone{.number = closing.number,
                                        .at = closing.at,
                                        .receipts = closing.receipts,
                                        .turnover = closing.turnover.text() + " EUR"}});
  } else {
    return std::optional<notify::Event>();
  }
  set_data(event, entry);
  return std::optional(std::move(event));
}

notify::Event ShopEvents::reminder(const std::string& device, const OutageBegan& outage,
                                   std::uint64_t receipts, std::uint64_t count, Instant now,
                                   const recorder::State& state) const {
  notify::Event event =
      outage_event(id_of(fmt::format("{}/reminder/{}", outage_key(device, outage.number), count)),
                   "outage.reminder", device, state);
  event.at = now;
  const auto lasted = std::chrono::duration_cast<std::chrono::minutes>(now - outage.since);
  event.data.set("minutes", static_cast<std::int64_t>(lasted.count()));
  event.data.set("number", static_cast<std::int64_t>(outage.number));
  event.data.set("reminder", static_cast<std::int64_t>(count));
  event.data.set("since", outage.since.text());
  event.data.set("unsigned_receipts", static_cast<std::int64_t>(receipts));
  set_texts(event, {place_of(state),
                    mail::OutageLasts{.device = name_of(state, device),
                                      .since = local(state, outage.since),
                                      .code = outage.code,
                                      .number = outage.number,
                                      .minutes = lasted.count(),
                                      .unsigned_receipts = static_cast<std::int64_t>(receipts)}});
  return event;
}

notify::Event ShopEvents::report_due(const std::string& signer, const OutageBegan& outage,
                                     Instant now, const recorder::State& state) const {
  notify::Event event =
      outage_event(id_of("48h/" + outage_key(signer, outage.number)), "report.due", signer, state);
  event.at = now;
  const auto hours = std::chrono::duration_cast<std::chrono::hours>(now - outage.since);
  set_texts(event,
            {place_of(state),
             mail::OutageReportDue{.signer = name_of(state, signer),
                                   .since = local(state, outage.since),
                                   .due = local(state, outage.since + report_after),
                                   .hours = static_cast<int>(std::min(hours, hours_max).count())}});
  return event;
}

notify::Event ShopEvents::notice(const Shop::NoticeToTell& notice, Instant now,
                                 const recorder::State* state) const {
  notify::Event event;
  if (state != nullptr && !notice.device.empty())
    event = outage_event(id_of(notice.id), {}, notice.device, *state);
  event.id = id_of(notice.id);
  event.name = name_of_notice(notice.notice);
  event.at = now;
  if (!notice.register_id.empty()) event.registers = {notice.register_id};
  if (const auto* what = std::get_if<mail::Announcement>(&notice.notice.what))
    event.data.set("code", what->code);
  set_texts(event, notice.notice);
  return event;
}

}  // namespace siegel::app
