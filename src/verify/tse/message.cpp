#include "verify/tse/message.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "format/der.h"
#include "verify/tse/event_data.h"

namespace siegel::verify::tse {

using format::DerElement;
using format::DerFault;
using format::DerReader;
namespace der_tag = format::der_tag;

namespace {

/// 0.4.0.127.0.7.3.7.1, followed by the kind: 1 transaction, 2 system, 3 audit.
constexpr auto certified_data_prefix =
    std::to_array<unsigned char>({0x04, 0x00, 0x7F, 0x00, 0x07, 0x03, 0x07, 0x01});
constexpr int version_generation_1 = 2;
constexpr int version_generation_2 = 3;

enum class DataKind : std::uint8_t { transaction = 1, system = 2, audit = 3 };

bool equal_letters(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::ranges::equal(a, b, [&](char x, char y) { return lower(x) == lower(y); });
}

/// The steps of parsing one message; each returns false once it cannot go on.
class Parser {
 public:
  Parser(BytesView bytes, Message& message, Notes& notes)
      : m_bytes(bytes), m_message(message), m_notes(notes) {}

  bool run() {
    DerReader outer(m_bytes);
    DerElement whole;
    if (!outer.read(der_tag::sequence, whole)) return der_fault("message", outer);
    if (!outer.at_end()) {
      note("TSE-0205", fmt::format("{} bytes behind the message", outer.rest().size()), "nothing");
    }
    m_reader = outer.inside(whole);
    m_content = whole.content;
    return head() && data() && serial() && algorithm() && audit() && counter() && time() &&
           signature();
  }

 private:
  void note(std::string_view rule, std::string found, std::string expected) {
    m_notes.push_back({rule, std::move(found), std::move(expected)});
  }
  bool stop(std::string_view rule, std::string found, std::string expected) {
    note(rule, std::move(found), std::move(expected));
    return false;
  }
  /// A fault of the DER reader, or an element out of place.
  bool der_fault(std::string_view element, const DerReader& reader) {
    const Error error = reader.error();
    if (reader.fault() == DerFault::unexpected_tag) {
      return stop("TSE-0204", fmt::format("tag {:02X} at {}", reader.peek(), error.place),
                  std::string(element));
    }
    return stop("TSE-0201", fmt::format("{} at {}: {}", error.code, error.place, error.detail),
                std::string(element));
  }
  bool read(std::uint8_t tag, std::string_view element, DerElement& out) {
    if (m_reader.at_end()) return stop("TSE-0204", "end of the message", std::string(element));
    return m_reader.read(tag, out) || der_fault(element, m_reader);
  }
  /// False: a fault. True: `present` says whether it is there.
  bool read_optional(std::uint8_t tag, std::string_view element, DerElement& out, bool& present) {
    present = m_reader.read_optional(tag, out);
    return present || m_reader.fault() == DerFault::none || der_fault(element, m_reader);
  }
  [[nodiscard]] bool generation_2() const { return m_message.generation == 2; }

  bool head() {
    DerElement element;
    if (!read(der_tag::integer, "version INTEGER", element)) return false;
    std::int64_t version = 0;
    if (format::decode_integer(element.content, version) != DerFault::none ||
        (version != version_generation_1 && version != version_generation_2)) {
      return stop("TSE-0202", hex(element.content), "02 or 03");
    }
    m_message.generation = version == version_generation_1 ? 1 : 2;
    if (!read(der_tag::oid, "certifiedDataType OBJECT IDENTIFIER", element)) return false;
    const BytesView oid = element.content;
    const auto kind = oid.empty() ? 0 : std::to_integer<int>(oid.back());
    if (oid.size() != certified_data_prefix.size() + 1 ||
        std::memcmp(oid.data(), certified_data_prefix.data(), certified_data_prefix.size()) != 0 ||
        kind < 1 || kind > 3) {
      return stop("TSE-0203", hex(oid), "04007f000703070101, ..02 or ..03");
    }
    m_kind = static_cast<DataKind>(kind);
    return true;
  }

