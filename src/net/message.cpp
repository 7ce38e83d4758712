#include <algorithm>
#include <array>
#include <chrono>

#include <fmt/format.h>

#include "base/bytes.h"
#include "net/smtp.h"

// The message itself; the transfer is in smtp.cpp.
namespace siegel::net {
namespace {

constexpr std::size_t address_max = 254;  // [RFC 5321, 4.5.3.1.3] less the brackets
constexpr std::size_t local_part_max = 64;
constexpr std::size_t recipients_max = 50;
constexpr std::size_t subject_bytes_max = 500;
constexpr std::size_t name_bytes_max = 100;
constexpr std::size_t id_bytes_max = 64;
constexpr std::size_t text_bytes_max = std::size_t{1} << 20;
constexpr std::size_t line_max = 76;     // of quoted-printable, without its end
constexpr std::size_t encoded_max = 50;  // characters inside one encoded word
constexpr std::size_t plain_header_max = 60;

bool is_alphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// Parts between dots, each at least one character, all of them allowed ones.
template <class Allowed>
bool is_dotted(std::string_view text, const Allowed& allowed) {
  if (text.empty() || text.front() == '.' || text.back() == '.') return false;
  if (text.find("..") != std::string_view::npos) return false;
  return std::ranges::all_of(text, [&](char c) { return c == '.' || allowed(c); });
}

bool is_local_part(std::string_view text) {
  constexpr std::string_view marks = "!#$%&'*+-/=?^_`{|}~";
  return text.size() <= local_part_max && is_dotted(text, [&](char c) {
           return is_alphanumeric(c) || marks.find(c) != std::string_view::npos;
         });
}

bool is_domain(std::string_view text) {
  return is_dotted(text, [](char c) { return is_alphanumeric(c) || c == '-'; }) &&
         text.front() != '-' && text.back() != '-';
}

bool is_printable_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

void append_hex(std::string& to, char c) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  const auto u = static_cast<unsigned char>(c);
  to += '=';
  to += digits[u >> 4U];
  to += digits[u & 15U];
}

// Encoded words of the Q encoding, one a line, no character cut in two [RFC 2047, 4.2 and 5].
std::string encoded_words(std::string_view text) {
  std::string out = "=?UTF-8?Q?";
  std::size_t used = 0;
  while (!text.empty()) {
    std::size_t bytes = 1;
    while (bytes < text.size() && (static_cast<unsigned char>(text[bytes]) & 0xC0U) == 0x80U) {
      ++bytes;
    }
    std::string piece;
    for (const char c : text.substr(0, bytes)) {
      if (c == ' ') {
        piece += '_';
      } else if (is_alphanumeric(c)) {
        piece += c;
      } else {
        append_hex(piece, c);
      }
    }
    if (used + piece.size() > encoded_max) {
      out += "?=\r\n =?UTF-8?Q?";
      used = 0;
    }
    out += piece;
    used += piece.size();
    text.remove_prefix(bytes);
  }
  return out + "?=";
}

bool needs_encoding(std::string_view text) {
  return text.size() > plain_header_max || !is_printable_ascii(text) ||
         text.find("=?") != std::string_view::npos || text.starts_with(' ') || text.ends_with(' ');
}

std::string quoted_name(std::string_view name) {
  if (needs_encoding(name)) return encoded_words(name);
  std::string out = "\"";
  for (const char c : name) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

void append_quoted_printable(std::string& out, std::string_view line) {
  std::size_t used = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    const bool blank = c == ' ' || c == '\t';
    const bool last = i + 1 == line.size();
    const bool plain = blank ? !last : c > ' ' && c <= '~' && c != '=';
    const std::size_t width = plain ? 1 : 3;
    if (used + width > line_max - 1) {  // room for the `=` of a soft line break
      out += "=\r\n";
      used = 0;
    }
    if (plain) {
      out += c;
    } else {
      append_hex(out, c);
    }
    used += width;
  }
  out += "\r\n";
}

std::string date_text(Instant at) {
  using namespace std::chrono;
  constexpr std::array days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                              "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const sys_seconds point{seconds{at.unix_seconds()}};
  const auto day = floor<std::chrono::days>(point);
  const year_month_day ymd{day};
  const hh_mm_ss time{point - day};
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} +0000",
                     days.at(weekday{day}.c_encoding()), static_cast<unsigned>(ymd.day()),
                     months.at(static_cast<unsigned>(ymd.month()) - 1),
                     static_cast<int>(ymd.year()), time.hours().count(), time.minutes().count(),
                     time.seconds().count());
}

