#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "app/commands.h"
#include "app/export_file.h"
#include "app/export_tar.h"
#include "app/outage_device.h"
#include "app/report_text.h"
#include "app/shop/shop.h"
#include "app/verify_dsfinvk.h"
#include "base/file.h"
#include "crypto/hash.h"
#include "exports/dsfinvk.h"
#include "exports/journal_csv.h"
#include "exports/procedure.h"
#include "views/outages.h"

// What an auditor or tax adviser is handed: DSFinV-K, plain tables, and everything of one period.

namespace siegel::app {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view version = "0.1.0";
constexpr std::uint64_t dtd_bytes_max = std::uint64_t{1} << 20;
constexpr std::uint64_t text_bytes_max = std::uint64_t{1} << 20;

struct Options {
  std::string target, from, to, day, closing, edition, dtd, backup_plan;
  std::vector<std::string> registers, tables;
  bool zip = false, resume = false, business_day = false, leave_open_out = false;
};

Result<std::uint64_t> number_of(std::string_view text, const char* place) {
  std::uint64_t value = 0;
  const char* end = text.data() + text.size();
  if (text.empty() || std::from_chars(text.data(), end, value).ptr != end)
    return invalid("E-CLI-105", fmt::format("\"{}\" is not a whole number", text), place);
  return value;
}

Result<exports::Selection> selection_of(const Options& options) {
  exports::Selection selection;
  selection.registers = options.registers;
  selection.leave_open_out = options.leave_open_out;
  selection.by_business_day = options.business_day || !options.day.empty();
  SIEGEL_TRY(selection.first_day, optional_day(options.day.empty() ? options.from : options.day,
                                               options.day.empty() ? "--from" : "--day"));
  SIEGEL_TRY(selection.last_day, optional_day(options.day.empty() ? options.to : options.day,
                                              options.day.empty() ? "--to" : "--day"));
  if (selection.first_day && selection.last_day && *selection.last_day < *selection.first_day)
    return invalid("E-EXP-113", fmt::format("{} is after {}", options.from, options.to), "--to");
  if (options.closing.empty()) return selection;
  const std::string_view text = options.closing;
  const std::size_t dash = text.find('-');
  SIEGEL_TRY(selection.first_number, number_of(text.substr(0, dash), "--closing"));
  selection.last_number = selection.first_number;
  if (dash != std::string_view::npos) {
    SIEGEL_TRY(selection.last_number, number_of(text.substr(dash + 1), "--closing"));
  }
  return selection;
}

Result<exports::DsfinvkRequest> request_of(const Context& context, const Options& options) {
  exports::DsfinvkRequest request;
  SIEGEL_TRY(request.selection, selection_of(options));
  request.generator_version = version;
  if (!options.edition.empty()) {
    const auto edition = country::de::edition_from(options.edition);
    if (!edition)
      return invalid("E-EXP-105",
                     fmt::format("edition \"{}\" is not 2.4, 2.3 or 2.2", options.edition),
                     "--edition");
    request.edition = *edition;
  }
  if (!options.tables.empty()) request.tables.reset();
  for (const std::string& name : options.tables) {
    const auto table = country::de::dsfinvk_table_from(name);
    if (!table)
      return invalid("E-EXP-114", fmt::format("\"{}\" is none of the 20 tables", name), "--tables");
    request.tables.set(static_cast<std::size_t>(*table));
  }
  if (!options.dtd.empty()) {
    SIEGEL_TRY(request.official_dtd, read_file(options.dtd, dtd_bytes_max));
  }
  const auto show = progress_of(context);
  if (show) {
    const Steady began = context.clock.now().steady;
    request.progress = [&context, began, last = Steady(0)](std::uint64_t done, std::uint64_t total,
                                                           std::uint64_t bytes) mutable {
      const Steady now = context.clock.now().steady;
      if (now - last < std::chrono::seconds(2) && done < total) return;
      if (now - began < std::chrono::seconds(2)) return;
      last = now;
      const auto ms = static_cast<std::uint64_t>(
          std::chrono::duration_cast<std::chrono::milliseconds>(now - began).count());
      context.note(fmt::format("{} % of the entries, {} MB written, {} MB/s, {} s left\n",
                               done * 100 / total, bytes / 1'000'000, bytes / 1000 / ms,
                               done == 0 ? 0 : ms * (total - done) / done / 1000));
    };
  }
  return request;
}

/// First day of the first closing and last day of the last, of all registers.
std::pair<Date, Date> period_of(const std::vector<exports::ChosenRegister>& registers) {
  Date first = registers.front().closings.front().closing.at.date();
  Date last = first;
  for (const exports::ChosenRegister& of : registers) {
    const auto& closings = of.closings;
    first = std::min(first, closings.front().closing.at.date());
    last = std::max(last, closings.back().closing.at.date());
  }
  return {first, last};
}

class FilesSink final : public Sink {
 public:
  FilesSink(exports::FileSet& files, std::string name) : m_files(files), m_name(std::move(name)) {}
  Status write(BytesView bytes) override { return m_files.append(m_name, bytes); }

