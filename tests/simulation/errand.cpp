#include "errand.h"

namespace siegel::simulation {
namespace {

using recorder::Sell;

Sell make_sale(const Shop& shop, const std::string& key, Sell::Flow flow) {
  Sell sell;
  sell.register_id = register_name(0);
  sell.key = key;
  sell.flow = flow;
  LineDraft line;
  line.text = "Brot";
  line.amount = Money::from_cents(432);
  line.vat = "B";
  PaymentDraft payment;
  payment.amount = Money::from_cents(500);
  sell.draft.lines = {line};
  sell.draft.payments = {payment};
  sell.lookup = shop.look_up(sell.register_id, key);
  return sell;
}

}  // namespace

Errand Errand::sale() {
  Errand errand;
  errand.m_key = "sale";
  errand.m_steps = {[](const Shop& shop) { return make_sale(shop, "sale", Sell::Flow::implicit); }};
  return errand;
}

Errand Errand::vorgang() {
  Errand errand;
  errand.m_key = "table 7";
  errand.m_steps = {
      [](const Shop& shop) {
        return recorder::Open{register_name(0), VorgangId("table 7"),
                              shop.look_up(register_name(0), "table 7")};
      },
      [](const Shop& /*shop*/) {
        return recorder::Update{register_name(0), VorgangId("table 7"), R"({"lines":[]})"};
      },
      [](const Shop& shop) { return make_sale(shop, "table 7", Sell::Flow::finish); }};
  return errand;
}

bool Errand::run(Shop& shop, Oracle& oracle) {
  while (!done()) {
    const auto answer = shop.run("till", m_steps[m_next](shop));
    if (!answer) {
      const std::string& code = answer.error().code;
      m_refusals.push_back(code);
      if (code != "E-TST-001" && code != "E-JRN-203" && code != "E-JRN-204" && code != "E-API-603")
        m_problems.push_back(code + " " + answer.error().detail);
      return false;
    }
    ++m_next;
    if (done()) oracle.acknowledged(register_name(0), m_key, *answer);
  }
  return true;
}

}  // namespace siegel::simulation
