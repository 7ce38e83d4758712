#include <fmt/format.h>

#include "app/commands.h"
#include "app/export_tar.h"
#include "app/shop/shop.h"

namespace siegel::app {
namespace {

struct Options {
  CreateTse create;
  std::string generation = "1", name;
};

Exit create(const Context& context, Options& options) {
  if (options.generation != "1" && options.generation != "2")
    return context.fail(invalid("E-CLI-106", "the generation is 1 or 2", "--generation"));
  options.create.generation = options.generation == "1" ? 1 : 2;
  auto shop = Shop::open({context.data, {}}, Shop::Mode::write, {context.clock, context.random});
  if (!shop) return context.fail(shop.error());
  const auto info = (*shop)->create_tse(options.create, "command line");
  if (!info) return context.fail(info.error());
  json::Object document;
  document.set("id", info->id);
  document.set("serial", info->serial);
  document.set("algorithm", info->algorithm);
  document.set("certified", info->certified);
  context.show(
      fmt::format("Software TSE {} in operation, serial {}.\n"
                  "It is NOT certified: for development, training and tests only; each "
                  "receipt says so.\nPINs and PUKs are in the vault; print the PUKs once for the "
                  "safe: siegel tse puk-letter\n"
                  "Next: siegel register add KASSE-01\n",
                  info->id, info->serial),
      document);
  return Exit::success;
}

json::Value status_document(const std::string& id, const device::TseStatus& status) {
  const auto number = [](std::uint64_t value) { return static_cast<std::int64_t>(value); };
  json::Object out;
  out.set("id", id);
  out.set("state", status.state);
  out.set("generation", status.generation);
  out.set("time", status.time.text());
  out.set("signature_counter", number(status.signature_counter));
  out.set("transaction_counter", number(status.transaction_counter));
  json::Array clients;
  for (const std::string& client : status.clients) clients.push_back(client);
  out.set("clients", std::move(clients));
  out.set("clients_max", number(status.clients_max));
  out.set("open_transactions", number(status.open_transactions));
  out.set("open_transactions_max", number(status.open_transactions_max));
  out.set("signatures_left", number(status.signatures_left));
  out.set("storage_bytes", number(status.storage_bytes));
  out.set("storage_used_bytes", number(status.storage_used_bytes));
  out.set("certificate_until", status.certificate_until.text());
  out.set("self_test_due", status.self_test_due);
  return out;
}

Exit status(const Context& context, const Options& options) {
  auto shop = Shop::open({context.data, {}}, Shop::Mode::write, {context.clock, context.random});
  if (!shop) return context.fail(shop.error());
  const auto state = (*shop)->state();
  if (!state) return context.fail(state.error());
  const auto id = tse_id(*state, options.name);
  if (!id) return context.fail(id.error());
  device::TseStatus found;
  const auto done = (*shop)->on_tse(*id, [&](device::Tse& tse) -> Status {
    SIEGEL_TRY(found, tse.status());
    return Ok{};
  });
  if (!done) return context.fail(done.error());
  const std::uint64_t percent =
      found.storage_bytes == 0 ? 0 : found.storage_used_bytes * 100 / found.storage_bytes;
  context.show(
      fmt::format("TSE {}: {}, generation {}\n"
                  "  signatures used {}, left {}\n  transactions {}, open {} of {}\n"
                  "  storage used {} %\n  clients {} of {}\n  certificate until {}\n",
                  *id, found.state, found.generation, found.signature_counter,
                  found.signatures_left, found.transaction_counter, found.open_transactions,
                  found.open_transactions_max, percent, found.clients.size(), found.clients_max,
                  found.certificate_until.text().substr(0, 10)),
      status_document(*id, found));
  return Exit::success;
}

Exit self_test(const Context& context, const Options& options) {
  auto shop = Shop::open({context.data, {}}, Shop::Mode::write, {context.clock, context.random});
  if (!shop) return context.fail(shop.error());
  const auto state = (*shop)->state();
  if (!state) return context.fail(state.error());
  const auto id = tse_id(*state, options.name);
  if (!id) return context.fail(id.error());
  const auto done = (*shop)->on_tse(*id, [](device::Tse& tse) { return tse.self_test(); });
  if (!done) return context.fail(done.error());
  json::Object document;
  document.set("id", *id);
  document.set("passed", true);
  context.show(fmt::format("TSE {}: self-test passed.\n", *id), document);
  return Exit::success;
}

}  // namespace

void add_tse(CommandLine& line, Context& context) {
  line.group("tse", "Technical security devices");
  Options& options = line.own<Options>();
  line.command("tse create", "Make a software TSE (development, training, tests) and start it")
      .example("siegel tse create")
      .example("siegel tse create --id tse-2 --generation 2")
      .option("--id", options.create.id, "ID", "our name for it, default tse-1")
      .option("--generation", options.generation, "N",
              "1: TR-03151 1.0.1 as certified devices today (default), 2: TR-03151-1 1.1")
      .run([&] { return create(context, options); });
  line.command("tse status", "State, counters, storage and certificate of a TSE")
      .example("siegel tse status --json")
      .positional("id", options.name, "which TSE; may be left out if there is one")
      .run([&] { return status(context, options); });
  line.command("tse selftest", "Let a TSE test itself")
      .example("siegel tse selftest")
      .positional("id", options.name, "which TSE; may be left out if there is one")
      .run([&] { return self_test(context, options); });
}

}  // namespace siegel::app
