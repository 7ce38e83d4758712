#include "country/common/closing_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "country/common/paper.h"
#include "country/common/wording.h"
#include "model/codec.h"

namespace siegel::country {
namespace {

using print::Align;
using print::Document;
using print::Emphasis;

struct Words {
  std::string_view x, z, copy, reg, created, business_day, receipts, numbers, turnover, cases,
      gross, net, tax, payments, cash, drawer, counted, difference, none_counted, note, devices,
      self_check, total, agency, nothing_closed;
  TaxWords tax_words;
};

constexpr Words german{
    .x = "X-BERICHT",
    .z = "TAGESABSCHLUSS",
    .copy = "KOPIE",
    .reg = "Kasse",
    .created = "Erstellt",
    .business_day = "Buchungstag",
    .receipts = "Belege",
    .numbers = "Belegnummern",
    .turnover = "Umsatz",
    .cases = "GESCHÄFTSVORFÄLLE",
    .gross = "Brutto",
    .net = "Netto",
    .tax = "USt",
    .payments = "ZAHLUNGEN",
    .cash = "BARGELDBEWEGUNG",
    .drawer = "Kassenbestand Soll",
    .counted = "Gezählt",
    .difference = "Differenz",
    .none_counted = "Nicht gezählt.",
    .note = "Bemerkung",
    .devices = "SICHERHEITSEINRICHTUNG",
    .self_check = "Selbstprüfung",
    .total = "Summe",
    .agency = "Agentur",
    .nothing_closed = "Nichts wurde abgeschlossen.",
    .tax_words = {.vat_id = "USt-IdNr.", .tax_number = "Steuernr."},
};
constexpr Words english{
    .x = "X REPORT",
    .z = "CLOSING (Z)",
    .copy = "COPY",
    .reg = "Register",
    .created = "Made",
    .business_day = "Business day",
    .receipts = "Receipts",
    .numbers = "Receipt numbers",
    .turnover = "Turnover",
    .cases = "BUSINESS CASES",
    .gross = "Gross",
    .net = "Net",
    .tax = "VAT",
    .payments = "PAYMENTS",
    .cash = "CASH MOVED",
    .drawer = "Drawer, expected",
    .counted = "Counted",
    .difference = "Difference",
    .none_counted = "Not counted.",
    .note = "Note",
    .devices = "SECURITY DEVICE",
    .self_check = "Self-check",
    .total = "Total",
    .agency = "Agency",
    .nothing_closed = "Nothing was closed.",
    .tax_words = {.vat_id = "VAT id", .tax_number = "Tax no."},
};

/// "7 %", "19 %", "10,7 %".
std::string rate_text(VatRate rate, Language language) {
  std::string text = rate.text();
  while (text.ends_with('0')) text.pop_back();
  if (text.ends_with('.')) text.pop_back();
  return localised(text, language) + " %";
}

class Paper {
 public:
  Paper(const ClosingPaper& in, Language language)
      : m_in(in),
        m_z(in.closing),
        m_language(language),
        m_words(language == Language::de ? german : english) {}

  Document make() {
    put_header(m_in.business, m_words.tax_words, m_out);
    put_head();
    put_cases();
    put_payments();
    put_drawer();
    put_end();
    return std::move(m_out);
  }

 private:
  void title(std::string_view text) {
    m_out.blocks.emplace_back(print::Rule{});
    m_out.blocks.emplace_back(print::Text{.text = std::string(text), .emphasis = Emphasis::bold});
  }
  void pair(std::string_view left, std::string right) {
    m_out.blocks.emplace_back(print::Pair{.left = std::string(left), .right = std::move(right)});
  }
  [[nodiscard]] std::string money(Money value) const { return amount(value, m_language); }
  [[nodiscard]] std::string money(Money value, const Currency& currency) const {
    return fmt::format("{} {}", money(value), currency.text());
  }

