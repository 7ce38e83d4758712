#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "verify/dsfinvk/closing_check.h"
#include "verify/dsfinvk/dsfinvk.h"
#include "verify/dsfinvk/other_sources.h"

// Rules about what several Vorgaenge, closings or sources say together. Not part of the module's
// contract.

namespace siegel::verify::dsfinvk {

// Kinds of facts, by topic. Within a key they are met in this order.
// Receipt: value = end (UTC ms), gross, hash of the amounts, traits.
inline constexpr std::uint16_t fact_receipt = 0;
/// value = GvType, amount, mask of keys.
inline constexpr std::uint16_t fact_opened = 1;
/// value = REF_Z_NR or -1, hash of REF_DATUM, own end, own traits.
inline constexpr std::uint16_t fact_reference = 2;
/// value = hash of the negated amounts, gross, BON_STORNO.
inline constexpr std::uint16_t fact_cancelled = 3;
/// value = GvType, amount, mask of keys.
inline constexpr std::uint16_t fact_settled = 4;
// Traits of a receipt: BonType in the low byte.
inline constexpr std::uint64_t receipt_storno = 0x100;
inline constexpr std::uint64_t receipt_group_mask = ~std::uint64_t{0xFFFF};
// Group: orders and bills.
inline constexpr std::uint16_t fact_order = 0;
inline constexpr std::uint16_t fact_bill = 1;
// Voucher: value = amount.
inline constexpr std::uint16_t fact_sold = 0;
inline constexpr std::uint16_t fact_redeemed = 1;
// Transaction and counter: who says so. order = counter or end; value = end, start (UTC ms), hash
// of the signature, counter (of a transaction) or number (of a counter). closing is the closing, or
// the register of a code.
inline constexpr std::uint16_t fact_row = 0;
inline constexpr std::uint16_t fact_other = 1;    ///< from the TAR or the journal
inline constexpr std::uint16_t fact_started = 2;  ///< a start in the TAR
inline constexpr std::uint16_t fact_system = 3;   ///< another message of the TSE
inline constexpr std::uint16_t fact_code = 4;     ///< a QR code

void set_receipt_key(Fact& fact, std::uint32_t register_index, std::string_view id);

struct CrossInput {
  const Closings& closings;
  const std::vector<ClosingSummary>& summaries;
  const std::vector<std::string>& tses;  ///< serials by index
  bool has_other = false;                ///< a TAR or a journal was given
  std::string other_name;                ///< "TAR"
  const std::vector<std::string>& codes;
  const std::map<std::uint32_t, Period>& periods;  ///< of the other source, by TSE
};

/// Everything about facts. `strips` gets one entry a TSE.
Status check_facts(FactSorter& facts, const CrossInput& input,
                   const std::map<std::uint32_t, Gathered::Span>& spans, Findings& findings,
                   std::vector<Strip>& strips);
/// Everything about closings in their order, outages, cash.
void check_closings(const CrossInput& input, Findings& findings);
/// What needs all rows: columns never filled, operators, months, chains of certificates.
void check_whole(const CrossInput& input, const std::array<Layout, tables_count>& layouts,
                 const FormUse& use, const Gathered& gathered, const Options& options,
                 Findings& findings);

}  // namespace siegel::verify::dsfinvk
