#pragma once

#include <bitset>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"
#include "country/de/export/columns.h"
#include "country/de/export/dsfinvk.h"
#include "exports/file_set.h"
#include "journal/journal.h"
#include "model/closing.h"
#include "model/master.h"
#include "recorder/state.h"

// DSFinV-K exports made from the journal while it grows. Two passes: the closings are found by
// their links, then the entries of the period are read once, in chunks. Memory is that of the
// closings and of what is not written yet; it does not grow with the number of receipts. The same
// closings give the same bytes. docs/reference/dsfinvk-export.md

namespace siegel::exports {

struct FoundClosing {
  Closing closing;
  journal::Head entry;  ///< its own: sequence and hash
};
/// What is known before the first receipt is read.
struct Survey {
  struct Register {
    std::string id;
    std::vector<FoundClosing> closings;  ///< all of them, ascending
    std::uint64_t open_receipts = 0;     ///< after the last closing
    std::optional<Date> open_since;      ///< day of the first of them
  };
  std::vector<Register> registers;  ///< by id
  country::de::ClosingIndex index;
  std::map<std::string, TseInfo, std::less<>> tses;  ///< by serial
};
/// Reads the closings of all registers. `state` is that of the journal or older. Errors: E-JRN-1xx,
/// E-MOD-101 (corrupt), E-EXP-109 (corrupt): a link leads to no closing of that register.
[[nodiscard]] Result<Survey> survey(journal::Reader& reader, const recorder::State& state);

/// Which closings. Several conditions hold together.
struct Selection {
  std::vector<std::string> registers;         ///< empty: all
  std::optional<std::uint64_t> first_number;  ///< Z_NR
  std::optional<std::uint64_t> last_number;
  std::optional<Date> first_day;
  std::optional<Date> last_day;
  bool by_business_day = false;  ///< Z_BUCHUNGSTAG where it differs; else the day of Z_ERSTELLUNG
  bool leave_open_out = false;   ///< open business in the period is left out and said
};

struct DsfinvkRequest {
  Selection selection;
  country::de::Edition edition = country::de::Edition::v2_4;
  std::bitset<country::de::dsfinvk_tables> tables =
      std::bitset<country::de::dsfinvk_tables>().set();
  std::string generator_version;
  Bytes official_dtd;  ///< shipped as it is, if its hash is the official one; else our own
  /// After each chunk: entries read and to be read, bytes of CSV written in this run.
  std::function<void(std::uint64_t done, std::uint64_t total, std::uint64_t bytes)> progress;
  /// Written text after which progress is made durable.
  std::uint64_t checkpoint_bytes = std::uint64_t{256} << 20;
};

struct ChosenRegister {
  std::string id;
  std::vector<FoundClosing> closings;  ///< ascending, at least one
  std::uint64_t open_receipts = 0;     ///< left out
};
/// The closings an export of `request` holds. Errors: E-EXP-101 (not_found) no such register, or no
/// closing in the period; E-EXP-102 (conflict) open business in the period: close the register
/// first, or leave it out; E-EXP-105 (invalid) edition 2.2 for records from July 2022 on.
[[nodiscard]] Result<std::vector<ChosenRegister>> choose(const Survey& survey,
                                                         const DsfinvkRequest& request);

struct WrittenFile {
  std::string name;
  std::uint64_t bytes = 0;
  std::uint64_t rows = 0;  ///< without the header; 0: no table
  Hash256 sha256{};
};
struct DsfinvkExported {
  std::vector<ChosenRegister> registers;
  std::uint64_t closings = 0;
  std::uint64_t receipts = 0;
  std::vector<WrittenFile> files;
  journal::Head head;         ///< of the last closing: what the export was made from
  std::uint64_t read_to = 0;  ///< last entry read: later ones only for signatures found late
  std::uint64_t awaited = 0;  ///< receipts whose device has not been asked yet
  Hash256 manifest_sha256{};
};

/// Writes all files, index.xml, the dtd and manifest.json into `files`. With a progress file in it
/// (progress_name) goes on from there. Errors: of choose(); E-JRN-1xx, E-MOD-101 (corrupt);
/// E-EXP-106 (conflict) the progress belongs to another export; E-EXP-107 (conflict) a reference to
/// a receipt that is not closed yet; E-EXP-108, -109 (corrupt) the journal contradicts itself;
/// E-EXP-112 (not_found) payloads of the period have been removed; those of `files`.
[[nodiscard]] Result<DsfinvkExported> write_dsfinvk(journal::Reader& reader, const Survey& survey,
                                                    const DsfinvkRequest& request, FileSet& files);
inline constexpr const char* progress_name = ".progress.json";

/// More files of a package, written after the tables; each is named in the manifest.
using MoreFiles = std::function<Status(const std::vector<ChosenRegister>&, FileSet&,
                                       std::vector<std::string>& names)>;

struct FolderOptions {
  std::filesystem::path target;
  bool resume = false;
  bool zip = false;  ///< one ZIP archive named `target` instead of a folder
  MoreFiles more;    ///< may be empty
};
/// Into a new folder, which appears under its name only when everything in it is durable; while it
/// is written it is called "<target>.part". Errors besides: E-EXP-103 (conflict) the target is
/// there already; E-EXP-104 (conflict) there is an interrupted export and `resume` is not set;
/// E-EXP-110 (unavailable) the disk is full or does not work: what is finished stays in
/// "<target>.part".
[[nodiscard]] Result<DsfinvkExported> export_dsfinvk(journal::Reader& reader, const Survey& survey,
                                                     const DsfinvkRequest& request,
                                                     const FolderOptions& options);

/// The files of one closing, in memory: for bookkeeping.
[[nodiscard]] Result<std::map<std::string, std::string, std::less<>>> closing_tables(
    journal::Reader& reader, const recorder::State& state, const std::string& register_id,
    std::uint64_t number);

}  // namespace siegel::exports
