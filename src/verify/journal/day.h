#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/closing.h"
#include "model/master.h"
#include "verify/report.h"

namespace siegel::verify::journal {

/// The self-check of one closing: its sums and the signatures of its receipts, from the entries
/// alone and by other code than that which closed the day. One thread.
class DayCheck {
 public:
  /// `info`: the register as of the day; devices whose keys are known.
  DayCheck(const RegisterInfo& info, const std::vector<TseInfo>& tses,
           const std::vector<SignerInfo>& signers);
  ~DayCheck();
  DayCheck(const DayCheck&) = delete;
  DayCheck& operator=(const DayCheck&) = delete;

  /// The entries from Closing::first_sequence to the closing, in order; other registers' are passed
  /// over. Only plans and seals are looked at.
  void take(std::uint64_t sequence, std::string_view kind, std::string_view register_id,
            std::string_view payload);
  /// Of the receipts taken so far, those that went out in an outage.
  [[nodiscard]] std::uint64_t unsigned_receipts() const;
  /// Rules JRN-04xx, -0805, -09xx. Once.
  [[nodiscard]] Report finish(const Closing& closing, std::uint64_t sequence);

 private:
  struct Parts;
  std::unique_ptr<Parts> m_parts;
};

}  // namespace siegel::verify::journal
