#include "archive/archive.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <set>
#include <utility>

#include "archive/collection.h"
#include "base/file.h"
#include "crypto/hash.h"
#include "format/tar.h"

namespace siegel::archive {
namespace {

namespace fs = std::filesystem;

/// Hashes what goes through it.
class HashedSource final : public Source {
 public:
  explicit HashedSource(Source& source) : m_source(source) {}
  Result<std::size_t> read(std::span<std::byte> out) override {
    SIEGEL_TRY(const std::size_t got, m_source.read(out));
    m_hash.update(out.first(got));
    m_bytes += got;
    return got;
  }
  /// Reads the rest; true if the whole is what the manifest says.
  Result<bool> is(const Piece& piece) {
    Bytes buffer(std::size_t{64} << 10);
    while (true) {
      SIEGEL_TRY(const std::size_t got, read(buffer));
      if (got == 0) break;
    }
    return m_bytes == piece.bytes && m_hash.digest() == piece.sha256;
  }

 private:
  Source& m_source;
  crypto::Sha256 m_hash;
  std::uint64_t m_bytes = 0;
};

Error changed(const fs::path& path) {
  return corrupt("E-ARC-103", fmt::format("{} was changed after it was written", path.string()),
                 path.string());
}

Error missing(const fs::path& path, const Error& error) {
  return corrupt("E-ARC-103", fmt::format("{}: {}", path.string(), error.detail), path.string());
}

/// Shows the files of a piece, `visit(entry, bytes)` returning false to pass over the rest of them,
/// and checks the whole against its SHA-256 at the end.
template <class Visit>
Status each_file(const fs::path& folder, const Piece& piece, const Visit& visit) {
  const fs::path path = folder / piece.file;
  auto file = FileSource::open(path);
  if (!file) return missing(path, file.error());
  HashedSource source(*file);
  format::TarReader tar(source);
  Bytes bytes;
  while (true) {
    const auto more = tar.next();
    if (!more) return missing(path, more.error());
    if (!*more) break;
    const format::TarEntry entry = tar.entry();
    const std::string name(entry.name);
    if (const Status whole = tar.read_all(bytes, Collection::message_bytes_max); !whole)
      return missing(path, whole.error());
    SIEGEL_TRY(const bool go_on, visit(name, entry.mtime, bytes));
    if (!go_on) break;
  }
  SIEGEL_TRY(const bool right, source.is(piece));
  return right ? Status(Ok{}) : Status(changed(path));
}

bool is_message(const std::string& name) { return name.ends_with(".log"); }

/// What a Selection means in counters and times [docs/formats/tse-export.md].
struct Bounds {
  CounterRange counters{1, std::numeric_limits<std::uint64_t>::max()};
  std::optional<Instant> time_first, time_last;
  std::optional<std::string> client;

