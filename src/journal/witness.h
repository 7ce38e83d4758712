#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "journal/journal.h"

// The end of a chain cannot show that it is missing. A witness is its head, left outside: in a file
// on another path (another disk, a stick, a share). docs/formats/witness.md.

namespace siegel::journal {

/// Who moved a witness last: of two copies of a data folder only one knows the mark.
struct WitnessOwner {
  std::string mark;    ///< 32 hex digits, new with every opening for writing
  std::string folder;  ///< for people: where that copy lies
  std::string host;    ///< and on which machine
  Instant since;
  friend bool operator==(const WitnessOwner&, const WitnessOwner&) = default;
};

struct Witness {
  Hash256 journal{};  ///< hash of entry 1: which journal this is about
  Head head;
  /// Numbers that must never fall either, by name, e.g. "outage:<serial>".
  std::map<std::string, std::uint64_t> counters;
  std::optional<WitnessOwner> owner;
  friend bool operator==(const Witness&, const Witness&) = default;
};

/// A witness on a path. Any thread, one at a time.
class WitnessFile {
 public:
  explicit WitnessFile(std::filesystem::path path) : m_path(std::move(path)) {}

  /// Nothing if there is no file. E-JRN-303 (corrupt): the file is no witness. E-FIL-002.
  [[nodiscard]] Result<std::optional<Witness>> read() const;
  /// Replaces the file as a whole; durable when it returns. E-FIL-004.
  [[nodiscard]] Status write(const Witness& witness) const;
  [[nodiscard]] const std::filesystem::path& path() const { return m_path; }

 private:
  std::filesystem::path m_path;
};

/// The witness of a journal as it is now; nothing of an empty journal.
[[nodiscard]] Result<std::optional<Witness>> make_witness(Reader& reader);

/// A journal that does not contain its witness must not be written: E-JRN-301 (corrupt). It is
/// older than its witness (a backup was put back, or its end is gone), has another entry where the
/// witness was taken, or is another journal altogether. Reads two entries.
[[nodiscard]] Status check_witness(const Witness& witness, Reader& reader);

}  // namespace siegel::journal
