#include "verify/rksv/rksv.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <deque>
#include <memory>
#include <set>
#include <system_error>

#include "format/qr.h"
#include "verify/rksv/dep_reader.h"
#include "verify/rksv/diagnosis.h"
#include "verify/rksv/groups.h"
#include "verify/rksv/material.h"
#include "verify/rksv/number_set.h"
#include "verify/rksv/pipeline.h"
#include "verify/rksv/receipt.h"
#include "verify/rksv/sequence.h"

namespace siegel::verify::rksv {

namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

/// An open file, read from its beginning; closed when it dies.
class FileSource final : public Source {
 public:
  static Result<std::unique_ptr<FileSource>> open(const std::filesystem::path& path) {
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (descriptor < 0) return unreadable(path, errno);
    std::unique_ptr<FileSource> out(new FileSource(path, descriptor));
    struct stat status{};
    if (::fstat(descriptor, &status) != 0) return unreadable(path, errno);
    if (S_ISDIR(status.st_mode)) return unreadable(path, EISDIR);
    out->m_size = static_cast<std::uint64_t>(status.st_size);
    return out;
  }
  FileSource(const FileSource&) = delete;
  FileSource& operator=(const FileSource&) = delete;
  ~FileSource() override { ::close(m_descriptor); }

  Result<std::size_t> read(std::span<std::byte> out) override {
    while (true) {
      const ssize_t n = ::read(m_descriptor, out.data(), out.size());
      if (n >= 0) return static_cast<std::size_t>(n);
      if (errno != EINTR) return unreadable(m_path, errno);
    }
  }
  [[nodiscard]] std::uint64_t size() const { return m_size; }

 private:
  FileSource(std::filesystem::path path, int descriptor)
      : m_path(std::move(path)), m_descriptor(descriptor) {}
  static Error unreadable(const std::filesystem::path& path, int error) {
    return not_found(
        "E-VER-001",
        fmt::format("{} cannot be read: {}", path.string(), std::generic_category().message(error)),
        path.string());
  }

  std::filesystem::path m_path;
  int m_descriptor;
  std::uint64_t m_size = 0;
};

struct OpenInput {
  std::unique_ptr<Source> source;
  std::uint64_t size = 0;
};

Result<OpenInput> open(const Input& input) {
  OpenInput out;
  if (input.path.empty()) {
    out.source = std::make_unique<MemorySource>(input.bytes);
    out.size = input.bytes.size();
    return out;
  }
  SIEGEL_TRY(auto file, FileSource::open(input.path));
  out.size = file->size();
  out.source = std::move(file);
  return out;
}

Result<Material> read_container(const Input& input, Report& report) {
  SIEGEL_TRY(const OpenInput opened, open(input));
  // The text holds the AES key: it is wiped with its buffer.
  const bool size_known = input.path.empty() || opened.size > 0;
  crypto::SecretBytes buffer(size_known
                                 ? std::min<std::uint64_t>(container_bytes_max, opened.size) + 1
                                 : container_bytes_max + 1);
  std::size_t size = 0;
  while (size < buffer.size()) {
    SIEGEL_TRY(const std::size_t n, opened.source->read(buffer.writable().subspan(size)));
    if (n == 0) break;
    size += n;
  }
  return read_material(text_of(buffer.reveal().first(size)), report);
}

Result<ReceiptRules> rules_of(const Material& material, const Options& options) {
  SIEGEL_TRY(const LocalStamp now, LocalStamp::from(options.now, "Europe/Vienna"));
  constexpr std::size_t civil_size = 19;
  return ReceiptRules{.material = material,
                      .now = parse_civil(now.text().substr(0, civil_size)).value_or(0),
                      .accept_future = options.accept_future};
}

/// What both kinds of runs do with a receipt by itself.
class Finder {
 public:
  Finder(const Material& material, Report& report) : m_material(material), m_report(report) {}

