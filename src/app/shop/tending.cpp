#include "app/shop/tending.h"

#include "app/secrets/tse_login.h"

namespace siegel::app {
namespace {

constexpr std::chrono::seconds clock_off_max{1};

/// Generation 2 wants a logger for every transaction.
Status log_in_to_sell(device::Tse& tse, int generation) {
  if (generation < 2) return Ok{};
  return tse.log_in(device::TseUser::logger, crypto::SecretBytes());
}

}  // namespace

Status tend(device::Tse& tse, const std::string& tse_id, vault::Vault& vault, Now now,
            bool may_set_time) {
  SIEGEL_TRY_OK(tse.self_test());
  SIEGEL_TRY(const device::TseStatus status, tse.status());
  const auto off = now.wall - status.time;
  if (!may_set_time || (status.time_set && off < clock_off_max && -off < clock_off_max))
    return Ok{};
  SIEGEL_TRY_OK(log_in(tse, tse_id, device::TseUser::time_admin, vault, now.wall));
  const Status set = tse.set_time(now.wall);
  SIEGEL_TRY_OK(tse.log_out());
  SIEGEL_TRY_OK(log_in_to_sell(tse, status.generation));
  return set;
}

Status end_of_life(device::Tse& tse, const std::string& tse_id, vault::Vault& vault, Now now) {
  SIEGEL_TRY(const device::TseStatus status, tse.status());
  if (status.state == "disabled") return Ok{};
  SIEGEL_TRY_OK(log_in(tse, tse_id, device::TseUser::admin, vault, now.wall));
  for (const std::string& client : status.clients) SIEGEL_TRY_OK(tse.deregister_client(client));
  return tse.disable();
}

void Tending::rest(const std::string& serial, bool rests) {
  const Lock lock(m_mutex);
  if (rests) {
    m_resting.insert(serial);
  } else {
    m_resting.erase(serial);
  }
}

bool Tending::rests(const std::string& serial) const {
  const Lock lock(m_mutex);
  return m_resting.contains(serial);
}

void Tending::tested(const std::string& serial, Steady at) {
  const Lock lock(m_mutex);
  m_tested[serial] = at;
}

void Tending::idle(const std::string& serial, device::Tse& tse, Now now,
                   std::chrono::nanoseconds idle) {
  {
    const Lock lock(m_mutex);
    if (m_resting.contains(serial)) return;
    // Seen for the first time: it has just been opened, with a self-test.
    const auto since = now.steady - m_tested.try_emplace(serial, now.steady).first->second;
    const bool due = since >= soon_after || (since >= quiet_after && idle >= quiet);
    if (!due) return;
  }
  // One that fails is not tried again at once; the next sale finds out, and the outage rules begin.
  tested(serial, now.steady);
  (void)m_tend(serial, tse, now).ok();
}

}  // namespace siegel::app
