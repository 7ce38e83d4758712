#include <fmt/format.h>

#include <charconv>

#include "app/commands.h"
#include "app/export_tar.h"
#include "app/shop/shop.h"

namespace siegel::app {
namespace {

struct Options {
  std::string out, tse, client, transaction, first, last, from, to, records_max;
};

Result<std::optional<std::uint64_t>> number(const std::string& text, const char* place) {
  if (text.empty()) return std::optional<std::uint64_t>();
  std::uint64_t value = 0;
  const char* end = text.data() + text.size();
  if (std::from_chars(text.data(), end, value).ptr != end)
    return invalid("E-CLI-105", fmt::format("\"{}\" is not a whole number", text), place);
  return std::optional<std::uint64_t>(value);
}

Result<device::TseFilter> filter_of(const Options& options) {
  device::TseFilter filter;
  SIEGEL_TRY(filter.transaction, number(options.transaction, "--transaction"));
  SIEGEL_TRY(filter.transaction_first, number(options.first, "--first"));
  SIEGEL_TRY(filter.transaction_last, number(options.last, "--last"));
  if (!options.from.empty()) {
    SIEGEL_TRY(filter.time_first, Instant::parse(options.from));
  }
  if (!options.to.empty()) {
    SIEGEL_TRY(filter.time_last, Instant::parse(options.to));
  }
  if (!options.client.empty()) filter.client = options.client;
  SIEGEL_TRY(const auto records, number(options.records_max, "--max"));
  filter.records_max = records.value_or(0);
  return filter;
}

Exit tar(const Context& context, const Options& options) {
  const auto filter = filter_of(options);
  if (!filter) return context.fail(filter.error());
  auto shop = Shop::open({context.data, {}}, Shop::Mode::write, {context.clock, context.random});
  if (!shop) return context.fail(shop.error());
  const auto state = (*shop)->state();
  if (!state) return context.fail(state.error());
  const auto id = tse_id(*state, options.tse);
  if (!id) return context.fail(id.error());
  const std::string path = options.out.empty() ? *id + ".tar" : options.out;
  const auto written = export_tar(**shop, *id, *filter, path);
  if (!written) return context.fail(written.error());
  json::Object document;
  document.set("file", path);
  document.set("bytes", static_cast<std::int64_t>(written->bytes));
  document.set("sha256", hex(written->sha256));
  context.show(fmt::format("{}: {} bytes, SHA-256 {}\nCheck it with: siegel verify {}\n", path,
                           written->bytes, hex(written->sha256), path),
               document);
  return Exit::success;
}

}  // namespace

void add_export(CommandLine& line, Context& context) {
  line.group("export", "Hand data to an auditor");
  Options& options = line.own<Options>();
  const auto add = [&](const std::string& path, const std::string& summary) {
    line.command(path, summary)
        .example(fmt::format("siegel {} --out 2026-11.tar", path))
        .example(fmt::format(
            "siegel {} --from 2026-11-01T00:00:00+01:00 --to 2026-11-30T23:59:59+01:00", path))
        .option("--out,-o", options.out, "FILE", "where to write, default <tse>.tar")
        .option("--tse", options.tse, "ID", "which TSE; may be left out if there is one")
        .option("--client", options.client, "ID", "only this register")
        .option("--transaction", options.transaction, "N", "one transaction")
        .option("--first", options.first, "N", "first transaction of a range")
        .option("--last", options.last, "N", "last transaction of a range")
        .option("--from", options.from, "TIME", "messages from this time on")
        .option("--to", options.to, "TIME", "messages up to this time")
        .option("--max", options.records_max, "N", "refuse if there are more messages")
        .run([&] { return tar(context, options); });
  };
  add("export tar", "Write the TSE's archive (TAR)");
  add("tse export", "The same as export tar");
}

}  // namespace siegel::app
