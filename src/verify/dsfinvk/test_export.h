#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "verify/dsfinvk/fields.h"
#include "verify/dsfinvk/tables.h"
#include "verify/dsfinvk/test_files.h"
#include "verify/tse/message.h"
#include "verify/tse/testing/device.h"

// An export of our own with every kind of business, signed by a device of its own. Its sums are
// calculated here, apart from the code under test.

namespace siegel::verify::dsfinvk::testing {

using Cents = std::int64_t;
using Fields = std::map<std::string, std::string>;

inline std::string decimal(Cents cents, int decimals) {
  const Cents magnitude = cents < 0 ? -cents : cents;
  std::string text =
      fmt::format("{}{},{:02}", cents < 0 ? "-" : "", magnitude / 100, magnitude % 100);
  for (int i = 2; i < decimals; ++i) text += '0';
  return text;
}
inline std::string point(Cents cents) {
  const Cents magnitude = cents < 0 ? -cents : cents;
  return fmt::format("{}{}.{:02}", cents < 0 ? "-" : "", magnitude / 100, magnitude % 100);
}

struct OwnLine {
  std::string text;
  std::string gv;
  int key;
  Cents amount;
  std::string quantity = {};  ///< as processData writes it; empty: no article
  Fields more = {};
  Cents second = 0;  ///< a share of key 2 besides
};
struct OwnPayment {
  std::string type;
  Cents base;
  std::string currency = "EUR";
  Cents foreign = 0;
};
struct OwnReceipt {
  std::string type = "Beleg";
  std::vector<OwnLine> lines = {};
  std::vector<OwnPayment> payments = {};
  Fields head = {};
  std::string group = {};
  std::vector<Fields> references = {};
  bool outage = false;
  bool net = false;
  std::string client = {};  ///< another than the register's
};

class OwnExport {
 public:
  OwnExport() { build(); }

  [[nodiscard]] const Export& files() const { return m_files; }
  [[nodiscard]] const tse::testing::Device& device() const { return m_device; }
  [[nodiscard]] tse::testing::Device& device() { return m_device; }
  static constexpr const char* serial = "KASSE-1";

 private:
  void row(Table table, Fields fields) {
    const TableInfo& known = info(table);
    std::string line;
    fields.emplace("Z_KASSE_ID", "K1");
    fields.emplace("Z_ERSTELLUNG", m_created);
    fields.emplace("Z_NR", fmt::format("{}", m_number));
    std::size_t used = 0;
    for (const Column& column : known.columns) {
      if (!line.empty()) line += ';';
      const auto field = fields.find(std::string(column.name));
      if (field == fields.end()) continue;
      ++used;
      const bool quote = field->second.find_first_of(";\"\r\n") != std::string::npos;
      std::string text = field->second;
      for (std::size_t at = 0; (at = text.find('"', at)) != std::string::npos; at += 2)
        text.insert(at, 1, '"');
      line += quote ? '"' + text + '"' : text;
    }
    EXPECT_EQ(used, fields.size()) << known.file;
    m_files.files[std::string(known.file)] += line + "\r\n";
  }

  static Cents tax_of(int key, Cents gross) {
    const Cents rate = key == 1 ? 19 : key == 2 ? 7 : 0;
    const Cents twice = 2 * gross * rate;
    const Cents divisor = 2 * (100 + rate);
    return twice >= 0 ? (twice + 100 + rate) / divisor : -((-twice + 100 + rate) / divisor);
  }

