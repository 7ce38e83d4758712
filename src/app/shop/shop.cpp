#include "app/shop/shop.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <utility>

#include "app/shop/mail_settings.h"
#include "app/shop/masters.h"
#include "app/shop/notifier.h"
#include "app/shop/printer.h"
#include "app/shop/signers.h"
#include "app/shop/snapshot.h"
#include "app/shop/wiring.h"
#include "base/thread.h"
#include "crypto/aes.h"
#include "format/json.h"
#include "format/json_fields.h"
#include "journal/follower.h"
#include "journal/witness.h"
#include "model/codec.h"
#include "print/text/text.h"
#include "runtime/threads/engine.h"
#include "views/index.h"
#include "views/runner.h"

namespace siegel::app {
namespace {

namespace fs = std::filesystem;

/// What shop.json says.
struct Settings {
  std::string country = "de";
  fs::path witness;
};

constexpr std::int64_t folder_format = 1;
// Snapshot and witness are renewed beside the sales after so many entries.
constexpr std::uint64_t entries_between_snapshots = 20'000;
// A look-up that is older than what the recorder has in memory is repeated.
constexpr int lookups_max = 5;
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

/// What happens between durable entries and the outside: the recorder forgets what the index holds,
/// snapshot and witness are renewed.
class Keeper final : public journal::Follower {
 public:
  Keeper(journal::Sequence start, std::function<Status()> renew)
      : m_position(start), m_renewed(start.get()), m_renew(std::move(renew)) {}
  [[nodiscard]] std::string_view name() const override { return "keeper"; }
  [[nodiscard]] journal::Sequence position() const override { return m_position; }
  [[nodiscard]] Status handle(std::span<const journal::Entry> entries) override {
    if (entries.empty()) return Ok{};
    m_position = entries.back().sequence;
    if (m_position.get() - m_renewed < entries_between_snapshots) return Ok{};
    m_renewed = m_position.get();
    return m_renew();
  }

 private:
  journal::Sequence m_position;
  std::uint64_t m_renewed;
  std::function<Status()> m_renew;
};

class OpenShop final : public Shop {
 public:
  OpenShop(ShopPlace place, Environment environment, Settings settings)
      : m_place(std::move(place)), m_environment(environment), m_settings(std::move(settings)) {}
  ~OpenShop() override { close(); }

  Status open_to_write();
  Status open_to_read();

  Result<SaleAnswer> sell(const SaleRequest& request) override;
  void sell_async(const SaleRequest& request,
                  std::function<void(Result<recorder::Accepted>)> done) override;
  Result<recorder::Accepted> open_vorgang(const RegisterId& register_id, const VorgangId& vorgang,
                                          const std::string& actor) override;
  Status update_vorgang(const RegisterId& register_id, const VorgangId& vorgang,
                        const ReceiptDraft& draft, const std::string& actor) override;
  Status set_business(const Business& business, const std::string& actor) override;
  Status set_profile(const Profile& profile, const std::string& actor) override;
  Status add_register(const RegisterInfo& info, bool replaces, const std::string& actor) override;
  Result<TseInfo> create_tse(const CreateTse& create, const std::string& actor) override;
  Status on_tse(const std::string& id, const std::function<Status(device::Tse&)>& work) override;
  Result<SignerInfo> create_signer(CreateSigner create, const std::string& actor) override;
  Result<crypto::SecretBytes> make_aes_key(const RegisterId& id,
                                           const crypto::SecretBytes* given) override;
  Result<DayClosed> close_day(const RegisterId& id, const std::string& key,
                              std::optional<bool> last_of_month, const std::string& actor) override;
  Status record(const OutageNote& note, const std::string& actor) override {
    return enter(actor, note);
  }
  Status record(const ReceiptCheck& check, const std::string& actor) override {
    return enter(actor, check);
  }
  Status record(const AuthorityReport& report, const std::string& actor) override {
    return enter(actor, report);
  }
  Result<Notified> notify(const std::vector<NoticeToTell>& notices) override;
  Status set_mail(const MailSettings& settings, const crypto::SecretBytes* password) override;

