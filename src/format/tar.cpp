#include "format/tar.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "format/tar_header.h"

namespace siegel::format {

using namespace tar_detail;

namespace {

void set(TarFlags& flags, TarFlag flag) { flags |= static_cast<TarFlags>(flag); }

}  // namespace

// ---- TarView

struct TarView::State {
  BytesView archive;
  EntryMaker maker;
  std::size_t at = 0;  // of the next header
  BytesView content = {};
  TarFlags flags = 0;
  bool ended = false;
  std::optional<Error> error = {};

  Error fail(Error e) {
    error = std::move(e);
    return *error;
  }
  void end();
  Result<bool> next();
  /// Content of `size` bytes at `at`; sets the next position behind its padding.
  bool take(std::uint64_t size, BytesView& out, TarFlags& entry_flags);
};

void TarView::State::end() {
  ended = true;
  const BytesView rest = archive.subspan(at);
  if (rest.size() < block_size) {
    set(flags, TarFlag::no_end_blocks);
    if (!rest.empty() && !all_zero(rest)) set(flags, TarFlag::trailing_data);
    return;
  }
  // The first block is zero: that is why we are here.
  const BytesView second = rest.subspan(block_size);
  if (second.size() < block_size || !all_zero(second.first(block_size))) {
    set(flags, TarFlag::one_end_block);
  }
  if (!all_zero(second)) set(flags, TarFlag::trailing_data);
}

bool TarView::State::take(std::uint64_t size, BytesView& out, TarFlags& entry_flags) {
  const BytesView rest = archive.subspan(at);
  if (size > rest.size()) return false;
  const auto count = static_cast<std::size_t>(size);
  out = rest.first(count);
  const std::size_t whole = std::min(static_cast<std::size_t>(padded(size)), rest.size());
  if (whole < padded(size)) set(flags, TarFlag::padding_cut);
  if (!all_zero(rest.subspan(count, whole - count))) set(entry_flags, TarFlag::padding_not_zero);
  at += whole;
  return true;
}

Result<bool> TarView::State::next() {
  if (error) return *error;
  if (archive.size() > maker.limits().total_max) {
    return fail(EntryMaker::limit("the archive is too large", 0));
  }
  while (!ended) {
    const BytesView rest = archive.subspan(at);
    if (rest.size() < block_size || all_zero(rest.first(block_size))) {
      if (maker.pending()) return fail(EntryMaker::cut(at));
      if (rest.size() < block_size && !all_zero(rest)) return fail(EntryMaker::cut(at));
      end();
      break;
    }
    const std::size_t header_at = at;
    const auto step = maker.take_header(rest.first<block_size>(), header_at);
    if (!step.ok()) return fail(step.error());
    at += block_size;
    if (*step == EntryMaker::Step::entry) {
      if (!take(maker.entry().size, content, maker.entry().flags)) {
        return fail(EntryMaker::cut(header_at));
      }
      return true;
    }
    BytesView extension;
    TarFlags ignored = 0;
    if (!take(maker.extension_size(), extension, ignored)) return fail(EntryMaker::cut(header_at));
    const Status taken = maker.take_extension(extension);
    if (!taken.ok()) return fail(taken.error());
  }
  content = {};
  return false;
}

TarView::TarView(BytesView archive, TarLimits limits)
    : m_state(new State{.archive = archive, .maker = EntryMaker(limits)}) {}
TarView::~TarView() = default;
TarView::TarView(TarView&&) noexcept = default;
TarView& TarView::operator=(TarView&&) noexcept = default;
Result<bool> TarView::next() { return m_state->next(); }
const TarEntry& TarView::entry() const { return m_state->maker.entry(); }
BytesView TarView::content() const { return m_state->content; }
TarFlags TarView::archive_flags() const { return m_state->flags; }

// ---- TarReader

struct TarReader::State {
  Source& source;
  EntryMaker maker;
  Bytes buffer = Bytes(64 * 1024);
  std::size_t from = 0;  // buffered and not used: [from, to)
  std::size_t to = 0;
  std::uint64_t offset = 0;  // of buffer[from] in the archive
  std::uint64_t left = 0;    // of the content
  std::uint64_t padding = 0;
  ByteArray<block_size> header = {};  // the entry's name points into it
  TarFlags flags = 0;
  bool ended = false;
  std::optional<Error> error = {};

