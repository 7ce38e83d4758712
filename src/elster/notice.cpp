#include "elster/notice.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <pugixml.hpp>
#include <set>
#include <sstream>
#include <utility>

#include "model/codec.h"
#include "model/entries.h"

namespace siegel::elster {
namespace {

constexpr std::size_t chunk = 4096;
// Systems out of use before this day need no notice; nothing was due before the other one.
constexpr Date first_day(2025, 7, 1);
constexpr Date first_deadline(2025, 7, 31);

std::string day_text(const std::optional<Date>& date) {
  if (!date) return {};
  const std::string iso = date->text();
  return fmt::format("{}.{}.{}", iso.substr(8, 2), iso.substr(5, 2), iso.substr(0, 4));
}

/// Reads the entries that are master data; everything else is passed over.
class Fold {
 public:
  Status take(const journal::Entry& entry) {
    if (entry.payload_removed) return Ok{};
    if (entry.kind == entry_kind::business) {
      SIEGEL_TRY(m_out.business, business_from_json(entry.payload));
      m_has_business = true;
    } else if (entry.kind == entry_kind::tse) {
      SIEGEL_TRY(TseInfo info, tse_from_json(entry.payload));
      const std::string serial = info.serial;
      const auto known = m_tses.find(serial);
      const Instant at = known == m_tses.end() ? entry.at : known->second.second;
      m_tses.insert_or_assign(serial, std::pair{std::move(info), at});
    } else if (entry.kind == entry_kind::register_) {
      SIEGEL_TRY(RegisterInfo info, register_from_json(entry.payload));
      const std::string id = info.id.text();
      m_registers.try_emplace(id, std::pair{RegisterInfo(), entry.at}).first->second.first =
          std::move(info);
    } else if (entry.kind == entry_kind::report) {
      SIEGEL_TRY(const AuthorityReport report, authority_report_from_json(entry.payload));
      if (report.what == report_what)
        m_out.sent.insert_or_assign(report.subject,
                                    Sent{.sequence = entry.sequence, .at = report.at});
    }
    return Ok{};
  }

  Result<Holdings> finish() {
    if (!m_has_business)
      return conflict("E-REG-106", "name and address of the business are not set yet");
    for (auto& [id, item] : m_registers) {
      auto& [info, entered] = item;
      System system;
      SIEGEL_TRY(const LocalStamp stamp, LocalStamp::from(entered, m_out.business.time_zone));
      system.entered = stamp.date();
      const auto tse = m_tses.find(info.tse_serial);
      if (tse != m_tses.end()) {
        system.tse = tse->second.first;
        SIEGEL_TRY(const LocalStamp since,
                   LocalStamp::from(tse->second.second, m_out.business.time_zone));
        system.tse_day = since.date();
      }
      system.info = std::move(info);
      m_out.systems.emplace(id, std::move(system));
    }
    return std::move(m_out);
  }

