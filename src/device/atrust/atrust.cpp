#include "device/atrust/atrust.h"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <optional>
#include <utility>

#include "crypto/x509.h"
#include "device/atrust/answers.h"
#include "format/json_writer.h"
#include "net/http.h"

namespace siegel::device::atrust {
namespace {

constexpr std::size_t digest_bytes = 32;
constexpr std::size_t name_size_max = 200;
constexpr std::size_t password_bytes_max = 200;
// A session lives for an hour after its last signature.
constexpr Steady session_age_max = std::chrono::minutes(55);

Error bad_option(std::string why, std::string place) {
  return invalid("E-SIG-302", std::move(why), std::move(place));
}

bool is_plain_url(std::string_view url) {
  return (url.starts_with("https://") || url.starts_with("http://")) &&
         url.find_first_of("@?# \t\r\n\\\"") == std::string_view::npos && url.size() <= 500;
}

bool is_name(std::string_view text) {
  return valid_utf8(text) && text.size() <= name_size_max &&
         std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20; });
}

Status check(const Options& options, const crypto::SecretBytes& password) {
  if (!is_plain_url(options.url)) {
    return bad_option("the address of the service is no URL like https://example.org/path/", "url");
  }
  if (options.user.empty() || !is_name(options.user)) {
    return bad_option("the user (on premises: the key label) is missing or no short text", "user");
  }
  if (!is_name(options.basic_user) || options.basic_user.find(':') != std::string::npos) {
    return bad_option("the user for HTTP Basic holds a colon or is no short text", "basic_user");
  }
  if (password.size() > password_bytes_max || !valid_utf8(text_of(password.reveal()))) {
    return bad_option("the password is no UTF-8 text of at most 200 bytes", "password");
  }
  if (options.service == Service::online && password.empty()) {
    return bad_option("the online service wants a password", "password");
  }
  if (options.service == Service::on_premise && options.basic_user.empty() != password.empty()) {
    return bad_option("user and password for HTTP Basic go together", "basic_user");
  }
  if (options.connect_timeout.count() < 1 || options.total_timeout.count() < 1) {
    return bad_option("a time-out is at least a millisecond", "timeout");
  }
  return Ok{};
}

// A part of a path [RFC 3986].
std::string path_part(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_' || c == '.' || c == '~';
    if (plain) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    }
  }
  // A part that is only dots would name another folder.
  if (out.find_first_not_of('.') == std::string::npos) return "%2E";
  return out;
}

struct Field {
  std::string_view name;
  std::string_view text;
};

// A JSON object that may hold a password: the text on the way is wiped.
crypto::SecretBytes json_body(std::initializer_list<Field> fields) {
  std::string text;
  // Six characters at most for one: nothing is left behind by growing.
  std::size_t size = 2;
  for (const Field& one : fields) size += 6 * (one.name.size() + one.text.size()) + 6;
  text.reserve(size);
  text += '{';
  for (const Field& one : fields) {
    if (text.size() > 1) text += ',';
    json::append_string(text, one.name);
    text += ':';
    json::append_string(text, one.text);
  }
  text += '}';
  auto body = crypto::SecretBytes::copy_of(bytes_of(text));
  crypto::wipe(std::as_writable_bytes(std::span(text)));
  return body;
}

std::optional<crypto::PublicKey> key_in(const std::vector<Bytes>& certificates) {
  if (certificates.empty()) return std::nullopt;
  const auto leaf = crypto::Certificate::parse(certificates.front());
  if (!leaf.ok()) return std::nullopt;
  auto key = leaf->public_key();
  if (!key.ok() || key->curve() != crypto::Curve::p256) return std::nullopt;
  return std::move(key).value();
}

struct OpenSession {
  std::string id;
  crypto::SecretBytes key;
  std::string day;  // in Vienna
  Steady last_used{0};
};

/// Whether a call was only a question: then no answer means that nothing happened.
enum class Purpose { ask, sign };

}  // namespace