 private:
  exports::FileSet& m_files;
  std::string m_name;
};

/// The failure log joins when there was an outage (FCC-057, FCC-060).
exports::MoreFiles failure_log(Shop& shop, std::uint64_t& rows) {
  return [&shop, &rows](const std::vector<exports::ChosenRegister>& registers,
                        exports::FileSet& files, std::vector<std::string>& names) -> Status {
    const auto [first, last] = period_of(registers);
    SIEGEL_TRY(const auto reader, shop.reader());
    const std::string name = views::outages_file_name(first, last, views::OutageForm::csv_full);
    SIEGEL_TRY_OK(files.cut(name, 0));
    FilesSink sink(files, name);
    SIEGEL_TRY(const auto log, views::export_outages(*reader, {.first = first, .last = last},
                                                     views::OutageForm::csv_full, sink));
    rows = log.rows;
    if (log.rows == 0) return files.remove(name);
    names.push_back(name);
    return Ok{};
  };
}

Status needs_germany(Shop& shop) {
  SIEGEL_TRY(const recorder::State state, shop.state());
  if (!state.business || state.business->country != "AT") return Ok{};
  return conflict("E-EXP-115", "DSFinV-K is for registers in Germany: siegel export dep7, dep131");
}

json::Object document_of(const exports::DsfinvkExported& done, const std::string& target) {
  json::Object document;
  document.set("target", target);
  document.set("closings", static_cast<std::int64_t>(done.closings));
  document.set("receipts", static_cast<std::int64_t>(done.receipts));
  std::uint64_t bytes = 0;
  for (const exports::WrittenFile& file : done.files) bytes += file.bytes;
  document.set("bytes", static_cast<std::int64_t>(bytes));
  document.set("manifest_sha256", hex(done.manifest_sha256));
  json::Array open;
  for (const exports::ChosenRegister& of : done.registers) {
    if (of.open_receipts == 0) continue;
    json::Object one;
    one.set("register", of.id);
    one.set("receipts", static_cast<std::int64_t>(of.open_receipts));
    open.push_back(std::move(one));
  }
  document.set("left_out", std::move(open));
  return document;
}

std::string text_of(const Context& context, const exports::DsfinvkExported& done,
                    const std::string& target, std::uint64_t outage_rows) {
  const bool german = context.german();
  std::string text =
      fmt::format("{}: {} {}, {} {}\nmanifest.json SHA-256 {}\n", target, done.closings,
                  german ? "Kassenabschlüsse" : "closings", done.receipts,
                  german ? "Vorgänge" : "Vorgänge", hex(done.manifest_sha256));
  for (const exports::ChosenRegister& of : done.registers)
    if (of.open_receipts != 0)
      text += fmt::format("{}: {} {}\n", of.id, of.open_receipts,
                          german ? "Belege nach dem letzten Abschluss sind nicht dabei"
                                 : "receipts after the last closing are left out");
  if (outage_rows != 0)
    text += german ? "Es gab Ausfälle: das Ausfallprotokoll liegt bei.\n"
                   : "There were outages: the failure log is part of it.\n";
  return text;
}

Exit dsfinvk(const Context& context, const Options& options) {
  auto shop = Shop::open({context.data, {}}, Shop::Mode::read, {context.clock, context.random});
  if (!shop) return context.fail(shop.error());
  std::uint64_t outage_rows = 0;
  const auto run = [&]() -> Result<exports::DsfinvkExported> {
    SIEGEL_TRY_OK(needs_germany(**shop));
    SIEGEL_TRY(const exports::DsfinvkRequest request, request_of(context, options));
    SIEGEL_TRY(const recorder::State state, (*shop)->state());
    SIEGEL_TRY(const auto reader, (*shop)->reader());
    SIEGEL_TRY(const exports::Survey survey, exports::survey(*reader, state));
    return exports::export_dsfinvk(*reader, survey, request,
                                   {.target = options.target,
                                    .resume = options.resume,
                                    .zip = options.zip,
                                    .more = failure_log(**shop, outage_rows)});
  };
  const auto done = run();
  if (!done) return context.fail(done.error());
  json::Object document = document_of(*done, options.target);
  document.set("outage_rows", static_cast<std::int64_t>(outage_rows));
  context.show(text_of(context, *done, options.target, outage_rows) +
                   fmt::format("{}: siegel verify {}\n",
                               context.german() ? "Prüfen mit" : "Check it with", options.target),
               document);
  return Exit::success;
}

/// Writes into "<target>.part"; it gets its name when everything is there.
Status into_new_folder(const fs::path& target,
                       const std::function<Status(const fs::path&)>& write) {
  std::error_code error;
  if (fs::exists(fs::symlink_status(target, error)))
    return conflict("E-EXP-103", fmt::format("{} is there already", target.string()),
                    target.string());
  fs::path part = target;
  part += ".part";
  if (fs::exists(fs::symlink_status(part, error)))
    return conflict("E-EXP-104",
                    fmt::format("{} is left of an interrupted run: delete it", part.string()),
                    part.string());
  fs::create_directories(part, error);
  if (error) return unavailable("E-EXP-110", error.message(), part.string());
  if (Status done = write(part); !done.ok()) {
    fs::remove_all(part, error);
    return done;
  }
  SIEGEL_TRY_OK(sync_directory(part));
  fs::rename(part, target, error);
  if (error) return unavailable("E-EXP-110", error.message(), target.string());
  return sync_directory(fs::absolute(target).parent_path());
}

Exit journal_tables(const Context& context, const Options& options) {
  auto shop = Shop::open({context.data, {}}, Shop::Mode::read, {context.clock, context.random});
  if (!shop) return context.fail(shop.error());
  exports::JournalExported exported;
  const auto run = [&]() -> Status {
    exports::JournalSelection selection{.registers = options.registers, .first = {}, .last = {}};
    SIEGEL_TRY(selection.first, optional_day(options.from, "--from"));
    SIEGEL_TRY(selection.last, optional_day(options.to, "--to"));
    SIEGEL_TRY(const recorder::State state, (*shop)->state());
    for (const std::string& id : options.registers)
      if (!state.registers.contains(id))
        return not_found("E-EXP-101", fmt::format("register {} is not known", id), "--register");
    SIEGEL_TRY(const auto reader, (*shop)->reader());
    return into_new_folder(options.target, [&](const fs::path& part) -> Status {
      exports::FolderFiles files(part);
      SIEGEL_TRY(exported, exports::write_journal(*reader, selection, files));
      return Ok{};
    });
  };
  if (const Status done = run(); !done.ok()) return context.fail(done.error());
  json::Object document;
  document.set("target", options.target);
  document.set("receipts", static_cast<std::int64_t>(exported.receipts));
  document.set("lines", static_cast<std::int64_t>(exported.lines));
  context.show(fmt::format("{}: {} {}\n", options.target, exported.receipts,
                           context.german() ? "Belege" : "receipts"),
               document);
  return Exit::success;
}

// ---- everything of one period ------------------------------------------------------------------

class Audit {
 public:
  Audit(const Context& context, const Options& options, Shop& shop)
      : m_context(context), m_options(options), m_shop(shop) {}

