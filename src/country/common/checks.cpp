#include "country/common/checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

#include "country/common/particulars.h"
#include "country/common/payments.h"
#include "model/codec.h"

namespace siegel::country {
namespace {

Status check_cash_movements(const ReceiptDraft& draft, const std::vector<PlanLine>& lines) {
  const bool moves = std::ranges::any_of(
      lines, [](const PlanLine& line) { return is_cash_movement(line.gv_typ) && !line.cancelled; });
  if (!moves) return Ok{};
  for (std::size_t i = 0; i < draft.payments.size(); ++i) {
    const PaymentKind kind = draft.payments[i].kind;
    if (kind == PaymentKind::bar || kind == PaymentKind::keine) continue;
    return invalid("E-SAL-523", "money put into or taken out of the drawer is cash",
                   fmt::format("/payments/{}/kind", i));
  }
  return Ok{};
}

/// A Vorgang whose lines were all taken back was given up; an order has no such lines [DSFinV-K
/// 7.2].
Status check_something_left(const ReceiptDraft& draft, const std::vector<PlanLine>& lines) {
  if (lines.empty() || draft.kind == ReceiptKind::abort) return Ok{};
  const auto taken_back = std::ranges::find_if(lines, &PlanLine::cancelled);
  if (draft.kind == ReceiptKind::order && taken_back != lines.end()) {
    return invalid("E-SAL-536", "what is taken back of an order is a negative quantity",
                   fmt::format("/lines/{}/cancelled", taken_back - lines.begin()));
  }
  if (!std::ranges::all_of(lines, &PlanLine::cancelled)) return Ok{};
  return invalid("E-SAL-536", "all lines were taken back: give the receipt up, kind \"abort\"",
                 "/lines");
}

/// The rates that were used stand in the note, which is printed and exported [DSFinV-K 7.10].
Status note_rates(const std::string& rates, Plan& plan) {
  if (rates.empty()) return Ok{};
  std::string note = plan.note.empty() ? rates : fmt::format("{}; {}", plan.note, rates);
  if (utf8_length(note) > draft_limits::text) {
    return invalid("E-SAL-519",
                   fmt::format("with the rates of exchange ({}) the note is longer than {} "
                               "characters",
                               rates, draft_limits::text),
                   "/text");
  }
  plan.note = std::move(note);
  return Ok{};
}

}  // namespace

bool has_value(ReceiptKind kind) {
  return kind != ReceiptKind::abort && kind != ReceiptKind::transfer;
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

Status check_needed(const ReceiptDraft& draft) {
  const auto need = [&](const std::string& text, std::string_view field) -> Status {
    if (!text.empty()) return Ok{};
    return invalid("E-SAL-517",
                   fmt::format("kind \"{}\" needs `{}`", receipt_kind_text(draft.kind), field),
                   fmt::format("/{}", field));
  };
  if (draft.kind == ReceiptKind::reversal) return need(draft.reverses, "reverses");
  if (draft.kind == ReceiptKind::other) return need(draft.name, "name");
  if (draft.kind == ReceiptKind::memo) return need(draft.text, "text");
  if (draft.kind == ReceiptKind::benefit && !draft.buyer) return need(draft.customer, "customer");
  return Ok{};
}

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

Status check_counts(const ReceiptDraft& draft, const Contents& contents) {
  namespace limits = draft_limits;
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
  if (draft.lines.empty() && contents.lines == Need::must) {
    return invalid("E-SAL-511", fmt::format("kind \"{}\" needs at least one line", kind), "/lines");
  }
  if (!draft.lines.empty() && contents.lines == Need::none) {
    return invalid("E-SAL-512",
                   draft.kind == ReceiptKind::reversal
                       ? "a reversal takes the lines of the receipt it reverses"
                       : fmt::format("kind \"{}\" has no lines", kind),
                   "/lines");
  }
  if (contents.payments != Need::none) return Ok{};
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

Status check_first_order(const ReceiptDraft& draft, const Facts& facts) {
  if (!draft.first_order_at || draft.first_order_at->instant() <= facts.now.instant()) return Ok{};
  return invalid("E-SAL-527",
                 fmt::format("the first order, {}, lies after now, {}",
                             draft.first_order_at->text(), facts.now.text()),
                 "/first_order_at");
}

Status check_handwritten(const ReceiptDraft& draft, const Facts& facts) {
  if (!draft.handwritten) return Ok{};
  const auto refuse = [](std::string why, std::string_view field) {
    return invalid("E-SAL-529", std::move(why), fmt::format("/handwritten{}", field));
  };
  if (draft.kind != ReceiptKind::receipt)
    return refuse(fmt::format("kind \"{}\" is not entered later", receipt_kind_text(draft.kind)),
                  "");
  if (facts.transaction != 0) return refuse("it ends no Vorgang that the register has open", "");
  if (draft.handwritten->number.empty())
    return refuse("the number of the paper is missing", "/number");
  SIEGEL_TRY_OK(check_text(draft.handwritten->number, {.length_max = draft_limits::name},
                           "/handwritten/number"));
  if (draft.handwritten->at.instant() > facts.now.instant())
    return refuse(fmt::format("it was written at {}, which lies after now, {}",
                              draft.handwritten->at.text(), facts.now.text()),
                  "/at");
  return Ok{};
}

Facts facts_of_day(const ReceiptDraft& draft, const Facts& facts) {
  Facts then = facts;
  if (draft.handwritten) then.now = draft.handwritten->at;
  return then;
}

Error no_vorgang() {
  return conflict(
      "E-SAL-539",
      "a gift basket is no Vorgang: nothing was recorded and nothing signed; sell it as "
      "a line with `sub_items`",
      "/kind");
}

Plan plan_of(const ReceiptDraft& draft, const Facts& facts) {
  Plan plan;
  if (draft.kind == ReceiptKind::reversal) {
    plan.reverses = facts.original->receipt_number;
    plan.reversed_decided = facts.original->decided;
  }
  plan.register_id = facts.register_info.id;
  plan.number = facts.next_number;
  plan.receipt_number = fmt::format("{}-{:06}", plan.register_id.text(), plan.number);
  plan.vorgang = facts.vorgang;
  plan.kind = draft.kind;
  plan.handwritten = draft.handwritten;
  plan.began = draft.handwritten ? draft.handwritten->at : facts.began;
  plan.decided = facts.now;
  take_particulars(draft, facts, plan);
  if (draft.kind == ReceiptKind::stock_take) plan.stock_number = facts.next_stock_number;
  plan.reason = draft.reason;
  plan.name = draft.name;
  plan.note = draft.text;
  plan.has_first_order = draft.first_order_at.has_value();
  plan.first_order = draft.first_order_at.value_or(LocalStamp());
  plan.business_sequence = facts.business_sequence;
  return plan;
}

Status decide_amounts(const ReceiptDraft& draft, const Facts& facts, const LineLaw& law,
                      const Contents& contents, Plan& plan) {
  if (draft.kind == ReceiptKind::reversal) {
    SIEGEL_TRY(plan.lines, turned_lines(*facts.original, facts, law));
  } else {
    SIEGEL_TRY(plan.lines, decide_lines(draft, facts, law));
  }
  SIEGEL_TRY_OK(check_something_left(draft, plan.lines));
  if (draft.kind == ReceiptKind::receipt) SIEGEL_TRY_OK(check_settled(plan));
  const Money total = sum_of(plan.lines);
  if (draft.total && *draft.total != total) {
    return invalid("E-SAL-504",
                   fmt::format("the lines make {}, the total is given as {}", total.text(),
                               draft.total->text()),
                   "/total");
  }
  if (!has_value(draft.kind)) return Ok{};
  plan.total = total;
  plan.vat = vat_sums(plan.lines, facts, law);
  if (contents.payments == Need::none) return Ok{};
  if (contents.payments == Need::may && draft.payments.empty()) return Ok{};
  SIEGEL_TRY_OK(check_cash_movements(draft, plan.lines));
  Paid paid;
  if (draft.kind == ReceiptKind::reversal && draft.payments.empty()) {
    paid = turned_payments(*facts.original, facts.register_info.base_currency);
  } else {
    SIEGEL_TRY(paid, decide_payments(draft, total, facts));
  }
  if (draft.kind == ReceiptKind::reversal && paid.change != Money()) {
    return invalid("E-SAL-505",
                   fmt::format("the reversal gives back {}, the payments make {}", (-total).text(),
                               (-total - paid.change).text()),
                   "/payments");
  }
  SIEGEL_TRY_OK(note_rates(paid.rates, plan));
  plan.payments = std::move(paid.payments);
  plan.change = paid.change;
  return Ok{};
}

}  // namespace siegel::country
