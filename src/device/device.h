#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/stream.h"
#include "base/time.h"
#include "crypto/secret.h"
#include "model/master.h"

// The socket of security devices. Two shapes, told apart by what they can do, not by country:
// a Signer signs bytes and keeps nothing; a Tse runs transactions and keeps its own log.
//
// All calls block and may be made from one thread at a time (the device's lane). Only values cross
// this border, so that a plug with foreign code can live in a child process.
//
// Errors of every call: kind `unavailable` (the device cannot do it now: E-TSE-1xx), `unknown`
// (sent, no answer: it may have happened), `invalid`/`conflict` (we asked for something it refuses:
// E-TSE-2xx). `Error::place` holds the device's own word for it ("ErrorTimeNotSet").

namespace siegel::device {

struct SignerIdentity {
  std::string kind;       ///< "softkey", "pkcs11", "smartcard", "atrust"
  std::string algorithm;  ///< "ecdsa-plain-SHA256"
  Bytes public_key;       ///< uncompressed point
  /// Trust provider as field 1 of Austria's code names it ("AT1"); empty: the device does not say.
  std::string provider = {};
};

/// A device that signs. One that is not there when it is made comes alive with a later call: each
/// call connects if it must. Errors of a signer are E-SIG-nnn [docs/reference/errors.md]:
/// E-SIG-1xx `unavailable`: it does not work now; the next call tries again. E-SIG-102 `unknown`:
/// no answer in time; asking again is harmless, because a signer keeps no record.
/// E-SIG-2xx `unavailable`: it refuses until a person acts; the device is not asked again, so that
/// nobody burns the tries of a PIN.
/// E-SIG-3xx `invalid`: we asked wrongly.
class Signer {
 public:
  virtual ~Signer() = default;
  /// The same for the whole life of the key.
  [[nodiscard]] virtual Result<SignerIdentity> identity() = 0;
  /// DER, leaf first and of this key; empty if the device holds none.
  [[nodiscard]] virtual Result<std::vector<Bytes>> certificates() = 0;
  /// Plain r||s over a digest made with the hash of `identity().algorithm`. What was hashed is
  /// never shown to a device. A device that keeps no record may be asked again for the same digest.
  /// Error E-SIG-301: the digest has another length.
  [[nodiscard]] virtual Result<Bytes> sign_digest(BytesView digest) = 0;
  /// The same over a message, hashed here.
  [[nodiscard]] virtual Result<Bytes> sign(BytesView message);
};
/// For plugs: E-SIG-301 unless the digest has this size.
[[nodiscard]] Status check_digest(BytesView digest, std::size_t size);

/// One step of a transaction. Data of several steps are never repeated by the device.
struct TseCall {
  enum class Operation { start, update, finish };
  Operation operation = Operation::start;
  std::string client;
  std::uint64_t transaction = 0;  ///< update, finish
  std::string process_type;
  std::string process_data;      ///< raw bytes
  bool force_signature = false;  ///< update: sign it at once where the device aggregates
  /// finish: of the transaction that the call just before it in the batch starts; `transaction` is
  /// 0. For a Tse that joins calls.
  bool of_previous = false;
};

/// One signature made for a step.
struct TseSignature {
  Instant log_time;
  std::uint64_t counter = 0;
  Bytes value;
};

struct TseAnswer {
  std::uint64_t transaction = 0;
  /// start, finish and signed updates; empty for an update the device only remembered
  std::optional<TseSignature> signature;
  /// the update log that was made first because this call had to protect remembered data
  std::optional<TseSignature> protected_update;
};

struct TseIndexedAnswer {
  std::size_t index;  ///< of its call
  Result<TseAnswer> answer;
};

/// Receives the answer to each call of a batch, once each, in any order, from the calling thread.
class TseAnswers {
 public:
  virtual ~TseAnswers() = default;
  virtual void answered(std::size_t index, Result<TseAnswer> answer) = 0;
  /// For a device that finishes several calls at the same time: whoever waits for them is woken
  /// once.
  virtual void answered_together(std::vector<TseIndexedAnswer> answers) {
    for (TseIndexedAnswer& one : answers) answered(one.index, std::move(one.answer));
  }
};

/// What a TSE knows of one transaction.
struct TseTransaction {
  std::uint64_t number = 0;
  std::string client;
  TseSignature start;
  std::optional<TseSignature> finish;  ///< empty: open
  std::string process_type;            ///< of the finish
  std::string process_data;
};

struct TseStatus {
  std::string state;  ///< "uninitialized", "initialized", "active", "locked", "disabled", "secure"
  int generation = 1;
  bool time_set = false;
  Instant time;                           ///< the device's clock
  std::uint64_t signature_counter = 0;    ///< last used
  std::uint64_t transaction_counter = 0;  ///< last used
  std::vector<std::string> clients;
  std::uint64_t clients_max = 0;
  std::uint64_t open_transactions = 0;
  std::uint64_t open_transactions_max = 0;
  std::uint64_t signatures_left = 0;
  std::uint64_t storage_bytes = 0;
  std::uint64_t storage_used_bytes = 0;
  Instant certificate_until;
  bool self_test_due = false;
};

/// Which messages an export holds. At most one of the three groups (transaction, range, time); each
/// combinable with client and limit [TR-03153-1; docs/formats/tse-log.md].
struct TseFilter {
  std::optional<std::uint64_t> transaction;
  std::optional<std::uint64_t> transaction_first, transaction_last;
  std::optional<Instant> time_first, time_last;  ///< inclusive
  std::optional<std::string> client;
  std::uint64_t records_max = 0;  ///< 0: no limit
};

enum class TseUser { admin, time_admin, logger };

class Tse {
 public:
  virtual ~Tse() = default;