  void begin_closing(int number, const std::string& day) {
    m_number = number;
    m_day = day;
    m_created = day + "T20:00:00+01:00";
    m_minute = 0;
    m_first = m_next;
    m_cases.clear();
    m_paid.clear();
    m_cash.clear();
    row(Table::location, {{"LOC_NAME", "Filiale"},
                          {"LOC_STRASSE", "Weg 1"},
                          {"LOC_PLZ", "10115"},
                          {"LOC_ORT", "Berlin"},
                          {"LOC_LAND", "DEU"},
                          {"LOC_USTID", "DE136695976"}});
    row(Table::cashregister, {{"KASSE_BRAND", "Siegel"},
                              {"KASSE_MODELL", "T"},
                              {"KASSE_SERIENNR", serial},
                              {"KASSE_SW_BRAND", "Siegel"},
                              {"KASSE_SW_VERSION", "1.0"},
                              {"KASSE_BASISWAEH_CODE", "EUR"},
                              {"KEINE_UST_ZUORDNUNG", "0"}});
    row(Table::slaves, {{"TERMINAL_ID", "T1"},
                        {"TERMINAL_BRAND", "Siegel"},
                        {"TERMINAL_MODELL", "T"},
                        {"TERMINAL_SERIENNR", "TERM-1"},
                        {"TERMINAL_SW_BRAND", "Siegel"},
                        {"TERMINAL_SW_VERSION", "1.0"}});
    for (const auto& [key, rate, name] :
         {std::tuple("1", "19,00", "Allgemein"), std::tuple("2", "7,00", "Ermäßigt"),
          std::tuple("5", "0,00", "Nicht steuerbar")})
      row(Table::vat, {{"UST_SCHLUESSEL", key}, {"UST_SATZ", rate}, {"UST_BESCHR", name}});
    row(Table::tse, {{"TSE_ID", "1"},
                     {"TSE_SERIAL", m_device.serial_hex()},
                     {"TSE_SIG_ALGO", "ecdsa-plain-SHA256"},
                     {"TSE_ZEITFORMAT", "unixTime"},
                     {"TSE_PD_ENCODING", "UTF-8"},
                     {"TSE_PUBLIC_KEY", base64(m_device.key.public_key().point())},
                     {"TSE_ZERTIFIKAT_I", base64(m_device.certificate.der())}});
  }

  void end_closing() {
    Cents paid = 0;
    Cents cash = 0;
    for (const auto& [type, sum] : m_paid) {
      paid += sum;
      if (type == "Bar") cash += sum;
      row(Table::payment, {{"ZAHLART_TYP", type}, {"Z_ZAHLART_BETRAG", decimal(sum, 2)}});
    }
    for (const auto& [currency, sum] : m_cash)
      row(Table::cash_per_currency,
          {{"ZAHLART_WAEH", currency}, {"ZAHLART_BETRAG_WAEH", decimal(sum, 2)}});
    for (const auto& [key, sum] : m_cases) {
      const auto& [gv, agency, vat] = key;
      const Cents tax = tax_of(vat, sum);
      row(Table::businesscases, {{"GV_TYP", gv},
                                 {"AGENTUR_ID", agency},
                                 {"UST_SCHLUESSEL", fmt::format("{}", vat)},
                                 {"Z_UMS_BRUTTO", decimal(sum, 5)},
                                 {"Z_UMS_NETTO", decimal(sum - tax, 5)},
                                 {"Z_UST", decimal(tax, 5)}});
    }
    row(Table::cashpointclosing, {{"TAXONOMIE_VERSION", "2.4"},
                                  {"Z_START_ID", fmt::format("{}", m_first)},
                                  {"Z_BUCHUNGSTAG", m_day},
                                  {"Z_ENDE_ID", fmt::format("{}", m_next - 1)},
                                  {"NAME", "Bäckerei"},
                                  {"STRASSE", "Weg 1"},
                                  {"PLZ", "10115"},
                                  {"ORT", "Berlin"},
                                  {"LAND", "DEU"},
                                  {"STNR", "27/123/45678"},
                                  {"USTID", "DE136695976"},
                                  {"Z_SE_ZAHLUNGEN", decimal(paid, 2)},
                                  {"Z_SE_BARZAHLUNGEN", decimal(cash, 2)}});
  }