  Status write(const fs::path& folder) {
    SIEGEL_TRY(const recorder::State state, m_shop.state());
    SIEGEL_TRY(const exports::DsfinvkRequest request, request_of(m_context, m_options));
    {
      SIEGEL_TRY(const auto reader, m_shop.reader());
      SIEGEL_TRY(const exports::Survey survey, exports::survey(*reader, state));
      SIEGEL_TRY(m_exported, exports::export_dsfinvk(*reader, survey, request,
                                                     {.target = folder / "dsfinvk",
                                                      .resume = false,
                                                      .zip = false,
                                                      .more = failure_log(m_shop, m_outage_rows)}));
    }
    SIEGEL_TRY_OK(write_logs(state, folder));
    SIEGEL_TRY_OK(write_papers(state, folder));
    SIEGEL_TRY_OK(verify(folder));
    return write_manifest(folder);
  }
  [[nodiscard]] const exports::DsfinvkExported& exported() const { return m_exported; }
  [[nodiscard]] const verify::Report& report() const { return m_report; }
  [[nodiscard]] std::uint64_t outage_rows() const { return m_outage_rows; }

 private:
  /// The whole log of every TSE that the closings used.
  Status write_logs(const recorder::State& state, const fs::path& folder) {
    std::vector<std::string> serials;
    for (const auto& of : m_exported.registers)
      for (const auto& found : of.closings)
        for (const std::string& serial : found.closing.tses)
          if (std::ranges::find(serials, serial) == serials.end()) serials.push_back(serial);
    for (const std::string& serial : serials) {
      const auto tse = state.tses.find(serial);
      if (tse == state.tses.end()) continue;
      const std::string name = fmt::format("{}.tar", tse->second.id);
      const auto written = export_tar(m_shop, tse->second.id, {}, folder / name);
      if (!written.ok()) return written.error();
      m_names.push_back(name);
      m_logs.push_back((folder / name).string());
    }
    return Ok{};
  }

