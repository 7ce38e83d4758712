#include <fmt/format.h>
#include <sys/stat.h>

#include "app/doctor/subject.h"
#include "journal/witness.h"

namespace siegel::app {
namespace {

constexpr std::uint64_t behind_warning = 40'000;

Result<std::optional<journal::Witness>> read(Subject& subject) {
  return journal::WitnessFile(subject.shop()->witness()).read();
}

Looked present(Subject& subject) {
  if (subject.shop() == nullptr) return {};
  const auto witness = read(subject);
  if (!witness) return found(Health::failure, witness.error());
  const std::string path = subject.shop()->witness().string();
  if (!*witness) return found(Health::warning, path + " fehlt", path + " is missing");
  return found(Health::ok, path, path);
}

Looked fits(Subject& subject) {
  if (subject.shop() == nullptr) return {};
  const auto witness = read(subject);
  if (!witness || !*witness) return {};
  auto reader = subject.shop()->reader();
  if (!reader) return {};
  if (const auto checked = journal::check_witness(**witness, **reader); !checked)
    return found(Health::failure, checked.error());
  return found(Health::ok, "das Journal enthält ihn", "the journal contains it");
}

Looked place(Subject& subject) {
  if (subject.shop() == nullptr) return {};
  struct stat data{};
  struct stat witness{};
  const auto beside = subject.shop()->witness().parent_path();
  if (stat(subject.folder().c_str(), &data) != 0 || stat(beside.c_str(), &witness) != 0)
    return found(Health::unknown, "nicht zu erkennen", "cannot be told");
  if (data.st_dev == witness.st_dev)
    return found(Health::warning, "auf demselben Datenträger wie die Daten",
                 "on the same disk as the data");
  return found(Health::ok, "auf einem anderen Datenträger", "on another disk");
}

Looked fresh(Subject& subject) {
  if (subject.shop() == nullptr) return {};
  const auto witness = read(subject);
  if (!witness || !*witness || subject.state() == nullptr) return {};
  const std::uint64_t at = (*witness)->head.sequence.get();
  const std::uint64_t head = subject.state()->sequence;
  const std::uint64_t behind = head > at ? head - at : 0;
  return found(behind > behind_warning ? Health::warning : Health::ok,
               fmt::format("{} Einträge zurück", behind), fmt::format("{} entries behind", behind));
}

constexpr Check checks[] = {
    {"witness.present", "Zeuge des Journals", "Witness of the journal",
     "Prüfen, ob der Datenträger des Zeugen da ist; beim nächsten Beenden entsteht er neu.",
     "Check whether the witness's disk is there; it is made anew when Siegel ends.", present},
    {"witness.fits", "Zeuge und Journal", "Witness and journal",
     "Das Journal ist älter als sein Zeuge: nicht verkaufen, das neuere Journal suchen.",
     "The journal is older than its witness: do not sell, look for the newer journal.", fits},
    {"witness.place", "Ort des Zeugen", "Place of the witness",
     "Den Zeugen auf einen anderen Datenträger legen (`witness` in shop.json, bei `siegel init` "
     "--witness).",
     "Put the witness on another disk (`witness` in shop.json, with `siegel init` --witness).",
     place},
    {"witness.fresh", "Stand des Zeugen", "Age of the witness",
     "Rechte und Platz am Ort des Zeugen prüfen.", "Check rights and room where the witness lies.",
     fresh},
};

}  // namespace

std::span<const Check> witness_checks() { return checks; }

}  // namespace siegel::app
