#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"
#include "crypto/secret.h"
#include "device/device.h"

// The signature services of A-Trust: a.sign RK HSM online and its variant on premises, REST v2
// [docs/reference/signature-devices.md]. Only digests leave the house.

namespace siegel::device::atrust {

inline constexpr std::string_view online_url = "https://rksv.a-trust.at/asignrkonline/v2/";
inline constexpr std::string_view online_test_url =
    "https://hs-abnahme.a-trust.at/asignrkonline/v2/";

enum class Service {
  online,      ///< user and password; signs in sessions
  on_premise,  ///< an appliance in the own network; a key label, no password or HTTP Basic
};

struct Options {
  Service service = Service::online;
  std::string url = std::string(online_url);  ///< with or without a slash at the end
  std::string user;                           ///< "u123456789"; on premises the key label
  std::string basic_user;                     ///< on premises: HTTP Basic with the password
  /// DER, leaf first, as SignerInfo holds them: saves a question at the first signature. Empty: the
  /// service is asked.
  std::vector<Bytes> certificates;
  std::chrono::milliseconds connect_timeout{2'000};
  std::chrono::milliseconds total_timeout{5'000};  ///< of one request
  /// PEM file of the authorities trusted instead of the system's.
  std::filesystem::path ca_file;
  std::string proxy;
  /// On premises: http without TLS to other machines than this one. Anyone in that network can then
  /// read the digests, use the key, and see the password of HTTP Basic.
  bool plain_http = false;
};

/// A Signer of A-Trust. A session is opened at the first signature and used until it ends: after
/// 55 minutes without use, when the day ends in Vienna, or when the service says so (401), in which
/// case a new one is opened once. Each signature is verified before it is given out, and asked for
/// once more if it does not verify.
///
/// Errors: E-SIG-101 (not reachable), -102 `unknown` (no whole answer in time), -103 (no valid
/// signature, twice), -104 (the service failed; place is "HTTP 500"), -105 (the answer is not what
/// the service answers: a login page, a proxy), -106 (the service has another key than expected),
/// -107 (no such key), -108 (the certificate cannot be read), -201 (user or password is wrong; not
/// tried again by this object), -204 (the account is blocked or missing; likewise), -301.
class AtrustSigner final : public Signer {
 public:
  /// Touches nothing but its arguments. `clock` outlives it. `password` is empty on premises
  /// without HTTP Basic. Error E-SIG-302: an option is missing or malformed.
  static Result<std::unique_ptr<AtrustSigner>> create(Options options, crypto::SecretBytes password,
                                                      const Clock& clock);
  /// create(), then asks for the certificate and the provider. For set-up.
  static Result<std::unique_ptr<AtrustSigner>> open(Options options, crypto::SecretBytes password,
                                                    const Clock& clock);
  ~AtrustSigner() override;

  Result<SignerIdentity> identity() override;
  Result<std::vector<Bytes>> certificates() override;
  Result<Bytes> sign_digest(BytesView digest) override;
  /// Field 1 of the code: "AT1". Asked once.
  Result<std::string> zda();
  /// Online only: the leaf certificates of this user so far, as the service orders them, DER.
  /// Error E-SIG-302 on premises.
  Result<std::vector<Bytes>> past_certificates();

 private:
  struct State;
  explicit AtrustSigner(std::unique_ptr<State> state);
  std::unique_ptr<State> m_state;
};

}  // namespace siegel::device::atrust
