#include "app/shop/shop.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <utility>

#include "app/secrets/environment.h"
#include "app/shop/known_devices.h"
#include "app/shop/open_shop.h"
#include "app/shop/shop_dues.h"
#include "app/shop/snapshot.h"
#include "format/json.h"
#include "format/json_fields.h"
#include "journal/follower.h"
#include "journal/witness.h"
#include "print/text/text.h"

namespace siegel::app {
namespace {

constexpr std::int64_t folder_format = 1;
// How long opening waits for a device that was broken; after that its receipts go out unsigned.
constexpr std::chrono::milliseconds first_probe_limit{1500};

Result<Settings> read_settings(const fs::path& folder) {
  const auto bytes = read_file(folder / "shop.json", 1U << 16U);
  if (!bytes) {
    if (bytes.error().kind == ErrorKind::not_found)
      return not_found("E-DAT-003", fmt::format("{} is no data folder", folder.string()),
                       folder.string());
    return bytes.error();
  }
  const auto bad = [&](const Error& error) {
    return conflict("E-DAT-004", error.detail, (folder / "shop.json").string());
  };
  const auto value = json::parse(text_of(*bytes));
  if (!value) return bad(value.error());
  auto fields = json::Fields::of(*value);
  if (!fields) return bad(fields.error());
  const auto format = fields->required_int("format", 1, folder_format);
  if (!format) return bad(format.error());
  const auto country = fields->required_string("country", 8);
  if (!country) return bad(country.error());
  const auto witness = fields->required_string("witness", 4096);
  if (!witness) return bad(witness.error());
  if (const auto end = fields->finish(); !end) return bad(end.error());
  return Settings{*country, *witness};
}

}  // namespace

OpenShop::~OpenShop() { close(); }

// ---- opening and closing ------------------------------------------------------------------------

Status OpenShop::open_to_read() {
  SIEGEL_TRY(m_country, make_country(m_settings.country));
  SIEGEL_TRY(auto entries, reader());
  return open_index(*entries);
}

Status OpenShop::open_to_write() {
  SIEGEL_TRY(m_lock, FolderLock::take(m_place.folder / "lock"));
  SIEGEL_TRY(m_country, make_country(m_settings.country));
  SIEGEL_TRY_OK(check_witness());
  SIEGEL_TRY(m_journal, make_journal(m_place, false));
  SIEGEL_TRY(auto own_reader, m_journal->reader());
  SIEGEL_TRY(m_vault, make_vault(m_place.folder / "vault", m_environment.random, false));
  for (Error& warning : environment_warnings({.data = m_place.folder}, *m_vault))
    m_warnings.push_back(std::move(warning));
  SIEGEL_TRY(m_index, views::open_index({.path = m_place.folder / "index.db"}, *own_reader));
  SIEGEL_TRY(const recorder::State state, load_state(snapshot_file(), *own_reader));
  SIEGEL_TRY_OK(open_clock_guard(*own_reader));
  SIEGEL_TRY_OK(open_devices(state));
  SIEGEL_TRY_OK(check_devices(state));
  SIEGEL_TRY_OK(take_instance());
  open_signers(state);
  SIEGEL_TRY(recorder::Keys keys, open_keys(state));

  m_keeper =
      std::make_unique<Keeper>(journal::Sequence(state.sequence), [this] { return renew(); });
  SIEGEL_TRY_OK(open_printer(journal::Sequence(state.sequence)));
  SIEGEL_TRY(auto runner_reader, m_journal->reader());
  std::vector<journal::Follower*> followers{&m_index->keys(), &m_index->receipts(), m_keeper.get()};
  if (m_printer) followers.push_back(m_printer.get());
  SIEGEL_TRY_OK(open_papers(state));
  if (m_slips) followers.push_back(m_slips.get());
  if (m_log_writer) followers.push_back(m_log_writer.get());
  SIEGEL_TRY_OK(open_care(state));
  if (m_read_back) followers.push_back(m_read_back.get());
  m_runner = std::make_unique<views::Runner>(std::move(runner_reader), std::move(followers));
  std::map<std::string, device::Tse*> devices;
  for (const auto& [serial, tse] : m_devices) devices[serial] = tse.get();
  std::map<std::string, device::CheckedSigner*> signers;
  for (const auto& [id, signer] : m_signers) signers[id] = signer.get();
  SIEGEL_TRY_OK(open_notifier());
  SIEGEL_TRY(m_engine,
             runtime::Engine::start(*m_journal, *m_country, std::move(devices),
                                    {.clock = &m_environment.clock,
                                     .load = [this]() -> Result<recorder::State> {
                                       SIEGEL_TRY(auto reader, m_journal->reader());
                                       return load_state(snapshot_file(), *reader);
                                     },
                                     .on_durable =
                                         [this](journal::Head head) {
                                           m_runner->notify(head.sequence);
                                           if (m_notifier) m_notifier->notify(head.sequence);
                                         },
                                     .signers = std::move(signers),
                                     .keys = std::move(keys),
                                     .tend =
                                         [this](const std::string& serial, device::Tse& tse,
                                                Now now, std::chrono::nanoseconds idle) {
                                           m_tending->idle(serial, tse, now, idle);
                                         },
                                     .probe = [this](const std::string&, device::Tse& tse,
                                                     Now now) { return probe_tse(tse, now); }}));
  m_runner->start();
  if (m_notifier) m_notifier->start();
  // What was broken when the last process ended is asked first: a shop whose device is back does
  // not begin with an unsigned receipt.
  const bool broken = std::any_of(state.outages.begin(), state.outages.end(),
                                  [](const auto& item) { return item.second.open.has_value(); });
  if (broken) m_engine->settle(first_probe_limit);
  start_day(state);
  return Ok{};
}

Status OpenShop::check_witness() {
  SIEGEL_TRY(const auto witness, journal::WitnessFile(m_settings.witness).read());
  m_instance = Instance::load(m_place.folder);
  if (witness) {
    // Before it is opened for writing: a journal that was put back stays as it is.
    SIEGEL_TRY(const auto old, reader());
    if (const auto checked = journal::check_witness(*witness, *old); !checked) {
      Error error = checked.error();
      error.detail += m_instance->other_copy(witness);
      // Nothing is guessed: chain and counter cannot be continued.
      if (error.code == "E-JRN-301" && m_settings.country == "at")
        error.detail +=
            "; if the newer journal is lost, so is the state of its registers: report their end "
            "(siegel at end --reason irreparable --xml FOLDER), begin a new data folder with a new "
            "Kassen-ID, a "
            "new AES key and a new Startbeleg, keep this one (docs/how-to/austria.md)";
      return error;
    }
  } else {
    // A stick that is not plugged in keeps nobody from selling.
    const auto status = fs::status(m_place.folder / "snapshot.json");
    if (status.type() == fs::file_type::regular)
      m_warnings.push_back(unavailable(
          "E-JRN-312",
          fmt::format("the witness {} is not there: nobody can tell whether the end of the journal "
                      "is missing",
                      m_settings.witness.string()),
          m_settings.witness.string()));
  }
  SIEGEL_TRY_OK(m_instance->check(witness));
  return Ok{};
}

/// Only a folder that opens is the one that goes on.
Status OpenShop::take_instance() {
  SIEGEL_TRY(const auto witness, journal::WitnessFile(m_settings.witness).read());
  if (const Status taken = m_instance->take(witness, m_settings.witness, m_environment.random,
                                            m_environment.clock.now().wall);
      !taken)
    m_warnings.push_back(taken.error());
  return Ok{};
}

Status OpenShop::check_devices(const recorder::State& state) {
  std::map<std::string, std::uint64_t> seen;
  for (auto at = m_devices.begin(); at != m_devices.end();) {
    const auto& [serial, tse] = *at;
    const auto known = state.tses.find(serial);
    const Status same =
        known == state.tses.end() ? Status(Ok{}) : check_identity(*tse, known->second);
    if (!same && same.error().kind == ErrorKind::conflict) {
      m_warnings.push_back(same.error());
      m_missing.emplace(serial, same.error());
      at = m_devices.erase(at);  // receipts go out unsigned, as of a TSE that is not there
      continue;
    }
    if (const auto other = unexplained(*tse, state, serial, m_instance->accepted(serial))) {
      if (!m_instance->accepts())
        return conflict(
            "E-JRN-314",
            fmt::format("TSE {} has signed transaction {} ({}) for register {} on {}, which this "
                        "journal does not know: a copy of this shop sells elsewhere, or the end of "
                        "the journal is missing",
                        known == state.tses.end() ? serial : known->second.id, other->number,
                        excerpt(other->process_data), other->client,
                        other->finish->log_time.text()),
            serial);
      seen[serial] = other->number;
    }
    ++at;
  }
  if (m_instance->accepts()) return m_instance->accept(seen);
  return Ok{};
}

/// Beside a process that writes its index is used as it is. Alone, after a crash say, the index may
/// be missing or of another journal: then it is made before anything is searched.
Status OpenShop::open_index(journal::Reader& entries) {
  const views::IndexOptions options{.path = m_place.folder / "index.db", .read_only = true};
  auto index = views::open_index(options, entries);
  if (!index) {
    SIEGEL_TRY(const auto lock, FolderLock::take(m_place.folder / "lock"));
    SIEGEL_TRY(auto fresh, views::open_index({.path = options.path}, entries));
    SIEGEL_TRY(auto own, reader());
    views::Runner runner(std::move(own), {&fresh->keys(), &fresh->receipts()});
    runner.start();
    SIEGEL_TRY_OK(runner.drain());
    m_index = std::move(fresh);
    return Ok{};
  }
  m_index = std::move(*index);
  return Ok{};
}

/// A device that cannot be opened does not keep the shop closed: its receipts go out unsigned.
Status OpenShop::open_devices(const recorder::State& state) {
  for (const auto& [serial, info] : state.tses) {
    if (state.retired(serial)) continue;
    // A clock nobody believes must not set that of a device, which is asked about it.
    const bool believed = !m_clock_guard->doubtful(m_environment.clock.now().wall);
    auto tse = open_soft_tse(m_place, info.id, *m_vault, m_environment, believed);
    if (tse)
      m_devices[serial] = std::move(*tse);
    else
      m_missing.emplace(serial, tse.error());
  }
  return Ok{};
}

/// A device that cannot be made is one that does not answer: another signs, or none.
void OpenShop::open_signers(const recorder::State& state) {
  for (const auto& [id, info] : state.signers) {
    const auto made = [&]() -> Result<std::unique_ptr<device::CheckedSigner>> {
      SIEGEL_TRY(const SignerSettings settings, read_signer_settings(m_place.folder, id));
      SIEGEL_TRY(const vault::SecretId secret_id, signer_secret_id(id));
      auto secret = m_vault->get(secret_id);
      if (!secret && secret.error().kind != ErrorKind::not_found) return secret.error();
      return make_signer(m_place.folder, settings, &info,
                         secret ? std::move(*secret) : crypto::SecretBytes(), m_environment);
    };
    auto signer = made();
    if (signer)
      m_signers[id] = std::move(*signer);
    else
      m_warnings.push_back(signer.error());
  }
}

/// A register whose key is not there sells nothing: its counter could not be written.
Result<recorder::Keys> OpenShop::open_keys(const recorder::State& state) {
  recorder::Keys keys;
  for (const auto& [id, reg] : state.registers) {
    if (reg.info.signers.empty()) continue;
    auto key = aes_key(reg.info.id);
    if (key)
      keys.emplace(id, std::move(*key));
    else
      m_warnings.push_back(key.error());
  }
  return keys;
}

Status OpenShop::open_notifier() {
  auto settings = notify::read_settings(m_place.folder);
  if (!settings) {
    m_warnings.push_back(settings.error());  // nobody is told, but the shop sells
    return Ok{};
  }
  if (!*settings) return Ok{};
  // A reader of its own: people are told after the journal was closed, too.
  SIEGEL_TRY(auto own_reader, make_journal_reader(m_place));
  auto notifier =
      Notifier::make({.folder = m_place.folder,
                      .reader = std::move(own_reader),
                      .state = [file = snapshot_file()](
                                   journal::Reader& entries) { return load_state(file, entries); },
                      .dues = notices_due,
                      .settings = std::move(**settings),
                      .vault = m_vault.get(),
                      .environment = m_environment});
  if (notifier)
    m_notifier = std::move(*notifier);
  else
    m_warnings.push_back(notifier.error());
  return Ok{};
}

Status OpenShop::open_printer(journal::Sequence head) {
  if (m_settings.country != "at") return Ok{};
  const auto settings = read_printer_settings(m_place.folder);
  if (!settings) {
    m_warnings.push_back(settings.error());
    return Ok{};
  }
  if (!*settings) return Ok{};
  SIEGEL_TRY(m_printer_reader, m_journal->reader());
  const auto text = [this](std::uint64_t sequence, int columns) -> Result<std::string> {
    SIEGEL_TRY(const Receipt receipt,
               m_index->receipts().load(*m_printer_reader, journal::Sequence(sequence)));
    return print::render_text(m_country->print(receipt, {}, {}), {.columns = columns});
  };
  m_printer = std::make_unique<DuesPrinter>(**settings, head, text);
  return Ok{};
}

Result<vault::Vault*> OpenShop::vault() {
  if (!m_vault) {
    SIEGEL_TRY(m_vault, make_vault(m_place.folder / "vault", m_environment.random, false));
  }
  return m_vault.get();
}

Status OpenShop::renew() {
  if (m_closing) return Ok{};
  m_engine->indexed(m_index->keys().position().get());
  const recorder::State state = m_engine->state();
  SIEGEL_TRY(auto reader, m_journal->reader());
  SIEGEL_TRY_OK(write_snapshot(snapshot_file(), state, *reader));
  SIEGEL_TRY(auto witness, journal::make_witness(*reader));
  if (!witness) return Ok{};
  const journal::WitnessFile file(m_settings.witness);
  SIEGEL_TRY(const auto before, file.read());
  if (const Status own = m_instance->check(before); !own) {
    // It stays as the other copy left it: that is the evidence.
    if (m_notifier)
      m_notifier->urgent("copied", {{}, mail::ShopCopied{.cause = own.error().detail}});
    return own;
  }
  for (const auto& [device, outage] : state.outages)
    if (outage.next_number > 1) witness->counters["outage:" + device] = outage.next_number - 1;
  // A mark that could not be made durable at opening is none: the next opening makes one.
  if (!m_instance->owner().mark.empty()) {
    witness->owner = m_instance->owner();
  } else if (before) {
    witness->owner = before->owner;
  }
  return file.write(*witness);
}

void OpenShop::close() {
  if (!m_engine) return;
  m_day_start.reset();
  m_engine->settle(std::chrono::seconds(10));
  // All of this is derived or outside: a failure costs time at the next start, nothing else.
  if (m_read_back) {
    (void)m_runner->drain().ok();
    m_read_back->stop();
  }
  if (const auto drained = m_runner->drain(); !drained) m_warnings.push_back(drained.error());
  if (const auto renewed = renew(); !renewed) m_warnings.push_back(renewed.error());
  // The runner's thread asks the engine only until it has seen this.
  m_closing = true;
  (void)m_runner->drain().ok();
  m_engine.reset();
  m_runner.reset();
  if (!m_notifier) return;
  // While people are still being told, the next process may sell.
  release();
  m_notifier->stop();
}

void OpenShop::release() {
  m_day_start.reset();
  m_log_writer.reset();
  m_slips.reset();
  m_printer.reset();
  m_printer_reader.reset();
  {
    const Lock lock(m_readers_mutex);
    m_idle_readers.clear();
  }
  m_keeper.reset();
  m_index.reset();
  m_signers.clear();
  m_devices.clear();
  m_journal.reset();
  m_lock.reset();
}

Status Shop::create(const CreateShop& create, Environment environment) {
  const fs::path& folder = create.place.folder;
  std::string country = create.business.country;
  for (char& c : country) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  SIEGEL_TRY_OK(make_country(country));
  std::error_code error;
  const auto set_up_already = [&] {
    return conflict("E-DAT-002", fmt::format("{} is set up already", folder.string()),
                    folder.string());
  };
  if (fs::exists(folder / "shop.json", error)) return set_up_already();
  fs::create_directories(folder, error);
  if (error || chmod(folder.c_str(), 0700) != 0)
    return unavailable("E-FIL-004", fmt::format("cannot make {}", folder.string()),
                       folder.string());
  SIEGEL_TRY_OK(make_journal(create.place, true));
  SIEGEL_TRY_OK(make_vault(folder / "vault", environment.random, true, create.tpm));
  fs::path witness = create.witness;
  if (witness.empty()) {
    witness = fs::absolute(folder, error).lexically_normal();
    if (!witness.has_filename()) witness = witness.parent_path();
    witness += ".witness";
  }
  witness = fs::absolute(witness, error);
  {
    OpenShop shop(create.place, environment, Settings{country, witness});
    SIEGEL_TRY_OK(shop.open_to_write());
    // A set-up that was interrupted is done again from the start; a journal that has seen more than
    // that belongs to a shop that lost its shop.json.
    SIEGEL_TRY(const recorder::State state, shop.state());
    if (!state.registers.empty() || !state.tses.empty()) return set_up_already();
    SIEGEL_TRY_OK(shop.set_business(create.business, "init"));
    SIEGEL_TRY_OK(shop.set_profile(create.profile, "init"));
  }
  // Last of all: with this file the folder is a data folder.
  json::Object settings;
  settings.set("country", country);
  settings.set("format", folder_format);
  settings.set("witness", witness.string());
  return write_file(folder / "shop.json", bytes_of(json::pretty(settings)), {.mode = 0600});
}

Status Shop::take_over(const ShopPlace& place, const std::string& confirm) {
  SIEGEL_TRY(const Settings settings, read_settings(place.folder));
  SIEGEL_TRY(const auto lock, FolderLock::take(place.folder / "lock"));
  SIEGEL_TRY(const auto reader, make_journal_reader(place));
  SIEGEL_TRY(const auto first, reader->read(journal::Sequence(1), 1));
  constexpr std::size_t digits = 8;
  const std::string id = first.empty() ? std::string() : hex(first.front().hash).substr(0, digits);
  if (id.empty() || confirm != id)
    return invalid(
        "E-JRN-313",
        fmt::format("to confirm, give the first {} digits of the journal's id: {}", digits, id),
        "--confirm");
  SIEGEL_TRY(const auto witness, journal::WitnessFile(settings.witness).read());
  if (witness) SIEGEL_TRY_OK(journal::check_witness(*witness, *reader));
  return Instance::load(place.folder).take_over(witness);
}

Result<std::unique_ptr<Shop>> Shop::open(const ShopPlace& place, Mode mode,
                                         Environment environment) {
  SIEGEL_TRY(Settings settings, read_settings(place.folder));
  auto shop = std::make_unique<OpenShop>(place, environment, std::move(settings));
  SIEGEL_TRY_OK(mode == Mode::write ? shop->open_to_write() : shop->open_to_read());
  return std::unique_ptr<Shop>(std::move(shop));
}

}  // namespace siegel::app
