#include <cstdint>

#include "base/check.h"
#include "country/de/de.h"
#include "format/json.h"
#include "model/codec.h"

using namespace siegel;

namespace {

RegisterInfo test_register() {
  RegisterInfo info;
  info.id = RegisterId::parse("KASSE-01").value();
  return info;
}

}  // namespace

/// Whatever a till sends is refused with a code and a readable text, or becomes a plan that adds up
/// and is read again as it was written.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Business business;
  static const RegisterInfo info = test_register();
  static const Profile profile;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto value = json::parse(text);
  if (!value.ok()) return 0;
  const auto draft = draft_from_json(*value);
  if (!draft.ok()) {
    SIEGEL_CHECK(!draft.error().code.empty() && valid_utf8(draft.error().detail));
    return 0;
  }
  const auto again = draft_from_json(to_json_value(*draft));
  SIEGEL_CHECK(again.ok());
  const country::Facts facts{.now = LocalStamp::parse("2026-11-20T18:42:17+01:00").value(),
                             .business = business,
                             .business_sequence = 1,
                             .register_info = info,
                             .tse = nullptr,
                             .profile = profile,
                             .next_number = 1,
                             .vorgang = VorgangId("v"),
                             .began = LocalStamp::parse("2026-11-20T18:42:00+01:00").value(),
                             .transaction = 0,
                             .original = nullptr,
                             .original_reversed = false};
  const auto plan = country::de::Germany().decide(*draft, facts);
  if (!plan.ok()) {
    SIEGEL_CHECK(!plan.error().code.empty() && valid_utf8(plan.error().detail));
    return 0;
  }
  Money gross;
  for (const VatSum& sum : plan->vat) {
    SIEGEL_CHECK(sum.net + sum.tax == sum.gross);
    gross += sum.gross;
  }
  SIEGEL_CHECK(gross == plan->total);
  SIEGEL_CHECK(plan->change >= Money());
  SIEGEL_CHECK(plan_from_json(to_json(*plan)).value() == *plan);
  return 0;
}
