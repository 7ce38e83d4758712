#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/time.h"
#include "crypto/ec.h"
#include "crypto/tse_algorithm.h"
#include "verify/tse/message.h"

// The log message of a finished transaction, rebuilt from what a receipt shows of it.

namespace siegel::verify::qr {

/// Borrowed for the call.
struct FinishFacts {
  std::string_view client;
  std::string_view process_type;
  std::string_view process_data;
  std::uint64_t transaction = 0;
  std::uint64_t counter = 0;
  Instant end;
};

/// A way to write the message. Nothing on a receipt tells generation and form of processData.
struct FinishForm {
  int generation = 1;       ///< 1 or 2
  bool indefinite = false;  ///< processData as A2 80 04 ... 00 00
  tse::TimeKind time = tse::TimeKind::unix;
  friend bool operator==(const FinishForm&, const FinishForm&) = default;
};

/// The signed bytes of the finish message in that form; `out` is replaced.
void build_finish(const FinishFacts& facts, const FinishForm& form, const crypto::PublicKey& key,
                  crypto::SignatureAlgorithm algorithm, Bytes& out);

/// Tries all forms with the times of the named format first and all others after it, until the
/// signature (plain r||s) fits. Empty: it fits none.
[[nodiscard]] std::optional<FinishForm> find_finish_form(const FinishFacts& facts,
                                                         tse::TimeKind named,
                                                         const crypto::PublicKey& key,
                                                         crypto::SignatureAlgorithm algorithm,
                                                         BytesView signature);

/// The TimeKinds a DSFinV-K word may stand for ("utcTime": with seconds first). Empty: unknown
/// word.
[[nodiscard]] std::optional<tse::TimeKind> time_kind_from(std::string_view word);

}  // namespace siegel::verify::qr
