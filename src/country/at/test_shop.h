#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>

#include "country/at/at.h"
#include "country/at/fields.h"
#include "format/json.h"
#include "model/codec.h"
#include "model/rksv.h"

// A shop with one register for the tests of this folder: what varies is public.

namespace siegel::country::at {

inline LocalStamp stamp(std::string_view text) { return LocalStamp::parse(text).value(); }

inline crypto::SecretBytes key_of(std::string_view base64_text) {
  return crypto::SecretBytes::copy_of(from_base64(base64_text).value());
}

class Shop {
 public:
  explicit Shop(std::string_view register_id = "KASSE-01") {
    business.name = "Café Lindner e.U.";
    business.street = "Hauptplatz 3";
    business.postcode = "8010";
    business.city = "Graz";
    business.country = "AT";
    business.vat_id = "ATU12345678";
    business.time_zone = "Europe/Vienna";
    register_info.id = RegisterId::parse(register_id).value();
    register_info.signers = {"card-1"};
    signer.id = "card-1";
    signer.kind = "smartcard";
    signer.serial = "1a2b3c4d5e6f";
    signer.provider = "AT1";
    rksv.started = true;
    rksv.chaining = "OeSKQjO4zKI=";
    rksv.last_time = "2026-11-20T18:00:00";
    rksv.aes_key = &m_key;
  }

  [[nodiscard]] Result<Plan> decide(const ReceiptDraft& draft) const {
    return m_law.decide(draft, {.now = stamp(now),
                                .business = business,
                                .business_sequence = 3,
                                .register_info = register_info,
                                .profile = profile,
                                .next_number = number,
                                .vorgang = VorgangId("v-1"),
                                .began = stamp(now),
                                .original = original,
                                .original_reversed = original_reversed,
                                .rksv = &rksv});
  }
  [[nodiscard]] Result<Plan> decide(std::string_view json) const {
    const auto value = json::parse(json);
    if (!value.ok()) return value.error();
    SIEGEL_TRY(const ReceiptDraft draft, draft_from_json(*value));
    return decide(draft);
  }
  [[nodiscard]] Result<Plan> decide(ReceiptKind kind) const {
    ReceiptDraft draft;
    draft.kind = kind;
    return decide(draft);
  }
  /// Code and place of the refusal.
  template <class Request>
  [[nodiscard]] std::string refusal(const Request& request) const {
    const auto plan = decide(request);
    return plan.ok() ? "accepted" : plan.error().code + " " + plan.error().place;
  }
  /// The plan and what becomes of it, as the journal keeps them; an empty signature: an outage.
  [[nodiscard]] Receipt receipt_of(const Plan& plan, BytesView signature) const {
    Outcome outcome = Signed{.signer = &signer, .signature = {signature.begin(), signature.end()}};
    if (!plan.rksv) {
      outcome = Done{};
    } else if (signature.empty()) {
      outcome = Outage{.number = 2,
                       .receipt = 5,
                       .since = Instant::from_unix(1795197432),
                       .code = "E-SIG-104",
                       .text = "no answer",
                       .signer = &signer};
    }
    Receipt receipt;
    receipt.plan_sequence = 7;
    receipt.plan = plan;
    receipt.seal = m_law.seal(receipt.plan_sequence, plan, outcome);
    receipt.business = business;
    receipt.register_info = register_info;
    if (plan.rksv) receipt.signer = signer;
    return receipt;
  }
  /// Goes on as a recorder does after this receipt.
  void took(const Receipt& receipt) {
    if (!receipt.plan.rksv) return;
    rksv.counter = receipt.plan.rksv->counter;
    rksv.last_time = receipt.plan.rksv->time;
    rksv.chaining =
        rksv::chaining_after(rksv::jws(receipt.seal->code_payload, receipt.seal->signature));
    rksv.started = true;
    ++number;
  }
  void use_key(std::string_view base64_text) { m_key = key_of(base64_text); }
  [[nodiscard]] const Austria& law() const { return m_law; }
  [[nodiscard]] const crypto::SecretBytes& key() const { return m_key; }

  Business business;
  RegisterInfo register_info;
  SignerInfo signer;
  Profile profile;
  RksvFacts rksv;
  std::string now = "2026-11-20T18:42:17+01:00";
  std::uint64_t number = 17;
  const Plan* original = nullptr;
  bool original_reversed = false;

 private:
  Austria m_law;
  crypto::SecretBytes m_key = key_of("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=");
};

}  // namespace siegel::country::at
