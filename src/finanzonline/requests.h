#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"
#include "crypto/secret.h"
#include "model/master.h"

// What is sent to FinanzOnline, as values and as XML. Pure: no connection, no clock. The calls and
// their fields are described in docs/reference/finanzonline.md.
namespace siegel::finanzonline {

/// `art_uebermittlung`. There is no other host for tests: a test transmission is checked like a
/// real one and changes nothing.
enum class Mode { test, production };

/// What a web service user of FinanzOnline signs in with. The PIN is never written anywhere.
struct Credentials {
  std::string participant;  ///< tid, 8 to 12 letters and digits
  std::string user;         ///< benid, 5 to 12 characters
  crypto::SecretBytes pin;  ///< 5 to 128 characters, UTF-8
  std::string maker;        ///< herstellerid: VAT id of the software's maker, 10 to 24
};
/// Error E-FON-001: a field does not have the form FinanzOnline asks for (place: the field).
[[nodiscard]] Status check(const Credentials& credentials);

/// A session as login gives it. The id is as good as the PIN while it lives.
struct Session {
  std::string participant;
  std::string user;
  crypto::SecretBytes id;
};

/// Serial number of a device's certificate in hex, as in field 11 of the code: 1 to 50 digits, no
/// `0x`, no separators. Sent with hex="true", without which FinanzOnline reads digits as decimal.
class CertificateSerial {
 public:
  /// Error E-FON-002.
  static Result<CertificateSerial> parse(std::string_view text);
  [[nodiscard]] const std::string& text() const { return m_text; }
  friend bool operator==(const CertificateSerial&, const CertificateSerial&) = default;

 private:
  explicit CertificateSerial(std::string text) : m_text(std::move(text)) {}
  std::string m_text;
};

/// `art_se`.
enum class SignerKind {
  signature_card,  ///< SIGNATURKARTE
  own_hsm,         ///< EIGENES_HSM
  hsm_service,     ///< HSM_DIENSTLEISTER
};

/// registrierung_se. `provider`: "AT1" (A-Trust), "AT2", "AT3"; AT9 in test transmissions only.
struct RegisterSigner {
  SignerKind kind = SignerKind::signature_card;
  std::string provider;
  CertificateSerial serial;
};
/// registrierung_kasse. `key`: the 32 bytes of the register's AES key. `remark` (anmerkung) is
/// shown in FinanzOnline; may be empty; at most 200 characters.
struct RegisterRegister {
  RegisterId id;
  crypto::SecretBytes key;
  std::string remark = {};
};

/// `begruendung` of an outage; the numbers are those of FinanzOnline.
enum class SignerOutageReason { theft_or_loss = 1, cannot_sign = 2, other = 99 };
enum class RegisterOutageReason { theft_or_loss = 1, cannot_record = 5, other = 99 };
/// `begruendung` of an end for good (ausserbetriebnahme).
enum class EndReason { planned = 6, irreparable = 7 };

struct SignerOutage {  ///< ausfall_se with ausfall
  CertificateSerial serial;
  SignerOutageReason reason = SignerOutageReason::cannot_sign;
  Instant begin;  ///< not in the future
};
struct RegisterOutage {  ///< ausfall_kasse with ausfall
  RegisterId id;
  RegisterOutageReason reason = RegisterOutageReason::cannot_record;
  Instant begin;
};
struct SignerEnd {  ///< ausfall_se with ausserbetriebnahme; cannot be taken back
  CertificateSerial serial;
  EndReason reason = EndReason::planned;
};
struct RegisterEnd {  ///< ausfall_kasse with ausserbetriebnahme; cannot be taken back
  RegisterId id;
  EndReason reason = EndReason::planned;
};
struct SignerRecovery {  ///< wiederinbetriebnahme_se
  CertificateSerial serial;
  Instant end;
};
struct RegisterRecovery {  ///< wiederinbetriebnahme_kasse
  RegisterId id;
  Instant end;
};
/// belegpruefung: `code` is the text of the QR code, 100 to 1000 characters, 13 elements.
struct ReceiptCheck {
  std::string code;
};

using Item = std::variant<RegisterSigner, RegisterRegister, SignerOutage, RegisterOutage, SignerEnd,
                          RegisterEnd, SignerRecovery, RegisterRecovery, ReceiptCheck>;
/// The element an item is sent as: "registrierung_se", "ausfall_kasse"...
[[nodiscard]] std::string_view element_name(const Item& item);

/// One transmission. Its items are of one element; `satznr` is their place, from 1. More than one
/// item is processed later: the protocol then comes into the DataBox.
struct Package {
  std::uint32_t number = 1;  ///< paket_nr, 1 to 999999999, the sender's own
  Instant created;           ///< ts_erstellung
  std::vector<Item> items;   ///< 1 to 4000 (registrierung_se 2000, belegpruefung 1)
  std::string client = {};   ///< fastnr, for tax representatives only: 9 digits; else empty
};
/// Error E-FON-003: the package is not what FinanzOnline takes (place: JSON pointer of the item).
[[nodiscard]] Status check(const Package& package);

/// status_kasse and status_see.
using StatusOf = std::variant<RegisterId, CertificateSerial>;
struct StatusQuery {
  std::uint32_t number = 1;
  Instant created;
  StatusOf of;
  std::string client = {};
};

/// DataBox of the last days. Without a window only what was not read yet is listed; with one of at
/// most 7 days, beginning at most 31 days ago, also what was read.
struct DataboxQuery {
  std::string kind = "P";  ///< erltyp; protocols are "P"; empty: all
  std::optional<std::pair<Instant, Instant>> window = std::nullopt;
};

// Whole SOAP 1.1 envelopes [SOAP 1.1, 4]. They hold secrets: wiped when they die, never logged.
/// E-FON-001.
[[nodiscard]] Result<crypto::SecretBytes> login_request(const Credentials& credentials);
[[nodiscard]] crypto::SecretBytes logout_request(const Session& session);
/// E-FON-003.
[[nodiscard]] Result<crypto::SecretBytes> package_request(const Session& session, Mode mode,
                                                          const Package& package);
/// E-FON-003: the number or `client` is not valid.
[[nodiscard]] Result<crypto::SecretBytes> status_request(const Session& session, Mode mode,
                                                         const StatusQuery& query);
[[nodiscard]] crypto::SecretBytes databox_request(const Session& session,
                                                  const DataboxQuery& query);
/// `key`: applkey of a listed entry. Reading marks it as read.
[[nodiscard]] crypto::SecretBytes databox_entry_request(const Session& session,
                                                        std::string_view key);

/// The package as a file for the upload in the browser, without access data: a `rkdb` document in
/// UTF-8. Holds the AES key if a register is registered. E-FON-003.
[[nodiscard]] Result<crypto::SecretBytes> upload_file(const Package& package);

}  // namespace siegel::finanzonline
