#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/stream.h"
#include "base/time.h"
#include "crypto/x509.h"
#include "verify/report.h"
#include "verify/rksv/official.h"

namespace siegel::verify::rksv {

/// Where bytes come from: a file, or bytes that outlive the call (if `path` is empty).
struct Input {
  std::filesystem::path path = {};
  BytesView bytes = {};
};

struct Options {
  /// Upper bound of the receipts' times.
  Instant now;
  /// Receipts after `now` are accepted (the official tool's `-f`).
  bool accept_future = false;
  /// Certificates that are believed. If there are any, a chain in the DEP that does not reach one
  /// of them is a finding.
  std::vector<crypto::Certificate> trust_anchors = {};
  /// Threads that check signatures; 0: as many as the machine has.
  unsigned threads = 0;
  /// Keep what the official tool says of each receipt (12 bytes of memory a receipt).
  bool keep_official_receipts = true;
  /// Bytes of the DEP.
  Progress progress = {};
};

/// What was found, by our rules and by those of the official tool.
struct Outcome {
  Report report;
  Official official;

  /// The document of docs/reference/verify-rules.md with the member `official`, written piece by
  /// piece. Errors of the sink.
  [[nodiscard]] Status write_json(Sink& to) const;
};

/// Checks an export of a data capture log (DEP) [RKSV Anlage Z 3 to 6] with the keys of a container
/// (the official tool's "cryptographic material container"); docs/formats/rksv-dep.md says what is
/// read. The DEP is streamed: memory is at most 32 bytes a receipt, whatever the input says.
/// Whatever is wrong with DEP or container is a finding. Places are "receipt 3, Belegnummer 17".
/// Errors: E-VER-001 (a file cannot be read).
[[nodiscard]] Result<Outcome> verify_dep(const Input& dep, const Input& container,
                                         const Options& options);

/// Checks machine-readable codes one by one: the text of a QR code, of an OCR line (fields 10, 12
/// and 13 in base32), or a compact JWS. Nothing is known of what came before and after, so order,
/// counter and chain are not judged. Places are "code 1, Belegnummer 17". Errors as verify_dep().
[[nodiscard]] Result<Outcome> verify_codes(std::span<const std::string> codes,
                                           const Input& container, const Options& options);

/// The same for a JSON list of codes (`["_R1-AT1_...", ...]`), streamed.
[[nodiscard]] Result<Outcome> verify_code_list(const Input& list, const Input& container,
                                               const Options& options);

/// The same for the codes in a picture (PNG). A picture without a code of RKSV is a finding
/// (RKS-0115). Errors E-PNG-001, E-PNG-002, E-QRC-002 besides.
[[nodiscard]] Result<Outcome> verify_picture(BytesView png, const Input& container,
                                             const Options& options);

/// What the beginning of a file looks like (about 4 KiB are enough).
enum class Shape {
  dep,        ///< a JSON object: perhaps a DEP
  code_list,  ///< a JSON list
  codes,      ///< codes as text, one a line
  none,
};
[[nodiscard]] Shape shape_of(std::string_view head);
/// `text` looks like a single code: QR, OCR or JWS.
[[nodiscard]] bool is_code(std::string_view text);

}  // namespace siegel::verify::rksv
