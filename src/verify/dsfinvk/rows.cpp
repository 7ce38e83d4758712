#include "verify/dsfinvk/rows.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace siegel::verify::dsfinvk {

namespace {

constexpr std::size_t chunk_bytes = std::size_t{128} << 10;
constexpr std::uint64_t unclosed_max = 100;
constexpr std::size_t npos = std::string::npos;

}  // namespace

Status RowReader::fill() {
  if (m_at > 0) {
    m_buffer.erase(0, m_at);
    m_at = 0;
  }
  const std::size_t before = m_buffer.size();
  m_buffer.resize(before + chunk_bytes);
  auto read = m_source.read(std::as_writable_bytes(std::span(m_buffer).subspan(before)));
  m_buffer.resize(before + (read.ok() ? *read : 0));
  if (!read.ok()) return read.error();
  m_ended = *read == 0;
  return Ok{};
}

Status RowReader::begin() {
  m_begun = true;
  while (!m_ended && m_buffer.size() < 4096) SIEGEL_TRY_OK(fill());
  constexpr std::string_view mark = "\xEF\xBB\xBF";
  if (m_buffer.starts_with(mark)) {
    m_had_bom = true;
    m_at = mark.size();
    m_position = mark.size();
  }
  m_only_cr = m_buffer.find('\n') == npos && m_buffer.find('\r') != npos;
  return Ok{};
}

std::size_t RowReader::find_end(bool& unclosed) {
  const char end = m_only_cr ? '\r' : '\n';
  const bool quotes_count = m_unclosed < unclosed_max;
  const char* begin = m_buffer.data() + m_at;
  const std::size_t size = m_buffer.size() - m_at;
  while (m_scanned < size) {
    const void* found = std::memchr(begin + m_scanned, end, size - m_scanned);
    const std::size_t stop =
        found == nullptr ? size : static_cast<std::size_t>(static_cast<const char*>(found) - begin);
    // Only the quotes up to there matter; a quote at the very end of the buffer waits for what
    // follows it.
    std::size_t at = m_scanned;
    while (quotes_count && at < stop) {
      const char c = begin[at];
      if (m_in_quotes) {
        const void* quote = std::memchr(begin + at, m_quote, stop - at);
        if (quote == nullptr) {
          at = stop;
          break;
        }
        at = static_cast<std::size_t>(static_cast<const char*>(quote) - begin);
        if (at + 1 == size && !m_ended) {
          m_scanned = at;
          return npos;
        }
        if (at + 1 < size && begin[at + 1] == m_quote) {
          at += 2;
          continue;
        }
        m_in_quotes = false;
        m_field_begins = false;
        ++at;
      } else {
        if (m_field_begins && c == m_quote) {
          m_in_quotes = true;
          m_field_begins = false;
          ++at;
          continue;
        }
        const void* separator = std::memchr(begin + at, m_separator, stop - at);
        m_field_begins = separator != nullptr;
        at = separator == nullptr
                 ? stop
                 : static_cast<std::size_t>(static_cast<const char*>(separator) - begin) + 1;
      }
    }
    m_scanned = std::max(at, stop);
    if (found == nullptr) break;
    if (m_first_end == npos) m_first_end = stop;
    if (!m_in_quotes) return stop;
    m_scanned = std::max(m_scanned, stop + 1);
    if (m_scanned > row_bytes_max) break;
  }
  if (m_in_quotes && m_first_end != npos && (m_ended || m_scanned > row_bytes_max)) {
    unclosed = true;
    ++m_unclosed;
    return m_first_end;
  }
  return npos;
}

