#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "crypto/tse_algorithm.h"

// One log message of a TSE, both generations: TR-03151 1.0.1 (version 2 in the message) and
// TR-03151-1 1.1 (version 3).

namespace siegel::verify::tse {

/// What a message records. System events that no rule looks at are `other_event`.
enum class Event : std::uint8_t {
  start,
  update,
  finish,
  audit,
  initialize,
  update_time,
  disable,
  authenticate,
  self_test,
  enter_secure_state,
  exit_secure_state,
  lock,
  unlock,
  delete_messages,
  register_client,
  deregister_client,
  other_event,
};
[[nodiscard]] constexpr bool is_transaction(Event event) { return event <= Event::finish; }
[[nodiscard]] constexpr bool is_system(Event event) { return event > Event::audit; }

/// How the time of a message is written.
enum class TimeKind : std::uint8_t {
  unix,               ///< INTEGER, seconds
  utc,                ///< UTCTime without seconds
  utc_seconds,        ///< UTCTime
  generalized,        ///< GeneralizedTime
  generalized_millis  ///< GeneralizedTime with a fraction
};
/// The words of DSFinV-K: "unixTime", "utcTime", "utcTimeWithSeconds", "generalizedTime",
/// "generalizedTimeWithMilliseconds".
[[nodiscard]] std::string_view time_kind_name(TimeKind kind);

/// A remark on a message: rule id and words, to be added to a report with the place of the message.
struct Note {
  std::string_view rule;
  std::string found;
  std::string expected;
};
using Notes = std::vector<Note>;

/// The parts of a message. Views point into the bytes it was parsed from and live as long as these.
struct Message {
  int generation = 1;  ///< 1: version 2, 2: version 3
  Event event = Event::other_event;
  std::string_view operation;  ///< as written: "StartTransaction", "UpdateTime"; empty for audit

  // transactions
  std::string_view client;
  bool indefinite = false;       ///< processData was written in the indefinite form
  BytesView process_data_first;  ///< the value, if it is whole in one piece
  Bytes process_data_joined;     ///< the value, if it came in several pieces
  bool process_type_present = false;
  std::string_view process_type;
  bool external_data_present = false;
  std::uint64_t transaction = 0;

  // system events
  BytesView event_data;           ///< content of the event's data
  std::string_view event_client;  ///< of registerClient and deregisterClient
  bool event_failed = false;      ///< authenticateUser, selfTest: it did not succeed

  BytesView serial;  ///< 32 bytes
  BytesView algorithm_oid;
  std::uint64_t counter = 0;
  TimeKind time_kind = TimeKind::unix;
  Instant time;
  BytesView time_text;  ///< content of the time element
  BytesView signed_bytes;
  BytesView signature;

  /// The logical value of processData.
  [[nodiscard]] std::string_view process_data() const {
    return text_of(process_data_joined.empty() ? process_data_first
                                               : BytesView(process_data_joined));
  }
};

/// Parses strictly by position. False: it cannot be read as a log message (the last note says why,
/// always a violation). True: `out` is whole; notes may still hold violations, which do not hinder
/// the check of the signature. `out` and `notes` are replaced; their memory is used again.
[[nodiscard]] bool parse_message(BytesView bytes, Message& out, Notes& notes);

/// True if the bytes begin like a log message (of any name).
[[nodiscard]] bool looks_like_message(BytesView bytes);

/// The name a TSE gives the file of this message [TR-03151 1.0.1, TR-03153-1], without `_Fc-k` and
/// `.log`; appended to `out`.
void append_file_name(const Message& message, std::string& out);

}  // namespace siegel::verify::tse
