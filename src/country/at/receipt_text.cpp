#include "country/at/receipt_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "country/at/receipt_words.h"
#include "country/common/lines.h"
#include "country/common/paper.h"
#include "model/rksv.h"

namespace siegel::country::at {
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

  void special_words();
  void header();
  void title();
  void body();
  void proof();
  void footer();
  [[nodiscard]] print::Document take() { return std::move(m_document); }

 private:
  template <class Block>
  void put(Block block) {
    m_document.blocks.push_back(std::move(block));
  }
  void text(std::string line) { put(Text{std::move(line)}); }
  void centre(std::string_view line, Emphasis emphasis = Emphasis::normal) {
    put(Text{std::string(line), Align::center, emphasis});
  }
  void pair(std::string_view left, std::string right, int indent = 0) {
    put(Pair{std::string(left), std::move(right), indent, Emphasis::normal});
  }
  [[nodiscard]] std::string money(Money value) const { return amount(value, m_language); }
  [[nodiscard]] std::string percent(VatRate rate) const;
  [[nodiscard]] char mark_of(const VatShare& share) const;

  [[nodiscard]] bool is_without_amount() const;
  [[nodiscard]] bool is_owed() const;
  [[nodiscard]] bool is_development() const {
    return m_receipt.signer && m_receipt.signer->development;
  }
  [[nodiscard]] LocalStamp issued() const;
  [[nodiscard]] std::string kind_word() const;
  [[nodiscard]] std::string_view unsigned_word() const;
  [[nodiscard]] std::string_view purpose() const;

  void line(const PlanLine& line);
  void payments();
  void vat_table();
  void put_footing(const VatSum& footing);
  void without_amount();
  [[nodiscard]] std::string outage_note() const;
  void next_step();
  void code(const Seal& seal);

  const Receipt& m_receipt;
  const Plan& m_plan;
  const Profile& m_profile;
  const Country::PrintOptions& m_options;
  Language m_language;
  const Words& m_words;
  print::Document m_document;
};

// `2026-11`
std::string month_word(std::string_view period) {
  return fmt::format("{}/{}", period.substr(5), period.substr(0, 4));
}

bool Layout::is_without_amount() const { return is_rksv_kind(m_plan.kind); }

// What has no price on paper: given up, ordered, delivered and booked elsewhere, counted, noted.
bool Layout::is_owed() const {
  constexpr std::array unpriced = {ReceiptKind::abort, ReceiptKind::order, ReceiptKind::transfer,
                                   ReceiptKind::stock_take, ReceiptKind::memo};
  return std::ranges::find(unpriced, m_plan.kind) == unpriced.end();
}

// A receipt that is no Barumsatz says what it is instead.
std::string_view Layout::unsigned_word() const {
  const auto any = [&](auto&& what) { return std::ranges::any_of(m_plan.lines, what); };
  if (any([](const PlanLine& line) { return line.gv_typ == GvTyp::forderungsentstehung; })) {
    return m_words.on_account;
  }
  const bool moves = any([](const PlanLine& line) {
    return is_cash_movement(line.gv_typ) || line.gv_typ == GvTyp::trinkgeld_an;
  });
  return moves ? m_words.movement : m_words.for_others;
}

std::string Layout::kind_word() const {
  switch (m_plan.kind) {
    case ReceiptKind::receipt:
      return m_plan.rksv ? std::string() : std::string(unsigned_word());
    case ReceiptKind::reversal:
      return "STORNOBUCHUNG";
    case ReceiptKind::training:
      return "TRAININGSBUCHUNG";
    case ReceiptKind::abort:
      return std::string(m_words.abort);
    case ReceiptKind::stock_take:
      return std::string(m_words.stock_take);
    case ReceiptKind::commission:
      return std::string(m_words.commission);
    case ReceiptKind::memo:
      return std::string(m_words.memo);
    case ReceiptKind::start:
      return "STARTBELEG";
    case ReceiptKind::zero:
      return "NULLBELEG";
    case ReceiptKind::month:
      return fmt::format("MONATSBELEG {}", month_word(m_plan.name));
    case ReceiptKind::year:
      return fmt::format("JAHRESBELEG {}", m_plan.name);
    case ReceiptKind::collective:
      return "SAMMELBELEG";
    case ReceiptKind::final:
      return "SCHLUSSBELEG";
    case ReceiptKind::order:
      return std::string(m_words.order);
    case ReceiptKind::transfer:
      return std::string(m_words.transfer);
    case ReceiptKind::invoice:
      return std::string(m_words.invoice);
    case ReceiptKind::benefit:
      return std::string(m_words.benefit);
    case ReceiptKind::other:
      return m_plan.name.empty() ? std::string(m_words.other) : m_plan.name;
    case ReceiptKind::gift_basket:
      break;
  }
  return {};
}

