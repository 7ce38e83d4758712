#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"

namespace siegel::archive {

/// What the archive and the comparison with the journal need to know of one message of a TSE.
struct Message {
  enum class Step {
    none,  ///< a system or audit message
    start,
    update,
    finish,
  };
  Step step = Step::none;
  std::uint64_t counter = 0;
  Instant time;
  // transactions
  std::uint64_t transaction = 0;
  std::string client;
  std::string process_type;
  std::string process_data;
  Bytes signature;
};

/// How messages are read. Given by the caller, because the reader is the verifier's own and shares
/// nothing with the devices (DESIGN: who checks does not trust who wrote). Any thread.
struct MessageReader {
  /// Form only. E-ARC-105 (invalid): it is no message.
  std::function<Result<Message>(BytesView bytes)> read;
  /// The same, of this TSE, and its signature is right. E-ARC-105 (invalid) otherwise.
  std::function<Result<Message>(BytesView bytes)> check;
};

}  // namespace siegel::archive
