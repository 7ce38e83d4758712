#include "exports/dsfinvk.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "base/file.h"
#include "country/de/export/index_xml.h"
#include "crypto/hash.h"
#include "exports/dsfinvk_run.h"
#include "exports/progress.h"
#include "exports/zip.h"
#include "format/json_writer.h"
#include "model/codec.h"

namespace siegel::exports {
namespace {

namespace fs = std::filesystem;

using country::de::dsfinvk_tables;
using country::de::DsfinvkTable;
using journal::Entry;
using journal::Reader;
using journal::Sequence;

// So many entries and their rows stay in the caches of a core.
constexpr std::size_t chunk_entries = 250;

/// Master data by the entries that hold them.
class Masters {
 public:
  Masters(Reader& reader, const Survey& survey) : m_reader(reader), m_survey(survey) {}

  Result<country::de::ClosingFrame> frame(const Closing& closing) {
    country::de::ClosingFrame out;
    out.closing = closing;
    SIEGEL_TRY(out.business, find(closing.business_sequence, m_businesses, business_from_json));
    SIEGEL_TRY(out.register_info, find(closing.register_sequence, m_registers, register_from_json));
    for (const std::string& serial : closing.tses) {
      const auto tse = m_survey.tses.find(serial);
      if (tse == m_survey.tses.end())
        return corrupt("E-EXP-109",
                       fmt::format("closing {} of register {} names an unknown TSE {}",
                                   closing.number, closing.register_id.text(), serial));
      out.tses.push_back(tse->second);
    }
    return out;
  }

 private:
  template <class T>
  Result<T> find(std::uint64_t sequence, std::map<std::uint64_t, T>& known,
                 Result<T> (*parse)(std::string_view)) {
    const auto found = known.find(sequence);
    if (found != known.end()) return found->second;
    if (sequence == 0) return corrupt("E-EXP-109", "a closing names no master data");
    SIEGEL_TRY(const std::vector<Entry> entries, m_reader.read(Sequence(sequence), 1));
    if (entries.empty()) return corrupt("E-EXP-109", fmt::format("entry {} is missing", sequence));
    if (entries.front().payload_removed)
      return not_found("E-EXP-112",
                       fmt::format("the content of entry {} has been removed", sequence),
                       fmt::format("entry {}", sequence));
    SIEGEL_TRY(T value, parse(entries.front().payload));
    return known.emplace(sequence, std::move(value)).first->second;
  }

  Reader& m_reader;
  const Survey& m_survey;
  std::map<std::uint64_t, Business> m_businesses;
  std::map<std::uint64_t, RegisterInfo> m_registers;
};

class Run {
 public:
  Run(Reader& reader, const Survey& survey, const DsfinvkRequest& request, FileSet& files,
      std::vector<ChosenRegister> chosen)
      : m_reader(reader),
        m_survey(survey),
        m_request(request),
        m_files(files),
        m_masters(reader, survey) {
    m_out.registers = std::move(chosen);
  }

  Result<DsfinvkExported> run(const MoreFiles& more) {
    prepare();
    SIEGEL_TRY_OK(begin());
    if (!m_joining) {
      SIEGEL_TRY_OK(read_period());
      SIEGEL_TRY_OK(read_late());
      SIEGEL_TRY_OK(commit(true));
    }
    SIEGEL_TRY_OK(join());
    SIEGEL_TRY_OK(finish(more));
    return std::move(m_out);
  }

