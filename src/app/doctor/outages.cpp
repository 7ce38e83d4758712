#include <fmt/format.h>

#include <chrono>

#include "app/doctor/subject.h"

namespace siegel::app {
namespace {

constexpr std::chrono::milliseconds one_day = std::chrono::hours(24);
constexpr std::chrono::milliseconds recently = std::chrono::hours(24 * 7);

/// In the shop's own time.
std::string local(Subject& subject, Instant at) {
  const auto& business = subject.state()->business;
  const auto stamp = LocalStamp::from(at, business ? business->time_zone : "Europe/Berlin");
  return stamp ? stamp->print_minute() : at.text();
}

Looked open(Subject& subject) {
  if (subject.state() == nullptr) return {};
  Collected out;
  for (const auto& [device, outage] : subject.state()->outages) {
    if (!outage.open) continue;
    const bool long_since = subject.now() - outage.open->since > one_day;
    out.add(long_since ? Health::failure : Health::warning,
            fmt::format("{} seit {}: {} ({} Belege)", device, local(subject, outage.open->since),
                        outage.open->code, outage.open_receipts),
            fmt::format("{} since {}: {} ({} receipts)", device, local(subject, outage.open->since),
                        outage.open->code, outage.open_receipts));
  }
  return std::move(out).finding("kein offener Ausfall", "no open outage");
}

Looked switched(Subject& subject) {
  if (subject.state() == nullptr) return {};
  Collected out;
  for (const auto& [device, outage] : subject.state()->outages)
    if (outage.mode != TseSwitch::Mode::on)
      out.add(Health::warning, device + " wird nicht gerufen", device + " is not called");
  return std::move(out).finding("alle Geräte sind eingeschaltet", "all devices are on");
}

Looked past(Subject& subject) {
  if (subject.state() == nullptr) return {};
  Collected out;
  for (const auto& [device, outage] : subject.state()->outages)
    if (outage.last && subject.now() - outage.last->began.since < recently)
      out.add(Health::warning,
              fmt::format("{} am {}: {}", device, local(subject, outage.last->began.since),
                          outage.last->began.code),
              fmt::format("{} on {}: {}", device, local(subject, outage.last->began.since),
                          outage.last->began.code));
  return std::move(out).finding("keiner in den letzten 7 Tagen", "none within 7 days");
}

Looked lost(Subject& subject) {
  if (subject.state() == nullptr) return {};
  const std::size_t count = subject.state()->lost.size() + subject.state()->left_open.size();
  return found(count == 0 ? Health::ok : Health::warning,
               fmt::format("{} Transaktionen sind noch nachzufragen", count),
               fmt::format("{} transactions are still to be asked for", count));
}

constexpr Check checks[] = {
    {"outages.open", "Offene Ausfälle", "Open outages",
     "`siegel outages list` nennt die Ursache; nach 48 Stunden ist in Österreich zu melden.",
     "`siegel outages list` names the cause; in Austria it is to be reported after 48 hours.",
     open},
    {"outages.switched", "Abgeschaltete Geräte", "Devices switched off",
     "Wieder einschalten, sobald der Grund vorbei ist.", "Switch on again when the reason is gone.",
     switched},
    {"outages.past", "Letzte Ausfälle", "Recent outages",
     "Kabel, Hub und Stromversorgung der Signatureinrichtung prüfen.",
     "Check cable, hub and power of the signature device.", past},
    {"outages.lost", "Verlorene Antworten", "Lost answers",
     "Die TSE anschließen; sie wird von selbst gefragt.", "Connect the TSE; it is asked by itself.",
     lost},
};

}  // namespace

std::span<const Check> outage_checks() { return checks; }

}  // namespace siegel::app
