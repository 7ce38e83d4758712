#include "exports/procedure.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "format/csv.h"
#include "format/json.h"
#include "model/codec.h"
#include "model/entries.h"

namespace siegel::exports {
namespace {

using journal::Entry;
using journal::Sequence;

constexpr std::size_t chunk_entries = 4000;
constexpr std::size_t shown_max = 200;  // bytes of a value on the page

using Members = std::map<std::string, std::string>;

/// Pointer and canonical text of everything that is no object or list.
void flatten(const json::Value& value, const std::string& place, Members& out) {
  if (const json::Object* object = value.object()) {
    for (const json::Member& member : *object)
      flatten(member.value, json::pointer(place, member.key), out);
  } else if (const json::Array* array = value.array()) {
    for (std::size_t i = 0; i < array->size(); ++i)
      flatten((*array)[i], json::pointer(place, i), out);
  } else {
    out[place] = json::canonical(value);
  }
}

/// What an entry is about, if it is master data.
std::optional<std::string> subject_of(const Entry& entry, const json::Value& value) {
  const auto member = [&](std::string_view key) -> std::string {
    const json::Value* found = value.object() == nullptr ? nullptr : value.object()->find(key);
    return found == nullptr || found->string() == nullptr ? std::string() : *found->string();
  };
  if (entry.kind == entry_kind::business || entry.kind == entry_kind::profile) return std::string();
  if (entry.kind == entry_kind::register_)
    return entry.register_id.empty() ? member("id") : entry.register_id;
  if (entry.kind == entry_kind::tse || entry.kind == entry_kind::signer) return member("id");
  if (entry.kind == entry_kind::tse_retired || entry.kind == entry_kind::tse_switch)
    return member("tse_serial");
  return std::nullopt;
}

bool is_master(std::string_view kind) {
  return kind == entry_kind::business || kind == entry_kind::profile ||
         kind == entry_kind::register_ || kind == entry_kind::tse || kind == entry_kind::signer ||
         kind == entry_kind::tse_retired || kind == entry_kind::tse_switch;
}

class Walk {
 public:
  Status take(const Entry& entry) {
    if (m_actors.size() < 10'000) m_actors.insert(entry.actor);
    if (entry.kind == entry_kind::plan) ++m_out.receipts;
    if (entry.kind == entry_kind::outage_begin) ++m_out.outages;
    if (!is_master(entry.kind) || entry.payload_removed) return Ok{};
    SIEGEL_TRY(const json::Value value,
               json::parse(entry.payload, {.bytes_max = journal::payload_bytes_max}));
    const auto subject = subject_of(entry, value);
    if (!subject) return Ok{};
    Members now;
    flatten(value, "", now);
    Members& before = m_known[entry.kind + "\n" + *subject];
    for (const auto& [member, text] : now) {
      const auto old = before.find(member);
      if (old == before.end() || old->second != text)
        add(entry, *subject, member, old == before.end() ? std::string() : old->second, text);
    }
    for (const auto& [member, text] : before)
      if (!now.contains(member)) add(entry, *subject, member, text, {});
    before = std::move(now);
    return Ok{};
  }
  MasterHistory finish(const journal::Head& head) {
    m_out.head = head;
    m_out.actors.assign(m_actors.begin(), m_actors.end());
    return std::move(m_out);
  }

 private:
  void add(const Entry& entry, const std::string& subject, const std::string& member,
           const std::string& before, const std::string& after) {
    m_out.changes.push_back({.at = entry.at,
                             .sequence = entry.sequence.get(),
                             .kind = entry.kind,
                             .subject = subject,
                             .member = member,
                             .before = before,
                             .after = after,
                             .actor = entry.actor});
  }

  MasterHistory m_out;
  std::set<std::string> m_actors;
  std::map<std::string, Members> m_known;
};

std::string html(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '"')
      out += "&quot;";
    else
      out += c;
  }
  return out;
}

class Page {
 public:
  explicit Page(Language language) : m_german(language == Language::de) {
    m_out = fmt::format(
        "<!DOCTYPE html>\n<html lang=\"{}\"><head><meta charset=\"utf-8\"><title>{}</title>\n"
        "<style>body{{font:15px/1.5 sans-serif;max-width:60em;margin:2em auto;padding:0 1em}}"
        "table{{border-collapse:collapse;width:100%}}td,th{{border:1px solid "
        "#bbb;padding:.2em .5em;text-align:left;vertical-align:top;overflow-wrap:anywhere}}"
        "</style></head><body>\n<h1>{}</h1>\n",
        m_german ? "de" : "en", word("Verfahrensdokumentation", "Procedure documentation"),
        word("Verfahrensdokumentation", "Procedure documentation"));
  }
  [[nodiscard]] std::string_view word(std::string_view de, std::string_view en) const {
    return m_german ? de : en;
  }
  void heading(std::string_view de, std::string_view en) {
    m_out += fmt::format("<h2>{}</h2>\n", word(de, en));
  }
  void paragraph(std::string_view de, std::string_view en) {
    m_out += fmt::format("<p>{}</p>\n", word(de, en));
  }
  void begin_table(const std::vector<std::string_view>& headings) {
    m_out += "<table><tr>";
    for (const std::string_view one : headings) m_out += fmt::format("<th>{}</th>", html(one));
    m_out += "</tr>\n";
  }
  void row(const std::vector<std::string>& fields) {
    m_out += "<tr>";
    for (const std::string& field : fields)
      m_out += fmt::format("<td>{}</td>", html(excerpt(field, shown_max)));
    m_out += "</tr>\n";
  }
  void end_table() { m_out += "</table>\n"; }
  std::string finish() {
    m_out += "</body></html>\n";
    return std::move(m_out);
  }

