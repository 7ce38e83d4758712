#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/stream.h"
#include "verify/dsfinvk/dsfinvk.h"

// The files of an export, in a folder or a ZIP archive. Not part of the module's contract.

namespace siegel::verify::dsfinvk {

struct PackageLimits {
  std::size_t members_max = 10'000;
  std::size_t name_bytes_max = 1024;
  std::uint64_t bytes_max = std::uint64_t{1} << 40;  ///< of all members, unpacked
  /// Unpacked bytes may be this many times the archive and 256 MiB besides.
  std::uint64_t ratio_max = 250;
};

/// What is odd about the package as a whole; words for P008, P009 and P004.
struct PackageNotes {
  std::vector<std::string> forbidden;  ///< names that lead out, duplicates, limits
  std::vector<std::string> not_files;
  std::string prefix;  ///< the folder inside in which the export lies
};

class Package {
 public:
  struct Member {
    std::string name;  ///< without the prefix
    std::uint64_t size = 0;
    std::string path;  ///< in the archive, or on disk
    std::uint64_t index = 0;
  };

  /// A folder or a ZIP file. Never writes, never follows a link, opens no name that is not in the
  /// folder itself. E-VER-001 not found or unreadable, E-VER-010 not a readable ZIP archive.
  static Result<Package> open(const std::filesystem::path& path, PackageLimits limits = {});

  /// Files that lie in memory and outlive the package.
  static Package of_memory(std::span<const MemoryFile> files);

  [[nodiscard]] const std::vector<Member>& members() const { return m_members; }
  [[nodiscard]] const PackageNotes& notes() const { return m_notes; }
  [[nodiscard]] bool is_archive() const { return m_is_archive; }
  [[nodiscard]] const Member* find(std::string_view name) const;
  /// The only one that is the name but for upper and lower case; null if there is none.
  [[nodiscard]] const Member* find_folded(std::string_view name) const;
  /// Streams a member; several at once if wanted. The package outlives the source. Errors as above,
  /// and E-VER-011 when an archive breaks off or unpacks to more than it said.
  [[nodiscard]] Result<std::unique_ptr<Source>> read(const Member& member) const;
  /// The whole content, of at most `size_max` bytes; E-VER-011 beyond.
  [[nodiscard]] Result<Bytes> read_all(const Member& member, std::size_t size_max) const;

 private:
  Status list_folder(const PackageLimits& limits);
  Status list_archive(const PackageLimits& limits);
  /// Moves the root into the only folder that holds an index.xml.
  void enter_folder();

  std::filesystem::path m_path;
  bool m_is_archive = false;
  std::vector<MemoryFile> m_memory;
  std::vector<Member> m_members;
  PackageNotes m_notes;
};

/// The file begins like a ZIP archive.
[[nodiscard]] bool looks_like_zip(const std::filesystem::path& path);

}  // namespace siegel::verify::dsfinvk
