#pragma once

#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/x509.h"
#include "verify/report.h"
#include "verify/tse/message.h"

// Exports of a TSE: a TAR archive, a folder with its files, or a single message.

namespace siegel::verify::tse {

/// One export. Either `path` (a TAR file, a folder, one .log file; a pipe is copied to an unlinked
/// temporary file) or, if that is empty, `bytes` of a TAR archive, which outlive the call.
struct Input {
  std::filesystem::path path;
  BytesView bytes;
};

struct Options {
  /// Roots (or CAs) the user believes; without any, the origin is not proven (TSE-0312).
  std::vector<crypto::Certificate> trust_anchors;
  std::vector<crypto::Crl> crls;
  /// Certificates from elsewhere, for exports that lack theirs.
  std::vector<crypto::Certificate> certificates;
  unsigned threads = 0;  ///< for hashes and signatures; 0: one a core
  Progress progress;     ///< bytes read of all inputs
};

/// Checks exports by every rule TSE-xxxx: each message, the certificates, and what the messages say
/// together. Several inputs are taken as parts of one story: counters must go on from one to the
/// next, transactions may begin in one and end in another.
///
/// Keeps at most 64 bytes a message (a folder: its file names besides), reads each archive twice
/// and never opens a path named inside of it. Blocks; uses `threads` threads of its own.
/// Errors: E-VER-001 (not found or unreadable), E-VER-002 (neither TAR nor log message),
/// E-VER-003 (compressed: unpack first), E-VER-004 (no room for a temporary copy). A TAR that
/// breaks off later is no error but a finding (TSE-0101).
[[nodiscard]] Result<Report> verify_logs(std::span<const Input> inputs, const Options& options);

/// A message with the name of its file.
struct LogFile {
  std::string_view name;
  const Message& message;
  BytesView bytes;
};
/// Shows every readable log message of an export, in the order of the archive, without checking
/// signatures; what cannot be read is passed over. `visit` returns false to end. Errors as above.
[[nodiscard]] Status visit_logs(const Input& input,
                                const std::function<bool(const LogFile& file)>& visit);

}  // namespace siegel::verify::tse