 private:
  void prepare() {
    for (const ChosenRegister& of : m_out.registers) {
      for (const FoundClosing& found : of.closings) {
        ++m_out.closings;
        if (found.entry.sequence > m_out.head.sequence) m_out.head = found.entry;
        for (const std::string& serial : found.closing.tses) {
          const auto tse = m_survey.tses.find(serial);
          if (tse != m_survey.tses.end())
            m_certificate_columns =
                std::max(m_certificate_columns, country::de::certificate_columns_of(tse->second));
        }
      }
    }
    const country::de::DsfinvkOptions options{.edition = m_request.edition,
                                              .tables = m_request.tables,
                                              .software_version = m_request.generator_version,
                                              .certificate_columns = m_certificate_columns};
    for (std::size_t i = 0; i < m_out.registers.size(); ++i) {
      m_runs.push_back(std::make_unique<RegisterRun>(m_out.registers[i], i, m_request, options,
                                                     m_survey.index, m_files));
      m_by_id.emplace(m_out.registers[i].id, m_runs.back().get());
    }
    m_progress.request = fingerprint();
  }

  /// Two runs with the same one write the same bytes.
  std::string fingerprint() const {
    std::string text = fmt::format("{} {} {} {}", country::de::edition_text(m_request.edition),
                                   m_request.tables.to_string(), m_request.generator_version,
                                   hex(crypto::sha256(m_request.official_dtd)));
    for (const ChosenRegister& of : m_out.registers)
      for (const FoundClosing& found : of.closings) text += " " + hex(found.entry.hash);
    return hex(crypto::sha256(bytes_of(text)));
  }

  Status begin() {
    std::string stored;
    SIEGEL_TRY_OK(m_files.read(progress_name, [&](BytesView piece) -> Status {
      stored += text_of(piece);
      return Ok{};
    }));
    if (!stored.empty()) {
      SIEGEL_TRY(Progress before, progress_from_json(stored));
      if (before.request != m_progress.request || before.marks.size() != m_runs.size())
        return conflict("E-EXP-106",
                        "the interrupted export was of other closings, tables or another edition: "
                        "delete its folder, or ask for the same");
      m_progress = std::move(before);
      m_joining = m_progress.complete;
      m_out.read_to = m_progress.read_to;
    }
    for (std::size_t i = 0; i < m_runs.size(); ++i) {
      const bool has_mark = !stored.empty();
      SIEGEL_TRY_OK(m_runs[i]->begin(has_mark ? &m_progress.marks[i] : nullptr));
      if (!m_runs[i]->done()) {
        SIEGEL_TRY(auto frame, m_masters.frame(m_runs[i]->current().closing));
        m_runs[i]->set_frame(std::move(frame));
      }
    }
    if (stored.empty()) {
      for (std::size_t i = 0; i < dsfinvk_tables; ++i) {
        if (!m_request.tables.test(i)) continue;
        const auto table = static_cast<DsfinvkTable>(i);
        SIEGEL_TRY_OK(
            m_files.append(m_runs[0]->file_of(table),
                           bytes_of(country::de::dsfinvk_header(table, m_certificate_columns))));
      }
      m_runs[0]->wrote_headers(m_certificate_columns);
    }
    return Ok{};
  }

  Status read_period() {
    std::uint64_t next = std::numeric_limits<std::uint64_t>::max();
    for (const auto& run : m_runs) next = std::min(next, run->resume_from());
    const std::uint64_t last = m_out.head.sequence.get();
    const std::uint64_t first = next;
    while (next <= last) {
      SIEGEL_TRY(std::vector<Entry> entries, m_reader.read(Sequence(next), chunk_entries));
      if (entries.empty()) break;
      for (Entry& entry : entries) {
        if (entry.sequence.get() > last) break;
        SIEGEL_TRY_OK(take(entry));
      }
      next = entries.back().sequence.get() + 1;
      m_out.read_to = std::min(next - 1, last);
      if (bytes() - m_committed >= m_request.checkpoint_bytes) SIEGEL_TRY_OK(commit(false));
      if (m_request.progress)
        m_request.progress(m_out.read_to + 1 - first, last + 1 - first, bytes());
    }
    for (const auto& run : m_runs)
      if (!run->done())
        return corrupt("E-EXP-109", fmt::format("closing {} of register {} is missing",
                                                run->current().closing.number, run->chosen().id));
    return Ok{};
  }

