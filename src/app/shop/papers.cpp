#include <utility>

#include "app/shop/open_shop.h"
#include "views/forecast.h"

// Slips, daily log files, and what is told when the shop opens.

namespace siegel::app {

/// Without waiting; what is refused (it is on record already) is no news.
void OpenShop::report(recorder::OutageReport report) {
  if (m_engine)
    m_engine->submit("siegel", recorder::Master{.value = std::move(report)},
                     [](const Result<recorder::Accepted>& /*result*/) {});
}

/// Papers are never a reason to keep a shop closed: what goes wrong here is a warning.
Status OpenShop::open_papers(const recorder::State& state) {
  const auto printer = read_printer_settings(m_place.folder);
  if (!printer) m_warnings.push_back(printer.error());
  if (printer && *printer) {
    SIEGEL_TRY(auto slip_reader, m_journal->reader());
    auto slips = SlipPrinter::make({.folder = m_place.folder,
                                    .printer = **printer,
                                    .reader = std::move(slip_reader),
                                    .state = [this] { return this->state(); },
                                    .report = [this](auto what) { report(std::move(what)); }},
                                   journal::Sequence(state.sequence));
    if (slips)
      m_slips = std::move(*slips);
    else
      m_warnings.push_back(slips.error());
  }
  if (state.profile.log_files) {
    std::set<std::string> missing;
    for (const auto& [serial, error] : m_missing) missing.insert(serial);
    SIEGEL_TRY(auto log_reader, m_journal->reader());
    auto logs = LogWriter::make(m_place.folder, std::move(log_reader), state,
                                m_environment.clock.now().wall, missing);
    if (logs)
      m_log_writer = std::move(*logs);
    else
      m_warnings.push_back(logs.error());
  }
  return Ok{};
}

/// A TSE that is not there is an outage from now on, on record before the first sale: nobody waits
/// for it, and it is told once (DIK-019, 020).
void OpenShop::start_day(const recorder::State& state) {
  for (const auto& [serial, error] : m_missing) {
    const auto outage = state.outages.find(serial);
    if (outage != state.outages.end() && outage->second.open) continue;
    const auto told =
        m_engine->call("siegel", recorder::Master{.value = missing_tse(serial, error)});
    if (!told) {
      m_warnings.push_back(told.error());
      continue;
    }
    const recorder::State now = m_engine->state();
    for (views::Message& message :
         views::messages({.state = now, .now = m_environment.clock.now().wall}))
      if (message.device == serial && message.severity == views::Severity::error)
        m_start_messages.push_back(std::move(message));
  }
  for (views::Message& message :
       views::messages({.state = state, .now = m_environment.clock.now().wall}))
    if (message.code == "W-TPL-101" && !message.acknowledged_at)
      m_start_messages.push_back(std::move(message));

  const auto printer = read_printer_settings(m_place.folder);
  if (!state.profile.start_slip || !printer || !*printer) return;
  m_day_start = std::make_unique<DayStart>(DayStart::Parts{
      .folder = m_place.folder,
      .printer = **printer,
      .state = state,
      .now = m_environment.clock.now().wall,
      .missing = m_missing,
      .on_device = [this](const std::string& serial,
                          const auto& work) { return m_engine->on_device(serial, work); },
      .report = [this](auto what) { report(std::move(what)); }});
  if (const auto started = m_day_start->start(); !started) m_warnings.push_back(started.error());
}

Result<std::vector<views::StartedTse>> OpenShop::ask_tses() {
  SIEGEL_TRY_OK(need_writing());
  const recorder::State known = m_engine->state();
  return app::ask_tses(known, m_missing, [this](const std::string& serial, const auto& work) {
    return m_engine->on_device(serial, work);
  });
}

Result<std::vector<views::Message>> OpenShop::messages(Ask ask) {
  SIEGEL_TRY(const recorder::State known, state());
  views::MessageFacts facts{.state = known, .now = m_environment.clock.now().wall};
  if (ask == Ask::devices) {
    SIEGEL_TRY(std::vector<views::StartedTse> tses, ask_tses());
    for (views::StartedTse& tse : tses)
      facts.devices.push_back(
          {.serial = tse.info.serial, .error = std::move(tse.error), .status = tse.status});
  }
  facts.others = views::care_messages(known, facts.now);
  return views::messages(facts);
}

}  // namespace siegel::app
