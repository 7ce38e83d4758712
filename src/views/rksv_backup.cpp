#include <fmt/format.h>

#include <array>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

#include "base/file.h"
#include "crypto/hash.h"
#include "crypto/password_sink.h"
#include "format/json.h"
#include "format/json_writer.h"
#include "views/rksv_export.h"

namespace siegel::views {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t passphrase_bytes_min = 8;
constexpr std::string_view manifest_name = "manifest.json";
constexpr std::uint64_t manifest_bytes_max = std::uint64_t{1} << 20;
constexpr std::string_view decrypt_command =
    "openssl enc -d -aes-256-cbc -pbkdf2 -iter 600000 -md sha256";

/// Hashes what reaches the disk.
class StoredSink final : public Sink {
 public:
  explicit StoredSink(Sink& to) : m_to(to) {}
  Status write(BytesView bytes) override {
    m_hash.update(bytes);
    m_bytes += bytes.size();
    return m_to.write(bytes);
  }
  [[nodiscard]] std::uint64_t bytes() const { return m_bytes; }
  [[nodiscard]] Hash256 digest() const { return m_hash.digest(); }

 private:
  Sink& m_to;
  crypto::Sha256 m_hash;
  std::uint64_t m_bytes = 0;
};

/// The journal as it was when the backup began: both files tell the same receipts.
class FrozenReader final : public journal::Reader {
 public:
  FrozenReader(journal::Reader& reader, const journal::Head& head)
      : m_reader(reader), m_head(head) {}
  Result<journal::Head> head() override { return m_head; }
  Result<std::vector<journal::Entry>> read(journal::Sequence from, std::size_t count_max) override {
    return m_reader.read(from, count_max);
  }

 private:
  journal::Reader& m_reader;
  journal::Head m_head;
};

struct Saved {
  std::string name;
  std::uint64_t bytes = 0;
  Hash256 sha256{};
  RksvExported content;
};

using Export = std::function<Result<RksvExported>(Sink&)>;

Result<Saved> save(const fs::path& folder, std::string name, const RksvBackupOptions& options,
                   const Export& write) {
  if (options.passphrase != nullptr) name += ".enc";
  SIEGEL_TRY(FileSink file, FileSink::create(folder / name, {.mode = 0600}));
  StoredSink stored(file);
  Saved saved{.name = std::move(name)};
  if (options.passphrase == nullptr) {
    SIEGEL_TRY(saved.content, write(stored));
  } else {
    SIEGEL_TRY(const auto sealed,
               crypto::PasswordSink::create(*options.passphrase, *options.random, stored));
    SIEGEL_TRY(saved.content, write(*sealed));
    SIEGEL_TRY_OK(sealed->finish());
  }
  SIEGEL_TRY_OK(file.finish());
  saved.bytes = stored.bytes();
  saved.sha256 = stored.digest();
  return saved;
}

void write_file_member(json::Writer& out, const Saved& file) {
  out.begin_object();
  out.field("bytes", static_cast<std::int64_t>(file.bytes));
  out.field("content_sha256", hex(file.content.sha256));
  out.field("first_receipt", file.content.first_receipt);
  out.field("last_receipt", file.content.last_receipt);
  out.field("name", file.name);
  out.field("receipts", static_cast<std::int64_t>(file.content.receipts));
  out.field("sha256", hex(file.sha256));
  out.field("unsigned_receipts", static_cast<std::int64_t>(file.content.unsigned_receipts));
  out.end_object();
}

std::string manifest_of(const RksvSelection& selection, const RksvBackupOptions& options,
                        const std::array<Saved, 2>& files) {
  std::string text;
  json::Writer out(text);
  out.begin_object();
  out.field("decrypt", options.passphrase == nullptr ? std::string_view() : decrypt_command);
  out.key("files").begin_array();
  for (const Saved& file : files) write_file_member(out, file);
  out.end_array();
  out.field("first", selection.first ? selection.first->text() : std::string());
  // The end of the chain outside the journal: a journal that is shorter later has lost receipts.
  out.field("head_hash", hex(files.front().content.head.hash));
  out.field("head_sequence", static_cast<std::int64_t>(files.front().content.head.sequence.get()));
  out.field("last", selection.last ? selection.last->text() : std::string());
  out.field("made_at", options.at.text());
  out.field("register", selection.register_id);
  out.field("version", 1);
  out.end_object();
  return text + "\n";
}

Status check_options(const fs::path& folder, const RksvBackupOptions& options) {
  if (options.passphrase != nullptr && options.passphrase->size() < passphrase_bytes_min) {
    return invalid("E-RKX-112", fmt::format("the passphrase has {} characters, at least {} are "
                                            "needed",
                                            options.passphrase->size(), passphrase_bytes_min));
  }
  std::error_code error;
  if (fs::exists(fs::symlink_status(folder, error))) {
    return conflict("E-RKX-111",
                    fmt::format("{} exists; a backup never replaces another", folder.string()),
                    folder.string());
  }
  return Ok{};
}

Error damaged(std::string_view code, std::string detail, const fs::path& place) {
  return corrupt(code, std::move(detail), place.string());
}

Status check_file(const fs::path& folder, const json::Object& entry) {
  const json::Value* name = entry.find("name");
  const json::Value* sha256 = entry.find("sha256");
  const json::Value* bytes = entry.find("bytes");
  if (name == nullptr || name->string() == nullptr || sha256 == nullptr ||
      sha256->string() == nullptr || bytes == nullptr || bytes->integer() == nullptr ||
      name->string()->find('/') != std::string::npos) {
    return damaged("E-RKX-114", "the manifest has a file without name, size or sum", folder);
  }
  const fs::path path = folder / *name->string();
  auto file =
      std::unique_ptr<std::FILE, int (*)(std::FILE*)>(std::fopen(path.c_str(), "rb"), &std::fclose);
  if (!file) return damaged("E-RKX-113", fmt::format("{} is missing", path.string()), path);
  crypto::Sha256 hash;
  std::int64_t size = 0;
  std::array<std::byte, std::size_t{64} << 10> piece;
  while (const std::size_t n = std::fread(piece.data(), 1, piece.size(), file.get())) {
    hash.update(BytesView(piece).first(n));
    size += static_cast<std::int64_t>(n);
  }
  if (std::ferror(file.get()) != 0 || size != *bytes->integer() ||
      hex(hash.digest()) != *sha256->string()) {
    return damaged("E-RKX-113",
                   fmt::format("{} has {} bytes with SHA-256 {}; the manifest says {} bytes, {}",
                               path.string(), size, hex(hash.digest()), *bytes->integer(),
                               excerpt(*sha256->string(), 64)),
                   path);
  }
  return Ok{};
}

/// Everything that is in a backup, in the new folder `part`, read again.
Result<RksvBackup> fill(journal::Reader& reader, const RksvSelection& selection,
                        const fs::path& part, const RksvBackupOptions& options) {
  std::error_code error;
  fs::create_directories(part, error);
  if (error) {
    return unavailable("E-FIL-004",
                       fmt::format("cannot create {}: {}", part.string(), error.message()),
                       part.string());
  }
  SIEGEL_TRY(const journal::Head head, reader.head());
  FrozenReader frozen(reader, head);
  std::array<Saved, 2> files;
  SIEGEL_TRY(files[0], save(part, "dep7.json", options,
                            [&](Sink& sink) { return export_dep7(frozen, selection, sink); }));
  SIEGEL_TRY(files[1], save(part, "dep131.jsonl", options, [&](Sink& sink) {
               return export_dep131(frozen, selection, country::at::Dep131Form::json_lines, sink);
             }));
  const std::string manifest = manifest_of(selection, options, files);
  SIEGEL_TRY_OK(write_file(part / manifest_name, bytes_of(manifest), {.mode = 0600}));
  SIEGEL_TRY_OK(check_rksv_backup(part));
  return RksvBackup{.dep7 = files[0].content,
                    .dep131 = files[1].content,
                    .manifest_sha256 = crypto::sha256(bytes_of(manifest))};
}

}  // namespace

