#include "format/tar_header.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "base/check.h"

namespace siegel::format {

std::string_view tar_flag_name(TarFlag flag) {
  switch (flag) {
    case TarFlag::gnu_magic:
      return "gnu_magic";
    case TarFlag::no_magic:
      return "no_magic";
    case TarFlag::bad_version:
      return "bad_version";
    case TarFlag::typeflag_nul:
      return "typeflag_nul";
    case TarFlag::not_regular:
      return "not_regular";
    case TarFlag::dot_slash:
      return "dot_slash";
    case TarFlag::in_folder:
      return "in_folder";
    case TarFlag::absolute:
      return "absolute";
    case TarFlag::dot_dot:
      return "dot_dot";
    case TarFlag::control_chars:
      return "control_chars";
    case TarFlag::name_not_utf8:
      return "name_not_utf8";
    case TarFlag::name_empty:
      return "name_empty";
    case TarFlag::padding_not_zero:
      return "padding_not_zero";
    case TarFlag::pax:
      return "pax";
    case TarFlag::pax_global:
      return "pax_global";
    case TarFlag::pax_other:
      return "pax_other";
    case TarFlag::gnu_long_name:
      return "gnu_long_name";
    case TarFlag::checksum_signed:
      return "checksum_signed";
    case TarFlag::size_ignored:
      return "size_ignored";
    case TarFlag::number_base256:
      return "number_base256";
    case TarFlag::mtime_bad:
      return "mtime_bad";
    case TarFlag::no_end_blocks:
      return "no_end_blocks";
    case TarFlag::one_end_block:
      return "one_end_block";
    case TarFlag::padding_cut:
      return "padding_cut";
    case TarFlag::trailing_data:
      return "trailing_data";
  }
  SIEGEL_CHECK(false);
}

namespace tar_detail {
namespace {

void set(TarFlags& flags, TarFlag flag) { flags |= static_cast<TarFlags>(flag); }

/// Extension headers in a row: long name, long link, pax and global pax are all there are.
constexpr unsigned extensions_max = 8;

/// The text of a field up to its NUL or its end.
std::string_view field(std::span<const std::byte, block_size> block, std::size_t at,
                       std::size_t size) {
  const std::string_view all = text_of(BytesView(block).subspan(at, size));
  return all.substr(0, all.find('\0'));
}

/// Octal digits with spaces around and NUL or space at the end, or GNU's binary form.
bool number(std::span<const std::byte, block_size> block, std::size_t at, std::size_t size,
            std::uint64_t& out, TarFlags& flags) {
  const auto first = std::to_integer<unsigned>(block[at]);
  if ((first & 0x80U) != 0) {
    set(flags, TarFlag::number_base256);
    if (first != 0x80) return false;  // negative, or more than 2^88
    std::uint64_t value = 0;
    for (std::size_t i = at + 1; i < at + size; ++i) {
      if (value >> 55U != 0) return false;
      value = value << 8U | std::to_integer<unsigned>(block[i]);
    }
    out = value;
    return true;
  }
  std::size_t i = at;
  const std::size_t end = at + size;
  while (i < end && block[i] == std::byte{' '}) ++i;
  std::uint64_t value = 0;
  for (; i < end; ++i) {
    const unsigned digit = std::to_integer<unsigned>(block[i]) - '0';
    if (digit > 7) break;
    value = value << 3U | digit;  // 12 digits are 36 bits
  }
  while (i < end && (block[i] == std::byte{' '} || block[i] == std::byte{0})) ++i;
  if (i != end) return false;
  out = value;
  return true;
}

bool checksum_ok(std::span<const std::byte, block_size> block, TarFlags& flags) {
  TarFlags ignored = 0;
  std::uint64_t stated = 0;
  if (!number(block, 148, 8, stated, ignored)) return false;
  std::uint32_t sum = 0;
  for (const std::byte b : block) sum += std::to_integer<std::uint32_t>(b);
  for (std::size_t i = 148; i < 156; ++i) sum -= std::to_integer<std::uint32_t>(block[i]);
  sum += 8 * ' ';
  if (sum == stated) return true;
  // Old tars summed signed bytes; each byte of 0x80 or more then counts 256 less.
  std::uint64_t high = 0;
  for (std::size_t i = 0; i < block_size; ++i) {
    if ((i < 148 || i >= 156) && (block[i] & std::byte{0x80}) != std::byte{0}) ++high;
  }
  if (sum < 256 * high || sum - 256 * high != stated) return false;
  set(flags, TarFlag::checksum_signed);
  return true;
}

void judge_magic(std::span<const std::byte, block_size> block, Header& out) {
  const std::string_view magic = text_of(BytesView(block).subspan(257, 8));
  if (magic.substr(0, 6) == std::string_view("ustar\0", 6)) {
    if (magic.substr(6) != "00") set(out.flags, TarFlag::bad_version);
    out.prefix = field(block, 345, 155);
  } else if (magic == std::string_view("ustar  \0", 8)) {
    set(out.flags, TarFlag::gnu_magic);  // GNU keeps times where ustar has the prefix
  } else {
    set(out.flags, TarFlag::no_magic);
  }
}

/// Decimal seconds with an optional fraction and sign.
std::optional<std::int64_t> pax_time(std::string_view text) {
  const std::string_view whole = text.substr(0, text.find('.'));
  std::int64_t value = 0;
  const auto [next, fault] = std::from_chars(whole.data(), whole.data() + whole.size(), value);
  if (fault != std::errc{} || next != whole.data() + whole.size()) return std::nullopt;
  const std::string_view fraction = text.substr(std::min(text.size(), whole.size() + 1));
  if (fraction.find_first_not_of("0123456789") != std::string_view::npos) return std::nullopt;
  return value;
}

bool take_record(std::string_view key, std::string_view value, Extension& into) {
  if (key == "path") {
    into.path = std::string(value);
  } else if (key == "size") {
    std::uint64_t size = 0;
    const auto [next, fault] = std::from_chars(value.data(), value.data() + value.size(), size);
    if (fault != std::errc{} || next != value.data() + value.size()) return false;
    into.size = size;
  } else if (key == "mtime") {
    into.mtime = pax_time(value);
    if (!into.mtime) set(into.flags, TarFlag::mtime_bad);
  } else if (key != "atime" && key != "ctime") {
    set(into.flags, TarFlag::pax_other);
  }
  return true;
}

}  // namespace

bool all_zero(BytesView bytes) {
  return bytes.empty() || (bytes[0] == std::byte{0} &&
                           std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0);
}

HeaderFault parse_header(std::span<const std::byte, block_size> block, Header& out) {
  out = Header{};
  if (!checksum_ok(block, out.flags)) return HeaderFault::checksum;
  out.name = field(block, 0, 100);
  out.typeflag = static_cast<char>(block[156]);
  judge_magic(block, out);
  if (!number(block, 124, 12, out.size, out.flags)) return HeaderFault::size;
  std::uint64_t mtime = 0;
  if (number(block, 136, 12, mtime, out.flags) && mtime <= std::uint64_t{INT64_MAX}) {
    out.mtime = static_cast<std::int64_t>(mtime);
  } else {
    set(out.flags, TarFlag::mtime_bad);
  }
  return HeaderFault::none;
}

bool parse_pax(BytesView records, Extension& into) {
  std::string_view rest = text_of(records);
  while (!rest.empty()) {
    std::size_t length = 0;
    const auto [next, fault] = std::from_chars(rest.data(), rest.data() + rest.size(), length);
    const auto digits = static_cast<std::size_t>(next - rest.data());
    if (fault != std::errc{} || digits >= rest.size() || *next != ' ') return false;
    if (length > rest.size() || length < digits + 4 || rest[length - 1] != '\n') return false;
    const std::string_view record = rest.substr(digits + 1, length - digits - 2);
    const std::size_t equals = record.find('=');
    if (equals == std::string_view::npos || equals == 0) return false;
    if (!take_record(record.substr(0, equals), record.substr(equals + 1), into)) return false;
    rest.remove_prefix(length);
  }
  return true;
}

Error EntryMaker::cut(std::uint64_t offset) {
  return invalid("E-TAR-002", "the archive ends inside an entry", fmt::format("byte {}", offset));
}

Error EntryMaker::limit(std::string_view what, std::uint64_t offset) {
  return invalid("E-TAR-005", std::string(what), fmt::format("byte {}", offset));
}

Result<EntryMaker::Step> EntryMaker::take_header(std::span<const std::byte, block_size> block,
                                                 std::uint64_t offset) {
  const std::string place = fmt::format("byte {}", offset);
  switch (parse_header(block, m_header)) {
    case HeaderFault::none:
      break;
    case HeaderFault::checksum:
      return invalid("E-TAR-001", "the check sum of an entry's header is wrong", place);
    case HeaderFault::size:
      return invalid("E-TAR-003", "the size of an entry cannot be read", place);
  }
  if (!m_pending) m_first_header = offset;
  const char type = m_header.typeflag;
  if (type == 'x' || type == 'g' || type == 'L' || type == 'K') {
    if (m_header.size > m_limits.pax_size_max) {
      return limit(fmt::format("an extension header of {} bytes, {} are allowed", m_header.size,
                               m_limits.pax_size_max),
                   offset);
    }
    // Extension upon extension could go on for ever without an entry being counted.
    if (++m_extensions > extensions_max) {
      return invalid("E-TAR-004", "too many extension headers before one entry", place);
    }
    m_pending = true;
    return Step::extension;
  }
  SIEGEL_TRY_OK(make_entry(offset));
  return Step::entry;
}

Status EntryMaker::take_extension(BytesView content) {
  const std::string place = fmt::format("byte {}", m_first_header);
  if (m_header.typeflag == 'x' || m_header.typeflag == 'g') {
    Extension& into = m_header.typeflag == 'x' ? m_extension : m_global;
    if (!parse_pax(content, into)) {
      return invalid("E-TAR-004", "a pax header cannot be read", place);
    }
    set(into.flags, m_header.typeflag == 'x' ? TarFlag::pax : TarFlag::pax_global);
  } else if (m_header.typeflag == 'L') {
    const std::string_view name = text_of(content);
    m_extension.path = std::string(name.substr(0, name.find('\0')));
    set(m_extension.flags, TarFlag::gnu_long_name);
  }
  return Ok{};
}

Status EntryMaker::make_entry(std::uint64_t offset) {
  if (m_next_index >= m_limits.entries_max) return limit("too many entries", offset);
  TarEntry& entry = m_entry;
  entry.index = m_next_index++;
  entry.header_offset = m_first_header;
  entry.content_offset = offset + block_size;
  entry.typeflag = m_header.typeflag;
  entry.flags = m_header.flags | m_extension.flags | m_global.flags;
  entry.size = m_extension.size.value_or(m_global.size.value_or(m_header.size));
  entry.mtime = m_extension.mtime.value_or(m_global.mtime.value_or(m_header.mtime));
  const std::optional<std::string>& path = m_extension.path ? m_extension.path : m_global.path;
  if (path) {
    m_name = *path;
    entry.name = m_name;
  } else if (m_header.prefix.empty()) {
    entry.name = m_header.name;
  } else {
    m_name.assign(m_header.prefix);
    m_name += '/';
    m_name += m_header.name;
    entry.name = m_name;
  }
  if (entry.name.size() > m_limits.name_max) {
    return limit(
        fmt::format("a name of {} bytes, {} are allowed", entry.name.size(), m_limits.name_max),
        offset);
  }
  judge_name();
  if (entry.typeflag == '\0') {
    set(entry.flags, TarFlag::typeflag_nul);
  } else if (entry.typeflag != '0') {
    set(entry.flags, TarFlag::not_regular);
    // Links, devices, folders and pipes have no content, whatever their size says.
    if (entry.typeflag >= '1' && entry.typeflag <= '6' && entry.size != 0) {
      set(entry.flags, TarFlag::size_ignored);
      entry.size = 0;
    }
  }
  if (entry.size > m_limits.entry_size_max) {
    return limit(
        fmt::format("an entry of {} bytes, {} are allowed", entry.size, m_limits.entry_size_max),
        offset);
  }
  if (m_pending) m_extension = Extension{};
  m_pending = false;
  m_extensions = 0;
  return Ok{};
}

void EntryMaker::judge_name() {
  std::string_view& name = m_entry.name;
  TarFlags& flags = m_entry.flags;
  if (name.starts_with("./")) {
    set(flags, TarFlag::dot_slash);
    name.remove_prefix(2);
  }
  if (name.empty()) set(flags, TarFlag::name_empty);
  bool high = false;
  bool slash = false;
  bool odd = false;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    high |= byte >= 0x80;
    slash |= byte == '/';
    odd |= byte < 0x20 || byte == 0x7F || byte == '\\';
  }
  if (odd) set(flags, TarFlag::control_chars);
  if (high && !valid_utf8(name)) set(flags, TarFlag::name_not_utf8);
  const bool drive = name.size() > 1 && name[1] == ':';
  if (name.starts_with('/') || drive) set(flags, TarFlag::absolute);
  if (slash) set(flags, TarFlag::in_folder);
  if (!slash && name != "..") return;
  for (std::size_t at = 0; at <= name.size();) {
    const std::size_t end = std::min(name.find('/', at), name.size());
    if (name.substr(at, end - at) == "..") set(flags, TarFlag::dot_dot);
    at = end + 1;
  }
}

}  // namespace tar_detail
}  // namespace siegel::format
