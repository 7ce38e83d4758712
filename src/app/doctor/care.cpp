#include <fmt/format.h>

#include <chrono>

#include "app/doctor/subject.h"
#include "archive/archive.h"
#include "views/forecast.h"

namespace siegel::app {
namespace {

const recorder::TseCare* care_of(Subject& subject, const AskedTse& tse) {
  const auto found = subject.state()->care.find(tse.info.serial);
  return found == subject.state()->care.end() ? nullptr : &found->second;
}

std::int64_t hours_since(Instant then, Instant now) {
  return std::chrono::duration_cast<std::chrono::hours>(now - then).count();
}

Looked forecast(Subject& subject) {
  Collected out;
  bool any = false;
  for (const AskedTse& tse : subject.tses()) {
    const recorder::TseCare none;
    const recorder::TseCare* const care = care_of(subject, tse);
    const auto seen = views::forecast(tse.info, care == nullptr ? none : *care);
    const auto end = seen.first_end();
    if (!end) continue;
    any = true;
    const std::int64_t days = hours_since(subject.now(), end->second) / 24;
    constexpr std::int64_t far = 180;
    constexpr std::int64_t near = 30;
    if (days > far) continue;
    const std::string text =
        fmt::format("{}: {} {} ({} d)", tse.info.id, views::word_of(end->first),
                    end->second.text().substr(0, 10), days);
    out.add(days <= near ? Health::failure : Health::warning, text, text);
  }
  if (!any) return {};
  return std::move(out).finding("in den nächsten 180 Tagen endet nichts",
                                "nothing ends within 180 days");
}

Looked nightly(Subject& subject) {
  if (subject.tses().empty()) return {};
  Collected out;
  for (const AskedTse& tse : subject.tses()) {
    const recorder::TseCare* const care = care_of(subject, tse);
    if (care == nullptr || care->checked_at == Instant()) {
      out.add(Health::warning, tse.info.id + ": noch nie geprüft", tse.info.id + ": never checked");
      continue;
    }
    constexpr std::int64_t late = 48;
    if (const std::int64_t hours = hours_since(care->checked_at, subject.now()); hours > late)
      out.add(Health::warning, fmt::format("{}: vor {} Stunden", tse.info.id, hours),
              fmt::format("{}: {} hours ago", tse.info.id, hours));
  }
  return std::move(out).finding("in den letzten 48 Stunden", "within 48 hours");
}

Looked findings(Subject& subject) {
  Collected out;
  bool any = false;
  for (const AskedTse& tse : subject.tses()) {
    const recorder::TseCare* const care = care_of(subject, tse);
    if (care == nullptr || care->checked_at == Instant()) continue;
    any = true;
    if (care->last.findings_total == 0) continue;
    const std::string first =
        care->last.findings.empty() ? std::string() : care->last.findings.front().code;
    const std::string text =
        fmt::format("{}: {} ({})", tse.info.id, care->last.findings_total, first);
    out.add(Health::failure, text, text);
  }
  if (!any) return {};
  return std::move(out).finding("Journal und TSE stimmen überein", "journal and TSE agree");
}

/// What lies beside the shop of what the device has signed; files are looked at by their size.
Looked archived(Subject& subject) {
  if (subject.tses().empty()) return {};
  Collected out;
  std::uint64_t messages = 0;
  for (const AskedTse& tse : subject.tses()) {
    const auto folder = subject.folder() / "archive" / tse.info.id;
    const auto archive = archive::Archive::open(folder, tse.info.serial);
    if (!archive) {
      out.add(Health::failure, archive.error().detail, archive.error().detail);
      continue;
    }
    const archive::Manifest& manifest = archive->manifest();
    messages += manifest.messages();
    std::error_code error;
    for (const archive::Piece& piece : manifest.pieces)
      if (std::filesystem::file_size(folder / piece.file, error) != piece.bytes || error)
        out.add(Health::failure, tse.info.id + ": " + piece.file + " fehlt oder ist beschädigt",
                tse.info.id + ": " + piece.file + " is missing or damaged");
    if (manifest.pieces.empty() && tse.status && tse.status->signature_counter > 0)
      out.add(Health::warning, tse.info.id + ": noch nichts archiviert",
              tse.info.id + ": nothing archived yet");
  }
  return std::move(out).finding(fmt::format("{} Meldungen", messages),
                                fmt::format("{} messages", messages));
}

/// What people are to be told, by whichever part of the program.
Looked messages(Subject& subject) {
  if (subject.shop() == nullptr || subject.state() == nullptr) return {};
  const auto all = subject.shop()->messages(Shop::Ask::nobody);
  if (!all) return found(Health::unknown, all.error());
  Collected out;
  for (const views::Message& message : *all) {
    if (message.severity == views::Severity::information) continue;
    out.add(message.severity == views::Severity::error ? Health::failure : Health::warning,
            message.code + " " + message.what.de, message.code + " " + message.what.en);
  }
  return std::move(out).finding("keine offene Meldung", "no open message");
}

constexpr Check checks[] = {
    {"care.forecast", "Vorhersage der TSE", "Forecast of the TSE",
     "Rechtzeitig eine neue TSE bestellen.", "Order a new TSE in time.", forecast},
    {"care.nightly", "Nächtliche Prüfung", "Nightly check",
     "`siegel night` jede Nacht laufen lassen.", "Let `siegel night` run each night.", nightly},
    {"care.findings", "Ergebnis der letzten Prüfung", "Result of the last check",
     "`siegel journal verify` mit dem Export der TSE ausführen und den Support rufen.",
     "Run `siegel journal verify` with the TSE's export, and call support.", findings},
    {"care.archive", "Archiv der TSE", "Archive of the TSE",
     "`siegel night` füllt es; ein fehlendes Stück aus der Sicherung zurückspielen.",
     "`siegel night` fills it; restore a missing piece from a backup.", archived},
    {"care.messages", "Offene Meldungen", "Open messages",
     "`siegel messages list` nennt zu jeder, was zu tun ist.",
     "`siegel messages list` says what to do about each.", messages},
};

}  // namespace

std::span<const Check> care_checks() { return checks; }

}  // namespace siegel::app
