#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/strong.h"
#include "base/time.h"
#include "model/vat.h"

namespace siegel {

/// Serial number of a register (Kasse), which is also its TSE client id. 1..30 characters of
/// `A-Z a-z 0-9 space ' ( ) + - , . =` [TR-03151-1 App. A].
class RegisterId {
 public:
  RegisterId() = default;
  /// Error E-REG-101: empty, too long, or a character a TSE refuses (named).
  static Result<RegisterId> parse(std::string_view text);
  [[nodiscard]] const std::string& text() const { return m_text; }
  friend auto operator<=>(const RegisterId&, const RegisterId&) = default;

 private:
  explicit RegisterId(std::string text) : m_text(std::move(text)) {}
  std::string m_text;
};

/// The entrepreneur and the place of business, as printed on each receipt [KassenSichV 6 no. 1].
struct Business {
  std::string name;
  std::string street;
  std::string postcode;
  std::string city;
  std::string country = "DE";  ///< ISO 3166-1 alpha-2
  std::string tax_number;      ///< Steuernummer; one of the two is required
  std::string vat_id;          ///< USt-IdNr.
  std::string time_zone = "Europe/Berlin";
  /// Header lines of the receipt; empty: made from the fields above (BIO-070).
  std::vector<std::string> header_lines;
  std::vector<std::string> footer_lines;
  friend bool operator==(const Business&, const Business&) = default;
};

struct RegisterInfo {
  RegisterId id;
  std::string name;        ///< "Kasse 1"
  std::string tse_serial;  ///< hex serial of the TSE it signs on; empty: none commissioned
  // Austria
  std::vector<std::string> signers;  ///< ids of SignerInfo, asked in this order
  std::string aes_check;             ///< check value of its AES key [rksv 12]; the key: vault
  friend bool operator==(const RegisterInfo&, const RegisterInfo&) = default;
};

/// What never changes of a TSE, written once when it is commissioned.
struct TseInfo {
  std::string id;      ///< our name for it, e.g. "tse-1"
  std::string serial;  ///< hex, lower case: SHA-256 of the public key point
  std::string manufacturer;
  std::string algorithm;            ///< "ecdsa-plain-SHA256"
  std::string time_format;          ///< "unixTime", "utcTimeWithSeconds", "generalizedTime"...
  Bytes public_key;                 ///< uncompressed point
  std::vector<Bytes> certificates;  ///< DER, leaf first
  bool certified = false;  ///< false: for development, training and tests; said on each receipt
  friend bool operator==(const TseInfo&, const TseInfo&) = default;
};

/// What never changes of a signature device (Austria), written once when it is put into operation.
struct SignerInfo {
  std::string id;    ///< our name for it, e.g. "card-1"
  std::string kind;  ///< the plug: "smartcard", "pkcs11", "atrust", "softkey"
  /// Field 11 of the code: serial of the certificate as lower-case hex of its magnitude; in a
  /// closed system Ordnungsbegriff and key ("U:ATU12345678-K1").
  std::string serial;
  std::string provider;  ///< "AT1"; field 1 of the code is "R1-" and this
  std::string holder;    ///< value of OID 1.2.40.0.10.1.11.1 ("UID ATU12345678"), may be empty
  Bytes public_key;      ///< uncompressed point
  std::vector<Bytes> certificates;  ///< DER, leaf first; empty in a closed system
  bool development = false;         ///< a software key: said on each receipt
  friend bool operator==(const SignerInfo&, const SignerInfo&) = default;
};

/// Label set of the TSE block on the receipt.
enum class LabelSet {
  standard,  ///< words of [KassenSichV 6], QR code plus legal minimum
  biobill,   ///< TSE, TAN, SIZ, ERST, START, ENDE, SIGN (BIO-082 to 088)
  dikasse,   ///< nine items (DIK-002 to 010)
};
enum class TseForm { qr, text, qr_and_text };
enum class VatMarks {
  letters,  ///< A, B, ... (default)
  numbers,  ///< 1 = 19 %, 2 = 7 %, 6 = 16 %, 7 = 5 % (BIO-078 to 080); never DSFinV-K keys
};
enum class Language { de, en };

/// What differs between shops. Named, documented (docs/reference/profile.md), each with a default.
struct Profile {
  LabelSet labels = LabelSet::standard;
  TseForm tse_form = TseForm::qr;
  VatMarks vat_marks = VatMarks::letters;
  std::vector<std::string> vat_headings;  ///< four column headings; empty: the standard words
  Language language = Language::de;
  bool one_register_per_tse = false;  ///< DIK-041
  /// 1500..5000: longest wait for a TSE, or for all signature devices together, within one sale
  int tse_deadline_ms = 3000;
  // Austria
  bool automatic_dues = true;  ///< Monatsbeleg and Jahresbeleg are made without being asked for
  friend bool operator==(const Profile&, const Profile&) = default;
};

}  // namespace siegel