struct AtrustSigner::State {
  State(Options wanted, crypto::SecretBytes secret, const Clock& time)
      : options(std::move(wanted)),
        password(std::move(secret)),
        clock(time),
        http(net::HttpOptions{
            .connect_timeout = options.connect_timeout,
            .total_timeout = options.total_timeout,
            .answer_bytes_max = answer_bytes_max,
            .plain_http = options.plain_http ? net::PlainHttp::anywhere : net::PlainHttp::loopback,
            .ca_file = options.ca_file,
            .proxy = options.proxy,
            // A signature that is asked for twice harms nobody.
            .keep_connection = true}) {
    if (!options.url.ends_with('/')) options.url += '/';
    if (auto known = key_in(options.certificates)) {
      key = std::move(known);
      certificates = options.certificates;
    }
  }

  Options options;
  crypto::SecretBytes password;
  const Clock& clock;
  net::HttpClient http;
  std::optional<Error> refused;  // E-SIG-201, -204: for the life of this object
  std::optional<crypto::PublicKey> key;
  std::vector<Bytes> certificates;
  std::optional<std::string> zda;
  std::optional<OpenSession> session;
  Steady deadline{0};

  void begin_call() { deadline = clock.now().steady + options.total_timeout; }
  Status need_certificates();
  Result<std::string> need_zda();
  Result<std::vector<Bytes>> ask_certificates(std::string_view what);
  Result<Bytes> sign_once(BytesView digest);
  Error why_invalid();

 private:
  [[nodiscard]] std::string user_url(std::string_view what) const {
    return options.url + path_part(options.user) + "/" + std::string(what);
  }
  Result<net::HttpResponse> call(net::Method method, const std::string& url, BytesView body,
                                 Purpose purpose);
  Error refused_by_status(const net::HttpResponse& answer);
  Result<net::HttpResponse> question(std::string_view what);
  Result<Bytes> sign_on_premise(const std::string& hash);
  Result<Bytes> sign_in_session(const std::string& hash);
  Result<net::HttpResponse> post_in_session(const std::string& hash);
  Status need_session();
  [[nodiscard]] std::string day() const;
  Error remember(Error error);
};

Error AtrustSigner::State::remember(Error error) {
  refused = error;
  password = crypto::SecretBytes();
  session.reset();
  return error;
}

std::string AtrustSigner::State::day() const {
  const auto local = LocalStamp::from(clock.now().wall, "Europe/Vienna");
  return local.ok() ? local->date().text() : std::string();
}

Result<net::HttpResponse> AtrustSigner::State::call(net::Method method, const std::string& url,
                                                    BytesView body, Purpose purpose) {
  const auto left =
      std::chrono::duration_cast<std::chrono::milliseconds>(deadline - clock.now().steady);
  if (left.count() < 1) {
    return unavailable("E-SIG-101", fmt::format("the service did not answer within {} ms",
                                                options.total_timeout.count()));
  }
  net::HttpRequest request{.method = method, .url = url, .body = body};
  request.headers.push_back({"Accept", "application/json"});
  if (!body.empty()) request.headers.push_back({"Content-Type", "application/json"});
  if (!options.basic_user.empty()) {
    request.basic_auth = net::BasicAuth{options.basic_user, password.clone()};
  }
  auto answer = http.send(request, left);
  if (answer.ok()) return answer;
  const Error& error = answer.error();
  const std::string detail = fmt::format("{} ({})", error.detail, error.code);
  if (error.kind == ErrorKind::unknown && purpose == Purpose::sign) {
    return unknown("E-SIG-102", detail, error.code);
  }
  return unavailable("E-SIG-101", detail, error.code);
}

