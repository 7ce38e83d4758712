#include <fmt/format.h>

#include <filesystem>
#include <string>
#include <vector>

#include "exports/dsfinvk.h"
#include "journal/sqlite/sqlite.h"
#include "model/codec.h"
#include "recorder/state.h"
#include "report.h"

// A DSFinV-K export of 10^6 receipts with three lines each, from the journal in SQLite to files. In
// a process of its own, so that its memory is that of an export and its time that of one thread.

namespace siegel::bench {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t receipts = 1'000'000;
constexpr std::uint64_t receipts_a_closing = 1000;
constexpr double mega = 1'000'000;
constexpr std::int64_t begin_s = 1'767'225'600;

class Filler {
 public:
  explicit Filler(journal::Journal& journal) : m_journal(journal) {}
  Result<std::uint64_t> put(std::string_view kind, std::string payload) {
    journal::Draft& draft = m_drafts.emplace_back();
    draft.kind = kind;
    draft.at = Instant::from_unix(begin_s + static_cast<std::int64_t>(m_sequence));
    draft.register_id = "KASSE-01";
    draft.actor = "till";
    if (kind == entry_kind::plan)
      draft.key = journal::Key{.text = fmt::format("key-{}", m_sequence), .fingerprint = {}};
    draft.payload = std::move(payload);
    ++m_sequence;
    if (m_drafts.size() == 2000) SIEGEL_TRY_OK(flush());
    return m_sequence;
  }
  Status flush() {
    SIEGEL_TRY_OK(m_journal.append(journal::Sequence(m_sequence - m_drafts.size() + 1), m_drafts));
    m_drafts.clear();
    return Ok{};
  }

