// The worked example of the specification, found through SIEGEL_VECTORS: nine receipts with every
// value on the way.

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "base/file.h"
#include "country/at/test_shop.h"
#include "crypto/aes.h"
#include "crypto/ec.h"
#include "format/jws.h"

namespace siegel::country::at {
namespace {

std::string text(const json::Object& object, std::string_view key) {
  return *object.find(key)->string();
}

/// A sale, Storno or training of these gross sums: one line a sum, paid in cash.
ReceiptDraft draft_of(const json::Object& step) {
  ReceiptDraft draft;
  const json::Array& cents = *step.find("amounts_cents")->array();
  // 119 and 1049 cents in Besonders stand for goods at 4.9 %.
  constexpr std::string_view letters = "ABCDF";
  Money total;
  for (std::size_t i = 0; i < cents.size(); ++i) {
    const Money gross = Money::from_cents(*cents[i].integer());
    if (gross == Money()) continue;
    LineDraft& line = draft.lines.emplace_back();
    line.text = "goods";
    line.amount = gross;
    line.vat = letters.substr(i, 1);
    total += gross;
  }
  const std::string what = text(step, "what");
  if (draft.lines.empty()) {
    draft.kind = what == "Startbeleg"         ? ReceiptKind::start
                 : what.starts_with("Sammel") ? ReceiptKind::collective
                                              : ReceiptKind::month;
    return draft;
  }
  if (text(step, "kind") == "tra") draft.kind = ReceiptKind::training;
  PaymentDraft& cash = draft.payments.emplace_back();
  cash.amount = total;
  return draft;
}

class WorkedExample : public ::testing::Test {
 protected:
  void SetUp() override {
    RecordProperty("proves", "AMA-006 AMA-007 AMA-008 AMA-010 AMA-011 AMA-047");
    const char* vectors = std::getenv("SIEGEL_VECTORS");
    if (vectors == nullptr) GTEST_SKIP() << "no vectors";
    const auto file = read_file(std::filesystem::path(vectors) / "rksv/worked-example/steps.json",
                                std::uint64_t{1} << 20);
    ASSERT_TRUE(file.ok());
    m_steps = json::parse(text_of(*file)).value();
  }
  [[nodiscard]] const json::Object& steps() const { return *m_steps.object(); }

 private:
  json::Value m_steps;
};

TEST_F(WorkedExample, EveryValueOfEveryReceiptIsReproduced) {
  const std::string key_text = text(steps(), "aes_key_base64");
  EXPECT_EQ(rksv::aes_check(key_text), text(steps(), "aes_key_checksum"));
  Bytes point = {std::byte{4}};
  append(point, from_hex(text(steps(), "ec_public_x_hex")).value());
  append(point, from_hex(text(steps(), "ec_public_y_hex")).value());
  const auto public_key = crypto::PublicKey::from_point(crypto::Curve::p256, point);
  ASSERT_TRUE(public_key.ok());

  Shop shop(text(steps(), "cash_box_id"));
  shop.use_key(key_text);
  shop.signer.serial = text(steps(), "certificate_serial_hex");
  shop.rksv.started = false;
  shop.rksv.chaining.clear();
  shop.rksv.last_time.clear();
  shop.number = 1;
  Plan sale_of_first_line;  // what the Storno of the example takes back

  for (const json::Value& value : *steps().find("receipts")->array()) {
    const json::Object& step = *value.object();
    const std::string payload = text(step, "payload");
    SCOPED_TRACE(payload);
    shop.now = payload.substr(payload.find("2026-07"), 19) + "+02:00";
    ReceiptDraft draft = draft_of(step);
    auto plan = shop.decide(draft);
    ASSERT_TRUE(plan.ok()) << plan.error().detail;
    if (text(step, "kind") == "sto") {
      // The same turned receipt as a whole: a sale of 120.00 that is reversed.
      sale_of_first_line = *plan;
      sale_of_first_line.rksv->kind = RksvKind::standard;
      for (PlanLine& line : sale_of_first_line.lines) {
        line.amount = -line.amount;
        line.total = -line.total;
        for (VatShare& share : line.shares) share.gross = -share.gross;
      }
      for (PlanPayment& payment : sale_of_first_line.payments) {
        payment.amount = -payment.amount;
        payment.value = -payment.value;
      }
      shop.original = &sale_of_first_line;
      draft = ReceiptDraft();
      draft.kind = ReceiptKind::reversal;
      draft.reverses = sale_of_first_line.receipt_number;
      plan = shop.decide(draft);
      ASSERT_TRUE(plan.ok()) << plan.error().detail;
    }
    // The example numbers its receipts 1, 2, 3: everything that hangs on the number is made again.
    plan->receipt_number = std::to_string(shop.number);
    if (plan->rksv->turnover.size() == 12) {
      plan->rksv->turnover = turnover_field(shop.key(), shop.register_info.id.text(),
                                            plan->receipt_number, plan->rksv->counter)
                                 .value();
      EXPECT_EQ(plan->rksv->turnover, text(step, "counter_cipher_base64"));
    }
    EXPECT_EQ(plan->rksv->counter, *step.find("counter_after_cents")->integer());
    EXPECT_EQ(plan->rksv->chaining, text(step, "chain_base64"));
    const SignStep asked = shop.law().sign_step(*plan, shop.signer);
    EXPECT_EQ(asked.payload, payload);

    const bool failed = *step.find("device_failed")->boolean();
    Bytes signature;
    if (!failed) {
      signature = format::parse_jws(text(step, "jws")).value().signature;
      EXPECT_TRUE(public_key->verify_ecdsa_digest(asked.digest, signature));
    }
    const Receipt receipt = shop.receipt_of(*plan, signature);
    EXPECT_EQ(receipt.seal->outcome,
              failed ? Seal::Outcome::unsigned_outage : Seal::Outcome::signed_rksv);
    EXPECT_EQ(rksv::jws(receipt.seal->code_payload, receipt.seal->signature), text(step, "jws"));
    EXPECT_EQ(shop.law().code_text(receipt), text(step, "qr"));
    EXPECT_EQ(rksv::ocr_code(receipt.seal->code_payload, receipt.seal->signature),
              text(step, "ocr"));
    EXPECT_EQ(rksv::link_token(text(step, "qr")), text(step, "link_id"));
    shop.took(receipt);
  }
}

}  // namespace
}  // namespace siegel::country::at