  [[nodiscard]] virtual Result<TseInfo> identity() = 0;
  [[nodiscard]] virtual Result<TseStatus> status() = 0;

  /// Runs the calls in order and answers each one. A device that can make several signatures
  /// durable together does so and answers after that commit; others answer each call as it is done.
  /// A signature that is answered survives a power cut.
  virtual void perform(std::span<const TseCall> calls, TseAnswers& answers) = 0;
  /// perform() knows TseCall::of_previous: a start and its finish become durable together, and the
  /// start is answered first.
  [[nodiscard]] virtual bool joins_calls() const { return false; }

  [[nodiscard]] virtual Result<std::vector<TseTransaction>> open_transactions(
      std::optional<std::string> client) = 0;
  /// Empty: the device has no transaction of that number for that client.
  [[nodiscard]] virtual Result<std::optional<TseTransaction>> find(const std::string& client,
                                                                   std::uint64_t transaction) = 0;

  /// The transactions of `client` with a number above `after`, oldest first, at most `count_max`.
  [[nodiscard]] virtual Result<std::vector<TseTransaction>> transactions_after(
      const std::string& client, std::uint64_t after, std::size_t count_max) = 0;

  [[nodiscard]] virtual Status self_test() = 0;
  [[nodiscard]] virtual Status set_time(Instant now) = 0;
  /// A TAR archive [TR-03153-1 6]: messages, info.csv, certificates; streamed.
  [[nodiscard]] virtual Status export_log(const TseFilter& filter, Sink& sink) = 0;

  // Putting into and out of operation. A wrong PIN is an error E-TSE-210 whose detail names the
  // tries left; nobody retries a PIN on its own.
  [[nodiscard]] virtual Status log_in(TseUser user, const crypto::SecretBytes& pin) = 0;
  [[nodiscard]] virtual Status log_out() = 0;
  /// How many wrong PINs of this user the device takes before it blocks; nothing if it does not
  /// say. Costs no try.
  [[nodiscard]] virtual Result<std::optional<unsigned>> pin_tries_left(TseUser user);
  /// Sets a new PIN with the PUK and gives the tries back. E-TSE-213 the PUK is wrong, E-TSE-214 no
  /// PUK is taken now, E-TSE-218 (invalid) the device cannot be asked for it here.
  [[nodiscard]] virtual Status unblock_pin(TseUser user, const crypto::SecretBytes& puk,
                                           const crypto::SecretBytes& new_pin);
  [[nodiscard]] virtual Status register_client(const std::string& client) = 0;
  [[nodiscard]] virtual Status deregister_client(const std::string& client) = 0;
  /// For ever: no signature afterwards, export still works.
  [[nodiscard]] virtual Status disable() = 0;
};

}  // namespace siegel::device
