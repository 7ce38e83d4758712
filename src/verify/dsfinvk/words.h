#pragma once

#include <cstdint>
#include <string_view>

// The closed lists of words [DSFinV-K Anhang B, C, D, E]. Not part of the module's contract.

namespace siegel::verify::dsfinvk {

enum class BonType : std::uint8_t {
  beleg,
  av_rechnung,
  av_transfer,
  av_bestellung,
  av_training,
  av_belegstorno,
  av_belegabbruch,
  av_sachbezug,
  av_sonstige,
  unknown,
};
[[nodiscard]] BonType bon_type_from(std::string_view word);

enum class GvType : std::uint8_t {
  umsatz,
  pfand,
  pfand_rueckzahlung,
  rabatt,
  aufschlag,
  zuschuss_echt,
  zuschuss_unecht,
  trinkgeld_ag,
  trinkgeld_an,
  einzweck_kauf,
  einzweck_einloesung,
  mehrzweck_kauf,
  mehrzweck_einloesung,
  forderungsentstehung,
  forderungsaufloesung,
  anzahlungseinstellung,
  anzahlungsaufloesung,
  anfangsbestand,
  privatentnahme,
  privateinlage,
  geldtransit,
  lohnzahlung,
  einzahlung,
  auszahlung,
  differenz_soll_ist,
  unknown,
};
[[nodiscard]] GvType gv_type_from(std::string_view word);
/// The last eight: nothing but cash moves.
[[nodiscard]] constexpr bool is_cash_only(GvType type) {
  return type >= GvType::anfangsbestand && type <= GvType::differenz_soll_ist;
}

enum class PayType : std::uint8_t {
  bar,
  unbar,
  keine,
  ec_karte,
  kreditkarte,
  el_zahlungsdienstleister,
  guthabenkarte,
  unknown,
};
[[nodiscard]] PayType pay_type_from(std::string_view word);

enum class RefType : std::uint8_t {
  transaktion,
  externe_rechnung,
  externer_lieferschein,
  externe_sonstige,
  unknown,
};
[[nodiscard]] RefType ref_type_from(std::string_view word);

/// The lists by name.
enum class WordList : std::uint8_t { bon, gv, pay, ref, algorithm, time_format, encoding, process };
[[nodiscard]] bool is_word(WordList list, std::string_view word);
/// The word meant by one that is wrong in case, blanks or hyphens only; empty if there is none.
[[nodiscard]] std::string_view meant_word(WordList list, std::string_view word);

}  // namespace siegel::verify::dsfinvk
