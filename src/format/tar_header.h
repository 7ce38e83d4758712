#pragma once

#include <fmt/format.h>

#include <optional>
#include <string>

#include "format/tar.h"

// The part of the TAR readers that does not care where the bytes come from. Not for other modules.
namespace siegel::format::tar_detail {

inline constexpr std::size_t block_size = 512;

[[nodiscard]] constexpr std::uint64_t padded(std::uint64_t size) {
  return (size + (block_size - 1)) / block_size * block_size;
}
[[nodiscard]] bool all_zero(BytesView bytes);

/// One header block, understood.
struct Header {
  std::string_view name;    // points into the block
  std::string_view prefix;  // the same, empty if there is none
  std::uint64_t size = 0;
  std::int64_t mtime = 0;
  char typeflag = '0';
  TarFlags flags = 0;
};

/// Place and kind of a failure without the words, which need the offset.
enum class HeaderFault { none, checksum, size };
[[nodiscard]] HeaderFault parse_header(std::span<const std::byte, block_size> block, Header& out);

/// What extension headers before an entry said.
struct Extension {
  std::optional<std::string> path;
  std::optional<std::uint64_t> size;
  std::optional<std::int64_t> mtime;
  TarFlags flags = 0;
};
/// The records of a pax header (`len key=value\n`); false if malformed.
[[nodiscard]] bool parse_pax(BytesView records, Extension& into);

/// Builds entries from headers; holds the limits and counts. Both readers feed it.
class EntryMaker {
 public:
  explicit EntryMaker(TarLimits limits) : m_limits(limits) {}

  enum class Step { entry, extension };
  /// Takes a header block at `offset`. `extension`: its content of extension_size() bytes must be
  /// given to take_extension before the next header. `entry`: entry() is complete.
  Result<Step> take_header(std::span<const std::byte, block_size> block, std::uint64_t offset);
  [[nodiscard]] std::uint64_t extension_size() const { return m_header.size; }
  Status take_extension(BytesView content);
  /// True between an extension header and the entry it belongs to.
  [[nodiscard]] bool pending() const { return m_pending; }

  [[nodiscard]] const TarEntry& entry() const { return m_entry; }
  [[nodiscard]] TarEntry& entry() { return m_entry; }
  [[nodiscard]] const TarLimits& limits() const { return m_limits; }

  [[nodiscard]] static Error cut(std::uint64_t offset);
  [[nodiscard]] static Error limit(std::string_view what, std::uint64_t offset);

 private:
  Status make_entry(std::uint64_t offset);
  void judge_name();

  TarLimits m_limits;
  Header m_header;
  Extension m_extension;
  Extension m_global;
  TarEntry m_entry;
  std::string m_name;
  std::uint64_t m_next_index = 0;
  std::uint64_t m_first_header = 0;
  unsigned m_extensions = 0;
  bool m_pending = false;
};

}  // namespace siegel::format::tar_detail
