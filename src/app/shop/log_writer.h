#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "base/result.h"
#include "base/time.h"
#include "journal/follower.h"
#include "recorder/state.h"
#include "views/day_logs.h"

namespace siegel::app {

/// Writes the daily log files into `logs/` of the data folder while the shop runs, if the profile
/// says so (DIK-022 to 026; docs/formats/day-logs.md). How far each file is whole is kept in
/// logs/position.json: after a power cut what is beyond is cut off and written again. Whoever
/// switched the profile on sees the entries from then on; `siegel export logs` makes any day.
class LogWriter final : public journal::Follower {
 public:
  /// `state`: as of `head`, the last entry that is history. `missing`: TSEs that were not found.
  static Result<std::unique_ptr<LogWriter>> make(std::filesystem::path data,
                                                 std::unique_ptr<journal::Reader> reader,
                                                 const recorder::State& state, Instant now,
                                                 const std::set<std::string>& missing);

  [[nodiscard]] std::string_view name() const override { return "logs"; }
  [[nodiscard]] journal::Sequence position() const override { return m_position; }
  [[nodiscard]] Status handle(std::span<const journal::Entry> entries) override;

 private:
  LogWriter(std::filesystem::path folder, std::unique_ptr<journal::Reader> reader)
      : m_folder(std::move(folder)), m_reader(std::move(reader)), m_teller(*m_reader) {}
  /// What is to be added, by file name.
  using Added = std::map<std::string, std::string>;
  void add(Added& added, const views::LogLine& line) const;
  [[nodiscard]] Status write(const Added& added);
  [[nodiscard]] Status load();
  [[nodiscard]] Status save() const;

  std::filesystem::path m_folder;
  std::unique_ptr<journal::Reader> m_reader;
  views::DayLogTeller m_teller;
  journal::Sequence m_position;
  std::map<std::string, std::uint64_t> m_sizes;  // of files written to, by name; the last days only
};

}  // namespace siegel::app
