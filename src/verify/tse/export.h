#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/stream.h"
#include "format/tar.h"
#include "verify/tse/logs.h"

// An export as files one after the other, wherever they lie. Not part of the module's contract.

namespace siegel::verify::tse {

/// An open file, closed when it dies. Read by offset, so that a damaged medium is an error and not
/// the signal that a memory map would give.
class File {
 public:
  File() = default;
  explicit File(int descriptor) : m_descriptor(descriptor) {}
  File(File&& other) noexcept;
  File& operator=(File&& other) noexcept;
  ~File();
  [[nodiscard]] int descriptor() const { return m_descriptor; }

 private:
  int m_descriptor = -1;
};

/// Largest message and certificate that is looked at.
inline constexpr std::size_t message_bytes_max = std::size_t{4} << 20;

/// Walks the files of an export from the beginning.
class FileWalk {
 public:
  virtual ~FileWalk() = default;
  /// False: the end. An error of an archive that breaks off: the walk is over.
  virtual Result<bool> next() = 0;
  [[nodiscard]] virtual std::string_view name() const = 0;
  [[nodiscard]] virtual std::uint64_t size() const = 0;
  /// Finds the name again: Export::name_at(place()).
  [[nodiscard]] virtual std::uint64_t place() const = 0;
  [[nodiscard]] virtual format::TarFlags flags() const { return 0; }
  [[nodiscard]] virtual format::TarFlags archive_flags() const { return 0; }
  /// The whole content, of at most message_bytes_max (the caller has looked at size()).
  virtual Status read(Bytes& out) = 0;
  /// Bytes of the export passed so far.
  [[nodiscard]] virtual std::uint64_t position() const = 0;
};

class Export {
 public:
  enum class Kind { archive, folder, single };

  /// E-VER-001 to -004.
  static Result<Export> open(const Input& input);

  [[nodiscard]] Kind kind() const { return m_kind; }
  [[nodiscard]] std::uint64_t size() const { return m_size; }
  /// Name of the archive or folder for places; empty for bytes.
  [[nodiscard]] const std::string& label() const { return m_label; }
  [[nodiscard]] std::unique_ptr<FileWalk> walk() const;
  /// "byte n" if the name cannot be read again.
  [[nodiscard]] std::string name_at(std::uint64_t place) const;

 private:
  Status open_folder(const std::filesystem::path& path);
  Status open_file(const std::filesystem::path& path);
  Status spool();
  Status look_inside(std::string_view extension);
  [[nodiscard]] std::unique_ptr<Source> source(std::uint64_t offset) const;

  Kind m_kind = Kind::archive;
  std::string m_label;
  std::uint64_t m_size = 0;
  std::filesystem::path m_path;
  File m_file;
  BytesView m_bytes;
  std::vector<std::string> m_names;  // of a folder, sorted
};

}  // namespace siegel::verify::tse