  Status take(Entry& entry) {
    if (entry.kind == entry_kind::outage_end) return outage_end(entry);
    const auto mine = m_by_id.find(entry.register_id);
    if (mine == m_by_id.end()) return Ok{};
    RegisterRun& run = *mine->second;
    if (entry.sequence.get() < run.resume_from()) return Ok{};
    if (entry.kind == entry_kind::late_signature) return late(run, entry);
    if (run.done()) return Ok{};
    if (entry.kind == entry_kind::plan) return run.plan(entry);
    if (entry.kind == entry_kind::seal) return run.seal(entry);
    if (entry.kind != entry_kind::closing || entry.sequence != run.current().entry.sequence)
      return Ok{};
    SIEGEL_TRY_OK(run.closing(entry));
    if (run.done()) return Ok{};
    SIEGEL_TRY(auto frame, m_masters.frame(run.current().closing));
    run.set_frame(std::move(frame));
    return Ok{};
  }

  static Status late(RegisterRun& run, const Entry& entry) {
    if (entry.payload_removed) return Ok{};
    SIEGEL_TRY(const LateSignature late, late_signature_from_json(entry.payload));
    run.late(late);
    return Ok{};
  }

  Status outage_end(const Entry& entry) {
    if (entry.payload_removed) return Ok{};
    SIEGEL_TRY(const OutageEnded ended, outage_ended_from_json(entry.payload));
    if (!ended.asked) return Ok{};
    for (const auto& run : m_runs)
      if (entry.sequence.get() >= run->resume_from()) run->asked(ended.tse_serial);
    return Ok{};
  }

  /// Signatures found after the last closing of the period.
  Status read_late() {
    const auto awaited = [&] {
      std::uint64_t count = 0;
      for (const auto& run : m_runs) count += run->awaited();
      return count;
    };
    while (awaited() > 0) {
      SIEGEL_TRY(std::vector<Entry> entries,
                 m_reader.read(Sequence(m_out.read_to + 1), chunk_entries));
      if (entries.empty()) break;
      for (Entry& entry : entries) {
        SIEGEL_TRY_OK(take(entry));
        m_out.read_to = entry.sequence.get();
        if (awaited() == 0) break;
      }
    }
    m_out.awaited = awaited();
    for (const auto& run : m_runs) SIEGEL_TRY_OK(run->flush_late());
    return Ok{};
  }

  [[nodiscard]] std::uint64_t bytes() const {
    std::uint64_t sum = 0;
    for (const auto& run : m_runs) sum += run->bytes();
    return sum;
  }

  Status commit(bool complete) {
    m_progress.complete = complete;
    m_progress.read_to = m_out.read_to;
    m_progress.marks.clear();
    for (const auto& run : m_runs) m_progress.marks.push_back(run->mark());
    m_committed = bytes();
    return m_files.commit(progress_name, to_json(m_progress));
  }

  /// The registers one behind the other.
  Status join() {
    for (std::size_t i = 0; i < dsfinvk_tables; ++i) {
      if (!m_request.tables.test(i)) continue;
      const auto table = static_cast<DsfinvkTable>(i);
      const std::string to = m_runs[0]->file_of(table);
      SIEGEL_TRY_OK(m_files.cut(to, m_progress.marks[0].sizes[i]));
      for (std::size_t k = 1; k < m_runs.size(); ++k)
        SIEGEL_TRY_OK(m_files.read(m_runs[k]->file_of(table),
                                   [&](BytesView piece) { return m_files.append(to, piece); }));
    }
    return Ok{};
  }