  Result<crypto::SecretBytes> aes_key(const RegisterId& id) override;
  Result<Plan> preview(const SaleRequest& request) override;
  Result<recorder::State> state() override;
  Result<Receipt> receipt(const std::string& receipt_number) override;
  Result<Receipt> receipt_at(std::uint64_t plan_sequence) override;
  Result<std::vector<views::ReceiptRow>> receipts(const views::ReceiptFilter& filter,
                                                  std::size_t limit) override;
  Result<std::unique_ptr<journal::Reader>> reader() override;
  /// Runs `query` with a reader of the pool: opening one costs more than most queries.
  template <class Query>
  auto with_reader(Query query) -> decltype(query(std::declval<journal::Reader&>()));
  const country::Country& country() const override { return *m_country; }
  const fs::path& folder() const override { return m_place.folder; }
  const fs::path& witness() const override { return m_settings.witness; }
  fs::path journal_file() const override { return m_place.folder / "journal.db"; }
  const std::vector<Error>& warnings() const override { return m_warnings; }

 private:
  [[nodiscard]] fs::path snapshot_file() const { return m_place.folder / "snapshot.json"; }
  Result<Ok> need_writing() const;
  Status open_devices(const recorder::State& state);
  void open_signers(const recorder::State& state);
  Result<recorder::Keys> open_keys(const recorder::State& state);
  Status open_notifier();
  Status open_printer(journal::Sequence head);
  Result<vault::Vault*> vault();
  Result<recorder::Lookup> look_up(const RegisterId& register_id, const std::string& key,
                                   const ReceiptDraft* draft);
  Result<recorder::Accepted> call(const std::string& actor, runtime::Engine::Body body);
  template <class Value>
  Status enter(const std::string& actor, const Value& value) {
    SIEGEL_TRY_OK(call(actor, recorder::Master{.value = value}));
    return Ok{};
  }
  Result<SaleAnswer> answer_of(recorder::Accepted accepted);
  Status open_index(journal::Reader& entries);
  Status renew();
  void close();

