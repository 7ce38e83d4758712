#include "views/outage_events.h"

#include <fmt/format.h>

#include <array>
#include <map>
#include <utility>
#include <vector>

#include "format/csv.h"
#include "model/codec.h"
#include "model/entries.h"
#include "views/outage_codes.h"

namespace siegel::views {
namespace {

constexpr std::size_t chunk_entries = 2000;

/// A TSE put into operation.
struct Commissioned {
  journal::Sequence sequence;
  std::string serial;
  LocalStamp at;
};

Result<std::vector<Commissioned>> commissioned(journal::Reader& reader) {
  std::vector<Commissioned> all;
  std::string zone = "Europe/Berlin";
  SIEGEL_TRY(const journal::Head head, reader.head());
  for (std::uint64_t next = 1; next <= head.sequence.get();) {
    SIEGEL_TRY(const auto entries, reader.read(journal::Sequence(next), chunk_entries));
    if (entries.empty()) break;
    for (const journal::Entry& entry : entries) {
      if (entry.payload_removed) continue;
      if (entry.kind == entry_kind::business) {
        SIEGEL_TRY(const Business business, business_from_json(entry.payload));
        zone = business.time_zone;
      } else if (entry.kind == entry_kind::tse) {
        SIEGEL_TRY(const TseInfo info, tse_from_json(entry.payload));
        SIEGEL_TRY(const LocalStamp at, LocalStamp::from(entry.at, zone));
        all.push_back({entry.sequence, info.serial, at});
      }
    }
    next = entries.back().sequence.get() + 1;
  }
  return all;
}

bool is_switched(std::string_view code) {
  return code == code_switched_off || code == code_emergency;
}

/// What the rows of the log are as events.
class Translator {
 public:
  Translator(const OutageFilter& filter, std::vector<Commissioned> known,
             const std::function<Status(const TseEvent&)>& visit)
      : m_filter(filter), m_known(std::move(known)), m_visit(visit) {}

  Status take(const OutageRow& row) {
    SIEGEL_TRY_OK(tell_commissioned(row.sequence.get()));
    if (!m_began.contains(row.device)) return Ok{};  // no TSE
    TseEvent event{.at = row.at,
                   .text = TseEventText::init,
                   .value = 0,
                   .serial = row.device,
                   .register_id = row.register_id,
                   .number = row.number,
                   .code = row.code,
                   .actor = row.actor,
                   .sequence = row.sequence};
    switch (row.event) {
      case OutageEvent::began:
        m_began[row.device] = row.register_id.empty() ? TseEventText::init : TseEventText::save;
        if (is_switched(row.code)) return Ok{};  // told by the switch
        event.text = m_began[row.device];
        event.value = event.text == TseEventText::save ? -1 : 0;
        return tell(event);
      case OutageEvent::ended:
        event.text = m_began[row.device];
        event.value = 1;
        return tell(event);
      case OutageEvent::switched:
        event.text = TseEventText::setting;
        event.value = row.code == code_switched_on ? 1 : 0;
        return tell(event);
      case OutageEvent::receipt:
      case OutageEvent::start:
      case OutageEvent::late_signature:
      case OutageEvent::note:
        break;
    }
    return Ok{};
  }

  /// Those put into operation before that entry.
  Status tell_commissioned(std::uint64_t before) {
    for (; m_next < m_known.size() && m_known[m_next].sequence.get() < before; ++m_next) {
      const Commissioned& tse = m_known[m_next];
      m_began[tse.serial] = TseEventText::init;
      SIEGEL_TRY_OK(tell({.at = tse.at,
                          .text = TseEventText::init,
                          .value = 1,
                          .serial = tse.serial,
                          .register_id = {},
                          .number = 0,
                          .code = {},
                          .actor = {},
                          .sequence = tse.sequence}));
    }
    return Ok{};
  }

 private:
  Status tell(const TseEvent& event) {
    const Date day = event.at.date();
    if ((m_filter.first && day < *m_filter.first) || (m_filter.last && day > *m_filter.last) ||
        (m_filter.device && *m_filter.device != event.serial) ||
        (m_filter.number && *m_filter.number != event.number))
      return Ok{};
    return m_visit(event);
  }

  const OutageFilter& m_filter;
  std::vector<Commissioned> m_known;
  std::size_t m_next = 0;
  const std::function<Status(const TseEvent&)>& m_visit;
  std::map<std::string, TseEventText> m_began;  // what ends as which, by serial
};

}  // namespace

std::string_view word_of(TseEventText text) {
  switch (text) {
    case TseEventText::init:
      return "TSE init";
    case TseEventText::save:
      return "TSE save";
    case TseEventText::setting:
      return "TSE Setting";
  }
  return {};
}

Result<journal::Head> visit_tse_events(journal::Reader& reader, const OutageFilter& filter,
                                       const std::function<Status(const TseEvent&)>& visit) {
  SIEGEL_TRY(auto known, commissioned(reader));
  Translator translator(filter, std::move(known), visit);
  SIEGEL_TRY(const journal::Head head,
             visit_outages(reader, {}, [&](const OutageRow& row) { return translator.take(row); }));
  SIEGEL_TRY_OK(translator.tell_commissioned(head.sequence.get() + 1));
  return head;
}

std::string tse_events_file_name(const Date& first, const Date& last) {
  return fmt::format("Ereignisse_{}_{}.csv", first.text(), last.text());
}

Result<std::uint64_t> export_tse_events(journal::Reader& reader, const OutageFilter& filter,
                                        Sink& sink) {
  constexpr std::array<std::string_view, 10> columns = {
      "Date",          "Register SN",    "Event",        "Text",        "Value",
      "TSS serial No", "Failure number", "Failure code", "Recorded by", "Entry"};
  format::CsvWriter csv(sink, {.byte_order_mark = true});
  for (const std::string_view column : columns) csv.field(column);
  SIEGEL_TRY_OK(csv.end_row());
  std::uint64_t rows = 0;
  SIEGEL_TRY_OK(visit_tse_events(reader, filter, [&](const TseEvent& event) {
    ++rows;
    csv.field(event.at.text())
        .field(event.register_id)
        .field(fmt::format("{}", tse_event))
        .field(word_of(event.text))
        .field(fmt::format("{}", event.value))
        .field(event.serial)
        .field(event.number == 0 ? std::string() : fmt::format("{}", event.number))
        .field(event.code)
        .field(event.actor)
        .field(fmt::format("{}", event.sequence.get()));
    return csv.end_row();
  }));
  SIEGEL_TRY_OK(csv.finish());
  return rows;
}

}  // namespace siegel::views
