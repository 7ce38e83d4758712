#include "bare.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <memory>
#include <optional>
#include <thread>

#include "base/random.h"
#include "base/thread.h"
#include "crypto/hash.h"
#include "sqlite/sqlite.h"

namespace siegel::bench::bare {
namespace {

using sqlite::CheckpointMode;
using sqlite::Database;
using sqlite::Statement;
using sqlite::Transaction;
using sqlite::TransactionMode;

constexpr int checkpoint_pages = 1000;
constexpr int wal_pages_max = 8000;

struct FreeKey {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using Key = std::unique_ptr<EVP_PKEY, FreeKey>;
struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_MD_CTX, FreeContext>;
struct FreeKeyContext {
  void operator()(EVP_PKEY_CTX* context) const { EVP_PKEY_CTX_free(context); }
};
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, FreeKeyContext>;

const unsigned char* raw(BytesView bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

/// Signs as a device does: hash and signature over one message.
class Signer {
 public:
  Signer() : m_key(EVP_EC_gen("P-256")) {}
  std::size_t sign(BytesView message, ByteArray<80>& out) const {
    const Context context(EVP_MD_CTX_new());
    std::size_t size = out.size();
    if (EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, m_key.get()) != 1 ||
        EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(out.data()), &size,
                       raw(message), message.size()) != 1)
      return 0;
    return size;
  }
  /// As whoever does not believe a device.
  bool verify(BytesView message, BytesView signature) const {
    const Context context(EVP_MD_CTX_new());
    return EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, m_key.get()) == 1 &&
           EVP_DigestVerify(context.get(), raw(signature), signature.size(), raw(message),
                            message.size()) == 1;
  }

 private:
  Key m_key;
};

/// One table of rows, synced with each commit; its WAL is copied by another thread.
class Store {
 public:
  static Result<std::unique_ptr<Store>> open(const std::filesystem::path& file) {
    auto store = std::make_unique<Store>();
    sqlite::Options options;
    options.path = file;
    options.create = true;
    options.wal_autocheckpoint_pages = 0;
    SIEGEL_TRY(store->m_database, Database::open(options));
    SIEGEL_TRY_OK(store->m_database.execute(
        "CREATE TABLE entry(sequence INTEGER PRIMARY KEY, header BLOB, payload BLOB, hash BLOB)"));
    SIEGEL_TRY(store->m_insert, store->m_database.prepare("INSERT INTO entry VALUES(?,?,?,?)"));
    options.create = false;
    SIEGEL_TRY(store->m_copier, Database::open(options));
    sqlite3_wal_hook(
        store->m_database.handle(),
        [](void* self, sqlite3*, const char*, int pages) {
          static_cast<Store*>(self)->m_pages = pages;
          return SQLITE_OK;
        },
        store.get());
    store->m_thread = std::thread([raw = store.get()] { raw->copy(); });
    return store;
  }
  ~Store() {
    {
      const Lock lock(m_mutex);
      m_stop = true;
    }
    m_wake.notify_all();
    if (m_thread.joinable()) m_thread.join();
  }

  Status begin() {
    SIEGEL_TRY(auto transaction, Transaction::begin(m_database, TransactionMode::write));
    m_transaction.emplace(std::move(transaction));
    return Ok{};
  }
  Status add(BytesView header, BytesView payload, const Hash256& hash) {
    m_insert.bind(1, ++m_sequence).bind_blob(2, header).bind_blob(3, payload).bind_blob(4, hash);
    return m_insert.run();
  }
  Status commit() {
    Status done = Ok{};
    {
      const Lock gate(m_gate);
      done = m_transaction->commit();
    }
    m_transaction.reset();
    if (m_pages >= checkpoint_pages) {
      const Lock lock(m_mutex);
      m_asked = true;
      m_wake.notify_one();
    }
    return done;
  }

