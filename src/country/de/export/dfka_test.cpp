#include "country/de/export/dfka.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "base/file.h"
#include "format/json.h"

namespace siegel::country::de {
namespace {

std::string table(std::string_view columns, std::initializer_list<std::string_view> rows) {
  std::string out = "Z_KASSE_ID;Z_ERSTELLUNG;Z_NR";
  if (!columns.empty()) out.append(";").append(columns);
  out += "\r\n";
  for (const std::string_view row : rows)
    out.append("K1;2026-11-21T20:00:00+01:00;7;").append(row) += "\r\n";
  return out;
}

/// One receipt with a discount, paid in francs.
ExportTables small_export() {
  return {
      {"cashpointclosing.csv",
       table("TAXONOMIE_VERSION;Z_START_ID;Z_ENDE_ID;NAME;STRASSE;PLZ;ORT;LAND;STNR;USTID;"
             "Z_SE_ZAHLUNGEN;Z_SE_BARZAHLUNGEN",
             {"2.4;1;1;\"Café \"\"M\"\"\";Hof 1;10115;Berlin;DEU;1/2;;9,00;9,00"})},
      {"location.csv",
       table("LOC_NAME;LOC_STRASSE;LOC_PLZ;LOC_ORT;LOC_LAND", {"Filiale;Ring 2;10117;Berlin;DEU"})},
      {"cashregister.csv",
       table("KASSE_BRAND;KASSE_SERIENNR;KASSE_SW_BRAND;KASSE_BASISWAEH_CODE;KEINE_UST_ZUORDNUNG",
             {"W;K1;Siegel;EUR;0"})},
      {"slaves.csv", table("TERMINAL_ID", {})},
      {"pa.csv", table("AGENTUR_ID;AGENTUR_NAME", {"3;Kiosk"})},
      {"tse.csv", table("TSE_ID;TSE_SERIAL;TSE_PD_ENCODING;TSE_ZERTIFIKAT_I;TSE_ZERTIFIKAT_II",
                        {"1;ab12;UTF-8;MII;CCC"})},
      {"vat.csv", table("UST_SCHLUESSEL;UST_SATZ;UST_BESCHR", {"1;19,00;Allgemein"})},
      {"businesscases.csv",
       table("GV_TYP;GV_NAME;AGENTUR_ID;UST_SCHLUESSEL;Z_UMS_BRUTTO;Z_UMS_NETTO;Z_UST",
             {"Umsatz;;0;1;6,00000;5,04000;0,96000", "Umsatz;;0;2;3,00000;2,80000;0,20000"})},
      {"payment.csv", table("ZAHLART_TYP;ZAHLART_NAME;Z_ZAHLART_BETRAG", {"Bar;;9,00"})},
      {"cash_per_currency.csv", table("ZAHLART_WAEH;ZAHLART_BETRAG_WAEH", {"CHF;9,50"})},
      {"transactions.csv",
       table("BON_ID;BON_NR;BON_TYP;BON_STORNO;BEDIENER_ID;UMS_BRUTTO", {"1;1;Beleg;0;anna;9,00"})},
      {"datapayment.csv", table("BON_ID;ZAHLART_TYP;ZAHLWAEH_CODE;ZAHLWAEH_BETRAG;BASISWAEH_BETRAG",
                                {"1;Bar;CHF;9,50;9,00"})},
      {"lines.csv", table("BON_ID;POS_ZEILE;ARTIKELTEXT;GV_TYP;INHAUS;P_STORNO;AGENTUR_ID;MENGE",
                          {"1;1;Menü;Umsatz;1;0;0;1,000"})},
      {"itemamounts.csv", table("BON_ID;POS_ZEILE;TYP;UST_SCHLUESSEL;PF_BRUTTO",
                                {"1;1;base_amount;1;7,00000", "1;1;base_amount;2;3,00000",
                                 "1;1;discount;1;-1,00000"})},
      {"subitems.csv",
       table("BON_ID;POS_ZEILE;ZI_NAME;ZI_MENGE;ZI_UST_SCHLUESSEL", {"1;1;Saft;1,000;1"})},
      {"transactions_tse.csv", table("BON_ID;TSE_ID;TSE_TANR;TSE_VORGANGSDATEN",
                                     {"1;1;42;Beleg^6.00_3.00_0.00_0.00_0.00^9.50:Bar:CHF"})},
      {"transactions_vat.csv",
       table("BON_ID;UST_SCHLUESSEL;BON_BRUTTO", {"1;1;6,00000", "1;2;3,00000"})},
      {"lines_vat.csv",
       table("BON_ID;POS_ZEILE;UST_SCHLUESSEL;POS_BRUTTO", {"1;1;1;6,00000", "1;1;2;3,00000"})},
      {"allocation_groups.csv", table("BON_ID;ABRECHNUNGSKREIS", {"1;Tisch 7"})},
      {"references.csv", table("BON_ID;REF_TYP;REF_BON_ID", {"1;ExterneRechnung;R 9"})},
  };
}

Result<std::string> convert(const ExportTables& tables, const ClosingName& closing) {
  MemorySink sink;
  SIEGEL_TRY_OK(write_dfka(tables, closing, sink));
  return std::string(text_of(sink.bytes()));
}

TEST(Dfka, EveryColumnGoesWhereTheStandardPutsIt) {
  const auto text = convert(small_export(), {"K1", "7"});
  ASSERT_TRUE(text.ok()) << text.error().detail << text.error().place;
  const std::string expected =
      R"({"cash_point_closing":{"cash_statement":{"business_cases":[{"amounts_per_vat_id":[)"
      R"({"excl_vat":5.04000,"id":1,"incl_vat":6.00000,"vat":0.96000},)"
      R"({"excl_vat":2.80000,"id":2,"incl_vat":3.00000,"vat":0.20000}],)"
      R"("purchaser_agency_id":0,"type":"Umsatz"}],"payment":{"cash_amount":9.00,)"
      R"("cash_amounts_by_currency":[{"amount":9.50,"currency_code":"CHF"}],"full_amount":9.00,)"
      R"("payment_types":[{"amount":9.00,"type":"Bar"}]}},"head":{"company":{"address":{)"
      R"("city":"Berlin","country_code":"DEU","postal_code":"10115","street":"Hof 1"},)"
      R"("location":{"address":{"city":"Berlin","country_code":"DEU","postal_code":"10117",)"
      R"("street":"Ring 2"},"cash_register":{"UmsatzsteuerNichtErmittelbar":false,)"
      R"("base_currency_code":"EUR","brand":"W","id":"K1","purchaser_agencies":[{"address":{},)"
      R"("id":3,"name":"Kiosk"}],"serial_number":"K1","slaves":[],"software":{"brand":"Siegel"},)"
      R"("vat_definitions":[{"description":"Allgemein","id":1,"percentage":19.00}]},)"
      R"("name":"Filiale"},"name":"Café \"M\"","tax_number":"1/2"},)"
      R"("creation_date":"2026-11-21T20:00:00+01:00","first_id":"1","last_id":"1"},"number":7,)"
      R"("security":{"tse":{"modules":[{"certificate":"MIICCC","id":1,"serial_number":"ab12"}],)"
      R"("process_data_encoding":"UTF-8"}},"taxonomy_version":"2.4","transactions":[{)"
      R"("allocation_groups":["Tisch 7"],"data":{"amounts_per_vat_id":[)"
      R"({"id":1,"incl_vat":6.00000},{"id":2,"incl_vat":3.00000}],"full_amount_incl_vat":9.00,)"
      R"("lines":[{"business_case":{"amounts_per_vat_id":[{"id":1,"incl_vat":6.00000},)"
      R"({"id":2,"incl_vat":3.00000}],"purchaser_agency_id":0,"type":"Umsatz"},"in_house":true,)"
      R"("item":{"base_amounts_per_vat_id":[{"id":1,"incl_vat":7.00000},{"id":2,)"
      R"("incl_vat":3.00000}],)"
      R"("discounts_per_vat_id":[{"id":1,"incl_vat":-1.00000}],"quantity":1.000,"sub_items":[{)"
      R"("amount_per_vat_id":{"id":1},"name":"Saft","quantity":1.000}]},"line_id":"1",)"
      R"("storno":false,"text":"Menü"}],"payment_types":[{"amount":9.00,"currency_code":"CHF",)"
      R"("foreign_amount":9.50,"type":"Bar"}],"references":[{"id":"R 9",)"
      R"("type":"ExterneRechnung"}]},)"
      R"("head":{"ID":"1","number":1,"storno":false,"type":"Beleg","user":{"id":"anna"}},)"
      R"("security":{"tse":[{"module_id":1,)"
      R"("process_data":"Beleg^6.00_3.00_0.00_0.00_0.00^9.50:Bar:CHF",)"
      R"("transaction_number":42}]}}]}})"
      "\n";
  EXPECT_EQ(*text, expected);
  EXPECT_TRUE(json::is_canonical(std::string_view(*text).substr(0, text->size() - 1)));
}

