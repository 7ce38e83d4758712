#pragma once

#include <atomic>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/shop/clock_guard.h"
#include "app/shop/day_start.h"
#include "app/shop/instance.h"
#include "app/shop/log_writer.h"
#include "app/shop/masters.h"
#include "app/shop/notifier.h"
#include "app/shop/printer.h"
#include "app/shop/read_back.h"
#include "app/shop/shop.h"
#include "app/shop/signers.h"
#include "app/shop/slips.h"
#include "app/shop/tending.h"
#include "app/shop/wiring.h"
#include "base/thread.h"
#include "journal/follower.h"
#include "runtime/threads/engine.h"
#include "vault/vault.h"
#include "views/index.h"
#include "views/runner.h"

// The one implementation of Shop, in several files: shop.cpp (opening and closing), writing.cpp,
// reading.cpp, closing.cpp (the end of a day), austria.cpp. Not part of the module's contract.

namespace siegel::app {

namespace fs = std::filesystem;

// A look-up that is older than what the recorder has in memory is repeated.
inline constexpr int lookups_max = 5;

// Snapshot and witness are renewed beside the sales after so many entries.
inline constexpr std::uint64_t entries_between_snapshots = 20'000;

/// What shop.json says.
struct Settings {
  std::string country = "de";
  fs::path witness;
};

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
  ~OpenShop() override;

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
  Status tend_tse(const std::string& id) override;
  Status disable_tse(const std::string& id) override;
  Status record(const TseChecked& checked, const std::string& actor) override {
    return enter(actor, checked);
  }
  Status record(const TseRetired& retired, const std::string& actor) override {
    return enter(actor, retired);
  }
  Result<ClockConfirmed> confirm_clock(std::optional<Instant> typed,
                                       const std::string& actor) override;
  Result<SignerInfo> create_signer(CreateSigner create, const std::string& actor) override;
  Result<crypto::SecretBytes> make_aes_key(const RegisterId& id,
                                           const crypto::SecretBytes* given) override;
  Result<TableDone> table(const recorder::TableAct& act, const std::string& actor) override;
  using Shop::close_day;
  Result<DayClosed> close_day(const CloseDay& close) override;
  Status record(const OutageNote& note, const std::string& actor) override {
    return enter(actor, note);
  }
  Status record(const recorder::OutageReport& report, const std::string& actor) override {
    return enter(actor, report);
  }
  Status record(const TseSwitch& change, const std::string& actor) override;
  std::vector<recorder::DeviceLoad> device_loads() override;
  Status record(const MessageSeen& seen, const std::string& actor) override {
    return enter(actor, seen);
  }
  Status record(const ReceiptCheck& check, const std::string& actor) override {
    return enter(actor, check);
  }
  Status record(const AuthorityReport& report, const std::string& actor) override {
    return enter(actor, report);
  }
  Result<Notifier*> notifier() override;
  Status set_notify(const notify::Settings& settings,
                    const std::vector<NewSecret>& secrets) override;
  Result<bool> has_secret(const vault::SecretId& id) override;

  Result<crypto::SecretBytes> aes_key(const RegisterId& id) override;
  Result<Plan> preview(const SaleRequest& request) override;
  Result<recorder::State> state() override;
  Result<std::vector<views::Message>> messages(Ask ask) override;
  Result<std::vector<views::StartedTse>> ask_tses() override;
  const std::vector<views::Message>& start_messages() const override { return m_start_messages; }
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
  /// The folder is the one that goes on with this journal.
  Status check_witness();
  Status take_instance();
  /// Every TSE is the one the journal knows, and has done nothing the journal does not know.
  Status check_devices(const recorder::State& state);
  Status open_devices(const recorder::State& state);
  void open_signers(const recorder::State& state);
  Result<recorder::Keys> open_keys(const recorder::State& state);
  Status open_notifier();
  Status open_printer(journal::Sequence head);
  // papers.cpp: slips, daily logs, what is told at the start
  Status open_papers(const recorder::State& state);
  void start_day(const recorder::State& state);
  void report(recorder::OutageReport report);
  // tse_care.cpp
  /// Does a TSE that failed work again? Sets its clock. On its lane.
  Status probe_tse(device::Tse& tse, Now now);
  Status open_care(const recorder::State& state);
  Status open_clock_guard(journal::Reader& entries);
  ClockEvidence clock_evidence();
  /// E-CLK-101: nothing may be booked now.
  Status check_clock();
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
  /// Lets go of everything that only the owner of the folder may hold, and of the folder.
  void release();
  /// Tells people if the journal cannot be written. Any thread, cheap.
  void look_at(const Error& error);

  ShopPlace m_place;
  Environment m_environment;
  Settings m_settings;
  std::optional<FolderLock> m_lock;
  std::optional<Instance> m_instance;  // Mode::write
  std::unique_ptr<country::Country> m_country;
  std::unique_ptr<vault::Vault> m_vault;
  std::unique_ptr<journal::Journal> m_journal;                              // Mode::write
  std::map<std::string, std::unique_ptr<device::Tse>> m_devices;            // by serial
  std::map<std::string, std::unique_ptr<device::CheckedSigner>> m_signers;  // by id
  std::unique_ptr<views::Index> m_index;
  std::unique_ptr<Keeper> m_keeper;
  std::unique_ptr<journal::Reader> m_printer_reader;
  std::unique_ptr<DuesPrinter> m_printer;
  std::unique_ptr<SlipPrinter> m_slips;
  std::unique_ptr<LogWriter> m_log_writer;
  std::unique_ptr<DayStart> m_day_start;
  std::map<std::string, Error> m_missing;  // TSEs that could not be opened, by serial
  std::vector<views::Message> m_start_messages;
  std::unique_ptr<ClockGuard> m_clock_guard;  // Mode::write, as the next two
  std::unique_ptr<Tending> m_tending;
  std::unique_ptr<ReadBack> m_read_back;
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

}  // namespace siegel::app
