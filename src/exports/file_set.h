#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace siegel::exports {

/// The files of an export while it is written: each grows at its end and can be cut back. One
/// thread.
class FileSet {
 public:
  virtual ~FileSet() = default;
  /// Makes the file if it is not there.
  [[nodiscard]] virtual Status append(const std::string& name, BytesView bytes) = 0;
  [[nodiscard]] virtual Status cut(const std::string& name, std::uint64_t size) = 0;
  /// In pieces, from its beginning. A file that is not there is empty.
  [[nodiscard]] virtual Status read(const std::string& name,
                                    const std::function<Status(BytesView)>& piece) = 0;
  [[nodiscard]] virtual Status remove(const std::string& name) = 0;
  /// Replaces it as a whole; durable, and so is everything appended before.
  [[nodiscard]] virtual Status commit(const std::string& name, std::string_view content) = 0;
};

/// In memory: for one closing, or for tests.
class MemoryFiles final : public FileSet {
 public:
  Status append(const std::string& name, BytesView bytes) override;
  Status cut(const std::string& name, std::uint64_t size) override;
  Status read(const std::string& name, const std::function<Status(BytesView)>& piece) override;
  Status remove(const std::string& name) override;
  Status commit(const std::string& name, std::string_view content) override;

  std::map<std::string, std::string, std::less<>> files;
};

/// A folder. Error of all calls: E-EXP-110 (unavailable): the disk is full or does not work; what
/// is there stays, for a second try.
class FolderFiles final : public FileSet {
 public:
  /// The folder is there.
  explicit FolderFiles(std::filesystem::path folder);
  ~FolderFiles() override;
  FolderFiles(const FolderFiles&) = delete;
  FolderFiles& operator=(const FolderFiles&) = delete;

  Status append(const std::string& name, BytesView bytes) override;
  Status cut(const std::string& name, std::uint64_t size) override;
  Status read(const std::string& name, const std::function<Status(BytesView)>& piece) override;
  Status remove(const std::string& name) override;
  Status commit(const std::string& name, std::string_view content) override;

 private:
  struct File {
    int fd = -1;
    bool dirty = false;
  };
  Result<File*> open(const std::string& name);
  [[nodiscard]] Error failed(const std::string& name, int error) const;

  std::filesystem::path m_folder;
  std::map<std::string, File> m_files;
};

}  // namespace siegel::exports