  Status finish(const MoreFiles& more) {
    std::uint64_t process_data = 1000;
    for (const auto& run : m_runs)
      process_data = std::max(process_data, run->process_data_length());
    const std::string index =
        country::de::index_xml({.edition = m_request.edition,
                                .tables = m_request.tables,
                                .process_data_length = static_cast<std::size_t>(process_data),
                                .certificate_columns = m_certificate_columns});
    const bool is_official =
        hex(crypto::sha256(m_request.official_dtd)) == country::de::dtd_official_sha256;
    const std::string dtd =
        is_official ? std::string(text_of(m_request.official_dtd)) : country::de::dtd();
    std::vector<std::string> names;
    SIEGEL_TRY_OK(replace("index.xml", index));
    SIEGEL_TRY_OK(replace(std::string(country::de::dtd_name), dtd));
    for (std::size_t i = 0; i < dsfinvk_tables; ++i)
      if (m_request.tables.test(i))
        names.emplace_back(country::de::info(static_cast<DsfinvkTable>(i)).file);
    names.emplace_back("index.xml");
    names.emplace_back(country::de::dtd_name);
    if (more) SIEGEL_TRY_OK(more(m_out.registers, m_files, names));
    for (const std::string& name : names) SIEGEL_TRY_OK(describe(name));
    for (const auto& run : m_runs) m_out.receipts += run->mark().receipts;
    const std::string manifest = manifest_json();
    m_out.manifest_sha256 = crypto::sha256(bytes_of(manifest));
    SIEGEL_TRY_OK(m_files.commit("manifest.json", manifest));
    // Without the progress file another try begins anew, so the parts may go only after it.
    SIEGEL_TRY_OK(m_files.remove(progress_name));
    for (std::size_t k = 1; k < m_runs.size(); ++k)
      for (std::size_t i = 0; i < dsfinvk_tables; ++i)
        if (m_request.tables.test(i))
          SIEGEL_TRY_OK(m_files.remove(m_runs[k]->file_of(static_cast<DsfinvkTable>(i))));
    return Ok{};
  }

  Status replace(const std::string& name, std::string_view content) {
    SIEGEL_TRY_OK(m_files.cut(name, 0));
    return m_files.append(name, bytes_of(content));
  }

  Status describe(const std::string& name) {
    WrittenFile file{.name = name};
    crypto::Sha256 hash;
    SIEGEL_TRY_OK(m_files.read(name, [&](BytesView piece) -> Status {
      hash.update(piece);
      file.bytes += piece.size();
      return Ok{};
    }));
    file.sha256 = hash.digest();
    if (const auto table = country::de::dsfinvk_table_from(name); table && name.ends_with(".csv"))
      for (const auto& run : m_runs)
        file.rows += run->mark().rows[static_cast<std::size_t>(*table)];
    m_out.files.push_back(std::move(file));
    return Ok{};
  }

  [[nodiscard]] std::string manifest_json() const {
    std::string text;
    json::Writer out(text);
    const auto number = [](std::uint64_t value) { return static_cast<std::int64_t>(value); };
    out.begin_object().field("edition", country::de::edition_text(m_request.edition));
    out.key("files").begin_array();
    for (const WrittenFile& file : m_out.files) {
      out.begin_object().field("bytes", number(file.bytes)).field("name", file.name);
      if (country::de::dsfinvk_table_from(file.name) && file.name.ends_with(".csv"))
        out.field("rows", number(file.rows));
      out.field("sha256", hex(file.sha256)).end_object();
    }
    out.end_array().field("format", "siegel-dsfinvk").key("generator").begin_object();
    out.field("name", "Siegel").field("version", m_request.generator_version).end_object();
    out.key("journal").begin_object().field("hash", hex(m_out.head.hash));
    out.field("sequence", number(m_out.head.sequence.get())).end_object();
    out.field("receipts", number(m_out.receipts)).key("registers").begin_array();
    for (const ChosenRegister& of : m_out.registers) {
      const Closing& first = of.closings.front().closing;
      const Closing& last = of.closings.back().closing;
      out.begin_object().field("closings", number(of.closings.size()));
      out.field("first", number(first.number)).field("first_at", first.at.text());
      out.field("id", of.id).field("last", number(last.number));
      out.field("last_at", last.at.text()).end_object();
    }
    out.end_array();
    if (!m_request.tables.all()) {
      out.key("tables").begin_array();
      for (std::size_t i = 0; i < dsfinvk_tables; ++i)
        if (m_request.tables.test(i))
          out.string(country::de::info(static_cast<DsfinvkTable>(i)).file);
      out.end_array();
    }
    out.field("version", 1).end_object();
    return text + "\n";
  }

