#include "format/der.h"

#include <fmt/format.h>

#include <array>
#include <charconv>

#include "base/check.h"

namespace siegel::format {
namespace {

struct FaultText {
  std::string_view code;
  std::string_view text;
};

FaultText fault_text(DerFault fault) {
  switch (fault) {
    case DerFault::none:
      return {"", ""};
    case DerFault::truncated:
      return {"E-DER-001", "the bytes end inside an element"};
    case DerFault::tag_high:
      return {"E-DER-002", "a tag number above 30 is not used here"};
    case DerFault::length_indefinite:
      return {"E-DER-003", "indefinite length (BER) where DER is required"};
    case DerFault::length_not_minimal:
      return {"E-DER-004", "a length takes more bytes than needed"};
    case DerFault::length_too_large:
      return {"E-DER-005", "a length above 4294967295"};
    case DerFault::unexpected_tag:
      return {"E-DER-006", "another element was expected here"};
    case DerFault::trailing:
      return {"E-DER-007", "bytes follow where nothing may follow"};
    case DerFault::too_deep:
      return {"E-DER-008", "nested too deeply"};
    case DerFault::integer_empty:
      return {"E-DER-009", "an INTEGER without content"};
    case DerFault::integer_not_minimal:
      return {"E-DER-010", "an INTEGER with superfluous leading bytes"};
    case DerFault::integer_range:
      return {"E-DER-011", "an INTEGER out of range"};
    case DerFault::boolean:
      return {"E-DER-012", "a BOOLEAN that is neither 00 nor FF"};
    case DerFault::oid:
      return {"E-DER-013", "a malformed OBJECT IDENTIFIER"};
    case DerFault::charset:
      return {"E-DER-014", "a character that a PrintableString cannot hold"};
    case DerFault::time:
      return {"E-DER-015", "a malformed time"};
    case DerFault::indefinite_form:
      return {"E-DER-016",
              "the pieces of an indefinite value are not octet strings and an end mark"};
  }
  SIEGEL_CHECK(false);
}

std::uint8_t u8(std::byte b) { return std::to_integer<std::uint8_t>(b); }

struct Head {
  std::size_t header_size;
  std::size_t content_size;
};

DerFault read_head(BytesView rest, Head& out) {
  if (rest.size() < 2) return DerFault::truncated;
  if ((u8(rest[0]) & 0x1FU) == 0x1FU) return DerFault::tag_high;
  const std::uint8_t first = u8(rest[1]);
  if (first < 0x80) {
    out = {2, first};
  } else if (first == 0x80) {
    return DerFault::length_indefinite;
  } else {
    const std::size_t count = first & 0x7FU;
    if (count > 4) return count == 127 ? DerFault::length_indefinite : DerFault::length_too_large;
    if (rest.size() < 2 + count) return DerFault::truncated;
    std::size_t length = 0;
    for (std::size_t i = 0; i < count; ++i) length = length << 8U | u8(rest[2 + i]);
    if (u8(rest[2]) == 0 || length < 0x80) return DerFault::length_not_minimal;
    out = {2 + count, length};
  }
  if (out.content_size > rest.size() - out.header_size) return DerFault::truncated;
  return DerFault::none;
}

}  // namespace

Error der_error(DerFault fault, std::size_t offset) {
  const FaultText text = fault_text(fault);
  return invalid(text.code, fmt::format("{} (at byte {})", text.text, offset),
                 fmt::format("byte {}", offset));
}

std::string_view der_code(DerFault fault) { return fault_text(fault).code; }

void DerIndefinite::append_to(Bytes& out) const {
  if (pieces <= 1) {
    append(out, first);
    return;
  }
  out.reserve(out.size() + size);
  // The form was checked when it was read: from the second byte on there are definite pieces.
  BytesView rest = whole.subspan(2, whole.size() - 4);
  while (!rest.empty()) {
    Head head{};
    SIEGEL_CHECK(read_head(rest, head) == DerFault::none);
    append(out, rest.subspan(head.header_size, head.content_size));
    rest = rest.subspan(head.header_size + head.content_size);
  }
}

bool DerReader::fail(DerFault fault) {
  m_fault = fault;
  return false;
}

void DerReader::advance(std::size_t n) {
  m_rest = m_rest.subspan(n);
  m_offset += n;
}

bool DerReader::read(DerElement& out) {
  if (m_fault != DerFault::none) [[unlikely]]
    return false;
  Head head{};
  const DerFault fault = read_head(m_rest, head);
  if (fault != DerFault::none) [[unlikely]]
    return fail(fault);
  const std::size_t size = head.header_size + head.content_size;
  out.tag = u8(m_rest[0]);
  out.whole = m_rest.first(size);
  out.content = out.whole.subspan(head.header_size);
  out.offset = m_offset;
  advance(size);
  return true;
}

bool DerReader::read(std::uint8_t tag, DerElement& out) {
  if (m_fault != DerFault::none) return false;
  if (m_rest.empty()) return fail(DerFault::truncated);
  if (u8(m_rest[0]) != tag) return fail(DerFault::unexpected_tag);
  return read(out);
}

bool DerReader::read_optional(std::uint8_t tag, DerElement& out) {
  if (m_fault != DerFault::none || m_rest.empty() || u8(m_rest[0]) != tag) return false;
  return read(out);
}

bool DerReader::read_indefinite_octets(std::uint8_t tag, DerIndefinite& out) {
  if (m_fault != DerFault::none) return false;
  if (m_rest.size() < 2) return fail(DerFault::truncated);
  if (u8(m_rest[0]) != tag) return fail(DerFault::unexpected_tag);
  if (u8(m_rest[1]) != 0x80) return fail(DerFault::indefinite_form);
  DerIndefinite found;
  found.offset = m_offset;
  std::size_t at = 2;
  for (;;) {
    const BytesView rest = m_rest.subspan(at);
    if (rest.size() < 2) return fail(DerFault::truncated);
    if (u8(rest[0]) == 0 && u8(rest[1]) == 0) break;
    if (u8(rest[0]) != der_tag::octet_string) return fail(DerFault::indefinite_form);
    Head head{};
    const DerFault fault = read_head(rest, head);
    if (fault != DerFault::none) return fail(fault);
    if (found.pieces == 0) found.first = rest.subspan(head.header_size, head.content_size);
    ++found.pieces;
    found.size += head.content_size;
    at += head.header_size + head.content_size;
  }
  found.whole = m_rest.first(at + 2);
  out = found;
  advance(at + 2);
  return true;
}

DerReader DerReader::inside(const DerElement& element) const {
  DerReader reader(element.content,
                   element.offset + (element.whole.size() - element.content.size()));
  reader.m_depth = m_depth + 1;
  if (reader.m_depth > der_depth_max) reader.m_fault = DerFault::too_deep;
  return reader;
}

Result<DerElement> DerReader::next() {
  DerElement element;
  if (!read(element)) return error();
  return element;
}

Result<DerElement> DerReader::expect(std::uint8_t tag) {
  DerElement element;
  if (!read(tag, element)) return error();
  return element;
}

Result<DerReader> DerReader::enter(std::uint8_t tag) {
  DerElement element;
  if (!read(tag, element)) return error();
  DerReader reader = inside(element);
  if (reader.m_fault != DerFault::none) return reader.error();
  return reader;
}

Status DerReader::finish() const {
  if (m_fault != DerFault::none) return error();
  if (!m_rest.empty()) return der_error(DerFault::trailing, m_offset);
  return Ok{};
}

DerFault check_integer(BytesView content) {
  if (content.empty()) return DerFault::integer_empty;
  if (content.size() > 1) {
    const std::uint8_t first = u8(content[0]);
    const bool next_high = (u8(content[1]) & 0x80U) != 0;
    if ((first == 0x00 && !next_high) || (first == 0xFF && next_high)) {
      return DerFault::integer_not_minimal;
    }
  }
  return DerFault::none;
}

DerFault decode_integer(BytesView content, std::int64_t& out) {
  const DerFault fault = check_integer(content);
  if (fault != DerFault::none) return fault;
  if (content.size() > 8) return DerFault::integer_range;
  std::uint64_t value = (u8(content[0]) & 0x80U) != 0 ? ~std::uint64_t{0} : 0;
  for (const std::byte b : content) value = value << 8U | u8(b);
  out = static_cast<std::int64_t>(value);
  return DerFault::none;
}

DerFault decode_unsigned(BytesView content, std::uint64_t& out) {
  const DerFault fault = check_integer(content);
  if (fault != DerFault::none) return fault;
  if ((u8(content[0]) & 0x80U) != 0) return DerFault::integer_range;
  if (content.size() > 9 || (content.size() == 9 && u8(content[0]) != 0)) {
    return DerFault::integer_range;
  }
  std::uint64_t value = 0;
  for (const std::byte b : content) value = value << 8U | u8(b);
  out = value;
  return DerFault::none;
}

DerFault decode_boolean(BytesView content, bool& out) {
  if (content.size() != 1) return DerFault::boolean;
  const std::uint8_t value = u8(content[0]);
  if (value != 0x00 && value != 0xFF) return DerFault::boolean;
  out = value == 0xFF;
  return DerFault::none;
}

DerFault decode_oid(BytesView content, std::string& dotted) {
  if (content.empty() || (u8(content.back()) & 0x80U) != 0) return DerFault::oid;
  std::string text;
  std::uint64_t arc = 0;
  bool arc_begins = true;
  bool first = true;
  for (const std::byte b : content) {
    const std::uint8_t value = u8(b);
    if (arc_begins && value == 0x80) return DerFault::oid;  // superfluous leading zero
    if (arc > (~std::uint64_t{0} >> 7U)) return DerFault::oid;
    arc = arc << 7U | (value & 0x7FU);
    arc_begins = (value & 0x80U) == 0;
    if (!arc_begins) continue;
    if (first) {
      const std::uint64_t root = arc < 40 ? 0 : arc < 80 ? 1 : 2;
      text = fmt::format("{}.{}", root, arc - root * 40);
      first = false;
    } else {
      fmt::format_to(std::back_inserter(text), ".{}", arc);
    }
    arc = 0;
  }
  dotted = std::move(text);
  return DerFault::none;
}

DerFault check_printable(BytesView content) {
  static constexpr auto allowed = [] {
    std::array<bool, 256> table{};
    for (unsigned c = 'A'; c <= 'Z'; ++c) table[c] = true;
    for (unsigned c = 'a'; c <= 'z'; ++c) table[c] = true;
    for (unsigned c = '0'; c <= '9'; ++c) table[c] = true;
    for (const char c : std::string_view(" '()+,-./:=?"))
      table[static_cast<unsigned char>(c)] = true;
    return table;
  }();
  for (const std::byte b : content) {
    if (!allowed[u8(b)]) return DerFault::charset;
  }
  return DerFault::none;
}

namespace {

/// `count` digits at `at`; -1 if there is anything else.
int digits(BytesView content, std::size_t at, std::size_t count) {
  int value = 0;
  for (std::size_t i = at; i < at + count; ++i) {
    const unsigned digit = static_cast<unsigned>(u8(content[i])) - '0';
    if (digit > 9) return -1;
    value = value * 10 + static_cast<int>(digit);
  }
  return value;
}

struct TimeParts {
  int year;
  int month;
  int day;
  int hour;
  int minute;
  int second;
  int millisecond;
};

DerFault make_instant(const TimeParts& p, Instant& out) {
  using namespace std::chrono;
  const year_month_day date{year(p.year), month(static_cast<unsigned>(p.month)),
                            day(static_cast<unsigned>(p.day))};
  const bool negative = p.month < 0 || p.day < 0 || p.hour < 0 || p.minute < 0 || p.second < 0;
  if (negative || p.millisecond < 0 || p.year < 1970 || !date.ok()) return DerFault::time;
  if (p.hour > 23 || p.minute > 59 || p.second > 59) return DerFault::time;
  const auto at = sys_days(date) + hours(p.hour) + minutes(p.minute) + seconds(p.second);
  const auto unix_ms =
      duration_cast<milliseconds>(at.time_since_epoch()) + milliseconds(p.millisecond);
  out = Instant::from_unix_ms(unix_ms.count());
  return DerFault::none;
}

}  // namespace

DerFault decode_utc_time(BytesView content, Instant& out) {
  const bool seconds = content.size() == 13;
  if ((content.size() != 11 && !seconds) || content.back() != std::byte{'Z'}) return DerFault::time;
  const int yy = digits(content, 0, 2);
  if (yy < 0) return DerFault::time;
  return make_instant(
      {yy < 50 ? 2000 + yy : 1900 + yy, digits(content, 2, 2), digits(content, 4, 2),
       digits(content, 6, 2), digits(content, 8, 2), seconds ? digits(content, 10, 2) : 0, 0},
      out);
}

DerFault decode_generalized_time(BytesView content, Instant& out) {
  if (content.size() < 15 || content.size() > 19 || content.back() != std::byte{'Z'}) {
    return DerFault::time;
  }
  int millisecond = 0;
  if (content.size() > 15) {
    if (content.size() < 17 || content[14] != std::byte{'.'}) return DerFault::time;
    const std::size_t count = content.size() - 16;
    millisecond = digits(content, 15, count);
    for (std::size_t i = count; i < 3 && millisecond > 0; ++i) millisecond *= 10;
  }
  return make_instant(
      {digits(content, 0, 4), digits(content, 4, 2), digits(content, 6, 2), digits(content, 8, 2),
       digits(content, 10, 2), digits(content, 12, 2), millisecond},
      out);
}

namespace {

Status check_all(DerReader reader) {
  DerElement element;
  while (!reader.at_end()) {
    if (!reader.read(element)) return reader.error();
    if (element.constructed()) SIEGEL_TRY_OK(check_all(reader.inside(element)));
  }
  return reader.finish();
}

}  // namespace

Status check_der(BytesView bytes) {
  if (bytes.empty()) return der_error(DerFault::truncated, 0);
  return check_all(DerReader(bytes));
}

}  // namespace siegel::format