// Printed at the top and again at the bottom: a torn slip still says what it is.
void Layout::special_words() {
  if (is_development()) centre(m_words.test, Emphasis::bold);
  if (m_options.copy) centre(m_words.copy, Emphasis::spaced);
  const std::string word = kind_word();
  if (!word.empty()) centre(word, Emphasis::bold);
}

void Layout::header() {
  put_header(m_receipt, {.vat_id = m_words.vat_id, .tax_number = m_words.tax_number}, m_document);
}

// Paper and code say the same time, also where it is held because the clock fell back.
LocalStamp Layout::issued() const {
  if (!m_plan.rksv) return m_plan.decided;
  return LocalStamp::parse(m_plan.rksv->time + "Z").value();
}

// Kassen-ID, number and time are fields 2 to 4 of the code, to the character [RKSV 11 (1)].
void Layout::title() {
  pair(fmt::format("{} {}", m_words.receipt, m_plan.receipt_number),
       fmt::format("{} {}", m_words.cash_box, m_plan.register_id.text()));
  pair(second_text(issued(), m_language),
       m_plan.cashier.empty() ? "" : fmt::format("{} {}", m_words.served_by, m_plan.cashier));
  if (!m_plan.reverses.empty()) {
    text(fmt::format("{} {} {} {}", m_words.reversal_of, m_plan.reverses, m_words.dated,
                     minute_text(m_plan.reversed_decided, m_language)));
  }
  if (m_plan.kind == ReceiptKind::training) text(std::string(m_words.training_note));
  if (!m_plan.reason.empty()) text(fmt::format("{} {}", m_words.reason, m_plan.reason));
  if (!m_plan.customer.empty()) text(fmt::format("{} {}", m_words.customer, m_plan.customer));
  for (const std::string& each : receipt_particulars(m_receipt, m_language)) text(each);
  put(Rule{});
}

std::string Layout::percent(VatRate rate) const {
  std::string digits = rate.text();
  if (digits.ends_with('0')) digits.pop_back();  // 4.9, 20.0
  return fmt::format("{} %", localised(digits, m_language));
}

char Layout::mark_of(const VatShare& share) const {
  for (const VatSum& sum : m_plan.vat) {
    if (sum.key == share.key && sum.rate == share.rate) return sum.letter;
  }
  return ' ';
}

void Layout::line(const PlanLine& line) {
  if (!is_owed()) {
    text(fmt::format("{}{}{} x {}", localised(line.quantity.text(), m_language),
                     line.unit.empty() ? "" : " ", line.unit, line.text));
    return;
  }
  const bool one_rate = line.shares.size() == 1;
  const std::string mark = one_rate ? fmt::format(" {}", mark_of(line.shares.front())) : "";
  if (is_one_piece(line)) {
    pair(line.text, money(line.amount) + mark);
  } else {
    text(line.text);
    pair(quantity_and_price(line, m_language), money(line.amount) + mark, 2);
  }
  for (const Discount& discount : line.discounts) {
    pair(discount.text, money(discount.amount) + mark, 2);
  }
  if (one_rate) return;
  for (const VatShare& share : line.shares) {
    pair(fmt::format("{} {}", m_words.of_which, percent(share.rate)),
         fmt::format("{} {}", money(share.gross), mark_of(share)), 2);
  }
}

