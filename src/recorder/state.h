#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "journal/journal.h"
#include "model/care.h"
#include "model/closing_begun.h"
#include "model/entries.h"
#include "model/master.h"
#include "model/party.h"
#include "model/plan.h"
#include "recorder/care_state.h"
#include "recorder/day_totals.h"
#include "recorder/rksv_state.h"

namespace siegel::recorder {

using journal::Sequence;

/// A closing between its first receipt and its own entry.
struct ClosingState {
  ClosingBegun begun;
  bool difference_done = false;  ///< its receipt is sealed
  bool signature_done = false;
  [[nodiscard]] bool complete() const {
    return (difference_done || !begun.books_difference) && (signature_done || !begun.is_signed);
  }
  friend bool operator==(const ClosingState&, const ClosingState&) = default;
};

/// One register as the journal knows it.
struct RegisterState {
  RegisterInfo info;                    ///< in force
  std::uint64_t register_sequence = 0;  ///< entry of `info`
  std::uint64_t business_sequence = 0;  ///< entry with the master data in force here
  /// Entered, and in force from the next closing on (with Profile::restart_for_master: and a
  /// restart).
  std::optional<RegisterInfo> next_info;
  std::uint64_t next_number = 1;
  std::uint64_t next_stock_number = 1;  ///< of stock-takings
  DayTotals day;                        ///< since the last closing
  CashMoved drawer;                     ///< what should be in the drawer, over all closings
  std::uint64_t closings = 0;           ///< number of the last closing (Z)
  std::uint64_t last_closing = 0;       ///< its entry; 0: none yet
  std::optional<ClosingState> closing;  ///< under way
  /// Cashiers that signed in and not out again, by memos "Anmeldung" and "Abmeldung" (BIO-031).
  std::set<std::string> signed_in;
  static constexpr std::size_t signed_in_max = 1000;
  /// Highest transaction number recorded for this client, per TSE serial. What a device holds above
  /// it is not known to the journal yet.
  std::map<std::string, std::uint64_t, std::less<>> transactions;
  std::optional<RksvState> rksv;  ///< since it has signature devices
  friend bool operator==(const RegisterState&, const RegisterState&) = default;
};

/// A Vorgang that has begun and has no seal yet.
struct VorgangState {
  VorgangOpened opened;
  std::optional<VorgangStarted> started;
  std::string draft;  ///< last update, canonical JSON, empty if none
  friend bool operator==(const VorgangState&, const VorgangState&) = default;
};

/// Failures of one TSE or signature device. Both counters are for ever (TSS-015, TSS-017).
struct OutageState {
  std::uint64_t next_number = 1;
  std::uint64_t next_receipt = 1;
  std::optional<OutageBegan> open;
  std::uint64_t open_receipts = 0;
  TseSwitch::Mode mode = TseSwitch::Mode::on;  ///< not on: it is not called
  struct Past {
    OutageBegan began;
    OutageEnded ended;
    friend bool operator==(const Past&, const Past&) = default;
  };
  std::optional<Past> last;  ///< the last one that has ended
  friend bool operator==(const OutageState&, const OutageState&) = default;
};

/// What a TSE was seen to have used; one that gives it again is another one, or an old copy.
struct TseMarks {
  std::uint64_t transaction = 0;
  std::uint64_t counter = 0;
  friend bool operator==(const TseMarks&, const TseMarks&) = default;
};

/// A transaction that its receipt left open on this device, because the device failed and another
/// one signed: to be ended when it is back.
struct LeftOpen {
  std::string client;
  std::string tse_serial;
  std::uint64_t transaction = 0;
  friend bool operator==(const LeftOpen&, const LeftOpen&) = default;
};

/// A receipt that went out unsigned although the device may have signed it: to be asked for.
struct LostPlan {
  std::uint64_t sequence = 0;
  std::string client;
  std::string tse_serial;
  std::string process_type;
  std::string process_data;
  std::uint64_t transaction = 0;
  friend bool operator==(const LostPlan&, const LostPlan&) = default;
};

/// A message a person has seen.
struct SeenMessage {
  std::uint64_t sequence = 0;
  Instant at;
  std::string by;
  friend bool operator==(const SeenMessage&, const SeenMessage&) = default;
};

struct KnownKey {
  std::uint64_t sequence = 0;
  Hash256 fingerprint{};
  friend bool operator==(const KnownKey&, const KnownKey&) = default;
};

/// The fold of the journal's entries: what the recorder needs to decide, and nothing that grows
/// with history. Keys and reversals stay here only until the index has them.
class State {
 public:
  /// Entries in order, without gaps. Error E-JRN-110 (corrupt): the entry does not follow, cannot
  /// be read, or contradicts the state (a seal without its plan).
  Status apply(const journal::Entry& entry);

