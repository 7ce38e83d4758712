#include <fmt/format.h>

#include <filesystem>

#include "app/commands.h"
#include "app/day.h"
#include "app/demo_austria.h"
#include "app/export_tar.h"
#include "app/report_text.h"
#include "app/show.h"
#include "base/file.h"
#include "crypto/hash.h"
#include "crypto/x509.h"
#include "format/json_fields.h"
#include "model/codec.h"
#include "verify/journal/journal.h"
#include "verify/qr/code.h"
#include "verify/tse/logs.h"

namespace siegel::app {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::string file, out = "siegel-demo", country = "de", columns = "48";
};

struct Tally {
  std::size_t receipts = 0, signed_ = 0, printed = 0;
  Money turnover;
  std::vector<std::string> codes;
};

/// "siegel-demo", or the first free "siegel-demo-2", ...
fs::path free_folder(const std::string& name) {
  fs::path folder = name;
  std::error_code ignored;  // what cannot be looked at cannot be made either, and says why
  for (int i = 2; fs::exists(folder, ignored); ++i) folder = fmt::format("{}-{}", name, i);
  return folder;
}

Result<Ok> ring_up(const Context& context, Shop& shop, const Day& day, const Profile& profile,
                   int columns, DayClock& clock, Tally& tally) {
  for (const Day::Step& step : day.steps) {
    SaleRequest request{.register_id = day.register_id,
                        .key = step.key,
                        .draft = step.draft,
                        .actor = step.draft.cashier};
    request.fingerprint = crypto::sha256(bytes_of(json::canonical(to_json_value(request.draft))));
    if (step.opened_at) {
      clock.set(step.opened_at->instant());
      SIEGEL_TRY_OK(shop.open_vorgang(day.register_id, VorgangId(step.key), request.actor));
      request.flow = recorder::Sell::Flow::finish;
    }
    clock.set(step.at.instant());
    SIEGEL_TRY(const SaleAnswer answer, shop.sell(request));
    ++tally.receipts;
    const Receipt& receipt = answer.receipt;
    if (receipt.seal && receipt.seal->outcome == Seal::Outcome::signed_by_tse) ++tally.signed_;
    if (receipt.plan.kind == ReceiptKind::receipt || receipt.plan.kind == ReceiptKind::reversal)
      tally.turnover += receipt.plan.total;
    if (std::string code = shop.country().code_text(receipt); !code.empty())
      tally.codes.push_back(std::move(code));
    if (!step.print || context.json) continue;
    SIEGEL_TRY(const std::string text, receipt_text(receipt, shop.country(), profile,
                                                    {.columns = columns}, context.ansi()));
    context.note("\n" + text + "\n");
    ++tally.printed;
  }
  return Ok{};
}

/// One line of the summary, and whether it is good.
struct Check {
  std::string what;
  verify::Report report;
};

Result<std::vector<Check>> check_everything(const fs::path& folder, const Shop& shop,
                                            const TseInfo& tse, const fs::path& archive,
                                            const Tally& tally) {
  std::vector<Check> checks;
  verify::tse::Options trust;
  // The root made with the device; an auditor brings the one of the certification authority.
  SIEGEL_TRY(auto root, crypto::Certificate::parse(tse.certificates.back()));
  trust.trust_anchors.push_back(std::move(root));
  const std::vector<verify::tse::Input> archives{{.path = archive, .bytes = {}}};
  SIEGEL_TRY(auto logs, verify::tse::verify_logs(archives, trust));
  checks.push_back({"TSE archive", std::move(logs)});
  verify::journal::Options journal{.witness = {}, .logs = archives, .progress = {}};
  std::error_code ignored;
  if (fs::exists(shop.witness(), ignored)) journal.witness = shop.witness();
  SIEGEL_TRY(auto chain, verify::journal::verify_journal(folder / "journal.db", journal));
  checks.push_back({"journal against archive", std::move(chain)});
  SIEGEL_TRY(auto codes, verify::qr::verify_codes(tally.codes, {.logs = archives}));
  checks.push_back({"QR codes of the receipts", std::move(codes)});
  return checks;
}

