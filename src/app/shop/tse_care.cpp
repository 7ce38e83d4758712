#include <fmt/format.h>

#include <algorithm>

#include "app/shop/open_shop.h"
#include "model/codec.h"
#include "runtime/questions.h"

// The care of TSEs inside an open shop: deadlines, signatures asked back, the end of a device, and
// whether the machine's clock is believed.

namespace siegel::app {
namespace {

/// What the program records by itself, whatever the clock shows: it says nothing of the clock.
bool is_own(const journal::Entry& entry) {
  return entry.kind == entry_kind::outage_begin || entry.kind == entry_kind::outage_end ||
         entry.kind == entry_kind::late_signature;
}

/// Time of the last entry that somebody wanted; 0: there is none among the last thousand.
Result<Instant> last_act(journal::Reader& entries, journal::Sequence head) {
  constexpr std::uint64_t chunk = 100;
  for (std::uint64_t i = 0, end = head.get(); end > 0 && i < 10; ++i) {
    const std::uint64_t first = end > chunk ? end - chunk + 1 : 1;
    SIEGEL_TRY(const auto found, entries.read(journal::Sequence(first), end - first + 1));
    const auto last = std::find_if_not(found.rbegin(), found.rend(), is_own);
    if (last != found.rend()) return last->at;
    end = first - 1;
  }
  return Instant();
}

}  // namespace

Status OpenShop::tend_tse(const std::string& id) {
  return on_tse(id, [&](device::Tse& tse) {
    const Now now = m_environment.clock.now();
    const Status done = tend(tse, id, *m_vault, now, !m_clock_guard->doubtful(now.wall));
    if (done)
      if (const auto info = tse.identity()) m_tending->tested(info->serial, now.steady);
    return done;
  });
}

Status OpenShop::probe_tse(device::Tse& tse, Now now) {
  SIEGEL_TRY(const TseInfo info, tse.identity());
  const bool doubtful = m_clock_guard->doubtful(now.wall);
  if (tend(tse, info.id, *m_vault, now, !doubtful).ok() && !doubtful) return Ok{};
  // Nobody can log in, or the time is not to be believed: while its own clock runs, it signs.
  return runtime::probe(&tse, now.wall);
}

Status OpenShop::record(const TseSwitch& change, const std::string& actor) {
  const bool rests = change.mode != TseSwitch::Mode::on;
  // Left alone before the entry is there, looked after again only when it is.
  if (rests && m_tending) m_tending->rest(change.tse_serial, true);
  const Status done = enter(actor, change);
  if (m_tending && done.ok() != rests) m_tending->rest(change.tse_serial, false);
  return done;
}

std::vector<recorder::DeviceLoad> OpenShop::device_loads() {
  return m_engine ? m_engine->loads() : std::vector<recorder::DeviceLoad>();
}

Status OpenShop::disable_tse(const std::string& id) {
  return on_tse(id, [&](device::Tse& tse) {
    return end_of_life(tse, id, *m_vault, m_environment.clock.now());
  });
}

Status OpenShop::open_care(const recorder::State& state) {
  m_tending =
      std::make_unique<Tending>([this](const std::string&, device::Tse& tse, Now now) -> Status {
        SIEGEL_TRY(const TseInfo info, tse.identity());
        return tend(tse, info.id, *m_vault, now, !m_clock_guard->doubtful(now.wall));
      });
  for (const auto& [serial, outage] : state.outages)
    m_tending->rest(serial, outage.mode != TseSwitch::Mode::on);
  if (m_settings.country != "de") return Ok{};
  ReadBack::Parts parts;
  parts.start = journal::Sequence(state.sequence);
  parts.every = state.profile.read_back_every;
  parts.client_of = [this](std::uint64_t sequence) -> Result<std::string> {
    SIEGEL_TRY(auto entries, m_journal->reader());
    SIEGEL_TRY(const auto found, entries->read(journal::Sequence(sequence), 1));
    return found.empty() ? std::string() : found.front().register_id;
  };
  parts.on_device = [this](const std::string& serial,
                           const std::function<Status(device::Tse&)>& work) -> Status {
    if (m_tending->rests(serial))
      return unavailable("E-TSE-901", "the TSE is switched off: it is not asked");
    return m_engine->on_device(serial, work);
  };
  parts.report = [this](TseChecked checked) {
    (void)m_engine->call("siegel", recorder::Master{.value = std::move(checked)}).ok();
  };
  m_read_back = std::make_unique<ReadBack>(std::move(parts));
  return Ok{};
}

// ---- the clock ----------------------------------------------------------------------------------

Status OpenShop::open_clock_guard(journal::Reader& entries) {
  SIEGEL_TRY(const journal::Head head, entries.head());
  Instant last;
  if (head.sequence.get() != 0 && m_settings.country == "de") {
    SIEGEL_TRY(last, last_act(entries, head.sequence));
  }
  m_clock_guard = std::make_unique<ClockGuard>(last);
  return Ok{};
}

ClockEvidence OpenShop::clock_evidence() {
  ClockEvidence evidence;
  const bool own_clock = &m_environment.clock == &system_clock();
  // A clock that is not the machine's is given by a program that answers for it.
  evidence.synchronised = m_environment.clock_synchronised
                              ? m_environment.clock_synchronised()
                              : !own_clock || system_clock_synchronised();
  for (const auto& [serial, tse] : m_devices) {
    Instant time;
    const Status asked = m_engine->on_device(serial, [&](device::Tse& device) -> Status {
      SIEGEL_TRY(const device::TseStatus status, device.status());
      if (status.time_set) time = status.time;
      return Ok{};
    });
    if (asked && time != Instant()) {
      evidence.device = time;
      break;
    }
  }
  return evidence;
}

Status OpenShop::check_clock() {
  const Status believed =
      m_clock_guard->check(m_environment.clock.now().wall, [this] { return clock_evidence(); });
  if (!believed) look_at(believed.error());
  return believed;
}

Result<ClockConfirmed> OpenShop::confirm_clock(std::optional<Instant> typed,
                                               const std::string& actor) {
  SIEGEL_TRY_OK(need_writing());
  const Instant now = m_environment.clock.now().wall;
  SIEGEL_TRY(const ClockConfirmed confirmed,
             m_clock_guard->confirm(now, typed, [this] { return clock_evidence(); }));
  SIEGEL_TRY_OK(m_engine->call(actor, recorder::Master{.value = confirmed}));
  m_clock_guard->believed(now);
  return confirmed;
}

}  // namespace siegel::app
