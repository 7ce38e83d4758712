#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/stream.h"

namespace siegel::format {

struct CsvLimits {
  std::size_t field_max = std::size_t{1} << 20;  ///< bytes of a field
  std::size_t fields_max = 4096;                 ///< of a row
  std::uint64_t rows_max = 1'000'000'000;
};

/// Reads RFC 4180 from memory that outlives it: rows end with CRLF, LF or CR outside quotes, the
/// last end may be missing, a UTF-8 byte order mark is skipped. An empty line is a row of one empty
/// field. Errors, kind invalid, place `line <n>, field <m>`: E-CSV-001 a quote inside an unquoted
/// field, E-CSV-002 text after a closing quote, E-CSV-003 a quoted field does not end, E-CSV-004 a
/// limit is exceeded. After an error every call repeats it.
class CsvReader {
 public:
  explicit CsvReader(std::string_view text, char separator = ',', CsvLimits limits = {});

  /// True: `fields` holds the next row; the texts are valid until the next call. False: the end.
  Result<bool> next(std::vector<std::string_view>& fields);
  /// Line on which the last row began, from 1.
  [[nodiscard]] std::uint64_t line() const { return m_row_line; }
  [[nodiscard]] bool had_bom() const { return m_had_bom; }
  /// Whether the field of the last row stood in quotes.
  [[nodiscard]] bool was_quoted(std::size_t field) const { return m_quoted[field]; }

 private:
  Error fail(std::string_view code, std::string detail, std::size_t field);
  /// Reads a field at m_at; returns whether it was fine.
  Result<bool> quoted(std::string_view& out, std::size_t field);
  Result<bool> plain(std::string_view& out, std::size_t field);

  std::string_view m_text;
  std::size_t m_at = 0;
  char m_separator;
  CsvLimits m_limits;
  std::uint64_t m_line = 1;
  std::uint64_t m_row_line = 1;
  std::uint64_t m_rows = 0;
  bool m_had_bom = false;
  bool m_failed = false;
  Error m_error{ErrorKind::invalid, "", ""};
  std::vector<bool> m_quoted;
  std::deque<std::string> m_unescaped;  // fields with doubled quotes; never moved, used again
  std::size_t m_unescaped_used = 0;
};

struct CsvForm {
  char separator = ';';
  std::string_view line_end = "\r\n";
  bool byte_order_mark = false;
  bool quote_all = false;  ///< else only where a field needs it
};

/// Writes RFC 4180 to a sink that outlives it, in pieces of 64 KiB. Nothing is complete before
/// finish(). A failure of the sink is given by finish() and end_row().
class CsvWriter {
 public:
  explicit CsvWriter(Sink& sink, CsvForm form = {});
  CsvWriter& field(std::string_view text);
  CsvWriter& field(std::int64_t number);
  Status end_row();
  Status finish();

 private:
  Status flush();

  Sink& m_sink;
  CsvForm m_form;
  std::string m_buffer;
  bool m_in_row = false;
};

}  // namespace siegel::format
