#include "app/shop/cash_report.h"

#include <fmt/format.h>

#include <set>
#include <utility>

#include "base/bytes.h"
#include "crypto/hash.h"
#include "format/json_fields.h"

namespace siegel::app {
namespace {

constexpr std::size_t orders_max = 100;

template <class T>
Result<T> at(Result<T> parsed, std::string place) {
  if (parsed.ok()) return parsed;
  Error error = std::move(parsed).error();
  error.place = std::move(place);
  return error;
}

Result<CashOrder> order_from(json::Fields in) {
  CashOrder order;
  SIEGEL_TRY(order.key, in.required_string("key", 200));
  SIEGEL_TRY(const std::string what, in.required_string("what", 20));
  if (what == "difference")
    order.what = CashOrder::What::difference;
  else if (what == "bank")
    order.what = CashOrder::What::bank;
  else if (what == "template")
    order.what = CashOrder::What::template_;
  else
    return invalid("E-CLO-121", fmt::format("\"{}\" is not difference, bank or template", what),
                   in.place_of("what"));
  SIEGEL_TRY(const auto text, in.optional_string("text", 200));
  order.text = text.value_or("");
  SIEGEL_TRY(const std::string amount, in.required_decimal("amount"));
  SIEGEL_TRY(order.amount, at(Money::parse(amount), in.place_of("amount")));
  if (order.amount == Money())
    return invalid("E-CLO-121", "an order moves money: its amount is not 0", in.place_of("amount"));
  if (order.what == CashOrder::What::template_ && order.text.empty())
    return invalid("E-CLO-121", "which booking text?", in.place_of("text"));
  SIEGEL_TRY_OK(in.finish());
  return order;
}

SaleRequest request_of(const CashReport& report, const CashOrder& order, const std::string& actor) {
  SaleRequest request;
  request.register_id = report.register_id;
  request.key = order.key;
  request.actor = actor;
  LineDraft line;
  line.amount = order.amount;
  switch (order.what) {
    case CashOrder::What::difference:
      line.gv_typ = GvTyp::differenz_soll_ist;
      line.text = order.text.empty() ? "Kassendifferenz" : order.text;
      break;
    case CashOrder::What::bank:
      line.gv_typ = GvTyp::geldtransit;
      line.text = order.text.empty() ? "Zur Bank" : order.text;
      break;
    case CashOrder::What::template_:
      line.text = order.text;
      line.booking_template = order.text;
      break;
  }
  request.draft.lines.push_back(std::move(line));
  request.draft.payments.push_back(
      {.kind = PaymentKind::bar, .amount = order.amount, .currency = {}, .value = {}, .name = {}});
  request.fingerprint = crypto::sha256(
      bytes_of(fmt::format("cash report {} {} {} {}", report.register_id.text(),
                           static_cast<int>(order.what), order.amount.cents(), order.text)));
  return request;
}

}  // namespace

Result<CashReport> cash_report_from_request(const json::Value& value) {
  SIEGEL_TRY(auto in, json::Fields::of(value));
  CashReport report;
  SIEGEL_TRY(const std::string id, in.required_string("register", 30));
  SIEGEL_TRY(report.register_id, at(RegisterId::parse(id), in.place_of("register")));
  SIEGEL_TRY(const json::Items items, in.optional_array("orders", orders_max));
  for (std::size_t i = 0; i < items.size(); ++i) {
    SIEGEL_TRY(auto fields, items.object(i));
    SIEGEL_TRY(report.orders.emplace_back(), order_from(std::move(fields)));
  }
  SIEGEL_TRY_OK(in.finish());
  std::set<std::string> keys;
  for (std::size_t i = 0; i < report.orders.size(); ++i)
    if (!keys.insert(report.orders[i].key).second)
      return invalid("E-CLO-121", fmt::format("key \"{}\" is there twice", report.orders[i].key),
                     fmt::format("/orders/{}/key", i));
  if (report.orders.empty()) return invalid("E-CLO-121", "the report has no orders", "/orders");
  return report;
}

Result<std::vector<OrderBooked>> book_cash_report(Shop& shop, const CashReport& report,
                                                  const std::string& actor) {
  std::vector<OrderBooked> out;
  for (const CashOrder& order : report.orders) {
    auto answer = shop.sell(request_of(report, order, actor));
    if (!answer && answer.error().code == "E-DAT-005")
      return unavailable("E-CLO-120",
                         "the register's program does not run here: nothing was booked; send the "
                         "report again with the same keys when it does",
                         "/register");
    out.push_back({order.key, std::move(answer)});
  }
  return out;
}

}  // namespace siegel::app
