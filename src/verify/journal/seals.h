#pragma once

#include <cstdint>
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

/// Collects jobs and checks them in groups on all cores. One thread.
class SealCheck {
 public:
  explicit SealCheck(Report& report) : m_report(report) {}

  /// Index of a TSE (JRN-0403, -0404 if it cannot be used). `place` is its entry.
  void add_tse(const TseInfo& info, std::string_view place);
  [[nodiscard]] std::optional<std::size_t> find_tse(std::string_view serial) const;
  [[nodiscard]] const std::vector<KnownTse>& tses() const { return m_tses; }

  void add(SealJob job);
  /// Checks what is left.
  void finish();

 private:
  void check_all();

  Report& m_report;
  std::vector<KnownTse> m_tses;
  std::map<std::string, std::size_t, std::less<>> m_by_serial;
  std::vector<SealJob> m_jobs;
};

}  // namespace siegel::verify::journal
