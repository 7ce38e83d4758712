#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/secret.h"
#include "finanzonline/codes.h"
#include "finanzonline/requests.h"

// What FinanzOnline answers, as values. Pure. The bytes are foreign: at most 8 MiB, 64 levels deep,
// 200,000 elements, UTF-8, no document type (and so no entities but those of XML).
//
// Errors of all parse functions:
// E-FON-010 unknown: it is no XML, or more than these limits allow: no answer we can use.
// E-FON-011 unknown: it is XML, but not the answer to this question (place: the element).
// E-FON-012 invalid: a SOAP fault with ValidationError: the request breaks their schema.
// E-FON-013 unavailable: another SOAP fault.
namespace siegel::finanzonline {

struct LoginAnswer {
  int code = 0;
  std::string message;
  crypto::SecretBytes session;  ///< empty unless the code is 0
};
[[nodiscard]] Result<LoginAnswer> parse_login(std::string_view xml);

struct LogoutAnswer {
  int code = 0;
  std::string message;
};
[[nodiscard]] Result<LogoutAnswer> parse_logout(std::string_view xml);

struct Message {
  std::string code;  ///< of codes.h
  std::string text;  ///< as FinanzOnline words it, German
  friend bool operator==(const Message&, const Message&) = default;
};

enum class CheckState { pass, fail, not_executed };
/// One node of the tree of a receipt check; ids as in the official check tool.
struct Check {
  std::string id;     ///< "VERIFICATION_FROM_CASHBOX", "EXISTS_CASHBOX"...
  std::string name;   ///< German
  std::string about;  ///< what is checked; may be empty
  CheckState state = CheckState::not_executed;
  std::string message;  ///< why it failed; may be empty
  std::string at;       ///< when it was checked, as sent
  std::vector<Check> parts;
};
/// Ids of the checks that failed and whose parts do not explain it further: the causes.
[[nodiscard]] std::vector<std::string> failing(const std::vector<Check>& checks);

enum class State {
  activated,     ///< AKTIVIERT: a device that may sign
  registered,    ///< REGISTRIERT: a register whose Startbeleg was not checked yet
  in_operation,  ///< IN_BETRIEB
  outage,        ///< AUSFALL
  other,         ///< a word of theirs we do not know: see Status::word
};
struct StatusAnswer {
  State state = State::other;
  std::string word;        ///< as sent
  std::string registered;  ///< ts_registrierung as sent, local time with offset
  std::string since;       ///< ts_status as sent
};

struct ItemResult {
  std::uint32_t number = 0;  ///< satznr
  std::vector<Message> messages;
  std::vector<Check> checks;
  std::optional<StatusAnswer> status;

  /// The message that decides: the first that is not "0", else the first. Never fails: an item
  /// without any message is not taken by parse_package().
  [[nodiscard]] const Message& message() const;
  [[nodiscard]] Next next() const { return return_code(message().code).next; }
};

/// rkdbResponse, from the web service (in an envelope) or from the DataBox (bare).
struct PackageAnswer {
  std::uint32_t number = 0;  ///< paket_nr
  std::string created;       ///< ts_erstellung as sent
  std::optional<Mode> mode;  ///< in protocols only
  std::string info;          ///< in protocols only
  std::vector<ItemResult> items;

  /// The session is not valid any more: nothing was done, log in and send again.
  [[nodiscard]] bool session_ended() const;
};
[[nodiscard]] Result<PackageAnswer> parse_package(std::string_view xml);

struct DataboxItem {
  std::string key;     ///< applkey
  std::string kind;    ///< erltyp
  std::string matter;  ///< anbringen: "RKDB"
  std::string name;
  std::string subject;  ///< betreff
  std::string file;     ///< filebez
  std::string type;     ///< fileart
  std::string at;       ///< ts_zust as sent
};
struct DataboxAnswer {
  int code = 0;
  std::string message;
  std::vector<DataboxItem> items;
};
[[nodiscard]] Result<DataboxAnswer> parse_databox(std::string_view xml);

struct DataboxEntry {
  int code = 0;
  std::string message;
  Bytes content;
};
[[nodiscard]] Result<DataboxEntry> parse_databox_entry(std::string_view xml);

}  // namespace siegel::finanzonline