 private:
  void copy() {
    while (true) {
      {
        Lock lock(m_mutex);
        while (!m_asked && !m_stop) m_wake.wait(lock);
        if (m_stop) return;
        m_asked = false;
      }
      const auto done = m_copier.checkpoint(CheckpointMode::passive);
      if (!done.ok() || done->wal_pages < wal_pages_max) continue;
      const Lock gate(m_gate);
      (void)m_copier.checkpoint(CheckpointMode::passive).ok();
    }
  }

  Database m_database;
  Statement m_insert;
  Database m_copier;
  std::optional<Transaction> m_transaction;
  std::uint64_t m_sequence = 0;
  std::atomic<int> m_pages = 0;
  Mutex m_gate;
  Mutex m_mutex;
  Condition m_wake;
  bool m_stop SIEGEL_GUARDED_BY(m_mutex) = false;
  bool m_asked SIEGEL_GUARDED_BY(m_mutex) = false;
  std::thread m_thread;
};

/// Bytes that do not compress and differ from row to row.
class Noise {
 public:
  explicit Noise(std::size_t size) : m_bytes(size) { SeededRandom(1).fill(m_bytes); }
  BytesView next(std::size_t size) {
    ++m_count;
    std::memcpy(m_bytes.data(), &m_count, std::min(sizeof(m_count), m_bytes.size()));
    return BytesView(m_bytes).first(std::min(size, m_bytes.size()));
  }

 private:
  Bytes m_bytes;
  std::uint64_t m_count = 0;
};

/// The chain of the journal: payload, then header with the hash before.
Status add_entry(Store& store, Noise& noise, Hash256& previous, std::size_t bytes) {
  const std::size_t header_bytes = std::min<std::size_t>(bytes / 4, 200);
  const BytesView payload = noise.next(bytes - header_bytes);
  const BytesView header = payload.first(header_bytes);
  previous = crypto::sha256({BytesView(previous), header, BytesView(crypto::sha256(payload))});
  return store.add(header, payload, previous);
}

Status add_message(Store& store, Noise& noise, const Signer& signer, std::size_t bytes) {
  ByteArray<80> signature{};
  const std::size_t size = signer.sign(noise.next(bytes - 64), signature);
  if (size == 0) return unavailable("E-CRY-008", "OpenSSL did not sign");
  return store.add(BytesView(signature).first(64), noise.next(bytes - 64), {});
}

/// Waiting items of one thread.
template <class T>
class Box {
 public:
  void push(T item) {
    const Lock lock(m_mutex);
    m_items.push_back(item);
    if (m_items.size() == 1) m_wake.notify_one();
  }
  void stop() {
    const Lock lock(m_mutex);
    m_stopped = true;
    m_wake.notify_one();
  }
  bool take(std::vector<T>& out) {
    out.clear();
    Lock lock(m_mutex);
    while (m_items.empty() && !m_stopped) m_wake.wait(lock);
    out.swap(m_items);
    return !out.empty();
  }

 private:
  Mutex m_mutex;
  Condition m_wake;
  std::vector<T> m_items SIEGEL_GUARDED_BY(m_mutex);
  bool m_stopped SIEGEL_GUARDED_BY(m_mutex) = false;
};

struct Work {
  std::size_t index;  ///< register
  std::size_t bytes;
};

/// Takes what waits, stores it in one commit, says so.
template <class Add>
std::thread worker(Store& store, Box<Work>& in, Box<std::size_t>& out, std::atomic<bool>& failed,
                   Add add) {
  return std::thread([&store, &in, &out, &failed, add]() mutable {
    std::vector<Work> works;
    while (in.take(works)) {
      bool good = store.begin().ok();
      for (const Work& work : works) good = good && add(work.bytes).ok();
      good = good && store.commit().ok();
      if (!good) failed = true;
      for (const Work& work : works) out.push(work.index);
    }
  });
}

/// Random keys with the sequence they lead to, sorted and stored every 50 ms. What can be made
/// again need not be synced.
class KeyFollower {
 public:
  explicit KeyFollower(const std::filesystem::path& file) : m_file(file) {}
  Status start() {
    sqlite::Options options;
    options.path = m_file;
    options.create = true;
    options.durability = sqlite::Durability::normal;
    SIEGEL_TRY(m_database, Database::open(options));
    SIEGEL_TRY_OK(m_database.execute(
        "CREATE TABLE key(key BLOB PRIMARY KEY, sequence INTEGER) WITHOUT ROWID"));
    SIEGEL_TRY(m_insert, m_database.prepare("INSERT INTO key VALUES(?,?)"));
    m_thread = std::thread([this] { run(); });
    return Ok{};
  }
  ~KeyFollower() {
    {
      const Lock lock(m_mutex);
      m_stop = true;
    }
    m_wake.notify_all();
    if (m_thread.joinable()) m_thread.join();
  }
  void push(std::uint64_t sequence) {
    const Lock lock(m_mutex);
    m_waiting.push_back(sequence);
  }

