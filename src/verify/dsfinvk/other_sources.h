#pragma once

#include <map>
#include <string>
#include <vector>

#include "verify/dsfinvk/closing_check.h"
#include "verify/dsfinvk/dsfinvk.h"

// What is compared with an export: logs of TSEs, journals, codes of receipts, the report to the tax
// office, the DFKA taxonomy. Not part of the module's contract.

namespace siegel::verify::dsfinvk {

/// From the first to the last message another source shows of a TSE.
struct Period {
  std::int64_t first_ms = 0;
  std::int64_t last_ms = 0;
};

class OtherSources {
 public:
  /// Borrowed for its life. Adds facts to `gathered`.
  OtherSources(const Options& options, TseNames& names, Gathered& gathered)
      : m_options(options), m_names(names), m_gathered(gathered) {}

  /// T024. Errors of tse::visit_logs and of the sources.
  Status read(Findings& findings);
  [[nodiscard]] bool given() const { return !m_options.logs.empty() || !m_options.others.empty(); }
  /// "TAR", or the name of the source.
  [[nodiscard]] std::string name() const;
  [[nodiscard]] const std::map<std::uint32_t, Period>& periods() const { return m_periods; }
  /// The rules that lacked an input.
  void tell_not_checked(Report& report) const;

 private:
  void add(std::uint32_t tse, std::uint64_t transaction, std::uint64_t counter, std::int64_t at,
           BytesView signature, std::uint16_t kind);
  void read_codes(Findings& findings);

  const Options& m_options;
  TseNames& m_names;
  Gathered& m_gathered;
  std::map<std::uint32_t, Period> m_periods;
};

/// R006 and R007. Errors E-VER-001, E-VER-013 (the file is not what it should be).
Status check_papers(const Options& options, const Closings& closings, const Gathered& gathered,
                    Findings& findings);

}  // namespace siegel::verify::dsfinvk
