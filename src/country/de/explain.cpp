#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

#include "country/common/lines.h"
#include "country/de/de.h"
#include "model/vat.h"

namespace siegel::country::de {
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

std::string_view why_kind(ReceiptKind kind) {
  switch (kind) {
    case ReceiptKind::receipt:
      return "it changes the assets of the business";
    case ReceiptKind::reversal:
      return "a signed receipt is never changed; one with turned signs cancels it";
    case ReceiptKind::training:
      return "rung up in training mode: signed and exported, never counted";
    case ReceiptKind::abort:
      return "given up after it began: signed with zero amounts and no payment";
    case ReceiptKind::order:
      return "a binding order, nothing delivered or paid yet";
    case ReceiptKind::transfer:
      return "recorded here, turnover booked by another system: signed with values 0";
    case ReceiptKind::invoice:
      return "an invoice for something booked already or paid elsewhere";
    case ReceiptKind::benefit:
      return "a benefit in kind for an employee";
    case ReceiptKind::other:
      return "something else worth recording, named by BON_NAME";
    case ReceiptKind::stock_take:
      return "a stock-taking: signed, counted in a number range of its own";
    case ReceiptKind::commission:
      return "goods given on approval: nothing is sold yet, but it gets a transaction number";
    case ReceiptKind::memo:
      return "a free note with a signature of its own";
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

void explain_process(const Plan& plan, Reasons& out) {
  const std::string bon_typ = plan.bon_typ.empty() ? "none" : plan.bon_typ;
  out.add("BON_TYP", fmt::format("{}: {}", bon_typ, why_kind(plan.kind)), "DSFinV-K Anhang B");
  std::string_view why;
  switch (plan.process_type) {
    case ProcessType::kassenbeleg:
      why = "the five gross sums and the payments of a receipt";
      break;
    case ProcessType::bestellung:
      why = "an order without payment is signed line by line";
      break;
    case ProcessType::sonstiger_vorgang:
      why = "neither a receipt nor an order: readable text of its own";
      break;
  }
  out.add("process type", fmt::format("{}: {}", process_type_text(plan.process_type), why),
          "DSFinV-K Anhang I");
  std::string data = plan.process_data;
  for (char& c : data) {
    if (c == '\r' || c == '\n') c = '|';
  }
  out.add("process data", std::move(data), "DSFinV-K Anhang I");
  if (!plan.reverses.empty()) {
    out.add("reverses",
            fmt::format("{} of {}: all signs turned, the reference is kept", plan.reverses,
                        plan.reversed_decided.text()),
            "DSFinV-K 4.2.2");
  }
  if (plan.has_first_order) {
    out.add(
        "first order",
        fmt::format("{}, printed because its orders were signed before", plan.first_order.text()),
        "AEAO 146a");
  }
}

void explain_handwritten(const Plan& plan, Reasons& out) {
  if (!plan.handwritten) return;
  out.add("written by hand",
          fmt::format("paper {} of {}, entered later: recorded and signed when it was entered, "
                      "with the VAT of its day",
                      plan.handwritten->number, plan.handwritten->at.text()),
          "AEAO 146a");
}

std::string_view why_case(GvTyp typ) {
  if (is_cash_movement(typ)) return ": moves cash, no turnover";
  if (typ == GvTyp::mehrzweckgutschein_kauf) return ": taxed when it is redeemed, not now";
  if (typ == GvTyp::einzweckgutschein_kauf) return ": taxed now, its rate is known";
  if (typ == GvTyp::einzweckgutschein_einloesung) return ": taxed when it was sold";
  if (typ == GvTyp::trinkgeld_an) return ": the staff's money, no turnover";
  if (typ == GvTyp::trinkgeld_ag) return ": part of the turnover";
  if (typ == GvTyp::forderungsentstehung) return ": goods now, money later";
  if (typ == GvTyp::forderungsaufloesung) return ": money for what was delivered before";
  if (typ == GvTyp::anzahlungseinstellung) return ": VAT arises with the money";
  if (typ == GvTyp::anzahlungsaufloesung) return ": what was paid before is set off";
  return {};
}

/// What a line has beside its price.
void explain_particulars(const PlanLine& line, const std::string& subject, Reasons& out) {
  if (line.cancelled) {
    out.add(subject, "taken back while it was rung up (P_STORNO): kept, and counts nowhere",
            "DSFinV-K 3.5");
  }
  if (line.factor != Quantity::from_raw(1000)) {
    out.add(subject, fmt::format("the price is that of {} units (FAKTOR)", line.factor.text()),
            "DSFinV-K 3.5");
  }
  if (!line.voucher.empty()) {
    out.add(subject, fmt::format("voucher {}: its number links sale and redemption", line.voucher),
            "DSFinV-K 3.5");
  }
  if (line.agency != 0) {
    out.add(subject,
            fmt::format("agency {}: taken on account of another, in sums of its own", line.agency),
            "DSFinV-K 3.15");
  }
  if (line.weighed) out.add(subject, "weighed: its receipt is always printed", "AO 146a");
  if (!line.sub_items.empty()) {
    out.add(subject,
            fmt::format("{} parts explain the line and change no amount", line.sub_items.size()),
            "DSFinV-K 3.8");
  }
}

void explain_lines(const Plan& plan, Reasons& out) {
  for (std::size_t i = 0; i < plan.lines.size(); ++i) {
    const PlanLine& line = plan.lines[i];
    const std::string subject = fmt::format("line {}", i + 1);
    out.add(subject,
            fmt::format("{} x {} = {}", line.quantity.text(), line.unit_price.text(2),
                        line.amount.text()),
            "KassenSichV 6");
    for (const Discount& discount : line.discounts) {
      out.add(subject, fmt::format("{}: {}", discount.text, discount.amount.text()),
              "DSFinV-K Anhang C");
    }
    out.add(subject, fmt::format("GV_TYP {}{}", gv_typ_text(line.gv_typ), why_case(line.gv_typ)),
            "DSFinV-K Anhang C");
    explain_particulars(line, subject, out);
    for (const VatShare& share : line.shares) {
      out.add(subject,
              fmt::format("{} at VAT key {}, {} %", share.gross.text(), share.key.get(),
                          share.rate.text()),
              "DSFinV-K Anlage 2");
    }
  }
}

void explain_vat(const Plan& plan, Reasons& out) {
  for (const VatSum& sum : plan.vat) {
    const auto row = vat_in_force(CountryCode::de, sum.key, plan.decided.date());
    constexpr int first_own = 1000;
    const std::string_view name = row.ok()                     ? (*row)->name_en
                                  : sum.key.get() >= first_own ? "a key of the shop"
                                                               : "unknown";
    out.add(
        fmt::format("VAT {}", sum.letter),
        fmt::format("key {}, {}, {} % in force on {}: gross {} = net {} + tax {}; sum {} of the "
                    "process data",
                    sum.key.get(), name, sum.rate.text(), plan.decided.date().text(),
                    sum.gross.text(), sum.net.text(), sum.tax.text(), sum.slot),
        row.ok() ? (*row)->source : "DSFinV-K Anlage 2");
  }
}

void explain_payments(const Plan& plan, Reasons& out) {
  if (plan.kind != ReceiptKind::memo) {
    out.add("total", plan.total.text(), "KassenSichV 6");
  }
  for (const PlanPayment& payment : plan.payments) {
    const bool cash = payment.kind == PaymentKind::bar;
    const bool none = payment.kind == PaymentKind::keine;
    const bool converted = payment.value != payment.amount;
    out.add(
        "payment",
        fmt::format(
            "{} {} by {}: {}{}", payment.amount.text(), payment.currency.text(),
            payment_kind_text(payment.kind),
            none ? "no payment" : (cash ? "counts as Bar" : "counts as Unbar"),
            converted ? fmt::format(", worth {} in the base currency", payment.value.text()) : ""),
        converted ? "DSFinV-K 7.10" : "DSFinV-K Anhang D");
  }
  if (plan.change != Money()) {
    out.add("change", fmt::format("{} taken off the cash of the process data", plan.change.text()),
            "DSFinV-K Anhang I");
  }
}

void explain_seal(const Receipt& receipt, Reasons& out) {
  if (!receipt.seal) {
    out.add("signed", "not yet: the receipt was interrupted and is resumed at the next start",
            "KassenSichV 2");
    return;
  }
  const Seal& seal = *receipt.seal;
  if (!receipt.plan.disturbed_tse.empty()) {
    out.add(
        "TSE",
        fmt::format("{} stands in for {}, whose outage was open: a second TSE is used only then",
                    receipt.plan.tse_serial, receipt.plan.disturbed_tse),
        "AEAO 146a");
  }
  switch (seal.outcome) {
    case Seal::Outcome::signed_by_tse:
      out.add("signed",
              fmt::format("yes: TSE {}, transaction {}, signature counter {}, {} to {}",
                          seal.tse_serial, seal.transaction, seal.signature_counter,
                          seal.start.text(), seal.end.text()),
              "KassenSichV 2");
      break;
    case Seal::Outcome::unsigned_outage:
      out.add("signed",
              fmt::format("no: outage {} of TSE {} since {} ({} {}); never signed later",
                          seal.outage_number, seal.tse_serial, seal.outage_since.text(),
                          seal.error_code, seal.error_text),
              "AEAO 146a");
      break;
    case Seal::Outcome::signed_rksv:
    case Seal::Outcome::not_required:
      if (receipt.register_info.no_tse == NoTse::empties) {
        out.add("signed", "no: the register takes back empties only; this rule may change",
                "KassenSichV 1");
      } else {
        out.add("signed", "no: this register has no TSE", "AO 146a");
      }
      break;
  }
}

void explain_references(const Plan& plan, Reasons& out) {
  for (const Reference& reference : plan.references) {
    const std::string whose =
        reference.line == 0 ? "the receipt" : fmt::format("line {}", reference.line);
    const bool own = reference.kind == ReferenceKind::receipt;
    out.add("reference",
            fmt::format("{} refers to {}{}", whose, own ? "receipt " : "the foreign ",
                        reference.number),
            "DSFinV-K 3.9");
  }
  for (const std::string& group : plan.groups) {
    out.add("Abrechnungskreis", fmt::format("{}: links orders and bill", group), "DSFinV-K 3.3");
  }
}

void explain_paper(const Plan& plan, Reasons& out) {
  if (!plan.paper_optional) return;
  out.add("paper", "may stay away: an exemption from the receipt duty is claimed", "AO 148");
}

}  // namespace

std::vector<Reason> Germany::explain(const Receipt& receipt) const {
  Reasons out;
  explain_process(receipt.plan, out);
  explain_handwritten(receipt.plan, out);
  explain_lines(receipt.plan, out);
  explain_vat(receipt.plan, out);
  explain_payments(receipt.plan, out);
  explain_references(receipt.plan, out);
  explain_paper(receipt.plan, out);
  explain_seal(receipt, out);
  return out.take();
}

}  // namespace siegel::country::de
