#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/random.h"
#include "base/result.h"
#include "base/time.h"
#include "country/country.h"
#include "crypto/secret.h"
#include "device/device.h"
#include "journal/journal.h"
#include "mail/notice.h"
#include "model/care.h"
#include "model/draft.h"
#include "model/entries.h"
#include "model/master.h"
#include "model/plan.h"
#include "notify/settings.h"
#include "recorder/recorder.h"
#include "vault/vault.h"
#include "views/messages.h"
#include "views/receipts.h"
#include "views/slips.h"

// A data folder, opened: every part wired together (wiring.cpp names them all). The command line,
// the tests, the benchmarks and later fronts all enter through here.
//
//   shop.json      format, country, journal id, where the witness is
//   lock           held by the one process that writes
//   journal.db     the journal
//   index.db       keys and search tables, made again if lost
//   snapshot.json  state of the recorder, believed only if its hash is in the journal
//   vault/         PINs and keys
//   tse/<id>/      stores of software TSEs
//   signers/       how Austria's signature devices are reached, without secrets
//   printer.json   where month and year receipts are printed by themselves, if anywhere
//   notify.json    who is told of what, if anybody; notices.json: what waits to be told

namespace siegel::app {

struct Environment {
  const Clock& clock;
  Random& random;
  /// Whether the clock is kept by a time server; empty: the kernel is asked if it is the machine's.
  std::function<bool()> clock_synchronised = {};
};

struct ShopPlace {
  std::filesystem::path folder;
  std::string vfs;  ///< SQLite VFS of journal and TSE stores, for tests; empty: the system's
};

struct CreateShop {
  ShopPlace place;
  Business business;
  Profile profile;
  std::filesystem::path witness;  ///< empty: "<folder>.witness" beside the folder
  std::string tpm = "none";       ///< where the vault's key goes: app/secrets/vaults.h
};

/// How a software TSE is made (docs/reference/software-tse.md).
struct CreateTse {
  std::string id = "tse-1";
  int generation = 1;
};

/// How a signature device of Austria is reached (docs/formats/signers.md). Holds no secret.
struct SignerSettings {
  std::string id;        ///< our name for it, e.g. "card-1"
  std::string kind;      ///< "smartcard", "pkcs11", "atrust", "softkey"
  std::string provider;  ///< "AT1"; empty: the device says it; "AT0": closed system
  /// smartcard: of its certificate, hex. Closed system: field 11 of the code.
  std::string serial;
  std::string module;        ///< pkcs11: the maker's library, absolute
  std::string token_label;   ///< pkcs11
  std::string token_serial;  ///< pkcs11
  std::string key_label;     ///< pkcs11
  std::string key_id;        ///< pkcs11, hex
  std::string service;       ///< atrust: "online" (also if empty), "on-premise"
  std::string url;           ///< atrust
  std::string user;          ///< atrust: user, on premises the key label
  std::string basic_user;    ///< atrust, on premises
  std::string ca_file;       ///< atrust: PEM
  bool plain_http = false;   ///< atrust, on premises
  /// pkcs11: a person has just given the PIN, it may be tried after a wrong one. Not stored.
  bool pin_confirmed = false;
};

/// A signature device to be put into operation.
struct CreateSigner {
  SignerSettings settings;
  crypto::SecretBytes secret;  ///< PIN or password; not for "softkey", which makes its key
};

/// The end of a register's day, and the Monatsbeleg or Jahresbeleg that was made with it.
struct DayClosed {
  Closing closing;
  std::uint64_t sequence = 0;  ///< of its entry
  std::optional<Receipt> receipt;
  bool replayed = false;  ///< the key had been used before: this is what it closed
};

/// What became of a table.
struct TableDone {
  std::optional<Receipt> receipt;  ///< the order, bill or note that belongs to it, if any
  bool replayed = false;
};

/// One request to end a register's day.
struct CloseDay {
  RegisterId register_id;
  std::string key;                    ///< idempotency key
  std::optional<bool> last_of_month;  ///< Austria; empty: by the calendar
  ClosingRequest request;
  std::string actor;
};

/// One request of a till, as the fronts hand it over.
struct SaleRequest {
  RegisterId register_id;
  std::string key;  ///< empty: one is made
  recorder::Sell::Flow flow = recorder::Sell::Flow::implicit;
  ReceiptDraft draft;
  Hash256 fingerprint{};
  std::string actor;
};

/// A receipt and how it was reached.
struct SaleAnswer {
  Receipt receipt;
  bool replayed = false;
};

/// What became of notices.
struct Notified {
  struct NotDelivered {
    std::string recipient;
    std::string address;  ///< of a mail
    Error error;
  };
  std::size_t delivered = 0;
  std::vector<NotDelivered> failed;  ///< tried again later, unless nothing will help
};

class Notifier;  // notifier.h

class Shop {
 public:
  /// Makes the folder and its first entries, for the country the business is in. E-DAT-002
  /// (conflict): there is something already. E-CFG-101: the country is not known.
  static Status create(const CreateShop& create, Environment environment);

