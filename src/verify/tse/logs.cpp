#include "verify/tse/logs.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <system_error>
#include <thread>

#include "format/csv.h"
#include "verify/tse/checker.h"
#include "verify/tse/export.h"

namespace siegel::verify::tse {

namespace {

constexpr std::size_t inputs_max = 10'000;
constexpr std::size_t info_bytes_max = std::size_t{1} << 16;

bool ends_with_letters(std::string_view text, std::string_view end) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return text.size() >= end.size() &&
         std::ranges::equal(text.substr(text.size() - end.size()), end,
                            [&](char a, char b) { return lower(a) == b; });
}

enum class FileKind { log, info, certificate, other };

/// By name, then by content: a name is evidence only.
FileKind kind_of(std::string_view name, BytesView content) {
  if (ends_with_letters(name, ".log")) return FileKind::log;
  if (ends_with_letters(name, "info.csv")) return FileKind::info;
  if (looks_like_message(content)) return FileKind::log;
  for (const std::string_view end : {".cer", ".crt", ".pem", ".der"}) {
    if (ends_with_letters(name, end)) return FileKind::certificate;
  }
  return FileKind::other;
}

/// v1: one line of description, manufacturer, version; v1.1: five components and a description.
void check_info(std::string_view place, BytesView content, Report& report, std::uint64_t order) {
  constexpr std::size_t fields_1 = 6;
  constexpr std::size_t fields_2 = 10;
  const auto bad = [&](std::string_view found) {
    report.add("TSE-0111", place, found, "description, manufacturer, version; or the components",
               order);
  };
  if (content.size() > info_bytes_max) return bad(fmt::format("{} bytes", content.size()));
  format::CsvReader reader(text_of(content));
  std::vector<std::string_view> fields;
  std::size_t rows = 0;
  while (true) {
    const auto row = reader.next(fields);
    if (!row.ok()) return bad(row.error().detail);
    if (!*row) break;
    ++rows;
    const auto label = [&](std::size_t i, std::string_view text) {
      return i < fields.size() && fields[i] == text;
    };
    const bool generation_1 = rows == 1 && fields.size() == fields_1 && label(0, "description:") &&
                              label(2, "manufacturer:") && label(4, "version:");
    const bool generation_2 =
        fields.size() == fields_2 && (label(0, "component:") || label(0, "description:"));
    if (!generation_1 && !generation_2) return bad(text_of(content).substr(0, 200));
  }
  if (rows == 0) bad("nothing");
}

/// Deviations of the container, entry by entry and at its end.
void check_flags(std::string_view place, format::TarFlags flags, Report& report,
                 std::uint64_t order) {
  using format::TarFlag;
  struct Row {
    TarFlag flag;
    std::string_view rule;
  };
  constexpr auto rows = std::to_array<Row>({
      {TarFlag::gnu_magic, "TSE-0102"},      {TarFlag::no_magic, "TSE-0102"},
      {TarFlag::bad_version, "TSE-0102"},    {TarFlag::typeflag_nul, "TSE-0102"},
      {TarFlag::pax_global, "TSE-0102"},     {TarFlag::pax_other, "TSE-0102"},
      {TarFlag::gnu_long_name, "TSE-0102"},  {TarFlag::checksum_signed, "TSE-0102"},
      {TarFlag::number_base256, "TSE-0102"}, {TarFlag::mtime_bad, "TSE-0102"},
      {TarFlag::not_regular, "TSE-0103"},    {TarFlag::size_ignored, "TSE-0103"},
      {TarFlag::in_folder, "TSE-0104"},      {TarFlag::dot_slash, "TSE-0105"},
      {TarFlag::absolute, "TSE-0106"},       {TarFlag::dot_dot, "TSE-0106"},
      {TarFlag::control_chars, "TSE-0106"},  {TarFlag::name_not_utf8, "TSE-0106"},
      {TarFlag::name_empty, "TSE-0106"},     {TarFlag::padding_not_zero, "TSE-0107"},
      {TarFlag::no_end_blocks, "TSE-0108"},  {TarFlag::one_end_block, "TSE-0108"},
      {TarFlag::padding_cut, "TSE-0108"},    {TarFlag::trailing_data, "TSE-0108"},
  });
  for (const Row& row : rows) {
    if (!has(flags, row.flag)) continue;
    report.add(row.rule, place, tar_flag_name(row.flag),
               "ustar, regular files in the root, two zero blocks at the end", order);
  }
}

/// One run over all inputs.
class Run {
 public:
  Run(const std::vector<Export>& exports, const Options& options)
      : m_exports(exports), m_options(options) {}

