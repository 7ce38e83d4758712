#include <fmt/format.h>

#include <algorithm>

#include "app/doctor/subject.h"
#include "journal/journal.h"
#include "views/index.h"

namespace siegel::app {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t entries_looked_at = 2000;
constexpr std::uint64_t wal_bytes_warning = std::uint64_t{256} << 20;
constexpr std::uint64_t index_behind_warning = 10'000;

Looked opens(Subject& subject) {
  if (const auto& error = subject.open_error()) return found(Health::failure, *error);
  if (const auto& error = subject.write_error(); error && !subject.elsewhere())
    return found(Health::failure, *error);
  return found(Health::ok, "das Journal öffnet sich", "the journal opens");
}

Looked chain(Subject& subject) {
  if (subject.shop() == nullptr) return {};
  auto reader = subject.shop()->reader();
  if (!reader) return found(Health::failure, reader.error());
  const auto head = (*reader)->head();
  if (!head) return found(Health::failure, head.error());
  const std::uint64_t last = head->sequence.get();
  std::uint64_t next = last > entries_looked_at ? last - entries_looked_at + 1 : 1;
  const std::uint64_t first = next;
  while (next <= last) {
    const auto entries = (*reader)->read(journal::Sequence(next), 500);
    if (!entries) return found(Health::failure, entries.error());
    if (entries->empty()) break;
    next = entries->back().sequence.get() + 1;
  }
  return found(Health::ok, fmt::format("Einträge {} bis {} sind unverändert", first, last),
               fmt::format("entries {} to {} are unchanged", first, last));
}

Looked state(Subject& subject) {
  if (const auto& error = subject.state_error()) return found(Health::failure, *error);
  if (subject.state() == nullptr) return {};
  return found(Health::ok, fmt::format("Stand von Eintrag {}", subject.state()->sequence),
               fmt::format("as of entry {}", subject.state()->sequence));
}

Looked pending(Subject& subject) {
  if (subject.state() == nullptr || !subject.writing()) return {};
  const std::size_t count = subject.state()->unsealed.size();
  return found(count == 0 ? Health::ok : Health::warning,
               fmt::format("{} Belege ohne Abschluss", count),
               fmt::format("{} receipts without an end", count));
}

Looked write_ahead(Subject& subject) {
  std::error_code error;
  const auto bytes = fs::file_size(subject.folder() / "journal.db-wal", error);
  if (error) return found(Health::ok, "leer", "empty");
  return found(bytes > wal_bytes_warning ? Health::warning : Health::ok,
               fmt::format("{} KiB", bytes / 1024), fmt::format("{} KiB", bytes / 1024));
}

Looked snapshot(Subject& subject) {
  std::error_code error;
  if (subject.state() == nullptr || subject.state()->sequence == 0) return {};
  if (fs::exists(subject.folder() / "snapshot.json", error))
    return found(Health::ok, "vorhanden", "there");
  return found(Health::warning, "fehlt: der nächste Start liest das ganze Journal",
               "missing: the next start reads the whole journal");
}

Looked index(Subject& subject) {
  if (subject.shop() == nullptr) return {};
  auto reader = subject.shop()->reader();
  if (!reader) return found(Health::failure, reader.error());
  const auto head = (*reader)->head();
  if (!head) return found(Health::failure, head.error());
  const auto opened =
      views::open_index({.path = subject.folder() / "index.db", .read_only = true}, **reader);
  if (!opened) return found(Health::warning, opened.error());
  const std::uint64_t position =
      std::min((*opened)->keys().position().get(), (*opened)->receipts().position().get());
  const std::uint64_t behind =
      head->sequence.get() > position ? head->sequence.get() - position : 0;
  return found(behind > index_behind_warning ? Health::warning : Health::ok,
               fmt::format("{} Einträge zurück", behind), fmt::format("{} entries behind", behind));
}

constexpr Check checks[] = {
    {"journal.open", "Journal öffnen", "Opening the journal",
     "Nichts löschen, nichts kopieren; der Fehlercode sagt, was zu tun ist.",
     "Delete nothing, copy nothing; the error code says what to do.", opens},
    {"journal.chain", "Kette der letzten Einträge", "Chain of the last entries",
     "Nicht weiter verkaufen, den Ordner sichern, `siegel journal verify` ausführen.",
     "Stop selling, keep a copy of the folder, run `siegel journal verify`.", chain},
    {"journal.state", "Stand der Kasse", "State of the shop",
     "Den Ordner sichern und den Support rufen.", "Keep a copy of the folder and call support.",
     state},
    {"journal.pending", "Belege, die nicht abgeschlossen sind", "Receipts that are not finished",
     "Die Signatureinrichtung prüfen; sie werden beim nächsten Start abgeschlossen.",
     "Look at the signature device; they are finished at the next start.", pending},
    {"journal.wal", "Vorlauf des Journals", "Write-ahead log of the journal",
     "Andere Programme schließen, die journal.db offen halten.",
     "Close other programs that hold journal.db open.", write_ahead},
    {"journal.snapshot", "Zwischenstand", "Snapshot",
     "Siegel ordentlich beenden; der Zwischenstand entsteht dabei.",
     "End Siegel properly; the snapshot is made then.", snapshot},
    {"index.position", "Suchtabellen", "Search tables",
     "index.db löschen, während nichts läuft; sie entsteht neu.",
     "Delete index.db while nothing runs; it is made anew.", index},
};

}  // namespace

std::span<const Check> journal_checks() { return checks; }

}  // namespace siegel::app
