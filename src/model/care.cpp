#include "model/care.h"

#include <algorithm>
#include <array>

#include "model/stored.h"

namespace siegel {

using stored::number;
using stored::optional_instant;
using stored::optional_number;
using stored::optional_text;
using stored::Stored;

namespace {

constexpr std::array<std::string_view, 2> how_words = {"night", "read_back"};

bool is_zero(const Hash256& hash) {
  return std::ranges::all_of(hash, [](std::byte one) { return one == std::byte{0}; });
}

}  // namespace

std::string_view word_of(TseChecked::How how) {
  return how_words.at(static_cast<std::size_t>(how));
}

std::string to_json(const TseChecked& entry) {
  std::string out;
  json::Writer writer(out);
  writer.begin_object();
  optional_instant(writer, "certificate_until", entry.certificate_until);
  optional_number(writer, "counter", number(entry.counter));
  stored::optional_list(writer, "findings", entry.findings,
                        [](json::Writer& to, const TseChecked::Finding& finding) {
                          to.begin_object().field("code", finding.code);
                          optional_number(to, "counter", number(finding.counter));
                          to.field("detail", finding.detail).end_object();
                        });
  optional_number(writer, "findings_total", number(entry.findings_total));
  writer.field("how", word_of(entry.how));
  optional_number(writer, "messages", number(entry.messages));
  stored::optional_list(writer, "pending", entry.pending,
                        [](json::Writer& to, std::uint64_t one) { to.integer(number(one)); });
  optional_number(writer, "sequence", number(entry.sequence));
  optional_number(writer, "signatures", number(entry.signatures));
  optional_number(writer, "signatures_left", number(entry.signatures_left));
  optional_number(writer, "storage_bytes", number(entry.storage_bytes));
  optional_number(writer, "storage_used_bytes", number(entry.storage_used_bytes));
  stored::optional_list(writer, "told", entry.told, stored::write_text);
  writer.field("tse_serial", entry.tse_serial);
  writer.end_object();
  return out;
}

std::string to_json(const TseRetired& entry) {
  std::string out;
  json::Writer writer(out);
  writer.begin_object();
  if (!is_zero(entry.archive_sha256)) writer.field("archive_sha256", hex(entry.archive_sha256));
  optional_number(writer, "counter", number(entry.counter));
  if (entry.lost) writer.field("lost", true);
  writer.field("reason", entry.reason);
  optional_text(writer, "successor", entry.successor);
  writer.field("tse_serial", entry.tse_serial);
  writer.end_object();
  return out;
}

std::string to_json(const ClockConfirmed& entry) {
  std::string out;
  json::Writer writer(out);
  writer.begin_object().field("clock", entry.clock.text());
  optional_instant(writer, "device", entry.device);
  writer.field("last", entry.last.text());
  if (entry.synchronised) writer.field("synchronised", true);
  optional_instant(writer, "typed", entry.typed);
  writer.end_object();
  return out;
}

Result<TseChecked> tse_checked_from_json(std::string_view json) {
  return stored::read_as<TseChecked>(json, [](Stored& object, TseChecked& out) {
    object.parsed("certificate_until", out.certificate_until);
    object.number("counter", out.counter);
    object.list("findings", [&](const json::Value& value, const std::string& place) -> Status {
      if (out.findings.size() >= TseChecked::findings_max)
        return invalid("E-MOD-101", "too many findings", place);
      Stored item(value, place);
      TseChecked::Finding& finding = out.findings.emplace_back();
      item.text("code", finding.code);
      item.number("counter", finding.counter);
      item.text("detail", finding.detail);
      return item.finish();
    });
    object.number("findings_total", out.findings_total);
    object.word("how", how_words, out.how);
    object.number("messages", out.messages);
    object.list("pending", [&](const json::Value& value, const std::string& place) -> Status {
      const bool next = value.integer() != nullptr &&
                        out.pending.size() < TseChecked::pending_max &&
                        (out.pending.empty() ||
                         static_cast<std::uint64_t>(*value.integer()) > out.pending.back());
      if (!next) return invalid("E-MOD-101", "is no ascending list of counters", place);
      out.pending.push_back(static_cast<std::uint64_t>(*value.integer()));
      return Ok{};
    });
    object.number("sequence", out.sequence);
    object.number("signatures", out.signatures);
    object.number("signatures_left", out.signatures_left);
    object.number("storage_bytes", out.storage_bytes);
    object.number("storage_used_bytes", out.storage_used_bytes);
    object.texts("told", out.told);
    object.text("tse_serial", out.tse_serial);
  });
}

Result<TseRetired> tse_retired_from_json(std::string_view json) {
  return stored::read_as<TseRetired>(json, [](Stored& object, TseRetired& out) {
    std::string digest;
    object.text("archive_sha256", digest);
    // A digest of another form is written differently again, and so refused.
    if (const auto bytes = from_hex(digest); bytes && bytes->size() == out.archive_sha256.size())
      std::copy(bytes->begin(), bytes->end(), out.archive_sha256.begin());
    object.number("counter", out.counter);
    object.boolean("lost", out.lost);
    object.text("reason", out.reason);
    object.text("successor", out.successor);
    object.text("tse_serial", out.tse_serial);
  });
}

Result<ClockConfirmed> clock_confirmed_from_json(std::string_view json) {
  return stored::read_as<ClockConfirmed>(json, [](Stored& object, ClockConfirmed& out) {
    object.parsed("clock", out.clock);
    object.parsed("device", out.device);
    object.parsed("last", out.last);
    object.boolean("synchronised", out.synchronised);
    object.parsed("typed", out.typed);
  });
}

}  // namespace siegel
