#include "verify/tse/process_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

namespace siegel::verify::tse {

namespace {

constexpr std::string_view kassenbeleg = "Kassenbeleg-V1";
constexpr std::string_view bestellung = "Bestellung-V1";
constexpr std::string_view sonstiger_vorgang = "SonstigerVorgang";
constexpr std::array vorgang_types = std::to_array<std::string_view>(
    {"Beleg", "AVTransfer", "AVBestellung", "AVTraining", "AVBelegstorno", "AVBelegabbruch",
     "AVSachbezug", "AVSonstige", "AVRechnung"});
constexpr std::size_t vat_slots = 5;
constexpr std::size_t parts_max = 4096;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool equal_letters(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::ranges::equal(a, b, [&](char x, char y) { return lower(x) == lower(y); });
}

/// At most `parts_max` parts; the last one holds the rest.
std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (parts.size() + 1 < parts_max) {
    const std::size_t at = text.find(separator);
    if (at == std::string_view::npos) break;
    parts.push_back(text.substr(0, at));
    text.remove_prefix(at + 1);
  }
  parts.push_back(text);
  return parts;
}

struct Amount {
  std::int64_t cents = 0;
  bool exact = false;      ///< precisely as prescribed
  bool comma = false;      ///< decimal comma
  bool thousands = false;  ///< thousands separators
};

/// An amount, also in the wrong forms seen on receipts. Empty: no amount at all.
std::optional<Amount> read_amount(std::string_view text) {
  constexpr std::size_t digits_max = 12;
  Amount amount;
  std::string_view rest = text;
  const bool negative = rest.starts_with('-');
  if (negative) rest.remove_prefix(1);
  const std::size_t mark = rest.find_last_of(".,");
  if (mark == std::string_view::npos || rest.size() - mark != 3 || mark == 0) return std::nullopt;
  if (!is_digit(rest[mark + 1]) || !is_digit(rest[mark + 2])) return std::nullopt;
  amount.comma = rest[mark] == ',';
  std::size_t digits = 0;
  std::size_t since_separator = 0;
  for (const char c : rest.substr(0, mark)) {
    if (is_digit(c)) {
      amount.cents = amount.cents * 10 + (c - '0');
      ++since_separator;
      if (++digits > digits_max) return std::nullopt;
    } else if ((c == ',' || c == '.') && c != rest[mark] && since_separator > 0) {
      amount.thousands = true;
      since_separator = 0;
    } else {
      return std::nullopt;
    }
  }
  amount.cents = amount.cents * 100 + (rest[mark + 1] - '0') * 10 + (rest[mark + 2] - '0');
  const bool leading_zero = rest[0] == '0' && digits > 1;
  const bool minus_zero = negative && amount.cents == 0;
  amount.exact = !amount.comma && !amount.thousands && !leading_zero && !minus_zero;
  if (negative) amount.cents = -amount.cents;
  return amount;
}

/// Grammar and sums of one Kassenbeleg; each kind of deviation is noted once.
class Kassenbeleg {
 public:
  Kassenbeleg(std::string_view data, Notes& notes) : m_data(data), m_notes(notes) {}

  void check() {
    const std::vector<std::string_view> parts = split(m_data, '^');
    if (parts.size() != 3) {
      grammar(fmt::format("{} parts between ^", parts.size()));
    } else {
      vorgang_type(parts[0]);
      turnover(parts[1]);
      payments(parts[0], parts[2]);
    }
    if (m_comma) note("TSE-1009", "decimal comma", "decimal point");
    if (m_thousands) note("TSE-1011", "thousands separator", "digits only");
  }

 private:
  void note(std::string_view rule, std::string_view what, std::string_view expected) {
    m_notes.push_back({rule, fmt::format("{}: {}", what, m_data), std::string(expected)});
  }
  void grammar(std::string_view what) {
    if (!m_grammar) note("TSE-1001", what, "Vorgangstyp^five amounts^payments");
    m_grammar = true;
  }

  void vorgang_type(std::string_view type) {
    if (std::ranges::find(vorgang_types, type) == vorgang_types.end()) {
      m_notes.push_back({"TSE-1008", std::string(type), "Beleg, AVTransfer, AVBestellung, ..."});
    }
    if (type == "AVBelegstorno") {
      m_notes.push_back({"TSE-1014", std::string(type), "Beleg with the signs reversed"});
    }
  }

  std::optional<std::int64_t> amount(std::string_view text) {
    const auto amount = read_amount(text);
    if (!amount) {
      grammar(fmt::format("`{}` is no amount", text));
      return std::nullopt;
    }
    m_comma |= amount->comma;
    m_thousands |= amount->thousands;
    if (!amount->exact && !amount->comma && !amount->thousands) {
      grammar(fmt::format("`{}` is not written as prescribed", text));
    }
    return amount->cents;
  }

  void turnover(std::string_view text) {
    const std::vector<std::string_view> slots = split(text, '_');
    if (slots.size() != vat_slots) {
      m_notes.push_back({"TSE-1010", fmt::format("{} amounts: {}", slots.size(), text), "5"});
    }
    for (const std::string_view slot : slots) {
      if (const auto cents = amount(slot)) {
        m_turnover += *cents;
      } else {
        m_sums_known = false;
      }
    }
  }

