#include "exports/zip.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "base/file.h"

namespace siegel::exports {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t piece_bytes = std::size_t{1} << 20;
constexpr std::time_t fixed_time = 315'619'200;  // 1980-01-02: the zone of a reader cannot matter

struct CloseWriter {
  void operator()(archive* of) const { archive_write_free(of); }
};
struct CloseEntry {
  void operator()(archive_entry* of) const { archive_entry_free(of); }
};

Error failed(const fs::path& path, const std::string& why) {
  return unavailable("E-EXP-110", fmt::format("{}: {}", path.string(), why), path.string());
}

Status add(archive* out, const fs::path& file, const std::string& name, const fs::path& target) {
  const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return failed(file, std::strerror(errno));
  struct stat info{};
  fstat(fd, &info);
  const std::unique_ptr<archive_entry, CloseEntry> entry(archive_entry_new());
  archive_entry_set_pathname(entry.get(), name.c_str());
  archive_entry_set_size(entry.get(), info.st_size);
  archive_entry_set_filetype(entry.get(), AE_IFREG);
  archive_entry_set_perm(entry.get(), 0644);
  archive_entry_set_mtime(entry.get(), fixed_time, 0);
  Status done = Ok{};
  if (archive_write_header(out, entry.get()) != ARCHIVE_OK)
    done = failed(target, archive_error_string(out));
  const auto buffer = std::make_unique_for_overwrite<char[]>(piece_bytes);
  while (done.ok()) {
    const ssize_t n = ::read(fd, buffer.get(), piece_bytes);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) done = failed(file, std::strerror(errno));
    if (n <= 0) break;
    if (archive_write_data(out, buffer.get(), static_cast<std::size_t>(n)) != n)
      done = failed(target, archive_error_string(out));
  }
  close(fd);
  return done;
}

}  // namespace

Status write_zip(const fs::path& folder, const std::vector<std::string>& names,
                 const fs::path& archive_path) {
  fs::path part = archive_path;
  part += ".new";
  const std::unique_ptr<archive, CloseWriter> out(archive_write_new());
  archive_write_set_format_zip(out.get());
  // No extra fields with times and owners of this machine.
  archive_write_set_options(out.get(), "zip:compression=deflate,zip:hdrcharset=UTF-8");
  if (archive_write_open_filename(out.get(), part.c_str()) != ARCHIVE_OK)
    return failed(part, archive_error_string(out.get()));
  Status done = Ok{};
  for (const std::string& name : names) {
    done = add(out.get(), folder / name, name, part);
    if (!done.ok()) break;
  }
  if (archive_write_close(out.get()) != ARCHIVE_OK && done.ok())
    done = failed(part, archive_error_string(out.get()));
  std::error_code error;
  if (!done.ok()) {
    fs::remove(part, error);
    return done;
  }
  if (const Status synced = sync_file(part); !synced.ok())
    return failed(part, synced.error().detail);
  fs::rename(part, archive_path, error);
  if (error) return failed(archive_path, error.message());
  return sync_directory(fs::absolute(archive_path).parent_path());
}

}  // namespace siegel::exports