 private:
  void run() {
    std::vector<std::uint64_t> sequences;
    std::vector<std::pair<ByteArray<32>, std::uint64_t>> keys;
    while (true) {
      {
        Lock lock(m_mutex);
        if (!m_stop) m_wake.wait_for(lock, std::chrono::milliseconds(50));
        if (m_stop) return;
        sequences.swap(m_waiting);
      }
      for (const std::uint64_t sequence : sequences) {
        m_random.fill(keys.emplace_back(ByteArray<32>{}, sequence).first);
      }
      std::sort(keys.begin(), keys.end());
      auto transaction = Transaction::begin(m_database, TransactionMode::write);
      for (const auto& [key, sequence] : keys)
        (void)m_insert.bind_blob(1, key).bind(2, sequence).run().ok();
      if (transaction.ok()) (void)transaction->commit().ok();
      sequences.clear();
      keys.clear();
    }
  }

  std::filesystem::path m_file;
  Database m_database;
  Statement m_insert;
  SeededRandom m_random{7};
  Mutex m_mutex;
  Condition m_wake;
  std::vector<std::uint64_t> m_waiting SIEGEL_GUARDED_BY(m_mutex);
  bool m_stop SIEGEL_GUARDED_BY(m_mutex) = false;
  std::thread m_thread;
};

}  // namespace

Result<double> append_rows(const std::filesystem::path& folder,
                           const std::vector<std::vector<Row>>& commits, double seconds) {
  SIEGEL_TRY(const auto store, Store::open(folder / "journal.db"));
  Noise noise(1 << 16);
  Hash256 previous{};
  const double begin = seconds_now();
  double now = begin;
  std::size_t rows = 0;
  for (const auto& commit : commits) {
    SIEGEL_TRY_OK(store->begin());
    for (const Row& row : commit) {
      const BytesView header = noise.next(row.header);
      const BytesView payload = noise.next(row.payload);
      previous = crypto::sha256({BytesView(previous), header, BytesView(crypto::sha256(payload))});
      SIEGEL_TRY_OK(store->add(header, payload, previous));
    }
    SIEGEL_TRY_OK(store->commit());
    rows += commit.size();
    now = seconds_now();
    if (now > begin + seconds) break;
  }
  return static_cast<double>(rows) / (now - begin);
}

Result<Run> sell_one(const std::filesystem::path& folder, const SaleSizes& sizes, double seconds) {
  SIEGEL_TRY(const auto journal, Store::open(folder / "journal.db"));
  SIEGEL_TRY(const auto tse, Store::open(folder / "tse.db"));
  Noise noise(1 << 16);
  const Signer signer;
  Hash256 previous{};
  Run run;
  const Stopwatch watch;
  double now = watch.begin();
  while (now < watch.begin() + seconds) {
    const auto entry = [&](std::size_t bytes) -> Status {
      SIEGEL_TRY_OK(journal->begin());
      SIEGEL_TRY_OK(add_entry(*journal, noise, previous, bytes));
      return journal->commit();
    };
    const auto message = [&](std::size_t bytes) -> Status {
      SIEGEL_TRY_OK(tse->begin());
      SIEGEL_TRY_OK(add_message(*tse, noise, signer, bytes));
      return tse->commit();
    };
    SIEGEL_TRY_OK(entry(sizes.plan));
    SIEGEL_TRY_OK(message(sizes.start));
    SIEGEL_TRY_OK(message(sizes.finish));
    SIEGEL_TRY_OK(entry(sizes.seal));
    const double end = seconds_now();
    run.latencies_ms.push_back((end - now) * 1e3);
    now = end;
  }
  watch.finish(run);
  return run;
}

