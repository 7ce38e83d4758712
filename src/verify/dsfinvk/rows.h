#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/stream.h"

// Rows of a CSV file of any size, read with forgiveness: whatever is wrong with a row, the next one
// is found again. Not part of the module's contract.

namespace siegel::verify::dsfinvk {

enum class RowEnd : std::uint8_t { crlf, lf, cr, none };

struct RawRow {
  std::string_view text;   ///< without its end; valid until the next call
  std::uint64_t line = 0;  ///< on which it begins, from 1
  RowEnd end = RowEnd::none;
  bool unclosed = false;  ///< a quote is opened and never closed; the row is its first line
  bool cut = false;       ///< longer than row_bytes_max; the rest was passed over
};

class RowReader {
 public:
  /// More than any row of an export needs: 30 columns of 1000 characters.
  static constexpr std::size_t row_bytes_max = std::size_t{256} << 10;

  /// `source` outlives the reader.
  RowReader(Source& source, char separator, char quote)
      : m_source(source), m_separator(separator), m_quote(quote) {}

  /// False: the end. Errors are those of the source.
  Result<bool> next(RawRow& row);
  [[nodiscard]] bool had_bom() const { return m_had_bom; }
  /// Bytes handed out so far.
  [[nodiscard]] std::uint64_t position() const { return m_position; }

 private:
  Status begin();
  Status fill();
  /// Offset of the end of the row that begins at m_at; npos: not in the buffer yet.
  std::size_t find_end(bool& unclosed);

  Source& m_source;
  char m_separator;
  char m_quote;
  std::string m_buffer;
  std::size_t m_at = 0;
  bool m_ended = false;
  bool m_begun = false;
  bool m_had_bom = false;
  bool m_only_cr = false;
  // State of the search for the end of the current row, relative to m_at.
  std::size_t m_scanned = 0;
  std::size_t m_first_end = std::string::npos;
  bool m_in_quotes = false;
  bool m_field_begins = true;
  std::uint64_t m_unclosed = 0;
  std::uint64_t m_line = 1;
  std::uint64_t m_position = 0;
};

/// Texts that outlive the rows they come from. Cleared with clear(); its memory is used again.
class Arena {
 public:
  std::string_view keep(std::string_view text);
  std::string& fresh();  ///< empty
  void clear() { m_used = 0; }

 private:
  std::deque<std::string> m_texts;
  std::size_t m_used = 0;
};

struct RowFlags {
  bool bad_quotes = false;  ///< a quote within a field without quotes, or text after a closing one
};
/// The fields of a row, appended to `fields`; unescaped texts are kept in `arena`.
RowFlags split_row(std::string_view row, char separator, char quote, Arena& arena,
                   std::vector<std::string_view>& fields);

/// Only printable ASCII.
[[nodiscard]] bool is_plain(std::string_view text);
/// UTF-8 of a text in Windows-1252 (Latin-1 with the signs of its unused places).
[[nodiscard]] std::string from_latin1(std::string_view text);

}  // namespace siegel::verify::dsfinvk