  Reader& m_reader;
  const Survey& m_survey;
  const DsfinvkRequest& m_request;
  FileSet& m_files;
  Masters m_masters;
  std::vector<std::unique_ptr<RegisterRun>> m_runs;
  std::map<std::string, RegisterRun*, std::less<>> m_by_id;
  std::size_t m_certificate_columns = 2;
  Progress m_progress;
  bool m_joining = false;
  std::uint64_t m_committed = 0;
  DsfinvkExported m_out;
};

Result<DsfinvkExported> write(Reader& reader, const Survey& survey, const DsfinvkRequest& request,
                              FileSet& files, const MoreFiles& more) {
  SIEGEL_TRY(std::vector<ChosenRegister> chosen, choose(survey, request));
  Run run(reader, survey, request, files, std::move(chosen));
  return run.run(more);
}

Error cannot(const fs::path& path, const std::error_code& error) {
  return unavailable("E-EXP-110", fmt::format("{}: {}", path.string(), error.message()),
                     path.string());
}

}  // namespace

Result<DsfinvkExported> write_dsfinvk(Reader& reader, const Survey& survey,
                                      const DsfinvkRequest& request, FileSet& files) {
  return write(reader, survey, request, files, {});
}

Result<DsfinvkExported> export_dsfinvk(Reader& reader, const Survey& survey,
                                       const DsfinvkRequest& request,
                                       const FolderOptions& options) {
  std::error_code error;
  if (fs::exists(fs::symlink_status(options.target, error)))
    return conflict("E-EXP-103", fmt::format("{} is there already", options.target.string()),
                    options.target.string());
  fs::path part = options.target;
  part += ".part";
  const bool is_begun = fs::exists(fs::symlink_status(part, error));
  if (is_begun && !options.resume)
    return conflict("E-EXP-104",
                    fmt::format("{} holds an interrupted export: go on with --resume, or delete it",
                                part.string()),
                    part.string());
  SIEGEL_TRY_OK(choose(survey, request));  // refused before anything is made
  if (!is_begun) {
    fs::create_directories(part, error);
    if (error) return cannot(part, error);
  }
  DsfinvkExported done;
  {
    FolderFiles files(part);
    SIEGEL_TRY(done, write(reader, survey, request, files, options.more));
  }
  SIEGEL_TRY_OK(sync_directory(part));
  if (options.zip) {
    std::vector<std::string> names;
    for (const WrittenFile& file : done.files) names.push_back(file.name);
    names.emplace_back("manifest.json");
    SIEGEL_TRY_OK(write_zip(part, names, options.target));
    fs::remove_all(part, error);
    return done;
  }
  fs::rename(part, options.target, error);
  if (error) return cannot(options.target, error);
  SIEGEL_TRY_OK(sync_directory(fs::absolute(options.target).parent_path()));
  return done;
}

Result<std::map<std::string, std::string, std::less<>>> closing_tables(
    Reader& reader, const recorder::State& state, const std::string& register_id,
    std::uint64_t number) {
  SIEGEL_TRY(const Survey found, survey(reader, state));
  MemoryFiles files;
  DsfinvkRequest request;
  request.selection = {.registers = {register_id}, .first_number = number, .last_number = number};
  SIEGEL_TRY_OK(write_dsfinvk(reader, found, request, files));
  return std::move(files.files);
}

}  // namespace siegel::exports
