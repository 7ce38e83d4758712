#include "app/outages_pdf.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <set>
#include <string>

#include "crypto/hash.h"
#include "print/pdf/pdf.h"
#include "views/outage_codes.h"

namespace siegel::app {
namespace {

using print::Align;
using print::PdfReport;
using views::Outage;
using views::OutageEvent;
using views::OutageRow;

class HashingSink final : public Sink {
 public:
  explicit HashingSink(Sink& to) : m_to(to) {}
  Status write(BytesView bytes) override {
    m_hash.update(bytes);
    m_bytes += bytes.size();
    return m_to.write(bytes);
  }
  void finish(views::OutagesExported& done) {
    done.bytes = m_bytes;
    done.sha256 = m_hash.digest();
  }

 private:
  Sink& m_to;
  crypto::Sha256 m_hash;
  std::uint64_t m_bytes = 0;
};

std::string_view event_word(OutageEvent event, bool de) {
  switch (event) {
    case OutageEvent::began:
      return de ? "Beginn" : "Begin";
    case OutageEvent::receipt:
      return de ? "Beleg" : "Receipt";
    case OutageEvent::start:
      return de ? "Vorgang" : "Process";
    case OutageEvent::late_signature:
      return de ? "Signatur gefunden" : "Signature found";
    case OutageEvent::note:
      return de ? "Notiz" : "Note";
    case OutageEvent::ended:
      return de ? "Ende" : "End";
    case OutageEvent::switched:
      return de ? "Geschaltet" : "Switched";
  }
  return {};
}

std::string number(std::uint64_t value) {
  return value == 0 ? std::string() : fmt::format("{}", value);
}

/// Local time without seconds' fraction: "2026-11-20 18:42:17".
std::string time_of(const LocalStamp& at) {
  std::string text = at.text();
  text[10] = ' ';
  return text;
}

class Log {
 public:
  Log(PdfReport& report, bool de) : m_report(report), m_de(de) {}

  Status outages(journal::Reader& reader, const views::OutageFilter& filter) {
    SIEGEL_TRY_OK(m_report.heading(m_de ? "Ausfälle" : "Outages"));
    SIEGEL_TRY_OK(m_report.table({{m_de ? "Nr." : "No.", 1, Align::right},
                                  {m_de ? "Gerät" : "Device", 7},
                                  {m_de ? "Beginn" : "Begin", 4},
                                  {m_de ? "Ende" : "End", 4},
                                  {"Code", 3},
                                  {m_de ? "Ursache" : "Cause", 8},
                                  {m_de ? "Belege" : "Receipts", 2, Align::right},
                                  {m_de ? "Notizen" : "Notes", 2, Align::right}}));
    std::uint64_t count = 0;
    SIEGEL_TRY_OK(views::list_outages(reader, filter, [&](const Outage& outage) {
      ++count;
      m_codes.insert(outage.code);
      return m_report.row(
          {number(outage.number), outage.manufacturer + " " + outage.serial, time_of(outage.since),
           outage.until ? time_of(*outage.until) : std::string(m_de ? "dauert an" : "goes on"),
           outage.code, outage.text, fmt::format("{}", outage.receipts),
           fmt::format("{}", outage.notes)});
    }));
    if (count > 0) return Ok{};
    return m_report.text(m_de ? "Kein Ausfall in diesem Zeitraum." : "No outage in this period.");
  }