  Result<Report> run() {
    for (const crypto::Certificate& certificate : m_options.certificates) m_ring.add(certificate);
    for (std::size_t i = 0; i < m_exports.size(); ++i) {
      SIEGEL_TRY_OK(collect(i));
      m_total += m_exports[i].size();
    }
    m_certificates_required =
        !m_ring.empty() || std::ranges::any_of(m_exports, [](const Export& e) {
          return e.kind() == Export::Kind::archive;
        });
    SIEGEL_TRY_OK(check_messages());
    finish();
    return std::move(m_report);
  }

 private:
  [[nodiscard]] std::string place(std::size_t input, std::string_view name) const {
    const std::string& label = m_exports[input].label();
    if (m_exports.size() == 1 || m_exports[input].kind() == Export::Kind::single) {
      return std::string(name);
    }
    return fmt::format("{}: {}", label.empty() ? fmt::format("export {}", input + 1) : label, name);
  }

  /// First pass over an export: certificates and info.csv. They may lie behind the messages.
  Status collect(std::size_t input) {
    const auto walk = m_exports[input].walk();
    bool info_found = false;
    Bytes content;
    while (true) {
      const auto more = walk->next();
      if (!more.ok() && more.error().code.starts_with("E-VER")) return more.error();
      if (!more.ok() || !*more) break;
      if (skip(*walk) || ends_with_letters(walk->name(), ".log")) continue;
      const auto read = walk->read(content);
      if (!read.ok()) {
        if (read.error().code.starts_with("E-TAR")) break;
        return read.error();
      }
      const std::string where = place(input, walk->name());
      switch (kind_of(walk->name(), content)) {
        case FileKind::log:
          break;
        case FileKind::info:
          info_found = true;
          check_info(where, content, m_report, input);
          break;
        case FileKind::certificate:
          m_ring.add_file(walk->name(), where, content, m_report, input);
          break;
        case FileKind::other:
          m_report.add("TSE-0109", where, fmt::format("{} bytes", content.size()),
                       "info.csv, messages, certificates", input);
          break;
      }
    }
    if (!info_found && m_exports[input].kind() == Export::Kind::archive) {
      m_report.add("TSE-0110", place(input, "info.csv"), "absent", "info.csv", input);
    }
    return Ok{};
  }

  static bool skip(const FileWalk& walk) {
    return has(walk.flags(), format::TarFlag::not_regular) || walk.size() > message_bytes_max;
  }

  /// Second pass: this thread reads, workers check.
  Status check_messages() {
    const unsigned cores = std::max(1U, std::thread::hardware_concurrency());
    constexpr unsigned threads_max = 64;
    const unsigned threads =
        std::min(threads_max, m_options.threads == 0 ? cores : m_options.threads);
    const CheckerInput checker_input{m_ring, m_certificates_required};
    Status status = Ok{};
    {
      Checker checker(checker_input, m_serials, m_records, threads);
      for (std::size_t i = 0; i < m_exports.size() && status.ok(); ++i) {
        status = read_export(i, checker);
      }
      m_report.merge(checker.finish());
    }
    return status;
  }

  Status read_export(std::size_t input, Checker& checker) {
    const auto walk = m_exports[input].walk();
    Bytes content;
    while (true) {
      const auto more = walk->next();
      if (!more.ok() && more.error().code.starts_with("E-VER")) return more.error();
      if (!more.ok()) {
        m_report.add("TSE-0101", place(input, more.error().place),
                     fmt::format("{} {}", more.error().code, more.error().detail),
                     "a whole archive", m_order);
        break;
      }
      if (!*more) break;
      ++m_order;
      if (walk->flags() != 0)
        check_flags(place(input, walk->name()), walk->flags(), m_report, m_order);
      if (has(walk->flags(), format::TarFlag::not_regular)) continue;
      if (walk->size() > message_bytes_max) {
        m_report.add("TSE-0113", place(input, walk->name()), fmt::format("{} bytes", walk->size()),
                     fmt::format("at most {} bytes", message_bytes_max), m_order);
        continue;
      }
      const auto read = walk->read(content);
      if (!read.ok() && !read.error().code.starts_with("E-TAR")) return read.error();
      if (!read.ok()) continue;  // the archive ends here: next() says so
      if (kind_of(walk->name(), content) == FileKind::log ||
          m_exports[input].kind() == Export::Kind::single) {
        ++m_messages;
        checker.take({.name = walk->name(),
                      .label = m_exports.size() == 1 ? std::string_view()
                                                     : std::string_view(m_exports[input].label()),
                      .content = content,
                      .input = static_cast<std::uint16_t>(input),
                      .place = walk->place(),
                      .order = m_order});
      }
      progress(walk->position());
    }
    check_flags(place(input, "end"), walk->archive_flags(), m_report, m_order);
    m_done += m_exports[input].size();
    progress(0);
    return Ok{};
  }

