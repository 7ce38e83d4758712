#include "finanzonline/client.h"

#include <algorithm>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "base/thread.h"

namespace siegel::finanzonline {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds ahead_tolerated{2000};
constexpr milliseconds date_step{1000};  // of the Date header
constexpr std::chrono::hours window_max{24 * 7};
constexpr std::chrono::hours past_max{24 * 31};
constexpr std::size_t protocols_max = 200;
constexpr int session_ended = -1;
constexpr int maintenance = -2;
constexpr int technical_fault = -3;

bool is_temporary(int code) { return code == maintenance || code == technical_fault; }

bool ended(const PackageAnswer& answer) { return answer.session_ended(); }
bool ended(const DataboxAnswer& answer) { return answer.code == session_ended; }
bool ended(const DataboxEntry& answer) { return answer.code == session_ended; }

Error temporary(const ReturnCode& code) {
  return unavailable("E-FON-015", fmt::format("{} ({})", code.meaning_en, code.code));
}

// What the state of which tells whether an item is as wished.
std::optional<StatusOf> asked_after(const Item& item) {
  struct Of {
    std::optional<StatusOf> operator()(const RegisterSigner& i) const { return i.serial; }
    std::optional<StatusOf> operator()(const SignerOutage& i) const { return i.serial; }
    std::optional<StatusOf> operator()(const SignerEnd& i) const { return i.serial; }
    std::optional<StatusOf> operator()(const SignerRecovery& i) const { return i.serial; }
    std::optional<StatusOf> operator()(const RegisterRegister& i) const { return i.id; }
    std::optional<StatusOf> operator()(const RegisterOutage& i) const { return i.id; }
    std::optional<StatusOf> operator()(const RegisterEnd& i) const { return i.id; }
    std::optional<StatusOf> operator()(const RegisterRecovery& i) const { return i.id; }
    std::optional<StatusOf> operator()(const ReceiptCheck& /*i*/) const { return std::nullopt; }
  };
  return std::visit(Of{}, item);
}

// A schema error of theirs may repeat the value that broke the schema.
Error without_keys(Error error, const Package& package) {
  constexpr std::size_t telling = 8;
  for (const auto& item : package.items) {
    const auto* registered = std::get_if<RegisterRegister>(&item);
    if (registered == nullptr) continue;
    auto key = base64(registered->key.reveal());
    if (error.detail.find(key.substr(0, telling)) != std::string::npos) {
      error.detail = "FinanzOnline does not accept the AES key";
    }
    crypto::wipe(std::as_writable_bytes(std::span(key)));
  }
  return error;
}

Result<Outcome> outcome_of(PackageAnswer answer) {
  if (answer.items.size() != 1) {
    return unknown("E-FON-011", fmt::format("{} results came for one item", answer.items.size()),
                   "result");
  }
  auto result = std::move(answer.items.front());
  const auto& code = return_code(result.message().code);
  auto status = result.status;
  return Outcome{
      .result = std::move(result), .code = code, .next = code.next, .status = std::move(status)};
}

}  // namespace

bool ClockDifference::too_far_ahead() const { return ahead > ahead_tolerated; }

std::optional<Error> ClockDifference::warning() const {
  if (!too_far_ahead()) return std::nullopt;
  return invalid("W-FON-101", fmt::format("this clock is at least {} seconds ahead of FinanzOnline "
                                          "({})",
                                          ahead.count() / 1000, server.text()));
}

ClockDifference clock_difference(Instant sent, Instant received, Instant date) {
  // The server's time was in [date, date + 1 s) at some moment between the two.
  ClockDifference difference{.server = date};
  difference.ahead = std::max(milliseconds(0), sent - (date + date_step));
  difference.behind = std::max(milliseconds(0), date - received);
  return difference;
}

Result<Client> Client::make(Options options, Credentials credentials, const Clock& clock,
                            Random& random) {
  SIEGEL_TRY_OK(check(credentials));
  return Client(std::move(options), std::move(credentials), clock, random);
}

