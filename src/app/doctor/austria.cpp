#include <fmt/format.h>

#include <chrono>

#include "app/at/dues.h"
#include "app/doctor/subject.h"
#include "app/shop/signers.h"
#include "crypto/x509.h"

namespace siegel::app {
namespace {

namespace fs = std::filesystem;

Looked keys(Subject& subject) {
  if (!subject.austrian() || subject.shop() == nullptr) return {};
  Collected out;
  for (const auto& [id, reg] : subject.state()->registers) {
    if (reg.info.signers.empty() || (reg.rksv && reg.rksv->ended)) continue;
    if (const auto key = subject.shop()->aes_key(reg.info.id); !key)
      out.add(Health::failure, id + ": " + key.error().code, id + ": " + key.error().code);
  }
  return std::move(out).finding("jede Kasse hat ihren", "every register has its own");
}

Looked signers(Subject& subject) {
  if (!subject.austrian()) return {};
  if (subject.state()->signers.empty())
    return found(Health::failure, "keine in Betrieb", "none in operation");
  Collected out;
  for (const auto& [id, info] : subject.state()->signers)
    if (const auto settings = read_signer_settings(subject.folder(), id); !settings)
      out.add(Health::failure, id + ": " + settings.error().code,
              id + ": " + settings.error().code);
  return std::move(out).finding(fmt::format("{} in Betrieb", subject.state()->signers.size()),
                                fmt::format("{} in operation", subject.state()->signers.size()));
}

Looked pins(Subject& subject) {
  if (!subject.austrian()) return {};
  Collected out;
  std::error_code error;
  for (const auto& [id, info] : subject.state()->signers)
    if (fs::exists(subject.folder() / "signers" / (id + ".refused"), error))
      out.add(Health::failure, id + ": die PIN wurde abgewiesen", id + ": the PIN was refused");
  return std::move(out).finding("keine PIN wurde abgewiesen", "no PIN was refused");
}

Looked software(Subject& subject) {
  if (!subject.austrian()) return {};
  Collected out;
  for (const auto& [id, info] : subject.state()->signers)
    if (info.development)
      out.add(Health::warning, id + " ist ein Schlüssel in einer Datei",
              id + " is a key in a file");
  return std::move(out).finding("alle qualifiziert", "all of them qualified");
}

Looked certificates(Subject& subject) {
  if (!subject.austrian()) return {};
  Collected out;
  bool any = false;
  for (const auto& [id, info] : subject.state()->signers) {
    if (info.certificates.empty()) continue;
    const auto leaf = crypto::Certificate::parse(info.certificates.front());
    if (!leaf) continue;
    any = true;
    const auto days =
        std::chrono::duration_cast<std::chrono::hours>(leaf->not_after() - subject.now()).count() /
        24;
    if (days > 180) continue;
    const std::string date = leaf->not_after().text().substr(0, 10);
    out.add(days <= 30 ? Health::failure : Health::warning, id + " endet am " + date,
            id + " ends on " + date);
  }
  if (!any) return {};
  return std::move(out).finding("noch länger als 180 Tage gültig", "valid for more than 180 days");
}

/// The dues of some kinds; everything that is to be done has one.
Looked dues(Subject& subject, bool (*wanted)(at::DueKind)) {
  if (!subject.austrian() || subject.shop() == nullptr) return {};
  const auto all = at::dues_of(*subject.shop(), *subject.state(), subject.now());
  if (!all) return found(Health::unknown, all.error());
  Collected out;
  for (const at::Due& due : *all)
    if (wanted(due.kind) && due.state != at::DueState::later)
      out.add(due.state == at::DueState::overdue ? Health::failure : Health::warning,
              at::title_of(due, Language::de), at::title_of(due, Language::en));
  return std::move(out).finding("nichts ist fällig", "nothing is due");
}

Looked registration(Subject& subject) {
  return dues(subject, [](at::DueKind kind) {
    return kind == at::DueKind::registration || kind == at::DueKind::start_check;
  });
}

Looked receipts(Subject& subject) {
  return dues(subject, [](at::DueKind kind) {
    return kind == at::DueKind::month || kind == at::DueKind::year ||
           kind == at::DueKind::year_check || kind == at::DueKind::quarter_check ||
           kind == at::DueKind::collective;
  });
}

Looked reports(Subject& subject) {
  return dues(subject, [](at::DueKind kind) {
    return kind == at::DueKind::outage_report || kind == at::DueKind::recovery_report;
  });
}

Looked backup(Subject& subject) {
  return dues(subject, [](at::DueKind kind) { return kind == at::DueKind::backup; });
}

constexpr Check checks[] = {
    {"austria.signers", "Signatureinheiten", "Signature devices",
     "`siegel at signer add` mit denselben Angaben wiederholen.",
     "Repeat `siegel at signer add` with the same data.", signers},
    {"austria.aes_keys", "AES-Schlüssel der Kassen", "AES keys of the registers",
     "Den Tresor zurückspielen, oder den Schlüssel aus der Registrierung neu eingeben "
     "(`siegel at setup --aes-key-file`).",
     "Restore the vault, or enter the key from the registration again (`siegel at setup "
     "--aes-key-file`).",
     keys},
    {"austria.pins", "PINs der Signatureinheiten", "PINs of the signature devices",
     "Die richtige PIN mit `siegel at signer add --pin-file` geben; eine Karte hat drei Versuche.",
     "Give the right PIN with `siegel at signer add --pin-file`; a card has three tries.", pins},
    {"austria.software_signer", "Software-Signatur", "Software signature",
     "Für den echten Betrieb eine Karte oder einen Dienst verwenden.",
     "Use a card or a service for real business.", software},
    {"austria.certificates", "Zertifikate der Signatureinheiten",
     "Certificates of the signature devices", "Rechtzeitig eine neue Karte bestellen.",
     "Order a new card in time.", certificates},
    {"austria.registration", "Registrierung bei FinanzOnline", "Registration with FinanzOnline",
     "`siegel dues` nennt den Befehl.", "`siegel dues` names the command.", registration},
    {"austria.receipts", "Fällige Belege und Prüfungen", "Receipts and checks that are due",
     "`siegel dues` nennt den Befehl.", "`siegel dues` names the command.", receipts},
    {"austria.reports", "Meldungen an FinanzOnline", "Reports to FinanzOnline",
     "`siegel at outage report` oder `siegel at outage end`.",
     "`siegel at outage report` or `siegel at outage end`.", reports},
    {"austria.backup", "Quartalssicherung des DEP", "Quarterly backup of the DEP",
     "`siegel at backup` auf einen Datenträger außer Haus.",
     "`siegel at backup` to a medium outside the house.", backup},
};

}  // namespace

std::span<const Check> austria_checks() { return checks; }

}  // namespace siegel::app
