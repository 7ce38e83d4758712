#pragma once

#include "country/country.h"

namespace siegel::country::de {

/// German law: [KassenSichV], [DSFinV-K], [AEAO 146a]. Without state; one object serves all
/// threads. README.md in this folder lists each rule with its paragraph, code and test.
class Germany final : public Country {
 public:
  /// Errors (kind invalid unless said), place = JSON pointer into the request:
  /// - amounts: E-SAL-501 quantity x price, -502 neither price nor amount, -503 shares, -504 total,
  ///   -505 payments do not cover the total, -506 change, -507 change without cash, -508 value of a
  ///   foreign payment, -524 too large, -525 quantity 0, -526 payment "none" with an amount;
  /// - form: -510 payments not allowed, -511 lines missing, -512 lines not allowed, -517 a text
  /// that
  ///   this kind needs, -518 a field that this kind has not, -519 a text not fit to be printed,
  ///   -520 too many, -521 VAT neither or twice given;
  /// - business cases: -522 sign, -523 cash movement paid without cash, E-VAT-512 not taxable only;
  /// - VAT: E-VAT-510;
  /// - reversal: -513 no such receipt (not_found), -514 reversed already, -515 not a sale, -516 of
  ///   another register (conflict).
  [[nodiscard]] Result<Plan> decide(const ReceiptDraft& draft, const Facts& facts) const override;
  /// Start (unless the explicit flow has done it), finish, done. Start carries neither type nor
  /// data.
  [[nodiscard]] Next next(const Plan& plan, const Progress& progress) const override;
  [[nodiscard]] Seal seal(std::uint64_t plan_sequence, const Plan& plan,
                          const Outcome& outcome) const override;
  [[nodiscard]] print::Document print(const Receipt& receipt, const Profile& profile,
                                      const PrintOptions& options) const override;
  [[nodiscard]] std::string code_text(const Receipt& receipt) const override;
  [[nodiscard]] std::vector<Reason> explain(const Receipt& receipt) const override;
};

}  // namespace siegel::country::de
