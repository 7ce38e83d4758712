#include "app/secrets/puk_letter.h"

#include <fmt/format.h>

#include <array>

#include "app/secrets/tse_login.h"
#include "base/mutant.h"
#include "format/json.h"
#include "format/json_fields.h"

namespace siegel::app {
namespace {

using crypto::SecretBytes;
using device::TseUser;
using vault::SecretId;

constexpr std::size_t prints_max = 1000;

Result<SecretId> record_id(const std::string& tse) {
  return SecretId::parse(fmt::format("tse/{}/puk-letter", tse));
}

Result<std::vector<PukPrint>> parse(std::string_view text) {
  SIEGEL_TRY(const json::Value value, json::parse(text));
  SIEGEL_TRY(json::Fields fields, json::Fields::of(value));
  SIEGEL_TRY(const json::Items items, fields.required_array("prints", prints_max));
  std::vector<PukPrint> out;
  for (std::size_t i = 0; i < items.size(); ++i) {
    SIEGEL_TRY(json::Fields item, items.object(i));
    PukPrint print;
    SIEGEL_TRY(print.actor, item.required_string("actor", 200));
    SIEGEL_TRY(const std::string at, item.required_string("at", 40));
    SIEGEL_TRY(print.at, Instant::parse(at));
    SIEGEL_TRY_OK(item.finish());
    out.push_back(std::move(print));
  }
  SIEGEL_TRY_OK(fields.finish());
  return out;
}

Status write(vault::Vault& vault, const SecretId& id, const std::vector<PukPrint>& prints) {
  json::Array list;
  for (const PukPrint& print : prints) {
    json::Object object;
    object.set("actor", print.actor);
    object.set("at", print.at.text());
    list.push_back(std::move(object));
  }
  json::Object record;
  record.set("prints", std::move(list));
  return vault.put(id, SecretBytes::copy_of(bytes_of(json::canonical(record))));
}

/// "12345 67890".
std::string grouped(const SecretBytes& digits) {
  std::string out;
  for (const char c : text_of(digits.reveal())) {
    if (out.size() % 6 == 5) out += ' ';
    out += c;
  }
  return out;
}

std::string text_of_letter(const PukLetter& letter, const std::string& puks, std::size_t number,
                           const std::string& when) {
  if (letter.language == Language::de)
    return fmt::format(
        "PUK-Brief{}\n"
        "========================================\n"
        "{}\n"
        "TSE           {}\n"
        "Seriennummer  {}\n"
        "Gedruckt      {} durch {}\n\n"
        "{}\n"
        "Mit der PUK wird eine neue PIN gesetzt, wenn eine gesperrt ist (siegel tse unblock). Die "
        "PINs selbst kennt nur der Tresor dieses Rechners.\n"
        "Dieser Brief gehört in den Safe, nicht zur Kasse und nicht auf einen Datenträger. Wer ihn "
        "liest, kann die TSE verwalten und stilllegen.\n",
        number > 1 ? fmt::format(" ({}. Ausdruck)", number) : std::string(), letter.holder,
        letter.tse, letter.serial, when, letter.actor, puks);
  return fmt::format(
      "PUK letter{}\n"
      "========================================\n"
      "{}\n"
      "TSE            {}\n"
      "Serial number  {}\n"
      "Printed        {} by {}\n\n"
      "{}\n"
      "A PUK sets a new PIN when one is blocked (siegel tse unblock). The PINs themselves are "
      "known "
      "to the vault of this machine only.\n"
      "This letter belongs into the safe, not beside the till and not onto a disk. Who reads it "
      "can "
      "administer the TSE and put it out of operation.\n",
      number > 1 ? fmt::format(" (print no. {})", number) : std::string(), letter.holder,
      letter.tse, letter.serial, when, letter.actor, puks);
}

}  // namespace

Result<std::vector<PukPrint>> puk_prints(vault::Vault& vault, const std::string& tse) {
  SIEGEL_TRY(const SecretId id, record_id(tse));
  const auto bytes = vault.get(id);
  if (!bytes && bytes.error().kind == ErrorKind::not_found) return std::vector<PukPrint>();
  if (!bytes) return bytes.error();
  auto prints = parse(text_of(bytes->reveal()));
  if (!prints) return corrupt("E-VLT-003", prints.error().detail, id.text());
  return prints;
}

Result<std::string> print_puk_letter(vault::Vault& vault, const PukLetter& letter) {
  SIEGEL_TRY(auto prints, puk_prints(vault, letter.tse));
  if (!prints.empty() && !letter.again && !SIEGEL_MUTANT("puk-letter-twice"))
    return conflict("E-VLT-311",
                    fmt::format("the PUK letter of {} was printed on {} by {}", letter.tse,
                                prints.back().at.text(), prints.back().actor),
                    "--again");
  std::string puks;
  for (const TseUser user : {TseUser::admin, TseUser::time_admin}) {
    SIEGEL_TRY(const SecretId id, puk_id(letter.tse, user));
    SIEGEL_TRY(const SecretBytes puk, vault.get(id));
    puks += fmt::format("PUK {:<12}  {}\n", word_of(user), grouped(puk));
  }
  SIEGEL_TRY(const LocalStamp when, LocalStamp::from(letter.now, letter.time_zone));
  if (prints.size() == prints_max) prints.erase(prints.begin() + 1);
  prints.push_back({.at = letter.now, .actor = excerpt(letter.actor, 100)});
  SIEGEL_TRY(const SecretId id, record_id(letter.tse));
  SIEGEL_TRY_OK(write(vault, id, prints));
  return text_of_letter(letter, puks, prints.size(), when.print_minute());
}

}  // namespace siegel::app
