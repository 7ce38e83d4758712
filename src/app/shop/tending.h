#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <set>
#include <string>

#include "base/result.h"
#include "base/thread.h"
#include "base/time.h"
#include "device/device.h"
#include "vault/vault.h"

namespace siegel::app {

/// Self-test, then the clock, which is set where it is more than a second off. Runs on the device's
/// lane. `may_set_time`: the machine's clock is believed.
[[nodiscard]] Status tend(device::Tse& tse, const std::string& tse_id, vault::Vault& vault, Now now,
                          bool may_set_time);
/// All clients off it, then disabled for ever. Runs on the device's lane; what is done already is
/// left out.
[[nodiscard]] Status end_of_life(device::Tse& tse, const std::string& tse_id, vault::Vault& vault,
                                 Now now);

/// Keeps the deadlines of TSEs while nobody sells, so that no sale meets them: the self-test is due
/// 25 hours after the last one. Any thread.
class Tending {
 public:
  static constexpr std::chrono::hours self_test_due{25};
  /// After this it is done in a quiet half hour, most often in the night.
  static constexpr std::chrono::hours quiet_after{12};
  static constexpr std::chrono::minutes quiet{30};
  /// After this it is done as soon as nobody sells for half a minute.
  static constexpr std::chrono::hours soon_after{23};

  /// Called on the lane when the device has had nothing to do for `idle`.
  using Tend = std::function<Status(const std::string& serial, device::Tse& tse, Now now)>;
  explicit Tending(Tend tend) : m_tend(std::move(tend)) {}

  /// A person has taken the device out of use, or put it back: until then it is not called.
  void rest(const std::string& serial, bool rests);
  [[nodiscard]] bool rests(const std::string& serial) const;
  /// The device has tested itself now.
  void tested(const std::string& serial, Steady at);
  void idle(const std::string& serial, device::Tse& tse, Now now, std::chrono::nanoseconds idle);

 private:
  Tend m_tend;
  mutable Mutex m_mutex;
  std::map<std::string, Steady> m_tested SIEGEL_GUARDED_BY(m_mutex);
  std::set<std::string> m_resting SIEGEL_GUARDED_BY(m_mutex);
};

}  // namespace siegel::app
