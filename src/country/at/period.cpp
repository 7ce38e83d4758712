#include "country/at/period.h"

#include <fmt/format.h>

#include "model/codec.h"

namespace siegel::country::at {
namespace {

constexpr std::size_t wall_length = 19;
constexpr std::size_t month_length = 7;
constexpr std::size_t year_length = 4;

Result<Instant> as_if_utc(std::string_view wall) {
  return Instant::parse(fmt::format("{}Z", wall));
}

}  // namespace

std::string wall_text(const LocalStamp& stamp) { return stamp.text().substr(0, wall_length); }

Result<std::int64_t> seconds_between(std::string_view from, std::string_view to) {
  SIEGEL_TRY(const Instant begin, as_if_utc(from));
  SIEGEL_TRY(const Instant end, as_if_utc(to));
  return end.unix_seconds() - begin.unix_seconds();
}

Result<std::string> period_of(const ReceiptDraft& draft, Date today) {
  const bool month = draft.kind == ReceiptKind::month;
  if (!month && draft.kind != ReceiptKind::year) return draft.name;
  const std::size_t length = month ? month_length : year_length;
  const std::string current = today.text().substr(0, length);
  if (draft.name.empty()) return current;
  const bool exists =
      draft.name.size() == length && Date::parse(draft.name + (month ? "-01" : "-01-01")).ok();
  if (exists && draft.name <= current) return draft.name;
  return invalid("E-RKS-113",
                 fmt::format("\"{}\" is no {} up to {}", excerpt(draft.name),
                             month ? "month like 2026-11" : "year like 2026", current),
                 "/name");
}

}  // namespace siegel::country::at