 private:
  Holdings m_out;
  bool m_has_business = false;
  std::map<std::string, std::pair<TseInfo, Instant>> m_tses;
  std::map<std::string, std::pair<RegisterInfo, Instant>> m_registers;
};

/// A field of the form: its element, its value, and its name in our master data (empty: it is
/// always there).
struct Field {
  std::string_view element;
  std::string value;
  std::string_view ours;
};

std::vector<Field> fields_of(const System& system) {
  const RegisterInfo& info = system.info;
  const TseInfo tse = system.tse.value_or(TseInfo());
  std::vector<Field> out = {
      {"Art", std::to_string(info.system_kind), {}},
      {"Software", info.software.empty() ? "Siegel" : info.software, {}},
      {"SoftwareVersion", info.software_version, "software_version"},
      {"SeriennummerAS", info.id.text(), {}},
      {"Hersteller", info.brand, "brand"},
      {"Modell", info.model, "model"},
      {"SeriennummerTSE", tse.serial, "tse_serial"},
      {"InbetriebnahmeTSE", day_text(system.tse_day), {}},
      {"BSIID", tse.certification, "tse/certification"},
      {"ArtTSE", tse.form == 0 ? std::string() : std::to_string(tse.form), "tse/form"},
      {"AnschaffungAS", day_text(info.acquired), "acquired"},
      {"InbetriebnahmeAS", day_text(system.in_use_since()), {}},
  };
  if (info.out_of_use) {
    out.push_back({"AusserbetriebnahmeAS", day_text(info.out_of_use), {}});
    out.push_back({"GrundAusserbetriebnahme", info.out_of_use_reason, "out_of_use_reason"});
  }
  return out;
}

/// What a person calls a field, for the difference in words.
struct Name {
  std::string_view element;
  std::string_view de;
  std::string_view en;
};
constexpr std::array<Name, 14> names = {{
    {"Art", "Art des Systems", "kind of system"},
    {"Software", "Software", "software"},
    {"SoftwareVersion", "Version der Software", "version of the software"},
    {"SeriennummerAS", "Seriennummer", "serial number"},
    {"Hersteller", "Hersteller", "maker"},
    {"Modell", "Modell", "model"},
    {"SeriennummerTSE", "TSE", "TSE"},
    {"InbetriebnahmeTSE", "Inbetriebnahme der TSE", "first use of the TSE"},
    {"BSIID", "Zertifizierung der TSE", "certification of the TSE"},
    {"ArtTSE", "Art der TSE", "kind of TSE"},
    {"AnschaffungAS", "Anschaffung", "acquired"},
    {"InbetriebnahmeAS", "Inbetriebnahme", "first use"},
    {"AusserbetriebnahmeAS", "Außerbetriebnahme", "taken out of use"},
    {"GrundAusserbetriebnahme", "Grund der Außerbetriebnahme", "why it was taken out of use"},
}};

void compare(const System& sent, const System& now, std::vector<Change>& out) {
  std::map<std::string_view, std::string> before;
  for (Field& field : fields_of(sent)) before[field.element] = std::move(field.value);
  std::map<std::string_view, std::string> after;
  for (Field& field : fields_of(now)) after[field.element] = std::move(field.value);
  for (const Name& name : names) {
    const std::string& old_value = before[name.element];
    const std::string& new_value = after[name.element];
    if (old_value == new_value) continue;
    const auto shown = [](const std::string& value) {
      return value.empty() ? std::string("-") : fmt::format("\"{}\"", value);
    };
    out.push_back(
        {.register_id = now.info.id.text(),
         .de = fmt::format("{}: {} statt {}", name.de, shown(new_value), shown(old_value)),
         .en = fmt::format("{}: {} instead of {}", name.en, shown(new_value), shown(old_value))});
  }
}

/// The same day of the next month, or its last one [BGB 188 (2), (3)].
Date a_month_after(const Date& date) {
  const std::chrono::year_month_day next = date.ymd() + std::chrono::months(1);
  if (next.ok()) return Date(next);
  return Date(std::chrono::year_month_day(next.year() / next.month() / std::chrono::last));
}

}  // namespace

Result<Holdings> holdings(journal::Reader& reader, std::optional<journal::Sequence> until) {
  if (!until) {
    SIEGEL_TRY(const journal::Head head, reader.head());
    until = head.sequence;
  }
  Fold fold;
  std::uint64_t next = 1;
  while (next <= until->get()) {
    const std::uint64_t left = until->get() - next + 1;
    SIEGEL_TRY(const auto entries,
               reader.read(journal::Sequence(next), std::min<std::uint64_t>(chunk, left)));
    if (entries.empty()) break;
    for (const journal::Entry& entry : entries) SIEGEL_TRY_OK(fold.take(entry));
    next = entries.back().sequence.get() + 1;
  }
  return fold.finish();
}

std::vector<std::string> outlets_of(const Holdings& holdings) {
  std::set<std::string> ids;
  for (const auto& [id, system] : holdings.systems) ids.insert(system.info.outlet);
  return {ids.begin(), ids.end()};
}

Result<Notice> notice_of(const Holdings& holdings, std::string_view outlet) {
  const Business& business = holdings.business;
  Notice out{.outlet = std::string(outlet),
             .name = business.name,
             .street = business.street,
             .postcode = business.postcode,
             .city = business.city,
             .tax_number = business.tax_number,
             .systems = {}};
  if (!outlet.empty()) {
    const auto found = std::ranges::find(business.outlets, outlet, &Outlet::id);
    if (found == business.outlets.end())
      return not_found("E-ELS-101", fmt::format("there is no outlet \"{}\"", outlet), "outlet");
    out.name = found->name;
    out.street = found->street;
    out.postcode = found->postcode;
    out.city = found->city;
    if (!found->tax_number.empty()) out.tax_number = found->tax_number;
  }
  for (const auto& [id, system] : holdings.systems) {
    if (system.info.outlet != outlet) continue;
    if (system.info.out_of_use && *system.info.out_of_use < first_day) continue;
    out.systems.push_back(system);
  }
  return out;
}

std::vector<Error> gaps(const Notice& notice) {
  std::vector<Error> out;
  for (const System& system : notice.systems) {
    const std::string& id = system.info.id.text();
    if (system.tse && !system.tse->certified)
      out.push_back(invalid("E-ELS-103",
                            fmt::format("the TSE {} of register {} is not certified: it is for "
                                        "tests and cannot be reported",
                                        system.tse->id, id),
                            fmt::format("{}/tse", id)));
    // A till that needs no TSE has none to report.
    const bool without_tse = system.info.no_tse == NoTse::empties;
    for (const Field& field : fields_of(system)) {
      if (!field.value.empty() || field.ours.empty()) continue;
      if (without_tse && field.ours.starts_with("tse")) continue;
      out.push_back(invalid("E-ELS-102",
                            fmt::format("the notice needs \"{}\" of register {}", field.ours, id),
                            fmt::format("{}/{}", id, field.ours)));
    }
  }
  return out;
}

std::string xml(const Notice& notice) {
  pugi::xml_document document;
  pugi::xml_node declaration = document.append_child(pugi::node_declaration);
  declaration.append_attribute("version") = "1.0";
  declaration.append_attribute("encoding") = "UTF-8";
  declaration.append_attribute("standalone") = "no";
  pugi::xml_node root = document.append_child("Aufzeichnung146a");
  root.append_attribute("xmlns") =
      "http://finkonsens.de/elster/elsternachricht/aufzeichnung146a/v1";
  root.append_attribute("version") = "1";
  pugi::xml_node list = root.append_child("Aufzeichnung146a");
  for (const System& system : notice.systems) {
    pugi::xml_node node = list.append_child("AngabenAufzeichnungssystem");
    for (const Field& field : fields_of(system)) {
      // Elements of a TSE that is not there would be empty, which the form refuses.
      if (field.value.empty() && system.info.no_tse == NoTse::empties) continue;
      node.append_child(std::string(field.element).c_str()).text().set(field.value.c_str());
    }
  }
  std::ostringstream out;
  document.save(out, "  ", pugi::format_indent, pugi::encoding_utf8);
  return out.str();
}

std::vector<Change> changes(const Notice& sent, const Notice& now) {
  std::vector<Change> out;
  const auto find = [](const Notice& notice, const RegisterId& id) {
    return std::ranges::find(notice.systems, id,
                             [](const System& system) { return system.info.id; });
  };
  for (const System& system : now.systems) {
    const auto before = find(sent, system.info.id);
    if (before == sent.systems.end()) {
      out.push_back({.register_id = system.info.id.text(),
                     .de = "neu: noch nicht gemeldet",
                     .en = "new: not reported yet"});
    } else {
      compare(*before, system, out);
    }
  }
  for (const System& system : sent.systems)
    if (find(now, system.info.id) == now.systems.end())
      out.push_back({.register_id = system.info.id.text(),
                     .de = "gehört nicht mehr zu dieser Betriebsstätte",
                     .en = "does not belong to this place of business any more"});
  return out;
}

std::optional<Date> deadline(const Notice& now, const std::optional<SentNotice>& sent) {
  if (sent && changes(sent->notice, now).empty()) return {};
  std::optional<Date> earliest;
  const auto event = [&](const std::optional<Date>& day) {
    if (!day || (sent && *day < sent->day)) return;
    if (!earliest || *day < *earliest) earliest = day;
  };
  for (const System& system : now.systems) {
    event(system.info.acquired ? *system.info.acquired : system.in_use_since());
    event(system.tse_day);
    event(system.info.out_of_use);
  }
  if (!earliest) {
    // Only what is no event of the law has changed (a new version of the software): from the day
    // of the last notice on.
    if (!sent || now.systems.empty()) return {};
    earliest = sent->day;
  }
  return std::max(a_month_after(*earliest), first_deadline);
}

}  // namespace siegel::elster
