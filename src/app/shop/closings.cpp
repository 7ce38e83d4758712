#include "app/shop/closings.h"

#include <fmt/format.h>

#include <utility>

#include "base/bytes.h"
#include "country/common/closing_text.h"
#include "format/json.h"
#include "model/codec.h"
#include "model/entries.h"
#include "recorder/closing.h"
#include "verify/journal/day.h"

namespace siegel::app {
namespace {

constexpr std::size_t mark_digits = 16;
constexpr std::size_t chunk_entries = 2000;

Result<journal::Entry> entry_at(journal::Reader& reader, std::uint64_t sequence) {
  SIEGEL_TRY(auto entries, reader.read(journal::Sequence(sequence), 1));
  if (sequence == 0 || entries.empty() || entries.front().payload_removed)
    return not_found("E-JRN-403", fmt::format("entry {} is not there", sequence));
  return std::move(entries.front());
}

Result<ClosingView> load(journal::Reader& reader, std::uint64_t sequence) {
  SIEGEL_TRY(const journal::Entry entry, entry_at(reader, sequence));
  if (entry.kind != entry_kind::closing)
    return not_found("E-CLO-115", fmt::format("entry {} is no closing", sequence));
  ClosingView view;
  view.sequence = sequence;
  SIEGEL_TRY(view.closing, closing_from_json(entry.payload));
  view.mark = fmt::format("J {} {}", sequence, hex(entry.hash).substr(0, mark_digits));
  SIEGEL_TRY(const journal::Entry business, entry_at(reader, view.closing.business_sequence));
  SIEGEL_TRY(view.business, business_from_json(business.payload));
  SIEGEL_TRY(const journal::Entry info, entry_at(reader, view.closing.register_sequence));
  SIEGEL_TRY(view.register_info, register_from_json(info.payload));
  return view;
}

Result<recorder::RegisterState> register_of(const recorder::State& state, const RegisterId& id) {
  const auto found = state.registers.find(id.text());
  if (found == state.registers.end())
    return not_found("E-REG-104", fmt::format("register {} is not known", id.text()), "/register");
  return found->second;
}

std::string device_line(const recorder::State& state, const std::string& device,
                        const std::string& name, bool german) {
  const auto outage = state.outages.find(device);
  if (outage == state.outages.end() || !outage->second.open)
    return fmt::format("{}: {}", name, german ? "in Ordnung" : "works");
  return german ? fmt::format("{}: AUSFALL Nr. {} seit {}, {} Belege ohne Signatur", name,
                              outage->second.open->number, outage->second.open->since.text(),
                              outage->second.open_receipts)
                : fmt::format("{}: OUTAGE no. {} since {}, {} receipts without signature", name,
                              outage->second.open->number, outage->second.open->since.text(),
                              outage->second.open_receipts);
}

std::vector<std::string> device_lines(const recorder::State& state, const ClosingView& view,
                                      bool german) {
  std::vector<std::string> lines;
  std::vector<std::string> serials = view.closing.tses;
  const std::string& own = view.register_info.tse_serial;
  if (!own.empty() && std::find(serials.begin(), serials.end(), own) == serials.end())
    serials.push_back(own);
  for (const std::string& serial : serials) {
    const auto tse = state.tses.find(serial);
    const std::string id = tse == state.tses.end() ? std::string() : tse->second.id;
    lines.push_back(
        device_line(state, serial, fmt::format("TSE {} ({})", id, serial.substr(0, 16)), german));
  }
  for (const std::string& id : view.register_info.signers)
    lines.push_back(device_line(
        state, id, fmt::format("{} {}", german ? "Signatureinheit" : "Signature device", id),
        german));
  return lines;
}

std::string check_text(const SelfCheck& check, bool german) {
  const std::uint64_t found = check.report.count(verify::Severity::violation);
  std::string text = german ? fmt::format("{} Belege, {} Signaturen geprüft", check.receipts,
                                          check.report.signatures.checked)
                            : fmt::format("{} receipts, {} signatures checked", check.receipts,
                                          check.report.signatures.checked);
  if (check.unsigned_receipts != 0)
    text += fmt::format(
        fmt::runtime(german ? ", {} ohne Signatur (Ausfall)" : ", {} without signature (outage)"),
        check.unsigned_receipts);
  if (found == 0) return text + (german ? ": in Ordnung" : ": passed");
  return text + fmt::format(fmt::runtime(german ? ": {} FEHLER, siehe siegel journal verify"
                                                : ": {} FAULTS, see siegel journal verify"),
                            found);
}

}  // namespace

Result<ClosingView> load_closing_at(Shop& shop, std::uint64_t sequence) {
  SIEGEL_TRY(const auto reader, shop.reader());
  return load(*reader, sequence);
}

Result<ClosingView> load_closing(Shop& shop, const RegisterId& id, std::uint64_t number) {
  SIEGEL_TRY(const recorder::State state, shop.state());
  SIEGEL_TRY(const recorder::RegisterState reg, register_of(state, id));
  const std::uint64_t wanted = number == 0 ? reg.closings : number;
  if (wanted == 0 || wanted > reg.closings)
    return not_found("E-CLO-115",
                     wanted == 0 ? fmt::format("register {} has no closing yet", id.text())
                                 : fmt::format("register {} has no closing {}; the last one is {}",
                                               id.text(), wanted, reg.closings),
                     "--number");
  SIEGEL_TRY(const auto reader, shop.reader());
  // Each closing names the one before it.
  std::uint64_t at = reg.last_closing;
  while (true) {
    SIEGEL_TRY(const journal::Entry entry, entry_at(*reader, at));
    SIEGEL_TRY(const Closing closing, closing_from_json(entry.payload));
    if (closing.number == wanted) return load(*reader, at);
    if (closing.number < wanted || closing.previous == 0)
      return corrupt("E-CLO-116",
                     fmt::format("closing {} of register {} is missing", wanted, id.text()));
    at = closing.previous;
  }
}

Result<ClosingView> totals_so_far(Shop& shop, const RegisterId& id, Instant now) {
  SIEGEL_TRY(const recorder::State state, shop.state());
  SIEGEL_TRY(const recorder::RegisterState reg, register_of(state, id));
  if (!state.business)
    return conflict("E-REG-106", "name and address of the business are not set yet");
  ClosingView view;
  view.business = state.business_of(reg);
  view.register_info = reg.info;
  SIEGEL_TRY(const LocalStamp stamp, LocalStamp::from(now, view.business.time_zone));
  view.closing = recorder::totals_now(reg, stamp);
  return view;
}

Result<SelfCheck> self_check(Shop& shop, const ClosingView& view) {
  SIEGEL_TRY(const recorder::State state, shop.state());
  std::vector<TseInfo> tses;
  for (const std::string& serial : view.closing.tses)
    if (const auto tse = state.tses.find(serial); tse != state.tses.end())
      tses.push_back(tse->second);
  std::vector<SignerInfo> signers;
  for (const auto& [id, info] : state.signers) signers.push_back(info);
  verify::journal::DayCheck day(view.register_info, tses, signers);
  SelfCheck check;
  check.receipts = view.closing.receipts;
  SIEGEL_TRY(const auto reader, shop.reader());
  journal::Sequence next(view.closing.first_sequence);
  while (next.get() != 0 && next.get() < view.sequence) {
    SIEGEL_TRY(const auto entries, reader->read(next, chunk_entries));
    if (entries.empty()) break;
    for (const journal::Entry& entry : entries) {
      if (entry.sequence.get() >= view.sequence) break;
      day.take(entry.sequence.get(), entry.kind, entry.register_id, entry.payload);
    }
    next = journal::Sequence(entries.back().sequence.get() + 1);
  }
  check.unsigned_receipts = day.unsigned_receipts();
  check.report = day.finish(view.closing, view.sequence);
  return check;
}

Result<print::Document> closing_paper(Shop& shop, const ClosingView& view,
                                      const ClosingPrint& options) {
  SIEGEL_TRY(const recorder::State state, shop.state());
  const bool german = options.language == Language::de;
  return country::closing_document(
      {.closing = view.closing,
       .business = view.business,
       .register_info = view.register_info,
       .is_x = view.sequence == 0,
       .copy = options.copy,
       .devices = device_lines(state, view, german),
       .self_check = options.check == nullptr ? std::string() : check_text(*options.check, german),
       .journal_mark = view.mark},
      options.language);
}

json::Object closing_json(const ClosingView& view, const SelfCheck* check) {
  json::Object out;
  const Closing& closing = view.closing;
  const auto number = [](std::uint64_t value) { return static_cast<std::int64_t>(value); };
  out.set("register", closing.register_id.text());
  if (view.sequence != 0) out.set("number", number(closing.number));
  out.set("at", closing.at.text());
  if (closing.business_day) out.set("business_day", closing.business_day->text());
  out.set("receipts", number(closing.receipts));
  out.set("first_number", number(closing.first_number));
  out.set("last_number", number(closing.last_number));
  out.set("turnover", closing.turnover.text());
  json::Array cases;
  for (const ClosingCase& one : closing.cases) {
    json::Object row;
    row.set("gv_typ", gv_typ_text(one.gv_typ));
    if (!one.gv_name.empty()) row.set("gv_name", one.gv_name);
    if (one.agency != 0) row.set("agency", one.agency);
    row.set("vat_key", one.key.get());
    row.set("rate", one.rate.text());
    row.set("gross", one.gross.text()).set("net", one.net.text()).set("tax", one.tax.text());
    cases.push_back(std::move(row));
  }
  out.set("cases", std::move(cases));
  json::Array payments;
  for (const ClosingPayment& one : closing.payments) {
    json::Object row;
    row.set("kind", payment_kind_text(one.kind));
    if (!one.name.empty()) row.set("name", one.name);
    row.set("value", one.value.text());
    payments.push_back(std::move(row));
  }
  out.set("payments", std::move(payments));
  const auto cash = [](const auto& list) {
    json::Array rows;
    for (const auto& one : list) {
      json::Object row;
      row.set("currency", one.currency.text()).set("amount", one.amount.text());
      rows.push_back(std::move(row));
    }
    return rows;
  };
  out.set("cash", cash(closing.cash));
  out.set("drawer", cash(closing.drawer));
  if (!closing.counted.empty()) {
    out.set("counted", cash(closing.counted));
    out.set("difference", closing.difference.text());
  }
  if (!closing.note.empty()) out.set("note", closing.note);
  if (!view.mark.empty()) out.set("journal_mark", view.mark);
  if (check != nullptr) {
    json::Object row;
    row.set("verdict", verify::verdict_name(check->report.verdict()));
    row.set("signatures", number(check->report.signatures.checked));
    row.set("unsigned", number(check->unsigned_receipts));
    json::Array findings;
    for (const verify::Finding& finding : check->report.findings())
      findings.push_back(fmt::format("{} {}: {}, expected {}", finding.rule, finding.place,
                                     finding.found, finding.expected));
    row.set("findings", std::move(findings));
    out.set("self_check", std::move(row));
  }
  return out;
}

}  // namespace siegel::app