TEST(Dfka, WhatDoesNotFitIsNamed) {
  EXPECT_EQ(convert(small_export(), {"K1", "8"}).error().code, "E-EXP-302");
  ExportTables missing = small_export();
  missing.erase("vat.csv");
  EXPECT_EQ(convert(missing, {"K1", "7"}).error().place, "vat.csv");
  ExportTables stray = small_export();
  stray["lines_vat.csv"] += "K1;2026-11-21T20:00:00+01:00;7;9;1;1;2,00\r\n";
  const auto error = convert(stray, {"K1", "7"});
  EXPECT_EQ(error.error().code + error.error().place, "E-EXP-303lines_vat.csv");
  ExportTables narrow = small_export();
  narrow["vat.csv"] += "K1;2026\r\n";
  EXPECT_EQ(convert(narrow, {"K1", "7"}).error().code, "E-EXP-301");
}

TEST(Dfka, TheGoldenExportOfOthersConvertsWhole) {
  const char* vectors = std::getenv("SIEGEL_VECTORS");
  if (vectors == nullptr) GTEST_SKIP() << "no vectors";
  ExportTables tables;
  std::size_t receipts = 0;
  for (const auto& file :
       std::filesystem::directory_iterator(std::filesystem::path(vectors) / "dsfinvk/golden"))
    if (file.path().extension() == ".csv")
      tables[file.path().filename().string()] =
          text_of(read_file(file.path(), std::size_t{1} << 24).value());
  for (const char* number : {"1", "2"}) {
    const auto text = convert(tables, {"K1", number});
    ASSERT_TRUE(text.ok()) << text.error().detail << " " << text.error().place;
    const auto document = json::parse(std::string_view(*text), {.bytes_max = 1 << 24});
    ASSERT_TRUE(document.ok());
    receipts += document->object()
                    ->find("cash_point_closing")
                    ->object()
                    ->find("transactions")
                    ->array()
                    ->size();
  }
  // 12 receipts of the official figure and 13 of the day after.
  EXPECT_EQ(receipts, 25U);
}

}  // namespace
}  // namespace siegel::country::de