  enum class Mode {
    read,   ///< beside a process that writes; nothing is changed
    write,  ///< holds the lock; takes up what a crash left
  };
  /// Errors: E-DAT-003 (not_found) no data folder, E-DAT-004 (conflict) of a newer version,
  /// E-DAT-001 locked, E-JRN-301 older than its witness, E-JRN-311 another copy goes on with it,
  /// E-JRN-314 a TSE has signed what it does not know, E-JRN-302 newer journal, those of the
  /// parts.
  static Result<std::unique_ptr<Shop>> open(const ShopPlace& place, Mode mode,
                                            Environment environment);
  /// A person decides that this folder goes on although another copy of it has moved the witness
  /// (E-JRN-311) or a TSE holds what the journal does not know (E-JRN-314). `confirm`: the first 8
  /// digits of the journal's id (hash of entry 1). Opens nothing. E-JRN-313 (invalid): they are
  /// others. E-JRN-301: the journal lacks what its witness has seen; that cannot be decided away.
  static Status take_over(const ShopPlace& place, const std::string& confirm);

  /// Finishes what is under way, then writes snapshot and witness.
  virtual ~Shop() = default;

  // Writing (Mode::write).

  /// One receipt, signed and durable when it returns, or unsigned with its outage. Repeating it
  /// with the same key gives the same receipt. Any thread.
  virtual Result<SaleAnswer> sell(const SaleRequest& request) = 0;
  /// The same without waiting; `done` is called on an inner thread and must be quick. The answer of
  /// a replay holds the sequence only.
  virtual void sell_async(const SaleRequest& request,
                          std::function<void(Result<recorder::Accepted>)> done) = 0;
  virtual Result<recorder::Accepted> open_vorgang(const RegisterId& register_id,
                                                  const VorgangId& vorgang,
                                                  const std::string& actor) = 0;
  virtual Status update_vorgang(const RegisterId& register_id, const VorgangId& vorgang,
                                const ReceiptDraft& draft, const std::string& actor) = 0;
  virtual Status set_business(const Business& business, const std::string& actor) = 0;
  virtual Status set_profile(const Profile& profile, const std::string& actor) = 0;
  /// Adds to the record of an outage without changing it. Errors of the recorder: E-OUT-1xx.
  virtual Status record(const OutageNote& note, const std::string& actor) = 0;
  /// A printer or a whole till that failed or works again (TSS-005). E-OUT-1xx.
  virtual Status record(const recorder::OutageReport& report, const std::string& actor) = 0;
  /// A TSE switched off, to emergency operation, or on again by a person. E-TSE-302, E-OUT-102,
  /// E-OUT-104.
  virtual Status record(const TseSwitch& change, const std::string& actor) = 0;
  /// A message of messages() has been seen. E-OUT-108.
  virtual Status record(const MessageSeen& seen, const std::string& actor) = 0;
  /// Adds a register, or with `replaces` changes one; its TSE knows it as client afterwards.
  virtual Status add_register(const RegisterInfo& info, bool replaces,
                              const std::string& actor) = 0;
  virtual Result<TseInfo> create_tse(const CreateTse& create, const std::string& actor) = 0;
  /// Runs `work` on the device's own thread, between sales.
  virtual Status on_tse(const std::string& id, const std::function<Status(device::Tse&)>& work) = 0;
  /// Meets the deadlines of a TSE: self-test, and its clock where it is off. Between sales.
  virtual Status tend_tse(const std::string& id) = 0;
  /// Takes all clients off a TSE and disables it for ever: the device only, the entry is
  /// record(TseRetired). Done already: nothing happens. Errors of the device, E-VLT-3xx.
  virtual Status disable_tse(const std::string& id) = 0;
  /// Errors: E-TSE-302.
  virtual Status record(const TseChecked& checked, const std::string& actor) = 0;
  /// Errors: E-TSE-302, E-RET-101 (conflict, is retired), -102 (no reason), -103 (conflict, in
  /// use).
  virtual Status record(const TseRetired& retired, const std::string& actor) = 0;
  /// A person says that the machine's clock is right after E-CLK-101; `typed`: what another clock
  /// shows. E-CLK-102 (conflict): that is not enough.
  virtual Result<ClockConfirmed> confirm_clock(std::optional<Instant> typed,
                                               const std::string& actor) = 0;

