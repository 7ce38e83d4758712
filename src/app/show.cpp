#include "app/show.h"

#include <fmt/format.h>

#include <charconv>

#include "base/bytes.h"
#include "print/text/text.h"

namespace siegel::app {
namespace {

std::int64_t number(std::uint64_t value) { return static_cast<std::int64_t>(value); }

json::Array lines_of(const Plan& plan) {
  json::Array lines;
  for (const PlanLine& line : plan.lines) {
    json::Object item;
    item.set("text", line.text);
    item.set("quantity", line.quantity.text());
    item.set("unit_price", line.unit_price.text(2));
    item.set("amount", line.amount.text());
    item.set("total", line.total.text());
    item.set("gv_typ", gv_typ_text(line.gv_typ));
    json::Array shares;
    for (const VatShare& share : line.shares) {
      json::Object part;
      part.set("vat_key", share.key.get());
      part.set("rate", share.rate.text());
      part.set("gross", share.gross.text());
      shares.push_back(std::move(part));
    }
    item.set("vat", std::move(shares));
    lines.push_back(std::move(item));
  }
  return lines;
}

json::Array vat_of(const Plan& plan) {
  json::Array sums;
  for (const VatSum& sum : plan.vat) {
    json::Object item;
    item.set("letter", std::string(1, sum.letter));
    item.set("vat_key", sum.key.get());
    item.set("rate", sum.rate.text());
    item.set("net", sum.net.text());
    item.set("tax", sum.tax.text());
    item.set("gross", sum.gross.text());
    sums.push_back(std::move(item));
  }
  return sums;
}

json::Array payments_of(const Plan& plan) {
  json::Array payments;
  for (const PlanPayment& payment : plan.payments) {
    json::Object item;
    item.set("kind", payment_kind_text(payment.kind));
    item.set("amount", payment.amount.text());
    item.set("currency", payment.currency.text());
    item.set("value", payment.value.text());
    if (!payment.name.empty()) item.set("name", payment.name);
    payments.push_back(std::move(item));
  }
  return payments;
}

json::Object signature_of(const Receipt& receipt) {
  json::Object out;
  if (!receipt.seal) {
    out.set("status", "interrupted");
    return out;
  }
  const Seal& seal = *receipt.seal;
  switch (seal.outcome) {
    case Seal::Outcome::signed_by_tse:
      out.set("status", "signed");
      out.set("tse_serial", seal.tse_serial);
      out.set("transaction", number(seal.transaction));
      out.set("signature_counter", number(seal.signature_counter));
      out.set("start", seal.start.text());
      out.set("end", seal.end.text());
      out.set("signature", base64(seal.signature));
      break;
    case Seal::Outcome::unsigned_outage:
      out.set("status", "unsigned_outage");
      out.set("outage_number", number(seal.outage_number));
      out.set("outage_receipt", number(seal.outage_receipt));
      out.set("outage_since", seal.outage_since.text());
      out.set("code", seal.error_code);
      out.set("text", seal.error_text);
      break;
    case Seal::Outcome::not_required:
      out.set("status", "not_required");
      break;
    case Seal::Outcome::signed_rksv:
      out.set("status", "signed");
      out.set("signer", seal.signer);
      out.set("signature", base64(seal.signature));
      break;
  }
  return out;
}

}  // namespace

std::optional<views::Message> outage_message(const Receipt& receipt) {
  if (!receipt.seal || receipt.seal->outcome != Seal::Outcome::unsigned_outage) return {};
  const auto since = LocalStamp::from(receipt.seal->outage_since, receipt.business.time_zone);
  return views::cashier_message(*receipt.seal, since ? *since : receipt.plan.decided,
                                receipt.plan.rksv.has_value());
}

void show_start_messages(const Context& context, const Shop& shop) {
  const Language language = context.shown_language();
  for (const views::Message& message : shop.start_messages())
    context.note(fmt::format("{}: {} {} -> {}\n", message.code, message.what.in(language),
                             message.go_on.in(language), message.remedy.in(language)));
}

Result<std::string> receipt_text(const Receipt& receipt, const country::Country& country,
                                 const Profile& profile, const PrintChoice& choice, bool ansi) {
  const print::Document document = country.print(receipt, profile, {.copy = choice.copy});
  return print::render_text(document, {.columns = choice.columns, .ansi = ansi});
}

json::Value receipt_document(const Receipt& receipt, const country::Country& country,
                             const Profile& profile) {
  const Plan& plan = receipt.plan;
  json::Object out;
  out.set("receipt_number", plan.receipt_number);
  out.set("number", number(plan.number));
  out.set("register", plan.register_id.text());
  out.set("key", plan.vorgang.get());
  out.set("kind", receipt_kind_text(plan.kind));
  out.set("bon_typ", plan.bon_typ);
  out.set("process_type", process_type_text(plan.process_type));
  out.set("process_data", plan.process_data);
  out.set("at", plan.decided.text());
  out.set("began", plan.began.text());
  out.set("sequence", number(receipt.plan_sequence));
  out.set("lines", lines_of(plan));
  out.set("vat", vat_of(plan));
  out.set("payments", payments_of(plan));
  out.set("total", plan.total.text());
  out.set("change", plan.change.text());
  if (!plan.cashier.empty()) out.set("cashier", plan.cashier);
  if (!plan.reverses.empty()) out.set("reverses", plan.reverses);
  out.set("signature", signature_of(receipt));
  if (const auto message = outage_message(receipt)) {
    // What a till shows its cashier; the sale is done.
    json::Object texts;
    texts.set("code", message->code);
    texts.set("de", message->what.de + " " + message->go_on.de);
    texts.set("en", message->what.en + " " + message->go_on.en);
    texts.set("id", message->id);
    out.set("message", std::move(texts));
  }
  out.set("qr_code_data", country.code_text(receipt));
  // Austria certifies no software: a real device is enough.
  out.set("certified", (receipt.tse && receipt.tse->certified) ||
                           (receipt.signer && !receipt.signer->development));
  json::Array printed;
  if (const auto text = receipt_text(receipt, country, profile, {}, false)) {
    for (std::size_t at = 0; at < text->size();) {
      const std::size_t end = std::min(text->find('\n', at), text->size());
      printed.push_back(std::string_view(*text).substr(at, end - at));
      at = end + 1;
    }
  }
  out.set("print_text", std::move(printed));
  return out;
}

Result<int> columns_of(const std::string& text) {
  int columns = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), columns);
  if (error != std::errc() || end != text.data() + text.size() || columns < 24 || columns > 80)
    return invalid("E-PRN-001", fmt::format("\"{}\" is not a width of 24 to 80 columns", text),
                   "--columns");
  return columns;
}

}  // namespace siegel::app
