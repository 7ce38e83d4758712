#include "crypto/tse_algorithm.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "base/check.h"

namespace siegel::crypto {
namespace {

using namespace std::literals;

// 0.4.0.127.0.7.1.1.4: bsi-de algorithms id-ecc signatures [TR-03111 5.2.1]; then 1 for plain ECDSA
// or 4 for ECSDSA, then the hash.
constexpr std::string_view arc = "\x04\x00\x7F\x00\x07\x01\x01\x04"sv;
constexpr unsigned ecdsa_arc = 1;
constexpr unsigned ecsdsa_arc = 4;
// ECDSA counts SHA-1 as 1, SHA-2 from 2, RIPEMD-160 as 6, SHA-3 from 8; ECSDSA counts from 1.
constexpr std::array ecdsa_numbers = {2U, 3U, 4U, 5U, 8U, 9U, 10U, 11U};
constexpr unsigned ecdsa_sha1 = 1;
constexpr unsigned ecdsa_ripemd160 = 6;

constexpr std::array hashes = {HashAlgorithm::sha224,   HashAlgorithm::sha256,
                               HashAlgorithm::sha384,   HashAlgorithm::sha512,
                               HashAlgorithm::sha3_224, HashAlgorithm::sha3_256,
                               HashAlgorithm::sha3_384, HashAlgorithm::sha3_512};

unsigned last_number(SignatureAlgorithm algorithm) {
  const auto index = static_cast<std::size_t>(algorithm.hash);
  switch (algorithm.scheme) {
    case SignatureScheme::ecdsa:
      return ecdsa_numbers.at(index);
    case SignatureScheme::ecsdsa:
      return static_cast<unsigned>(index) + 1;
  }
  SIEGEL_CHECK(false);
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

Error forbidden(std::string_view what) {
  return invalid("E-CRY-015",
                 fmt::format("signatures with {} are not accepted: the hash is too weak", what));
}

std::optional<SignatureAlgorithm> find(auto&& matches) {
  for (const auto scheme : {SignatureScheme::ecdsa, SignatureScheme::ecsdsa}) {
    for (const auto hash : hashes) {
      const SignatureAlgorithm algorithm{scheme, hash};
      if (matches(algorithm)) return algorithm;
    }
  }
  return std::nullopt;
}

}  // namespace

Result<SignatureAlgorithm> signature_algorithm_from_oid(BytesView oid_content) {
  const auto found = find([&](SignatureAlgorithm algorithm) {
    return std::ranges::equal(oid_of(algorithm), oid_content);
  });
  if (found) return *found;
  if (oid_content.size() == arc.size() + 2 && text_of(oid_content).starts_with(arc) &&
      oid_content[arc.size()] == std::byte{ecdsa_arc}) {
    const auto number = std::to_integer<unsigned>(oid_content.back());
    if (number == ecdsa_sha1) return forbidden("ecdsa-plain-SHA1");
    if (number == ecdsa_ripemd160) return forbidden("ecdsa-plain-RIPEMD160");
  }
  return invalid(
      "E-CRY-014",
      fmt::format("object identifier {} is not a signature algorithm of a TSE",
                  hex(oid_content.first(std::min<std::size_t>(oid_content.size(), 32)))));
}

Bytes oid_of(SignatureAlgorithm algorithm) {
  Bytes oid = to_bytes(arc);
  oid.push_back(algorithm.scheme == SignatureScheme::ecdsa ? std::byte{ecdsa_arc}
                                                           : std::byte{ecsdsa_arc});
  oid.push_back(static_cast<std::byte>(last_number(algorithm)));
  return oid;
}

Result<SignatureAlgorithm> signature_algorithm_from_name(std::string_view name) {
  constexpr std::size_t name_bytes_max = 64;
  const std::string wanted = lower(name.substr(0, name_bytes_max));
  const auto found =
      find([&](SignatureAlgorithm algorithm) { return lower(name_of(algorithm)) == wanted; });
  if (found) return *found;
  if (wanted == "ecdsa-plain-sha1" || wanted == "ecdsa-plain-ripemd160") return forbidden(wanted);
  return invalid("E-CRY-014", fmt::format("'{}' is not the name of a signature algorithm of a TSE",
                                          name.substr(0, name_bytes_max)));
}

std::string name_of(SignatureAlgorithm algorithm) {
  return fmt::format("{}-plain-{}", algorithm.scheme == SignatureScheme::ecdsa ? "ecdsa" : "ecsdsa",
                     hash_name(algorithm.hash));
}

AlgorithmPolicy policy(SignatureAlgorithm algorithm) {
  return digest_bytes(algorithm.hash) < 32 ? AlgorithmPolicy::weak : AlgorithmPolicy::allowed;
}

bool verify(const PublicKey& key, SignatureAlgorithm algorithm, BytesView message,
            BytesView plain_signature) {
  switch (algorithm.scheme) {
    case SignatureScheme::ecdsa:
      return key.verify_ecdsa(algorithm.hash, message, plain_signature);
    case SignatureScheme::ecsdsa:
      return key.verify_ecsdsa(algorithm.hash, message, plain_signature);
  }
  SIEGEL_CHECK(false);
}

}  // namespace siegel::crypto
