#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
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

/// The end of a register's business day (Z). Numbers have no gap.
struct Closing {
  RegisterId register_id;
  std::uint64_t number = 0;  ///< Z number of the register, from 1
  LocalStamp at;
  std::uint64_t receipts = 0;  ///< since the closing before
  Money turnover;              ///< of them, gross, training left out
  /// The month ends with it: its Monatsbeleg (December: Jahresbeleg) is due from here on.
  bool last_of_month = false;
  friend bool operator==(const Closing&, const Closing&) = default;
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

[[nodiscard]] std::string to_json(const Closing& entry);
[[nodiscard]] std::string to_json(const ReceiptCheck& entry);
[[nodiscard]] std::string to_json(const AuthorityReport& entry);
[[nodiscard]] std::string to_json(const VorgangOpened& entry);
[[nodiscard]] std::string to_json(const VorgangStarted& entry);
[[nodiscard]] std::string to_json(const VorgangUpdated& entry);
[[nodiscard]] std::string to_json(const OutageBegan& entry);
[[nodiscard]] std::string to_json(const OutageEnded& entry);
[[nodiscard]] std::string to_json(const OutageNote& entry);
[[nodiscard]] std::string to_json(const LateSignature& entry);

// Errors: E-MOD-101 (corrupt), the detail names the member.
[[nodiscard]] Result<VorgangOpened> vorgang_opened_from_json(std::string_view json);
[[nodiscard]] Result<VorgangStarted> vorgang_started_from_json(std::string_view json);
[[nodiscard]] Result<VorgangUpdated> vorgang_updated_from_json(std::string_view json);
[[nodiscard]] Result<OutageBegan> outage_began_from_json(std::string_view json);
[[nodiscard]] Result<OutageEnded> outage_ended_from_json(std::string_view json);
[[nodiscard]] Result<OutageNote> outage_note_from_json(std::string_view json);
[[nodiscard]] Result<LateSignature> late_signature_from_json(std::string_view json);
[[nodiscard]] Result<Closing> closing_from_json(std::string_view json);
[[nodiscard]] Result<ReceiptCheck> receipt_check_from_json(std::string_view json);
[[nodiscard]] Result<AuthorityReport> authority_report_from_json(std::string_view json);

}  // namespace siegel