  /// True if there was a violation.
  bool tell(Receipt& receipt, const std::string& place, std::uint64_t order) {
    using enum SignatureState;
    switch (receipt.signature_state) {
      case valid:
        m_report.signatures.count(true);
        break;
      case wrong:
        m_report.signatures.count(false);
        receipt.notes.push_back(why_wrong(receipt));
        break;
      case not_readable:
        m_report.signatures.count(false);
        break;
      case outage:
      case key_unknown:
      case key_unusable:
        break;
    }
    bool violation = false;
    for (const Note& note : receipt.notes) {
      if (note.rule == once_rule && !m_told.insert(note.found).second) continue;
      const Rule* rule = find_rule(note.rule);
      if (rule != nullptr && rule->severity == Severity::violation) violation = true;
      m_report.add(note.rule, place, note.found, note.expected, order);
    }
    return violation;
  }

 private:
  Note why_wrong(const Receipt& receipt) {
    // Each costs as much as many receipts; the first ones tell the story.
    constexpr std::uint64_t diagnosed_max = 200;
    if (++m_diagnosed > diagnosed_max) {
      return {"RKS-0401", "not examined further", "a signature of this receipt by this key"};
    }
    return diagnose_signature(receipt, m_material);
  }

  /// A suite for tests stands in each receipt: told once of each (there are two).
  static constexpr std::string_view once_rule = "RKS-0307";

  const Material& m_material;
  Report& m_report;
  std::set<std::string> m_told;
  std::uint64_t m_diagnosed = 0;
};

std::string place_of(std::string_view what, std::uint64_t index, const Receipt& receipt) {
  if (!receipt.has_fields) return fmt::format("{} {}", what, index);
  return fmt::format("{} {}, Belegnummer {}", what, index, excerpt(receipt.fields[field_number]));
}

class DepRun final : public DepEvents {
 public:
  DepRun(const ReceiptRules& rules, const Options& options, std::uint64_t size, Outcome& outcome)
      : m_options(options),
        m_size(size),
        m_outcome(outcome),
        m_finder(rules.material, outcome.report),
        m_strict(rules.material, outcome.report),
        m_group_check(rules.material, options.trust_anchors, outcome.report),
        m_pipeline(rules, check_entry, options.threads, [this](Receipt& one) { take(one); }) {}

  void group_begin() override {
    m_groups.emplace_back().index = m_group_count++;
    m_receipts_before = m_added;
  }
  void certificate(std::string_view text) override { m_groups.back().certificate = text; }
  void issuer(std::string_view text) override { m_groups.back().issuers.emplace_back(text); }
  void receipt(std::optional<std::string_view> text) override {
    ++m_added;
    // Groups beyond 2^32 do not fit any disk.
    m_pipeline.add(text, static_cast<std::uint32_t>(m_groups.back().index));
  }
  void group_end(const GroupEnd& end) override {
    const std::string place = fmt::format("group {}", m_group_count);
    if (m_added == m_receipts_before) {
      m_first_is_empty = m_first_is_empty || m_group_count == 1;
      m_outcome.report.add(m_group_count == 1 ? "RKS-0112" : "RKS-0103", place, "no receipts",
                           "receipts", m_added);
    }
    if (!end.has_receipts) m_receipts_missing = true;
    if (!end.has_certificate) {
      m_outcome.report.add("RKS-0105", place, "no Signaturzertifikat", "the member", m_added);
    }
    if (!end.has_issuers) {
      m_outcome.report.add("RKS-0105", place, "no Zertifizierungsstellen", "the member", m_added);
    }
    constexpr std::size_t groups_max = 64;
    if (m_groups.size() > groups_max) {
      m_pipeline.finish();
      check_groups_before(m_group_count);
    }
  }
  void unknown_key(std::string_view key) override {
    m_outcome.report.add("RKS-0104", "DEP", key,
                         "Belege-Gruppe, Signaturzertifikat, "
                         "Zertifizierungsstellen, Belege-kompakt",
                         m_added);
  }
  void progress(std::uint64_t bytes) override {
    if (m_options.progress && m_size > 0) m_options.progress(std::min(bytes, m_size), m_size);
  }