void Layout::body() {
  if (is_without_amount()) {
    without_amount();
    return;
  }
  for (std::size_t i = 0; i < m_plan.lines.size(); ++i) {
    // Taken back while it was rung up: never owed.
    if (m_plan.lines[i].cancelled) continue;
    line(m_plan.lines[i]);
    for (const std::string& each : line_particulars(m_receipt, i + 1, m_language)) {
      pair(each, "", 2);
    }
  }
  if (!m_plan.note.empty()) text(m_plan.note);
  if (!is_owed()) return;
  payments();
  vat_table();
}

void Layout::payments() {
  put(Rule{});
  put(Pair{std::string(m_words.total), money(m_plan.total), 0, Emphasis::bold});
  for (const PlanPayment& payment : m_plan.payments) {
    if (payment.kind == PaymentKind::keine) continue;
    pair(payment_word(payment, m_language), money(payment.value));
  }
  if (m_plan.change != Money()) pair(m_words.change, money(m_plan.change));
}

// 4.9 % and 19 % share one field of the code and have a row each here [BMF 2026-03-13].
void Layout::vat_table() {
  const bool taxed =
      std::ranges::any_of(m_plan.vat, [](const VatSum& sum) { return sum.rate.hundredths() != 0; });
  if (m_plan.vat.empty() || (!m_plan.rksv && !taxed)) return;
  put(Blank{});
  std::vector<std::string> headings = {std::string(m_words.vat_rate), std::string(m_words.vat_net),
                                       std::string(m_words.vat_tax),
                                       std::string(m_words.vat_gross)};
  if (m_profile.vat_headings.size() == headings.size()) headings = m_profile.vat_headings;
  put(print::Row{std::move(headings)});
  VatSum footing;
  for (const VatSum& sum : m_plan.vat) {
    put(print::Row{{fmt::format("{}  {:>6}", sum.letter, percent(sum.rate)), money(sum.net),
                    money(sum.tax), money(sum.gross)}});
    footing.net += sum.net;
    footing.tax += sum.tax;
    footing.gross += sum.gross;
  }
  if (m_plan.vat.size() > 1) put_footing(footing);
  for (const VatSum& sum : m_plan.vat) {
    const auto words = own_key_words(m_receipt.business, sum.key);
    if (!words.empty()) text(fmt::format("{}: {}", sum.letter, words));
  }
}

void Layout::put_footing(const VatSum& footing) {
  put(print::Row{{std::string(m_words.vat_sum), money(footing.net), money(footing.tax),
                  money(footing.gross)}});
}

std::string_view Layout::purpose() const {
  switch (m_plan.rksv->kind) {
    case RksvKind::start:
      return m_words.start_purpose;
    case RksvKind::month:
      return m_words.month_purpose;
    case RksvKind::year:
      return m_words.year_purpose;
    case RksvKind::collective:
      return m_words.collective_purpose;
    case RksvKind::final:
      return m_words.final_purpose;
    case RksvKind::zero:
      return m_plan.name.empty() ? m_words.zero_purpose : std::string_view(m_plan.name);
    case RksvKind::standard:
    case RksvKind::reversal:
    case RksvKind::training:
      break;
  }
  return {};
}

void Layout::without_amount() {
  text(std::string(purpose()));
  pair(m_words.zero_amount, money(Money()));
  const RksvKind kind = m_plan.rksv->kind;
  if (kind == RksvKind::month || kind == RksvKind::year || kind == RksvKind::final) {
    pair(m_words.counter, money(Money::from_cents(m_plan.rksv->counter)));
  }
  if (m_receipt.seal && m_receipt.seal->outcome == Seal::Outcome::signed_rksv) {
    pair(m_words.signature, std::string(m_words.signed_));
  }
  if (m_receipt.signer) {
    put(Value{std::string(m_words.device), m_receipt.signer->serial});
    pair(m_words.provider, provider_word(m_receipt.signer->provider));
  }
  if (!m_plan.note.empty()) text(outage_note());
  next_step();
}

