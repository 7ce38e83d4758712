#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "app/shop/printer.h"
#include "base/result.h"
#include "base/time.h"
#include "device/device.h"
#include "recorder/messages.h"
#include "recorder/state.h"
#include "views/messages.h"
#include "views/slips.h"

namespace siegel::app {

/// How a TSE that could not be opened is recorded: with its own error if the failure log's list has
/// it, else, and if there is nothing at all, as E-TSE-101 with its words.
[[nodiscard]] recorder::OutageReport missing_tse(const std::string& serial, const Error& error);

/// Asks every TSE how it is.
[[nodiscard]] std::vector<views::StartedTse> ask_tses(
    const recorder::State& state, const std::map<std::string, Error>& missing,
    const std::function<Status(const std::string&, const std::function<Status(device::Tse&)>&)>&
        on_device);

/// The slip with the state of the TSEs, printed at the first start of a day if the profile says so
/// (DIK-046). On a thread of its own: a TSE that hangs delays nobody.
class DayStart {
 public:
  struct Parts {
    std::filesystem::path folder;  ///< of start.json, which keeps the day
    PrinterSettings printer;
    recorder::State state;
    Instant now;
    std::map<std::string, Error> missing;  ///< TSEs that could not be opened, by serial
    std::function<Status(const std::string&, const std::function<Status(device::Tse&)>&)> on_device;
    std::function<void(recorder::OutageReport)> report;  ///< does not wait
  };
  explicit DayStart(Parts parts) : m_parts(std::move(parts)) {}
  DayStart(const DayStart&) = delete;
  DayStart& operator=(const DayStart&) = delete;
  ~DayStart();  ///< waits for the slip

  /// Begins, unless today's slip has been printed. A slip that could not be printed is tried again
  /// at the next start. Error E-FIL-002: start.json cannot be read.
  [[nodiscard]] Status start();

 private:
  void run(const LocalStamp& at);

  Parts m_parts;
  std::thread m_thread;
};

}  // namespace siegel::app
