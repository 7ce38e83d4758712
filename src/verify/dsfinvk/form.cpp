#include "verify/dsfinvk/form.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/bytes.h"
#include "verify/dsfinvk/words.h"

namespace siegel::verify::dsfinvk {

namespace {

FieldCheck check_of(std::size_t table, std::string_view name) {
  using enum FieldCheck;
  constexpr auto named = std::to_array<std::pair<std::string_view, FieldCheck>>({
      {"BON_START", stamp},
      {"BON_ENDE", stamp},
      {"Z_BUCHUNGSTAG", booking_day},
      {"REF_DATUM", reference_day},
      {"TSE_TA_START", tse_time},
      {"TSE_TA_ENDE", tse_time},
      {"LAND", country},
      {"LOC_LAND", country},
      {"AGENTUR_LAND", country},
      {"KUNDE_LAND", country},
      {"KASSE_BASISWAEH_CODE", currency},
      {"ZAHLWAEH_CODE", currency},
      {"ZAHLART_WAEH", currency},
      {"USTID", vat_id},
      {"LOC_USTID", vat_id},
      {"AGENTUR_USTID", vat_id},
      {"KUNDE_USTID", vat_id},
      {"STNR", tax_number},
      {"AGENTUR_STNR", tax_number},
      {"KASSE_SERIENNR", serial},
      {"TERMINAL_SERIENNR", serial},
      {"TSE_SERIAL", tse_serial},
      {"TSE_PUBLIC_KEY", base64},
      {"TSE_TA_SIG", base64},
      {"GTIN", gtin},
      {"ZI_GTIN", gtin},
      {"UMS_BRUTTO", cents},
      {"ZAHLWAEH_BETRAG", cents},
      {"BASISWAEH_BETRAG", cents},
      {"Z_SE_ZAHLUNGEN", cents},
      {"Z_SE_BARZAHLUNGEN", cents},
      {"Z_ZAHLART_BETRAG", cents},
      {"ZAHLART_BETRAG_WAEH", cents},
      {"BON_BRUTTO", amount},
      {"BON_NETTO", amount},
      {"BON_UST", amount},
      {"Z_UMS_BRUTTO", amount},
      {"Z_UMS_NETTO", amount},
      {"Z_UST", amount},
      {"UST_SATZ", rate},
      {"TAXONOMIE_VERSION", taxonomy},
      {"TYP", component},
      {"INHAUS", boolean},
      {"P_STORNO", boolean},
      {"KEINE_UST_ZUORDNUNG", boolean},
      {"BON_STORNO", storno},
      {"UST_SCHLUESSEL", vat_key},
      {"ZI_UST_SCHLUESSEL", vat_key},
      {"BON_TYP", bon_word},
      {"GV_TYP", gv_word},
      {"ZAHLART_TYP", pay_word},
      {"REF_TYP", ref_word},
      {"TSE_SIG_ALGO", algorithm_word},
      {"TSE_ZEITFORMAT", time_word},
      {"TSE_PD_ENCODING", encoding_word},
      {"TSE_TA_VORGANGSART", process_word},
  });
  if (name == "Z_ERSTELLUNG" && table == 0) return created;
  if (name.starts_with("Z_") && table != 0 &&
      (name == "Z_KASSE_ID" || name == "Z_ERSTELLUNG" || name == "Z_NR"))
    return key;
  const auto found = std::ranges::find(named, name, [](const auto& pair) { return pair.first; });
  return found == named.end() ? none : found->second;
}

const std::array<std::vector<FieldCheck>, tables_count>& all_checks() {
  static const auto all = [] {
    std::array<std::vector<FieldCheck>, tables_count> made;
    for (std::size_t i = 0; i < tables_count; ++i) {
      for (const Column& column : info(table_at(i)).columns)
        made[i].push_back(check_of(i, column.name));
    }
    return made;
  }();
  return all;
}

bool has_receipt(Table table) { return table >= Table::transactions; }

bool is_printable_string(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           std::string_view(" '()+,-./:=?").find(c) != std::string_view::npos;
  });
}

}  // namespace

FormUse::FormUse() {
  for (std::size_t i = 0; i < tables_count; ++i)
    columns[i].resize(info(table_at(i)).columns.size());
}

void FormUse::merge(const FormUse& other) {
  for (std::size_t i = 0; i < tables_count; ++i) {
    rows[i] += other.rows[i];
    for (std::size_t column = 0; column < columns[i].size(); ++column) {
      ColumnUse& to = columns[i][column];
      const ColumnUse& from = other.columns[i][column];
      to.filled += from.filled;
      to.fewer_decimals += from.fewer_decimals;
      if (from.first_fewer_line > 0 &&
          (to.first_fewer_line == 0 || from.first_fewer_line < to.first_fewer_line))
        to.first_fewer_line = from.first_fewer_line;
    }
  }
  for (const auto& [vat, times] : other.own_keys) own_keys[vat] += times;
  english_amounts |= other.english_amounts;
  german_amounts |= other.german_amounts;
  same_times += other.same_times;
  other_times += other.other_times;
}

