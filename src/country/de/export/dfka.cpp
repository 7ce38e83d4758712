#include "country/de/export/dfka.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "format/csv.h"
#include "format/json_writer.h"

namespace siegel::country::de {
namespace {

constexpr std::size_t flush_at = std::size_t{64} << 10;

/// The rows of one closing in one file, one by one; values are asked for by the name of their
/// column.
class Table {
 public:
  Table(std::string file, std::string_view text, const ClosingName& closing)
      : m_file(std::move(file)), m_reader(text, ';'), m_closing(closing) {}

  Status open() {
    SIEGEL_TRY(const bool any, m_reader.next(m_fields));
    if (!any || m_fields.size() < 3)
      return invalid("E-EXP-301", "the file has no row of column names", m_file);
    for (const std::string_view name : m_fields) m_columns.emplace_back(name);
    return advance();
  }
  /// To the next row of the closing.
  Status advance() {
    do {
      SIEGEL_TRY(m_has_row, m_reader.next(m_fields));
      if (m_has_row && m_fields.size() != m_columns.size())
        return invalid("E-EXP-301",
                       fmt::format("line {} has {} fields, {} are named", m_reader.line(),
                                   m_fields.size(), m_columns.size()),
                       m_file);
    } while (m_has_row &&
             (value("Z_KASSE_ID") != m_closing.register_id || value("Z_NR") != m_closing.number));
    return Ok{};
  }
  [[nodiscard]] bool has_row() const { return m_has_row; }
  [[nodiscard]] const std::string& file() const { return m_file; }

  /// Empty if the column is not there: editions differ.
  [[nodiscard]] std::string_view value(std::string_view column) const {
    const auto found = std::ranges::find(m_columns, column);
    if (!m_has_row || found == m_columns.end()) return {};
    return m_fields[static_cast<std::size_t>(found - m_columns.begin())];
  }
  [[nodiscard]] bool is_of(std::string_view bon_id) const {
    return m_has_row && value("BON_ID") == bon_id;
  }
  [[nodiscard]] bool is_of(std::string_view bon_id, std::string_view line) const {
    return is_of(bon_id) && value("POS_ZEILE") == line;
  }

 private:
  std::string m_file;
  format::CsvReader m_reader;
  ClosingName m_closing;
  std::vector<std::string> m_columns;
  std::vector<std::string_view> m_fields;
  bool m_has_row = false;
};

/// "1,50000" as a JSON number: 1.50000. Empty: it is none.
std::string number_of(std::string_view text) {
  std::string out(text);
  std::ranges::replace(out, ',', '.');
  return json::is_number(out) ? out : std::string();
}

/// Writes members that are there.
class Members {
 public:
  Members(json::Writer& out, const Table& table) : m_out(out), m_table(table) {}

  Members& text(std::string_view key, std::string_view column) {
    const std::string_view value = m_table.value(column);
    if (!value.empty()) m_out.key(key).string(value);
    return *this;
  }
  Members& number(std::string_view key, std::string_view column) {
    const std::string value = number_of(m_table.value(column));
    if (!value.empty()) m_out.key(key).number(value);
    return *this;
  }
  Members& boolean(std::string_view key, std::string_view column) {
    const std::string_view value = m_table.value(column);
    if (!value.empty()) m_out.key(key).boolean(value == "1");
    return *this;
  }

 private:
  json::Writer& m_out;
  const Table& m_table;
};

struct AddressColumns {
  std::string_view city, country, postcode, street;
};
void write_address(json::Writer& out, const Table& table, const AddressColumns& columns) {
  out.key("address").begin_object();
  Members(out, table)
      .text("city", columns.city)
      .text("country_code", columns.country)
      .text("postal_code", columns.postcode)
      .text("street", columns.street);
  out.end_object();
}

struct AmountColumns {
  std::string_view net, gross, tax, key = "UST_SCHLUESSEL";
};
void write_amount(json::Writer& out, const Table& table, const AmountColumns& columns) {
  out.begin_object();
  Members(out, table)
      .number("excl_vat", columns.net)
      .number("id", columns.key)
      .number("incl_vat", columns.gross)
      .number("vat", columns.tax);
  out.end_object();
}

class Converter {
 public:
  Converter(const ExportTables& tables, const ClosingName& closing, Sink& sink)
      : m_tables(tables), m_closing(closing), m_sink(sink), m_out(m_buffer) {}

