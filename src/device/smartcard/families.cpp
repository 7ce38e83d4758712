#include "device/smartcard/families.h"

#include <array>

#include "base/check.h"

namespace siegel::device::smartcard {
namespace {

constexpr std::string_view lost_en =
    "this generation lost its certification in June 2025: ask its issuer for a new one";
constexpr std::string_view lost_de =
    "diese Generation ist seit Juni 2025 nicht mehr zertifiziert: den Aussteller nach einer neuen "
    "Karte fragen";
constexpr std::string_view test_en = "a test card: its receipts are none before the law";
constexpr std::string_view test_de = "eine Testkarte: ihre Belege gelten vor dem Gesetz nicht";

constexpr std::array protocols{
    Protocol{.family = Family::acos,
             .name = "ACOS",
             .signing_directory = 0xDF70,
             .certificate_files = {0xC002, 0xC000},
             .pin_reference = 0x81,
             .pin_form = PinForm::ascii_zero_padded,
             .puts_hash = true,
             .number_directory = 0xDF71,
             .number_file = 0,
             .number_file_short = 6},
    Protocol{.family = Family::cardos,
             .name = "CardOS 5.3",
             .signing_directory = 0xDF01,
             .certificate_files = {0xC000, 0},
             .pin_reference = 0x81,
             .pin_form = PinForm::format_2,
             .puts_hash = false,
             .number_directory = 0x3F00,
             .number_file = 0xD001,
             .number_file_short = 0},
    Protocol{.family = Family::acos_id,
             .name = "ACOS-ID",
             .signing_directory = 0xDF01,
             .certificate_files = {0xC000, 0},
             .pin_reference = 0x8A,
             .pin_form = PinForm::format_2,
             .puts_hash = false,
             .number_directory = 0x3F00,
             .number_file = 0xD001,
             .number_file_short = 0},
};

constexpr std::array known{
    Generation{"3BBF11008131FE45455041", Family::acos, "ACOS 04", {}, {}},
    Generation{"3BBF11008131FE454D4341", Family::acos, "ACOS 04", {}, {}},
    Generation{
        "3BDF18008131FE588031B05202046405C903AC73B7B1D422", Family::cardos, "CardOS 5.3", {}, {}},
    Generation{"3BDF18008131FE58803190", Family::cardos, "CardOS 5.3", {}, {}},
    // Cold, then warm.
    Generation{"3BDF96FF910131FE4680319052410264050200AC73D622C017", Family::acos_id, "ACOS-ID V2",
               lost_en, lost_de},
    Generation{"3BDF18FF910131FE4680319052410264050200AC73D622C099", Family::acos_id, "ACOS-ID V2",
               lost_en, lost_de},
    Generation{"3BDF97008131FE4680319052410364050201AC73D622C0F8", Family::acos_id, "ACOS-ID V3",
               lost_en, lost_de},
    Generation{"3BDF97008131FE4680319052410464050401AC73D622C0F9",
               Family::acos_id,
               "ACOS-ID V4.1",
               {},
               {}},
    Generation{"3BDF97008131FE468031905241026405C903AC73D622C030", Family::acos_id,
               "ACOS-ID test card", test_en, test_de, true},
    Generation{"3BDF18FF918131FE468031905241026405C903AC73D622C0D1", Family::acos_id,
               "ACOS-ID test card", test_en, test_de, true},
    Generation{"3BDF96FF918131FE468031905241026405C903AC73D622C05F", Family::acos_id,
               "ACOS-ID test card", test_en, test_de, true},
};

bool begins_with(BytesView atr, std::string_view prefix_hex) {
  const auto prefix = from_hex(prefix_hex);
  SIEGEL_CHECK(prefix.ok());
  return atr.size() >= prefix->size() &&
         text_of(atr.first(prefix->size())) == text_of(BytesView(*prefix));
}

}  // namespace

const Protocol& protocol_of(Family family) {
  for (const Protocol& protocol : protocols)
    if (protocol.family == family) return protocol;
  SIEGEL_CHECK(false);
  return protocols[0];
}

std::span<const Generation> generations() { return known; }

const Generation* generation_of(BytesView atr) {
  const Generation* found = nullptr;
  for (const Generation& generation : known) {
    if (!begins_with(atr, generation.atr_prefix)) continue;
    if (found == nullptr || generation.atr_prefix.size() > found->atr_prefix.size())
      found = &generation;
  }
  return found;
}

}  // namespace siegel::device::smartcard