void Form::parse(Table table, const RawRows& raw, int edition, Rows& out) {
  const Layout& layout = m_layouts[index_of(table)];
  const std::size_t columns = info(table).columns.size();
  out.clear();
  out.columns = columns;
  out.fields.resize(raw.rows.size() * columns);
  out.lines.reserve(raw.rows.size());
  m_use.rows[index_of(table)] += raw.rows.size();
  std::size_t at = 0;
  for (const RawRows::Ref& ref : raw.rows) {
    std::string_view text = std::string_view(raw.text).substr(ref.offset, ref.size);
    const bool plain = is_plain(text);
    if (!plain) characters(table, text, ref.line, out);
    m_fields.clear();
    const RowFlags flags = split_row(text, layout.separator, layout.quote, out.arena, m_fields);
    if (flags.bad_quotes)
      m_findings.add("C006", Spot{table, ref.line}, text,
                     "quotes only around whole fields, doubled inside");
    if (m_fields.size() != layout.fields)
      m_findings.add("C005", Spot{table, ref.line}, fmt::format("{} fields", m_fields.size()),
                     fmt::format("{}", layout.fields));
    std::string_view* const fields = out.fields.data() + at * columns;
    if (layout.identity) {
      std::copy_n(m_fields.begin(), std::min(columns, m_fields.size()), fields);
    } else {
      for (std::size_t i = 0; i < columns; ++i) {
        if (layout.place[i] < m_fields.size()) fields[i] = m_fields[layout.place[i]];
      }
    }
    if (table == Table::tse) {
      std::string more;
      for (const std::size_t place : layout.extra) {
        if (place < m_fields.size()) more += m_fields[place];
      }
      out.certificates.push_back(std::move(more));
    }
    out.lines.push_back(ref.line);
    ++at;
    check_row(table, {fields, ref.line}, edition, plain);
  }
}

void Form::characters(Table table, std::string_view& row, std::uint64_t line, Rows& out) {
  const Spot spot{table, line};
  if (row.find('\0') != std::string_view::npos) m_findings.add("C018", spot, row, "no NUL");
  if (!valid_utf8(row)) {
    std::string& text = out.arena.fresh();
    text = from_latin1(row);
    if (!m_findings.full("C001"))
      m_findings.add("C001", spot, fmt::format("read as Latin-1: {}", text), "UTF-8");
    row = text;
  }
  if (has_odd_characters(row)) m_findings.add("C016", spot, row, "characters in their normal form");
}

void Form::check_row(Table table, Row row, int edition, bool plain) {
  const std::size_t index = index_of(table);
  const Layout& layout = m_layouts[index];
  const auto columns = info(table).columns;
  const std::vector<FieldCheck>& checks = all_checks()[index];
  std::vector<ColumnUse>& use = m_use.columns[index];
  const std::string_view receipt = has_receipt(table) ? row[bon_id] : std::string_view();
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const FieldCheck check = checks[i];
    if (check == FieldCheck::key) continue;
    const std::string_view text = row[i];
    const Spot spot{table, row.line, i, receipt};
    if (text.empty()) {
      if (check == FieldCheck::storno) m_findings.add("F004", spot, "", "0 or 1");
      if (columns[i].need == Need::must && check != FieldCheck::storno && layout.place[i] != npos &&
          !names_no_receipt(spot, row))
        m_findings.add("F001", spot, "", columns[i].name);
      continue;
    }
    ++use[i].filled;
    if (columns[i].numeric) {
      check_number(spot, text, layout, use[i], check);
    } else {
      check_text(spot, text, layout.length[i], plain);
    }
    if (check != FieldCheck::none) check_field(spot, text, check, edition);
  }
  check_together(table, row, receipt);
}

void Form::check_number(const Spot& spot, std::string_view text, const Layout& layout,
                        ColumnUse& use, FieldCheck check) {
  const Number number = parse_number(text);
  const std::uint8_t declared = layout.decimals[spot.column];
  switch (number.form) {
    case NumberForm::empty:
      return;
    case NumberForm::invalid:
      m_findings.add("C007", spot, text,
                     fmt::format("a number with at most {} decimals", declared));
      return;
    case NumberForm::grouped:
      m_findings.add("C008", spot, text, "no grouping marks");
      break;
    case NumberForm::pointed:
      if (layout.decimal != '.') m_findings.add("C009", spot, text, "a decimal comma");
      break;
    case NumberForm::fine:
      break;
  }
  if (number.decimals > declared) {
    m_findings.add("C007", spot, text, fmt::format("at most {} decimals", declared));
  } else if (number.decimals < declared) {
    ++use.fewer_decimals;
    if (use.first_fewer_line == 0) use.first_fewer_line = spot.line;
  }
  if (number.negative_zero) m_findings.add("C017", spot, text, "0");
  if (number.units % units_cent != 0) {
    if (check == FieldCheck::cents)
      m_findings.add("F019", spot, text, "cents");
    else if (check == FieldCheck::amount)
      m_findings.add("F019", spot, text, "cents", Severity::warning);
  }
}