  Status run() {
    SIEGEL_TRY(Table closing, open("cashpointclosing.csv"));
    if (!closing.has_row())
      return not_found("E-EXP-302",
                       fmt::format("the export holds no closing {} of register {}",
                                   m_closing.number, m_closing.register_id),
                       closing.file());
    m_out.begin_object().key("cash_point_closing").begin_object();
    SIEGEL_TRY_OK(write_statement(closing));
    SIEGEL_TRY_OK(write_head(closing));
    Members(m_out, closing).number("number", "Z_NR");
    SIEGEL_TRY_OK(write_devices());
    Members(m_out, closing).text("taxonomy_version", "TAXONOMIE_VERSION");
    SIEGEL_TRY_OK(write_transactions());
    m_out.end_object().end_object();
    m_buffer += '\n';
    return m_sink.write(bytes_of(m_buffer));
  }

 private:
  Result<Table> open(std::string_view file) const {
    const auto found = m_tables.find(file);
    if (found == m_tables.end())
      return invalid("E-EXP-301", "the file is missing", std::string(file));
    Table table(std::string(file), found->second, m_closing);
    SIEGEL_TRY_OK(table.open());
    return table;
  }

  /// Sums: businesscases, payment, cash_per_currency.
  Status write_statement(const Table& closing) {
    SIEGEL_TRY(Table cases, open("businesscases.csv"));
    m_out.key("cash_statement").begin_object().key("business_cases").begin_array();
    while (cases.has_row()) {
      // Rows of one case follow each other, one a key.
      const std::string type(cases.value("GV_TYP"));
      const std::string name(cases.value("GV_NAME"));
      const std::string agency(cases.value("AGENTUR_ID"));
      m_out.begin_object().key("amounts_per_vat_id").begin_array();
      while (cases.has_row() && cases.value("GV_TYP") == type && cases.value("GV_NAME") == name &&
             cases.value("AGENTUR_ID") == agency) {
        write_amount(m_out, cases, {.net = "Z_UMS_NETTO", .gross = "Z_UMS_BRUTTO", .tax = "Z_UST"});
        SIEGEL_TRY_OK(cases.advance());
      }
      m_out.end_array();
      if (!name.empty()) m_out.field("name", name);
      if (const std::string id = number_of(agency); !id.empty())
        m_out.key("purchaser_agency_id").number(id);
      m_out.field("type", type).end_object();
    }
    m_out.end_array().key("payment").begin_object();
    Members(m_out, closing).number("cash_amount", "Z_SE_BARZAHLUNGEN");
    SIEGEL_TRY(Table cash, open("cash_per_currency.csv"));
    SIEGEL_TRY_OK(each_row(cash, "cash_amounts_by_currency", [&] {
      Members(m_out, cash)
          .number("amount", "ZAHLART_BETRAG_WAEH")
          .text("currency_code", "ZAHLART_WAEH");
    }));
    Members(m_out, closing).number("full_amount", "Z_SE_ZAHLUNGEN");
    SIEGEL_TRY(Table payments, open("payment.csv"));
    SIEGEL_TRY_OK(each_row(payments, "payment_types", [&] {
      Members(m_out, payments)
          .number("amount", "Z_ZAHLART_BETRAG")
          .text("name", "ZAHLART_NAME")
          .text("type", "ZAHLART_TYP");
    }));
    m_out.end_object().end_object();
    return Ok{};
  }

  template <class Write>
  Status each_row(Table& table, std::string_view key, const Write& write) {
    m_out.key(key).begin_array();
    while (table.has_row()) {
      m_out.begin_object();
      write();
      m_out.end_object();
      SIEGEL_TRY_OK(table.advance());
    }
    m_out.end_array();
    return Ok{};
  }

  Status write_head(const Table& closing) {
    m_out.key("head").begin_object();
    Members(m_out, closing).text("business_date", "Z_BUCHUNGSTAG");
    m_out.key("company").begin_object();
    write_address(m_out, closing,
                  {.city = "ORT", .country = "LAND", .postcode = "PLZ", .street = "STRASSE"});
    SIEGEL_TRY_OK(write_location());
    Members(m_out, closing)
        .text("name", "NAME")
        .text("tax_number", "STNR")
        .text("vat_id_number", "USTID");
    m_out.end_object();
    Members(m_out, closing)
        .text("creation_date", "Z_ERSTELLUNG")
        .text("first_id", "Z_START_ID")
        .text("last_id", "Z_ENDE_ID");
    m_out.end_object();
    return Ok{};
  }