Result<Run> sell_many(const std::filesystem::path& folder, const SaleSizes& sizes,
                      std::size_t registers, double seconds) {
  SIEGEL_TRY(const auto journal, Store::open(folder / "journal.db"));
  SIEGEL_TRY(const auto tse, Store::open(folder / "tse.db"));
  Noise entries(1 << 16);
  Noise messages(1 << 16);
  const Signer signer;
  Hash256 previous{};
  KeyFollower keys(folder / "index.db");
  SIEGEL_TRY_OK(keys.start());
  std::atomic<bool> failed = false;
  Box<Work> to_journal;
  Box<Work> to_tse;
  Box<std::size_t> done;
  std::thread committer = worker(*journal, to_journal, done, failed, [&](std::size_t bytes) {
    return add_entry(*journal, entries, previous, bytes);
  });
  std::thread signing = worker(*tse, to_tse, done, failed, [&](std::size_t bytes) {
    return add_message(*tse, messages, signer, bytes);
  });

  std::vector<int> step(registers, 0);
  std::vector<double> sent(registers, 0);
  Run run;
  const Stopwatch watch;
  double now = watch.begin();
  const auto begin_sale = [&](std::size_t index) {
    step[index] = 0;
    sent[index] = seconds_now();
    to_journal.push({index, sizes.plan});
  };
  for (std::size_t i = 0; i < registers; ++i) begin_sale(i);
  std::size_t flying = registers;
  std::vector<std::size_t> ready;
  while (flying > 0) {
    done.take(ready);
    now = seconds_now();
    for (const std::size_t index : ready) {
      switch (++step[index]) {
        case 1:
          to_tse.push({index, sizes.start});
          break;
        case 2:
          to_tse.push({index, sizes.finish});
          break;
        case 3:
          to_journal.push({index, sizes.seal});
          break;
        default:  // sealed: the next customer
          keys.push(run.latencies_ms.size());
          run.latencies_ms.push_back((now - sent[index]) * 1e3);
          if (now < watch.begin() + seconds)
            begin_sale(index);
          else
            --flying;
      }
    }
  }
  to_journal.stop();
  to_tse.stop();
  committer.join();
  signing.join();
  if (failed) return unavailable("E-DAT-102", "the bare loop could not write");
  watch.finish(run);
  return run;
}

namespace {

constexpr std::size_t code_bytes = 160;  // fields 1 to 12

Status sign_code(Noise& noise, const Signer& signer) {
  const BytesView code = noise.next(code_bytes);
  ByteArray<80> signature{};
  const std::size_t size = signer.sign(code, signature);
  if (size == 0 || !signer.verify(code, BytesView(signature).first(size)))
    return unavailable("E-CRY-008", "OpenSSL did not sign");
  return Ok{};
}

}  // namespace

Result<Run> sign_one(const std::filesystem::path& folder, const SaleSizes& sizes, double seconds) {
  SIEGEL_TRY(const auto journal, Store::open(folder / "journal.db"));
  Noise noise(1 << 16);
  const Signer signer;
  Hash256 previous{};
  Run run;
  const Stopwatch watch;
  double now = watch.begin();
  while (now < watch.begin() + seconds) {
    SIEGEL_TRY_OK(sign_code(noise, signer));
    SIEGEL_TRY_OK(journal->begin());
    SIEGEL_TRY_OK(add_entry(*journal, noise, previous, sizes.plan));
    SIEGEL_TRY_OK(add_entry(*journal, noise, previous, sizes.seal));
    SIEGEL_TRY_OK(journal->commit());
    const double end = seconds_now();
    run.latencies_ms.push_back((end - now) * 1e3);
    now = end;
  }
  watch.finish(run);
  return run;
}