  bool data() {
    switch (m_kind) {
      case DataKind::transaction:
        return transaction_head() && process_data() && transaction_tail();
      case DataKind::system:
        return generation_2() ? system_2() : system_1();
      case DataKind::audit:
        m_message.event = Event::audit;
        return true;
    }
    return false;
  }

  bool transaction_head() {
    DerElement element;
    if (!read(der_tag::context(0), "operationType [0]", element)) return false;
    m_message.operation = text_of(element.content);
    if (equal_letters(m_message.operation, "StartTransaction")) {
      m_message.event = Event::start;
    } else if (equal_letters(m_message.operation, "UpdateTransaction")) {
      m_message.event = Event::update;
    } else if (equal_letters(m_message.operation, "FinishTransaction")) {
      m_message.event = Event::finish;
    } else {
      return stop("TSE-0209", std::string(m_message.operation),
                  "StartTransaction, UpdateTransaction or FinishTransaction");
    }
    const auto spelling = spelling_of(m_message.event, m_message.generation);
    if (m_message.operation != spelling) {
      note("TSE-0210", std::string(m_message.operation), std::string(spelling));
    }
    if (!read(der_tag::context(1), "clientId [1]", element)) return false;
    m_message.client = text_of(element.content);
    if (m_message.client.empty()) note("TSE-0224", "no character", "the id of the client");
    if (!std::ranges::all_of(m_message.client, allowed_in_client)) {
      note("TSE-0211", std::string(m_message.client), "A-Z a-z 0-9 space ' ( ) + - , . =");
    }
    return true;
  }

  static bool allowed_in_client(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           (c != '\0' && std::string_view(" '()+-,.=").find(c) != std::string_view::npos);
  }

  bool process_data() {
    if (m_reader.peek() != der_tag::context_constructed(2) || !m_reader.peek_indefinite()) {
      DerElement element;
      if (!read(der_tag::context(2), "processData [2]", element)) return false;
      m_message.process_data_first = element.content;
      return true;
    }
    format::DerIndefinite indefinite;
    if (!m_reader.read_indefinite_octets(der_tag::context_constructed(2), indefinite)) {
      return der_fault("processData [2] in pieces", m_reader);
    }
    m_message.indefinite = true;
    if (indefinite.pieces > 1) {
      indefinite.append_to(m_message.process_data_joined);
    } else {
      m_message.process_data_first = indefinite.first;
    }
    if (generation_2() && indefinite.pieces < 2) {
      note("TSE-0207", fmt::format("{} pieces", indefinite.pieces), "definite form");
    } else {
      note("TSE-0206", fmt::format("A2 80, {} pieces", indefinite.pieces), "82 length data");
    }
    return true;
  }

  bool transaction_tail() {
    DerElement element;
    if (!read_optional(der_tag::context(3), "processType [3]", element,
                       m_message.process_type_present)) {
      return false;
    }
    if (m_message.process_type_present) {
      m_message.process_type = text_of(element.content);
      if (element.content.size() > process_type_max ||
          format::check_printable(element.content) != DerFault::none) {
        note("TSE-0213", std::string(m_message.process_type), "at most 100 of PrintableString");
      }
    } else if (generation_2()) {
      note("TSE-0212", "absent", "processType [3]");
    }
    if (!read_optional(der_tag::context(4), "additionalExternalData [4]", element,
                       m_message.external_data_present)) {
      return false;
    }
    if (m_message.external_data_present) {
      note("TSE-0214", fmt::format("{} bytes", element.content.size()), "absent");
    }
    if (!read(der_tag::context(5), "transactionNumber [5]", element)) return false;
    if (!positive(element.content, "transactionNumber", m_message.transaction)) return false;
    return internal_data(der_tag::context(6));
  }

