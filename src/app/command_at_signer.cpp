#include <fmt/format.h>

#include <algorithm>

#include "app/at_tools.h"
#include "app/commands.h"
#include "base/file.h"
#include "crypto/x509.h"

// Signature devices of an Austrian shop: which there are, in which order a register asks them
// (A;B;C of AMA-031), and what an order of a card needs.

namespace siegel::app {
namespace {

struct Options {
  std::string register_id, out, email;
  std::vector<std::string> signers;
  SignerOptions signer;
};

std::string valid_until(const SignerInfo& info) {
  if (info.certificates.empty()) return "-";
  const auto leaf = crypto::Certificate::parse(info.certificates.front());
  return leaf ? leaf->not_after().text().substr(0, 10) : "?";
}

Exit add(const Context& context, const Options& options) {
  auto shop = open_austrian(context, Shop::Mode::write);
  if (!shop) return context.fail(shop.error());
  const auto made = add_signers(context, **shop, options.signer);
  if (!made) return context.fail(made.error());
  std::string text;
  json::Array list;
  for (const SignerInfo& info : *made) {
    text += fmt::format("{}: {}, serial {}, {}\n", info.id, info.kind, info.serial,
                        info.holder.empty() ? "no holder named" : info.holder);
    json::Object item;
    item.set("id", info.id);
    item.set("serial", info.serial);
    list.push_back(std::move(item));
  }
  if (!options.register_id.empty()) {
    const auto state = (*shop)->state();
    if (!state) return context.fail(state.error());
    const auto reg = state->registers.find(options.register_id);
    if (reg == state->registers.end())
      return context.fail(not_found(
          "E-REG-104", fmt::format("register {} is not known", options.register_id), "--register"));
    RegisterInfo info = reg->second.info;
    for (const SignerInfo& signer : *made)
      if (std::find(info.signers.begin(), info.signers.end(), signer.id) == info.signers.end())
        info.signers.push_back(signer.id);
    if (info != reg->second.info)
      if (const auto done = (*shop)->add_register(info, true, "command line"); !done)
        return context.fail(done.error());
    text +=
        fmt::format("Register {} asks: {}\n", options.register_id, fmt::join(info.signers, ", "));
  }
  text +=
      "Next: register it with FinanzOnline (siegel at register), then "
      "siegel at signer order\n";
  json::Object document;
  document.set("data", std::move(list));
  context.show(text, document);
  return Exit::success;
}

Exit list(const Context& context) {
  auto shop = open_austrian(context, Shop::Mode::read);
  if (!shop) return context.fail(shop.error());
  const auto state = (*shop)->state();
  if (!state) return context.fail(state.error());
  std::string text;
  json::Array rows;
  for (const auto& [id, info] : state->signers) {
    const auto outage = state->outages.find(id);
    const bool broken = outage != state->outages.end() && outage->second.open;
    std::vector<std::string> used_by;
    for (const auto& [name, reg] : state->registers) {
      const auto& order = reg.info.signers;
      const auto at = std::find(order.begin(), order.end(), id);
      if (at != order.end())
        used_by.push_back(fmt::format("{} (no. {})", name, at - order.begin() + 1));
    }
    text += fmt::format("{:<10} {:<10} {:<6} serial {}  until {}  {}{}\n", id, info.kind,
                        info.provider, info.serial, valid_until(info),
                        broken             ? "OUTAGE since " + outage->second.open->since.text()
                        : info.development ? "for development"
                                           : "in operation",
                        used_by.empty() ? std::string(", used by no register")
                                        : fmt::format(", {}", fmt::join(used_by, ", ")));
    json::Object item;
    item.set("id", id);
    item.set("kind", info.kind);
    item.set("provider", info.provider);
    item.set("serial", info.serial);
    item.set("holder", info.holder);
    item.set("valid_until", valid_until(info));
    item.set("outage", broken);
    item.set("development", info.development);
    item.set("registers", strings_of(used_by));
    rows.push_back(std::move(item));
  }
  json::Object document;
  document.set("data", std::move(rows));
  context.show(text.empty() ? "No signature device yet: siegel at signer add\n" : text, document);
  return Exit::success;
}

/// Sets the list of a register; `change` makes the new one from the old one.
Exit change_list(const Context& context, const Options& options,
                 const std::function<Status(std::vector<std::string>&)>& change) {
  auto shop = open_austrian(context, Shop::Mode::write);
  if (!shop) return context.fail(shop.error());
  const auto state = (*shop)->state();
  if (!state) return context.fail(state.error());
  const auto reg = state->registers.find(options.register_id);
  if (reg == state->registers.end())
    return context.fail(not_found(
        "E-REG-104", fmt::format("register {} is not known", options.register_id), "register"));
  RegisterInfo info = reg->second.info;
  if (const auto changed = change(info.signers); !changed) return context.fail(changed.error());
  for (const std::string& id : info.signers)
    if (!state->signers.contains(id))
      return context.fail(
          not_found("E-AUT-104", fmt::format("no signature device \"{}\" is in operation", id)));
  if (info != reg->second.info)
    if (const auto done = (*shop)->add_register(info, true, "command line"); !done)
      return context.fail(done.error());
  json::Object document;
  document.set("register", info.id.text());
  document.set("signers", strings_of(info.signers));
  context.show(fmt::format("Register {} asks: {}\n", info.id.text(), fmt::join(info.signers, ", ")),
               document);
  return Exit::success;
}

Exit order(const Context& context, const Options& options) {
  return change_list(context, options, [&](std::vector<std::string>& list) -> Status {
    std::vector<std::string> wanted;
    for (const std::string& word : options.signers) {
      // "A;B;C" as one word is what other programs call it.
      std::string_view rest = word;
      while (!rest.empty()) {
        const auto end = std::min(rest.find(';'), rest.size());
        if (end > 0) wanted.emplace_back(rest.substr(0, end));
        rest.remove_prefix(std::min(end + 1, rest.size()));
      }
    }
    for (std::size_t i = 0; i < wanted.size(); ++i)
      if (std::find(wanted.begin(), wanted.begin() + static_cast<std::ptrdiff_t>(i), wanted[i]) !=
          wanted.begin() + static_cast<std::ptrdiff_t>(i))
        return invalid("E-AUT-105", fmt::format("{} is named twice", wanted[i]), "signers");
    if (wanted.empty()) return invalid("E-AUT-105", "no device is named", "signers");
    list = std::move(wanted);
    return Ok{};
  });
}

Exit remove(const Context& context, const Options& options) {
  return change_list(context, options, [&](std::vector<std::string>& list) -> Status {
    const std::string& id = options.signers.front();
    if (std::find(list.begin(), list.end(), id) == list.end())
      return not_found("E-AUT-104",
                       fmt::format("register {} does not use {}", options.register_id, id));
    if (list.size() == 1)
      return conflict("E-AUT-106",
                      fmt::format("{} is the last device of register {}", id, options.register_id));
    std::erase(list, id);
    return Ok{};
  });
}

/// What the order of a card asks for [A-Trust, a.sign RK CHIP].
Exit order_data(const Context& context, const Options& options) {
  auto shop = open_austrian(context, Shop::Mode::read);
  if (!shop) return context.fail(shop.error());
  const auto state = (*shop)->state();
  if (!state) return context.fail(state.error());
  const Business& business = *state->business;
  const auto vat_id = austrian_vat_id(business.vat_id);
  if (!vat_id && business.tax_number.empty()) return context.fail(vat_id.error());
  const auto address = net::MailAddress::parse(options.email);
  if (!address)
    return context.fail(invalid(address.error().code, address.error().detail, "--email"));
  json::Object document;
  document.set("name", business.name);
  document.set("street", business.street);
  document.set("postcode", business.postcode);
  document.set("city", business.city);
  document.set("country", business.country);
  document.set("classification", vat_id ? "UID" : "Steuernummer");
  document.set("classification_key", vat_id ? *vat_id : business.tax_number);
  document.set("email", address->text());
  const std::string text = fmt::format(
      "Name:      {}\nStraße:    {}\nPLZ, Ort:  {} {}\n{:<11}{}\nE-Mail:    {}\n", business.name,
      business.street, business.postcode, business.city,
      vat_id ? "UID:" : "St.Nr.:", vat_id ? *vat_id : business.tax_number, address->text());
  if (!options.out.empty()) {
    if (const auto done = write_file(options.out, bytes_of(json::pretty(document))); !done)
      return context.fail(done.error());
  }
  context.show(
      text + (context.german() ? "Bestellen: zwei Karten (die zweite für Ausfälle) bei einem "
                                 "Vertrauensdiensteanbieter, z. B. A-Trust a.sign RK CHIP;\n"
                                 "vor der Inbetriebnahme muss die Karte freigeschaltet sein.\n"
                               : "Order two cards (the second for outages) from a trust provider, "
                                 "e.g. A-Trust a.sign RK CHIP;\n"
                                 "a card must be activated before it can be put into operation.\n"),
      document);
  return Exit::success;
}

}  // namespace

void add_at_signer(CommandLine& line, Context& context) {
  Options& options = line.own<Options>();
  line.group("at signer", "Signature devices and the order in which registers ask them");
  add_signer_options(
      line.command("at signer add", "Put a signature device into operation")
          .example("siegel at signer add --signer smartcard --pin-file pin "
                   "--register KASSE-01")
          .example("siegel at signer add --signer atrust --user u123456789 "
                   "--pin-file password")
          .option("--register", options.register_id, "ID", "ask it last at this register"),
      options.signer)
      .run([&] { return add(context, options); });
  line.command("at signer list", "Devices, serial numbers, validity, outages")
      .example("siegel at signer list")
      .run([&] { return list(context); });
  line.command("at signer order", "Which devices a register asks, in this order")
      .example("siegel at signer order KASSE-01 card-1 card-2")
      .example("siegel at signer order KASSE-01 \"card-1;card-2\"")
      .positional("register", options.register_id, "register")
      .required()
      .positionals("signers", options.signers, "ids of devices, first to last")
      .required()
      .run([&] { return order(context, options); });
  line.command("at signer remove", "A register does not ask this device any more")
      .example("siegel at signer remove KASSE-01 card-1")
      .positional("register", options.register_id, "register")
      .required()
      .positionals("signer", options.signers, "id of the device")
      .required()
      .run([&] { return remove(context, options); });
  line.command("at order", "What the order of a signature card asks for")
      .example("siegel at order --email office@example.at --out order.json")
      .option("--email", options.email, "ADDRESS", "where the provider writes to")
      .required()
      .option("--out,-o", options.out, "FILE", "also write it as JSON")
      .run([&] { return order_data(context, options); });
}

}  // namespace siegel::app
