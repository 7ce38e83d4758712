#include <algorithm>

#include "app/doctor/subject.h"

namespace siegel::app {
namespace {

/// What one look at the machine means here. A machine without secrets is not asked (FCC-016).
Looked result_of(Subject& subject, std::string_view id, Health if_it_fails) {
  const auto& results = subject.environment();
  const auto result =
      std::find_if(results.begin(), results.end(), [&](const auto& one) { return one.id == id; });
  if (result == results.end()) return {};
  switch (result->verdict) {
    case Verdict::pass:
      return found(Health::ok, result->de, result->en);
    case Verdict::fail:
      return found(if_it_fails, result->de, result->en);
    case Verdict::unknown:
      break;
  }
  return found(Health::unknown, result->de, result->en);
}

template <std::size_t Index, Health IfItFails>
Looked look(Subject& subject) {
  return result_of(subject, environment_ids[Index], IfItFails);
}

constexpr Check checks[] = {
    {"environment.tpm_present", "TPM vorhanden", "TPM present",
     "Das TPM (fTPM, PTT) in der Firmware einschalten; ohne TPM ist der Rechner nur mit "
     "verschlüsseltem Datenträger zu verantworten.",
     "Switch the TPM (fTPM, PTT) on in the firmware; without one this machine needs an encrypted "
     "disk at least.",
     look<0, Health::warning>},
    {"environment.tpm_version", "TPM 2.0", "TPM 2.0",
     "Ein TPM 2.0 wird verlangt: Firmware aktualisieren oder einen anderen Rechner verwenden.",
     "A TPM 2.0 is demanded: update the firmware or use another machine.",
     look<1, Health::warning>},
    {"environment.vault_sealed", "Schlüssel im TPM", "Key in the TPM", "`siegel vault seal`",
     "`siegel vault seal`", look<2, Health::warning>},
    {"environment.secure_boot", "Secure Boot", "Secure boot",
     "Secure Boot in der Firmware einschalten.", "Switch secure boot on in the firmware.",
     look<3, Health::warning>},
    {"environment.disk_encryption", "Verschlüsselter Datenträger", "Disk encryption",
     "Den Datenträger verschlüsseln (LUKS).", "Encrypt the disk (LUKS).", look<4, Health::warning>},
    {"environment.swap", "Auslagerungsspeicher", "Swap",
     "Auslagerung ausschalten, verschlüsseln oder zram verwenden.",
     "Switch swap off, encrypt it, or use zram.", look<5, Health::warning>},
    {"environment.core_dumps", "Speicherabzüge", "Core dumps",
     "Speicherabzüge abschalten (LimitCORE=0; systemd-coredump: Storage=none).",
     "Switch core dumps off (LimitCORE=0; systemd-coredump: Storage=none).",
     look<6, Health::warning>},
    {"environment.data_rights", "Rechte des Datenordners", "Rights of the data folder",
     "Den Befehl aus der Meldung ausführen (chmod go-rwx).",
     "Run the command in the message (chmod go-rwx).", look<7, Health::failure>},
    {"environment.vault_rights", "Rechte des Tresors", "Rights of the vault",
     "Den Befehl aus der Meldung ausführen und die Geheimnisse als bekannt ansehen.",
     "Run the command in the message, and think of the secrets as known.",
     look<8, Health::failure>},
    {"environment.user", "Benutzer des Programms", "User of the program",
     "Siegel unter einem eigenen Benutzer laufen lassen.", "Let Siegel run as a user of its own.",
     look<9, Health::warning>},
    {"environment.memory", "Arbeitsspeicher", "Memory",
     "Andere Programme beenden oder Speicher nachrüsten.", "End other programs or add memory.",
     look<10, Health::warning>},
    {"environment.clock", "Zeitabgleich", "Clock synchronisation",
     "Einen Zeitdienst einschalten (timedatectl set-ntp true).",
     "Switch a time service on (timedatectl set-ntp true).", look<11, Health::warning>},
};
static_assert(std::size(checks) == std::size(environment_ids));

}  // namespace

std::span<const Check> environment_checks() { return checks; }

}  // namespace siegel::app
