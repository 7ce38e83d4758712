#include <fmt/format.h>

#include <charconv>

#include "app/commands.h"
#include "app/export_tar.h"
#include "app/shop/shop.h"

namespace siegel::app {
namespace {

struct Options {
  std::string out, tse, client, transaction, first, last, from, to, records_max;
  bool from_archive = false;
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

Exit written(const Context& context, const std::string& path, const Written& done) {
  std::error_code ignored;
  const std::string whole = std::filesystem::absolute(path, ignored).lexically_normal().string();
  json::Object document;
  document.set("bytes", static_cast<std::int64_t>(done.bytes));
  document.set("file", path);
  document.set("path", whole);  // as the server sees it
  document.set("sha256", hex(done.sha256));
  context.show(fmt::format("{}: {} bytes, SHA-256 {}\nCheck it with: siegel verify {}\n", path,
                           done.bytes, hex(done.sha256), path),
               document);
  return Exit::success;
}

/// Without the device, and beside a process that sells.
Exit tar_of_archive(const Context& context, const Options& options,
                    const device::TseFilter& filter) {
  auto shop = Shop::open({context.data, {}}, Shop::Mode::read, {context.clock, context.random});
  if (!shop) return context.fail(shop.error());
  const auto state = (*shop)->state();
  if (!state) return context.fail(state.error());
  const auto tse = tse_info(*state, options.tse);
  if (!tse) return context.fail(tse.error());
  archive::Selection selection{.transaction_first = filter.transaction_first,
                               .transaction_last = filter.transaction_last,
                               .time_first = filter.time_first,
                               .time_last = filter.time_last,
                               .client = filter.client,
                               .records_max = filter.records_max};
  if (filter.transaction) selection.transaction_first = filter.transaction;
  if (filter.transaction) selection.transaction_last = filter.transaction;
  if (selection.transaction_first.has_value() != selection.transaction_last.has_value())
    return context.fail(
        invalid("E-TSE-221", "a range needs first and last transaction", "--first"));
  const std::string path = options.out.empty() ? tse->id + ".tar" : options.out;
  const auto done = export_archive(**shop, *tse, selection, path);
  if (!done) return context.fail(done.error());
  return written(context, path, *done);
}

Exit tar(const Context& context, const Options& options) {
  const auto filter = filter_of(options);
  if (!filter) return context.fail(filter.error());
  if (options.from_archive) return tar_of_archive(context, options, *filter);
  auto shop = Shop::open({context.data, {}}, Shop::Mode::write, {context.clock, context.random});
  if (!shop) return context.fail(shop.error());
  const auto state = (*shop)->state();
  if (!state) return context.fail(state.error());
  const auto id = tse_id(*state, options.tse);
  if (!id) return context.fail(id.error());
  const std::string path = options.out.empty() ? *id + ".tar" : options.out;
  const auto done = export_tar(**shop, *id, *filter, path);
  if (!done) return context.fail(done.error());
  return written(context, path, *done);
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
        .option("--client,--register", options.client, "ID", "only this register; default all")
        .option("--transaction", options.transaction, "N", "one transaction")
        .option("--first", options.first, "N", "first transaction of a range")
        .option("--last", options.last, "N", "last transaction of a range")
        .option("--from", options.from, "TIME", "messages from this time on")
        .option("--to", options.to, "TIME", "messages up to this time")
        .option("--max", options.records_max, "N", "refuse if there are more messages")
        .flag("--from-archive", options.from_archive,
              "from the archive beside the shop (siegel night)")
        .run([&] { return tar(context, options); });
  };
  add("export tar", "Write the TSE's archive (TAR)");
  add("tse export", "The same as export tar");
}

}  // namespace siegel::app