  Status write_location() {
    SIEGEL_TRY(const Table location, open("location.csv"));
    m_out.key("location").begin_object();
    write_address(
        m_out, location,
        {.city = "LOC_ORT", .country = "LOC_LAND", .postcode = "LOC_PLZ", .street = "LOC_STRASSE"});
    SIEGEL_TRY_OK(write_register());
    Members(m_out, location).text("name", "LOC_NAME").text("vat_id_number", "LOC_USTID");
    m_out.end_object();
    return Ok{};
  }

  Status write_register() {
    SIEGEL_TRY(const Table reg, open("cashregister.csv"));
    m_out.key("cash_register").begin_object();
    Members(m_out, reg)
        .boolean("UmsatzsteuerNichtErmittelbar", "KEINE_UST_ZUORDNUNG")
        .text("base_currency_code", "KASSE_BASISWAEH_CODE")
        .text("brand", "KASSE_BRAND")
        .text("id", "Z_KASSE_ID")
        .text("model", "KASSE_MODELL");
    SIEGEL_TRY(Table agencies, open("pa.csv"));
    SIEGEL_TRY_OK(each_row(agencies, "purchaser_agencies", [&] {
      write_address(m_out, agencies,
                    {.city = "AGENTUR_ORT",
                     .country = "AGENTUR_LAND",
                     .postcode = "AGENTUR_PLZ",
                     .street = "AGENTUR_STRASSE"});
      Members(m_out, agencies)
          .number("id", "AGENTUR_ID")
          .text("name", "AGENTUR_NAME")
          .text("tax_number", "AGENTUR_STNR")
          .text("vat_id_number", "AGENTUR_USTID");
    }));
    Members(m_out, reg).text("serial_number", "KASSE_SERIENNR");
    SIEGEL_TRY(Table slaves, open("slaves.csv"));
    SIEGEL_TRY_OK(each_row(slaves, "slaves", [&] {
      Members(m_out, slaves)
          .text("brand", "TERMINAL_BRAND")
          .text("model", "TERMINAL_MODELL")
          .text("serial_number", "TERMINAL_SERIENNR")
          .text("slave_id", "TERMINAL_ID");
      m_out.key("software").begin_object();
      Members(m_out, slaves)
          .text("brand", "TERMINAL_SW_BRAND")
          .text("version", "TERMINAL_SW_VERSION");
      m_out.end_object();
    }));
    m_out.key("software").begin_object();
    Members(m_out, reg).text("brand", "KASSE_SW_BRAND").text("version", "KASSE_SW_VERSION");
    m_out.end_object();
    SIEGEL_TRY(Table vat, open("vat.csv"));
    SIEGEL_TRY_OK(each_row(vat, "vat_definitions", [&] {
      Members(m_out, vat)
          .text("description", "UST_BESCHR")
          .number("id", "UST_SCHLUESSEL")
          .number("percentage", "UST_SATZ");
    }));
    m_out.end_object();
    return Ok{};
  }

  Status write_devices() {
    SIEGEL_TRY(Table tses, open("tse.csv"));
    m_out.key("security").begin_object().key("tse").begin_object();
    std::string encoding;
    SIEGEL_TRY_OK(each_row(tses, "modules", [&] {
      // Pieces of at most 1000 characters, as many columns as the longest needs.
      std::string certificate;
      for (const char* piece : {"TSE_ZERTIFIKAT_I", "TSE_ZERTIFIKAT_II", "TSE_ZERTIFIKAT_III",
                                "TSE_ZERTIFIKAT_IV", "TSE_ZERTIFIKAT_V"})
        certificate += tses.value(piece);
      if (!certificate.empty()) m_out.field("certificate", certificate);
      encoding = tses.value("TSE_PD_ENCODING");
      Members(m_out, tses)
          .number("id", "TSE_ID")
          .text("log_time_format", "TSE_ZEITFORMAT")
          .text("serial_number", "TSE_SERIAL")
          .text("signature_algorithm", "TSE_SIG_ALGO");
    }));
    if (!encoding.empty()) m_out.field("process_data_encoding", encoding);
    m_out.end_object().end_object();
    return Ok{};
  }

