#include "exports/progress.h"

#include <fmt/format.h>

#include <limits>

#include "format/json.h"
#include "format/json_fields.h"
#include "format/json_writer.h"

namespace siegel::exports {
namespace {

using country::de::AwaitedSignature;
using country::de::dsfinvk_tables;

constexpr std::int64_t number_max = std::numeric_limits<std::int64_t>::max();
constexpr std::size_t text_max = 100'000;

std::int64_t number(std::uint64_t value) { return static_cast<std::int64_t>(value); }

void write(json::Writer& out, const RegisterRun::Mark& mark) {
  out.begin_object().key("awaited").begin_array();
  for (const auto& [plan, awaited] : mark.awaited) {
    out.begin_object().field("plan", number(plan)).field("prefix", awaited.prefix);
    // Process data may hold line ends, which a strict reader of one line would refuse.
    out.field("process_data", hex(bytes_of(awaited.process_data)))
        .field("process_type", awaited.process_type)
        .field("tse", awaited.tse_serial)
        .key("tses")
        .begin_array();
    for (const std::string& serial : awaited.tses) out.string(serial);
    out.end_array().end_object();
  }
  out.end_array()
      .field("closings", number(mark.closings))
      .field("process_data_length", number(mark.process_data_length))
      .field("receipts", number(mark.receipts))
      .key("rows")
      .begin_array();
  for (const std::uint64_t rows : mark.rows) out.integer(number(rows));
  out.end_array().key("sizes").begin_array();
  for (const std::uint64_t size : mark.sizes) out.integer(number(size));
  out.end_array().end_object();
}

Result<std::uint64_t> read_number(json::Fields& in, std::string_view key) {
  SIEGEL_TRY(const std::int64_t value, in.required_int(key, 0, number_max));
  return static_cast<std::uint64_t>(value);
}

Status read_numbers(json::Fields& in, std::string_view key,
                    std::array<std::uint64_t, dsfinvk_tables>& out) {
  SIEGEL_TRY(const json::Items items, in.required_array(key, dsfinvk_tables));
  if (items.size() != dsfinvk_tables) return invalid("E-JSN-026", "is not one number a table");
  for (std::size_t i = 0; i < dsfinvk_tables; ++i) {
    SIEGEL_TRY(const std::int64_t value, items.integer(i, 0, number_max));
    out[i] = static_cast<std::uint64_t>(value);
  }
  return Ok{};
}

Status read_awaited(json::Fields in, RegisterRun::Awaited& out) {
  SIEGEL_TRY(const std::uint64_t plan, read_number(in, "plan"));
  AwaitedSignature awaited;
  SIEGEL_TRY(awaited.prefix, in.required_string("prefix", text_max));
  SIEGEL_TRY(const auto data, in.optional_string("process_data", 20'000'000));
  SIEGEL_TRY(const Bytes bytes, from_hex(data.value_or("")));
  awaited.process_data = text_of(bytes);
  SIEGEL_TRY(awaited.process_type, in.required_string("process_type", text_max));
  SIEGEL_TRY(const auto serial, in.optional_string("tse", text_max));
  awaited.tse_serial = serial.value_or("");
  SIEGEL_TRY(const json::Items serials, in.required_array("tses", 10'000));
  for (std::size_t i = 0; i < serials.size(); ++i) {
    SIEGEL_TRY(awaited.tses.emplace_back(), serials.string(i, text_max));
  }
  out.emplace(plan, std::move(awaited));
  return in.finish();
}

Result<RegisterRun::Mark> read_mark(json::Fields in) {
  RegisterRun::Mark mark;
  SIEGEL_TRY(const json::Items awaited, in.required_array("awaited", 10'000'000));
  for (std::size_t i = 0; i < awaited.size(); ++i) {
    SIEGEL_TRY(json::Fields one, awaited.object(i));
    SIEGEL_TRY_OK(read_awaited(std::move(one), mark.awaited));
  }
  SIEGEL_TRY(mark.closings, read_number(in, "closings"));
  SIEGEL_TRY(mark.process_data_length, read_number(in, "process_data_length"));
  SIEGEL_TRY(mark.receipts, read_number(in, "receipts"));
  SIEGEL_TRY_OK(read_numbers(in, "rows", mark.rows));
  SIEGEL_TRY_OK(read_numbers(in, "sizes", mark.sizes));
  SIEGEL_TRY_OK(in.finish());
  return mark;
}

Result<Progress> read(std::string_view text) {
  SIEGEL_TRY(const json::Value value,
             json::parse(text, {.bytes_max = std::size_t{1} << 28, .values_max = 50'000'000}));
  SIEGEL_TRY(json::Fields in, json::Fields::of(value));
  Progress out;
  SIEGEL_TRY(out.complete, in.required_bool("complete"));
  SIEGEL_TRY(const json::Items marks, in.required_array("marks", 1'000'000));
  for (std::size_t i = 0; i < marks.size(); ++i) {
    SIEGEL_TRY(json::Fields mark, marks.object(i));
    SIEGEL_TRY(out.marks.emplace_back(), read_mark(std::move(mark)));
  }
  SIEGEL_TRY(out.read_to, read_number(in, "read_to"));
  SIEGEL_TRY(out.request, in.required_string("request", text_max));
  SIEGEL_TRY_OK(in.finish());
  return out;
}

}  // namespace

std::string to_json(const Progress& progress) {
  std::string text;
  json::Writer out(text);
  out.begin_object().field("complete", progress.complete).key("marks").begin_array();
  for (const RegisterRun::Mark& mark : progress.marks) write(out, mark);
  out.end_array()
      .field("read_to", number(progress.read_to))
      .field("request", progress.request)
      .end_object();
  return text;
}

Result<Progress> progress_from_json(std::string_view json) {
  auto progress = read(json);
  if (progress.ok()) return progress;
  return corrupt("E-EXP-111",
                 fmt::format("the progress file of the export cannot be read ({}): delete the "
                             "folder and begin again",
                             progress.error().detail),
                 std::string(progress_name));
}

}  // namespace siegel::exports
