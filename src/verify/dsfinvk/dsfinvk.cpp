#include "verify/dsfinvk/dsfinvk.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <set>
#include <thread>

#include "base/thread.h"
#include "crypto/hash.h"
#include "verify/dsfinvk/cross_check.h"
#include "verify/dsfinvk/index_xml.h"
#include "verify/dsfinvk/other_sources.h"
#include "verify/dsfinvk/package.h"
#include "verify/dsfinvk/reader.h"

namespace siegel::verify::dsfinvk {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view dtd_name = "gdpdu-01-09-2004.dtd";
constexpr std::string_view old_dtd_name = "gdpdu-01-08-2002.dtd";
constexpr std::string_view dtd_hash =
    "af3d4c5a19e991f2d8c53995bc708680bbd7ff9326fde539c55b7e2c63f848a2";
/// Of its declarations alone, see declarations().
constexpr std::string_view grammar_hash =
    "c7f0835394237be2170e8a632ed2f2e616b09f12faef3dea921c59a6443bf07f";
constexpr std::size_t dtd_bytes_max = std::size_t{1} << 20;

/// What a DTD declares: its elements in the order of their names, without remarks and blanks.
std::string declarations(std::string_view dtd) {
  std::set<std::string> found;
  while (!dtd.empty()) {
    const bool is_remark = dtd.starts_with("<!--");
    const std::string_view end = is_remark ? "-->" : ">";
    const std::size_t at = std::min(dtd.find(end), dtd.size());
    if (!is_remark && dtd.starts_with("<!ELEMENT")) {
      std::string one(dtd.substr(0, at));
      std::erase_if(one, [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; });
      found.insert(one + ">");
    }
    dtd.remove_prefix(dtd.front() == '<' ? std::min(at + end.size(), dtd.size()) : 1);
  }
  std::string all;
  for (const std::string& one : found) all += one;
  return all;
}

constexpr std::size_t waiting_bytes_max = std::size_t{32} << 20;

/// Checks units on several threads.
class Workers {
 public:
  Workers(const CheckInput& input, std::vector<ClosingSummary>& summaries, unsigned threads)
      : m_summaries(summaries) {
    for (unsigned i = 0; i < threads; ++i) m_workers.push_back(std::make_unique<Worker>(input));
    for (const auto& worker : m_workers)
      m_threads.emplace_back([this, checker = worker.get()] { work(*checker); });
  }
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;
  ~Workers() { close(); }

  void take(std::unique_ptr<Unit> unit) {
    const std::size_t bytes = unit->bytes();
    Lock lock(m_mutex);
    while (m_waiting_bytes > waiting_bytes_max) m_changed.wait(lock);
    m_waiting_bytes += bytes;
    m_waiting.push_back(std::move(unit));
    m_changed.notify_all();
  }

  /// Waits for all; afterwards everything found is in the arguments.
  void finish(Report& report, Gathered& gathered, FormUse& use) {
    close();
    for (const auto& worker : m_workers) {
      worker->check.finish();
      report.merge(std::move(worker->report));
      use.merge(worker->check.use());
      gathered.merge(std::move(worker->check.gathered()));
    }
    m_workers.clear();
  }

 private:
  struct Worker {
    explicit Worker(const CheckInput& input) : check(input, report) {}
    Report report;
    ClosingCheck check;
  };

  void close() {
    {
      const Lock lock(m_mutex);
      m_closed = true;
      m_changed.notify_all();
    }
    m_threads.clear();
  }

  void work(Worker& worker) {
    for (;;) {
      std::unique_ptr<Unit> unit;
      {
        Lock lock(m_mutex);
        while (m_waiting.empty() && !m_closed) m_changed.wait(lock);
        if (m_waiting.empty()) return;
        unit = std::move(m_waiting.front());
        m_waiting.pop_front();
        m_waiting_bytes -= unit->bytes();
        m_changed.notify_all();
      }
      // Each summary has a place of its own.
      worker.check.check(*unit, [this](std::uint32_t closing, ClosingSummary summary) {
        m_summaries[closing] = std::move(summary);
      });
    }
  }

