#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "crypto/secret.h"
#include "finanzonline/requests.h"
#include "model/master.h"

// Registering by hand: everything the forms of FinanzOnline ask for, in their order, to be copied.
namespace siegel::finanzonline {

/// Four characters that FinanzOnline compares with a typed AES key: base64 without `=` of the first
/// 3 bytes of SHA-256 over the 44 characters of the key in base64. Error E-FON-004: not 32 bytes.
[[nodiscard]] Result<std::string> key_check_value(const crypto::SecretBytes& key);

struct SheetSigner {
  SignerKind kind = SignerKind::signature_card;
  std::string provider;  ///< "AT1"
  CertificateSerial serial;
};
struct SheetContent {
  std::string vat_id;       ///< ATU12345678
  std::string participant;  ///< Teilnehmer-Identifikation; empty: left out
  std::string user;         ///< Benutzer-Identifikation; empty: left out
  RegisterId register_id;
  std::string description;  ///< of the register; may be empty
  crypto::SecretBytes key;  ///< AES-256
  std::vector<SheetSigner> signers;
};

struct SheetLine {
  std::string label;
  std::string value;
  std::string hint = {};  ///< may be empty
  bool secret = false;    ///< the AES key: shown only on demand, never stored
};
struct SheetSection {
  std::string title;  ///< the form in FinanzOnline
  std::vector<SheetLine> lines;
};
/// Sections in the order of work: access, devices, register, check of the Startbeleg. The PIN is
/// never on it. The values hold the AES key: wipe or drop them soon. Error E-FON-004.
[[nodiscard]] Result<std::vector<SheetSection>> registration_sheet(const SheetContent& content,
                                                                   Language language);
/// The sheet as plain text, one `label: value` a line.
[[nodiscard]] std::string sheet_text(const std::vector<SheetSection>& sheet);

}  // namespace siegel::finanzonline
