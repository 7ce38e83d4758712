#pragma once

#include <memory>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/curve.h"
#include "crypto/hash.h"
#include "crypto/secret.h"

namespace siegel::crypto {

namespace detail {
struct EcAccess;
}

/// A public key: a point of a supported curve, checked when it is made (on the curve, not the point
/// at infinity; all these curves have cofactor 1). A value; its const functions may be called from
/// several threads at once, so one decoded key serves a whole archive.
class PublicKey {
 public:
  /// `04||X||Y`. The curve follows from the length and from whose equation holds. Error E-CRY-001:
  /// wrong length, not uncompressed, or on none of the curves.
  static Result<PublicKey> from_point(BytesView uncompressed);
  /// As above, but only that curve.
  static Result<PublicKey> from_point(Curve curve, BytesView uncompressed);
  /// DER SubjectPublicKeyInfo [RFC 5480] with a named curve and an uncompressed point, nothing
  /// behind it. Errors E-CRY-002 (another form or curve), E-CRY-001.
  static Result<PublicKey> from_spki(BytesView der);

  PublicKey(const PublicKey& other);
  PublicKey& operator=(const PublicKey& other);
  PublicKey(PublicKey&&) noexcept;
  PublicKey& operator=(PublicKey&&) noexcept;
  ~PublicKey();

  [[nodiscard]] Curve curve() const;
  /// `04||X||Y`, valid as long as this key.
  [[nodiscard]] const Bytes& point() const;
  [[nodiscard]] Bytes spki_der() const;
  /// SHA-256 of point(): the serial number of a TSE whose log key this is [TR-03153-1].
  [[nodiscard]] Hash256 point_hash() const;

  /// ECDSA [TR-03111 4.2.1]: the hash is cut to the bits of the group order if it is longer.
  /// `plain_signature` is r||s of exactly signature_bytes(curve()); any other length, r or s out
  /// of 1..n-1, or a wrong signature is `false`.
  [[nodiscard]] bool verify_ecdsa(HashAlgorithm hash, BytesView message,
                                  BytesView plain_signature) const;
  /// The same over a digest already made.
  [[nodiscard]] bool verify_ecdsa_digest(BytesView digest, BytesView plain_signature) const;
  /// EC-Schnorr [TR-03111 4.2.3]: r is a hash cut to the bits of the order, 0 < r < 2^bits, not
  /// reduced; 0 < s < n; r = H(x_Q||y_Q||message) for Q = sG - rP.
  [[nodiscard]] bool verify_ecsdsa(HashAlgorithm hash, BytesView message,
                                   BytesView plain_signature) const;

  friend bool operator==(const PublicKey& a, const PublicKey& b) {
    return a.curve() == b.curve() && a.point() == b.point();
  }

 private:
  friend class PrivateKey;
  friend struct detail::EcAccess;
  struct Impl;
  explicit PublicKey(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> m_impl;
};

/// A private key in memory, wiped when it dies. Const functions may be called from several threads
/// at once. Nonces come from OpenSSL's generator (docs/decisions/0003-openssl.md).
class PrivateKey {
 public:
  /// A new key from OpenSSL's generator. Error E-CRY-008 (the generator does not work).
  static Result<PrivateKey> generate(Curve curve);
  /// PKCS#8 DER [RFC 5208, RFC 5915], unencrypted, a supported curve. The public key is computed
  /// from the private number, whatever the file says of it. Error E-CRY-003.
  static Result<PrivateKey> from_pkcs8(const SecretBytes& der);

  PrivateKey(PrivateKey&&) noexcept;
  PrivateKey& operator=(PrivateKey&&) noexcept;
  PrivateKey(const PrivateKey&) = delete;
  PrivateKey& operator=(const PrivateKey&) = delete;
  ~PrivateKey();

  /// Readable by from_pkcs8() and by other programs.
  [[nodiscard]] SecretBytes pkcs8() const;
  [[nodiscard]] const PublicKey& public_key() const;
  [[nodiscard]] Curve curve() const { return public_key().curve(); }

  /// Plain r||s of signature_bytes(curve()). Error E-CRY-008.
  [[nodiscard]] Result<Bytes> sign_ecdsa(HashAlgorithm hash, BytesView message) const;
  /// The same over a digest already made; a digest longer than the order is cut.
  [[nodiscard]] Result<Bytes> sign_ecdsa_digest(BytesView digest) const;

 private:
  friend struct detail::EcAccess;
  struct Impl;
  explicit PrivateKey(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> m_impl;
};

/// DER `SEQUENCE { INTEGER r, INTEGER s }` from plain r||s and back. Strict: minimal encoding,
/// r and s neither negative nor longer than the order, nothing behind.
/// Errors E-CRY-004 (not such DER), E-CRY-005 (the plain form has another length).
[[nodiscard]] Result<Bytes> plain_from_der(Curve curve, BytesView der);
[[nodiscard]] Result<Bytes> der_from_plain(Curve curve, BytesView plain);

}  // namespace siegel::crypto
