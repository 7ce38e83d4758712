#include "country/de/receipt_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "country/common/paper.h"
#include "country/de/qr.h"
#include "country/de/receipt_words.h"

namespace siegel::country::de {
namespace {

using print::Align;
using print::Blank;
using print::Emphasis;
using print::Pair;
using print::Rule;
using print::Text;
using print::Value;

// One receipt in the making. The order of the calls in receipt_document() is the order on the
// paper.
class Layout {
 public:
  Layout(const Receipt& receipt, const Profile& profile, const Country::PrintOptions& options)
      : m_receipt(receipt),
        m_plan(receipt.plan),
        m_profile(profile),
        m_options(options),
        m_language(profile.language),
        m_words(words(profile.language)) {}

  void header();
  void special_words();
  void title();
  void lines();
  void payments();
  void vat_table();
  void proof();
  void footer();
  /// The footer has a place for the TSE's data (TSS-028).
  [[nodiscard]] bool proof_in_footer() const;
  [[nodiscard]] print::Document take() { return std::move(m_document); }

 private:
  template <class Block>
  void put(Block block) {
    m_document.blocks.push_back(std::move(block));
  }
  void centre(std::string_view text, Emphasis emphasis = Emphasis::normal) {
    put(Text{std::string(text), Align::center, emphasis});
  }
  void pair(std::string_view left, std::string right, int indent = 0) {
    put(Pair{std::string(left), std::move(right), indent, Emphasis::normal});
  }
  [[nodiscard]] std::string money(Money value) const { return amount(value, m_language); }
  [[nodiscard]] std::string log_time(Instant at, bool with_offset = false) const;

  [[nodiscard]] std::string_view kind_word() const;
  [[nodiscard]] bool is_priced() const;
  [[nodiscard]] std::string mark_of(const VatSum& sum) const;
  [[nodiscard]] std::string mark_of(const VatShare& share) const;
  [[nodiscard]] std::string percent(VatRate rate) const;

  void priced_line(const PlanLine& line);
  void exemption_notes();
  void signed_proof(const Seal& seal);
  void standard_proof(const Seal& seal);
  void biobill_proof(const Seal& seal);
  void dikasse_proof(const Seal& seal);
  void code(const std::string& text, const Seal& seal);
  void outage(const Seal& seal);
  void register_serial() { pair(m_words.register_serial, m_plan.register_id.text()); }

