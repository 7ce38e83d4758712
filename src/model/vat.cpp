#include "model/vat.h"

#include <fmt/format.h>

#include <string>

namespace siegel {
namespace {

// The tables begin with the first day a German register had to use a TSE, and with the first day of
// the 13 % rate in Austria. docs/reference/vat.md shows them; a test compares.
constexpr Date de_begin{2020, 1, 1};
constexpr Date at_begin{2016, 1, 1};

struct Names {
  std::string_view de;
  std::string_view en;
  std::string_view source;
};

constexpr VatEntry de(int key, int hundredths, int slot, char letter, Date from,
                      std::optional<Date> until, const Names& names) {
  return {.country = CountryCode::de,
          .key = VatKey(key),
          .rate = VatRate::from_hundredths(hundredths),
          .slot = slot,
          .letter = letter,
          .from = from,
          .until = until,
          .historic = key > 10,
          .name_de = names.de,
          .name_en = names.en,
          .source = names.source};
}

constexpr VatEntry at(int key, int hundredths, int slot, char letter, Date from,
                      std::optional<Date> until, const Names& names) {
  VatEntry entry = de(key, hundredths, slot, letter, from, until, names);
  entry.country = CountryCode::at;
  entry.historic = false;
  return entry;
}

constexpr Names de_general = {"Allgemeiner Steuersatz", "general rate", "UStG 12(1)"};
constexpr Names de_general_2020 = {"Allgemeiner Steuersatz", "general rate", "UStG 28(1)"};
constexpr Names de_reduced = {"Ermäßigter Steuersatz", "reduced rate", "UStG 12(2)"};
constexpr Names de_reduced_2020 = {"Ermäßigter Steuersatz", "reduced rate", "UStG 28(2)"};
constexpr Names de_average_3 = {"Durchschnittsatz übrige Fälle", "average rate, other cases",
                                "UStG 24(1) no. 3"};
constexpr Names de_average_1 = {"Durchschnittsatz Forstwirtschaft", "average rate, forestry",
                                "UStG 24(1) no. 1"};
constexpr Names de_not_taxable = {"Nicht steuerbar", "not taxable", "UStG 1(1)"};
constexpr Names de_exempt = {"Umsatzsteuerfrei", "exempt", "UStG 4"};
constexpr Names de_undetermined = {"Umsatzsteuer nicht ermittelbar", "VAT cannot be determined",
                                   "DSFinV-K Anlage 2"};
constexpr Names de_zero = {"Nullsteuersatz", "zero rate", "UStG 12(3)"};
constexpr Names de_former_general = {"Früherer allgemeiner Steuersatz", "former general rate",
                                     "DSFinV-K Anlage 2"};
constexpr Names de_former_reduced = {"Früherer ermäßigter Steuersatz", "former reduced rate",
                                     "DSFinV-K Anlage 2"};
constexpr Names de_former_average = {"Früherer Durchschnittsatz", "former average rate",
                                     "DSFinV-K Anlage 2"};

constexpr VatEntry de_table[] = {
    de(1, 1900, 1, 'A', de_begin, Date(2020, 6, 30), de_general),
    de(1, 1600, 1, 'A', Date(2020, 7, 1), Date(2020, 12, 31), de_general_2020),
    de(1, 1900, 1, 'A', Date(2021, 1, 1), {}, de_general),
    de(2, 700, 2, 'B', de_begin, Date(2020, 6, 30), de_reduced),
    de(2, 500, 2, 'B', Date(2020, 7, 1), Date(2020, 12, 31), de_reduced_2020),
    de(2, 700, 2, 'B', Date(2021, 1, 1), {}, de_reduced),
    de(3, 1070, 3, 'C', de_begin, Date(2021, 12, 31), de_average_3),
    de(3, 950, 3, 'C', Date(2022, 1, 1), Date(2022, 12, 31), de_average_3),
    de(3, 900, 3, 'C', Date(2023, 1, 1), Date(2024, 12, 5), de_average_3),
    de(3, 840, 3, 'C', Date(2024, 12, 6), Date(2024, 12, 31), de_average_3),
    de(3, 780, 3, 'C', Date(2025, 1, 1), {}, de_average_3),
    de(4, 550, 4, 'D', de_begin, {}, de_average_1),
    de(5, 0, 5, 'E', de_begin, {}, de_not_taxable),
    de(6, 0, 5, 'F', de_begin, {}, de_exempt),
    de(7, 0, 5, 'G', de_begin, {}, de_undetermined),
    de(8, 0, 5, 'H', Date(2023, 1, 1), {}, de_zero),
    de(11, 1900, 1, 'I', Date(2020, 7, 1), {}, de_former_general),
    de(12, 700, 2, 'J', Date(2020, 7, 1), {}, de_former_reduced),
    de(13, 1070, 3, 'K', Date(2022, 1, 1), {}, de_former_average),
    de(21, 1600, 1, 'L', Date(2021, 1, 1), {}, de_former_general),
    de(22, 500, 2, 'M', Date(2021, 1, 1), {}, de_former_reduced),
    de(23, 950, 3, 'N', Date(2023, 1, 1), {}, de_former_average),
    de(33, 900, 3, 'P', Date(2024, 12, 6), {}, de_former_average),
    de(43, 840, 3, 'Q', Date(2025, 1, 1), {}, de_former_average),
};

constexpr VatEntry at_table[] = {
    at(1, 2000, 1, 'A', at_begin, {}, {"Normalsteuersatz", "normal rate", "UStG 1994 10(1)"}),
    at(2, 1000, 2, 'B', at_begin, {},
       {"Ermäßigter Steuersatz 1", "reduced rate 1", "UStG 1994 10(2)"}),
    at(3, 1300, 3, 'C', at_begin, {},
       {"Ermäßigter Steuersatz 2", "reduced rate 2", "UStG 1994 10(3)"}),
    at(4, 0, 4, 'D', at_begin, {}, {"Nullsatz", "zero rate", "RKSV 9"}),
    at(5, 1900, 5, 'E', at_begin, {},
       {"Jungholz und Mittelberg", "Jungholz and Mittelberg", "UStG 1994 10(4)"}),
    at(6, 490, 5, 'F', Date(2026, 7, 1), {},
       {"Ausgewählte Grundnahrungsmittel", "selected basic foodstuffs", "BMF 2026-03-13"}),
    at(7, 500, 5, 'G', Date(2020, 7, 1), Date(2021, 12, 31),
       {"Befristeter Steuersatz 5 %", "temporary rate of 5 %", "UStG 1994 28(52)"}),
};

bool in_force(const VatEntry& entry, Date day) {
  return entry.from <= day && (!entry.until || day <= *entry.until);
}

}  // namespace

std::span<const VatEntry> vat_table(CountryCode country) {
  switch (country) {
    case CountryCode::de:
      return de_table;
    case CountryCode::at:
      return at_table;
  }
  return {};
}

Error vat_not_in_force(CountryCode country, std::string_view asked, Date day) {
  std::string allowed;
  for (const VatEntry& entry : vat_table(country)) {
    if (!in_force(entry, day) || entry.historic) continue;
    allowed +=
        fmt::format("{}{} ({})", allowed.empty() ? "" : ", ", entry.letter, entry.rate.text());
  }
  return invalid("E-VAT-510",
                 fmt::format("VAT {} is not in force on {}; allowed: {}", asked, day.text(),
                             allowed.empty() ? "nothing, the table begins later" : allowed));
}

Result<const VatEntry*> vat_in_force(CountryCode country, VatKey key, Date day) {
  for (const VatEntry& entry : vat_table(country)) {
    if (entry.key == key && in_force(entry, day)) return &entry;
  }
  return vat_not_in_force(country, fmt::format("key {}", key.get()), day);
}

Result<const VatEntry*> vat_by_text(CountryCode country, std::string_view letter_or_rate,
                                    Date day) {
  const auto table = vat_table(country);
  if (letter_or_rate.size() == 1 && letter_or_rate.front() >= 'A' &&
      letter_or_rate.front() <= 'Z') {
    for (const VatEntry& entry : table) {
      if (entry.letter == letter_or_rate.front() && in_force(entry, day)) return &entry;
    }
    return vat_not_in_force(country, letter_or_rate, day);
  }
  SIEGEL_TRY(const VatRate rate, VatRate::parse(letter_or_rate));
  // The table is ordered by key, so current rows come before historic ones and "not taxable" before
  // the other zero rates.
  for (const VatEntry& entry : table) {
    if (entry.rate == rate && in_force(entry, day)) return &entry;
  }
  return vat_not_in_force(country, fmt::format("{} %", rate.text()), day);
}

std::optional<VatKey> vat_key_of_sale(CountryCode country, VatKey key, VatRate rate, Date day) {
  const auto table = vat_table(country);
  int slot = 0;
  for (const VatEntry& entry : table) {
    if (entry.key != key || entry.rate != rate) continue;
    if (in_force(entry, day)) return key;
    slot = entry.slot;
  }
  for (const VatEntry& entry : table) {
    if (slot != 0 && entry.rate == rate && entry.slot == slot && in_force(entry, day)) {
      return entry.key;
    }
  }
  return {};
}

}  // namespace siegel
