#include <fmt/format.h>

#include <algorithm>

#include "exports/dsfinvk.h"
#include "model/codec.h"

// The closings of an export.

namespace siegel::exports {
namespace {

using journal::Entry;
using journal::Reader;
using journal::Sequence;

Result<Entry> entry_at(Reader& reader, std::uint64_t sequence, std::string_view kind) {
  SIEGEL_TRY(std::vector<Entry> entries, reader.read(Sequence(sequence), 1));
  if (entries.empty() || entries.front().kind != kind)
    return corrupt("E-EXP-109", fmt::format("entry {} is no entry \"{}\"", sequence, kind),
                   fmt::format("entry {}", sequence));
  if (entries.front().payload_removed)
    return not_found("E-EXP-112", fmt::format("the content of entry {} has been removed", sequence),
                     fmt::format("entry {}", sequence));
  return std::move(entries.front());
}

Status follow_links(Reader& reader, std::uint64_t last, Survey::Register& out) {
  for (std::uint64_t at = last; at != 0;) {
    SIEGEL_TRY(const Entry entry, entry_at(reader, at, entry_kind::closing));
    SIEGEL_TRY(Closing closing, closing_from_json(entry.payload));
    if (closing.register_id.text() != out.id || closing.previous >= at)
      return corrupt("E-EXP-109", fmt::format("entry {} is no closing of register {}", at, out.id),
                     fmt::format("entry {}", at));
    const std::uint64_t previous = closing.previous;
    out.closings.push_back({std::move(closing), {entry.sequence, entry.hash}});
    at = previous;
  }
  std::ranges::reverse(out.closings);
  return Ok{};
}

Date day_of(const Closing& closing, bool by_business_day) {
  return by_business_day ? closing.business_day.value_or(closing.at.date()) : closing.at.date();
}

bool matches(const Selection& selection, const Closing& closing) {
  const Date day = day_of(closing, selection.by_business_day);
  return (!selection.first_number || closing.number >= *selection.first_number) &&
         (!selection.last_number || closing.number <= *selection.last_number) &&
         (!selection.first_day || day >= *selection.first_day) &&
         (!selection.last_day || day <= *selection.last_day);
}

/// The register has sold in the period and not closed.
bool is_open(const Selection& selection, const Survey::Register& of) {
  if (of.open_receipts == 0 || !of.open_since) return false;
  const bool is_by_day = selection.first_day.has_value() || selection.last_day.has_value();
  const std::uint64_t last = of.closings.empty() ? 0 : of.closings.back().closing.number;
  if (selection.last_number && *selection.last_number <= last) return false;
  if (selection.last_number && !is_by_day) return true;
  return is_by_day && (!selection.last_day || *of.open_since <= *selection.last_day);
}

}  // namespace

Result<Survey> survey(Reader& reader, const recorder::State& state) {
  Survey out;
  for (const auto& [serial, tse] : state.tses) out.tses.emplace(serial, tse);
  for (const auto& [id, known] : state.registers) {
    Survey::Register& of = out.registers.emplace_back();
    of.id = id;
    of.open_receipts = known.day.receipts;
    if (known.day.first_sequence != 0) {
      SIEGEL_TRY(const Entry entry, entry_at(reader, known.day.first_sequence, entry_kind::plan));
      SIEGEL_TRY(const Plan plan, plan_from_json(entry.payload));
      of.open_since = plan.decided.date();
    }
    SIEGEL_TRY_OK(follow_links(reader, known.last_closing, of));
    out.index.add_register(id);
    for (const FoundClosing& found : of.closings) out.index.add(found.closing);
  }
  return out;
}

Result<std::vector<ChosenRegister>> choose(const Survey& survey, const DsfinvkRequest& request) {
  const Selection& selection = request.selection;
  for (const std::string& wanted : selection.registers) {
    if (std::ranges::find(survey.registers, wanted, &Survey::Register::id) ==
        survey.registers.end())
      return not_found("E-EXP-101", fmt::format("register {} is not known", wanted), wanted);
  }
  std::vector<ChosenRegister> chosen;
  for (const Survey::Register& of : survey.registers) {
    if (!selection.registers.empty() &&
        std::ranges::find(selection.registers, of.id) == selection.registers.end())
      continue;
    if (is_open(selection, of) && !selection.leave_open_out)
      return conflict("E-EXP-102",
                      fmt::format("register {} has {} receipts since {} that no closing holds: "
                                  "close it first, or leave them out",
                                  of.id, of.open_receipts, of.open_since->text()),
                      of.id);
    ChosenRegister& one = chosen.emplace_back();
    one.id = of.id;
    one.open_receipts = of.open_receipts;
    for (const FoundClosing& found : of.closings)
      if (matches(selection, found.closing)) one.closings.push_back(found);
    if (one.closings.empty()) chosen.pop_back();
  }
  if (chosen.empty())
    return not_found("E-EXP-101",
                     "there is no closing in this period: an export holds closed business only");
  const Date first_of_2_3(2022, 7, 1);
  if (request.edition == country::de::Edition::v2_2) {
    for (const ChosenRegister& of : chosen)
      for (const FoundClosing& found : of.closings)
        if (found.closing.at.date() >= first_of_2_3)
          return invalid("E-EXP-105",
                         fmt::format("closing {} of register {} is of {}: edition 2.2 is for "
                                     "records before 2022-07-01",
                                     found.closing.number, of.id, found.closing.at.date().text()),
                         "--edition");
  }
  return chosen;
}

}  // namespace siegel::exports
