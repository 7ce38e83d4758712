#include "verify/dsfinvk/package.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <set>

#include "verify/dsfinvk/fields.h"

namespace siegel::verify::dsfinvk {

namespace {

namespace fs = std::filesystem;

class Descriptor {
 public:
  explicit Descriptor(int fd) : m_fd(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (m_fd >= 0) ::close(m_fd);
  }
  [[nodiscard]] int get() const { return m_fd; }

 private:
  int m_fd;
};

class FileSource final : public Source {
 public:
  FileSource(int fd, std::string name) : m_fd(fd), m_name(std::move(name)) {}
  Result<std::size_t> read(std::span<std::byte> out) override {
    for (;;) {
      const ssize_t n = ::read(m_fd.get(), out.data(), out.size());
      if (n >= 0) return static_cast<std::size_t>(n);
      if (errno == EINTR) continue;
      return unavailable("E-VER-001", fmt::format("{}: {}", m_name, std::strerror(errno)), m_name);
    }
  }

 private:
  Descriptor m_fd;
  std::string m_name;
};

/// An open archive, positioned on a member or before the first.
class Archive {
 public:
  explicit Archive(const fs::path& path) : m_archive(archive_read_new()) {
    archive_read_support_format_zip_seekable(m_archive);
    m_open =
        archive_read_open_filename(m_archive, path.c_str(), std::size_t{256} << 10) == ARCHIVE_OK;
  }
  Archive(const Archive&) = delete;
  Archive& operator=(const Archive&) = delete;
  ~Archive() { archive_read_free(m_archive); }

  [[nodiscard]] bool is_open() const { return m_open; }
  [[nodiscard]] archive* get() const { return m_archive; }
  /// The cause in the library's words.
  [[nodiscard]] std::string cause() const {
    const char* text = archive_error_string(m_archive);
    return text == nullptr ? "unreadable" : excerpt(text, 120);
  }

 private:
  archive* m_archive;
  bool m_open = false;
};

class ArchiveSource final : public Source {
 public:
  ArchiveSource(const fs::path& path, std::string name, std::uint64_t size)
      : m_archive(path), m_name(std::move(name)), m_left(size) {}

  Status seek(std::uint64_t index) {
    archive_entry* entry = nullptr;
    if (!m_archive.is_open()) return broken(m_archive.cause());
    for (std::uint64_t i = 0; i <= index; ++i) {
      const int result = archive_read_next_header(m_archive.get(), &entry);
      if (result != ARCHIVE_OK && result != ARCHIVE_WARN) return broken(m_archive.cause());
    }
    return Ok{};
  }

  Result<std::size_t> read(std::span<std::byte> out) override {
    const la_ssize_t n = archive_read_data(m_archive.get(), out.data(), out.size());
    if (n < 0) return broken(m_archive.cause());
    const auto size = static_cast<std::uint64_t>(n);
    if (size > m_left) return broken("it unpacks to more than its directory says");
    m_left -= size;
    return static_cast<std::size_t>(n);
  }

 private:
  Error broken(std::string_view cause) {
    return invalid("E-VER-011", fmt::format("{} cannot be unpacked: {}", m_name, cause), m_name);
  }

  Archive m_archive;
  std::string m_name;
  std::uint64_t m_left;
};

bool is_forbidden(std::string_view name) {
  if (name.empty() || name.starts_with('/') || name.find('\\') != std::string_view::npos ||
      (name.size() > 1 && name[1] == ':'))
    return true;
  std::size_t begin = 0;
  while (begin <= name.size()) {
    const std::size_t end = std::min(name.find('/', begin), name.size());
    if (name.substr(begin, end - begin) == "..") return true;
    begin = end + 1;
  }
  return std::ranges::any_of(name, [](char c) { return static_cast<unsigned char>(c) < 0x20; });
}

}  // namespace

bool looks_like_zip(const fs::path& path) {
  const Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  std::array<char, 4> head{};
  if (fd.get() < 0 || ::read(fd.get(), head.data(), head.size()) != 4) return false;
  const std::string_view text(head.data(), head.size());
  return text == "PK\x03\x04" || text == "PK\x05\x06";
}

Result<Package> Package::open(const fs::path& path, PackageLimits limits) {
  Package package;
  package.m_path = path;
  std::error_code error;
  if (fs::is_directory(path, error)) {
    SIEGEL_TRY_OK(package.list_folder(limits));
  } else if (fs::is_regular_file(path, error)) {
    package.m_is_archive = true;
    SIEGEL_TRY_OK(package.list_archive(limits));
  } else {
    return not_found("E-VER-001", fmt::format("{} is no folder and no file", path.string()),
                     path.string());
  }
  package.enter_folder();
  std::ranges::sort(package.m_members, {}, &Member::name);
  return package;
}

Package Package::of_memory(std::span<const MemoryFile> files) {
  Package package;
  package.m_memory.assign(files.begin(), files.end());
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (package.find(files[i].name) != nullptr) {
      package.m_notes.forbidden.push_back(std::string(files[i].name) + " (twice)");
      continue;
    }
    package.m_members.push_back({std::string(files[i].name), files[i].content.size(), "", i});
  }
  package.enter_folder();
  std::ranges::sort(package.m_members, {}, &Member::name);
  return package;
}

