#include "country/de/export/columns.h"

#include <array>

#include "base/check.h"

namespace siegel::country::de {
namespace {

// Names, descriptions and lengths are those of index.xml: a reader compares them byte by byte.
// clang-format off
constexpr std::array cashpointclosing_columns = std::to_array<DsfinvkColumn>({
    {"Z_KASSE_ID", "ID der (Abschluss-) Kasse", 50, 0},
    {"Z_ERSTELLUNG", "Zeitpunkt des Kassenabschlusses", 30, 0},
    {"Z_NR", "Nr. des Kassenabschlusses", 0, 0},
    {"Z_BUCHUNGSTAG", "Vom Erstellungsdatum abweichender Verbuchungstag", 25, 0},
    {"TAXONOMIE_VERSION", "Version der DFKA-Taxonomie-Kasse", 10, 0},
    {"Z_START_ID", "Erste BON_ID im Abschluss", 40, 0},
    {"Z_ENDE_ID", "Letzte BON_ID im Abschluss", 40, 0},
    {"NAME", "Name des Unternehmens", 60, 0},
    {"STRASSE", "Straße", 60, 0},
    {"PLZ", "Postleitzahl", 10, 0},
    {"ORT", "Ort", 62, 0},
    {"LAND", "Land", 3, 0},
    {"STNR", "Steuernummer des Unternehmens", 20, 0},
    {"USTID", "USTID", 15, 0},
    {"Z_SE_ZAHLUNGEN", "Summe aller Zahlungen", 0, 2},
    {"Z_SE_BARZAHLUNGEN", "Summe aller Barzahlungen", 0, 2},
});
constexpr std::array location_columns = std::to_array<DsfinvkColumn>({
    {"Z_KASSE_ID", "ID der (Abschluss-) Kasse", 50, 0},
    {"Z_ERSTELLUNG", "Zeitpunkt des Kassenabschlusses", 30, 0},
    {"Z_NR", "Nr. des Kassenabschlusses", 0, 0},
    {"LOC_NAME", "Name des Standortes", 60, 0},
    {"LOC_STRASSE", "Straße", 60, 0},
    {"LOC_PLZ", "Postleitzahl", 10, 0},
    {"LOC_ORT", "Ort", 62, 0},
    {"LOC_LAND", "Land", 3, 0},
    {"LOC_USTID", "USTID", 15, 0},
});
constexpr std::array cashregister_columns = std::to_array<DsfinvkColumn>({
    {"Z_KASSE_ID", "ID der (Abschluss-) Kasse", 50, 0},
    {"Z_ERSTELLUNG", "Zeitpunkt des Kassenabschlusses", 30, 0},
    {"Z_NR", "Nr. des Kassenabschlusses", 0, 0},
    {"KASSE_BRAND", "Marke der Kasse", 50, 0},
    {"KASSE_MODELL", "Modellbezeichnung", 50, 0},
    {"KASSE_SERIENNR", "Seriennummer der Kasse", 70, 0},
    {"KASSE_SW_BRAND", "Markenbezeichnung der Software", 50, 0},
    {"KASSE_SW_VERSION", "Version der Software", 50, 0},
    {"KASSE_BASISWAEH_CODE", "Basiswährung der Kasse", 3, 0},
    {"KEINE_UST_ZUORDNUNG", "UmsatzsteuerNichtErmittelbar (bei späterem Zahlungseingang)", 1, 0},
});
constexpr std::array slaves_columns = std::to_array<DsfinvkColumn>({
    {"Z_KASSE_ID", "ID der (Abschluss-) Kasse", 50, 0},
    {"Z_ERSTELLUNG", "Zeitpunkt des Kassenabschlusses", 30, 0},
    {"Z_NR", "Nr. des Kassenabschlusses", 0, 0},
    {"TERMINAL_ID", "ID des Terminals", 50, 0},
    {"TERMINAL_BRAND", "Marke der Terminals", 50, 0},
    {"TERMINAL_MODELL", "Modellbezeichnung des Terminals", 50, 0},
    {"TERMINAL_SERIENNR", "Seriennummer des Terminals", 70, 0},
    {"TERMINAL_SW_BRAND", "Markenbezeichnung der Software", 50, 0},
    {"TERMINAL_SW_VERSION", "Version der Software", 50, 0},
});
constexpr std::array pa_columns = std::to_array<DsfinvkColumn>({
    {"Z_KASSE_ID", "ID der (Abschluss-) Kasse", 50, 0},
    {"Z_ERSTELLUNG", "Zeitpunkt des Kassenabschlusses", 30, 0},
    {"Z_NR", "Nr. des Kassenabschlusses", 0, 0},
    {"AGENTUR_ID", "ID der Agentur", 0, 0},
    {"AGENTUR_NAME", "Name des Auftraggebers", 60, 0},
    {"AGENTUR_STRASSE", "Straße", 60, 0},
    {"AGENTUR_PLZ", "Postleitzahl", 10, 0},
    {"AGENTUR_ORT", "Ort", 62, 0},
    {"AGENTUR_LAND", "Land", 3, 0},
    {"AGENTUR_STNR", "Steuernummer des Auftraggebers", 20, 0},
    {"AGENTUR_USTID", "USTID des Auftraggebers", 15, 0},
});
constexpr std::array tse_columns = std::to_array<DsfinvkColumn>({
    {"Z_KASSE_ID", "ID der (Abschluss-) Kasse", 50, 0},
    {"Z_ERSTELLUNG", "Zeitpunkt des Kassenabschlusses", 30, 0},
    {"Z_NR", "Nr. des Kassenabschlusses", 0, 0},
    {"TSE_ID",
     "ID der TSE - wird nur zur Referenzierung innerhalb eines "
     "Kassenabschlusses verwendet", 0, 0},
    {"TSE_SERIAL",
     "Seriennummer der TSE (Entspricht laut TR-03153 Abschnitt 7.5. dem "
     "Hashwert des im Zertifikat enthaltenen Schlüssels in "
     "Octet-String-Darstellung)", 68, 0},
    {"TSE_SIG_ALGO", "Der von der TSE verwendete Signaturalgo-rithmus", 21, 0},
    {"TSE_ZEITFORMAT",
     "Das von der TSE verwendete Format für die Log-Time - 'unixTime', "
     "'utcTime' = YYMMDDhhmmZ, 'utcTimeWithSeconds' = YYMMDDhhmmssZ, "
     "'generalizedTime' = YYYYMMDDhhmmssZ, "
     "'generalizedTimeWithMilliseconds' = YYYYMMDDhhmmss.fffZ", 31, 0},
    {"TSE_PD_ENCODING", "Das Text-Encoding der ProcessData (UTF-8 oder ASCII)", 5, 0},
    {"TSE_PUBLIC_KEY",
     "Öffentlicher Schlüssel - extrahiert aus dem Zertifikat der TSE - "
     "in base64-Codierung", 512, 0},
    {"TSE_ZERTIFIKAT_I",
     "Erste 1000 Zeichen des base64-codierten Zertifikats der TSE (in "
     "base64-Codierung)", 1000, 0},
    {"TSE_ZERTIFIKAT_II",
     "Ggf. Rest des base64-codierten Zertifikats der TSE (in "
     "base64-Codierung)", 1000, 0},
});
constexpr std::array vat_columns = std::to_array<DsfinvkColumn>({
    {"Z_KASSE_ID", "ID der (Abschluss-) Kasse", 50, 0},
    {"Z_ERSTELLUNG", "Zeitpunkt des Kassenabschlusses", 30, 0},
    {"Z_NR", "Nr. des Kassenabschlusses", 0, 0},
    {"UST_SCHLUESSEL", "ID des Umsatzsteuersatzes", 0, 0},
    {"UST_SATZ", "Prozentsatz", 0, 2},
    {"UST_BESCHR", "Beschreibung", 55, 0},
});
constexpr std::array businesscases_columns = std::to_array<DsfinvkColumn>({
    {"Z_KASSE_ID", "ID der (Abschluss-) Kasse", 50, 0},
    {"Z_ERSTELLUNG", "Zeitpunkt des Kassenabschlusses", 30, 0},
    {"Z_NR", "Nr. des Kassenabschlusses", 0, 0},
    {"GV_TYP", "Geschäftsvorfall-Art", 30, 0},
    {"GV_NAME", "Name des Geschäftsvorfalls", 40, 0},
    {"AGENTUR_ID", "ID der Agentur", 0, 0},
    {"UST_SCHLUESSEL", "ID des USt-Satzes", 0, 0},
    {"Z_UMS_BRUTTO", "Bruttoumsatz", 0, 5},
    {"Z_UMS_NETTO", "Nettoumsatz", 0, 5},
    {"Z_UST", "Umsatzsteuer", 0, 5},
});
constexpr std::array payment_columns = std::to_array<DsfinvkColumn>({
    {"Z_KASSE_ID", "ID der (Abschluss-) Kasse", 50, 0},
    {"Z_ERSTELLUNG", "Zeitpunkt des Kassenabschlusses", 30, 0},
    {"Z_NR", "Nr. des Kassenabschlusses", 0, 0},
    {"ZAHLART_TYP", "Typ der Zahlart", 25, 0},
    {"ZAHLART_NAME", "Name der Zahlart", 60, 0},
    {"Z_ZAHLART_BETRAG", "Betrag", 0, 2},
});
constexpr std::array cash_per_currency_columns = std::to_array<DsfinvkColumn>({
    {"Z_KASSE_ID", "ID der (Abschluss-) Kasse", 50, 0},
    {"Z_ERSTELLUNG", "Zeitpunkt des Kassenabschlusses", 30, 0},
    {"Z_NR", "Nr. des Kassenabschlusses", 0, 0},
    {"ZAHLART_WAEH", "Währung", 3, 0},
    {"ZAHLART_BETRAG_WAEH", "Betrag", 0, 2},
});
constexpr std::array transactions_columns = std::to_array<DsfinvkColumn>({
    {"Z_KASSE_ID", "ID der (Abschluss-) Kasse", 50, 0},
    {"Z_ERSTELLUNG", "Zeitpunkt des Kassenabschlusses", 30, 0},
    {"Z_NR", "Nr. des Kassenabschlusses", 0, 0},
    {"BON_ID", "Vorgangs-ID", 40, 0},
    {"BON_NR", "Bonnummer", 0, 0},
    {"BON_TYP", "Bontyp", 30, 0},
    {"BON_NAME", "Zusatz-Beschreibung zum Bontyp", 60, 0},
    {"TERMINAL_ID", "ID des Erfassungsterminals", 50, 0},
    {"BON_STORNO", "Storno-Kennzeichen", 1, 0},
    {"BON_START", "Zeitpunkt des Vorgangsstarts", 30, 0},
    {"BON_ENDE", "Zeitpunkt der Vorgangsbeendigung", 30, 0},
    {"BEDIENER_ID", "Bediener-ID", 50, 0},
    {"BEDIENER_NAME", "Bediener-Name", 50, 0},
    {"UMS_BRUTTO", "Brutto-Gesamtumsatz", 0, 2},
    {"KUNDE_NAME", "Name des Leistungsempfängers", 50, 0},
    {"KUNDE_ID", "Kundennummer des Leistungsempfängers", 50, 0},
    {"KUNDE_TYP", "Art des Leistungsempfängers (z. B. Mitarbeiter)", 50, 0},
    {"KUNDE_STRASSE", "Straße und Hausnummer des Leistungsempfängers", 60, 0},
    {"KUNDE_PLZ", "PLZ des Leistungsempfängers", 10, 0},
    {"KUNDE_ORT", "Ort des Leistungsempfängers", 62, 0},
    {"KUNDE_LAND", "Land des Leistungsempfängers", 3, 0},
    {"KUNDE_USTID", "UStID des Leistungsempfängers", 15, 0},
    {"BON_NOTIZ", "Zusätzliche Informationen zum Bonkopf", 255, 0},
});
constexpr std::array datapayment_columns = std::to_array<DsfinvkColumn>({
    {"Z_KASSE_ID", "ID der (Abschluss-) Kasse", 50, 0},
    {"Z_ERSTELLUNG", "Zeitpunkt des Kassenabschlusses", 30, 0},
    {"Z_NR", "Nr. des Kassenabschlusses", 0, 0},
    {"BON_ID", "Vorgangs-ID", 40, 0},
    {"ZAHLART_TYP", "Typ der Zahlart", 25, 0},
    {"ZAHLART_NAME", "Name der Zahlart", 60, 0},
    {"ZAHLWAEH_CODE", "Währungscode", 3, 0},
    {"ZAHLWAEH_BETRAG", "Betrag in Fremdwährung", 0, 2},
    {"BASISWAEH_BETRAG", "Betrag in Basiswährung (i.d.R. EUR)", 0, 2},
});
constexpr std::array lines_columns = std::to_array<DsfinvkColumn>({
    {"Z_KASSE_ID", "ID der (Abschluss-) Kasse", 50, 0},
    {"Z_ERSTELLUNG", "Zeitpunkt des Kassenabschlusses", 30, 0},
    {"Z_NR", "Nr. des Kassenabschlusses", 0, 0},
    {"BON_ID", "Vorgangs-ID", 40, 0},
    {"POS_ZEILE", "Zeilennummer", 50, 0},
    {"GUTSCHEIN_NR", "Gutschein-Nr.", 50, 0},
    {"ARTIKELTEXT", "Artikeltext", 255, 0},
    {"POS_TERMINAL_ID", "ID des POS-Terminals", 50, 0},
    {"GV_TYP", "Geschäftsvorfall-Art", 30, 0},
    {"GV_NAME", "Name des Geschäftsvorfalls", 40, 0},
    {"INHAUS", "Verzehr an Ort und Stelle", 1, 0},
    {"P_STORNO", "Positionsstorno-Kennzeichnung", 1, 0},
    {"AGENTUR_ID", "ID der Agentur", 0, 0},
    {"ART_NR", "Artikelnummer", 50, 0},
    {"GTIN", "GTIN", 50, 0},
    {"WARENGR_ID", "Warengruppen-ID", 40, 0},
    {"WARENGR", "Bezeichnung Warengruppe", 50, 0},
    {"MENGE", "Menge", 0, 3},
    {"FAKTOR", "Faktor, z. B. Gebindegrößen", 0, 3},
    {"EINHEIT", "Maßeinheit, z. B. kg, Liter oder Stück", 50, 0},
    {"STK_BR", "Preis pro Einheit inkl. USt", 0, 5},
});
constexpr std::array itemamounts_columns = std::to_array<DsfinvkColumn>({
    {"Z_KASSE_ID", "ID der (Abschluss-) Kasse", 50, 0},
    {"Z_ERSTELLUNG", "Zeitpunkt des Kassenabschlusses", 30, 0},
    {"Z_NR", "Nr. des Kassenabschlusses", 0, 0},
    {"BON_ID", "Vorgangs-ID", 40, 0},
    {"POS_ZEILE", "Zeilennummer", 50, 0},
    {"TYP", "Basispreis, Rabatt oder Zuschlag", 20, 0},
    {"UST_SCHLUESSEL", "ID des USt-Satzes", 0, 0},
    {"PF_BRUTTO", "Bruttoumsatz", 0, 5},
    {"PF_NETTO", "Nettoumsatz", 0, 5},
    {"PF_UST", "Umsatzsteuer", 0, 5},
});
constexpr std::array subitems_columns = std::to_array<DsfinvkColumn>({
    {"Z_KASSE_ID", "ID der (Abschluss-) Kasse", 50, 0},
    {"Z_ERSTELLUNG", "Zeitpunkt des Kassenabschlusses", 30, 0},
    {"Z_NR", "Nr. des Kassenabschlusses", 0, 0},
    {"BON_ID", "Vorgangs-ID", 40, 0},
    {"POS_ZEILE", "Zeilennummer", 50, 0},
    {"ZI_ART_NR", "Artikelnummer", 50, 0},
    {"ZI_GTIN", "GTIN", 50, 0},
    {"ZI_NAME", "Artikelbezeichnung", 60, 0},
    {"ZI_WARENGR_ID", "Warengruppen-ID", 40, 0},
    {"ZI_WARENGR", "Bezeichnung Warengruppe", 50, 0},
    {"ZI_MENGE", "Menge", 0, 3},
    {"ZI_FAKTOR", "Faktor, z. B. Gebindegrößen", 0, 3},
    {"ZI_EINHEIT", "Maßeinheit, z. B. kg, Liter oder Stück", 50, 0},
    {"ZI_UST_SCHLUESSEL", "ID USt-Satz des Basispreises", 0, 0},
    {"ZI_BASISPREIS_BRUTTO", "Basispreis brutto", 0, 5},
    {"ZI_BASISPREIS_NETTO", "Basispreis netto", 0, 5},
    {"ZI_BASISPREIS_UST", "Basispreis USt", 0, 5},
});
constexpr std::array transactions_tse_columns = std::to_array<DsfinvkColumn>({
    {"Z_KASSE_ID", "ID der (Abschluss-) Kasse", 50, 0},
    {"Z_ERSTELLUNG", "Zeitpunkt des Kassenabschlusses", 30, 0},
    {"Z_NR", "Nr. des Kassenabschlusses", 0, 0},
    {"BON_ID", "Vorgangs-ID", 40, 0},
    {"TSE_ID", "Die Id der für eine Transaktion verwendeten TSE", 0, 0},
    {"TSE_TANR", "Die Transaktionsnummer der TSE-Transaktion", 0, 0},
    {"TSE_TA_START", "Die Log-Time der StartTransaction-Operation", 30, 0},
    {"TSE_TA_ENDE", "Die Log-Time der FinishTransaction-Operation", 30, 0},
    {"TSE_TA_VORGANGSART", "Der processType der FinishTransaction-Operation", 30, 0},
    {"TSE_TA_SIGZ", "Der Signaturzähler der FinishTransaction-Operation", 0, 0},
    {"TSE_TA_SIG", "Die Signatur der FinishTransaction-Operation", 512, 0},
    {"TSE_TA_FEHLER", "Beschreibung des TSE-Ausfalls oder Fehlers", 200, 0},
    {"TSE_VORGANGSDATEN",
     "An die zertifizierte technische Sicherheitseinrichtung übergebene "
     "Daten des Vorgangs (optional)", 1000, 0},
});
constexpr std::array transactions_vat_columns = std::to_array<DsfinvkColumn>({
    {"Z_KASSE_ID", "ID der (Abschluss-) Kasse", 50, 0},
    {"Z_ERSTELLUNG", "Zeitpunkt des Kassenabschlusses", 30, 0},
    {"Z_NR", "Nr. des Kassenabschlusses", 0, 0},
    {"BON_ID", "Vorgangs-ID", 40, 0},
    {"UST_SCHLUESSEL", "ID des USt-Satzes", 0, 0},
    {"BON_BRUTTO", "Bruttoumsatz", 0, 5},
    {"BON_NETTO", "Nettoumsatz", 0, 5},
    {"BON_UST", "Umsatzsteuer", 0, 5},
});
constexpr std::array lines_vat_columns = std::to_array<DsfinvkColumn>({
    {"Z_KASSE_ID", "ID der (Abschluss-) Kasse", 50, 0},
    {"Z_ERSTELLUNG", "Zeitpunkt des Kassenabschlusses", 30, 0},
    {"Z_NR", "Nr. des Kassenabschlusses", 0, 0},
    {"BON_ID", "Vorgangs-ID", 40, 0},
    {"POS_ZEILE", "Zeilennummer", 50, 0},
    {"UST_SCHLUESSEL", "ID des USt-Satzes", 0, 0},
    {"POS_BRUTTO", "Bruttoumsatz", 0, 5},
    {"POS_NETTO", "Nettoumsatz", 0, 5},
    {"POS_UST", "Umsatzsteuer", 0, 5},
});
constexpr std::array allocation_groups_columns = std::to_array<DsfinvkColumn>({
    {"Z_KASSE_ID", "ID der (Abschluss-) Kasse", 50, 0},
    {"Z_ERSTELLUNG", "Zeitpunkt des Kassenabschlusses", 30, 0},
    {"Z_NR", "Nr. des Kassenabschlusses", 0, 0},
    {"BON_ID", "Vorgangs-ID", 40, 0},
    {"ABRECHNUNGSKREIS", "z. B. Tischnummer", 50, 0},
});
constexpr std::array references_columns = std::to_array<DsfinvkColumn>({
    {"Z_KASSE_ID", "ID der (Abschluss-) Kasse", 50, 0},
    {"Z_ERSTELLUNG", "Zeitpunkt des Kassenabschlusses", 30, 0},
    {"Z_NR", "Nr. des Kassenabschlusses", 0, 0},
    {"BON_ID", "Vorgangs-ID", 40, 0},
    {"POS_ZEILE",
     "Zeilennummer des referenzierenden Vorgangs (nicht bei Verweis aus "
     "einem Bonkopf heraus)", 50, 0},
    {"REF_TYP", "Art der Referenz", 20, 0},
    {"REF_NAME", "Beschreibung bei Art “ExterneSonstige”", 40, 0},
    {"REF_DATUM", "Datum des Kassenabschlusses", 30, 0},
    {"REF_Z_KASSE_ID", "ID der (Abschluss-) Kasse", 50, 0},
    {"REF_Z_NR", "Nr. des Kassenabschlusses", 0, 0},
    {"REF_BON_ID", "Vorgangs-ID", 40, 0},
});
// clang-format on

constexpr std::array<DsfinvkTableInfo, dsfinvk_tables> tables = {{
    {"cashpointclosing.csv", "Stamm_Abschluss", cashpointclosing_columns},
    {"location.csv", "Stamm_Orte", location_columns},
    {"cashregister.csv", "Stamm_Kassen", cashregister_columns},
    {"slaves.csv", "Stamm_Terminals", slaves_columns},
    {"pa.csv", "Stamm_Agenturen", pa_columns},
    {"tse.csv", "Stamm_TSE", tse_columns},
    {"vat.csv", "Stamm_USt", vat_columns},
    {"businesscases.csv", "Z_GV_Typ", businesscases_columns},
    {"payment.csv", "Z_Zahlart", payment_columns},
    {"cash_per_currency.csv", "Z_Waehrungen", cash_per_currency_columns},
    {"transactions.csv", "Bonkopf", transactions_columns},
    {"datapayment.csv", "Bonkopf_Zahlarten", datapayment_columns},
    {"lines.csv", "Bonpos", lines_columns},
    {"itemamounts.csv", "Bonpos_Preisfindung", itemamounts_columns},
    {"subitems.csv", "Bonpos_Zusatzinfo", subitems_columns},
    {"transactions_tse.csv", "TSE_Transaktionen", transactions_tse_columns},
    {"transactions_vat.csv", "Bonkopf_USt", transactions_vat_columns},
    {"lines_vat.csv", "Bonpos_USt", lines_vat_columns},
    {"allocation_groups.csv", "Bonkopf_AbrKreis", allocation_groups_columns},
    {"references.csv", "Bon_Referenzen", references_columns},
}};

}  // namespace

const DsfinvkTableInfo& info(DsfinvkTable table) { return tables[static_cast<std::size_t>(table)]; }

std::optional<DsfinvkTable> dsfinvk_table_from(std::string_view file) {
  if (file.ends_with(".csv")) file.remove_suffix(4);
  for (std::size_t i = 0; i < dsfinvk_tables; ++i)
    if (tables[i].file.substr(0, tables[i].file.size() - 4) == file)
      return static_cast<DsfinvkTable>(i);
  return {};
}

std::string_view edition_text(Edition edition) {
  switch (edition) {
    case Edition::v2_2:
      return "2.2";
    case Edition::v2_3:
      return "2.3";
    case Edition::v2_4:
      return "2.4";
  }
  SIEGEL_CHECK(false);
}

std::optional<Edition> edition_from(std::string_view text) {
  for (const Edition edition : {Edition::v2_2, Edition::v2_3, Edition::v2_4})
    if (edition_text(edition) == text) return edition;
  return {};
}

std::uint16_t length_of(DsfinvkTable table, std::size_t column, Edition edition) {
  constexpr std::size_t terminal_serial = 6;
  if (edition == Edition::v2_2 && table == DsfinvkTable::slaves && column == terminal_serial)
    return 50;
  return info(table).columns[column].length;
}

}  // namespace siegel::country::de
