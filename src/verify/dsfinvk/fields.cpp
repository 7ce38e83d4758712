#include "verify/dsfinvk/fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>

namespace siegel::verify::dsfinvk {

namespace {

namespace chrono = std::chrono;

constexpr std::int64_t ms_per_minute = 60'000;
constexpr std::int64_t ms_per_hour = 60 * ms_per_minute;
constexpr std::int64_t ms_per_day = 24 * ms_per_hour;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }

std::int64_t floor_div(std::int64_t a, std::int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

/// The first n characters as a number; -1 if they are no digits.
int digits(std::string_view text, std::size_t at, std::size_t n) {
  if (at + n > text.size()) return -1;
  int value = 0;
  for (std::size_t i = at; i < at + n; ++i) {
    if (!is_digit(text[i])) return -1;
    value = value * 10 + (text[i] - '0');
  }
  return value;
}

chrono::year_month_day civil(std::int64_t day) { return chrono::sys_days(chrono::days(day)); }

/// 01:00 UTC of the last Sunday of a month, in milliseconds.
std::int64_t change_of(chrono::year year, chrono::month month) {
  const chrono::sys_days sunday = year / month / chrono::Sunday[chrono::last];
  return sunday.time_since_epoch().count() * ms_per_day + ms_per_hour;
}

// ISO 3166-1 alpha-3, one behind the other.
constexpr std::string_view countries =
    "ABWAFGAGOAIAALAALBANDAREARGARMASMATAATFATGAUSAUTAZEBDIBELBENBESBFABGDBGRBHRBHSBIHBLMBLRBLZBMUB"
    "OL"
    "BRABRBBRNBTNBVTBWACAFCANCCKCHECHLCHNCIVCMRCODCOGCOKCOLCOMCPVCRICUBCUWCXRCYMCYPCZEDEUDJIDMADNKD"
    "OM"
    "DZAECUEGYERIESHESPESTETHFINFJIFLKFRAFROFSMGABGBRGEOGGYGHAGIBGINGLPGMBGNBGNQGRCGRDGRLGTMGUFGUMG"
    "UY"
    "HKGHMDHNDHRVHTIHUNIDNIMNINDIOTIRLIRNIRQISLISRITAJAMJEYJORJPNKAZKENKGZKHMKIRKNAKORKWTLAOLBNLBRL"
    "BY"
    "LCALIELKALSOLTULUXLVAMACMAFMARMCOMDAMDGMDVMEXMHLMKDMLIMLTMMRMNEMNGMNPMOZMRTMSRMTQMUSMWIMYSMYTN"
    "AM"
    "NCLNERNFKNGANICNIUNLDNORNPLNRUNZLOMNPAKPANPCNPERPHLPLWPNGPOLPRIPRKPRTPRYPSEPYFQATREUROURUSRWAS"
    "AU"
    "SDNSENSGPSGSSHNSJMSLBSLESLVSMRSOMSPMSRBSSDSTPSURSVKSVNSWESWZSXMSYCSYRTCATCDTGOTHATJKTKLTKMTLST"
    "ON"
    "TTOTUNTURTUVTWNTZAUGAUKRUMIURYUSAUZBVATVCTVENVGBVIRVNMVUTWLFWSMYEMZAFZMBZWE";

// ISO 4217, one behind the other; withdrawn ones of the time since 2018 too.
constexpr std::string_view currencies =
    "AEDAFNALLAMDANGAOAARSAUDAWGAZNBAMBBDBDTBGNBHDBIFBMDBNDBOBBOVBRLBSDBTNBWPBYNBZDCADCDFCHECHFCHWC"
    "LF"
    "CLPCNYCOPCOUCRCCUCCUPCVECZKDJFDKKDOPDZDEGPERNETBEURFJDFKPGBPGELGHSGIPGMDGNFGTQGYDHKDHNLHRKHTGH"
    "UF"
    "IDRILSINRIQDIRRISKJMDJODJPYKESKGSKHRKMFKPWKRWKWDKYDKZTLAKLBPLKRLRDLSLLYDMADMDLMGAMKDMMKMNTMOPM"
    "RU"
    "MURMVRMWKMXNMXVMYRMZNNADNGNNIONOKNPRNZDOMRPABPENPGKPHPPKRPLNPYGQARRONRSDRUBRWFSARSBDSCRSDGSEKS"
    "GD"
    "SHPSLESLLSOSSRDSSPSTNSVCSYPSZLTHBTJSTMTTNDTOPTRYTTDTWDTZSUAHUGXUSDUSNUYIUYUUYWUZSVEDVESVNDVUVW"
    "ST"
    "XAFXAGXAUXCDXDRXOFXPDXPFXPTXSUXUAYERZARZMWZWLZWG";

bool in_codes(std::string_view codes, std::string_view text) {
  if (text.size() != 3 || !std::ranges::all_of(text, is_upper)) return false;
  for (std::size_t at = 0; at < codes.size(); at += 3) {
    if (codes.substr(at, 3) == text) return true;
  }
  return false;
}

/// `pattern`: 0 stands for a digit, everything else for itself.
bool like(std::string_view text, std::string_view pattern) {
  return std::ranges::equal(text, pattern,
                            [](char c, char p) { return p == '0' ? is_digit(c) : c == p; });
}

}  // namespace

Number parse_number(std::string_view text) {
  Number out;
  if (text.empty()) return out;
  out.form = NumberForm::invalid;
  std::string_view rest = text;
  const bool negative = rest[0] == '-';
  if (negative) rest.remove_prefix(1);
  std::size_t whole = 0;
  Units units = 0;
  while (whole < rest.size() && is_digit(rest[whole])) {
    if (units > units_max / units_one) return out;
    units = units * 10 + (rest[whole] - '0');
    ++whole;
  }
  if (whole == 0) return out;
  NumberForm form = NumberForm::fine;
  std::string_view decimals;
  if (whole < rest.size()) {
    const std::size_t comma = rest.find(',');
    if (rest[whole] == '.') {
      // Groups of three digits, or a decimal point.
      std::size_t at = whole;
      Units grouped = units;
      while (at + 3 < rest.size() && rest[at] == '.' && digits(rest, at + 1, 3) >= 0 &&
             grouped <= units_max / units_one) {
        grouped = grouped * 1000 + digits(rest, at + 1, 3);
        at += 4;
      }
      const bool to_end = at == rest.size() || (at < rest.size() && rest[at] == ',');
      if (at > whole && whole <= 3 && to_end &&
          (comma != std::string_view::npos || rest[0] != '0')) {
        form = NumberForm::grouped;
        units = grouped;
        whole = at;
        if (at < rest.size()) decimals = rest.substr(at + 1);
      } else if (comma == std::string_view::npos) {
        form = NumberForm::pointed;
        decimals = rest.substr(whole + 1);
      } else {
        return out;
      }
    } else if (rest[whole] == ',') {
      decimals = rest.substr(whole + 1);
    } else {
      return out;
    }
    if (whole < rest.size() && (decimals.empty() || !std::ranges::all_of(decimals, is_digit)))
      return out;
  }
  if (decimals.size() > 5 || units > units_max / units_one) return out;
  for (std::size_t i = 0; i < 5; ++i) {
    units = units * 10 + (i < decimals.size() ? decimals[i] - '0' : 0);
  }
  out.form = form;
  out.decimals = static_cast<std::uint8_t>(decimals.size());
  out.negative_zero = negative && units == 0;
  out.units = negative ? -units : units;
  return out;
}

std::string number_text(Units units) {
  const auto magnitude = static_cast<std::uint64_t>(units < 0 ? -units : units);
  constexpr auto one = static_cast<std::uint64_t>(units_one);
  std::string text =
      fmt::format("{}{},{:05}", units < 0 ? "-" : "", magnitude / one, magnitude % one);
  for (int i = 0; i < 3 && text.back() == '0'; ++i) text.pop_back();
  return text;
}

Units multiply(Units a, Units b, Units c) {
  __extension__ using Wide = __int128;
  const Wide product = static_cast<Wide>(a) * b;
  const Wide half = c / 2;
  const Wide rounded = product >= 0 ? (product + half) / c : -((-product + half) / c);
  constexpr Wide limit = Wide{units_max} * 100;
  return static_cast<Units>(std::clamp(rounded, -limit, limit));
}

std::int64_t Stamp::day() const { return floor_div(local_ms, ms_per_day); }

std::int64_t Stamp::utc_ms() const {
  if (offset_minutes) return local_ms - *offset_minutes * ms_per_minute;
  // The offset of German time at the civil time, standard time where it exists twice.
  const std::int64_t standard = local_ms - ms_per_hour;
  return german_offset_minutes(standard) == 120 &&
                 german_offset_minutes(standard - ms_per_hour) == 120
             ? standard - ms_per_hour
             : standard;
}

std::int64_t Stamp::german_ms() const {
  if (!offset_minutes) return local_ms;
  const std::int64_t utc = utc_ms();
  return utc + german_offset_minutes(utc) * ms_per_minute;
}

std::optional<Stamp> parse_stamp(std::string_view text) {
  if (text.size() < 19 || text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':' ||
      text[16] != ':')
    return std::nullopt;
  const auto day = parse_day(text.substr(0, 10));
  const int hour = digits(text, 11, 2);
  const int minute = digits(text, 14, 2);
  const int second = digits(text, 17, 2);
  if (!day || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60)
    return std::nullopt;
  Stamp out;
  out.local_ms = *day * ms_per_day + hour * ms_per_hour + minute * ms_per_minute + second * 1000;
  std::string_view rest = text.substr(19);
  if (rest.starts_with('.')) {
    std::size_t n = 0;
    int millis = 0;
    while (n + 1 < rest.size() && is_digit(rest[n + 1])) {
      if (n < 3) millis = millis * 10 + (rest[n + 1] - '0');
      ++n;
    }
    if (n == 0 || n > 9) return std::nullopt;
    for (std::size_t i = n; i < 3; ++i) millis *= 10;
    out.local_ms += millis;
    out.fraction_digits = static_cast<std::uint8_t>(n);
    rest.remove_prefix(n + 1);
  }
  if (rest.empty()) return out;
  if (rest == "Z") {
    out.offset_minutes = 0;
    out.is_z = true;
    return out;
  }
  const int hours = digits(rest, 1, 2);
  const int minutes = digits(rest, 4, 2);
  if (rest.size() != 6 || (rest[0] != '+' && rest[0] != '-') || rest[3] != ':' || hours < 0 ||
      hours > 14 || minutes < 0 || minutes > 59)
    return std::nullopt;
  out.offset_minutes = (rest[0] == '-' ? -1 : 1) * (hours * 60 + minutes);
  return out;
}

std::optional<std::int64_t> parse_day(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  const int year = digits(text, 0, 4);
  const int month = digits(text, 5, 2);
  const int day = digits(text, 8, 2);
  if (year < 1970 || month < 1 || day < 1) return std::nullopt;
  const chrono::year_month_day date{chrono::year(year), chrono::month(static_cast<unsigned>(month)),
                                    chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return std::nullopt;
  return chrono::sys_days(date).time_since_epoch().count();
}

std::int64_t day_number(int year, unsigned month, unsigned day) {
  return chrono::sys_days(chrono::year(year) / chrono::month(month) / chrono::day(day))
      .time_since_epoch()
      .count();
}

std::string day_text(std::int64_t day) {
  const auto date = civil(day);
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
}

std::string civil_text(std::int64_t civil_ms) {
  const std::int64_t day = floor_div(civil_ms, ms_per_day);
  const std::int64_t seconds = (civil_ms - day * ms_per_day) / 1000;
  return fmt::format("{}T{:02}:{:02}:{:02}", day_text(day), seconds / 3600, seconds / 60 % 60,
                     seconds % 60);
}

int german_offset_minutes(std::int64_t utc_ms) {
  const chrono::year year = civil(floor_div(utc_ms, ms_per_day)).year();
  const bool summer =
      utc_ms >= change_of(year, chrono::March) && utc_ms < change_of(year, chrono::October);
  return summer ? 120 : 60;
}

bool in_time_change(std::int64_t local_ms) {
  const chrono::year year = civil(floor_div(local_ms, ms_per_day)).year();
  for (const chrono::month month : {chrono::March, chrono::October}) {
    const std::int64_t two_o_clock = change_of(year, month) + ms_per_hour;
    if (local_ms >= two_o_clock && local_ms < two_o_clock + ms_per_hour) return true;
  }
  return false;
}

bool is_country(std::string_view text) { return in_codes(countries, text); }

bool is_currency(std::string_view text) { return text == "EUR" || in_codes(currencies, text); }

bool is_vat_id(std::string_view text) {
  if (text.size() < 4 || text.size() > 15 || !is_upper(text[0]) || !is_upper(text[1])) return false;
  const std::string_view rest = text.substr(2);
  const auto fine = [](char c) { return is_digit(c) || is_upper(c) || c == '+' || c == '*'; };
  if (!std::ranges::all_of(rest, fine)) return false;
  if (!text.starts_with("DE")) return true;
  if (rest.size() != 9 || !std::ranges::all_of(rest, is_digit)) return false;
  // ISO 7064 MOD 11,10.
  int product = 10;
  for (std::size_t i = 0; i < 8; ++i) {
    int sum = (rest[i] - '0' + product) % 10;
    if (sum == 0) sum = 10;
    product = 2 * sum % 11;
  }
  return (11 - product) % 10 == rest[8] - '0';
}

bool is_tax_number(std::string_view text) {
  // As the states write them, and the thirteen digits for the tax office's electronic traffic.
  for (const std::string_view pattern :
       {"00/000/00000", "000/000/00000", "000/0000/0000", "00 000 00000", "0 000 000 00000",
        "000 000 00000", "00000/00000", "000/00000", "0000000000", "00000000000", "0000000000000",
        "00/000/0000 0", "000 / 0000 / 0000"}) {
    if (like(text, pattern)) return true;
  }
  return false;
}

bool is_gtin(std::string_view text) {
  if (text.size() != 8 && text.size() != 12 && text.size() != 13 && text.size() != 14) return false;
  if (!std::ranges::all_of(text, is_digit)) return false;
  int sum = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool thrice = (text.size() - 1 - i) % 2 == 1;
    sum += (text[i] - '0') * (thrice ? 3 : 1);
  }
  return sum % 10 == 0;
}

bool is_digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, is_digit);
}