Client::Client(Options options, Credentials credentials, const Clock& clock, Random& random)
    : m_options(std::move(options)),
      m_credentials(std::move(credentials)),
      m_clock(&clock),
      m_random(&random),
      m_http(m_options.http) {}

std::uint32_t Client::some_number() {
  return 1 + static_cast<std::uint32_t>(m_random->below(999'999'999));
}

Result<std::string> Client::post(std::string_view path, std::string_view action,
                                 BytesView envelope) {
  const auto sent = m_clock->now().wall;
  SIEGEL_TRY(auto answer, m_http.send({.method = net::Method::post,
                                       .url = fmt::format("{}/{}", m_options.base_url, path),
                                       .headers = {{"Content-Type", "text/xml; charset=utf-8"},
                                                   {"SOAPAction", fmt::format("\"{}\"", action)}},
                                       .body = envelope}));
  if (answer.date) m_difference = clock_difference(sent, m_clock->now().wall, *answer.date);
  // 500 carries SOAP faults [SOAP 1.1, 6.2].
  if (answer.status == 200 || answer.status == 500) return std::move(answer.body);
  auto detail = fmt::format("FinanzOnline answers with HTTP status {}", answer.status);
  // A gateway that gave up waiting does not know what became of it.
  if (answer.status > 500) return unknown("E-FON-017", std::move(detail));
  return unavailable("E-FON-017", std::move(detail));
}

Status Client::login() {
  if (m_refused) return *m_refused;
  SIEGEL_TRY(const auto request, login_request(m_credentials));
  SIEGEL_TRY(const auto xml, post("session", "login", request.reveal()));
  auto parsed = parse_login(xml);
  if (!parsed && parsed.error().kind == ErrorKind::invalid) {
    // A schema error of theirs may repeat the PIN.
    return invalid("E-FON-012", "the login breaks the schema of FinanzOnline: check its fields");
  }
  SIEGEL_TRY(auto answer, std::move(parsed));
  if (answer.code == 0) {
    m_session = Session{m_credentials.participant, m_credentials.user, std::move(answer.session)};
    return Ok{};
  }
  const auto& code = session_code(answer.code);
  if (is_temporary(answer.code)) return temporary(code);
  m_refused = invalid("E-FON-014", fmt::format("login refused ({}): {} {}", answer.code,
                                               code.meaning_en, excerpt(answer.message, 200)));
  return *m_refused;
}

Status Client::logout() {
  if (!m_session) return Ok{};
  const auto request = logout_request(*m_session);
  m_session.reset();
  SIEGEL_TRY(const auto xml, post("session", "logout", request.reveal()));
  SIEGEL_TRY(const auto answer, parse_logout(xml));
  if (is_temporary(answer.code)) return temporary(session_code(answer.code));
  return Ok{};
}

template <class Answer, class Make, class Parse>
Result<Answer> Client::in_session(std::string_view path, std::string_view action, const Make& make,
                                  const Parse& parse) {
  // An ended session did nothing, so that sending again after a new login does it once.
  for (int attempt = 0; attempt < 2; ++attempt) {
    if (!m_session) SIEGEL_TRY_OK(login());
    SIEGEL_TRY(const crypto::SecretBytes request, make(*m_session));
    SIEGEL_TRY(const auto xml, post(path, action, request.reveal()));
    SIEGEL_TRY(Answer answer, parse(xml));
    if (!ended(answer)) return answer;
    m_session.reset();
  }
  return unavailable("E-FON-016", "the session ends again right after a new login");
}

Result<PackageAnswer> Client::send_package(const Package& package) {
  auto answer = in_session<PackageAnswer>(
      "rkdb", "rkdb",
      [&](const Session& session) { return package_request(session, m_options.mode, package); },
      parse_package);
  if (!answer) return without_keys(std::move(answer).error(), package);
  return answer;
}

Result<PackageAnswer> Client::send_status(const StatusQuery& query) {
  return in_session<PackageAnswer>(
      "rkdb", "rkdb",
      [&](const Session& session) { return status_request(session, m_options.mode, query); },
      parse_package);
}

