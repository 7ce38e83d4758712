#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "journal/follower.h"
#include "model/draft.h"
#include "model/money.h"
#include "model/plan.h"

namespace siegel::views {

enum class SealState {
  interrupted,  ///< a plan without its seal
  signed_by_tse,
  unsigned_outage,
  not_required,
  signed_rksv,  ///< Austria
};

/// What is searched and listed; the rest is in the journal.
struct ReceiptRow {
  journal::Sequence plan_sequence;
  journal::Sequence seal_sequence;  ///< 0: none
  std::string register_id;
  std::uint64_t number = 0;
  std::string receipt_number;
  LocalStamp decided;
  ReceiptKind kind = ReceiptKind::receipt;
  Money total;
  SealState state = SealState::interrupted;
  std::string reverses;           ///< receipt number, empty: nothing
  journal::Sequence reversed_by;  ///< plan of the reversal, 0: not reversed
  friend bool operator==(const ReceiptRow&, const ReceiptRow&) = default;
};

struct ReceiptFilter {
  std::optional<std::string> register_id;
  std::optional<Date> first;  ///< of `decided`, inclusive
  std::optional<Date> last;   ///< inclusive
  std::optional<ReceiptKind> kind;
  std::optional<SealState> state;
};

/// Search tables of receipts. Queries from any thread; each sees everything that is in the journal
/// when it begins: what the follower has not taken yet is read from `reader`, which belongs to the
/// caller's thread. Errors of queries: E-JRN-401 (unavailable), E-JRN-1xx, E-MOD-101 (corrupt).
class Receipts : public journal::Follower {
 public:
  [[nodiscard]] virtual Result<std::optional<ReceiptRow>> find(journal::Reader& reader,
                                                               std::string_view receipt_number) = 0;
  [[nodiscard]] virtual Result<std::optional<ReceiptRow>> find_by_number(
      journal::Reader& reader, std::string_view register_id, std::uint64_t number) = 0;

  /// Newest first, at most `limit`. `before`: only receipts older than this plan (the last of the
  /// page before).
  [[nodiscard]] virtual Result<std::vector<ReceiptRow>> list(
      journal::Reader& reader, const ReceiptFilter& filter, std::size_t limit,
      std::optional<journal::Sequence> before) = 0;

  /// Everything needed to show a receipt. E-JRN-403 (not_found): there is no plan at this sequence.
  [[nodiscard]] virtual Result<Receipt> load(journal::Reader& reader,
                                             journal::Sequence plan_sequence) = 0;
};

}  // namespace siegel::views