// A recorder notes the receipts that a Sammelbeleg covers as `<first time> - <last time>: <count>`.
std::string Layout::outage_note() const {
  const std::string_view note = m_plan.note;
  const std::size_t dash = note.find(" - ");
  const std::size_t colon = note.find(": ", dash == std::string_view::npos ? 0 : dash);
  if (m_plan.kind != ReceiptKind::collective || dash == std::string_view::npos ||
      colon == std::string_view::npos) {
    return m_plan.note;
  }
  const auto first = LocalStamp::parse(fmt::format("{}Z", note.substr(0, dash)));
  const auto last = LocalStamp::parse(fmt::format("{}Z", note.substr(dash + 3, colon - dash - 3)));
  if (!first.ok() || !last.ok()) return m_plan.note;
  return fmt::format("{} {} - {}: {}", m_words.unsigned_receipts, second_text(*first, m_language),
                     second_text(*last, m_language), note.substr(colon + 2));
}

void Layout::next_step() {
  if (m_plan.kind == ReceiptKind::start) text(std::string(m_words.start_next));
  if (m_plan.kind == ReceiptKind::final) {
    text(fmt::format(fmt::runtime(m_words.final_next), m_plan.register_id.text()));
  }
  if (m_plan.kind != ReceiptKind::year) return;
  // Until 15 February of the next year [RKSV 8 (3)].
  const auto year = Date::parse(m_plan.name + "-01-01");
  if (!year.ok()) return;
  const int next = static_cast<int>(year->ymd().year()) + 1;
  text(fmt::format(fmt::runtime(m_words.year_check), m_language == Language::de
                                                         ? fmt::format("15.02.{}", next)
                                                         : fmt::format("{}-02-15", next)));
}

void Layout::proof() {
  if (!m_receipt.seal) {
    put(Rule{});
    centre(m_words.unfinished, Emphasis::bold);
    centre(m_words.unfinished_note);
    return;
  }
  if (m_plan.has_first_order) {
    put(Blank{});
    pair(m_words.first_order, second_text(m_plan.first_order, m_language));
  }
  if (const auto& paper = m_plan.handwritten) {
    put(Blank{});
    pair(m_words.handwritten, paper->number);
    pair(m_words.handwritten_at, second_text(paper->at, m_language));
  }
  const Seal& seal = *m_receipt.seal;
  switch (seal.outcome) {
    case Seal::Outcome::unsigned_outage:
      put(Blank{});
      centre(rksv::outage_text, Emphasis::bold);
      code(seal);
      return;
    case Seal::Outcome::signed_rksv:
      put(Blank{});
      code(seal);
      return;
    case Seal::Outcome::signed_by_tse:
    case Seal::Outcome::not_required:
      put(Rule{});
      centre(m_words.not_subject);
      return;
  }
}

// QR code, or the text for reading machines where the shop chose it or nothing can be drawn [RKSV
// 11 (2), Anlage Z 12, 13].
void Layout::code(const Seal& seal) {
  const std::string ocr = rksv::ocr_code(seal.code_payload, seal.signature);
  if (m_profile.tse_form != TseForm::text) {
    print::Qr qr{
        .text = rksv::code(seal.code_payload, seal.signature), .caption = {}, .instead = {}};
    qr.instead.emplace_back(Value{"RKSV", ocr});
    put(std::move(qr));
  }
  if (m_profile.tse_form != TseForm::qr) put(Value{"RKSV", ocr});
}

void Layout::footer() {
  if (m_receipt.business.footer_lines.empty() || is_without_amount()) return;
  put(Blank{});
  for (const std::string& each : m_receipt.business.footer_lines) centre(each);
}

}  // namespace

print::Document receipt_document(const Receipt& receipt, const Profile& profile,
                                 const Country::PrintOptions& options) {
  Layout layout(receipt, profile, options);
  layout.special_words();
  layout.header();
  layout.title();
  layout.body();
  layout.proof();
  layout.footer();
  layout.special_words();
  return layout.take();
}

}  // namespace siegel::country::at
