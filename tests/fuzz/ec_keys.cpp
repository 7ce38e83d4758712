// Keys, signatures and names of algorithms from strangers.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "crypto/ec.h"
#include "crypto/tse_algorithm.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace siegel::crypto;
  const auto bytes = std::as_bytes(std::span(data, size));
  for (const auto curve : all_curves) {
    if (const auto plain = plain_from_der(curve, bytes); plain.ok()) {
      // Strict: one signature has one encoding.
      const auto der = der_from_plain(curve, *plain);
      SIEGEL_CHECK(der.ok() && std::ranges::equal(*der, bytes));
    }
  }
  if (const auto key = PublicKey::from_spki(bytes); key.ok()) {
    SIEGEL_CHECK(std::ranges::equal(key->spki_der(), bytes));
  }
  if (const auto key = PublicKey::from_point(bytes); key.ok()) {
    SIEGEL_CHECK(std::ranges::equal(key->point(), bytes));
    SIEGEL_CHECK(!key->verify_ecdsa(HashAlgorithm::sha256, bytes,
                                    siegel::Bytes(signature_bytes(key->curve()))));
  }
  if (const auto key = PrivateKey::from_pkcs8(SecretBytes::copy_of(bytes)); key.ok()) {
    const auto again = PrivateKey::from_pkcs8(key->pkcs8());
    SIEGEL_CHECK(again.ok() && again->public_key() == key->public_key());
  }
  if (const auto algorithm = signature_algorithm_from_oid(bytes); algorithm.ok()) {
    SIEGEL_CHECK(std::ranges::equal(oid_of(*algorithm), bytes));
  }
  static_cast<void>(signature_algorithm_from_name(siegel::text_of(bytes)));
  return 0;
}
