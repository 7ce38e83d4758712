#include "app/at/dues.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>

namespace siegel::app::at {
namespace {

using std::chrono::days;
using std::chrono::month_day_last;
using std::chrono::sys_days;
using std::chrono::year_month_day;

constexpr int quarters_back = 4;
constexpr days a_week{7};
constexpr std::chrono::hours report_after{48};

Date day_after(Date day, days count) { return Date(year_month_day(sys_days(day.ymd()) + count)); }

Date last_day_of_month(Date day) {
  const auto ymd = day.ymd();
  return Date(year_month_day(ymd.year() / month_day_last(ymd.month())));
}

/// 23:59:59 of a day where the shop is; the offset is that of the day's evening.
LocalStamp end_of(Date day, const std::string& zone) {
  // An instant is near enough for the offset: no zone we know changes it in the last hours of a
  // day.
  const auto noon = Instant::parse(day.text() + "T21:00:00Z");
  const auto there = noon ? LocalStamp::from(*noon, zone) : Result<LocalStamp>(noon.error());
  const auto minutes = there ? there->offset().count() : 0;
  const auto stamp =
      LocalStamp::parse(fmt::format("{}T23:59:59{}{:02}:{:02}", day.text(), minutes < 0 ? '-' : '+',
                                    std::abs(minutes) / 60, std::abs(minutes) % 60));
  return stamp ? *stamp : LocalStamp();
}

/// "2026-11" as its first day.
std::optional<Date> first_of(const std::string& month) {
  const auto day = Date::parse(month + "-01");
  return day ? std::optional(*day) : std::nullopt;
}

std::optional<Date> day_of(const std::string& time) {
  const auto day = Date::parse(time.substr(0, std::min<std::size_t>(10, time.size())));
  return day ? std::optional(*day) : std::nullopt;
}

bool reported(const recorder::State& state, std::string_view what, std::string_view subject,
              Instant since = {}) {
  const auto found = state.reports.find(recorder::scoped(what, subject));
  return found != state.reports.end() && found->second.code == "0" && found->second.at >= since;
}

class List {
 public:
  List(const recorder::State& state, LocalStamp now)
      : m_state(state),
        m_now(now),
        m_zone(state.business ? state.business->time_zone : "Europe/Vienna") {}

  void add(DueKind kind, std::string subject, std::string period, std::string receipt,
           LocalStamp until, bool already) {
    const DueState state = m_now.instant() > until.instant() ? DueState::overdue
                           : already                         ? DueState::due
                                                             : DueState::later;
    dues.push_back({kind, std::move(subject), std::move(period), std::move(receipt), state, until});
  }

  void registers() {
    for (const auto& [id, reg] : m_state.registers) {
      if (!reg.rksv) continue;
      start(id, *reg.rksv);
      if (reg.rksv->run) add(DueKind::collective, id, "", reg.rksv->run->first, m_now, true);
      if (!reg.rksv->ended) months(id, *reg.rksv);
      year_check(id, *reg.rksv);
    }
  }

  void quarters(const std::vector<QuarterEnd>& ends) {
    for (const QuarterEnd& end : ends) {
      // The last receipt of a year is its Jahresbeleg, which is checked anyway.
      if (end.period.ends_with("Q4")) continue;
      if (reported(m_state, quarter_check_report, end.register_id + "/" + end.period)) continue;
      add(DueKind::quarter_check, end.register_id, end.period, end.receipt,
          end_of(after_quarter(end.period), m_zone), true);
    }
    backups(ends);
  }

  void outages() {
    for (const auto& [id, info] : m_state.signers) {
      const auto found = m_state.outages.find(id);
      const bool open = found != m_state.outages.end() && found->second.open.has_value();
      if (open && !reported(m_state, "ausfall_se", info.serial, found->second.open->since)) {
        const Instant since = found->second.open->since;
        const auto until = LocalStamp::from(since + report_after, m_zone);
        add(DueKind::outage_report, id, "", "", until ? *until : m_now, true);
      }
      const auto told = m_state.reports.find(recorder::scoped("ausfall_se", info.serial));
      if (!open && told != m_state.reports.end() && told->second.code == "0" &&
          !reported(m_state, "wiederinbetriebnahme_se", info.serial, told->second.at))
        add(DueKind::recovery_report, id, "", "", end_of(day_after(m_now.date(), a_week), m_zone),
            true);
    }
  }

  std::vector<Due> dues;

 private:
  void start(const std::string& id, const recorder::RksvState& rksv) {
    if (!rksv.start) return;
    const auto day = day_of(rksv.start->time);
    if (!day) return;
    const LocalStamp until = end_of(day_after(*day, a_week), m_zone);
    if (!reported(m_state, "registrierung_kasse", id))
      add(DueKind::registration, id, "", rksv.start->number, until, true);
    if (!rksv.start->check || !rksv.start->check->passed)
      add(DueKind::start_check, id, "", rksv.start->number, until, true);
  }

