#include "views/outage_codes.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

namespace siegel::views {
namespace {

// ---- what the law says --------------------------------------------------------------------------

constexpr OutageText law_outage = {
    "Ausfall der TSE [AEAO zu § 146a Nr. 1.14]: Weiter kassieren ist zulässig, solange nur die TSE "
    "ausgefallen ist. Beginn, Ende und Grund werden festgehalten (von selbst); jeder Beleg wird "
    "ausgegeben und zeigt den Ausfall, Datum und Uhrzeit kommen aus der Kasse; nachsigniert wird "
    "nicht. Die Ursache ist unverzüglich zu beheben.",
    "Outage of the TSE [AEAO 146a no. 1.14]: selling may go on while only the TSE is down. Begin, "
    "end and reason are recorded (by itself); each receipt is issued and shows the outage, date "
    "and "
    "time come from the till; nothing is signed later. The cause is to be removed without delay."};
constexpr OutageText law_operation = {
    "Wie ein Ausfall der TSE zu behandeln [AEAO zu § 146a Nr. 1.14]: Belege werden ausgegeben und "
    "gekennzeichnet, Beginn, Ende und Grund festgehalten. Das Gerät ist nicht defekt, sein Betrieb "
    "liegt beim Unternehmer: sofort beheben.",
    "To be treated as an outage of the TSE [AEAO 146a no. 1.14]: receipts are issued and marked; "
    "begin, end and reason are recorded. The device is not broken, running it is up to the "
    "entrepreneur: remove the cause at once."};
constexpr OutageText law_retired = {
    "Diese TSE kann nicht mehr absichern. Bis zur neuen gilt die Ausfallregel [AEAO zu § 146a "
    "Nr. 1.14], aber nur so lange, wie der unverzügliche Ersatz braucht. Wechsel der TSE binnen "
    "eines Monats dem Finanzamt mitteilen [AO § 146a Abs. 4]; die Daten der alten aufbewahren "
    "[AO § 147].",
    "This TSE can no longer sign. Until there is a new one the outage rule holds [AEAO 146a no. "
    "1.14], but only as long as replacing it without delay takes. Report the change of the TSE to "
    "the tax office within one month [AO 146a (4)]; keep the data of the old one [AO 147]."};
constexpr OutageText law_signer = {
    "Ausfall der Signaturerstellungseinheit [RKSV § 17]: Belege tragen den Hinweis "
    "\"Sicherheitseinrichtung ausgefallen\"; danach fasst ein signierter Sammelbeleg sie zusammen "
    "(von selbst). Dauert der Ausfall länger als 48 Stunden, werden Beginn und Ende über "
    "FinanzOnline gemeldet.",
    "Outage of the signature device [RKSV 17]: receipts bear the note \"Sicherheitseinrichtung "
    "ausgefallen\"; afterwards a signed Sammelbeleg covers them (by itself). If it lasts longer "
    "than 48 hours, begin and end are reported through FinanzOnline."};
constexpr OutageText law_printer = {
    "Ausfall der Druck- oder Übertragungseinheit [AEAO zu § 146a Nr. 1.14]: aufgezeichnet und "
    "abgesichert wird weiter; die Belegausgabepflicht entfällt für diese Zeit. Die Ursache ist "
    "unverzüglich zu beheben.",
    "Outage of the printer or transmission unit [AEAO 146a no. 1.14]: recording and signing go on; "
    "the duty to hand out receipts is lifted for that span. The cause is to be removed without "
    "delay."};
constexpr OutageText law_till = {
    "Ausfall der ganzen Kasse [AEAO zu § 146a Nr. 1.14]: es gibt nichts aufzuzeichnen, die "
    "Belegausgabepflicht entfällt für diese Zeit. Einnahmen werden auf Papier festgehalten und "
    "nachgetragen; Beginn, Ende und Grund trägt ein Mensch ein.",
    "Outage of the whole till [AEAO 146a no. 1.14]: there is nothing to record, the duty to hand "
    "out "
    "receipts is lifted for that span. Takings are written on paper and entered later; begin, end "
    "and reason are entered by a person."};
constexpr OutageText law_record = {
    "Teil der Aufzeichnung des Ausfalls [AEAO zu § 146a Nr. 1.14; RKSV § 17].",
    "Part of the record of the outage [AEAO 146a no. 1.14; RKSV 17]."};

// ---- what to do ---------------------------------------------------------------------------------

enum class Group {
  connection,
  device,
  storage,
  clock,
  self_test,
  login,
  client,
  setup,
  transaction,
  other_device,
  retired,
  switched,
  printer,
  till,
  program,
  card_connection,
  card_device,
  card_other,
  card_pin,
  card_account,
  card_program,
};

struct Advice {
  Group group;
  const OutageText* law;
  OutageText remedy;
};

constexpr std::array advices = {
    Advice{
        Group::connection,
        &law_outage,
        {"Stecker, Kabel, Netz und Strom der TSE prüfen. Sie wird alle 10 Sekunden gefragt und "
         "von selbst wieder benutzt.",
         "Check plug, cable, network and power of the TSE. It is asked every 10 seconds and used "
         "again by itself."}},
    Advice{
        Group::device,
        &law_outage,
        {"TSE abziehen und wieder anstecken, Selbsttest ausführen; bleibt es, das Archiv sichern "
         "und die TSE ersetzen.",
         "Unplug the TSE and plug it in again, run its self-test; if it stays, save the archive "
         "and replace the TSE."}},
    Advice{Group::storage,
           &law_outage,
           {"Platz auf Gerät und Datenträger prüfen; das Archiv exportieren und sichern, dann die "
            "exportierten Meldungen löschen.",
            "Check the room on device and disk; export and save the archive, then delete the "
            "exported messages."}},
    Advice{Group::clock,
           &law_operation,
           {"Uhr des Rechners prüfen, dann die Zeit der TSE stellen.",
            "Check the clock of the computer, then set the TSE's time."}},
    Advice{Group::self_test,
           &law_operation,
           {"Selbsttest ausführen; scheitert er noch einmal, die TSE ersetzen.",
            "Run the self-test; if it fails again, replace the TSE."}},
    Advice{Group::login,
           &law_operation,
           {"Die richtige PIN oder PUK heraussuchen, nie raten: wenige Versuche sperren sie.",
            "Find the right PIN or PUK, never guess: a few tries block it."}},
    Advice{Group::client,
           &law_operation,
           {"Die Kasse mit ihrer Seriennummer an der TSE anmelden; ist kein Platz, eine nicht mehr "
            "benutzte abmelden oder eine zweite TSE verwenden.",
            "Register the till with its serial number at the TSE; if there is no room, deregister "
            "one that is no longer used, or use a second TSE."}},
    Advice{Group::setup,
           &law_operation,
           {"Einrichtung der TSE abschließen: initialisieren und das Absichern freigeben.",
            "Finish the setup of the TSE: initialize it and unlock transaction logging."}},
    Advice{Group::transaction,
           &law_outage,
           {"Nichts: was offen blieb, wird nach der Rückkehr der TSE von selbst beendet. Kommt es "
            "wieder, den Support rufen.",
            "Nothing: what was left open is ended by itself when the TSE is back. If it comes "
            "again, call support."}},
    Advice{Group::other_device,
           &law_outage,
           {"Prüfen, ob die richtige TSE angeschlossen ist (Seriennummer); sie exportieren.",
            "Check that the right TSE is connected (serial number); export it."}},
    Advice{
        Group::retired,
        &law_retired,
        {"Die alte TSE exportieren und das Archiv aufbewahren; eine neue in Betrieb nehmen und "
         "melden.",
         "Export the old TSE and keep the archive; put a new one into operation and report it."}},
    Advice{Group::switched,
           &law_operation,
           {"Den Grund beheben und die TSE wieder einschalten; sie wird benutzt, sobald sie "
            "antwortet.",
            "Remove the reason and switch the TSE on again; it is used as soon as it answers."}},
    Advice{
        Group::printer,
        &law_printer,
        {"Papier, Strom und Kabel des Druckers prüfen. Belege lassen sich nachdrucken; die "
         "Rückkehr "
         "vermerken: siegel outages end printer:NAME",
         "Check paper, power and cable of the printer. Receipts can be printed again; record its "
         "return: siegel outages end printer:NAME"}},
    Advice{Group::till,
           &law_till,
           {"Belege von Hand nacherfassen (siegel sale --handwritten), die Ursache beheben.",
            "Enter the receipts written by hand (siegel sale --handwritten), remove the cause."}},
    Advice{Group::program,
           &law_operation,
           {"Ein Fehler des Programms: den Support rufen und den Text des Eintrags nennen.",
            "A fault of the program: call support and name the text of the record."}},
    Advice{Group::card_connection,
           &law_signer,
           {"Gerät, Kabel, Leser und Netz prüfen. Es wird alle 10 Sekunden gefragt und von selbst "
            "wieder benutzt.",
            "Check device, cable, reader and network. It is asked every 10 seconds and used again "
            "by itself."}},
    Advice{Group::card_device,
           &law_signer,
           {"Leser ab- und wieder anstecken; bleibt es, Karte oder Gerät ersetzen.",
            "Unplug the reader and plug it in again; if it stays, replace card or device."}},
    Advice{Group::card_other,
           &law_signer,
           {"Die richtige Karte einlegen oder Schlüssel und Zertifikat in der Einrichtung prüfen; "
            "eine neue zuerst in Betrieb nehmen.",
            "Insert the right card, or check key and certificate in the settings; put a new one "
            "into operation first."}},
    Advice{Group::card_pin,
           &law_signer,
           {"Die richtige PIN eingeben, nie raten: sie wird nach einem Fehler nicht noch einmal "
            "versucht.",
            "Enter the right PIN, never guess: after a failure it is not tried again."}},
    Advice{Group::card_account,
           &law_signer,
           {"Einrichtung und Konto beim Anbieter prüfen, die Karte freischalten lassen.",
            "Check the settings and the account at the provider; have the card activated."}},
    Advice{Group::card_program,
           &law_signer,
           {"Ein Fehler des Programms: den Support rufen und den Text des Eintrags nennen.",
            "A fault of the program: call support and name the text of the record."}},
};

struct Row {
  std::string_view code;
  Group group;
  std::string_view de, en;
};

constexpr std::array rows = std::to_array<Row>({
    {"E-OUT-201", Group::till, "Die ganze Kasse war ausgefallen.", "The whole till was down."},
    {"E-PRN-301", Group::printer, "Dem Drucker fehlt Papier.", "The printer is out of paper."},
    {"E-PRN-302", Group::printer, "Der Drucker ist nicht erreichbar.",
     "The printer cannot be reached."},
    {"E-SIG-101", Group::card_connection, "Das Signaturgerät ist nicht da oder nicht erreichbar.",
     "The signature device is not there or cannot be reached."},
    {"E-SIG-102", Group::card_connection,
     "Das Signaturgerät hat nicht rechtzeitig oder nicht vollständig geantwortet.",
     "The signature device did not answer in time or not as a whole."},
    {"E-SIG-103", Group::card_device,
     "Das Signaturgerät hat zweimal ohne gültige Signatur geantwortet.",
     "The signature device answered twice without a valid signature."},
    {"E-SIG-104", Group::card_device, "Das Signaturgerät meldet einen Fehler.",
     "The signature device reports an error."},
    {"E-SIG-105", Group::card_connection,
     "Die Antwort des Signaturdienstes ist nicht zu verstehen.",
     "The answer of the signature service cannot be understood."},
    {"E-SIG-106", Group::card_other,
     "Es ist ein anderes Signaturgerät angeschlossen als eingerichtet.",
     "Another signature device is connected than the one set up."},
    {"E-SIG-107", Group::card_other,
     "Der Schlüssel ist auf dem Signaturgerät nicht eindeutig zu finden oder nicht geeignet.",
     "The key on the signature device cannot be found without doubt or does not fit."},
    {"E-SIG-108", Group::card_other,
     "Das Zertifikat des Signaturgeräts fehlt oder gehört zu einem anderen Schlüssel.",
     "The signature device's certificate is missing or of another key."},
    {"E-SIG-201", Group::card_pin,
     "PIN oder Passwort des Signaturgeräts ist falsch. Es wird nicht noch einmal versucht.",
     "The PIN or password of the signature device is wrong. It is not tried again."},
    {"E-SIG-202", Group::card_pin,
     "Die PIN des Signaturgeräts ist gesperrt oder wurde schon einmal falsch eingegeben; es wird "
     "nicht weiter probiert.",
     "The PIN of the signature device is blocked or was wrong before; no further try is made."},
    {"E-SIG-203", Group::card_pin, "Das Signaturgerät verlangt eine PIN.",
     "The signature device wants a PIN."},
    {"E-SIG-204", Group::card_account,
     "Das Konto beim Signaturdienst ist gesperrt oder nicht vorhanden.",
     "The account at the signature service is blocked or missing."},
    {"E-SIG-205", Group::card_account, "Die Signaturkarte ist noch nicht aktiviert.",
     "The signature card has not been activated yet."},
    {"E-SIG-301", Group::card_program, "Der Hashwert hat eine falsche Länge.",
     "The digest has a wrong length."},
    {"E-SIG-302", Group::card_account,
     "Die Angaben zum Signaturgerät sind unvollständig oder falsch.",
     "The configuration of the signature device is incomplete or wrong."},
    {"E-TSE-101", Group::connection, "Keine TSE gefunden.", "No TSE found."},
    {"E-TSE-104", Group::connection, "Die TSE antwortet nicht.", "The TSE does not answer."},
    {"E-TSE-140", Group::device, "Die TSE hat ohne Signatur geantwortet.",
     "The TSE answered without a signature."},
    {"E-TSE-141", Group::other_device,
     "Die TSE hat etwas geantwortet, das nicht zu dem passt, was sie gefragt wurde oder früher "
     "gesagt hat.",
     "The TSE answered something that does not fit what it was asked or what it said before."},
    {"E-TSE-201", Group::client, "Die Kasse ist an der TSE nicht angemeldet.",
     "The register is not registered at the TSE."},
    {"E-TSE-202", Group::client,
     "Die Seriennummer der Kasse enthält ein Zeichen, das eine TSE nicht annimmt.",
     "The client id has a character that a TSE refuses."},
    {"E-TSE-203", Group::client, "Die Kasse ist an der TSE schon angemeldet.",
     "The register is registered already."},
    {"E-TSE-204", Group::client,
     "An der TSE sind schon so viele Kassen angemeldet, wie sie zulässt.",
     "The TSE has as many clients as it allows."},
    {"E-TSE-205", Group::transaction, "Die TSE kennt keine offene Transaktion mit dieser Nummer.",
     "The TSE has no such transaction open."},
    {"E-TSE-206", Group::transaction, "Auf der TSE ist noch eine Transaktion offen.",
     "A transaction is still open on the TSE."},
    {"E-TSE-207", Group::setup, "Die Absicherung ist nicht gesperrt.",
     "Transaction logging is not locked."},
    {"E-TSE-208", Group::login, "An der TSE ist niemand angemeldet.",
     "Nobody is logged in at the TSE."},
    {"E-TSE-209", Group::login, "Der angemeldete Benutzer der TSE darf das nicht.",
     "The user logged in at the TSE may not do this."},
    {"E-TSE-210", Group::login, "Die PIN ist falsch.", "The PIN is wrong."},
    {"E-TSE-211", Group::login, "Die PIN ist gesperrt.", "The PIN is blocked."},
    {"E-TSE-212", Group::login, "Die TSE kennt diesen Benutzer nicht.",
     "The TSE does not know this user."},
    {"E-TSE-213", Group::login, "Die PUK ist falsch.", "The PUK is wrong."},
    {"E-TSE-214", Group::login, "Die PUK ist vorübergehend gesperrt.",
     "The PUK is blocked for a while."},
    {"E-TSE-215", Group::setup, "Die TSE ist schon initialisiert.",
     "The TSE has been initialized already."},
    {"E-TSE-216", Group::clock, "Diese Zeit nimmt die TSE nicht an.",
     "The TSE does not accept this time."},
    {"E-TSE-218", Group::program, "Diese Funktion hat die TSE nicht.",
     "The TSE does not have this function."},
    {"E-TSE-219", Group::program, "Ein Wert hat eine falsche Form.", "A value has a wrong form."},
    {"E-TSE-220", Group::program, "Ein Wert ist zu lang.", "A value is too long."},
    {"E-TSE-221", Group::program, "Die Angaben passen nicht zusammen.",
     "The filters do not fit together."},
    {"E-TSE-222", Group::program, "Zu dieser Auswahl gibt es keine Meldungen.",
     "There is no message for this selection."},
    {"E-TSE-223", Group::program, "Zu dieser Auswahl gibt es mehr Meldungen als erlaubt.",
     "There are more messages than the limit asked for."},
    {"E-TSE-224", Group::client, "Diese Kasse war nie an der TSE angemeldet.",
     "This client was never registered at the TSE."},
    {"E-TSE-225", Group::storage, "Es gibt Meldungen, die noch nicht exportiert wurden.",
     "There are messages that have not been exported."},
    {"E-TSE-227", Group::program, "Die TSE hat noch keine Meldung.", "The TSE has no message yet."},
    {"E-TSE-229", Group::program, "Die Protokollierung dieses Ereignisses ist nicht einstellbar.",
     "The logging of this event cannot be configured."},
    {"E-TSE-232", Group::other_device, "Schlüssel und TSE gehören nicht zusammen.",
     "Key and TSE do not belong together."},
    {"E-TSE-233", Group::program, "Die Bytes sind keine Meldung einer Software-TSE.",
     "The bytes are no log message of a software TSE."},
    {"E-TSE-234", Group::device, "Der Speicher der Software-TSE ist beschädigt.",
     "The store of the software TSE is damaged."},
    {"E-TSE-235", Group::storage, "Die Meldungen können jetzt nicht gelöscht werden.",
     "The messages cannot be deleted now."},
    {"E-TSE-305", Group::other_device, "Die TSE hat die Transaktion dieses Belegs nicht.",
     "The TSE does not hold this receipt's transaction."},
    {"E-TSE-402", Group::connection, "Die TSE ist nicht erreichbar.", "The TSE cannot be reached."},
    {"E-TSE-403", Group::storage, "Der Speicher der TSE ist voll.", "The TSE's memory is full."},
    {"E-TSE-404", Group::retired, "Das Zertifikat der TSE ist abgelaufen.",
     "The TSE's certificate has expired."},
    {"E-TSE-405", Group::retired, "Die TSE wurde endgültig außer Betrieb genommen.",
     "The TSE has been disabled for ever."},
    {"E-TSE-406", Group::clock, "Die Uhr der TSE ist nicht gestellt.",
     "The TSE's clock is not set."},
    {"E-TSE-407", Group::setup, "Die TSE ist noch nicht initialisiert.",
     "The TSE has not been initialized."},
    {"E-TSE-408", Group::setup, "Die Absicherung von Vorgängen ist gesperrt.",
     "Transaction logging is locked."},
    {"E-TSE-409", Group::device, "Die TSE konnte nicht signieren.", "The TSE could not sign."},
    {"E-TSE-410", Group::storage,
     "Die TSE konnte die Meldung nicht speichern; sie wurde nicht abgesichert.",
     "The TSE could not store the message; nothing was signed."},
    {"E-TSE-411", Group::device, "Die TSE kann eine Meldung nicht lesen.",
     "The TSE cannot read a message."},
    {"E-TSE-412", Group::retired, "Die TSE hat alle Signaturen verbraucht.",
     "The TSE has used all its signatures."},
    {"E-TSE-413", Group::retired, "Die TSE hat alle Transaktionsnummern verbraucht.",
     "The TSE has used all its transaction numbers."},
    {"E-TSE-414", Group::self_test, "Der Selbsttest der TSE ist fehlgeschlagen.",
     "The TSE's self-test failed."},
    {"E-TSE-415", Group::self_test, "Der Selbsttest der TSE ist überfällig.",
     "The TSE's self-test is overdue."},
    {"E-TSE-416", Group::device, "Die TSE ist nach einem inneren Fehler im sicheren Zustand.",
     "The TSE is in its secure state after an inner error."},
    {"E-TSE-417", Group::device, "Die TSE meldet, dass die Funktion fehlgeschlagen ist.",
     "The TSE says that the function failed."},
    {"E-TSE-418", Group::transaction, "Auf der TSE sind zu viele Transaktionen offen.",
     "Too many transactions are open on the TSE."},
    {"E-TSE-901", Group::switched, "Die TSE ist von Hand abgeschaltet.",
     "The TSE is switched off by a person."},
    {"E-TSE-902", Group::switched, "Notbetrieb: Die TSE wird nicht benutzt.",
     "Emergency operation: the TSE is not used."},
});

constexpr std::array records = {
    OutageCode{code_ended,
               {"Das Gerät arbeitet wieder; der Ausfall ist beendet.",
                "The device works again; the outage has ended."},
               law_record,
               {"Nichts.", "Nothing."}},
    OutageCode{
        code_late_signature,
        {"Das Gerät hatte doch signiert, die Antwort ging verloren. Der Beleg bleibt, wie er "
         "ausgegeben wurde.",
         "The device had signed after all, its answer was lost. The receipt stays as it was "
         "issued."},
        law_record,
        {"Nichts: das Archiv der TSE und das Journal stimmen überein.",
         "Nothing: the TSE's archive and the journal agree."}},
    OutageCode{code_note,
               {"Jemand hat Ursache oder Schritte nachgetragen.",
                "Somebody added the cause or the steps taken."},
               law_record,
               {"Nichts.", "Nothing."}},
    OutageCode{code_switched_on,
               {"Jemand hat die TSE wieder eingeschaltet; benutzt wird sie, sobald sie antwortet.",
                "Somebody switched the TSE on again; it is used as soon as it answers."},
               law_record,
               {"Nichts.", "Nothing."}},
};

const Advice& advice_of(Group group) {
  return *std::find_if(advices.begin(), advices.end(),
                       [&](const Advice& advice) { return advice.group == group; });
}

constexpr auto by_code = [](const Row& row, std::string_view code) { return row.code < code; };

std::string page_row(std::string_view code) {
  const OutageCode row = outage_code(code);
  return fmt::format("| {} | {} | {} | {} | {} | {} | {} |\n", code, row.cause.de, row.cause.en,
                     row.law.de, row.law.en, row.remedy.de, row.remedy.en);
}

}  // namespace

OutageCode outage_code(std::string_view code) {
  for (const OutageCode& record : records)
    if (record.code == code) return record;
  const auto* const row = std::lower_bound(rows.begin(), rows.end(), code, by_code);
  if (row != rows.end() && row->code == code) {
    const Advice& advice = advice_of(row->group);
    return {row->code, {row->de, row->en}, *advice.law, advice.remedy};
  }
  return {code, {}, law_record, advice_of(Group::device).remedy};
}

std::span<const std::string_view> outage_codes() {
  static const auto all = [] {
    std::vector<std::string_view> codes;
    for (const Row& row : rows) codes.push_back(row.code);
    for (const OutageCode& record : records) codes.push_back(record.code);
    return codes;
  }();
  return all;
}

std::string outage_codes_page() {
  std::string page =
      "# Codes of the failure log\n\n"
      "What can stand in the column \"Failure code\" of the failure log (`siegel outages list`, "
      "`siegel export outages`,\n[format](../formats/outages.md)): cause, what the law says, and "
      "what to do. `siegel outages codes` prints this page,\nwhich is the table of the program "
      "(`src/views/outage_codes.cpp`). A device may report an error that is not listed;\nits code "
      "is in [errors.md](errors.md), its words stand in the record, and the same rules hold. "
      "Sources are resolved in\n[docs/law](../law/index.md).\n";
  constexpr std::string_view table =
      "| Code | Ursache | Cause | Rechtliche Bedeutung | What the law says | Abhilfe | What to do "
      "|\n|---|---|---|---|---|---|---|\n";
  page += fmt::format("\n## Failures\n\n{}", table);
  for (const Row& row : rows) page += page_row(row.code);
  page += fmt::format("\n## Records that are no failure\n\n{}", table);
  for (const OutageCode& record : records) page += page_row(record.code);
  return page;
}

}  // namespace siegel::views
