#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "archive/archive.h"
#include "base/file.h"

// One export of the device, on our own disk. Not part of the module's contract.

namespace siegel::archive {

/// Where a message lies in the file of its collection.
struct Collected {
  std::uint64_t counter = 0;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  std::int64_t mtime = 0;
  std::string name;
  Hash256 sha256{};
  Instant time;
  std::uint64_t transaction = 0;
};

/// info.csv or a certificate.
struct OtherFile {
  std::string name;
  std::int64_t mtime = 0;
  Bytes content;
};

/// Reads a file from a place on; the file outlives nothing: it is opened and closed here.
class FileSource final : public Source {
 public:
  /// E-FIL-001, E-FIL-002.
  static Result<FileSource> open(const std::filesystem::path& path);
  FileSource(FileSource&& other) noexcept;
  FileSource& operator=(FileSource&&) = delete;
  ~FileSource() override;
  Result<std::size_t> read(std::span<std::byte> out) override;
  Status read_at(std::uint64_t offset, std::span<std::byte> out) const;

 private:
  FileSource(int fd, std::string name) : m_fd(fd), m_name(std::move(name)) {}
  int m_fd;
  std::string m_name;
};

/// A spooled export; its file is removed with it.
class Collection {
 public:
  static constexpr std::size_t message_bytes_max = std::size_t{1} << 20;
  static constexpr std::size_t others_max = 64;
  static constexpr std::size_t other_bytes_max = std::size_t{256} << 10;

  /// `path` is replaced.
  static Result<Collection> create(std::filesystem::path path);
  Collection(Collection&&) noexcept = default;
  Collection& operator=(Collection&&) = delete;
  ~Collection();

  /// Where the device writes to.
  [[nodiscard]] Sink& sink() { return m_sink; }

  struct Wanted {
    std::uint64_t above = 0;  ///< counters above this
    std::uint64_t up_to = UINT64_MAX;
    std::size_t messages_max = 0;  ///< the ones with the least counters, if there are more
    /// Of the message with counter `above`: if it comes again it must be the same.
    std::uint64_t known = 0;
    Hash256 known_sha256{};
  };
  /// Verifies each message and lists those wanted, by counter. An export that breaks off gives what
  /// was whole. Findings E-ARC-104 to -106. E-ARC-104 (conflict): another device.
  struct Read {
    bool more = false;    ///< there are messages above those listed
    bool broken = false;  ///< it broke off: a counter that is not here proves nothing
  };
  Result<Read> read(const MessageReader& reader, const Wanted& wanted,
                    std::vector<Collected>& messages, std::vector<OtherFile>& others,
                    Findings& findings);
  /// The bytes of a message that was listed.
  Result<Bytes> content(const Collected& message);

 private:
  Collection(std::filesystem::path path, FileSink sink)
      : m_path(std::move(path)), m_sink(std::move(sink)) {}

  std::filesystem::path m_path;
  FileSink m_sink;
  std::vector<FileSource> m_file;  ///< empty or one
};

/// Adds unless there are too many already; whoever has a hundred needs no more.
void add_finding(Findings& findings, std::string_view code, std::string detail,
                 std::uint64_t counter);

}  // namespace siegel::archive