  /// Returns the id.
  std::string receipt(const OwnReceipt& one) {
    const std::string id = fmt::format("{}", m_next++);
    const auto stamp = [&](int minute, int second) {
      return fmt::format("{}T{:02}:{:02}:{:02}", m_day, 8 + minute / 60, minute % 60, second);
    };
    ++m_minute;
    const bool counts = one.type == "Beleg";
    Cents gross = 0;
    std::map<int, Cents> keys;
    int position = 0;
    for (const OwnLine& line : one.lines) {
      ++position;
      const bool cancelled = line.more.contains("P_STORNO") && line.more.at("P_STORNO") == "1";
      Fields fields{{"BON_ID", id},
                    {"POS_ZEILE", fmt::format("{}", position)},
                    {"ARTIKELTEXT", line.text},
                    {"GV_TYP", line.gv},
                    {"INHAUS", "0"},
                    {"P_STORNO", "0"},
                    {"AGENTUR_ID", "0"},
                    {"POS_TERMINAL_ID", "T1"}};
      if (!line.quantity.empty()) {
        const Cents quantity = std::stoll(line.quantity);
        fields["MENGE"] = fmt::format("{},000", quantity);
        fields["STK_BR"] = decimal((line.amount + line.second) / quantity, 5);
        fields["ART_NR"] = "A-" + line.text;
        fields["GTIN"] = "4006381333931";
        fields["FAKTOR"] = "1,000";
        fields["EINHEIT"] = "Stk";
        fields["WARENGR_ID"] = "W1";
        fields["WARENGR"] = "Waren";
      }
      for (const auto& [name, value] : line.more) fields[name] = value;
      const std::string agency = fields["AGENTUR_ID"];
      row(Table::lines, fields);
      for (const auto& [key, amount] :
           {std::pair(line.key, line.amount), std::pair(2, line.second)}) {
        if (key == 2 && line.second == 0 && line.key != 2) continue;
        if (key == 2 && amount == 0 && line.second == 0 && line.amount != 0) continue;
        Fields share{{"BON_ID", id},
                     {"POS_ZEILE", fmt::format("{}", position)},
                     {"UST_SCHLUESSEL", fmt::format("{}", key)}};
        if (one.net) {
          share["POS_NETTO"] = decimal(amount - tax_of(key, amount), 5);
          share["POS_UST"] = decimal(tax_of(key, amount), 5);
        } else {
          share["POS_BRUTTO"] = decimal(amount, 5);
        }
        row(Table::lines_vat, share);
        if (!cancelled) {
          gross += amount;
          keys[key] += amount;
          if (counts) m_cases[{line.gv, agency, key}] += amount;
        }
      }
    }
    for (const auto& [key, sum] : keys)
      row(Table::transactions_vat, {{"BON_ID", id},
                                    {"UST_SCHLUESSEL", fmt::format("{}", key)},
                                    {"BON_BRUTTO", decimal(sum, 5)},
                                    {"BON_NETTO", decimal(sum - tax_of(key, sum), 5)},
                                    {"BON_UST", decimal(tax_of(key, sum), 5)}});
    Fields head{{"BON_ID", id},
                {"BON_NR", fmt::format("{}", m_minute)},
                {"BON_TYP", one.type},
                {"BON_STORNO", "0"},
                {"BON_START", stamp(m_minute, 0)},
                {"BON_ENDE", stamp(m_minute, 30)},
                {"BEDIENER_ID", "1"},
                {"BEDIENER_NAME", "Anna"},
                {"UMS_BRUTTO", decimal(gross, 2)}};
    for (const auto& [name, value] : one.head) head[name] = value;
    row(Table::transactions, head);
    for (const OwnPayment& payment : one.payments) {
      Fields fields{{"BON_ID", id},
                    {"ZAHLART_TYP", payment.type},
                    {"ZAHLWAEH_CODE", payment.currency},
                    {"BASISWAEH_BETRAG", decimal(payment.base, 2)}};
      if (payment.currency != "EUR") fields["ZAHLWAEH_BETRAG"] = decimal(payment.foreign, 2);
      row(Table::datapayment, fields);
      if (!counts) continue;
      m_paid[payment.type] += payment.base;
      if (payment.type == "Bar")
        m_cash[payment.currency] += payment.currency == "EUR" ? payment.base : payment.foreign;
    }
    if (!one.group.empty())
      row(Table::allocation_groups, {{"BON_ID", id}, {"ABRECHNUNGSKREIS", one.group}});
    for (Fields reference : one.references) {
      reference["BON_ID"] = id;
      row(Table::references, reference);
    }
    secure(one, id, keys, stamp(m_minute, 0), stamp(m_minute, 30));
    return id;
  }

