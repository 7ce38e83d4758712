#include "device/softtse/errors.h"

#include <algorithm>
#include <array>

namespace siegel::device::softtse {

namespace {

struct Row {
  TrError error;
  ErrorKind kind;
  std::string_view code;
  std::string_view one;  ///< name in [TR-03151 1.0.1] and the notes to [TR-03153]
  std::string_view two;  ///< name in [TR-03151-1 1.1]
};

using enum TrError;
using enum ErrorKind;

constexpr std::array rows = {
    Row{secure_element_parts_disconnected, unavailable, "E-TSE-402",
        "ErrorSecureElementPartsDisconnected", "ErrorSecureElementPartsDisconnected"},
    Row{storage_memory_full, unavailable, "E-TSE-403", "ErrorStorageFailure",
        "ErrorStorageMemoryFull"},
    Row{certificate_expired, unavailable, "E-TSE-404", "ErrorCertificateExpired",
        "ErrorCertificateExpired"},
    Row{secure_element_disabled, unavailable, "E-TSE-405", "ErrorSecureElementDisabled",
        "ErrorSecureElementDisabled"},
    Row{time_not_set, unavailable, "E-TSE-406", "ErrorTimeNotSet", "ErrorTimeNotSet"},
    Row{device_not_initialized, unavailable, "E-TSE-407", "ErrorSeApiNotInitialized",
        "ErrorDeviceNotInitialized"},
    Row{transaction_logging_locked, unavailable, "E-TSE-408", "ErrorTransactionLoggingLocked",
        "ErrorTransactionLoggingLocked"},
    Row{signing_event_data_failed, unavailable, "E-TSE-409",
        "ErrorSigningSystemOperationDataFailed", "ErrorSigningEventDataFailed"},
    Row{storing_log_message_failed, unavailable, "E-TSE-410", "ErrorStorageFailure",
        "ErrorStoringLogMessageFailed"},
    Row{retrieve_log_message_failed, unavailable, "E-TSE-411", "ErrorRetrieveLogMessageFailed",
        "ErrorRetrieveLogMessageFailed"},
    Row{signature_counter_exhausted, unavailable, "E-TSE-412", "ErrorSignatureCounterExhausted",
        "ErrorSignatureCounterExhausted"},
    Row{transaction_counter_exhausted, unavailable, "E-TSE-413", "ErrorTransactionCounterExhausted",
        "ErrorTransactionCounterExhausted"},
    Row{self_test_failed, unavailable, "E-TSE-414", "ErrorSelfTestFailed", "ErrorSelfTestFailed"},
    Row{self_test_due, unavailable, "E-TSE-415", "ErrorSelfTestDue", "ErrorSelfTestDue"},
    Row{secure_state, unavailable, "E-TSE-416", "ErrorSecureState", "ErrorSecureState"},
    Row{open_transactions_limit, unavailable, "E-TSE-418",
        "ErrorLimitOfSimultaneousOpenTransactionsReached",
        "ErrorLimitOfSimultaneousOpenTransactionsReached"},
    Row{client_not_registered, conflict, "E-TSE-201", "ErrorClientNotRegistered",
        "ErrorClientNotRegistered"},
    Row{invalid_client_id_character, invalid, "E-TSE-202", "ErrorInvalidClientIdCharacter",
        "ErrorInvalidClientIdCharacter"},
    Row{client_already_registered, conflict, "E-TSE-203", "ErrorClientAlreadyRegistered",
        "ErrorClientAlreadyRegistered"},
    Row{client_limit_reached, conflict, "E-TSE-204", "ErrorClientLimitReached",
        "ErrorClientLimitReached"},
    Row{transaction_number_not_found, conflict, "E-TSE-205", "ErrorNoTransaction",
        "ErrorTransactionNumberNotFound"},
    Row{open_transaction_found, conflict, "E-TSE-206", "ErrorOpenTransactionFound",
        "ErrorOpenTransactionFound"},
    Row{transaction_logging_not_locked, conflict, "E-TSE-207", "ErrorTransactionLoggingNotLocked",
        "ErrorTransactionLoggingNotLocked"},
    Row{user_not_authenticated, conflict, "E-TSE-208", "ErrorUserNotAuthenticated",
        "ErrorUserNotAuthenticated"},
    Row{user_not_authorized, conflict, "E-TSE-209", "ErrorUserNotAuthorized",
        "ErrorUserNotAuthorized"},
    Row{incorrect_pin, invalid, "E-TSE-210", "failed", "ErrorIncorrectPin"},
    Row{pin_blocked, conflict, "E-TSE-211", "pinIsBlocked", "ErrorPinBlocked"},
    Row{unknown_user_id, invalid, "E-TSE-212", "unknownUserId", "ErrorUnknownUserId"},
    Row{incorrect_puk, invalid, "E-TSE-213", "failed", "ErrorIncorrectPuk"},
    Row{puk_temporarily_blocked, conflict, "E-TSE-214", "error", "ErrorPukTemporarilyBlocked"},
    Row{device_is_initialized, conflict, "E-TSE-215", "ErrorDeviceIsInitialized",
        "ErrorDeviceIsInitialized"},
    Row{invalid_time, invalid, "E-TSE-216", "ErrorUpdateTimeFailed", "ErrorInvalidTime"},
    Row{function_not_supported, conflict, "E-TSE-218", "ErrorFunctionNotSupported",
        "ErrorFunctionNotSupported"},
    Row{parameter_syntax, invalid, "E-TSE-219", "ErrorParameterSyntax", "ErrorParameterSyntax"},
    Row{parameter_too_long, invalid, "E-TSE-220", "ErrorParameterTooLong", "ErrorParameterTooLong"},
    Row{parameter_mismatch, invalid, "E-TSE-221", "ErrorParameterMismatch",
        "ErrorParameterMismatch"},
    Row{no_data_available, not_found, "E-TSE-222", "ErrorNoDataAvailable", "ErrorNoDataAvailable"},
    Row{too_many_records, conflict, "E-TSE-223", "ErrorTooManyRecords", "ErrorTooManyRecords"},
    Row{client_id_not_found, not_found, "E-TSE-224", "ErrorIdNotFound", "ErrorClientIdNotFound"},
    Row{unexported_log_messages, conflict, "E-TSE-225", "ErrorUnexportedStoredData",
        "ErrorUnexportedLogMessages"},
    Row{restore_failed, invalid, "E-TSE-226", "ErrorRestoreFailed", "ErrorRestoreFailed"},
    Row{no_log_message_found, not_found, "E-TSE-227", "ErrorNoLogMessage",
        "ErrorNoLogMessageFound"},
    Row{event_not_configurable, conflict, "E-TSE-229", "ErrorLoggingOfEventNotConfigurable",
        "ErrorLoggingOfEventNotConfigurable"},
    Row{delete_log_messages_failed, conflict, "E-TSE-235", "ErrorDeleteStoredDataFailed",
        "ErrorDeleteLogMessagesFailed"},
};

struct Other {
  std::string_view name;
  std::string_view code;
};

// Names this device never raises: the answer of another maker's device maps on the same codes.
constexpr std::array others = {
    Other{"ErrorStorageMediumDisconnected", "E-TSE-402"},
    Other{"ErrorStoringDataFailed", "E-TSE-410"},
    Other{"ErrorStoringInitDataFailed", "E-TSE-410"},
    Other{"ErrorSignatureCounterOverflow", "E-TSE-412"},
    Other{"ErrorTransactionCounterOverflow", "E-TSE-413"},
    Other{"ErrorFunctionFailed", "E-TSE-417"},
    Other{"ErrorUpdateTransactionFailed", "E-TSE-417"},
    Other{"ErrorStartTransactionFailed", "E-TSE-417"},
    Other{"ErrorFinishTransactionFailed", "E-TSE-417"},
    Other{"ErrorConfigureLoggingFailed", "E-TSE-417"},
    Other{"ErrorDeregisterClientFailed", "E-TSE-417"},
    Other{"ErrorRegisterClientFailed", "E-TSE-417"},
    Other{"ErrorDeviceInitializationFailed", "E-TSE-417"},
    Other{"ErrorDisableSecureElementFailed", "E-TSE-417"},
    Other{"ErrorExportLoggingCertificateFailed", "E-TSE-417"},
    Other{"ErrorExportCertFailed", "E-TSE-417"},
    Other{"ErrorExportSerialNumbersFailed", "E-TSE-417"},
    Other{"ErrorCurrentNumberOfClientsNotTracked", "E-TSE-417"},
    Other{"ErrorGetComponentVersionsFailed", "E-TSE-417"},
    Other{"ErrorGetCurrentNumberOfClientsFailed", "E-TSE-417"},
    Other{"ErrorGetCurrentNumberOfTransactionsFailed", "E-TSE-417"},
    Other{"ErrorGetCurrentSeTimeFailed", "E-TSE-417"},
    Other{"ErrorGetCurrentSignatureCounterFailed", "E-TSE-417"},
    Other{"ErrorGetCurrentTransactionCounterFailed", "E-TSE-417"},
    Other{"ErrorGetDescriptionFailed", "E-TSE-417"},
    Other{"ErrorGetDeviceHealthFailed", "E-TSE-417"},
    Other{"ErrorGetEndOfUsageDateFailed", "E-TSE-417"},
    Other{"ErrorGetFreeMemoryFailed", "E-TSE-417"},
    Other{"ErrorGetMaxNumberOfClientsFailed", "E-TSE-417"},
    Other{"ErrorGetMaxNumberTransactionsFailed", "E-TSE-417"},
    Other{"ErrorGetMaxNumberOfTransactionsFailed", "E-TSE-417"},
    Other{"ErrorGetOpenTransactionsFailed", "E-TSE-417"},
    Other{"ErrorGetRegisteredClientsFailed", "E-TSE-417"},
    Other{"ErrorGetSupportedUpdateVariantsFailed", "E-TSE-417"},
    Other{"ErrorGetTimeSyncVariantFailed", "E-TSE-417"},
    Other{"ErrorGetTotalMemoryFailed", "E-TSE-417"},
    Other{"ErrorGetTransactionStateFailed", "E-TSE-417"},
    Other{"ErrorGetUsedMemoryFailed", "E-TSE-417"},
    Other{"ErrorLockTransactionLoggingFailed", "E-TSE-417"},
    Other{"ErrorUnlockTransactionLoggingFailed", "E-TSE-417"},
    Other{"ErrorReadingLogMessage", "E-TSE-411"},
    Other{"ErrorResettingRetryCounterFailed", "E-TSE-417"},
    Other{"ErrorSettingNewPinFailed", "E-TSE-417"},
    Other{"ErrorUnblockingPinFailed", "E-TSE-417"},
    Other{"ErrorUpdateDeviceFailed", "E-TSE-417"},
    Other{"ErrorUpdateTimeFailed", "E-TSE-216"},
    Other{"ErrorDeleteStoredDataFailed", "E-TSE-235"},
    Other{"ErrorUnsupportedTimeSyncVariant", "E-TSE-218"},
    Other{"ErrorDescriptionNotSetByManufacturer", "E-TSE-218"},
    Other{"ErrorDescriptionSetByManufacturer", "E-TSE-218"},
    Other{"ErrorUserIdNotManaged", "E-TSE-212"},
    Other{"ErrorUserIdNotAuthenticated", "E-TSE-208"},
};

}  // namespace

Error tr_error(Generation generation, TrError error, std::string detail) {
  const auto row = std::ranges::find(rows, error, &Row::error);
  SIEGEL_CHECK(row != rows.end());
  return {row->kind, std::string(row->code), std::move(detail),
          std::string(generation == Generation::one ? row->one : row->two)};
}

std::optional<std::string_view> code_of_tr_name(std::string_view name) {
  if (!name.starts_with("Error")) return {};
  for (const Row& row : rows) {
    if (row.two == name) return row.code;
  }
  for (const Other& other : others) {
    if (other.name == name) return other.code;
  }
  for (const Row& row : rows) {
    if (row.one == name) return row.code;
  }
  return {};
}

}  // namespace siegel::device::softtse
