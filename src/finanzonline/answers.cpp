#include "finanzonline/answers.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <system_error>

#include <fmt/format.h>
#include <pugixml.hpp>

namespace siegel::finanzonline {
namespace {

constexpr std::size_t bytes_max = std::size_t{8} << 20;
constexpr std::ptrdiff_t elements_max = 200'000;
constexpr int depth_max = 64;
constexpr std::size_t session_min = 1;
constexpr std::size_t session_max = 128;

Error no_xml(std::string what) { return unknown("E-FON-010", std::move(what)); }
Error other_answer(std::string what, std::string place) {
  return unknown("E-FON-011", std::move(what), std::move(place));
}

// "rkdbResponse" of "ns0:rkdbResponse": which prefix is theirs to choose, and parts of an answer
// come without a namespace.
std::string_view local_name(const pugi::xml_node& node) {
  const std::string_view name = node.name();
  const auto colon = name.rfind(':');
  return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

bool is_element(const pugi::xml_node& node) { return node.type() == pugi::node_element; }

pugi::xml_node child(const pugi::xml_node& parent, std::string_view name) {
  for (const auto& node : parent.children()) {
    if (is_element(node) && local_name(node) == name) return node;
  }
  return {};
}

pugi::xml_node first_element(const pugi::xml_node& parent) {
  for (const auto& node : parent.children()) {
    if (is_element(node)) return node;
  }
  return {};
}

// The character data of an element without blanks around it; empty if it is not there.
std::string text(const pugi::xml_node& parent, std::string_view name) {
  std::string out;
  for (const auto& node : child(parent, name).children()) {
    if (node.type() == pugi::node_pcdata || node.type() == pugi::node_cdata) out += node.value();
  }
  const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
  const auto begin = std::ranges::find_if_not(out, blank);
  out.erase(out.begin(), begin);
  while (!out.empty() && blank(out.back())) out.pop_back();
  return out;
}

template <class Number>
Result<Number> number(const pugi::xml_node& parent, std::string_view name) {
  const auto digits = text(parent, name);
  Number value{};
  const auto* end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, value);
  if (digits.empty() || error != std::errc() || stop != end) {
    return other_answer(fmt::format("`{}` is not a whole number", excerpt(digits)),
                        std::string(name));
  }
  return value;
}

// Walks without recursion: the depth is what is being checked.
Status check_tree(const pugi::xml_document& document) {
  for (const auto& node : document.children()) {
    if (node.type() == pugi::node_doctype) return no_xml("a document type is not accepted");
  }
  int depth = 0;
  std::ptrdiff_t count = 0;
  pugi::xml_node node = document.first_child();
  while (node) {
    if (++count > elements_max) return no_xml(fmt::format("more than {} nodes", elements_max));
    if (node.first_child()) {
      node = node.first_child();
      if (++depth > depth_max) return no_xml(fmt::format("deeper than {} levels", depth_max));
      continue;
    }
    while (node && !node.next_sibling()) {
      node = node.parent();
      if (--depth < 0) return Ok{};
    }
    node = node.next_sibling();
  }
  return Ok{};
}

Status load(pugi::xml_document& document, std::string_view xml) {
  if (xml.size() > bytes_max) return no_xml(fmt::format("larger than {} bytes", bytes_max));
  if (!valid_utf8(xml) || xml.find('\0') != std::string_view::npos) return no_xml("not UTF-8");
  // Each element costs the reader about seventy bytes: counted before it begins.
  if (std::ranges::count(xml, '<') > 2 * elements_max) {
    return no_xml(fmt::format("more than {} elements", elements_max));
  }
  const auto result = document.load_buffer(
      xml.data(), xml.size(), pugi::parse_default | pugi::parse_doctype, pugi::encoding_utf8);
  if (!result) {
    return no_xml(fmt::format("no XML: {} at byte {}", result.description(), result.offset));
  }
  return check_tree(document);
}

Error fault_of(const pugi::xml_node& fault) {
  const auto detail = child(fault, "detail");
  const auto said = excerpt(text(fault, "faultstring"), 200);
  if (child(detail, "ValidationError")) {
    return invalid("E-FON-012", fmt::format("the request breaks the schema of FinanzOnline: {}",
                                            excerpt(text(detail, "ValidationError"), 400)));
  }
  return unavailable("E-FON-013", fmt::format("FinanzOnline answers with a fault: {}: {}",
                                              excerpt(text(fault, "faultcode")), said));
}

// The element asked for: the content of an envelope, or the root.
Result<pugi::xml_node> answer_of(pugi::xml_document& document, std::string_view xml,
                                 std::string_view name) {
  SIEGEL_TRY_OK(load(document, xml));
  auto node = first_element(document);
  if (local_name(node) == "Envelope") node = first_element(child(node, "Body"));
  if (local_name(node) == "Fault") return fault_of(node);
  if (!node || local_name(node) != name) {
    return other_answer(fmt::format("`{}` came instead of {}", excerpt(local_name(node)), name),
                        std::string(name));
  }
  return node;
}

Result<CheckState> check_state(const std::string& word) {
  if (word == "PASS") return CheckState::pass;
  if (word == "FAIL") return CheckState::fail;
  if (word == "NOT_EXECUTED") return CheckState::not_executed;
  return other_answer(fmt::format("`{}` is no state of a check", excerpt(word)),
                      "verificationState");
}

// Nested at most as deep as check_tree() lets through.
Result<std::vector<Check>> checks_of(const pugi::xml_node& parent) {
  std::vector<Check> checks;
  for (const auto& node : child(parent, "verificationResultList").children()) {
    if (!is_element(node) || local_name(node) != "verificationResult") continue;
    SIEGEL_TRY(const auto state, check_state(text(node, "verificationState")));
    SIEGEL_TRY(auto parts, checks_of(node));
    checks.push_back({.id = text(node, "verificationId"),
                      .name = text(node, "verificationName"),
                      .about = text(node, "verificationTextualDescription"),
                      .state = state,
                      .message = text(node, "verificationResultDetailedMessage"),
                      .at = text(node, "verificationTimestamp"),
                      .parts = std::move(parts)});
  }
  return checks;
}

std::optional<StatusAnswer> status_of(const pugi::xml_node& item) {
  const auto node = child(item, "abfrage_ergebnis");
  if (!node) return std::nullopt;
  StatusAnswer status{.word = text(node, "status"),
                      .registered = text(node, "ts_registrierung"),
                      .since = text(node, "ts_status")};
  if (status.word == "AKTIVIERT") status.state = State::activated;
  if (status.word == "REGISTRIERT") status.state = State::registered;
  if (status.word == "IN_BETRIEB") status.state = State::in_operation;
  if (status.word == "AUSFALL") status.state = State::outage;
  return status;
}

Result<ItemResult> item_of(const pugi::xml_node& node) {
  ItemResult item;
  SIEGEL_TRY(item.number, number<std::uint32_t>(node, "satznr"));
  for (const auto& message : node.children()) {
    if (!is_element(message) || local_name(message) != "rkdbMessage") continue;
    item.messages.push_back({text(message, "rc"), text(message, "msg")});
    if (item.messages.back().code.empty()) return other_answer("a message without code", "rc");
  }
  if (item.messages.empty()) return other_answer("a result without message", "rkdbMessage");
  SIEGEL_TRY(item.checks, checks_of(node));
  item.status = status_of(node);
  return item;
}

void add_failing(const std::vector<Check>& checks, std::vector<std::string>& out) {
  for (const auto& check : checks) {
    if (check.state != CheckState::fail) continue;
    const auto before = out.size();
    add_failing(check.parts, out);
    if (out.size() == before) out.push_back(check.id);
  }
}

}  // namespace

std::vector<std::string> failing(const std::vector<Check>& checks) {
  std::vector<std::string> out;
  add_failing(checks, out);
  return out;
}

const Message& ItemResult::message() const {
  SIEGEL_CHECK(!messages.empty());
  const auto it = std::ranges::find_if(messages, [](const Message& m) { return m.code != "0"; });
  return it == messages.end() ? messages.front() : *it;
}

bool PackageAnswer::session_ended() const {
  return std::ranges::any_of(items, [](const ItemResult& item) {
    return std::ranges::any_of(item.messages, [](const Message& m) { return m.code == "-1"; });
  });
}

Result<LoginAnswer> parse_login(std::string_view xml) {
  pugi::xml_document document;
  SIEGEL_TRY(const auto node, answer_of(document, xml, "loginResponse"));
  LoginAnswer answer;
  SIEGEL_TRY(answer.code, number<int>(node, "rc"));
  answer.message = text(node, "msg");
  if (answer.code != 0) return answer;
  const auto id = text(node, "id");
  if (id.size() < session_min || id.size() > session_max) {
    return other_answer("a login without session", "id");
  }
  answer.session = crypto::SecretBytes::copy_of(bytes_of(id));
  return answer;
}

Result<LogoutAnswer> parse_logout(std::string_view xml) {
  pugi::xml_document document;
  SIEGEL_TRY(const auto node, answer_of(document, xml, "logoutResponse"));
  SIEGEL_TRY(const auto code, number<int>(node, "rc"));
  return LogoutAnswer{code, text(node, "msg")};
}

Result<PackageAnswer> parse_package(std::string_view xml) {
  pugi::xml_document document;
  SIEGEL_TRY(const auto node, answer_of(document, xml, "rkdbResponse"));
  PackageAnswer answer;
  SIEGEL_TRY(answer.number, number<std::uint32_t>(node, "paket_nr"));
  answer.created = text(node, "ts_erstellung");
  answer.info = text(node, "info");
  const auto mode = text(node, "art_uebermittlung");
  if (mode == "T") answer.mode = Mode::test;
  if (mode == "P") answer.mode = Mode::production;
  for (const auto& result : node.children()) {
    if (!is_element(result) || local_name(result) != "result") continue;
    SIEGEL_TRY(auto item, item_of(result));
    answer.items.push_back(std::move(item));
  }
  return answer;
}

Result<DataboxAnswer> parse_databox(std::string_view xml) {
  pugi::xml_document document;
  SIEGEL_TRY(const auto node, answer_of(document, xml, "getDataboxResponse"));
  DataboxAnswer answer;
  SIEGEL_TRY(answer.code, number<int>(node, "rc"));
  answer.message = text(node, "msg");
  for (const auto& result : node.children()) {
    if (!is_element(result) || local_name(result) != "result") continue;
    answer.items.push_back({.key = text(result, "applkey"),
                            .kind = text(result, "erltyp"),
                            .matter = text(result, "anbringen"),
                            .name = text(result, "name"),
                            .subject = text(result, "betreff"),
                            .file = text(result, "filebez"),
                            .type = text(result, "fileart"),
                            .at = text(result, "ts_zust")});
    if (answer.items.back().key.empty()) return other_answer("an entry without key", "applkey");
  }
  return answer;
}

Result<DataboxEntry> parse_databox_entry(std::string_view xml) {
  pugi::xml_document document;
  SIEGEL_TRY(const auto node, answer_of(document, xml, "getDataboxEntryResponse"));
  DataboxEntry answer;
  SIEGEL_TRY(answer.code, number<int>(node, "rc"));
  answer.message = text(node, "msg");
  auto content = text(node, "result");
  std::erase_if(content, [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; });
  auto bytes = from_base64(content);
  if (!bytes) return other_answer("an entry that is not base64", "result");
  answer.content = std::move(*bytes);
  return answer;
}

}  // namespace siegel::finanzonline