  void months(const std::string& id, const recorder::RksvState& rksv) {
    for (const std::string& month : rksv.open_months) {
      const auto first = first_of(month);
      if (!first) continue;
      const Date last = last_day_of_month(*first);
      const bool december = month.ends_with("-12");
      add(december ? DueKind::year : DueKind::month, id, december ? month.substr(0, 4) : month, "",
          end_of(last, m_zone), m_now.date() >= last || rksv.month_ends);
    }
  }

  void year_check(const std::string& id, const recorder::RksvState& rksv) {
    if (!rksv.year || (rksv.year->check && rksv.year->check->passed)) return;
    const std::string year = rksv.year_closed;
    const auto first = Date::parse(year + "-01-01");
    if (!first) return;
    const Date until(static_cast<int>(first->ymd().year()) + 1, 2, 15);
    add(DueKind::year_check, id, year, rksv.year->number, end_of(until, m_zone), true);
  }

  /// A month after the quarter: the end of its first month.
  static Date after_quarter(const std::string& period) {
    const Quarter quarter{std::stoi(period.substr(0, 4)), period.back() - '0'};
    return last_day_of_month(day_after(quarter.last_day(), days(1)));
  }

  void backups(const std::vector<QuarterEnd>& ends) {
    std::vector<std::string> periods;
    for (const QuarterEnd& end : ends) periods.push_back(end.period);
    std::sort(periods.begin(), periods.end());
    periods.erase(std::unique(periods.begin(), periods.end()), periods.end());
    for (const std::string& period : periods)
      if (!reported(m_state, backup_report, period))
        add(DueKind::backup, "", period, "", end_of(after_quarter(period), m_zone), true);
    // The running quarter, if anything was sold in it.
    const Quarter running = quarter_of(m_now.date());
    const bool sold =
        std::any_of(m_state.registers.begin(), m_state.registers.end(), [&](const auto& item) {
          const auto& rksv = item.second.rksv;
          const auto day = rksv ? day_of(rksv->last_time) : std::nullopt;
          return day && quarter_of(*day) == running;
        });
    if (sold)
      add(DueKind::backup, "", running.text(), "", end_of(after_quarter(running.text()), m_zone),
          false);
  }

