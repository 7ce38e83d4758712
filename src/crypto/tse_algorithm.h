#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/ec.h"
#include "crypto/hash.h"

namespace siegel::crypto {

/// How a TSE makes its signature value.
enum class SignatureScheme { ecdsa, ecsdsa };

/// What policy says of an algorithm for log signatures [TR-03116-5].
enum class AlgorithmPolicy {
  allowed,
  weak,  ///< SHA-224 and SHA3-224: can be checked, but less than the 256 bits asked for.
};

/// A signature algorithm of [TR-03111 5.2.1]: plain ECDSA or EC-Schnorr with one of eight hashes.
struct SignatureAlgorithm {
  SignatureScheme scheme = SignatureScheme::ecdsa;
  HashAlgorithm hash = HashAlgorithm::sha256;

  friend bool operator==(const SignatureAlgorithm&, const SignatureAlgorithm&) = default;
};

/// From the content of an object identifier (ten bytes, without tag and length).
/// Errors: E-CRY-014 (none of these algorithms), E-CRY-015 (SHA-1 or RIPEMD-160, never accepted).
[[nodiscard]] Result<SignatureAlgorithm> signature_algorithm_from_oid(BytesView oid_content);
/// Content of the object identifier, ten bytes.
[[nodiscard]] Bytes oid_of(SignatureAlgorithm algorithm);

/// From a name as printed in QR codes and DSFinV-K, `ecdsa-plain-SHA256`, `ecsdsa-plain-SHA3-384`;
/// upper and lower case are the same. Errors E-CRY-014, E-CRY-015.
[[nodiscard]] Result<SignatureAlgorithm> signature_algorithm_from_name(std::string_view name);
[[nodiscard]] std::string name_of(SignatureAlgorithm algorithm);

[[nodiscard]] AlgorithmPolicy policy(SignatureAlgorithm algorithm);

/// `key.verify_ecdsa` or `key.verify_ecsdsa`, as the algorithm says.
[[nodiscard]] bool verify(const PublicKey& key, SignatureAlgorithm algorithm, BytesView message,
                          BytesView plain_signature);

}  // namespace siegel::crypto
