#include "app/shop/duties.h"

#include <algorithm>

#include "base/file.h"
#include "format/json.h"

namespace siegel::app {
namespace {

constexpr std::size_t ended_outages_max = 200;
constexpr std::uint64_t file_bytes_max = std::uint64_t{16} << 20;
constexpr std::size_t entries_a_read = 1024;

/// Payloads as they stand in the journal, so that their own readers read them back.
template <class T>
json::Array list_of(const std::vector<T>& items) {
  json::Array list;
  for (const T& item : items) list.push_back(to_json(item));
  return list;
}

template <class T, class Read>
bool read_list(const json::Object& from, std::string_view key, std::vector<T>& to,
               const Read& read) {
  const json::Value* found = from.find(key);
  if (found == nullptr || found->array() == nullptr) return false;
  for (const json::Value& item : *found->array()) {
    if (item.string() == nullptr) return false;
    auto value = read(*item.string());
    if (!value) return false;
    to.push_back(std::move(*value));
  }
  return true;
}

/// The file's content if the chain confirms it.
std::optional<Duties> believed(const std::filesystem::path& file, journal::Reader& reader) {
  const auto bytes = read_file(file, file_bytes_max);
  if (!bytes) return {};
  const auto value = json::parse(text_of(*bytes), {.bytes_max = file_bytes_max});
  if (!value || value->object() == nullptr) return {};
  const json::Object& object = *value->object();
  const json::Value* hash = object.find("hash");
  const json::Value* sequence = object.find("sequence");
  if (hash == nullptr || hash->string() == nullptr || sequence == nullptr ||
      sequence->integer() == nullptr || *sequence->integer() < 1)
    return {};
  Duties duties;
  duties.sequence = static_cast<std::uint64_t>(*sequence->integer());
  const auto entry = reader.read(journal::Sequence(duties.sequence), 1);
  if (!entry || entry->empty() || hex(entry->front().hash) != *hash->string()) return {};
  std::vector<OutageBegan> begun;
  std::vector<OutageEnded> ended;
  if (!read_list(object, "checks", duties.checks, receipt_check_from_json) ||
      !read_list(object, "reports", duties.reports, authority_report_from_json) ||
      !read_list(object, "begun", begun, outage_began_from_json) ||
      !read_list(object, "ended", ended, outage_ended_from_json))
    return {};
  for (OutageBegan& began : begun) {
    const auto its_end = std::find_if(ended.begin(), ended.end(), [&](const OutageEnded& end) {
      return end.tse_serial == began.tse_serial && end.number == began.number;
    });
    duties.outages.push_back(
        {began, its_end == ended.end() ? std::nullopt : std::optional(*its_end)});
  }
  return duties;
}

}  // namespace

Status Duties::apply(const journal::Entry& entry) {
  if (entry.payload_removed) {
    // Removed after the retention time: nothing of it is due any more.
  } else if (entry.kind == entry_kind::check) {
    SIEGEL_TRY(ReceiptCheck check, receipt_check_from_json(entry.payload));
    checks.push_back(std::move(check));
  } else if (entry.kind == entry_kind::report) {
    SIEGEL_TRY(AuthorityReport report, authority_report_from_json(entry.payload));
    reports.push_back(std::move(report));
  } else if (entry.kind == entry_kind::outage_begin) {
    SIEGEL_TRY(OutageBegan began, outage_began_from_json(entry.payload));
    outages.push_back({std::move(began), {}});
  } else if (entry.kind == entry_kind::outage_end) {
    SIEGEL_TRY(OutageEnded ended, outage_ended_from_json(entry.payload));
    for (OutageSpan& span : outages)
      if (span.began.tse_serial == ended.tse_serial && span.began.number == ended.number)
        span.ended = ended;
    auto over = static_cast<std::size_t>(std::count_if(
        outages.begin(), outages.end(), [](const OutageSpan& span) { return span.ended; }));
    std::erase_if(outages, [&](const OutageSpan& span) {
      if (!span.ended || over <= ended_outages_max) return false;
      --over;
      return true;
    });
  }
  sequence = entry.sequence.get();
  return Ok{};
}

const ReceiptCheck* Duties::check_of(const std::string& receipt_number) const {
  const auto found = std::find_if(checks.rbegin(), checks.rend(), [&](const ReceiptCheck& check) {
    return check.receipt_number == receipt_number;
  });
  return found == checks.rend() ? nullptr : &*found;
}

const AuthorityReport* Duties::done(std::string_view what, std::string_view subject,
                                    Instant since) const {
  const auto found =
      std::find_if(reports.rbegin(), reports.rend(), [&](const AuthorityReport& report) {
        return report.what == what && report.subject == subject && report.code == "0" &&
               report.mode != "test" && report.at >= since;
      });
  return found == reports.rend() ? nullptr : &*found;
}

Result<Duties> load_duties(const std::filesystem::path& file, journal::Reader& reader) {
  Duties duties = believed(file, reader).value_or(Duties());
  while (true) {
    SIEGEL_TRY(const auto entries,
               reader.read(journal::Sequence(duties.sequence + 1), entries_a_read));
    if (entries.empty()) return duties;
    for (const journal::Entry& entry : entries) SIEGEL_TRY_OK(duties.apply(entry));
  }
}

Status write_duties(const std::filesystem::path& file, const Duties& duties,
                    journal::Reader& reader) {
  if (duties.sequence == 0) return Ok{};
  SIEGEL_TRY(const auto entry, reader.read(journal::Sequence(duties.sequence), 1));
  if (entry.empty()) return Ok{};
  json::Array begun;
  json::Array ended;
  for (const OutageSpan& span : duties.outages) {
    begun.push_back(to_json(span.began));
    if (span.ended) ended.push_back(to_json(*span.ended));
  }
  json::Object object;
  object.set("begun", std::move(begun));
  object.set("checks", list_of(duties.checks));
  object.set("ended", std::move(ended));
  object.set("hash", hex(entry.front().hash));
  object.set("reports", list_of(duties.reports));
  object.set("sequence", static_cast<std::int64_t>(duties.sequence));
  return write_file(file, bytes_of(json::canonical(object)), {.mode = 0600});
}

}  // namespace siegel::app