  [[nodiscard]] bool all() const { return !time_first && !time_last && !client; }
  [[nodiscard]] bool touches(const Piece& piece) const {
    return piece.counters.first <= counters.last && piece.counters.last >= counters.first &&
           (!time_first || piece.time_last >= *time_first) &&
           (!time_last || piece.time_first <= *time_last);
  }
  [[nodiscard]] bool fits(const Message& message) const {
    if (message.counter < counters.first || message.counter > counters.last) return false;
    if ((time_first && message.time < *time_first) || (time_last && message.time > *time_last))
      return false;
    return !client || message.step == Message::Step::none || message.client == *client;
  }
};

}  // namespace

Result<Archive> Archive::open(fs::path folder, std::string tse_serial) {
  const auto bytes = read_file(folder / "manifest.json", Manifest::bytes_max);
  if (!bytes) {
    if (bytes.error().kind != ErrorKind::not_found) return bytes.error();
    Manifest fresh;
    fresh.serial = std::move(tse_serial);
    return Archive(std::move(folder), std::move(fresh));
  }
  SIEGEL_TRY(Manifest manifest, manifest_from_json(text_of(*bytes)));
  if (manifest.serial != tse_serial)
    return conflict("E-ARC-101",
                    fmt::format("{} is the archive of TSE {}, not of {}", folder.string(),
                                manifest.serial, tse_serial),
                    folder.string());
  return Archive(std::move(folder), std::move(manifest));
}

Status Archive::visit(
    std::uint64_t above,
    const std::function<Status(const std::string& name, BytesView bytes)>& visit) const {
  for (const Piece& piece : m_manifest.pieces) {
    if (piece.counters.last <= above) continue;
    const auto show = [&](const std::string& name, std::int64_t, BytesView bytes) -> Result<bool> {
      if (!is_message(name)) return true;
      SIEGEL_TRY_OK(visit(name, bytes));
      return true;
    };
    SIEGEL_TRY_OK(each_file(m_folder, piece, show));
  }
  return Ok{};
}

Status Archive::check() const {
  for (const Piece& piece : m_manifest.pieces)
    SIEGEL_TRY_OK(each_file(
        m_folder, piece,
        [](const std::string&, std::int64_t, BytesView) -> Result<bool> { return true; }));
  return Ok{};
}

namespace {

/// Everything between the least and the greatest counter of the messages of these transactions.
Result<CounterRange> counters_of(const Archive& archive, const Selection& selection,
                                 const MessageReader& reader) {
  CounterRange range{std::numeric_limits<std::uint64_t>::max(), 0};
  for (const Piece& piece : archive.manifest().pieces) {
    if (piece.transaction_first == 0 || piece.transaction_first > *selection.transaction_last ||
        piece.transaction_last < *selection.transaction_first)
      continue;
    SIEGEL_TRY_OK(
        each_file(archive.folder(), piece,
                  [&](const std::string& name, std::int64_t, BytesView bytes) -> Result<bool> {
                    if (!is_message(name)) return true;
                    SIEGEL_TRY(const Message message, reader.read(bytes));
                    const bool its = message.transaction >= *selection.transaction_first &&
                                     message.transaction <= *selection.transaction_last &&
                                     message.step != Message::Step::none &&
                                     (!selection.client || message.client == *selection.client);
                    if (!its) return true;
                    range.first = std::min(range.first, message.counter);
                    range.last = std::max(range.last, message.counter);
                    return true;
                  }));
  }
  if (range.last == 0)
    return not_found("E-ARC-108",
                     fmt::format("no transaction {} to {} is archived",
                                 *selection.transaction_first, *selection.transaction_last));
  return range;
}

/// info.csv and certificates of the pieces; of the same name the newest.
Status write_others(const fs::path& folder, const std::vector<const Piece*>& pieces,
                    format::TarWriter& tar) {
  std::map<std::string, OtherFile> others;
  for (const Piece* piece : pieces)
    SIEGEL_TRY_OK(each_file(
        folder, *piece,
        [&](const std::string& name, std::int64_t mtime, BytesView bytes) -> Result<bool> {
          if (is_message(name)) return false;
          others[name] = {name, mtime, Bytes(bytes.begin(), bytes.end())};
          return true;
        }));
  const auto write = [&](const OtherFile& other) {
    return tar.add(other.name, other.content, other.mtime);
  };
  if (const auto info = others.find("info.csv"); info != others.end()) {
    SIEGEL_TRY_OK(write(info->second));
    others.erase(info);
  }
  for (const auto& [name, other] : others) SIEGEL_TRY_OK(write(other));
  return Ok{};
}

}  // namespace

Status Archive::write_tar(const Selection& selection, const MessageReader& reader,
                          Sink& sink) const {
  Bounds bounds{.time_first = selection.time_first,
                .time_last = selection.time_last,
                .client = selection.client};
  if (selection.transaction_first) {
    SIEGEL_TRY(bounds.counters, counters_of(*this, selection, reader));
  }
  std::vector<const Piece*> pieces;
  for (const Piece& piece : m_manifest.pieces)
    if (bounds.touches(piece)) pieces.push_back(&piece);
  if (pieces.empty()) return not_found("E-ARC-108", "nothing that fits is archived");
  format::TarWriter tar(sink);
  SIEGEL_TRY_OK(write_others(m_folder, pieces, tar));
  std::uint64_t count = 0;
  const bool whole = bounds.all() && !selection.transaction_first;
  const auto copy = [&](const std::string& name, std::int64_t mtime,
                        BytesView bytes) -> Result<bool> {
    if (!is_message(name)) return true;
    if (!whole) {
      SIEGEL_TRY(const Message message, reader.read(bytes));
      if (!bounds.fits(message)) return true;
    }
    if (++count > selection.records_max && selection.records_max != 0)
      return invalid("E-ARC-107", fmt::format("more than {} messages fit", selection.records_max),
                     "--max");
    SIEGEL_TRY_OK(tar.add(name, bytes, mtime));
    return true;
  };
  for (const Piece* piece : pieces) SIEGEL_TRY_OK(each_file(m_folder, *piece, copy));
  if (count == 0) return not_found("E-ARC-108", "nothing that fits is archived");
  return tar.finish();
}

}  // namespace siegel::archive