Error bad_mail(std::string what, std::string place) {
  return invalid("E-NET-022", std::move(what), std::move(place));
}

Status check_line(std::string_view text, std::size_t bytes_max, const char* place) {
  if (text.size() > bytes_max) {
    return bad_mail(fmt::format("longer than {} bytes", bytes_max), place);
  }
  const auto control = [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7F; };
  if (!valid_utf8(text) || std::ranges::any_of(text, control)) {
    return bad_mail("not UTF-8, or a control character", place);
  }
  return Ok{};
}

Status check_mail(const Mail& mail) {
  if (mail.to.empty()) return bad_mail("no recipient", "/to");
  if (mail.to.size() > recipients_max) {
    return bad_mail(fmt::format("{} recipients, {} allowed", mail.to.size(), recipients_max),
                    "/to");
  }
  SIEGEL_TRY_OK(check_line(mail.from_name, name_bytes_max, "/from_name"));
  SIEGEL_TRY_OK(check_line(mail.subject, subject_bytes_max, "/subject"));
  if (mail.id.empty() || mail.id.size() > id_bytes_max ||
      !is_dotted(mail.id, [](char c) { return is_alphanumeric(c) || c == '-'; })) {
    return bad_mail("not an id of letters, digits, `.` and `-`", "/id");
  }
  if (mail.text.size() > text_bytes_max) {
    return bad_mail(fmt::format("longer than {} bytes", text_bytes_max), "/text");
  }
  const auto control = [](char c) {
    return (static_cast<unsigned char>(c) < ' ' && c != '\n' && c != '\t') || c == 0x7F;
  };
  if (!valid_utf8(mail.text) || std::ranges::any_of(mail.text, control)) {
    return bad_mail("not UTF-8, or a control character", "/text");
  }
  return Ok{};
}

}  // namespace

Result<MailAddress> MailAddress::parse(std::string_view text) {
  const auto at = text.find('@');
  if (text.size() > address_max || at == std::string_view::npos ||
      !is_local_part(text.substr(0, at)) || !is_domain(text.substr(at + 1))) {
    return invalid("E-NET-021",
                   fmt::format("`{}` is no mail address like name@example.org", excerpt(text)));
  }
  return MailAddress(std::string(text));
}

std::string_view MailAddress::domain() const {
  return std::string_view(m_text).substr(m_text.find('@') + 1);
}

Result<std::string> message_text(const Mail& mail) {
  SIEGEL_TRY_OK(check_mail(mail));
  std::string out = fmt::format("Date: {}\r\nFrom: ", date_text(mail.date));
  if (!mail.from_name.empty()) out += quoted_name(mail.from_name) + "\r\n ";
  out += fmt::format("<{}>\r\nTo: ", mail.from.text());
  for (std::size_t i = 0; i < mail.to.size(); ++i) {
    if (i > 0) out += ",\r\n ";
    out += mail.to[i].text();
  }
  out += fmt::format("\r\nMessage-ID: <{}@{}>\r\nSubject: ", mail.id, mail.from.domain());
  out += needs_encoding(mail.subject) ? encoded_words(mail.subject) : mail.subject;
  out +=
      "\r\nMIME-Version: 1.0\r\n"
      "Content-Type: text/plain; charset=UTF-8\r\n"
      "Content-Transfer-Encoding: quoted-printable\r\n"
      "Auto-Submitted: auto-generated\r\n\r\n";
  std::string_view rest = mail.text;
  while (!rest.empty()) {
    const auto end = rest.find('\n');
    append_quoted_printable(out, rest.substr(0, end));
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
  return out;
}

std::string mail_id(Random& random) {
  constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz0123456789";
  std::string id(24, '\0');
  for (char& c : id) c = letters[random.below(letters.size())];
  return id;
}

}  // namespace siegel::net