  void payments(std::string_view type, std::string_view text) {
    if (text.empty()) {
      if (type == "Beleg") compare_sums();
      return;
    }
    // Rank of the prescribed order: Bar EUR, Bar foreign, Unbar EUR, Unbar foreign.
    std::string last_rank;
    for (const std::string_view payment : split(text, '_')) {
      const std::vector<std::string_view> fields = split(payment, ':');
      const bool bar = fields.size() > 1 && fields[1] == "Bar";
      if (fields.size() < 2 || fields.size() > 3 || (!bar && fields[1] != "Unbar") ||
          (fields.size() == 3 && !is_currency(fields[2]))) {
        grammar(fmt::format("payment `{}`", payment));
        m_sums_known = false;
        continue;
      }
      const auto cents = amount(fields[0]);
      std::string rank = bar ? "0" : "1";
      if (fields.size() == 3) {
        rank += fields[2];
        m_foreign = true;
        if (fields[2] == "EUR") grammar("EUR is not written");
      }
      if (rank <= last_rank) m_disorder = true;
      if (cents && *cents == 0) m_disorder = true;
      last_rank = std::move(rank);
      if (cents) {
        m_paid += *cents;
      } else {
        m_sums_known = false;
      }
    }
    if (m_disorder) {
      note("TSE-1012", "payments", "each kind once, none of zero, Bar before Unbar, EUR first");
    }
    if (type.starts_with("AV")) note("TSE-1013", "payments", "no payment");
    if (type == "Beleg") compare_sums();
  }

  static bool is_currency(std::string_view text) {
    return text.size() == 3 &&
           std::ranges::all_of(text, [](char c) { return c >= 'A' && c <= 'Z'; });
  }

  void compare_sums() {
    if (!m_sums_known || m_foreign || m_turnover == m_paid) return;
    m_notes.push_back({"TSE-1003",
                       fmt::format("turnover {}, payments {} (cents)", m_turnover, m_paid),
                       "equal, unless vouchers, tips or differences explain it"});
  }

  std::string_view m_data;
  Notes& m_notes;
  std::int64_t m_turnover = 0;
  std::int64_t m_paid = 0;
  bool m_sums_known = true;
  bool m_foreign = false;
  bool m_comma = false;
  bool m_thousands = false;
  bool m_disorder = false;
  bool m_grammar = false;
};

/// `-?digits[.1 to 3 digits]`
bool is_quantity(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  const std::size_t point = text.find('.');
  const std::string_view whole = text.substr(0, point);
  if (whole.empty() || whole.size() > 12 || !std::ranges::all_of(whole, is_digit)) return false;
  if (whole.size() > 1 && whole[0] == '0') return false;
  if (point == std::string_view::npos) return true;
  const std::string_view decimals = text.substr(point + 1);
  return !decimals.empty() && decimals.size() <= 3 && std::ranges::all_of(decimals, is_digit);
}

/// One `quantity;"text";price` at the beginning of `rest`, which is moved behind it.
bool take_order_line(std::string_view& rest) {
  const std::size_t semicolon = rest.find(';');
  if (semicolon == std::string_view::npos || !is_quantity(rest.substr(0, semicolon))) return false;
  rest.remove_prefix(semicolon + 1);
  if (!rest.starts_with('"')) return false;
  std::size_t at = 1;
  while (at < rest.size() && (rest[at] != '"' || rest.substr(at).starts_with("\"\""))) {
    at += rest[at] == '"' ? 2U : 1U;
  }
  if (at >= rest.size()) return false;
  rest.remove_prefix(at + 1);
  if (!rest.starts_with(';')) return false;
  rest.remove_prefix(1);
  const std::size_t end = rest.find('\r');
  const auto price = read_amount(rest.substr(0, end));
  if (!price || !price->exact) return false;
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  // A separator must be followed by another line.
  return end == std::string_view::npos || !rest.empty();
}

void check_order(std::string_view data, Notes& notes) {
  std::string_view rest = data;
  std::size_t line = 0;
  do {
    ++line;
    if (!take_order_line(rest)) {
      notes.push_back({"TSE-1002", fmt::format("line {}: {}", line, data),
                       R"(quantity;"text";price, lines separated by CR)"});
      return;
    }
  } while (!rest.empty());
}

}  // namespace

void check_process_data(std::string_view process_type, std::string_view process_data,
                        Notes& notes) {
  if (!valid_utf8(process_data)) {
    notes.push_back({"TSE-1006", std::string(process_data.substr(0, 100)), "UTF-8"});
  }
  for (const std::string_view known : {kassenbeleg, bestellung, sonstiger_vorgang}) {
    if (process_type != known && equal_letters(process_type, known)) {
      notes.push_back({"TSE-1007", std::string(process_type), std::string(known)});
    }
  }
  if (equal_letters(process_type, kassenbeleg)) {
    Kassenbeleg(process_data, notes).check();
  } else if (equal_letters(process_type, bestellung)) {
    check_order(process_data, notes);
  } else if (!process_type.empty() && !equal_letters(process_type, sonstiger_vorgang)) {
    notes.push_back({"TSE-1005", std::string(process_type),
                     "Kassenbeleg-V1, Bestellung-V1 or SonstigerVorgang"});
  }
}

}  // namespace siegel::verify::tse
