#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "app/at/dues.h"
#include "app/at/secret_file.h"
#include "app/at_tools.h"
#include "app/commands.h"
#include "app/export_file.h"
#include "base/file.h"
#include "country/at/export/container.h"
#include "format/json.h"
#include "views/rksv_export.h"

// DEP, quarterly backup and the keys for check tools.

namespace siegel::app {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::string register_id, out, from, to, folder, passphrase_file;
  bool csv = false, ocr = false;
};

constexpr std::uint64_t manifest_bytes_max = std::uint64_t{1} << 20;

/// The register named, or the only one there is.
Result<RegisterInfo> register_of(const recorder::State& state, const std::string& name) {
  if (name.empty() && state.registers.size() == 1) return state.registers.begin()->second.info;
  const auto found = state.registers.find(name);
  if (found != state.registers.end()) return found->second.info;
  if (name.empty())
    return not_found("E-REG-104", "there are several registers, or none: name one", "--register");
  return not_found("E-REG-104", fmt::format("register {} is not known", name), "--register");
}

Result<views::RksvSelection> selection_of(const Options& options, const RegisterInfo& info) {
  views::RksvSelection selection;
  selection.register_id = info.id.text();
  if (!options.from.empty()) {
    SIEGEL_TRY(selection.first, Date::parse(options.from));
  }
  if (!options.to.empty()) {
    SIEGEL_TRY(selection.last, Date::parse(options.to));
  }
  return selection;
}

enum class Export { dep7, dep131, codes };

Exit export_log(const Context& context, const Options& options, Export what) {
  auto shop = open_austrian(context, Shop::Mode::read);
  if (!shop) return context.fail(shop.error());
  std::string path = options.out;
  views::RksvExported exported;
  const auto run = [&]() -> Status {
    SIEGEL_TRY(const recorder::State state, (*shop)->state());
    SIEGEL_TRY(const RegisterInfo info, register_of(state, options.register_id));
    SIEGEL_TRY(const auto selection, selection_of(options, info));
    SIEGEL_TRY(const auto reader, (*shop)->reader());
    const std::string_view name = what == Export::dep7    ? "dep7.json"
                                  : what == Export::codes ? "codes.json"
                                  : options.csv           ? "dep131.csv"
                                                          : "dep131.jsonl";
    if (path.empty()) path = fmt::format("{}-{}", info.id.text(), name);
    SIEGEL_TRY_OK(write_export(path, [&](Sink& sink) -> Status {
      switch (what) {
        case Export::dep7: {
          SIEGEL_TRY(exported, views::export_dep7(*reader, selection, sink));
          return Ok{};
        }
        case Export::dep131: {
          const auto form =
              options.csv ? country::at::Dep131Form::csv : country::at::Dep131Form::json_lines;
          SIEGEL_TRY(exported, views::export_dep131(*reader, selection, form, sink));
          return Ok{};
        }
        case Export::codes: {
          const auto form = options.ocr ? views::CodeForm::ocr : views::CodeForm::qr;
          SIEGEL_TRY(exported, views::export_codes(*reader, selection, form, sink));
          return Ok{};
        }
      }
      return Ok{};
    }));
    return Ok{};
  };
  if (const auto done = run(); !done) return context.fail(done.error());
  json::Object document;
  document.set("file", path);
  document.set("receipts", static_cast<std::int64_t>(exported.receipts));
  document.set("unsigned_receipts", static_cast<std::int64_t>(exported.unsigned_receipts));
  document.set("first_receipt", exported.first_receipt);
  document.set("last_receipt", exported.last_receipt);
  document.set("bytes", static_cast<std::int64_t>(exported.bytes));
  document.set("sha256", hex(exported.sha256));
  context.show(fmt::format("{}: {} receipts ({} to {}), {} bytes, SHA-256 {}\n{}", path,
                           exported.receipts, exported.first_receipt, exported.last_receipt,
                           exported.bytes, hex(exported.sha256),
                           what == Export::dep7
                               ? fmt::format("Check it with: siegel at container c.json, then "
                                             "siegel verify {} --container c.json\n",
                                             path)
                               : std::string()),
               document);
  return Exit::success;
}

