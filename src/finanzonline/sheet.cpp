#include "finanzonline/sheet.h"

#include <fmt/format.h>

#include <cstddef>
#include <span>

#include "base/bytes.h"
#include "crypto/secret.h"
#include "model/rksv.h"

namespace siegel::finanzonline {
namespace {

constexpr std::size_t key_bytes = 32;

std::string_view device_type(SignerKind kind, Language language) {
  const bool de = language == Language::de;
  switch (kind) {
    case SignerKind::signature_card:
      return de ? "Signaturkarte" : "Signaturkarte (signature card)";
    case SignerKind::own_hsm:
      return de ? "Eigenes HSM" : "Eigenes HSM (own HSM)";
    case SignerKind::hsm_service:
      return de ? "HSM-Dienstleister" : "HSM-Dienstleister (HSM service)";
  }
  return {};
}

// The one place that holds both languages of the sheet; titles and labels keep the words of the
// form, because that is where they are copied to.
struct Words {
  bool de;
  [[nodiscard]] std::string operator()(std::string_view german, std::string_view english) const {
    return std::string(de ? german : english);
  }
};

SheetSection access_section(const SheetContent& content, const Words& words) {
  SheetSection section{words("1. In FinanzOnline anmelden (finanzonline.at), Menü "
                             "Eingaben/Registrierkassen",
                             "1. Sign in to FinanzOnline (finanzonline.at), menu "
                             "Eingaben/Registrierkassen"),
                       {}};
  section.lines.push_back({"UID-Nummer", content.vat_id, {}, false});
  if (!content.participant.empty()) {
    section.lines.push_back({"Teilnehmer-Identifikation", content.participant, {}, false});
  }
  if (!content.user.empty()) {
    section.lines.push_back({"Benutzer-Identifikation", content.user, {}, false});
  }
  section.lines.push_back({"PIN",
                           words("(nur Sie kennen sie; sie wird nirgends gespeichert)",
                                 "(only you know it; it is stored nowhere)"),
                           {},
                           false});
  return section;
}

SheetSection signer_section(const SheetSigner& signer, std::size_t number, std::size_t count,
                            Language language) {
  const Words words{language == Language::de};
  auto title = words("2. Registrierung der Signatur- bzw. Siegelerstellungseinheit",
                     "2. Registrierung der Signatur- bzw. Siegelerstellungseinheit (device)");
  if (count > 1) title += fmt::format(", {}/{}", number, count);
  return {std::move(title),
          {{"Art der Signatur- bzw. Siegelerstellungseinheit",
            std::string(device_type(signer.kind, language)),
            {},
            false},
           {"Vertrauensdiensteanbieter (VDA)", signer.provider, {}, false},
           {"Seriennummer des Zertifikats (hexadezimal)", signer.serial.text(),
            words("Hexadezimal, ohne 0x und ohne Leerzeichen.",
                  "Hexadecimal, without 0x and without blanks."),
            false}}};
}

SheetSection register_section(const SheetContent& content, std::string key, std::string check_value,
                              const Words& words) {
  SheetSection section{words("3. Registrierung einer Registrierkasse",
                             "3. Registrierung einer Registrierkasse (cash register)"),
                       {}};
  section.lines.push_back({"Kassenidentifikationsnummer", content.register_id.text(), {}, false});
  if (!content.description.empty()) {
    section.lines.push_back({"Anmerkung", content.description, {}, false});
  }
  section.lines.push_back(
      {"Benutzerschlüssel AES-256 (Base64)", std::move(key),
       words("Kopieren, nicht abtippen: l, I und 1, O und 0 werden leicht verwechselt.",
             "Copy it, do not type it: l, I and 1, O and 0 are easily mixed up."),
       true});
  section.lines.push_back({"Prüfwert", std::move(check_value),
                           words("FinanzOnline vergleicht damit den Schlüssel.",
                                 "FinanzOnline compares the key with it."),
                           false});
  return section;
}

SheetSection check_section(const Words& words) {
  return {words("4. Startbeleg prüfen", "4. Check the Startbeleg"),
          {{words("App", "App"), "BMF Belegcheck", {}, false},
           {words("Code der App", "Code of the app"),
            words("FinanzOnline: Eingaben/Registrierkassen, Authentifizierungscode anfordern "
                  "(12 Zeichen)",
                  "FinanzOnline: Eingaben/Registrierkassen, request an authentication code "
                  "(12 characters)"),
            {},
            false},
           {words("Frist", "Due"),
            words("eine Woche ab dem Startbeleg; verkauft werden darf inzwischen",
                  "one week from the Startbeleg; selling is allowed meanwhile"),
            {},
            false}}};
}

}  // namespace

Result<std::string> key_check_value(const crypto::SecretBytes& key) {
  if (key.size() != key_bytes) {
    return invalid("E-FON-004", fmt::format("an AES-256 key has 32 bytes, not {}", key.size()));
  }
  auto text = base64(key.reveal());
  std::string check = rksv::aes_check(text);
  crypto::wipe(std::as_writable_bytes(std::span(text)));
  return check;
}

Result<std::vector<SheetSection>> registration_sheet(const SheetContent& content,
                                                     Language language) {
  SIEGEL_TRY(auto check_value, key_check_value(content.key));
  const Words words{language == Language::de};
  std::vector<SheetSection> sheet;
  sheet.push_back(access_section(content, words));
  for (std::size_t i = 0; i < content.signers.size(); ++i) {
    sheet.push_back(signer_section(content.signers[i], i + 1, content.signers.size(), language));
  }
  sheet.push_back(
      register_section(content, base64(content.key.reveal()), std::move(check_value), words));
  sheet.push_back(check_section(words));
  return sheet;
}

std::string sheet_text(const std::vector<SheetSection>& sheet) {
  std::string out;
  for (const auto& section : sheet) {
    if (!out.empty()) out += '\n';
    out += section.title + "\n";
    for (const auto& line : section.lines) {
      out += fmt::format("  {}: {}\n", line.label, line.value);
      if (!line.hint.empty()) out += fmt::format("    {}\n", line.hint);
    }
  }
  return out;
}

}  // namespace siegel::finanzonline
