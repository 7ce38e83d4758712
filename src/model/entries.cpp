#include "model/entries.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "format/json.h"
#include "format/json_fields.h"
#include "format/json_writer.h"
#include "model/codec.h"

namespace siegel {
namespace {

constexpr std::int64_t number_max = INT64_MAX;

Error as_corrupt(const Error& error) {
  return corrupt("E-MOD-101",
                 fmt::format("a stored entry cannot be read: {} {}", error.detail, error.place));
}

std::int64_t number(std::uint64_t value) { return static_cast<std::int64_t>(value); }

/// Reads one stored object: every failure is corruption, whatever the reader below calls it.
template <class T, class Read>
Result<T> stored(std::string_view json, Read read) {
  const auto value = json::parse(json, {.bytes_max = std::size_t{4} << 20});
  if (!value) return as_corrupt(value.error());
  auto fields = json::Fields::of(*value);
  if (!fields) return as_corrupt(fields.error());
  Result<T> result = read(*fields);
  if (!result) return as_corrupt(result.error());
  if (const auto end = fields->finish(); !end) return as_corrupt(end.error());
  return result;
}

Result<std::uint64_t> unsigned_field(json::Fields& fields, std::string_view key) {
  SIEGEL_TRY(const std::int64_t value, fields.required_int(key, 0, number_max));
  return static_cast<std::uint64_t>(value);
}

Result<Instant> instant_field(json::Fields& fields, std::string_view key) {
  SIEGEL_TRY(const std::string text, fields.required_string(key, 40));
  return Instant::parse(text);
}

Result<LocalStamp> stamp_field(json::Fields& fields, std::string_view key) {
  SIEGEL_TRY(const std::string text, fields.required_string(key, 40));
  return LocalStamp::parse(text);
}

Result<Bytes> bytes_field(json::Fields& fields, std::string_view key) {
  SIEGEL_TRY(const auto text, fields.optional_string(key, 4096));
  return from_base64(text.value_or(""));
}

Result<std::string> text_field(json::Fields& fields, std::string_view key) {
  SIEGEL_TRY(auto text, fields.optional_string(key, 4096));
  return text.value_or("");
}

Result<VorgangId> vorgang_field(json::Fields& fields) {
  SIEGEL_TRY(std::string text, fields.required_string("vorgang", 200));
  return VorgangId(std::move(text));
}

Result<RegisterId> register_field(json::Fields& fields) {
  SIEGEL_TRY(const std::string text, fields.required_string("register", 64));
  return RegisterId::parse(text);
}

}  // namespace

std::string to_json(const VorgangOpened& entry) {
  std::string out;
  json::Writer writer(out);
  writer.begin_object()
      .field("began", exact_text(entry.began))
      .field("register", entry.register_id.text());
  if (!entry.tse_serial.empty()) writer.field("tse_serial", entry.tse_serial);
  writer.field("vorgang", entry.vorgang.get()).end_object();
  return out;
}

std::string to_json(const VorgangStarted& entry) {
  std::string out;
  json::Writer(out)
      .begin_object()
      .field("error_code", entry.error_code)
      .field("log_time", entry.log_time.text())
      .field("register", entry.register_id.text())
      .field("signature", base64(entry.signature))
      .field("signature_counter", number(entry.signature_counter))
      .field("transaction", number(entry.transaction))
      .field("tse_serial", entry.tse_serial)
      .field("vorgang", entry.vorgang.get())
      .end_object();
  return out;
}

std::string to_json(const VorgangUpdated& entry) {
  std::string out;
  json::Writer(out)
      .begin_object()
      .key("draft")
      .raw(entry.draft)
      .field("register", entry.register_id.text())
      .field("vorgang", entry.vorgang.get())
      .end_object();
  return out;
}

std::string to_json(const OutageBegan& entry) {
  std::string out;
  json::Writer(out)
      .begin_object()
      .field("code", entry.code)
      .field("number", number(entry.number))
      .field("since", entry.since.text())
      .field("text", entry.text)
      .field("tse_serial", entry.tse_serial)
      .end_object();
  return out;
}

std::string to_json(const OutageEnded& entry) {
  std::string out;
  json::Writer writer(out);
  writer.begin_object();
  if (!entry.asked) writer.field("asked", false);
  writer.field("number", number(entry.number))
      .field("receipts", number(entry.receipts))
      .field("tse_serial", entry.tse_serial)
      .field("until", entry.until.text())
      .end_object();
  return out;
}

std::string_view word_of(TseSwitch::Mode mode) {
  switch (mode) {
    case TseSwitch::Mode::on:
      return "on";
    case TseSwitch::Mode::off:
      return "off";
    case TseSwitch::Mode::emergency:
      return "emergency";
  }
  return {};
}

std::string to_json(const TseSwitch& entry) {
  std::string out;
  json::Writer(out)
      .begin_object()
      .field("mode", word_of(entry.mode))
      .field("reason", entry.reason)
      .field("tse_serial", entry.tse_serial)
      .end_object();
  return out;
}

std::string to_json(const MessageSeen& entry) {
  std::string out;
  json::Writer(out).begin_object().field("id", entry.id).end_object();
  return out;
}

std::string to_json(const OutageNote& entry) {
  std::string out;
  json::Writer writer(out);
  writer.begin_object()
      .field("number", number(entry.number))
      .field("reason", entry.reason)
      .key("steps")
      .begin_array();
  for (const std::string& step : entry.steps) writer.string(step);
  writer.end_array().field("tse_serial", entry.tse_serial).end_object();
  return out;
}

std::string to_json(const LateSignature& entry) {
  std::string out;
  json::Writer(out)
      .begin_object()
      .field("end", entry.end.text())
      .field("plan_sequence", number(entry.plan_sequence))
      .field("signature", base64(entry.signature))
      .field("signature_counter", number(entry.signature_counter))
      .field("start", entry.start.text())
      .field("start_signature", base64(entry.start_signature))
      .field("start_signature_counter", number(entry.start_signature_counter))
      .field("transaction", number(entry.transaction))
      .field("tse_serial", entry.tse_serial)
      .end_object();
  return out;
}

std::string to_json(const ReceiptCheck& entry) {
  std::string out;
  json::Writer(out)
      .begin_object()
      .field("at", entry.at.text())
      .field("by", entry.by)
      .field("passed", entry.passed)
      .field("receipt_number", entry.receipt_number)
      .field("register", entry.register_id.text())
      .field("text", entry.text)
      .end_object();
  return out;
}

std::string to_json(const AuthorityReport& entry) {
  std::string out;
  json::Writer(out)
      .begin_object()
      .field("at", entry.at.text())
      .field("code", entry.code)
      .field("mode", entry.mode)
      .field("subject", entry.subject)
      .field("text", entry.text)
      .field("what", entry.what)
      .end_object();
  return out;
}

Result<VorgangOpened> vorgang_opened_from_json(std::string_view json) {
  return stored<VorgangOpened>(json, [](json::Fields& fields) -> Result<VorgangOpened> {
    VorgangOpened entry;
    SIEGEL_TRY(entry.began, stamp_field(fields, "began"));
    SIEGEL_TRY(entry.register_id, register_field(fields));
    SIEGEL_TRY(entry.tse_serial, text_field(fields, "tse_serial"));
    SIEGEL_TRY(entry.vorgang, vorgang_field(fields));
    return entry;
  });
}

Result<VorgangStarted> vorgang_started_from_json(std::string_view json) {
  return stored<VorgangStarted>(json, [](json::Fields& fields) -> Result<VorgangStarted> {
    VorgangStarted entry;
    SIEGEL_TRY(entry.error_code, text_field(fields, "error_code"));
    SIEGEL_TRY(entry.log_time, instant_field(fields, "log_time"));
    SIEGEL_TRY(entry.register_id, register_field(fields));
    SIEGEL_TRY(entry.signature, bytes_field(fields, "signature"));
    SIEGEL_TRY(entry.signature_counter, unsigned_field(fields, "signature_counter"));
    SIEGEL_TRY(entry.transaction, unsigned_field(fields, "transaction"));
    SIEGEL_TRY(entry.tse_serial, text_field(fields, "tse_serial"));
    SIEGEL_TRY(entry.vorgang, vorgang_field(fields));
    return entry;
  });
}

Result<VorgangUpdated> vorgang_updated_from_json(std::string_view json) {
  return stored<VorgangUpdated>(json, [](json::Fields& fields) -> Result<VorgangUpdated> {
    VorgangUpdated entry;
    const json::Value* draft = fields.any("draft");
    if (draft == nullptr) return corrupt("E-MOD-101", "the draft is missing", "/draft");
    entry.draft = json::canonical(*draft);
    SIEGEL_TRY(entry.register_id, register_field(fields));
    SIEGEL_TRY(entry.vorgang, vorgang_field(fields));
    return entry;
  });
}

Result<OutageBegan> outage_began_from_json(std::string_view json) {
  return stored<OutageBegan>(json, [](json::Fields& fields) -> Result<OutageBegan> {
    OutageBegan entry;
    SIEGEL_TRY(entry.code, text_field(fields, "code"));
    SIEGEL_TRY(entry.number, unsigned_field(fields, "number"));
    SIEGEL_TRY(entry.since, instant_field(fields, "since"));
    SIEGEL_TRY(entry.text, text_field(fields, "text"));
    SIEGEL_TRY(entry.tse_serial, text_field(fields, "tse_serial"));
    return entry;
  });
}

Result<OutageEnded> outage_ended_from_json(std::string_view json) {
  return stored<OutageEnded>(json, [](json::Fields& fields) -> Result<OutageEnded> {
    OutageEnded entry;
    SIEGEL_TRY(entry.asked, fields.optional_bool("asked", true));
    SIEGEL_TRY(entry.number, unsigned_field(fields, "number"));
    SIEGEL_TRY(entry.receipts, unsigned_field(fields, "receipts"));
    SIEGEL_TRY(entry.tse_serial, text_field(fields, "tse_serial"));
    SIEGEL_TRY(entry.until, instant_field(fields, "until"));
    return entry;
  });
}

Result<OutageNote> outage_note_from_json(std::string_view json) {
  return stored<OutageNote>(json, [](json::Fields& fields) -> Result<OutageNote> {
    OutageNote entry;
    SIEGEL_TRY(entry.number, unsigned_field(fields, "number"));
    SIEGEL_TRY(entry.reason, text_field(fields, "reason"));
    const json::Value* steps = fields.any("steps");
    if (steps == nullptr || steps->array() == nullptr ||
        steps->array()->size() > OutageNote::steps_max)
      return corrupt("E-MOD-101", "the steps are no list of at most 20", "/steps");
    for (const json::Value& step : *steps->array()) {
      if (step.string() == nullptr) return corrupt("E-MOD-101", "a step is no text", "/steps");
      entry.steps.push_back(*step.string());
    }
    SIEGEL_TRY(entry.tse_serial, text_field(fields, "tse_serial"));
    return entry;
  });
}

Result<TseSwitch> tse_switch_from_json(std::string_view json) {
  return stored<TseSwitch>(json, [](json::Fields& fields) -> Result<TseSwitch> {
    TseSwitch entry;
    SIEGEL_TRY(const std::string mode, fields.required_string("mode", 20));
    using Mode = TseSwitch::Mode;
    const std::array modes = {Mode::on, Mode::off, Mode::emergency};
    const auto found = std::ranges::find(modes, mode, word_of);
    if (found == modes.end())
      return corrupt("E-MOD-101", "the mode is not known: " + mode, "/mode");
    entry.mode = *found;
    SIEGEL_TRY(entry.reason, text_field(fields, "reason"));
    SIEGEL_TRY(entry.tse_serial, text_field(fields, "tse_serial"));
    return entry;
  });
}

Result<MessageSeen> message_seen_from_json(std::string_view json) {
  return stored<MessageSeen>(json, [](json::Fields& fields) -> Result<MessageSeen> {
    MessageSeen entry;
    SIEGEL_TRY(entry.id, fields.required_string("id", MessageSeen::id_bytes_max));
    return entry;
  });
}

Result<LateSignature> late_signature_from_json(std::string_view json) {
  return stored<LateSignature>(json, [](json::Fields& fields) -> Result<LateSignature> {
    LateSignature entry;
    SIEGEL_TRY(entry.end, instant_field(fields, "end"));
    SIEGEL_TRY(entry.plan_sequence, unsigned_field(fields, "plan_sequence"));
    SIEGEL_TRY(entry.signature, bytes_field(fields, "signature"));
    SIEGEL_TRY(entry.signature_counter, unsigned_field(fields, "signature_counter"));
    SIEGEL_TRY(entry.start, instant_field(fields, "start"));
    SIEGEL_TRY(entry.start_signature, bytes_field(fields, "start_signature"));
    SIEGEL_TRY(entry.start_signature_counter, unsigned_field(fields, "start_signature_counter"));
    SIEGEL_TRY(entry.transaction, unsigned_field(fields, "transaction"));
    SIEGEL_TRY(entry.tse_serial, text_field(fields, "tse_serial"));
    return entry;
  });
}

Result<ReceiptCheck> receipt_check_from_json(std::string_view json) {
  return stored<ReceiptCheck>(json, [](json::Fields& fields) -> Result<ReceiptCheck> {
    ReceiptCheck entry;
    SIEGEL_TRY(entry.at, instant_field(fields, "at"));
    SIEGEL_TRY(entry.by, text_field(fields, "by"));
    SIEGEL_TRY(entry.passed, fields.required_bool("passed"));
    SIEGEL_TRY(entry.receipt_number, text_field(fields, "receipt_number"));
    SIEGEL_TRY(entry.register_id, register_field(fields));
    SIEGEL_TRY(entry.text, text_field(fields, "text"));
    return entry;
  });
}

Result<AuthorityReport> authority_report_from_json(std::string_view json) {
  return stored<AuthorityReport>(json, [](json::Fields& fields) -> Result<AuthorityReport> {
    AuthorityReport entry;
    SIEGEL_TRY(entry.at, instant_field(fields, "at"));
    SIEGEL_TRY(entry.code, text_field(fields, "code"));
    SIEGEL_TRY(entry.mode, text_field(fields, "mode"));
    SIEGEL_TRY(entry.subject, text_field(fields, "subject"));
    SIEGEL_TRY(entry.text, text_field(fields, "text"));
    SIEGEL_TRY(entry.what, text_field(fields, "what"));
    return entry;
  });
}

}  // namespace siegel
