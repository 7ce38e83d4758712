#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "archive/archive.h"
#include "archive/collection.h"
#include "archive/piece_writer.h"
#include "base/file.h"

// Fetching what is new on a device. The TR knows no call "everything since": a range of
// transactions gives everything between its least and its greatest counter, and ranges that overlap
// in one transaction leave nothing out between them. What lies behind the last transaction, and
// what is missing in between after a jump of the device's clock, is asked for by time.

namespace siegel::archive {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t transactions_a_call_min = 5;
constexpr std::uint64_t transactions_a_call_max = 5000;

/// The device has nothing of the kind: no failure.
bool nothing_there(const Error& error) {
  return error.kind == ErrorKind::invalid || error.kind == ErrorKind::not_found ||
         error.kind == ErrorKind::conflict;
}

}  // namespace

class Archive::Updating {
 public:
  Updating(Archive& archive, const OnDevice& on_device, const MessageReader& reader,
           const Clock& clock, const UpdateOptions& options)
      : m_archive(archive),
        m_on_device(on_device),
        m_reader(reader),
        m_clock(clock),
        m_options(options),
        m_next(archive.m_manifest),
        m_last(m_next.last_counter()),
        m_known(m_last),
        m_slice(std::clamp(options.transactions_a_call, transactions_a_call_min,
                           transactions_a_call_max)) {}

  Result<Update> run();

 private:
  Status fetch();
  Status fetch_tail();
  /// Everything that fits the filter, up to a counter. Nested calls fill gaps.
  Status take(const device::TseFilter& filter, std::uint64_t up_to, int depth);
  Status add(Collection& collection, const std::vector<Collected>& messages, bool broken,
             int depth);
  Status fill_gap(const Collected& next, int depth);
  Status write(Collection& collection, const Collected& message);
  Status finish_piece();
  Status save();

  [[nodiscard]] bool halted() const { return m_halted || m_out.interrupted.has_value(); }

  Archive& m_archive;
  const OnDevice& m_on_device;
  const MessageReader& m_reader;
  const Clock& m_clock;
  const UpdateOptions& m_options;
  Manifest m_next;        ///< with what the piece at hand holds
  std::uint64_t m_last;   ///< everything up to here is here or is a gap
  std::uint64_t m_known;  ///< of the last message
  std::uint64_t m_slice;
  std::unique_ptr<PieceWriter> m_piece;
  std::vector<OtherFile> m_others;
  bool m_halted = false;  ///< stopped, or an export broke off
  bool m_full_asked = false;
  Update m_out;
};

Result<Update> Archive::Updating::run() {
  SIEGEL_TRY_OK(m_on_device([&](device::Tse& tse) -> Status {
    SIEGEL_TRY(const TseInfo info, tse.identity());
    if (info.serial != m_next.serial)
      return conflict("E-ARC-104",
                      fmt::format("the device is TSE {}, not {}", info.serial, m_next.serial));
    SIEGEL_TRY(m_out.status, tse.status());
    return Ok{};
  }));
  const std::uint64_t target = m_out.status.signature_counter;
  if (target < m_last)
    return conflict("E-ARC-104",
                    fmt::format("the TSE has made {} signatures, but {} are archived: another "
                                "device, or one that was set back",
                                target, m_last));
  if (m_last >= target || (m_next.asked_up_to >= target && !m_options.full)) {
    m_out.complete = true;
    return std::move(m_out);
  }
  std::error_code error;
  fs::create_directories(m_archive.m_folder, error);
  if (error)
    return unavailable("E-FIL-004", fmt::format("cannot make {}", m_archive.m_folder.string()),
                       m_archive.m_folder.string());
  const Status fetched = fetch();
  // What came is kept, whatever ended it.
  if (!fetched && fetched.error().code == "E-ARC-104") {
    m_piece.reset();
    return fetched.error();
  }
  if (!fetched && !m_out.interrupted) m_out.interrupted = fetched.error();
  m_out.complete = !halted();
  if (m_out.complete) {
    if (m_last < target && m_next.asked_up_to < target)
      add_finding(
          m_out.findings, "E-ARC-109",
          fmt::format("signatures {} to {} were counted by the TSE, which has no message of "
                      "them",
                      m_last + 1, target),
          m_last + 1);
    m_next.asked_up_to = std::max({m_next.asked_up_to, target, m_last});
  }
  if (const Status saved = m_piece ? finish_piece() : save(); !saved && !m_out.interrupted) {
    m_out.interrupted = saved.error();
    m_out.complete = false;
  }
  return std::move(m_out);
}

Status Archive::Updating::fetch() {
  const std::uint64_t newest = m_out.status.transaction_counter;
  std::uint64_t first = std::max<std::uint64_t>(1, m_next.transaction_last);
  while (first < newest || (first == newest && m_next.transaction_last < newest)) {
    if (m_options.stop && m_options.stop()) m_halted = true;
    if (halted()) return Ok{};
    const std::uint64_t last = std::min(newest, first + m_slice);
    device::TseFilter filter;
    filter.transaction_first = first;
    filter.transaction_last = last;
    SIEGEL_TRY_OK(take(filter, UINT64_MAX, 0));
    if (last == newest) break;
    first = last;
  }
  return halted() ? Status(Ok{}) : fetch_tail();
}

Status Archive::Updating::fetch_tail() {
  const std::uint64_t target = m_out.status.signature_counter;
  if (m_last >= target) return Ok{};
  if (m_options.stop && m_options.stop()) m_halted = true;
  if (halted()) return Ok{};
  device::TseFilter filter;
  if (m_last != 0) filter.time_first = m_next.last_time;
  SIEGEL_TRY_OK(take(filter, UINT64_MAX, 0));
  if (halted() || m_last >= target || !m_options.full || m_full_asked) return Ok{};
  m_full_asked = true;
  return take({}, UINT64_MAX, 0);
}

