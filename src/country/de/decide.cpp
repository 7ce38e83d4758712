#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "country/common/checks.h"
#include "country/common/particulars.h"
#include "country/de/de.h"
#include "country/de/empties.h"
#include "country/de/process_data.h"
#include "country/de/qr.h"
#include "country/de/receipt_text.h"
#include "model/codec.h"

namespace siegel::country::de {
namespace {

/// What a kind of receipt has, and the word it is signed and exported under [DSFinV-K Anhang B].
struct KindRule {
  std::string_view bon_typ;
  Contents contents = {};
};

KindRule rule_of(ReceiptKind kind) {
  switch (kind) {
    case ReceiptKind::receipt:
      return {.bon_typ = "Beleg", .contents = {.payments = Need::must}};
    case ReceiptKind::reversal:
      return {.bon_typ = "Beleg", .contents = {.lines = Need::none, .payments = Need::must}};
    case ReceiptKind::training:
      return {.bon_typ = "AVTraining"};
    case ReceiptKind::abort:
      return {.bon_typ = "AVBelegabbruch", .contents = {.lines = Need::may}};
    case ReceiptKind::order:
      return {.bon_typ = "AVBestellung"};
    case ReceiptKind::transfer:
      return {.bon_typ = "AVTransfer"};
    case ReceiptKind::invoice:
      return {.bon_typ = "AVRechnung"};
    case ReceiptKind::benefit:
      return {.bon_typ = "AVSachbezug"};
    case ReceiptKind::other:
      return {.bon_typ = "AVSonstige", .contents = {.lines = Need::may}};
    case ReceiptKind::commission:
      return {.bon_typ = "AVSonstige"};
    case ReceiptKind::gift_basket:
      return {};
    case ReceiptKind::stock_take:
      return {.bon_typ = "AVSonstige", .contents = {.lines = Need::none}};
    case ReceiptKind::memo:
      return {.bon_typ = "", .contents = {.lines = Need::none}};
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

ProcessType process_type_of(ReceiptKind kind) {
  if (kind == ReceiptKind::order) return ProcessType::bestellung;
  if (kind == ReceiptKind::memo || kind == ReceiptKind::stock_take) {
    return ProcessType::sonstiger_vorgang;
  }
  return ProcessType::kassenbeleg;
}

// Key 5: not taxable [DSFinV-K Anlage 2].
constexpr LineLaw line_law{.country = CountryCode::de, .not_taxable = VatKey(5)};

std::string order_data(const std::vector<PlanLine>& lines) {
  std::vector<OrderLine> out;
  out.reserve(lines.size());
  for (const PlanLine& line : lines) {
    if (line.cancelled) continue;
    UnitPrice price = line.unit_price;
    const bool per_one = line.discounts.empty() && line.factor == Quantity::from_raw(1000);
    if (!per_one && line.quantity != Quantity()) {
      // The price of one as agreed: the discounts of the line are part of it.
      if (const auto agreed = price_per_unit(line.total, line.quantity); agreed.ok()) {
        price = *agreed;
      }
    }
    const bool back = price < UnitPrice();  // taking back is told by the quantity
    out.push_back({.quantity = back ? -line.quantity : line.quantity,
                   .text = line.text,
                   .unit_price = cut_to_cents(back ? -price : price)});
  }
  return bestellung(out);
}

/// As process data counts them: without "Keine", the change taken off cash in the base currency.
std::vector<PaymentSum> payment_sums(const std::vector<PlanPayment>& payments, Money change,
                                     Currency base) {
  std::vector<PaymentSum> sums;
  for (const PlanPayment& payment : payments) {
    if (payment.kind == PaymentKind::keine) continue;
    sums.push_back({.cash = payment.kind == PaymentKind::bar,
                    .currency = payment.currency,
                    .amount = payment.amount});
  }
  sums.push_back({.cash = true, .currency = base, .amount = -change});
  return sums;
}

/// "Inventur 3: Teilinventur Getränke"; the name is the till's.
std::string stock_data(const Plan& plan) {
  return fmt::format("{} {}{}{}", plan.name, plan.stock_number, plan.note.empty() ? "" : ": ",
                     plan.note);
}

std::string process_data_of(const Plan& plan, Currency base) {
  switch (plan.process_type) {
    case ProcessType::bestellung:
      return order_data(plan.lines);
    case ProcessType::sonstiger_vorgang:
      return plan.kind == ReceiptKind::stock_take ? stock_data(plan) : plan.note;
    case ProcessType::kassenbeleg:
      break;
  }
  std::array<Money, 5> slots{};
  for (const VatSum& sum : plan.vat) slots[static_cast<std::size_t>(sum.slot - 1)] += sum.gross;
  return kassenbeleg(plan.bon_typ, slots, payment_sums(plan.payments, plan.change, base));
}

/// What a record is called that the till gave no name.
std::string_view usual_name(ReceiptKind kind) {
  if (kind == ReceiptKind::stock_take) return "Inventur";
  return kind == ReceiptKind::commission ? "Kommission" : "";
}

/// On which device the receipt is signed; empty: on none.
Result<std::string> device_of(const Plan& plan, const Facts& facts) {
  switch (facts.register_info.no_tse) {
    case NoTse::no:
      return facts.tse == nullptr ? std::string() : facts.tse->serial;
    case NoTse::before_tse:
      return std::string();
    case NoTse::empties:
      SIEGEL_TRY_OK(check_empties(plan));
      return std::string();
  }
  return std::string();
}

/// An exemption from the receipt duty never holds for goods put on a scale (BIO-077).
bool is_paper_optional(const Plan& plan, const Profile& profile) {
  return profile.receipt_duty == ReceiptDuty::exempt &&
         std::ranges::none_of(plan.lines, &PlanLine::weighed);
}

}  // namespace

Result<Plan> Germany::decide(const ReceiptDraft& draft, const Facts& facts) const {
  if (is_rksv_kind(draft.kind)) {
    return invalid(
        "E-SAL-528",
        fmt::format("kind \"{}\" is known in Austria only", receipt_kind_text(draft.kind)),
        "/kind");
  }
  const KindRule rule = rule_of(draft.kind);
  SIEGEL_TRY_OK(check_texts(draft));
  SIEGEL_TRY_OK(check_needed(draft));
  SIEGEL_TRY_OK(check_unused(draft));
  SIEGEL_TRY_OK(check_counts(draft, rule.contents));
  SIEGEL_TRY_OK(check_first_order(draft, facts));
  SIEGEL_TRY_OK(check_particulars(draft, facts));
  if (draft.kind == ReceiptKind::gift_basket) return no_vorgang();
  SIEGEL_TRY_OK(check_handwritten(draft, facts));
  if (draft.kind == ReceiptKind::reversal) SIEGEL_TRY_OK(check_original(draft, facts));
  Plan plan = plan_of(draft, facts);
  plan.bon_typ = rule.bon_typ;
  plan.process_type = process_type_of(draft.kind);
  if (plan.name.empty()) plan.name = usual_name(draft.kind);
  plan.transaction = facts.transaction;
  SIEGEL_TRY_OK(decide_amounts(draft, facts, line_law, rule.contents, plan));
  SIEGEL_TRY(plan.tse_serial, device_of(plan, facts));
  plan.paper_optional = is_paper_optional(plan, facts.profile);
  plan.process_data = process_data_of(plan, facts.register_info.base_currency);
  return plan;
}

Next Germany::next(const Plan& plan, const Progress& progress) const {
  if (plan.tse_serial.empty() || progress.finish) return Done{};
  if (plan.transaction == 0 && !progress.start) {
    return TseStep{.operation = TseStep::Operation::start,
                   .transaction = 0,
                   .process_type = {},
                   .process_data = {}};
  }
  return TseStep{
      .operation = TseStep::Operation::finish,
      .transaction = plan.transaction != 0 ? plan.transaction : progress.start->transaction,
      .process_type = std::string(process_type_text(plan.process_type)),
      .process_data = plan.process_data};
}

Seal Germany::seal(std::uint64_t plan_sequence, const Plan& plan, const Outcome& outcome) const {
  Seal seal;
  seal.plan_sequence = plan_sequence;
  if (const auto* outage = std::get_if<Outage>(&outcome)) {
    seal.outcome = Seal::Outcome::unsigned_outage;
    seal.tse_serial = plan.tse_serial;
    seal.outage_number = outage->number;
    seal.outage_receipt = outage->receipt;
    seal.outage_since = outage->since;
    seal.error_code = outage->code;
    seal.error_text = outage->text;
    return seal;
  }
  const auto* progress = std::get_if<Progress>(&outcome);
  if (progress == nullptr) return seal;
  SIEGEL_CHECK(progress->start && progress->finish);
  seal.outcome = Seal::Outcome::signed_by_tse;
  seal.tse_serial = plan.tse_serial;
  seal.transaction = progress->finish->transaction;
  seal.signature_counter = progress->finish->counter;
  seal.start = progress->start->log_time;
  seal.end = progress->finish->log_time;
  seal.signature = progress->finish->signature;
  seal.start_signature_counter = progress->start->counter;
  seal.start_signature = progress->start->signature;
  return seal;
}

print::Document Germany::print(const Receipt& receipt, const Profile& profile,
                               const PrintOptions& options) const {
  return receipt_document(receipt, profile, options);
}

std::string Germany::code_text(const Receipt& receipt) const { return qr_text(receipt); }

}  // namespace siegel::country::de