  /// What the TSE said, as JSON, by BON_ID.
  using Signatures = std::map<std::string, std::string, std::less<>>;

  /// The tables whose rows belong to a receipt.
  struct Details {
    Table groups, payments, lines, line_vat, amounts, parts, references, vat;
    [[nodiscard]] std::array<const Table*, 8> all() const {
      return {&groups, &payments, &lines, &line_vat, &amounts, &parts, &references, &vat};
    }
  };

  Status write_transactions() {
    SIEGEL_TRY(Table heads, open("transactions.csv"));
    SIEGEL_TRY(Table groups, open("allocation_groups.csv"));
    SIEGEL_TRY(Table payments, open("datapayment.csv"));
    SIEGEL_TRY(Table lines, open("lines.csv"));
    SIEGEL_TRY(Table line_vat, open("lines_vat.csv"));
    SIEGEL_TRY(Table amounts, open("itemamounts.csv"));
    SIEGEL_TRY(Table parts, open("subitems.csv"));
    SIEGEL_TRY(Table references, open("references.csv"));
    SIEGEL_TRY(Table tse, open("transactions_tse.csv"));
    SIEGEL_TRY(Table vat, open("transactions_vat.csv"));
    Details details{std::move(groups),     std::move(payments), std::move(lines),
                    std::move(line_vat),   std::move(amounts),  std::move(parts),
                    std::move(references), std::move(vat)};
    SIEGEL_TRY(auto signatures, read_signatures(tse));
    m_out.key("transactions").begin_array();
    while (heads.has_row()) {
      SIEGEL_TRY_OK(write_transaction(heads, details, signatures));
      SIEGEL_TRY_OK(heads.advance());
      if (m_buffer.size() < flush_at) continue;
      SIEGEL_TRY_OK(m_sink.write(bytes_of(m_buffer)));
      m_buffer.clear();
    }
    m_out.end_array();
    for (const Table* table : details.all())
      if (table->has_row())
        return invalid("E-EXP-303",
                       fmt::format("BON_ID {} does not follow the order of transactions.csv",
                                   table->value("BON_ID")),
                       table->file());
    if (!signatures.empty())
      return invalid(
          "E-EXP-303",
          fmt::format("BON_ID {} has no row in transactions.csv", signatures.begin()->first),
          tse.file());
    return Ok{};
  }

  Status write_transaction(const Table& head, Details& in, Signatures& signatures) {
    const std::string_view bon = head.value("BON_ID");
    m_out.begin_object().key("allocation_groups").begin_array();
    for (; in.groups.is_of(bon);) {
      m_out.string(in.groups.value("ABRECHNUNGSKREIS"));
      SIEGEL_TRY_OK(in.groups.advance());
    }
    m_out.end_array().key("data").begin_object();
    SIEGEL_TRY_OK(list_of(in.vat, bon, "amounts_per_vat_id", [&] {
      write_amount(m_out, in.vat, {.net = "BON_NETTO", .gross = "BON_BRUTTO", .tax = "BON_UST"});
    }));
    Members(m_out, head).number("full_amount_incl_vat", "UMS_BRUTTO");
    m_out.key("lines").begin_array();
    while (in.lines.is_of(bon)) {
      SIEGEL_TRY_OK(write_line(in, bon));
      SIEGEL_TRY_OK(in.lines.advance());
    }
    m_out.end_array();
    Members(m_out, head).text("notes", "BON_NOTIZ");
    SIEGEL_TRY_OK(list_of(in.payments, bon, "payment_types", [&] {
      m_out.begin_object();
      Members(m_out, in.payments)
          .number("amount", "BASISWAEH_BETRAG")
          .text("currency_code", "ZAHLWAEH_CODE")
          .number("foreign_amount", "ZAHLWAEH_BETRAG")
          .text("name", "ZAHLART_NAME")
          .text("type", "ZAHLART_TYP");
      m_out.end_object();
    }));
    SIEGEL_TRY_OK(list_of(in.references, bon, "references", [&] {
      m_out.begin_object();
      Members(m_out, in.references)
          .number("cash_point_closing_id", "REF_Z_NR")
          .text("cash_register_id", "REF_Z_KASSE_ID")
          .text("date", "REF_DATUM")
          .text("id", "REF_BON_ID")
          .text("line_id", "POS_ZEILE")
          .text("name", "REF_NAME")
          .text("type", "REF_TYP");
      m_out.end_object();
    }));
    m_out.end_object();
    write_transaction_head(head);
    m_out.key("security").begin_object();
    if (const auto found = signatures.find(bon); found != signatures.end()) {
      m_out.key("tse").raw("[" + found->second + "]");
      signatures.erase(found);
    }
    m_out.end_object();
    m_out.end_object();
    return Ok{};
  }

