#include "oracle.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "after_run.h"
#include "base/file.h"
#include "model/codec.h"
#include "verify/journal/journal.h"
#include "verify/tse/logs.h"

namespace siegel::simulation {
namespace {

using Problems = std::vector<std::string>;

/// A plan as the journal holds it, with everything that was said of it later.
struct Stored {
  Plan plan;
  std::string payload;
  std::optional<Seal> seal;
  std::string seal_payload;
  std::optional<LateSignature> late;
};

struct Books {
  std::map<std::uint64_t, Stored> plans;  ///< by sequence
  std::map<std::string, std::uint64_t> keys;
};

struct Outages {
  std::uint64_t last = 0;
  std::uint64_t last_receipt = 0;
  bool open = false;
  bool switched = false;  ///< the open one is a person's wish
};

/// Reads a journal from its first entry.
class Reading {
 public:
  Reading(Books& books, Problems& out) : m_books(books), m_out(out) {}

  void take(const journal::Entry& entry) {
    m_at = entry.sequence.get();
    if (entry.kind == entry_kind::plan)
      read_plan(entry);
    else if (entry.kind == entry_kind::seal)
      read_seal(entry);
    else if (entry.kind == entry_kind::outage_begin)
      read_begin(entry);
    else if (entry.kind == entry_kind::outage_end)
      read_end(entry);
    else if (entry.kind == entry_kind::late_signature)
      read_late(entry);
    else if (entry.kind == entry_kind::register_)
      if (const auto info = register_from_json(entry.payload))
        m_tse[entry.register_id] = info->tse_serial;
  }

 private:
  void wrong(const std::string& what) { m_out.push_back(fmt::format("entry {}: {}", m_at, what)); }

  void read_plan(const journal::Entry& entry) {
    auto plan = plan_from_json(entry.payload);
    if (!plan) {
      wrong(plan.error().detail);
      return;
    }
    if (plan->number != ++m_numbers[entry.register_id])
      wrong(fmt::format("number {} instead of {}", plan->number, m_numbers[entry.register_id]));
    if (entry.key &&
        !m_books.keys.emplace(recorder::scoped(entry.register_id, entry.key->text), m_at).second)
      wrong(fmt::format("key {} is used twice", entry.key->text));
    // A second TSE is lawful only while the first is disturbed; what began there may end there.
    const std::string& own = m_tse[entry.register_id];
    if (plan->tse_serial != own && plan->transaction == 0 &&
        (plan->disturbed_tse != own || !m_outages[own].open || m_outages[own].switched))
      wrong("a second TSE without an outage of the first");
    m_books.plans[m_at] = {std::move(plan).value(), entry.payload, {}, {}, {}};
  }

  void read_seal(const journal::Entry& entry) {
    const auto seal = seal_from_json(entry.payload);
    const auto stored = seal ? m_books.plans.find(seal->plan_sequence) : m_books.plans.end();
    if (stored == m_books.plans.end()) {
      wrong("a seal without its plan");
      return;
    }
    if (stored->second.seal) wrong("a second seal");
    stored->second.seal = *seal;
    stored->second.seal_payload = entry.payload;
    Outages& outages = m_outages[seal->tse_serial];
    if (seal->outcome != Seal::Outcome::unsigned_outage) {
      if (outages.open && outages.switched) wrong("signed by a TSE that is switched off");
      return;
    }
    if (!outages.open || seal->outage_number != outages.last)
      wrong("unsigned, but no outage is open");
    if (seal->outage_receipt != ++outages.last_receipt)
      wrong(fmt::format("outage receipt {} instead of {}", seal->outage_receipt,
                        outages.last_receipt));
  }

  void read_begin(const journal::Entry& entry) {
    const auto began = outage_began_from_json(entry.payload);
    if (!began) {
      wrong(began.error().detail);
      return;
    }
    Outages& outages = m_outages[began->tse_serial];
    if (outages.open || began->number != outages.last + 1) wrong("an outage out of order");
    ++outages.last;
    outages.open = true;
    outages.switched = began->code == "E-TSE-901" || began->code == "E-TSE-902";
  }

  void read_end(const journal::Entry& entry) {
    const auto ended = outage_ended_from_json(entry.payload);
    if (!ended) {
      wrong(ended.error().detail);
      return;
    }
    Outages& outages = m_outages[ended->tse_serial];
    if (!outages.open || ended->number != outages.last) wrong("the end of no outage");
    outages.open = false;
  }

  void read_late(const journal::Entry& entry) {
    const auto late = late_signature_from_json(entry.payload);
    const auto stored = late ? m_books.plans.find(late->plan_sequence) : m_books.plans.end();
    if (stored == m_books.plans.end() || stored->second.late || !stored->second.seal ||
        stored->second.seal->outcome != Seal::Outcome::unsigned_outage)
      wrong("a late signature of no unsigned receipt");
    else
      stored->second.late = *late;
  }

