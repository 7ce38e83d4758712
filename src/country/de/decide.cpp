#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "country/de/de.h"
#include "country/de/decide_lines.h"
#include "country/de/decide_payments.h"
#include "country/de/process_data.h"
#include "country/de/qr.h"
#include "country/de/receipt_text.h"
#include "model/codec.h"

namespace siegel::country::de {
namespace {

enum class Need { none, may, must };

/// What a kind of receipt has, and the word it is signed and exported under [DSFinV-K Anhang B].
struct KindRule {
  std::string_view bon_typ;
  Need lines = Need::must;
  bool payments = false;
};

KindRule rule_of(ReceiptKind kind) {
  switch (kind) {
    case ReceiptKind::receipt:
      return {.bon_typ = "Beleg", .payments = true};
    case ReceiptKind::reversal:
      return {.bon_typ = "Beleg", .lines = Need::none, .payments = true};
    case ReceiptKind::training:
      return {.bon_typ = "AVTraining"};
    case ReceiptKind::abort:
      return {.bon_typ = "AVBelegabbruch", .lines = Need::may};
    case ReceiptKind::order:
      return {.bon_typ = "AVBestellung"};
    case ReceiptKind::transfer:
      return {.bon_typ = "AVTransfer"};
    case ReceiptKind::invoice:
      return {.bon_typ = "AVRechnung"};
    case ReceiptKind::benefit:
      return {.bon_typ = "AVSachbezug"};
    case ReceiptKind::other:
      return {.bon_typ = "AVSonstige", .lines = Need::may};
    case ReceiptKind::memo:
      return {.bon_typ = "", .lines = Need::none};
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
  if (kind == ReceiptKind::memo) return ProcessType::sonstiger_vorgang;
  return ProcessType::kassenbeleg;
}

Status check_texts(const ReceiptDraft& draft) {
  namespace limits = draft_limits;
  const bool memo = draft.kind == ReceiptKind::memo;
  SIEGEL_TRY_OK(check_text(
      draft.text, {.length_max = memo ? limits::memo : limits::text, .line_feeds = memo}, "/text"));
  SIEGEL_TRY_OK(check_text(draft.reverses, {.length_max = limits::name}, "/reverses"));
  SIEGEL_TRY_OK(check_text(draft.reason, {.length_max = limits::text}, "/reason"));
  SIEGEL_TRY_OK(check_text(draft.name, {.length_max = limits::name}, "/name"));
  SIEGEL_TRY_OK(check_text(draft.cashier, {.length_max = limits::name}, "/cashier"));
  return check_text(draft.customer, {.length_max = limits::name}, "/customer");
}

/// A text that this kind cannot do without.
Status check_needed(const ReceiptDraft& draft) {
  if (draft.kind > ReceiptKind::memo)
    return invalid(
        "E-SAL-528",
        fmt::format("kind \"{}\" is known in Austria only", receipt_kind_text(draft.kind)),
        "/kind");
  const auto need = [&](const std::string& text, std::string_view field) -> Status {
    if (!text.empty()) return Ok{};
    return invalid("E-SAL-517",
                   fmt::format("kind \"{}\" needs `{}`", receipt_kind_text(draft.kind), field),
                   fmt::format("/{}", field));
  };
  if (draft.kind == ReceiptKind::reversal) return need(draft.reverses, "reverses");
  if (draft.kind == ReceiptKind::other) return need(draft.name, "name");
  if (draft.kind == ReceiptKind::memo) return need(draft.text, "text");
  if (draft.kind == ReceiptKind::benefit) return need(draft.customer, "customer");
  return Ok{};
}

/// A field that means nothing for this kind: better refused than silently dropped.
Status check_unused(const ReceiptDraft& draft) {
  const bool reversal = draft.kind == ReceiptKind::reversal;
  std::string_view field;
  if (!draft.reverses.empty() && !reversal) field = "reverses";
  if (!draft.reason.empty() && !reversal && draft.kind != ReceiptKind::abort) field = "reason";
  if (draft.change && draft.kind != ReceiptKind::receipt) field = "change";
  if (draft.total && draft.kind == ReceiptKind::memo) field = "total";
  if (draft.first_order_at && draft.kind != ReceiptKind::receipt) field = "first_order_at";
  if (field.empty()) return Ok{};
  return invalid("E-SAL-518",
                 fmt::format("kind \"{}\" has no `{}`", receipt_kind_text(draft.kind), field),
                 fmt::format("/{}", field));
}

Status check_counts(const ReceiptDraft& draft) {
  namespace limits = draft_limits;
  const KindRule rule = rule_of(draft.kind);
  const std::string_view kind = receipt_kind_text(draft.kind);
  if (draft.lines.size() > limits::lines) {
    return invalid(
        "E-SAL-520",
        fmt::format("{} lines, at most {} are allowed", draft.lines.size(), limits::lines),
        "/lines");
  }
  if (draft.payments.size() > limits::payments) {
    return invalid(
        "E-SAL-520",
        fmt::format("{} payments, at most {} are allowed", draft.payments.size(), limits::payments),
        "/payments");
  }
  if (draft.lines.empty() && rule.lines == Need::must) {
    return invalid("E-SAL-511", fmt::format("kind \"{}\" needs at least one line", kind), "/lines");
  }
  if (!draft.lines.empty() && rule.lines == Need::none) {
    return invalid("E-SAL-512",
                   draft.kind == ReceiptKind::reversal
                       ? "a reversal takes the lines of the receipt it reverses"
                       : fmt::format("kind \"{}\" has no lines", kind),
                   "/lines");
  }
  if (rule.payments) return Ok{};
  for (std::size_t i = 0; i < draft.payments.size(); ++i) {
    if (draft.payments[i].kind == PaymentKind::keine) continue;
    return invalid("E-SAL-510", fmt::format("kind \"{}\" has no payments", kind),
                   fmt::format("/payments/{}", i));
  }
  return Ok{};
}

Status check_original(const ReceiptDraft& draft, const Facts& facts) {
  if (facts.original == nullptr) {
    return not_found("E-SAL-513", fmt::format("there is no receipt {}", draft.reverses),
                     "/reverses");
  }
  const Plan& original = *facts.original;
  if (original.register_id != facts.register_info.id) {
    return conflict("E-SAL-516",
                    fmt::format("receipt {} is of register {}; it is reversed there",
                                original.receipt_number, original.register_id.text()),
                    "/reverses");
  }
  if (original.kind != ReceiptKind::receipt) {
    return conflict("E-SAL-515",
                    fmt::format("{} is no sale but a \"{}\"", original.receipt_number,
                                receipt_kind_text(original.kind)),
                    "/reverses");
  }
  if (facts.original_reversed) {
    return conflict("E-SAL-514",
                    fmt::format("receipt {} is reversed already", original.receipt_number),
                    "/reverses");
  }
  return Ok{};
}

Status check_cash_movements(const ReceiptDraft& draft) {
  const bool moves = std::ranges::any_of(
      draft.lines, [](const LineDraft& line) { return is_cash_movement(line.gv_typ); });
  if (!moves) return Ok{};
  for (std::size_t i = 0; i < draft.payments.size(); ++i) {
    const PaymentKind kind = draft.payments[i].kind;
    if (kind == PaymentKind::bar || kind == PaymentKind::keine) continue;
    return invalid("E-SAL-523", "money put into or taken out of the drawer is cash",
                   fmt::format("/payments/{}/kind", i));
  }
  return Ok{};
}

std::string order_data(const std::vector<PlanLine>& lines) {
  std::vector<OrderLine> out;
  out.reserve(lines.size());
  for (const PlanLine& line : lines) {
    UnitPrice price = line.unit_price;
    if (!line.discounts.empty() && line.quantity != Quantity()) {
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

std::string process_data_of(const Plan& plan) {
  switch (plan.process_type) {
    case ProcessType::bestellung:
      return order_data(plan.lines);
    case ProcessType::sonstiger_vorgang:
      return plan.note;
    case ProcessType::kassenbeleg:
      break;
  }
  std::array<Money, 5> slots{};
  for (const VatSum& sum : plan.vat) slots[static_cast<std::size_t>(sum.slot - 1)] += sum.gross;
  return kassenbeleg(plan.bon_typ, slots, payment_sums(plan.payments, plan.change));
}

/// Lines, VAT, total and payments.
Status decide_amounts(const ReceiptDraft& draft, const Facts& facts, Plan& plan) {
  const Date day = facts.now.date();
  if (draft.kind == ReceiptKind::reversal) {
    SIEGEL_TRY(plan.lines, turned_lines(*facts.original, day));
  } else {
    SIEGEL_TRY(plan.lines, decide_lines(draft, day));
  }
  const Money total = sum_of(plan.lines);
  if (draft.total && *draft.total != total) {
    return invalid("E-SAL-504",
                   fmt::format("the lines make {}, the total is given as {}", total.text(),
                               draft.total->text()),
                   "/total");
  }
  // Given up: nothing is owed, and nothing is signed but the fact [DSFinV-K Anhang I].
  if (draft.kind == ReceiptKind::abort) return Ok{};
  plan.total = total;
  plan.vat = vat_sums(plan.lines, day);
  if (!rule_of(draft.kind).payments) return Ok{};
  SIEGEL_TRY_OK(check_cash_movements(draft));
  Paid paid;
  if (draft.kind == ReceiptKind::reversal && draft.payments.empty()) {
    paid = turned_payments(*facts.original);
  } else {
    SIEGEL_TRY(paid, decide_payments(draft, total));
  }
  if (draft.kind == ReceiptKind::reversal && paid.change != Money()) {
    return invalid("E-SAL-505",
                   fmt::format("the reversal gives back {}, the payments make {}", (-total).text(),
                               (-total - paid.change).text()),
                   "/payments");
  }
  plan.payments = std::move(paid.payments);
  plan.change = paid.change;
  return Ok{};
}

}  // namespace

Result<Plan> Germany::decide(const ReceiptDraft& draft, const Facts& facts) const {
  SIEGEL_TRY_OK(check_texts(draft));
  SIEGEL_TRY_OK(check_needed(draft));
  SIEGEL_TRY_OK(check_unused(draft));
  SIEGEL_TRY_OK(check_counts(draft));
  if (draft.first_order_at && draft.first_order_at->instant() > facts.now.instant()) {
    return invalid("E-SAL-527",
                   fmt::format("the first order, {}, lies after now, {}",
                               draft.first_order_at->text(), facts.now.text()),
                   "/first_order_at");
  }
  Plan plan;
  if (draft.kind == ReceiptKind::reversal) {
    SIEGEL_TRY_OK(check_original(draft, facts));
    plan.reverses = facts.original->receipt_number;
    plan.reversed_decided = facts.original->decided;
  }
  plan.register_id = facts.register_info.id;
  plan.number = facts.next_number;
  plan.receipt_number = fmt::format("{}-{:06}", plan.register_id.text(), plan.number);
  plan.vorgang = facts.vorgang;
  plan.kind = draft.kind;
  plan.bon_typ = rule_of(draft.kind).bon_typ;
  plan.process_type = process_type_of(draft.kind);
  plan.began = facts.began;
  plan.decided = facts.now;
  plan.cashier = draft.cashier;
  plan.customer = draft.customer;
  plan.reason = draft.reason;
  plan.name = draft.name;
  plan.note = draft.text;
  plan.has_first_order = draft.first_order_at.has_value();
  plan.first_order = draft.first_order_at.value_or(LocalStamp());
  plan.tse_serial = facts.tse == nullptr ? std::string() : facts.tse->serial;
  plan.transaction = facts.transaction;
  plan.business_sequence = facts.business_sequence;
  SIEGEL_TRY_OK(decide_amounts(draft, facts, plan));
  plan.process_data = process_data_of(plan);
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
