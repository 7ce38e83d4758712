#include <fmt/format.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <array>
#include <fstream>

#include "app/doctor/subject.h"

namespace siegel::app {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t mib = std::uint64_t{1} << 20;
constexpr std::uint64_t free_mib_failure = 200;
constexpr std::uint64_t free_mib_warning = 1024;

Looked settings(Subject& subject) {
  if (const auto& error = subject.open_error();
      error && (error->code == "E-DAT-003" || error->code == "E-DAT-004"))
    return found(Health::failure, *error);
  return found(Health::ok, "shop.json ist lesbar", "shop.json can be read");
}

Looked process(Subject& subject) {
  if (subject.elsewhere())
    return found(Health::ok, "ein anderer Prozess verkauft: " + subject.write_error()->detail,
                 "another process sells: " + subject.write_error()->detail);
  return found(Health::ok, "niemand sonst benutzt den Ordner", "nobody else uses the folder");
}

/// [statfs(2)]: where a lock or a flush may mean less than it says.
Looked file_system(Subject& subject) {
  struct statfs info{};
  if (statfs(subject.folder().c_str(), &info) != 0)
    return found(Health::unknown, "nicht zu erkennen", "cannot be told");
  constexpr std::array network = {0x6969UL, 0xFF534D42UL, 0xFE534D42UL, 0x65735546UL, 0x01021997UL};
  const auto type = static_cast<unsigned long>(info.f_type) & 0xFFFFFFFFUL;
  if (type == 0x01021994UL)
    return found(Health::failure, "liegt im Arbeitsspeicher und ist nach dem Ausschalten weg",
                 "lies in memory and is gone when the machine is switched off");
  for (const unsigned long other : network)
    if (type == other)
      return found(Health::warning, "liegt im Netz oder auf FUSE", "lies on a network or on FUSE");
  return found(Health::ok, "ein Dateisystem dieses Rechners", "a file system of this machine");
}

Looked space(Subject& subject) {
  struct statvfs info{};
  if (statvfs(subject.folder().c_str(), &info) != 0)
    return found(Health::unknown, "nicht zu erkennen", "cannot be told");
  const std::uint64_t left = std::uint64_t{info.f_bavail} * info.f_frsize / mib;
  const Health state = left < free_mib_failure   ? Health::failure
                       : left < free_mib_warning ? Health::warning
                                                 : Health::ok;
  return found(state, fmt::format("{} MiB frei", left), fmt::format("{} MiB free", left));
}

Looked file_numbers(Subject& subject) {
  struct statvfs info{};
  if (statvfs(subject.folder().c_str(), &info) != 0)
    return found(Health::unknown, "nicht zu erkennen", "cannot be told");
  // Some file systems have no limit and say 0.
  if (info.f_files == 0) return found(Health::ok, "ohne Grenze", "no limit");
  constexpr std::uint64_t few = 1000;
  return found(info.f_favail < few ? Health::failure : Health::ok,
               fmt::format("noch {} Dateien möglich", std::uint64_t{info.f_favail}),
               fmt::format("{} more files possible", std::uint64_t{info.f_favail}));
}

Looked writable(Subject& subject) {
  if (access(subject.folder().c_str(), R_OK | W_OK | X_OK) == 0)
    return found(Health::ok, "dieses Programm darf hinein und schreiben",
                 "this program may enter and write");
  return found(Health::failure, "dieses Programm darf nicht schreiben",
               "this program may not write");
}

Looked leftovers(Subject& subject) {
  Collected out;
  std::error_code error;
  for (fs::directory_iterator it(subject.folder() / "tse", error), end; !error && it != end;
       it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (name.find(".unfinished-") == std::string::npos) continue;
    out.add(Health::warning, "tse/" + name + " blieb von einer abgebrochenen Einrichtung",
            "tse/" + name + " was left by an interrupted set-up");
  }
  return std::move(out).finding("nichts liegt herum", "nothing lies about");
}

Looked reserve(Subject& subject) {
  std::error_code error;
  const auto size = fs::file_size(subject.folder() / "reserve", error);
  if (error || size == 0)
    return found(Health::warning, "die Reservedatei fehlt: der Datenträger war voll",
                 "the reserve file is missing: the disk was full");
  return found(Health::ok, fmt::format("{} MiB für einen vollen Datenträger", size / mib),
               fmt::format("{} MiB for a full disk", size / mib));
}

constexpr Check checks[] = {
    {"data.settings", "Einstellungen des Datenordners", "Settings of the data folder",
     "shop.json aus einer Sicherung zurückspielen oder die neuere Version verwenden.",
     "Restore shop.json from a backup, or use the newer version.", settings},
    {"data.process", "Wer den Ordner benutzt", "Who uses the folder", "Nichts zu tun.",
     "Nothing to do.", process},
    {"data.writable", "Zugriff auf den Datenordner", "Access to the data folder",
     "Siegel als Besitzer des Ordners starten.", "Run Siegel as the folder's owner.", writable},
    {"data.file_system", "Dateisystem", "File system",
     "Den Ordner auf einen Datenträger dieses Rechners legen.",
     "Put the folder on a disk of this machine.", file_system},
    {"data.space", "Freier Speicherplatz", "Free space",
     "Platz schaffen: ohne Platz kann nichts verbucht und nichts verkauft werden.",
     "Make room: without room nothing can be recorded or sold.", space},
    {"data.files", "Freie Dateinummern", "Free file numbers",
     "Viele kleine Dateien löschen oder ein größeres Dateisystem verwenden.",
     "Delete many small files, or use a larger file system.", file_numbers},
    {"data.reserve", "Reserve für den vollen Datenträger", "Reserve for a full disk",
     "Platz schaffen; die Reserve entsteht beim nächsten Start neu.",
     "Make room; the reserve is made again at the next start.", reserve},
    {"data.leftovers", "Reste", "Leftovers",
     "Ansehen und an einen anderen Ort verschieben, wenn niemand sie braucht.",
     "Look at them, and move them elsewhere if nobody needs them.", leftovers},
};

}  // namespace

std::span<const Check> data_folder_checks() { return checks; }

}  // namespace siegel::app
