#include "app/at/calendar.h"

#include <fmt/format.h>

#include <chrono>

#include "base/bytes.h"
#include "crypto/hash.h"

namespace siegel::app::at {
namespace {

constexpr std::size_t line_bytes_max = 75;

/// [RFC 5545, 3.3.11].
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
      continue;
    }
    if (c == '\\' || c == ';' || c == ',') out += '\\';
    out += c;
  }
  return out;
}

/// A content line, folded between characters [RFC 5545, 3.1].
void line(std::string& out, const std::string& text) {
  std::size_t used = 0;
  for (std::size_t i = 0; i < text.size();) {
    std::size_t size = 1;
    while (i + size < text.size() && (static_cast<unsigned char>(text[i + size]) & 0xC0U) == 0x80U)
      ++size;
    if (used + size > line_bytes_max) {
      out += "\r\n ";
      used = 1;
    }
    out.append(text, i, size);
    used += size;
    i += size;
  }
  out += "\r\n";
}

/// "20261231" of "2026-12-31".
std::string compact(Date day) {
  std::string text = day.text();
  std::erase(text, '-');
  return text;
}

void alarm(std::string& out, std::string_view before, const std::string& title) {
  line(out, "BEGIN:VALARM");
  line(out, "ACTION:DISPLAY");
  line(out, "DESCRIPTION:" + escaped(title));
  line(out, fmt::format("TRIGGER:-{}", before));
  line(out, "END:VALARM");
}

}  // namespace

std::string calendar_text(const std::vector<Due>& dues, const std::string& shop, Language language,
                          Instant now) {
  std::string stamp = now.text().substr(0, 19) + "Z";
  std::erase(stamp, '-');
  std::erase(stamp, ':');
  std::string out;
  line(out, "BEGIN:VCALENDAR");
  line(out, "VERSION:2.0");
  line(out, "PRODID:-//Siegel//Dues//EN");
  line(out, "CALSCALE:GREGORIAN");
  for (const Due& due : dues) {
    const Date day = due.until.date();
    const Date next(
        std::chrono::year_month_day(std::chrono::sys_days(day.ymd()) + std::chrono::days(1)));
    const std::string title = title_of(due, language);
    // Different shops in one calendar must not replace each other's events.
    const std::string id = hex(crypto::sha256(bytes_of(shop + "\n" + id_of(due)))).substr(0, 24);
    line(out, "BEGIN:VEVENT");
    line(out, fmt::format("UID:{}@siegel", id));
    line(out, "DTSTAMP:" + stamp);
    line(out, "DTSTART;VALUE=DATE:" + compact(day));
    line(out, "DTEND;VALUE=DATE:" + compact(next));
    line(out, "SUMMARY:" + escaped(title));
    line(out, "DESCRIPTION:" + escaped(shop + "\n" + action_of(due, language)));
    line(out, "TRANSP:TRANSPARENT");
    alarm(out, "P7D", title);
    alarm(out, "P1D", title);
    line(out, "END:VEVENT");
  }
  line(out, "END:VCALENDAR");
  return out;
}

}  // namespace siegel::app::at
