#include "net/http.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "base/file.h"
#include "net/testing/mail_server.h"
#include "net/testing/server.h"

namespace siegel::net {
namespace {

using testing::Fault;
using testing::Request;
using testing::Response;
using testing::Server;

std::unique_ptr<Server> serve(testing::Handler handler) {
  auto server = Server::start(std::move(handler));
  EXPECT_TRUE(server.ok());
  return std::move(server).value();
}

// Long where nothing may happen in time on a loaded machine.
constexpr std::chrono::milliseconds patient{120'000};

TEST(http, sends_method_target_headers_and_body_as_given) {
  const auto server = serve([](const Request&) {
    return Response{.status = 201, .headers = {{"X-Answer", "yes"}}, .body = "done"};
  });
  HttpClient client({.connect_timeout = patient, .total_timeout = patient});
  for (const auto& [method, word] :
       {std::pair{Method::get, "GET"}, std::pair{Method::post, "POST"},
        std::pair{Method::put, "PUT"}, std::pair{Method::remove, "DELETE"}}) {
    const auto answer =
        client.send({.method = method,
                     .url = server->url() + "/a/b?c=d%20e",
                     .headers = {{"Content-Type", "text/xml; charset=utf-8"}, {"SOAPAction", ""}},
                     .body = bytes_of(method == Method::get ? "" : "<x>\xC3\xA4</x>")});
    ASSERT_TRUE(answer.ok()) << answer.error().detail;
    EXPECT_EQ(answer->status, 201);
    EXPECT_EQ(answer->header("x-answer"), "yes");
    EXPECT_EQ(answer->body, "done");
    const auto heard = server->requests().back();
    EXPECT_EQ(heard.method, word);
    EXPECT_EQ(heard.target, "/a/b?c=d%20e");
    EXPECT_EQ(heard.header("content-type"), "text/xml; charset=utf-8");
    EXPECT_EQ(heard.body, method == Method::get ? "" : "<x>\xC3\xA4</x>");
    EXPECT_EQ(heard.header("expect"), "");
  }
}

TEST(http, a_large_body_arrives_whole) {
  const auto server =
      serve([](const Request& request) { return Response{.body = request.body + request.body}; });
  HttpClient client({.connect_timeout = patient, .total_timeout = patient});
  const std::string body(3'000'000, 'x');
  const auto answer =
      client.send({.method = Method::post, .url = server->url(), .body = bytes_of(body)});
  ASSERT_TRUE(answer.ok()) << answer.error().detail;
  EXPECT_EQ(answer->body.size(), 2 * body.size());
}

TEST(http, the_servers_clock_is_read_from_its_date_header) {
  const auto server = serve([](const Request& request) {
    return Response{.headers = {{"Date", request.target == "/good" ? "Sat, 21 Nov 2026 05:06:07 GMT"
                                                                   : "some day"}}};
  });
  HttpClient client({.connect_timeout = patient, .total_timeout = patient});
  const auto good = client.send({.url = server->url() + "/good"});
  ASSERT_TRUE(good.ok());
  EXPECT_EQ(good->date, *Instant::parse("2026-11-21T05:06:07Z"));
  const auto bad = client.send({.url = server->url() + "/bad"});
  ASSERT_TRUE(bad.ok());
  EXPECT_EQ(bad->date, std::nullopt);
}

TEST(http, basic_auth_is_sent_and_does_not_stay_for_the_next_call) {
  const auto server = serve([](const Request&) { return Response{}; });
  HttpClient client(
      {.connect_timeout = patient, .total_timeout = patient, .keep_connection = true});
  HttpRequest request{.url = server->url()};
  request.basic_auth = BasicAuth{"till", crypto::SecretBytes::copy_of(bytes_of("p:w"))};
  ASSERT_TRUE(client.send(request).ok());
  EXPECT_EQ(server->requests().back().header("authorization"),
            "Basic " + base64(bytes_of("till:p:w")));
  ASSERT_TRUE(client.send({.url = server->url()}).ok());
  EXPECT_EQ(server->requests().back().header("authorization"), "");
}

TEST(http, a_redirect_is_an_answer_and_not_followed) {
  const auto server = serve([](const Request&) {
    return Response{.status = 302, .headers = {{"Location", "/elsewhere"}}};
  });
  HttpClient client({.connect_timeout = patient, .total_timeout = patient});
  const auto answer = client.send({.url = server->url()});
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->status, 302);
  EXPECT_EQ(server->requests().size(), 1U);
}

TEST(http, nobody_listening_is_unavailable_because_nothing_was_sent) {
  const auto port = testing::ClosedPort::take();
  ASSERT_TRUE(port.ok());
  HttpClient client({.connect_timeout = patient, .total_timeout = patient});
  const auto answer =
      client.send({.url = "http://127.0.0.1:" + std::to_string(port->port()) + "/secret"});
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code, "E-NET-003");
  EXPECT_EQ(answer.error().kind, ErrorKind::unavailable);
  EXPECT_EQ(answer.error().detail.find("secret"), std::string::npos);
}

TEST(http, a_name_that_does_not_exist_is_unavailable) {
  HttpClient client({.connect_timeout = patient, .total_timeout = patient});
  // Longer than a label may be: no name server has to be asked.
  const auto answer = client.send({.url = "https://" + std::string(70, 'n') + ".invalid/"});
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code, "E-NET-002");
  EXPECT_EQ(answer.error().kind, ErrorKind::unavailable);
}

