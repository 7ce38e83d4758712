#include "verify/tse/export.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include "base/file.h"

namespace siegel::verify::tse {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t names_max = 20'000'000;

Error unreadable(const fs::path& path, int error) {
  return not_found(
      "E-VER-001",
      fmt::format("{} cannot be read: {}", path.string(), std::generic_category().message(error)),
      path.string());
}

/// Reads a file from an offset on.
class FileSource final : public Source {
 public:
  FileSource(int descriptor, std::uint64_t offset) : m_descriptor(descriptor), m_offset(offset) {}
  Result<std::size_t> read(std::span<std::byte> out) override {
    while (true) {
      const ssize_t n = ::pread(m_descriptor, out.data(), out.size(), static_cast<off_t>(m_offset));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return unreadable("the archive", errno);
      m_offset += static_cast<std::uint64_t>(n);
      return static_cast<std::size_t>(n);
    }
  }

 private:
  int m_descriptor;
  std::uint64_t m_offset;
};

class ArchiveWalk final : public FileWalk {
 public:
  explicit ArchiveWalk(std::unique_ptr<Source> source)
      : m_source(std::move(source)), m_reader(*m_source) {}
  Result<bool> next() override { return m_reader.next(); }
  [[nodiscard]] std::string_view name() const override { return m_reader.entry().name; }
  [[nodiscard]] std::uint64_t size() const override { return m_reader.entry().size; }
  [[nodiscard]] std::uint64_t place() const override { return m_reader.entry().header_offset; }
  [[nodiscard]] format::TarFlags flags() const override { return m_reader.entry().flags; }
  [[nodiscard]] format::TarFlags archive_flags() const override { return m_reader.archive_flags(); }
  Status read(Bytes& out) override { return m_reader.read_all(out, message_bytes_max); }
  [[nodiscard]] std::uint64_t position() const override { return place() + size(); }

 private:
  std::unique_ptr<Source> m_source;
  format::TarReader m_reader;
};

class FolderWalk final : public FileWalk {
 public:
  FolderWalk(const fs::path& folder, const std::vector<std::string>& names)
      : m_folder(folder), m_names(names) {}
  Result<bool> next() override {
    m_at = m_next++;
    if (m_at >= m_names.size()) return false;
    std::error_code error;
    m_size = fs::file_size(m_folder / m_names[m_at], error);
    if (error) return unreadable(m_folder / m_names[m_at], error.value());
    return true;
  }
  [[nodiscard]] std::string_view name() const override { return m_names[m_at]; }
  [[nodiscard]] std::uint64_t size() const override { return m_size; }
  [[nodiscard]] std::uint64_t place() const override { return m_at; }
  Status read(Bytes& out) override {
    SIEGEL_TRY(out, read_file(m_folder / m_names[m_at], message_bytes_max));
    return Ok{};
  }
  [[nodiscard]] std::uint64_t position() const override { return m_at + 1; }

 private:
  const fs::path& m_folder;
  const std::vector<std::string>& m_names;
  std::size_t m_next = 0;
  std::size_t m_at = 0;
  std::uint64_t m_size = 0;
};

/// One message that is no archive.
class SingleWalk final : public FileWalk {
 public:
  SingleWalk(std::string_view name, std::uint64_t size, std::unique_ptr<Source> source)
      : m_name(name), m_size(size), m_source(std::move(source)) {}
  Result<bool> next() override { return !std::exchange(m_done, true); }
  [[nodiscard]] std::string_view name() const override { return m_name; }
  [[nodiscard]] std::uint64_t size() const override { return m_size; }
  [[nodiscard]] std::uint64_t place() const override { return 0; }
  Status read(Bytes& out) override {
    out.resize(m_size);
    std::size_t done = 0;
    while (done < out.size()) {
      SIEGEL_TRY(const std::size_t n, m_source->read(std::span(out).subspan(done)));
      if (n == 0) break;
      done += n;
    }
    out.resize(done);
    return Ok{};
  }
  [[nodiscard]] std::uint64_t position() const override { return m_size; }

 private:
  std::string_view m_name;
  std::uint64_t m_size;
  std::unique_ptr<Source> m_source;
  bool m_done = false;
};

bool compressed(BytesView head) {
  constexpr auto magics = std::to_array<std::string_view>({"\x1F\x8B", "\x28\xB5\x2F\xFD", "BZh",
                                                           "\xFD"
                                                           "7zXZ",
                                                           "PK\x03\x04"});
  const std::string_view text = text_of(head);
  return std::ranges::any_of(magics, [&](std::string_view m) { return text.starts_with(m); });
}

}  // namespace

File::File(File&& other) noexcept : m_descriptor(std::exchange(other.m_descriptor, -1)) {}

File& File::operator=(File&& other) noexcept {
  std::swap(m_descriptor, other.m_descriptor);
  return *this;
}

File::~File() {
  if (m_descriptor >= 0) ::close(m_descriptor);
}

