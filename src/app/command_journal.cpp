#include <fmt/format.h>

#include <charconv>

#include "app/commands.h"
#include "app/report_text.h"
#include "app/shop/shop.h"
#include "verify/journal/journal.h"

namespace siegel::app {
namespace {

struct Options {
  std::vector<std::string> tar;
  std::vector<std::string> heads;
  std::string from = "1", limit = "20", confirm;
};

Result<std::uint64_t> positive(const std::string& text, const char* place) {
  std::uint64_t value = 0;
  const char* end = text.data() + text.size();
  if (std::from_chars(text.data(), end, value).ptr != end || value == 0)
    return invalid("E-CLI-105", fmt::format("\"{}\" is not a whole number from 1 on", text), place);
  return value;
}

Exit verify_command(const Context& context, const Options& options) {
  auto shop = Shop::open({context.data, {}}, Shop::Mode::read, {context.clock, context.random});
  if (!shop) return context.fail(shop.error());
  verify::journal::Options checks;
  // Only a witness that is not there is left out; one that cannot be read is a finding.
  std::error_code ignored;
  const auto status = std::filesystem::status((*shop)->witness(), ignored);
  if (status.type() != std::filesystem::file_type::not_found)
    checks.witness = (*shop)->witness();
  else
    checks.witness_missing = (*shop)->witness();
  for (const std::string& text : options.heads) {
    const auto head = verify::journal::head_from_text(text);
    if (!head) return context.fail(head.error());
    checks.heads.push_back(*head);
  }
  for (const std::string& path : options.tar) checks.logs.push_back({.path = path, .bytes = {}});
  checks.progress = progress_of(context);
  const auto report = verify::journal::verify_journal((*shop)->journal_file(), checks);
  if (!report) return context.fail(report.error());
  return show_report(context, *report);
}

Exit take_over(const Context& context, const Options& options) {
  if (const auto done = Shop::take_over({context.data, {}}, options.confirm); !done)
    return context.fail(done.error());
  json::Object document;
  document.set("taken_over", true);
  context.show(
      "This data folder goes on with the journal. Delete every other copy of it, or keep "
      "them where nobody starts them.\n",
      document);
  return Exit::success;
}

Exit show(const Context& context, const Options& options) {
  const auto from = positive(options.from, "--from");
  if (!from) return context.fail(from.error());
  const auto limit = positive(options.limit, "--limit");
  if (!limit) return context.fail(limit.error());
  auto shop = Shop::open({context.data, {}}, Shop::Mode::read, {context.clock, context.random});
  if (!shop) return context.fail(shop.error());
  auto reader = (*shop)->reader();
  if (!reader) return context.fail(reader.error());
  std::string text;
  json::Array list;
  std::uint64_t next = *from;
  while (next < *from + *limit) {
    const auto entries = (*reader)->read(journal::Sequence(next), *from + *limit - next);
    if (!entries) return context.fail(entries.error());
    if (entries->empty()) break;
    for (const journal::Entry& entry : *entries) {
      text +=
          fmt::format("{:>8}  {}  {:<14} {:<12} {}\n          {}\n", entry.sequence.get(),
                      entry.at.text(), entry.kind, entry.register_id, hex(entry.hash).substr(0, 16),
                      entry.payload_removed ? "(payload removed)" : entry.payload);
      json::Object item;
      item.set("sequence", static_cast<std::int64_t>(entry.sequence.get()));
      item.set("hash", hex(entry.hash));
      item.set("header", entry.header);
      item.set("kind", entry.kind);
      if (const auto payload = json::parse(entry.payload, {.bytes_max = std::size_t{8} << 20}))
        item.set("payload", *payload);
      list.push_back(std::move(item));
    }
    next = entries->back().sequence.get() + 1;
  }
  const auto head = (*reader)->head();
  if (!head) return context.fail(head.error());
  json::Object document;
  document.set("data", std::move(list));
  document.set("head", static_cast<std::int64_t>(head->sequence.get()));
  context.show(text, document);
  return Exit::success;
}

}  // namespace

void add_journal(CommandLine& line, Context& context) {
  line.group("journal", "The one record everything is derived from");
  Options& options = line.own<Options>();
  line.command("journal verify", "Rebuild the journal's chain from its bytes and check every rule")
      .example("siegel journal verify")
      .example("siegel journal verify --tar export.tar")
      .list("--tar", options.tar, "FILE", "TSE export to compare with, both ways")
      .list("--head", options.heads, "SEQUENCE:HASH",
            "head of the journal as a Z slip shows it; the journal must contain it")
      .run([&] { return verify_command(context, options); });
  line.command("journal take-over",
               "Decide that this copy of the data folder goes on, and no other")
      .example("siegel journal take-over --confirm 7d1f2a90")
      .option("--confirm", options.confirm, "DIGITS",
              "first 8 digits of the journal's id; without them they are shown")
      .run([&] { return take_over(context, options); });
  line.command("journal show", "Show entries as they are stored")
      .example("siegel journal show --from 100 --limit 5")
      .option("--from", options.from, "N", "first sequence number, default 1")
      .option("--limit", options.limit, "N", "how many, default 20")
      .run([&] { return show(context, options); });
}

}  // namespace siegel::app
