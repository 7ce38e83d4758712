#include "app/shop/slips.h"

#include <fmt/format.h>

#include "base/file.h"
#include "format/json.h"
#include "format/json_fields.h"
#include "model/codec.h"
#include "model/entries.h"
#include "print/text/text.h"
#include "views/messages.h"
#include "views/outage_story.h"

namespace siegel::app {
namespace {

namespace fs = std::filesystem;

fs::path position_file(const fs::path& folder) { return folder / "slips.json"; }

Result<std::optional<journal::Sequence>> read_position(const fs::path& folder) {
  const auto bytes = read_file(position_file(folder), 4096);
  if (!bytes) {
    if (bytes.error().kind == ErrorKind::not_found) return std::optional<journal::Sequence>();
    return bytes.error();
  }
  const auto read = [&]() -> Result<std::int64_t> {
    SIEGEL_TRY(const json::Value value, json::parse(text_of(*bytes)));
    SIEGEL_TRY(auto fields, json::Fields::of(value));
    SIEGEL_TRY(const std::int64_t position, fields.required_int("position", 0, INT64_MAX));
    SIEGEL_TRY_OK(fields.finish());
    return position;
  };
  const auto position = read();
  if (!position)
    return invalid("E-PRN-303", position.error().detail, position_file(folder).string());
  return std::optional(journal::Sequence(static_cast<std::uint64_t>(*position)));
}

}  // namespace

Result<print::Document> outage_slip(journal::Reader& reader, const recorder::State& state,
                                    const std::string& device, std::uint64_t number,
                                    OutageSlip slip, journal::Sequence newest) {
  if (!state.business)
    return conflict("E-REG-106", "name and address of the business are not set yet");
  SIEGEL_TRY(const views::OutageStory story, views::find_outage(reader, device, number, newest));
  const auto tse = state.tses.find(device);
  const auto signer = state.signers.find(device);
  const auto reg = state.registers.find(story.register_id);
  const views::OutageSlipFacts facts{
      .business = *state.business,
      .language = state.profile.language,
      .story = story,
      .tse = tse == state.tses.end() ? nullptr : &tse->second,
      .signer = signer == state.signers.end() ? nullptr : &signer->second,
      .register_name = reg == state.registers.end() ? std::string() : reg->second.info.name};
  if (slip == OutageSlip::failure) return views::failure_slip(facts);
  if (!story.ended)
    return conflict("E-OUT-106", fmt::format("outage {} of {} goes on", number, device), "number");
  return views::recovery_slip(facts);
}

Status print_slip(const PrinterSettings& printer, const print::Document& document,
                  const recorder::State& state,
                  const std::function<void(recorder::OutageReport)>& report) {
  SIEGEL_TRY(const std::string text, print::render_text(document, {.columns = printer.columns}));
  const Status printed = print_on(printer, text + "\n\n\n");
  const std::string device = std::string(views::printer_prefix) + printer.shown_name();
  const auto outage = state.outages.find(device);
  const bool broken = outage != state.outages.end() && outage->second.open.has_value();
  if (printed.ok() == broken)
    report({.device = device,
            .ended = printed.ok(),
            .code = printed.ok() ? std::string() : printed.error().code,
            .text = printed.ok() ? std::string() : printed.error().detail});
  return printed;
}

Result<std::unique_ptr<SlipPrinter>> SlipPrinter::make(Parts parts, journal::Sequence head) {
  SIEGEL_TRY(const auto position, read_position(parts.folder));
  std::unique_ptr<SlipPrinter> printer(new SlipPrinter(std::move(parts)));
  printer->m_position = head;
  // A journal that was put back is shorter than what was printed of the one before.
  if (position && *position <= head)
    printer->m_position = *position;
  else
    SIEGEL_TRY_OK(printer->save());
  return printer;
}

Status SlipPrinter::save() {
  json::Object object;
  object.set("position", static_cast<std::int64_t>(m_position.get()));
  return write_file(position_file(m_parts.folder), bytes_of(json::pretty(object)), {.mode = 0600});
}

Status SlipPrinter::print(const std::string& device, std::uint64_t number, OutageSlip slip,
                          journal::Sequence newest) {
  if (!views::is_signing_device(device)) return Ok{};
  SIEGEL_TRY(const recorder::State state, m_parts.state());
  const bool wanted =
      slip == OutageSlip::failure ? state.profile.failure_slip : state.profile.recovery_slip;
  if (!wanted) return Ok{};
  const auto document = outage_slip(*m_parts.reader, state, device, number, slip, newest);
  if (!document) {
    // Its begin was removed after the retention time: nothing is left to put on paper.
    if (document.error().kind == ErrorKind::not_found) return Ok{};
    return document.error();
  }
  return print_slip(m_parts.printer, *document, state, m_parts.report);
}

Status SlipPrinter::handle(std::span<const journal::Entry> entries) {
  bool printed = false;
  for (const journal::Entry& entry : entries) {
    if (entry.kind == entry_kind::outage_begin && !entry.payload_removed) {
      SIEGEL_TRY(const OutageBegan began, outage_began_from_json(entry.payload));
      // The receipt that noticed it stands behind it, in the same commit.
      SIEGEL_TRY_OK(print(began.tse_serial, began.number, OutageSlip::failure, {}));
      printed = true;
    } else if (entry.kind == entry_kind::outage_end && !entry.payload_removed) {
      SIEGEL_TRY(const OutageEnded ended, outage_ended_from_json(entry.payload));
      SIEGEL_TRY_OK(print(ended.tse_serial, ended.number, OutageSlip::recovery, entry.sequence));
      printed = true;
    }
    // What has been printed is not printed again, whatever comes behind it.
    m_position = entry.sequence;
    if (printed) SIEGEL_TRY_OK(save());
    printed = false;
  }
  return Ok{};
}

}  // namespace siegel::app