  static std::string payments_of(const OwnReceipt& one) {
    std::map<std::pair<int, std::string>, Cents> sums;
    for (const OwnPayment& payment : one.payments) {
      if (payment.type == "Keine") continue;
      const bool euro = payment.currency == "EUR";
      sums[{payment.type == "Bar" ? 0 : 1, euro ? "" : payment.currency}] +=
          euro ? payment.base : payment.foreign;
    }
    std::string text;
    for (const auto& [key, sum] : sums) {
      if (sum == 0) continue;
      text +=
          fmt::format("{}{}:{}{}{}", text.empty() ? "" : "_", point(sum),
                      key.first == 0 ? "Bar" : "Unbar", key.second.empty() ? "" : ":", key.second);
    }
    return text;
  }

  void secure(const OwnReceipt& one, const std::string& id, std::map<int, Cents>& keys,
              const std::string& start, const std::string& end) {
    if (one.outage) {
      row(Table::transactions_tse,
          {{"BON_ID", id}, {"TSE_ID", "1"}, {"TSE_TA_FEHLER", "TSE antwortet nicht"}});
      return;
    }
    std::string type = "Kassenbeleg-V1";
    std::string data;
    if (one.type == "AVBestellung") {
      type = "Bestellung-V1";
      for (const OwnLine& line : one.lines)
        data += fmt::format("{}{};\"{}\";{}", data.empty() ? "" : "\r", line.quantity, line.text,
                            point(line.amount / std::stoll(line.quantity)));
    } else if (one.type == "AVSonstige") {
      type = "SonstigerVorgang";
      data = "Lade geöffnet";
    } else if (one.type == "AVBelegabbruch") {
      data = one.type + "^0.00_0.00_0.00_0.00_0.00^";
    } else {
      data = fmt::format("{}^{}_{}_0.00_0.00_{}^{}", one.type, point(keys[1]), point(keys[2]),
                         point(keys[5]), payments_of(one));
    }
    const std::string client = one.client.empty() ? serial : one.client;
    // German winter time.
    m_device.clock = Instant::parse(start + "+01:00")->unix_seconds() - 1;
    const std::uint64_t number = m_device.start(client);
    m_device.clock = Instant::parse(end + "+01:00")->unix_seconds() - 1;
    m_device.finish(number, client, {type, data});
    tse::Message message;
    tse::Notes notes;
    EXPECT_TRUE(tse::parse_message(m_device.files.back().content, message, notes));
    row(Table::transactions_tse, {{"BON_ID", id},
                                  {"TSE_ID", "1"},
                                  {"TSE_TANR", fmt::format("{}", number)},
                                  {"TSE_TA_START", Instant::parse(start + "+01:00")->text()},
                                  {"TSE_TA_ENDE", message.time.text()},
                                  {"TSE_TA_VORGANGSART", type},
                                  {"TSE_TA_SIGZ", fmt::format("{}", message.counter)},
                                  {"TSE_TA_SIG", base64(message.signature)},
                                  {"TSE_VORGANGSDATEN", data}});
  }

  Fields to(const std::string& id, const std::string& position = {}) {
    return {{"POS_ZEILE", position},
            {"REF_TYP", "Transaktion"},
            {"REF_DATUM", m_created},
            {"REF_Z_KASSE_ID", "K1"},
            {"REF_Z_NR", fmt::format("{}", m_number)},
            {"REF_BON_ID", id}};
  }

  void build();
  void first_day();
  void second_day();
  void write_index();

