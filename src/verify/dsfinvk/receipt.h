#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "verify/dsfinvk/closings.h"
#include "verify/dsfinvk/fields.h"
#include "verify/dsfinvk/words.h"

// One Vorgang with everything that belongs to it. Not part of the module's contract.

namespace siegel::verify::dsfinvk {

/// A VAT key as written; `unreadable_key` if it is no number.
using VatKey = std::uint64_t;
inline constexpr VatKey unreadable_key = ~VatKey{0};

/// Gross, net and tax of something.
struct Amounts {
  Row row;
  VatKey key = unreadable_key;
  std::string_view key_text;
  Number gross;
  Number net;
  Number tax;

  /// Gross, or net and tax.
  [[nodiscard]] Units amount() const {
    return gross.readable() ? gross.units : net.units + tax.units;
  }
  [[nodiscard]] bool net_method() const { return !gross.readable() && net.readable(); }
};

struct Line {
  Row row;
  std::string_view position;
  GvType gv = GvType::unknown;
  bool cancelled = false;  ///< P_STORNO
  Number quantity;
  Number factor;
  Number price;
  std::uint64_t agency = 0;
  std::vector<std::uint32_t> shares;  ///< indices into Receipt::shares
  Units amount = 0;                   ///< of all shares
};

struct Payment {
  Row row;
  PayType type = PayType::unknown;
  std::string_view currency;
  Number foreign;
  Number base;
};

/// Sums of one VAT key over the lines that count.
struct KeySum {
  VatKey key = unreadable_key;
  Units gross = 0;
  std::int64_t shares = 0;
};

struct Receipt {
  Row head;
  std::string_view id;
  BonType type = BonType::unknown;
  bool storno = false;
  Number gross;
  std::optional<Stamp> start;
  std::optional<Stamp> end;

  std::vector<Line> lines;
  std::vector<Amounts> shares;            ///< lines_vat
  std::vector<std::uint32_t> share_line;  ///< index into lines, or npos32
  std::vector<Amounts> totals;            ///< transactions_vat
  std::vector<Payment> payments;
  std::vector<Amounts> components;  ///< itemamounts
  std::vector<std::uint32_t> component_line;
  std::vector<Amounts> parts;  ///< subitems
  std::vector<std::uint32_t> part_line;
  std::vector<Row> references;
  std::vector<Row> secured;  ///< transactions_tse
  std::vector<Row> groups;   ///< allocation_groups

  // Derived:
  std::vector<KeySum> keys;  ///< over lines that count
  Units line_sum = 0;
  Units pay_sum = 0;
  bool has_receivable = false;  ///< Forderung*
  bool has_net = false;
  bool has_gross = false;

  static constexpr std::uint32_t no_line = ~std::uint32_t{0};
  [[nodiscard]] const KeySum* key_sum(VatKey key) const {
    for (const KeySum& sum : keys) {
      if (sum.key == key) return &sum;
    }
    return nullptr;
  }
  [[nodiscard]] bool is_av() const { return type != BonType::beleg && type != BonType::unknown; }
  [[nodiscard]] bool refers() const { return !references.empty(); }
};

[[nodiscard]] Amounts read_amounts(Row row, std::size_t key_column, std::size_t gross_column);
[[nodiscard]] Line read_line(Row row);
[[nodiscard]] Payment read_payment(Row row);
/// Fills what is derived; `lines` and `shares` are whole.
void derive(Receipt& receipt);

/// Amounts compared with a tolerance.
[[nodiscard]] constexpr bool within(Units a, Units b, Units tolerance) {
  return a - b <= tolerance && b - a <= tolerance;
}
/// Rounded to cents, half away from zero.
[[nodiscard]] Units to_cents(Units units);
/// The tax in a gross amount at `rate` percent.
[[nodiscard]] Units tax_in(Units gross, Units rate);

}  // namespace siegel::verify::dsfinvk
