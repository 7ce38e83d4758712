#pragma once

#include <optional>
#include <string>

#include "app/shop/shop.h"
#include "base/result.h"
#include "journal/journal.h"
#include "mail/notice.h"
#include "model/entries.h"
#include "notify/event.h"
#include "recorder/state.h"

namespace siegel::app {

/// What people are told of a journal's entries. Pure but for the reader.
class ShopEvents {
 public:
  /// `journal`: hash of entry 1, hex; the ids of events begin with it.
  explicit ShopEvents(const std::string& journal) : m_prefix(journal.substr(0, 16)) {}

  /// Kinds of entry that are told; of the others entry() is never asked.
  [[nodiscard]] static bool told(std::string_view kind);
  /// Nothing: it is not worth telling. `state`: as of this entry or later. `began`: when the outage
  /// that this entry ends began, if it is known. Errors: E-MOD-101, those of the reader.
  [[nodiscard]] Result<std::optional<notify::Event>> entry(const journal::Entry& entry,
                                                           const recorder::State& state,
                                                           std::optional<Instant> began,
                                                           journal::Reader& reader) const;
  /// The `count`th reminder of an outage that lasts.
  [[nodiscard]] notify::Event reminder(const std::string& device, const OutageBegan& outage,
                                       std::uint64_t receipts, std::uint64_t count, Instant now,
                                       const recorder::State& state) const;
  /// The report to FinanzOnline that an outage of 48 hours asks for.
  [[nodiscard]] notify::Event report_due(const std::string& signer, const OutageBegan& outage,
                                         Instant now, const recorder::State& state) const;
  /// Anything else with words of its own.
  [[nodiscard]] notify::Event notice(const Shop::NoticeToTell& notice, Instant now,
                                     const recorder::State* state) const;

 private:
  [[nodiscard]] std::string id_of(std::string_view rest) const;
  [[nodiscard]] notify::Event outage_event(std::string id, std::string name,
                                           const std::string& device,
                                           const recorder::State& state) const;
  [[nodiscard]] notify::Event began_event(std::string id, const OutageBegan& began,
                                          const recorder::State& state) const;
  [[nodiscard]] notify::Event ended_event(std::string id, const OutageEnded& ended, Instant since,
                                          const recorder::State& state) const;

  std::string m_prefix;
};

/// "<device>/<number>": how an outage is remembered.
[[nodiscard]] std::string outage_key(const std::string& device, std::uint64_t number);

}  // namespace siegel::app