  void finish(const Reading& reading) {
    m_pipeline.finish();
    // A group that was broken off was not seen whole.
    if (!reading.complete && !m_groups.empty()) m_groups.pop_back();
    check_groups_before(m_group_count);
    m_strict.finish();
    Report& report = m_outcome.report;
    if (!reading.complete) {
      report.add("RKS-0101", fmt::format("byte {}", reading.offset), reading.problem,
                 "the JSON of a DEP");
    } else if (!reading.is_dep) {
      report.add("RKS-0101", "DEP", "no Belege-Gruppe", "the JSON of a DEP");
    } else if (m_added == 0) {
      report.add("RKS-0102", "DEP", "no receipts", "receipts");
    }
    if (reading.rest) report.add("RKS-0101", "DEP", "something follows it", "the end of the file");
    set_official(reading);
  }

 private:
  void set_official(const Reading& reading) {
    Official& official = m_outcome.official;
    if (!reading.complete || !reading.is_dep || m_added == 0 || m_receipts_missing) {
      official.set_no_output();
    } else if (m_register_empty) {
      // The tool ends with an exception in its second step.
      official.set_dep_missing();
      official.set_state(Official::State::no_output);
    } else if (m_first_is_empty) {
      official.set_dep_missing();
      official.set_basic_constraints();
      official.set_state(Official::State::fail);
    } else {
      official.set_state(official.any_failed() ? Official::State::fail : Official::State::pass);
    }
  }

  void take(Receipt& receipt) {
    check_groups_before(receipt.group);
    const std::uint64_t index = ++m_taken;
    note_group(receipt, index);
    const std::string place = place_of("receipt", index, receipt);
    StrictSequence::Context context{.place = place, .order = index};
    if (receipt.has_fields) {
      context.is_new_number = m_numbers.insert(receipt.number_hash);
      if (receipt.fields[field_register].empty()) m_register_empty = true;
    }
    const Official::Receipt official = m_official.judge(receipt, context.is_new_number);
    context.official_failed = !official.cashbox.empty() || !official.dep.empty();
    m_outcome.official.add(official);
    context.has_own_violation = m_finder.tell(receipt, place, index);
    m_strict.judge(receipt, context);
  }

  void note_group(const Receipt& receipt, std::uint64_t index) {
    if (m_groups.empty()) return;
    Group& group = m_groups.front();
    if (group.first_receipt == 0) group.first_receipt = index;
    if (receipt.has_fields && group.serials.size() < Group::serials_max &&
        !group.serials.contains(receipt.fields[field_serial])) {
      group.serials.emplace(receipt.fields[field_serial]);
    }
  }

  void check_groups_before(std::uint64_t index) {
    while (!m_groups.empty() && m_groups.front().index < index) {
      m_group_check.check(m_groups.front());
      m_groups.pop_front();
    }
  }

  const Options& m_options;
  std::uint64_t m_size;
  Outcome& m_outcome;
  Finder m_finder;
  OfficialSequence m_official;
  StrictSequence m_strict;
  GroupCheck m_group_check;
  NumberSet m_numbers;
  std::deque<Group> m_groups;  // those whose receipts are under way, and the one being read
  std::uint64_t m_group_count = 0;
  std::uint64_t m_added = 0;
  std::uint64_t m_receipts_before = 0;
  std::uint64_t m_taken = 0;
  bool m_first_is_empty = false;
  bool m_receipts_missing = false;
  bool m_register_empty = false;
  Pipeline m_pipeline;  // last: it calls take()
};

class CodeRun final : public DepEvents {
 public:
  CodeRun(const ReceiptRules& rules, const Options& options, Outcome& outcome)
      : m_outcome(outcome),
        m_finder(rules.material, outcome.report),
        m_pipeline(rules, check_code, options.threads, [this](Receipt& one) { take(one); }) {
    outcome.official.set_dep_missing();
  }

  void receipt(std::optional<std::string_view> text) override { m_pipeline.add(text, 0); }

  void finish() {
    m_pipeline.finish();
    Official& official = m_outcome.official;
    official.set_state(official.any_failed() ? Official::State::fail : Official::State::pass);
  }
  [[nodiscard]] std::uint64_t taken() const { return m_taken; }

