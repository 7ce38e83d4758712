#include "cafe.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "base/file.h"
#include "country/at/at.h"
#include "format/json.h"
#include "model/codec.h"
#include "model/rksv.h"

namespace siegel::golden {
namespace {

std::string text(const json::Object& object, std::string_view key) {
  const json::Value* value = object.find(key);
  return value == nullptr ? std::string() : *value->string();
}

bool flag(const json::Object& object, std::string_view key) {
  const json::Value* value = object.find(key);
  return value != nullptr && *value->boolean();
}

Bytes counted(std::size_t first) {
  Bytes bytes(64);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(first + i * 7);
  return bytes;
}

class Cafe {
 public:
  explicit Cafe(const json::Object& file) : m_file(file) {
    m_business = business_from_request(*file.find("business")).value();
    const json::Object& till = *file.find("register")->object();
    m_register.id = RegisterId::parse(text(till, "id")).value();
    m_register.name = text(till, "name");
    m_register.signers = {"card-1"};
    const json::Object& card = *file.find("signer")->object();
    m_signer.id = text(card, "id");
    m_signer.serial = text(card, "serial");
    m_signer.provider = text(card, "provider");
    m_key = crypto::SecretBytes::copy_of(from_base64(text(file, "aes_key")).value());
    m_rksv.aes_key = &m_key;
  }

  std::vector<Example> all() {
    for (const json::Value& each : *m_file.find("receipts")->array()) add(*each.object());
    return std::move(m_all);
  }

 private:
  const Example& named(const std::string& name) const {
    return *std::ranges::find(m_all, name, &Example::name);
  }

  void add(const json::Object& step) {
    Example example;
    example.name = text(step, "name");
    if (const std::string copied = text(step, "copy_of"); !copied.empty()) {
      example.receipt = named(copied).receipt;
      example.copy = true;
      m_all.push_back(std::move(example));
      return;
    }
    if (text(step, "language") == "en") example.profile.language = Language::en;
    if (text(step, "form") == "text") example.profile.tse_form = TseForm::text;
    ReceiptDraft draft;
    if (const std::string reversed = text(step, "reverses"); !reversed.empty()) {
      json::Object request = *step.find("request")->object();
      request.set("reverses", named(reversed).receipt.plan.receipt_number);
      draft = draft_from_json(json::Value(request)).value();
    } else {
      draft = draft_from_json(*step.find("request")).value();
    }
    example.receipt = record(draft, step);
    m_all.push_back(std::move(example));
  }

  Receipt record(const ReceiptDraft& draft, const json::Object& step) {
    const LocalStamp now = LocalStamp::parse(text(step, "at")).value();
    const auto original = std::ranges::find(m_all, draft.reverses, [](const Example& each) {
      return each.receipt.plan.receipt_number;
    });
    ++m_number;
    const auto plan = m_law.decide(
        draft, {.now = now,
                .business = m_business,
                .register_info = m_register,
                .profile = m_profile,
                .next_number = m_number,
                .vorgang = VorgangId("v"),
                .began = now,
                .original = original == m_all.end() ? nullptr : &original->receipt.plan,
                .rksv = &m_rksv});
    EXPECT_TRUE(plan.ok()) << text(step, "name") << plan.error().detail;
    Receipt receipt;
    receipt.plan = *plan;
    receipt.business = m_business;
    receipt.register_info = m_register;
    country::Outcome outcome = country::Done{};
    if (plan->rksv) {
      receipt.signer = m_signer;
      receipt.signer->development = flag(step, "development");
      outcome = country::Signed{.signer = &m_signer, .signature = counted(m_number)};
      if (flag(step, "unsigned")) {
        outcome = country::Outage{.number = 1,
                                  .receipt = 1,
                                  .since = {},
                                  .code = "E-SIG-104",
                                  .text = {},
                                  .signer = &m_signer};
      }
    }
    receipt.seal = m_law.seal(m_number, *plan, outcome);
    if (plan->rksv) {
      m_rksv.started = true;
      m_rksv.counter = plan->rksv->counter;
      m_rksv.last_time = plan->rksv->time;
      m_rksv.chaining =
          rksv::chaining_after(rksv::jws(receipt.seal->code_payload, receipt.seal->signature));
    }
    return receipt;
  }

  const json::Object& m_file;
  country::at::Austria m_law;
  Business m_business;
  RegisterInfo m_register;
  SignerInfo m_signer;
  Profile m_profile;
  crypto::SecretBytes m_key;
  country::RksvFacts m_rksv;
  std::uint64_t m_number = 0;
  std::vector<Example> m_all;
};

}  // namespace

std::vector<Example> cafe() {
  const auto file = read_file(std::filesystem::path(SIEGEL_SOURCE_DIR) / "examples/at/cafe.json",
                              std::uint64_t{1} << 20)
                        .value();
  const json::Value value = json::parse(text_of(file)).value();
  return Cafe(*value.object()).all();
}

}  // namespace siegel::golden