// Every status but 200; what the status means is the service's manual [v2].
Error AtrustSigner::State::refused_by_status(const net::HttpResponse& answer) {
  const std::string place = fmt::format("HTTP {}", answer.status);
  switch (answer.status) {
    case 401:
      return remember(unavailable("E-SIG-201",
                                  "the service does not accept user and password; they were tried "
                                  "once and are not tried again until they are configured anew",
                                  place));
    case 403:
      return remember(
          unavailable("E-SIG-204", "the account at the service is blocked or missing", place));
    case 404:
      return unavailable("E-SIG-107", "the service knows no key of this user or label", place);
    default:
      break;
  }
  if (answer.status >= 300 && answer.status < 400) {
    return unavailable("E-SIG-105", "the service sends us to another address", place);
  }
  return unavailable(
      "E-SIG-104",
      fmt::format("the service answered with status {}: {}", answer.status, excerpt(answer.body)),
      place);
}

Result<net::HttpResponse> AtrustSigner::State::question(std::string_view what) {
  if (refused) return *refused;
  SIEGEL_TRY(auto answer, call(net::Method::get, user_url(what), {}, Purpose::ask));
  if (answer.status != 200) return refused_by_status(answer);
  return answer;
}

Status AtrustSigner::State::need_certificates() {
  if (refused) return *refused;
  if (key) return Ok{};
  SIEGEL_TRY(const auto answer, question("Certificate"));
  SIEGEL_TRY(auto chain, certificate_answer(answer.body));
  key = key_in(chain);
  if (!key) return unavailable("E-SIG-108", "the service's certificate is not of a key of P-256");
  certificates = std::move(chain);
  return Ok{};
}

Result<std::vector<Bytes>> AtrustSigner::State::ask_certificates(std::string_view what) {
  SIEGEL_TRY(const auto answer, question(what));
  return certificates_answer(answer.body);
}

Result<std::string> AtrustSigner::State::need_zda() {
  if (!zda) {
    SIEGEL_TRY(const auto answer, question("ZDA"));
    SIEGEL_TRY(zda, zda_answer(answer.body));
  }
  return *zda;
}

Status AtrustSigner::State::need_session() {
  const Steady now = clock.now().steady;
  if (session && now - session->last_used < session_age_max && session->day == day()) return Ok{};
  session.reset();
  const auto body = json_body({{"password", text_of(password.reveal())}});
  SIEGEL_TRY(auto answer, call(net::Method::put, options.url + "Session/" + path_part(options.user),
                               body.reveal(), Purpose::ask));
  if (answer.status != 200) return refused_by_status(answer);
  auto opened = session_answer(answer.body);
  crypto::wipe(std::as_writable_bytes(std::span(answer.body)));
  if (!opened.ok()) return opened.error();
  session = OpenSession{std::move(opened->id), std::move(opened->key), day(), now};
  return Ok{};
}

Result<net::HttpResponse> AtrustSigner::State::post_in_session(const std::string& hash) {
  SIEGEL_TRY_OK(need_session());
  const auto body = json_body({{"sessionkey", text_of(session->key.reveal())}, {"hash", hash}});
  return call(net::Method::post, options.url + "Session/" + path_part(session->id) + "/Sign/Hash",
              body.reveal(), Purpose::sign);
}

Result<Bytes> AtrustSigner::State::sign_in_session(const std::string& hash) {
  SIEGEL_TRY(auto answer, post_in_session(hash));
  if (answer.status == 401) {
    // The session has ended. The password is shown anew; only its refusal means that it is wrong.
    session.reset();
    SIEGEL_TRY(answer, post_in_session(hash));
    if (answer.status == 401) {
      session.reset();
      return unavailable("E-SIG-104", "the service refuses a session it has just opened",
                         "HTTP 401");
    }
  }
  if (answer.status != 200) {
    session.reset();
    return refused_by_status(answer);
  }
  session->last_used = clock.now().steady;
  return signature_answer(answer.body);
}

