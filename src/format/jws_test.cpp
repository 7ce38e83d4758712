#include "format/jws.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "format/testing.h"

namespace siegel::format {
namespace {

/// Stands for a key where only the form of the text is looked at.
Result<Bytes> numbered(BytesView input) { return Bytes(64, static_cast<std::byte>(input.size())); }

std::string text_with_header(std::string_view header) {
  return base64url(bytes_of(header)) + ".YQ." + base64url(Bytes(64));
}

std::string code_of(std::string_view text) {
  const Result<Jws> jws = parse_jws(text);
  return jws.ok() ? "" : jws.error().code;
}

TEST(Jws, the_header_is_that_of_the_rksv) {
  EXPECT_EQ(jws_signing_input(bytes_of("abc")), "eyJhbGciOiJFUzI1NiJ9.YWJj");
}

TEST(Jws, parts_come_back) {
  checks::property("payloads", [](const std::string& payload) {
    const std::string text = sign_jws(bytes_of(payload), numbered).value();
    const Jws jws = parse_jws(text).value();
    RC_ASSERT(text_of(jws.payload) == payload);
    RC_ASSERT(jws.header == R"({"alg":"ES256"})");
    RC_ASSERT(jws.signature == *numbered(bytes_of(jws.signing_input)));
    RC_ASSERT(join_jws(jws.signing_input, jws.signature) == text);
  });
}

TEST(Jws, only_three_strict_parts_are_a_jws) {
  EXPECT_EQ(code_of(""), "E-JWS-001");
  EXPECT_EQ(code_of("a.b"), "E-JWS-001");
  EXPECT_EQ(code_of("a.b.c.d"), "E-JWS-001");
  EXPECT_EQ(code_of("eyJhbGciOiJFUzI1NiJ9.YWJj=.AA"), "E-JWS-002");
  EXPECT_EQ(code_of("eyJhbGciOiJFUzI1NiJ9.YWJ+.AA"), "E-JWS-002");
  EXPECT_EQ(code_of("eyJhbGciOiJFUzI1NiJ9\n.YWJj.AA"), "E-JWS-002");
  EXPECT_EQ(code_of("eyJhbGciOiJFUzI1NiJ9.YWJj.AA"), "E-JWS-005");
  EXPECT_EQ(code_of(text_with_header(R"({"alg":"none"})")), "E-JWS-003");
  EXPECT_EQ(code_of(text_with_header(R"({"alg":"HS256"})")), "E-JWS-003");
  EXPECT_EQ(code_of(text_with_header(R"({"alg":["ES256"]})")), "E-JWS-003");
  EXPECT_EQ(code_of(text_with_header(R"({"alg":"ES256","alg":"none"})")), "E-JWS-003");
  EXPECT_EQ(code_of(text_with_header(R"({"alg":"ES256","crit":["x"]})")), "E-JWS-003");
  EXPECT_EQ(code_of(text_with_header(R"(["ES256"])")), "E-JWS-003");
  EXPECT_EQ(code_of(text_with_header(R"({"alg":"ES256","kid":"1"})")), "");
  EXPECT_EQ(code_of(std::string(jws_size_max + 1, 'a')), "E-JWS-004");
}

}  // namespace
}  // namespace siegel::format
