#include "finanzonline/codes.h"

#include <algorithm>
#include <array>
#include <string>

#include <fmt/format.h>

// Meanings as the return codes of the web services are documented; what to do is our advice.
namespace siegel::finanzonline {
namespace {

constexpr std::string_view wait_de = "Später unverändert noch einmal senden.";
constexpr std::string_view wait_en = "Send the same again later.";
constexpr std::string_view hotline_de =
    "Später unverändert noch einmal senden; bleibt es dabei, die Hotline von FinanzOnline anrufen.";
constexpr std::string_view hotline_en =
    "Send the same again later; if it stays like this, call the FinanzOnline hotline.";
constexpr std::string_view provider_de =
    "Beim Vertrauensdiensteanbieter der Karte nachfragen, dann noch einmal senden.";
constexpr std::string_view provider_en =
    "Ask the trust service provider of the card, then send again.";
constexpr std::string_view status_de =
    "Den Status abfragen: Er sagt, ob die frühere Meldung angekommen ist.";
constexpr std::string_view status_en =
    "Ask the status: it says whether the earlier report has arrived.";
constexpr std::string_view internal_de = "Interner Fehler bei FinanzOnline.";
constexpr std::string_view internal_en = "Internal fault of FinanzOnline.";
constexpr std::string_view closed_de =
    "Nur für geschlossene Gesamtsysteme: Angaben berichtigen und noch einmal senden.";
constexpr std::string_view closed_en = "For closed systems only: correct the data and send again.";

constexpr auto rkdb_codes = std::to_array<ReturnCode>({
    {"0", "Angenommen.", "Accepted.", "Nichts zu tun.", "Nothing to do.", Next::done},
    {"-1", "Die Sitzung ist ungültig oder abgelaufen.", "The session is not valid or has ended.",
     "Neu anmelden und noch einmal senden; das geschieht einmal von selbst.",
     "Log in again and send again; this is done once by itself.", Next::retry_later},
    {"-2", "FinanzOnline wird gewartet.", "FinanzOnline is under maintenance.", wait_de, wait_en,
     Next::retry_later},
    {"-3", "Technischer Fehler bei FinanzOnline.", "Technical fault of FinanzOnline.", wait_de,
     wait_en, Next::retry_later},
    {"-4", "Der Teilnehmer ist für diese Funktion nicht berechtigt.",
     "The participant is not entitled to this function.",
     "In FinanzOnline einen Benutzer für das Registrierkassen-Webservice anlegen und berechtigen.",
     "Create a user for the cash register web service in FinanzOnline and entitle it.",
     Next::fix_input},
    {"4", "Der Vertrauensdiensteanbieter kennt kein Zertifikat mit dieser Seriennummer.",
     "The trust service provider has no certificate with this serial number.",
     "Seriennummer (hexadezimal, ohne 0x) und Anbieter mit der Karte vergleichen.",
     "Compare serial number (hex, without 0x) and provider with the card.", Next::fix_input},
    {"5", "Der Status des Zertifikats ist nicht gültig.", "The certificate's status is not valid.",
     provider_de, provider_en, Next::fix_input},
    {"6", "Im Zertifikat fehlt die Angabe des Registrierkasseninhabers.",
     "The certificate does not name the cash register's owner.", provider_de, provider_en,
     Next::fix_input},
    {"7", "Das Zertifikat gehört zu einem anderen Unternehmen.",
     "The certificate belongs to another company.",
     "Die eigene Karte verwenden, oder beim Anbieter eine auf dieses Unternehmen bestellen.",
     "Use your own card, or order one for this company.", Next::fix_input},
    {"8", "Die Angabe des Inhabers im Zertifikat ist ungültig.",
     "The owner named in the certificate is not valid.", provider_de, provider_en, Next::fix_input},
    {"9", "Das Zertifikat ist fehlerhaft.", "The certificate is faulty.", provider_de, provider_en,
     Next::fix_input},
    {"13", "Für das Unternehmen ist weder Steuernummer noch UID noch GLN bekannt.",
     "Neither tax number nor VAT id nor GLN of the company is known.",
     "Beim Finanzamt klären, unter welcher Nummer das Unternehmen geführt wird.",
     "Clear up with the tax office under which number the company is kept.", Next::fix_input},
    {"14", "Die Zertifikate des Anbieters sind gerade nicht erreichbar.",
     "The provider's certificates cannot be reached at the moment.", wait_de, wait_en,
     Next::retry_later},
    {"27", "Der Ordnungsbegriff ist ungültig.", "The company's identifier is not valid.", closed_de,
     closed_en, Next::fix_input},
    {"28", "Der Ordnungsbegriff gehört zu einem anderen Unternehmen.",
     "The identifier belongs to another company.", closed_de, closed_en, Next::fix_input},
    {"29", "Der öffentliche Schlüssel ist ungültig.", "The public key is not valid.", closed_de,
     closed_en, Next::fix_input},
    {"30", "Der öffentliche Schlüssel hat nicht die verlangte Form.",
     "The public key does not have the form asked for.", closed_de, closed_en, Next::fix_input},
    {"31", "Die Prüfung des Zertifikats ist fehlgeschlagen.",
     "The check of the certificate has failed.", closed_de, closed_en, Next::fix_input},
    {"32", "Es gibt keine Vollmacht, für dieses Unternehmen zu melden.",
     "There is no power of attorney to report for this company.",
     "Die Vollmacht in FinanzOnline eintragen lassen.",
     "Have the power of attorney entered in FinanzOnline.", Next::fix_input},
    {"36", "Diese Kennung des Anbieters (vda_id) ist nicht zulässig.",
     "This provider id (vda_id) is not allowed.",
     "Die Kennung der Karte verwenden, z. B. AT1 für A-Trust.",
     "Use the id of the card, e.g. AT1 for A-Trust.", Next::fix_input},
    {"41", "Das Zertifikat ist noch nicht oder nicht mehr gültig.",
     "The certificate is not yet or no longer valid.",
     "Für eine neue Registrierung eine Karte mit gültigem Zertifikat verwenden.",
     "Use a card with a valid certificate for a new registration.", Next::fix_input},
    {"43", "Der Beleg ist fehlerhaft.", "The receipt is faulty.",
     "Nicht noch einmal senden: Jede Wiederholung zählt als Fehlversuch. Die einzelnen Prüfungen "
     "ansehen, die Ursache beheben.",
     "Do not send it again: each time counts as a failed attempt. Look at the single checks, mend "
     "the cause.",
     Next::never_retry},
    {"998", "Eine Statusabfrage darf nicht asynchron sein.", "A status query must be synchronous.",
     "Einzeln und synchron abfragen; ein Fehler dieses Programms.",
     "Ask singly and synchronously; a fault of this program.", Next::fix_input},
    {"999", "Der Anbieter AT9 ist nur in Testübermittlungen zulässig.",
     "The provider AT9 is allowed in test transmissions only.",
     "Die echte Karte verwenden oder als Test übermitteln.",
     "Use the real card or transmit as a test.", Next::fix_input},
    {"1336", internal_de, internal_en, hotline_de, hotline_en, Next::retry_later},
    {"1337", internal_de, internal_en, hotline_de, hotline_en, Next::retry_later},
    {"B1", "Eine Registrierkasse mit dieser Kassen-ID ist schon registriert.",
     "A register with this id is registered already.",
     "Den Status abfragen. Gehörte die Kassen-ID zu einer früheren Kasse, eine neue Kassen-ID "
     "wählen.",
     "Ask the status. If the id belonged to an earlier register, choose a new id.",
     Next::ask_status},
    {"B2", "In diesem Zustand der Kasse ist keine Änderung möglich.",
     "No change is possible in this state of the register.",
     "Den Status in FinanzOnline ansehen und entscheiden.",
     "Look at the status in FinanzOnline and decide.", Next::never_retry},
    {"B3", "Für das Unternehmen lässt sich kein Ordnungsbegriff ermitteln.",
     "No identifier of the company can be found.",
     "Beim Finanzamt klären, unter welcher Nummer das Unternehmen geführt wird.",
     "Clear up with the tax office under which number the company is kept.", Next::fix_input},
    {"B4", internal_de, internal_en, hotline_de, hotline_en, Next::retry_later},
    {"B5", "Der Zeitpunkt liegt vor der letzten Statusänderung.",
     "The time is before the last change of status.",
     "Einen Zeitpunkt nach der letzten Änderung angeben; der Status zeigt sie.",
     "Give a time after the last change; the status shows it.", Next::fix_input},
    {"B6", "Sie ist schon endgültig außer Betrieb; nichts lässt sich mehr ändern.",
     "It is out of operation for good already; nothing can be changed any more.",
     "Nicht noch einmal senden. War die Außerbetriebnahme gewollt, ist nichts zu tun.",
     "Do not send it again. If it was to be taken out of operation, nothing is to be done.",
     Next::never_retry},
    {"B7", "Es gibt keine Signatureinheit in Betrieb.", "There is no device in operation.",
     "Zuerst die Signatureinheit registrieren, dann die Kasse.",
     "Register the device first, then the register.", Next::fix_input},
    {"B8", "Aus diesem Zustand kann die Kasse nicht außer Betrieb genommen werden.",
     "The register cannot be taken out of operation from this state.",
     "Den Status in FinanzOnline ansehen und entscheiden.",
     "Look at the status in FinanzOnline and decide.", Next::never_retry},
    {"B9", "Nur eine Kasse in Betrieb kann als ausgefallen gemeldet werden.",
     "Only a register in operation can be reported as failed.",
     "Den Status ansehen: Ist der Startbeleg schon geprüft, oder der Ausfall schon gemeldet?",
     "Look at the status: is the Startbeleg checked yet, or the outage reported already?",
     Next::never_retry},
    {"B10", "Diese Signatureinheit ist schon gespeichert.", "This device is stored already.",
     status_de, status_en, Next::ask_status},
    {"B13", "Dieser Status ist schon gesetzt.", "This status is set already.", status_de, status_en,
     Next::ask_status},
    {"B14", "Die Begründung fehlt.", "The reason is missing.", "Eine Begründung angeben.",
     "Give a reason.", Next::fix_input},
    {"B15", "Der Beginn des Ausfalls fehlt.", "The begin of the outage is missing.",
     "Den Beginn angeben.", "Give the begin.", Next::fix_input},
    {"B18", "Aus diesem Zustand kann die Signatureinheit nicht außer Betrieb genommen werden.",
     "The device cannot be taken out of operation from this state.",
     "Den Status in FinanzOnline ansehen und entscheiden.",
     "Look at the status in FinanzOnline and decide.", Next::never_retry},
    {"B19", "Nur eine Signatureinheit in Betrieb kann als ausgefallen gemeldet werden.",
     "Only a device in operation can be reported as failed.",
     "Den Status ansehen: Ist der Ausfall schon gemeldet?",
     "Look at the status: is the outage reported already?", Next::never_retry},
    {"B20", "Die Begründung gilt nicht.", "The reason is not valid.",
     "Eine der zulässigen Begründungen angeben.", "Give one of the reasons allowed.",
     Next::fix_input},
    {"B21", "Der Zeitpunkt liegt in der Zukunft.", "The time is in the future.",
     "Die Uhr dieses Rechners prüfen, dann mit richtiger Zeit noch einmal senden.",
     "Check this machine's clock, then send again with the right time.", Next::fix_input},
    {"B22", "Diesen Status gibt es nicht.", "There is no such status.",
     "Den Status in FinanzOnline ansehen und entscheiden.",
     "Look at the status in FinanzOnline and decide.", Next::never_retry},
    {"B28", "Der öffentliche Schlüssel ist schon vorhanden.", "The public key is there already.",
     closed_de, closed_en, Next::never_retry},
    {"B29", "Der Zusatz zum Ordnungsbegriff fehlt.", "The addition to the identifier is missing.",
     closed_de, closed_en, Next::fix_input},
    {"B30", "Der Zusatz zum Ordnungsbegriff ist schon vorhanden.",
     "The addition to the identifier is there already.", closed_de, closed_en, Next::fix_input},
    {"B32", "Diese Kassen-ID ist nicht registriert oder schon außer Betrieb.",
     "This register id is not registered or out of operation already.",
     "Die Schreibweise der Kassen-ID prüfen; sonst die Kasse zuerst registrieren.",
     "Check the spelling of the id; else register the register first.", Next::fix_input},
    {"B33", "Diese Seriennummer ist nicht registriert oder schon außer Betrieb.",
     "This serial number is not registered or out of operation already.",
     "Die Seriennummer (hexadezimal) prüfen; sonst die Signatureinheit zuerst registrieren.",
     "Check the serial number (hex); else register the device first.", Next::fix_input},
    {"B34", "Dieser Ordnungsbegriff ist nicht registriert oder schon außer Betrieb.",
     "This identifier is not registered or out of operation already.", closed_de, closed_en,
     Next::fix_input},
    {"B35", "Diese Begründung gibt es nicht.", "There is no such reason.",
     "Eine der zulässigen Begründungen angeben.", "Give one of the reasons allowed.",
     Next::fix_input},
    {"B38", "Der Beleg wurde zu oft fehlerhaft geprüft und ist bis zu 24 Stunden gesperrt.",
     "The receipt failed its check too often and is blocked for up to 24 hours.",
     "Nicht noch einmal senden. Zuerst die Ursache finden; nach 24 Stunden einmal neu prüfen.",
     "Do not send it again. Find the cause first; check once more after 24 hours.",
     Next::never_retry},
    {"C1", internal_de, internal_en, hotline_de, hotline_en, Next::retry_later},
    {"V1", internal_de, internal_en, hotline_de, hotline_en, Next::retry_later},
    {"V2", internal_de, internal_en, hotline_de, hotline_en, Next::retry_later},
    {"V3", internal_de, internal_en, hotline_de, hotline_en, Next::retry_later},
    {"V4", internal_de, internal_en, hotline_de, hotline_en, Next::retry_later},
    {"V5", internal_de, internal_en, hotline_de, hotline_en, Next::retry_later},
    {"V6", internal_de, internal_en, hotline_de, hotline_en, Next::retry_later},
    {"V7", internal_de, internal_en, hotline_de, hotline_en, Next::retry_later},
    {"V8", internal_de, internal_en, hotline_de, hotline_en, Next::retry_later},
    {"V9", internal_de, internal_en, hotline_de, hotline_en, Next::retry_later},
    {"V10", internal_de, internal_en, hotline_de, hotline_en, Next::retry_later},
    {"V11", internal_de, internal_en, hotline_de, hotline_en, Next::retry_later},
    {"V12", internal_de, internal_en, hotline_de, hotline_en, Next::retry_later},
    {"V13", internal_de, internal_en, hotline_de, hotline_en, Next::retry_later},
    {"V14", internal_de, internal_en, hotline_de, hotline_en, Next::retry_later},
    {"V15", internal_de, internal_en, hotline_de, hotline_en, Next::retry_later},
    {"V16", internal_de, internal_en, hotline_de, hotline_en, Next::retry_later},
});

constexpr std::string_view access_de =
    "Teilnehmer-, Benutzer-Identifikation und PIN des Webservice-Benutzers prüfen; nicht mehrmals "
    "raten, sonst wird der Benutzer gesperrt.";
constexpr std::string_view access_en =
    "Check participant id, user id and PIN of the web service user; do not guess several times, "
    "or the user is locked.";
constexpr std::string_view unlock_de =
    "Den Benutzer in FinanzOnline entsperren oder neu berechtigen, dann wieder versuchen.";
constexpr std::string_view unlock_en =
    "Unlock or entitle the user in FinanzOnline, then try again.";

constexpr auto login_codes = std::to_array<ReturnCode>({
    {"0", "Angemeldet.", "Logged in.", "Nichts zu tun.", "Nothing to do.", Next::done},
    {"-1", "Die Sitzung ist ungültig oder abgelaufen.", "The session is not valid or has ended.",
     "Neu anmelden.", "Log in again.", Next::retry_later},
    {"-2", "FinanzOnline wird gewartet.", "FinanzOnline is under maintenance.", wait_de, wait_en,
     Next::retry_later},
    {"-3", "Technischer Fehler bei FinanzOnline.", "Technical fault of FinanzOnline.", wait_de,
     wait_en, Next::retry_later},
    {"-4", "Die Zugangsdaten sind falsch.", "The access data are wrong.", access_de, access_en,
     Next::never_retry},
    {"-5", "Der Benutzer ist nach mehreren Fehlversuchen gesperrt.",
     "The user is locked after several failed attempts.", unlock_de, unlock_en, Next::never_retry},
    {"-6", "Der Benutzer ist gesperrt.", "The user is locked.", unlock_de, unlock_en,
     Next::never_retry},
    {"-7", "Der Benutzer ist kein Webservice-Benutzer.", "The user is no web service user.",
     "In FinanzOnline einen Benutzer für das Registrierkassen-Webservice anlegen.",
     "Create a user for the cash register web service in FinanzOnline.", Next::never_retry},
    {"-8", "Der Teilnehmer ist gesperrt oder darf Webservices nicht benutzen.",
     "The participant is locked or may not use web services.", unlock_de, unlock_en,
     Next::never_retry},
});

constexpr std::string_view window_de =
    "Höchstens 7 Tage auf einmal und höchstens 31 Tage zurück abfragen.";
constexpr std::string_view window_en = "Ask for at most 7 days at once and at most 31 days back.";

constexpr auto box_codes = std::to_array<ReturnCode>({
    {"0", "In Ordnung.", "Fine.", "Nichts zu tun.", "Nothing to do.", Next::done},
    {"-1", "Die Sitzung ist ungültig oder abgelaufen.", "The session is not valid or has ended.",
     "Neu anmelden; das geschieht einmal von selbst.", "Log in again; this is done once by itself.",
     Next::retry_later},
    {"-2", "FinanzOnline wird gewartet.", "FinanzOnline is under maintenance.", wait_de, wait_en,
     Next::retry_later},
    {"-3", "Technischer Fehler bei FinanzOnline.", "Technical fault of FinanzOnline.", wait_de,
     wait_en, Next::retry_later},
    {"-4", "Die Abfrage ist unvollständig.", "The query is not complete.",
     "Beginn und Ende des Zeitraums angeben.", "Give begin and end of the period.",
     Next::fix_input},
    {"-5", "Der Zeitraum ist nicht zulässig.", "The period is not allowed.", window_de, window_en,
     Next::fix_input},
    {"-6", "Der Zeitraum ist nicht zulässig.", "The period is not allowed.", window_de, window_en,
     Next::fix_input},
});

constexpr ReturnCode unknown_code{
    "?",
    "FinanzOnline antwortet mit einem Code, den dieses Programm nicht kennt.",
    "FinanzOnline answers with a code this program does not know.",
    "Nicht noch einmal senden; den Text von FinanzOnline lesen und den Status ansehen.",
    "Do not send it again; read the text of FinanzOnline and look at the status.",
    Next::never_retry};

const ReturnCode& find(std::span<const ReturnCode> codes, std::string_view code) {
  const auto it = std::ranges::find(codes, code, &ReturnCode::code);
  return it == codes.end() ? unknown_code : *it;
}

}  // namespace

const ReturnCode& return_code(std::string_view code) { return find(rkdb_codes, code); }
const ReturnCode& session_code(int code) { return find(login_codes, fmt::format("{}", code)); }
const ReturnCode& databox_code(int code) { return find(box_codes, fmt::format("{}", code)); }

std::span<const ReturnCode> return_codes() { return rkdb_codes; }
std::span<const ReturnCode> session_codes() { return login_codes; }
std::span<const ReturnCode> databox_codes() { return box_codes; }

std::string_view word(Next next) {
  switch (next) {
    case Next::done:
      return "done";
    case Next::ask_status:
      return "ask_status";
    case Next::retry_later:
      return "retry_later";
    case Next::never_retry:
      return "never_retry";
    case Next::fix_input:
      return "fix_input";
  }
  return {};
}

}  // namespace siegel::finanzonline
