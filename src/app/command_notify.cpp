#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <functional>

#include "app/at/secret_file.h"
#include "app/commands.h"
#include "app/shop/notifier.h"
#include "app/shop/shop.h"
#include "base/file.h"
#include "format/json.h"
#include "notify/outbox.h"
#include "notify/settings.h"

// Who is told of what: set, tried, listed, tried again.

namespace siegel::app {
namespace {

struct Options {
  std::string file, password_file, to, event;
  std::vector<std::string> secrets, new_secrets;
};

constexpr std::size_t webhook_secret_bytes = 32;

/// What goes into the vault, and what is shown this one time.
struct Secrets {
  std::vector<Shop::NewSecret> stored;
  json::Object shown;
};

Result<const notify::Recipient*> webhook_named(const notify::Settings& settings,
                                               const std::string& name, const char* place) {
  const notify::Recipient* recipient = settings.find(name);
  if (recipient == nullptr || recipient->channel != notify::Channel::webhook)
    return not_found("E-NOT-107", fmt::format("there is no webhook \"{}\"", excerpt(name)), place);
  return recipient;
}

/// Given ones, new ones on demand, and one for every webhook that has none.
Result<Secrets> secrets_of(const Context& context, const Options& options,
                           const notify::Settings& settings, Shop& shop) {
  Secrets out;
  if (!options.password_file.empty()) {
    SIEGEL_TRY(auto id, notify::mail_password_id());
    SIEGEL_TRY(auto password, at::read_secret_file(options.password_file, "--password-file"));
    out.stored.push_back({std::move(id), std::move(password)});
  }
  std::vector<std::string> given;
  for (const std::string& one : options.secrets) {
    const auto equals = one.find('=');
    if (equals == std::string::npos)
      return invalid("E-CLI-105", "--secret NAME=FILE is expected", "--secret");
    const std::string name = one.substr(0, equals);
    SIEGEL_TRY_OK(webhook_named(settings, name, "--secret"));
    SIEGEL_TRY(const auto text, at::read_secret_file(one.substr(equals + 1), "--secret"));
    SIEGEL_TRY(auto secret, notify::webhook_secret_from_text(text_of(text.reveal())));
    SIEGEL_TRY(auto id, notify::webhook_secret_id(name));
    out.stored.push_back({std::move(id), std::move(secret)});
    given.push_back(name);
  }
  for (const std::string& name : options.new_secrets)
    SIEGEL_TRY_OK(webhook_named(settings, name, "--new-secret"));
  for (const notify::Recipient& recipient : settings.recipients) {
    if (recipient.channel != notify::Channel::webhook) continue;
    if (std::ranges::find(given, recipient.name) != given.end()) continue;
    SIEGEL_TRY(auto id, notify::webhook_secret_id(recipient.name));
    SIEGEL_TRY(const bool there, shop.has_secret(id));
    const bool wanted =
        std::ranges::find(options.new_secrets, recipient.name) != options.new_secrets.end();
    if (there && !wanted) continue;
    auto secret = crypto::SecretBytes::random(webhook_secret_bytes, context.random);
    out.shown.set(recipient.name, notify::webhook_secret_text(secret));
    out.stored.push_back({std::move(id), std::move(secret)});
  }
  return out;
}

Exit set(const Context& context, const Options& options) {
  const auto bytes = read_file(options.file, 1U << 20U);
  if (!bytes) return context.fail(bytes.error());
  const auto value = json::parse(text_of(*bytes));
  if (!value) return context.fail(value.error());
  const auto settings = notify::settings_from_json(*value);
  if (!settings) return context.fail(settings.error());
  auto shop = Shop::open({context.data, {}}, Shop::Mode::write, {context.clock, context.random});
  if (!shop) return context.fail(shop.error());
  const auto secrets = secrets_of(context, options, *settings, **shop);
  if (!secrets) return context.fail(secrets.error());
  if (const auto done = (*shop)->set_notify(*settings, secrets->stored); !done)
    return context.fail(done.error());
  json::Object document;
  document.set("notify", notify::to_json_value(*settings));
  document.set("secrets", secrets->shown);
  std::string text = "Set. Try it: siegel notify test\n";
  for (const auto& [name, secret] : secrets->shown)
    text += fmt::format("secret of {} (shown this once, for the receiver): {}\n", name,
                        *secret.string());
  context.show(text, document);
  return Exit::success;
}

Exit show_sent(const Context& context, const Result<Notified>& sent) {
  if (!sent) return context.fail(sent.error());
  json::Array failed;
  std::string text = fmt::format("{} delivered, {} not\n", sent->delivered, sent->failed.size());
  for (const Notified::NotDelivered& failure : sent->failed) {
    json::Object item;
    item.set("address", failure.address);
    item.set("code", failure.error.code);
    item.set("detail", failure.error.detail);
    item.set("recipient", failure.recipient);
    failed.push_back(std::move(item));
    text += fmt::format("{} {}: {} {}\n", failure.recipient, failure.address, failure.error.code,
                        failure.error.detail);
  }
  json::Object document;
  document.set("delivered", static_cast<std::int64_t>(sent->delivered));
  document.set("failed", std::move(failed));
  context.show(text, document);
  return sent->failed.empty() ? Exit::success : Exit::failed;
}

Exit with_notifier(const Context& context,
                   const std::function<Result<Notified>(Notifier& notifier)>& work) {
  auto shop = Shop::open({context.data, {}}, Shop::Mode::write, {context.clock, context.random});
  if (!shop) return context.fail(shop.error());
  const auto notifier = (*shop)->notifier();
  if (!notifier) return context.fail(notifier.error());
  return show_sent(context, work(**notifier));
}

Exit list(const Context& context) {
  auto shop = Shop::open({context.data, {}}, Shop::Mode::read, {context.clock, context.random});
  if (!shop) return context.fail(shop.error());
  const auto settings = notify::read_settings((*shop)->folder());
  if (!settings) return context.fail(settings.error());
  const notify::Outbox box = notify::Outbox::load((*shop)->folder());
  json::Object document;
  std::string text;
  if (*settings) {
    document.set("notify", notify::to_json_value(**settings));
    for (const notify::Recipient& one : (*settings)->recipients)
      text += fmt::format("{:<16} {:<8} {}{}\n", one.name, notify::word_of(one.channel),
                          one.channel == notify::Channel::mail
                              ? fmt::format("{}", fmt::join(one.mail, "; "))
                              : (one.channel == notify::Channel::webhook
                                     ? one.url
                                     : fmt::format("{}", fmt::join(one.command, " "))),
                          box.off.contains(one.name) ? "   OFF (410)" : "");
  } else {
    text = "Nobody is told: siegel notify set FILE\n";
  }
  json::Array waiting;
  json::Array dead;
  for (const notify::Delivery& one : box.deliveries()) {
    const notify::Event* event = box.event(one.event);
    json::Object item;
    item.set("address", one.address);
    item.set("attempts", one.attempts);
    item.set("code", one.code);
    item.set("detail", one.detail);
    item.set("event", one.event);
    item.set("next", one.next.text());
    item.set("recipient", one.recipient);
    item.set("since", one.since.text());
    if (event != nullptr) {
      item.set("subject", event->text(context.shown_language()).subject);
      item.set("type", event->name);
    }
    text +=
        fmt::format("{:<9} {}  {:<16} {} {}\n          {}\n", one.dead ? "given up" : "waiting",
                    one.since.text(), one.recipient, event == nullptr ? "" : event->name, one.event,
                    one.code.empty() ? "" : fmt::format("{} {}", one.code, one.detail));
    (one.dead ? dead : waiting).push_back(std::move(item));
  }
  json::Array off;
  for (const std::string& name : box.off) off.emplace_back(name);
  const bool any_dead = !dead.empty();
  document.set("given_up", std::move(dead));
  document.set("off", std::move(off));
  document.set("waiting", std::move(waiting));
  context.show(text, document);
  return any_dead ? Exit::degraded : Exit::success;
}

}  // namespace

void add_notify(CommandLine& line, Context& context) {
  line.group("notify", "Who is told of outages, closings and duties: by mail, webhook or program");
  Options& options = line.own<Options>();
  line.command("notify set", "Set who is told of what from a JSON file (docs/formats/notify.md)")
      .example("siegel notify set notify.json --password-file password")
      .positional("file", options.file, "recipients, mail server, reminders")
      .required()
      .option("--password-file", options.password_file, "FILE",
              "password of the mail server, kept in the vault")
      .list("--secret", options.secrets, "NAME=FILE",
            "secret of a webhook (whsec_...), kept in the vault; without one it is made and shown")
      .list("--new-secret", options.new_secrets, "NAME", "make the webhook's secret anew")
      .run([&] { return set(context, options); });
  line.command("notify test", "Send a trial to everybody, or to one")
      .example("siegel notify test --to owner")
      .option("--to", options.to, "NAME", "one recipient")
      .run([&] {
        return with_notifier(context, [&](Notifier& one) { return one.test(options.to); });
      });
  line.command("notify list",
               "Recipients, what waits and what was given up. Exit 4 if something was")
      .example("siegel notify list")
      .run([&] { return list(context); });
  line.command("notify retry", "Try again what waits and what was given up")
      .example("siegel notify retry --to erp")
      .positional("event", options.event, "id of an event; none: all")
      .option("--to", options.to, "NAME", "one recipient")
      .run([&] {
        return with_notifier(context,
                             [&](Notifier& one) { return one.retry(options.event, options.to); });
      });
}

}  // namespace siegel::app
