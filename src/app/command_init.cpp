#include <fmt/format.h>

#include "app/commands.h"
#include "app/secrets/vaults.h"
#include "app/shop/shop.h"
#include "app/shop/signers.h"
#include "base/file.h"
#include "model/codec.h"

namespace siegel::app {
namespace {

struct Options {
  Business business;
  std::string file, witness, country, zone, tpm;
};

/// Two letters as the stored form has them.
Result<std::string> country_code(std::string text) {
  for (char& c : text) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  if (text == "DE" || text == "AT") return text;
  return invalid("E-CFG-101", fmt::format("country \"{}\" is not known to this program", text),
                 "--country");
}

/// What a country has beside the common fields.
Status complete(Business& business, bool zone_given) {
  if (business.country != "AT") return Ok{};
  if (!zone_given) business.time_zone = "Europe/Vienna";
  if (business.vat_id.empty()) return Ok{};
  SIEGEL_TRY(business.vat_id, austrian_vat_id(business.vat_id));
  return Ok{};
}

Result<Business> business_of(const Options& options) {
  if (!options.file.empty()) {
    SIEGEL_TRY(const Bytes bytes, read_file(options.file, 1U << 20U));
    SIEGEL_TRY(const json::Value value, json::parse(text_of(bytes)));
    SIEGEL_TRY(Business business, business_from_request(value));
    if (!options.country.empty()) {
      SIEGEL_TRY(business.country, country_code(options.country));
    }
    const json::Value* zone = value.object()->find("time_zone");
    SIEGEL_TRY_OK(complete(business, zone != nullptr));
    return business;
  }
  // One way in: the options are checked like a file with the same fields.
  const Business& given = options.business;
  json::Object object;
  const auto set = [&](std::string_view key, const std::string& value) {
    if (!value.empty()) object.set(key, value);
  };
  set("name", given.name);
  set("street", given.street);
  set("postcode", given.postcode);
  set("city", given.city);
  set("tax_number", given.tax_number);
  set("vat_id", given.vat_id);
  set("time_zone", options.zone);
  SIEGEL_TRY(const std::string country,
             country_code(options.country.empty() ? "de" : options.country));
  object.set("country", country);
  SIEGEL_TRY(Business business, business_from_request(object));
  SIEGEL_TRY_OK(complete(business, !options.zone.empty()));
  return business;
}

/// Said openly (FCC-015): what keeps others from PINs and keys.
std::string guard_sentence(const KeyKept& key, const std::string& wanted, bool german) {
  if (key.place == KeyPlace::tpm)
    return german ? fmt::format("PINs und Schlüssel sind im TPM versiegelt ({}).\n", key.tpm)
                  : fmt::format("PINs and keys are sealed by the TPM ({}).\n", key.tpm);
  std::string why;
  if (wanted != no_tpm) {
    const TpmFound found = find_tpm(wanted);
    why = fmt::format(" ({})", found.error ? found.error->detail : found.text);
  }
  if (german)
    return fmt::format(
        "PINs und Schlüssel liegen mit ihrer Schlüsseldatei im Ordner vault{}: wer ihn kopiert, "
        "kann sie lesen. Später: siegel vault seal\n",
        why);
  return fmt::format(
      "PINs and keys lie with their key file in the folder vault{}: who copies it can read them. "
      "Later: siegel vault seal\n",
      why);
}

Exit init(const Context& context, const Options& options) {
  auto business = business_of(options);
  if (!business) return context.fail(business.error());
  CreateShop create{.place = {context.data, {}},
                    .business = std::move(*business),
                    .profile = {},
                    .witness = options.witness,
                    .tpm = options.tpm.empty() ? context.tpm : options.tpm};
  if (context.german()) create.profile.language = Language::de;
  if (const auto done = Shop::create(create, {context.clock, context.random}); !done)
    return context.fail(done.error());
  json::Object document;
  document.set("data", context.data);
  document.set("name", create.business.name);
  const std::string_view next = create.business.country == "AT"
                                    ? "siegel at setup --register KASSE-01 --signer smartcard"
                                    : "siegel tse create, then siegel register add KASSE-01";
  std::string guarded;
  if (const auto key = where_the_key_is(std::filesystem::path(context.data) / "vault")) {
    document.set("vault", word_of(key->place));
    guarded = guard_sentence(*key, create.tpm, context.german());
  }
  context.show(fmt::format("Data folder {} made for {}.\n{}Next: {}\n", context.data,
                           create.business.name, guarded, next),
               document);
  return Exit::success;
}

}  // namespace

void add_init(CommandLine& line, Context& context) {
  Options& options = line.own<Options>();
  Business& business = options.business;
  line.command("init", "Make a data folder for a shop")
      .example("siegel init --name \"Bäckerei Sonnenschein GmbH\" --street \"Marktstraße 5\" \\")
      .example("            --postcode 10115 --city Berlin --vat-id DE123456788")
      .example("siegel init --country at --name \"Café Mozart\" --street \"Getreidegasse 9\" \\")
      .example("            --postcode 5020 --city Salzburg --vat-id ATU12345678")
      .example("siegel init --business shop.json --data /var/lib/siegel")
      .option("--name", business.name, "TEXT", "full name of the business")
      .option("--street", business.street, "TEXT", "street and number")
      .option("--postcode", business.postcode, "TEXT", "postcode")
      .option("--city", business.city, "TEXT", "city")
      .option("--tax-number", business.tax_number, "TEXT", "Steuernummer")
      .option("--vat-id", business.vat_id, "TEXT", "USt-IdNr., in Austria the UID")
      .option("--country", options.country, "CC", "de (default) or at")
      .option("--zone", options.zone, "ZONE",
              "time zone, default Europe/Berlin, in Austria Europe/Vienna")
      .option("--business", options.file, "FILE", "all of it from a JSON file instead")
      .option("--witness", options.witness, "FILE",
              "where the journal's head is kept outside the folder (another disk is best)")
      .option("--tpm", options.tpm, "TPM",
              "what seals PINs and keys: auto (default), none, device:/dev/tpmrm0")
      .run([&] { return init(context, options); });
}

}  // namespace siegel::app