  Error fail(Error e) {
    error = std::move(e);
    return *error;
  }
  Result<std::size_t> fill();
  /// Up to `out` bytes; fewer only at the end of the source.
  Result<std::size_t> get(std::span<std::byte> out);
  Status finish_entry();
  Status take_extension(std::uint64_t header_at);
  Status end(BytesView last);
  Result<bool> next();
};

Result<std::size_t> TarReader::State::fill() {
  if (from < to) return to - from;
  SIEGEL_TRY(const std::size_t n, source.read(buffer));
  if (offset + n > maker.limits().total_max) {
    return EntryMaker::limit("the archive is too large", offset);
  }
  from = 0;
  to = n;
  return n;
}

Result<std::size_t> TarReader::State::get(std::span<std::byte> out) {
  std::size_t done = 0;
  while (done < out.size()) {
    SIEGEL_TRY(const std::size_t available, fill());
    if (available == 0) break;
    const std::size_t n = std::min(available, out.size() - done);
    std::copy_n(buffer.begin() + static_cast<std::ptrdiff_t>(from), n,
                out.begin() + static_cast<std::ptrdiff_t>(done));
    from += n;
    offset += n;
    done += n;
  }
  return done;
}

/// Skips what was not read and looks at the padding.
Status TarReader::State::finish_entry() {
  while (left > 0) {
    SIEGEL_TRY(const std::size_t available, fill());
    if (available == 0) return EntryMaker::cut(maker.entry().header_offset);
    const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(available, left));
    from += n;
    offset += n;
    left -= n;
  }
  if (padding == 0) return Ok{};
  ByteArray<block_size> bytes{};
  const std::span<std::byte> wanted = std::span(bytes).first(static_cast<std::size_t>(padding));
  SIEGEL_TRY(const std::size_t n, get(wanted));
  if (n < wanted.size()) set(flags, TarFlag::padding_cut);
  if (!all_zero(wanted.first(n))) set(flags, TarFlag::padding_not_zero);
  padding = 0;
  return Ok{};
}

Status TarReader::State::take_extension(std::uint64_t header_at) {
  Bytes content(static_cast<std::size_t>(padded(maker.extension_size())));
  SIEGEL_TRY(const std::size_t n, get(content));
  if (n < maker.extension_size()) return EntryMaker::cut(header_at);
  if (n < content.size()) set(flags, TarFlag::padding_cut);
  return maker.take_extension(
      BytesView(content).first(static_cast<std::size_t>(maker.extension_size())));
}

Status TarReader::State::end(BytesView last) {
  ended = true;
  if (last.size() < block_size) {
    set(flags, TarFlag::no_end_blocks);
    return Ok{};
  }
  ByteArray<block_size> block{};
  SIEGEL_TRY(std::size_t n, get(block));
  const BytesView second = BytesView(block).first(n);
  if (n < block_size || !all_zero(second)) set(flags, TarFlag::one_end_block);
  if (!all_zero(second)) set(flags, TarFlag::trailing_data);
  for (;;) {
    SIEGEL_TRY(n, fill());
    if (n == 0) return Ok{};
    if (!all_zero(BytesView(buffer).subspan(from, n))) {
      set(flags, TarFlag::trailing_data);
      return Ok{};
    }
    from += n;
    offset += n;
  }
}

Result<bool> TarReader::State::next() {
  if (error) return *error;
  if (ended) return false;
  if (const Status done = finish_entry(); !done.ok()) return fail(done.error());
  for (;;) {
    const std::uint64_t header_at = offset;
    const Result<std::size_t> n = get(header);
    if (!n.ok()) return fail(n.error());
    const BytesView block = BytesView(header).first(*n);
    if (block.size() < block_size || all_zero(block)) {
      const bool cut = maker.pending() || (block.size() < block_size && !all_zero(block));
      if (cut) return fail(EntryMaker::cut(header_at));
      if (const Status done = end(block); !done.ok()) return fail(done.error());
      return false;
    }
    const auto step = maker.take_header(header, header_at);
    if (!step.ok()) return fail(step.error());
    if (*step == EntryMaker::Step::entry) {
      left = maker.entry().size;
      padding = padded(left) - left;
      return true;
    }
    const Status taken = take_extension(header_at);
    if (!taken.ok()) return fail(taken.error());
  }
}

TarReader::TarReader(Source& source, TarLimits limits)
    : m_state(new State{.source = source, .maker = EntryMaker(limits)}) {}
TarReader::~TarReader() = default;
TarReader::TarReader(TarReader&&) noexcept = default;
TarReader& TarReader::operator=(TarReader&&) noexcept = default;
Result<bool> TarReader::next() { return m_state->next(); }
const TarEntry& TarReader::entry() const { return m_state->maker.entry(); }
TarFlags TarReader::archive_flags() const { return m_state->flags; }

Result<std::size_t> TarReader::read(std::span<std::byte> out) {
  State& state = *m_state;
  if (state.error) return *state.error;
  const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), state.left));
  const Result<std::size_t> n = state.get(out.first(wanted));
  if (!n.ok()) return state.fail(n.error());
  if (*n < wanted) return state.fail(EntryMaker::cut(entry().header_offset));
  state.left -= *n;
  return *n;
}

Status TarReader::read_all(Bytes& buffer, std::size_t size_max) {
  State& state = *m_state;
  if (state.error) return *state.error;
  if (state.left > size_max) {
    return EntryMaker::limit(
        fmt::format("a content of {} bytes, {} are allowed", state.left, size_max),
        entry().header_offset);
  }
  // Grows with what really comes, so that a size nobody has bytes for costs nothing.
  buffer.clear();
  while (state.left > 0) {
    const std::size_t at = buffer.size();
    const auto piece =
        static_cast<std::size_t>(std::min<std::uint64_t>(state.left, std::uint64_t{1} << 20));
    buffer.resize(at + piece);
    SIEGEL_TRY(const std::size_t n, read(std::span(buffer).subspan(at)));
    buffer.resize(at + n);
  }
  return Ok{};
}

}  // namespace siegel::format
