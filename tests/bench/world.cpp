#include "world.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/file.h"
#include "base/random.h"
#include "crypto/hash.h"
#include "device/softkey/softkey.h"
#include "format/json.h"
#include "journal/chain.h"
#include "model/codec.h"
#include "verify/tse/logs.h"

namespace siegel::bench {
namespace {

crypto::SecretBytes secret(std::string_view text) {
  return crypto::SecretBytes::copy_of(bytes_of(text));
}

/// Two rolls and a coffee: two VAT rates, cash.
ReceiptDraft example_sale(std::size_t n) {
  ReceiptDraft draft;
  const auto line = [&](std::string text, std::int64_t pieces, std::int64_t cents,
                        std::string vat) {
    LineDraft out;
    out.text = std::move(text);
    out.quantity = Quantity::from_raw(pieces * 1000);
    out.amount = Money::from_cents(pieces * cents);
    out.vat = std::move(vat);
    draft.lines.push_back(std::move(out));
  };
  line("Brezel", 2, 180, "B");
  line("Roggenbrot 750 g", 1, 420 + static_cast<std::int64_t>(n % 7) * 10, "B");
  line("Kaffee Creme", 1, 290, "A");
  PaymentDraft payment;
  payment.amount = Money::from_cents(2000);
  draft.payments.push_back(std::move(payment));
  draft.cashier = "Frau Huber";
  return draft;
}

}  // namespace

Result<journal::Head> NotingJournal::append(journal::Sequence first,
                                            std::span<const journal::Draft> drafts) {
  if (noting) {
    std::vector<Row> rows;
    std::uint64_t sequence = first.get();
    for (const journal::Draft& draft : drafts)
      rows.push_back({journal::encode_header(journal::Sequence(sequence++), draft).size(),
                      draft.payload.size()});
    commits.push_back(std::move(rows));
  }
  return m_inner->append(first, drafts);
}

void Stopwatch::finish(Run& run) const {
  const Usage now = usage();
  const auto sales = static_cast<double>(run.latencies_ms.size());
  run.sales_a_second = sales / (seconds_now() - m_begin);
  run.cpu_us = (now.cpu_us - m_usage.cpu_us) / sales;
  run.switches = (now.switches - m_usage.switches) / sales;
  std::sort(run.latencies_ms.begin(), run.latencies_ms.end());
}

Result<std::unique_ptr<World>> World::open(const std::filesystem::path& folder) {
  std::unique_ptr<World> world(new World);
  world->m_folder = folder;
  const bool fresh = !std::filesystem::exists(folder / "journal.db");
  SIEGEL_TRY(auto journal,
             journal::sqlite::open(
                 {.path = folder / "journal.db", .create = fresh, .vfs = {}, .reserve = {}}));
  world->m_journal = std::make_unique<NotingJournal>(std::move(journal));
  const device::softtse::StorePlace place{.file = folder / "tse.db", .vfs = {}};
  const device::softtse::Environment environment{system_clock(), system_random()};
  if (fresh) {
    SIEGEL_TRY(auto key, device::SoftKey::generate(crypto::Curve::p256));
    SIEGEL_TRY_OK(write_file(folder / "key", key->pkcs8().reveal()));
    device::softtse::CreateOptions options;
    options.store = place;
    options.admin = {.pin = secret("12345678"), .puk = secret("1234567890")};
    options.time_admin = {.pin = secret("12345678"), .puk = secret("1234567890")};
    options.limits.storage_bytes = 80'000'000'000;
    SIEGEL_TRY(world->m_tse,
               device::softtse::SoftTse::create(options, std::move(key), environment));
  } else {
    SIEGEL_TRY(const Bytes key_bytes, read_file(folder / "key", 10'000));
    SIEGEL_TRY(auto key, device::SoftKey::from_pkcs8(crypto::SecretBytes::copy_of(key_bytes)));
    SIEGEL_TRY(world->m_tse, device::softtse::SoftTse::open(place, std::move(key), environment));
  }
  for (std::size_t i = 0; i < registers_max; ++i) {
    SIEGEL_TRY(auto id, RegisterId::parse(fmt::format("KASSE-{:02}", i + 1)));
    world->m_registers.push_back(std::move(id));
  }
  SIEGEL_TRY(const TseInfo info, world->m_tse->identity());
  world->m_serial = info.serial;
  SIEGEL_TRY(
      world->m_engine,
      runtime::Engine::start(
          *world->m_journal, world->m_country, {{info.serial, world->m_tse.get()}},
          {.clock = &system_clock(),
           .load = [raw = world.get()] { return raw->load(); },
           .on_durable =
               [raw = world.get()](journal::Head head) { raw->m_durable = head.sequence.get(); }}));
  world->m_durable = world->m_journal->head().sequence.get();
  world->m_next_key = world->m_durable;
  if (fresh) SIEGEL_TRY_OK(world->commission());
  return world;
}

World::~World() {
  if (!m_engine) return;
  m_engine->settle(std::chrono::seconds(5));
  const recorder::State state = m_engine->state();
  m_engine.reset();
  // Without it the next open reads the whole journal.
  (void)write_file(m_folder / "state.json", bytes_of(state.snapshot())).ok();
}

Result<recorder::State> World::load() {
  recorder::State state;
  if (const auto kept = read_file(m_folder / "state.json", 100'000'000); kept.ok()) {
    SIEGEL_TRY(state, recorder::State::from_snapshot(text_of(*kept)));
  }
  SIEGEL_TRY(auto reader, m_journal->reader());
  while (true) {
    SIEGEL_TRY(const auto entries, reader->read(journal::Sequence(state.sequence + 1), 1000));
    if (entries.empty()) break;
    for (const journal::Entry& entry : entries) SIEGEL_TRY_OK(state.apply(entry));
  }
  return state;
}

Status World::commission() {
  std::vector<std::string> clients;
  for (const RegisterId& id : m_registers) clients.push_back(id.text());
  SIEGEL_TRY_OK(m_tse->commission(secret("12345678"),
                                  {.now = system_clock().now().wall, .clients = clients}));
  Business business;
  business.name = "Baeckerei Huber";
  business.street = "Hauptstrasse 12";
  business.postcode = "80331";
  business.city = "Muenchen";
  business.tax_number = "143/123/45678";
  SIEGEL_TRY_OK(m_engine->call("init", recorder::Master{.value = business}));
  SIEGEL_TRY(const TseInfo info, m_tse->identity());
  SIEGEL_TRY_OK(m_engine->call("init", recorder::Master{.value = info}));
  for (const RegisterId& id : m_registers) {
    const RegisterInfo reg{.id = id, .name = "Kasse " + id.text(), .tse_serial = info.serial};
    SIEGEL_TRY_OK(m_engine->call("init", recorder::Master{.value = reg}));
  }
  return Ok{};
}

recorder::Sell World::make_sale(std::size_t register_index) {
  ByteArray<16> random{};
  system_random().fill(random);
  const std::uint64_t n = m_next_key++;
  return {.register_id = m_registers[register_index],
          .flow = recorder::Sell::Flow::implicit,
          .key = hex(random),
          .fingerprint = crypto::sha256(random),
          .draft = example_sale(n),
          .lookup = {.position = m_durable.load(), .key = {}, .original = {}}};
}

Result<Run> World::sell(std::size_t registers, double seconds) {
  return registers == 1 ? sell_one(seconds) : sell_many(registers, seconds, 0);
}

Status World::sell_until(std::uint64_t entries) {
  if (m_durable.load() >= entries) return Ok{};
  SIEGEL_TRY_OK(sell_many(registers_max, 1e9, entries));
  return Ok{};
}

Result<Run> World::sell_one(double seconds) {
  Run run;
  const std::uint64_t checkpoints = m_journal->status().checkpoints;
  const Stopwatch watch;
  double now = watch.begin();
  while (now < watch.begin() + seconds) {
    SIEGEL_TRY(const auto accepted, m_engine->call("bench", make_sale(0)));
    if (!accepted.seal || accepted.seal->outcome != Seal::Outcome::signed_by_tse)
      return unavailable("E-TSE-104", "a sale was not signed");
    const double end = seconds_now();
    run.latencies_ms.push_back((end - now) * 1e3);
    now = end;
  }
  watch.finish(run);
  run.checkpoints = m_journal->status().checkpoints - checkpoints;
  return run;
}

// The answers of all registers come to one front thread, which sends the next sale of each.
Result<Run> World::sell_many(std::size_t registers, double seconds, std::uint64_t until) {
  struct Answer {
    std::size_t index;
    Result<recorder::Accepted> result;
  };
  runtime::Inbox<Answer> inbox;
  std::array<double, registers_max> sent{};
  Run run;
  const std::uint64_t checkpoints = m_journal->status().checkpoints;
  const auto send = [&](std::size_t index) {
    sent[index] = seconds_now();
    m_engine->submit("bench", make_sale(index), [&inbox, index](Result<recorder::Accepted> result) {
      inbox.push({index, std::move(result)});
    });
  };
  const Stopwatch watch;
  for (std::size_t i = 0; i < registers; ++i) send(i);
  std::size_t flying = registers;
  std::optional<Error> failed;
  std::vector<Answer> answers;
  while (flying > 0) {
    inbox.take(answers);
    for (Answer& answer : answers) {
      const double end = seconds_now();
      run.latencies_ms.push_back((end - sent[answer.index]) * 1e3);
      const bool is_signed = answer.result.ok() && answer.result->seal &&
                             answer.result->seal->outcome == Seal::Outcome::signed_by_tse;
      if (!answer.result.ok())
        failed = answer.result.error();
      else if (!is_signed)
        failed = unavailable("E-TSE-104", "a sale was not signed");
      const bool more =
          !failed && (until == 0 ? end < watch.begin() + seconds : m_durable.load() < until);
      if (more)
        send(answer.index);
      else
        --flying;
    }
  }
  if (failed) return *failed;
  watch.finish(run);
  run.checkpoints = m_journal->status().checkpoints - checkpoints;
  return run;
}

Result<double> World::append_rows(double seconds) {
  struct Answer {
    std::size_t index;
    bool ok;
  };
  const VorgangId vorgang("bench");
  for (const RegisterId& id : m_registers)
    SIEGEL_TRY_OK(m_engine->call(
        "bench",
        recorder::Open{id, vorgang, {.position = m_durable.load(), .key = {}, .original = {}}}));
  const std::string draft = json::canonical(to_json_value(example_sale(0)));
  runtime::Inbox<Answer> inbox;
  const auto send = [&](std::size_t index) {
    m_engine->submit(
        "bench", recorder::Update{m_registers[index], vorgang, draft},
        [&inbox, index](Result<recorder::Accepted> result) { inbox.push({index, result.ok()}); });
  };
  m_journal->commits.clear();
  m_journal->noting = true;
  const double begin = seconds_now();
  for (std::size_t i = 0; i < m_registers.size(); ++i) send(i);
  std::size_t flying = m_registers.size();
  std::size_t rows = 0;
  bool failed = false;
  std::vector<Answer> answers;
  while (flying > 0) {
    inbox.take(answers);
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
  const double end = seconds_now();
  m_engine->settle(std::chrono::seconds(5));
  m_journal->noting = false;
  if (failed) return unavailable("E-JRN-203", "an append failed");
  return static_cast<double>(rows) / (end - begin);
}

Result<SaleSizes> World::sizes() {
  SIEGEL_TRY(const auto accepted, m_engine->call("bench", make_sale(0)));
  SaleSizes out;
  SIEGEL_TRY(auto reader, m_journal->reader());
  SIEGEL_TRY(const auto entries, reader->read(journal::Sequence(accepted.sequence), 2));
  if (entries.size() != 2) return corrupt("E-JRN-103", "plan or seal is missing");
  out.plan = entries[0].header.size() + entries[0].payload.size();
  out.seal = entries[1].header.size() + entries[1].payload.size();
  device::TseFilter filter;
  filter.transaction = accepted.seal->transaction;
  MemorySink tar;
  SIEGEL_TRY_OK(
      m_engine->on_device(m_serial, [&](device::Tse& tse) { return tse.export_log(filter, tar); }));
  const verify::tse::Input input{.path = {}, .bytes = tar.bytes()};
  SIEGEL_TRY_OK(verify::tse::visit_logs(input, [&](const verify::tse::LogFile& file) {
    (out.start == 0 ? out.start : out.finish) = file.bytes.size();
    return true;
  }));
  return out;
}

Status World::export_tar(Sink& sink) {
  return m_engine->on_device(m_serial, [&](device::Tse& tse) { return tse.export_log({}, sink); });
}

}  // namespace siegel::bench