Exit container(const Context& context, const Options& options) {
  auto shop = open_austrian(context, Shop::Mode::read);
  if (!shop) return context.fail(shop.error());
  const auto run = [&]() -> Status {
    SIEGEL_TRY(const recorder::State state, (*shop)->state());
    SIEGEL_TRY(const RegisterInfo info, register_of(state, options.register_id));
    SIEGEL_TRY(const auto reader, (*shop)->reader());
    SIEGEL_TRY(const auto signers, views::rksv_signers(*reader));
    SIEGEL_TRY(const auto key, (*shop)->aes_key(info.id));
    const crypto::SecretBytes text = country::at::container_json(key, signers);
    return write_file(options.out, text.reveal(), {.mode = 0600});
  };
  if (const auto done = run(); !done) return context.fail(done.error());
  json::Object document;
  document.set("file", options.out);
  context.show(
      fmt::format("{}: keys for check tools. It holds the AES key in clear: hand it to the auditor "
                  "only, then delete it.\n",
                  options.out),
      document);
  return Exit::success;
}

// ---- backup -------------------------------------------------------------------------------------

/// A backup that lies in `folder` was made of this journal: its head is in our chain. If not, the
/// data folder was put back from an older copy, or two copies of it went on selling.
Status check_fork(const fs::path& folder, journal::Reader& reader, const std::string& register_id) {
  std::error_code error;
  for (const auto& item : fs::directory_iterator(folder, error)) {
    const auto bytes = read_file(item.path() / "manifest.json", manifest_bytes_max);
    if (!bytes) continue;
    const auto value = json::parse(text_of(*bytes));
    const json::Object* object = value ? value->object() : nullptr;
    if (object == nullptr) continue;
    const json::Value* id = object->find("register");
    const json::Value* sequence = object->find("head_sequence");
    const json::Value* hash = object->find("head_hash");
    if (id == nullptr || id->string() == nullptr || *id->string() != register_id ||
        sequence == nullptr || sequence->integer() == nullptr || *sequence->integer() < 1 ||
        hash == nullptr || hash->string() == nullptr)
      continue;
    SIEGEL_TRY(const auto entries,
               reader.read(journal::Sequence(static_cast<std::uint64_t>(*sequence->integer())), 1));
    const bool is_ours = !entries.empty() && hex(entries.front().hash) == *hash->string();
    if (!is_ours)
      return corrupt("E-AUT-151",
                     fmt::format("the backup {} holds entry {} of another chain, or one that is "
                                 "missing here: this data folder is a restored or cloned copy",
                                 item.path().string(), *sequence->integer()),
                     item.path().string());
  }
  return Ok{};
}

struct Saved {
  std::string register_id;
  fs::path folder;
  views::RksvBackup backup;
};

Result<std::vector<Saved>> save_registers(const Context& context, Shop& shop,
                                          const Options& options, const recorder::State& state,
                                          const LocalStamp& now) {
  std::optional<crypto::SecretBytes> passphrase;
  if (!options.passphrase_file.empty()) {
    SIEGEL_TRY(passphrase, at::read_secret_file(options.passphrase_file, "--encrypt"));
  }
  std::error_code error;
  if (!fs::is_directory(options.folder, error))
    return not_found("E-AUT-152",
                     fmt::format("{} is no folder: is the medium plugged in?", options.folder),
                     "folder");
  std::string stamp = now.text().substr(0, 19);
  std::erase(stamp, '-');
  std::erase(stamp, ':');
  std::vector<Saved> saved;
  SIEGEL_TRY(const auto reader, shop.reader());
  for (const auto& [id, reg] : state.registers) {
    if (!options.register_id.empty() && id != options.register_id) continue;
    if (!reg.rksv || !reg.rksv->start) continue;
    SIEGEL_TRY_OK(check_fork(options.folder, *reader, id));
    Saved one{id, fs::path(options.folder) / fmt::format("{}-{}", id, stamp), {}};
    views::RksvSelection selection;
    selection.register_id = id;
    SIEGEL_TRY(one.backup, views::backup_rksv(*reader, selection, one.folder,
                                              {.at = context.clock.now().wall,
                                               .passphrase = passphrase ? &*passphrase : nullptr,
                                               .random = &context.random}));
    saved.push_back(std::move(one));
  }
  if (saved.empty())
    return not_found("E-AUT-153", "no register has receipts to save", "--register");
  return saved;
}

