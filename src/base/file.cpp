#include "base/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

namespace siegel {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int fd) : m_fd(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (m_fd >= 0) close(m_fd);
  }
  [[nodiscard]] int get() const { return m_fd; }
  [[nodiscard]] int release() { return std::exchange(m_fd, -1); }

 private:
  int m_fd;
};

Error write_error(const std::filesystem::path& path, const char* what) {
  return unavailable("E-FIL-004",
                     fmt::format("cannot {} {}: {}", what, path.string(), std::strerror(errno)),
                     path.string());
}

bool write_all(int fd, BytesView content) {
  while (!content.empty()) {
    const ssize_t n = write(fd, content.data(), content.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    content = content.subspan(static_cast<std::size_t>(n));
  }
  return true;
}

}  // namespace

Result<Bytes> read_file(const std::filesystem::path& path, std::uint64_t size_max) {
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) {
    const auto detail = fmt::format("cannot open {}: {}", path.string(), std::strerror(errno));
    if (errno == ENOENT) return not_found("E-FIL-001", detail, path.string());
    return unavailable("E-FIL-002", detail, path.string());
  }
  Bytes out;
  std::array<std::byte, 1U << 16U> chunk;
  while (true) {
    const ssize_t n = read(file.get(), chunk.data(), chunk.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0)
      return unavailable("E-FIL-002",
                         fmt::format("cannot read {}: {}", path.string(), std::strerror(errno)),
                         path.string());
    if (n == 0) return out;
    if (out.size() + static_cast<std::size_t>(n) > size_max)
      return invalid("E-FIL-003",
                     fmt::format("{} is larger than the {} bytes allowed", path.string(), size_max),
                     path.string());
    append(out, BytesView(chunk.data(), static_cast<std::size_t>(n)));
  }
}

Status write_file(const std::filesystem::path& path, BytesView content, WriteOptions options) {
  std::filesystem::path fresh = path;
  fresh += ".new";
  // What a power cut left there has the rights of then, perhaps other ones than asked for now.
  unlink(fresh.c_str());
  const auto fail = [&](const char* what) {
    Error error = write_error(fresh, what);
    unlink(fresh.c_str());  // A full disk is not helped by half a file.
    return error;
  };
  {
    const Descriptor file(
        open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, options.mode));
    if (file.get() < 0) return write_error(fresh, "create");
    if (!write_all(file.get(), content)) return fail("write");
    if (fsync(file.get()) != 0) return fail("sync");
  }
  if (rename(fresh.c_str(), path.c_str()) != 0) return fail("replace");
  return sync_directory(path.has_parent_path() ? path.parent_path() : ".");
}

Status sync_file(const std::filesystem::path& path) {
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return write_error(path, "open");
  if (fsync(file.get()) != 0) return write_error(path, "sync");
  return Ok{};
}

Status sync_directory(const std::filesystem::path& path) {
  const Descriptor directory(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.get() < 0) return write_error(path, "open");
  if (fsync(directory.get()) != 0) return write_error(path, "sync");
  return Ok{};
}

Result<FileSink> FileSink::create(const std::filesystem::path& path, WriteOptions options) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, options.mode);
  if (fd < 0) return write_error(path, "create");
  return FileSink(fd, path);
}

FileSink::FileSink(FileSink&& other) noexcept
    : m_fd(std::exchange(other.m_fd, -1)), m_path(std::move(other.m_path)) {}

FileSink::~FileSink() {
  if (m_fd >= 0) close(m_fd);
}

Status FileSink::write(BytesView bytes) {
  if (write_all(m_fd, bytes)) return Ok{};
  return write_error(m_path, "write");
}

Status FileSink::finish() {
  const Descriptor file(std::exchange(m_fd, -1));
  if (fsync(file.get()) != 0) return write_error(m_path, "sync");
  return Ok{};
}

Result<FolderLock> FolderLock::take(const std::filesystem::path& lock_file) {
  Descriptor file(open(lock_file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (file.get() < 0) return write_error(lock_file, "create");
  if (flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    std::array<char, 32> owner{};
    const ssize_t n = pread(file.get(), owner.data(), owner.size() - 1, 0);
    const std::string pid(owner.data(), n > 0 ? static_cast<std::size_t>(n) : 0);
    return conflict("E-DAT-001",
                    fmt::format("the data folder is in use by process {}", pid.empty() ? "?" : pid),
                    lock_file.string());
  }
  const std::string pid = std::to_string(getpid());
  // The process id only helps a human; the lock itself is what counts.
  if (ftruncate(file.get(), 0) != 0 ||
      pwrite(file.get(), pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size()))
    return write_error(lock_file, "write");
  return FolderLock(file.release());
}

FolderLock::FolderLock(FolderLock&& other) noexcept : m_fd(std::exchange(other.m_fd, -1)) {}

FolderLock& FolderLock::operator=(FolderLock&& other) noexcept {
  std::swap(m_fd, other.m_fd);
  return *this;
}

FolderLock::~FolderLock() {
  if (m_fd >= 0) close(m_fd);
}

}  // namespace siegel