Result<Outcome> Client::status(StatusOf of) {
  SIEGEL_TRY(
      auto answer,
      send_status({.number = some_number(), .created = m_clock->now().wall, .of = std::move(of)}));
  return outcome_of(std::move(answer));
}

Result<Outcome> Client::submit(Item item) {
  const auto of = asked_after(item);
  Package package{.number = some_number(), .created = m_clock->now().wall, .items = {}};
  package.items.push_back(std::move(item));
  SIEGEL_TRY(auto answer, send_package(package));
  SIEGEL_TRY(auto outcome, outcome_of(std::move(answer)));
  if (outcome.next == Next::ask_status && of) {
    // Without an answer to this the outcome still stands: somebody has to ask.
    if (auto asked = status(*of)) outcome.status = std::move(asked->status);
  }
  return outcome;
}

Result<Receipt> Client::submit(const Package& package) {
  SIEGEL_TRY_OK(check(package));
  SIEGEL_TRY(auto answer, send_package(package));
  const bool accepted = std::ranges::all_of(
      answer.items, [](const ItemResult& item) { return item.next() == Next::done; });
  return Receipt{.number = package.number,
                 .asynchronous = accepted && package.items.size() > 1,
                 .items = std::move(answer.items)};
}

Result<DataboxAnswer> Client::databox(const DataboxQuery& query) {
  return in_session<DataboxAnswer>(
      "databox", "getDatabox",
      [&](const Session& session) -> Result<crypto::SecretBytes> {
        return databox_request(session, query);
      },
      parse_databox);
}

Result<Bytes> Client::databox_entry(std::string_view key) {
  SIEGEL_TRY(auto entry, in_session<DataboxEntry>(
                             "databox", "getDataboxEntry",
                             [&](const Session& session) -> Result<crypto::SecretBytes> {
                               return databox_entry_request(session, key);
                             },
                             parse_databox_entry));
  if (entry.code == 0) return std::move(entry.content);
  if (is_temporary(entry.code)) return temporary(databox_code(entry.code));
  return not_found("E-FON-018", fmt::format("no such entry in the DataBox ({}): {}", entry.code,
                                            excerpt(entry.message, 200)));
}

Result<std::optional<PackageAnswer>> Client::find_protocol(std::uint32_t number, Instant since) {
  const auto now = m_clock->now().wall;
  if (since > now || now - since > past_max) {
    return invalid("E-FON-003", "the DataBox is listed for at most 31 days back", "/since");
  }
  SIEGEL_TRY(const auto list,
             databox({.window = std::pair(since, std::min(now, since + window_max))}));
  if (is_temporary(list.code)) return temporary(databox_code(list.code));
  if (list.code != 0) {
    return invalid("E-FON-019",
                   fmt::format("the DataBox refuses the query ({}): {} {}", list.code,
                               databox_code(list.code).meaning_en, excerpt(list.message, 200)));
  }
  std::size_t looked = 0;
  for (const auto& item : list.items) {
    if (item.matter != "RKDB") continue;
    const auto known = std::ranges::find(m_looked_into, item.key, &Looked::key);
    if (known != m_looked_into.end() && known->number != number) continue;
    if (++looked > protocols_max) break;
    SIEGEL_TRY(const auto content, databox_entry(item.key));
    auto protocol = parse_package(text_of(content));
    if (protocol && protocol->number == number) return std::optional(std::move(*protocol));
    m_looked_into.push_back({item.key, protocol ? protocol->number : 0});
  }
  return std::optional<PackageAnswer>();
}

Result<std::optional<PackageAnswer>> Client::await_protocol(std::uint32_t number, Instant since,
                                                            Patience patience) {
  for (int look = 1;; ++look) {
    SIEGEL_TRY(auto found, find_protocol(number, since));
    if (found || look >= patience.looks) return found;
    Mutex mutex;
    Condition never;
    Lock lock(mutex);
    never.wait_for(lock, patience.interval);
  }
}

}  // namespace siegel::finanzonline
