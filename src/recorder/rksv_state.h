#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "model/entries.h"
#include "model/plan.h"

// What a register of Austria carries from receipt to receipt: the fold of its plans, seals,
// closings and checks. Nothing here grows with history.

namespace siegel::recorder {

/// Receipts that no device could sign, from the first one to their Sammelbeleg.
struct UnsignedRun {
  std::string first;       ///< Belegnummer
  std::string first_time;  ///< its field 4
  std::string last_time;   ///< field 4 of the latest one
  std::uint64_t receipts = 0;
  std::string signer;  ///< id of the device that should have signed the first
  std::string code;    ///< why it did not: "E-SIG-101"
  std::string text;
  friend bool operator==(const UnsignedRun&, const UnsignedRun&) = default;
};

/// A receipt that is shown to the tax authority, and what it said (the latest answer).
struct ShownReceipt {
  std::string number;  ///< Belegnummer
  std::string time;    ///< field 4
  std::optional<ReceiptCheck> check;
  friend bool operator==(const ShownReceipt&, const ShownReceipt&) = default;
};

struct RksvState {
  std::int64_t counter = 0;           ///< Umsatzzaehler, cents
  std::string chaining;               ///< field 12 of the next receipt; empty: it is the first
  std::string last_time;              ///< field 4 of the last receipt
  std::string last_number;            ///< Belegnummer of the last receipt
  std::optional<ShownReceipt> start;  ///< the Startbeleg
  std::optional<ShownReceipt> year;   ///< the latest Jahresbeleg
  bool ended = false;                 ///< its Schlussbeleg exists
  std::optional<UnsignedRun> run;     ///< a Sammelbeleg is due
  /// Months ("2026-11") with receipts that no Monatsbeleg or Jahresbeleg has followed.
  std::set<std::string> open_months;
  /// A closing said that the month ends with it, and nothing was sold since.
  bool month_ends = false;
  std::string month_closed;  ///< latest month with a Monatsbeleg or Jahresbeleg, "2026-10"
  std::string year_closed;   ///< latest year with a Jahresbeleg, "2025"
  friend bool operator==(const RksvState&, const RksvState&) = default;

  /// A plan and what became of it. `register_id` is the Kassen-ID.
  void apply(const Plan& plan, const Seal& seal);
  void apply(const Closing& closing);
  void apply(const ReceiptCheck& check);

  /// What is due in `month` ("2026-12") by what is known here: year (for a December), month or
  /// nothing. A month that is over is due, one that a closing ended too. `signable`: a Jahresbeleg
  /// can be signed now; it is left out otherwise, since it counts only when signed.
  [[nodiscard]] std::optional<RksvKind> due(std::string_view month, bool signable) const;
  /// The months that would be closed by it: the latest one that is due ("2026-11"; for a
  /// Jahresbeleg the December).
  [[nodiscard]] std::string due_month(std::string_view month, RksvKind kind) const;

 private:
  void close_months(const Plan& plan, bool year);
};

/// "2026-11" of field 4 or of any text that begins with a date.
[[nodiscard]] std::string month_of(std::string_view time);

}  // namespace siegel::recorder