TEST(http, an_answer_that_never_comes_is_unknown) {
  const auto server = serve([](const Request&) { return Response{.fault = Fault::hold}; });
  HttpClient client({.connect_timeout = patient, .total_timeout = patient});
  const auto answer =
      client.send({.method = Method::post, .url = server->url()}, std::chrono::milliseconds(1500));
  ASSERT_FALSE(answer.ok());
  // On a machine so slow that not even the request got out, the other code is right.
  if (server->requests().empty()) GTEST_SKIP() << "the request was not sent in time";
  EXPECT_EQ(answer.error().code, "E-NET-005");
  EXPECT_EQ(answer.error().kind, ErrorKind::unknown);
}

TEST(http, a_broken_answer_is_unknown) {
  for (const auto fault : {Fault::drop, Fault::cut_body}) {
    const auto server =
        serve([&](const Request&) { return Response{.body = "0123456789", .fault = fault}; });
    HttpClient client({.connect_timeout = patient, .total_timeout = patient});
    const auto answer = client.send({.method = Method::post, .url = server->url()});
    ASSERT_FALSE(answer.ok());
    EXPECT_EQ(answer.error().code, "E-NET-006");
    EXPECT_EQ(answer.error().kind, ErrorKind::unknown);
    EXPECT_EQ(server->requests().size(), 1U) << "a request is not repeated by itself";
  }
}

TEST(http, an_answer_beyond_the_limits_is_cut_off) {
  const auto server = serve([](const Request& request) {
    if (request.target == "/head") {
      return Response{.headers = {{"X-Long", std::string(3000, 'h')}}, .body = "small"};
    }
    return Response{.body = std::string(1001, 'b')};
  });
  HttpClient client({.connect_timeout = patient,
                     .total_timeout = patient,
                     .answer_bytes_max = 1000,
                     .header_bytes_max = 2000});
  for (const auto* target : {"/head", "/body"}) {
    const auto answer = client.send({.url = server->url() + target});
    ASSERT_FALSE(answer.ok());
    EXPECT_EQ(answer.error().code, "E-NET-007");
    EXPECT_EQ(answer.error().kind, ErrorKind::unknown);
  }
  HttpClient exact(
      {.connect_timeout = patient, .total_timeout = patient, .answer_bytes_max = 1001});
  EXPECT_TRUE(exact.send({.url = server->url() + "/body"}).ok());
}

TEST(http, garbage_instead_of_http_is_an_error) {
  const auto server =
      serve([](const Request&) { return Response{.raw = std::string("\0\1\2 nonsense\r\n", 14)}; });
  HttpClient client({.connect_timeout = patient, .total_timeout = patient});
  const auto answer = client.send({.url = server->url()});
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().kind, ErrorKind::unknown);
}

