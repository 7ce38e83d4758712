#include "verify/tse/event_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/check.h"
#include "format/der.h"

namespace siegel::verify::tse {

using format::DerElement;
using format::DerFault;
using format::DerReader;
namespace der_tag = format::der_tag;

namespace {

struct Name1 {
  std::string_view name;  ///< lower camel; devices write CamelCase too
  Event event;
};
// TR-03151 1.0.1 6 and Anwendungshinweise; the last row are those of an early maker.
constexpr std::array names_1 = std::to_array<Name1>({
    {"initialize", Event::initialize},
    {"updateTime", Event::update_time},
    {"disableSecureElement", Event::disable},
    {"authenticateUser", Event::authenticate},
    {"logOut", Event::other_event},
    {"unblockUser", Event::other_event},
    {"authenticateSmaersAdmin", Event::authenticate},
    {"updateDevice", Event::other_event},
    {"updateDeviceCompleted", Event::other_event},
    {"startAudit", Event::other_event},
    {"enterSecureState", Event::enter_secure_state},
    {"exitSecureState", Event::exit_secure_state},
    {"selfTest", Event::self_test},
    {"configureLogging", Event::other_event},
    {"deleteStoredData", Event::delete_messages},
    {"lockTransactionLogging", Event::lock},
    {"unlockTransactionLogging", Event::unlock},
    {"registerClient", Event::register_client},
    {"deregisterClient", Event::deregister_client},
    {"secureStateExit", Event::exit_secure_state},
    {"auditStart", Event::other_event},
    {"auditStop", Event::other_event},
    {"setConfiguration", Event::other_event},
    {"addClients", Event::other_event},
    {"removeClients", Event::other_event},
    {"changePuk", Event::other_event},
});

/// `form`: one letter an element of eventData in order: P PrintableString, E ENUMERATED, B BOOLEAN,
/// I INTEGER, T time, S SEQUENCE; `?` after it: may be absent, `*`: any number.
struct Name2 {
  std::string_view name;
  Event event;
  std::string_view form;
};
constexpr std::array names_2 = std::to_array<Name2>({
    {"authenticateUser", Event::authenticate, "PPEI"},
    {"logOut", Event::other_event, "PE"},
    {"unblockPin", Event::other_event, "PE"},
    {"initialize", Event::initialize, ""},
    {"disableSecureElement", Event::disable, ""},
    {"deleteLogMessages", Event::delete_messages, ""},
    {"lockTransactionLogging", Event::lock, ""},
    {"unlockTransactionLogging", Event::unlock, ""},
    {"startAudit", Event::other_event, ""},
    {"exitSecureState", Event::exit_secure_state, ""},
    {"setDescription", Event::other_event, "P"},
    {"updateTime", Event::update_time, "TTS?"},
    {"selfTest", Event::self_test, "S*B"},
    {"updateDevice", Event::other_event, "S*"},
    {"updateDeviceCompleted", Event::other_event, "EP?S*"},
    {"registerClient", Event::register_client, "P"},
    {"deregisterClient", Event::deregister_client, "P"},
    {"configureLogging", Event::other_event, "S*"},
    {"authenticateSmaAdmin", Event::authenticate, "P?BI?"},
    {"enterSecureState", Event::enter_secure_state, "T?"},
});

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool equal_letters(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}

bool fits(char letter, std::uint8_t tag) {
  switch (letter) {
    case 'P':
      return tag == der_tag::printable_string;
    case 'E':
      return tag == der_tag::enumerated;
    case 'B':
      return tag == der_tag::boolean;
    case 'I':
      return tag == der_tag::integer;
    case 'T':
      return tag == der_tag::utc_time || tag == der_tag::generalized_time ||
             tag == der_tag::integer;
    case 'S':
      return tag == der_tag::sequence;
    default:
      return false;
  }
}

struct Data2 {
  DerElement first_text;
  DerElement last_enumerated;
  DerElement last_boolean;
};

/// Walks eventData by `form`; empty: it fits, otherwise what is wrong.
std::string walk(BytesView bytes, std::string_view form, Data2& data) {
  DerReader reader(bytes);
  DerElement element;
  while (!form.empty()) {
    const char letter = form[0];
    const char mark = form.size() > 1 ? form[1] : '\0';
    const bool optional = mark == '?' || mark == '*';
    if (reader.at_end() || !fits(letter, reader.peek())) {
      if (!optional) {
        return reader.at_end()
                   ? "an element is missing"
                   : fmt::format("tag {:02X} at byte {}", reader.peek(), reader.offset());
      }
      form.remove_prefix(2);
      continue;
    }
    if (!reader.read(element)) return fmt::format("{}", reader.error().detail);
    if (letter == 'P' && data.first_text.whole.empty()) data.first_text = element;
    if (letter == 'E') data.last_enumerated = element;
    if (letter == 'B') data.last_boolean = element;
    if (mark != '*') form.remove_prefix(optional ? 2 : 1);
  }
  return reader.at_end() ? "" : fmt::format("{} bytes too many", reader.rest().size());
}

bool is_false(const DerElement& element) {
  return element.content.size() == 1 && element.content[0] == std::byte{0};
}

}  // namespace

std::string_view spelling_of(Event event, int generation) {
  SIEGEL_CHECK(is_transaction(event));
  if (event == Event::start) return generation == 1 ? "StartTransaction" : "startTransaction";
  if (event == Event::update) return generation == 1 ? "UpdateTransaction" : "updateTransaction";
  return generation == 1 ? "FinishTransaction" : "finishTransaction";
}

void read_event_data_1(Message& message, Notes& notes) {
  const auto* const known = std::ranges::find_if(
      names_1, [&](const Name1& row) { return equal_letters(row.name, message.operation); });
  if (known == names_1.end()) {
    notes.push_back({"TSE-0222", std::string(message.operation), "an event of TR-03151 1.0.1"});
  } else {
    message.event = known->event;
  }
  // Implicitly tagged elements one after the other: 81, 82, ...
  DerReader reader(message.event_data);
  DerElement element;
  std::string_view problem;
  while (!reader.at_end()) {
    if (!reader.read(element)) {
      problem = "not a run of elements";
      break;
    }
    if (element.tag < der_tag::context(1) || element.tag > der_tag::context(30)) {
      problem = "an element without context tag";
    }
    const unsigned number = element.tag & 0x1FU;
    const bool is_text = number == 1;
    if (is_text &&
        (message.event == Event::register_client || message.event == Event::deregister_client)) {
      message.event_client = text_of(element.content);
    }
    const bool is_result = (message.event == Event::authenticate && number == 3) ||
                           (message.event == Event::self_test && number == 2);
    if (is_result && is_false(element)) message.event_failed = true;
  }
  if (!problem.empty()) {
    notes.push_back({"TSE-0220", fmt::format("{}: {}", problem, hex(message.event_data)),
                     "elements 81, 82, ... one after the other"});
  }
}

void read_event_data_2(Message& message, Notes& notes) {
  const auto* const known = std::ranges::find_if(
      names_2, [&](const Name2& row) { return equal_letters(row.name, message.operation); });
  if (known == names_2.end()) {
    notes.push_back({"TSE-0223", std::string(message.operation), "an event of TR-03151-1 App. E"});
    return;
  }
  message.event = known->event;
  if (known->name != message.operation) {
    notes.push_back({"TSE-0210", std::string(message.operation), std::string(known->name)});
  }
  Data2 data;
  if (const std::string problem = walk(message.event_data, known->form, data); !problem.empty()) {
    notes.push_back({"TSE-0221", fmt::format("{}: {}", problem, hex(message.event_data)),
                     fmt::format("elements {}", known->form.empty() ? "none" : known->form)});
    return;
  }
  if (message.event == Event::register_client || message.event == Event::deregister_client) {
    message.event_client = text_of(data.first_text.content);
  }
  if (known->name == "authenticateUser") message.event_failed = !is_false(data.last_enumerated);
  if (known->name == "authenticateSmaAdmin" || message.event == Event::self_test) {
    message.event_failed = is_false(data.last_boolean);
  }
}

}  // namespace siegel::verify::tse