  /// The rows of one receipt as a list; left out if there are none.
  template <class Write>
  Status list_of(Table& table, std::string_view bon, std::string_view key, const Write& write) {
    if (!table.is_of(bon)) return Ok{};
    m_out.key(key).begin_array();
    while (table.is_of(bon)) {
      write();
      SIEGEL_TRY_OK(table.advance());
    }
    m_out.end_array();
    return Ok{};
  }

  void write_transaction_head(const Table& head) {
    m_out.key("head").begin_object();
    Members(m_out, head).text("ID", "BON_ID");
    if (!head.value("KUNDE_NAME").empty() || !head.value("KUNDE_ID").empty()) {
      m_out.key("buyer").begin_object();
      write_address(m_out, head,
                    {.city = "KUNDE_ORT",
                     .country = "KUNDE_LAND",
                     .postcode = "KUNDE_PLZ",
                     .street = "KUNDE_STRASSE"});
      Members(m_out, head)
          .text("id", "KUNDE_ID")
          .text("name", "KUNDE_NAME")
          .text("type", "KUNDE_TYP")
          .text("vat_id_number", "KUNDE_USTID");
      m_out.end_object();
    }
    if (!head.value("TERMINAL_ID").empty()) {
      m_out.key("closing_cash_register").begin_object();
      Members(m_out, head).text("slave_id", "TERMINAL_ID");
      m_out.end_object();
    }
    Members(m_out, head)
        .text("name", "BON_NAME")
        .number("number", "BON_NR")
        .boolean("storno", "BON_STORNO")
        .text("timestamp_end", "BON_ENDE")
        .text("timestamp_start", "BON_START")
        .text("type", "BON_TYP");
    m_out.key("user").begin_object();
    Members(m_out, head).text("id", "BEDIENER_ID").text("name", "BEDIENER_NAME");
    m_out.end_object().end_object();
  }

  /// A receipt has several rows if it used several transactions; a signature found later has its
  /// row where it was found.
  static Result<Signatures> read_signatures(Table& tse) {
    Signatures out;
    while (tse.has_row()) {
      std::string one;
      json::Writer writer(one);
      writer.begin_object();
      Members(writer, tse)
          .text("error_description", "TSE_TA_FEHLER")
          .text("finish_transaction_log_time", "TSE_TA_ENDE")
          .text("finish_transaction_process_type", "TSE_TA_VORGANGSART")
          .text("finish_transaction_signature", "TSE_TA_SIG")
          .number("finish_transaction_signature_counter", "TSE_TA_SIGZ")
          .number("module_id", "TSE_ID")
          .text("process_data", "TSE_VORGANGSDATEN")
          .text("start_transaction_log_time", "TSE_TA_START")
          .number("transaction_number", "TSE_TANR");
      writer.end_object();
      std::string& list = out[std::string(tse.value("BON_ID"))];
      if (!list.empty()) list += ',';
      list += one;
      SIEGEL_TRY_OK(tse.advance());
    }
    return out;
  }

