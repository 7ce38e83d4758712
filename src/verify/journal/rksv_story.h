#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "model/entries.h"
#include "model/master.h"
#include "model/plan.h"
#include "verify/journal/seals.h"

// What the Austrian receipts of a journal say together: one chain, one counter and one life a
// register. Not part of the module's contract.

namespace siegel::verify::journal {

/// `place` is a JSON pointer into the entry at hand.
using FindHere = std::function<void(std::string_view rule, std::string_view place,
                                    std::string_view found, std::string_view expected)>;

/// Takes the entries in order: rules JRN-08xx.
class RksvStory {
 public:
  RksvStory(SealCheck& seals, FindHere find) : m_seals(seals), m_find(std::move(find)) {}

  void take_signer(const SignerInfo& info, std::string_view entry);
  void take_register(const RegisterInfo& info);
  void take_closing(const Closing& closing);
  /// A receipt is complete: its plan and, at entry `entry`, its seal.
  void take(const Plan& plan, const Seal& seal, std::uint64_t entry);
  /// A plan or seal of this register was removed: chain and counter begin anew.
  void take_removed(std::string_view register_id);

 private:
  struct Life {
    bool known = true;  ///< false: payloads were removed, what comes next is believed
    bool started = false;
    bool ended = false;
    std::int64_t counter = 0;
    std::string chaining;  ///< expected next; empty: the first
    std::string last_time;
    /// Receipts since the last one of an outage that no Sammelbeleg covers; -1: none is open.
    int since_outage = -1;
    std::uint64_t closings = 0;
    std::vector<std::string> signers;
  };

  void check_kind(const Plan& plan, const Seal& seal, Life& life);
  void check_outage(const Plan& plan, const Seal& seal, Life& life);
  void check_amounts(const Plan& plan, const Life& life);
  void check_chain(const Plan& plan, const Life& life);
  void check_code(const Plan& plan, const Seal& seal, const Life& life, std::uint64_t entry);
  void without_signature(const Plan& plan, const Seal& seal);

  SealCheck& m_seals;
  FindHere m_find;
  std::map<std::string, SignerInfo, std::less<>> m_signers;
  std::map<std::string, Life, std::less<>> m_registers;
};

}  // namespace siegel::verify::journal