std::optional<std::uint64_t> parse_id(std::string_view text) {
  if (!is_digits(text) || text.size() > 18 || (text.size() > 1 && text[0] == '0'))
    return std::nullopt;
  std::uint64_t value = 0;
  for (const char c : text) value = value * 10 + static_cast<std::uint64_t>(c - '0');
  return value;
}

std::string folded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == ' ' || c == '-' || c == '_') continue;
    out += is_upper(c) ? static_cast<char>(c + 32) : c;
  }
  return out;
}

bool has_odd_characters(std::string_view text) {
  if (text.find("\xEF\xBF\xBD") != std::string_view::npos) return true;
  for (std::size_t i = 0; i + 1 < text.size(); ++i) {
    const auto a = static_cast<unsigned char>(text[i]);
    const auto b = static_cast<unsigned char>(text[i + 1]);
    // A combining mark U+0300 to U+036F.
    if ((a == 0xCC && b >= 0x80) || (a == 0xCD && b >= 0x80 && b <= 0xAF)) return true;
    // UTF-8 read as Latin-1 and written as UTF-8 again: C3 83 or C3 82, then another C2 8x..Bx.
    if (a == 0xC3 && (b == 0x83 || b == 0x82) && i + 3 < text.size() &&
        (static_cast<unsigned char>(text[i + 2]) == 0xC2 ||
         static_cast<unsigned char>(text[i + 2]) == 0xC5))
      return true;
  }
  return false;
}

}  // namespace siegel::verify::dsfinvk