  const recorder::State& m_state;
  LocalStamp m_now;
  std::string m_zone;
};

constexpr std::array<std::string_view, 10> kind_words = {
    "registration",  "start_check", "month",      "year",          "year_check",
    "quarter_check", "backup",      "collective", "outage_report", "recovery_report"};
static_assert(static_cast<std::size_t>(DueKind::recovery_report) + 1 == kind_words.size());

}  // namespace

std::string Quarter::text() const { return fmt::format("{:04}-Q{}", year, number); }
Quarter Quarter::before() const {
  return number == 1 ? Quarter{year - 1, 4} : Quarter{year, number - 1};
}
Date Quarter::first_day() const { return {year, static_cast<unsigned>(number * 3 - 2), 1}; }
Date Quarter::last_day() const {
  return last_day_of_month({year, static_cast<unsigned>(number * 3), 1});
}
Quarter quarter_of(Date day) {
  return {static_cast<int>(day.ymd().year()),
          static_cast<int>((static_cast<unsigned>(day.ymd().month()) + 2) / 3)};
}

std::string_view word_of(DueKind kind) { return kind_words.at(static_cast<std::size_t>(kind)); }

std::string_view word_of(DueState state) {
  switch (state) {
    case DueState::later:
      return "later";
    case DueState::due:
      return "due";
    case DueState::overdue:
      return "overdue";
  }
  return "due";
}

std::string id_of(const Due& due) {
  std::string id(word_of(due.kind));
  for (const std::string* part : {&due.subject, &due.period})
    if (!part->empty()) id += "/" + *part;
  return id;
}

std::string title_of(const Due& due, Language language) {
  const bool de = language == Language::de;
  const auto say = [&](std::string_view german, std::string_view english) {
    return fmt::format(fmt::runtime(de ? german : english), fmt::arg("subject", due.subject),
                       fmt::arg("period", due.period), fmt::arg("receipt", due.receipt));
  };
  switch (due.kind) {
    case DueKind::registration:
      return say("Kasse {subject} und ihre Signatureinheiten in FinanzOnline registrieren",
                 "Register {subject} and its signature devices with FinanzOnline");
    case DueKind::start_check:
      return say("Startbeleg {receipt} der Kasse {subject} prüfen",
                 "Check the Startbeleg {receipt} of register {subject}");
    case DueKind::month:
      return say("Monatsbeleg {period} der Kasse {subject}",
                 "Monatsbeleg {period} of register {subject}");
    case DueKind::year:
      return say("Jahresbeleg {period} der Kasse {subject}",
                 "Jahresbeleg {period} of register {subject}");
    case DueKind::year_check:
      return say("Jahresbeleg {receipt} der Kasse {subject} prüfen",
                 "Check the Jahresbeleg {receipt} of register {subject}");
    case DueKind::quarter_check:
      return say("Letzten Beleg {receipt} des Quartals {period} (Kasse {subject}) prüfen",
                 "Check the last receipt {receipt} of quarter {period} (register {subject})");
    case DueKind::backup:
      return say("DEP des Quartals {period} auf einem externen Medium sichern",
                 "Save the DEP of quarter {period} on an outside medium");
    case DueKind::collective:
      return say("Sammelbeleg der Kasse {subject}, sobald eine Signatureinheit antwortet",
                 "Sammelbeleg of register {subject}, as soon as a device answers");
    case DueKind::outage_report:
      return say("Ausfall der Signatureinheit {subject} an FinanzOnline melden",
                 "Report the outage of device {subject} to FinanzOnline");
    case DueKind::recovery_report:
      return say("Wiederinbetriebnahme der Signatureinheit {subject} an FinanzOnline melden",
                 "Report to FinanzOnline that device {subject} works again");
  }
  return {};
}

std::string action_of(const Due& due, Language language) {
  const bool de = language == Language::de;
  const std::string& id = due.subject;
  switch (due.kind) {
    case DueKind::registration:
      return fmt::format("siegel at register {} --finanzonline FILE | --by-hand", id);
    case DueKind::start_check:
    case DueKind::year_check:
    case DueKind::quarter_check:
      return fmt::format("siegel at check {} --finanzonline FILE | --passed | --failed",
                         due.receipt);
    case DueKind::month:
    case DueKind::year:
      return fmt::format("siegel close {0}  |  siegel at receipt {1} --register {0}", id,
                         due.kind == DueKind::month ? "month" : "year");
    case DueKind::backup:
      return de ? "siegel at backup ORDNER" : "siegel at backup FOLDER";
    case DueKind::collective:
      return de ? "geschieht von selbst" : "made by itself";
    case DueKind::outage_report:
      return fmt::format("siegel at outage report {} --finanzonline FILE | --by-hand", id);
    case DueKind::recovery_report:
      return fmt::format("siegel at outage end {} --finanzonline FILE | --by-hand", id);
  }
  return {};
}

std::vector<Due> dues_of(const recorder::State& state, const std::vector<QuarterEnd>& quarters,
                         LocalStamp now) {
  List list(state, now);
  list.registers();
  list.quarters(quarters);
  list.outages();
  std::sort(list.dues.begin(), list.dues.end(), [](const Due& a, const Due& b) {
    if ((a.state == DueState::overdue) != (b.state == DueState::overdue))
      return a.state == DueState::overdue;
    if (a.until.instant() != b.until.instant()) return a.until.instant() < b.until.instant();
    return id_of(a) < id_of(b);
  });
  return std::move(list.dues);
}

Result<std::vector<Due>> dues_of(Shop& shop, const recorder::State& state, Instant now) {
  const std::string zone = state.business ? state.business->time_zone : "Europe/Vienna";
  SIEGEL_TRY(const LocalStamp here, LocalStamp::from(now, zone));
  std::vector<QuarterEnd> quarters;
  for (const auto& [id, reg] : state.registers) {
    if (!reg.rksv || !reg.rksv->start) continue;
    Quarter quarter = quarter_of(here.date());
    for (int i = 0; i < quarters_back; ++i) {
      quarter = quarter.before();
      views::ReceiptFilter filter;
      filter.register_id = id;
      filter.first = quarter.first_day();
      filter.last = quarter.last_day();
      SIEGEL_TRY(const auto rows, shop.receipts(filter, 1));
      if (!rows.empty()) quarters.push_back({id, quarter.text(), rows.front().receipt_number});
    }
  }
  return dues_of(state, quarters, here);
}

std::optional<mail::Notice> notice_of(const Due& due, const recorder::State& state) {
  if (due.state == DueState::later) return {};
  mail::Place place;
  if (state.business) place.shop = state.business->name;
  if (const auto reg = state.registers.find(due.subject); reg != state.registers.end())
    place.register_name = fmt::format("{} ({})", reg->second.info.name, due.subject);
  const Date until = due.until.date();
  switch (due.kind) {
    case DueKind::registration:
      return mail::Notice{place, mail::RegistrationDue{until}};
    case DueKind::start_check:
      return {};  // said with the registration
    case DueKind::month:
      return mail::Notice{place, mail::ReceiptDue{mail::DueReceipt::month, due.period}};
    case DueKind::year:
      return mail::Notice{place, mail::ReceiptDue{mail::DueReceipt::year, due.period}};
    case DueKind::year_check:
    case DueKind::quarter_check:
      return mail::Notice{place, mail::ReceiptCheckDue{due.period, due.receipt, until}};
    case DueKind::backup:
      return mail::Notice{place, mail::BackupDue{due.period, until}};
    case DueKind::collective:
    case DueKind::outage_report:
    case DueKind::recovery_report:
      return {};
  }
  return {};
}

}  // namespace siegel::app::at
