#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "base/stream.h"

namespace siegel::format {

/// Deviations from what a TSE export must look like (TR-03153-1: ustar, regular files in the root,
/// pax headers). None of them stops the reader; a verifier lists them. Bits of TarEntry::flags and
/// of archive_flags().
enum class TarFlag : std::uint32_t {
  gnu_magic = 1U << 0,      ///< `ustar  ` of GNU tar
  no_magic = 1U << 1,       ///< neither ustar nor GNU: pre-POSIX tar
  bad_version = 1U << 2,    ///< magic ustar but version is not `00`
  typeflag_nul = 1U << 3,   ///< regular file marked NUL instead of `0`
  not_regular = 1U << 4,    ///< directory, link, device, unknown kind
  dot_slash = 1U << 5,      ///< name began with `./` (removed in TarEntry::name)
  in_folder = 1U << 6,      ///< name holds a `/`: not in the root
  absolute = 1U << 7,       ///< name begins with `/` or a drive letter
  dot_dot = 1U << 8,        ///< a part of the name is `..`
  control_chars = 1U << 9,  ///< control characters or a backslash in the name
  name_not_utf8 = 1U << 10,
  name_empty = 1U << 11,
  padding_not_zero = 1U << 12,  ///< bytes between content and block end; a TarReader learns it
                                ///< after the entry and says it in archive_flags()
  pax = 1U << 13,               ///< a pax header gave name, size or time
  pax_global = 1U << 14,        ///< a global pax header applies
  pax_other = 1U << 15,         ///< a pax record other than path, size, mtime, atime, ctime
  gnu_long_name = 1U << 16,     ///< name by GNU's typeflag L
  checksum_signed = 1U << 17,   ///< header sum over signed bytes
  size_ignored = 1U << 18,      ///< a size on a kind that has no content
  number_base256 = 1U << 19,    ///< GNU's binary numbers
  mtime_bad = 1U << 20,         ///< mtime unreadable; 0 is given
  // Of the archive as a whole:
  no_end_blocks = 1U << 24,  ///< the two zero blocks are missing
  one_end_block = 1U << 25,  ///< only one zero block
  padding_cut = 1U << 26,    ///< the last block is shorter than 512
  trailing_data = 1U << 27,  ///< something but zeros after the end
};
using TarFlags = std::uint32_t;
[[nodiscard]] constexpr bool has(TarFlags flags, TarFlag flag) {
  return (flags & static_cast<TarFlags>(flag)) != 0;
}
/// One word per flag, for lists ("dot_slash").
[[nodiscard]] std::string_view tar_flag_name(TarFlag flag);

struct TarEntry {
  std::string_view name;            ///< valid until the next call of next(); never a path to open
  std::uint64_t index = 0;          ///< 0, 1, ...: entries as given, extension headers not counted
  std::uint64_t header_offset = 0;  ///< of the first header block (an extension header counts)
  std::uint64_t content_offset = 0;
  std::uint64_t size = 0;
  std::int64_t mtime = 0;  ///< seconds since 1970, fractions cut
  char typeflag = '0';     ///< as written
  TarFlags flags = 0;

  [[nodiscard]] bool regular() const { return !has(flags, TarFlag::not_regular); }
};

/// Beyond these the reader stops with an error, so that no archive can exhaust us.
struct TarLimits {
  std::size_t name_max = 4096;
  std::uint64_t entry_size_max = std::uint64_t{1} << 30;
  std::uint64_t entries_max = 200'000'000;
  std::size_t pax_size_max = 64 * 1024;
  std::uint64_t total_max = std::uint64_t{1} << 40;
};

/// Errors of both readers, kind invalid, place `byte <offset of the header>`:
/// E-TAR-001 header checksum wrong (not a TAR, or damaged), E-TAR-002 archive ends inside an entry,
/// E-TAR-003 unreadable size, E-TAR-004 malformed extension header, E-TAR-005 a limit is exceeded
/// (named). After an error every call repeats it.

/// Walks an archive that is in memory (memory-mapped): entries are slices of it, nothing is copied
/// but names that are spread over two places. `archive` outlives the view.
class TarView {
 public:
  explicit TarView(BytesView archive, TarLimits limits = {});
  ~TarView();
  TarView(TarView&&) noexcept;
  TarView& operator=(TarView&&) noexcept;

  /// True: entry() and content() are the next one. False: the end; archive_flags() is complete.
  Result<bool> next();
  [[nodiscard]] const TarEntry& entry() const;
  [[nodiscard]] BytesView content() const;
  [[nodiscard]] TarFlags archive_flags() const;

 private:
  struct State;
  std::unique_ptr<State> m_state;
};

/// Walks an archive that streams from `source` (which outlives the reader), with 64 KiB of memory.
class TarReader {
 public:
  explicit TarReader(Source& source, TarLimits limits = {});
  ~TarReader();
  TarReader(TarReader&&) noexcept;
  TarReader& operator=(TarReader&&) noexcept;

  /// As TarView::next(); content that was not read is skipped. Also the errors of the source.
  Result<bool> next();
  [[nodiscard]] const TarEntry& entry() const;
  /// The next bytes of the content, at most `out`; 0 at its end.
  Result<std::size_t> read(std::span<std::byte> out);
  /// The whole rest of the content into `buffer` (replaced; its memory is used again). E-TAR-005 if
  /// it is larger than `size_max`.
  Status read_all(Bytes& buffer, std::size_t size_max);
  [[nodiscard]] TarFlags archive_flags() const;

 private:
  struct State;
  std::unique_ptr<State> m_state;
};

/// Writes an archive of regular files in the root: ustar, version 00, zero padding, two zero blocks
/// at the end, a pax header `path` before a name of more than 100 bytes. The same input gives the
/// same bytes always (owner 0, mode 0644). Streams; holds one block. `sink` outlives the writer.
class TarWriter {
 public:
  explicit TarWriter(Sink& sink) : m_sink(sink) {}

  /// `mtime`: seconds since 1970, 0 to 2^33-1. E-TAR-006: a name that is empty, longer than 4096
  /// bytes, not UTF-8, or holds `/`, `\` or a control character. E-TAR-007: size of 8 GiB or more
  /// or mtime out of range. Errors of the sink as they are.
  Status add(std::string_view name, BytesView content, std::int64_t mtime);
  /// The same in pieces: begin, write as often as needed, and the next begin or finish ends it. The
  /// pieces have `size` bytes in all (checked with SIEGEL_CHECK).
  Status begin(std::string_view name, std::uint64_t size, std::int64_t mtime);
  Status write(BytesView piece);
  /// The two zero blocks. Nothing may be added afterwards.
  Status finish();
  /// Bytes written so far.
  [[nodiscard]] std::uint64_t size() const { return m_written; }

 private:
  Status put(BytesView bytes);
  Status end_entry();

  Sink& m_sink;
  std::uint64_t m_written = 0;
  std::uint64_t m_missing = 0;
  bool m_finished = false;
};

/// Size of an entry in the archive: headers, content and padding. What the writer will write.
[[nodiscard]] std::uint64_t tar_entry_size(std::string_view name, std::uint64_t content_size);

}  // namespace siegel::format