  // Austria, writing.

  /// Asks the device who it is, lets it sign once and puts it into operation. Repeated with the
  /// same id and the same device it only keeps settings and secret anew. Errors: E-AUT-101 to -119,
  /// those of the device; nothing is written then, and no second try is made with a PIN.
  virtual Result<SignerInfo> create_signer(CreateSigner create, const std::string& actor) = 0;
  /// The AES-256 key of a register: the one in the vault, else the given one, else a new one.
  /// Returns the key. E-AUT-118 (conflict): another one was given than there is. E-FON-004.
  virtual Result<crypto::SecretBytes> make_aes_key(const RegisterId& id,
                                                   const crypto::SecretBytes* given) = 0;
  /// Orders, bills and what happens to parties in between. Repeated with the same key nothing
  /// happens twice. Errors E-TBL-1xx, those of sell().
  virtual Result<TableDone> table(const recorder::TableAct& act, const std::string& actor) = 0;
  /// Ends the day of a register (Z); there is no other way. Repeated with the same key it answers
  /// with the same closing. Errors of the recorder: E-CLO-1xx, Austria E-RKS-3xx.
  virtual Result<DayClosed> close_day(const CloseDay& close) = 0;
  Result<DayClosed> close_day(const RegisterId& id, const std::string& key,
                              std::optional<bool> last_of_month, const std::string& actor) {
    return close_day({id, key, last_of_month, {}, actor});
  }
  virtual Status record(const ReceiptCheck& check, const std::string& actor) = 0;
  virtual Status record(const AuthorityReport& report, const std::string& actor) = 0;
  /// Something to be told once, known by its id.
  struct NoticeToTell {
    std::string id;
    mail::Notice notice;
    std::string device = {};       ///< it is about: TSE serial or signature device id
    std::string register_id = {};  ///< it concerns
  };
  /// Who tells people. E-NOT-102 (not_found): nobody is configured. Lives as long as the shop.
  virtual Result<Notifier*> notifier() = 0;
  /// Who is told; holds from the next opening on. Secrets are put into the vault before it.
  struct NewSecret {
    vault::SecretId id;
    crypto::SecretBytes secret;
  };
  virtual Status set_notify(const notify::Settings& settings,
                            const std::vector<NewSecret>& secrets) = 0;
  /// Whether the vault holds it.
  virtual Result<bool> has_secret(const vault::SecretId& id) = 0;

  // Reading (both modes).

  /// E-VLT-002: the register has none.
  virtual Result<crypto::SecretBytes> aes_key(const RegisterId& id) = 0;

  /// What sell() would decide now, without asking a device or writing anything. Errors as of
  /// sell().
  virtual Result<Plan> preview(const SaleRequest& request) = 0;
  /// The state as of the journal's end.
  virtual Result<recorder::State> state() = 0;
  enum class Ask {
    nobody,   ///< what the journal tells
    devices,  ///< each TSE too (Mode::write): its certificate, its room; waits for them
  };
  /// What a person must know or do now (TSS-023).
  virtual Result<std::vector<views::Message>> messages(Ask ask) = 0;
  /// Each TSE as it is now (Mode::write); waits for them.
  virtual Result<std::vector<views::StartedTse>> ask_tses() = 0;
  /// To be shown once after this start: a TSE that is not there (DIK-019, DIK-020).
  virtual const std::vector<views::Message>& start_messages() const = 0;
  /// E-SAL-543 (not_found).
  virtual Result<Receipt> receipt(const std::string& receipt_number) = 0;
  /// The receipt of the plan with this sequence.
  virtual Result<Receipt> receipt_at(std::uint64_t plan_sequence) = 0;
  virtual Result<std::vector<views::ReceiptRow>> receipts(const views::ReceiptFilter& filter,
                                                          std::size_t limit) = 0;
  virtual Result<std::unique_ptr<journal::Reader>> reader() = 0;
  virtual const country::Country& country() const = 0;
  virtual const std::filesystem::path& folder() const = 0;
  virtual const std::filesystem::path& witness() const = 0;
  virtual std::filesystem::path journal_file() const = 0;
  /// How the devices keep up with the sales of this process. Mode::read: nothing.
  virtual std::vector<recorder::DeviceLoad> device_loads() = 0;
  /// What was found at opening and is worth saying ("TSE tse-1 cannot be opened: ...").
  virtual const std::vector<Error>& warnings() const = 0;
};

}  // namespace siegel::app
