#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "model/closing.h"
#include "model/master.h"
#include "model/plan.h"

// The kinds of entry a journal holds and the payloads that are not a Plan, a Seal or master data.
// Each is canonical JSON, version 1, described in docs/formats/entries.md.

namespace siegel {

namespace entry_kind {
inline constexpr std::string_view business = "business";   ///< Business
inline constexpr std::string_view profile = "profile";     ///< Profile
inline constexpr std::string_view tse = "tse";             ///< TseInfo: a device put into operation
inline constexpr std::string_view register_ = "register";  ///< RegisterInfo
inline constexpr std::string_view vorgang = "vorgang";     ///< VorgangOpened
inline constexpr std::string_view started = "started";     ///< VorgangStarted
inline constexpr std::string_view update = "update";       ///< VorgangUpdated
inline constexpr std::string_view plan = "plan";           ///< Plan
inline constexpr std::string_view seal = "seal";           ///< Seal
inline constexpr std::string_view outage_begin = "outage_begin";      ///< OutageBegan
inline constexpr std::string_view outage_end = "outage_end";          ///< OutageEnded
inline constexpr std::string_view late_signature = "late_signature";  ///< LateSignature
inline constexpr std::string_view outage_note = "outage_note";        ///< OutageNote
inline constexpr std::string_view tse_switch = "tse_switch";          ///< TseSwitch
inline constexpr std::string_view message_seen = "message_seen";      ///< MessageSeen
inline constexpr std::string_view signer = "signer";    ///< SignerInfo: put into operation
inline constexpr std::string_view closing = "closing";  ///< Closing
inline constexpr std::string_view check = "check";      ///< ReceiptCheck
inline constexpr std::string_view report = "report";    ///< AuthorityReport
}  // namespace entry_kind

/// A Vorgang begun before its receipt (explicit flow). Durable before the TSE is asked to start.
struct VorgangOpened {
  VorgangId vorgang;
  RegisterId register_id;
  LocalStamp began;
  std::string tse_serial;  ///< asked to start it; empty: the register's own
  friend bool operator==(const VorgangOpened&, const VorgangOpened&) = default;
};

/// What the TSE said to the start of a Vorgang; transaction 0 if it did not answer.
struct VorgangStarted {
  VorgangId vorgang;
  RegisterId register_id;
  std::string tse_serial;
  std::uint64_t transaction = 0;
  Instant log_time;
  std::uint64_t signature_counter = 0;
  Bytes signature;
  std::string error_code;  ///< set if transaction is 0
  friend bool operator==(const VorgangStarted&, const VorgangStarted&) = default;
};

/// What is rung up so far: the till's draft as canonical JSON.
struct VorgangUpdated {
  VorgangId vorgang;
  RegisterId register_id;
  std::string draft;
  friend bool operator==(const VorgangUpdated&, const VorgangUpdated&) = default;
};

struct OutageBegan {
  /// Serial of the TSE, id of the signature device; `printer:<name>` a printer or transmission
  /// unit, `register:<id>` a whole till: those sign nothing and are asked nothing (TSS-005).
  std::string tse_serial;
  std::uint64_t number = 0;  ///< per TSE serial from 1, never reset (TSS-015)
  Instant since;
  std::string code;  ///< "E-TSE-104"
  std::string text;  ///< cause in words, with the device's own word
  friend bool operator==(const OutageBegan&, const OutageBegan&) = default;
};

struct OutageEnded {
  std::string tse_serial;
  std::uint64_t number = 0;
  Instant until;
  std::uint64_t receipts = 0;  ///< unsigned receipts of this outage
  /// It was asked what it holds. False: a person switched it off in the middle of an outage, and
  /// what may lie on it is asked for when it is back.
  bool asked = true;
  friend bool operator==(const OutageEnded&, const OutageEnded&) = default;
};

/// What a person adds to an outage, while it lasts or later: its record is never changed. Who and
/// when stand in the entry's header. An outage may have any number of notes.
struct OutageNote {
  static constexpr std::size_t text_bytes_max = 1000;  ///< of the reason and of each step
  static constexpr std::size_t steps_max = 20;

