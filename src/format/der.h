#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"

namespace siegel::format {

/// What is wrong with DER bytes; `none` is success. Cheap to return on paths that read millions of
/// elements; `der_error` turns it into an Error. [X.690]
enum class DerFault : std::uint8_t {
  none,
  truncated,            ///< E-DER-001 the bytes end inside an element
  tag_high,             ///< E-DER-002 tag number above 30 (never used in what we read)
  length_indefinite,    ///< E-DER-003 indefinite length (BER, not DER)
  length_not_minimal,   ///< E-DER-004 length in more bytes than needed
  length_too_large,     ///< E-DER-005 length above 2^32-1
  unexpected_tag,       ///< E-DER-006 another element was expected
  trailing,             ///< E-DER-007 bytes follow where nothing may follow
  too_deep,             ///< E-DER-008 nested deeper than der_depth_max
  integer_empty,        ///< E-DER-009 INTEGER without content
  integer_not_minimal,  ///< E-DER-010 INTEGER with superfluous leading bytes
  integer_range,        ///< E-DER-011 INTEGER does not fit the type
  boolean,              ///< E-DER-012 BOOLEAN that is not 00 or FF
  oid,                  ///< E-DER-013 malformed OBJECT IDENTIFIER
  charset,              ///< E-DER-014 character outside PrintableString
  time,                 ///< E-DER-015 malformed UTCTime or GeneralizedTime
  indefinite_form,      ///< E-DER-016 pieces of an indefinite value are not `04 len ..` and `00 00`
};
/// Code, words and place (`byte <offset>`) of a fault; kind invalid. `fault` is not none.
[[nodiscard]] Error der_error(DerFault fault, std::size_t offset);
/// The stable code alone ("E-DER-001"), "" for none.
[[nodiscard]] std::string_view der_code(DerFault fault);

namespace der_tag {
inline constexpr std::uint8_t boolean = 0x01;
inline constexpr std::uint8_t integer = 0x02;
inline constexpr std::uint8_t bit_string = 0x03;
inline constexpr std::uint8_t octet_string = 0x04;
inline constexpr std::uint8_t null = 0x05;
inline constexpr std::uint8_t oid = 0x06;
inline constexpr std::uint8_t enumerated = 0x0A;
inline constexpr std::uint8_t utf8_string = 0x0C;
inline constexpr std::uint8_t printable_string = 0x13;
inline constexpr std::uint8_t utc_time = 0x17;
inline constexpr std::uint8_t generalized_time = 0x18;
inline constexpr std::uint8_t sequence = 0x30;
inline constexpr std::uint8_t set = 0x31;
/// Context tag `number` (0..30): 80.. primitive, A0.. constructed.
constexpr std::uint8_t context(unsigned number) {
  return static_cast<std::uint8_t>(0x80U | number);
}
constexpr std::uint8_t context_constructed(unsigned number) {
  return static_cast<std::uint8_t>(0xA0U | number);
}
}  // namespace der_tag

/// One TLV. The slices point into the bytes that were read and live as long as these.
struct DerElement {
  std::uint8_t tag = 0;
  BytesView whole;  ///< header and content as they stand: never re-encode what is signed
  BytesView content;
  std::size_t offset = 0;  ///< of `whole` in the outermost bytes

  [[nodiscard]] bool constructed() const { return (tag & 0x20U) != 0; }
};

/// An octet string in BER's indefinite form, `tag 80 (04 len bytes)* 00 00`: the one exception some
/// TSEs make for processData.
struct DerIndefinite {
  BytesView whole;  ///< from the tag to the end mark: this is what was signed
  std::size_t offset = 0;
  std::size_t pieces = 0;
  std::size_t size = 0;  ///< of all contents together
  BytesView first;       ///< content of the first piece; the whole value if pieces <= 1
  /// Appends the value (all contents in order).
  void append_to(Bytes& out) const;
};

inline constexpr unsigned der_depth_max = 16;

/// Reads elements one after the other, strictly: definite minimal lengths, tag numbers up to 30,
/// lengths below 2^32. Copies nothing. After a fault the reader stays where it is and every further
/// read gives the same fault.
class DerReader {
 public:
  DerReader() = default;
  /// `offset` is the place of `bytes` in the outermost bytes (for messages only).
  explicit DerReader(BytesView bytes, std::size_t offset = 0) : m_rest(bytes), m_offset(offset) {}

  /// Fast forms: false on a fault (see fault()).
  bool read(DerElement& out);
  /// The next element, which must have this tag.
  bool read(std::uint8_t tag, DerElement& out);
  /// The next element if it has this tag; false without a fault if the tag differs or at the end.
  bool read_optional(std::uint8_t tag, DerElement& out);
  /// The next element in the indefinite form; `tag` is the constructed tag (A2). Nothing else of
  /// BER is accepted: the pieces are definite octet strings. E-DER-016 and the faults of read.
  bool read_indefinite_octets(std::uint8_t tag, DerIndefinite& out);
  /// A reader of the content of a constructed element of this reader, one level deeper (a reader
  /// whose fault is too_deep beyond der_depth_max).
  [[nodiscard]] DerReader inside(const DerElement& element) const;

