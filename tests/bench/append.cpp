#include <fmt/format.h>

#include <array>
#include <utility>

#include "bare.h"
#include "base/time.h"
#include "country/de/de.h"
#include "format/json.h"
#include "journal/chain.h"
#include "journal/sqlite/sqlite.h"
#include "model/codec.h"
#include "report.h"
#include "runtime/threads/engine.h"
#include "world.h"

// One row for each request: a till keeps what it has rung up so far. The request goes through the
// recorder and the writer's thread; no device has a part in it.

namespace siegel::bench {
namespace {

constexpr std::size_t producers = 32;

/// Passes everything on and notes the bytes of each commit.
class NotingJournal final : public journal::Journal {
 public:
  explicit NotingJournal(std::unique_ptr<journal::sqlite::SqliteJournal> inner)
      : m_inner(std::move(inner)) {}

  Result<journal::Head> append(journal::Sequence first,
                               std::span<const journal::Draft> drafts) override {
    std::vector<bare::Row> rows;
    std::uint64_t sequence = first.get();
    for (const journal::Draft& draft : drafts)
      rows.push_back({journal::encode_header(journal::Sequence(sequence++), draft).size(),
                      draft.payload.size()});
    commits.push_back(std::move(rows));
    return m_inner->append(first, drafts);
  }
  Result<journal::Head> recover() override { return m_inner->recover(); }
  [[nodiscard]] journal::Head head() const override { return m_inner->head(); }
  Result<std::unique_ptr<journal::Reader>> reader() override { return m_inner->reader(); }

  std::vector<std::vector<bare::Row>> commits;  ///< filled on the writer's thread

 private:
  std::unique_ptr<journal::sqlite::SqliteJournal> m_inner;
};

Status set_up(runtime::Engine& engine, std::vector<RegisterId>& registers) {
  Business business;
  business.name = "Baeckerei Huber";
  SIEGEL_TRY_OK(engine.call("bench", recorder::Master{.value = business}));
  TseInfo tse;
  tse.id = "none";
  tse.serial = "00";
  SIEGEL_TRY_OK(engine.call("bench", recorder::Master{.value = tse}));
  for (std::size_t i = 0; i < producers; ++i) {
    SIEGEL_TRY(auto id, RegisterId::parse(fmt::format("KASSE-{:02}", i + 1)));
    SIEGEL_TRY_OK(engine.call(
        "bench",
        recorder::Master{.value = RegisterInfo{.id = id, .name = {}, .tse_serial = "00"}}));
    // The device is not there: the Vorgang is open without it.
    SIEGEL_TRY_OK(engine.call(
        "bench", recorder::Open{.register_id = id, .vorgang = VorgangId("bench"), .lookup = {}}));
    registers.push_back(std::move(id));
  }
  return Ok{};
}

/// Rows a second; each producer sends its next row when the last one is durable.
Result<double> append_rows(runtime::Engine& engine, const std::vector<RegisterId>& registers,
                           double seconds) {
  struct Answer {
    std::size_t index;
    bool ok;
  };
  const std::string draft = json::canonical(to_json_value(example_sale(0)));
  // Shared: the thread that answers last may still be in push() when the last answer is taken.
  const auto inbox = std::make_shared<runtime::Inbox<Answer>>();
  const auto send = [&](std::size_t index) {
    engine.submit(
        "bench", recorder::Update{registers[index], VorgangId("bench"), draft},
        [inbox, index](Result<recorder::Accepted> result) { inbox->push({index, result.ok()}); });
  };
  const double begin = seconds_now();
  for (std::size_t i = 0; i < registers.size(); ++i) send(i);
  std::size_t flying = registers.size();
  std::size_t rows = 0;
  bool failed = false;
  std::vector<Answer> answers;
  while (flying > 0) {
    inbox->take(answers);
    const bool more = seconds_now() < begin + seconds;
    for (const Answer& answer : answers) {
      ++rows;
      failed = failed || !answer.ok;
      if (more && !failed)
        send(answer.index);
      else
        --flying;
    }
  }
  if (failed) return unavailable("E-JRN-203", "an append failed");
  return static_cast<double>(rows) / (seconds_now() - begin);
}

Status run(const Settings& settings, Report& report) {
  std::vector<double> ours;
  std::vector<double> bare;
  double group = 0;
  for (int i = 0; i < settings.runs; ++i) {
    const auto folder = fresh_folder(settings, "append");
    SIEGEL_TRY(auto sqlite,
               journal::sqlite::open(
                   {.path = folder / "journal.db", .create = true, .vfs = {}, .reserve = {}}));
    NotingJournal journal(std::move(sqlite));
    const country::de::Germany germany;
    double rows = 0;
    std::size_t before = 0;
    {
      SIEGEL_TRY(const auto engine,
                 runtime::Engine::start(
                     journal, germany, {},
                     {.clock = &system_clock(),
                      .load = []() -> Result<recorder::State> { return recorder::State(); },
                      .on_durable = {}}));
      std::vector<RegisterId> registers;
      SIEGEL_TRY_OK(set_up(*engine, registers));
      before = journal.commits.size();
      SIEGEL_TRY(rows, append_rows(*engine, registers, settings.seconds));
    }
    ours.push_back(rows);
    const std::vector<std::vector<bare::Row>> commits(
        journal.commits.begin() + static_cast<std::ptrdiff_t>(before), journal.commits.end());
    group = rows * settings.seconds / static_cast<double>(commits.size());
    SIEGEL_TRY(const double bare_rows,
               bare::append_rows(fresh_folder(settings, "append-bare"), commits, settings.seconds));
    bare.push_back(bare_rows);
  }
  report.add({.name = "durable append, 32 producers",
              .unit = "rows/s",
              .value = median(ours),
              .bare = median(bare),
              .at_least = 0.6,
              .at_most = {},
              .ratio = {},
              .note = fmt::format("{:.0f} rows a commit", group)});
  return Ok{};
}

}  // namespace

void bench_append(const Settings& settings, Report& report) {
  if (const Status done = run(settings, report); !done.ok())
    report.failed("append", done.error().code + " " + done.error().detail);
}

}  // namespace siegel::bench
