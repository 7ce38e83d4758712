#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "base/stream.h"
#include "model/master.h"

namespace siegel::country::at {

/// Writes the export of the data capture log [RKSV Anlage Z 3 to 6], docs/formats/rksv-dep.md, as
/// canonical JSON: the same receipts give the same bytes. A group ends where another certificate
/// begins; a receipt that no device signed stands in the group of the one that should have. Memory
/// does not grow with the number of receipts. One thread. The sink outlives the writer.
class Dep7Writer {
 public:
  explicit Dep7Writer(Sink& sink) : m_sink(sink) {}

  /// The next receipt in the order of the chain: Seal::code_payload and Seal::signature (empty: an
  /// outage) and the device of the seal. Errors of the sink; after one the export is worthless.
  [[nodiscard]] Status add(const SignerInfo& signer, std::string_view payload, BytesView signature);
  /// Ends the document. Without it the bytes are no JSON.
  [[nodiscard]] Status finish();

 private:
  [[nodiscard]] Status flush();
  void begin_group(const SignerInfo& signer);
  void end_group();

  Sink& m_sink;
  std::string m_buffer;
  std::string m_identity;      // of the device of the open group
  std::string m_end_of_group;  // its certificates
  bool m_in_group = false;
  bool m_has_groups = false;
};

}  // namespace siegel::country::at
