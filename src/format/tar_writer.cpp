#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/check.h"
#include "format/tar.h"
#include "format/tar_header.h"

namespace siegel::format {

using namespace tar_detail;

namespace {

constexpr std::size_t ustar_name_max = 100;
constexpr std::size_t name_max = 4096;
constexpr std::uint64_t size_limit = std::uint64_t{1} << 33;  // 11 octal digits

constexpr std::array<std::byte, 2 * block_size> zeros{};

using Block = std::array<std::byte, block_size>;

void put_text(Block& block, std::size_t at, std::string_view text) {
  std::copy_n(bytes_of(text).begin(), text.size(), block.begin() + static_cast<std::ptrdiff_t>(at));
}

void put_octal(Block& block, std::size_t at, std::size_t digits, std::uint64_t value) {
  for (std::size_t i = digits; i-- > 0;) {
    block[at + i] = static_cast<std::byte>('0' + (value & 7U));
    value >>= 3U;
  }
}

Block make_header(std::string_view name, std::uint64_t size, std::int64_t mtime, char typeflag) {
  Block block{};
  put_text(block, 0, name);
  put_octal(block, 100, 7, 0644);
  put_octal(block, 108, 7, 0);
  put_octal(block, 116, 7, 0);
  put_octal(block, 124, 11, size);
  put_octal(block, 136, 11, static_cast<std::uint64_t>(mtime));
  put_text(block, 148, "        ");
  block[156] = static_cast<std::byte>(typeflag);
  put_text(block, 257,
           std::string_view("ustar\0"
                            "00",
                            8));
  put_octal(block, 329, 7, 0);
  put_octal(block, 337, 7, 0);
  std::uint32_t sum = 0;
  for (const std::byte b : block) sum += std::to_integer<std::uint32_t>(b);
  put_octal(block, 148, 6, sum);
  block[154] = std::byte{0};
  return block;
}

/// `len path=name\n`, where len counts itself.
std::string pax_path(std::string_view name) {
  const std::size_t rest = name.size() + std::string_view(" path=\n").size();
  std::size_t length = rest + 1;
  while (rest + std::to_string(length).size() != length) ++length;
  return fmt::format("{} path={}\n", length, name);
}

/// The first 100 bytes at most, not cutting a character in two.
std::string_view short_name(std::string_view name) {
  std::size_t end = std::min(name.size(), ustar_name_max);
  while (end < name.size() && (static_cast<unsigned char>(name[end]) & 0xC0U) == 0x80U) --end;
  return name.substr(0, end);
}

Status check_name(std::string_view name) {
  const auto bad = [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7F || byte == '/' || byte == '\\';
  };
  const bool fine = !name.empty() && name.size() <= name_max && name != "." && name != ".." &&
                    valid_utf8(name) && std::none_of(name.begin(), name.end(), bad);
  if (fine) return Ok{};
  return invalid("E-TAR-006",
                 fmt::format("a file name of {} bytes that an archive cannot hold", name.size()));
}

}  // namespace

Status TarWriter::put(BytesView bytes) {
  SIEGEL_TRY_OK(m_sink.write(bytes));
  m_written += bytes.size();
  return Ok{};
}

Status TarWriter::end_entry() {
  SIEGEL_CHECK(m_missing == 0);
  const std::uint64_t padding = padded(m_written) - m_written;
  if (padding == 0) return Ok{};
  return put(BytesView(zeros).first(static_cast<std::size_t>(padding)));
}

Status TarWriter::begin(std::string_view name, std::uint64_t size, std::int64_t mtime) {
  SIEGEL_CHECK(!m_finished);
  SIEGEL_TRY_OK(check_name(name));
  if (size >= size_limit || mtime < 0 || static_cast<std::uint64_t>(mtime) >= size_limit) {
    return invalid(
        "E-TAR-007",
        fmt::format("an entry of {} bytes of time {} does not fit into a TAR", size, mtime));
  }
  SIEGEL_TRY_OK(end_entry());
  if (name.size() > ustar_name_max) {
    const std::string record = pax_path(name);
    SIEGEL_TRY_OK(put(make_header("@PaxHeader", record.size(), mtime, 'x')));
    SIEGEL_TRY_OK(put(bytes_of(record)));
    SIEGEL_TRY_OK(end_entry());
  }
  SIEGEL_TRY_OK(put(make_header(short_name(name), size, mtime, '0')));
  m_missing = size;
  return Ok{};
}

Status TarWriter::write(BytesView piece) {
  SIEGEL_CHECK(piece.size() <= m_missing);
  SIEGEL_TRY_OK(put(piece));
  m_missing -= piece.size();
  return Ok{};
}

Status TarWriter::add(std::string_view name, BytesView content, std::int64_t mtime) {
  SIEGEL_TRY_OK(begin(name, content.size(), mtime));
  return write(content);
}

Status TarWriter::finish() {
  SIEGEL_CHECK(!m_finished);
  SIEGEL_TRY_OK(end_entry());
  m_finished = true;
  return put(zeros);
}

std::uint64_t tar_entry_size(std::string_view name, std::uint64_t content_size) {
  std::uint64_t size = block_size + padded(content_size);
  if (name.size() > ustar_name_max) size += block_size + padded(pax_path(name).size());
  return size;
}

}  // namespace siegel::format
