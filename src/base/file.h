#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "base/bytes.h"
#include "base/result.h"
#include "base/stream.h"

namespace siegel {

/// The whole content of a regular file of at most `size_max` bytes.
/// Errors: E-FIL-001 (not found), E-FIL-002 (cannot be read), E-FIL-003 (larger than allowed).
[[nodiscard]] Result<Bytes> read_file(const std::filesystem::path& path, std::uint64_t size_max);

struct WriteOptions {
  unsigned mode = 0644;
};
/// Replaces the file as a whole: after a power cut there is the old content or the new, never a
/// mixture (and perhaps a `<name>.new`, which the next call replaces). Durable (file and directory
/// are synced) when it returns. Error E-FIL-004.
[[nodiscard]] Status write_file(const std::filesystem::path& path, BytesView content,
                                WriteOptions options = {});
/// Makes the content of a file durable. Error E-FIL-004.
[[nodiscard]] Status sync_file(const std::filesystem::path& path);
/// Makes the names in a directory durable. Error E-FIL-004.
[[nodiscard]] Status sync_directory(const std::filesystem::path& path);

/// A new file written from its beginning to its end. Buffers nothing.
class FileSink final : public Sink {
 public:
  /// Error E-FIL-004: the file is there already or cannot be made.
  static Result<FileSink> create(const std::filesystem::path& path, WriteOptions options = {});
  FileSink(FileSink&& other) noexcept;
  FileSink& operator=(FileSink&&) = delete;
  ~FileSink() override;

  /// Error E-FIL-004.
  Status write(BytesView bytes) override;
  /// Makes the content durable and closes; its name is durable once the directory is synced.
  /// Without it the file is worthless. Error E-FIL-004.
  [[nodiscard]] Status finish();

 private:
  FileSink(int fd, std::filesystem::path path) : m_fd(fd), m_path(std::move(path)) {}
  int m_fd;
  std::filesystem::path m_path;
};

/// The exclusive right to write a data folder, held by one process until destroyed.
class FolderLock {
 public:
  /// Error E-DAT-001 (conflict): another process holds it; the detail names its process id.
  /// E-FIL-004: the lock file cannot be made.
  static Result<FolderLock> take(const std::filesystem::path& lock_file);
  FolderLock(FolderLock&& other) noexcept;
  FolderLock& operator=(FolderLock&& other) noexcept;
  ~FolderLock();

 private:
  explicit FolderLock(int fd) : m_fd(fd) {}
  int m_fd = -1;
};

}  // namespace siegel
