#include "views/slips.h"

#include <fmt/format.h>

#include <algorithm>

#include "country/common/paper.h"
#include "country/common/wording.h"
#include "views/outage_codes.h"
#include "views/share.h"

namespace siegel::views {
namespace {

using print::Align;
using print::Blank;
using print::Emphasis;
using print::Pair;
using print::Rule;
using print::Text;
using print::Value;

/// A paper in the making.
class Paper {
 public:
  Paper(const Business& business, Language language) : m_business(business), m_language(language) {
    const bool de = language == Language::de;
    country::put_header(business,
                        {.vat_id = business.country == "AT" ? (de ? "UID" : "VAT ID")
                                                            : (de ? "USt-IdNr." : "VAT ID"),
                         .tax_number = de ? "Steuernr." : "Tax no."},
                        m_document);
  }

  [[nodiscard]] std::string_view word(std::string_view de, std::string_view en) const {
    return m_language == Language::de ? de : en;
  }
  template <class Block>
  void put(Block block) {
    m_document.blocks.push_back(std::move(block));
  }
  void title(std::string_view text) { put(Text{std::string(text), Align::center, Emphasis::bold}); }
  void pair(std::string_view left, std::string right) {
    put(Pair{std::string(left), std::move(right), 0, Emphasis::normal});
  }
  void text(std::string_view text) { put(Text{std::string(text)}); }
  /// Nothing if there is no value.
  void pair_if(std::string_view left, const std::string& right) {
    if (!right.empty()) pair(left, right);
  }
  void value(std::string_view label, const std::string& value) {
    put(Value{std::string(label), value});
  }
  [[nodiscard]] std::string second(Instant at) const {
    // Of our own clock, to the second like the times of receipts.
    const auto stamp =
        LocalStamp::from(Instant::from_unix(at.unix_seconds()), m_business.time_zone);
    return stamp ? country::second_text(*stamp, m_language) : at.text();
  }
  [[nodiscard]] std::string day(Instant at) const { return second(at).substr(0, 10); }
  [[nodiscard]] Language language() const { return m_language; }
  [[nodiscard]] print::Document take() { return std::move(m_document); }

