#include <fmt/format.h>
#include <unistd.h>

#include "app/doctor/subject.h"
#include "app/shop/printer.h"
#include "notify/outbox.h"
#include "notify/settings.h"

namespace siegel::app {
namespace {

Looked printer(Subject& subject) {
  const auto settings = read_printer_settings(subject.folder());
  if (!settings) return found(Health::failure, settings.error());
  if (!*settings) return found(Health::ok, "keiner eingestellt", "none configured");
  const std::string& path = (*settings)->path;
  std::error_code error;
  // A file is made by the first print; a device is there or not.
  if (!std::filesystem::exists(path, error) && !path.starts_with("/dev/"))
    return found(Health::ok, path, path);
  if (access(path.c_str(), W_OK) != 0)
    return found(Health::failure, path + ": nicht zu erreichen", path + ": cannot be reached");
  return found(Health::ok, path, path);
}

Looked settings(Subject& subject) {
  const auto settings = notify::read_settings(subject.folder());
  if (!settings) return found(Health::failure, settings.error());
  if (!*settings || (*settings)->recipients.empty())
    return found(Health::warning, "niemand wird benachrichtigt, wenn etwas ausfällt",
                 "nobody is told when something fails");
  return found(Health::ok, fmt::format("{} Empfänger", (*settings)->recipients.size()),
               fmt::format("{} recipients", (*settings)->recipients.size()));
}

Looked secrets(Subject& subject) {
  const auto settings = notify::read_settings(subject.folder());
  if (!settings || !*settings || !subject.vault()) return {};
  Collected out;
  const auto need = [&](const Result<vault::SecretId>& id) {
    if (!id) return;
    const auto& known = subject.vault()->secrets;
    if (std::find(known.begin(), known.end(), *id) == known.end())
      out.add(Health::failure, id->text() + " fehlt", id->text() + " is missing");
  };
  if ((*settings)->mail && !(*settings)->mail->user.empty()) need(notify::mail_password_id());
  for (const auto& recipient : (*settings)->recipients)
    if (recipient.channel == notify::Channel::webhook)
      need(notify::webhook_secret_id(recipient.name));
  return std::move(out).finding("vorhanden", "there");
}

Looked waiting(Subject& subject) {
  const auto settings = notify::read_settings(subject.folder());
  if (!settings || !*settings) return {};
  const auto box = notify::Outbox::load(subject.folder());
  std::size_t dead = 0;
  std::size_t late = 0;
  for (const notify::Delivery& delivery : box.deliveries())
    (delivery.dead ? dead : late) += delivery.dead || delivery.attempts > 0 ? 1 : 0;
  const Health state = dead > 0 ? Health::failure : late > 0 ? Health::warning : Health::ok;
  return found(state, fmt::format("{} warten, {} aufgegeben", late, dead),
               fmt::format("{} waiting, {} given up", late, dead));
}

constexpr Check checks[] = {
    {"printer.reachable", "Drucker", "Printer",
     "Drucker einschalten, Papier und Anschluss prüfen, oder `siegel config printer`.",
     "Switch the printer on, check paper and cable, or `siegel config printer`.", printer},
    {"notify.settings", "Benachrichtigung", "Notification",
     "Mit `siegel notify set` festlegen, wer bei einem Ausfall benachrichtigt wird.",
     "Say with `siegel notify set` who is told of a failure.", settings},
    {"notify.secrets", "Zugangsdaten der Benachrichtigung", "Secrets of the notification",
     "Passwort oder Schlüssel neu eingeben.", "Enter the password or key again.", secrets},
    {"notify.deliveries", "Zustellung", "Deliveries",
     "Mailserver oder Empfänger prüfen; `siegel notify list` zeigt den Fehler.",
     "Check mail server or receiver; `siegel notify list` shows the error.", waiting},
};

}  // namespace

std::span<const Check> service_checks() { return checks; }

}  // namespace siegel::app
