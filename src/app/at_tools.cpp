#include "app/at_tools.h"

#include <fmt/format.h>

#include <algorithm>

#include "app/at/authority.h"
#include "app/at/secret_file.h"
#include "crypto/hash.h"
#include "device/smartcard/cards.h"
#include "device/smartcard/families.h"
#include "device/smartcard/pcsc.h"
#include "format/json.h"
#include "model/codec.h"

namespace siegel::app {
namespace {

namespace smartcard = device::smartcard;

/// "card-1", or the first number that is free.
std::string free_id(const recorder::State& state, std::string_view kind,
                    const std::vector<SignerInfo>& made) {
  const std::string_view stem = kind == "smartcard" ? "card" : kind == "softkey" ? "soft" : "hsm";
  for (int i = 1;; ++i) {
    std::string id = fmt::format("{}-{}", stem, i);
    const bool taken =
        state.signers.contains(id) ||
        std::any_of(made.begin(), made.end(), [&](const auto& info) { return info.id == id; });
    if (!taken) return id;
  }
}

/// The id a device with this serial has already.
std::string known_id(const recorder::State& state, const std::string& serial) {
  for (const auto& [id, info] : state.signers)
    if (!serial.empty() && info.serial == serial) return id;
  return {};
}

Result<crypto::SecretBytes> secret_of(const SignerOptions& options) {
  if (options.kind == "softkey") return crypto::SecretBytes();
  if (!options.pin_file.empty()) return at::read_secret_file(options.pin_file, "--pin-file");
  if (options.default_pin) return crypto::SecretBytes::copy_of(bytes_of(smartcard::default_pin));
  // A token or a service may want none; a card always does.
  if (options.kind == "smartcard")
    return invalid("E-AUT-117", "a card needs its PIN: --pin-file FILE, or --default-pin",
                   "--pin-file");
  return crypto::SecretBytes();
}

/// The serials of the cards that can sign; says what keeps the others from it.
Result<std::vector<std::string>> cards_found(const Context& context, const std::string& serial) {
  const auto readers = smartcard::pcsc_readers();
  if (!serial.empty()) {
    SIEGEL_TRY(const smartcard::CardInfo card, smartcard::find_card(*readers, {serial, {}}));
    if (card.state != smartcard::CardState::ready)
      return card.reason.value_or(
          unavailable("E-SIG-101", fmt::format("the card is {}", smartcard::word_of(card.state))));
    return std::vector<std::string>{card.serial};
  }
  SIEGEL_TRY(const auto cards, smartcard::list_cards(*readers));
  std::vector<std::string> serials;
  std::optional<Error> reason;
  for (const smartcard::CardInfo& card : cards) {
    context.note(fmt::format("{}: {}{}\n", card.reader, smartcard::word_of(card.state),
                             card.serial.empty() ? std::string()
                                                 : fmt::format(", serial hex {} = decimal {}",
                                                               card.serial, card.serial_decimal)));
    if (card.state == smartcard::CardState::ready)
      serials.push_back(card.serial);
    else if (card.reason && !reason)
      reason = card.reason;
  }
  if (serials.empty())
    return reason.value_or(not_found("E-CRD-303", "no signature card was found", "--signer"));
  return serials;
}

void complete_closed_system(const SignerOptions& options, const recorder::State& state,
                            SignerSettings& settings) {
  if (options.closed_system.empty()) return;
  settings.provider = "AT0";
  const std::string owner = !state.business                  ? std::string()
                            : state.business->vat_id.empty() ? "S:" + state.business->tax_number
                                                             : "U:" + state.business->vat_id;
  settings.serial = owner + "-" + options.closed_system;
}

std::string_view mode_word(finanzonline::Mode mode) {
  return mode == finanzonline::Mode::test ? "test" : "production";
}

/// One transmission, shown and recorded. False: not accepted.
Result<bool> transmit(const Context& context, Shop& shop, finanzonline::Client& client,
                      const finanzonline::Item& item) {
  const std::string name(finanzonline::element_name(item));
  finanzonline::Item sent = at::copy_of(item);
  SIEGEL_TRY(const finanzonline::Outcome outcome, client.submit(std::move(sent)));
  const AuthorityReport report =
      at::report_of(item, outcome, client.mode(), context.clock.now().wall);
  SIEGEL_TRY_OK(shop.record(report, "FinanzOnline"));
  context.note(fmt::format("FinanzOnline ({}) {} {}: {} {}\n", mode_word(client.mode()), name,
                           report.subject, report.code, report.text));
  if (report.code == "0") return true;
  context.note(fmt::format("  {} {}\n", outcome.code.meaning(context.shown_language()),
                           outcome.code.action(context.shown_language())));
  return false;
}

void warn_of_clock(const Context& context, const finanzonline::Client& client) {
  const auto difference = client.clock();
  if (!difference || !difference->too_far_ahead()) return;
  context.note(
      fmt::format("W-FON-101: the clock of this machine is {} ms ahead of FinanzOnline: "
                  "receipts of the future are refused\n",
                  difference->ahead.count()));
}

}  // namespace

Result<std::unique_ptr<Shop>> open_austrian(const Context& context, Shop::Mode mode) {
  SIEGEL_TRY(auto shop, Shop::open({context.data, {}}, mode, {context.clock, context.random}));
  SIEGEL_TRY(const recorder::State state, shop->state());
  if (!state.business || state.business->country != "AT")
    return conflict("E-AUT-103",
                    fmt::format("{} is not the shop of an Austrian business", context.data));
  return shop;
}

CommandLine::Command& add_signer_options(CommandLine::Command& command, SignerOptions& options) {
  SignerSettings& settings = options.settings;
  return command
      .option("--signer", options.kind, "KIND",
              "smartcard, pkcs11, atrust, or softkey to try it out")
      .option("--id", options.id, "ID", "our name for the device, e.g. card-1")
      .option("--pin-file", options.pin_file, "FILE",
              "file with PIN or password that only its owner may read; kept in the vault")
      .flag("--default-pin", options.default_pin, "the card has the PIN it was delivered with")
      .option("--serial", settings.serial, "HEX", "smartcard: only the card with this certificate")
      .option("--module", settings.module, "FILE", "pkcs11: the maker's library")
      .option("--token-label", settings.token_label, "TEXT", "pkcs11: the token")
      .option("--token-serial", settings.token_serial, "TEXT", "pkcs11: the token")
      .option("--key-label", settings.key_label, "TEXT", "pkcs11: the private key")
      .option("--key-id", settings.key_id, "HEX", "pkcs11: the private key")
      .option("--provider", settings.provider, "ATn", "trust provider, if the device does not say")
      .option("--user", settings.user, "NAME", "atrust: user, on premises the key label")
      .option("--service", settings.service, "KIND", "atrust: online (default) or on-premise")
      .option("--url", settings.url, "URL", "atrust: of the service, if not the usual one")
      .option("--basic-user", settings.basic_user, "NAME", "atrust on premises: HTTP Basic")
      .option("--ca-file", settings.ca_file, "FILE", "atrust: certificates to trust (PEM)")
      .flag("--plain-http", settings.plain_http, "atrust on premises: without TLS")
      .option("--closed-system", options.closed_system, "KEY",
              "closed system (AT0): id of the key, e.g. K1");
}

Result<std::vector<SignerInfo>> add_signers(const Context& context, Shop& shop,
                                            const SignerOptions& options) {
  SIEGEL_TRY(const recorder::State state, shop.state());
  std::vector<SignerSettings> wanted;
  SignerSettings settings = options.settings;
  settings.kind = options.kind;
  settings.id = options.id;
  complete_closed_system(options, state, settings);
  if (options.kind == "smartcard") {
    SIEGEL_TRY(const auto serials, cards_found(context, settings.serial));
    for (const std::string& serial : serials) {
      wanted.push_back(settings);
      wanted.back().serial = serial;
      if (serials.size() > 1) wanted.back().id.clear();
    }
  } else {
    wanted.push_back(settings);
  }
  std::vector<SignerInfo> made;
  for (SignerSettings& one : wanted) {
    if (one.id.empty() && options.kind == "smartcard") one.id = known_id(state, one.serial);
    // A software signer is not made twice by repeating the set-up.
    if (one.id.empty() && options.kind == "softkey" && state.signers.contains("soft-1"))
      one.id = "soft-1";
    if (one.id.empty()) one.id = free_id(state, options.kind, made);
    SIEGEL_TRY(auto secret, secret_of(options));
    SIEGEL_TRY(SignerInfo info, shop.create_signer({one, std::move(secret)}, "at setup"));
    made.push_back(std::move(info));
  }
  return made;
}

Result<Receipt> make_special(Shop& shop, const RegisterId& id, ReceiptKind kind,
                             const std::string& name, const std::string& actor) {
  SaleRequest request{.register_id = id, .key = {}, .draft = {}, .actor = actor};
  request.draft.kind = kind;
  request.draft.name = name;
  // There is one in a register's life: asking again gives the same.
  if (kind == ReceiptKind::start) request.key = "at-start";
  if (kind == ReceiptKind::final) request.key = "at-final";
  request.fingerprint = crypto::sha256(bytes_of(json::canonical(to_json_value(request.draft))));
  SIEGEL_TRY(SaleAnswer answer, shop.sell(request));
  return std::move(answer.receipt);
}

Result<bool> transmit_all(const Context& context, Shop& shop, std::vector<finanzonline::Item> items,
                          const std::string& access, bool production) {
  std::vector<finanzonline::Mode> modes{finanzonline::Mode::test};
  if (production) modes.push_back(finanzonline::Mode::production);
  for (const finanzonline::Mode mode : modes) {
    SIEGEL_TRY(auto data, at::read_access(access));
    SIEGEL_TRY(auto client,
               at::make_client(std::move(data), mode, {context.clock, context.random}));
    bool all = true;
    for (const finanzonline::Item& item : items) {
      SIEGEL_TRY(const bool accepted, transmit(context, shop, client, item));
      all = all && accepted;
      // What comes next needs it: a register is nothing without its device.
      if (!accepted && mode == finanzonline::Mode::production) break;
    }
    warn_of_clock(context, client);
    (void)client.logout().ok();
    if (!all) return false;
  }
  return true;
}

Result<bool> register_with_finanzonline(const Context& context, Shop& shop, const RegisterId& id,
                                        const std::string& access, bool production) {
  SIEGEL_TRY(const recorder::State state, shop.state());
  const auto reg = state.registers.find(id.text());
  if (reg == state.registers.end())
    return not_found("E-REG-104", fmt::format("register {} is not known", id.text()));
  SIEGEL_TRY(auto items, at::registration_items(shop, state, reg->second.info));
  if (items.empty()) return true;
  return transmit_all(context, shop, std::move(items), access, production);
}

Result<bool> check_with_finanzonline(const Context& context, Shop& shop,
                                     const std::string& receipt_number, const std::string& access,
                                     bool production) {
  SIEGEL_TRY(const Receipt receipt, shop.receipt(receipt_number));
  const std::string code = shop.country().code_text(receipt);
  if (code.empty())
    return conflict("E-AUT-142", fmt::format("receipt {} has no code", receipt_number));
  SIEGEL_TRY(auto data, at::read_access(access));
  const auto mode = production ? finanzonline::Mode::production : finanzonline::Mode::test;
  SIEGEL_TRY(auto client, at::make_client(std::move(data), mode, {context.clock, context.random}));
  SIEGEL_TRY(const finanzonline::Outcome outcome,
             client.submit(finanzonline::ReceiptCheck{.code = code}));
  warn_of_clock(context, client);
  (void)client.logout().ok();
  const finanzonline::Message& message = outcome.result.message();
  const bool passed = message.code == "0";
  std::string causes;
  for (const std::string& cause : finanzonline::failing(outcome.result.checks))
    causes += (causes.empty() ? "" : ", ") + cause;
  context.note(fmt::format("FinanzOnline ({}) belegpruefung {}: {} {}{}{}\n", mode_word(mode),
                           receipt_number, message.code, message.text, causes.empty() ? "" : ": ",
                           causes));
  if (!passed)
    context.note(fmt::format("  {} {}\n", outcome.code.meaning(context.shown_language()),
                             outcome.code.action(context.shown_language())));
  // Only what is a verdict on the receipt is one: a fault on their side says nothing about it.
  const bool is_verdict = passed || message.code == "43";
  if (production && is_verdict)
    SIEGEL_TRY_OK(shop.record(ReceiptCheck{.register_id = receipt.plan.register_id,
                                           .receipt_number = receipt_number,
                                           .at = context.clock.now().wall,
                                           .passed = passed,
                                           .by = "finanzonline",
                                           .text = excerpt(message.text + " " + causes, 200)},
                              "FinanzOnline"));
  return passed;
}

json::Array strings_of(const std::vector<std::string>& texts) {
  json::Array list;
  for (const std::string& text : texts) list.push_back(text);
  return list;
}

}  // namespace siegel::app