 private:
  bool m_german;
  std::string m_out;
};

void write_business(Page& page, const recorder::State& state) {
  page.heading("Unternehmen", "Business");
  page.begin_table({page.word("Angabe", "Item"), page.word("Wert", "Value")});
  if (state.business) {
    const Business& b = *state.business;
    page.row({std::string(page.word("Name", "Name")), b.name});
    page.row({std::string(page.word("Anschrift", "Address")),
              fmt::format("{}, {} {}, {}", b.street, b.postcode, b.city, b.country)});
    page.row({std::string(page.word("Steuernummer", "Tax number")), b.tax_number});
    page.row({std::string(page.word("USt-IdNr.", "VAT id")), b.vat_id});
    for (const Outlet& outlet : b.outlets)
      page.row(
          {fmt::format("{} {}", page.word("Betriebsstätte", "Place of business"), outlet.id),
           fmt::format("{}, {}, {} {}", outlet.name, outlet.street, outlet.postcode, outlet.city)});
  }
  page.end_table();
}

void write_devices(Page& page, const recorder::State& state, const Installation& installation) {
  page.heading("Aufzeichnungssysteme", "Recording systems");
  page.begin_table({page.word("Kasse", "Register"), page.word("Bezeichnung", "Name"),
                    page.word("Marke, Modell", "Brand, model"), "Software", "TSE",
                    page.word("Belege seit letztem Abschluss", "Receipts since the last closing")});
  for (const auto& [id, known] : state.registers) {
    const RegisterInfo& info = known.info;
    page.row({id, info.name, fmt::format("{} {}", info.brand, info.model),
              info.software.empty() ? fmt::format("Siegel {}", installation.version)
                                    : fmt::format("{} {}", info.software, info.software_version),
              info.tse_serial, fmt::format("{}", known.day.receipts)});
  }
  page.end_table();
  page.heading("Sicherheitseinrichtungen", "Security devices");
  page.begin_table({page.word("Name", "Name"), page.word("Seriennummer", "Serial number"),
                    page.word("Hersteller", "Maker"), page.word("Verfahren", "Algorithm"),
                    page.word("Zertifizierung", "Certification")});
  for (const auto& [serial, tse] : state.tses)
    page.row({tse.id, serial, tse.manufacturer, tse.algorithm,
              tse.certified ? "BSI-K-TR-" + tse.certification
                            : std::string(page.word("nicht zertifiziert: nur zum Testen",
                                                    "not certified: for tests only"))});
  for (const auto& [id, signer] : state.signers)
    page.row({id, signer.serial, signer.provider, signer.kind, ""});
  page.end_table();
}

void write_rules(Page& page, const recorder::State& state) {
  page.heading("Regeln und Einstellungen", "Rules and settings");
  page.paragraph(
      "Steuersätze, Schlüssel und Formate gelten nach Datum (DSFinV-K Anlage 2; Edition 2.4 des "
      "Exports). Was einmal entschieden ist, steht unveränderlich im Journal; Ausgaben zeigen es "
      "und "
      "rechnen nicht.",
      "Rates, keys and formats hold by date (DSFinV-K Anlage 2; edition 2.4 of the export). What "
      "was "
      "decided stands in the journal for ever; outputs show it and never calculate.");
  Members members;
  if (const auto profile = json::parse(to_json(state.profile)); profile.ok())
    flatten(*profile, "", members);
  page.begin_table({page.word("Einstellung", "Setting"), page.word("Wert", "Value")});
  for (const auto& [member, text] : members) page.row({member, text});
  page.end_table();
}

void write_procedures(Page& page, const Installation& installation, const MasterHistory& history) {
  page.heading("Ablauf", "How it works");
  page.paragraph(
      "Jeder Vorgang wird entschieden, als Plan dauerhaft gespeichert, von der TSE abgesichert und "
      "mit "
      "deren Antwort besiegelt. Antwortet sie nicht in der Frist, geht der Beleg ohne Signatur "
      "hinaus; "
      "der Ausfall wird mit Beginn, Ende und Grund aufgezeichnet (AEAO zu §146a Nr. 1.14).",
      "Each Vorgang is decided, stored durably as a plan, secured by the TSE and sealed with its "
      "answer. "
      "If it does not answer in time the receipt goes out unsigned; the outage is recorded with "
      "begin, "
      "end and reason (AEAO to section 146a no. 1.14).");
  page.paragraph(
      "Alle Einträge bilden eine Kette von SHA-256-Werten. Löschen und Ändern sind nicht möglich, "
      "ohne "
      "dass die Prüfung (siegel verify) es zeigt.",
      "All entries form a chain of SHA-256 values. Nothing can be removed or changed without the "
      "check "
      "(siegel verify) showing it.");
  page.begin_table({page.word("Angabe", "Item"), page.word("Wert", "Value")});
  page.row({std::string(page.word("Programm", "Program")), "Siegel " + installation.version});
  page.row({std::string(page.word("Datenordner", "Data folder")), installation.data_folder});
  page.row({std::string(page.word("Zeuge (Kettenende außerhalb)", "Witness (end of the chain)")),
            installation.witness});
  page.row(
      {std::string(page.word("Sicherungsplan", "Backup plan")),
       installation.backup_plan.empty()
           ? std::string(page.word("NICHT ANGEGEBEN: bitte ergänzen", "NOT STATED: please add"))
           : installation.backup_plan});
  page.row({std::string(page.word("Belege im Journal", "Receipts in the journal")),
            fmt::format("{}", history.receipts)});
  page.row({std::string(page.word("Ausfälle", "Outages")), fmt::format("{}", history.outages)});
  page.row({std::string(page.word("Stand (Eintrag, Prüfwert)", "As of (entry, hash)")),
            fmt::format("{}, {}", history.head.sequence.get(), hex(history.head.hash))});
  page.end_table();
}

void write_people(Page& page, const recorder::State& state, const MasterHistory& history) {
  page.heading("Benutzer", "Users");
  page.begin_table({page.word("Name", "Name"), page.word("Kennung", "Id")});
  if (state.business)
    for (const Cashier& cashier : state.business->cashiers) page.row({cashier.name, cashier.id});
  for (const std::string& actor : history.actors)
    page.row({actor, std::string(page.word("hat Einträge geschrieben", "has written entries"))});
  page.end_table();
}

void write_changes(Page& page, const MasterHistory& history) {
  page.heading("Änderungen im Lauf der Zeit", "Changes over time");
  page.begin_table({page.word("Zeit (UTC)", "Time (UTC)"), page.word("Art", "Kind"),
                    page.word("Gegenstand", "Subject"), page.word("Feld", "Field"),
                    page.word("vorher", "before"), page.word("nachher", "after"),
                    page.word("wer", "who")});
  for (const MasterChange& change : history.changes)
    page.row({change.at.text(), change.kind, change.subject, change.member, change.before,
              change.after, change.actor});
  page.end_table();
}

}  // namespace