Status Package::list_folder(const PackageLimits& limits) {
  std::error_code error;
  fs::recursive_directory_iterator at(m_path, error);
  for (const fs::recursive_directory_iterator end; !error && at != end; at.increment(error)) {
    std::string name = at->path().lexically_relative(m_path).string();
    const fs::file_status status = at->symlink_status(error);
    if (fs::is_directory(status)) {
      // One folder deep is enough to find an export that was unpacked with its folder.
      if (at.depth() > 0) at.disable_recursion_pending();
      continue;
    }
    if (!fs::is_regular_file(status)) {
      m_notes.not_files.push_back(std::move(name));
      continue;
    }
    if (m_members.size() >= limits.members_max) {
      m_notes.forbidden.push_back(fmt::format("more than {} files", limits.members_max));
      break;
    }
    const std::uint64_t size = at->file_size(error);
    m_members.push_back({name, size, at->path().string(), m_members.size()});
  }
  if (error)
    return not_found("E-VER-001", fmt::format("{}: {}", m_path.string(), error.message()),
                     m_path.string());
  return Ok{};
}

Status Package::list_archive(const PackageLimits& limits) {
  Archive archive(m_path);
  const auto bad = [&](std::string_view cause) {
    return invalid("E-VER-010",
                   fmt::format("{} is not a readable ZIP archive: {}", m_path.string(), cause),
                   m_path.string());
  };
  if (!archive.is_open()) return bad(archive.cause());
  std::error_code error;
  const std::uint64_t packed = fs::file_size(m_path, error);
  const std::uint64_t bytes_max =
      std::min(limits.bytes_max, packed * limits.ratio_max + (std::uint64_t{256} << 20));
  std::set<std::string> names;
  std::uint64_t sum = 0;
  for (std::uint64_t index = 0;; ++index) {
    archive_entry* entry = nullptr;
    const int result = archive_read_next_header(archive.get(), &entry);
    if (result == ARCHIVE_EOF) break;
    if (result != ARCHIVE_OK && result != ARCHIVE_WARN) {
      if (index == 0) return bad(archive.cause());
      m_notes.forbidden.push_back(archive.cause());
      break;
    }
    if (index >= limits.members_max) {
      m_notes.forbidden.push_back(fmt::format("more than {} entries", limits.members_max));
      break;
    }
    const char* text = archive_entry_pathname(entry);
    std::string name = text == nullptr ? "" : text;
    if (archive_entry_filetype(entry) == AE_IFDIR) continue;
    if (name.size() > limits.name_bytes_max || is_forbidden(name)) {
      m_notes.forbidden.push_back(name);
      continue;
    }
    if (archive_entry_filetype(entry) != AE_IFREG || archive_entry_is_encrypted(entry) == 1) {
      m_notes.not_files.push_back(std::move(name));
      continue;
    }
    if (!names.insert(name).second) {
      m_notes.forbidden.push_back(name + " (twice)");
      continue;
    }
    const auto size = static_cast<std::uint64_t>(std::max<la_int64_t>(
        0, archive_entry_size_is_set(entry) != 0 ? archive_entry_size(entry) : 0));
    sum += size;
    if (sum > bytes_max || size > bytes_max) {
      m_notes.forbidden.push_back(
          fmt::format("{} unpacks to {} bytes, the archive has {}", name, size, packed));
      break;
    }
    m_members.push_back({name, size, name, index});
  }
  return Ok{};
}

void Package::enter_folder() {
  if (find("index.xml") != nullptr || find("cashpointclosing.csv") != nullptr) return;
  std::set<std::string> folders;
  for (const Member& member : m_members) {
    const std::size_t slash = member.name.rfind('/');
    if (slash == std::string::npos) continue;
    const std::string base = folded(member.name.substr(slash + 1));
    if (base == "index.xml" || base == "cashpointclosing.csv")
      folders.insert(member.name.substr(0, slash + 1));
  }
  if (folders.size() != 1) return;
  m_notes.prefix = *folders.begin();
  for (Member& member : m_members) {
    if (member.name.starts_with(m_notes.prefix)) member.name.erase(0, m_notes.prefix.size());
  }
}

const Package::Member* Package::find(std::string_view name) const {
  const auto found = std::ranges::find(m_members, name, &Member::name);
  return found == m_members.end() ? nullptr : &*found;
}

const Package::Member* Package::find_folded(std::string_view name) const {
  const auto lower = [](std::string_view text) {
    std::string out(text);
    for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    return out;
  };
  const std::string wanted = lower(name);
  const auto found = std::ranges::find_if(
      m_members, [&](const Member& member) { return lower(member.name) == wanted; });
  return found == m_members.end() ? nullptr : &*found;
}

Result<std::unique_ptr<Source>> Package::read(const Member& member) const {
  if (!m_memory.empty())
    return std::unique_ptr<Source>(
        std::make_unique<MemorySource>(m_memory[static_cast<std::size_t>(member.index)].content));
  if (m_is_archive) {
    auto source = std::make_unique<ArchiveSource>(m_path, member.name, member.size);
    SIEGEL_TRY_OK(source->seek(member.index));
    return std::unique_ptr<Source>(std::move(source));
  }
  const int fd = ::open(member.path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (fd < 0)
    return not_found("E-VER-001", fmt::format("{}: {}", member.path, std::strerror(errno)),
                     member.name);
  ::posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
  return std::unique_ptr<Source>(std::make_unique<FileSource>(fd, member.name));
}

Result<Bytes> Package::read_all(const Member& member, std::size_t size_max) const {
  SIEGEL_TRY(const auto source, read(member));
  Bytes out;
  for (;;) {
    const std::size_t before = out.size();
    out.resize(before + 65536);
    SIEGEL_TRY(const std::size_t n, source->read(std::span(out).subspan(before)));
    out.resize(before + n);
    if (n == 0) return out;
    if (out.size() > size_max)
      return invalid("E-VER-011", fmt::format("{} has more than {} bytes", member.name, size_max),
                     member.name);
  }
}

}  // namespace siegel::verify::dsfinvk
