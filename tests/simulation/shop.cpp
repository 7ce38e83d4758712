#include "shop.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "crypto/hash.h"
#include "device/softkey/softkey.h"
#include "journal/sqlite/sqlite.h"
#include "model/codec.h"

namespace siegel::simulation {
namespace {

using device::Fault;
using device::FaultyOperation;
using sqlite::testing::Tear;
using std::chrono::milliseconds;

/// When the TSEs were made.
const Instant made_at = Instant::from_unix(1'795'000'000);

crypto::SecretBytes pin(std::string_view text) {
  return crypto::SecretBytes::copy_of(bytes_of(text));
}

/// Devices waste simulated time only.
class SimSleeper final : public device::Sleeper {
 public:
  explicit SimSleeper(runtime::sim::SimClock& clock) : m_clock(clock) {}
  void sleep(milliseconds duration) override { m_clock.take(duration); }

 private:
  runtime::sim::SimClock& m_clock;
};

/// A TSE in operation, made once: every shop begins with a copy of its disk.
struct Blank {
  crypto::SecretBytes key;
  TseInfo info;
  std::map<std::string, Bytes> files;
};

Result<Blank> make_blank(std::size_t index) {
  Blank blank;
  SIEGEL_TRY(auto key, device::SoftKey::generate(crypto::Curve::p256));
  blank.key = key->pkcs8();
  runtime::sim::SimClock clock(made_at);
  SeededRandom random(1);
  sqlite::testing::ForgetfulDisk disk;
  device::softtse::CreateOptions options;
  options.id = fmt::format("tse-{}", index + 1);
  options.store = {.file = tse_path, .vfs = disk.name()};
  options.admin = {.pin = pin("admin pin"), .puk = pin("admin puk")};
  options.time_admin = {.pin = pin("time pin"), .puk = pin("time puk")};
  SIEGEL_TRY(auto tse, device::softtse::SoftTse::create(options, std::move(key),
                                                        {.clock = clock, .random = random}));
  device::softtse::Commissioning commissioning{.now = made_at, .clients = {}};
  for (std::size_t i = 0; i < registers_max; ++i)
    commissioning.clients.push_back(register_name(i).text());
  SIEGEL_TRY_OK(tse->commission(pin("admin pin"), commissioning));
  SIEGEL_TRY(blank.info, tse->identity());
  SIEGEL_TRY_OK(tse->close());
  tse.reset();
  for (const std::string& name : disk.names()) blank.files[name] = disk.content(name);
  return blank;
}

/// Ordered by serial, which is drawn: in whatever order devices are looked at, a seed gives one
/// day.
const Blank& blank(std::size_t index) {
  static const std::vector<Blank> all = [] {
    std::vector<Blank> made;
    for (std::size_t i = 0; i < tses_max; ++i) {
      auto one = make_blank(i);
      SIEGEL_CHECK(one.ok());
      made.push_back(std::move(one).value());
    }
    std::sort(made.begin(), made.end(),
              [](const Blank& a, const Blank& b) { return a.info.serial < b.info.serial; });
    return made;
  }();
  return all[index];
}

/// As the program does it, which has the PIN in its vault.
Status test_and_set(device::Tse& tse, Now now) {
  SIEGEL_TRY_OK(tse.self_test());
  SIEGEL_TRY(const device::TseStatus status, tse.status());
  const auto off = now.wall - status.time;
  if (status.time_set && off < std::chrono::seconds(1) && -off < std::chrono::seconds(1))
    return Ok{};
  SIEGEL_TRY_OK(tse.log_in(device::TseUser::time_admin, pin("time pin")));
  const Status set = tse.set_time(now.wall);
  SIEGEL_TRY_OK(tse.log_out());
  return set;
}

Business bakery() {
  Business business;
  business.name = "Bäckerei Sonntag";
  business.street = "Marktplatz 3";
  business.postcode = "89073";
  business.city = "Ulm";
  business.tax_number = "88/123/45678";
  return business;
}

}  // namespace

RegisterId register_name(std::size_t index) {
  return *RegisterId::parse(fmt::format("KASSE-{:02}", index + 1));
}

void Index::take(const std::vector<journal::Entry>& entries) {
  for (const journal::Entry& entry : entries) {
    position = entry.sequence.get();
    if (entry.kind != entry_kind::plan) continue;
    auto plan = plan_from_json(entry.payload);
    SIEGEL_CHECK(plan.ok());
    if (entry.key)
      keys[recorder::scoped(entry.register_id, entry.key->text)] = {position,
                                                                    entry.key->fingerprint};
    if (!plan->reverses.empty()) reversed[plan->reverses] = true;
    plans[plan->receipt_number] = std::move(plan).value();
  }
}

Shop::Shop(ShopOptions options)
    : m_options(std::move(options)),
      m_random(m_options.seed),
      m_device_random(m_options.seed ^ 0x5157'4c45U),
      m_disk_random(m_options.seed ^ 0x4449'534bU),
      m_clock(m_options.opening),
      m_sleeper(std::make_unique<SimSleeper>(m_clock)) {
  for (std::size_t i = 0; i < m_options.tses; ++i)
    for (const auto& [name, content] : blank(i).files) m_units[i].disk.replace(name, content);
  runtime::sim::Parts parts;
  parts.country = &m_germany;
  parts.clock = &m_clock;
  parts.random = &m_random;
  parts.open_journal = [this]() -> Result<std::unique_ptr<journal::Journal>> {
    journal::sqlite::Options journal;
    journal.path = journal_path;
    journal.vfs = m_journal_disk.name();
    journal.create = true;
    journal.checkpoint_pages = m_options.checkpoint_pages;
    journal.checkpoint_thread = false;
    journal.busy_timeout_ms = 0;
    SIEGEL_TRY(auto opened, journal::sqlite::open(journal));
    return std::unique_ptr<journal::Journal>(std::move(opened));
  };
  for (std::size_t i = 0; i < m_options.tses; ++i)
    parts.open_tse[tse_serial(i)] = [this, i] { return open_tse(i); };
  parts.probe_tse = test_and_set;
  parts.power_off = [this] {
    m_reader.reset();
    m_journal_disk.cut_now();
    for (std::size_t i = 0; i < m_options.tses; ++i) {
      m_units[i].faulty = nullptr;
      m_units[i].disk.cut_now();
    }
  };
  parts.power_on = [this] {
    const Tear tears[] = {Tear::nothing, Tear::ordered, Tear::per_file, Tear::sectors};
    m_journal_disk.crash(m_disk_random, tears[m_disk_random.below(4)]);
    for (std::size_t i = 0; i < m_options.tses; ++i)
      m_units[i].disk.crash(m_disk_random, tears[m_disk_random.below(4)]);
    m_index = {};
  };
  parts.is_off = [this] {
    bool off = m_journal_disk.is_cut();
    for (std::size_t i = 0; i < m_options.tses; ++i) off = off || m_units[i].disk.is_cut();
    return off;
  };
  parts.follow = [this](journal::Journal& journal) {
    if (!m_reader) {
      auto reader = journal.reader();
      if (!reader) return m_index.position;
      m_reader = std::move(reader).value();
    }
    const auto more =
        m_reader->read(journal::Sequence(m_index.position + 1), 1 + m_random.below(40));
    if (more)
      m_index.take(*more);
    else
      m_reader.reset();
    return m_index.position;
  };
  m_world = std::make_unique<runtime::sim::World>(std::move(parts), m_options.world);
}

Shop::~Shop() = default;

const std::string& Shop::tse_serial(std::size_t index) const { return blank(index).info.serial; }

RegisterInfo Shop::register_info(std::size_t index) const {
  const std::size_t own = index % m_options.tses;
  RegisterInfo info{register_name(index), fmt::format("Kasse {}", index + 1), tse_serial(own)};
  for (std::size_t i = 0; m_options.backups && i < m_options.tses; ++i)
    if (i != own) info.backup_tses.push_back(tse_serial(i));
  return info;
}

device::FaultScript Shop::draw_script() {
  device::FaultScript script;
  if (m_quiet || !m_options.tse_faults || m_device_random.below(4) == 0) return script;
  const std::uint64_t rules = 1 + m_device_random.below(3);
  std::uint64_t from = 1 + m_device_random.below(20);
  for (std::uint64_t i = 0; i < rules; ++i) {
    device::FaultRule rule;
    const Fault faults[] = {Fault::slow,
                            Fault::dead,
                            Fault::full,
                            Fault::answer_lost_after,
                            Fault::answer_lost_after,
                            Fault::answer_lost_before};
    rule.fault = faults[m_device_random.below(std::size(faults))];
    if (rule.fault == Fault::slow)
      rule.delay =
          milliseconds(200 + m_device_random.below(m_device_random.below(2) ? 2000 : 30'000));
    const FaultyOperation operations[] = {FaultyOperation::start, FaultyOperation::finish,
                                          FaultyOperation::query, FaultyOperation::self_test};
    if (m_device_random.below(2) == 0) rule.operation = operations[m_device_random.below(4)];
    rule.chance_per_mille = m_device_random.below(2) == 0 ? 1000 : 400;
    rule.from_call = from;
    rule.to_call = from + m_device_random.below(8);
    from = rule.to_call + 1 + m_device_random.below(40);
    script.rules.push_back(rule);
  }
  return script;
}

Result<std::unique_ptr<device::Tse>> Shop::open_tse(std::size_t index) {
  Unit& unit = m_units[index];
  unit.faulty = nullptr;
  SIEGEL_TRY(auto key, device::SoftKey::from_pkcs8(blank(index).key));
  SIEGEL_TRY(auto tse, device::softtse::SoftTse::open(
                           {.file = tse_path, .vfs = unit.disk.name()}, std::move(key),
                           {.clock = m_clock, .random = m_device_random}));
  auto faulty = std::make_unique<device::FaultyTse>(std::move(tse), draw_script(), m_device_random,
                                                    *m_sleeper);
  unit.faulty = faulty.get();
  return std::unique_ptr<device::Tse>(std::move(faulty));
}

Status Shop::open() {
  SIEGEL_TRY_OK(m_world->power_up());
  const auto enter = [&](auto value) -> Status {
    SIEGEL_TRY_OK(run("office", recorder::Master{std::move(value), false}));
    return Ok{};
  };
  SIEGEL_TRY_OK(enter(bakery()));
  SIEGEL_TRY_OK(enter(Profile{}));
  for (std::size_t i = 0; i < m_options.tses; ++i) SIEGEL_TRY_OK(enter(blank(i).info));
  for (std::size_t i = 0; i < m_options.registers; ++i) SIEGEL_TRY_OK(enter(register_info(i)));
  m_quiet = false;
  for (std::size_t i = 0; i < m_options.tses; ++i)
    if (m_units[i].faulty != nullptr) m_units[i].faulty->set_script(draw_script());
  return Ok{};
}

Status Shop::probe(std::size_t index) {
  device::Tse* tse = m_world->tse(tse_serial(index));
  return tse == nullptr ? Status(unavailable("E-TST-003", "it is not there"))
                        : test_and_set(*tse, m_clock.now());
}

Status Shop::switch_on() {
  for (std::size_t i = 0; i < m_options.tses; ++i) {
    const auto done =
        run("office", recorder::Master{TseSwitch{tse_serial(i), TseSwitch::Mode::on, ""}, false});
    if (!done && done.error().code != "E-OUT-104") return done.error();
  }
  return Ok{};
}

void Shop::set_script(std::size_t index, device::FaultScript script) {
  if (m_units[index].faulty != nullptr) m_units[index].faulty->set_script(std::move(script));
}

void Shop::quiet() {
  m_quiet = true;
  m_world->quiet();
  m_journal_disk.clear_faults();
  m_journal_disk.cut_at_change(0);
  for (std::size_t i = 0; i < m_options.tses; ++i) {
    set_script(i, {});
    m_units[i].disk.clear_faults();
    m_units[i].disk.cut_at_change(0);
  }
}

Result<recorder::Accepted> Shop::run(const std::string& source, runtime::sim::World::Body body) {
  std::optional<Result<recorder::Accepted>> answer;
  m_world->submit(source, "chef", std::move(body),
                  [&](Result<recorder::Accepted> result) { answer = std::move(result); });
  const std::uint64_t cuts = m_world->counts().cuts;
  while (!answer && m_world->counts().cuts == cuts && m_world->step()) {
  }
  if (!answer) return unavailable("E-TST-001", "no answer: the power was cut");
  return std::move(*answer);
}

recorder::Lookup Shop::look_up(const RegisterId& register_id, const std::string& key,
                               const std::string& reverses) const {
  recorder::Lookup found;
  found.position = m_index.position;
  if (const auto known = m_index.keys.find(recorder::scoped(register_id.text(), key));
      known != m_index.keys.end())
    found.key = known->second;
  if (const auto original = m_index.plans.find(reverses); original != m_index.plans.end())
    found.original = original->second;
  found.original_reversed = m_index.reversed.contains(reverses);
  return found;
}

Result<Bytes> Shop::export_tse(std::size_t index) {
  device::Tse* tse = m_world->tse(tse_serial(index));
  if (tse == nullptr) return unavailable("E-TST-002", "the TSE is not open");
  MemorySink sink;
  SIEGEL_TRY_OK(tse->export_log({}, sink));
  return sink.take();
}

Result<std::vector<journal::Entry>> Shop::entries() {
  SIEGEL_TRY(const auto reader, m_world->journal().reader());
  std::vector<journal::Entry> all;
  while (true) {
    SIEGEL_TRY(auto more, reader->read(journal::Sequence(all.size() + 1), 1000));
    if (more.empty()) return all;
    for (journal::Entry& entry : more) all.push_back(std::move(entry));
  }
}

}  // namespace siegel::simulation
