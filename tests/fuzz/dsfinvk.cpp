// Any bytes as the files of an export: every finding printable, no error but the documented ones,
// in bounded time. Files are separated by 01; the first byte says which: 'a' to 't' a table with
// its official header put in front, 'A' to 'T' a table as it stands, '0' index.xml, '1' the bytes
// as a ZIP archive on disk.

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/check.h"
#include "format/json.h"
#include "verify/dsfinvk/dsfinvk.h"
#include "verify/page.h"
#include "verify/sarif.h"

namespace {

namespace dsfinvk = siegel::verify::dsfinvk;

constexpr std::array<std::array<std::string_view, 2>, 20> tables = {{
    {"cashpointclosing.csv",
     "Z_BUCHUNGSTAG;TAXONOMIE_VERSION;Z_START_ID;Z_ENDE_ID;NAME;STRASSE;PLZ;ORT;LAND;STNR;USTID;"
     "Z_SE_ZAHLUNGEN;Z_SE_BARZAHLUNGEN"},
    {"location.csv", "LOC_NAME;LOC_STRASSE;LOC_PLZ;LOC_ORT;LOC_LAND;LOC_USTID"},
    {"cashregister.csv",
     "KASSE_BRAND;KASSE_MODELL;KASSE_SERIENNR;KASSE_SW_BRAND;KASSE_SW_VERSION;KASSE_BASISWAEH_CODE;"
     "KEINE_UST_ZUORDNUNG"},
    {"slaves.csv",
     "TERMINAL_ID;TERMINAL_BRAND;TERMINAL_MODELL;TERMINAL_SERIENNR;TERMINAL_SW_BRAND;"
     "TERMINAL_SW_VERSION"},
    {"pa.csv",
     "AGENTUR_ID;AGENTUR_NAME;AGENTUR_STRASSE;AGENTUR_PLZ;AGENTUR_ORT;AGENTUR_LAND;AGENTUR_STNR;"
     "AGENTUR_USTID"},
    {"tse.csv",
     "TSE_ID;TSE_SERIAL;TSE_SIG_ALGO;TSE_ZEITFORMAT;TSE_PD_ENCODING;TSE_PUBLIC_KEY;"
     "TSE_ZERTIFIKAT_I;TSE_ZERTIFIKAT_II"},
    {"vat.csv", "UST_SCHLUESSEL;UST_SATZ;UST_BESCHR"},
    {"businesscases.csv",
     "GV_TYP;GV_NAME;AGENTUR_ID;UST_SCHLUESSEL;Z_UMS_BRUTTO;Z_UMS_NETTO;Z_UST"},
    {"payment.csv", "ZAHLART_TYP;ZAHLART_NAME;Z_ZAHLART_BETRAG"},
    {"cash_per_currency.csv", "ZAHLART_WAEH;ZAHLART_BETRAG_WAEH"},
    {"transactions.csv",
     "BON_ID;BON_NR;BON_TYP;BON_NAME;TERMINAL_ID;BON_STORNO;BON_START;BON_ENDE;BEDIENER_ID;"
     "BEDIENER_NAME;UMS_BRUTTO;KUNDE_NAME;KUNDE_ID;KUNDE_TYP;KUNDE_STRASSE;KUNDE_PLZ;KUNDE_ORT;"
     "KUNDE_LAND;KUNDE_USTID;BON_NOTIZ"},
    {"datapayment.csv",
     "BON_ID;ZAHLART_TYP;ZAHLART_NAME;ZAHLWAEH_CODE;ZAHLWAEH_BETRAG;BASISWAEH_BETRAG"},
    {"lines.csv",
     "BON_ID;POS_ZEILE;GUTSCHEIN_NR;ARTIKELTEXT;POS_TERMINAL_ID;GV_TYP;GV_NAME;INHAUS;P_STORNO;"
     "AGENTUR_ID;ART_NR;GTIN;WARENGR_ID;WARENGR;MENGE;FAKTOR;EINHEIT;STK_BR"},
    {"itemamounts.csv", "BON_ID;POS_ZEILE;TYP;UST_SCHLUESSEL;PF_BRUTTO;PF_NETTO;PF_UST"},
    {"subitems.csv",
     "BON_ID;POS_ZEILE;ZI_ART_NR;ZI_GTIN;ZI_NAME;ZI_WARENGR_ID;ZI_WARENGR;ZI_MENGE;ZI_FAKTOR;"
     "ZI_EINHEIT;ZI_UST_SCHLUESSEL;ZI_BASISPREIS_BRUTTO;ZI_BASISPREIS_NETTO;ZI_BASISPREIS_UST"},
    {"transactions_tse.csv",
     "BON_ID;TSE_ID;TSE_TANR;TSE_TA_START;TSE_TA_ENDE;TSE_TA_VORGANGSART;TSE_TA_SIGZ;TSE_TA_SIG;"
     "TSE_TA_FEHLER;TSE_VORGANGSDATEN"},
    {"transactions_vat.csv", "BON_ID;UST_SCHLUESSEL;BON_BRUTTO;BON_NETTO;BON_UST"},
    {"lines_vat.csv", "BON_ID;POS_ZEILE;UST_SCHLUESSEL;POS_BRUTTO;POS_NETTO;POS_UST"},
    {"allocation_groups.csv", "BON_ID;ABRECHNUNGSKREIS"},
    {"references.csv",
     "BON_ID;POS_ZEILE;REF_TYP;REF_NAME;REF_DATUM;REF_Z_KASSE_ID;REF_Z_NR;REF_BON_ID"},
}};

void check(const siegel::Result<dsfinvk::Outcome>& outcome) {
  if (!outcome.ok()) {
    SIEGEL_CHECK(outcome.error().code.starts_with("E-VER-"));
    return;
  }
  SIEGEL_CHECK(siegel::json::parse(outcome->report.json(),
                                   {.bytes_max = std::size_t{1} << 30, .values_max = 100'000'000})
                   .ok());
  SIEGEL_CHECK(!siegel::verify::html_page(outcome->report, {.strips = outcome->strips}).empty());
  SIEGEL_CHECK(!siegel::verify::sarif(outcome->report).empty());
}

void as_zip(std::string_view bytes) {
  std::string name = "/tmp/siegel-fuzz-zip-XXXXXX";
  const int fd = ::mkstemp(name.data());
  if (fd < 0) return;
  if (::write(fd, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()))
    check(dsfinvk::verify_export(name, {.threads = 1}));
  ::close(fd);
  ::unlink(name.c_str());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input = siegel::text_of(std::as_bytes(std::span(data, size)));
  if (input.starts_with('1')) {
    as_zip(input.substr(1));
    return 0;
  }
  std::vector<std::pair<std::string_view, std::string>> files;
  std::string_view rest = input;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\x01'), rest.size());
    const std::string_view part = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (part.empty()) continue;
    const char which = part[0];
    const std::string content(part.substr(1));
    if (which == '0') files.emplace_back("index.xml", content);
    if (which >= 'A' && which <= 'T')
      files.emplace_back(tables[static_cast<std::size_t>(which - 'A')][0], content);
    if (which >= 'a' && which <= 't') {
      const auto& [name, columns] = tables[static_cast<std::size_t>(which - 'a')];
      files.emplace_back(name,
                         fmt::format("Z_KASSE_ID;Z_ERSTELLUNG;Z_NR;{}\r\n{}", columns, content));
    }
  }
  std::vector<dsfinvk::MemoryFile> memory;
  for (const auto& [name, content] : files) memory.push_back({name, siegel::bytes_of(content)});
  // Parts cost 128 temporary files a closing: now and then only.
  const std::size_t part = size % 8 == 0 ? 500 : std::size_t{1} << 20;
  check(dsfinvk::verify_files(memory, {.threads = 1, .part_bytes_max = part}));
  return 0;
}