Result<MasterHistory> master_history(journal::Reader& reader) {
  SIEGEL_TRY(const journal::Head head, reader.head());
  Walk walk;
  for (std::uint64_t next = 1; next <= head.sequence.get();) {
    SIEGEL_TRY(const std::vector<Entry> entries, reader.read(Sequence(next), chunk_entries));
    if (entries.empty()) break;
    for (const Entry& entry : entries)
      if (entry.sequence <= head.sequence) SIEGEL_TRY_OK(walk.take(entry));
    next = entries.back().sequence.get() + 1;
  }
  return walk.finish(head);
}

Status write_history(const MasterHistory& history, Sink& sink) {
  format::CsvWriter csv(sink);
  constexpr std::array<std::string_view, 8> headings = {"Zeit", "Eintrag", "Art",     "Gegenstand",
                                                        "Feld", "vorher",  "nachher", "wer"};
  for (const std::string_view one : headings) csv.field(one);
  SIEGEL_TRY_OK(csv.end_row());
  for (const MasterChange& change : history.changes) {
    csv.field(change.at.text()).field(static_cast<std::int64_t>(change.sequence));
    csv.field(change.kind).field(change.subject).field(change.member);
    csv.field(change.before).field(change.after).field(change.actor);
    SIEGEL_TRY_OK(csv.end_row());
  }
  return csv.finish();
}

std::string procedure_page(const recorder::State& state, const MasterHistory& history,
                           const Installation& installation, Language language) {
  Page page(language);
  write_business(page, state);
  write_devices(page, state, installation);
  write_procedures(page, installation, history);
  write_rules(page, state);
  write_people(page, state, history);
  write_changes(page, history);
  return page.finish();
}

}  // namespace siegel::exports