  std::vector<ClosingSummary>& m_summaries;
  Mutex m_mutex;
  Condition m_changed;
  std::deque<std::unique_ptr<Unit>> m_waiting SIEGEL_GUARDED_BY(m_mutex);
  std::size_t m_waiting_bytes SIEGEL_GUARDED_BY(m_mutex) = 0;
  bool m_closed SIEGEL_GUARDED_BY(m_mutex) = false;
  std::vector<std::unique_ptr<Worker>> m_workers;
  std::vector<std::jthread> m_threads;  // last: they use everything above
};

/// The package as such: names, index.xml, DTD.
class PackageCheck {
 public:
  PackageCheck(const Package& package, Findings& findings)
      : m_package(package), m_findings(findings), m_listed(files_in_manifest(package)) {}

  Result<IndexXml> run() {
    for (const std::string& name : m_package.notes().forbidden)
      m_findings.add("P008", name, 0, name, "plain names, each once, within the limits");
    for (const std::string& name : m_package.notes().not_files)
      m_findings.add("P004", name, 0, "no regular file", "");
    if (!m_package.notes().prefix.empty())
      m_findings.add("P009", m_package.notes().prefix, 0, m_package.notes().prefix, "no folder");
    IndexXml index;
    const Package::Member* member = find("index.xml");
    if (member == nullptr) {
      m_findings.add("P002", "index.xml", 0, "missing", "the description of the tables");
    } else {
      auto bytes = m_package.read_all(*member, index_bytes_max);
      if (bytes.ok()) {
        index = read_index(*bytes, m_findings);
      } else {
        m_findings.add("P002", member->name, 0, bytes.error().detail, "a readable index.xml");
      }
    }
    check_dtd(index);
    check_extra(index);
    return index;
  }

 private:
  const Package::Member* find(std::string_view name) {
    if (const Package::Member* member = m_package.find(name)) return member;
    const Package::Member* member = m_package.find_folded(name);
    if (member != nullptr) m_findings.add("P005", member->name, 0, member->name, name);
    return member;
  }

  void check_dtd(const IndexXml& index) {
    const std::string wanted = index.dtd.empty() ? std::string(dtd_name) : index.dtd;
    const Package::Member* member = m_package.find(wanted);
    if (member == nullptr) m_findings.add("P003", wanted, 0, "missing", wanted);
    const Package::Member* old = m_package.find(old_dtd_name);
    if (old != nullptr || wanted == old_dtd_name)
      m_findings.add("P010", old_dtd_name, 0, old_dtd_name, dtd_name);
    if (member == nullptr) member = old;
    if (member == nullptr) return;
    const auto bytes = m_package.read_all(*member, dtd_bytes_max);
    const std::string hash = bytes.ok() ? hex(crypto::sha256(*bytes)) : bytes.error().detail;
    if (hash == dtd_hash) return;
    // The same declarations without the official remarks say the same.
    const bool is_equal =
        bytes.ok() && hex(crypto::sha256(bytes_of(declarations(text_of(*bytes))))) == grammar_hash;
    m_findings.add("P006", member->name, 0, hash, dtd_hash,
                   is_equal ? Severity::info : Severity::warning);
  }

  void check_extra(const IndexXml& index) {
    for (const Package::Member& member : m_package.members()) {
      bool known = folded(member.name) == "index.xml" || member.name == index.dtd ||
                   member.name == "manifest.json" || member.name == dtd_name ||
                   member.name == old_dtd_name || m_listed.contains(member.name);
      for (std::size_t i = 0; i < tables_count && !known; ++i)
        known = folded(member.name) == folded(info(table_at(i)).file);
      known = known || std::ranges::find(index.urls, member.name) != index.urls.end();
      if (!known) m_findings.add("P004", member.name, 0, member.name, "");
    }
  }

  const Package& m_package;
  Findings& m_findings;
  std::set<std::string, std::less<>> m_listed;  // in the manifest, with what they are
};

struct Pass {
  Report report;
  Gathered gathered;
  FormUse use;
  std::vector<ClosingSummary> summaries;
};

unsigned thread_count(const Options& options) {
  const unsigned wanted =
      options.threads == 0 ? std::thread::hardware_concurrency() : options.threads;
  return std::clamp(wanted, 1U, 256U);
}

/// One reading of all tables. False: they must be sorted first.
Result<bool> read_once(ClosingReader& reader, const CheckInput& input, const Options& options,
                       Pass& pass) {
  pass = {};
  pass.summaries.resize(input.closings.all().size());
  Report reader_report;
  Findings findings(reader_report);
  Report large_report;
  ClosingCheck large(input, large_report);
  Result<bool> done = true;
  {
    Workers workers(input, pass.summaries, thread_count(options));
    done = reader.run(
        findings, [&](std::unique_ptr<Unit> unit) { workers.take(std::move(unit)); },
        [&](const Unit& unit) {
          large.check(unit, [&](std::uint32_t closing, ClosingSummary summary) {
            pass.summaries[closing] = std::move(summary);
          });
        },
        options.progress);
    workers.finish(pass.report, pass.gathered, pass.use);
  }
  findings.finish();
  large.finish();
  pass.report.merge(std::move(reader_report));
  pass.report.merge(std::move(large_report));
  pass.use.merge(large.use());
  pass.gathered.merge(std::move(large.gathered()));
  return done;
}

}  // namespace

