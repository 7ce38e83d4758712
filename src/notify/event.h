#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "format/json.h"
#include "mail/notice.h"

namespace siegel::notify {

/// Something people or programs want to be told of. docs/how-to/notifications.md lists the
/// names and what `data` holds.
struct Event {
  /// The same for the same event for ever, after a crash and on every channel: who hears it twice
  /// drops the second by it. 1 to 200 printable ASCII characters.
  std::string id;
  std::string name;  ///< "outage.started"
  Instant at;        ///< when it happened
  /// Every name of the device it is about: TSE serial or signature device id first, then our id of
  /// the TSE. Empty: it is about no device.
  std::vector<std::string> devices;
  /// Registers it concerns; empty: the whole shop.
  std::vector<std::string> registers;
  json::Object data;
  mail::Text de, en;

  [[nodiscard]] const mail::Text& text(Language language) const {
    return language == Language::de ? de : en;
  }
};

/// Names of events, sorted.
[[nodiscard]] std::vector<std::string_view> event_names();

/// What webhooks and commands get: {"data", "devices", "id", "registers", "text": {"de": {"body",
/// "subject"}, "en": ...}, "timestamp", "type"}, canonical JSON.
[[nodiscard]] json::Object to_json_value(const Event& event);
/// Reads its own form again. E-NOT-105 (corrupt).
[[nodiscard]] Result<Event> event_from_json(const json::Value& value);

}  // namespace siegel::notify
