#include "archive/manifest.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <numeric>

#include "format/json.h"
#include "format/json_fields.h"
#include "format/json_writer.h"

namespace siegel::archive {
namespace {

constexpr std::int64_t number_max = std::numeric_limits<std::int64_t>::max();

std::int64_t number(std::uint64_t value) { return static_cast<std::int64_t>(value); }

Error bad(const Error& error) {
  return corrupt("E-ARC-102", fmt::format("{}: {}", error.code, error.detail), error.place);
}
Error bad(std::string detail, std::string place) {
  return corrupt("E-ARC-102", std::move(detail), std::move(place));
}

Result<std::uint64_t> count(json::Fields& fields, std::string_view key, std::int64_t min = 0) {
  SIEGEL_TRY(const std::int64_t value, fields.required_int(key, min, number_max));
  return static_cast<std::uint64_t>(value);
}

Result<Instant> instant(json::Fields& fields, std::string_view key) {
  SIEGEL_TRY(const std::string text, fields.required_string(key, 40));
  auto parsed = Instant::parse(text);
  if (!parsed) return bad(parsed.error().detail, fields.place_of(key));
  return *parsed;
}

Result<Hash256> hash(json::Fields& fields, std::string_view key) {
  SIEGEL_TRY(const std::string text, fields.required_string(key, 64));
  const auto bytes = from_hex(text);
  Hash256 out{};
  if (!bytes || bytes->size() != out.size())
    return bad("64 hex digits are needed", fields.place_of(key));
  std::copy(bytes->begin(), bytes->end(), out.begin());
  return out;
}

/// The name is opened: nothing but our own form is let through.
bool is_piece_name(std::string_view name) {
  constexpr std::string_view ending = ".tar";
  if (name.size() < 6 + ending.size() || name.size() > 20 || !name.ends_with(ending)) return false;
  name.remove_suffix(ending.size());
  return std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; });
}

Result<Piece> piece_of(json::Fields fields) {
  Piece piece;
  SIEGEL_TRY(piece.at, instant(fields, "at"));
  SIEGEL_TRY(piece.bytes, count(fields, "bytes"));
  SIEGEL_TRY(piece.counters.first, count(fields, "counter_first", 1));
  SIEGEL_TRY(piece.counters.last, count(fields, "counter_last", 1));
  SIEGEL_TRY(piece.file, fields.required_string("file", 20));
  SIEGEL_TRY(piece.messages, count(fields, "messages", 1));
  SIEGEL_TRY(piece.sha256, hash(fields, "sha256"));
  SIEGEL_TRY(piece.time_first, instant(fields, "time_first"));
  SIEGEL_TRY(piece.time_last, instant(fields, "time_last"));
  SIEGEL_TRY(piece.transaction_first, count(fields, "transaction_first"));
  SIEGEL_TRY(piece.transaction_last, count(fields, "transaction_last"));
  SIEGEL_TRY_OK(fields.finish());
  if (!is_piece_name(piece.file)) return bad("no name of a piece", fields.place_of("file"));
  const CounterRange& counters = piece.counters;
  if (counters.last < counters.first || piece.messages > counters.last - counters.first + 1 ||
      piece.transaction_last < piece.transaction_first)
    return bad("first and last do not fit", fields.place());
  return piece;
}

Result<Manifest> read(json::Fields fields) {
  Manifest out;
  SIEGEL_TRY(out.asked_up_to, count(fields, "asked_up_to"));
  SIEGEL_TRY_OK(fields.required_int("format", 1, 1));
  SIEGEL_TRY(const json::Items gaps, fields.required_array("gaps", Manifest::pieces_max));
  for (std::size_t i = 0; i < gaps.size(); ++i) {
    SIEGEL_TRY(json::Fields gap, gaps.object(i));
    CounterRange range;
    SIEGEL_TRY(range.first, count(gap, "first", 1));
    SIEGEL_TRY(range.last, count(gap, "last", 1));
    SIEGEL_TRY_OK(gap.finish());
    if (range.last < range.first || (!out.gaps.empty() && range.first <= out.gaps.back().last))
      return bad("gaps are in order and do not touch", gap.place());
    out.gaps.push_back(range);
  }
  SIEGEL_TRY(out.last_sha256, hash(fields, "last_sha256"));
  SIEGEL_TRY(out.last_time, instant(fields, "last_time"));
  SIEGEL_TRY(const json::Items pieces, fields.required_array("pieces", Manifest::pieces_max));
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    SIEGEL_TRY(json::Fields one, pieces.object(i));
    SIEGEL_TRY(Piece piece, piece_of(std::move(one)));
    if (!out.pieces.empty() && piece.counters.first <= out.pieces.back().counters.last)
      return bad("pieces follow one another", pieces.place_of(i));
    out.pieces.push_back(std::move(piece));
  }
  SIEGEL_TRY(out.serial, fields.required_string("serial", 128));
  SIEGEL_TRY(out.transaction_last, count(fields, "transaction_last"));
  SIEGEL_TRY_OK(fields.finish());
  return out;
}

}  // namespace

std::uint64_t Manifest::messages() const {
  return std::accumulate(
      pieces.begin(), pieces.end(), std::uint64_t{0},
      [](std::uint64_t sum, const Piece& piece) { return sum + piece.messages; });
}

std::uint64_t Manifest::bytes() const {
  return std::accumulate(pieces.begin(), pieces.end(), std::uint64_t{0},
                         [](std::uint64_t sum, const Piece& piece) { return sum + piece.bytes; });
}

std::string to_json(const Manifest& manifest) {
  std::string out;
  json::Writer writer(out);
  writer.begin_object();
  writer.field("asked_up_to", number(manifest.asked_up_to));
  writer.field("format", 1);
  writer.key("gaps").begin_array();
  for (const CounterRange& gap : manifest.gaps) {
    writer.begin_object().field("first", number(gap.first)).field("last", number(gap.last));
    writer.end_object();
  }
  writer.end_array();
  writer.field("last_sha256", hex(manifest.last_sha256));
  writer.field("last_time", manifest.last_time.text());
  writer.key("pieces").begin_array();
  for (const Piece& piece : manifest.pieces) {
    writer.begin_object();
    writer.field("at", piece.at.text()).field("bytes", number(piece.bytes));
    writer.field("counter_first", number(piece.counters.first));
    writer.field("counter_last", number(piece.counters.last));
    writer.field("file", piece.file).field("messages", number(piece.messages));
    writer.field("sha256", hex(piece.sha256));
    writer.field("time_first", piece.time_first.text());
    writer.field("time_last", piece.time_last.text());
    writer.field("transaction_first", number(piece.transaction_first));
    writer.field("transaction_last", number(piece.transaction_last));
    writer.end_object();
  }
  writer.end_array();
  writer.field("serial", manifest.serial);
  writer.field("transaction_last", number(manifest.transaction_last));
  writer.end_object();
  return out;
}

Result<Manifest> manifest_from_json(std::string_view text) {
  const auto value = json::parse(
      text, {.bytes_max = Manifest::bytes_max, .depth_max = 4, .values_max = 2'000'000});
  if (!value) return bad(value.error());
  auto fields = json::Fields::of(*value);
  if (!fields) return bad(fields.error());
  auto manifest = read(std::move(*fields));
  if (manifest) return manifest;
  return manifest.error().code == "E-ARC-102" ? manifest.error() : bad(manifest.error());
}

}  // namespace siegel::archive
