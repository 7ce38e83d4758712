#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "model/closing.h"

// A closing that needs receipts of its own before it can be stated: entry kind `closing_begin`,
// docs/formats/closing.md.

namespace siegel {

namespace entry_kind {
inline constexpr std::string_view closing_begin = "closing_begin";  ///< ClosingBegun
/// RegisterInfo that is to come into force at the register's next closing; `register` follows then.
inline constexpr std::string_view register_next = "register_next";
inline constexpr std::string_view in_force = "in_force";  ///< BusinessInForce
}  // namespace entry_kind

/// Durable together with the first receipt the closing makes, so that after a power cut the closing
/// is finished, not half there. The closing's own entry follows with the seal of its last receipt.
struct ClosingBegun {
  RegisterId register_id;
  std::uint64_t number = 0;  ///< the Z number it will have
  std::string key;           ///< idempotency key of the request
  Hash256 fingerprint{};
  std::optional<bool> last_of_month;  ///< Austria, as asked for
  ClosingRequest request;
  std::vector<ClosingCash> drawer;  ///< what should have been there when it was counted
  Money difference;                 ///< counted minus drawer, in the base currency
  bool books_difference = false;    ///< a receipt DifferenzSollIst is part of it
  bool is_signed = false;           ///< a SonstigerVorgang is part of it
  friend bool operator==(const ClosingBegun&, const ClosingBegun&) = default;

  /// The Vorgaenge of its receipts. No other Vorgang is open while a closing goes on.
  [[nodiscard]] std::string difference_vorgang() const {
    return "closing-" + std::to_string(number) + "-difference";
  }
  [[nodiscard]] std::string signature_vorgang() const {
    return "closing-" + std::to_string(number) + "-signature";
  }
};

/// From here on a register works with the master data of this entry (kind `business`).
struct BusinessInForce {
  RegisterId register_id;
  std::uint64_t business_sequence = 0;
  friend bool operator==(const BusinessInForce&, const BusinessInForce&) = default;
};

[[nodiscard]] std::string to_json(const ClosingBegun& entry);
[[nodiscard]] std::string to_json(const BusinessInForce& entry);
/// E-MOD-101 (corrupt).
[[nodiscard]] Result<ClosingBegun> closing_begun_from_json(std::string_view json);
[[nodiscard]] Result<BusinessInForce> business_in_force_from_json(std::string_view json);

}  // namespace siegel
