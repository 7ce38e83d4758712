#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "base/file.h"
#include "format/json.h"
#include "format/json_fields.h"
#include "recorder/test_stand_at.h"

// The eight scenarios of the official demonstration register, run through the recorder: devices are
// there, broken and used in the order they say. The export must pass.

namespace siegel::recorder {
namespace {

constexpr std::size_t rates = 5;
constexpr const char* rate_names[rates] = {"taxSetNormal", "taxSetErmaessigt1", "taxSetErmaessigt2",
                                           "taxSetNull", "taxSetBesonders"};
constexpr const char* rate_words[rates] = {"20.00", "10.00", "13.00", "0.00", "19.00"};

struct Instruction {
  std::string kind;
  std::string time;
  bool damaged = false;
  std::size_t device = 0;
  std::array<Money, rates> amounts;
};

struct Scenario {
  std::string register_id;
  crypto::SecretBytes key;
  std::vector<Instruction> instructions;
};

Result<Scenario> read_scenario(const std::string& path) {
  SIEGEL_TRY(const Bytes bytes, read_file(path, 1'000'000));
  SIEGEL_TRY(const json::Value value, json::parse(text_of(bytes)));
  SIEGEL_TRY(json::Fields fields, json::Fields::of(value));
  Scenario scenario;
  SIEGEL_TRY(scenario.register_id, fields.required_string("cashBoxId", 100));
  SIEGEL_TRY(const std::string key, fields.required_string("base64AesKey", 100));
  SIEGEL_TRY(const Bytes key_bytes, from_base64(key));
  scenario.key = crypto::SecretBytes::copy_of(key_bytes);
  SIEGEL_TRY(const json::Items items, fields.required_array("cashBoxInstructionList", 1000));
  for (std::size_t i = 0; i < items.size(); ++i) {
    SIEGEL_TRY(json::Fields item, items.object(i));
    Instruction one;
    SIEGEL_TRY(one.kind, item.required_string("typeOfReceipt", 100));
    SIEGEL_TRY(one.time, item.required_string("dateToUse", 100));
    SIEGEL_TRY(one.damaged, item.required_bool("signatureDeviceDamaged"));
    SIEGEL_TRY(const std::int64_t device, item.required_int("usedSignatureDevice", 0, 2));
    one.device = static_cast<std::size_t>(device);
    SIEGEL_TRY(json::Fields amounts, item.required_object("simplifiedReceipt"));
    for (std::size_t rate = 0; rate < rates; ++rate) {
      SIEGEL_TRY(const std::string text, amounts.required_decimal(rate_names[rate]));
      SIEGEL_TRY(one.amounts[rate], Money::parse(text));
    }
    scenario.instructions.push_back(std::move(one));
  }
  return scenario;
}

/// The wall time of Vienna as an instant.
std::string with_offset(const std::string& wall) {
  for (const char* offset : {"+01:00", "+02:00"}) {
    const auto stamp = LocalStamp::parse(wall + offset);
    const auto there = LocalStamp::from(stamp->instant(), "Europe/Vienna");
    if (there->text() == wall + offset) return wall + offset;
  }
  return wall + "+02:00";
}

ReceiptDraft draft_of(const std::array<Money, rates>& amounts, bool turned) {
  ReceiptDraft draft;
  Money total;
  for (std::size_t rate = 0; rate < rates; ++rate) {
    if (amounts[rate] == Money()) continue;
    LineDraft line;
    line.text = "Ware";
    line.amount = turned ? -amounts[rate] : amounts[rate];
    line.vat = rate_words[rate];
    total += *line.amount;
    draft.lines.push_back(std::move(line));
  }
  PaymentDraft payment;
  payment.amount = total;
  draft.payments = {payment};
  return draft;
}

class ScenarioRun {
 public:
  explicit ScenarioRun(const Scenario& scenario) : m_scenario(scenario) {
    m_id = RegisterId::parse(scenario.register_id).value();
    shop.keys.insert_or_assign(scenario.register_id, scenario.key.clone());
    shop.commission({"a", "b", "c"});
    Profile profile;
    profile.automatic_dues = false;  // the scenarios make their own
    shop.master(profile);
    shop.master(info(0));
  }

  void run() {
    for (const Instruction& one : m_scenario.instructions) step(one);
    std::vector<SignerInfo> infos;
    for (const char* id : {"a", "b", "c"}) infos.push_back(card(id).info);
    const auto receipts = receipts_of(shop.journal, m_scenario.register_id);
    ASSERT_EQ(receipts.size(), m_scenario.instructions.size());
    for (std::size_t i = 0; i < receipts.size(); ++i) {
      const Instruction& wanted = m_scenario.instructions[i];
      const SealedReceipt& made = receipts[i];
      EXPECT_EQ(made.plan.rksv->amounts, wanted.amounts) << i;
      EXPECT_EQ(made.is_signed(), !wanted.damaged) << i;
      EXPECT_EQ(made.seal.signer, AustrianStand::names[wanted.device]) << i;
      EXPECT_EQ(kind_word(made.plan.rksv->kind), wanted.kind) << i;
    }
    EXPECT_EQ(verdict_on(receipts, m_scenario.key, infos, shop.now.wall), "");
  }