Result<Export> Export::open(const Input& input) {
  Export out;
  if (input.path.empty()) {
    out.m_bytes = input.bytes;
    out.m_size = input.bytes.size();
    SIEGEL_TRY_OK(out.look_inside(""));
    return out;
  }
  out.m_path = input.path;
  out.m_label = input.path.filename().empty() ? input.path.parent_path().filename().string()
                                              : input.path.filename().string();
  std::error_code error;
  const fs::file_status status = fs::status(input.path, error);
  if (error || !fs::exists(status)) {
    return unreadable(input.path, error ? error.value() : ENOENT);
  }
  if (fs::is_directory(status)) {
    SIEGEL_TRY_OK(out.open_folder(input.path));
  } else {
    SIEGEL_TRY_OK(out.open_file(input.path));
  }
  return out;
}

Status Export::open_folder(const fs::path& path) {
  m_kind = Kind::folder;
  std::error_code error;
  for (fs::directory_iterator it(path, error), end; !error && it != end; it.increment(error)) {
    std::error_code ignored;
    if (!it->is_regular_file(ignored)) continue;
    if (m_names.size() >= names_max) {
      return invalid("E-VER-001",
                     fmt::format("{} holds more than {} files", path.string(), names_max));
    }
    m_names.push_back(it->path().filename().string());
  }
  if (error) return unreadable(path, error.value());
  std::ranges::sort(m_names);
  m_size = m_names.size();
  return Ok{};
}

Status Export::open_file(const fs::path& path) {
  m_file = File(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (m_file.descriptor() < 0) return unreadable(path, errno);
  struct stat status{};
  if (::fstat(m_file.descriptor(), &status) != 0) return unreadable(path, errno);
  if (!S_ISREG(status.st_mode)) {
    SIEGEL_TRY_OK(spool());
    if (::fstat(m_file.descriptor(), &status) != 0) return unreadable(path, errno);
  }
  m_size = static_cast<std::uint64_t>(status.st_size);
  return look_inside(path.extension().string());
}

Status Export::spool() {
  std::error_code ignored;
  fs::path folder = fs::temp_directory_path(ignored);
  if (folder.empty()) folder = "/tmp";
  File copy(::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (copy.descriptor() < 0) {
    return unavailable("E-VER-004", fmt::format("no temporary file in {}: {}", folder.string(),
                                                std::generic_category().message(errno)));
  }
  Bytes buffer(std::size_t{1} << 16);
  while (true) {
    const ssize_t n = ::read(m_file.descriptor(), buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return unreadable(m_path, errno);
    if (n == 0) break;
    for (ssize_t done = 0; done < n;) {
      const ssize_t written =
          ::write(copy.descriptor(), buffer.data() + done, static_cast<std::size_t>(n - done));
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) {
        return unavailable("E-VER-004",
                           fmt::format("the temporary copy in {} failed: {}", folder.string(),
                                       std::generic_category().message(errno)));
      }
      done += written;
    }
  }
  m_file = std::move(copy);
  return Ok{};
}

Status Export::look_inside(std::string_view extension) {
  m_kind = Kind::archive;
  const auto first = walk();
  const auto entry = first->next();
  if (entry.ok() && *entry) return Ok{};
  const bool empty_archive = entry.ok() && m_size >= 512;
  if (empty_archive) return Ok{};
  if (!entry.ok() && entry.error().code.starts_with("E-VER")) return entry.error();
  Bytes head(std::min<std::uint64_t>(m_size, message_bytes_max));
  const auto bytes = source(0);
  std::size_t done = 0;
  while (done < head.size()) {
    SIEGEL_TRY(const std::size_t n, bytes->read(std::span(head).subspan(done)));
    if (n == 0) break;
    done += n;
  }
  head.resize(done);
  if (compressed(head)) {
    return invalid("E-VER-003", fmt::format("{} is compressed: unpack it first", m_label), m_label);
  }
  if (m_size > 0 && m_size <= message_bytes_max &&
      (looks_like_message(head) || extension == ".log")) {
    m_kind = Kind::single;
    return Ok{};
  }
  return invalid("E-VER-002",
                 fmt::format("{} is neither a TAR archive nor a log message ({})",
                             m_label.empty() ? "the input" : m_label,
                             m_size == 0  ? "it is empty"
                             : entry.ok() ? "too short"
                                          : entry.error().detail),
                 m_label);
}

std::unique_ptr<Source> Export::source(std::uint64_t offset) const {
  if (m_file.descriptor() >= 0) {
    return std::make_unique<FileSource>(m_file.descriptor(), offset);
  }
  return std::make_unique<MemorySource>(
      m_bytes.subspan(std::min<std::uint64_t>(offset, m_bytes.size())));
}

std::unique_ptr<FileWalk> Export::walk() const {
  switch (m_kind) {
    case Kind::archive:
      return std::make_unique<ArchiveWalk>(source(0));
    case Kind::folder:
      return std::make_unique<FolderWalk>(m_path, m_names);
    case Kind::single:
      return std::make_unique<SingleWalk>(m_label, m_size, source(0));
  }
  return nullptr;
}

std::string Export::name_at(std::uint64_t place) const {
  switch (m_kind) {
    case Kind::archive: {
      ArchiveWalk walk(source(place));
      const auto entry = walk.next();
      if (entry.ok() && *entry) return std::string(walk.name());
      return fmt::format("byte {}", place);
    }
    case Kind::folder:
      return place < m_names.size() ? m_names[place] : fmt::format("file {}", place);
    case Kind::single:
      return m_label;
  }
  return "";
}

}  // namespace siegel::verify::tse