  /// The same with Result. Errors E-DER-001 to -008.
  Result<DerElement> next();
  Result<DerElement> expect(std::uint8_t tag);
  Result<DerReader> enter(std::uint8_t tag);  ///< expect() and inside()
  /// Ok if nothing is left. E-DER-007, or the fault met before.
  Status finish() const;

  [[nodiscard]] bool at_end() const { return m_rest.empty(); }
  /// Tag of the next element, 0 at the end.
  [[nodiscard]] std::uint8_t peek() const {
    return m_rest.empty() ? std::uint8_t{0} : std::to_integer<std::uint8_t>(m_rest[0]);
  }
  /// Like peek(), and the byte after it is 80: the indefinite form.
  [[nodiscard]] bool peek_indefinite() const {
    return m_rest.size() > 1 && m_rest[1] == std::byte{0x80};
  }
  [[nodiscard]] BytesView rest() const { return m_rest; }
  [[nodiscard]] std::size_t offset() const {
    return m_offset;
  }  ///< of rest() in the outermost bytes
  [[nodiscard]] DerFault fault() const { return m_fault; }
  [[nodiscard]] Error error() const { return der_error(m_fault, m_offset); }

 private:
  bool fail(DerFault fault);
  void advance(std::size_t n);

  BytesView m_rest;
  std::size_t m_offset = 0;
  unsigned m_depth = 0;
  DerFault m_fault = DerFault::none;
};

/// Contents to values, strictly [X.690 8, 10, 11]. On a fault `out` is unchanged.
[[nodiscard]] DerFault decode_integer(BytesView content, std::int64_t& out);
[[nodiscard]] DerFault decode_unsigned(BytesView content, std::uint64_t& out);  ///< >= 0
/// Minimal two's complement of any size; says only whether it is well formed.
[[nodiscard]] DerFault check_integer(BytesView content);
[[nodiscard]] DerFault decode_boolean(BytesView content, bool& out);
[[nodiscard]] DerFault decode_oid(BytesView content, std::string& dotted);
[[nodiscard]] DerFault check_printable(BytesView content);
/// `YYMMDDhhmmZ` or `YYMMDDhhmmssZ`; 00..49 is 20YY, 70..99 is 19YY.
[[nodiscard]] DerFault decode_utc_time(BytesView content, Instant& out);
/// `YYYYMMDDhhmmssZ` with an optional fraction of 1 to 3 digits.
[[nodiscard]] DerFault decode_generalized_time(BytesView content, Instant& out);
/// Every element at every depth is well formed and nothing is left over. E-DER-001 to -008.
[[nodiscard]] Status check_der(BytesView bytes);

/// Appends DER to bytes owned by the caller.
class DerWriter {
 public:
  explicit DerWriter(Bytes& out) : m_out(out) {}
  DerWriter(const DerWriter&) = delete;
  DerWriter& operator=(const DerWriter&) = delete;
  ~DerWriter();  ///< every begin() has had its end() (checked)

  void element(std::uint8_t tag, BytesView content);
  void text(std::uint8_t tag, std::string_view content) { element(tag, bytes_of(content)); }
  void integer(std::int64_t value, std::uint8_t tag = der_tag::integer);
  void unsigned_integer(std::uint64_t value, std::uint8_t tag = der_tag::integer);
  void boolean(bool value, std::uint8_t tag = der_tag::boolean);
  void octets(BytesView content) { element(der_tag::octet_string, content); }
  void null() { element(der_tag::null, {}); }
  /// `dotted` is one of our constants (checked).
  void oid(std::string_view dotted);
  /// With seconds. The year lies in 1970..2049 (checked).
  void utc_time(Instant at);
  struct TimeForm {
    bool milliseconds = false;
  };
  /// DER forbids trailing zeros of a fraction, TSEs with millisecond clocks write three digits
  /// always.
  void generalized_time(Instant at, TimeForm form);
  void generalized_time(Instant at) { generalized_time(at, TimeForm{}); }
  /// Bytes that are already DER.
  void raw(BytesView encoded) { append(m_out, encoded); }

  /// What is written until end() is the content. A content of more than 127 bytes is moved once.
  void begin(std::uint8_t tag);
  void end();
  /// Header of an element whose content of this size the caller appends himself: moves nothing.
  void header(std::uint8_t tag, std::size_t content_size);

 private:
  Bytes& m_out;
  std::vector<std::size_t> m_open;
};

/// Size of a whole element with so many content bytes.
[[nodiscard]] std::size_t der_size(std::size_t content_size);
/// Content bytes of an OID. E-DER-013.
[[nodiscard]] Result<Bytes> encode_oid(std::string_view dotted);

}  // namespace siegel::format
