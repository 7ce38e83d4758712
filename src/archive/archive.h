#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "archive/finding.h"
#include "archive/manifest.h"
#include "archive/message.h"
#include "base/result.h"
#include "base/stream.h"
#include "base/time.h"
#include "device/device.h"

// What a TSE has signed, kept beside the shop in TAR pieces: an audit never waits for the stick,
// and a stick that is lost takes nothing with it. Fetched in small slices by transaction number, so
// that sales go on between them; each message is verified when it arrives; the pieces follow one
// another by signature counter. docs/formats/archive.md; why so: docs/decisions/0033.

namespace siegel::archive {

/// Runs work on the device's own thread, between sales, and waits.
using OnDevice = std::function<Status(const std::function<Status(device::Tse&)>& work)>;

struct UpdateOptions {
  /// Also asks for everything at once where counters are missing. One call that may take minutes on
  /// a full stick: for the night without sales, and for the last export of a device.
  bool full = false;
  std::uint64_t transactions_a_call = 200;  ///< halved while a call takes longer than call_limit
  std::chrono::milliseconds call_limit{250};
  std::uint64_t messages_a_piece = 50'000;
  std::uint64_t bytes_a_piece = std::uint64_t{64} << 20;
  std::function<bool()> stop;  ///< asked between the calls; true: enough for now
};

struct Update {
  std::uint64_t messages = 0;  ///< new ones, archived
  std::uint64_t pieces = 0;    ///< new ones
  std::uint64_t calls = 0;     ///< of the device
  std::chrono::milliseconds longest_call{0};
  /// Everything the device had when this began is here, but for the counters in `findings`.
  bool complete = false;
  /// Why it is not: the device went away (what had come is kept), the folder cannot be written.
  std::optional<Error> interrupted;
  Findings findings;         ///< E-ARC-104, -105, -106, -109; at most 100
  device::TseStatus status;  ///< of the device when it began
};

/// Which messages write_tar() takes; the rules of docs/formats/tse-export.md.
struct Selection {
  std::optional<std::uint64_t> transaction_first, transaction_last;  ///< both or none
  std::optional<Instant> time_first, time_last;                      ///< inclusive
  std::optional<std::string> client;
  std::uint64_t records_max = 0;  ///< 0: no limit
};

/// The archive of one TSE in a folder. One process at a time writes it (the data folder's lock);
/// others may read beside it. Not for several threads.
class Archive {
 public:
  /// The folder is made by the first update(). E-ARC-101 (conflict): it is of another TSE,
  /// E-ARC-102 (corrupt), E-FIL-002.
  static Result<Archive> open(std::filesystem::path folder, std::string tse_serial);

  [[nodiscard]] const Manifest& manifest() const { return m_manifest; }
  [[nodiscard]] const std::filesystem::path& folder() const { return m_folder; }

  /// Fetches what is new. Each piece is written beside, synced, renamed and entered in the
  /// manifest: after a power cut there are whole pieces and a manifest that fits them, and the next
  /// update goes on there. Holds at most about 20 MB. Errors before anything was fetched: those of
  /// the device, E-ARC-104 (conflict): the device is older than its archive or another, E-FIL-004.
  Result<Update> update(const OnDevice& on_device, const MessageReader& reader, const Clock& clock,
                        const UpdateOptions& options);

  /// Shows the messages above a counter in their order, with their bytes; ends with an error of
  /// `visit`. Each piece that was read to its end has its SHA-256: E-ARC-103 (corrupt) otherwise.
  Status visit(std::uint64_t above,
               const std::function<Status(const std::string& name, BytesView bytes)>& visit) const;

  /// One TAR of all pieces: info.csv, certificates, messages by counter; with the messages the
  /// device itself would export. E-ARC-103 (corrupt), E-ARC-107 (invalid): more than records_max,
  /// E-ARC-108 (not_found): nothing is archived or nothing fits.
  Status write_tar(const Selection& selection, const MessageReader& reader, Sink& sink) const;

  /// Reads every piece again. E-ARC-103 (corrupt): one is missing or was changed.
  Status check() const;

 private:
  class Updating;
  Archive(std::filesystem::path folder, Manifest manifest)
      : m_folder(std::move(folder)), m_manifest(std::move(manifest)) {}

  std::filesystem::path m_folder;
  Manifest m_manifest;
};

}  // namespace siegel::archive