  Books& m_books;
  Problems& m_out;
  std::uint64_t m_at = 0;
  std::map<std::string, std::uint64_t> m_numbers;  // by register
  std::map<std::string, std::string> m_tse;        // by register
  std::map<std::string, Outages> m_outages;        // by TSE
};

Books read_books(const std::vector<journal::Entry>& entries, Problems& out) {
  Books books;
  Reading reading(books, out);
  for (const journal::Entry& entry : entries) reading.take(entry);
  return books;
}

/// One transaction as the exported messages tell it.
struct Transaction {
  std::string client;
  std::uint64_t starts = 0;
  std::uint64_t finishes = 0;
  std::uint64_t finish_counter = 0;
  std::string process_type;
  std::string process_data;
  Bytes signature;
};

using Log = std::map<std::uint64_t, Transaction>;

Log read_log(const Bytes& archive, Problems& out) {
  Log all;
  std::set<std::uint64_t> counters;
  const auto visited = verify::tse::visit_logs(
      {.path = {}, .bytes = archive}, [&](const verify::tse::LogFile& file) {
        const auto& message = file.message;
        if (!counters.insert(message.counter).second)
          out.push_back(fmt::format("the TSE used signature counter {} twice", message.counter));
        using verify::tse::Event;
        if (message.event != Event::start && message.event != Event::finish) return true;
        Transaction& transaction = all[message.transaction];
        transaction.client = message.client;
        if (message.event == Event::start) ++transaction.starts;
        if (message.event != Event::finish) return true;
        ++transaction.finishes;
        transaction.finish_counter = message.counter;
        transaction.process_type = message.process_type;
        transaction.process_data = message.process_data();
        transaction.signature.assign(message.signature.begin(), message.signature.end());
        return true;
      });
  if (!visited) out.push_back("the export of the TSE: " + visited.error().detail);
  return all;
}

/// Every finish on the devices belongs to exactly one receipt and the other way round. `logs`: by
/// serial.
void compare_with_logs(const Books& books, const recorder::State& state,
                       std::map<std::string, Log> logs, Problems& out) {
  const auto claim = [&](std::uint64_t at, const Plan& plan, std::uint64_t number,
                         std::uint64_t counter, const Bytes& signature) {
    Log& log = logs[plan.tse_serial];
    const auto found = log.find(number);
    if (found == log.end() || found->second.finishes != 1) {
      out.push_back(fmt::format("entry {}: transaction {} has no finish, or another receipt has it",
                                at, number));
      return;
    }
    const Transaction& transaction = found->second;
    if (transaction.starts != 1 || transaction.client != plan.register_id.text() ||
        transaction.finish_counter != counter || transaction.signature != signature ||
        transaction.process_data != plan.process_data ||
        transaction.process_type != process_type_text(plan.process_type))
      out.push_back(
          fmt::format("entry {}: the TSE signed something else as transaction {}", at, number));
    log.erase(found);
  };
  for (const auto& [at, stored] : books.plans) {
    if (!stored.seal) {
      out.push_back(fmt::format("entry {}: a plan without a seal", at));
      continue;
    }
    const Seal& seal = *stored.seal;
    if (seal.outcome == Seal::Outcome::signed_by_tse)
      claim(at, stored.plan, seal.transaction, seal.signature_counter, seal.signature);
    if (const auto& late = stored.late)
      claim(at, stored.plan, late->transaction, late->signature_counter, late->signature);
  }
  for (const auto& [key, vorgang] : state.vorgaenge) {
    if (!vorgang.started) {
      out.push_back(fmt::format("Vorgang {} was never started", key));
      continue;
    }
    Log& log = logs[vorgang.started->tse_serial];
    const auto found = log.find(vorgang.started->transaction);
    if (found == log.end()) continue;
    if (found->second.finishes == 0) log.erase(found);
  }
  for (const auto& [serial, log] : logs)
    for (const auto& [number, transaction] : log)
      out.push_back(
          fmt::format("transaction {} of {} ({}) is on the TSE {:.8}, and no receipt "
                      "knows it",
                      number, transaction.client,
                      transaction.finishes == 0 ? "open" : transaction.process_data, serial));
}

/// The live state as a fold with the same index position would be.
std::string aligned(recorder::State fold, const std::string& live) {
  const auto number = [&](const std::string& name) -> std::uint64_t {
    const auto at = live.find("\"" + name + "\":");
    return at == std::string::npos ? 0 : std::stoull(live.substr(at + name.size() + 3));
  };
  fold.indexed(number("forgotten_up_to"));
  fold.indexed(number("indexed"));
  return fold.snapshot();
}

Problems violations_of(const Result<verify::Report>& report, std::string_view what) {
  Problems out;
  if (!report) {
    out.push_back(fmt::format("{}: {} {}", what, report.error().code, report.error().detail));
    return out;
  }
  for (const verify::Finding& finding : report->findings())
    if (finding.severity == verify::Severity::violation)
      out.push_back(fmt::format("{}: {} {}: {} instead of {}", what, finding.rule, finding.place,
                                finding.found, finding.expected));
  return out;
}

/// A folder of its own that is gone afterwards.
class Folder {
 public:
  Folder() {
    // In memory where there is such a folder: what lies here is synced, and lives for one look.
    const std::filesystem::path memory = "/dev/shm";
    std::error_code error;
    const bool there =
        std::filesystem::is_directory(memory, error) && access(memory.c_str(), W_OK) == 0;
    std::string name =
        ((there ? memory : std::filesystem::temp_directory_path()) / "siegel-sim-XXXXXX").string();
    SIEGEL_CHECK(mkdtemp(name.data()) != nullptr);
    m_path = name;
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(m_path, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return m_path; }

 private:
  std::filesystem::path m_path;
};

}  // namespace

std::string lines_of(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) all += "  " + text + "\n";
  return all;
}

void Oracle::acknowledged(const RegisterId& register_id, const std::string& key,
                          const recorder::Accepted& accepted) {
  Receipt& receipt = m_receipts[recorder::scoped(register_id.text(), key)];
  receipt.sequence = accepted.sequence;
  if (accepted.plan) receipt.plan = to_json(*accepted.plan);
  if (accepted.seal) receipt.seal = to_json(*accepted.seal);
}

std::vector<std::string> Oracle::check_journal(Shop& shop) {
  Problems out = shop.world().violations();
  const auto entries = shop.entries();
  if (!entries) {
    out.push_back(entries.error().detail);
    return out;
  }
  const Books books = read_books(*entries, out);
  for (const auto& [key, receipt] : m_receipts) {
    const auto found = books.keys.find(key);
    const auto stored =
        found == books.keys.end() ? books.plans.end() : books.plans.find(found->second);
    if (stored == books.plans.end()) {
      out.push_back(fmt::format("acknowledged, but not in the journal: {}", key));
    } else if (stored->first != receipt.sequence || !stored->second.seal ||
               (!receipt.plan.empty() && receipt.plan != stored->second.payload) ||
               (!receipt.seal.empty() && receipt.seal != stored->second.seal_payload)) {
      out.push_back(fmt::format("acknowledged otherwise than stored: {}", key));
    }
  }
  return out;
}

std::vector<std::string> Oracle::check_at_rest(Shop& shop) {
  Problems out = check_journal(shop);
  const auto entries = shop.entries();
  const auto fold = shop.world().fold();
  if (!entries || !fold || shop.world().recorder() == nullptr) {
    out.push_back("not at rest: journal or state cannot be read");
    return out;
  }
  Problems ignored;
  const Books books = read_books(*entries, ignored);
  std::map<std::string, Log> logs;
  for (std::size_t i = 0; i < shop.tses(); ++i) {
    const auto archive = shop.export_tse(i);
    if (!archive) {
      out.push_back("a TSE cannot be exported: " + archive.error().detail);
      return out;
    }
    logs[shop.tse_serial(i)] = read_log(*archive, out);
  }
  compare_with_logs(books, *fold, std::move(logs), out);

  const std::string live = shop.world().recorder()->state().snapshot();
  if (aligned(*fold, live) != live) out.push_back("the live state is not the fold of the journal");
  const auto again = recorder::State::from_snapshot(live);
  if (!again || again->snapshot() != live) out.push_back("a snapshot does not read back");
  return out;
}

std::vector<std::string> Oracle::verify(Shop& shop) {
  const Folder folder;
  std::vector<Bytes> archives;
  for (std::size_t i = 0; i < shop.tses(); ++i) {
    auto archive = shop.export_tse(i);
    if (!archive) return {archive.error().detail};
    archives.push_back(std::move(archive).value());
  }
  for (const std::string& name : shop.journal_disk().names()) {
    if (name.ends_with("-shm")) continue;
    const auto written =
        write_file(folder.path() / name.substr(1), shop.journal_disk().content(name));
    if (!written) return {written.error().detail};
  }
  verify::tse::Options options;
  options.threads = 1;
  std::vector<verify::tse::Input> inputs;
  for (const Bytes& archive : archives) inputs.push_back({.path = {}, .bytes = archive});
  Problems out;
  const auto add = [&](Problems more) {
    out.insert(out.end(), std::make_move_iterator(more.begin()),
               std::make_move_iterator(more.end()));
  };
  for (const verify::tse::Input& input : inputs)
    add(violations_of(verify::tse::verify_logs({&input, 1}, options), "verify tse"));
  add(violations_of(
      verify::journal::verify_journal(folder.path() / "journal.db",
                                      {.witness = {}, .logs = inputs, .progress = {}}),
      "verify journal"));
  for (const Check& check : checks_after_run()) add(check(shop));
  return out;
}

}  // namespace siegel::simulation