  Export m_files;
  tse::testing::Device m_device;
  int m_number = 0;
  int m_next = 1;
  int m_first = 1;
  int m_minute = 0;
  std::string m_day;
  std::string m_created;
  std::map<std::tuple<std::string, std::string, int>, Cents> m_cases;
  std::map<std::string, Cents> m_paid;
  std::map<std::string, Cents> m_cash;
};

/// The receipts by number:
/// 1 opening stock, 2 two articles in cash, 3 by card with a tip, 4 an order, 5 its bill,
/// 6 training, 7 aborted, 8 sale that 9 cancels, 10 receivable, 11 its settlement,
/// 12 discount within the price, 13 menu of two keys with parts, 14 francs, 15 drawer opened,
/// 16 meal of an employee, 17 multi-purpose voucher sold, 18 redeemed, 19 single-purpose sold,
/// 20 redeemed. Second day: 21 agency, 22 signed by a terminal, 23 outage, 24 private withdrawal,
/// 25 invoice, 26 net method, 27 deposit, 28 deposit given back, 29 line cancelled, 30 discount
/// line, 31 down payment, 32 settled.
inline void OwnExport::first_day() {
  receipt({.lines = {{"Wechselgeld", "Anfangsbestand", 5, 10000}}, .payments = {{"Bar", 10000}}});
  receipt({.lines = {{"Kaffee", "Umsatz", 1, 500, "2"}, {"Brot", "Umsatz", 2, 350, "1"}},
           .payments = {{"Bar", 850}}});
  receipt({.lines = {{"Kaffee", "Umsatz", 1, 250, "1"}, {"Trinkgeld", "TrinkgeldAN", 5, 50}},
           .payments = {{"ECKarte", 300}}});
  receipt({.type = "AVBestellung",
           .lines = {{"Pils", "Umsatz", 1, 780, "2"}, {"Saft", "Umsatz", 1, 300, "1"}},
           .payments = {{"Keine", 0}},
           .head = {{"UMS_BRUTTO", "0,00"}},
           .group = "Tisch 1#1"});
  receipt({.lines = {{"Pils", "Umsatz", 1, 780, "2"}, {"Saft", "Umsatz", 1, 300, "1"}},
           .payments = {{"Bar", 1080}},
           .group = "Tisch 1#1"});
  receipt({.type = "AVTraining",
           .lines = {{"Kaffee", "Umsatz", 1, 250, "1"}},
           .payments = {{"Bar", 250}}});
  receipt({.type = "AVBelegabbruch", .payments = {{"Keine", 0}}});
  const std::string sold =
      receipt({.lines = {{"Torte", "Umsatz", 2, 2000, "1"}}, .payments = {{"Bar", 2000}}});
  receipt({.lines = {{"Torte", "Umsatz", 2, -2000, "-1"}},
           .payments = {{"Bar", -2000}},
           .head = {{"BON_STORNO", "1"}},
           .references = {to(sold)}});
  const std::string open = receipt({.lines = {{"Buffet", "Umsatz", 1, 9000, "1"},
                                              {"Rechnung", "Forderungsentstehung", 5, -9000}},
                                    .payments = {{"Keine", 0}}});
  receipt({.lines = {{"Zahlung", "Forderungsaufloesung", 5, 9000}},
           .payments = {{"Bar", 9000}},
           .references = {to(open, "1")}});
  const std::string reduced =
      receipt({.lines = {{"Hemd", "Umsatz", 1, 900, "1"}}, .payments = {{"Bar", 900}}});
  for (const auto& [type, gross] :
       {std::pair("base_amount", Cents{1000}), std::pair("discount", Cents{-100})})
    row(Table::itemamounts, {{"BON_ID", reduced},
                             {"POS_ZEILE", "1"},
                             {"TYP", type},
                             {"UST_SCHLUESSEL", "1"},
                             {"PF_BRUTTO", decimal(gross, 5)},
                             {"PF_NETTO", decimal(gross - tax_of(1, gross), 5)},
                             {"PF_UST", decimal(tax_of(1, gross), 5)}});
  const std::string menu =
      receipt({.lines = {{"Menü", "Umsatz", 1, 300, "1", {}, 500}}, .payments = {{"Bar", 800}}});
  for (const auto& [key, name, gross] :
       {std::tuple(1, "Cola", Cents{300}), std::tuple(2, "Burger", Cents{500})})
    row(Table::subitems, {{"BON_ID", menu},
                          {"POS_ZEILE", "1"},
                          {"ZI_ART_NR", name},
                          {"ZI_NAME", name},
                          {"ZI_MENGE", "1,000"},
                          {"ZI_UST_SCHLUESSEL", fmt::format("{}", key)},
                          {"ZI_BASISPREIS_BRUTTO", decimal(gross, 5)},
                          {"ZI_BASISPREIS_NETTO", decimal(gross - tax_of(key, gross), 5)},
                          {"ZI_BASISPREIS_UST", decimal(tax_of(key, gross), 5)}});
  receipt({.lines = {{"Käse", "Umsatz", 2, 2000, "1"}},
           .payments = {{"Bar", 2550, "CHF", 2500}, {"Bar", -550}}});
  receipt({.type = "AVSonstige", .payments = {{"Keine", 0}}, .head = {{"BON_NAME", "Lade"}}});
  receipt({.type = "AVSachbezug",
           .lines = {{"Essen", "Umsatz", 1, 900, "1"}},
           .payments = {{"Keine", 0}},
           .head = {{"KUNDE_NAME", "Max"},
                    {"KUNDE_ID", "P-1"},
                    {"KUNDE_TYP", "Mitarbeiter"},
                    {"UMS_BRUTTO", "0,00"}}});
  receipt(
      {.lines = {{"Gutschein", "MehrzweckgutscheinKauf", 5, 5000, {}, {{"GUTSCHEIN_NR", "G1"}}}},
       .payments = {{"Bar", 5000}}});
  receipt(
      {.lines =
           {{"Wein", "Umsatz", 1, 5000, "1"},
            {"Gutschein", "MehrzweckgutscheinEinloesung", 5, -5000, {}, {{"GUTSCHEIN_NR", "G1"}}}},
       .payments = {{"Keine", 0}}});
  receipt({.lines =
               {{"Gutschein Menü", "EinzweckgutscheinKauf", 1, 4000, {}, {{"GUTSCHEIN_NR", "G2"}}}},
           .payments = {{"Bar", 4000}}});
  receipt(
      {.lines =
           {{"Menü groß", "Umsatz", 1, 4000, "1"},
            {"Gutschein", "EinzweckgutscheinEinloesung", 1, -4000, {}, {{"GUTSCHEIN_NR", "G2"}}}},
       .payments = {{"Keine", 0}}});
}

inline void OwnExport::second_day() {
  row(Table::pa, {{"AGENTUR_ID", "1"},
                  {"AGENTUR_NAME", "Bühne"},
                  {"AGENTUR_STRASSE", "Weg 2"},
                  {"AGENTUR_PLZ", "10117"},
                  {"AGENTUR_ORT", "Berlin"},
                  {"AGENTUR_LAND", "DEU"},
                  {"AGENTUR_STNR", "27/999/00001"},
                  {"AGENTUR_USTID", "DE136695976"}});
  receipt({.lines = {{"Karte", "Umsatz", 1, 1500, "1", {{"AGENTUR_ID", "1"}}}},
           .payments = {{"Bar", 1500}}});
  receipt({.lines = {{"Tee", "Umsatz", 1, 300, "1"}},
           .payments = {{"Bar", 300}},
           .head = {{"TERMINAL_ID", "T1"}},
           .client = "TERM-1"});
  receipt(
      {.lines = {{"Kuchen", "Umsatz", 2, 450, "1"}}, .payments = {{"Bar", 450}}, .outage = true});
  receipt({.lines = {{"Entnahme", "Privatentnahme", 5, -3000}}, .payments = {{"Bar", -3000}}});
  receipt({.type = "AVRechnung",
           .payments = {{"Keine", 0}},
           .references = {{{"REF_TYP", "ExternerLieferschein"}, {"REF_BON_ID", "L-77"}}}});
  receipt({.lines = {{"Catering", "Umsatz", 1, 11900, "1"}},
           .payments = {{"Unbar", 11900}},
           .net = true});
  receipt({.lines = {{"Flasche", "Pfand", 1, 50, "2"}}, .payments = {{"Bar", 50}}});
  receipt({.lines = {{"Leergut", "PfandRueckzahlung", 1, -50, "-2"}}, .payments = {{"Bar", -50}}});
  receipt({.lines = {{"Irrtum", "Umsatz", 1, 700, "1", {{"P_STORNO", "1"}}},
                     {"Kaffee", "Umsatz", 1, 300, "1"}},
           .payments = {{"Bar", 300}}});
  receipt({.lines = {{"Jacke", "Umsatz", 1, 10000, "1"}, {"Nachlass", "Rabatt", 1, -1000}},
           .payments = {{"Kreditkarte", 9000}}});
  const std::string deposit = receipt(
      {.lines = {{"Anzahlung", "Anzahlungseinstellung", 1, 2000}}, .payments = {{"Bar", 2000}}});
  receipt({.lines = {{"Reparatur", "Umsatz", 1, 8000, "1"},
                     {"Anzahlung", "Anzahlungsaufloesung", 1, -2000}},
           .payments = {{"Bar", 6000}},
           .references = {to(deposit, "2")}});
}

inline void OwnExport::write_index() {
  std::string xml =
      "<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n"
      "<!DOCTYPE DataSet SYSTEM "
      "\"gdpdu-01-09-2004.dtd\">\r\n<DataSet>\r\n<Version>1.0</Version>\r\n"
      "<DataSupplier><Name>Siegel</Name><Location>Berlin</Location><Comment>test</Comment>"
      "</DataSupplier>\r\n<Media>\r\n<Name>1</Name>\r\n";
  for (std::size_t i = 0; i < tables_count; ++i) {
    const TableInfo& table = info(table_at(i));
    xml += fmt::format(
        "<Table>\r\n<URL>{}</URL><Name>{}</Name><Description>{}</Description><UTF8 />"
        "<DecimalSymbol>,</DecimalSymbol><DigitGroupingSymbol>.</DigitGroupingSymbol>"
        "<Range><From>2</From></Range>\r\n<VariableLength><ColumnDelimiter>;</ColumnDelimiter>"
        "<RecordDelimiter>&#xD;&#xA;</RecordDelimiter><TextEncapsulator>\"</TextEncapsulator>\r\n",
        table.file, table.name, table.file);
    for (const Column& column : table.columns) {
      xml += fmt::format("<VariableColumn><Name>{}</Name>", column.name);
      if (!column.numeric) {
        xml += fmt::format("<AlphaNumeric /><MaxLength>{}</MaxLength>", column.length);
      } else if (column.decimals == 0) {
        xml += "<Numeric />";
      } else {
        xml += fmt::format("<Numeric><Accuracy>{}</Accuracy></Numeric>", column.decimals);
      }
      xml += "</VariableColumn>\r\n";
    }
    xml += "</VariableLength>\r\n</Table>\r\n";
  }
  m_files.files["index.xml"] = xml + "</Media>\r\n</DataSet>\r\n";
  m_files.files["gdpdu-01-09-2004.dtd"] = "<!ELEMENT DataSet ANY>";
}

inline void OwnExport::build() {
  for (std::size_t i = 0; i < tables_count; ++i) {
    std::string header;
    for (const Column& column : info(table_at(i)).columns) {
      if (!header.empty()) header += ';';
      header += column.name;
    }
    m_files.files[std::string(info(table_at(i)).file)] = header + "\r\n";
  }
  write_index();
  begin_closing(1, "2026-01-05");
  first_day();
  end_closing();
  begin_closing(2, "2026-01-06");
  second_day();
  end_closing();
}

}  // namespace siegel::verify::dsfinvk::testing
