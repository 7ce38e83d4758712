#include <fmt/format.h>

#include <charconv>

#include "base/check.h"
#include "format/der.h"

namespace siegel::format {
namespace {

/// Bytes of the length field for so many content bytes.
std::size_t length_size(std::size_t content_size) {
  SIEGEL_CHECK(content_size <= 0xFFFFFFFFU);
  if (content_size < 0x80) return 1;
  if (content_size <= 0xFF) return 2;
  if (content_size <= 0xFFFF) return 3;
  return content_size <= 0xFFFFFF ? 4 : 5;
}

/// Writes the length into `to`, which has length_size() bytes.
void store_length(std::span<std::byte> to, std::size_t content_size) {
  if (to.size() == 1) {
    to[0] = static_cast<std::byte>(content_size);
    return;
  }
  to[0] = static_cast<std::byte>(0x80U | (to.size() - 1));
  for (std::size_t i = to.size() - 1; i > 0; --i) {
    to[i] = static_cast<std::byte>(content_size & 0xFFU);
    content_size >>= 8U;
  }
}

void append_arc(Bytes& out, std::uint64_t arc) {
  std::size_t groups = 1;
  while (groups < 10 && (arc >> (7 * groups)) != 0) ++groups;
  for (std::size_t i = groups; i-- > 0;) {
    const auto low = static_cast<unsigned>((arc >> (7 * i)) & 0x7FU);
    out.push_back(static_cast<std::byte>(i == 0 ? low : low | 0x80U));
  }
}

}  // namespace

std::size_t der_size(std::size_t content_size) {
  return 1 + length_size(content_size) + content_size;
}

Result<Bytes> encode_oid(std::string_view dotted) {
  const Error error = invalid("E-DER-013", fmt::format("\"{}\" is no OBJECT IDENTIFIER", dotted));
  std::vector<std::uint64_t> arcs;
  const char* at = dotted.data();
  const char* const end = at + dotted.size();
  for (;;) {
    std::uint64_t arc = 0;
    const auto [next, fault] = std::from_chars(at, end, arc);
    if (fault != std::errc{} || (next - at > 1 && *at == '0')) return error;
    arcs.push_back(arc);
    if (next == end) break;
    if (*next != '.') return error;
    at = next + 1;
  }
  if (arcs.size() < 2 || arcs[0] > 2 || (arcs[0] < 2 && arcs[1] > 39)) return error;
  if (arcs[1] > ~std::uint64_t{0} - 80) return error;
  Bytes out;
  append_arc(out, arcs[0] * 40 + arcs[1]);
  for (std::size_t i = 2; i < arcs.size(); ++i) append_arc(out, arcs[i]);
  return out;
}

DerWriter::~DerWriter() { SIEGEL_CHECK(m_open.empty()); }

void DerWriter::header(std::uint8_t tag, std::size_t content_size) {
  SIEGEL_CHECK((tag & 0x1FU) != 0x1FU);
  const std::size_t count = length_size(content_size);
  const std::size_t start = m_out.size();
  m_out.resize(start + 1 + count);
  m_out[start] = static_cast<std::byte>(tag);
  store_length(std::span(m_out).subspan(start + 1), content_size);
}

void DerWriter::element(std::uint8_t tag, BytesView content) {
  header(tag, content.size());
  append(m_out, content);
}

void DerWriter::integer(std::int64_t value, std::uint8_t tag) {
  ByteArray<8> bytes{};
  store_be64(bytes, static_cast<std::uint64_t>(value));
  std::size_t skip = 0;
  while (skip < 7) {
    const bool next_high = (std::to_integer<unsigned>(bytes[skip + 1]) & 0x80U) != 0;
    const bool zero = bytes[skip] == std::byte{0x00} && !next_high;
    const bool ones = bytes[skip] == std::byte{0xFF} && next_high;
    if (!zero && !ones) break;
    ++skip;
  }
  element(tag, BytesView(bytes).subspan(skip));
}

void DerWriter::unsigned_integer(std::uint64_t value, std::uint8_t tag) {
  if (value <= std::uint64_t{INT64_MAX}) {
    integer(static_cast<std::int64_t>(value), tag);
    return;
  }
  ByteArray<9> bytes{};
  store_be64(std::span<std::byte, 8>(bytes.data() + 1, 8), value);
  element(tag, bytes);
}

void DerWriter::boolean(bool value, std::uint8_t tag) {
  const std::byte content{value ? std::uint8_t{0xFF} : std::uint8_t{0x00}};
  element(tag, BytesView(&content, 1));
}

void DerWriter::oid(std::string_view dotted) {
  const Result<Bytes> content = encode_oid(dotted);
  SIEGEL_CHECK(content.ok());
  element(der_tag::oid, *content);
}

namespace {

/// `YYYYMMDDhhmmss`.
std::string digits_of(Instant at) {
  const std::string text = at.text();  // YYYY-MM-DDThh:mm:ss.fffZ
  return text.substr(0, 4) + text.substr(5, 2) + text.substr(8, 2) + text.substr(11, 2) +
         text.substr(14, 2) + text.substr(17, 2);
}

}  // namespace

void DerWriter::utc_time(Instant at) {
  const std::string digits = digits_of(at);
  SIEGEL_CHECK(digits < "2050");
  text(der_tag::utc_time, digits.substr(2) + "Z");
}

void DerWriter::generalized_time(Instant at, TimeForm form) {
  std::string content = digits_of(at);
  if (form.milliseconds) content += fmt::format(".{:03}", at.unix_ms() % 1000);
  text(der_tag::generalized_time, content + "Z");
}

void DerWriter::begin(std::uint8_t tag) {
  SIEGEL_CHECK((tag & 0x1FU) != 0x1FU);
  m_out.push_back(static_cast<std::byte>(tag));
  m_out.push_back(std::byte{0});
  m_open.push_back(m_out.size());
}

void DerWriter::end() {
  SIEGEL_CHECK(!m_open.empty());
  const std::size_t start = m_open.back();
  m_open.pop_back();
  const std::size_t size = m_out.size() - start;
  const std::size_t count = length_size(size);
  if (count > 1) {
    m_out.insert(m_out.begin() + static_cast<std::ptrdiff_t>(start), count - 1, std::byte{0});
  }
  store_length(std::span(m_out).subspan(start - 1, count), size);
}

}  // namespace siegel::format
