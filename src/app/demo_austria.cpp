#include "app/demo_austria.h"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <filesystem>

#include "app/at/dues.h"
#include "app/at_tools.h"
#include "app/day.h"
#include "app/export_file.h"
#include "app/show.h"
#include "base/file.h"
#include "country/at/export/container.h"
#include "crypto/hash.h"
#include "finanzonline/sheet.h"
#include "model/codec.h"
#include "verify/journal/journal.h"
#include "verify/rksv/rksv.h"
#include "views/rksv_export.h"

namespace siegel::app {
namespace {

namespace fs = std::filesystem;

constexpr int months = 13;
constexpr std::array business_days = {3, 9, 14, 20, 25};
constexpr int sales_a_day = 6;
// The days on which something happens, counted in months from the beginning.
constexpr int card_fails_in = 1;
constexpr int all_fail_in = 4;
constexpr int looks_a_step = 2'000;
constexpr int looks_max = 500 * looks_a_step;

struct Article {
  std::string_view text;
  std::int64_t cents;
  std::string_view vat;
};
constexpr std::array articles = {
    Article{"Melange", 420, "A"},       Article{"Kaisersemmel", 90, "B"},
    Article{"Sachertorte", 560, "B"},   Article{"Glas Zweigelt", 480, "A"},
    Article{"Topfenstrudel", 510, "B"}, Article{"Schnittblumen", 790, "C"},
    Article{"Stadtplan", 350, "A"},     Article{"Gutschein (Mehrzweck)", 2000, "D"},
};
/// 4.9 % since 1 July 2026.
constexpr Article food{"Bauernbrot", 480, "F"};
constexpr Date food_since{2026, 7, 1};

class Year {
 public:
  Year(const Context& context, const AustrianDemo& options, fs::path folder, DayClock& clock,
       Date first)
      : m_context(context),
        m_options(options),
        m_folder(std::move(folder)),
        m_clock(clock),
        m_environment{clock, context.random},
        m_first(first) {}

  Status run();
  [[nodiscard]] Exit report();

 private:
  struct Tally {
    std::size_t receipts = 0, signed_ = 0, unsigned_ = 0, by_second = 0, made_by_itself = 0;
    Money turnover;
  };

  Status set_up();
  Status live();
  Status month(int number, Date first);
  Status day(Date date, bool last_of_month);
  Status sell(Instant at, int number);
  Status tell(const Receipt& receipt, std::string_view what);
  Status card_fails(Date date);
  Status all_fail(Date date);
  Status wait_for(const std::function<bool(const recorder::State&)>& reached);
  Status export_and_verify();
  void pull(const std::string& id) const { (void)write_file(pulled(id), {}).ok(); }
  void plug(const std::string& id) const {
    std::error_code ignored;
    fs::remove(pulled(id), ignored);
  }
  [[nodiscard]] fs::path pulled(const std::string& id) const {
    return m_folder / "signers" / (id + ".pulled");
  }
  [[nodiscard]] Instant at(Date date, int hour, int minute) const {
    return *Instant::parse(fmt::format("{}T{:02}:{:02}:00Z", date.text(), hour, minute));
  }
  void count(const Receipt& receipt);