Result<bool> RowReader::next(RawRow& row) {
  if (!m_begun) SIEGEL_TRY_OK(begin());
  row = {};
  m_scanned = 0;
  m_first_end = npos;
  m_in_quotes = false;
  m_field_begins = true;
  std::size_t end = npos;
  for (;;) {
    end = find_end(row.unclosed);
    if (end != npos || m_ended || m_buffer.size() - m_at > row_bytes_max) break;
    SIEGEL_TRY_OK(fill());
  }
  row.line = m_line;
  if (end == npos) {
    const std::size_t left = m_buffer.size() - m_at;
    if (left == 0) return false;
    end = std::min(left, row_bytes_max);
    row.text = std::string_view(m_buffer).substr(m_at, end);
    row.cut = left > row_bytes_max;
    row.unclosed = m_in_quotes;
    m_at += end;
    m_position += end;
    return true;
  }
  row.text = std::string_view(m_buffer).substr(m_at, end);
  row.end = m_only_cr ? RowEnd::cr : RowEnd::lf;
  m_line += static_cast<std::uint64_t>(
      1 + std::count(row.text.begin(), row.text.end(), m_only_cr ? '\r' : '\n'));
  if (!m_only_cr && row.text.ends_with('\r')) {
    row.text.remove_suffix(1);
    row.end = RowEnd::crlf;
  }
  m_at += end + 1;
  m_position += end + 1;
  return true;
}

std::string& Arena::fresh() {
  if (m_used == m_texts.size()) m_texts.emplace_back();
  std::string& text = m_texts[m_used++];
  text.clear();
  return text;
}

std::string_view Arena::keep(std::string_view text) {
  std::string& kept = fresh();
  kept = text;
  return kept;
}

RowFlags split_row(std::string_view row, char separator, char quote, Arena& arena,
                   std::vector<std::string_view>& fields) {
  RowFlags flags;
  std::size_t at = 0;
  for (;;) {
    if (at < row.size() && row[at] == quote) {
      const std::size_t begin = ++at;
      std::string* copy = nullptr;
      std::size_t from = begin;
      bool closed = false;
      while (at < row.size()) {
        const std::size_t next = row.find(quote, at);
        if (next == npos) break;
        if (next + 1 < row.size() && row[next + 1] == quote) {
          if (copy == nullptr) copy = &arena.fresh();
          copy->append(row, from, next + 1 - from);
          at = from = next + 2;
          continue;
        }
        at = next;
        closed = true;
        break;
      }
      if (!closed) at = row.size();
      const std::string_view last = row.substr(from, at - from);
      if (copy != nullptr) copy->append(last);
      fields.push_back(copy != nullptr ? std::string_view(*copy) : last);
      if (!closed) {
        flags.bad_quotes = true;
        return flags;
      }
      ++at;
      if (at < row.size() && row[at] != separator) {
        flags.bad_quotes = true;
        at = std::min(row.find(separator, at), row.size());
      }
    } else {
      const std::size_t end = std::min(row.find(separator, at), row.size());
      const std::string_view field = row.substr(at, end - at);
      if (field.find(quote) != npos) flags.bad_quotes = true;
      fields.push_back(field);
      at = end;
    }
    if (at >= row.size()) return flags;
    ++at;  // the separator
    if (at == row.size()) {
      fields.push_back({});
      return flags;
    }
  }
}

bool is_plain(std::string_view text) {
  constexpr std::uint64_t ones = 0x0101010101010101U;
  constexpr std::uint64_t highs = ones * 0x80U;
  std::size_t at = 0;
  for (; at + 8 <= text.size(); at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + at, 8);
    // Above 7F, below 20, or 7F.
    const std::uint64_t del = word ^ (ones * 0x7FU);
    if (((word | (word - ones * 0x20U) | (del - ones)) & highs) != 0) return false;
  }
  for (; at < text.size(); ++at) {
    const auto c = static_cast<unsigned char>(text[at]);
    if (c < 0x20 || c >= 0x7F) return false;
  }
  return true;
}

std::string from_latin1(std::string_view text) {
  constexpr std::array<std::uint16_t, 32> upper = {
      0x20AC, 0x81,   0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
      0x2039, 0x0152, 0x8D,   0x017D, 0x8F,   0x90,   0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
      0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x9D,   0x017E, 0x0178};
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      out += c;
      continue;
    }
    const unsigned code = byte < 0xA0 ? upper[byte - 0x80U] : byte;
    if (code < 0x800) {
      out += static_cast<char>(0xC0U | (code >> 6U));
    } else {
      out += static_cast<char>(0xE0U | (code >> 12U));
      out += static_cast<char>(0x80U | ((code >> 6U) & 0x3FU));
    }
    out += static_cast<char>(0x80U | (code & 0x3FU));
  }
  return out;
}

}  // namespace siegel::verify::dsfinvk