TEST(http, addresses_that_must_not_be_called_are_refused_before_anything_is_sent) {
  HttpClient client({.connect_timeout = patient, .total_timeout = patient});
  for (const auto* url :
       {"", "no url", "ftp://127.0.0.1/", "file:///etc/passwd", "http://192.0.2.1/",
        "http://example.org/", "http://127.0.0.1.example.org/", "https://user:pin@example.org/",
        "https://user@example.org/", "http://128.0.0.1/", "https://"}) {
    const auto answer = client.send({.url = url});
    ASSERT_FALSE(answer.ok()) << url;
    EXPECT_EQ(answer.error().code, "E-NET-001") << url;
    EXPECT_EQ(answer.error().kind, ErrorKind::invalid);
    EXPECT_EQ(answer.error().detail.find("pin"), std::string::npos);
  }
}

TEST(http, a_header_cannot_smuggle_a_second_one) {
  const auto server = serve([](const Request&) { return Response{}; });
  HttpClient client({.connect_timeout = patient, .total_timeout = patient});
  for (const Header& header :
       {Header{"X-A", "b\r\nX-C: d"}, Header{"X-A: b\r\nX-C", "d"}, Header{"X A", "b"},
        Header{"", "b"}, Header{"X-A", std::string("b\0", 2)}}) {
    const auto answer = client.send({.url = server->url(), .headers = {header}});
    ASSERT_FALSE(answer.ok());
    EXPECT_EQ(answer.error().code, "E-NET-001");
  }
  EXPECT_TRUE(server->requests().empty());
}

class HttpsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto server = testing::MailServer::start(SIEGEL_SOURCE_DIR, {.kind = "https"});
    ASSERT_TRUE(server.ok()) << server.error().detail;
    m_server = std::move(server).value();
  }
  [[nodiscard]] std::string url(std::string_view host) const {
    return "https://" + std::string(host) + ":" + std::to_string(m_server->port()) + "/";
  }
  std::unique_ptr<testing::MailServer> m_server;
};

TEST_F(HttpsTest, a_server_is_believed_only_with_a_certificate_we_trust_for_its_name) {
  HttpClient trusting(
      {.connect_timeout = patient, .total_timeout = patient, .ca_file = m_server->ca_file()});
  const auto answer = trusting.send({.url = url("127.0.0.1")});
  ASSERT_TRUE(answer.ok()) << answer.error().detail;
  EXPECT_EQ(answer->body, "over TLS");

  HttpClient systems({.connect_timeout = patient, .total_timeout = patient});
  const auto unknown_issuer = systems.send({.url = url("127.0.0.1")});
  ASSERT_FALSE(unknown_issuer.ok());
  EXPECT_EQ(unknown_issuer.error().code, "E-NET-004");
  EXPECT_EQ(unknown_issuer.error().kind, ErrorKind::unavailable);

  const auto other_name = trusting.send({.url = url("localhost")});
  ASSERT_FALSE(other_name.ok());
  EXPECT_EQ(other_name.error().code, "E-NET-004");
}

TEST_F(HttpsTest, a_missing_file_of_trusted_certificates_is_named) {
  HttpClient client(
      {.connect_timeout = patient, .total_timeout = patient, .ca_file = "/nowhere/ca.pem"});
  const auto answer = client.send({.url = url("127.0.0.1")});
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code, "E-NET-008");
  EXPECT_EQ(answer.error().kind, ErrorKind::invalid);
}

TEST(http, a_server_that_speaks_no_tls_does_not_pass_as_one_that_does) {
  // It greets first, so that the handshake ends at once.
  auto server = testing::MailServer::start(SIEGEL_SOURCE_DIR, {.kind = "plain"});
  ASSERT_TRUE(server.ok()) << server.error().detail;
  HttpClient client({.connect_timeout = patient, .total_timeout = patient});
  const auto answer =
      client.send({.url = "https://127.0.0.1:" + std::to_string((*server)->port()) + "/"});
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code, "E-NET-004");
}

}  // namespace
}  // namespace siegel::net