  const Receipt& m_receipt;
  const Plan& m_plan;
  const Profile& m_profile;
  const Country::PrintOptions& m_options;
  Language m_language;
  const Words& m_words;
  print::Document m_document;
};

void Layout::header() {
  put_header(m_receipt, {.vat_id = m_words.vat_id, .tax_number = m_words.tax_number}, m_document);
}

std::string_view Layout::kind_word() const {
  switch (m_plan.kind) {
    case ReceiptKind::receipt:
      return {};
    case ReceiptKind::reversal:
      return m_words.reversal;
    case ReceiptKind::training:
      return m_words.training;
    case ReceiptKind::abort:
      return m_words.abort;
    case ReceiptKind::order:
      return m_words.order;
    case ReceiptKind::transfer:
      return m_words.transfer;
    case ReceiptKind::invoice:
      return m_words.invoice;
    case ReceiptKind::benefit:
      return m_words.benefit;
    case ReceiptKind::other:
      return m_plan.name.empty() ? m_words.other : std::string_view(m_plan.name);
    case ReceiptKind::stock_take:
      return m_words.stock_take;
    case ReceiptKind::commission:
      return m_words.commission;
    case ReceiptKind::memo:
      return m_words.memo;
    case ReceiptKind::gift_basket:
    case ReceiptKind::start:
    case ReceiptKind::zero:
    case ReceiptKind::month:
    case ReceiptKind::year:
    case ReceiptKind::collective:
    case ReceiptKind::final:
      break;
  }
  return {};
}

// Printed at the top and again at the bottom: a torn slip still says what it is.
void Layout::special_words() {
  if (m_receipt.tse && !m_receipt.tse->certified) {
    centre(m_words.test, Emphasis::bold);
  }
  if (m_options.copy) {
    centre(m_words.copy, Emphasis::spaced);
  }
  if (!kind_word().empty()) {
    centre(kind_word(), Emphasis::spaced);
  }
}

void Layout::title() {
  const bool sale = m_plan.kind == ReceiptKind::receipt &&
                    std::any_of(m_plan.lines.begin(), m_plan.lines.end(),
                                [](const PlanLine& line) { return line.gv_typ == GvTyp::umsatz; });
  const std::string& name = m_receipt.register_info.name;
  pair(fmt::format("{} {}", sale ? m_words.receipt : m_words.slip, m_plan.receipt_number),
       name.empty() ? m_plan.register_id.text() : name);
  pair(minute_text(m_plan.decided, m_language),
       m_plan.cashier.empty() ? "" : fmt::format("{} {}", m_words.served_by, m_plan.cashier));
  if (!m_plan.reverses.empty()) {
    put(Text{fmt::format("{} {} {} {}", m_words.reverses, m_plan.reverses, m_words.dated,
                         minute_text(m_plan.reversed_decided, m_language))});
  }
  if (!m_plan.reason.empty()) {
    put(Text{fmt::format("{} {}", m_words.reason, m_plan.reason)});
  }
  if (!m_plan.customer.empty()) {
    put(Text{fmt::format("{} {}", m_words.customer, m_plan.customer)});
  }
  for (const std::string& text : receipt_particulars(m_receipt, m_language)) put(Text{text});
  put(Rule{});
}

// An order tells the kitchen what to make, an aborted sale was never owed, another system asks for
// the money of a delivery note: what is printed is what is signed.
bool Layout::is_priced() const {
  switch (m_plan.kind) {
    case ReceiptKind::order:
    case ReceiptKind::abort:
    case ReceiptKind::memo:
    case ReceiptKind::stock_take:
    case ReceiptKind::gift_basket:
      return false;
    case ReceiptKind::transfer:
      return !m_plan.vat.empty();
    case ReceiptKind::receipt:
    case ReceiptKind::reversal:
    case ReceiptKind::training:
    case ReceiptKind::invoice:
    case ReceiptKind::benefit:
    case ReceiptKind::other:
    case ReceiptKind::commission:
    case ReceiptKind::start:
    case ReceiptKind::zero:
    case ReceiptKind::month:
    case ReceiptKind::year:
    case ReceiptKind::collective:
    case ReceiptKind::final:
      return true;
  }
  return true;
}

std::string Layout::percent(VatRate rate) const {
  return fmt::format("{} %", localised(rate.text(), m_language));
}

// Fixed numbers (BIO-078 to 080) follow the rate, whatever key it has: 1 = 19 %, 2 = 7 %, 6 = 16 %,
// 7 = 5 %. They are marks on paper and no keys of any export.
std::string Layout::mark_of(const VatSum& sum) const {
  if (m_profile.vat_marks == VatMarks::letters) {
    return std::string(1, sum.letter);
  }
  constexpr std::pair<int, char> fixed[] = {{1900, '1'}, {700, '2'}, {1600, '6'}, {500, '7'}};
  for (const auto& [rate, number] : fixed) {
    if (sum.slot <= 2 && sum.rate.hundredths() == rate) {
      return std::string(1, number);
    }
  }
  constexpr std::pair<int, char> zero_rates[] = {{6, '8'}, {7, '9'}, {8, '0'}};
  for (const auto& [key, number] : zero_rates) {
    if (sum.slot == 5 && sum.key.get() == key) {
      return std::string(1, number);
    }
  }
  // Both average rates of § 24 UStG and what is not taxable keep the number of their place.
  return sum.slot >= 3 && sum.slot <= 5 ? std::to_string(sum.slot) : std::string(1, sum.letter);
}

std::string Layout::mark_of(const VatShare& share) const {
  for (const VatSum& sum : m_plan.vat) {
    if (sum.key == share.key && sum.rate == share.rate) {
      return mark_of(sum);
    }
  }
  return {};
}

void Layout::lines() {
  for (std::size_t i = 0; i < m_plan.lines.size(); ++i) {
    const PlanLine& line = m_plan.lines[i];
    // Taken back while it was rung up: never owed, and kept for the auditor only.
    if (line.cancelled) continue;
    if (is_priced()) {
      priced_line(line);
    } else {
      put(Text{fmt::format("{}{}{} x {}", localised(line.quantity.text(), m_language),
                           line.unit.empty() ? "" : " ", line.unit, line.text)});
    }
    for (const std::string& text : line_particulars(m_receipt, i + 1, m_language)) {
      pair(text, "", 2);
    }
  }
  if (m_plan.process_type == ProcessType::sonstiger_vorgang) {
    put(Text{m_plan.process_data});
  }
  if (!m_plan.note.empty() && m_plan.process_type != ProcessType::sonstiger_vorgang) {
    put(Text{m_plan.note});
  }
}

void Layout::priced_line(const PlanLine& line) {
  const bool one_rate = line.shares.size() == 1;
  const std::string mark = one_rate ? " " + mark_of(line.shares.front()) : "";
  if (is_one_piece(line)) {
    pair(line.text, money(line.amount) + mark);
  } else {
    put(Text{line.text});
    pair(quantity_and_price(line, m_language), money(line.amount) + mark, 2);
  }
  for (const Discount& discount : line.discounts) {
    pair(discount.text, money(discount.amount) + mark, 2);
  }
  if (!one_rate) {
    for (const VatShare& share : line.shares) {
      pair(fmt::format("{} {}", m_words.of_which, percent(share.rate)),
           fmt::format("{} {}", money(share.gross), mark_of(share)), 2);
    }
  }
}

void Layout::payments() {
  if (!is_priced()) {
    return;
  }
  put(Rule{});
  const Currency& base = m_receipt.register_info.base_currency;
  put(Pair{fmt::format("{} {}", m_words.total, base.text()), money(m_plan.total), 0,
           Emphasis::bold});
  for (const PlanPayment& payment : m_plan.payments) {
    if (payment.kind != PaymentKind::keine) {
      pair(payment_word(payment, m_language, base), money(payment.value));
    }
  }
  if (m_plan.change != Money()) {
    pair(m_words.change, money(m_plan.change));
  }
}

void Layout::vat_table() {
  if (!is_priced() || m_plan.vat.empty()) {
    return;
  }
  put(Blank{});
  std::vector<std::string> headings = {std::string(m_words.vat_rate), std::string(m_words.vat_net),
                                       std::string(m_words.vat_tax),
                                       std::string(m_words.vat_gross)};
  if (m_profile.vat_headings.size() == headings.size()) {
    headings = m_profile.vat_headings;
  }
  put(print::Row{std::move(headings)});
  VatSum footing;
  for (const VatSum& sum : m_plan.vat) {
    put(print::Row{{fmt::format("{}  {:>7}", mark_of(sum), percent(sum.rate)), money(sum.net),
                    money(sum.tax), money(sum.gross)}});
    footing.net += sum.net;
    footing.tax += sum.tax;
    footing.gross += sum.gross;
  }
  if (m_plan.vat.size() > 1) {
    put(print::Row{{std::string(m_words.vat_sum), money(footing.net), money(footing.tax),
                    money(footing.gross)}});
  }
  exemption_notes();
}

// Where no tax is shown, why [KassenSichV 6 no. 5].
void Layout::exemption_notes() {
  for (const VatSum& sum : m_plan.vat) {
    if (const auto words = own_key_words(m_receipt.business, sum.key); !words.empty()) {
      put(Text{fmt::format("{}: {}", mark_of(sum), words)});
      continue;
    }
    if (sum.rate.hundredths() != 0) {
      continue;
    }
    constexpr int exempt = 6;
    constexpr int undetermined = 7;
    constexpr int zero_rated = 8;
    const std::string_view why = sum.key.get() == exempt         ? m_words.exempt
                                 : sum.key.get() == undetermined ? m_words.undetermined
                                 : sum.key.get() == zero_rated   ? m_words.zero_rated
                                                                 : m_words.not_taxable;
    put(Text{fmt::format("{}: {}", mark_of(sum), why)});
  }
}

std::string Layout::log_time(Instant at, bool with_offset) const {
  const bool milliseconds =
      m_receipt.tse && m_receipt.tse->time_format == "generalizedTimeWithMilliseconds";
  return log_time_text(at, m_receipt.business.time_zone, m_language,
                       {.milliseconds = milliseconds, .with_offset = with_offset});
}

void Layout::proof() {
  if (!m_receipt.seal) {
    put(Rule{});
    centre(m_words.unfinished, Emphasis::bold);
    centre(m_words.unfinished_note);
    register_serial();
    return;
  }
  if (const auto& paper = m_plan.handwritten) {
    put(Blank{});
    pair(m_words.handwritten, paper->number);
    pair(m_words.handwritten_at, second_text(paper->at, m_language));
  }
  const Seal& seal = *m_receipt.seal;
  // In the nine items of DIK-002 to 010 there is no place for it, in the seven of BIO-082 there is.
  if (m_plan.has_first_order &&
      (m_profile.labels != LabelSet::biobill || seal.outcome != Seal::Outcome::signed_by_tse)) {
    put(Blank{});
    pair(m_words.first_order, second_text(m_plan.first_order, m_language));
  }
  switch (seal.outcome) {
    case Seal::Outcome::signed_by_tse:
      signed_proof(seal);
      return;
    case Seal::Outcome::unsigned_outage:
      outage(seal);
      return;
    case Seal::Outcome::signed_rksv:
    case Seal::Outcome::not_required:
      put(Rule{});
      put(Text{std::string(m_receipt.register_info.no_tse == NoTse::empties ? m_words.no_tse_empties
                                                                            : m_words.no_tse)});
      pair(m_words.begin, second_text(m_plan.began, m_language));
      pair(m_words.end, second_text(m_plan.decided, m_language));
      register_serial();
      return;
  }
}

void Layout::signed_proof(const Seal& seal) {
  const std::string text = m_profile.tse_form == TseForm::text ? std::string() : qr_text(m_receipt);
  // Both label sets of the seeds promise their items on every receipt: there the code comes
  // besides.
  switch (m_profile.labels) {
    case LabelSet::standard:
      if (text.empty() || m_profile.tse_form == TseForm::qr_and_text) {
        put(Rule{});
        standard_proof(seal);
      }
      break;
    case LabelSet::biobill:
      put(Rule{});
      biobill_proof(seal);
      break;
    case LabelSet::dikasse:
      put(Rule{});
      dikasse_proof(seal);
      break;
  }
  if (!text.empty()) {
    put(Blank{});
    code(text, seal);
  }
}

// The code alone is enough for the facts it carries [KassenSichV 6 sentence 2]; where it cannot be
// drawn they come in clear.
void Layout::code(const std::string& text, const Seal& seal) {
  print::Qr qr{text, std::string(m_words.in_the_code), {}};
  const bool only_code =
      m_profile.labels == LabelSet::standard && m_profile.tse_form == TseForm::qr;
  if (only_code) {
    Layout clear(m_receipt, m_profile, m_options);
    clear.standard_proof(seal);
    for (print::Block& block : clear.m_document.blocks) {
      if (auto* plain = std::get_if<Pair>(&block)) {
        qr.instead.emplace_back(std::move(*plain));
      } else if (auto* value = std::get_if<Value>(&block)) {
        qr.instead.emplace_back(std::move(*value));
      }
    }
  }
  put(std::move(qr));
}

void Layout::standard_proof(const Seal& seal) {
  if (m_plan.process_type != ProcessType::kassenbeleg) {
    pair(m_words.process_type, std::string(process_type_text(m_plan.process_type)));
  }
  pair(m_words.transaction, std::to_string(seal.transaction));
  pair(m_words.signature_counter, std::to_string(seal.signature_counter));
  pair(m_words.begin, log_time(seal.start));
  pair(m_words.end, log_time(seal.end));
  register_serial();
  put(Value{std::string(m_words.tse_serial), seal.tse_serial});
  put(Value{std::string(m_words.signature), base64(seal.signature)});
}

void Layout::biobill_proof(const Seal& seal) {
  put(Value{"TSE", seal.tse_serial});
  pair("TAN", std::to_string(seal.transaction));
  pair("SIZ", std::to_string(seal.signature_counter));
  if (m_plan.has_first_order) {
    pair("ERST", second_text(m_plan.first_order, m_language));
  }
  pair("START", log_time(seal.start));
  pair("ENDE", log_time(seal.end));
  put(Value{"SIGN", base64(seal.signature)});
  register_serial();
}

void Layout::dikasse_proof(const Seal& seal) {
  const bool de = m_language == Language::de;
  put(Value{de ? "[1] Signatur" : "[1] Signature", base64(seal.signature)});
  pair(de ? "[2] Transaktionsnummer" : "[2] Transaction number", std::to_string(seal.transaction));
  put(Value{"[3] Start", log_time(seal.start, true)});
  put(Value{de ? "[4] Ende" : "[4] End", log_time(seal.end, true)});
  put(Value{de ? "[5] TSE-Seriennummer" : "[5] TSE serial number", seal.tse_serial});
  pair(de ? "[6] Signaturzähler" : "[6] Signature counter", std::to_string(seal.signature_counter));
  if (m_receipt.tse) {
    put(Value{de ? "[7] Zeitformat" : "[7] Time format", m_receipt.tse->time_format});
    put(Value{de ? "[8] Signaturalgorithmus" : "[8] Signature algorithm",
              m_receipt.tse->algorithm});
    put(Value{de ? "[9] Öffentlicher Schlüssel" : "[9] Public key",
              base64(m_receipt.tse->public_key)});
  }
  register_serial();
}

// [AEAO 146a no. 1.14]: the receipt shows the failure; begin and end come from the till's clock. No
// later signature ever replaces this (TSS-026): it is made from plan and seal only.
void Layout::outage(const Seal& seal) {
  put(Rule{});
  centre(m_words.outage, Emphasis::bold);
  centre(m_words.outage_no_number);
  if (m_profile.labels == LabelSet::biobill) {
    centre("<keine TSE-Daten>");  // BIO-093, fixed words in any language
  }
  pair(fmt::format("{} {}, {}", m_words.outage_number, seal.outage_number, m_words.outage_receipt),
       std::to_string(seal.outage_receipt));
  // Of our own clock, so to the second like the other times of this block.
  pair(m_words.outage_since, log_time(Instant::from_unix(seal.outage_since.unix_seconds())));
  const std::string_view reason = m_words.reason.substr(0, m_words.reason.size() - 1);
  pair(reason, fmt::format("{} {}", seal.error_code, outage_reason(seal.error_code, m_language)));
  pair(m_words.begin, second_text(m_plan.began, m_language));
  pair(m_words.end, second_text(m_plan.decided, m_language));
  register_serial();
}

constexpr std::string_view tse_variable = "$tse_footer$";

bool Layout::proof_in_footer() const {
  const std::vector<std::string>& lines = m_receipt.business.footer_lines;
  return std::any_of(lines.begin(), lines.end(), [](const std::string& line) {
    return line.find(tse_variable) != std::string::npos;
  });
}

// The variable becomes what proof() says, data or failure; again on the same receipt it is nothing.
void Layout::footer() {
  if (m_receipt.business.footer_lines.empty()) {
    return;
  }
  put(Blank{});
  bool proven = !proof_in_footer();
  for (const std::string& line : m_receipt.business.footer_lines) {
    std::string rest = line;
    for (std::size_t at = rest.find(tse_variable); at != std::string::npos;
         at = rest.find(tse_variable)) {
      if (const std::string before = rest.substr(0, at); !before.empty()) centre(before);
      rest.erase(0, at + tse_variable.size());
      if (!proven) proof();
      proven = true;
      if (rest.empty()) break;
    }
    if (!rest.empty() || line.empty()) centre(rest);
  }
}

}  // namespace

print::Document receipt_document(const Receipt& receipt, const Profile& profile,
                                 const Country::PrintOptions& options) {
  Layout layout(receipt, profile, options);
  layout.header();
  layout.special_words();
  layout.title();
  layout.lines();
  layout.payments();
  layout.vat_table();
  if (!layout.proof_in_footer()) layout.proof();
  layout.footer();
  layout.special_words();
  return layout.take();
}

}  // namespace siegel::country::de
