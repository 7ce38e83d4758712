#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "device/softtse/softtse.h"

namespace siegel::device::softtse {

/// The errors of [TR-03151-1] that this device raises.
enum class TrError {
  secure_element_parts_disconnected,
  storage_memory_full,
  certificate_expired,
  secure_element_disabled,
  time_not_set,
  device_not_initialized,
  transaction_logging_locked,
  signing_event_data_failed,
  storing_log_message_failed,
  retrieve_log_message_failed,
  signature_counter_exhausted,
  transaction_counter_exhausted,
  self_test_failed,
  self_test_due,
  secure_state,
  open_transactions_limit,
  client_not_registered,
  invalid_client_id_character,
  client_already_registered,
  client_limit_reached,
  transaction_number_not_found,
  open_transaction_found,
  transaction_logging_not_locked,
  user_not_authenticated,
  user_not_authorized,
  incorrect_pin,
  pin_blocked,
  unknown_user_id,
  incorrect_puk,
  puk_temporarily_blocked,
  device_is_initialized,
  invalid_time,
  function_not_supported,
  parameter_syntax,
  parameter_too_long,
  parameter_mismatch,
  no_data_available,
  too_many_records,
  client_id_not_found,
  unexported_log_messages,
  restore_failed,
  no_log_message_found,
  event_not_configurable,
  delete_log_messages_failed,
};

/// The error as this generation words it: code and kind from one table, `place` the TR's name.
[[nodiscard]] Error tr_error(Generation generation, TrError error, std::string detail);

/// Code of any error name of [TR-03151 1.0.1] or [TR-03151-1 1.1] ("ErrorTimeNotSet"), also of
/// those only other devices raise.
[[nodiscard]] std::optional<std::string_view> code_of_tr_name(std::string_view name);

}  // namespace siegel::device::softtse
