#include "archive/collection.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "crypto/hash.h"
#include "format/tar.h"

namespace siegel::archive {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t findings_max = 100;

Error unreadable(const std::string& name) {
  return unavailable(
      "E-FIL-002", fmt::format("cannot read {}: {}", name, std::generic_category().message(errno)),
      name);
}

/// A name that may stand in an archive of ours.
bool plain_name(format::TarFlags flags) {
  using enum format::TarFlag;
  for (const format::TarFlag bad :
       {in_folder, absolute, dot_dot, control_chars, name_not_utf8, name_empty})
    if (format::has(flags, bad)) return false;
  return true;
}

bool by_counter(const Collected& a, const Collected& b) { return a.counter < b.counter; }

}  // namespace

void add_finding(Findings& findings, std::string_view code, std::string detail,
                 std::uint64_t counter) {
  if (findings.size() >= findings_max) return;
  findings.push_back({std::string(code), std::move(detail), counter});
}

// ---- FileSource ---------------------------------------------------------------------------------

Result<FileSource> FileSource::open(const fs::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0 && errno == ENOENT)
    return not_found("E-FIL-001", fmt::format("there is no {}", path.string()), path.string());
  if (fd < 0) return unreadable(path.string());
  return FileSource(fd, path.string());
}

FileSource::FileSource(FileSource&& other) noexcept
    : m_fd(std::exchange(other.m_fd, -1)), m_name(std::move(other.m_name)) {}

FileSource::~FileSource() {
  if (m_fd >= 0) ::close(m_fd);
}

Result<std::size_t> FileSource::read(std::span<std::byte> out) {
  while (true) {
    const ssize_t got = ::read(m_fd, out.data(), out.size());
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno != EINTR) return unreadable(m_name);
  }
}

Status FileSource::read_at(std::uint64_t offset, std::span<std::byte> out) const {
  while (!out.empty()) {
    const ssize_t got = ::pread(m_fd, out.data(), out.size(), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return unreadable(m_name);
    offset += static_cast<std::uint64_t>(got);
    out = out.subspan(static_cast<std::size_t>(got));
  }
  return Ok{};
}

// ---- Collection ---------------------------------------------------------------------------------

Result<Collection> Collection::create(fs::path path) {
  std::error_code ignored;
  fs::remove(path, ignored);
  SIEGEL_TRY(FileSink sink, FileSink::create(path, {.mode = 0600}));
  return Collection(std::move(path), std::move(sink));
}

Collection::~Collection() {
  std::error_code ignored;
  if (!m_path.empty()) fs::remove(m_path, ignored);
}

Result<Collection::Read> Collection::read(const MessageReader& reader, const Wanted& wanted,
                                          std::vector<Collected>& messages,
                                          std::vector<OtherFile>& others, Findings& findings) {
  messages.clear();
  SIEGEL_TRY(FileSource source, FileSource::open(m_path));
  Read result;
  format::TarReader tar(source);
  Bytes content;
  while (true) {
    const auto more = tar.next();
    if (!more) {
      add_finding(findings, "E-ARC-106",
                  fmt::format("the export of the TSE breaks off: {}", more.error().detail), 0);
      result.broken = true;
      break;
    }
    if (!*more) break;
    const format::TarEntry entry = tar.entry();
    if (!entry.regular()) continue;
    std::string name(entry.name);
    const bool is_message = name.ends_with(".log");
    const bool odd = !plain_name(entry.flags);
    if (!is_message && (odd || others.size() >= others_max || entry.size > other_bytes_max))
      continue;
    if (const Status whole =
            tar.read_all(content, is_message ? message_bytes_max : other_bytes_max);
        !whole) {
      add_finding(findings, "E-ARC-106",
                  fmt::format("{} cannot be read: {}", excerpt(name, 100), whole.error().detail),
                  0);
      result.broken = true;
      break;  // cut off, or larger than any message
    }
    if (!is_message) {
      const bool there = std::any_of(others.begin(), others.end(),
                                     [&](const OtherFile& other) { return other.name == name; });
      if (!there) others.push_back({std::move(name), entry.mtime, content});
      continue;
    }
    const auto message = reader.check(content);
    if (!message) {
      add_finding(findings, "E-ARC-105",
                  fmt::format("{}: {}", excerpt(name, 100), message.error().detail), 0);
      continue;
    }
    const Hash256 sha256 = crypto::sha256(content);
    if (message->counter == wanted.known && wanted.known != 0 && sha256 != wanted.known_sha256)
      return conflict("E-ARC-104",
                      fmt::format("the message with signature counter {} is not the one that was "
                                  "archived: another device, or one that was set back",
                                  message->counter));
    if (odd) name = fmt::format("Sig-{}.log", message->counter);
    if (message->counter <= wanted.above || message->counter > wanted.up_to) continue;
    messages.push_back({message->counter, entry.content_offset, entry.size, entry.mtime,
                        std::move(name), sha256, message->time, message->transaction});
    if (wanted.messages_max == 0 || messages.size() < 2 * wanted.messages_max) continue;
    // Twice as many as wanted: the upper half comes again with the next slice.
    std::nth_element(messages.begin(),
                     messages.begin() + static_cast<std::ptrdiff_t>(wanted.messages_max),
                     messages.end(), by_counter);
    messages.resize(wanted.messages_max);
    result.more = true;
  }
  std::stable_sort(messages.begin(), messages.end(), by_counter);
  // Copies that a restore has made have the counter of what they are copies of.
  std::vector<Collected> once;
  once.reserve(messages.size());
  for (Collected& message : messages) {
    if (once.empty() || once.back().counter != message.counter) {
      once.push_back(std::move(message));
    } else if (once.back().sha256 != message.sha256) {
      add_finding(findings, "E-ARC-104",
                  fmt::format("two different messages with signature counter {}", message.counter),
                  message.counter);
    }
  }
  messages = std::move(once);
  if (wanted.messages_max != 0 && messages.size() > wanted.messages_max) {
    messages.resize(wanted.messages_max);
    result.more = true;
  }
  m_file.clear();
  m_file.push_back(std::move(source));
  return result;
}

Result<Bytes> Collection::content(const Collected& message) {
  Bytes bytes(message.size);
  SIEGEL_TRY_OK(m_file.at(0).read_at(message.offset, bytes));
  return bytes;
}

}  // namespace siegel::archive
