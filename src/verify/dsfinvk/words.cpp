#include "verify/dsfinvk/words.h"

#include <algorithm>
#include <array>
#include <span>

#include "verify/dsfinvk/fields.h"

namespace siegel::verify::dsfinvk {

namespace {

using Words = std::span<const std::string_view>;

// In the order of the enumerations.
constexpr std::array bon_words = std::to_array<std::string_view>(
    {"Beleg", "AVRechnung", "AVTransfer", "AVBestellung", "AVTraining", "AVBelegstorno",
     "AVBelegabbruch", "AVSachbezug", "AVSonstige"});
constexpr std::array gv_words = std::to_array<std::string_view>({"Umsatz",
                                                                 "Pfand",
                                                                 "PfandRueckzahlung",
                                                                 "Rabatt",
                                                                 "Aufschlag",
                                                                 "ZuschussEcht",
                                                                 "ZuschussUnecht",
                                                                 "TrinkgeldAG",
                                                                 "TrinkgeldAN",
                                                                 "EinzweckgutscheinKauf",
                                                                 "EinzweckgutscheinEinloesung",
                                                                 "MehrzweckgutscheinKauf",
                                                                 "MehrzweckgutscheinEinloesung",
                                                                 "Forderungsentstehung",
                                                                 "Forderungsaufloesung",
                                                                 "Anzahlungseinstellung",
                                                                 "Anzahlungsaufloesung",
                                                                 "Anfangsbestand",
                                                                 "Privatentnahme",
                                                                 "Privateinlage",
                                                                 "Geldtransit",
                                                                 "Lohnzahlung",
                                                                 "Einzahlung",
                                                                 "Auszahlung",
                                                                 "DifferenzSollIst"});
constexpr std::array pay_words =
    std::to_array<std::string_view>({"Bar", "Unbar", "Keine", "ECKarte", "Kreditkarte",
                                     "ElZahlungsdienstleister", "Guthabenkarte"});
constexpr std::array ref_words = std::to_array<std::string_view>(
    {"Transaktion", "ExterneRechnung", "ExternerLieferschein", "ExterneSonstige"});
constexpr std::array algorithm_words = std::to_array<std::string_view>(
    {"ecdsa-plain-SHA224", "ecdsa-plain-SHA256", "ecdsa-plain-SHA384", "ecdsa-plain-SHA512",
     "ecdsa-plain-SHA3-224", "ecdsa-plain-SHA3-256", "ecdsa-plain-SHA3-384", "ecdsa-plain-SHA3-512",
     "ecsdsa-plain-SHA224", "ecsdsa-plain-SHA256", "ecsdsa-plain-SHA384", "ecsdsa-plain-SHA512",
     "ecsdsa-plain-SHA3-224", "ecsdsa-plain-SHA3-256", "ecsdsa-plain-SHA3-384",
     "ecsdsa-plain-SHA3-512"});
constexpr std::array time_words =
    std::to_array<std::string_view>({"unixTime", "utcTime", "utcTimeWithSeconds", "generalizedTime",
                                     "generalizedTimeWithMilliseconds"});
constexpr std::array encoding_words = std::to_array<std::string_view>({"UTF-8", "ASCII"});
constexpr std::array process_words =
    std::to_array<std::string_view>({"Kassenbeleg-V1", "Bestellung-V1", "SonstigerVorgang"});

Words words_of(WordList list) {
  switch (list) {
    case WordList::bon:
      return bon_words;
    case WordList::gv:
      return gv_words;
    case WordList::pay:
      return pay_words;
    case WordList::ref:
      return ref_words;
    case WordList::algorithm:
      return algorithm_words;
    case WordList::time_format:
      return time_words;
    case WordList::encoding:
      return encoding_words;
    case WordList::process:
      return process_words;
  }
  return {};
}

template <class Enum>
Enum from(Words words, std::string_view word) {
  return static_cast<Enum>(std::ranges::find(words, word) - words.begin());
}

}  // namespace

BonType bon_type_from(std::string_view word) { return from<BonType>(bon_words, word); }
GvType gv_type_from(std::string_view word) { return from<GvType>(gv_words, word); }
PayType pay_type_from(std::string_view word) { return from<PayType>(pay_words, word); }
RefType ref_type_from(std::string_view word) { return from<RefType>(ref_words, word); }

bool is_word(WordList list, std::string_view word) {
  return std::ranges::find(words_of(list), word) != words_of(list).end();
}

std::string_view meant_word(WordList list, std::string_view word) {
  const std::string wanted = folded(word);
  for (const std::string_view known : words_of(list)) {
    if (folded(known) == wanted) return known;
  }
  return {};
}

}  // namespace siegel::verify::dsfinvk
