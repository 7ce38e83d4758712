#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "journal/journal.h"
#include "recorder/recorder.h"
#include "shop.h"

namespace siegel::simulation {

/// Remembers what was acknowledged and says what is wrong with what is there.
class Oracle {
 public:
  /// A reply with a receipt or a Vorgang arrived at a till.
  void acknowledged(const RegisterId& register_id, const std::string& key,
                    const recorder::Accepted& accepted);

  /// The journal alone; may be asked at any time nothing is being appended. Texts of what is wrong.
  [[nodiscard]] std::vector<std::string> check_journal(Shop& shop);
  /// Journal, state and device together; only at rest.
  [[nodiscard]] std::vector<std::string> check_at_rest(Shop& shop);
  /// What `siegel verify` says about the files.
  [[nodiscard]] std::vector<std::string> verify(Shop& shop);

 private:
  struct Receipt {
    std::uint64_t sequence = 0;
    std::string plan;  ///< empty: only the sequence is known
    std::string seal;
  };
  std::map<std::string, Receipt> m_receipts;  ///< by scoped(register, key)
};

/// One per line.
[[nodiscard]] std::string lines_of(const std::vector<std::string>& texts);

}  // namespace siegel::simulation
