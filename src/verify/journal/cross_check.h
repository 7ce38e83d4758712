#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "verify/journal/seals.h"
#include "verify/tse/logs.h"

// A journal beside the logs of its TSEs. Not part of the module's contract.

namespace siegel::verify::journal {

/// A signature the journal knows; 48 bytes each.
struct SignedReceipt {
  std::uint64_t counter = 0;
  std::uint64_t transaction = 0;
  std::uint64_t plan = 0;       ///< entry of the plan
  std::uint64_t facts = 0;      ///< fingerprint of what was signed
  std::uint64_t signature = 0;  ///< fingerprint of the signature
  std::uint32_t tse = 0;
  bool found = false;
};

/// A receipt without signature in the journal that the TSE may have signed.
struct UnsignedReceipt {
  std::uint64_t plan = 0;
  std::uint64_t facts = 0;
};

[[nodiscard]] std::uint64_t fingerprint(const SignedFacts& facts);
[[nodiscard]] std::uint64_t fingerprint(BytesView bytes);

struct CrossInput {
  std::vector<SignedReceipt>& receipts;  ///< sorted in place
  const std::vector<UnsignedReceipt>& unsigned_receipts;
  const std::set<std::string, std::less<>>& clients;
  const SealCheck& tses;
};

/// Rules JRN-0701 to -0705. Errors of tse::visit_logs.
[[nodiscard]] Status cross_check(const CrossInput& input, const std::vector<tse::Input>& logs,
                                 Report& report);

}  // namespace siegel::verify::journal
