#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "base/mutant.h"
#include "country/at/at.h"
#include "country/at/fields.h"
#include "country/at/period.h"
#include "country/at/receipt_text.h"
#include "country/common/business_case.h"
#include "country/common/checks.h"
#include "country/common/lines.h"
#include "country/common/particulars.h"
#include "model/codec.h"
#include "model/rksv.h"

namespace siegel::country::at {
namespace {

constexpr std::size_t signature_bytes = 64;

// Key 4: what is in none of the named rates goes into Betrag-Satz-Null [RKSV 9 (2) no. 5].
constexpr LineLaw line_law{.country = CountryCode::at, .not_taxable = VatKey(4)};

enum class Standing {
  not_subject,  ///< recorded, no Barumsatz: nothing is paid with it
  sale,
  without_amount,
};
struct KindRule {
  Standing standing = Standing::not_subject;
  RksvKind rksv = RksvKind::standard;
  Contents contents = {};
};

KindRule rule_of(ReceiptKind kind) {
  constexpr Contents empty{.lines = Need::none};
  switch (kind) {
    case ReceiptKind::receipt:
      return {Standing::sale, RksvKind::standard, {.payments = Need::must}};
    case ReceiptKind::reversal:
      return {Standing::sale, RksvKind::reversal, {.lines = Need::none, .payments = Need::must}};
    case ReceiptKind::training:
      return {Standing::sale, RksvKind::training, {.payments = Need::may}};
    case ReceiptKind::abort:
      return {Standing::not_subject, {}, {.lines = Need::may}};
    case ReceiptKind::stock_take:
    case ReceiptKind::memo:
      return {Standing::not_subject, {}, empty};
    case ReceiptKind::order:
    case ReceiptKind::transfer:
    case ReceiptKind::invoice:
    case ReceiptKind::benefit:
    case ReceiptKind::commission:
    case ReceiptKind::gift_basket:
      return {};
    case ReceiptKind::other:
      return {Standing::not_subject, {}, {.lines = Need::may}};
    case ReceiptKind::start:
      return {Standing::without_amount, RksvKind::start, empty};
    case ReceiptKind::zero:
      return {Standing::without_amount, RksvKind::zero, empty};
    case ReceiptKind::month:
      return {Standing::without_amount, RksvKind::month, empty};
    case ReceiptKind::year:
      return {Standing::without_amount, RksvKind::year, empty};
    case ReceiptKind::collective:
      return {Standing::without_amount, RksvKind::collective, empty};
    case ReceiptKind::final:
      return {Standing::without_amount, RksvKind::final, empty};
  }
  return {};
}

/// Whether this kind may be made at this point of the register's life.
Status check_life(const ReceiptDraft& draft, const Facts& facts) {
  const RksvFacts& rksv = *facts.rksv;
  const std::string& id = facts.register_info.id.text();
  if (rksv.ended) {
    return conflict("E-RKS-103",
                    fmt::format("register {} was ended by its Schlussbeleg; nothing follows", id),
                    "/kind");
  }
  if (rksv.started && draft.kind == ReceiptKind::start) {
    return conflict("E-RKS-101", fmt::format("register {} has its Startbeleg already", id),
                    "/kind");
  }
  if (!rksv.started && draft.kind != ReceiptKind::start) {
    return conflict("E-RKS-102",
                    fmt::format("register {} has no Startbeleg yet; it is the first receipt", id),
                    "/kind");
  }
  return Ok{};
}

/// The five sums are EUR [RKSV 9].
Status check_currency(const Facts& facts) {
  if (facts.register_info.base_currency == Currency::eur()) return Ok{};
  return conflict(
      "E-RKS-115",
      fmt::format("register {} counts in {}; an Austrian one counts in EUR",
                  facts.register_info.id.text(), facts.register_info.base_currency.text()));
}

Status check_kind(const ReceiptDraft& draft, const KindRule& rule) {
  if (rule.standing == Standing::without_amount && draft.total && *draft.total != Money()) {
    return invalid("E-RKS-114",
                   fmt::format("a receipt of kind \"{}\" has no amount; the total is given as {}",
                               receipt_kind_text(draft.kind), draft.total->text()),
                   "/total");
  }
  return Ok{};
}

/// Cash that moves, tips handed on to the staff, and what is taken for others is no turnover of the
/// business [BAO 131b].
bool is_own_turnover(const PlanLine& line) {
  return !is_cash_movement(line.gv_typ) && line.gv_typ != GvTyp::trinkgeld_an && line.agency == 0;
}

/// Sold on account and nothing given for it, neither money nor a voucher: no Barumsatz before it is
/// paid.
bool is_on_account(const Plan& plan) {
  const auto has = [&](auto&& what) {
    return std::ranges::any_of(
        plan.lines, [&](const PlanLine& line) { return !line.cancelled && what(line.gv_typ); });
  };
  const bool paid = std::ranges::any_of(plan.payments, [](const PlanPayment& payment) {
    return payment.kind != PaymentKind::keine && payment.value != Money();
  });
  return !paid && has([](GvTyp typ) { return typ == GvTyp::forderungsentstehung; }) &&
         !has(is_voucher_redeemed);
}

/// True if nothing of the receipt is Barumsatz.
Result<bool> is_without_turnover(const Plan& plan) {
  bool moves = false;
  bool turnover = false;
  for (const PlanLine& line : plan.lines) {
    if (line.cancelled) continue;
    moves = moves || is_cash_movement(line.gv_typ);
    turnover = turnover || is_own_turnover(line);
  }
  if (moves && turnover) {
    return invalid("E-RKS-112",
                   "money put into or taken out of the drawer needs a receipt of its own",
                   "/lines");
  }
  return (!turnover && !plan.lines.empty()) || is_on_account(plan);
}

/// Field 4: wall time of the shop, the last receipt's where the clock is behind it.
Status decide_time(const Facts& facts, RksvPlan& rksv) {
  rksv.time = wall_text(facts.now);
  const std::string& last = facts.rksv->last_time;
  if (last <= rksv.time || SIEGEL_MUTANT("rksv-time-falls")) return Ok{};
  SIEGEL_TRY(rksv.held_s, seconds_between(rksv.time, last));
  if (rksv.held_s > clock_back_max_s) {
    return conflict("E-RKS-104",
                    fmt::format("the clock says {}, the last receipt is of {}: set the clock right",
                                rksv.time, last));
  }
  rksv.time = last;
  return Ok{};
}

/// Counter and field 10 [RKSV Anlage Z 8].
Status decide_turnover(const Plan& plan, const Facts& facts, RksvPlan& rksv) {
  rksv.counter = facts.rksv->counter;
  const bool training = rksv.kind == RksvKind::training;
  if (training && !SIEGEL_MUTANT("counter-counts-training")) {
    rksv.turnover = rksv::turnover_of_training;
    return Ok{};
  }
  for (const Money amount : rksv.amounts) {
    if (__builtin_add_overflow(rksv.counter, amount.cents(), &rksv.counter)) {
      return conflict("E-RKS-107", "the turnover counter would leave its range of 8 bytes");
    }
  }
  if (rksv.kind == RksvKind::reversal || training) {
    rksv.turnover = training ? rksv::turnover_of_training : rksv::turnover_of_reversal;
    return Ok{};
  }
  SIEGEL_TRY(rksv.turnover, turnover_field(*facts.rksv->aes_key, plan.register_id.text(),
                                           plan.receipt_number, rksv.counter));
  return Ok{};
}

Status decide_rksv(RksvKind kind, const Facts& facts, Plan& plan) {
  if (facts.register_info.signers.empty()) {
    return conflict("E-RKS-106", fmt::format("register {} has no signature device",
                                             facts.register_info.id.text()));
  }
  if (facts.rksv->aes_key == nullptr) {
    return conflict("E-RKS-105", fmt::format("the AES key of register {} is not there",
                                             facts.register_info.id.text()));
  }
  RksvPlan rksv;
  rksv.kind = kind;
  rksv.amounts = slot_sums(plan.vat);
  SIEGEL_TRY_OK(decide_time(facts, rksv));
  SIEGEL_TRY_OK(decide_turnover(plan, facts, rksv));
  rksv.chaining = facts.rksv->chaining.empty() ? rksv::chaining_of_first(plan.register_id.text())
                                               : facts.rksv->chaining;
  plan.rksv = std::move(rksv);
  return Ok{};
}

}  // namespace

Result<Plan> Austria::decide(const ReceiptDraft& draft, const Facts& facts) const {
  SIEGEL_CHECK(facts.rksv != nullptr);
  const KindRule rule = rule_of(draft.kind);
  SIEGEL_TRY_OK(check_kind(draft, rule));
  SIEGEL_TRY_OK(check_currency(facts));
  SIEGEL_TRY_OK(check_life(draft, facts));
  SIEGEL_TRY_OK(check_texts(draft));
  SIEGEL_TRY_OK(check_needed(draft));
  SIEGEL_TRY_OK(check_unused(draft));
  SIEGEL_TRY_OK(check_counts(draft, rule.contents));
  SIEGEL_TRY_OK(check_first_order(draft, facts));
  SIEGEL_TRY_OK(check_handwritten(draft, facts));
  SIEGEL_TRY_OK(check_particulars(draft, facts));
  if (draft.kind == ReceiptKind::gift_basket) return no_vorgang();
  if (draft.kind == ReceiptKind::reversal) SIEGEL_TRY_OK(check_original(draft, facts));
  Plan plan = plan_of(draft, facts);
  SIEGEL_TRY(plan.name, period_of(draft, facts.now.date()));
  SIEGEL_TRY_OK(decide_amounts(draft, facts_of_day(draft, facts), line_law, rule.contents, plan));
  if (rule.standing == Standing::not_subject) return plan;
  SIEGEL_TRY(const bool without, is_without_turnover(plan));
  if (without) return plan;
  SIEGEL_TRY_OK(decide_rksv(rule.rksv, facts, plan));
  return plan;
}

Next Austria::next(const Plan& /*plan*/, const Progress& /*progress*/) const { return Done{}; }

SignStep Austria::sign_step(const Plan& plan, const SignerInfo& signer) const {
  SignStep step{.payload = code_payload(plan, signer)};
  step.digest = rksv::digest(step.payload);
  return step;
}

Seal Austria::seal(std::uint64_t plan_sequence, const Plan& plan, const Outcome& outcome) const {
  Seal seal;
  seal.plan_sequence = plan_sequence;
  if (const auto* done = std::get_if<Signed>(&outcome)) {
    SIEGEL_CHECK(done->signer != nullptr && done->signature.size() == signature_bytes);
    seal.outcome = Seal::Outcome::signed_rksv;
    seal.signer = done->signer->id;
    seal.code_payload = code_payload(plan, *done->signer);
    seal.signature = done->signature;
  } else if (const auto* outage = std::get_if<Outage>(&outcome)) {
    SIEGEL_CHECK(outage->signer != nullptr);
    seal.outcome = Seal::Outcome::unsigned_outage;
    seal.outage_number = outage->number;
    seal.outage_receipt = outage->receipt;
    seal.outage_since = outage->since;
    seal.error_code = outage->code;
    seal.error_text = outage->text;
    seal.signer = outage->signer->id;
    seal.code_payload = code_payload(plan, *outage->signer);
  } else {
    SIEGEL_CHECK(!plan.rksv.has_value());
    seal.outcome = Seal::Outcome::not_required;
  }
  return seal;
}

print::Document Austria::print(const Receipt& receipt, const Profile& profile,
                               const PrintOptions& options) const {
  return receipt_document(receipt, profile, options);
}

std::string Austria::code_text(const Receipt& receipt) const {
  if (!receipt.seal || receipt.seal->code_payload.empty()) return {};
  return rksv::code(receipt.seal->code_payload, receipt.seal->signature);
}

}  // namespace siegel::country::at