  bool internal_data(std::uint8_t tag) {
    DerElement element;
    bool present = false;
    if (!read_optional(tag, "additionalInternalData", element, present)) return false;
    if (present && generation_2()) {
      note("TSE-0215", fmt::format("{} bytes", element.content.size()), "absent");
    }
    return true;
  }

  bool system_1() {
    DerElement element;
    if (!read(der_tag::context(0), "operationType [0]", element)) return false;
    m_message.operation = text_of(element.content);
    if (!read(der_tag::context(1), "systemOperationData [1]", element)) return false;
    m_message.event_data = element.content;
    read_event_data_1(m_message, m_notes);
    return internal_data(der_tag::context(2));
  }

  bool system_2() {
    DerElement element;
    bool present = false;
    if (!read(der_tag::context(0), "eventType [0]", element)) return false;
    m_message.operation = text_of(element.content);
    if (!read_optional(der_tag::context(1), "eventOrigin [1]", element, present) ||
        !read_optional(der_tag::context(2), "eventTriggeredByUser [2]", element, present) ||
        !read(der_tag::context_constructed(3), "eventData [3]", element)) {
      return false;
    }
    m_message.event_data = element.content;
    read_event_data_2(m_message, m_notes);
    return internal_data(der_tag::context(4));
  }

  bool serial() {
    DerElement element;
    if (!read(der_tag::octet_string, "serialNumber OCTET STRING", element)) return false;
    m_message.serial = element.content;
    return element.content.size() == sizeof(Hash256) ||
           stop("TSE-0216", fmt::format("{} bytes", element.content.size()), "32 bytes");
  }

  bool algorithm() {
    DerElement element;
    if (!read(der_tag::sequence, "signatureAlgorithm SEQUENCE", element)) return false;
    DerReader inner = m_reader.inside(element);
    DerElement oid;
    if (!inner.read(der_tag::oid, oid)) return der_fault("OBJECT IDENTIFIER", inner);
    m_message.algorithm_oid = oid.content;
    if (inner.at_end()) return true;
    DerElement parameters;
    if (!inner.read(parameters)) return der_fault("parameters", inner);
    note("TSE-0208", hex(parameters.whole), "absent");
    return inner.at_end() || stop("TSE-0204", "more than parameters", "end of signatureAlgorithm");
  }

  bool audit() {
    if (m_kind != DataKind::audit) return true;
    DerElement element;
    return read(der_tag::octet_string, "seAuditData OCTET STRING", element);
  }

  bool positive(BytesView content, std::string_view name, std::uint64_t& out) {
    if (format::decode_unsigned(content, out) == DerFault::none && out > 0) return true;
    return stop("TSE-0217", fmt::format("{} {}", name, hex(content)), "a whole number from 1");
  }

  bool counter() {
    DerElement element;
    return read(der_tag::integer, "signatureCounter INTEGER", element) &&
           positive(element.content, "signatureCounter", m_message.counter);
  }

  bool time() {
    DerElement element;
    if (m_reader.at_end()) return stop("TSE-0204", "end of the message", "logTime");
    if (!m_reader.read(element)) return der_fault("logTime", m_reader);
    m_message.time_text = element.content;
    DerFault fault = DerFault::none;
    if (element.tag == der_tag::integer) {
      constexpr std::uint64_t seconds_max = 253402300799;  // 9999-12-31T23:59:59Z
      std::uint64_t seconds = 0;
      m_message.time_kind = TimeKind::unix;
      fault = format::decode_unsigned(element.content, seconds);
      if (fault == DerFault::none && seconds > seconds_max) fault = DerFault::time;
      if (fault == DerFault::none) {
        m_message.time = Instant::from_unix(static_cast<std::int64_t>(seconds));
      }
    } else if (element.tag == der_tag::utc_time) {
      constexpr std::size_t size_without_seconds = 11;
      m_message.time_kind =
          element.content.size() == size_without_seconds ? TimeKind::utc : TimeKind::utc_seconds;
      fault = format::decode_utc_time(element.content, m_message.time);
      if (m_message.time_kind == TimeKind::utc && generation_2()) {
        note("TSE-0219", std::string(text_of(element.content)), "YYMMDDhhmmssZ");
      }
    } else if (element.tag == der_tag::generalized_time) {
      constexpr std::size_t size_without_fraction = 15;
      m_message.time_kind = element.content.size() == size_without_fraction
                                ? TimeKind::generalized
                                : TimeKind::generalized_millis;
      fault = format::decode_generalized_time(element.content, m_message.time);
    } else {
      return stop("TSE-0204", fmt::format("tag {:02X}", element.tag), "logTime");
    }
    return fault == DerFault::none ||
           stop("TSE-0218", fmt::format("{:02X}: {}", element.tag, hex(element.content)),
                "a time of the years 1970 to 9999");
  }