  Status write_papers(const recorder::State& state, const fs::path& folder) {
    SIEGEL_TRY(const auto reader, m_shop.reader());
    SIEGEL_TRY(const exports::MasterHistory history, exports::master_history(*reader));
    SIEGEL_TRY_OK(keep(folder, "stammdaten.csv",
                       [&](Sink& sink) { return exports::write_history(history, sink); }));
    exports::Installation installation{.version = std::string(version),
                                       .data_folder = m_shop.folder().string(),
                                       .witness = m_shop.witness().string(),
                                       .backup_plan = {}};
    if (!m_options.backup_plan.empty()) {
      SIEGEL_TRY(const Bytes plan, read_file(m_options.backup_plan, text_bytes_max));
      installation.backup_plan = text_of_bytes(plan);
    }
    const auto page = [&](const std::string& name, Language language) {
      return keep(folder, name, [&](Sink& sink) {
        return sink.write(
            bytes_of(exports::procedure_page(state, history, installation, language)));
      });
    };
    SIEGEL_TRY_OK(page("verfahrensdokumentation.html", Language::de));
    return page("procedure-documentation.html", Language::en);
  }

  Status verify(const fs::path& folder) {
    DsfinvkRequest request{.what = (folder / "dsfinvk").string(),
                           .logs = {},
                           .codes = {},
                           .registration = {},
                           .journal = {},
                           .dfka = {},
                           .trust = {}};
    for (const std::string& log : m_logs) request.logs.push_back({.path = log, .bytes = {}});
    SIEGEL_TRY(DsfinvkResult checked, verify_dsfinvk(m_context, request));
    SIEGEL_TRY_OK(keep(folder, "pruefbericht.json",
                       [&](Sink& sink) { return sink.write(bytes_of(checked.report.json())); }));
    checked.page.german = m_context.german();
    checked.page.subject = "dsfinvk";
    SIEGEL_TRY_OK(keep(folder, "pruefbericht.html", [&](Sink& sink) {
      return sink.write(bytes_of(verify::html_page(checked.report, checked.page)));
    }));
    m_report = std::move(checked.report);
    return Ok{};
  }

  Status write_manifest(const fs::path& folder) {
    json::Array files;
    const auto add = [&](const std::string& name) -> Status {
      SIEGEL_TRY(const auto hash, hash_of(folder / name));
      json::Object one;
      one.set("name", name);
      one.set("bytes", static_cast<std::int64_t>(hash.bytes));
      one.set("sha256", hex(hash.sha256));
      files.push_back(std::move(one));
      return Ok{};
    };
    SIEGEL_TRY_OK(add("dsfinvk/manifest.json"));
    for (const std::string& name : m_names) SIEGEL_TRY_OK(add(name));
    json::Object document;
    document.set("files", std::move(files));
    document.set("format", "siegel-audit");
    document.set("version", 1);
    const std::string text = json::canonical(document) + "\n";
    return write_file(folder / "manifest.json", bytes_of(text));
  }

  static Result<Written> hash_of(const fs::path& path) {
    constexpr std::uint64_t any = std::uint64_t{1} << 40;
    crypto::Sha256 hash;
    Written written;
    SIEGEL_TRY(const Bytes bytes, read_file(path, any));
    hash.update(bytes);
    written.bytes = bytes.size();
    written.sha256 = hash.digest();
    return written;
  }
  static std::string text_of_bytes(const Bytes& bytes) {
    return std::string(siegel::text_of(bytes));
  }