void Form::check_text(const Spot& spot, std::string_view text, std::size_t length, bool plain) {
  const bool process_data = spot.table == Table::transactions_tse &&
                            spot.column == transactions_tse_columns::tse_vorgangsdaten;
  if (length > 0 && text.size() > length) {
    const std::size_t characters = plain ? text.size() : utf8_length(text);
    if (characters > length)
      m_findings.add("C011", spot, fmt::format("{} characters: {}", characters, text),
                     fmt::format("at most {}", length));
  }
  if (text.front() == ' ' || text.back() == ' ')
    m_findings.add("C013", spot, fmt::format("`{}`", text), "no blanks at the ends",
                   process_data ? Severity::violation : Severity::warning);
  if (plain) return;
  const bool note = process_data || (spot.table == Table::transactions &&
                                     spot.column == transactions_columns::bon_notiz);
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    const bool control =
        c < 0x20 || c == 0x7F ||
        (c == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0);
    if (!control || (note && (c == '\r' || c == '\n'))) continue;
    m_findings.add("C012", spot, text, "no control characters");
    break;
  }
}

/// A closing without Vorgaenge has none to name (M017); one that has some is D005.
bool Form::names_no_receipt(const Spot& spot, Row row) {
  namespace c = cashpointclosing_columns;
  return spot.table == Table::cashpointclosing &&
         (spot.column == c::z_start_id || spot.column == c::z_ende_id) &&
         row[c::z_start_id].empty() && row[c::z_ende_id].empty();
}

void Form::check_field(const Spot& spot, std::string_view text, FieldCheck check, int edition) {
  using enum FieldCheck;
  switch (check) {
    case none:
    case key:
    case cents:
    case amount:
      return;
    case created:
      if (!parse_stamp(text)) m_findings.add("F005", spot, text, "YYYY-MM-DDThh:mm:ss+hh:mm");
      return;
    case stamp:
      if (!parse_stamp(text)) m_findings.add("F006", spot, text, "YYYY-MM-DDThh:mm:ss");
      return;
    case booking_day:
      if (!parse_day(text)) m_findings.add("F007", spot, text, "YYYY-MM-DD");
      return;
    case reference_day:
      if (!parse_stamp(text)) m_findings.add("F008", spot, text, "YYYY-MM-DDThh:mm:ss");
      return;
    case tse_time: {
      const auto time = parse_stamp(text);
      if (!time || !time->is_z) {
        m_findings.add("F009", spot, text, "YYYY-MM-DDThh:mm:ss.fffZ");
      } else if (time->fraction_digits != 3) {
        m_findings.add("F009", spot, text, "YYYY-MM-DDThh:mm:ss.fffZ", Severity::warning);
      }
      return;
    }
    case country:
      if (!is_country(text)) m_findings.add("F010", spot, text, "DEU, AUT, ...");
      return;
    case currency:
      if (!is_currency(text)) m_findings.add("F011", spot, text, "EUR, CHF, ...");
      return;
    case vat_id:
      if (!is_vat_id(text)) m_findings.add("F012", spot, text, "DE and nine digits");
      return;
    case tax_number:
      if (!is_tax_number(text)) m_findings.add("F013", spot, text, "e.g. 27/123/45678");
      return;
    case serial: {
      if (spot.table != Table::cashregister || edition < 23) return;
      if (!is_printable_string(text) || text.find('/') != std::string_view::npos)
        m_findings.add("F015", spot, text, "letters, digits and ' ( ) + , - . : = ?");
      return;
    }
    case tse_serial: {
      const bool hex =
          text.size() == 64 && std::ranges::all_of(text, [](char c) {
            return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
          });
      if (!hex && edition > 20) m_findings.add("F016", spot, text, "64 hexadecimal digits");
      return;
    }
    case base64:
      if (!from_base64(text).ok()) m_findings.add("F017", spot, text, "Base64");
      return;
    case gtin:
      if (!is_gtin(text))
        m_findings.add("F018", spot, text, "8, 12, 13 or 14 digits, the last checks");
      return;
    case rate:
      if (text.starts_with('-')) m_findings.add("F020", spot, text, "0 or more");
      return;
    case taxonomy:
      if (edition_from(text) == 0) m_findings.add("F021", spot, text, "2.0 to 2.4");
      return;
    case component: {
      const bool english = text == "base_amount" || text == "discount" || text == "extra_amount";
      const bool german = text == "Grundpreis" || text == "Rabatt" || text == "Zuschlag";
      m_use.english_amounts |= english;
      m_use.german_amounts |= german;
      if (!english && !german)
        m_findings.add("F024", spot, text, "base_amount, discount, extra_amount");
      return;
    }
    case boolean:
      if (text != "0" && text != "1") m_findings.add("F003", spot, text, "0, 1 or nothing");
      return;
    case storno:
      if (text != "0" && text != "1") m_findings.add("F004", spot, text, "0 or 1");
      return;
    case vat_key: {
      const auto vat = parse_id(text);
      if (!vat) return;
      const bool known = (*vat >= 1 && *vat <= 8) || (*vat >= 11 && *vat <= 13) ||
                         (*vat >= 21 && *vat <= 23) || *vat == 33 || *vat == 43;
      if (!known && *vat <= 999)
        m_findings.add("N010", spot, text, "1 to 8, 11 to 43, or 1000 and more");
      if (*vat >= 1000 && (m_use.own_keys.size() < 1000 || m_use.own_keys.contains(*vat)))
        ++m_use.own_keys[*vat];
      return;
    }
    case bon_word:
    case gv_word:
    case pay_word:
    case ref_word:
    case algorithm_word:
    case time_word:
    case encoding_word:
    case process_word:
      check_word(spot, text, check);
      return;
  }
}

