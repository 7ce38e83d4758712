#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/result.h"
#include "crypto/secret.h"
#include "model/draft.h"
#include "model/master.h"
#include "model/plan.h"
#include "print/document.h"

// The socket of a country's law: functions from values to values. No clock, disk, device, thread or
// log.

namespace siegel::country {

/// Austria: what a register carries from receipt to receipt.
struct RksvFacts {
  std::int64_t counter = 0;  ///< Umsatzzaehler, cents
  std::string chaining;      ///< field 12 of the next receipt; empty: this is the first
  std::string last_time;     ///< field 4 of the last receipt; empty: none yet
  bool started = false;      ///< its Startbeleg exists
  bool ended = false;        ///< its Schlussbeleg exists
  const crypto::SecretBytes* aes_key = nullptr;  ///< 32 bytes; null: not there
};

/// What a decision may look at besides the request.
struct Facts {
  LocalStamp now;  ///< till clock
  const Business& business;
  std::uint64_t business_sequence = 0;
  const RegisterInfo& register_info;
  const TseInfo* tse = nullptr;  ///< device of the register, null: none commissioned
  const Profile& profile;
  std::uint64_t next_number = 1;  ///< next running number of the register
  VorgangId vorgang;
  LocalStamp began;               ///< first act of the Vorgang (= now in the implicit flow)
  std::uint64_t transaction = 0;  ///< started before (explicit flow), else 0
  /// For a reversal: the receipt it names, null if there is none; and whether it is reversed
  /// already.
  const Plan* original = nullptr;
  bool original_reversed = false;
  const RksvFacts* rksv = nullptr;      ///< Austria only
  std::uint64_t next_stock_number = 1;  ///< of the register's next stock-taking
};

/// One answer of the device to a call of this plan.
struct StepAnswer {
  std::uint64_t transaction = 0;
  Instant log_time;
  std::uint64_t counter = 0;
  Bytes signature;
};

/// The next thing to ask a TSE for this plan.
struct TseStep {
  enum class Operation { start, finish };
  Operation operation = Operation::start;
  std::uint64_t transaction = 0;
  std::string process_type;
  std::string process_data;
};
/// What a signature device is to sign.
struct SignStep {
  std::string payload;  ///< fields 1 to 12 of the code
  Hash256 digest{};
};
struct Done {};
using Next = std::variant<TseStep, Done>;

/// What is known of the device's side so far.
struct Progress {
  std::optional<StepAnswer> start;
  std::optional<StepAnswer> finish;
};

/// The device did not do it; the outage record says why.
struct Outage {
  std::uint64_t number = 0;
  std::uint64_t receipt = 0;
  Instant since;
  std::string code;
  std::string text;
  const SignerInfo* signer = nullptr;  ///< Austria: the device that should have signed
};
/// Austria: this device signed.
struct Signed {
  const SignerInfo* signer = nullptr;
  Bytes signature;
};
using Outcome = std::variant<Progress, Outage, Done, Signed>;  ///< Done: no device is required

/// One reasoned statement of `explain`: what was decided and the rule behind it.
struct Reason {
  std::string subject;  ///< "process type", "line 3", "VAT B"
  std::string decision;
  std::string rule;  ///< tag resolved in docs/law/index.md
};

class Country {
 public:
  virtual ~Country() = default;

  /// Everything about the receipt that can be decided before a device is asked. Errors: kind
  /// invalid or conflict, E-SAL-5xx, E-VAT-5xx, place = JSON pointer into the request.
  [[nodiscard]] virtual Result<Plan> decide(const ReceiptDraft& draft,
                                            const Facts& facts) const = 0;

  /// The next call for this plan, given the answers so far.
  [[nodiscard]] virtual Next next(const Plan& plan, const Progress& progress) const = 0;

  /// What `signer` is to sign for a plan that has `rksv`. Another device is asked for another text:
  /// its serial is inside. Not asked of a country whose plans have no `rksv`.
  [[nodiscard]] virtual SignStep sign_step(const Plan& /*plan*/,
                                           const SignerInfo& /*signer*/) const {
    return {};
  }

  [[nodiscard]] virtual Seal seal(std::uint64_t plan_sequence, const Plan& plan,
                                  const Outcome& outcome) const = 0;

  struct PrintOptions {
    bool copy = false;  ///< a reprint: same data, marked
  };
  [[nodiscard]] virtual print::Document print(const Receipt& receipt, const Profile& profile,
                                              const PrintOptions& options) const = 0;

  /// The machine-readable code of the receipt (Germany: V0;..., Austria: _R1-AT1_...), empty if it
  /// has none.
  [[nodiscard]] virtual std::string code_text(const Receipt& receipt) const = 0;

  [[nodiscard]] virtual std::vector<Reason> explain(const Receipt& receipt) const = 0;
};

}  // namespace siegel::country