  Status keep(const fs::path& folder, const std::string& name,
              const std::function<Status(Sink&)>& write) {
    SIEGEL_TRY_OK(write_export(folder / name, write));
    m_names.push_back(name);
    return Ok{};
  }

  const Context& m_context;
  const Options& m_options;
  Shop& m_shop;
  exports::DsfinvkExported m_exported;
  verify::Report m_report;
  std::vector<std::string> m_names, m_logs;
  std::uint64_t m_outage_rows = 0;
};

Exit audit(const Context& context, const Options& options) {
  auto shop = Shop::open({context.data, {}}, Shop::Mode::write, {context.clock, context.random});
  if (!shop) return context.fail(shop.error());
  if (const Status fits = needs_germany(**shop); !fits.ok()) return context.fail(fits.error());
  Audit audit(context, options, **shop);
  const Status done =
      into_new_folder(options.target, [&](const fs::path& part) { return audit.write(part); });
  if (!done.ok()) return context.fail(done.error());
  json::Object document = document_of(audit.exported(), options.target);
  document.set("violations",
               static_cast<std::int64_t>(audit.report().count(verify::Severity::violation)));
  context.show(text_of(context, audit.exported(), options.target, audit.outage_rows()) +
                   fmt::format("{}: {} {}, {} {} (pruefbericht.html)\n",
                               context.german() ? "Prüfung" : "Check",
                               audit.report().count(verify::Severity::violation),
                               context.german() ? "Verstöße" : "violations",
                               audit.report().count(verify::Severity::warning),
                               context.german() ? "Warnungen" : "warnings"),
               document);
  return audit.report().count(verify::Severity::violation) == 0 ? Exit::success : Exit::findings;
}

}  // namespace

void add_handover(CommandLine& line, Context& context) {
  Options& options = line.own<Options>();
  const auto period = [&](CommandLine::Command& command) -> CommandLine::Command& {
    return command.list("--register", options.registers, "ID", "only this register")
        .option("--from", options.from, "DATE", "closings from this day on")
        .option("--to", options.to, "DATE", "closings up to this day");
  };
  const auto closed = [&](CommandLine::Command& command) -> CommandLine::Command& {
    return period(command)
        .option("--day", options.day, "DATE", "closings of one business day")
        .option("--closing", options.closing, "N[-M]", "closings by their numbers (Z_NR)")
        .option("--edition", options.edition, "EDITION",
                "2.4 (default), 2.3; 2.2 for records before July 2022")
        .option("--dtd", options.dtd, "FILE", "the official gdpdu-01-09-2004.dtd, shipped as it is")
        .flag("--business-day", options.business_day,
              "days are business days, not those of closing")
        .flag("--without-open", options.leave_open_out,
              "receipts that no closing holds yet are left out");
  };
  closed(line.command("export dsfinvk", "Germany: DSFinV-K of closed business")
             .example("siegel export dsfinvk pruefung-2026")
             .example("siegel export dsfinvk --from 2026-01-01 --to 2026-12-31 --zip 2026.zip")
             .example("siegel export dsfinvk --register KASSE-01 --closing 1-31 januar")
             .positional("target", options.target, "a new folder, or with --zip a new file")
             .required())
      .list("--tables", options.tables, "NAME", "only these of the 20 tables")
      .flag("--zip", options.zip, "one ZIP archive")
      .flag("--resume", options.resume, "go on where an interrupted export stopped")
      .run([&] { return dsfinvk(context, options); });
  period(line.command("export journal", "Receipts, lines, taxes and payments as plain CSV tables")
             .example("siegel export journal --from 2026-11-01 --to 2026-11-30 november")
             .positional("target", options.target, "a new folder")
             .required())
      .run([&] { return journal_tables(context, options); });
  closed(line.command("export audit",
                      "Germany: DSFinV-K, TSE logs, failure log, master data, check, documentation")
             .example("siegel export audit --from 2026-01-01 --to 2026-12-31 pruefung-2026")
             .positional("target", options.target, "a new folder")
             .required())
      .option("--backup-plan", options.backup_plan, "FILE",
              "text on how data are backed up, for the procedure documentation")
      .run([&] { return audit(context, options); });
}

}  // namespace siegel::app