Exit demo(const Context& context, const Options& options) {
  if (options.country != "de" && options.country != "at")
    return context.fail(
        invalid("E-CLI-107", "the demo knows the countries de and at", "--country"));
  const auto columns = columns_of(options.columns);
  if (!columns) return context.fail(columns.error());
  if (options.country == "at") return demo_austria(context, {options.out, *columns});
  std::string text(bakery_day());
  if (!options.file.empty()) {
    const auto bytes = read_file(options.file, std::uint64_t{8} << 20);
    if (!bytes) return context.fail(bytes.error());
    text = text_of(*bytes);
  }
  const auto day = day_from_json(text);
  if (!day) return context.fail(day.error());
  if (day->steps.empty())
    return context.fail(invalid("E-CLI-108", "the day holds no receipt", "/receipts"));

  // The shop's day in fast motion: its clock is set to each receipt's time.
  const Day::Step& first = day->steps.front();
  DayClock clock(context.clock, (first.opened_at ? *first.opened_at : first.at).instant() -
                                    std::chrono::minutes(10));
  const fs::path folder = free_folder(options.out);
  const Environment environment{clock, context.random};
  Profile profile;
  Tally tally;
  const fs::path archive = folder / "tse-1.tar";
  const auto run = [&]() -> Result<std::vector<Check>> {
    context.note(fmt::format("1. data folder {}, software TSE (not certified), register {}\n",
                             folder.string(), day->register_id.text()));
    SIEGEL_TRY_OK(Shop::create({{folder, {}}, day->business, profile, {}}, environment));
    SIEGEL_TRY(auto shop, Shop::open({folder, {}}, Shop::Mode::write, environment));
    SIEGEL_TRY(const TseInfo tse, shop->create_tse({}, "demo"));
    SIEGEL_TRY_OK(
        shop->add_register({day->register_id, day->register_name, tse.serial}, false, "demo"));
    context.note(
        fmt::format("2. ringing up {} receipts of {}\n", day->steps.size(), day->business.name));
    SIEGEL_TRY_OK(ring_up(context, *shop, *day, profile, *columns, clock, tally));
    context.note("3. exporting the TSE's archive, verifying everything\n");
    SIEGEL_TRY_OK(export_tar(*shop, tse.id, {}, archive));
    const fs::path journal_folder = shop->folder();
    shop.reset();  // writes witness and snapshot
    SIEGEL_TRY(shop, Shop::open({folder, {}}, Shop::Mode::read, environment));
    return check_everything(journal_folder, *shop, tse, archive, tally);
  };
  const auto checks = run();
  if (!checks) return context.fail(checks.error());

  Exit exit = Exit::success;
  std::string summary = fmt::format(
      "\n   receipts          {:>8}   signed by the TSE {}\n"
      "   turnover          {:>8} EUR\n",
      tally.receipts, tally.signed_, tally.turnover.text());
  json::Object document;
  json::Array list;
  for (const Check& check : *checks) {
    const verify::Verdict verdict = check.report.verdict();
    if (verdict == verify::Verdict::fail) exit = Exit::findings;
    summary += fmt::format("   {:<26} {:>5} signatures, {} valid: {}\n", check.what,
                           check.report.signatures.checked, check.report.signatures.valid,
                           verify::verdict_name(verdict));
    for (const verify::Finding& finding : check.report.findings())
      summary += fmt::format("      {} {} {}: {}\n", verify::severity_name(finding.severity),
                             finding.rule, finding.place, finding.found);
    json::Object item;
    item.set("what", check.what);
    item.set("verdict", verify::verdict_name(verdict));
    item.set("checked", static_cast<std::int64_t>(check.report.signatures.checked));
    item.set("valid", static_cast<std::int64_t>(check.report.signatures.valid));
    list.push_back(std::move(item));
  }
  const std::string data = folder.string();
  summary += fmt::format(
      "\nTry next (build/release/bin/siegel):\n"
      "  siegel --data {0} receipt list\n"
      "  siegel --data {0} receipt explain {1}-000005\n"
      "  siegel --data {0} sale --register {1} --item \"Brezel:2:1.80:B\" --cash 20\n"
      "  siegel verify {2}\n"
      "  siegel --data {0} journal verify --tar {2}\n",
      data, day->register_id.text(), archive.string());
  document.set("checks", std::move(list));
  document.set("data", data);
  document.set("receipts", static_cast<std::int64_t>(tally.receipts));
  document.set("signed", static_cast<std::int64_t>(tally.signed_));
  document.set("tar", archive.string());
  context.show(summary, document);
  return exit;
}

}  // namespace

void add_demo(CommandLine& line, Context& context) {
  Options& options = line.own<Options>();
  line.command("demo", "A shop's day (Austria: a year) in fast motion: create, sell, print, verify")
      .example("siegel demo")
      .example("siegel demo --country at")
      .example("siegel demo examples/de/bakery-day.json --out /tmp/day")
      .positional("file", options.file, "the day as JSON; left out: the bakery built in")
      .option("--out", options.out, "DIR", "folder to make, default siegel-demo")
      .option("--country", options.country, "CC", "de (default): a day; at: a year")
      .option("--columns", options.columns, "N", "width of the prints, default 48")
      .run([&] { return demo(context, options); });
}

}  // namespace siegel::app
