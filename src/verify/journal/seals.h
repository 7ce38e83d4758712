#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "crypto/ec.h"
#include "crypto/tse_algorithm.h"
#include "model/entries.h"
#include "model/master.h"
#include "verify/qr/finish_log.h"
#include "verify/report.h"

// The signatures in a journal. Not part of the module's contract.

namespace siegel::verify::journal {

/// A TSE as the journal introduced it.
struct KnownTse {
  std::string serial;  ///< hex
  crypto::PublicKey key;
  crypto::SignatureAlgorithm algorithm;
  tse::TimeKind time = tse::TimeKind::unix;
};

/// What is signed of a plan.
struct SignedFacts {
  std::string client;
  std::string process_type;
  std::string process_data;
};

/// One signature of a finish to be checked.
struct SealJob {
  std::string place;
  std::uint64_t order = 0;
  std::size_t tse = 0;
  SignedFacts facts;
  std::uint64_t transaction = 0;
  std::uint64_t counter = 0;
  Instant end;
  Bytes signature;
};

/// One signature of an Austrian code to be checked.
struct CodeJob {
  std::string place;
  std::uint64_t order = 0;
  std::string signer;  ///< id
  Hash256 digest{};
  Bytes signature;
};

/// Collects jobs and checks them in groups on all cores. One thread.
class SealCheck {
 public:
  explicit SealCheck(Report& report) : m_report(report) {}

  /// Index of a TSE (JRN-0403, -0404 if it cannot be used). `place` is its entry.
  void add_tse(const TseInfo& info, std::string_view place);
  [[nodiscard]] std::optional<std::size_t> find_tse(std::string_view serial) const;
  [[nodiscard]] const std::vector<KnownTse>& tses() const { return m_tses; }

  void add(SealJob job);

  /// Key of a signature device (JRN-0806 if it cannot be used).
  void add_signer(const SignerInfo& info, std::string_view place);
  /// A code of a device without a key here is not counted: its entry was found wanting before.
  void add_code(CodeJob job);

  /// Checks what is left.
  void finish();

 private:
  void check_all();
  /// Calls `fits` for 0..count-1 on all cores.
  static void in_parallel(std::size_t count, const std::function<void(std::size_t)>& fits);

  Report& m_report;
  std::vector<KnownTse> m_tses;
  std::map<std::string, std::size_t, std::less<>> m_by_serial;
  std::vector<SealJob> m_jobs;
  std::map<std::string, crypto::PublicKey, std::less<>> m_signers;  // by id
  std::vector<CodeJob> m_codes;
};

}  // namespace siegel::verify::journal
