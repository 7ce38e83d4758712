#include <fmt/format.h>

#include "app/doctor/subject.h"
#include "app/secrets/puk_letter.h"
#include "app/secrets/tse_login.h"

namespace siegel::app {
namespace {

using device::TseUser;

Looked opens(Subject& subject) {
  const auto& vault = subject.vault();
  if (!vault) return found(Health::failure, vault.error());
  if (vault->error) return found(Health::failure, *vault->error);
  Collected out;
  for (const auto& [id, error] : vault->closed)
    out.add(Health::failure, id.text() + ": " + error.code, id.text() + ": " + error.code);
  return std::move(out).finding(fmt::format("{} Geheimnisse öffnen sich", vault->secrets.size()),
                                fmt::format("{} secrets open", vault->secrets.size()));
}

Looked whole_move(Subject& subject) {
  if (!subject.vault()) return {};
  if (subject.vault()->key.place == KeyPlace::both)
    return found(Health::warning, "Schlüsseldatei und TPM zugleich: ein Umzug wurde unterbrochen",
                 "key file and TPM at the same time: a move was interrupted");
  return found(Health::ok, "ein Ort für den Schlüssel", "one place for the key");
}

Looked puk_letter(Subject& subject) {
  if (subject.opened_vault() == nullptr || subject.tses().empty()) return {};
  vault::Vault& vault = *subject.opened_vault();
  Collected out;
  for (const AskedTse& tse : subject.tses()) {
    const auto id = puk_id(tse.info.id, TseUser::admin);
    // PUKs that others keep are not ours to print.
    if (const auto puk = id ? vault.get(*id) : Result<crypto::SecretBytes>(id.error()); !puk)
      continue;
    const auto prints = puk_prints(vault, tse.info.id);
    if (!prints)
      out.add(Health::warning, prints.error().detail, prints.error().detail);
    else if (prints->empty())
      out.add(Health::warning, tse.info.id + ": nie gedruckt", tse.info.id + ": never printed");
    else if (prints->size() > 1)
      out.add(Health::warning, fmt::format("{}: {} mal gedruckt", tse.info.id, prints->size()),
              fmt::format("{}: printed {} times", tse.info.id, prints->size()));
  }
  return std::move(out).finding("einmal gedruckt", "printed once");
}

Looked pins(Subject& subject) {
  if (subject.opened_vault() == nullptr || subject.tses().empty()) return {};
  Collected out;
  for (const AskedTse& tse : subject.tses())
    for (const TseUser user : {TseUser::admin, TseUser::time_admin}) {
      const std::string who = fmt::format("{} {}", tse.info.id, word_of(user));
      const auto memory = pin_memory(*subject.opened_vault(), tse.info.id, user);
      if (memory && *memory && (*memory)->refused)
        out.add(Health::failure, who + ": die PIN wurde abgewiesen", who + ": the PIN was refused");
      if (memory && *memory && (*memory)->unanswered > 0)
        out.add(Health::warning, who + ": eine Antwort ging verloren",
                who + ": an answer was lost");
      if (const auto left = tse.tries.find(user);
          left != tse.tries.end() && left->second <= tries_for_people)
        out.add(left->second == 0 ? Health::failure : Health::warning,
                fmt::format("{}: noch {} Versuche", who, left->second),
                fmt::format("{}: {} tries left", who, left->second));
    }
  return std::move(out).finding("keine PIN wurde abgewiesen", "no PIN was refused");
}

constexpr Check checks[] = {
    {"vault.secrets", "Tresor", "Vault",
     "Den Ordner vault mit seinem Schlüssel aus einer Sicherung zurückspielen; war das TPM "
     "betroffen: docs/how-to/secrets.md.",
     "Restore the folder vault with its key from a backup; if it is the TPM: "
     "docs/how-to/secrets.md.",
     opens},
    {"vault.move", "Ort des Schlüssels", "Place of the key", "`siegel vault seal` wiederholen.",
     "Repeat `siegel vault seal`.", whole_move},
    {"vault.puk_letter", "PUK-Brief", "PUK letter",
     "`siegel tse puk-letter | lp`, dann in den Safe. Mehr als ein Ausdruck: prüfen, wo sie sind.",
     "`siegel tse puk-letter | lp`, then into the safe. More than one print: find them all.",
     puk_letter},
    {"vault.pins", "PINs der TSE", "PINs of the TSE",
     "Die richtige PIN geben (`siegel tse pin`) oder mit der PUK eine neue setzen (`siegel tse "
     "unblock`).",
     "Give the right PIN (`siegel tse pin`), or set a new one with the PUK (`siegel tse unblock`).",
     pins},
};

}  // namespace

std::span<const Check> vault_checks() { return checks; }

}  // namespace siegel::app