Result<Bytes> AtrustSigner::State::sign_on_premise(const std::string& hash) {
  const auto body = json_body({{"hash", hash}});
  SIEGEL_TRY(const auto answer,
             call(net::Method::post, user_url("Sign/Hash"), body.reveal(), Purpose::sign));
  if (answer.status != 200) return refused_by_status(answer);
  return signature_answer(answer.body);
}

Result<Bytes> AtrustSigner::State::sign_once(BytesView digest) {
  const std::string hash = base64(digest);
  switch (options.service) {
    case Service::online:
      return sign_in_session(hash);
    case Service::on_premise:
      return sign_on_premise(hash);
  }
  return unavailable("E-SIG-104", "no such service");
}

// A certificate that was renewed with a new key is the likeliest reason, so it is looked for.
Error AtrustSigner::State::why_invalid() {
  const auto answer = question("Certificate");
  if (answer.ok()) {
    const auto chain = certificate_answer(answer->body);
    const auto now = chain.ok() ? key_in(*chain) : std::nullopt;
    if (now && !(*now == *key)) {
      return unavailable("E-SIG-106",
                         "the service signs with another key than the one set up: its certificate "
                         "was exchanged");
    }
  }
  return unavailable("E-SIG-103", "the service answered twice without a valid signature");
}

AtrustSigner::AtrustSigner(std::unique_ptr<State> state) : m_state(std::move(state)) {}
AtrustSigner::~AtrustSigner() = default;

Result<std::unique_ptr<AtrustSigner>> AtrustSigner::create(Options options,
                                                           crypto::SecretBytes password,
                                                           const Clock& clock) {
  SIEGEL_TRY_OK(check(options, password));
  if (!options.certificates.empty() && !key_in(options.certificates)) {
    return bad_option("the first certificate cannot be read or is not of a key of P-256",
                      "certificates");
  }
  return std::unique_ptr<AtrustSigner>(
      new AtrustSigner(std::make_unique<State>(std::move(options), std::move(password), clock)));
}

Result<std::unique_ptr<AtrustSigner>> AtrustSigner::open(Options options,
                                                         crypto::SecretBytes password,
                                                         const Clock& clock) {
  SIEGEL_TRY(auto signer, create(std::move(options), std::move(password), clock));
  SIEGEL_TRY_OK(signer->zda());
  SIEGEL_TRY_OK(signer->certificates());
  return signer;
}

Result<SignerIdentity> AtrustSigner::identity() {
  m_state->begin_call();
  SIEGEL_TRY_OK(m_state->need_certificates());
  SIEGEL_TRY(auto provider, m_state->need_zda());
  return SignerIdentity{.kind = "atrust",
                        .algorithm = "ecdsa-plain-SHA256",
                        .public_key = m_state->key->point(),
                        .provider = std::move(provider)};
}

Result<std::vector<Bytes>> AtrustSigner::certificates() {
  m_state->begin_call();
  SIEGEL_TRY_OK(m_state->need_certificates());
  return m_state->certificates;
}

Result<std::string> AtrustSigner::zda() {
  m_state->begin_call();
  if (m_state->refused) return *m_state->refused;
  return m_state->need_zda();
}

Result<std::vector<Bytes>> AtrustSigner::past_certificates() {
  if (m_state->options.service == Service::on_premise) {
    return bad_option("the service on premises keeps no list of certificates", "service");
  }
  m_state->begin_call();
  return m_state->ask_certificates("Certificates");
}

Result<Bytes> AtrustSigner::sign_digest(BytesView digest) {
  SIEGEL_TRY_OK(check_digest(digest, digest_bytes));
  m_state->begin_call();
  SIEGEL_TRY_OK(m_state->need_certificates());
  for (int attempt = 0; attempt < 2; ++attempt) {
    SIEGEL_TRY(auto signature, m_state->sign_once(digest));
    if (m_state->key->verify_ecdsa_digest(digest, signature)) return signature;
    m_state->session.reset();
  }
  return m_state->why_invalid();
}

}  // namespace siegel::device::atrust
