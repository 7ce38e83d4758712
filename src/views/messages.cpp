#include "views/messages.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include "format/json_writer.h"
#include "views/outage_codes.h"
#include "views/share.h"

namespace siegel::views {
namespace {

using recorder::OutageState;
using recorder::State;
using std::chrono::hours;

constexpr hours day{24};
constexpr hours told_after_end = day * 7;  // so long the end of an outage stays in the list
constexpr hours finanzonline_limit{48};    // [RKSV 17 (2)]
constexpr hours finanzonline_warning{44};
// Days before its end at which a certificate is spoken of; each has an id of its own, so that who
// has read of half a year still reads of the last week.
constexpr std::array certificate_steps = {7, 30, 90, 180};
constexpr std::array storage_steps = {98, 95, 90, 80};  // percent
constexpr std::uint64_t signatures_low = 50'000;

std::string zone_of(const State& state) {
  return state.business ? state.business->time_zone : std::string("UTC");
}

std::optional<LocalStamp> local(const State& state, Instant at) {
  const auto stamp = LocalStamp::from(at, zone_of(state));
  return stamp ? std::optional<LocalStamp>(*stamp) : std::nullopt;
}

bool is_austrian(const State& state) {
  return state.business && (state.business->country == "AT" || state.business->country == "at");
}

/// What people call a device.
std::string name_of(const State& state, const std::string& device) {
  if (device.starts_with(printer_prefix)) return device.substr(printer_prefix.size());
  if (device.starts_with(register_prefix)) return device.substr(register_prefix.size());
  const auto tse = state.tses.find(device);
  return tse == state.tses.end() ? device : tse->second.id;
}

enum class Kind { tse, signer, printer, till };
Kind kind_of(const State& state, const std::string& device) {
  if (device.starts_with(printer_prefix)) return Kind::printer;
  if (device.starts_with(register_prefix)) return Kind::till;
  return state.signers.contains(device) ? Kind::signer : Kind::tse;
}

/// May I go on?
Bilingual go_on_of(Kind kind) {
  switch (kind) {
    case Kind::tse:
      return {"Weiter kassieren ist erlaubt, Bons werden gekennzeichnet.",
              "Keep selling, receipts are marked."};
    case Kind::signer:
      return {"Weiter kassieren; „Sicherheitseinrichtung ausgefallen“ steht am Beleg.",
              "Keep selling; the note \"Sicherheitseinrichtung ausgefallen\" is on the receipt."};
    case Kind::printer:
      return {
          "Weiter kassieren; alles wird aufgezeichnet, die Belegausgabepflicht entfällt "
          "solange.",
          "Keep selling; all is recorded, the duty to hand out receipts is lifted meanwhile."};
    case Kind::till:
      return {
          "Belege von Hand schreiben und aufbewahren; die Belegausgabepflicht entfällt solange.",
          "Write receipts by hand and keep them; the receipt duty is lifted meanwhile."};
  }
  return {};
}

Bilingual copy_of(const OutageText& text) { return {std::string(text.de), std::string(text.en)}; }

/// The cause as the list of codes has it; of an unknown code the device's own words.
Bilingual cause_of(std::string_view code, const std::string& text) {
  const OutageCode row = outage_code(code);
  if (row.cause.de.empty()) return {text, text};
  return copy_of(row.cause);
}

Message outage_message(const State& state, const std::string& device, const OutageState& outage) {
  const OutageBegan& began = *outage.open;
  const Kind kind = kind_of(state, device);
  Message message;
  message.id = fmt::format("outage/{}/{}", device, began.number);
  message.severity = Severity::error;
  message.code = began.code;
  message.since = local(state, began.since);
  message.device = device;
  const Bilingual cause = cause_of(began.code, began.text);
  const std::string name = name_of(state, device);
  message.what = {fmt::format("{} ({}, Ausfall Nr. {})", cause.de, name, began.number),
                  fmt::format("{} ({}, outage no. {})", cause.en, name, began.number)};
  if (outage.open_receipts > 0) {
    message.what.de += fmt::format(" Bisher {} {} ohne Signatur.", outage.open_receipts,
                                   outage.open_receipts == 1 ? "Bon" : "Bons");
    message.what.en += fmt::format(" {} {} without signature so far.", outage.open_receipts,
                                   outage.open_receipts == 1 ? "receipt" : "receipts");
  }
  message.go_on = go_on_of(kind);
  message.remedy = copy_of(outage_code(began.code).remedy);
  return message;
}

Bilingual length_of(std::chrono::milliseconds span) {
  const auto minutes = std::chrono::duration_cast<std::chrono::minutes>(span).count();
  if (minutes < 1) return {"weniger als 1 Minute", "less than 1 minute"};
  if (minutes < 120)
    return {fmt::format("{} {}", minutes, minutes == 1 ? "Minute" : "Minuten"),
            fmt::format("{} {}", minutes, minutes == 1 ? "minute" : "minutes")};
  if (minutes < 48 * 60)
    return {fmt::format("{} Stunden", minutes / 60), fmt::format("{} hours", minutes / 60)};
  return {fmt::format("{} Tage", minutes / 1440), fmt::format("{} days", minutes / 1440)};
}

Message ended_message(const State& state, const std::string& device,
                      const OutageState::Past& past) {
  Message message;
  message.id = fmt::format("ended/{}/{}", device, past.began.number);
  message.since = local(state, past.ended.until);
  message.device = device;
  const std::string name = name_of(state, device);
  const Bilingual length = length_of(past.ended.until - past.began.since);
  Bilingual who;
  switch (kind_of(state, device)) {
    case Kind::tse:
      message.code = "I-TSE-110";
      who = {fmt::format("TSE {} wieder verfügbar.", name), fmt::format("TSE {} is back.", name)};
      break;
    case Kind::signer:
      message.code = "I-SIG-110";
      who = {fmt::format("Signatureinheit {} wieder verfügbar.", name),
             fmt::format("Signature unit {} is back.", name)};
      break;
    case Kind::printer:
      message.code = "I-PRN-110";
      who = {fmt::format("Drucker {} wieder verfügbar.", name),
             fmt::format("Printer {} is back.", name)};
      break;
    case Kind::till:
      message.code = "I-OUT-110";
      who = {fmt::format("Kasse {} war ausgefallen.", name),
             fmt::format("Till {} was down.", name)};
      break;
  }
  message.what = {
      fmt::format("{} Ausfall Nr. {} dauerte {}, {} {}.", who.de, past.began.number, length.de,
                  past.ended.receipts, past.ended.receipts == 1 ? "Bon" : "Bons"),
      fmt::format("{} Outage no. {} lasted {}, {} {}.", who.en, past.began.number, length.en,
                  past.ended.receipts, past.ended.receipts == 1 ? "receipt" : "receipts")};
  message.remedy = {fmt::format("Grund nachtragen: siegel outages note {} {} --reason \"...\"",
                                name, past.began.number),
                    fmt::format("Add the reason: siegel outages note {} {} --reason \"...\"", name,
                                past.began.number)};
  return message;
}

Message finanzonline_message(const State& state, const std::string& device,
                             const OutageBegan& began, Instant now) {
  const auto lasted = now - began.since;
  const auto hours_so_far = std::chrono::duration_cast<hours>(lasted).count();
  Message message;
  message.id = fmt::format("48h/{}/{}", device, began.number);
  message.severity = lasted >= finanzonline_limit ? Severity::error : Severity::warning;
  message.code = "W-SIG-120";
  message.since = local(state, began.since);
  message.device = device;
  message.what = {fmt::format("Ausfall von {} dauert {} Stunden; ab 48 ist er zu melden.",
                              name_of(state, device), hours_so_far),
                  fmt::format("The outage of {} has lasted {} hours; from 48 on it is reported.",
                              name_of(state, device), hours_so_far)};
  message.go_on = go_on_of(Kind::signer);
  message.remedy = {"Über FinanzOnline melden: siegel at failure --help",
                    "Report it through FinanzOnline: siegel at failure --help"};
  return message;
}

void add_outages(const MessageFacts& facts, std::vector<Message>& out) {
  for (const auto& [device, outage] : facts.state.outages) {
    if (outage.open) {
      out.push_back(outage_message(facts.state, device, outage));
      if (kind_of(facts.state, device) == Kind::signer &&
          facts.now - outage.open->since >= finanzonline_warning)
        out.push_back(finanzonline_message(facts.state, device, *outage.open, facts.now));
    }
    if (outage.last && facts.now - outage.last->ended.until < told_after_end)
      out.push_back(ended_message(facts.state, device, *outage.last));
  }
}

void add_set_up(const State& state, std::vector<Message>& out) {
  if (is_austrian(state)) return;
  for (const auto& [id, reg] : state.registers) {
    if (!reg.info.tse_serial.empty() || reg.info.no_tse != NoTse::no) continue;
    Message message;
    message.id = "no-tse/" + id;
    message.severity = Severity::error;
    message.code = "E-REG-105";
    message.register_id = id;
    message.what = {fmt::format("Keine TSE eingerichtet für Kasse {}.", id),
                    fmt::format("No TSE is set up for register {}.", id)};
    message.go_on = {"Bons tragen keine TSE-Daten.", "Receipts bear no TSE data."};
    message.remedy = {"TSE in Betrieb nehmen und die Kasse zuordnen: siegel tse create --help",
                      "Put a TSE into operation and assign the register: siegel tse create --help"};
    out.push_back(std::move(message));
  }
  if (!state.business || state.business->footer_lines.empty()) return;
  const auto& lines = state.business->footer_lines;
  if (std::any_of(lines.begin(), lines.end(), [](const std::string& line) {
        return line.find("$tse_footer$") != std::string::npos;
      }))
    return;
  Message message;
  message.id = fmt::format("template/{}", state.business_sequence);
  message.severity = Severity::warning;
  message.code = "W-TPL-101";
  message.what = {"In der Fußzeile des Bons fehlt $tse_footer$.",
                  "The footer of the receipt lacks $tse_footer$."};
  message.go_on = {"TSE-Daten und Ausfallhinweis werden trotzdem gedruckt, über der Fußzeile.",
                   "TSE data and outage note are printed nevertheless, above the footer."};
  message.remedy = {"Die Zeile $tse_footer$ in die Fußzeile aufnehmen.",
                    "Put a line $tse_footer$ into the footer."};
  out.push_back(std::move(message));
}

Message device_message(const std::string& serial, Severity severity, std::string_view what,
                       std::string_view code) {
  Message message;
  message.id = fmt::format("{}/{}", what, serial);
  message.severity = severity;
  message.code = code;
  message.device = serial;
  return message;
}

void add_not_ready(const State& state, const std::string& serial, const Error& error,
                   std::vector<Message>& out) {
  const auto outage = state.outages.find(serial);
  if (outage != state.outages.end() && outage->second.open) return;  // told there
  Message message = device_message(serial, Severity::error, "device", error.code);
  const Bilingual cause = cause_of(error.code, error.detail);
  message.what = {fmt::format("{} ({})", cause.de, name_of(state, serial)),
                  fmt::format("{} ({})", cause.en, name_of(state, serial))};
  message.go_on = go_on_of(Kind::tse);
  message.remedy = copy_of(outage_code(error.code).remedy);
  out.push_back(std::move(message));
}

void add_certificate(const MessageFacts& facts, const std::string& serial, Instant until,
                     std::vector<Message>& out) {
  if (until == Instant()) return;
  const auto left = std::chrono::duration_cast<hours>(until - facts.now) / day;
  const auto* const step = std::find_if(certificate_steps.begin(), certificate_steps.end(),
                                        [&](int days) { return left <= days; });
  if (step == certificate_steps.end()) return;
  const std::string name = name_of(facts.state, serial);
  Message message = device_message(
      serial, *step == certificate_steps.front() ? Severity::error : Severity::warning,
      fmt::format("certificate-{}", *step), "W-TSE-130");
  const auto end = local(facts.state, until);
  const std::string date = end ? end->print_minute().substr(0, 10) : until.text();
  const std::string date_en = end ? end->date().text() : until.text();
  message.what = {fmt::format("Zertifikat der TSE {} läuft am {} ab (noch {} Tage).", name, date,
                              std::max<std::int64_t>(left, 0)),
                  fmt::format("The certificate of TSE {} ends on {} ({} days left).", name, date_en,
                              std::max<std::int64_t>(left, 0))};
  message.remedy = {"Jetzt Ersatz bestellen; danach kann diese TSE nicht mehr absichern.",
                    "Order a replacement now; after that this TSE can no longer sign."};
  out.push_back(std::move(message));
}

void add_storage(const MessageFacts& facts, const std::string& serial,
                 const device::TseStatus& status, std::vector<Message>& out) {
  const std::string name = name_of(facts.state, serial);
  const Bilingual remedy = {"Archiv exportieren und sichern; rechtzeitig eine Ersatz-TSE besorgen.",
                            "Export and save the archive; get a spare TSE in time."};
  if (status.storage_bytes > 0) {
    const auto used =
        static_cast<int>(share_of(status.storage_used_bytes, status.storage_bytes, 100));
    const auto* const step = std::find_if(storage_steps.begin(), storage_steps.end(),
                                          [&](int percent) { return used >= percent; });
    if (step != storage_steps.end()) {
      Message message = device_message(
          serial, *step == storage_steps.front() ? Severity::error : Severity::warning,
          fmt::format("storage-{}", *step), "W-TSE-131");
      message.what = {fmt::format("Speicher der TSE {} ist zu {} % belegt.", name, used),
                      fmt::format("The memory of TSE {} is {} % full.", name, used)};
      message.remedy = remedy;
      out.push_back(std::move(message));
    }
  }
  if (status.signatures_left > 0 && status.signatures_left < signatures_low) {
    Message message = device_message(serial, Severity::warning, "signatures", "W-TSE-132");
    message.what = {fmt::format("TSE {} hat noch {} Signaturen.", name, status.signatures_left),
                    fmt::format("TSE {} has {} signatures left.", name, status.signatures_left)};
    message.remedy = remedy;
    out.push_back(std::move(message));
  }
}

void add_devices(const MessageFacts& facts, std::vector<Message>& out) {
  for (const DeviceReport& report : facts.devices) {
    if (report.error) add_not_ready(facts.state, report.serial, *report.error, out);
    if (!report.status) continue;
    if (report.status->state == "uninitialized" || report.status->state == "initialized")
      add_not_ready(facts.state, report.serial,
                    unavailable("E-TSE-407", "the TSE has not been initialized"), out);
    add_certificate(facts, report.serial, report.status->certificate_until, out);
    add_storage(facts, report.serial, *report.status, out);
  }
}

void take_seen(const State& state, Message& message) {
  const auto seen = state.seen.find(message.id);
  if (seen == state.seen.end()) return;
  message.acknowledged_by = seen->second.by;
  message.acknowledged_at = local(state, seen->second.at);
}

enum class Light { ready, substitute, not_set_up, down, emergency, off };

Light light_of(const State& state, const RegisterInfo& info) {
  const auto down = [&](const std::string& device) {
    const auto outage = state.outages.find(device);
    return outage != state.outages.end() && outage->second.open.has_value();
  };
  if (is_austrian(state)) {
    if (info.signers.empty()) return Light::not_set_up;
    if (!down(info.signers.front())) return Light::ready;
    return std::all_of(info.signers.begin(), info.signers.end(), down) ? Light::down
                                                                       : Light::substitute;
  }
  if (info.tse_serial.empty()) return info.no_tse == NoTse::no ? Light::not_set_up : Light::ready;
  const auto outage = state.outages.find(info.tse_serial);
  if (outage != state.outages.end() && outage->second.mode == TseSwitch::Mode::off)
    return Light::off;
  if (outage != state.outages.end() && outage->second.mode == TseSwitch::Mode::emergency)
    return Light::emergency;
  if (!down(info.tse_serial)) return Light::ready;
  return std::any_of(info.backup_tses.begin(), info.backup_tses.end(),
                     [&](const std::string& serial) {
                       return state.tses.contains(serial) && !down(serial);
                     })
             ? Light::substitute
             : Light::down;
}

Bilingual line_of(Light light, bool austrian, bool certified) {
  const std::string_view test = certified ? "" : " TESTBETRIEB";
  switch (light) {
    case Light::ready:
      if (austrian) return {fmt::format("RKSV-AT{}", test), fmt::format("RKSV-AT{}", test)};
      return {fmt::format("TSE-DE{}", test), fmt::format("TSE-DE{}", test)};
    case Light::substitute:
      if (austrian) return {"RKSV-AT (Ersatzkarte)", "RKSV-AT (second card)"};
      return {"TSE-DE (Ersatz-TSE)", "TSE-DE (second TSE)"};
    case Light::not_set_up:
      if (austrian) return {"Keine Signatureinheit eingerichtet", "No signature unit set up"};
      return {"Keine TSE eingerichtet", "No TSE set up"};
    case Light::down:
      if (austrian) return {"Signatureinheit ausgefallen", "Signature unit failed"};
      return {"TSE ausgefallen", "TSE failed"};
    case Light::emergency:
      return {"TSE-Notbetrieb", "TSE emergency operation"};
    case Light::off:
      return {"TSE ausgeschaltet", "TSE switched off"};
  }
  return {};
}

bool all_certified(const State& state) {
  return std::all_of(state.tses.begin(), state.tses.end(),
                     [](const auto& item) { return item.second.certified; }) &&
         std::none_of(state.signers.begin(), state.signers.end(),
                      [](const auto& item) { return item.second.development; });
}

void write_texts(json::Writer& json, std::string_view name, const Bilingual& texts) {
  json.key(name).begin_object().field("de", texts.de).field("en", texts.en).end_object();
}

}  // namespace

std::string_view word_of(Severity severity) {
  switch (severity) {
    case Severity::information:
      return "information";
    case Severity::warning:
      return "warning";
    case Severity::error:
      return "error";
  }
  return {};
}

bool is_signing_device(std::string_view device) {
  return !device.starts_with(printer_prefix) && !device.starts_with(register_prefix);
}

std::vector<Message> messages(const MessageFacts& facts) {
  std::vector<Message> all = facts.others;
  std::vector<Message> own;
  add_outages(facts, own);
  add_set_up(facts.state, own);
  add_devices(facts, own);
  // Who knows more about a thing says it under the same id.
  for (Message& message : own)
    if (std::none_of(facts.others.begin(), facts.others.end(),
                     [&](const Message& other) { return other.id == message.id; }))
      all.push_back(std::move(message));
  for (Message& message : all) take_seen(facts.state, message);
  std::erase_if(all, [](const Message& message) {
    return message.severity == Severity::information && message.acknowledged_at;
  });
  std::sort(all.begin(), all.end(), [](const Message& a, const Message& b) {
    if (a.severity != b.severity) return a.severity > b.severity;
    const Instant a_since = a.since ? a.since->instant() : Instant();
    const Instant b_since = b.since ? b.since->instant() : Instant();
    if (a_since != b_since) return a_since > b_since;
    return a.id < b.id;
  });
  return all;
}

Message cashier_message(const Seal& seal, const LocalStamp& since, bool austrian) {
  Message message;
  message.device = seal.signer.empty() ? seal.tse_serial : seal.signer;
  message.id = fmt::format("outage/{}/{}", message.device, seal.outage_number);
  message.severity = Severity::error;
  message.code = seal.error_code;
  message.since = since;
  message.what = cause_of(seal.error_code, seal.error_text);
  message.go_on = go_on_of(austrian ? Kind::signer : Kind::tse);
  message.remedy = copy_of(outage_code(seal.error_code).remedy);
  return message;
}

Bilingual status_line(const recorder::State& state, const std::optional<RegisterId>& register_id) {
  const bool austrian = is_austrian(state);
  const bool certified = all_certified(state);
  if (register_id) {
    const auto reg = state.registers.find(register_id->text());
    return line_of(
        reg == state.registers.end() ? Light::not_set_up : light_of(state, reg->second.info),
        austrian, certified);
  }
  Light worst = state.registers.empty() ? Light::not_set_up : Light::ready;
  for (const auto& [id, reg] : state.registers) worst = std::max(worst, light_of(state, reg.info));
  return line_of(worst, austrian, certified);
}

std::string to_json(const Message& message) {
  std::string out;
  json::Writer json(out);
  json.begin_object()
      .field("acknowledged_at",
             message.acknowledged_at ? message.acknowledged_at->text() : std::string())
      .field("acknowledged_by", message.acknowledged_by)
      .field("code", message.code)
      .field("device", message.device);
  write_texts(json, "go_on", message.go_on);
  json.field("id", message.id).field("register", message.register_id);
  write_texts(json, "remedy", message.remedy);
  json.field("severity", word_of(message.severity))
      .field("since", message.since ? message.since->text() : std::string());
  write_texts(json, "what", message.what);
  json.end_object();
  return out;
}

}  // namespace siegel::views