bool looks_like_export(const fs::path& path) {
  std::error_code error;
  if (fs::is_regular_file(path, error)) return looks_like_zip(path);
  if (!fs::is_directory(path, error)) return false;
  for (const char* name : {"index.xml", "cashpointclosing.csv", "transactions.csv"}) {
    if (fs::exists(path / name, error)) return true;
  }
  const auto package = Package::open(path);
  return package.ok() && !package->notes().prefix.empty();
}

namespace {

Result<Outcome> verify_package(const Package& package, const std::string& name,
                               const Options& options) {
  Outcome outcome;
  Findings findings(outcome.report);
  SIEGEL_TRY(const IndexXml index, PackageCheck(package, findings).run());
  const ChosenTables chosen = read_manifest(package);
  SIEGEL_TRY(const auto layouts, read_layouts(package, index, chosen, findings));
  if (!index.readable &&
      std::ranges::none_of(layouts, [](const Layout& layout) { return layout.present; }))
    return invalid("E-VER-012",
                   fmt::format("{} holds neither index.xml nor one of the 20 files", name), name);
  Closings closings;
  SIEGEL_TRY_OK(read_closings(package, layouts, findings, closings, outcome.rows));
  check_index(
      index, closings.oldest_edition(),
      [&](std::string_view file) { return absence(chosen, file); }, findings);
  TseNames names;
  const CheckInput input{layouts, closings, names, !options.trust_anchors.empty()};
  ClosingReader reader(package, layouts, closings, options.part_bytes_max);
  Pass pass;
  SIEGEL_TRY(const bool in_order, read_once(reader, input, options, pass));
  if (!in_order) {
    SIEGEL_TRY_OK(reader.sort());
    SIEGEL_TRY(const bool sorted, read_once(reader, input, options, pass));
    SIEGEL_CHECK(sorted);
  }
  OtherSources others(options, names, pass.gathered);
  SIEGEL_TRY_OK(others.read(findings));
  const std::vector<std::string> serials = names.all();
  const CrossInput cross{closings,      pass.summaries, serials,         others.given(),
                         others.name(), options.codes,  others.periods()};
  Findings late(pass.report);
  late.begin(closings.all().size() + 2, "");
  check_closings(cross, late);
  SIEGEL_TRY_OK(check_facts(pass.gathered.facts, cross, pass.gathered.spans, late, outcome.strips));
  check_whole(cross, layouts, pass.use, pass.gathered, options, late);
  SIEGEL_TRY_OK(check_papers(options, closings, pass.gathered, late));
  late.finish();
  findings.finish();
  outcome.report.merge(std::move(pass.report));
  outcome.report.signatures = pass.gathered.signatures;
  others.tell_not_checked(outcome.report);
  for (const Table table : {Table::cashregister, Table::slaves}) {
    if (!layouts[index_of(table)].present)
      outcome.report.add_not_checked(
          "T008", fmt::format("the client of some signatures needs {}", info(table).file));
  }
  outcome.closings = closings.all().size();
  for (std::size_t i = 0; i < tables_count; ++i) outcome.rows += pass.use.rows[i];
  outcome.receipts = pass.use.rows[index_of(Table::transactions)];
  return outcome;
}

}  // namespace

Result<Outcome> verify_export(const fs::path& path, const Options& options) {
  SIEGEL_TRY(const Package package, Package::open(path));
  return verify_package(package, path.string(), options);
}

Result<Outcome> verify_files(std::span<const MemoryFile> files, const Options& options) {
  return verify_package(Package::of_memory(files), "the export", options);
}

}  // namespace siegel::verify::dsfinvk