Status Archive::Updating::take(const device::TseFilter& filter, std::uint64_t up_to, int depth) {
  SIEGEL_TRY(Collection collection,
             Collection::create(m_archive.m_folder / fmt::format("incoming-{}.tar.new", depth)));
  std::chrono::milliseconds took{0};
  const Status exported = m_on_device([&](device::Tse& tse) {
    const Steady began = m_clock.now().steady;
    const Status done = tse.export_log(filter, collection.sink());
    took = std::chrono::duration_cast<std::chrono::milliseconds>(m_clock.now().steady - began);
    return done;
  });
  ++m_out.calls;
  m_out.longest_call = std::max(m_out.longest_call, took);
  if (took > m_options.call_limit)
    m_slice = std::max(m_slice / 2, transactions_a_call_min);
  else if (took * 4 < m_options.call_limit)
    m_slice = std::min(m_slice * 2, transactions_a_call_max);
  if (!exported && nothing_there(exported.error())) return Ok{};
  if (!exported) m_out.interrupted = exported.error();

  std::vector<Collected> messages;
  while (true) {
    const Collection::Wanted wanted{.above = m_last,
                                    .up_to = up_to,
                                    .messages_max = m_options.messages_a_piece,
                                    .known = m_known,
                                    .known_sha256 = m_next.last_sha256};
    Findings findings;
    SIEGEL_TRY(const Collection::Read read,
               collection.read(m_reader, wanted, messages, m_others, findings));
    for (Finding& finding : findings)
      add_finding(m_out.findings, finding.code, std::move(finding.detail), finding.counter);
    if (read.broken) m_halted = true;
    SIEGEL_TRY_OK(add(collection, messages, read.broken || m_out.interrupted.has_value(), depth));
    if (!read.more || messages.empty()) return Ok{};
  }
}

Status Archive::Updating::add(Collection& collection, const std::vector<Collected>& messages,
                              bool broken, int depth) {
  for (const Collected& message : messages) {
    if (message.counter <= m_last) continue;  // came with the filling of a gap
    if (message.counter != m_last + 1) {
      // An export that broke off may lack anything: the next one goes on here.
      if (broken) return Ok{};
      SIEGEL_TRY_OK(fill_gap(message, depth));
      if (halted()) return Ok{};
    }
    if (message.counter <= m_last) continue;
    SIEGEL_TRY_OK(write(collection, message));
  }
  return Ok{};
}

/// Asks for what lies before `next`; what the device does not have is a gap.
Status Archive::Updating::fill_gap(const Collected& next, int depth) {
  if (depth == 0) {
    device::TseFilter window;
    if (m_last != 0) window.time_first = std::min(m_next.last_time, next.time);
    window.time_last = std::max(m_next.last_time, next.time);
    SIEGEL_TRY_OK(take(window, next.counter - 1, 1));
    if (halted()) return Ok{};
    if (m_last + 1 < next.counter && m_options.full && !m_full_asked) {
      m_full_asked = true;
      SIEGEL_TRY_OK(take({}, next.counter - 1, 1));
      if (halted()) return Ok{};
    }
  }
  if (m_last + 1 >= next.counter) return Ok{};
  m_next.gaps.push_back({m_last + 1, next.counter - 1});
  // The first signature of a key may have gone into its certificate [TR-03153-1].
  if (next.counter > 2)
    add_finding(
        m_out.findings, "E-ARC-109",
        fmt::format("the TSE has no message of signatures {} to {}", m_last + 1, next.counter - 1),
        m_last + 1);
  m_last = next.counter - 1;
  return Ok{};
}

Status Archive::Updating::write(Collection& collection, const Collected& message) {
  SIEGEL_TRY(const Bytes content, collection.content(message));
  if (!m_piece) {
    const std::uint64_t number = m_next.pieces.empty()
                                     ? 1
                                     : std::stoull(m_next.pieces.back().file.substr(
                                           0, m_next.pieces.back().file.find('.'))) +
                                           1;
    SIEGEL_TRY(m_piece,
               PieceWriter::create(m_archive.m_folder, fmt::format("{:06}.tar", number), m_others));
  }
  SIEGEL_TRY_OK(m_piece->add(message, content));
  m_last = m_known = message.counter;
  m_next.last_sha256 = message.sha256;
  m_next.last_time = message.time;
  m_next.transaction_last = std::max(m_next.transaction_last, message.transaction);
  ++m_out.messages;
  if (m_piece->piece().messages >= m_options.messages_a_piece ||
      m_piece->bytes() >= m_options.bytes_a_piece)
    return finish_piece();
  return Ok{};
}

Status Archive::Updating::finish_piece() {
  SIEGEL_TRY(const Piece piece, m_piece->finish(m_clock.now().wall));
  m_piece.reset();
  m_next.pieces.push_back(piece);
  ++m_out.pieces;
  return save();
}

Status Archive::Updating::save() {
  if (m_next == m_archive.m_manifest) return Ok{};
  SIEGEL_TRY_OK(
      write_file(m_archive.m_folder / "manifest.json", bytes_of(to_json(m_next)), {.mode = 0600}));
  m_archive.m_manifest = m_next;
  return Ok{};
}

Result<Update> Archive::update(const OnDevice& on_device, const MessageReader& reader,
                               const Clock& clock, const UpdateOptions& options) {
  Updating updating(*this, on_device, reader, clock, options);
  return updating.run();
}

}  // namespace siegel::archive