Exit backup(const Context& context, const Options& options) {
  auto shop = open_austrian(context, Shop::Mode::write);
  if (!shop) return context.fail(shop.error());
  std::vector<Saved> saved;
  std::vector<std::string> quarters;
  const auto run = [&]() -> Status {
    SIEGEL_TRY(const recorder::State state, (*shop)->state());
    const Instant now = context.clock.now().wall;
    SIEGEL_TRY(const LocalStamp here, LocalStamp::from(now, state.business->time_zone));
    SIEGEL_TRY(saved, save_registers(context, **shop, options, state, here));
    // What is saved holds everything so far: each quarter that is over is done with it.
    SIEGEL_TRY(const auto dues, at::dues_of(**shop, state, now));
    for (const at::Due& due : dues)
      if (due.kind == at::DueKind::backup && due.state != at::DueState::later &&
          options.register_id.empty())
        quarters.push_back(due.period);
    std::vector<std::string> subjects = quarters;
    subjects.emplace_back("last");
    for (const std::string& subject : subjects)
      SIEGEL_TRY_OK(
          (*shop)->record(AuthorityReport{.what = std::string(at::backup_report),
                                          .subject = subject,
                                          .at = now,
                                          .mode = "manual",
                                          .code = "0",
                                          .text = excerpt(saved.front().folder.string(), 200)},
                          "command line"));
    return Ok{};
  };
  if (const auto done = run(); !done) return context.fail(done.error());
  std::string text;
  json::Array list;
  for (const Saved& one : saved) {
    text += fmt::format("{}: {} receipts to {}, checked\n", one.folder.string(),
                        one.backup.dep7.receipts, one.backup.dep7.last_receipt);
    json::Object item;
    item.set("register", one.register_id);
    item.set("folder", one.folder.string());
    item.set("receipts", static_cast<std::int64_t>(one.backup.dep7.receipts));
    item.set("last_receipt", one.backup.dep7.last_receipt);
    item.set("manifest_sha256", hex(one.backup.manifest_sha256));
    list.push_back(std::move(item));
  }
  for (const std::string& quarter : quarters) text += fmt::format("Backup of {} done.\n", quarter);
  text += context.german() ? "Das Medium sicher verwahren, 7 Jahre lang (BAO 132).\n"
                           : "Keep the medium safe for 7 years (BAO 132).\n";
  json::Object document;
  document.set("data", std::move(list));
  document.set("quarters", strings_of(quarters));
  context.show(text, document);
  return Exit::success;
}

Exit check_backup(const Context& context, const Options& options) {
  if (const auto done = views::check_rksv_backup(options.folder); !done)
    return context.fail(done.error());
  json::Object document;
  document.set("folder", options.folder);
  document.set("intact", true);
  context.show(fmt::format("{}: every file is as its manifest says\n", options.folder), document);
  return Exit::success;
}

}  // namespace

void add_at_export(CommandLine& line, Context& context) {
  Options& options = line.own<Options>();
  const auto with_period = [&](CommandLine::Command& command) -> CommandLine::Command& {
    return command
        .option("--register", options.register_id, "ID", "may be left out if there is one")
        .option("--from", options.from, "DATE", "receipts from this day on")
        .option("--to", options.to, "DATE", "receipts up to this day")
        .option("--out,-o", options.out, "FILE", "where to write");
  };
  with_period(line.command("export dep7", "Austria: the signed log of a register (DEP7)")
                  .example("siegel export dep7 --register KASSE-01 --out dep.json")
                  .example("siegel export dep7 --from 2026-07-01 --to 2026-09-30"))
      .run([&] { return export_log(context, options, Export::dep7); });
  with_period(line.command("export dep131", "Austria: the full receipts of a register (DEP 131)")
                  .example("siegel export dep131 --register KASSE-01")
                  .example("siegel export dep131 --csv --out receipts.csv"))
      .flag("--csv", options.csv, "a table instead of JSON lines")
      .run([&] { return export_log(context, options, Export::dep131); });
  with_period(line.command("export codes", "Austria: the codes of the receipts as a JSON list")
                  .example("siegel export codes --register KASSE-01 --ocr"))
      .flag("--ocr", options.ocr, "as OCR text (base32)")
      .run([&] { return export_log(context, options, Export::codes); });
  line.command("at container", "Keys of a register for check tools (holds the AES key in clear)")
      .example("siegel at container container.json --register KASSE-01")
      .positional("file", options.out, "where to write")
      .required()
      .option("--register", options.register_id, "ID", "may be left out if there is one")
      .run([&] { return container(context, options); });
  line.command("at backup", "Save the DEP on an outside medium, with manifest and check")
      .example("siegel at backup /media/stick")
      .example("siegel at backup /media/stick --encrypt passphrase-file")
      .positional("folder", options.folder, "folder on the medium")
      .required()
      .option("--register", options.register_id, "ID", "only this register")
      .option("--encrypt", options.passphrase_file, "FILE",
              "encrypt it with the passphrase in this file")
      .run([&] { return backup(context, options); });
  line.command("at backup-check", "Compare a backup with its manifest")
      .example("siegel at backup-check /media/stick/KASSE-01-20261001T080000")
      .positional("folder", options.folder, "folder of one backup")
      .required()
      .run([&] { return check_backup(context, options); });
}

}  // namespace siegel::app