  const Context& m_context;
  const AustrianDemo& m_options;
  fs::path m_folder;
  DayClock& m_clock;
  Environment m_environment;
  Date m_first;
  std::unique_ptr<Shop> m_shop;
  RegisterId m_id = *RegisterId::parse("KASSE-01");
  Tally m_tally;
  bool m_printed = false;
  int m_sales = 0;
  std::vector<std::pair<std::string, verify::Report>> m_checks;
  std::string m_official;
  std::uint64_t m_dep_bytes = 0;
};

Date plus_months(Date first, int count) {
  const auto ymd = first.ymd() + std::chrono::months(count);
  return Date(ymd);
}

Date last_day(Date first) {
  const auto ymd = first.ymd();
  return Date(std::chrono::year_month_day(ymd.year() / ymd.month() / std::chrono::last));
}

void Year::count(const Receipt& receipt) {
  ++m_tally.receipts;
  if (!receipt.seal) return;
  if (receipt.seal->outcome == Seal::Outcome::signed_rksv) ++m_tally.signed_;
  if (receipt.seal->outcome == Seal::Outcome::unsigned_outage) ++m_tally.unsigned_;
  if (receipt.seal->outcome == Seal::Outcome::signed_rksv && receipt.seal->signer == "soft-2")
    ++m_tally.by_second;
  if (receipt.plan.kind == ReceiptKind::receipt) m_tally.turnover += receipt.plan.total;
}

Status Year::tell(const Receipt& receipt, std::string_view what) {
  const bool is_signed = receipt.seal && receipt.seal->outcome == Seal::Outcome::signed_rksv;
  m_context.note(fmt::format("   {}  {:<12} {}  {}\n", receipt.plan.decided.date().text(), what,
                             receipt.plan.receipt_number,
                             is_signed ? "signed by " + receipt.seal->signer
                                       : std::string("Sicherheitseinrichtung ausgefallen")));
  return Ok{};
}

Status Year::set_up() {
  Business business;
  business.name = "Café Donauwelle e.U.";
  business.street = "Uferstraße 3";
  business.postcode = "3500";
  business.city = "Krems";
  business.country = "AT";
  business.vat_id = "ATU12345678";
  business.time_zone = "Europe/Vienna";
  business.footer_lines = {"Danke für Ihren Besuch!"};
  m_context.note(
      fmt::format("1. data folder {}, two software signers (for development), register "
                  "{}\n",
                  m_folder.string(), m_id.text()));
  SIEGEL_TRY_OK(Shop::create({{m_folder, {}}, business, {}, {}}, m_environment));
  SIEGEL_TRY(m_shop, Shop::open({m_folder, {}}, Shop::Mode::write, m_environment));
  RegisterInfo info;
  info.id = m_id;
  info.name = "Kasse 1";
  for (const char* id : {"soft-1", "soft-2"}) {
    CreateSigner create;
    create.settings.id = id;
    create.settings.kind = "softkey";
    SIEGEL_TRY_OK(m_shop->create_signer(std::move(create), "demo"));
    info.signers.emplace_back(id);
  }
  SIEGEL_TRY(const auto key, m_shop->make_aes_key(m_id, nullptr));
  SIEGEL_TRY(info.aes_check, finanzonline::key_check_value(key));
  SIEGEL_TRY_OK(m_shop->add_register(info, false, "demo"));
  m_context.note(fmt::format("   AES-256 key in the vault, check value {}\n", info.aes_check));
  SIEGEL_TRY(const Receipt start, make_special(*m_shop, m_id, ReceiptKind::start, {}, "demo"));
  count(start);
  SIEGEL_TRY_OK(tell(start, "Startbeleg"));
  SIEGEL_TRY_OK(m_shop->record(ReceiptCheck{.register_id = m_id,
                                            .receipt_number = start.plan.receipt_number,
                                            .at = m_clock.now().wall,
                                            .passed = true,
                                            .by = "manual",
                                            .text = "demo"},
                               "demo"));
  return Ok{};
}

Status Year::sell(Instant when, int number) {
  m_clock.set(when);
  SaleRequest request{
      .register_id = m_id, .key = fmt::format("sale-{}", ++m_sales), .draft = {}, .actor = "Resi"};
  request.draft.cashier = "Resi";
  SIEGEL_TRY(const LocalStamp here, LocalStamp::from(when, "Europe/Vienna"));
  const auto add = [&](const Article& article, int quantity) {
    LineDraft line;
    line.text = article.text;
    line.quantity = Quantity::from_raw(quantity * 1000);
    line.unit_price = UnitPrice::from_raw(article.cents * 1000);
    line.vat = article.vat;
    request.draft.lines.push_back(std::move(line));
  };
  const auto count_of = static_cast<int>(articles.size());
  add(articles.at(static_cast<std::size_t>((m_sales + number) % count_of)), 1 + m_sales % 3);
  add(articles.at(static_cast<std::size_t>((m_sales * 3 + 1) % count_of)), 1);
  if (here.date() >= food_since && m_sales % 2 == 0) add(food, 1);
  Money total;
  for (const LineDraft& line : request.draft.lines)
    total += Money::from_cents(line.unit_price->raw() / 1000 * line.quantity.raw() / 1000);
  PaymentDraft payment;
  payment.kind = m_sales % 4 == 0 ? PaymentKind::ec_karte : PaymentKind::bar;
  payment.amount = total;
  request.draft.payments.push_back(payment);
  // Now and then somebody learns.
  if (m_sales % 41 == 0) {
    request.draft.kind = ReceiptKind::training;
    request.draft.payments.clear();
  }
  request.fingerprint = crypto::sha256(bytes_of(json::canonical(to_json_value(request.draft))));
  SIEGEL_TRY(const SaleAnswer answer, m_shop->sell(request));
  count(answer.receipt);
  if (m_printed || m_context.json) return Ok{};
  m_printed = true;
  SIEGEL_TRY(const std::string text,
             receipt_text(answer.receipt, m_shop->country(), {}, {.columns = m_options.columns},
                          m_context.ansi()));
  m_context.note("\n" + text + "\n");
  return Ok{};
}

/// What is asked of a device takes a moment; the shop's clock runs on meanwhile.
Status Year::wait_for(const std::function<bool(const recorder::State&)>& reached) {
  for (int i = 0; i < looks_max; ++i) {
    SIEGEL_TRY(const recorder::State state, m_shop->state());
    if (reached(state)) return Ok{};
    // Rarely, and by as much as a device is left alone: a clock that ran ahead of the threads would
    // let every call expire before it is begun.
    if (i % looks_a_step == 0) m_clock.set(m_clock.now().wall + std::chrono::seconds(11));
  }
  return unavailable("E-CLI-111", "what the demo waits for did not happen");
}

Status Year::card_fails(Date date) {
  pull("soft-1");
  m_context.note(
      fmt::format("   {}  soft-1 is pulled: soft-2 signs the same receipt at once\n", date.text()));
  for (int i = 0; i < 3; ++i) SIEGEL_TRY_OK(sell(at(date, 13, 10 + i), i));
  plug("soft-1");
  SIEGEL_TRY_OK(wait_for([](const recorder::State& state) {
    const auto outage = state.outages.find("soft-1");
    return outage != state.outages.end() && !outage->second.open;
  }));
  m_context.note(fmt::format("   {}  soft-1 is back, nobody had to do anything\n", date.text()));
  return Ok{};
}

Status Year::all_fail(Date date) {
  pull("soft-1");
  pull("soft-2");
  m_context.note(
      fmt::format("   {}  both devices are gone: selling goes on, receipts say so\n", date.text()));
  for (int i = 0; i < 4; ++i) SIEGEL_TRY_OK(sell(at(date, 13, 10 + i), i));
  plug("soft-2");
  SIEGEL_TRY_OK(wait_for([&](const recorder::State& state) {
    const auto& rksv = state.registers.at(m_id.text()).rksv;
    return rksv && !rksv->run;
  }));
  plug("soft-1");
  SIEGEL_TRY(const auto rows, m_shop->receipts({.register_id = m_id.text(),
                                                .first = {},
                                                .last = {},
                                                .kind = ReceiptKind::collective,
                                                .state = {}},
                                               1));
  if (rows.empty()) return corrupt("E-CLI-111", "there is no Sammelbeleg");
  SIEGEL_TRY(const Receipt receipt, m_shop->receipt(rows.front().receipt_number));
  count(receipt);
  ++m_tally.made_by_itself;
  return tell(receipt, "Sammelbeleg");
}

Status Year::day(Date date, bool last_of_month) {
  for (int i = 0; i < sales_a_day; ++i) SIEGEL_TRY_OK(sell(at(date, 7, 20 + i * 6), i));
  m_clock.set(at(date, 17, 5));
  SIEGEL_TRY(const DayClosed closed,
             m_shop->close_day(m_id, "close-" + date.text(), last_of_month, "demo"));
  if (!closed.receipt) return Ok{};
  count(*closed.receipt);
  ++m_tally.made_by_itself;
  return tell(*closed.receipt,
              closed.receipt->plan.kind == ReceiptKind::year ? "Jahresbeleg" : "Monatsbeleg");
}

Status Year::month(int number, Date first) {
  for (const int in_month : business_days) {
    const Date date(std::chrono::year_month_day(std::chrono::sys_days(first.ymd()) +
                                                std::chrono::days(in_month - 1)));
    if (number == card_fails_in && in_month == business_days[2]) SIEGEL_TRY_OK(card_fails(date));
    if (number == all_fail_in && in_month == business_days[3]) SIEGEL_TRY_OK(all_fail(date));
    SIEGEL_TRY_OK(day(date, false));
  }
  return day(last_day(first), true);
}

Status Year::live() {
  m_context.note(fmt::format("2. {} months from {} on, in fast motion\n", months, m_first.text()));
  for (int i = 0; i < months; ++i) SIEGEL_TRY_OK(month(i, plus_months(m_first, i)));
  SIEGEL_TRY(const recorder::State state, m_shop->state());
  SIEGEL_TRY(const auto dues, at::dues_of(*m_shop, state, m_clock.now().wall));
  m_context.note("3. what is due now:\n");
  for (const at::Due& due : dues)
    m_context.note(fmt::format("   {:<8} {}  {}\n", at::word_of(due.state), due.until.date().text(),
                               at::title_of(due, m_context.shown_language())));
  return Ok{};
}

Status Year::export_and_verify() {
  m_context.note("4. exporting the DEP, verifying everything\n");
  const fs::path dep = m_folder / "dep7.json";
  const fs::path container = m_folder / "container.json";
  SIEGEL_TRY(const auto reader, m_shop->reader());
  views::RksvSelection selection;
  selection.register_id = m_id.text();
  SIEGEL_TRY(const Written written, write_export(dep, [&](Sink& sink) -> Status {
               SIEGEL_TRY_OK(views::export_dep7(*reader, selection, sink));
               return Ok{};
             }));
  m_dep_bytes = written.bytes;
  SIEGEL_TRY(const auto signers, views::rksv_signers(*reader));
  SIEGEL_TRY(const auto key, m_shop->aes_key(m_id));
  const crypto::SecretBytes keys = country::at::container_json(key, signers);
  SIEGEL_TRY_OK(write_file(container, keys.reveal(), {.mode = 0600}));

  verify::rksv::Options options;
  options.now = m_clock.now().wall;
  SIEGEL_TRY(auto outcome, verify::rksv::verify_dep({.path = dep}, {.path = container}, options));
  m_official = std::string(outcome.official.state_name());
  m_checks.emplace_back("DEP export", std::move(outcome.report));
  const fs::path witness = m_shop->witness();
  const fs::path journal = m_shop->journal_file();
  m_shop.reset();  // writes witness and snapshot
  verify::journal::Options checks{.witness = {}, .logs = {}, .progress = {}};
  std::error_code ignored;
  if (fs::exists(witness, ignored)) checks.witness = witness;
  SIEGEL_TRY(auto chain, verify::journal::verify_journal(journal, checks));
  m_checks.emplace_back("journal", std::move(chain));
  return Ok{};
}

Status Year::run() {
  SIEGEL_TRY_OK(set_up());
  SIEGEL_TRY_OK(live());
  return export_and_verify();
}

Exit Year::report() {
  Exit exit = Exit::success;
  std::string summary = fmt::format(
      "\n   receipts          {:>8}   signed {}, by the second device {}, unsigned {}\n"
      "   made by itself    {:>8}   Monatsbelege, Jahresbeleg, Sammelbeleg\n"
      "   turnover          {:>8} EUR\n   DEP               {:>8} bytes\n",
      m_tally.receipts, m_tally.signed_, m_tally.by_second, m_tally.unsigned_,
      m_tally.made_by_itself, m_tally.turnover.text(), m_dep_bytes);
  json::Array list;
  for (const auto& [what, report] : m_checks) {
    const verify::Verdict verdict = report.verdict();
    if (verdict == verify::Verdict::fail) exit = Exit::findings;
    summary +=
        fmt::format("   {:<12} {:>5} signatures, {} valid: {}\n", what, report.signatures.checked,
                    report.signatures.valid, verify::verdict_name(verdict));
    for (const verify::Finding& finding : report.findings())
      summary += fmt::format("      {} {} {}: {}\n", verify::severity_name(finding.severity),
                             finding.rule, finding.place, finding.found);
    json::Object item;
    item.set("what", what);
    item.set("verdict", verify::verdict_name(verdict));
    item.set("checked", static_cast<std::int64_t>(report.signatures.checked));
    item.set("valid", static_cast<std::int64_t>(report.signatures.valid));
    list.push_back(std::move(item));
  }
  if (m_official != "PASS") exit = Exit::findings;
  summary += fmt::format("   the official tool would say: {}\n", m_official);
  const std::string data = m_folder.string();
  summary += fmt::format(
      "\nTry next (build/release/bin/siegel):\n"
      "  siegel --data {0} receipt list --limit 20\n"
      "  siegel --data {0} receipt explain {1}-000002\n"
      "  siegel --data {0} dues --ics dues.ics\n"
      "  siegel --data {0} sale --register {1} --item \"Melange:2:4.20:A\" --cash 20\n"
      "  siegel verify {0}/dep7.json --container {0}/container.json\n"
      "  siegel --data {0} journal verify\n",
      data, m_id.text());
  json::Object document;
  document.set("checks", std::move(list));
  document.set("data", data);
  document.set("dep", (m_folder / "dep7.json").string());
  document.set("official", m_official);
  document.set("receipts", static_cast<std::int64_t>(m_tally.receipts));
  document.set("signed", static_cast<std::int64_t>(m_tally.signed_));
  document.set("unsigned", static_cast<std::int64_t>(m_tally.unsigned_));
  m_context.show(summary, document);
  return exit;
}

}  // namespace

Exit demo_austria(const Context& context, const AustrianDemo& options) {
  // It ends with the month before this one, so that nothing lies in the future.
  const auto today = LocalStamp::from(context.clock.now().wall, "Europe/Vienna");
  if (!today) return context.fail(today.error());
  const auto ymd = today->date().ymd();
  const Date this_month(std::chrono::year_month_day(ymd.year() / ymd.month() / 1));
  const Date first = plus_months(this_month, -months);
  const auto begin = Instant::parse(first.text() + "T06:00:00Z");
  if (!begin) return context.fail(begin.error());
  fs::path folder = options.out;
  std::error_code ignored;
  for (int i = 2; fs::exists(folder, ignored); ++i) folder = fmt::format("{}-{}", options.out, i);
  DayClock clock(context.clock, *begin);
  Year year(context, options, folder, clock, first);
  if (const auto done = year.run(); !done) return context.fail(done.error());
  return year.report();
}

}  // namespace siegel::app