  void put_head() {
    const std::string heading =
        m_in.is_x ? std::string(m_words.x) : fmt::format("{} {}", m_words.z, m_z.number);
    m_out.blocks.emplace_back(
        print::Text{.text = heading, .align = Align::center, .emphasis = Emphasis::bold});
    if (m_in.copy)
      m_out.blocks.emplace_back(
          print::Text{.text = std::string(m_words.copy), .align = Align::center});
    if (m_in.is_x)
      m_out.blocks.emplace_back(
          print::Text{.text = std::string(m_words.nothing_closed), .align = Align::center});
    const std::string& name = m_in.register_info.name;
    const std::string& id = m_z.register_id.text();
    pair(m_words.reg, name.empty() || name == id ? id : fmt::format("{} ({})", name, id));
    pair(m_words.created, second_text(m_z.at, m_language));
    if (m_z.business_day) pair(m_words.business_day, m_z.business_day->text());
    pair(m_words.receipts, fmt::format("{}", m_z.receipts));
    if (m_z.first_number != 0)
      pair(m_words.numbers, fmt::format("{} - {}", m_z.first_number, m_z.last_number));
    pair(m_words.turnover, money(m_z.turnover, m_in.register_info.base_currency));
  }

  void put_cases() {
    if (m_z.cases.empty()) return;
    title(m_words.cases);
    const auto row = [&](std::string_view first, std::string gross, std::string net,
                         std::string tax) {
      m_out.blocks.emplace_back(print::Row{
          .cells = {std::string(first), std::move(gross), std::move(net), std::move(tax)}});
    };
    row("", std::string(m_words.gross), std::string(m_words.net), std::string(m_words.tax));
    Money gross;
    Money net;
    Money tax;
    for (const ClosingCase& one : m_z.cases) {
      std::string what(gv_typ_text(one.gv_typ));
      if (!one.gv_name.empty()) what += " " + one.gv_name;
      if (one.agency != 0) what += fmt::format(" {} {}", m_words.agency, one.agency);
      if (one.rate != VatRate()) what += " " + rate_text(one.rate, m_language);
      row(what, money(one.gross), money(one.net), money(one.tax));
      gross += one.gross;
      net += one.net;
      tax += one.tax;
    }
    row(m_words.total, money(gross), money(net), money(tax));
  }

  void put_payments() {
    if (m_z.payments.empty()) return;
    title(m_words.payments);
    Money sum;
    for (const ClosingPayment& one : m_z.payments) {
      std::string what(payment_kind_text(one.kind));
      if (!one.name.empty()) what += " " + one.name;
      pair(what, money(one.value));
      sum += one.value;
    }
    pair(m_words.total, money(sum));
    if (m_z.cash.empty()) return;
    title(m_words.cash);
    for (const ClosingCash& one : m_z.cash)
      pair(one.currency.text(), money(one.amount, one.currency));
  }

  void put_drawer() {
    m_out.blocks.emplace_back(print::Rule{});
    for (const ClosingCash& one : m_z.drawer) pair(m_words.drawer, money(one.amount, one.currency));
    if (m_z.counted.empty()) {
      if (!m_in.is_x)
        m_out.blocks.emplace_back(print::Text{.text = std::string(m_words.none_counted)});
      return;
    }
    for (const CountedCash& counted : m_z.counted) {
      for (const Denomination& one : counted.denominations)
        if (one.count != 0)
          m_out.blocks.emplace_back(
              print::Pair{.left = fmt::format("{} x {}", one.count, money(one.value)),
                          .right = money(Money::from_cents(one.value.cents() * one.count)),
                          .indent = 2});
      pair(m_words.counted, money(counted.amount, counted.currency));
    }
    m_out.blocks.emplace_back(
        print::Pair{.left = std::string(m_words.difference),
                    .right = money(m_z.difference, m_in.register_info.base_currency),
                    .emphasis = Emphasis::bold});
  }

  void put_end() {
    if (!m_z.note.empty()) {
      m_out.blocks.emplace_back(print::Rule{});
      m_out.blocks.emplace_back(print::Text{.text = fmt::format("{}: {}", m_words.note, m_z.note)});
    }
    if (!m_in.devices.empty()) title(m_words.devices);
    for (const std::string& line : m_in.devices)
      m_out.blocks.emplace_back(print::Text{.text = line});
    if (!m_in.self_check.empty()) {
      m_out.blocks.emplace_back(print::Rule{});
      m_out.blocks.emplace_back(
          print::Text{.text = fmt::format("{}: {}", m_words.self_check, m_in.self_check)});
    }
    if (!m_in.journal_mark.empty()) {
      m_out.blocks.emplace_back(print::Text{.text = m_in.journal_mark});
    }
  }

  const ClosingPaper& m_in;
  const Closing& m_z;
  Language m_language;
  const Words& m_words;
  Document m_out;
};

}  // namespace

Document closing_document(const ClosingPaper& paper, Language language) {
  return Paper(paper, language).make();
}

}  // namespace siegel::country
