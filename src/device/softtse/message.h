#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"
#include "crypto/tse_algorithm.h"
#include "device/softtse/softtse.h"

// The log messages of a TSE as bytes: docs/formats/tse-log.md.

namespace siegel::device::softtse {

enum class LogKind { transaction = 1, system = 2, audit = 3 };

/// Content of a time element in a format, without its tag: the digits of UTCTime and
/// GeneralizedTime, the big-endian bytes of an INTEGER for unix time.
[[nodiscard]] Bytes time_content(TimeFormat format, Instant at);
/// The universal tag that goes with it.
[[nodiscard]] std::uint8_t time_tag(TimeFormat format);
/// `Unixt_1767225600`, `Utc_260101000000Z`, `Gent_20260101000000Z`.
[[nodiscard]] std::string time_name(TimeFormat format, Instant at);
/// What the format can show of a time: whole seconds, or milliseconds.
[[nodiscard]] Instant truncated(TimeFormat format, Instant at);
/// `unixTime`, `utcTimeWithSeconds`, `generalizedTime`, `generalizedTimeWithMilliseconds`.
[[nodiscard]] std::string_view time_format_name(TimeFormat format);

/// Characters a client id may have [TR-03151-1 App. A]; others are refused.
[[nodiscard]] bool client_id_characters_ok(std::string_view client);
[[nodiscard]] bool printable_string(std::string_view text);

enum class LogOutCause { user_called = 0, different_user = 1, timeout = 2 };
enum class PinOutcome { success = 0, unknown_user = 1, incorrect_pin = 2, blocked = 3 };
enum class UnblockOutcome { success = 0, unknown_user = 1, incorrect_puk = 2, blocked = 3 };

/// A system event: its name in the words of the generation and its data in that layout.
struct SystemEvent {
  std::string name;
  std::string origin;               ///< generation 2
  std::optional<std::string> user;  ///< generation 2; empty: the device by itself
  Bytes data;                       ///< content of `81` or `A3`
};

/// Who caused an event. Empty: the device itself.
using Cause = std::optional<std::string>;

/// Makes events for one device.
class Events {
 public:
  Events(Generation generation, TimeFormat format) : m_generation(generation), m_format(format) {}

  [[nodiscard]] SystemEvent initialize(const Cause& cause, std::string_view description) const;
  [[nodiscard]] SystemEvent set_description(const Cause& cause, std::string_view text) const;
  [[nodiscard]] SystemEvent update_time(const Cause& cause, Instant before, Instant after) const;
  [[nodiscard]] SystemEvent disable(const Cause& cause, Instant now) const;
  /// `user` is also the role ("unknown" if there is no such user).
  struct Authentication {
    std::string_view user;
    PinOutcome outcome;
    int tries_left;
  };
  [[nodiscard]] SystemEvent authenticate(const Cause& cause, const Authentication& what) const;
  [[nodiscard]] SystemEvent log_out(const Cause& cause, std::string_view user,
                                    LogOutCause why) const;
  [[nodiscard]] SystemEvent unblock(const Cause& cause, std::string_view user,
                                    UnblockOutcome outcome) const;
  [[nodiscard]] SystemEvent start_audit() const;
  [[nodiscard]] SystemEvent enter_secure_state() const;
  [[nodiscard]] SystemEvent exit_secure_state() const;
  /// One event in generation 2; one for each component in generation 1.
  [[nodiscard]] std::vector<SystemEvent> self_test(
      const Cause& cause, const std::vector<SelfTestResult>& results) const;
  [[nodiscard]] SystemEvent delete_messages(const Cause& cause) const;
  [[nodiscard]] SystemEvent lock(const Cause& cause) const;
  [[nodiscard]] SystemEvent unlock(const Cause& cause) const;
  [[nodiscard]] SystemEvent register_client(const Cause& cause, std::string_view client) const;
  [[nodiscard]] SystemEvent deregister_client(const Cause& cause, std::string_view client) const;

 private:
  [[nodiscard]] SystemEvent event(std::string_view one, std::string_view two, const Cause& cause,
                                  Bytes data) const;
  [[nodiscard]] SystemEvent of_user(std::string_view one, std::string_view two,
                                    const Cause& cause) const;
  [[nodiscard]] SystemEvent of_secure_module(std::string_view name) const;

  Generation m_generation;
  TimeFormat m_format;
};

/// What stands in a transaction message besides the frame. Borrowed for the call.
struct TransactionContent {
  TseCall::Operation operation;
  std::string_view client;
  std::string_view process_data;
  std::string_view process_type;
  std::optional<BytesView> additional_external_data = {};
  std::uint64_t number;
};

/// Writes the signed part of messages for one device.
class MessageWriter {
 public:
  MessageWriter(Generation generation, TimeFormat format, const Hash256& serial,
                crypto::SignatureAlgorithm algorithm);

  /// The bytes that are signed: every element but the signature, without the outer header.
  [[nodiscard]] Bytes transaction(const TransactionContent& content, std::uint64_t counter,
                                  Instant at) const;
  [[nodiscard]] Bytes system(const SystemEvent& event, std::uint64_t counter, Instant at) const;
  [[nodiscard]] Bytes audit(BytesView se_audit_data, std::uint64_t counter, Instant at) const;
  /// The whole message.
  [[nodiscard]] static Bytes message(BytesView signed_bytes, BytesView signature);

 private:
  void head(Bytes& out, LogKind kind) const;
  void tail(Bytes& out, std::uint64_t counter, Instant at) const;

  Generation m_generation;
  TimeFormat m_format;
  Bytes m_serial_and_algorithm;
};

/// A message of ours read again. Views into the bytes it was read from.
struct ParsedMessage {
  Generation generation = Generation::one;
  LogKind kind = LogKind::transaction;
  TseCall::Operation operation = TseCall::Operation::start;  ///< transaction
  std::string_view event;                                    ///< system
  std::string_view client;
  std::string_view process_type;
  BytesView process_data;
  std::uint64_t transaction = 0;
  BytesView serial;
  BytesView algorithm_oid;
  std::uint64_t counter = 0;
  TimeFormat format = TimeFormat::unix_time;
  Instant time;
  BytesView signed_bytes;
  BytesView signature;

  /// Name in an archive; `copy` > 0 appends `_Fc-<copy>`.
  [[nodiscard]] std::string file_name(unsigned copy = 0) const;
  [[nodiscard]] TseSignature tse_signature() const;
};

inline constexpr std::size_t message_bytes_max = 4UL * 1024 * 1024;
inline constexpr std::size_t process_type_max = 100;
inline constexpr std::size_t client_id_max = 128;

/// Reads exactly what MessageWriter writes. E-TSE-233: anything else. The signature is not checked.
[[nodiscard]] Result<ParsedMessage> parse_message(BytesView bytes);

}  // namespace siegel::device::softtse
