#pragma once

#include <map>
#include <string>
#include <vector>

#include "card_shop.h"
#include "journal/journal.h"
#include "recorder/recorder.h"

namespace siegel::simulation::rksv {

/// Remembers what was acknowledged and says what is wrong with what is there, in words.
class CardOracle {
 public:
  /// A reply with a receipt or a closing arrived at a till.
  void acknowledged(const RegisterId& register_id, const std::string& key,
                    const recorder::Accepted& accepted);

  /// The journal alone; at any time nothing is being appended.
  [[nodiscard]] std::vector<std::string> check_journal(CardShop& shop);
  /// State, chains, counters, outages and dues; only at rest.
  [[nodiscard]] std::vector<std::string> check_at_rest(CardShop& shop);
  /// What `siegel verify` says of the journal's files.
  [[nodiscard]] static std::vector<std::string> verify_files(CardShop& shop);

 private:
  struct Known {
    std::uint64_t sequence = 0;
    std::string plan;  ///< empty: only the sequence is known
    std::string seal;
    std::string closing;
  };
  std::map<std::string, Known> m_known;  ///< by scoped(register, key)
};

/// One per line.
[[nodiscard]] std::string lines_of(const std::vector<std::string>& texts);

}  // namespace siegel::simulation::rksv
