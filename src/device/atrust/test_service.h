#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/thread.h"
#include "crypto/ec.h"
#include "crypto/signer_certificate.h"
#include "device/atrust/answers.h"
#include "device/atrust/atrust.h"
#include "device/testing/tse_tools.h"
#include "format/json.h"
#include "net/testing/server.h"

// A service that speaks the JSON of a.sign RK HSM over a real socket, with sessions, and can be
// told what to do wrong.

namespace siegel::device::atrust {

using device::testing::secret;

inline constexpr std::string_view good_user = "u123456789";
inline constexpr std::string_view good_password = "pa\"ss \u00e4 123456789";
inline constexpr std::string_view key_label = "label with blank";

class TestService {
 public:
  using Answer = std::function<net::testing::Response(const net::testing::Request&)>;

  TestService() { start(); }

  /// Answers of the next requests whose target ends like this, instead of the service's own; an
  /// empty function stands for the service's own.
  void script(const std::string& target_end, std::deque<Answer> answers) {
    const Lock lock(m_mutex);
    m_scripts[target_end] = std::move(answers);
  }
  static Answer status(int code, std::string body = R"({"error":"told to"})") {
    return [=](const auto&) { return net::testing::Response{.status = code, .body = body}; };
  }
  static Answer body(std::string text) { return status(200, std::move(text)); }
  static Answer fault(net::testing::Fault what) {
    return [=](const auto&) { return net::testing::Response{.body = "{}", .fault = what}; };
  }

  void set_down(bool down) {
    const Lock lock(m_mutex);
    m_down = down;
  }
  void end_all_sessions() {
    const Lock lock(m_mutex);
    m_sessions.clear();
  }
  /// The service pads its base64url, or answers in the alphabet of base64.
  void set_padded(bool padded) {
    const Lock lock(m_mutex);
    m_padded = padded;
  }
  void exchange_key() {
    const Lock lock(m_mutex);
    m_past = m_chain.front().der();
    make_key();
  }
  [[nodiscard]] std::uint64_t wrong_passwords() const {
    const Lock lock(m_mutex);
    return m_wrong_passwords;
  }
  [[nodiscard]] std::uint64_t sessions_opened() const {
    const Lock lock(m_mutex);
    return m_sessions_opened;
  }
  [[nodiscard]] std::vector<net::testing::Request> requests() const { return m_server->requests(); }
  [[nodiscard]] std::uint64_t count(const std::string& method,
                                    const std::string& target_end) const {
    const auto all = requests();
    return static_cast<std::uint64_t>(std::ranges::count_if(all, [&](const auto& one) {
      return one.method == method && one.target.ends_with(target_end);
    }));
  }
  [[nodiscard]] crypto::PublicKey public_key() const {
    const Lock lock(m_mutex);
    return m_key->public_key();
  }
  [[nodiscard]] std::vector<Bytes> chain() const {
    const Lock lock(m_mutex);
    std::vector<Bytes> out;
    for (const auto& one : m_chain) out.push_back(one.der());
    return out;
  }

  /// The same for an Answer, which runs under the lock.
  [[nodiscard]] std::vector<Bytes> chain_unlocked() const SIEGEL_TSA(no_thread_safety_analysis) {
    return {m_chain.front().der(), m_chain.back().der()};
  }

  [[nodiscard]] Options options() const {
    Options out;
    out.url = m_server->url() + "/asignrkonline/v2";
    out.user = good_user;
    // A loaded machine must not be too slow for a test that is not about time.
    out.connect_timeout = std::chrono::seconds(60);
    out.total_timeout = std::chrono::seconds(60);
    return out;
  }
  [[nodiscard]] Options on_premise_options() const {
    Options out = options();
    out.service = Service::on_premise;
    out.url = m_server->url() + "/aSignRkHsm/V2/";
    out.user = key_label;
    return out;
  }
  [[nodiscard]] std::unique_ptr<AtrustSigner> signer(const Options& options,
                                                     std::string_view password = good_password,
                                                     const Clock& clock = system_clock()) const {
    auto made = AtrustSigner::create(options, secret(password), clock);
    EXPECT_TRUE(made.ok()) << (made.ok() ? "" : made.error().detail);
    return std::move(made).value();
  }
  [[nodiscard]] std::unique_ptr<AtrustSigner> signer() const { return signer(options()); }

 private:
  using Request = net::testing::Request;
  using Response = net::testing::Response;

  void start() {
    {
      const Lock lock(m_mutex);
      make_key();
    }
    auto server =
        net::testing::Server::start([this](const Request& request) { return answer(request); });
    ASSERT_TRUE(server.ok()) << server.error().detail;
    m_server = std::move(server).value();
  }
  void make_key() SIEGEL_REQUIRES(m_mutex) {
    m_key = crypto::PrivateKey::generate(crypto::Curve::p256).value();
    const Instant from = system_clock().now().wall - std::chrono::hours(24);
    m_chain =
        crypto::make_test_signer_certificates(m_key->public_key(),
                                              {.holder = "UID ATU12345678",
                                               .not_before = from,
                                               .not_after = from + std::chrono::hours(24 * 1826)},
                                              system_random())
            .value();
  }