  Result<journal::Head> records(journal::Reader& reader, const views::OutageFilter& filter,
                                views::OutagesExported& done) {
    SIEGEL_TRY_OK(m_report.heading(m_de ? "Aufzeichnung" : "Records"));
    SIEGEL_TRY_OK(m_report.table({{m_de ? "Zeit" : "Time", 5},
                                  {m_de ? "Ereignis" : "Event", 3},
                                  {m_de ? "TSE / Gerät" : "TSE / device", 6},
                                  {m_de ? "Ausfall" : "Outage", 2, Align::right},
                                  {"Code", 3},
                                  {m_de ? "Beleg" : "Receipt", 5},
                                  {m_de ? "Beleg Nr." : "Receipt no.", 2, Align::right},
                                  {m_de ? "Kassierer" : "Cashier", 3},
                                  {m_de ? "Kasse" : "Register", 3},
                                  {m_de ? "Drucker" : "Printer", 3},
                                  {m_de ? "Text, Grund, Schritte" : "Text, reason, steps", 7},
                                  {m_de ? "Eintrag" : "Entry", 2, Align::right}}));
    return views::visit_outages(reader, filter, [&](const OutageRow& row) {
      ++done.rows;
      if (row.event == OutageEvent::receipt) ++done.receipts;
      m_codes.insert(row.code);
      std::string text = row.text;
      const auto add = [&](const std::string& more) {
        if (!more.empty()) text += (text.empty() ? "" : "; ") + more;
      };
      if (row.event == OutageEvent::note || row.event == OutageEvent::switched) {
        add(row.reason);
        add(fmt::format("{}", fmt::join(row.steps, "; ")));
        add(row.actor);
      }
      if (row.transaction != 0)
        add(fmt::format("{} {}", m_de ? "Transaktion" : "transaction", row.transaction));
      if (row.event == OutageEvent::ended)
        add(fmt::format("{} {}", row.receipts, m_de ? "Belege" : "receipts"));
      return m_report.row({time_of(row.at), std::string(event_word(row.event, m_de)), row.serial,
                           number(row.number), row.code, row.receipt_number, number(row.receipt),
                           row.cashier, row.register_id, row.printer, text,
                           number(row.sequence.get())});
    });
  }

  Status codes() {
    if (m_codes.empty()) return Ok{};
    SIEGEL_TRY_OK(m_report.heading(m_de ? "Was die Codes bedeuten" : "What the codes mean"));
    SIEGEL_TRY_OK(m_report.table({{"Code", 2},
                                  {m_de ? "Ursache" : "Cause", 5},
                                  {m_de ? "Rechtliche Bedeutung" : "What the law says", 10},
                                  {m_de ? "Abhilfe" : "What to do", 6}}));
    const Language language = m_de ? Language::de : Language::en;
    for (const std::string& each : m_codes) {
      const views::OutageCode code = views::outage_code(each);
      SIEGEL_TRY_OK(m_report.row({each, std::string(code.cause.in(language)),
                                  std::string(code.law.in(language)),
                                  std::string(code.remedy.in(language))}));
    }
    return Ok{};
  }

 private:
  PdfReport& m_report;
  bool m_de;
  std::set<std::string> m_codes;
};

}  // namespace

Result<views::OutagesExported> export_outages_pdf(journal::Reader& reader,
                                                  const views::OutageFilter& filter,
                                                  Language language, Sink& sink) {
  const bool de = language == Language::de;
  views::OutagesExported done;
  HashingSink hashing(sink);
  const std::string period = fmt::format("{} {} {}", filter.first ? filter.first->text() : "",
                                         de ? "bis" : "to", filter.last ? filter.last->text() : "");
  // The last day's end stands for the time: the same period gives the same file.
  const auto made = Instant::parse((filter.last ? filter.last->text() : "1970-01-01") +
                                   std::string("T23:59:59Z"));
  if (!made) return made.error();
  SIEGEL_TRY(
      PdfReport report,
      PdfReport::begin(
          hashing, {.title = de ? "Ausfallprotokoll" : "Failure log",
                    .subtitle = period,
                    .footer = fmt::format("{} {}", de ? "Ausfallprotokoll" : "Failure log", period),
                    .page = de ? "Seite" : "Page",
                    .landscape = true,
                    .made = *made}));
  SIEGEL_TRY_OK(report.text(
      de ? "Automatisch aufgezeichnet nach AEAO zu § 146a Nr. 1.14 und RKSV § 17; jede Zeile ist "
           "ein "
           "Eintrag des Journals, dessen Hashkette eine Änderung erkennen lässt."
         : "Recorded by itself as AEAO 146a no. 1.14 and RKSV 17 demand; each line is an entry of "
           "the journal, whose chain of hashes shows a change."));
  Log log(report, de);
  SIEGEL_TRY_OK(log.outages(reader, filter));
  SIEGEL_TRY(done.head, log.records(reader, filter, done));
  SIEGEL_TRY_OK(log.codes());
  SIEGEL_TRY_OK(report.finish());
  hashing.finish(done);
  return done;
}

}  // namespace siegel::app
