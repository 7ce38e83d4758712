#include "world.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/random.h"
#include "crypto/hash.h"
#include "model/codec.h"
#include "runtime/threads/engine.h"
#include "verify/tse/logs.h"

namespace siegel::bench {

ReceiptDraft example_sale(std::uint64_t n, Law law) {
  const std::string food = law == Law::de ? "B" : "10.00";
  const std::string drink = law == Law::de ? "A" : "20.00";
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
  line("Brezel", 2, 180, food);
  line("Roggenbrot 750 g", 1, 420 + static_cast<std::int64_t>(n % 7) * 10, food);
  line("Kaffee Creme", 1, 290, drink);
  PaymentDraft payment;
  payment.amount = Money::from_cents(2000);
  draft.payments.push_back(std::move(payment));
  draft.cashier = "Frau Huber";
  return draft;
}

void Stopwatch::finish(Run& run) const {
  const Usage now = usage();
  const auto sales = static_cast<double>(run.latencies_ms.size());
  run.sales_a_second = sales / (seconds_now() - m_begin);
  run.cpu_us = (now.cpu_us - m_usage.cpu_us) / sales;
  run.switches = (now.switches - m_usage.switches) / sales;
  std::sort(run.latencies_ms.begin(), run.latencies_ms.end());
}

Result<std::unique_ptr<World>> World::open(const std::filesystem::path& folder, Law law) {
  std::unique_ptr<World> world(new World);
  world->m_law = law;
  for (std::size_t i = 0; i < registers_max; ++i) {
    SIEGEL_TRY(auto id, RegisterId::parse(fmt::format("KASSE-{:02}", i + 1)));
    world->m_registers.push_back(std::move(id));
  }
  const bool fresh = !std::filesystem::exists(folder / "shop" / "shop.json");
  if (fresh) {
    SIEGEL_TRY_OK(world->commission(folder / "shop"));
  } else {
    SIEGEL_TRY(world->m_shop,
               app::Shop::open({.folder = folder / "shop", .vfs = {}}, app::Shop::Mode::write,
                               {system_clock(), system_random()}));
  }
  return world;
}

Status World::commission(const std::filesystem::path& folder) {
  app::CreateShop create;
  create.place.folder = folder;
  create.business.name = "Baeckerei Huber";
  create.business.street = "Hauptstrasse 12";
  create.business.postcode = "80331";
  create.business.city = "Muenchen";
  create.business.tax_number = "143/123/45678";
  if (m_law == Law::at) {
    create.business.country = "AT";
    create.business.vat_id = "ATU12345678";
    create.business.time_zone = "Europe/Vienna";
  }
  create.profile.tse_deadline_ms = 5000;
  const app::Environment environment{system_clock(), system_random()};
  SIEGEL_TRY_OK(app::Shop::create(create, environment));
  SIEGEL_TRY(m_shop, app::Shop::open(create.place, app::Shop::Mode::write, environment));
  return m_law == Law::de ? commission_de() : commission_at();
}

Status World::commission_de() {
  SIEGEL_TRY(const TseInfo tse, m_shop->create_tse({}, "bench"));
  for (const RegisterId& id : m_registers)
    SIEGEL_TRY_OK(m_shop->add_register(
        {.id = id, .name = "Kasse " + id.text(), .tse_serial = tse.serial}, false, "bench"));
  return Ok{};
}

Status World::commission_at() {
  app::CreateSigner create;
  create.settings.id = "key-1";
  create.settings.kind = "softkey";
  SIEGEL_TRY(const SignerInfo signer, m_shop->create_signer(std::move(create), "bench"));
  for (const RegisterId& id : m_registers) {
    SIEGEL_TRY_OK(m_shop->make_aes_key(id, nullptr));
    SIEGEL_TRY_OK(m_shop->add_register({.id = id,
                                        .name = "Kasse " + id.text(),
                                        .tse_serial = {},
                                        .signers = {signer.id},
                                        .aes_check = {}},
                                       false, "bench"));
    app::SaleRequest start;
    start.register_id = id;
    start.draft.kind = ReceiptKind::start;
    start.actor = "bench";
    SIEGEL_TRY_OK(m_shop->sell(start));
  }
  return Ok{};
}

bool World::is_signed(const std::optional<Seal>& seal) const {
  return seal && seal->outcome ==
                     (m_law == Law::de ? Seal::Outcome::signed_by_tse : Seal::Outcome::signed_rksv);
}

app::SaleRequest World::make_sale(std::size_t register_index) {
  app::SaleRequest request;
  request.register_id = m_registers[register_index];
  request.draft = example_sale(m_sold++, m_law);
  ByteArray<16> random{};
  system_random().fill(random);
  request.key = hex(random);
  // A front hashes the request as it came in.
  request.fingerprint = crypto::sha256(bytes_of(request.key));
  request.actor = "bench";
  return request;
}

Result<Run> World::sell(std::size_t registers, double seconds) {
  return registers == 1 ? sell_one(seconds) : sell_many(registers, seconds, 0);
}

Result<std::uint64_t> World::entries() {
  SIEGEL_TRY(const auto reader, m_shop->reader());
  SIEGEL_TRY(const journal::Head head, reader->head());
  return head.sequence.get();
}

Status World::sell_until(std::uint64_t wanted) {
  SIEGEL_TRY(const std::uint64_t there, entries());
  if (there >= wanted) return Ok{};
  SIEGEL_TRY_OK(sell_many(registers_max, 0, (wanted - there + 1) / 2));
  return Ok{};
}

Result<Run> World::sell_one(double seconds) {
  Run run;
  const Stopwatch watch;
  double now = watch.begin();
  while (now < watch.begin() + seconds) {
    SIEGEL_TRY(const auto answer, m_shop->sell(make_sale(0)));
    if (!is_signed(answer.receipt.seal)) return unavailable("E-TSE-104", "a sale was not signed");
    const double end = seconds_now();
    run.latencies_ms.push_back((end - now) * 1e3);
    now = end;
  }
  watch.finish(run);
  return run;
}

// The answers of all registers come to one front thread, which sends the next sale of each.
Result<Run> World::sell_many(std::size_t registers, double seconds, std::uint64_t sales) {
  struct Answer {
    std::size_t index;
    Result<recorder::Accepted> result;
  };
  // Shared: the thread that answers last may still be in push() when the last answer is taken.
  const auto inbox = std::make_shared<runtime::Inbox<Answer>>();
  std::array<double, registers_max> sent{};
  Run run;
  const auto send = [&](std::size_t index) {
    sent[index] = seconds_now();
    m_shop->sell_async(make_sale(index), [inbox, index](Result<recorder::Accepted> result) {
      inbox->push({index, std::move(result)});
    });
  };
  const Stopwatch watch;
  for (std::size_t i = 0; i < registers; ++i) send(i);
  std::size_t flying = registers;
  std::optional<Error> failed;
  std::vector<Answer> answers;
  while (flying > 0) {
    inbox->take(answers);
    for (Answer& answer : answers) {
      const double end = seconds_now();
      run.latencies_ms.push_back((end - sent[answer.index]) * 1e3);
      if (!answer.result.ok())
        failed = answer.result.error();
      else if (!is_signed(answer.result->seal))
        failed = unavailable("E-TSE-104", "a sale was not signed");
      const bool more =
          !failed && (sales == 0 ? end < watch.begin() + seconds : run.latencies_ms.size() < sales);
      if (more)
        send(answer.index);
      else
        --flying;
    }
  }
  if (failed) return *failed;
  watch.finish(run);
  return run;
}

Result<SaleSizes> World::sizes() {
  SIEGEL_TRY(const auto answer, m_shop->sell(make_sale(0)));
  SaleSizes out;
  SIEGEL_TRY(const auto reader, m_shop->reader());
  SIEGEL_TRY(const auto entries, reader->read(journal::Sequence(answer.receipt.plan_sequence), 2));
  if (entries.size() != 2) return corrupt("E-JRN-103", "plan or seal is missing");
  out.plan = entries[0].header.size() + entries[0].payload.size();
  out.seal = entries[1].header.size() + entries[1].payload.size();
  if (m_law == Law::at) return out;
  device::TseFilter filter;
  filter.transaction = answer.receipt.seal->transaction;
  MemorySink tar;
  SIEGEL_TRY_OK(
      m_shop->on_tse("tse-1", [&](device::Tse& tse) { return tse.export_log(filter, tar); }));
  const verify::tse::Input input{.path = {}, .bytes = tar.bytes()};
  SIEGEL_TRY_OK(verify::tse::visit_logs(input, [&](const verify::tse::LogFile& file) {
    (out.start == 0 ? out.start : out.finish) = file.bytes.size();
    return true;
  }));
  return out;
}

Status World::export_tar(Sink& sink) {
  return m_shop->on_tse("tse-1", [&](device::Tse& tse) { return tse.export_log({}, sink); });
}

}  // namespace siegel::bench