void Form::check_word(const Spot& spot, std::string_view text, FieldCheck check) {
  struct Known {
    FieldCheck check;
    WordList list;
    RuleId rule;
  };
  constexpr std::array known = {Known{FieldCheck::bon_word, WordList::bon, "N001"},
                                Known{FieldCheck::gv_word, WordList::gv, "N002"},
                                Known{FieldCheck::pay_word, WordList::pay, "N003"},
                                Known{FieldCheck::ref_word, WordList::ref, "N004"},
                                Known{FieldCheck::algorithm_word, WordList::algorithm, "N005"},
                                Known{FieldCheck::time_word, WordList::time_format, "N006"},
                                Known{FieldCheck::encoding_word, WordList::encoding, "N007"},
                                Known{FieldCheck::process_word, WordList::process, "N008"}};
  for (const Known& one : known) {
    if (one.check != check || is_word(one.list, text)) continue;
    const std::string_view meant = meant_word(one.list, text);
    m_findings.add(one.rule, spot, text, meant.empty() ? "a word of the list" : meant);
    if (!meant.empty()) m_findings.add("N009", spot, text, meant);
  }
}

void Form::check_together(Table table, Row row, std::string_view receipt) {
  const auto postcode = [&](std::size_t code, std::size_t country) {
    if (row[country] == "DEU" && !row[code].empty() &&
        !(row[code].size() == 5 && is_digits(row[code])))
      m_findings.add("F025", Spot{table, row.line, code, receipt}, row[code], "five digits");
  };
  if (table == Table::cashpointclosing) {
    namespace c = cashpointclosing_columns;
    postcode(c::plz, c::land);
    if (row[c::stnr].empty() && row[c::ustid].empty())
      m_findings.add("F014", Spot{table, row.line, c::stnr}, "", "STNR or USTID");
  } else if (table == Table::location) {
    postcode(location_columns::loc_plz, location_columns::loc_land);
  } else if (table == Table::pa) {
    namespace c = pa_columns;
    postcode(c::agentur_plz, c::agentur_land);
    if (row[c::agentur_stnr].empty() && row[c::agentur_ustid].empty())
      m_findings.add("F014", Spot{table, row.line, c::agentur_stnr}, "",
                     "AGENTUR_STNR or AGENTUR_USTID");
  } else if (table == Table::transactions) {
    namespace c = transactions_columns;
    postcode(c::kunde_plz, c::kunde_land);
    const bool any =
        !row[c::kunde_name].empty() || !row[c::kunde_id].empty() || !row[c::kunde_typ].empty();
    const bool all =
        !row[c::kunde_name].empty() && !row[c::kunde_id].empty() && !row[c::kunde_typ].empty();
    if (any && !all)
      m_findings.add(
          "F022", Spot{table, row.line, c::kunde_name, receipt},
          fmt::format("{} / {} / {}", row[c::kunde_name], row[c::kunde_id], row[c::kunde_typ]),
          "KUNDE_NAME, KUNDE_ID and KUNDE_TYP");
    if (row[c::bon_typ] == "AVSonstige" && row[c::bon_name].empty())
      m_findings.add("F023", Spot{table, row.line, c::bon_name, receipt}, "", "what it was");
    ++(row[c::bon_start] == row[c::bon_ende] ? m_use.same_times : m_use.other_times);
  }
}

}  // namespace siegel::verify::dsfinvk