  std::string tse_serial;  ///< as in OutageBegan
  std::uint64_t number = 0;
  std::string reason;              ///< the cause in the person's words; may be empty
  std::vector<std::string> steps;  ///< what was done; reason or one step is there
  friend bool operator==(const OutageNote&, const OutageNote&) = default;
};

/// A person takes a TSE out of use and puts it back. While it is not on it is never called: every
/// receipt goes out unsigned under an outage of its own, E-TSE-901 (off) or E-TSE-902 (emergency),
/// which begins in the same commit [AEAO 146a 1.14]. Switched on it is used as soon as it answers.
struct TseSwitch {
  enum class Mode {
    on,
    off,        ///< out of use: exchanged, repaired
    emergency,  ///< Notbetrieb: the shop sells on although the TSE cannot be relied on
  };
  std::string tse_serial;
  Mode mode = Mode::on;
  std::string reason;  ///< one line of at most OutageNote::text_bytes_max; may be empty for `on`
  friend bool operator==(const TseSwitch&, const TseSwitch&) = default;
};
/// "on", "off", "emergency".
[[nodiscard]] std::string_view word_of(TseSwitch::Mode mode);

/// A person has seen a message of the program (views::Message::id). Who and when stand in the
/// entry's header.
struct MessageSeen {
  static constexpr std::size_t id_bytes_max = 200;
  std::string id;
  friend bool operator==(const MessageSeen&, const MessageSeen&) = default;
};

/// A signature found on the device after its receipt went out as unsigned. The receipt is not
/// rewritten [AEAO 146a]; this lets the TSE's archive and the journal agree.
struct LateSignature {
  std::uint64_t plan_sequence = 0;
  std::string tse_serial;
  std::uint64_t transaction = 0;
  Instant start;
  std::uint64_t start_signature_counter = 0;
  Bytes start_signature;
  Instant end;
  std::uint64_t signature_counter = 0;
  Bytes signature;
  friend bool operator==(const LateSignature&, const LateSignature&) = default;
};

/// What came out of showing a Startbeleg or Jahresbeleg to the tax authority [RKSV 6 (4), 8 (3)].
struct ReceiptCheck {
  RegisterId register_id;
  std::string receipt_number;
  Instant at;
  bool passed = false;
  std::string by;    ///< "finanzonline", "app", "manual"
  std::string text;  ///< the authority's words
  friend bool operator==(const ReceiptCheck&, const ReceiptCheck&) = default;
};

/// One message to the authority and its answer (FinanzOnline), or that it was done by hand.
struct AuthorityReport {
  std::string what;     ///< "registrierung_se", "registrierung_kasse", "ausfall_se", ...
  std::string subject;  ///< Kassen-ID or serial of the device
  Instant at;
  std::string mode;  ///< "production", "test", "manual"
  std::string code;  ///< return code; "0": done
  std::string text;
  friend bool operator==(const AuthorityReport&, const AuthorityReport&) = default;
};

[[nodiscard]] std::string to_json(const ReceiptCheck& entry);
[[nodiscard]] std::string to_json(const AuthorityReport& entry);
[[nodiscard]] std::string to_json(const VorgangOpened& entry);
[[nodiscard]] std::string to_json(const VorgangStarted& entry);
[[nodiscard]] std::string to_json(const VorgangUpdated& entry);
[[nodiscard]] std::string to_json(const OutageBegan& entry);
[[nodiscard]] std::string to_json(const OutageEnded& entry);
[[nodiscard]] std::string to_json(const OutageNote& entry);
[[nodiscard]] std::string to_json(const LateSignature& entry);
[[nodiscard]] std::string to_json(const TseSwitch& entry);
[[nodiscard]] std::string to_json(const MessageSeen& entry);

// Errors: E-MOD-101 (corrupt), the detail names the member.
[[nodiscard]] Result<VorgangOpened> vorgang_opened_from_json(std::string_view json);
[[nodiscard]] Result<VorgangStarted> vorgang_started_from_json(std::string_view json);
[[nodiscard]] Result<VorgangUpdated> vorgang_updated_from_json(std::string_view json);
[[nodiscard]] Result<OutageBegan> outage_began_from_json(std::string_view json);
[[nodiscard]] Result<OutageEnded> outage_ended_from_json(std::string_view json);
[[nodiscard]] Result<OutageNote> outage_note_from_json(std::string_view json);
[[nodiscard]] Result<LateSignature> late_signature_from_json(std::string_view json);
[[nodiscard]] Result<TseSwitch> tse_switch_from_json(std::string_view json);
[[nodiscard]] Result<MessageSeen> message_seen_from_json(std::string_view json);
[[nodiscard]] Result<ReceiptCheck> receipt_check_from_json(std::string_view json);
[[nodiscard]] Result<AuthorityReport> authority_report_from_json(std::string_view json);

}  // namespace siegel
