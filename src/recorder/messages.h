#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "device/device.h"
#include "journal/journal.h"
#include "model/care.h"
#include "model/draft.h"
#include "model/entries.h"
#include "model/plan.h"
#include "recorder/state.h"

// What goes into the recorder (events) and what comes out of it (effects). Values only.

namespace siegel::recorder {

using RequestId = Strong<std::uint64_t, struct RequestIdTag>;
using CallId = Strong<std::uint64_t, struct CallIdTag>;

// ---- events -------------------------------------------------------------------------------------

/// What the front found in the index before it sent the command. `position`: the index was complete
/// up to there when it looked.
struct Lookup {
  std::uint64_t position = 0;
  std::optional<KnownKey> key;
  std::optional<Plan> original;  ///< of the receipt a reversal names
  bool original_reversed = false;
};

/// One receipt.
struct Sell {
  enum class Flow {
    implicit,  ///< a Vorgang of its own
    finish,    ///< ends the open Vorgang whose id is `key`
  };
  RegisterId register_id;
  Flow flow = Flow::implicit;
  std::string key;        ///< idempotency key and Vorgang id, 1..200 printable characters
  Hash256 fingerprint{};  ///< of the request as received
  ReceiptDraft draft;
  Lookup lookup;
};

/// Begins a Vorgang; repeated with the same id it answers what is.
struct Open {
  RegisterId register_id;
  VorgangId vorgang;
  Lookup lookup;  ///< key: of the Vorgang id
};

/// Keeps what is rung up so far; no device call (Kassenbeleg has no updates [DSFinV-K Anhang I]).
struct Update {
  RegisterId register_id;
  VorgangId vorgang;
  std::string draft;  ///< canonical JSON, checked by the front
};

/// Ends the business day of a register (Z). Refused with E-CLO-100 and a list while anything is
/// open there. Austria: when the month ends with it, its Monatsbeleg (in December the Jahresbeleg)
/// is made right after, unless the profile says that nothing is made by itself.
struct Close {
  RegisterId register_id;
  std::string key;                    ///< idempotency key, 1..200 printable characters
  Hash256 fingerprint{};              ///< of the request as received
  std::optional<bool> last_of_month;  ///< empty: it is the calendar's last day of the month
  Lookup lookup;                      ///< key only
  ClosingRequest request = {};
};

/// What of a party: named items, a seat, one person's share, or (all empty) everything.
struct Selection {
  struct Item {
    std::uint64_t id = 0;
    std::optional<Quantity> quantity;  ///< empty: all that is open
  };
  std::vector<Item> items;
  std::string seat;
  int share = 0;  ///< so many persons have not paid yet; 1: the last takes the rest
};

/// Something happens to open business (docs/how-to/tables.md). `party` is an Abrechnungskreis or
/// the name of a table with one party.
struct TableAct {
  enum class What {
    order,    ///< `draft.lines` are ordered, `selection.items` cancelled; begins a party if needed
    settle,   ///< a bill of `selection`, with the payments of `draft`
    split,    ///< `selection` becomes a party of its own, at table `to` if given
    move,     ///< to table `to`
    merge,    ///< joins party `to`
    forward,  ///< to register `to`, once only
    park,
    unpark,
  };
  RegisterId register_id;
  std::string key;  ///< idempotency key, 1..200 printable characters
  Hash256 fingerprint{};
  Lookup lookup;
  What what = What::order;
  std::string party;
  bool new_party = false;  ///< order: another party at the same table
  ReceiptDraft draft;
  Selection selection;
  std::string seat;  ///< order: who ordered
  std::string to;
};

/// A failure nobody can see in the answer of a device: a printer or a whole till (TSS-005), told by
/// whoever prints or by a person; or a TSE that is not there when the shop opens. A till's or
/// printer's may be told when it is over.
struct OutageReport {
  std::string device;            ///< as OutageBegan::tse_serial; no signature device
  bool ended = false;            ///< printer or till: it works again
  std::string code;              ///< of the begin
  std::string text;              ///< of the begin, one line
  std::optional<Instant> since;  ///< printer or till; empty: now
  std::optional<Instant> until;  ///< of the begin of a printer or till: it is over already
};

/// Master data, acts of the authority that belong to it, notes to outages, a TSE switched off
/// and on, failures told by others, messages seen. A register names the TSE or the signature
/// devices it signs on, which are known before.
struct Master {
  std::variant<Business, Profile, TseInfo, RegisterInfo, SignerInfo, ReceiptCheck, AuthorityReport,
               OutageNote, TseSwitch, OutageReport, MessageSeen, TseChecked, TseRetired,
               ClockConfirmed>
      value;
  bool replaces = false;  ///< a register or device that exists may be changed
};

struct Command {
  RequestId request;
  std::string actor;
  std::variant<Sell, Open, Update, Master, Close, TableAct> body;
};

/// Everything up to `sequence` is durable.
struct Appended {
  std::uint64_t sequence = 0;
};
struct Answered {
  CallId call;
  Result<device::TseAnswer> answer;
  /// To Call::then, if it was done together with `call`; that one succeeded.
  std::optional<Result<device::TseAnswer>> then = {};
};
/// A signature device answered: plain r||s, verified with its key, or why not.
struct Signed {
  CallId call;
  Result<Bytes> signature;
};
/// The device passed (or not): a TSE self-test and time setting, a signature device a signature.
struct Probed {
  std::string tse_serial;  ///< or the id of the signature device
  Status result;
};
/// What the device holds for `clients`.
struct Reconciled {
  std::string tse_serial;
  std::vector<std::string> clients;
  bool after_probe = false;
  Result<std::vector<device::TseTransaction>> transactions;
};
/// The time asked for by the last Wake has come.
struct Woke {};
/// The index is complete up to `position`.
struct Indexed {
  std::uint64_t position = 0;
};
using Event = std::variant<Command, Appended, Answered, Probed, Reconciled, Woke, Indexed, Signed>;

// ---- effects ------------------------------------------------------------------------------------

struct Append {
  std::uint64_t first = 0;
  std::vector<journal::Draft> drafts;
};
/// Not to be begun after `expires`; then the answer is an error of kind `unavailable`.
struct Call {
  CallId id;
  std::string tse_serial;
  device::TseCall call;
  /// The finish of what `call` starts. A device that joins calls may do it at once.
  std::optional<device::TseCall> then;
  Steady expires{0};
};
/// Sign this digest. Not to be begun after `expires`; then the answer is an error.
struct Sign {
  CallId id;
  std::string signer;  ///< SignerInfo::id
  Hash256 digest{};
  Steady expires{0};
};
/// Is a device that failed usable again? A TSE: self-test and time. A signature device: a
/// signature over a fixed digest, verified with its key.
struct Probe {
  std::string tse_serial;  ///< or the id of the signature device
  bool signer = false;     ///< a signature device
};
/// What does the device hold for these clients above a number, and of these numbers?
struct Reconcile {
  struct Ask {
    std::string client;
    std::uint64_t after = 0;
    std::vector<std::uint64_t> numbers;
  };
  std::string tse_serial;
  std::vector<Ask> asks;
  bool after_probe = false;
};
/// Send Woke at `at`; replaces an earlier wish.
struct Wake {
  Steady at{0};
};
/// Done and durable.
struct Accepted {
  std::uint64_t sequence = 0;  ///< of the plan, the Vorgang or the master data
  bool replayed = false;       ///< the key had been done before: load the receipt by its sequence
  std::optional<Plan> plan;
  std::optional<Seal> seal;
  std::optional<VorgangStarted> started;
  /// Of Close; plan and seal are then those of the Monatsbeleg or Jahresbeleg made with it, if any.
  std::optional<Closing> closing;
};
struct Reply {
  RequestId request;
  Result<Accepted> result;
};

struct Effects {
  std::vector<Append> appends;  ///< in order
  std::vector<Call> calls;
  std::vector<Sign> signs;
  std::vector<Probe> probes;
  std::vector<Reconcile> reconciles;
  std::vector<Reply> replies;
  std::optional<Wake> wake;

  void clear();
};

}  // namespace siegel::recorder
