#include "views/outage_story.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "model/codec.h"

namespace siegel::views {
namespace {

using journal::Entry;
using journal::Sequence;

constexpr std::uint64_t chunk_entries = 1000;

/// Takes entries from the newest to the oldest.
class Finder {
 public:
  Finder(journal::Reader& reader, const std::string& device, std::uint64_t number)
      : m_reader(reader), m_device(device), m_number(number) {}

  /// True: the begin is found, nothing older belongs to it.
  Result<bool> take(const Entry& entry) {
    if (entry.payload_removed) return false;
    const std::string_view kind = entry.kind;
    if (kind == entry_kind::seal) return take_seal(entry);
    if (kind == entry_kind::started) {
      SIEGEL_TRY(const VorgangStarted started, vorgang_started_from_json(entry.payload));
      if (started.transaction == 0 && started.tse_serial == m_device)
        m_started = {entry.register_id, entry.sequence.get()};
    } else if (kind == entry_kind::outage_note) {
      SIEGEL_TRY(OutageNote note, outage_note_from_json(entry.payload));
      if (note.tse_serial == m_device && note.number == m_number && !note.reason.empty())
        m_story.reasons.insert(m_story.reasons.begin(), std::move(note.reason));
    } else if (kind == entry_kind::outage_end) {
      SIEGEL_TRY(OutageEnded ended, outage_ended_from_json(entry.payload));
      if (ended.tse_serial == m_device && ended.number == m_number) m_story.ended = ended;
    } else if (kind == entry_kind::outage_begin) {
      SIEGEL_TRY(OutageBegan began, outage_began_from_json(entry.payload));
      if (began.tse_serial != m_device || began.number != m_number) return false;
      m_story.began = std::move(began);
      SIEGEL_TRY_OK(finish(entry.sequence.get()));
      return true;
    }
    return false;
  }

  [[nodiscard]] OutageStory& story() { return m_story; }

 private:
  struct At {
    std::string register_id;
    std::uint64_t entry = 0;  ///< its sequence
    std::uint64_t plan = 0;   ///< of a seal
    std::uint64_t next = 0;   ///< what stands right behind the begin if this noticed it
  };

  Result<bool> take_seal(const Entry& entry) {
    if (entry.payload.find(R"("outcome":"unsigned_outage")") == std::string::npos) return false;
    SIEGEL_TRY(const Seal seal, seal_from_json(entry.payload));
    const std::string& device = seal.signer.empty() ? seal.tse_serial : seal.signer;
    if (device != m_device || seal.outage_number != m_number) return false;
    // A TSE is asked when the plan is durable, a signature device before: there the plan stands
    // between the begin and the seal.
    m_first = {entry.register_id, entry.sequence.get(), seal.plan_sequence,
               seal.signer.empty() ? entry.sequence.get() : seal.plan_sequence};
    if (!m_last) m_last = m_first;
    return false;
  }

  Result<std::optional<Plan>> plan_at(std::uint64_t sequence) {
    SIEGEL_TRY(const auto found, m_reader.read(Sequence(sequence), 1));
    if (found.empty() || found.front().payload_removed || found.front().kind != entry_kind::plan)
      return std::optional<Plan>();
    SIEGEL_TRY(Plan plan, plan_from_json(found.front().payload));
    return std::optional<Plan>(std::move(plan));
  }

  /// The receipt or Vorgang that noticed it stands right behind the begin.
  Status finish(std::uint64_t begin) {
    if (m_first) {
      SIEGEL_TRY(const auto plan, plan_at(m_first->plan));
      if (plan) m_story.first_receipt = plan->receipt_number;
      if (m_first->next == begin + 1 || m_first->entry == begin + 1) {
        m_story.register_id = m_first->register_id;
        if (plan) m_story.cashier = plan->cashier;
      }
      SIEGEL_TRY(const auto last, plan_at(m_last->plan));
      if (last) m_story.last_receipt = last->receipt_number;
    }
    if (m_started && m_started->entry == begin + 1) m_story.register_id = m_started->register_id;
    return Ok{};
  }

  journal::Reader& m_reader;
  const std::string& m_device;
  std::uint64_t m_number;
  OutageStory m_story;
  std::optional<At> m_first, m_last, m_started;
};

}  // namespace

Result<OutageStory> find_outage(journal::Reader& reader, const std::string& device,
                                std::uint64_t number, Sequence newest) {
  std::uint64_t last = newest.get();
  if (last == 0) {
    SIEGEL_TRY(const journal::Head head, reader.head());
    last = head.sequence.get();
  }
  Finder finder(reader, device, number);
  while (last > 0) {
    const std::uint64_t first = last > chunk_entries ? last - chunk_entries + 1 : 1;
    SIEGEL_TRY(auto entries, reader.read(Sequence(first), last - first + 1));
    for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry) {
      SIEGEL_TRY(const bool found, finder.take(*entry));
      if (found) return std::move(finder.story());
    }
    last = first - 1;
  }
  return not_found("E-OUT-101", fmt::format("no outage {} of {}", number, device), "number");
}

}  // namespace siegel::views
