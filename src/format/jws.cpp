#include "format/jws.h"

#include <fmt/format.h>

#include "base/check.h"
#include "format/json.h"

namespace siegel::format {
namespace {

constexpr std::string_view es256_header = R"({"alg":"ES256"})";
constexpr std::size_t es256_signature_size = 64;

Error not_es256(std::string_view why) {
  return invalid("E-JWS-003", fmt::format("the header is not that of an ES256 signature: {}", why),
                 "header");
}

Status check_header(std::string_view header) {
  const Result<json::Value> value = json::parse(header, {.bytes_max = 4096, .depth_max = 8});
  if (!value.ok()) return not_es256(value.error().detail);
  const json::Object* const object = value->object();
  if (object == nullptr) return not_es256("not a JSON object");
  const json::Value* const algorithm = object->find("alg");
  if (algorithm == nullptr || algorithm->string() == nullptr || *algorithm->string() != "ES256") {
    return not_es256("\"alg\" is not \"ES256\"");
  }
  // RFC 7515 4.1.11: whoever does not understand a critical extension must refuse.
  if (object->find("crit") != nullptr) return not_es256("\"crit\" names extensions");
  return Ok{};
}

Result<Bytes> decode_part(std::string_view part, std::string_view name) {
  Result<Bytes> bytes = from_base64url(part);
  if (bytes.ok()) return bytes;
  return invalid("E-JWS-002", fmt::format("the {} is not base64url", name), std::string(name));
}

}  // namespace

std::string jws_signing_input(BytesView payload) {
  return fmt::format("{}.{}", base64url(bytes_of(es256_header)), base64url(payload));
}

std::string join_jws(std::string_view signing_input, BytesView signature) {
  return fmt::format("{}.{}", signing_input, base64url(signature));
}

Result<std::string> sign_jws(BytesView payload, const JwsSign& sign) {
  const std::string input = jws_signing_input(payload);
  SIEGEL_TRY(const Bytes signature, sign(bytes_of(input)));
  if (signature.size() != es256_signature_size) {
    return invalid("E-JWS-005",
                   fmt::format("a signature of {} bytes instead of {}", signature.size(),
                               es256_signature_size),
                   "signature");
  }
  return join_jws(input, signature);
}

Result<Jws> parse_jws(std::string_view text) {
  if (text.size() > jws_size_max) {
    return invalid("E-JWS-004",
                   fmt::format("a JWS of {} bytes, {} are allowed", text.size(), jws_size_max));
  }
  const std::size_t first = text.find('.');
  const std::size_t second = first == std::string_view::npos ? first : text.find('.', first + 1);
  if (second == std::string_view::npos || text.find('.', second + 1) != std::string_view::npos) {
    return invalid("E-JWS-001", "a JWS has three parts divided by two points");
  }
  Jws jws;
  jws.signing_input = text.substr(0, second);
  SIEGEL_TRY(const Bytes header, decode_part(text.substr(0, first), "header"));
  SIEGEL_TRY(jws.payload, decode_part(text.substr(first + 1, second - first - 1), "payload"));
  SIEGEL_TRY(jws.signature, decode_part(text.substr(second + 1), "signature"));
  jws.header = text_of(header);
  SIEGEL_TRY_OK(check_header(jws.header));
  if (jws.signature.size() != es256_signature_size) {
    return invalid("E-JWS-005",
                   fmt::format("a signature of {} bytes instead of {}", jws.signature.size(),
                               es256_signature_size),
                   "signature");
  }
  return jws;
}

bool verify_jws(const Jws& jws, const JwsCheck& check) {
  return check(bytes_of(jws.signing_input), jws.signature);
}

Result<std::string> sign_jws(BytesView payload, const crypto::PrivateKey& key) {
  SIEGEL_CHECK(key.curve() == crypto::Curve::p256);
  return sign_jws(payload, [&key](BytesView input) {
    return key.sign_ecdsa(crypto::HashAlgorithm::sha256, input);
  });
}

bool verify_jws(const Jws& jws, const crypto::PublicKey& key) {
  return key.curve() == crypto::Curve::p256 &&
         key.verify_ecdsa(crypto::HashAlgorithm::sha256, bytes_of(jws.signing_input),
                          jws.signature);
}

}  // namespace siegel::format