  ShopPlace m_place;
  Environment m_environment;
  Settings m_settings;
  std::optional<FolderLock> m_lock;
  std::unique_ptr<country::Country> m_country;
  std::unique_ptr<vault::Vault> m_vault;
  std::unique_ptr<journal::Journal> m_journal;                              // Mode::write
  std::map<std::string, std::unique_ptr<device::Tse>> m_devices;            // by serial
  std::map<std::string, std::unique_ptr<device::CheckedSigner>> m_signers;  // by id
  std::unique_ptr<views::Index> m_index;
  std::unique_ptr<Keeper> m_keeper;
  std::unique_ptr<journal::Reader> m_printer_reader;
  std::unique_ptr<DuesPrinter> m_printer;
  std::unique_ptr<runtime::Engine> m_engine;
  std::unique_ptr<views::Runner> m_runner;
  std::unique_ptr<Notifier> m_notifier;
  std::vector<Error> m_warnings;
  Masters m_masters;
  Mutex m_readers_mutex;
  std::vector<std::unique_ptr<journal::Reader>> m_idle_readers SIEGEL_GUARDED_BY(m_readers_mutex);
  std::atomic<bool> m_closing{false};
};

template <class Query>
auto OpenShop::with_reader(Query query) -> decltype(query(std::declval<journal::Reader&>())) {
  std::unique_ptr<journal::Reader> taken;
  {
    Lock lock(m_readers_mutex);
    if (!m_idle_readers.empty()) {
      taken = std::move(m_idle_readers.back());
      m_idle_readers.pop_back();
    }
  }
  if (!taken) {
    SIEGEL_TRY(taken, reader());
  }
  auto result = query(*taken);
  Lock lock(m_readers_mutex);
  m_idle_readers.push_back(std::move(taken));
  return result;
}

// ---- opening and closing ------------------------------------------------------------------------

Status OpenShop::open_to_read() {
  SIEGEL_TRY(m_country, make_country(m_settings.country));
  SIEGEL_TRY(auto entries, reader());
  return open_index(*entries);
}

Status OpenShop::open_to_write() {
  SIEGEL_TRY(m_lock, FolderLock::take(m_place.folder / "lock"));
  SIEGEL_TRY(m_country, make_country(m_settings.country));
  SIEGEL_TRY(const auto witness, journal::WitnessFile(m_settings.witness).read());
  if (witness) {
    // Before it is opened for writing: a journal that was put back stays as it is.
    SIEGEL_TRY(const auto old, reader());
    if (const auto checked = journal::check_witness(*witness, *old); !checked) {
      Error error = checked.error();
      // Nothing is guessed: chain and counter cannot be continued.
      if (error.code == "E-JRN-301" && m_settings.country == "at")
        error.detail +=
            "; if the newer journal is lost, so is the state of its registers: report their end "
            "(siegel at end --reason irreparable --xml FOLDER), begin a new data folder with a new "
            "Kassen-ID, a "
            "new AES key and a new Startbeleg, keep this one (docs/how-to/austria.md)";
      return error;
    }
  }
  SIEGEL_TRY(m_journal, make_journal(m_place, false));
  SIEGEL_TRY(auto own_reader, m_journal->reader());
  SIEGEL_TRY(m_vault, make_vault(m_place.folder / "vault", m_environment.random, false));
  SIEGEL_TRY(m_index, views::open_index({.path = m_place.folder / "index.db"}, *own_reader));
  SIEGEL_TRY(const recorder::State state, load_state(snapshot_file(), *own_reader));
  SIEGEL_TRY_OK(open_devices(state));
  open_signers(state);
  SIEGEL_TRY(recorder::Keys keys, open_keys(state));

  m_keeper =
      std::make_unique<Keeper>(journal::Sequence(state.sequence), [this] { return renew(); });
  SIEGEL_TRY_OK(open_printer(journal::Sequence(state.sequence)));
  SIEGEL_TRY(auto runner_reader, m_journal->reader());
  std::vector<journal::Follower*> followers{&m_index->keys(), &m_index->receipts(), m_keeper.get()};
  if (m_printer) followers.push_back(m_printer.get());
  m_runner = std::make_unique<views::Runner>(std::move(runner_reader), std::move(followers));
  std::map<std::string, device::Tse*> devices;
  for (const auto& [serial, tse] : m_devices) devices[serial] = tse.get();
  std::map<std::string, device::CheckedSigner*> signers;
  for (const auto& [id, signer] : m_signers) signers[id] = signer.get();
  SIEGEL_TRY_OK(open_notifier());
  SIEGEL_TRY(m_engine, runtime::Engine::start(*m_journal, *m_country, std::move(devices),
                                              {.clock = &m_environment.clock,
                                               .load = [this]() -> Result<recorder::State> {
                                                 SIEGEL_TRY(auto reader, m_journal->reader());
                                                 return load_state(snapshot_file(), *reader);
                                               },
                                               .on_durable =
                                                   [this](journal::Head head) {
                                                     m_runner->notify(head.sequence);
                                                     if (m_notifier)
                                                       m_notifier->notify(head.sequence);
                                                   },
                                               .signers = std::move(signers),
                                               .keys = std::move(keys)}));
  m_runner->start();
  if (m_notifier) m_notifier->start();
  // What was broken when the last process ended is asked first: a shop whose device is back does
  // not begin with an unsigned receipt.
  const bool broken = std::any_of(state.outages.begin(), state.outages.end(),
                                  [](const auto& item) { return item.second.open.has_value(); });
  if (broken) m_engine->settle(first_probe_limit);
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
    auto tse = open_soft_tse(m_place, info.id, *m_vault, m_environment);
    if (tse)
      m_devices[serial] = std::move(*tse);
    else
      m_warnings.push_back(tse.error());
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
  if (m_settings.country != "at") return Ok{};
  auto settings = read_mail_settings(m_place.folder);
  if (!settings) {
    m_warnings.push_back(settings.error());  // nobody is told, but the shop sells
    return Ok{};
  }
  if (!*settings) return Ok{};
  SIEGEL_TRY(auto own_reader, m_journal->reader());
  SIEGEL_TRY(m_notifier, Notifier::make({.folder = m_place.folder,
                                         .reader = std::move(own_reader),
                                         .state = [this] { return state(); },
                                         .settings = std::move(**settings),
                                         .vault = m_vault.get(),
                                         .environment = m_environment}));
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
  SIEGEL_TRY(const auto witness, journal::make_witness(*reader));
  if (witness) SIEGEL_TRY_OK(journal::WitnessFile(m_settings.witness).write(*witness));
  return Ok{};
}

void OpenShop::close() {
  if (!m_engine) return;
  m_engine->settle(std::chrono::seconds(10));
  if (m_notifier) m_notifier->stop();
  // All of this is derived or outside: a failure costs time at the next start, nothing else.
  if (const auto drained = m_runner->drain(); !drained) m_warnings.push_back(drained.error());
  if (const auto renewed = renew(); !renewed) m_warnings.push_back(renewed.error());
  // The runner's thread asks the engine only until it has seen this.
  m_closing = true;
  (void)m_runner->drain().ok();
  m_engine.reset();
  m_runner.reset();
  m_notifier.reset();
}

// ---- writing ------------------------------------------------------------------------------------

Result<Ok> OpenShop::need_writing() const {
  if (!m_engine) return conflict("E-DAT-005", "the data folder is open for reading only");
  return Ok{};
}

Result<recorder::Lookup> OpenShop::look_up(const RegisterId& register_id, const std::string& key,
                                           const ReceiptDraft* draft) {
  recorder::Lookup lookup;
  SIEGEL_TRY(const auto known, m_index->keys().find(register_id.text(), key));
  lookup.position = known.position.get();
  if (known.found) lookup.key = {known.found->sequence.get(), known.found->fingerprint};
  if (draft == nullptr || draft->kind != ReceiptKind::reversal) return lookup;
  return with_reader([&](journal::Reader& entries) -> Result<recorder::Lookup> {
    SIEGEL_TRY(const auto row, m_index->receipts().find(entries, draft->reverses));
    if (!row) return lookup;
    SIEGEL_TRY(Receipt original, m_index->receipts().load(entries, row->plan_sequence));
    lookup.original = std::move(original.plan);
    lookup.original_reversed = row->reversed_by.get() != 0;
    return lookup;
  });
}

Result<recorder::Accepted> OpenShop::call(const std::string& actor, runtime::Engine::Body body) {
  SIEGEL_TRY_OK(need_writing());
  if (!std::holds_alternative<recorder::Master>(body))
    return m_engine->call(actor, std::move(body));
  m_masters.change_begins();
  auto accepted = m_engine->call(actor, std::move(body));
  if (accepted) {
    m_masters.change_ends(accepted->sequence);
  } else if (accepted.error().kind == ErrorKind::invalid ||
             accepted.error().kind == ErrorKind::conflict ||
             accepted.error().kind == ErrorKind::not_found) {
    m_masters.change_ends({});
  }
  return accepted;
}

void OpenShop::sell_async(const SaleRequest& request,
                          std::function<void(Result<recorder::Accepted>)> done) {
  if (const auto ready = need_writing(); !ready) {
    done(ready.error());
    return;
  }
  std::string key = request.key;
  if (key.empty()) {
    ByteArray<16> random{};
    m_environment.random.fill(random);
    key = hex(random);
  }
  auto lookup = look_up(request.register_id, key, &request.draft);
  if (!lookup) {
    done(lookup.error());
    return;
  }
  m_engine->submit(request.actor,
                   recorder::Sell{.register_id = request.register_id,
                                  .flow = request.flow,
                                  .key = std::move(key),
                                  .fingerprint = request.fingerprint,
                                  .draft = request.draft,
                                  .lookup = std::move(*lookup)},
                   std::move(done));
}

/// Plan and seal have just been decided: only master data may have to be read.
Result<SaleAnswer> OpenShop::answer_of(recorder::Accepted accepted) {
  Receipt receipt;
  if (accepted.plan && accepted.seal) {
    receipt.plan_sequence = accepted.sequence;
    receipt.plan = std::move(*accepted.plan);
    receipt.seal = std::move(accepted.seal);
    if (m_masters.complete(receipt)) return SaleAnswer{std::move(receipt), accepted.replayed};
  }
  SIEGEL_TRY(receipt, receipt_at(accepted.sequence));
  m_masters.keep(receipt);
  return SaleAnswer{std::move(receipt), accepted.replayed};
}

Result<SaleAnswer> OpenShop::sell(const SaleRequest& request) {
  for (int i = 0;; ++i) {
    std::promise<Result<recorder::Accepted>> promise;
    auto future = promise.get_future();
    sell_async(request,
               [&](Result<recorder::Accepted> result) { promise.set_value(std::move(result)); });
    auto accepted = future.get();
    if (!accepted) {
      if (accepted.error().code == "E-API-603" && i < lookups_max) continue;
      return accepted.error();
    }
    return answer_of(std::move(*accepted));
  }
}

Result<recorder::Accepted> OpenShop::open_vorgang(const RegisterId& register_id,
                                                  const VorgangId& vorgang,
                                                  const std::string& actor) {
  SIEGEL_TRY_OK(need_writing());
  SIEGEL_TRY(auto lookup, look_up(register_id, vorgang.get(), nullptr));
  return call(actor, recorder::Open{register_id, vorgang, std::move(lookup)});
}

Status OpenShop::update_vorgang(const RegisterId& register_id, const VorgangId& vorgang,
                                const ReceiptDraft& draft, const std::string& actor) {
  SIEGEL_TRY_OK(
      call(actor, recorder::Update{register_id, vorgang, json::canonical(to_json_value(draft))}));
  return Ok{};
}

Status OpenShop::set_business(const Business& business, const std::string& actor) {
  SIEGEL_TRY_OK(call(actor, recorder::Master{.value = business}));
  return Ok{};
}

Status OpenShop::set_profile(const Profile& profile, const std::string& actor) {
  SIEGEL_TRY_OK(call(actor, recorder::Master{.value = profile}));
  return Ok{};
}

Status OpenShop::add_register(const RegisterInfo& info, bool replaces, const std::string& actor) {
  SIEGEL_TRY_OK(need_writing());
  // The device first: a register that is on record can always be signed for.
  const recorder::State known = m_engine->state();
  if (known.registers.contains(info.id.text()) && !replaces)
    return conflict("E-REG-103", fmt::format("register {} exists already", info.id.text()), "/id");
  if (m_settings.country == "at") {
    SIEGEL_TRY(crypto::SecretBytes key, aes_key(info.id));
    m_engine->set_key(info.id, std::move(key));
    SIEGEL_TRY_OK(call(actor, recorder::Master{.value = info, .replaces = replaces}));
    return Ok{};
  }
  const auto tse = known.tses.find(info.tse_serial);
  if (tse == known.tses.end())
    return not_found("E-TSE-302", fmt::format("no TSE {} is in operation", info.tse_serial));
  SIEGEL_TRY_OK(m_engine->on_device(info.tse_serial, [&](device::Tse& device) {
    return register_client(device, tse->second.id, info.id.text(), *m_vault);
  }));
  SIEGEL_TRY_OK(call(actor, recorder::Master{.value = info, .replaces = replaces}));
  return Ok{};
}

Result<TseInfo> OpenShop::create_tse(const CreateTse& create, const std::string& actor) {
  SIEGEL_TRY_OK(need_writing());
  SIEGEL_TRY_OK(vault::SecretId::parse(create.id));  // the id names a folder and secrets
  const recorder::State known = m_engine->state();
  for (const auto& [serial, info] : known.tses)
    if (info.id == create.id)
      return conflict("E-TSE-304", fmt::format("there is a TSE \"{}\" already", create.id), "--id");
  SIEGEL_TRY(auto tse, create_soft_tse(m_place, create, *m_vault, m_environment));
  SIEGEL_TRY(TseInfo info, tse->identity());
  info.id = create.id;
  m_engine->add_device(info.serial, tse.get());
  m_devices[info.serial] = std::move(tse);
  SIEGEL_TRY_OK(call(actor, recorder::Master{.value = info}));
  return info;
}

Status OpenShop::on_tse(const std::string& id, const std::function<Status(device::Tse&)>& work) {
  SIEGEL_TRY_OK(need_writing());
  const recorder::State known = m_engine->state();
  for (const auto& [serial, info] : known.tses)
    if (info.id == id) return m_engine->on_device(serial, work);
  return not_found("E-TSE-302", fmt::format("no TSE \"{}\" is in operation", id), "--tse");
}

Result<SignerInfo> OpenShop::create_signer(CreateSigner create, const std::string& actor) {
  SIEGEL_TRY_OK(need_writing());
  SignerSettings& settings = create.settings;
  SIEGEL_TRY(const vault::SecretId secret_id, signer_secret_id(settings.id));
  const recorder::State known = m_engine->state();
  if (!known.business)
    return conflict("E-REG-106", "name and address of the business are not set yet");
  const auto same_id = known.signers.find(settings.id);
  const SignerInfo* old = same_id == known.signers.end() ? nullptr : &same_id->second;
  crypto::SecretBytes secret = std::move(create.secret);
  std::unique_ptr<device::CheckedSigner> signer;
  if (settings.kind == "softkey" && old != nullptr && old->kind == "softkey") return *old;
  if (settings.kind == "softkey") {
    const std::string& owner =
        known.business->vat_id.empty() ? known.business->tax_number : known.business->vat_id;
    SIEGEL_TRY(SoftSigner made,
               make_soft_signer(m_place.folder, settings.id, "UID " + owner, m_environment));
    signer = std::move(made.signer);
    secret = std::move(made.secret);
    if (settings.provider.empty()) settings.provider = "AT100";
    // A key in a file has no provider behind it, whatever a receipt says.
    if (settings.provider != "AT0" && settings.provider != "AT9" && settings.provider != "AT100")
      return invalid("E-AUT-122",
                     fmt::format("a software signer is of AT100, AT9 (for test transmissions) or "
                                 "AT0 (closed system), not of {}",
                                 settings.provider),
                     "--provider");
  } else {
    settings.pin_confirmed = true;
    SIEGEL_TRY(signer, make_signer(m_place.folder, settings, old, secret.clone(), m_environment));
  }
  SIEGEL_TRY(const SignerInfo info,
             inspect_signer(settings, *signer, *known.business, m_environment.clock.now().wall));
  for (const auto& [id, other] : known.signers) {
    const bool same = other.serial == info.serial;
    if (same != (id == info.id))
      return conflict("E-AUT-119", fmt::format("{} is the device with serial {}", id, other.serial),
                      "--id");
  }
  if (settings.kind == "smartcard") settings.serial = info.serial;
  if (!secret.empty()) SIEGEL_TRY_OK(m_vault->put(secret_id, secret));
  SIEGEL_TRY_OK(write_signer_settings(m_place.folder, settings));
  if (old != nullptr) return info;
  m_engine->add_signer(info.id, signer.get());
  m_signers[info.id] = std::move(signer);
  SIEGEL_TRY_OK(call(actor, recorder::Master{.value = info}));
  return info;
}

Result<crypto::SecretBytes> OpenShop::make_aes_key(const RegisterId& id,
                                                   const crypto::SecretBytes* given) {
  SIEGEL_TRY_OK(need_writing());
  SIEGEL_TRY(const vault::SecretId key_id, aes_key_id(id));
  auto there = m_vault->get(key_id);
  if (there) {
    if (given != nullptr && !there->equals(*given))
      return conflict("E-AUT-118",
                      fmt::format("register {} has another AES key already", id.text()));
    return there;
  }
  if (there.error().kind != ErrorKind::not_found) return there;
  crypto::SecretBytes key =
      given == nullptr ? crypto::SecretBytes::random(crypto::aes256_key_bytes, m_environment.random)
                       : given->clone();
  if (key.size() != crypto::aes256_key_bytes)
    return invalid("E-CRY-007", "an AES-256 key has 32 bytes");
  SIEGEL_TRY_OK(m_vault->put(key_id, key));
  return key;
}

Result<DayClosed> OpenShop::close_day(const RegisterId& id, const std::string& key,
                                      std::optional<bool> last_of_month, const std::string& actor) {
  SIEGEL_TRY_OK(need_writing());
  for (int i = 0;; ++i) {
    SIEGEL_TRY(auto lookup, look_up(id, key, nullptr));
    auto closed = call(actor, recorder::Close{.register_id = id,
                                              .key = key,
                                              .fingerprint = {},
                                              .last_of_month = last_of_month,
                                              .lookup = std::move(lookup)});
    if (!closed) {
      if (closed.error().code == "E-API-603" && i < lookups_max) continue;
      return closed.error();
    }
    DayClosed day;
    day.replayed = closed->replayed;
    if (closed->closing) day.closing = *closed->closing;
    if (closed->plan) {
      SIEGEL_TRY(auto made, receipt(closed->plan->receipt_number));
      day.receipt = std::move(made);
    }
    return day;
  }
}

Status OpenShop::set_mail(const MailSettings& settings, const crypto::SecretBytes* password) {
  SIEGEL_TRY_OK(need_writing());
  if (password != nullptr) {
    SIEGEL_TRY(const vault::SecretId id, mail_password_id());
    SIEGEL_TRY_OK(m_vault->put(id, *password));
  }
  return write_mail_settings(m_place.folder, settings);
}

Result<Notified> OpenShop::notify(const std::vector<NoticeToTell>& notices) {
  SIEGEL_TRY_OK(need_writing());
  if (!m_notifier) return not_found("E-AUT-120", "nobody is configured to be told", "mail.json");
  return m_notifier->tell(notices);
}

// ---- reading ------------------------------------------------------------------------------------

Result<std::unique_ptr<journal::Reader>> OpenShop::reader() {
  return m_journal ? m_journal->reader() : make_journal_reader(m_place);
}

Result<recorder::State> OpenShop::state() {
  if (m_engine) return m_engine->state();
  SIEGEL_TRY(auto entries, reader());
  return load_state(snapshot_file(), *entries);
}

Result<crypto::SecretBytes> OpenShop::aes_key(const RegisterId& id) {
  SIEGEL_TRY(vault::Vault* const secrets, vault());
  SIEGEL_TRY(const vault::SecretId key_id, aes_key_id(id));
  return secrets->get(key_id);
}

Result<Plan> OpenShop::preview(const SaleRequest& request) {
  SIEGEL_TRY(const recorder::State known, state());
  const auto reg = known.registers.find(request.register_id.text());
  if (reg == known.registers.end())
    return not_found("E-REG-104",
                     fmt::format("register {} is not known", request.register_id.text()),
                     "/register");
  if (!known.business)
    return conflict("E-REG-106", "name and address of the business are not set yet");
  SIEGEL_TRY(const LocalStamp now,
             LocalStamp::from(m_environment.clock.now().wall, known.business->time_zone));
  SIEGEL_TRY(const recorder::Lookup lookup,
             look_up(request.register_id, request.key, &request.draft));
  const auto tse = known.tses.find(reg->second.info.tse_serial);
  country::RksvFacts rksv;
  crypto::SecretBytes key;
  if (const auto& state_of = reg->second.rksv) {
    if (auto found = aes_key(request.register_id)) key = std::move(*found);
    rksv = {.counter = state_of->counter,
            .chaining = state_of->chaining,
            .last_time = state_of->last_time,
            .started = state_of->start.has_value(),
            .ended = state_of->ended,
            .aes_key = key.empty() ? nullptr : &key};
  }
  return m_country->decide(request.draft,
                           {.now = now,
                            .business = *known.business,
                            .business_sequence = known.business_sequence,
                            .register_info = reg->second.info,
                            .tse = tse == known.tses.end() ? nullptr : &tse->second,
                            .profile = known.profile,
                            .next_number = reg->second.next_number,
                            .vorgang = VorgangId(request.key),
                            .began = now,
                            .transaction = 0,
                            .original = lookup.original ? &*lookup.original : nullptr,
                            .original_reversed = lookup.original_reversed,
                            .rksv = reg->second.rksv ? &rksv : nullptr});
}

Result<Receipt> OpenShop::receipt(const std::string& receipt_number) {
  return with_reader([&](journal::Reader& entries) -> Result<Receipt> {
    SIEGEL_TRY(const auto row, m_index->receipts().find(entries, receipt_number));
    if (!row)
      return not_found("E-SAL-543", fmt::format("there is no receipt \"{}\"", receipt_number));
    return m_index->receipts().load(entries, row->plan_sequence);
  });
}

Result<Receipt> OpenShop::receipt_at(std::uint64_t plan_sequence) {
  return with_reader([&](journal::Reader& entries) {
    return m_index->receipts().load(entries, journal::Sequence(plan_sequence));
  });
}

Result<std::vector<views::ReceiptRow>> OpenShop::receipts(const views::ReceiptFilter& filter,
                                                          std::size_t limit) {
  return with_reader([&](journal::Reader& entries) {
    return m_index->receipts().list(entries, filter, limit, {});
  });
}

}  // namespace

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
  SIEGEL_TRY_OK(make_vault(folder / "vault", environment.random, true));
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

Result<std::unique_ptr<Shop>> Shop::open(const ShopPlace& place, Mode mode,
                                         Environment environment) {
  SIEGEL_TRY(Settings settings, read_settings(place.folder));
  auto shop = std::make_unique<OpenShop>(place, environment, std::move(settings));
  SIEGEL_TRY_OK(mode == Mode::write ? shop->open_to_write() : shop->open_to_read());
  return std::unique_ptr<Shop>(std::move(shop));
}

}  // namespace siegel::app
