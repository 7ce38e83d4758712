#include "verify/dsfinvk/tables.h"

namespace siegel::verify::dsfinvk {

namespace {

using enum Need;

// clang-format off
constexpr std::array cashpointclosing_table = std::to_array<Column>({
    {"Z_KASSE_ID", false, 0, 50, must, "Z_KASSE_ID", 50, 0},
    {"Z_ERSTELLUNG", false, 0, 30, must, "Z_ERSTELLUNG", 25, 0},
    {"Z_NR", true, 0, 0, must, "Z_NR", 0, 0},
    {"Z_BUCHUNGSTAG", false, 0, 25, free, "Z_BUCHUNGSTAG", 25, 0},
    {"TAXONOMIE_VERSION", false, 0, 10, must, "TAXONOMIE_VERSION", 5, 0},
    {"Z_START_ID", false, 0, 40, must, "Z_START_ID", 40, 0},
    {"Z_ENDE_ID", false, 0, 40, must, "Z_ENDE_ID", 40, 0},
    {"NAME", false, 0, 60, must, "NAME", 60, 0},
    {"STRASSE", false, 0, 60, must, "STRASSE", 60, 0},
    {"PLZ", false, 0, 10, must, "PLZ", 10, 0},
    {"ORT", false, 0, 62, must, "ORT", 62, 0},
    {"LAND", false, 0, 3, must, "LAND", 3, 0},
    {"STNR", false, 0, 20, conditional, "STNR", 20, 0},
    {"USTID", false, 0, 15, conditional, "USTID", 15, 0},
    {"Z_SE_ZAHLUNGEN", true, 2, 0, must, "Z_SE_ZAHLUNGEN", 0, 2},
    {"Z_SE_BARZAHLUNGEN", true, 2, 0, must, "Z_SE_BARZAHLUNGEN", 0, 2},
});
constexpr std::array location_table = std::to_array<Column>({
    {"Z_KASSE_ID", false, 0, 50, must, "Z_KASSE_ID", 50, 0},
    {"Z_ERSTELLUNG", false, 0, 30, must, "Z_ERSTELLUNG", 25, 0},
    {"Z_NR", true, 0, 0, must, "Z_NR", 0, 0},
    {"LOC_NAME", false, 0, 60, must, "LOC_NAME", 60, 0},
    {"LOC_STRASSE", false, 0, 60, must, "LOC_STRASSE", 60, 0},
    {"LOC_PLZ", false, 0, 10, must, "LOC_PLZ", 10, 0},
    {"LOC_ORT", false, 0, 62, must, "LOC_ORT", 62, 0},
    {"LOC_LAND", false, 0, 3, must, "LOC_LAND", 3, 0},
    {"LOC_USTID", false, 0, 15, may, "LOC_USTID", 15, 0},
});
constexpr std::array cashregister_table = std::to_array<Column>({
    {"Z_KASSE_ID", false, 0, 50, must, "Z_KASSE_ID", 50, 0},
    {"Z_ERSTELLUNG", false, 0, 30, must, "Z_ERSTELLUNG", 25, 0},
    {"Z_NR", true, 0, 0, must, "Z_NR", 0, 0},
    {"KASSE_BRAND", false, 0, 50, may, "KASSE_BRAND", 50, 0},
    {"KASSE_MODELL", false, 0, 50, may, "KASSE_MODELL", 50, 0},
    {"KASSE_SERIENNR", false, 0, 70, must, "KASSE_SERIENNR", 50, 0},
    {"KASSE_SW_BRAND", false, 0, 50, may, "KASSE_SW_BRAND", 50, 0},
    {"KASSE_SW_VERSION", false, 0, 50, may, "KASSE_SW_VERSION", 50, 0},
    {"KASSE_BASISWAEH_CODE", false, 0, 3, must, "KASSE_BASISWAEHRUNG_CODE", 3, 0},
    {"KEINE_UST_ZUORDNUNG", false, 0, 1, may, "KEINE_UST_ZUORDNUNG", 1, 0},
});
constexpr std::array slaves_table = std::to_array<Column>({
    {"Z_KASSE_ID", false, 0, 50, must, "Z_KASSE_ID", 50, 0},
    {"Z_ERSTELLUNG", false, 0, 30, must, "Z_ERSTELLUNG", 25, 0},
    {"Z_NR", true, 0, 0, must, "Z_NR", 0, 0},
    {"TERMINAL_ID", false, 0, 50, must, "TERMINAL_ID", 50, 0},
    {"TERMINAL_BRAND", false, 0, 50, may, "TERMINAL_BRAND", 50, 0},
    {"TERMINAL_MODELL", false, 0, 50, may, "TERMINAL_MODELL", 50, 0},
    {"TERMINAL_SERIENNR", false, 0, 70, must, "TERMINAL_SERIENNR", 50, 0},
    {"TERMINAL_SW_BRAND", false, 0, 50, may, "TERMINAL_SW_BRAND", 50, 0},
    {"TERMINAL_SW_VERSION", false, 0, 50, may, "TERMINAL_SW_VERSION", 50, 0},
});
constexpr std::array pa_table = std::to_array<Column>({
    {"Z_KASSE_ID", false, 0, 50, must, "Z_KASSE_ID", 50, 0},
    {"Z_ERSTELLUNG", false, 0, 30, must, "Z_ERSTELLUNG", 25, 0},
    {"Z_NR", true, 0, 0, must, "Z_NR", 0, 0},
    {"AGENTUR_ID", true, 0, 0, must, "AGENTUR_ID", 0, 0},
    {"AGENTUR_NAME", false, 0, 60, must, "AGENTUR_NAME", 60, 0},
    {"AGENTUR_STRASSE", false, 0, 60, must, "AGENTUR_STRASSE", 60, 0},
    {"AGENTUR_PLZ", false, 0, 10, must, "AGENTUR_PLZ", 10, 0},
    {"AGENTUR_ORT", false, 0, 62, must, "AGENTUR_ORT", 62, 0},
    {"AGENTUR_LAND", false, 0, 3, must, "AGENTUR_LAND", 3, 0},
    {"AGENTUR_STNR", false, 0, 20, conditional, "AGENTUR_STNR", 20, 0},
    {"AGENTUR_USTID", false, 0, 15, conditional, "AGENTUR_USTID", 15, 0},
});
constexpr std::array tse_table = std::to_array<Column>({
    {"Z_KASSE_ID", false, 0, 50, must, "Z_KASSE_ID", 50, 0},
    {"Z_ERSTELLUNG", false, 0, 30, must, "Z_ERSTELLUNG", 25, 0},
    {"Z_NR", true, 0, 0, must, "Z_NR", 0, 0},
    {"TSE_ID", true, 0, 0, must, "TSE_ID", 0, 0},
    {"TSE_SERIAL", false, 0, 68, must, "TSE_SERIAL", 68, 0},
    {"TSE_SIG_ALGO", false, 0, 21, must, "TSE_SIG_ALGO", 21, 0},
    {"TSE_ZEITFORMAT", false, 0, 31, must, "TSE_ZEITFORMAT", 31, 0},
    {"TSE_PD_ENCODING", false, 0, 5, must, "TSE_PD_ENCODING", 5, 0},
    {"TSE_PUBLIC_KEY", false, 0, 512, must, "TSE_PUBLIC_KEY", 512, 0},
    {"TSE_ZERTIFIKAT_I", false, 0, 1000, must, "TSE_ZERTIFIKAT_I", 1000, 0},
    {"TSE_ZERTIFIKAT_II", false, 0, 1000, conditional, "TSE_ZERTIFIKAT_II", 1000, 0},
});
constexpr std::array vat_table = std::to_array<Column>({
    {"Z_KASSE_ID", false, 0, 50, must, "Z_KASSE_ID", 50, 0},
    {"Z_ERSTELLUNG", false, 0, 30, must, "Z_ERSTELLUNG", 25, 0},
    {"Z_NR", true, 0, 0, must, "Z_NR", 0, 0},
    {"UST_SCHLUESSEL", true, 0, 0, must, "UST_SCHLUESSEL", 0, 0},
    {"UST_SATZ", true, 2, 0, must, "UST_SATZ", 0, 2},
    {"UST_BESCHR", false, 0, 55, must, "UST_BESCHR", 255, 0},
});
constexpr std::array businesscases_table = std::to_array<Column>({
    {"Z_KASSE_ID", false, 0, 50, must, "Z_KASSE_ID", 50, 0},
    {"Z_ERSTELLUNG", false, 0, 30, must, "Z_ERSTELLUNG", 25, 0},
    {"Z_NR", true, 0, 0, must, "Z_NR", 0, 0},
    {"GV_TYP", false, 0, 30, must, "GV_TYP", 30, 0},
    {"GV_NAME", false, 0, 40, may, "GV_NAME", 40, 0},
    {"AGENTUR_ID", true, 0, 0, may, "AGENTUR_ID", 0, 0},
    {"UST_SCHLUESSEL", true, 0, 0, must, "UST_SCHLUESSEL", 0, 0},
    {"Z_UMS_BRUTTO", true, 5, 0, must, "Z_UMS_BRUTTO", 0, 5},
    {"Z_UMS_NETTO", true, 5, 0, must, "Z_UMS_NETTO", 0, 5},
    {"Z_UST", true, 5, 0, must, "Z_UST", 0, 5},
});
constexpr std::array payment_table = std::to_array<Column>({
    {"Z_KASSE_ID", false, 0, 50, must, "Z_KASSE_ID", 50, 0},
    {"Z_ERSTELLUNG", false, 0, 30, must, "Z_ERSTELLUNG", 25, 0},
    {"Z_NR", true, 0, 0, must, "Z_NR", 0, 0},
    {"ZAHLART_TYP", false, 0, 25, must, "ZAHLART_TYP", 25, 0},
    {"ZAHLART_NAME", false, 0, 60, may, "ZAHLART_NAME", 60, 0},
    {"Z_ZAHLART_BETRAG", true, 2, 0, must, "Z_ZAHLART_BETRAG", 0, 2},
});
constexpr std::array cash_per_currency_table = std::to_array<Column>({
    {"Z_KASSE_ID", false, 0, 50, must, "Z_KASSE_ID", 50, 0},
    {"Z_ERSTELLUNG", false, 0, 30, must, "Z_ERSTELLUNG", 25, 0},
    {"Z_NR", true, 0, 0, must, "Z_NR", 0, 0},
    {"ZAHLART_WAEH", false, 0, 3, must, "ZAHLART_WAEH", 3, 0},
    {"ZAHLART_BETRAG_WAEH", true, 2, 0, must, "ZAHLART_BETRAG_WAEH", 0, 2},
});
constexpr std::array transactions_table = std::to_array<Column>({
    {"Z_KASSE_ID", false, 0, 50, must, "Z_KASSE_ID", 50, 0},
    {"Z_ERSTELLUNG", false, 0, 30, must, "Z_ERSTELLUNG", 25, 0},
    {"Z_NR", true, 0, 0, must, "Z_NR", 0, 0},
    {"BON_ID", false, 0, 40, must, "BON_ID", 40, 0},
    {"BON_NR", true, 0, 0, must, "BON_NR", 0, 0},
    {"BON_TYP", false, 0, 30, must, "BON_TYP", 30, 0},
    {"BON_NAME", false, 0, 60, conditional, "BON_NAME", 60, 0},
    {"TERMINAL_ID", false, 0, 50, conditional, "TERMINAL_ID", 50, 0},
    {"BON_STORNO", false, 0, 1, must, "BON_STORNO", 1, 0},
    {"BON_START", false, 0, 30, must, "BON_START", 25, 0},
    {"BON_ENDE", false, 0, 30, must, "BON_ENDE", 25, 0},
    {"BEDIENER_ID", false, 0, 50, must, "BEDIENER_ID", 50, 0},
    {"BEDIENER_NAME", false, 0, 50, may, "BEDIENER_NAME", 50, 0},
    {"UMS_BRUTTO", true, 2, 0, must, "UMS_BRUTTO", 0, 2},
    {"KUNDE_NAME", false, 0, 50, conditional, "KUNDE_NAME", 50, 0},
    {"KUNDE_ID", false, 0, 50, conditional, "KUNDE_ID", 50, 0},
    {"KUNDE_TYP", false, 0, 50, conditional, "KUNDE_TYP", 50, 0},
    {"KUNDE_STRASSE", false, 0, 60, may, "KUNDE_STRASSE", 60, 0},
    {"KUNDE_PLZ", false, 0, 10, may, "KUNDE_PLZ", 10, 0},
    {"KUNDE_ORT", false, 0, 62, may, "KUNDE_ORT", 62, 0},
    {"KUNDE_LAND", false, 0, 3, may, "KUNDE_LAND", 3, 0},
    {"KUNDE_USTID", false, 0, 15, may, "KUNDE_USTID", 15, 0},
    {"BON_NOTIZ", false, 0, 255, may, "BON_NOTIZ", 255, 0},
});
constexpr std::array datapayment_table = std::to_array<Column>({
    {"Z_KASSE_ID", false, 0, 50, must, "Z_KASSE_ID", 50, 0},
    {"Z_ERSTELLUNG", false, 0, 30, must, "Z_ERSTELLUNG", 25, 0},
    {"Z_NR", true, 0, 0, must, "Z_NR", 0, 0},
    {"BON_ID", false, 0, 40, must, "BON_ID", 40, 0},
    {"ZAHLART_TYP", false, 0, 25, must, "ZAHLART_TYP", 25, 0},
    {"ZAHLART_NAME", false, 0, 60, may, "ZAHLART_NAME", 60, 0},
    {"ZAHLWAEH_CODE", false, 0, 3, must, "ZAHLWAEH_CODE", 3, 0},
    {"ZAHLWAEH_BETRAG", true, 2, 0, conditional, "ZAHLWAEH_BETRAG", 0, 2},
    {"BASISWAEH_BETRAG", true, 2, 0, must, "BASISWAEH_BETRAG", 0, 2},
});
constexpr std::array lines_table = std::to_array<Column>({
    {"Z_KASSE_ID", false, 0, 50, must, "Z_KASSE_ID", 50, 0},
    {"Z_ERSTELLUNG", false, 0, 30, must, "Z_ERSTELLUNG", 25, 0},
    {"Z_NR", true, 0, 0, must, "Z_NR", 0, 0},
    {"BON_ID", false, 0, 40, must, "BON_ID", 40, 0},
    {"POS_ZEILE", false, 0, 50, must, "POS_ZEILE", 50, 0},
    {"GUTSCHEIN_NR", false, 0, 50, may, "GUTSCHEIN_NR", 50, 0},
    {"ARTIKELTEXT", false, 0, 255, must, "ARTIKELTEXT", 255, 0},
    {"POS_TERMINAL_ID", false, 0, 50, may, "POS_TERMINAL_ID", 50, 0},
    {"GV_TYP", false, 0, 30, must, "GV_TYP", 30, 0},
    {"GV_NAME", false, 0, 40, may, "GV_NAME", 40, 0},
    {"INHAUS", false, 0, 1, may, "INHAUS", 1, 0},
    {"P_STORNO", false, 0, 1, may, "P_STORNO", 1, 0},
    {"AGENTUR_ID", true, 0, 0, may, "AGENTUR_ID", 0, 0},
    {"ART_NR", false, 0, 50, conditional, "ART_NR", 50, 0},
    {"GTIN", false, 0, 50, may, "GTIN", 50, 0},
    {"WARENGR_ID", false, 0, 40, may, "WARENGR_ID", 40, 0},
    {"WARENGR", false, 0, 50, may, "WARENGR", 50, 0},
    {"MENGE", true, 3, 0, conditional, "MENGE", 0, 3},
    {"FAKTOR", true, 3, 0, may, "FAKTOR", 0, 3},
    {"EINHEIT", false, 0, 50, may, "EINHEIT", 50, 0},
    {"STK_BR", true, 5, 0, conditional, "STK_BR", 0, 2},
});
constexpr std::array itemamounts_table = std::to_array<Column>({
    {"Z_KASSE_ID", false, 0, 50, must, "Z_KASSE_ID", 50, 0},
    {"Z_ERSTELLUNG", false, 0, 30, must, "Z_ERSTELLUNG", 25, 0},
    {"Z_NR", true, 0, 0, must, "Z_NR", 0, 0},
    {"BON_ID", false, 0, 40, must, "BON_ID", 40, 0},
    {"POS_ZEILE", false, 0, 50, must, "POS_ZEILE", 50, 0},
    {"TYP", false, 0, 20, must, "TYP", 20, 0},
    {"UST_SCHLUESSEL", true, 0, 0, must, "UST_SCHLUESSEL", 0, 0},
    {"PF_BRUTTO", true, 5, 0, conditional, "PF_BRUTTO", 0, 5},
    {"PF_NETTO", true, 5, 0, conditional, "PF_NETTO", 0, 5},
    {"PF_UST", true, 5, 0, conditional, "PF_UST", 0, 5},
});
constexpr std::array subitems_table = std::to_array<Column>({
    {"Z_KASSE_ID", false, 0, 50, must, "Z_KASSE_ID", 50, 0},
    {"Z_ERSTELLUNG", false, 0, 30, must, "Z_ERSTELLUNG", 25, 0},
    {"Z_NR", true, 0, 0, must, "Z_NR", 0, 0},
    {"BON_ID", false, 0, 40, must, "BON_ID", 40, 0},
    {"POS_ZEILE", false, 0, 50, must, "POS_ZEILE", 50, 0},
    {"ZI_ART_NR", false, 0, 50, must, "ZI_ART_NR", 50, 0},
    {"ZI_GTIN", false, 0, 50, may, "ZI_GTIN", 50, 0},
    {"ZI_NAME", false, 0, 60, may, "ZI_NAME", 60, 0},
    {"ZI_WARENGR_ID", false, 0, 40, may, "ZI_WARENGR_ID", 40, 0},
    {"ZI_WARENGR", false, 0, 50, may, "ZI_WARENGR", 50, 0},
    {"ZI_MENGE", true, 3, 0, must, "ZI_MENGE", 0, 3},
    {"ZI_FAKTOR", true, 3, 0, may, "ZI_FAKTOR", 0, 3},
    {"ZI_EINHEIT", false, 0, 50, may, "ZI_EINHEIT", 50, 0},
    {"ZI_UST_SCHLUESSEL", true, 0, 0, must, "UST_SCHLUESSEL", 0, 0},
    {"ZI_BASISPREIS_BRUTTO", true, 5, 0, conditional, "ZI_BASISPREIS_BRUTTO", 0, 5},
    {"ZI_BASISPREIS_NETTO", true, 5, 0, conditional, "ZI_BASISPREIS_NETTO", 0, 5},
    {"ZI_BASISPREIS_UST", true, 5, 0, conditional, "ZI_BASISPREIS_UST", 0, 5},
});
constexpr std::array transactions_tse_table = std::to_array<Column>({
    {"Z_KASSE_ID", false, 0, 50, must, "Z_KASSE_ID", 50, 0},
    {"Z_ERSTELLUNG", false, 0, 30, must, "Z_ERSTELLUNG", 25, 0},
    {"Z_NR", true, 0, 0, must, "Z_NR", 0, 0},
    {"BON_ID", false, 0, 40, must, "BON_ID", 40, 0},
    {"TSE_ID", true, 0, 0, conditional, "TSE_ID", 0, 0},
    {"TSE_TANR", true, 0, 0, conditional, "TSE_TANR", 0, 0},
    {"TSE_TA_START", false, 0, 30, conditional, "TSE_TA_START", 25, 0},
    {"TSE_TA_ENDE", false, 0, 30, conditional, "TSE_TA_ENDE", 25, 0},
    {"TSE_TA_VORGANGSART", false, 0, 30, conditional, "TSE_TA_VORGANGSART", 30, 0},
    {"TSE_TA_SIGZ", true, 0, 0, conditional, "TSE_TA_SIGZ", 0, 0},
    {"TSE_TA_SIG", false, 0, 512, conditional, "TSE_TA_SIG", 512, 0},
    {"TSE_TA_FEHLER", false, 0, 200, conditional, "TSE_FEHLER", 200, 0},
    {"TSE_VORGANGSDATEN", false, 0, 1000, free, "TSE_VORGANGSDATEN", 1000, 0},
});
constexpr std::array transactions_vat_table = std::to_array<Column>({
    {"Z_KASSE_ID", false, 0, 50, must, "Z_KASSE_ID", 50, 0},
    {"Z_ERSTELLUNG", false, 0, 30, must, "Z_ERSTELLUNG", 25, 0},
    {"Z_NR", true, 0, 0, must, "Z_NR", 0, 0},
    {"BON_ID", false, 0, 40, must, "BON_ID", 40, 0},
    {"UST_SCHLUESSEL", true, 0, 0, must, "UST_SCHLUESSEL", 0, 0},
    {"BON_BRUTTO", true, 5, 0, must, "BON_BRUTTO", 0, 5},
    {"BON_NETTO", true, 5, 0, must, "BON_NETTO", 0, 5},
    {"BON_UST", true, 5, 0, must, "BON_UST", 0, 5},
});
constexpr std::array lines_vat_table = std::to_array<Column>({
    {"Z_KASSE_ID", false, 0, 50, must, "Z_KASSE_ID", 50, 0},
    {"Z_ERSTELLUNG", false, 0, 30, must, "Z_ERSTELLUNG", 25, 0},
    {"Z_NR", true, 0, 0, must, "Z_NR", 0, 0},
    {"BON_ID", false, 0, 40, must, "BON_ID", 40, 0},
    {"POS_ZEILE", false, 0, 50, must, "POS_ZEILE", 50, 0},
    {"UST_SCHLUESSEL", true, 0, 0, must, "UST_SCHLUESSEL", 0, 0},
    {"POS_BRUTTO", true, 5, 0, conditional, "POS_BRUTTO", 0, 5},
    {"POS_NETTO", true, 5, 0, conditional, "POS_NETTO", 0, 5},
    {"POS_UST", true, 5, 0, conditional, "POS_UST", 0, 5},
});
constexpr std::array allocation_groups_table = std::to_array<Column>({
    {"Z_KASSE_ID", false, 0, 50, must, "Z_KASSE_ID", 50, 0},
    {"Z_ERSTELLUNG", false, 0, 30, must, "Z_ERSTELLUNG", 25, 0},
    {"Z_NR", true, 0, 0, must, "Z_NR", 0, 0},
    {"BON_ID", false, 0, 40, must, "BON_ID", 40, 0},
    {"ABRECHNUNGSKREIS", false, 0, 50, may, "ABRECHNUNGSKREIS", 50, 0},
});
constexpr std::array references_table = std::to_array<Column>({
    {"Z_KASSE_ID", false, 0, 50, must, "Z_KASSE_ID", 50, 0},
    {"Z_ERSTELLUNG", false, 0, 30, must, "Z_ERSTELLUNG", 25, 0},
    {"Z_NR", true, 0, 0, must, "Z_NR", 0, 0},
    {"BON_ID", false, 0, 40, must, "BON_ID", 40, 0},
    {"POS_ZEILE", false, 0, 50, may, "POS_ZEILE", 50, 0},
    {"REF_TYP", false, 0, 20, must, "REF_TYP", 20, 0},
    {"REF_NAME", false, 0, 40, conditional, "REF_NAME", 40, 0},
    {"REF_DATUM", false, 0, 30, conditional, "REF_DATUM", 25, 0},
    {"REF_Z_KASSE_ID", false, 0, 50, conditional, "REF_Z_KASSE_ID", 50, 0},
    {"REF_Z_NR", true, 0, 0, conditional, "REF_Z_NR", 0, 0},
    {"REF_BON_ID", false, 0, 40, must, "REF_BON_ID", 40, 0},
});

constexpr std::array<TableInfo, tables_count> all = {{
    {"cashpointclosing.csv", "Stamm_Abschluss", cashpointclosing_table, 3},
    {"location.csv", "Stamm_Orte", location_table, 3},
    {"cashregister.csv", "Stamm_Kassen", cashregister_table, 3},
    {"slaves.csv", "Stamm_Terminals", slaves_table, 4},
    {"pa.csv", "Stamm_Agenturen", pa_table, 4},
    {"tse.csv", "Stamm_TSE", tse_table, 4},
    {"vat.csv", "Stamm_USt", vat_table, 4},
    {"businesscases.csv", "Z_GV_Typ", businesscases_table, 7},
    {"payment.csv", "Z_Zahlart", payment_table, 5},
    {"cash_per_currency.csv", "Z_Waehrungen", cash_per_currency_table, 4},
    {"transactions.csv", "Bonkopf", transactions_table, 4},
    {"datapayment.csv", "Bonkopf_Zahlarten", datapayment_table, 0},
    {"lines.csv", "Bonpos", lines_table, 5},
    {"itemamounts.csv", "Bonpos_Preisfindung", itemamounts_table, 0},
    {"subitems.csv", "Bonpos_Zusatzinfo", subitems_table, 0},
    {"transactions_tse.csv", "TSE_Transaktionen", transactions_tse_table, 0},
    {"transactions_vat.csv", "Bonkopf_USt", transactions_vat_table, 5},
    {"lines_vat.csv", "Bonpos_USt", lines_vat_table, 6},
    {"allocation_groups.csv", "Bonkopf_AbrKreis", allocation_groups_table, 5},
    {"references.csv", "Bon_Referenzen", references_table, 0},
}};
// clang-format on

}  // namespace

const TableInfo& info(Table table) { return all[index_of(table)]; }

}  // namespace siegel::verify::dsfinvk
