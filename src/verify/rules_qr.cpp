#include <algorithm>
#include <array>

#include "verify/rule_families.h"

namespace siegel::verify {

namespace {

using enum Severity;

// clang-format off
constexpr std::array all = std::to_array<Rule>({
    {"QR-0101", violation,
     "Der Text ist kein QR-Code eines Belegs (V0, zwölf Felder).",
     "The text is not the QR code of a receipt (V0, twelve fields).",
     "DSFinV-K Anhang I (QR-Code)"},
    {"QR-0102", violation,
     "Ein Feld des Codes ist unlesbar.",
     "A field of the code cannot be read.",
     "DSFinV-K Anhang I (QR-Code)"},
    {"QR-0103", violation,
     "Der öffentliche Schlüssel ist unlesbar oder liegt auf keiner Kurve.",
     "The public key cannot be read or lies on no curve.",
     "DSFinV-K Anhang I (QR-Code); TR-03111"},
    {"QR-0104", violation,
     "Der Signaturalgorithmus ist unbekannt oder verboten.",
     "The signature algorithm is unknown or forbidden.",
     "TR-03116-5; TR-03111 5.2.1"},
    {"QR-0105", violation,
     "Die Signatur passt zu keiner Form der Nachricht.",
     "The signature fits no form of the message.",
     "DSFinV-K Anhang I (QR-Code); TR-03151"},
    {"QR-0106", violation,
     "Die Signatur ist unlesbar oder hat die falsche Länge.",
     "The signature cannot be read or has the wrong length.",
     "DSFinV-K Anhang I (QR-Code); TR-03111 5.2.1"},
    {"QR-0107", violation,
     "Im Bild wurde kein Code gefunden.",
     "No code was found in the picture.",
     "DSFinV-K Anhang I (QR-Code)"},
    {"QR-0201", warning,
     "Die Signatur ist DER statt r||s.",
     "The signature is DER instead of r||s.",
     "DSFinV-K Anhang I (QR-Code); TR-03111 5.2.1"},
    {"QR-0202", warning,
     "Der Schlüssel ist SubjectPublicKeyInfo statt eines Punktes.",
     "The key is SubjectPublicKeyInfo instead of a point.",
     "DSFinV-K Anhang I (QR-Code)"},
    {"QR-0203", warning,
     "Die Signatur ist hexadezimal statt Base64.",
     "The signature is hexadecimal instead of Base64.",
     "DSFinV-K Anhang I (QR-Code)"},
    {"QR-0204", warning,
     "Der Schlüssel ist hexadezimal statt Base64.",
     "The key is hexadecimal instead of Base64.",
     "DSFinV-K Anhang I (QR-Code)"},
    {"QR-0205", warning,
     "Der Text enthält Zeilenumbrüche oder Trennstriche.",
     "The text holds line breaks or hyphens.",
     "DSFinV-K Anhang I (QR-Code)"},
    {"QR-0206", warning,
     "Zeiten mit Ortszeit statt Z.",
     "Times with a local offset instead of Z.",
     "DSFinV-K Anhang I (QR-Code)"},
    {"QR-0207", info,
     "processData wurde in der indefiniten Form signiert.",
     "processData was signed in the indefinite form.",
     "TR-03151 1.0.1 (BER in processData)"},
    {"QR-0208", info,
     "Die Nachricht ist von Generation 2 (TR-03151-1).",
     "The message is of generation 2 (TR-03151-1).",
     "TR-03151-1"},
    {"QR-0209", info,
     "Signiert wurde ein anderes Zeitformat als genannt.",
     "Another time format was signed than is named.",
     "DSFinV-K Anhang I (QR-Code)"},
    {"QR-0210", warning,
     "Unbekanntes Zeitformat.",
     "Unknown time format.",
     "DSFinV-K Anhang I (QR-Code)"},
    {"QR-0211", warning,
     "Der Hash hat weniger als 256 Bit.",
     "The hash has less than 256 bits.",
     "TR-03116-5"},
    {"QR-0212", warning,
     "Der Beginn liegt nach dem Ende.",
     "The start lies after the end.",
     "DSFinV-K Anhang I (QR-Code)"},
    {"QR-0214", warning,
     "Base64 mit fehlenden Füllzeichen oder Leerzeichen.",
     "Base64 without padding or with blanks.",
     "DSFinV-K Anhang I (QR-Code)"},
    {"QR-0301", violation,
     "Transaktion und Zähler stehen nicht im Protokoll der TSE.",
     "Transaction and counter are not in the log of the TSE.",
     "DSFinV-K Anhang I (QR-Code)"},
    {"QR-0302", violation,
     "Das Protokoll der TSE sagt etwas anderes.",
     "The log of the TSE says something else.",
     "DSFinV-K Anhang I (QR-Code)"},
    {"QR-0303", warning,
     "Der Beginn ist nicht der des Protokolls.",
     "The start is not that of the log.",
     "DSFinV-K Anhang I (QR-Code)"},
});
// clang-format on

static_assert(std::ranges::is_sorted(all, {}, &Rule::id));

}  // namespace

std::span<const Rule> qr_rules() { return all; }

}  // namespace siegel::verify