 private:
  const Business& m_business;
  Language m_language;
  print::Document m_document;
};

std::string length_text(const Paper& paper, std::chrono::milliseconds span) {
  const std::int64_t seconds = std::max<std::int64_t>(span.count() / 1000, 0);
  const std::int64_t days = seconds / 86'400;
  const std::int64_t hours = seconds / 3600 % 24;
  const std::int64_t minutes = seconds / 60 % 60;
  std::string text;
  if (days > 0)
    text += fmt::format("{} {} ", days,
                        days == 1 ? paper.word("Tag", "day") : paper.word("Tage", "days"));
  if (days > 0 || hours > 0) text += fmt::format("{} h ", hours);
  return text + fmt::format("{} min {} s", minutes, seconds % 60);
}

/// Which device: its name, maker and serial number.
void put_device(Paper& paper, const OutageSlipFacts& facts) {
  if (facts.tse != nullptr) {
    paper.pair_if("TSE", facts.tse->id);
    paper.text(
        fmt::format("{} {}", paper.word("Hersteller:", "Manufacturer:"), facts.tse->manufacturer));
    paper.value(paper.word("TSE-Seriennummer", "TSE serial number"), facts.tse->serial);
  } else if (facts.signer != nullptr) {
    paper.pair_if(paper.word("Signatureinheit", "Signature unit"), facts.signer->id);
    paper.pair_if(paper.word("Anbieter", "Provider"), facts.signer->provider);
    paper.value(paper.word("Zertifikat-Seriennummer", "Certificate serial number"),
                facts.signer->serial);
  } else {
    paper.value(paper.word("Gerät", "Device"), facts.story.began.tse_serial);
  }
}

void put_register(Paper& paper, const OutageSlipFacts& facts) {
  if (facts.story.register_id.empty()) return;
  paper.pair(paper.word("Kasse (Seriennr.)", "Register (serial no.)"), facts.story.register_id);
  paper.pair_if(paper.word("Kasse", "Register"), facts.register_name);
}

std::string percent(std::uint64_t part, std::uint64_t whole) {
  if (whole == 0) return "-";
  const std::uint64_t tenths = share_of(part, whole, 1000);
  return fmt::format("{}.{}", tenths / 10, tenths % 10);
}

}  // namespace

print::Document failure_slip(const OutageSlipFacts& facts) {
  const OutageBegan& began = facts.story.began;
  const bool austrian = facts.signer != nullptr;
  Paper paper(facts.business, facts.language);
  // An auditor reads German: the mark is the same in both languages.
  paper.title(austrian ? "SIGNATUREINHEIT AUSGEFALLEN" : "TSE-AUSFALLPROTOKOLL");
  if (facts.language == Language::en)
    paper.title(austrian ? "Signature unit failed" : "TSE failure record");
  paper.put(Rule{});
  paper.pair(paper.word("Ausfall Nr.", "Outage no."), fmt::format("{}", began.number));
  paper.pair(paper.word("Beginn", "Begin"), paper.second(began.since));
  put_register(paper, facts);
  put_device(paper, facts);
  paper.pair(paper.word("Fehler", "Error"), began.code);
  const OutageCode code = outage_code(began.code);
  const std::string_view cause = code.cause.in(paper.language());
  paper.text(cause.empty() ? std::string_view(began.text) : cause);
  if (!cause.empty() && !began.text.empty()) paper.text(began.text);
  paper.pair_if(paper.word("Angemeldet", "Signed in"), facts.story.cashier);
  paper.put(Blank{});
  paper.text(austrian ? paper.word("Weiterkassieren ist erlaubt. Auf den Belegen steht "
                                   "\"Sicherheitseinrichtung ausgefallen\".",
                                   "Keep selling. Receipts bear the note "
                                   "\"Sicherheitseinrichtung ausgefallen\".")
                      : paper.word("Weiterkassieren ist erlaubt. Bons werden als "
                                   "\"TSE ausgefallen\" gekennzeichnet.",
                                   "Keep selling. Receipts are marked as \"TSE ausgefallen\"."));
  paper.text(paper.word("Ursache unverzüglich beheben:", "Remove the cause without delay:"));
  paper.text(code.remedy.in(paper.language()));
  paper.put(Rule{'='});
  paper.text(paper.word("Automatisch protokolliert. Aufbewahren.", "Recorded by itself. Keep it."));
  return paper.take();
}

print::Document recovery_slip(const OutageSlipFacts& facts) {
  const OutageBegan& began = facts.story.began;
  const bool austrian = facts.signer != nullptr;
  Paper paper(facts.business, facts.language);
  paper.title(austrian ? "SIGNATUREINHEIT WIEDER VERFÜGBAR" : "TSE WIEDER VERFÜGBAR");
  if (facts.language == Language::en)
    paper.title(austrian ? "Signature unit works again" : "TSE works again");
  paper.put(Rule{});
  paper.pair(paper.word("Ausfall Nr.", "Outage no."), fmt::format("{}", began.number));
  paper.pair(paper.word("Beginn", "Begin"), paper.second(began.since));
  const std::uint64_t receipts = facts.story.ended ? facts.story.ended->receipts : 0;
  if (facts.story.ended) {
    paper.pair(paper.word("Ende", "End"), paper.second(facts.story.ended->until));
    paper.pair(paper.word("Dauer", "Length"),
               length_text(paper, facts.story.ended->until - began.since));
  }
  put_register(paper, facts);
  put_device(paper, facts);
  paper.pair(paper.word("Fehler", "Error"), began.code);
  paper.pair(austrian ? paper.word("Belege ohne Signatur", "Receipts without signature")
                      : paper.word("Bons ohne TSE", "Receipts without TSE"),
             fmt::format("{}", receipts));
  if (receipts > 0) {
    paper.pair_if(paper.word("erster", "first"), facts.story.first_receipt);
    if (receipts > 1) paper.pair_if(paper.word("letzter", "last"), facts.story.last_receipt);
  }
  for (const std::string& reason : facts.story.reasons)
    paper.text(fmt::format("{} {}", paper.word("Ursache:", "Cause:"), reason));
  if (facts.story.reasons.empty())
    paper.text(paper.word("Ursache: ______________________", "Cause: ______________________"));
  paper.put(Rule{'='});
  paper.text(paper.word("Protokoll gespeichert. Aufbewahren.", "The record is stored. Keep it."));
  return paper.take();
}

print::Document start_slip(const StartSlipFacts& facts) {
  Paper paper(facts.business, facts.language);
  paper.title(paper.word("TSE-STATUS", "TSE STATE"));
  paper.pair(paper.word("Stand", "As of"), country::second_text(facts.at, facts.language));
  for (const StartedTse& tse : facts.tses) {
    paper.put(Rule{});
    paper.pair("TSE", tse.info.id);
    paper.text(
        fmt::format("{} {}", paper.word("Hersteller:", "Manufacturer:"), tse.info.manufacturer));
    paper.value(paper.word("TSE-Seriennummer", "TSE serial number"), tse.info.serial);
    if (!tse.info.certified)
      paper.text(paper.word("Software-TSE, nicht zertifiziert: nur zum Testen",
                            "Software TSE, not certified: for tests only"));
    if (tse.error || !tse.status) {
      const std::string code = tse.error ? tse.error->code : std::string();
      const OutageCode row = outage_code(code);
      const std::string_view cause = row.cause.in(facts.language);
      paper.title("*** TSE AUSGEFALLEN ***");
      paper.pair_if(paper.word("Fehler", "Error"), code);
      paper.text(cause.empty() && tse.error ? std::string_view(tse.error->detail) : cause);
      paper.text(row.remedy.in(facts.language));
      continue;
    }
    const device::TseStatus& status = *tse.status;
    paper.pair(paper.word("Zustand", "State"), status.state);
    paper.pair(paper.word("Zertifikat gültig bis", "Certificate valid until"),
               paper.day(status.certificate_until));
    paper.pair(paper.word("Freie Signaturen", "Signatures left"),
               fmt::format("{}", status.signatures_left));
    constexpr std::uint64_t kibibyte = 1024;
    paper.pair(paper.word("Speicherkapazität", "Storage capacity"),
               fmt::format("{} KiB", status.storage_bytes / kibibyte));
    const std::uint64_t used = std::min(status.storage_used_bytes, status.storage_bytes);
    paper.pair(paper.word("Freier Speicher", "Free storage"),
               fmt::format("{} %", country::localised(
                                       percent(status.storage_bytes - used, status.storage_bytes),
                                       facts.language)));
    if (status.self_test_due)
      paper.text(paper.word("Selbsttest fällig: siegel tse selftest",
                            "Self-test due: siegel tse selftest"));
  }
  if (facts.tses.empty()) paper.text(paper.word("Keine TSE eingerichtet", "No TSE is set up"));
  return paper.take();
}

}  // namespace siegel::views