 private:
  void take(Receipt& receipt) {
    const std::uint64_t index = ++m_taken;
    Official::Receipt official;
    official.cashbox = receipt.cashbox;
    m_outcome.official.add(official);
    m_finder.tell(receipt, place_of("code", index, receipt), index);
  }

  Outcome& m_outcome;
  Finder m_finder;
  std::uint64_t m_taken = 0;
  Pipeline m_pipeline;  // last: it calls take()
};

Outcome begin(const Options& options) {
  Outcome out;
  out.official.keep_receipts(options.keep_official_receipts);
  return out;
}

bool is_ours(std::string_view code) { return code.starts_with("_R"); }

}  // namespace

Status Outcome::write_json(Sink& to) const {
  std::string head = report.json();
  head.pop_back();
  head += R"(,"official":)";
  SIEGEL_TRY_OK(to.write(bytes_of(head)));
  SIEGEL_TRY_OK(official.write_json(to));
  return to.write(bytes_of("}"));
}

Result<Outcome> verify_dep(const Input& dep, const Input& container, const Options& options) {
  Outcome out = begin(options);
  SIEGEL_TRY(const Material material, read_container(container, out.report));
  SIEGEL_TRY(const ReceiptRules rules, rules_of(material, options));
  SIEGEL_TRY(const OpenInput opened, open(dep));
  DepRun run(rules, options, opened.size, out);
  SIEGEL_TRY(const Reading reading, read_dep(*opened.source, run));
  run.finish(reading);
  if (!material.readable) out.official.set_no_output();
  return out;
}

Result<Outcome> verify_codes(std::span<const std::string> codes, const Input& container,
                             const Options& options) {
  Outcome out = begin(options);
  SIEGEL_TRY(const Material material, read_container(container, out.report));
  SIEGEL_TRY(const ReceiptRules rules, rules_of(material, options));
  CodeRun run(rules, options, out);
  for (const std::string& code : codes) {
    run.receipt(code.size() <= receipt_text_max ? std::optional<std::string_view>(code)
                                                : std::nullopt);
  }
  run.finish();
  if (!material.readable || codes.empty()) out.official.set_no_output();
  return out;
}

Result<Outcome> verify_code_list(const Input& list, const Input& container,
                                 const Options& options) {
  Outcome out = begin(options);
  SIEGEL_TRY(const Material material, read_container(container, out.report));
  SIEGEL_TRY(const ReceiptRules rules, rules_of(material, options));
  SIEGEL_TRY(const OpenInput opened, open(list));
  CodeRun run(rules, options, out);
  SIEGEL_TRY(const Reading reading, read_list(*opened.source, run));
  run.finish();
  if (!reading.complete || reading.rest) {
    out.report.add("RKS-0101", fmt::format("byte {}", reading.offset),
                   reading.rest ? "something follows the list" : reading.problem,
                   "a JSON list of codes");
  } else if (run.taken() == 0) {
    out.report.add("RKS-0102", "list", "no codes", "codes");
  }
  if (!material.readable || !reading.complete || run.taken() == 0) out.official.set_no_output();
  return out;
}

Result<Outcome> verify_picture(BytesView png, const Input& container, const Options& options) {
  SIEGEL_TRY(std::vector<std::string> texts, format::decode_qr_png(png));
  // A receipt may carry codes of other kinds, for payment or advertising.
  std::erase_if(texts, [](const std::string& text) { return !is_ours(text); });
  SIEGEL_TRY(Outcome out, verify_codes(texts, container, options));
  if (texts.empty()) {
    out.report.add("RKS-0115", "picture", "no code of a receipt", "a code beginning with _R1-AT");
  }
  return out;
}

Shape shape_of(std::string_view head) {
  if (head.starts_with(byte_order_mark)) head.remove_prefix(byte_order_mark.size());
  head.remove_prefix(std::min(head.find_first_not_of(" \t\r\n"), head.size()));
  if (head.starts_with('{')) return Shape::dep;
  if (head.starts_with('[')) return Shape::code_list;
  return is_code(head) ? Shape::codes : Shape::none;
}

bool is_code(std::string_view text) {
  return is_ours(text) || text.starts_with(std::string(jws_header) + ".");
}

}  // namespace siegel::verify::rksv
