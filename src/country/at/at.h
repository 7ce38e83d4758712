#pragma once

#include "country/country.h"

namespace siegel::country::at {

/// How far the clock of a till may lie behind the last receipt: an hour twice in autumn and a small
/// correction. Until then the last receipt's time is held [RKSV 9 (2) no. 4; Anlage Z 2].
inline constexpr std::int64_t clock_back_max_s = 75 * 60;

/// Austrian law: [RKSV], [BAO]. Without state; one object serves all threads. README.md in this
/// folder lists each rule with its paragraph, code and test.
///
/// A plan has `rksv` when the receipt is one the device must sign: sales, reversals of them,
/// training, and the six kinds without amount. Money put into or taken out of the drawer, an abort
/// and a memo are no Barumsatz [BAO 131b]: their plan has no `rksv`, no device is asked (next()
/// says Done) and they are sealed as `not_required`.
///
/// Month and year may name their period in `name` ("2026-11", "2026") when they are made later;
/// without it, it is the one of the till clock. `name` of a zero receipt is its title; `text` of
/// any of the six kinds is a note printed as it is; that of a collective receipt may be
/// `<time> - <time>: <count>` (first and last unsigned receipt as in field 4) and is put into
/// words.
class Austria final : public Country {
 public:
  /// Errors besides those of country/common (E-SAL-5xx, E-VAT-51x), place = JSON pointer:
  /// - conflict: E-RKS-101 a second Startbeleg, -102 before the Startbeleg, -103 after the
  ///   Schlussbeleg, -104 the clock is further back than clock_back_max_s, -105 the AES key is not
  ///   there or has not 32 bytes, -106 the register has no signature device, -107 the counter would
  ///   leave its range;
  /// - conflict too: E-RKS-115 the register counts in another currency than EUR;
  /// - invalid: E-RKS-112 money movement and sale on one receipt, -113 `name` is no period or lies
  ///   in the future, -114 a kind without amount has a total.
  /// Not signed, because nothing is paid with it or nothing of it is turnover [BAO 131b]: orders,
  /// delivery notes, invoices, benefits, goods on approval, stock-takings, notes; receipts of money
  /// that moves, of tips for the staff, of money of others, and of sales on account alone.
  [[nodiscard]] Result<Plan> decide(const ReceiptDraft& draft, const Facts& facts) const override;
  /// Always Done: no TSE is called. A plan with `rksv` asks for sign_step().
  [[nodiscard]] Next next(const Plan& plan, const Progress& progress) const override;
  /// `plan` has `rksv`. No digest of anything else is ever given to a device.
  [[nodiscard]] SignStep sign_step(const Plan& plan, const SignerInfo& signer) const override;
  /// `outcome` is Signed (signer set, 64 bytes), Outage (signer set: the first of the list) or, for
  /// a plan without `rksv`, Done.
  [[nodiscard]] Seal seal(std::uint64_t plan_sequence, const Plan& plan,
                          const Outcome& outcome) const override;
  [[nodiscard]] print::Document print(const Receipt& receipt, const Profile& profile,
                                      const PrintOptions& options) const override;
  [[nodiscard]] std::string code_text(const Receipt& receipt) const override;
  [[nodiscard]] std::vector<Reason> explain(const Receipt& receipt) const override;
};

}  // namespace siegel::country::at
