#include "format/csv.h"

#include <fmt/format.h>

#include "base/check.h"

namespace siegel::format {
namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
constexpr std::size_t buffer_size = 64 * 1024;

}  // namespace

CsvReader::CsvReader(std::string_view text, char separator, CsvLimits limits)
    : m_text(text), m_separator(separator), m_limits(limits) {
  SIEGEL_CHECK(separator != '"' && separator != '\r' && separator != '\n');
  if (m_text.starts_with(byte_order_mark)) {
    m_had_bom = true;
    m_at = byte_order_mark.size();
  }
}

Error CsvReader::fail(std::string_view code, std::string detail, std::size_t field) {
  m_failed = true;
  m_error = invalid(code, std::move(detail), fmt::format("line {}, field {}", m_line, field + 1));
  return m_error;
}

Result<bool> CsvReader::plain(std::string_view& out, std::size_t field) {
  const std::size_t start = m_at;
  while (m_at < m_text.size()) {
    const char c = m_text[m_at];
    if (c == m_separator || c == '\r' || c == '\n') break;
    if (c == '"') {
      return fail("E-CSV-001", "a quote inside a field without quotes", field);
    }
    ++m_at;
  }
  out = m_text.substr(start, m_at - start);
  return true;
}

Result<bool> CsvReader::quoted(std::string_view& out, std::size_t field) {
  std::string* copy = nullptr;
  std::size_t start = ++m_at;
  const std::uint64_t first_line = m_line;
  for (;;) {
    const std::size_t quote = m_text.find('"', m_at);
    if (quote == std::string_view::npos) {
      m_line = first_line;
      return fail("E-CSV-003", "a field in quotes does not end", field);
    }
    // Count what ends a line: LF, or CR without LF.
    for (std::size_t i = m_at; i < quote; ++i) {
      const char c = m_text[i];
      if (c == '\n' || (c == '\r' && m_text[i + 1] != '\n')) ++m_line;
    }
    m_at = quote + 1;
    if (m_at == m_text.size() || m_text[m_at] != '"') break;
    if (copy == nullptr) {
      if (m_unescaped_used == m_unescaped.size()) m_unescaped.emplace_back();
      copy = &m_unescaped[m_unescaped_used++];
      copy->clear();
    }
    copy->append(m_text, start, m_at - start);
    start = ++m_at;
    if (copy->size() > m_limits.field_max) break;
  }
  const std::string_view last = m_text.substr(start, m_at - 1 - start);
  if (copy != nullptr) copy->append(last);
  out = copy != nullptr ? std::string_view(*copy) : last;
  return true;
}

Result<bool> CsvReader::next(std::vector<std::string_view>& fields) {
  fields.clear();
  if (m_failed) return m_error;
  if (m_at >= m_text.size()) return false;
  m_row_line = m_line;
  m_quoted.clear();
  m_unescaped_used = 0;
  if (++m_rows > m_limits.rows_max) {
    return fail("E-CSV-004", fmt::format("more than {} rows", m_limits.rows_max), 0);
  }
  for (;;) {
    const std::size_t index = fields.size();
    if (index == m_limits.fields_max) {
      return fail("E-CSV-004", fmt::format("more than {} fields in a row", index), index);
    }
    const bool in_quotes = m_at < m_text.size() && m_text[m_at] == '"';
    std::string_view field;
    SIEGEL_TRY_OK(in_quotes ? quoted(field, index) : plain(field, index));
    if (field.size() > m_limits.field_max) {
      return fail("E-CSV-004", fmt::format("a field of more than {} bytes", m_limits.field_max),
                  index);
    }
    fields.push_back(field);
    m_quoted.push_back(in_quotes);
    if (m_at == m_text.size()) return true;
    const char c = m_text[m_at++];
    if (c == m_separator) continue;
    if (c != '\r' && c != '\n') {
      return fail("E-CSV-002", "text after the closing quote of a field", index);
    }
    if (c == '\r' && m_at < m_text.size() && m_text[m_at] == '\n') ++m_at;
    ++m_line;
    return true;
  }
}

CsvWriter::CsvWriter(Sink& sink, CsvForm form) : m_sink(sink), m_form(form) {
  if (form.byte_order_mark) m_buffer += byte_order_mark;
}

CsvWriter& CsvWriter::field(std::string_view text) {
  if (m_in_row) m_buffer += m_form.separator;
  m_in_row = true;
  bool quotes = m_form.quote_all;
  for (const char c : text) quotes |= c == '"' || c == '\r' || c == '\n' || c == m_form.separator;
  if (!quotes) {
    m_buffer += text;
    return *this;
  }
  m_buffer += '"';
  std::size_t from = 0;
  for (std::size_t quote = text.find('"'); quote != std::string_view::npos;
       quote = text.find('"', from)) {
    m_buffer.append(text, from, quote + 1 - from);
    m_buffer += '"';
    from = quote + 1;
  }
  m_buffer.append(text, from);
  m_buffer += '"';
  return *this;
}

CsvWriter& CsvWriter::field(std::int64_t number) {
  if (m_in_row) m_buffer += m_form.separator;
  m_in_row = true;
  const fmt::format_int text(number);
  if (m_form.quote_all) m_buffer += '"';
  m_buffer.append(text.data(), text.size());
  if (m_form.quote_all) m_buffer += '"';
  return *this;
}

Status CsvWriter::end_row() {
  SIEGEL_CHECK(m_in_row);
  m_in_row = false;
  m_buffer += m_form.line_end;
  return m_buffer.size() < buffer_size ? Status(Ok{}) : flush();
}

Status CsvWriter::flush() {
  SIEGEL_TRY_OK(m_sink.write(bytes_of(m_buffer)));
  m_buffer.clear();
  return Ok{};
}

Status CsvWriter::finish() {
  SIEGEL_CHECK(!m_in_row);
  return flush();
}

}  // namespace siegel::format