  // The same for entries this process writes, without reading them back from bytes. `sequence` is
  // the entry's number.
  void apply_business(std::uint64_t sequence, const Business& business);
  void apply_profile(const Profile& profile);
  void apply_tse(const TseInfo& info);
  void apply_register(std::uint64_t sequence, const RegisterInfo& info);
  void apply_register_next(const RegisterInfo& info);
  void apply_in_force(const BusinessInForce& change);
  /// `at_register` entered it.
  void apply_party(std::uint64_t sequence, const std::string& at_register, const Party& party,
                   const std::optional<journal::Key>& key);
  void apply_closing_begun(const ClosingBegun& begun);
  void apply_vorgang(const VorgangOpened& opened);
  void apply_started(const VorgangStarted& started);
  void apply_update(const VorgangUpdated& update);
  void apply_plan(std::uint64_t sequence, const Plan& plan, const std::optional<journal::Key>& key);
  void apply_seal(const Seal& seal);
  void apply_outage_begin(const OutageBegan& began);
  void apply_outage_end(const OutageEnded& ended);
  void apply_late_signature(const LateSignature& late);
  void apply_switch(const TseSwitch& change);
  void apply_seen(std::uint64_t sequence, Instant at, std::string_view by, const MessageSeen& seen);
  void apply_signer(const SignerInfo& info);
  void apply_closing(std::uint64_t sequence, const Closing& closing,
                     const std::optional<journal::Key>& key);
  void apply_check(const ReceiptCheck& check);
  void apply_report(const AuthorityReport& report);
  void apply_checked(Instant at, const TseChecked& checked);
  void apply_retired(Instant at, const TseRetired& retired);

  /// The index holds everything up to `position`: forgets what it holds, but keeps one generation,
  /// so that a look-up made just before still fits together with what is here.
  void indexed(std::uint64_t position);

  /// The TSE is out of operation for ever.
  [[nodiscard]] bool retired(std::string_view tse_serial) const;
  /// The master data in force at a register. There is a business.
  [[nodiscard]] const Business& business_of(const RegisterState& reg) const;
  /// It has recorded nothing since its last closing and nothing is open there: new master data may
  /// come into force [DSFinV-K 5.2].
  [[nodiscard]] bool is_closed(const RegisterState& reg) const;

  [[nodiscard]] const KnownKey* find_key(const RegisterId& register_id, std::string_view key) const;

  /// Canonical JSON of everything, for the snapshot; equal states give equal texts.
  [[nodiscard]] std::string snapshot() const;
  static Result<State> from_snapshot(std::string_view json);

  std::uint64_t sequence = 0;                    ///< last entry applied
  std::optional<Business> business;              ///< entered last
  std::uint64_t business_sequence = 0;           ///< its entry
  std::map<std::uint64_t, Business> businesses;  ///< older ones that are in force somewhere
  Profile profile;
  std::map<std::string, RegisterState, std::less<>> registers;
  std::map<std::string, TseInfo, std::less<>> tses;         ///< by serial
  std::map<std::string, SignerInfo, std::less<>> signers;   ///< by id
  std::map<std::string, OutageState, std::less<>> outages;  ///< by TSE serial or signer id
  std::map<std::string, AuthorityReport, std::less<>>
      reports;  ///< latest, by scoped(what, subject)
  /// Latest, by MessageSeen::id; at most seen_max, the oldest are forgotten.
  std::map<std::string, SeenMessage, std::less<>> seen;
  static constexpr std::size_t seen_max = 1000;
  std::map<std::string, VorgangState, std::less<>> vorgaenge;  ///< by scoped()
  std::map<std::string, Party, std::less<>> parties;           ///< open ones, by Abrechnungskreis
  std::uint64_t next_party = 1;            ///< running number in the name of a party
  std::map<std::uint64_t, Plan> unsealed;  ///< by sequence
  std::map<std::uint64_t, LostPlan> lost;  ///< by plan sequence
  std::vector<LeftOpen> left_open;
  std::map<std::string, TseMarks, std::less<>> marks;  ///< by TSE serial
  std::map<std::string, TseCare, std::less<>> care;    ///< by TSE serial
  std::unordered_map<std::string, std::uint64_t>
      reversals;                      ///< receipt number -> plan, not indexed yet
  std::uint64_t forgotten_up_to = 0;  ///< keys and reversals up to here are in the index only

 private:
  void note_key(std::uint64_t sequence, const RegisterId& register_id,
                const std::optional<journal::Key>& key, const std::string& reverses);
  [[nodiscard]] Status check_chain(std::uint64_t sequence, const Plan& plan) const;
  void forget_businesses();
  void note_transaction(const std::string& client, const std::string& serial, std::uint64_t number);
  void note_marks(const std::string& serial, std::uint64_t transaction, std::uint64_t counter);

  struct Recent {
    std::uint64_t sequence;
    std::string key;       // map key of m_keys, may be empty
    std::string reverses;  // map key of reversals, may be empty
  };
  std::unordered_map<std::string, KnownKey> m_keys;
  std::deque<Recent> m_recent;
  std::uint64_t m_indexed = 0;
};

/// Map key of something that belongs to a register.
[[nodiscard]] std::string scoped(std::string_view register_id, std::string_view name);

}  // namespace siegel::recorder
