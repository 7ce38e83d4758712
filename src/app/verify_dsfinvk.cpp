#include "app/verify_dsfinvk.h"

#include <fmt/format.h>

#include <filesystem>
#include <functional>

#include "app/report_text.h"
#include "journal/sqlite/sqlite.h"
#include "model/codec.h"
#include "model/entries.h"
#include "verify/dsfinvk/dsfinvk.h"

namespace siegel::app {

namespace {

namespace fs = std::filesystem;
using EachTransaction =
    std::function<Status(const std::function<void(const verify::dsfinvk::OtherTransaction&)>&)>;

/// Every finished transaction that our own journal knows.
EachTransaction transactions_of(const std::string& journal) {
  return [journal](
             const std::function<void(const verify::dsfinvk::OtherTransaction&)>& each) -> Status {
    std::error_code ignored;
    const fs::path path =
        fs::is_directory(journal, ignored) ? fs::path(journal) / "journal.db" : fs::path(journal);
    SIEGEL_TRY(const auto reader, journal::sqlite::open_reader({.path = path}));
    constexpr std::size_t chunk_entries = 2000;
    for (std::uint64_t next = 1;;) {
      SIEGEL_TRY(const auto entries, reader->read(journal::Sequence(next), chunk_entries));
      if (entries.empty()) return Ok{};
      for (const journal::Entry& entry : entries) {
        if (entry.payload_removed) continue;
        if (entry.kind == entry_kind::seal) {
          SIEGEL_TRY(const Seal seal, seal_from_json(entry.payload));
          if (seal.outcome == Seal::Outcome::signed_by_tse)
            each({seal.tse_serial, seal.transaction, seal.signature_counter, seal.end,
                  seal.signature});
        } else if (entry.kind == entry_kind::late_signature) {
          SIEGEL_TRY(const LateSignature late, late_signature_from_json(entry.payload));
          each({late.tse_serial, late.transaction, late.signature_counter, late.end,
                late.signature});
        }
      }
      next = entries.back().sequence.get() + 1;
    }
  };
}

}  // namespace

bool is_dsfinvk(const std::vector<std::string>& what) {
  std::error_code ignored;
  if (what.size() != 1 ||
      std::filesystem::exists(std::filesystem::path(what[0]) / "journal.db", ignored))
    return false;
  return verify::dsfinvk::looks_like_export(what[0]);
}

Result<DsfinvkResult> verify_dsfinvk(const Context& context, const DsfinvkRequest& request) {
  verify::dsfinvk::Options options;
  options.logs = request.logs;
  options.codes = request.codes;
  options.registration = request.registration;
  if (!request.journal.empty())
    options.others.push_back({.name = "journal", .visit = transactions_of(request.journal)});
  for (const std::string& path : request.dfka) options.taxonomies.emplace_back(path);
  options.trust_anchors = request.trust.trust_anchors;
  options.crls = request.trust.crls;
  options.progress = progress_of(context);
  SIEGEL_TRY(verify::dsfinvk::Outcome outcome,
             verify::dsfinvk::verify_export(request.what, options));
  DsfinvkResult result;
  result.report = std::move(outcome.report);
  result.page.strips = std::move(outcome.strips);
  const auto figure = [&](const char* german, const char* english, std::uint64_t value) {
    result.page.figures.emplace_back(context.german() ? german : english, fmt::format("{}", value));
  };
  figure("Kassenabschlüsse", "Closings", outcome.closings);
  figure("Vorgänge", "Vorgänge", outcome.receipts);
  figure("Zeilen", "Rows", outcome.rows);
  return result;
}

}  // namespace siegel::app
