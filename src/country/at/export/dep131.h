#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/stream.h"
#include "format/csv.h"
#include "model/plan.h"

namespace siegel::country::at {

enum class Dep131Form {
  json_lines,  ///< one receipt a line, plan and seal as the journal keeps them
  csv,         ///< rows BELEG, POSITION, ZAHLUNG and STEUER, ';' between fields
};

/// A receipt as the journal keeps it. Everything outlives the call it is given to.
struct Recorded {
  std::uint64_t plan_sequence = 0;
  std::uint64_t seal_sequence = 0;
  std::string_view plan_json;
  std::string_view seal_json;
  const Plan& plan;
  const Seal& seal;
};

/// Writes the log with goods and payments [BAO 131 (1), 131b; RKSV 7 (1)],
/// docs/formats/rksv-dep.md. Streams; the same receipts give the same bytes. One thread. The sink
/// outlives the writer.
class Dep131Writer {
 public:
  Dep131Writer(Sink& sink, Dep131Form form);
  /// Errors of the sink.
  [[nodiscard]] Status add(const Recorded& receipt);
  [[nodiscard]] Status finish();

 private:
  [[nodiscard]] Status head();  // of the table, once
  [[nodiscard]] Status add_line(const Recorded& receipt);
  [[nodiscard]] Status add_rows(const Recorded& receipt);

  Sink& m_sink;
  Dep131Form m_form;
  format::CsvWriter m_csv;
  std::string m_buffer;
  bool m_has_heading = false;
};

}  // namespace siegel::country::at
