#include <fmt/format.h>

#include <chrono>

#include "app/doctor/subject.h"

namespace siegel::app {
namespace {

constexpr std::chrono::milliseconds device_off_warning = std::chrono::seconds(30);
constexpr std::chrono::milliseconds device_off_failure = std::chrono::minutes(5);
constexpr std::chrono::milliseconds behind_allowed = std::chrono::minutes(1);
constexpr std::chrono::milliseconds long_ago = std::chrono::hours(24 * 30);

std::string seconds_text(std::chrono::milliseconds span) {
  return fmt::format("{} s", std::chrono::duration_cast<std::chrono::seconds>(span).count());
}

/// The time of the last entry: the clock of a till never goes back behind it.
Looked journal(Subject& subject) {
  if (subject.shop() == nullptr || subject.state() == nullptr || subject.state()->sequence == 0)
    return {};
  auto reader = subject.shop()->reader();
  if (!reader) return {};
  const auto last = (*reader)->read(journal::Sequence(subject.state()->sequence), 1);
  if (!last || last->empty()) return {};
  const auto ahead = subject.now() - last->front().at;
  if (-ahead > behind_allowed)
    return found(Health::failure, "die Uhr steht vor dem letzten Eintrag: " + seconds_text(-ahead),
                 "the clock is behind the last entry by " + seconds_text(-ahead));
  if (ahead > long_ago)
    return found(Health::warning, "der letzte Eintrag ist über 30 Tage alt: stimmt das Datum?",
                 "the last entry is more than 30 days old: is the date right?");
  return found(Health::ok, "nach dem letzten Eintrag", "after the last entry");
}

Looked zone(Subject& subject) {
  if (subject.state() == nullptr || !subject.state()->business) return {};
  const std::string& zone = subject.state()->business->time_zone;
  const auto local = LocalStamp::from(subject.now(), zone);
  if (!local) return found(Health::failure, local.error());
  return found(Health::ok, local->print_minute() + " " + zone, local->print_minute() + " " + zone);
}

Looked tse(Subject& subject) {
  Collected out;
  bool any = false;
  for (const AskedTse& tse : subject.tses()) {
    if (!tse.status) continue;
    any = true;
    if (!tse.status->time_set) {
      out.add(Health::failure, tse.info.id + ": die Zeit ist nicht gesetzt",
              tse.info.id + ": its time is not set");
      continue;
    }
    auto off = subject.now() - tse.status->time;
    if (off.count() < 0) off = -off;
    if (off > device_off_warning)
      out.add(off > device_off_failure ? Health::failure : Health::warning,
              fmt::format("{} weicht um {} ab", tse.info.id, seconds_text(off)),
              fmt::format("{} is off by {}", tse.info.id, seconds_text(off)));
  }
  if (!any) return {};
  return std::move(out).finding("die Uhren stimmen überein", "the clocks agree");
}

constexpr Check checks[] = {
    {"clock.journal", "Uhr und Journal", "Clock and journal",
     "Die Uhr des Rechners stellen, bevor verkauft wird.",
     "Set the machine's clock before anything is sold.", journal},
    {"clock.zone", "Zeitzone", "Time zone",
     "Die Zeitzone mit `siegel config set` berichtigen; das Paket tzdata muss da sein.",
     "Correct the zone with `siegel config set`; the package tzdata must be there.", zone},
    {"clock.tse", "Uhr der TSE", "Clock of the TSE",
     "Die Uhr des Rechners prüfen, dann Siegel neu starten: die TSE wird dabei gestellt.",
     "Check the machine's clock, then start Siegel again: it sets the TSE.", tse},
};

}  // namespace

std::span<const Check> clock_checks() { return checks; }

}  // namespace siegel::app
