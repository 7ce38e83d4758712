#pragma once

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "recorder/recorder.h"

namespace siegel::recorder {

/// The drafts of one append under construction. While one is being built nothing else is appended.
class Recorder::Batch {
 public:
  Batch(std::uint64_t last_sequence, Instant at) : m_last(last_sequence), m_at(at) {}

  /// Returns the sequence the entry will have.
  std::uint64_t add(std::string_view kind, std::string payload, std::string_view register_id,
                    std::string_view actor, std::optional<journal::Key> key = {}) {
    m_drafts.push_back({.kind = std::string(kind),
                        .version = 1,
                        .at = m_at,
                        .register_id = std::string(register_id),
                        .actor = std::string(actor),
                        .key = std::move(key),
                        .payload = std::move(payload)});
    return m_last + m_drafts.size();
  }

  [[nodiscard]] Instant at() const { return m_at; }
  /// Of the entry added last.
  [[nodiscard]] std::uint64_t last() const { return m_last + m_drafts.size(); }
  [[nodiscard]] bool empty() const { return m_drafts.empty(); }
  std::vector<journal::Draft> take() { return std::move(m_drafts); }

 private:
  std::uint64_t m_last;
  Instant m_at;
  std::vector<journal::Draft> m_drafts;
};

/// Longest wait for a device within one sale.
[[nodiscard]] inline std::chrono::milliseconds deadline_of(const Profile& profile) {
  return std::chrono::milliseconds(std::clamp(profile.tse_deadline_ms, 1500, 5000));
}

/// Who acts when no person does.
inline constexpr std::string_view actor_system = "siegel";

}  // namespace siegel::recorder
