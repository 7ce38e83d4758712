#include "device/softtse/message.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "format/der.h"

namespace siegel::device::softtse {

namespace tag = format::der_tag;
using format::DerElement;
using format::DerFault;
using format::DerReader;
using format::DerWriter;

namespace {

// 0.4.0.127.0.7.3.7.1 [TR-03151]; the kind follows as the last byte.
constexpr std::array<unsigned char, 10> data_type_head = {0x06, 0x09, 0x04, 0x00, 0x7F,
                                                          0x00, 0x07, 0x03, 0x07, 0x01};
constexpr std::size_t serial_bytes = 32;

struct Names {
  std::string_view one;
  std::string_view two;
};
constexpr std::array<Names, 3> operation_names = {Names{"StartTransaction", "startTransaction"},
                                                  Names{"UpdateTransaction", "updateTransaction"},
                                                  Names{"FinishTransaction", "finishTransaction"}};
constexpr std::array<std::string_view, 3> operation_file_names = {"Start", "Update", "Finish"};

constexpr std::string_view interface_origin = "integration-interface";
constexpr std::string_view secure_module_origin = "SMA";

Bytes unsigned_content(std::uint64_t value) {
  Bytes out;
  DerWriter(out).unsigned_integer(value);
  out.erase(out.begin(), out.begin() + 2);
  return out;
}

struct Civil {
  int year;
  unsigned month, day;
  std::int64_t hour, minute, second, millisecond;
};
Civil civil(Instant at) {
  const std::chrono::sys_time<std::chrono::milliseconds> time{
      std::chrono::milliseconds(at.unix_ms())};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss<std::chrono::milliseconds> clock(time - day);
  return {int(date.year()),          unsigned(date.month()),  unsigned(date.day()),
          clock.hours().count(),     clock.minutes().count(), clock.seconds().count(),
          clock.subseconds().count()};
}

std::string time_digits(TimeFormat format, Instant at) {
  const Civil c = civil(at);
  const std::string rest =
      fmt::format("{:02}{:02}{:02}{:02}{:02}", c.month, c.day, c.hour, c.minute, c.second);
  switch (format) {
    case TimeFormat::unix_time:
      return std::to_string(at.unix_seconds());
    case TimeFormat::utc_time:
      return fmt::format("{:02}{}Z", c.year % 100, rest);
    case TimeFormat::generalized_time:
      return fmt::format("{:04}{}Z", c.year, rest);
    case TimeFormat::generalized_time_with_ms:
      return fmt::format("{:04}{}.{:03}Z", c.year, rest, c.millisecond);
  }
  return {};
}

void put_enumerated(DerWriter& out, int value, std::uint8_t as = tag::enumerated) {
  out.integer(value, as);
}

}  // namespace

Bytes time_content(TimeFormat format, Instant at) {
  if (format == TimeFormat::unix_time) {
    return unsigned_content(static_cast<std::uint64_t>(at.unix_seconds()));
  }
  return to_bytes(time_digits(format, at));
}

std::uint8_t time_tag(TimeFormat format) {
  switch (format) {
    case TimeFormat::unix_time:
      return tag::integer;
    case TimeFormat::utc_time:
      return tag::utc_time;
    case TimeFormat::generalized_time:
    case TimeFormat::generalized_time_with_ms:
      return tag::generalized_time;
  }
  return 0;
}

std::string time_name(TimeFormat format, Instant at) {
  switch (format) {
    case TimeFormat::unix_time:
      return "Unixt_" + time_digits(format, at);
    case TimeFormat::utc_time:
      return "Utc_" + time_digits(format, at);
    case TimeFormat::generalized_time:
    case TimeFormat::generalized_time_with_ms:
      return "Gent_" + time_digits(format, at);
  }
  return {};
}

Instant truncated(TimeFormat format, Instant at) {
  return format == TimeFormat::generalized_time_with_ms ? at
                                                        : Instant::from_unix(at.unix_seconds());
}

std::string_view time_format_name(TimeFormat format) {
  switch (format) {
    case TimeFormat::unix_time:
      return "unixTime";
    case TimeFormat::utc_time:
      return "utcTimeWithSeconds";
    case TimeFormat::generalized_time:
      return "generalizedTime";
    case TimeFormat::generalized_time_with_ms:
      return "generalizedTimeWithMilliseconds";
  }
  return {};
}

bool client_id_characters_ok(std::string_view client) {
  return std::ranges::all_of(client, [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           std::string_view(" '()+-,.=").find(c) != std::string_view::npos;
  });
}

bool printable_string(std::string_view text) {
  return format::check_printable(bytes_of(text)) == DerFault::none;
}

// ---- events

SystemEvent Events::event(std::string_view one, std::string_view two, const Cause& cause,
                          Bytes data) const {
  return {.name = std::string(m_generation == Generation::one ? one : two),
          .origin = std::string(cause ? interface_origin : secure_module_origin),
          .user = cause,
          .data = std::move(data)};
}

SystemEvent Events::of_user(std::string_view one, std::string_view two, const Cause& cause) const {
  Bytes data;
  if (m_generation == Generation::one) DerWriter(data).text(tag::context(1), cause.value_or(""));
  return event(one, two, cause, std::move(data));
}

SystemEvent Events::of_secure_module(std::string_view name) const {
  Bytes data;
  if (m_generation == Generation::one) DerWriter(data).element(tag::context(1), {});
  return event(name, name, {}, std::move(data));
}

SystemEvent Events::initialize(const Cause& cause, std::string_view description) const {
  Bytes data;
  if (m_generation == Generation::one) DerWriter(data).text(tag::context(1), description);
  return event("Initialize", "initialize", cause, std::move(data));
}

SystemEvent Events::set_description(const Cause& cause, std::string_view text) const {
  Bytes data;
  DerWriter(data).text(tag::printable_string, text);
  return event("setDescription", "setDescription", cause, std::move(data));
}

SystemEvent Events::update_time(const Cause& cause, Instant before, Instant after) const {
  Bytes data;
  DerWriter out(data);
  const bool one = m_generation == Generation::one;
  out.element(one ? tag::context(1) : time_tag(m_format), time_content(m_format, before));
  out.element(one ? tag::context(2) : time_tag(m_format), time_content(m_format, after));
  return event("UpdateTime", "updateTime", cause, std::move(data));
}

SystemEvent Events::disable(const Cause& cause, Instant now) const {
  Bytes data;
  if (m_generation == Generation::one) {
    DerWriter(data).element(tag::context(1), time_content(m_format, now));
  }
  return event("DisableSecureElement", "disableSecureElement", cause, std::move(data));
}

SystemEvent Events::authenticate(const Cause& cause, const Authentication& what) const {
  Bytes data;
  DerWriter out(data);
  const bool known = what.outcome != PinOutcome::unknown_user;
  if (m_generation == Generation::one) {
    out.text(tag::context(1), what.user);
    // Admin 0, time admin 1; a user nobody knows has no number.
    if (known) {
      put_enumerated(out, what.user == "Admin" ? 0 : 1, tag::context(2));
    } else {
      out.element(tag::context(2), {});
    }
    out.boolean(what.outcome == PinOutcome::success, tag::context(3));
  } else {
    out.text(tag::printable_string, what.user);
    out.text(tag::printable_string, known ? what.user : "unknown");
    put_enumerated(out, static_cast<int>(what.outcome));
    out.integer(what.tries_left);
  }
  return event("AuthenticateUser", "authenticateUser", cause, std::move(data));
}

SystemEvent Events::log_out(const Cause& cause, std::string_view user, LogOutCause why) const {
  Bytes data;
  DerWriter out(data);
  if (m_generation == Generation::one) {
    out.text(tag::context(1), user);
    put_enumerated(out, why == LogOutCause::timeout ? 1 : 0, tag::context(2));
  } else {
    out.text(tag::printable_string, user);
    put_enumerated(out, static_cast<int>(why));
  }
  return event("LogOut", "logOut", cause, std::move(data));
}

SystemEvent Events::unblock(const Cause& cause, std::string_view user,
                            UnblockOutcome outcome) const {
  Bytes data;
  DerWriter out(data);
  if (m_generation == Generation::one) {
    // ok 0, failed 1, unknownUserId 2, error 3
    const int result = outcome == UnblockOutcome::success        ? 0
                       : outcome == UnblockOutcome::unknown_user ? 2
                                                                 : 1;
    out.text(tag::context(1), user);
    put_enumerated(out, result, tag::context(2));
  } else {
    out.text(tag::printable_string, user);
    put_enumerated(out, static_cast<int>(outcome));
  }
  return event("UnblockUser", "unblockPin", cause, std::move(data));
}

SystemEvent Events::start_audit() const { return of_secure_module("startAudit"); }
SystemEvent Events::enter_secure_state() const { return of_secure_module("enterSecureState"); }
SystemEvent Events::exit_secure_state() const { return of_secure_module("exitSecureState"); }

std::vector<SystemEvent> Events::self_test(const Cause& cause,
                                           const std::vector<SelfTestResult>& results) const {
  if (m_generation == Generation::one) {
    std::vector<SystemEvent> events;
    for (const SelfTestResult& result : results) {
      Bytes data;
      DerWriter out(data);
      out.text(tag::context(1), result.component);
      out.boolean(result.positive, tag::context(2));
      if (!result.error.empty()) out.text(tag::context(3), result.error);
      events.push_back(event("selfTest", "selfTest", cause, std::move(data)));
    }
    return events;
  }
  Bytes data;
  {
    DerWriter out(data);
    out.begin(tag::sequence);
    for (const SelfTestResult& result : results) {
      out.begin(tag::sequence);
      out.text(tag::printable_string, result.component);
      out.boolean(result.positive);
      if (!result.error.empty()) out.text(tag::printable_string, result.error);
      out.end();
    }
    out.end();
    out.boolean(std::ranges::all_of(results, &SelfTestResult::positive));
  }
  return {event("selfTest", "selfTest", cause, std::move(data))};
}

SystemEvent Events::delete_messages(const Cause& cause) const {
  return of_user("deleteStoredData", "deleteLogMessages", cause);
}
SystemEvent Events::lock(const Cause& cause) const {
  return of_user("lockTransactionLogging", "lockTransactionLogging", cause);
}
SystemEvent Events::unlock(const Cause& cause) const {
  return of_user("unlockTransactionLogging", "unlockTransactionLogging", cause);
}

SystemEvent Events::register_client(const Cause& cause, std::string_view client) const {
  Bytes data;
  DerWriter(data).text(m_generation == Generation::one ? tag::context(1) : tag::printable_string,
                       client);
  return event("registerClient", "registerClient", cause, std::move(data));
}

SystemEvent Events::deregister_client(const Cause& cause, std::string_view client) const {
  SystemEvent made = register_client(cause, client);
  made.name = "deregisterClient";
  return made;
}

// ---- writing

MessageWriter::MessageWriter(Generation generation, TimeFormat format, const Hash256& serial,
                             crypto::SignatureAlgorithm algorithm)
    : m_generation(generation), m_format(format) {
  DerWriter out(m_serial_and_algorithm);
  out.octets(serial);
  out.begin(tag::sequence);
  out.element(tag::oid, crypto::oid_of(algorithm));
  out.end();
}

void MessageWriter::head(Bytes& out, LogKind kind) const {
  DerWriter(out).integer(m_generation == Generation::one ? 2 : 3);
  append(out, std::as_bytes(std::span(data_type_head)));
  out.push_back(static_cast<std::byte>(kind));
}

void MessageWriter::tail(Bytes& out, std::uint64_t counter, Instant at) const {
  DerWriter writer(out);
  writer.unsigned_integer(counter);
  if (m_format == TimeFormat::unix_time) {
    writer.unsigned_integer(static_cast<std::uint64_t>(at.unix_seconds()));
  } else {
    writer.element(time_tag(m_format), time_content(m_format, at));
  }
}

Bytes MessageWriter::transaction(const TransactionContent& content, std::uint64_t counter,
                                 Instant at) const {
  Bytes out;
  out.reserve(192 + content.client.size() + content.process_data.size() +
              content.process_type.size());
  head(out, LogKind::transaction);
  {
    DerWriter writer(out);
    const Names names = operation_names[static_cast<std::size_t>(content.operation)];
    writer.text(tag::context(0), m_generation == Generation::one ? names.one : names.two);
    writer.text(tag::context(1), content.client);
    writer.text(tag::context(2), content.process_data);
    writer.text(tag::context(3), content.process_type);
    if (content.additional_external_data) {
      writer.element(tag::context(4), *content.additional_external_data);
    }
    writer.unsigned_integer(content.number, tag::context(5));
  }
  append(out, m_serial_and_algorithm);
  tail(out, counter, at);
  return out;
}

Bytes MessageWriter::system(const SystemEvent& event, std::uint64_t counter, Instant at) const {
  Bytes out;
  head(out, LogKind::system);
  {
    DerWriter writer(out);
    writer.text(tag::context(0), event.name);
    if (m_generation == Generation::one) {
      writer.element(tag::context(1), event.data);
    } else {
      writer.text(tag::context(1), event.origin);
      if (event.user) writer.text(tag::context(2), *event.user);
      writer.element(tag::context_constructed(3), event.data);
    }
  }
  append(out, m_serial_and_algorithm);
  tail(out, counter, at);
  return out;
}

Bytes MessageWriter::audit(BytesView se_audit_data, std::uint64_t counter, Instant at) const {
  Bytes out;
  head(out, LogKind::audit);
  append(out, m_serial_and_algorithm);
  DerWriter(out).octets(se_audit_data);
  tail(out, counter, at);
  return out;
}

Bytes MessageWriter::message(BytesView signed_bytes, BytesView signature) {
  Bytes out;
  const std::size_t size = signed_bytes.size() + format::der_size(signature.size());
  out.reserve(format::der_size(size));
  DerWriter writer(out);
  writer.header(tag::sequence, size);
  writer.raw(signed_bytes);
  writer.octets(signature);
  return out;
}

// ---- reading

namespace {

Error not_ours(std::string detail) { return invalid("E-TSE-233", std::move(detail)); }

bool take_text(DerReader& reader, std::uint8_t as, std::string_view& out) {
  DerElement element;
  if (!reader.read(as, element)) return false;
  out = text_of(element.content);
  return true;
}

bool parse_transaction(DerReader& reader, ParsedMessage& out) {
  std::string_view name;
  DerElement element;
  if (!take_text(reader, tag::context(0), name)) return false;
  const auto found = std::ranges::find_if(operation_names, [&](const Names& names) {
    return name == (out.generation == Generation::one ? names.one : names.two);
  });
  if (found == operation_names.end()) return false;
  out.operation = static_cast<TseCall::Operation>(found - operation_names.begin());
  if (!take_text(reader, tag::context(1), out.client)) return false;
  if (!reader.read(tag::context(2), element)) return false;
  out.process_data = element.content;
  if (!take_text(reader, tag::context(3), out.process_type)) return false;
  reader.read_optional(tag::context(4), element);
  return reader.read(tag::context(5), element) &&
         format::decode_unsigned(element.content, out.transaction) == DerFault::none &&
         client_id_characters_ok(out.client) && out.client.size() <= client_id_max;
}

bool parse_system(DerReader& reader, ParsedMessage& out) {
  DerElement element;
  if (!take_text(reader, tag::context(0), out.event)) return false;
  // The name becomes part of a file name.
  if (out.event.empty() || out.event.size() > 64 || !std::ranges::all_of(out.event, [](char c) {
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
      })) {
    return false;
  }
  if (out.generation == Generation::one) return reader.read(tag::context(1), element);
  reader.read_optional(tag::context(1), element);
  reader.read_optional(tag::context(2), element);
  return reader.read(tag::context_constructed(3), element);
}

bool parse_time(DerReader& reader, ParsedMessage& out) {
  DerElement element;
  if (!reader.read(element)) return false;
  if (element.tag == tag::integer) {
    std::uint64_t seconds = 0;
    if (format::decode_unsigned(element.content, seconds) != DerFault::none) return false;
    if (seconds > 253'402'300'799) return false;  // the end of the year 9999
    out.format = TimeFormat::unix_time;
    out.time = Instant::from_unix(static_cast<std::int64_t>(seconds));
    return true;
  }
  if (element.tag == tag::utc_time) {
    out.format = TimeFormat::utc_time;
    return element.content.size() == 13 &&
           format::decode_utc_time(element.content, out.time) == DerFault::none;
  }
  if (element.tag != tag::generalized_time) return false;
  out.format = element.content.size() == 15 ? TimeFormat::generalized_time
                                            : TimeFormat::generalized_time_with_ms;
  return (element.content.size() == 15 || element.content.size() == 19) &&
         format::decode_generalized_time(element.content, out.time) == DerFault::none;
}

bool parse_parts(BytesView inside, ParsedMessage& out) {
  DerReader reader(inside);
  DerElement element;
  std::uint64_t version = 0;
  if (!reader.read(tag::integer, element) ||
      format::decode_unsigned(element.content, version) != DerFault::none ||
      (version != 2 && version != 3)) {
    return false;
  }
  out.generation = version == 2 ? Generation::one : Generation::two;
  if (!reader.read(tag::oid, element)) return false;
  const BytesView head = std::as_bytes(std::span(data_type_head));
  if (element.whole.size() != head.size() + 1 ||
      !std::ranges::equal(element.whole.first(head.size()), head)) {
    return false;
  }
  const auto kind = std::to_integer<int>(element.whole.back());
  if (kind < 1 || kind > 3) return false;
  out.kind = static_cast<LogKind>(kind);
  if (out.kind == LogKind::transaction && !parse_transaction(reader, out)) return false;
  if (out.kind == LogKind::system && !parse_system(reader, out)) return false;
  if (!reader.read(tag::octet_string, element) || element.content.size() != serial_bytes) {
    return false;
  }
  out.serial = element.content;
  if (!reader.read(tag::sequence, element)) return false;
  DerReader algorithm = reader.inside(element);
  if (!algorithm.read(tag::oid, element) || !algorithm.at_end()) return false;
  out.algorithm_oid = element.content;
  if (out.kind == LogKind::audit && !reader.read(tag::octet_string, element)) return false;
  if (!reader.read(tag::integer, element) ||
      format::decode_unsigned(element.content, out.counter) != DerFault::none ||
      !parse_time(reader, out)) {
    return false;
  }
  out.signed_bytes = inside.first(inside.size() - reader.rest().size());
  if (!reader.read(tag::octet_string, element) || !reader.at_end()) return false;
  out.signature = element.content;
  return true;
}

}  // namespace

Result<ParsedMessage> parse_message(BytesView bytes) {
  if (bytes.size() > message_bytes_max) return not_ours("the message is longer than 4 MiB");
  DerReader reader(bytes);
  DerElement outer;
  ParsedMessage out;
  if (!reader.read(tag::sequence, outer) || !reader.at_end() || !parse_parts(outer.content, out)) {
    return not_ours("the bytes are no log message of a software TSE");
  }
  return out;
}

std::string ParsedMessage::file_name(unsigned copy) const {
  const std::string head = fmt::format("{}_Sig-{}_Log-", time_name(format, time), counter);
  const std::string tail = copy == 0 ? ".log" : fmt::format("_Fc-{}.log", copy);
  switch (kind) {
    case LogKind::transaction:
      return fmt::format("{}Tra_No-{}_{}_Client-{}{}", head, transaction,
                         operation_file_names[static_cast<std::size_t>(operation)], client, tail);
    case LogKind::system:
      return fmt::format("{}Sys_{}{}", head, event, tail);
    case LogKind::audit:
      return head + "Aud" + tail;
  }
  return {};
}

TseSignature ParsedMessage::tse_signature() const {
  return {.log_time = time, .counter = counter, .value = Bytes(signature.begin(), signature.end())};
}

}  // namespace siegel::device::softtse
