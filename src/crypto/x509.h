#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"
#include "crypto/ec.h"

namespace siegel::crypto {

namespace detail {
struct X509Access;
}

/// Largest certificate or list read, in bytes; most certificates of one file.
inline constexpr std::size_t certificate_bytes_max = 64 * 1024;
inline constexpr std::size_t crl_bytes_max = 16 * 1024 * 1024;
inline constexpr std::size_t certificates_max = 64;

/// The purposes a certificate allows [RFC 5280 4.2.1.3].
struct KeyUsage {
  bool digital_signature = false;
  bool content_commitment = false;
  bool key_cert_sign = false;
  bool crl_sign = false;

  friend bool operator==(const KeyUsage&, const KeyUsage&) = default;
};

/// An X.509 certificate, kept with the bytes it came from. Reading one says nothing of its being
/// valid: see check_chain(). Odd serial numbers and unknown keys are accepted here and reported
/// there. A value; const functions may be called from several threads at once.
class Certificate {
 public:
  /// DER or PEM, told apart by content; exactly one. Error E-CRY-010.
  static Result<Certificate> parse(BytesView der_or_pem);
  /// One DER certificate, or all of a PEM file in its order (other PEM blocks are passed over).
  /// At least one, at most certificates_max. Error E-CRY-010.
  static Result<std::vector<Certificate>> parse_all(BytesView der_or_pem);

  Certificate(const Certificate& other);
  Certificate& operator=(const Certificate& other);
  Certificate(Certificate&&) noexcept;
  Certificate& operator=(Certificate&&) noexcept;
  ~Certificate();

  [[nodiscard]] const Bytes& der() const;
  [[nodiscard]] std::string pem() const;
  /// SHA-256 of der().
  [[nodiscard]] Hash256 fingerprint() const;

  /// Most recent common name (2.5.4.3) and serialNumber attribute (2.5.4.5) of the subject, UTF-8;
  /// the serial number of a TSE stands in the one or the other.
  [[nodiscard]] std::optional<std::string> subject_common_name() const;
  [[nodiscard]] std::optional<std::string> subject_serial_number() const;
  /// `C=DE, O=..., CN=...` [RFC 2253 escapes, in the order of the certificate].
  [[nodiscard]] std::string subject_text() const;
  [[nodiscard]] std::string issuer_text() const;
  /// DER of the names, for comparison.
  [[nodiscard]] Bytes subject_der() const;
  [[nodiscard]] Bytes issuer_der() const;

  /// The certificate's own number in upper-case hex, with `-` in front if negative; `0` for zero.
  [[nodiscard]] std::string serial_hex() const;
  [[nodiscard]] bool serial_is_positive() const;
  /// Years before 1970 read as 1970-01-01.
  [[nodiscard]] Instant not_before() const;
  [[nodiscard]] Instant not_after() const;

  /// Error E-CRY-012: not an elliptic curve key, another curve, or a bad point.
  [[nodiscard]] Result<PublicKey> public_key() const;
  /// Nothing if the extension is absent: every usage is then allowed.
  [[nodiscard]] std::optional<KeyUsage> key_usage() const;
  /// basicConstraints says CA.
  [[nodiscard]] bool is_ca() const;
  /// The most CA certificates that may follow below, if limited.
  [[nodiscard]] std::optional<std::uint64_t> path_length() const;
  [[nodiscard]] std::optional<Bytes> subject_key_id() const;
  [[nodiscard]] std::optional<Bytes> authority_key_id() const;
  /// DER inside the extension of this number ("1.2.40.0.10.1.11.1"), the first if it is there
  /// twice; nothing if it is absent. `dotted_oid` is one of our constants (checked).
  [[nodiscard]] std::optional<Bytes> extension(const std::string& dotted_oid) const;
  /// `ecdsa-with-SHA384`, or the dotted number if it has no name.
  [[nodiscard]] std::string signature_algorithm() const;

  /// Subject and issuer are the same name and the signature verifies with its own key.
  [[nodiscard]] bool is_self_signed() const;
  /// The signature verifies with the key of `issuer`. Names and usages are not looked at.
  [[nodiscard]] bool is_signed_by(const Certificate& issuer) const;

  friend bool operator==(const Certificate& a, const Certificate& b) { return a.der() == b.der(); }

 private:
  friend struct detail::X509Access;
  struct Impl;
  explicit Certificate(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> m_impl;
};

/// One line of a revocation list.
struct Revocation {
  Instant at;
  /// CRLReason [RFC 5280 5.3.1] if given.
  std::optional<int> reason;
  /// DER value of the entry extension RevocationDetails (0.4.0.127.0.7.3.10.1.1.1) [TR-03145-5],
  /// if given.
  std::optional<Bytes> details;
};

/// A certificate revocation list.
class Crl {
 public:
  /// DER or PEM, told apart by content; exactly one. Error E-CRY-011.
  static Result<Crl> parse(BytesView der_or_pem);

  Crl(const Crl& other);
  Crl& operator=(const Crl& other);
  Crl(Crl&&) noexcept;
  Crl& operator=(Crl&&) noexcept;
  ~Crl();

  [[nodiscard]] const Bytes& der() const;
  [[nodiscard]] std::string issuer_text() const;
  [[nodiscard]] Bytes issuer_der() const;
  [[nodiscard]] Instant this_update() const;
  [[nodiscard]] std::optional<Instant> next_update() const;
  [[nodiscard]] std::size_t entries() const;
  /// The entry of this certificate's serial number, if there is one. Whether the list is of its
  /// issuer is for the caller to see.
  [[nodiscard]] std::optional<Revocation> find(const Certificate& certificate) const;
  [[nodiscard]] bool is_signed_by(const Certificate& issuer) const;

 private:
  friend struct detail::X509Access;
  struct Impl;
  explicit Crl(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> m_impl;
};

}  // namespace siegel::crypto
