#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "country/at/at.h"
#include "country/at/receipt_words.h"
#include "country/common/lines.h"
#include "model/rksv.h"
#include "model/vat.h"

namespace siegel::country::at {
namespace {

class Reasons {
 public:
  void add(std::string subject, std::string decision, std::string_view rule) {
    m_list.push_back({.subject = std::move(subject),
                      .decision = std::move(decision),
                      .rule = std::string(rule)});
  }
  [[nodiscard]] std::vector<Reason> take() { return std::move(m_list); }

 private:
  std::vector<Reason> m_list;
};

std::pair<std::string_view, std::string_view> why_kind(RksvKind kind) {
  switch (kind) {
    case RksvKind::start:
      return {"Startbeleg: the first of the register, without amount, signed", "RKSV 6"};
    case RksvKind::standard:
      return {"a cash sale (cards and vouchers count as cash)", "BAO 131b"};
    case RksvKind::reversal:
      return {"Stornobuchung: amounts turned, field 10 is STO", "RKSV Anlage Z 8"};
    case RksvKind::training:
      return {"Trainingsbuchung: signed, not counted, field 10 is TRA", "RKSV Anlage Z 8"};
    case RksvKind::zero:
      return {"Nullbeleg: on demand of an auditor, or of one's own will", "RKSV 6"};
    case RksvKind::month:
      return {"Monatsbeleg: the counter at the end of the month, signed", "RKSV 8"};
    case RksvKind::year:
      return {"Jahresbeleg: the Monatsbeleg of December, to be checked by 15 February", "RKSV 8"};
    case RksvKind::collective:
      return {"Sammelbeleg: the first signature after an outage covers the receipts without one",
              "RKSV 17"};
    case RksvKind::final:
      return {"Schlussbeleg: the last of the register", "RKSV 8"};
  }
  return {};
}

/// Why no device has a part in it.
std::string_view why_unsigned(const Plan& plan) {
  switch (plan.kind) {
    case ReceiptKind::abort:
      return "given up, nothing was paid";
    case ReceiptKind::memo:
    case ReceiptKind::other:
      return "a note, no business";
    case ReceiptKind::stock_take:
      return "goods were counted, nothing was sold";
    case ReceiptKind::order:
      return "ordered, nothing is paid yet";
    case ReceiptKind::transfer:
      return "delivered, booked by another system";
    case ReceiptKind::invoice:
      return "an invoice, paid later or elsewhere";
    case ReceiptKind::benefit:
      return "given to an employee, nothing is paid";
    case ReceiptKind::commission:
      return "given on approval, nothing is paid";
    case ReceiptKind::receipt:
    case ReceiptKind::reversal:
    case ReceiptKind::training:
    case ReceiptKind::gift_basket:
    case ReceiptKind::start:
    case ReceiptKind::zero:
    case ReceiptKind::month:
    case ReceiptKind::year:
    case ReceiptKind::collective:
    case ReceiptKind::final:
      break;
  }
  const auto any = [&](auto&& what) { return std::ranges::any_of(plan.lines, what); };
  if (any([](const PlanLine& line) { return line.gv_typ == GvTyp::forderungsentstehung; })) {
    return "sold on account, nothing is paid yet";
  }
  const bool moves = any([](const PlanLine& line) { return is_cash_movement(line.gv_typ); });
  return moves ? "money moved, nothing was sold" : "money of others, no turnover of the business";
}

void explain_standing(const Receipt& receipt, Reasons& out) {
  const Plan& plan = receipt.plan;
  if (!plan.rksv) {
    out.add("kind", fmt::format("{}: recorded, but no Barumsatz", why_unsigned(plan)), "BAO 131b");
    return;
  }
  const auto [why, rule] = why_kind(plan.rksv->kind);
  out.add("kind", std::string(why), rule);
  if (plan.handwritten) {
    out.add("written by hand",
            fmt::format("paper {} of {}, entered later: signed and counted when it was entered",
                        plan.handwritten->number, plan.handwritten->at.text()),
            "RKSV 17");
  }
  if (!plan.reverses.empty()) {
    out.add("reverses",
            fmt::format("{} of {}: all signs turned, the reference is kept", plan.reverses,
                        plan.reversed_decided.text()),
            "RKSV 11");
  }
}

void explain_lines(const Plan& plan, Reasons& out) {
  for (std::size_t i = 0; i < plan.lines.size(); ++i) {
    const PlanLine& line = plan.lines[i];
    const std::string subject = fmt::format("line {}", i + 1);
    if (line.cancelled) {
      out.add(subject, "taken back while it was rung up: kept, and counts nowhere", "BAO 131");
      continue;
    }
    out.add(subject,
            fmt::format("{} x {} = {}, GV_TYP {}{}", line.quantity.text(), line.unit_price.text(2),
                        line.total.text(), gv_typ_text(line.gv_typ),
                        is_cash_movement(line.gv_typ) ? ": moves cash, no turnover" : ""),
            "BAO 132a");
    for (const VatShare& share : line.shares) {
      out.add(subject,
              fmt::format("{} at {} %: field {}", share.gross.text(), share.rate.text(),
                          share.slot + 4),
              "RKSV 9");
    }
  }
}

void explain_vat(const Plan& plan, Reasons& out) {
  for (const VatSum& sum : plan.vat) {
    const auto row = vat_in_force(CountryCode::at, sum.key, plan.decided.date());
    out.add(
        fmt::format("VAT {}", sum.letter),
        fmt::format("{}, {} % in force on {}: gross {} = net {} + tax {}",
                    row.ok() ? (*row)->name_en : "former rate", sum.rate.text(),
                    plan.decided.date().text(), sum.gross.text(), sum.net.text(), sum.tax.text()),
        row.ok() ? (*row)->source : "UStG 1994 10");
  }
  if (!is_rksv_kind(plan.kind)) out.add("total", plan.total.text(), "BAO 132a");
  for (const PlanPayment& payment : plan.payments) {
    out.add("payment",
            fmt::format("{} {} by {}: the payment changes neither fields nor counter",
                        payment.amount.text(), payment.currency.text(),
                        payment_kind_text(payment.kind)),
            "BAO 131b");
  }
}

std::vector<std::string> split(std::string_view payload) {
  std::vector<std::string> fields;
  for (std::size_t from = 1; from <= payload.size();) {
    const std::size_t to = std::min(payload.find('_', from), payload.size());
    fields.emplace_back(payload.substr(from, to - from));
    from = to + 1;
  }
  return fields;
}

std::string turnover_decision(const RksvPlan& rksv) {
  if (rksv.turnover == rksv::turnover_of_training) {
    return fmt::format("TRA: training does not count, the counter stays {}",
                       Money::from_cents(rksv.counter).text());
  }
  if (rksv.turnover == rksv::turnover_of_reversal) {
    return fmt::format("STO: counted but not shown, the counter is {} now",
                       Money::from_cents(rksv.counter).text());
  }
  return fmt::format("the counter, {}, encrypted with the register's AES key",
                     Money::from_cents(rksv.counter).text());
}

void explain_fields(const Plan& plan, const Seal& seal, Reasons& out) {
  const std::vector<std::string> fields = split(seal.code_payload);
  const RksvPlan& rksv = *plan.rksv;
  const std::array<std::pair<std::string, std::string_view>, 12> why = {{
      {"ES256, SHA-256, 8 bytes of chaining, AES-256-ICM, and the provider of the device",
       "RKSV Anlage Z 2"},
      {"Kassenidentifikationsnummer as registered in FinanzOnline", "RKSV 9"},
      {"number of the receipt, as printed; never used twice", "RKSV 9"},
      {rksv.held_s == 0
           ? std::string("wall time of the shop")
           : fmt::format("held: the clock was {} s behind the last receipt", rksv.held_s),
       "RKSV 9"},
      {"Betrag-Satz-Normal: gross at 20 %", "RKSV 9"},
      {"Betrag-Satz-Ermaessigt-1: gross at 10 %", "RKSV 9"},
      {"Betrag-Satz-Ermaessigt-2: gross at 13 %", "RKSV 9"},
      {"Betrag-Satz-Null: gross at 0 % and all that has no rate, vouchers too", "RKSV 9"},
      {"Betrag-Satz-Besonders: gross at 19 %, 4.9 % (since 2026-07-01), 5 % (2020 and 2021)",
       "BMF 2026-03-13"},
      {turnover_decision(rksv), "RKSV Anlage Z 8"},
      {fmt::format("serial of the certificate of device {}", seal.signer), "RKSV 9"},
      {plan.rksv->kind == RksvKind::start ? "first 8 bytes of SHA-256 of the Kassen-ID"
                                          : "first 8 bytes of SHA-256 of the receipt before",
       "RKSV Anlage Z 4"},
  }};
  for (std::size_t i = 0; i < fields.size() && i < why.size(); ++i) {
    out.add(fmt::format("field {}", i + 1), fmt::format("{}: {}", fields[i], why[i].first),
            why[i].second);
  }
}

void explain_seal(const Receipt& receipt, Reasons& out) {
  if (!receipt.seal) {
    out.add("signed", "not yet: the receipt was interrupted and is resumed at the next start",
            "RKSV 9");
    return;
  }
  const Seal& seal = *receipt.seal;
  if (receipt.plan.rksv && !seal.code_payload.empty()) explain_fields(receipt.plan, seal, out);
  switch (seal.outcome) {
    case Seal::Outcome::signed_rksv:
      out.add("field 13", base64(seal.signature) + ": signature over fields 1 to 12",
              "RKSV Anlage Z 4");
      out.add("signed",
              fmt::format("yes: by device {}{}", seal.signer,
                          receipt.signer && receipt.signer->development
                              ? ", a software key for development"
                              : ""),
              "RKSV 9");
      break;
    case Seal::Outcome::unsigned_outage:
      out.add("field 13", fmt::format("{}, instead of a signature", rksv::outage_text), "RKSV 17");
      out.add("signed",
              fmt::format("no: outage {} since {} ({} {}); device {} should have signed; the next "
                          "Sammelbeleg covers it",
                          seal.outage_number, seal.outage_since.text(), seal.error_code,
                          seal.error_text, seal.signer),
              "RKSV 17");
      break;
    case Seal::Outcome::signed_by_tse:
    case Seal::Outcome::not_required:
      out.add("signed", "no: nothing was sold for cash", "BAO 131b");
      break;
  }
}

}  // namespace

std::vector<Reason> Austria::explain(const Receipt& receipt) const {
  Reasons out;
  explain_standing(receipt, out);
  explain_lines(receipt.plan, out);
  explain_vat(receipt.plan, out);
  explain_seal(receipt, out);
  return out.take();
}

}  // namespace siegel::country::at
