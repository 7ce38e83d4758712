#include "mail/notice.h"

#include <fmt/format.h>

#include <string_view>
#include <vector>

namespace siegel::mail {
namespace {

std::string day(Date date) {
  const auto ymd = date.ymd();
  return fmt::format("{:02}.{:02}.{:04}", static_cast<unsigned>(ymd.day()),
                     static_cast<unsigned>(ymd.month()), static_cast<int>(ymd.year()));
}

std::string receipt_name(DueReceipt kind) {
  switch (kind) {
    case DueReceipt::month:
      return "Monatsbeleg";
    case DueReceipt::year:
      return "Jahresbeleg";
    case DueReceipt::closing:
      return "Schlussbeleg";
  }
  return {};
}

// One notice in one language. The names of receipts stay German in both: they are what the law,
// FinanzOnline and the printed slip say.
class Writer {
 public:
  Writer(const Place& place, Language language) : m_place(place), m_de(language == Language::de) {}

  Text operator()(const SignerFailed& what) const;
  Text operator()(const SignerWorks& what) const;
  Text operator()(const OutageReportDue& what) const;
  Text operator()(const ReceiptDue& what) const;
  Text operator()(const ReceiptFailed& what) const;
  Text operator()(const ReceiptCheckDue& what) const;
  Text operator()(const RegistrationDue& what) const;
  Text operator()(const BackupDue& what) const;
  Text operator()(const Trial& what) const;
  Text operator()(const TseFailed& what) const;
  Text operator()(const TseWorks& what) const;
  Text operator()(const OtherFailed& what) const;
  Text operator()(const OtherWorks& what) const;
  Text operator()(const OutageLasts& what) const;
  Text operator()(const LateSignatureFound& what) const;
  Text operator()(const ClosingDone& what) const;
  Text operator()(const JournalNotWritable& what) const;
  Text operator()(const ShopCopied& what) const;
  Text operator()(const Announcement& what) const;

 private:
  [[nodiscard]] std::string pick(std::string_view german, std::string_view english) const {
    return std::string(m_de ? german : english);
  }
  // Subject and paragraphs, with the place in both.
  [[nodiscard]] Text text(const std::string& subject,
                          const std::vector<std::string>& paragraphs) const;
  [[nodiscard]] std::string facts(
      const std::vector<std::pair<std::string, std::string>>& lines) const;

