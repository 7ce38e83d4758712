#include <fmt/format.h>

#include "app/at/secret_file.h"
#include "app/commands.h"
#include "app/export_tar.h"
#include "app/secrets/puk_letter.h"
#include "app/secrets/tse_login.h"
#include "app/secrets/vaults.h"
#include "app/shop/shop.h"

namespace siegel::app {
namespace {

struct Options {
  std::string name, user = "admin", pin_file, actor = "command line";
  bool again = false;
};

Result<device::TseUser> user_of(const std::string& word) {
  for (const auto user : {device::TseUser::admin, device::TseUser::time_admin})
    if (word == word_of(user)) return user;
  return invalid("E-CLI-120", fmt::format("\"{}\" is not admin or time_admin", excerpt(word)),
                 "--user");
}

Result<std::unique_ptr<vault::Vault>> vault_of(const Context& context) {
  return open_vault({.folder = std::filesystem::path(context.data) / "vault"}, context.random);
}

/// Runs on the device's own thread, with the TSE the arguments name.
Exit on_named_tse(const Context& context, const Options& options, std::string_view done_de,
                  std::string_view done_en,
                  const std::function<Status(device::Tse&, const std::string&, device::TseUser,
                                             vault::Vault&)>& work) {
  const auto user = user_of(options.user);
  if (!user) return context.fail(user.error());
  auto shop = Shop::open({context.data, {}}, Shop::Mode::write, {context.clock, context.random});
  if (!shop) return context.fail(shop.error());
  const auto state = (*shop)->state();
  if (!state) return context.fail(state.error());
  const auto id = tse_id(*state, options.name);
  if (!id) return context.fail(id.error());
  auto vault = vault_of(context);
  if (!vault) return context.fail(vault.error());
  const auto done =
      (*shop)->on_tse(*id, [&](device::Tse& tse) { return work(tse, *id, *user, **vault); });
  if (!done) return context.fail(done.error());
  json::Object document;
  document.set("id", *id);
  document.set("user", word_of(*user));
  context.show(
      fmt::format("TSE {}, {}: {}\n", *id, word_of(*user), context.german() ? done_de : done_en),
      document);
  return Exit::success;
}

Exit pin(const Context& context, const Options& options) {
  const auto given = at::read_secret_file(options.pin_file, "--pin-file");
  if (!given) return context.fail(given.error());
  return on_named_tse(
      context, options, "die PIN ist richtig und liegt im Tresor.",
      "the PIN is right and is in the vault.",
      [&](device::Tse& tse, const std::string& id, device::TseUser user, vault::Vault& vault) {
        return confirm_pin(tse, id, user, *given, vault, context.clock.now().wall);
      });
}

Exit unblock(const Context& context, const Options& options) {
  return on_named_tse(
      context, options, "eine neue PIN ist gesetzt und liegt im Tresor.",
      "a new PIN is set and is in the vault.",
      [&](device::Tse& tse, const std::string& id, device::TseUser user, vault::Vault& vault) {
        return unblock_pin(tse, id, user, vault, context.random, context.clock.now().wall);
      });
}

Exit puk_letter(const Context& context, const Options& options) {
  auto shop = Shop::open({context.data, {}}, Shop::Mode::read, {context.clock, context.random});
  if (!shop) return context.fail(shop.error());
  const auto state = (*shop)->state();
  if (!state) return context.fail(state.error());
  const auto id = tse_id(*state, options.name);
  if (!id) return context.fail(id.error());
  auto vault = vault_of(context);
  if (!vault) return context.fail(vault.error());
  PukLetter letter{.tse = *id,
                   .serial = {},
                   .holder = {},
                   .actor = options.actor,
                   .now = context.clock.now().wall,
                   .time_zone = "Europe/Berlin",
                   .language = context.shown_language(),
                   .again = options.again};
  for (const auto& [serial, info] : state->tses)
    if (info.id == *id) letter.serial = serial;
  if (state->business) {
    letter.holder = state->business->name;
    letter.time_zone = state->business->time_zone;
  }
  const auto text = print_puk_letter(**vault, letter);
  if (!text) return context.fail(text.error());
  // The letter itself is the answer: with --quiet and --json too.
  if (!context.json) {
    context.write(*text);
    return Exit::success;
  }
  json::Object document;
  document.set("id", *id);
  document.set("letter", *text);
  context.show({}, document);
  return Exit::success;
}

}  // namespace

void add_tse_secrets(CommandLine& line, Context& context) {
  Options& options = line.own<Options>();
  line.command("tse pin", "Give the right PIN of a TSE after one was refused; it is tried once")
      .example("siegel tse pin --user admin --pin-file /run/pin")
      .positional("id", options.name, "which TSE; may be left out if there is one")
      .option("--user", options.user, "USER", "admin (default) or time_admin")
      .option("--pin-file", options.pin_file, "FILE", "the PIN, one line")
      .required()
      .run([&] { return pin(context, options); });
  line.command("tse unblock", "Set a new PIN of a TSE with the PUK in the vault")
      .example("siegel tse unblock --user time_admin")
      .positional("id", options.name, "which TSE; may be left out if there is one")
      .option("--user", options.user, "USER", "admin (default) or time_admin")
      .run([&] { return unblock(context, options); });
  line.command("tse puk-letter", "Print the PUKs of a TSE, once, for the safe")
      .example("siegel tse puk-letter | lp")
      .positional("id", options.name, "which TSE; may be left out if there is one")
      .flag("--again", options.again, "print it another time; this is recorded")
      .option("--actor", options.actor, "NAME", "who prints it, for the record")
      .run([&] { return puk_letter(context, options); });
}

}  // namespace siegel::app
