#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>

#include "app/at/secret_file.h"
#include "app/commands.h"
#include "base/file.h"
#include "crypto/x509.h"
#include "device/smartcard/cards.h"
#include "device/smartcard/families.h"
#include "device/smartcard/pcsc.h"

// Signature cards in the readers of this machine: what is there, does it sign. Needs no data
// folder.

namespace siegel::app {
namespace {

namespace smartcard = device::smartcard;
using smartcard::CardInfo;
using smartcard::CardState;

struct Options {
  smartcard::CardChoice choice;
  std::string pin_file, pin_credential, out;
  bool default_pin = false;
  bool der = false;
};

std::string words_of(const Context& context, CardState state) {
  const bool german = context.german();
  switch (state) {
    case CardState::empty:
      return german ? "keine Karte" : "no card";
    case CardState::ready:
      return german ? "bereit" : "ready";
    case CardState::not_activated:
      return german ? "noch nicht aktiviert" : "not activated yet";
    case CardState::faulty:
      return german ? "gestört" : "faulty";
    case CardState::unknown_card:
      return german ? "keine Signaturkarte" : "no signature card";
    case CardState::in_use:
      return german ? "von einem anderen Programm belegt" : "in use by another program";
  }
  return {};
}

std::string title_of(const Context& context, const Error& error) {
  const ErrorText* known = error_text(error.code);
  if (known == nullptr) return error.detail;
  return std::string(context.german() ? known->de : known->en);
}

json::Value document_of(const Context& context, const CardInfo& card) {
  json::Object out;
  out.set("reader", card.reader);
  out.set("state", smartcard::word_of(card.state));
  const auto set = [&](std::string_view key, const std::string& value) {
    if (!value.empty()) out.set(key, value);
  };
  set("atr", card.atr);
  set("kind", card.kind);
  set("note", context.german() ? card.note_de : card.note_en);
  set("card_number", card.cin);
  set("serial", card.serial);
  set("serial_decimal", card.serial_decimal);
  set("holder", card.holder);
  set("subject", card.subject);
  set("issuer", card.issuer);
  if (!card.certificate.empty()) {
    out.set("not_before", card.not_before.text());
    out.set("not_after", card.not_after.text());
    out.set("expired", card.not_after < context.clock.now().wall);
    out.set("certificate", base64(card.certificate));
  }
  if (card.state != CardState::empty) out.set("test_card", card.test_card);
  if (card.reason) {
    json::Object reason;
    reason.set("code", card.reason->code);
    reason.set("title", title_of(context, *card.reason));
    reason.set("detail", card.reason->detail);
    out.set("reason", std::move(reason));
  }
  return out;
}

std::string text_of_card(const Context& context, const CardInfo& card) {
  const bool german = context.german();
  std::string out = fmt::format("{}: {}\n", card.reader, words_of(context, card.state));
  const auto line = [&](std::string_view de, std::string_view en, const std::string& value) {
    if (!value.empty()) out += fmt::format("  {:<16}{}\n", german ? de : en, value);
  };
  line("Karte", "card", card.kind);
  if (!card.serial.empty()) {
    line("Seriennummer", "serial number",
         fmt::format("{} (hex), {} ({})", card.serial, card.serial_decimal,
                     german ? "dezimal" : "decimal"));
  }
  line("Inhaber", "holder", card.holder);
  line("Zertifikat für", "certificate of", card.subject);
  line("ausgestellt von", "issued by", card.issuer);
  if (!card.certificate.empty()) {
    const std::string until = card.not_after.text().substr(0, 10);
    const bool expired = card.not_after < context.clock.now().wall;
    line("gültig", "valid",
         fmt::format("{} {} {}{}", card.not_before.text().substr(0, 10), german ? "bis" : "to",
                     until,
                     !expired ? ""
                     : german ? " (abgelaufen: neu registrieren geht damit nicht mehr)"
                              : " (expired: it cannot be registered any more)"));
  }
  line("Kartennummer", "card number", card.cin);
  if (card.kind.empty()) line("ATR", "ATR", card.atr);
  line("Hinweis", "note", german ? card.note_de : card.note_en);
  if (card.reason) {
    line("Grund", "reason",
         fmt::format("{} {}", card.reason->code, title_of(context, *card.reason)));
    line("", "", card.reason->detail);
  }
  return out;
}

Exit list(const Context& context) {
  const auto readers = smartcard::pcsc_readers();
  const auto cards = smartcard::list_cards(*readers);
  if (!cards) return context.fail(cards.error());
  std::string text;
  json::Array rows;
  for (const CardInfo& card : *cards) {
    text += text_of_card(context, card);
    rows.push_back(document_of(context, card));
  }
  json::Object document;
  document.set("data", std::move(rows));
  context.show(text, document);
  return Exit::success;
}

Result<crypto::SecretBytes> pin_of(const Options& options) {
  const int given = (options.pin_file.empty() ? 0 : 1) + (options.pin_credential.empty() ? 0 : 1) +
                    (options.default_pin ? 1 : 0);
  if (given != 1) {
    return invalid("E-CRD-301",
                   "the PIN comes from exactly one of --pin-file FILE, --pin-credential NAME and "
                   "--default-pin",
                   "--pin-file");
  }
  if (options.default_pin) return crypto::SecretBytes::copy_of(bytes_of(smartcard::default_pin));
  if (!options.pin_file.empty()) return at::read_secret_file(options.pin_file, "--pin-file");
  const char* folder = std::getenv("CREDENTIALS_DIRECTORY");
  if (folder == nullptr || options.pin_credential.find('/') != std::string::npos) {
    return invalid("E-CRD-301",
                   folder == nullptr ? "the service manager gave no credentials to this process"
                                     : "a credential is a name, no path",
                   "--pin-credential");
  }
  return at::read_secret_file(std::filesystem::path(folder) / options.pin_credential,
                              "--pin-credential");
}

Exit check(const Context& context, const Options& options) {
  const auto pin = pin_of(options);
  if (!pin) return context.fail(pin.error());
  const auto readers = smartcard::pcsc_readers();
  const auto done = smartcard::check_card(*readers, options.choice, *pin);
  if (!done) return context.fail(done.error());
  if (!done->error) {
    json::Object document;
    document.set("card", document_of(context, done->card));
    document.set("signs", true);
    context.show(text_of_card(context, done->card) +
                     (context.german() ? "  Testsignatur gemacht und geprüft.\n"
                                       : "  Test signature made and verified.\n"),
                 document);
    return Exit::success;
  }
  const Error& error = *done->error;
  if (!context.json) {
    context.show(text_of_card(context, done->card), {});
    return context.fail(error);
  }
  // What is known of the card belongs to the answer, beside the members of a problem.
  json::Object problem;
  problem.set("card", document_of(context, done->card));
  problem.set("signs", false);
  problem.set("code", error.code);
  problem.set("title", title_of(context, error));
  problem.set("detail", error.detail);
  if (!error.place.empty()) problem.set("place", error.place);
  problem.set("outcome", outcome_of(error.kind));
  problem.set("retryable",
              error.kind == ErrorKind::unavailable || error.kind == ErrorKind::unknown);
  context.show({}, problem);
  return exit_of(error);
}

Exit read(const Context& context, const Options& options) {
  const auto readers = smartcard::pcsc_readers();
  const auto card = smartcard::find_card(*readers, options.choice);
  if (!card) return context.fail(card.error());
  if (card->state != CardState::ready) return context.fail(*card->reason);
  const auto certificate = crypto::Certificate::parse(card->certificate);
  if (!certificate) return context.fail(certificate.error());
  if (!options.out.empty()) {
    const std::string pem = certificate->pem();
    const auto written =
        write_file(options.out, options.der ? BytesView(card->certificate) : bytes_of(pem));
    if (!written) return context.fail(written.error());
  }
  std::string text = text_of_card(context, *card);
  if (options.out.empty()) {
    text += certificate->pem();
  } else {
    text += fmt::format("  {:<16}{}\n", context.german() ? "geschrieben" : "written", options.out);
  }
  context.show(text, document_of(context, *card));
  return Exit::success;
}

CommandLine::Command& add_choice(CommandLine::Command& command, Options& options) {
  return command
      .option("--serial", options.choice.serial, "HEX",
              "the card with this serial number; may be left out if there is one")
      .option("--reader", options.choice.reader, "NAME",
              "the card in this reader; a part of the name is enough");
}

}  // namespace

void add_card(CommandLine& line, Context& context) {
  line.group("card", "Signature cards in the readers of this machine (Austria)");
  auto& options = line.own<Options>();
  line.command("card list", "Readers and the cards in them: kind, serial number, holder, validity")
      .example("siegel card list")
      .example("siegel card list --json")
      .run([&] { return list(context); });
  add_choice(line.command("card check", "Let a card sign once and verify the signature")
                 .example("siegel card check --pin-file /etc/siegel/card.pin")
                 .example("siegel card check --serial 4107ff48 --default-pin")
                 .option("--pin-file", options.pin_file, "FILE",
                         "file with the PIN, readable for its owner only")
                 .option("--pin-credential", options.pin_credential, "NAME",
                         "credential of the service manager with the PIN")
                 .flag("--default-pin", options.default_pin,
                       "the PIN all these cards have after activation"),
             options)
      .run([&] { return check(context, options); });
  add_choice(line.command("card read", "Read a card's certificate")
                 .example("siegel card read --out card.pem")
                 .example("siegel card read --serial 4107ff48 --out card.der --der")
                 .option("--out", options.out, "FILE", "write the certificate there")
                 .flag("--der", options.der, "as DER instead of PEM"),
             options)
      .run([&] { return read(context, options); });
}

}  // namespace siegel::app
