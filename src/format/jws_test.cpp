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

/// The example of RFC 7515 A.3: key and text made by others.
TEST(Jws, the_example_of_the_standard_verifies) {
  Bytes point = from_hex("04").value();
  append(point, from_base64url("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU").value());
  append(point, from_base64url("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0").value());
  const crypto::PublicKey key = crypto::PublicKey::from_point(point).value();
  const Jws jws =
      parse_jws(
          "eyJhbGciOiJFUzI1NiJ9."
          "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0"
          "cnVlfQ."
          "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q")
          .value();
  EXPECT_TRUE(verify_jws(jws, key));
  Jws other = jws;
  other.signing_input[30] ^= 1;
  EXPECT_FALSE(verify_jws(other, key));
  other = jws;
  other.signature[63] ^= std::byte{1};
  EXPECT_FALSE(verify_jws(other, key));
}

TEST(Jws, a_key_signs_and_its_public_key_verifies) {
  const auto key = crypto::PrivateKey::generate(crypto::Curve::p256).value();
  const std::string text = sign_jws(bytes_of("_R1-AT1_K1_1"), key).value();
  EXPECT_TRUE(verify_jws(parse_jws(text).value(), key.public_key()));
  const auto other = crypto::PrivateKey::generate(crypto::Curve::p256).value();
  EXPECT_FALSE(verify_jws(parse_jws(text).value(), other.public_key()));
  const auto curve = crypto::PrivateKey::generate(crypto::Curve::brainpool_p256r1).value();
  EXPECT_FALSE(verify_jws(parse_jws(text).value(), curve.public_key()));
}

}  // namespace
}  // namespace siegel::format
