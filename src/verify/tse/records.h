#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "verify/report.h"
#include "verify/tse/key_ring.h"
#include "verify/tse/message.h"

// What is kept of each message for the rules that look at several of them. Not part of the module's
// contract.

namespace siegel::verify::tse {

/// One message. At most 64 bytes each, whatever the message holds: an export may have millions.
struct Record {
  std::uint64_t counter = 0;
  std::int64_t time_ms = 0;
  std::uint64_t transaction = 0;
  std::uint64_t client = 0;  ///< first 8 bytes of the SHA-256 of the client's id
  std::uint64_t digest = 0;  ///< first 8 bytes of the SHA-256 of the file
  std::uint64_t place = 0;   ///< within its export
  std::uint16_t input = 0;   ///< which export
  std::uint16_t key = 0;     ///< index of the serial number
  Event event = Event::other_event;
  std::uint8_t algorithm = 0;  ///< scheme * 8 + hash
  TimeKind time_kind : 4 = TimeKind::unix;
  std::uint8_t generation : 2 = 1;
  bool restored : 1 = false;  ///< its name ends with _Fc-k
  bool valid : 1 = false;     ///< false: the signature could not be checked
};
static_assert(sizeof(Record) <= 56);

/// A deque: its blocks of 512 bytes hold nine records, 60 bytes each with all overhead, and nothing
/// is copied when it grows.
using Records = std::deque<Record>;

struct KeyOfRecords {
  std::string serial;  ///< hex
  bool certificate_known = false;
  Validity validity;
};

struct AnalysisInput {
  Records& records;  ///< sorted in place
  const std::vector<KeyOfRecords>& keys;
  /// The place of a record for people: name of the file, before it the export if there are several.
  std::function<std::string(const Record&)> place;
  /// Whether the export is an archive, which must hold the messages of one key.
  std::function<bool(std::uint16_t)> is_archive;
};

/// Rules TSE-0306, TSE-05xx to TSE-09xx that need more than one message. Invalid messages are not
/// among the records.
void analyse(const AnalysisInput& input, Report& report);

}  // namespace siegel::verify::tse
