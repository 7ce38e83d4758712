#include <utility>

#include "app/shop/open_shop.h"
#include "base/bytes.h"
#include "crypto/hash.h"
#include "format/json.h"
#include "model/closing_begun.h"

namespace siegel::app {
namespace {

/// What was asked for, so that a key that comes back with something else is noticed. The plain
/// request of Austria has none.
Hash256 fingerprint_of(const CloseDay& close) {
  if (close.request == ClosingRequest()) return {};
  const ClosingBegun as_json{.register_id = close.register_id,
                             .number = 0,
                             .key = close.key,
                             .last_of_month = close.last_of_month,
                             .request = close.request};
  return crypto::sha256(bytes_of(to_json(as_json)));
}

}  // namespace

Result<DayClosed> OpenShop::close_day(const CloseDay& close) {
  SIEGEL_TRY_OK(need_writing());
  for (int i = 0;; ++i) {
    SIEGEL_TRY(auto lookup, look_up(close.register_id, close.key, nullptr));
    auto closed = call(close.actor, recorder::Close{.register_id = close.register_id,
                                                    .key = close.key,
                                                    .fingerprint = fingerprint_of(close),
                                                    .last_of_month = close.last_of_month,
                                                    .lookup = std::move(lookup),
                                                    .request = close.request});
    if (!closed) {
      if (closed.error().code == "E-API-603" && i < lookups_max) continue;
      return closed.error();
    }
    DayClosed day;
    day.sequence = closed->sequence;
    day.replayed = closed->replayed;
    if (closed->closing) {
      day.closing = *closed->closing;
    } else {
      SIEGEL_TRY(day.closing, with_reader([&](journal::Reader& entries) -> Result<Closing> {
                   SIEGEL_TRY(const auto found,
                              entries.read(journal::Sequence(closed->sequence), 1));
                   if (found.empty() || found.front().kind != entry_kind::closing)
                     return conflict("E-API-601",
                                     "the key was used for something else than a closing", "/key");
                   return closing_from_json(found.front().payload);
                 }));
    }
    if (closed->plan) {
      SIEGEL_TRY(auto made, receipt(closed->plan->receipt_number));
      day.receipt = std::move(made);
    }
    return day;
  }
}

}  // namespace siegel::app
