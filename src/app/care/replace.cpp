#include <fmt/format.h>

#include <algorithm>

#include "app/care/care.h"
#include "base/file.h"
#include "crypto/hash.h"

namespace siegel::app {
namespace {

/// What names the archive at its end.
Result<Hash256> manifest_digest(const Shop& shop, const TseInfo& tse) {
  const auto bytes =
      read_file(archive_folder(shop, tse) / "manifest.json", archive::Manifest::bytes_max);
  if (!bytes && bytes.error().kind == ErrorKind::not_found) return Hash256{};
  if (!bytes) return bytes.error();
  return crypto::sha256(*bytes);
}

/// Exported to the last message, and verified.
Result<TseNight> last_look(Shop& shop, const TseInfo& tse, const Clock& clock,
                           const std::string& actor) {
  SIEGEL_TRY(TseNight last, look_after(shop, tse, clock, {.full = true, .stop = {}}, actor));
  if (last.error) return *last.error;
  if (last.update.interrupted) return *last.update.interrupted;
  if (!last.update.complete)
    return unavailable("E-RET-104", fmt::format("the archive of TSE {} is not complete: {}", tse.id,
                                                last.checked.findings.empty()
                                                    ? std::string("the export broke off")
                                                    : last.checked.findings.front().detail));
  SIEGEL_TRY(const archive::Archive archive, open_archive(shop, tse));
  SIEGEL_TRY_OK(archive.check());
  return last;
}

/// Closes the day and moves what signs on the old TSE. A register moves between two closings only,
/// unless its TSE is disturbed: one that sold in between is closed once more.
Status move_registers(Shop& shop, const TseInfo& old, const Clock& clock, bool close_days,
                      const std::string& actor, Replaced& out) {
  constexpr int tries = 3;
  std::vector<std::string> left;
  for (int i = 0; i < tries; ++i) {
    SIEGEL_TRY(const recorder::State state, shop.state());
    for (const auto& [id, reg] : state.registers) {
      RegisterInfo info = reg.next_info.value_or(reg.info);
      const bool backup = std::erase(info.backup_tses, old.serial) != 0;
      const bool moves = info.tse_serial == old.serial || reg.info.tse_serial == old.serial;
      if (!moves && !backup) continue;
      if (close_days) {
        const auto closed = shop.close_day(
            info.id,
            fmt::format("replace {} {} {}", old.serial.substr(0, 16), clock.now().wall.text(), i),
            {}, actor);
        if (closed)
          out.closed.push_back(id);
        else
          out.not_closed.push_back(
              fmt::format("{}: {}: {}", id, closed.error().code, closed.error().detail));
      }
      if (moves) info.tse_serial = out.successor.serial;
      std::erase(info.backup_tses, info.tse_serial);
      SIEGEL_TRY_OK(shop.add_register(info, true, actor));
      if (moves && std::find(out.moved.begin(), out.moved.end(), id) == out.moved.end())
        out.moved.push_back(id);
    }
    SIEGEL_TRY(const recorder::State after, shop.state());
    left = registers_of(after, old.serial);
    if (left.empty()) return Ok{};
  }
  return conflict(
      "E-RET-105",
      fmt::format("register {} goes to TSE {} with its next closing: close its day, then "
                  "repeat with that one",
                  left.front(), out.successor.id),
      left.front());
}

}  // namespace

Result<Retired> retire(Shop& shop, const TseInfo& tse, const Clock& clock,
                       const RetireOptions& options, const std::string& actor) {
  Retired out;
  SIEGEL_TRY(const recorder::State state, shop.state());
  // Asked before the device is touched; the recorder looks again.
  if (state.retired(tse.serial))
    return conflict("E-RET-101", fmt::format("TSE {} is out of operation already", tse.id));
  const TseUse use = use_of(state, tse.serial);
  if (use == TseUse::in_use || use == TseUse::backup)
    return conflict("E-RET-103",
                    fmt::format("TSE {} is in use: move its registers first (siegel tse replace, "
                                "siegel tse map)",
                                tse.id));
  if (!options.lost) {
    SIEGEL_TRY(auto last, last_look(shop, tse, clock, actor));
    SIEGEL_TRY_OK(shop.disable_tse(tse.id));
    // The messages of its own end belong to the archive, too.
    SIEGEL_TRY(last, last_look(shop, tse, clock, actor));
    out.last = std::move(last);
  }
  SIEGEL_TRY(const archive::Archive archive, open_archive(shop, tse));
  out.entry = {.tse_serial = tse.serial,
               .reason = options.reason,
               .lost = options.lost,
               .counter = archive.manifest().last_counter(),
               .archive_sha256 = {},
               .successor = options.successor};
  SIEGEL_TRY(out.entry.archive_sha256, manifest_digest(shop, tse));
  SIEGEL_TRY_OK(shop.record(out.entry, actor));
  return out;
}

Result<Replaced> replace(Shop& shop, const TseInfo& old, const Clock& clock, ReplaceOptions options,
                         const std::string& actor) {
  Replaced out;
  SIEGEL_TRY(const recorder::State before, shop.state());
  if (before.retired(old.serial))
    return conflict("E-RET-101", fmt::format("TSE {} is out of operation already", old.id));
  // The new one first: from here on nothing leaves a register without a TSE.
  if (options.with.empty()) {
    SIEGEL_TRY(out.successor, shop.create_tse(options.create, actor));
  } else {
    const auto found = std::find_if(before.tses.begin(), before.tses.end(), [&](const auto& item) {
      return item.second.id == options.with || item.first == options.with;
    });
    if (found == before.tses.end() || found->first == old.serial)
      return not_found("E-TSE-302",
                       fmt::format("no other TSE \"{}\" is in operation", options.with), "--with");
    if (before.retired(found->first))
      return conflict("E-RET-101", fmt::format("TSE {} is out of operation", options.with),
                      "--with");
    out.successor = found->second;
  }
  // Nearly everything is fetched while the old one still signs.
  if (!options.retire.lost) {
    SIEGEL_TRY(const TseNight fetched,
               look_after(shop, old, clock, {.full = true, .stop = {}}, actor));
    if (fetched.error) return *fetched.error;
  }
  SIEGEL_TRY_OK(move_registers(shop, old, clock, options.close_days, actor, out));
  options.retire.successor = out.successor.serial;
  SIEGEL_TRY(out.retired, retire(shop, old, clock, options.retire, actor));
  return out;
}

std::string_view word_of(TseUse use) {
  switch (use) {
    case TseUse::in_use:
      return "in_use";
    case TseUse::backup:
      return "backup";
    case TseUse::spare:
      return "spare";
    case TseUse::retired:
      return "retired";
  }
  return {};
}

std::vector<std::string> registers_of(const recorder::State& state, const std::string& serial) {
  std::vector<std::string> out;
  for (const auto& [id, reg] : state.registers)
    if (reg.info.tse_serial == serial) out.push_back(id);
  return out;
}

TseUse use_of(const recorder::State& state, const std::string& serial) {
  if (state.retired(serial)) return TseUse::retired;
  if (!registers_of(state, serial).empty()) return TseUse::in_use;
  for (const auto& [id, reg] : state.registers) {
    const auto& backups = reg.info.backup_tses;
    if (std::find(backups.begin(), backups.end(), serial) != backups.end()) return TseUse::backup;
  }
  return TseUse::spare;
}

std::vector<RegisterInfo> unmapped(const recorder::State& state) {
  std::vector<RegisterInfo> out;
  if (state.business && state.business->country != "DE") return out;
  for (const auto& [id, reg] : state.registers)
    if (reg.info.tse_serial.empty() && reg.info.no_tse != NoTse::empties) out.push_back(reg.info);
  return out;
}

}  // namespace siegel::app