Result<Run> sign_many(const std::filesystem::path& folder, const SaleSizes& sizes,
                      std::size_t registers, double seconds) {
  SIEGEL_TRY(const auto journal, Store::open(folder / "journal.db"));
  Noise entries(1 << 16);
  Noise codes(1 << 16);
  const Signer signer;
  Hash256 previous{};
  KeyFollower keys(folder / "index.db");
  SIEGEL_TRY_OK(keys.start());
  std::atomic<bool> failed = false;
  Box<Work> to_journal;
  Box<Work> to_signer;
  Box<std::size_t> done;
  std::thread committer = worker(*journal, to_journal, done, failed, [&](std::size_t /*bytes*/) {
    if (const auto plan = add_entry(*journal, entries, previous, sizes.plan); !plan) return plan;
    return add_entry(*journal, entries, previous, sizes.seal);
  });
  // As a lane does: each signature leaves at once.
  std::thread signing([&] {
    std::vector<Work> works;
    while (to_signer.take(works))
      for (const Work& work : works) {
        if (!sign_code(codes, signer).ok()) failed = true;
        to_journal.push(work);
      }
  });

  std::vector<double> sent(registers, 0);
  Run run;
  const Stopwatch watch;
  double now = watch.begin();
  const auto begin_sale = [&](std::size_t index) {
    sent[index] = seconds_now();
    to_signer.push({index, 0});
  };
  for (std::size_t i = 0; i < registers; ++i) begin_sale(i);
  std::size_t flying = registers;
  std::vector<std::size_t> ready;
  while (flying > 0) {
    done.take(ready);
    now = seconds_now();
    for (const std::size_t index : ready) {
      keys.push(run.latencies_ms.size());
      run.latencies_ms.push_back((now - sent[index]) * 1e3);
      if (now < watch.begin() + seconds)
        begin_sale(index);
      else
        --flying;
    }
  }
  to_signer.stop();
  signing.join();
  to_journal.stop();
  committer.join();
  if (failed) return unavailable("E-DAT-102", "the bare loop could not write or sign");
  watch.finish(run);
  return run;
}

double verify_rate(unsigned threads, double seconds) {
  const Key key(EVP_EC_gen("P-256"));
  const Hash256 digest = crypto::sha256(bytes_of("a message"));
  ByteArray<80> signature{};
  std::size_t size = signature.size();
  const KeyContext sign(EVP_PKEY_CTX_new(key.get(), nullptr));
  EVP_PKEY_sign_init(sign.get());
  EVP_PKEY_sign(sign.get(), reinterpret_cast<unsigned char*>(signature.data()), &size, raw(digest),
                digest.size());
  std::atomic<std::uint64_t> count = 0;
  const double begin = seconds_now();
  std::vector<std::thread> running;
  for (unsigned i = 0; i < threads; ++i)
    running.emplace_back([&] {
      const KeyContext context(EVP_PKEY_CTX_new(key.get(), nullptr));
      EVP_PKEY_verify_init(context.get());
      std::uint64_t mine = 0;
      while (seconds_now() < begin + seconds) {
        for (int j = 0; j < 100; ++j)
          mine +=
              EVP_PKEY_verify(context.get(), raw(signature), size, raw(digest), digest.size()) == 1
                  ? 1U
                  : 0U;
      }
      count += mine;
    });
  for (std::thread& thread : running) thread.join();
  return static_cast<double>(count.load()) / (seconds_now() - begin);
}

}  // namespace siegel::bench::bare