  void progress(std::uint64_t position) {
    constexpr std::uint64_t every = 256;
    if (m_options.progress && (position == 0 || m_order % every == 0)) {
      m_options.progress(std::min(m_total, m_done + position), m_total);
    }
  }

  /// What the messages say together, and the chains of the keys that were used.
  void finish() {
    if (m_messages == 0) m_report.add("TSE-0112", "", "none", "log messages");
    std::vector<KeyOfRecords> keys;
    std::vector<std::int64_t> last_ms(m_serials.all().size(), 0);
    for (const Record& r : m_records) last_ms[r.key] = std::max(last_ms[r.key], r.time_ms);
    bool any_known = false;
    for (const Hash256& serial : m_serials.all()) {
      KeyOfRecords& key = keys.emplace_back();
      key.serial = hex(serial);
      const KeyRing::Key* known = m_ring.find(serial);
      const Instant last = Instant::from_unix_ms(last_ms[keys.size() - 1]);
      if (known == nullptr || last.unix_ms() == 0) continue;
      any_known = true;
      key.certificate_known = true;
      key.validity =
          m_ring.check_chain_of(*known, last, m_options, "certificate of " + key.serial, m_report);
    }
    if (any_known && m_options.trust_anchors.empty()) {
      m_report.add("TSE-0312", "", "no trust anchors given", "the root certificate of the TSE");
    }
    analyse({.records = m_records,
             .keys = keys,
             .place =
                 [this](const Record& r) {
                   return place(r.input, m_exports[r.input].name_at(r.place));
                 },
             .is_archive =
                 [this](std::uint16_t input) {
                   return m_exports[input].kind() == Export::Kind::archive;
                 }},
            m_report);
  }

  const std::vector<Export>& m_exports;
  const Options& m_options;
  Report m_report;
  KeyRing m_ring;
  SerialTable m_serials;
  Records m_records;
  bool m_certificates_required = false;
  std::uint64_t m_order = 0;
  std::uint64_t m_messages = 0;
  std::uint64_t m_total = 0;
  std::uint64_t m_done = 0;
};

}  // namespace

Result<Report> verify_logs(std::span<const Input> inputs, const Options& options) {
  if (inputs.empty() || inputs.size() > inputs_max) {
    return invalid("E-VER-001", fmt::format("{} exports given, 1 to {} can be checked together",
                                            inputs.size(), inputs_max));
  }
  std::vector<Export> exports;
  for (const Input& input : inputs) {
    SIEGEL_TRY(Export opened, Export::open(input));
    exports.push_back(std::move(opened));
  }
  return Run(exports, options).run();
}

Status visit_logs(const Input& input, const std::function<bool(const LogFile& file)>& visit) {
  SIEGEL_TRY(const Export opened, Export::open(input));
  const auto walk = opened.walk();
  Bytes content;
  Message message;
  Notes notes;
  while (true) {
    const auto more = walk->next();
    if (!more.ok()) {
      if (more.error().code.starts_with("E-VER")) return more.error();
      return Ok{};
    }
    if (!*more) return Ok{};
    if (walk->size() > message_bytes_max || has(walk->flags(), format::TarFlag::not_regular)) {
      continue;
    }
    if (!walk->read(content).ok()) return Ok{};
    if (kind_of(walk->name(), content) != FileKind::log) continue;
    if (!parse_message(content, message, notes)) continue;
    if (!visit({walk->name(), message, content})) return Ok{};
  }
}

}  // namespace siegel::verify::tse
