#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

// The 20 files of an export and their 219 columns [DSFinV-K 2.4 index.xml, Anhang E]. Not part of
// the module's contract.

namespace siegel::verify::dsfinvk {

/// In the order of the official index.xml.
enum class Table : std::uint8_t {
  cashpointclosing,
  location,
  cashregister,
  slaves,
  pa,
  tse,
  vat,
  businesscases,
  payment,
  cash_per_currency,
  transactions,
  datapayment,
  lines,
  itemamounts,
  subitems,
  transactions_tse,
  transactions_vat,
  lines_vat,
  allocation_groups,
  references,
};
inline constexpr std::size_t tables_count = 20;

enum class Need : std::uint8_t {
  must,         ///< never empty
  conditional,  ///< under a condition, which rules of their own check
  may,          ///< if the register has the datum
  free,
};

struct Column {
  std::string_view name;
  bool numeric;
  std::uint8_t decimals;
  std::uint16_t length;  ///< characters; 0: numeric
  Need need;
  std::string_view name_2_0;  ///< in edition 2.0
  std::uint16_t length_2_0;
  std::uint8_t decimals_2_0;
};

struct TableInfo {
  std::string_view file;
  std::string_view name;  ///< in index.xml
  std::span<const Column> columns;
  std::uint8_t key_columns;  ///< the first n make a row unique; 0: rows may be alike
};

[[nodiscard]] const TableInfo& info(Table table);
[[nodiscard]] constexpr std::size_t index_of(Table table) {
  return static_cast<std::size_t>(table);
}
[[nodiscard]] constexpr Table table_at(std::size_t index) { return static_cast<Table>(index); }

/// Every file begins with these three; those of the single records with BON_ID as the fourth.
inline constexpr std::size_t z_kasse_id = 0;
inline constexpr std::size_t z_erstellung = 1;
inline constexpr std::size_t z_nr = 2;
inline constexpr std::size_t bon_id = 3;

// Places of the columns.
namespace cashpointclosing_columns {
enum : std::size_t {
  z_buchungstag = 3,
  taxonomie_version,
  z_start_id,
  z_ende_id,
  name,
  strasse,
  plz,
  ort,
  land,
  stnr,
  ustid,
  z_se_zahlungen,
  z_se_barzahlungen,
};
}
namespace location_columns {
enum : std::size_t {
  loc_name = 3,
  loc_strasse,
  loc_plz,
  loc_ort,
  loc_land,
  loc_ustid,
};
}
namespace cashregister_columns {
enum : std::size_t {
  kasse_brand = 3,
  kasse_modell,
  kasse_seriennr,
  kasse_sw_brand,
  kasse_sw_version,
  kasse_basiswaeh_code,
  keine_ust_zuordnung,
};
}
namespace slaves_columns {
enum : std::size_t {
  terminal_id = 3,
  terminal_brand,
  terminal_modell,
  terminal_seriennr,
  terminal_sw_brand,
  terminal_sw_version,
};
}
namespace pa_columns {
enum : std::size_t {
  agentur_id = 3,
  agentur_name,
  agentur_strasse,
  agentur_plz,
  agentur_ort,
  agentur_land,
  agentur_stnr,
  agentur_ustid,
};
}
namespace tse_columns {
enum : std::size_t {
  tse_id = 3,
  tse_serial,
  tse_sig_algo,
  tse_zeitformat,
  tse_pd_encoding,
  tse_public_key,
  tse_zertifikat_i,
  tse_zertifikat_ii,
};
}
namespace vat_columns {
enum : std::size_t {
  ust_schluessel = 3,
  ust_satz,
  ust_beschr,
};
}
namespace businesscases_columns {
enum : std::size_t {
  gv_typ = 3,
  gv_name,
  agentur_id,
  ust_schluessel,
  z_ums_brutto,
  z_ums_netto,
  z_ust,
};
}
namespace payment_columns {
enum : std::size_t {
  zahlart_typ = 3,
  zahlart_name,
  z_zahlart_betrag,
};
}
namespace cash_per_currency_columns {
enum : std::size_t {
  zahlart_waeh = 3,
  zahlart_betrag_waeh,
};
}
namespace transactions_columns {
enum : std::size_t {
  bon_nr = 4,
  bon_typ,
  bon_name,
  terminal_id,
  bon_storno,
  bon_start,
  bon_ende,
  bediener_id,
  bediener_name,
  ums_brutto,
  kunde_name,
  kunde_id,
  kunde_typ,
  kunde_strasse,
  kunde_plz,
  kunde_ort,
  kunde_land,
  kunde_ustid,
  bon_notiz,
};
}
namespace datapayment_columns {
enum : std::size_t {
  zahlart_typ = 4,
  zahlart_name,
  zahlwaeh_code,
  zahlwaeh_betrag,
  basiswaeh_betrag,
};
}
namespace lines_columns {
enum : std::size_t {
  pos_zeile = 4,
  gutschein_nr,
  artikeltext,
  pos_terminal_id,
  gv_typ,
  gv_name,
  inhaus,
  p_storno,
  agentur_id,
  art_nr,
  gtin,
  warengr_id,
  warengr,
  menge,
  faktor,
  einheit,
  stk_br,
};
}
namespace itemamounts_columns {
enum : std::size_t {
  pos_zeile = 4,
  typ,
  ust_schluessel,
  pf_brutto,
  pf_netto,
  pf_ust,
};
}
namespace subitems_columns {
enum : std::size_t {
  pos_zeile = 4,
  zi_art_nr,
  zi_gtin,
  zi_name,
  zi_warengr_id,
  zi_warengr,
  zi_menge,
  zi_faktor,
  zi_einheit,
  zi_ust_schluessel,
  zi_basispreis_brutto,
  zi_basispreis_netto,
  zi_basispreis_ust,
};
}
namespace transactions_tse_columns {
enum : std::size_t {
  tse_id = 4,
  tse_tanr,
  tse_ta_start,
  tse_ta_ende,
  tse_ta_vorgangsart,
  tse_ta_sigz,
  tse_ta_sig,
  tse_ta_fehler,
  tse_vorgangsdaten,
};
}
namespace transactions_vat_columns {
enum : std::size_t {
  ust_schluessel = 4,
  bon_brutto,
  bon_netto,
  bon_ust,
};
}
namespace lines_vat_columns {
enum : std::size_t {
  pos_zeile = 4,
  ust_schluessel,
  pos_brutto,
  pos_netto,
  pos_ust,
};
}
namespace allocation_groups_columns {
enum : std::size_t {
  abrechnungskreis = 4,
};
}
namespace references_columns {
enum : std::size_t {
  pos_zeile = 4,
  ref_typ,
  ref_name,
  ref_datum,
  ref_z_kasse_id,
  ref_z_nr,
  ref_bon_id,
};
}

}  // namespace siegel::verify::dsfinvk
