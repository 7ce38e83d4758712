#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>

// Rows of CSV as fast as bytes can be laid down. Not part of the module's contract.

namespace siegel::country::de {

/// 1: a separator, a quote, a control character, or the first of two bytes of one.
inline constexpr auto needs_care = [] {
  std::array<unsigned char, 256> of{};
  for (std::size_t i = 0; i < 0x20; ++i) of[i] = 1;
  for (const std::size_t i : {0x7FU, 0xC2U, 0x3BU, 0x22U}) of[i] = 1;
  return of;
}();

/// A buffer that grows; every call leaves room for what the next plain field needs.
class CsvBuffer {
 public:
  static constexpr std::size_t slack = 512;  ///< room for numbers and separators of a row

  [[nodiscard]] std::string_view view() const { return {m_data.get(), m_size}; }
  [[nodiscard]] std::size_t size() const { return m_size; }
  void clear() { m_size = 0; }

  void begin_row(std::string_view prefix) { bytes(prefix); }
  void end_row() {
    reserve(0);
    m_data[m_size++] = '\r';
    m_data[m_size++] = '\n';
    ++m_rows;
  }
  [[nodiscard]] std::uint64_t rows() const { return m_rows; }
  void separator() { m_data[m_size++] = ';'; }
  void character(char c) { m_data[m_size++] = c; }
  /// As they are.
  void bytes(std::string_view text) {
    reserve(text.size());
    std::memcpy(m_data.get() + m_size, text.data(), text.size());
    m_size += text.size();
  }
  void number(std::uint64_t value) {
    char digits[20];
    int n = 0;
    do {
      digits[n++] = static_cast<char>('0' + value % 10);
      value /= 10;
    } while (value != 0);
    while (n > 0) m_data[m_size++] = digits[--n];
  }
  void number(std::int64_t value) {
    if (value < 0) m_data[m_size++] = '-';
    number(magnitude(value));
  }
  /// `value` in units of 10^-scale, written with `decimals` (at least scale) decimals and a comma.
  void decimal(std::int64_t value, int scale, int decimals) {
    if (value < 0) m_data[m_size++] = '-';
    const std::uint64_t whole = magnitude(value);
    std::uint64_t power = 1;
    for (int i = 0; i < scale; ++i) power *= 10;
    number(whole / power);
    m_data[m_size++] = ',';
    std::uint64_t rest = whole % power;
    for (int i = scale - 1; i >= 0; --i) {
      m_data[m_size + static_cast<std::size_t>(i)] = static_cast<char>('0' + rest % 10);
      rest /= 10;
    }
    m_size += static_cast<std::size_t>(scale);
    for (int i = scale; i < decimals; ++i) m_data[m_size++] = '0';
  }
  /// A text of at most `characters` code points: cut, control characters as blanks, none at the
  /// ends, in quotes if it needs them.
  void text(std::string_view text, std::size_t characters) {
    if (text.empty()) return;
    unsigned seen = text.size() > characters || text.front() == ' ' || text.back() == ' ' ? 1 : 0;
    for (const char c : text) seen |= needs_care[static_cast<unsigned char>(c)];
    if (seen == 0)
      bytes(text);
    else
      odd_text(text, characters);
  }
  /// Exactly these bytes, in quotes if they need them.
  void exact(std::string_view text);

 private:
  static std::uint64_t magnitude(std::int64_t value) {
    return value < 0 ? ~static_cast<std::uint64_t>(value) + 1 : static_cast<std::uint64_t>(value);
  }
  void odd_text(std::string_view text, std::size_t characters);
  void reserve(std::size_t more) {
    if (m_size + more + slack > m_room) grow(more);
  }
  void grow(std::size_t more);

  std::unique_ptr<char[]> m_data;
  std::size_t m_size = 0;
  std::size_t m_room = 0;
  std::uint64_t m_rows = 0;
};

}  // namespace siegel::country::de
