#include "exports/file_set.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/file.h"

namespace siegel::exports {

namespace fs = std::filesystem;

Status MemoryFiles::append(const std::string& name, BytesView bytes) {
  files[name] += text_of(bytes);
  return Ok{};
}
Status MemoryFiles::cut(const std::string& name, std::uint64_t size) {
  files[name].resize(static_cast<std::size_t>(size));
  return Ok{};
}
Status MemoryFiles::read(const std::string& name, const std::function<Status(BytesView)>& piece) {
  return piece(bytes_of(files[name]));
}
Status MemoryFiles::remove(const std::string& name) {
  files.erase(name);
  return Ok{};
}
Status MemoryFiles::commit(const std::string& name, std::string_view content) {
  files[name] = content;
  return Ok{};
}

FolderFiles::FolderFiles(fs::path folder) : m_folder(std::move(folder)) {}

FolderFiles::~FolderFiles() {
  for (const auto& [name, file] : m_files) close(file.fd);
}

Error FolderFiles::failed(const std::string& name, int error) const {
  const std::string path = (m_folder / name).string();
  return unavailable("E-EXP-110", fmt::format("{}: {}", path, std::strerror(error)), path);
}

Result<FolderFiles::File*> FolderFiles::open(const std::string& name) {
  const auto known = m_files.find(name);
  if (known != m_files.end()) return &known->second;
  const int fd = ::open((m_folder / name).c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_APPEND, 0644);
  if (fd < 0) return failed(name, errno);
  return &m_files.emplace(name, File{.fd = fd, .dirty = true}).first->second;
}

Status FolderFiles::append(const std::string& name, BytesView bytes) {
  SIEGEL_TRY(File* const file, open(name));
  file->dirty = true;
  while (!bytes.empty()) {
    const ssize_t written = ::write(file->fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return failed(name, written == 0 ? ENOSPC : errno);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return Ok{};
}

Status FolderFiles::cut(const std::string& name, std::uint64_t size) {
  SIEGEL_TRY(File* const file, open(name));
  if (lseek(file->fd, 0, SEEK_END) < static_cast<off_t>(size))
    return corrupt("E-EXP-111",
                   fmt::format("{} is shorter than its progress file says: delete the folder and "
                               "begin again",
                               (m_folder / name).string()),
                   (m_folder / name).string());
  if (ftruncate(file->fd, static_cast<off_t>(size)) != 0) return failed(name, errno);
  file->dirty = true;
  return Ok{};
}

Status FolderFiles::read(const std::string& name, const std::function<Status(BytesView)>& piece) {
  std::error_code ignored;
  if (!m_files.contains(name) && !fs::exists(m_folder / name, ignored)) return Ok{};
  SIEGEL_TRY(File* const file, open(name));
  constexpr std::size_t piece_bytes = std::size_t{1} << 20;
  const auto buffer = std::make_unique_for_overwrite<std::byte[]>(piece_bytes);
  for (off_t at = 0;;) {
    const ssize_t n = pread(file->fd, buffer.get(), piece_bytes, at);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return failed(name, errno);
    if (n == 0) return Ok{};
    SIEGEL_TRY_OK(piece({buffer.get(), static_cast<std::size_t>(n)}));
    at += n;
  }
}

Status FolderFiles::remove(const std::string& name) {
  const auto known = m_files.find(name);
  if (known != m_files.end()) {
    close(known->second.fd);
    m_files.erase(known);
  }
  if (unlink((m_folder / name).c_str()) != 0 && errno != ENOENT) return failed(name, errno);
  return Ok{};
}

Status FolderFiles::commit(const std::string& name, std::string_view content) {
  for (auto& [of, file] : m_files) {
    if (file.dirty && fdatasync(file.fd) != 0) return failed(of, errno);
    file.dirty = false;
  }
  const auto replaced = m_files.find(name);
  if (replaced != m_files.end()) {
    close(replaced->second.fd);
    m_files.erase(replaced);
  }
  const Status done = write_file(m_folder / name, bytes_of(content));
  if (!done.ok()) return unavailable("E-EXP-110", done.error().detail, done.error().place);
  return Ok{};
}

}  // namespace siegel::exports
