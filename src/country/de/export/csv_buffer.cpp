#include "country/de/export/csv_buffer.h"

#include <algorithm>
#include <string>

namespace siegel::country::de {

void CsvBuffer::grow(std::size_t more) {
  const std::size_t room = std::max<std::size_t>(m_room * 2, m_size + more + 2 * slack);
  auto data = std::make_unique_for_overwrite<char[]>(room);
  if (m_size != 0) std::memcpy(data.get(), m_data.get(), m_size);
  m_data = std::move(data);
  m_room = room;
}

void CsvBuffer::exact(std::string_view text) {
  if (text.find_first_of(";\"\r\n") == std::string_view::npos) {
    bytes(text);
    return;
  }
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  quoted += '"';
  bytes(quoted);
}

void CsvBuffer::odd_text(std::string_view text, std::size_t characters) {
  std::string clean;
  std::size_t count = 0;
  for (std::size_t i = 0; i < text.size();) {
    const auto c = static_cast<unsigned char>(text[i]);
    std::size_t length = c < 0x80 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
    length = std::min(length, text.size() - i);
    const bool control =
        c < 0x20 || c == 0x7F ||
        (c == 0xC2 && length == 2 && static_cast<unsigned char>(text[i + 1]) < 0xA0);
    // Blanks at the beginning do not count.
    if (!(clean.empty() && (control || c == ' '))) {
      if (count == characters) break;
      if (control)
        clean += ' ';
      else
        clean += text.substr(i, length);
      ++count;
    }
    i += length;
  }
  while (!clean.empty() && clean.back() == ' ') clean.pop_back();
  exact(clean);
}

}  // namespace siegel::country::de
