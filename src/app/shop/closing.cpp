#include <utility>

#include "app/shop/open_shop.h"

namespace siegel::app {

Result<DayClosed> OpenShop::close_day(const RegisterId& id, const std::string& key,
                                      std::optional<bool> last_of_month, const std::string& actor) {
  SIEGEL_TRY_OK(need_writing());
  for (int i = 0;; ++i) {
    SIEGEL_TRY(auto lookup, look_up(id, key, nullptr));
    auto closed = call(actor, recorder::Close{.register_id = id,
                                              .key = key,
                                              .fingerprint = {},
                                              .last_of_month = last_of_month,
                                              .lookup = std::move(lookup)});
    if (!closed) {
      if (closed.error().code == "E-API-603" && i < lookups_max) continue;
      return closed.error();
    }
    DayClosed day;
    day.replayed = closed->replayed;
    if (closed->closing) day.closing = *closed->closing;
    if (closed->plan) {
      SIEGEL_TRY(auto made, receipt(closed->plan->receipt_number));
      day.receipt = std::move(made);
    }
    return day;
  }
}

}  // namespace siegel::app
