#pragma once

#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "crypto/ec.h"
#include "crypto/x509.h"
#include "crypto/x509_chain.h"
#include "verify/report.h"
#include "verify/tse/logs.h"

// The certificates of exports and their chains. Not part of the module's contract.

namespace siegel::verify::tse {

/// When a key may sign: all certificates of its chain are valid.
struct Validity {
  Instant from;
  Instant until;
};

class KeyRing {
 public:
  static constexpr std::size_t certificates_max = 1000;

  struct Key {
    Hash256 serial{};  ///< SHA-256 of the point
    crypto::PublicKey key;
    std::size_t certificate;  ///< index into the certificates
  };

  /// A certificate file of an export (TSE-0301, -0302, -0313). `order` ranks the findings.
  void add_file(std::string_view name, std::string_view place, BytesView content, Report& report,
                std::uint64_t order);
  /// A certificate given by the user.
  void add(const crypto::Certificate& certificate);

  /// Null if no certificate holds the key of this serial number. Valid until the next add.
  [[nodiscard]] const Key* find(BytesView serial) const;
  [[nodiscard]] bool empty() const { return m_certificates.empty(); }

  /// Checks the chain of a key that signed messages, the last of them at `last` (TSE-0305 to
  /// -0317); the place of the findings begins with `place`. When the chain was valid: for the rule
  /// of each message.
  Validity check_chain_of(const Key& key, Instant last, const Options& options,
                          std::string_view place, Report& report) const;

 private:
  void insert(const crypto::Certificate& certificate, const crypto::PublicKey& key);

  std::vector<crypto::Certificate> m_certificates;
  std::vector<Key> m_keys;  // sorted by serial
};

}  // namespace siegel::verify::tse
