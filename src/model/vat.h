#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "base/result.h"
#include "base/strong.h"
#include "base/time.h"
#include "model/money.h"

namespace siegel {

enum class CountryCode { de, at };

/// The key of a rate in its country's list. Germany: UST_SCHLUESSEL [DSFinV-K Anlage 2], so 1 and 2
/// always mean the general and the reduced rate in force on the day. Austria: our own numbers 1 to
/// 5 in the order of the five sums of [RKSV 9], 6 = 4.9 % (since 2026-07-01), 7 = 5 % (2020-07-01
/// to 2021-12-31), both counted under Besonders.
using VatKey = Strong<int, struct VatKeyTag>;

/// One row of a country's dated table: `rate` holds for `key` from `from` to `until` (both
/// inclusive, open end if empty).
struct VatEntry {
  CountryCode country;
  VatKey key;
  VatRate rate;
  /// Position among the five sums that are signed: Germany [DSFinV-K Anhang I] standard, reduced,
  /// 24(1)3, 24(1)1, zero; Austria [RKSV 9] Normal, Ermaessigt-1, Ermaessigt-2, Null, Besonders.
  int slot;  ///< 1..5
  char
      letter;  ///< printed beside the line and accepted as a till's short form ('A' = general rate)
  Date from;
  std::optional<Date> until;
  bool historic;  ///< a former rate: for returns and late bookings only
  std::string_view name_de;
  std::string_view name_en;
  std::string_view source;  ///< paragraph
};

/// The whole table of a country, ordered by key and date.
[[nodiscard]] std::span<const VatEntry> vat_table(CountryCode country);

/// The error E-VAT-510 for `asked` ("B", "16.00 %"); its detail lists what is allowed on `day`.
[[nodiscard]] Error vat_not_in_force(CountryCode country, std::string_view asked, Date day);

/// The row of `key` in force on `day`. Error E-VAT-510 (place empty): no such key on that day; the
/// detail lists what is allowed.
[[nodiscard]] Result<const VatEntry*> vat_in_force(CountryCode country, VatKey key, Date day);
/// The same, found by printed letter ("B") or by rate ("7", "7.00"); current rows win over historic
/// ones of the same rate. Rate 0 finds "not taxable" (Germany key 5) unless a letter says
/// otherwise. Errors: E-VAT-510; E-MOD-001 if the text is neither a letter nor a rate.
[[nodiscard]] Result<const VatEntry*> vat_by_text(CountryCode country,
                                                  std::string_view letter_or_rate, Date day);

/// The key under which a sale made earlier at `rate` under `key` is taken back on `day`: its own
/// while that rate is still in force, else the historic key of the same rate and position. Empty:
/// none.
[[nodiscard]] std::optional<VatKey> vat_key_of_sale(CountryCode country, VatKey key, VatRate rate,
                                                    Date day);

}  // namespace siegel
