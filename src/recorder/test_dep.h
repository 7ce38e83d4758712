#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "crypto/secret.h"
#include "journal/journal.h"
#include "model/codec.h"
#include "model/entries.h"
#include "model/rksv.h"
#include "verify/rksv/rksv.h"

// An export of a register as tests need it: straight from plans and seals, with everything in
// memory, to be judged by the verifier.

namespace siegel::recorder {

struct SealedReceipt {
  std::uint64_t sequence = 0;
  std::string actor;
  Plan plan;
  Seal seal;
  [[nodiscard]] bool is_signed() const { return seal.outcome == Seal::Outcome::signed_rksv; }
};

/// The receipts of a register that RKSV knows, in order.
inline std::vector<SealedReceipt> receipts_of(const std::vector<journal::Entry>& entries,
                                              const std::string& register_id) {
  std::map<std::uint64_t, SealedReceipt> plans;
  std::vector<SealedReceipt> all;
  for (const journal::Entry& entry : entries) {
    if (entry.register_id != register_id) continue;
    if (entry.kind == entry_kind::plan) {
      auto plan = plan_from_json(entry.payload);
      EXPECT_TRUE(plan.ok());
      if (plan.ok() && plan->rksv)
        plans[entry.sequence.get()] = {entry.sequence.get(), entry.actor, *plan, {}};
    } else if (entry.kind == entry_kind::seal) {
      auto seal = seal_from_json(entry.payload);
      EXPECT_TRUE(seal.ok());
      const auto found = plans.find(seal->plan_sequence);
      if (found == plans.end()) continue;
      found->second.seal = *seal;
      all.push_back(found->second);
    }
  }
  EXPECT_EQ(all.size(), plans.size()) << "plans without a seal";
  return all;
}

inline std::string dep_of(const std::vector<SealedReceipt>& receipts) {
  std::string out = R"({"Belege-Gruppe":[{"Signaturzertifikat":"","Zertifizierungsstellen":[],)"
                    R"("Belege-kompakt":[)";
  for (std::size_t i = 0; i < receipts.size(); ++i) {
    const Seal& seal = receipts[i].seal;
    out += fmt::format("{}\"{}\"", i == 0 ? "" : ",", rksv::jws(seal.code_payload, seal.signature));
  }
  return out + "]}]}";
}

inline std::string container_of(const crypto::SecretBytes& key,
                                const std::vector<SignerInfo>& signers) {
  std::string out =
      fmt::format(R"({{"base64AESKey":"{}","certificateOrPublicKeyMap":{{)", base64(key.reveal()));
  for (std::size_t i = 0; i < signers.size(); ++i)
    out += fmt::format(R"({}"{}":{{"id":"{}","signatureDeviceType":"CERTIFICATE",)"
                       R"("signatureCertificateOrPublicKey":"{}"}})",
                       i == 0 ? "" : ",", signers[i].serial, signers[i].serial,
                       base64(signers[i].certificates.at(0)));
  return out + "}}";
}

/// What the verifier says against these receipts, one line each; empty: nothing.
inline std::string verdict_on(const std::vector<SealedReceipt>& receipts,
                              const crypto::SecretBytes& key,
                              const std::vector<SignerInfo>& signers, Instant now) {
  const std::string dep = dep_of(receipts);
  const std::string container = container_of(key, signers);
  verify::rksv::Options options;
  options.now = now;
  options.threads = 1;
  const auto outcome =
      verify::rksv::verify_dep({.bytes = bytes_of(dep)}, {.bytes = bytes_of(container)}, options);
  if (!outcome.ok()) return outcome.error().detail;
  std::string out;
  if (outcome->official.state() != verify::rksv::Official::State::pass)
    out += fmt::format("official: {}\n", outcome->official.state_name());
  for (const verify::Finding& finding : outcome->report.findings())
    if (finding.severity == verify::Severity::violation)
      out += fmt::format("{} {}: {} instead of {}\n", finding.rule, finding.place, finding.found,
                         finding.expected);
  return out;
}

}  // namespace siegel::recorder