  const Place& m_place;
  bool m_de;
};

Text Writer::text(const std::string& subject, const std::vector<std::string>& paragraphs) const {
  Text out{subject, {}};
  const std::string where = m_place.register_name.empty() ? m_place.shop : m_place.register_name;
  if (!where.empty()) out.subject += " \u2013 " + where;
  for (const auto& paragraph : paragraphs) {
    if (!paragraph.empty()) out.body += paragraph + "\n\n";
  }
  out.body += pick(
      "Diese Nachricht hat die Kassensoftware Siegel von selbst geschickt. Antworten "
      "darauf liest niemand.\n",
      "This message was sent by the cash register software Siegel by itself. Nobody "
      "reads answers to it.\n");
  return out;
}

std::string Writer::facts(const std::vector<std::pair<std::string, std::string>>& lines) const {
  std::string out;
  const auto add = [&](const std::string& label, const std::string& value) {
    if (!value.empty()) out += (out.empty() ? "" : "\n") + label + ": " + value;
  };
  add(pick("Betrieb", "Business"), m_place.shop);
  add(pick("Kasse", "Register"), m_place.register_name);
  for (const auto& [label, value] : lines) add(label, value);
  return out;
}

Text Writer::operator()(const SignerFailed& what) const {
  const auto cause = what.code.empty() ? what.cause : fmt::format("{} ({})", what.cause, what.code);
  const auto about = facts({{pick("Signatureinheit", "Signature device"), what.signer},
                            {pick("Seit", "Since"), what.since.print_minute()},
                            {pick("Ursache", "Cause"), cause},
                            {pick("Es signiert jetzt", "Signing now"), what.replaced_by}});
  if (!what.replaced_by.empty()) {
    return text(
        pick("Signatureinheit ausgefallen, Ersatz signiert",
             "Signature device failed, another one signs"),
        {pick("Eine Signatureinheit arbeitet nicht. Eine andere signiert an ihrer Stelle; alle "
              "Belege sind gültig signiert.",
              "A signature device does not work. Another one signs in its place; all receipts are "
              "validly signed."),
         about,
         pick("Sie können weiter verkaufen. Bitte beheben Sie den Fehler bald: Fällt auch der "
              "Ersatz aus, können keine Belege mehr signiert werden. Karte neu einstecken, "
              "Lesegerät und Kabel prüfen; danach zeigt »siegel card check«, ob sie wieder geht.",
              "You may go on selling. Please mend it soon: if the other one fails too, receipts "
              "cannot be signed any more. Plug the card in again, check reader and cable; then "
              "\"siegel card check\" shows whether it works.")});
  }
  return text(
      pick("Sicherheitseinrichtung ausgefallen", "Signature device failed"),
      {pick("Keine Signatureinheit arbeitet. Belege tragen jetzt den Vermerk "
            "»Sicherheitseinrichtung ausgefallen«.",
            "No signature device works. Receipts now carry the note \"Sicherheitseinrichtung "
            "ausgefallen\"."),
       about,
       pick("Sie dürfen weiter verkaufen und müssen an der Kasse nichts umstellen. Bitte jetzt: "
            "Karte neu einstecken, Lesegerät, Kabel und (bei einem Online-Dienst) die "
            "Internetverbindung prüfen. Siegel versucht es von selbst immer wieder und erstellt "
            "danach den Sammelbeleg.",
            "You may go on selling and need not change anything at the till. Please do now: plug "
            "the card in again, check reader, cable and (for an online service) the internet "
            "connection. Siegel keeps trying by itself and then makes the Sammelbeleg."),
       pick("Dauert der Ausfall länger als 48 Stunden, oder ist die Karte verloren oder gestohlen, "
            "ist er in FinanzOnline zu melden. Siegel erinnert rechtzeitig daran.",
            "If it lasts longer than 48 hours, or if the card is lost or stolen, it has to be "
            "reported in FinanzOnline. Siegel reminds you in time.")});
}

Text Writer::operator()(const SignerWorks& what) const {
  const auto about = facts({{pick("Signatureinheit", "Signature device"), what.signer},
                            {pick("Ausfall von", "Outage from"), what.since.print_minute()},
                            {pick("bis", "until"), what.until.print_minute()},
                            {pick("Belege ohne Signatur", "Receipts without signature"),
                             fmt::format("{}", what.unsigned_receipts)},
                            {"Sammelbeleg", what.collective_receipt}});
  std::string next = pick("Es ist nichts zu tun.", "Nothing is to be done.");
  if (what.reported) {
    next = pick(
        "Der Ausfall war in FinanzOnline gemeldet. Bitte melden Sie dort auch das Ende "
        "(Wiederinbetriebnahme).",
        "The outage was reported in FinanzOnline. Please report its end there, too "
        "(Wiederinbetriebnahme).");
  }
  return text(pick("Signatureinheit arbeitet wieder", "Signature device works again"),
              {pick("Belege werden wieder signiert.", "Receipts are signed again."), about, next});
}

Text Writer::operator()(const OutageReportDue& what) const {
  const auto about =
      facts({{pick("Signatureinheit", "Signature device"), what.signer},
             {pick("Ausgefallen seit", "Failed since"), what.since.print_minute()},
             {pick("48 Stunden sind um am", "48 hours end on"), what.due.print_minute()}});
  return text(
      m_de ? fmt::format("Ausfall seit {} Stunden: Meldung an FinanzOnline", what.hours)
           : fmt::format("Outage for {} hours: report to FinanzOnline", what.hours),
      {m_de
           ? fmt::format("Die Signatureinheit arbeitet seit {} Stunden nicht. Ein Ausfall von mehr "
                         "als 48 Stunden ist in FinanzOnline zu melden.",
                         what.hours)
           : fmt::format("The signature device has not worked for {} hours. An outage of more "
                         "than 48 hours has to be reported in FinanzOnline.",
                         what.hours),
       about,
       pick(
           "Gemeldet wird mit Beginn und Grund des Ausfalls, im Formular von FinanzOnline "
           "(Eingaben/Registrierkassen) oder durch Siegel; »siegel dues« nennt den nächsten "
           "Schritt. Verkauft werden darf weiter.",
           "Begin and cause of the outage are reported, in the form of FinanzOnline "
           "(Eingaben/Registrierkassen) or by Siegel; \"siegel dues\" names the next step. You may "
           "go on selling.")});
}

Text Writer::operator()(const ReceiptDue& what) const {
  const auto name = receipt_name(what.kind);
  const auto about = facts({{pick("Zeitraum", "Period"), what.period},
                            {pick("Belegnummer", "Receipt number"), what.number}});
  if (!what.number.empty()) {
    return text(
        fmt::format("{} {} {}", name, what.period, pick("erstellt", "made")),
        {fmt::format("{} {}.", name, pick("wurde von selbst erstellt", "was made by itself")),
         about,
         what.kind == DueReceipt::year
             ? pick("Bitte drucken und aufbewahren; er ist bis 15. Februar in "
                    "FinanzOnline oder mit der App BMF Belegcheck zu prüfen.",
                    "Please print and keep it; it has to be checked in FinanzOnline or with "
                    "the app BMF Belegcheck until 15 February.")
             : pick("Es ist nichts zu tun.", "Nothing is to be done.")});
  }
  return text(
      fmt::format("{} {} {}", name, what.period, pick("fällig", "due")),
      {fmt::format("{} {}.", name, pick("ist noch zu erstellen", "is still to be made")), about,
       pick("Der Tagesabschluss erstellt ihn; sonst geschieht es von selbst vor dem ersten "
            "Verkauf des nächsten Monats.",
            "The day's closing makes it; else it happens by itself before the first sale "
            "of the next month.")});
}

Text Writer::operator()(const ReceiptFailed& what) const {
  const auto name = receipt_name(what.kind);
  const auto cause = what.code.empty() ? what.cause : fmt::format("{} ({})", what.cause, what.code);
  return text(
      fmt::format("{} {} {}", name, what.period, pick("nicht erstellt", "not made")),
      {fmt::format("{} {}.", name,
                   pick("konnte nicht erstellt werden und bleibt fällig",
                        "could not be made and stays due")),
       facts({{pick("Zeitraum", "Period"), what.period}, {pick("Ursache", "Cause"), cause}}),
       pick("Bitte die Ursache beheben, meist die Signatureinheit. Siegel erstellt ihn von selbst, "
            "sobald es geht. Verkauft werden darf weiter.",
            "Please mend the cause, mostly the signature device. Siegel makes it by itself as soon "
            "as possible. You may go on selling.")});
}

Text Writer::operator()(const ReceiptCheckDue& what) const {
  return text(
      m_de ? fmt::format("Beleg prüfen bis {}", day(what.until))
           : fmt::format("Check the receipt until {}", day(what.until)),
      {pick("Ein Beleg ist noch mit FinanzOnline zu prüfen.",
            "A receipt is still to be checked with FinanzOnline."),
       facts({{pick("Zeitraum", "Period"), what.period},
              {pick("Belegnummer", "Receipt number"), what.receipt},
              {pick("Frist", "Due"), day(what.until)}}),
       pick("Den QR-Code mit der App BMF Belegcheck scannen, oder durch Siegel in FinanzOnline "
            "prüfen lassen; »siegel dues« nennt den nächsten Schritt.",
            "Scan the QR code with the app BMF Belegcheck, or let Siegel check it in FinanzOnline; "
            "\"siegel dues\" names the next step.")});
}

Text Writer::operator()(const RegistrationDue& what) const {
  return text(
      m_de ? fmt::format("Registrierung in FinanzOnline bis {}", day(what.until))
           : fmt::format("Registration in FinanzOnline until {}", day(what.until)),
      {pick("Signatureinheit und Kasse sind in FinanzOnline zu registrieren und der Startbeleg ist "
            "zu prüfen, binnen einer Woche ab dem Startbeleg.",
            "Device and register have to be registered in FinanzOnline and the Startbeleg has to "
            "be checked, within a week of the Startbeleg."),
       facts({{pick("Frist", "Due"), day(what.until)}}),
       pick("»siegel at setup« zeigt, was noch fehlt. Verkauft werden darf inzwischen.",
            "\"siegel at setup\" shows what is missing. You may sell meanwhile.")});
}

Text Writer::operator()(const BackupDue& what) const {
  return text(
      m_de ? fmt::format("Quartalssicherung {} fällig", what.period)
           : fmt::format("Quarterly backup {} due", what.period),
      {pick("Das Datenerfassungsprotokoll ist mindestens vierteljährlich auf einem äußeren "
            "Datenträger zu sichern.",
            "The data capture log (DEP) has to be saved on an outside medium at least quarterly."),
       facts({{pick("Quartal", "Quarter"), what.period}, {pick("Frist", "Due"), day(what.until)}}),
       pick("Datenträger anstecken und »siegel at backup« aufrufen; den Datenträger danach "
            "geschützt aufbewahren.",
            "Plug in the medium and call \"siegel at backup\"; keep the medium in a safe place "
            "afterwards.")});
}

Text Writer::operator()(const Trial& /*what*/) const {
  return text(pick("Testnachricht", "Test message"),
              {pick("Die Einstellungen für Benachrichtigungen stimmen: Diese Nachricht ist "
                    "angekommen.",
                    "The settings for notices are right: this message has arrived."),
               facts({})});
}

std::string with_code(const std::string& cause, const std::string& code) {
  return code.empty() ? cause : fmt::format("{} ({})", cause, code);
}

Text Writer::operator()(const TseFailed& what) const {
  return text(
      pick("TSE ausgefallen", "TSE failed"),
      {pick("Die TSE antwortet nicht. Belege tragen jetzt den Vermerk »TSE ausgefallen«; jeder "
            "Ausfall wird von selbst protokolliert.",
            "The TSE does not answer. Receipts now carry the note \"TSE ausgefallen\"; each "
            "outage is logged by itself."),
       facts({{"TSE", what.tse},
              {pick("Ausfall Nr.", "Outage no."), fmt::format("{}", what.number)},
              {pick("Seit", "Since"), what.since.print_minute()},
              {pick("Ursache", "Cause"), with_code(what.cause, what.code)}}),
       pick("Sie dürfen weiter kassieren und müssen an der Kasse nichts umstellen. Bitte jetzt "
            "prüfen, ob die TSE fest steckt und der Rechner nicht im Ruhezustand war, bei einer "
            "TSE im Netz auch die Verbindung. Siegel fragt die TSE alle 10 Sekunden von selbst; "
            "»siegel outages list« zeigt den Ausfall und was zu tun ist.",
            "You may go on selling and need not change anything at the till. Please check now "
            "whether the TSE is plugged in well and the computer was not asleep, with a TSE in "
            "the network the connection, too. Siegel asks the TSE every 10 seconds by itself; "
            "\"siegel outages list\" shows the outage and what to do."),
       pick("Die Ursache ist unverzüglich zu beseitigen [AEAO zu 146a 1.14].",
            "The cause has to be removed without delay [AEAO 146a 1.14].")});
}

Text Writer::operator()(const TseWorks& what) const {
  return text(pick("TSE wieder verfügbar", "TSE is back"),
              {pick("Belege werden wieder signiert. Nachträglich wird nichts signiert.",
                    "Receipts are signed again. Nothing is signed after the fact."),
               facts({{"TSE", what.tse},
                      {pick("Ausfall Nr.", "Outage no."), fmt::format("{}", what.number)},
                      {pick("Von", "From"), what.since.print_minute()},
                      {pick("bis", "until"), what.until.print_minute()},
                      {pick("Belege ohne TSE", "Receipts without TSE"),
                       fmt::format("{}", what.unsigned_receipts)}}),
               pick("Bitte die Ursache nachtragen: »siegel outages note«.",
                    "Please add the cause: \"siegel outages note\".")});
}

Text Writer::operator()(const OtherFailed& what) const {
  return text(pick("Gerät ausgefallen", "Device failed"),
              {pick("Ein Gerät der Kasse arbeitet nicht.", "A device of the till does not work."),
               facts({{pick("Gerät", "Device"), what.device},
                      {pick("Seit", "Since"), what.since.print_minute()},
                      {pick("Ursache", "Cause"), with_code(what.cause, what.code)}})});
}

Text Writer::operator()(const OtherWorks& what) const {
  return text(pick("Gerät arbeitet wieder", "Device works again"),
              {facts({{pick("Gerät", "Device"), what.device},
                      {pick("Von", "From"), what.since.print_minute()},
                      {pick("bis", "until"), what.until.print_minute()}})});
}

Text Writer::operator()(const OutageLasts& what) const {
  const auto hours = what.minutes / 60;
  const auto lasted = hours > 0 ? fmt::format("{} h {} min", hours, what.minutes % 60)
                                : fmt::format("{} min", what.minutes);
  return text(
      m_de ? fmt::format("Ausfall dauert an: {}", lasted)
           : fmt::format("Outage goes on: {}", lasted),
      {pick("Der Ausfall ist noch nicht behoben.", "The outage has not been mended yet."),
       facts({{pick("Gerät", "Device"), what.device},
              {pick("Ausfall Nr.", "Outage no."), fmt::format("{}", what.number)},
              {pick("Seit", "Since"), what.since.print_minute()},
              {pick("Dauer", "Lasted"), lasted},
              {"Code", what.code},
              {pick("Belege ohne Signatur", "Receipts without signature"),
               fmt::format("{}", what.unsigned_receipts)}}),
       pick("Bitte die Ursache beseitigen; »siegel outages list« nennt die Abhilfe. Kassieren "
            "dürfen Sie weiter.",
            "Please remove the cause; \"siegel outages list\" names the remedy. You may go on "
            "selling.")});
}

Text Writer::operator()(const LateSignatureFound& what) const {
  return text(
      pick("Nachträglich gefundene Signatur", "Late signature found"),
      {pick("Die TSE hat einen Beleg signiert, der ohne Signatur ausgegeben wurde, weil ihre "
            "Antwort ausblieb. Die Signatur ist jetzt beim Beleg gespeichert; der Beleg "
            "bleibt, wie er ist.",
            "The TSE had signed a receipt that went out without signature because its "
            "answer did not come. The signature is stored beside the receipt now; the "
            "receipt stays as it is."),
       facts({{"TSE", what.tse},
              {pick("Beleg", "Receipt"), what.receipt},
              {pick("Transaktion", "Transaction"), fmt::format("{}", what.transaction)}}),
       pick("Es ist nichts zu tun.", "Nothing is to be done.")});
}

Text Writer::operator()(const ClosingDone& what) const {
  return text(m_de ? fmt::format("Abschluss Nr. {} fertig", what.number)
                   : fmt::format("Closing no. {} done", what.number),
              {facts({{pick("Am", "On"), what.at.print_minute()},
                      {pick("Belege", "Receipts"), fmt::format("{}", what.receipts)},
                      {pick("Umsatz", "Turnover"), what.turnover}})});
}

Text Writer::operator()(const JournalNotWritable& what) const {
  return text(
      pick("Kasse kann nicht verkaufen: Journal nicht beschreibbar",
           "The till cannot sell: the journal cannot be written"),
      {pick("Ohne Aufzeichnung darf nicht verkauft werden: Siegel nimmt keine Belege an, bis das "
            "Journal wieder geschrieben werden kann.",
            "Nothing may be sold without a record: Siegel takes no receipts until the journal can "
            "be written again."),
       facts({{pick("Ursache", "Cause"), with_code(what.cause, what.code)}}),
       pick("Bitte freien Platz und Zustand des Datenträgers prüfen; solange Belege von Hand "
            "schreiben und später nacherfassen.",
            "Please check free space and state of the disk; meanwhile write receipts by hand and "
            "enter them later.")});
}

Text Writer::operator()(const ShopCopied& what) const {
  return text(
      pick("Eine Kopie dieser Kasse wurde gestartet", "A copy of this till was started"),
      {pick("Ein zweiter Datenordner mit demselben Journal hat den Zeugen fortgeschrieben. Zwei "
            "Journale dürfen nicht nebeneinander weiterlaufen.",
            "A second data folder with the same journal has moved the witness. Two journals must "
            "not go on beside each other."),
       facts({{pick("Gefunden", "Found"), what.cause}}),
       pick("Bitte die Kopie anhalten. Diese Kasse verkauft bis zu ihrem nächsten Start weiter; "
            "danach verlangt sie eine Entscheidung: »siegel journal take-over«.",
            "Please stop the copy. This till sells until its next start; then it wants a "
            "decision: \"siegel journal take-over\".")});
}

Text Writer::operator()(const Announcement& what) const {
  return text(pick(what.de, what.en), {pick(what.de, what.en), facts({{"Code", what.code}}),
                                       pick(what.remedy_de, what.remedy_en)});
}

}  // namespace

Text compose(const Notice& notice, Language language) {
  return std::visit(Writer(notice.place, language), notice.what);
}

}  // namespace siegel::mail
