#pragma once

#include <atomic>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "model/draft.h"
#include "model/master.h"

namespace siegel::app {

/// A shop's day as a file (examples/de/): what a till rings up, and when.
struct Day {
  struct Step {
    LocalStamp at;
    std::optional<LocalStamp> opened_at;  ///< explicit flow: when its Vorgang began
    std::string key;
    bool print = false;
    ReceiptDraft draft;
  };
  Business business;
  RegisterId register_id;
  std::string register_name;
  std::vector<Step> steps;
};

/// Errors: E-JSN-0xx, E-MOD-0xx, E-TIM-001 with the JSON pointer.
[[nodiscard]] Result<Day> day_from_json(std::string_view text);

/// examples/de/bakery-day.json as it was when the program was built.
[[nodiscard]] std::string_view bakery_day();

/// A clock whose wall time is set by hand and runs on from there; `start` may lie in the past.
class DayClock final : public Clock {
 public:
  DayClock(const Clock& real, Instant start)
      : m_real(real), m_start_ms((start - real.now().wall).count()), m_ahead_ms(m_start_ms) {}
  [[nodiscard]] Now now() const override;
  /// Any thread; an earlier time than now() changes nothing.
  void set(Instant wall);

 private:
  const Clock& m_real;
  const std::int64_t m_start_ms;
  std::atomic<std::int64_t> m_ahead_ms;
};

}  // namespace siegel::app
