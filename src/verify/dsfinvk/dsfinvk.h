#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/x509.h"
#include "verify/report.h"
#include "verify/strip.h"
#include "verify/tse/logs.h"

// Exports in the form of DSFinV-K 2.0 to 2.4, of anyone.

namespace siegel::verify::dsfinvk {

/// A finished transaction as another source than the export knows it.
struct OtherTransaction {
  std::string_view serial;  ///< of the TSE, 64 hexadecimal digits in lower case
  std::uint64_t transaction = 0;
  std::uint64_t counter = 0;
  Instant end;
  BytesView signature;  ///< r||s
};
/// A source beside the export, a journal for instance: shows all its finished transactions.
struct OtherSource {
  std::string name;
  std::function<Status(const std::function<void(const OtherTransaction&)>& each)> visit;
};

struct Options {
  std::vector<tse::Input> logs;  ///< exports of the TSEs (R001 to R004, T024)
  std::vector<OtherSource> others;
  std::vector<std::string> codes;                 ///< texts of QR codes (R005, T028)
  std::filesystem::path registration;             ///< XML of the report by AO 146a(4) (R006)
  std::vector<std::filesystem::path> taxonomies;  ///< DFKA JSON, one a closing (R007)
  std::vector<crypto::Certificate> trust_anchors;
  std::vector<crypto::Crl> crls;
  unsigned threads = 0;  ///< 0: one a core
  Progress progress;     ///< bytes of all files
  /// Text of a closing above which it is taken in parts.
  std::size_t part_bytes_max = std::size_t{64} << 20;
};

struct Outcome {
  Report report;
  std::vector<Strip> strips;
  std::uint64_t closings = 0;
  std::uint64_t receipts = 0;
  std::uint64_t rows = 0;
};

/// A file of an export that lies in memory.
struct MemoryFile {
  std::string_view name;
  BytesView content;
};

/// The folder holds an index.xml or cashpointclosing.csv, or the file is a ZIP archive.
[[nodiscard]] bool looks_like_export(const std::filesystem::path& path);

/// Checks a folder or ZIP archive by the 246 rules of docs/reference/verify-rules.md. Every finding
/// is told; what cannot be checked without further input is told too.
///
/// Memory does not grow with the export: a closing is held whole up to 64 MiB of text, a larger one
/// is taken in parts; what is compared across closings lies in sorted temporary files (at most 600
/// bytes a receipt). Rows that do not stand in the order of cashpointclosing.csv are sorted first
/// (a temporary copy of that file). Blocks; uses `threads` threads of its own and the calling one.
/// Nothing is written but unlinked temporary files.
/// Errors: E-VER-001 (not found or unreadable), E-VER-004 (no room for temporary files), E-VER-010
/// (not a readable ZIP archive), E-VER-011 (an archive that breaks off), E-VER-012 (neither
/// index.xml nor one of the 20 files), and those of tse::visit_logs.
[[nodiscard]] Result<Outcome> verify_export(const std::filesystem::path& path,
                                            const Options& options);
/// The same for files in memory, which outlive the call.
[[nodiscard]] Result<Outcome> verify_files(std::span<const MemoryFile> files,
                                           const Options& options);

}  // namespace siegel::verify::dsfinvk
