#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "app/care/care.h"
#include "model/codec.h"

namespace siegel::app {
namespace {

// An answer that was lost is asked for when the device is back; until then the journal may not know
// a signature.
constexpr std::chrono::minutes patience{60};
constexpr std::size_t entries_a_read = 500;

/// Walks the journal from an entry on, as far as it is wanted.
class Entries {
 public:
  Entries(journal::Reader& reader, std::uint64_t after) : m_reader(reader), m_next(after + 1) {}
  /// Empty: the end.
  Result<const journal::Entry*> next() {
    if (m_at == m_chunk.size()) {
      SIEGEL_TRY(m_chunk, m_reader.read(journal::Sequence(m_next), entries_a_read));
      m_at = 0;
      if (m_chunk.empty()) return static_cast<const journal::Entry*>(nullptr);
      m_next = m_chunk.back().sequence.get() + 1;
    }
    return static_cast<const journal::Entry*>(&m_chunk[m_at++]);
  }

 private:
  journal::Reader& m_reader;
  std::uint64_t m_next;
  std::vector<journal::Entry> m_chunk;
  std::size_t m_at = 0;
};

archive::Compared compared_of(const recorder::State& state, const std::string& serial) {
  const auto care = state.care.find(serial);
  if (care == state.care.end()) return {};
  const TseChecked& last = care->second.last;
  return {.counter = last.counter, .sequence = last.sequence, .pending = last.pending};
}

/// Both sides are read alternately, so that only what has no counterpart yet is in memory.
Result<archive::ComparisonResult> compare(Shop& shop, const archive::Archive& archive,
                                          const archive::MessageReader& messages,
                                          const recorder::State& state, const TseInfo& tse,
                                          std::uint64_t archived, std::uint64_t before,
                                          Instant now) {
  SIEGEL_TRY(auto reader, shop.reader());
  SIEGEL_TRY(auto plans, shop.reader());
  const archive::Compared from = compared_of(state, tse.serial);
  archive::Comparison comparison(tse.serial, from);
  Entries entries(*reader, from.sequence);
  const auto plan_of = [&](std::uint64_t sequence) -> Result<Plan> {
    SIEGEL_TRY(const auto found, plans->read(journal::Sequence(sequence), 1));
    if (found.empty() || found.front().kind != entry_kind::plan)
      return corrupt("E-JRN-110", fmt::format("entry {} is no plan", sequence));
    return plan_from_json(found.front().payload);
  };
  bool ended = false;
  const auto read_until = [&](std::uint64_t counter) -> Status {
    while (!ended && comparison.journal_counter() < counter) {
      SIEGEL_TRY(const journal::Entry* const entry, entries.next());
      ended = entry == nullptr;
      if (!ended) SIEGEL_TRY_OK(comparison.journal(*entry, plan_of));
    }
    return Ok{};
  };
  SIEGEL_TRY_OK(
      archive.visit(comparison.first_counter(), [&](const std::string&, BytesView bytes) -> Status {
        SIEGEL_TRY(const archive::Message one, messages.read(bytes));
        comparison.message(one);
        return read_until(one.counter);
      }));
  SIEGEL_TRY_OK(read_until(UINT64_MAX));
  Instant judged = now - patience;
  if (const auto outage = state.outages.find(tse.serial);
      outage != state.outages.end() && outage->second.open)
    judged = std::min(judged, outage->second.open->since - patience);
  return comparison.finish(archived, before, judged);
}

void add(TseChecked& checked, const archive::Findings& findings, std::uint64_t total) {
  checked.findings_total += total;
  for (const archive::Finding& finding : findings)
    if (checked.findings.size() < TseChecked::findings_max)
      checked.findings.push_back({finding.code, finding.detail, finding.counter});
}

recorder::CareSample sample_of(const device::TseStatus& status, Instant at) {
  return {.at = at,
          .signatures = status.signature_counter,
          .signatures_left = status.signatures_left,
          .storage_bytes = status.storage_bytes,
          .storage_used_bytes = status.storage_used_bytes,
          .certificate_until = status.certificate_until};
}

}  // namespace

std::filesystem::path archive_folder(const Shop& shop, const TseInfo& tse) {
  return shop.folder() / "archive" / tse.id;
}

Result<archive::Archive> open_archive(const Shop& shop, const TseInfo& tse) {
  return archive::Archive::open(archive_folder(shop, tse), tse.serial);
}

Result<archive::Update> update_archive(Shop& shop, archive::Archive& archive, const TseInfo& tse,
                                       const Clock& clock, const archive::UpdateOptions& options) {
  SIEGEL_TRY(const archive::MessageReader messages, message_reader(tse));
  return archive.update(
      [&](const std::function<Status(device::Tse&)>& work) { return shop.on_tse(tse.id, work); },
      messages, clock, options);
}

Result<TseNight> look_after(Shop& shop, const TseInfo& tse, const Clock& clock,
                            const NightOptions& options, const std::string& actor) {
  TseNight out;
  out.tse = tse;
  if (const Status tended = shop.tend_tse(tse.id); !tended) out.tending = tended.error();
  SIEGEL_TRY(archive::Archive archive, open_archive(shop, tse));
  // What the journal has now the device must have when it is asked.
  SIEGEL_TRY(const recorder::State before, shop.state());
  archive::UpdateOptions fetching;
  fetching.full = options.full;
  fetching.stop = options.stop;
  auto updated = update_archive(shop, archive, tse, clock, fetching);
  const Instant now = clock.now().wall;
  TseChecked& checked = out.checked;
  checked.tse_serial = tse.serial;
  SIEGEL_TRY(const recorder::State state, shop.state());
  if (!updated && updated.error().code != "E-ARC-104") {
    out.error = updated.error();
    return out;
  }
  if (!updated) {
    // Another device, or one that was set back: that is a finding, and the worst of all.
    const archive::Compared old = compared_of(state, tse.serial);
    checked.counter = old.counter;
    checked.sequence = old.sequence;
    checked.pending = old.pending;
    add(checked, {{updated.error().code, updated.error().detail, 0}}, 1);
  } else {
    out.update = std::move(*updated);
    const archive::Manifest& manifest = archive.manifest();
    const std::uint64_t archived = out.update.complete
                                       ? std::max(manifest.last_counter(), manifest.asked_up_to)
                                       : manifest.last_counter();
    SIEGEL_TRY(const archive::MessageReader messages, message_reader(tse));
    SIEGEL_TRY(const archive::ComparisonResult compared,
               compare(shop, archive, messages, state, tse, archived,
                       out.update.complete ? before.sequence : 0, now));
    checked.counter = compared.compared.counter;
    checked.sequence = compared.compared.sequence;
    checked.pending = compared.compared.pending;
    checked.messages = compared.messages;
    add(checked, compared.findings, compared.findings_total);
    add(checked, out.update.findings, out.update.findings.size());
    const device::TseStatus& status = out.update.status;
    checked.signatures = status.signature_counter;
    checked.signatures_left = status.signatures_left;
    checked.storage_bytes = status.storage_bytes;
    checked.storage_used_bytes = status.storage_used_bytes;
    checked.certificate_until = status.certificate_until;
  }
  const auto care = state.care.find(tse.serial);
  const recorder::TseCare known = care == state.care.end() ? recorder::TseCare{} : care->second;
  std::optional<recorder::CareSample> latest;
  if (checked.signatures != 0) latest = sample_of(out.update.status, now);
  out.forecast = views::forecast(tse, known, latest);
  out.reminders = views::reminders_due(out.forecast, now, known.told);
  for (const views::Reminder& reminder : out.reminders) {
    checked.told.push_back(reminder.id);
    checked.told.insert(checked.told.end(), reminder.also.begin(), reminder.also.end());
  }
  SIEGEL_TRY_OK(shop.record(checked, actor));
  return out;
}

Result<std::vector<TseNight>> night(Shop& shop, const Clock& clock, const NightOptions& options,
                                    const std::string& actor) {
  SIEGEL_TRY(const recorder::State state, shop.state());
  std::vector<TseNight> out;
  for (const auto& [serial, info] : state.tses) {
    if (state.retired(serial)) continue;
    SIEGEL_TRY(TseNight one, look_after(shop, info, clock, options, actor));
    out.push_back(std::move(one));
  }
  return out;
}

}  // namespace siegel::app