  bool signature() {
    const std::size_t signed_size = m_content.size() - m_reader.rest().size();
    m_message.signed_bytes = m_content.first(signed_size);
    DerElement element;
    if (!read(der_tag::octet_string, "signatureValue OCTET STRING", element)) return false;
    m_message.signature = element.content;
    return m_reader.at_end() ||
           stop("TSE-0205", fmt::format("{} bytes behind signatureValue", m_reader.rest().size()),
                "nothing");
  }

  static constexpr std::size_t process_type_max = 100;

  BytesView m_bytes;
  Message& m_message;
  Notes& m_notes;
  BytesView m_content;
  DerReader m_reader;
  DataKind m_kind = DataKind::audit;
};

void clear(Message& message) {
  Bytes joined = std::move(message.process_data_joined);
  joined.clear();
  message = Message{};
  message.process_data_joined = std::move(joined);
}

}  // namespace

std::string_view time_kind_name(TimeKind kind) {
  switch (kind) {
    case TimeKind::unix:
      return "unixTime";
    case TimeKind::utc:
      return "utcTime";
    case TimeKind::utc_seconds:
      return "utcTimeWithSeconds";
    case TimeKind::generalized:
      return "generalizedTime";
    case TimeKind::generalized_millis:
      return "generalizedTimeWithMilliseconds";
  }
  return "";
}

bool parse_message(BytesView bytes, Message& out, Notes& notes) {
  clear(out);
  notes.clear();
  return Parser(bytes, out, notes).run();
}

bool looks_like_message(BytesView bytes) {
  DerReader outer(bytes);
  DerElement element;
  if (!outer.read(der_tag::sequence, element)) return false;
  DerReader inner = outer.inside(element);
  return inner.read(der_tag::integer, element) && inner.read(der_tag::oid, element) &&
         element.content.size() == certified_data_prefix.size() + 1 &&
         std::memcmp(element.content.data(), certified_data_prefix.data(),
                     certified_data_prefix.size()) == 0;
}

void append_file_name(const Message& message, std::string& out) {
  const auto back = std::back_inserter(out);
  switch (message.time_kind) {
    case TimeKind::unix:
      fmt::format_to(back, "Unixt_{}", message.time.unix_seconds());
      break;
    case TimeKind::utc:
    case TimeKind::utc_seconds:
      out += "Utc_";
      out += text_of(message.time_text);
      break;
    case TimeKind::generalized:
    case TimeKind::generalized_millis:
      out += "Gent_";
      out += text_of(message.time_text);
      break;
  }
  fmt::format_to(back, "_Sig-{}", message.counter);
  if (message.event == Event::audit) {
    out += "_Log-Aud";
  } else if (is_transaction(message.event)) {
    const std::string_view step = message.event == Event::start    ? "Start"
                                  : message.event == Event::update ? "Update"
                                                                   : "Finish";
    fmt::format_to(back, "_Log-Tra_No-{}_{}_Client-{}", message.transaction, step, message.client);
  } else {
    fmt::format_to(back, "_Log-Sys_{}", message.operation);
  }
}

}  // namespace siegel::verify::tse