Result<RksvBackup> backup_rksv(journal::Reader& reader, const RksvSelection& selection,
                               const fs::path& target, const RksvBackupOptions& options) {
  SIEGEL_CHECK(options.passphrase == nullptr || options.random != nullptr);
  const fs::path folder = target.has_filename() ? target : target.parent_path();
  SIEGEL_TRY_OK(check_options(folder, options));
  fs::path part = folder;
  part += ".part";
  std::error_code error;
  fs::remove_all(part, error);  // what an interrupted backup left
  auto done = fill(reader, selection, part, options);
  if (!done.ok()) {
    fs::remove_all(part, error);  // a full medium is not helped by half a backup
    return done;
  }
  fs::rename(part, folder, error);
  if (error) {
    return unavailable("E-FIL-004",
                       fmt::format("cannot rename to {}: {}", folder.string(), error.message()),
                       folder.string());
  }
  SIEGEL_TRY_OK(sync_directory(folder.has_parent_path() ? folder.parent_path() : fs::path(".")));
  return done;
}

Status check_rksv_backup(const fs::path& folder) {
  const auto text = read_file(folder / manifest_name, manifest_bytes_max);
  if (!text.ok()) {
    return damaged("E-RKX-114", text.error().detail, folder / manifest_name);
  }
  const auto value = json::parse(text_of(*text));
  const json::Object* object = value.ok() ? value->object() : nullptr;
  const json::Value* files = object == nullptr ? nullptr : object->find("files");
  if (files == nullptr || files->array() == nullptr || files->array()->empty()) {
    return damaged("E-RKX-114", "the manifest names no files", folder / manifest_name);
  }
  for (const json::Value& entry : *files->array()) {
    if (entry.object() == nullptr) {
      return damaged("E-RKX-114", "the manifest names no files", folder / manifest_name);
    }
    SIEGEL_TRY_OK(check_file(folder, *entry.object()));
  }
  return Ok{};
}

}  // namespace siegel::views