  Status write_line(Details& in, std::string_view bon) {
    const std::string line(in.lines.value("POS_ZEILE"));
    m_out.begin_object().key("business_case").begin_object();
    if (in.line_vat.is_of(bon, line)) {
      m_out.key("amounts_per_vat_id").begin_array();
      while (in.line_vat.is_of(bon, line)) {
        write_amount(m_out, in.line_vat,
                     {.net = "POS_NETTO", .gross = "POS_BRUTTO", .tax = "POS_UST"});
        SIEGEL_TRY_OK(in.line_vat.advance());
      }
      m_out.end_array();
    }
    Members(m_out, in.lines)
        .text("name", "GV_NAME")
        .number("purchaser_agency_id", "AGENTUR_ID")
        .text("type", "GV_TYP");
    m_out.end_object();
    Members(m_out, in.lines).boolean("in_house", "INHAUS");
    SIEGEL_TRY_OK(write_item(in, bon, line));
    m_out.field("line_id", line);
    if (!in.lines.value("POS_TERMINAL_ID").empty()) {
      m_out.key("source_cash_register").begin_object();
      Members(m_out, in.lines).text("slave_id", "POS_TERMINAL_ID");
      m_out.end_object();
    }
    Members(m_out, in.lines)
        .boolean("storno", "P_STORNO")
        .text("text", "ARTIKELTEXT")
        .text("voucher_id", "GUTSCHEIN_NR");
    m_out.end_object();
    return Ok{};
  }

  Status write_item(Details& in, std::string_view bon, const std::string& line) {
    m_out.key("item").begin_object();
    // Three lists, as the rows of the price come: base amount, discounts, surcharges.
    struct Kind {
      std::string_view typ, key;
    };
    static constexpr std::array<Kind, 3> kinds = {{{"base_amount", "base_amounts_per_vat_id"},
                                                   {"discount", "discounts_per_vat_id"},
                                                   {"extra_amount", "extra_amounts_per_vat_id"}}};
    std::array<std::string, kinds.size()> lists;
    while (in.amounts.is_of(bon, line)) {
      const auto kind = std::ranges::find(kinds, in.amounts.value("TYP"),
                                          [](const Kind& one) { return one.typ; });
      if (kind == kinds.end())
        return invalid("E-EXP-303", fmt::format("TYP is \"{}\"", in.amounts.value("TYP")),
                       in.amounts.file());
      std::string one;
      json::Writer writer(one);
      write_amount(writer, in.amounts, {.net = "PF_NETTO", .gross = "PF_BRUTTO", .tax = "PF_UST"});
      std::string& list = lists[static_cast<std::size_t>(kind - kinds.begin())];
      list += (list.empty() ? "[" : ",") + one;
      SIEGEL_TRY_OK(in.amounts.advance());
    }
    for (std::size_t i = 0; i < kinds.size(); ++i)
      if (!lists[i].empty()) m_out.key(kinds[i].key).raw(lists[i] + "]");
    Members(m_out, in.lines)
        .text("group_id", "WARENGR_ID")
        .text("group_name", "WARENGR")
        .text("gtin", "GTIN")
        .text("number", "ART_NR")
        .number("price_per_unit", "STK_BR")
        .number("quantity", "MENGE")
        .number("quantity_factor", "FAKTOR")
        .text("quantity_measure", "EINHEIT");
    if (in.parts.is_of(bon, line)) {
      m_out.key("sub_items").begin_array();
      while (in.parts.is_of(bon, line)) {
        write_part(in.parts);
        SIEGEL_TRY_OK(in.parts.advance());
      }
      m_out.end_array();
    }
    m_out.end_object();
    return Ok{};
  }

  void write_part(const Table& part) {
    m_out.begin_object().key("amount_per_vat_id");
    write_amount(m_out, part,
                 {.net = "ZI_BASISPREIS_NETTO",
                  .gross = "ZI_BASISPREIS_BRUTTO",
                  .tax = "ZI_BASISPREIS_UST",
                  .key = "ZI_UST_SCHLUESSEL"});
    Members(m_out, part)
        .text("group_id", "ZI_WARENGR_ID")
        .text("group_name", "ZI_WARENGR")
        .text("gtin", "ZI_GTIN")
        .text("name", "ZI_NAME")
        .text("number", "ZI_ART_NR")
        .number("quantity", "ZI_MENGE")
        .number("quantity_factor", "ZI_FAKTOR")
        .text("quantity_measure", "ZI_EINHEIT");
    m_out.end_object();
  }

  const ExportTables& m_tables;
  const ClosingName& m_closing;
  Sink& m_sink;
  std::string m_buffer;
  json::Writer m_out;
};

}  // namespace

Status write_dfka(const ExportTables& tables, const ClosingName& closing, Sink& sink) {
  return Converter(tables, closing, sink).run();
}

}  // namespace siegel::country::de
