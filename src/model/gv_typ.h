#pragma once

#include <optional>
#include <string_view>

namespace siegel {

/// GV_TYP [DSFinV-K Anhang C], all 25.
enum class GvTyp {
  umsatz,
  pfand,
  pfand_rueckzahlung,
  rabatt,
  aufschlag,
  zuschuss_echt,
  zuschuss_unecht,
  trinkgeld_ag,
  trinkgeld_an,
  einzweckgutschein_kauf,
  einzweckgutschein_einloesung,
  mehrzweckgutschein_kauf,
  mehrzweckgutschein_einloesung,
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
};
/// The word of the standard ("Umsatz", "PfandRueckzahlung").
[[nodiscard]] std::string_view gv_typ_text(GvTyp typ);
[[nodiscard]] std::optional<GvTyp> gv_typ_from(std::string_view text);

}  // namespace siegel