 private:
  static std::string kind_word(RksvKind kind) {
    switch (kind) {
      case RksvKind::start:
        return "START_BELEG";
      case RksvKind::standard:
        return "STANDARD_BELEG";
      case RksvKind::reversal:
        return "STORNO_BELEG";
      case RksvKind::training:
        return "TRAINING_BELEG";
      case RksvKind::zero:
      case RksvKind::month:
      case RksvKind::year:
      case RksvKind::collective:
      case RksvKind::final:
        return "NULL_BELEG";
    }
    return {};
  }
  [[nodiscard]] RegisterInfo info(std::size_t first) const {
    std::vector<std::string> signers{AustrianStand::names[first]};
    for (std::size_t i = 0; i < 3; ++i)
      if (i != first) signers.emplace_back(AustrianStand::names[i]);
    return {.id = m_id,
            .name = "Demo",
            .tse_serial = {},
            .signers = std::move(signers),
            .aes_check = "demo"};
  }
  void step(const Instruction& one) {
    shop.master(info(one.device), true);
    shop.at(with_offset(one.time));
    const std::size_t before = count();
    shop.down = {"a", "b", "c"};
    if (!one.damaged) {
      // The device the scenario uses is back first: it makes the Sammelbeleg.
      shop.down.erase(AustrianStand::names[one.device]);
      shop.recover_all();
      shop.down.clear();
      shop.recover_all();
    }
    // The Sammelbeleg made by itself is the null receipt the scenario asks for.
    if (count() > before && one.kind == "NULL_BELEG") return;
    EXPECT_EQ(count(), before);
    Sell sell = AustrianStand::draft(1, "k" + std::to_string(m_next++), ReceiptKind::receipt);
    sell.register_id = m_id;
    sell.draft = draft_of(one.amounts, false);
    if (one.kind == "START_BELEG" || one.kind == "NULL_BELEG") {
      sell.draft = {};
      sell.draft.kind = one.kind == "START_BELEG" ? ReceiptKind::start : ReceiptKind::zero;
    } else if (one.kind == "TRAINING_BELEG") {
      sell.draft.kind = ReceiptKind::training;
      sell.draft.payments.clear();
    } else if (one.kind == "STORNO_BELEG") {
      sell.lookup.original = sold_before(one);
      sell.draft = {};
      sell.draft.kind = ReceiptKind::reversal;
      sell.draft.reverses = sell.lookup.original->receipt_number;
      sell.draft.reason = "Storno";
    }
    const std::uint64_t request = shop.send(sell);
    shop.settle();
    EXPECT_EQ(shop.refusal(request), "accepted") << one.kind << " " << one.time;
  }
  [[nodiscard]] std::size_t count() const {
    return receipts_of(shop.journal, m_scenario.register_id).size();
  }
  /// What such a reversal turns the signs of; the scenario does not say when it was sold.
  Plan sold_before(const Instruction& one) {
    const auto stamp = LocalStamp::from(shop.now.wall, "Europe/Vienna").value();
    const State& state = shop.recorder().state();
    const RegisterInfo reg = info(0);
    country::RksvFacts rksv;
    rksv.started = true;
    rksv.aes_key = &m_scenario.key;
    const country::at::Austria law;
    auto plan = law.decide(draft_of(one.amounts, true), {.now = stamp,
                                                         .business = *state.business,
                                                         .business_sequence = 1,
                                                         .register_info = reg,
                                                         .profile = state.profile,
                                                         .next_number = 900'000 + m_next,
                                                         .vorgang = VorgangId("before"),
                                                         .began = stamp,
                                                         .rksv = &rksv});
    EXPECT_TRUE(plan.ok()) << (plan.ok() ? "" : plan.error().detail);
    return plan.ok() ? *plan : Plan{};
  }

  const Scenario& m_scenario;
  RegisterId m_id;
  AustrianStand shop;
  std::uint64_t m_next = 1;
};

class OfficialScenario : public ::testing::TestWithParam<int> {};

TEST_P(OfficialScenario, RunsThroughTheRecorderAndItsExportPasses) {
  RecordProperty("proves", "AMA-069");
  const char* vectors = std::getenv("SIEGEL_VECTORS");
  if (vectors == nullptr) GTEST_SKIP() << "no vectors";
  const auto scenario = read_scenario(
      fmt::format("{}/rksv/scenarios/TESTSUITE_TEST_SZENARIO_{}.json", vectors, GetParam()));
  ASSERT_TRUE(scenario.ok()) << scenario.error().detail;
  ASSERT_GE(scenario->instructions.size(), 70U);
  ScenarioRun(*scenario).run();
}

INSTANTIATE_TEST_SUITE_P(Rksv, OfficialScenario, ::testing::Range(1, 9));

}  // namespace
}  // namespace siegel::recorder