 private:
  journal::Journal& m_journal;
  std::vector<journal::Draft> m_drafts;
  std::uint64_t m_sequence = 0;
};

TseInfo tse() {
  TseInfo info;
  info.id = "tse-1";
  info.serial = std::string(64, 'a');
  info.algorithm = "ecdsa-plain-SHA256";
  info.time_format = "unixTime";
  info.public_key = Bytes(65);
  info.certificates = {Bytes(500)};
  return info;
}

Plan breakfast(const RegisterInfo& info) {
  Plan plan;
  plan.register_id = info.id;
  plan.bon_typ = "Beleg";
  plan.cashier = "Meryem";
  plan.tse_serial = info.tse_serial;
  plan.business_sequence = 1;
  for (int i = 0; i < 3; ++i) {
    PlanLine& line = plan.lines.emplace_back();
    line.text = i == 0   ? "Kaffee Crema"
                : i == 1 ? "Brezel"
                         : "Fr\xC3\xBChst\xC3\xBC"
                           "ck";
    line.quantity = Quantity::from_raw(1000 * (i + 1));
    line.unit_price = UnitPrice::from_raw(250'000);
    line.amount = line.total = Money::from_cents(250 * (i + 1));
    line.article = fmt::format("A-10{}", i);
    line.shares = {{VatKey(i == 0 ? 1 : 2), VatRate::from_hundredths(i == 0 ? 1900 : 700),
                    i == 0 ? 1 : 2, line.total}};
  }
  plan.vat = {{VatKey(1), VatRate::from_hundredths(1900), 1, 'A', Money::from_cents(210),
               Money::from_cents(40), Money::from_cents(250)},
              {VatKey(2), VatRate::from_hundredths(700), 2, 'B', Money::from_cents(1168),
               Money::from_cents(82), Money::from_cents(1250)}};
  plan.total = Money::from_cents(1500);
  plan.payments = {{PaymentKind::bar, Money::from_cents(2000), {}, Money::from_cents(2000), {}}};
  plan.change = Money::from_cents(500);
  plan.process_data = "Beleg^2.50_12.50_0.00_0.00_0.00^15.00:Bar";
  return plan;
}

Status fill(journal::Journal& journal, const RegisterInfo& info) {
  Filler filler(journal);
  Business business;
  business.name = "Bench";
  business.street = "Markt 1";
  business.postcode = "89073";
  business.city = "Ulm";
  business.tax_number = "88/123/45678";
  SIEGEL_TRY_OK(filler.put(entry_kind::business, to_json(business)));
  SIEGEL_TRY_OK(filler.put(entry_kind::tse, to_json(tse())));
  Closing closing;
  closing.register_id = info.id;
  closing.receipts = receipts_a_closing;
  closing.business_sequence = 1;
  SIEGEL_TRY(closing.register_sequence, filler.put(entry_kind::register_, to_json(info)));
  closing.tses = {info.tse_serial};
  Plan plan = breakfast(info);
  Seal seal;
  seal.outcome = Seal::Outcome::signed_by_tse;
  seal.tse_serial = info.tse_serial;
  seal.signature = seal.start_signature = Bytes(64, std::byte{7});
  for (std::uint64_t n = 1; n <= receipts; ++n) {
    const Instant at = Instant::from_unix(begin_s + static_cast<std::int64_t>(n) * 30);
    plan.number = n;
    plan.receipt_number = fmt::format("KASSE-01-{:06}", n);
    plan.vorgang = VorgangId(fmt::format("key-{}", n));
    SIEGEL_TRY(plan.began, LocalStamp::from(at, "Europe/Berlin"));
    plan.decided = plan.began;
    SIEGEL_TRY(seal.plan_sequence, filler.put(entry_kind::plan, to_json(plan)));
    if (n % receipts_a_closing == 1) closing.first_sequence = seal.plan_sequence;
    seal.transaction = n;
    seal.start_signature_counter = 2 * n - 1;
    seal.signature_counter = 2 * n;
    seal.start = seal.end = at;
    SIEGEL_TRY_OK(filler.put(entry_kind::seal, to_json(seal)));
    if (n % receipts_a_closing != 0) continue;
    ++closing.number;
    closing.at = plan.decided;
    closing.first_number = n - receipts_a_closing + 1;
    closing.last_number = n;
    SIEGEL_TRY(closing.previous, filler.put(entry_kind::closing, to_json(closing)));
  }
  return filler.flush();
}

Status run_export(const fs::path& folder) {
  RegisterInfo info;
  SIEGEL_TRY(info.id, RegisterId::parse("KASSE-01"));
  info.tse_serial = tse().serial;
  const fs::path file = folder / "journal.db";
  {
    SIEGEL_TRY(const auto journal, journal::sqlite::open({.path = file, .create = true}));
    SIEGEL_TRY_OK(fill(*journal, info));
  }
  SIEGEL_TRY(const auto reader, journal::sqlite::open_reader({.path = file}));
  SIEGEL_TRY(const journal::Head head, reader->head());
  recorder::State state;
  state.registers["KASSE-01"].info = info;
  state.registers["KASSE-01"].last_closing = head.sequence.get();
  state.tses[info.tse_serial] = tse();
  const double begin = seconds_now();
  SIEGEL_TRY(const exports::Survey survey, exports::survey(*reader, state));
  SIEGEL_TRY(const auto done, exports::export_dsfinvk(*reader, survey, {},
                                                      {.target = folder / "export", .more = {}}));
  const double seconds = seconds_now() - begin;
  double bytes = 0;
  for (const exports::WrittenFile& written : done.files)
    bytes += static_cast<double>(written.bytes);
  fmt::print("{} {} {}\n", seconds, bytes, peak_memory_mb());
  return Ok{};
}

struct Child {
  double seconds = 0;
  double bytes = 0;
  double memory_mb = 0;
};

Result<Child> run_child() {
  const std::string command = fmt::format("taskset -c 0 '{}' --export-dsfinvk-child",
                                          fs::read_symlink("/proc/self/exe").string());
  std::FILE* pipe = popen(command.c_str(), "r");
  Child child;
  const bool read = pipe != nullptr && std::fscanf(pipe, "%lf %lf %lf", &child.seconds,
                                                   &child.bytes, &child.memory_mb) == 3;
  if (pipe == nullptr || pclose(pipe) != 0 || !read)
    return unavailable("E-FIL-004", "the export failed");
  return child;
}

}  // namespace

int export_dsfinvk_child() {
  const fs::path folder = fs::temp_directory_path() / "siegel-bench-export-dsfinvk";
  std::error_code ignored;
  fs::remove_all(folder, ignored);
  fs::create_directories(folder, ignored);
  const Status done = run_export(folder);
  fs::remove_all(folder, ignored);
  if (!done.ok()) fmt::print(stderr, "{} {}\n", done.error().code, done.error().detail);
  return done.ok() ? 0 : 1;
}

void bench_export_dsfinvk(const Settings& /*settings*/, Report& report) {
  const auto child = run_child();
  if (!child.ok()) {
    report.failed("export-dsfinvk", child.error().detail);
    return;
  }
  constexpr double bar_mb_s = 150;
  constexpr double bar_mb = 200;
  const double rate = child->bytes / mega / child->seconds;
  report.add({.name = "write a DSFinV-K export",
              .unit = "MB/s",
              .value = rate,
              .bare = {},
              .at_least = 1.0,
              .at_most = {},
              .ratio = rate / bar_mb_s,
              .note = fmt::format("{} receipts from SQLite, one core; ratio to {} MB/s", receipts,
                                  bar_mb_s)});
  report.add({.name = "  memory of it",
              .unit = "MB",
              .value = child->memory_mb,
              .bare = {},
              .at_least = {},
              .at_most = 1.0,
              .ratio = child->memory_mb / bar_mb,
              .note = fmt::format("ratio to {} MB", bar_mb)});
}

}  // namespace siegel::bench