  Response answer(const Request& request) {
    const Lock lock(m_mutex);
    for (auto& [target_end, answers] : m_scripts) {
      if (!request.target.ends_with(target_end) || answers.empty()) continue;
      const Answer told = std::move(answers.front());
      answers.pop_front();
      if (told) return told(request);
    }
    if (m_down) return {.status = 503, .body = "<html>Service Unavailable</html>"};
    const std::string online = "/asignrkonline/v2/";
    const std::string on_premise = "/aSignRkHsm/V2/label%20with%20blank/";
    if (request.target.starts_with(online)) {
      return answer_online(request, request.target.substr(online.size()));
    }
    if (request.target.starts_with(on_premise)) {
      const std::string what = request.target.substr(on_premise.size());
      if (request.method == "POST" && what == "Sign/Hash") {
        return sign(field(request, "hash"));
      }
      return answer_question(request, what);
    }
    return {.status = 404};
  }
  Response answer_online(const Request& request, const std::string& path) SIEGEL_REQUIRES(m_mutex) {
    const std::string user = std::string(good_user) + "/";
    if (path.starts_with(user)) return answer_question(request, path.substr(user.size()));
    if (request.method == "PUT" && path == "Session/" + std::string(good_user)) {
      if (field(request, "password") != good_password) {
        ++m_wrong_passwords;
        return {.status = 401, .body = R"({"error":"wrong password"})"};
      }
      const std::string id = "s/" + std::to_string(++m_sessions_opened);
      m_sessions.insert(id);
      return {.body = json::canonical(
                  json::Object().set("sessionid", id).set("sessionkey", "key \"of\" " + id))};
    }
    for (const std::string& id : m_sessions) {
      const std::string encoded = "Session/s%2F" + id.substr(2) + "/Sign/Hash";
      if (request.method != "POST" || path != encoded) continue;
      if (field(request, "sessionkey") != "key \"of\" " + id) return {.status = 401};
      return sign(field(request, "hash"));
    }
    return {.status = path.starts_with("Session/") ? 401 : 404};
  }
  Response answer_question(const Request& request, const std::string& what)
      SIEGEL_REQUIRES(m_mutex) {
    if (request.method != "GET") return {.status = 404};
    if (what == "ZDA") return {.body = R"({"zdaid":"AT1"})"};
    const std::string leaf = base64(m_chain.front().der());
    if (what == "Certificate") {
      json::Array above;
      above.emplace_back(base64(m_chain.back().der()));
      return {.body = json::canonical(json::Object()
                                          .set("Signaturzertifikat", leaf)
                                          .set("Zertifizierungsstellen", std::move(above))
                                          .set("Zertifikatsseriennummer", "1")
                                          .set("alg", "ES256"))};
    }
    if (what == "Certificates") {
      json::Array all;
      if (m_past) all.emplace_back(base64(*m_past));
      all.emplace_back(leaf);
      return {.body = json::canonical(
                  json::Object().set("alg", "ES256").set("Signaturzertifikate", std::move(all)))};
    }
    return {.status = 404};
  }
  Response sign(const std::string& hash) SIEGEL_REQUIRES(m_mutex) {
    const auto digest = from_base64(hash);
    if (!digest.ok() || digest->size() != 32) return {.status = 400};
    std::string text = base64url(m_key->sign_ecdsa_digest(*digest).value());
    if (m_padded) text = base64(from_base64url(text).value());
    return {.body = json::canonical(json::Object().set("signature", text))};
  }
  static std::string field(const Request& request, std::string_view name) {
    const auto value = json::parse(request.body);
    if (!value.ok() || value->object() == nullptr) return {};
    const json::Value* found = value->object()->find(name);
    return found == nullptr || found->string() == nullptr ? std::string() : *found->string();
  }

  mutable Mutex m_mutex;
  std::map<std::string, std::deque<Answer>> m_scripts SIEGEL_GUARDED_BY(m_mutex);
  std::optional<crypto::PrivateKey> m_key SIEGEL_GUARDED_BY(m_mutex);
  std::vector<crypto::Certificate> m_chain SIEGEL_GUARDED_BY(m_mutex);
  std::optional<Bytes> m_past SIEGEL_GUARDED_BY(m_mutex);
  std::set<std::string> m_sessions SIEGEL_GUARDED_BY(m_mutex);
  std::uint64_t m_sessions_opened SIEGEL_GUARDED_BY(m_mutex) = 0;
  std::uint64_t m_wrong_passwords SIEGEL_GUARDED_BY(m_mutex) = 0;
  bool m_down SIEGEL_GUARDED_BY(m_mutex) = false;
  bool m_padded SIEGEL_GUARDED_BY(m_mutex) = false;
  std::unique_ptr<net::testing::Server> m_server;
};

}  // namespace siegel::device::atrust
