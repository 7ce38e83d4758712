#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/ec.h"

namespace siegel::format {

/// A compact JWS (RFC 7515) as Austria's RKSV uses it: header `{"alg":"ES256"}`, payload,
/// signature.
struct Jws {
  std::string signing_input;  ///< `header.payload` in base64url, as it stands: what was signed
  std::string header;         ///< decoded JSON
  Bytes payload;              ///< decoded
  Bytes signature;            ///< r || s, 64 bytes for ES256
};

/// Signs the bytes with ES256 and returns r || s (64 bytes). Errors pass through.
using JwsSign = std::function<Result<Bytes>(BytesView signing_input)>;
/// True if the signature r || s over the bytes is good (ES256).
using JwsCheck = std::function<bool(BytesView signing_input, BytesView signature)>;

inline constexpr std::size_t jws_size_max = std::size_t{1} << 20;

/// Header `{"alg":"ES256"}`, byte for byte.
[[nodiscard]] Result<std::string> sign_jws(BytesView payload, const JwsSign& sign);
/// The same with a key of P-256 (checked). Errors of crypto::PrivateKey::sign_ecdsa.
[[nodiscard]] Result<std::string> sign_jws(BytesView payload, const crypto::PrivateKey& key);
/// `header.payload` that sign_jws signs; for devices that sign elsewhere.
[[nodiscard]] std::string jws_signing_input(BytesView payload);
/// The text with a signature (r || s) put to its signing input.
[[nodiscard]] std::string join_jws(std::string_view signing_input, BytesView signature);

/// Exactly three parts in strict base64url. E-JWS-001 not three parts, E-JWS-002 a part is not
/// base64url, E-JWS-003 the header is not a JSON object with "alg":"ES256" and without "crit",
/// E-JWS-004 longer than jws_size_max, E-JWS-005 signature is not 64 bytes.
[[nodiscard]] Result<Jws> parse_jws(std::string_view text);
/// True if the signature is good over the text's own bytes.
[[nodiscard]] bool verify_jws(const Jws& jws, const JwsCheck& check);
/// The same with a key; false for a key of another curve than P-256.
[[nodiscard]] bool verify_jws(const Jws& jws, const crypto::PublicKey& key);

}  // namespace siegel::format
