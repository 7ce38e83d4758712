#include "vault/tpm/tpm.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/file.h"
#include "format/json.h"
#include "format/json_fields.h"
#include "vault/sealed/sealed.h"
#include "vault/tpm/chip.h"
#include "vault/tpm/seal_file.h"

namespace siegel::vault::tpm {
namespace {

constexpr std::size_t key_bytes = 32;

Result<crypto::SecretBytes> unseal(const SealFile& file) {
  SIEGEL_TRY(Chip chip, Chip::connect(file.tpm));
  SIEGEL_TRY(auto key, chip.unseal(file.blob));
  if (key.size() != key_bytes)
    return corrupt("E-VLT-204", fmt::format("the sealed key has {} bytes", key.size()));
  return key;
}

Result<std::optional<SealFile>> read_seal_file(const std::filesystem::path& folder) {
  const auto path = seal_file(folder);
  SIEGEL_TRY(const bool there, sealed::check_private(path, sealed::What::file));
  if (!there) return std::optional<SealFile>();
  auto bytes = read_file(path, seal_file_bytes_max);
  if (!bytes && bytes.error().code != "E-FIL-003") return bytes.error();
  auto file = bytes ? parse_seal_file(text_of(*bytes)) : Result<SealFile>(bytes.error());
  if (!file)
    return corrupt("E-VLT-204", fmt::format("{}: {}", path.string(), file.error().detail),
                   path.string());
  return std::optional(std::move(*file));
}

}  // namespace

Status check_place(std::string_view tpm) {
  const bool known = tpm.starts_with("device:/dev/") || tpm.starts_with("swtpm:") ||
                     tpm == "swtpm" || tpm == "tabrmd" || tpm.starts_with("tabrmd:");
  const bool plain =
      std::ranges::all_of(tpm, [](char c) { return c > ' ' && c < 0x7F; }) && tpm.size() <= 300;
  if (known && plain) return Ok{};
  return invalid(
      "E-VLT-205",
      fmt::format("\"{}\" is no TPM: device:/dev/tpmrm0, swtpm:... or tabrmd:...", excerpt(tpm)),
      "--tpm");
}

Result<Identity> identify(const std::string& tpm) {
  SIEGEL_TRY(Chip chip, Chip::connect(tpm));
  return chip.identity();
}

std::filesystem::path seal_file(const std::filesystem::path& folder) {
  return folder / "vault.tpm";
}

Result<std::optional<std::string>> place_of(const std::filesystem::path& folder) {
  SIEGEL_TRY(auto file, read_seal_file(folder));
  if (!file) return std::optional<std::string>();
  return std::optional(std::move(file->tpm));
}

Result<crypto::SecretBytes> make_sealed_key(const std::filesystem::path& folder,
                                            const std::string& tpm, Random& random) {
  SIEGEL_TRY(Chip chip, Chip::connect(tpm));
  auto key = sealed::new_key(random);
  SealFile file{.tpm = tpm, .blob = {}};
  SIEGEL_TRY(file.blob, chip.seal(key));
  // A TPM that seals and cannot unseal would lose every secret: it is asked before it is believed.
  SIEGEL_TRY(const auto again, chip.unseal(file.blob));
  if (!again.equals(key))
    return unavailable("E-VLT-202", "the TPM unseals something else than was sealed");
  SIEGEL_TRY_OK(write_file(seal_file(folder), bytes_of(seal_file_text(file)), {.mode = 0600}));
  return key;
}

Result<crypto::SecretBytes> unseal_key(const std::filesystem::path& folder) {
  SIEGEL_TRY(const auto file, read_seal_file(folder));
  if (!file)
    return not_found("E-VLT-102", fmt::format("there is no {}", seal_file(folder).string()),
                     seal_file(folder).string());
  return unseal(*file);
}

Result<std::unique_ptr<Vault>> open(const Options& options, Random& random) {
  SIEGEL_TRY_OK(sealed::open_folder(options.folder, options.create));
  SIEGEL_TRY(const auto file, read_seal_file(options.folder));
  if (!file && !options.create)
    return not_found("E-VLT-102", fmt::format("there is no {}", seal_file(options.folder).string()),
                     seal_file(options.folder).string());
  SIEGEL_TRY(auto key, file ? unseal(*file) : make_sealed_key(options.folder, options.tpm, random));
  return sealed::open_files(options.folder, {.key = std::move(key), .earlier = {}}, random);
}

// ---- the file -----------------------------------------------------------------------------------

Result<SealFile> parse_seal_file(std::string_view text) {
  SIEGEL_TRY(const json::Value value, json::parse(text));
  SIEGEL_TRY(json::Fields fields, json::Fields::of(value));
  SIEGEL_TRY_OK(fields.required_int("format", 1, 1));
  SealFile file;
  SIEGEL_TRY(file.tpm, fields.required_string("tpm", 300));
  SIEGEL_TRY_OK(check_place(file.tpm));
  SIEGEL_TRY(const std::string parent, fields.required_string("parent", 200));
  SIEGEL_TRY(file.blob.parent_name, from_hex(parent));
  SIEGEL_TRY(const std::string public_part, fields.required_string("public", blob_text_max));
  SIEGEL_TRY(file.blob.public_part, from_base64(public_part));
  SIEGEL_TRY(const std::string private_part, fields.required_string("private", blob_text_max));
  SIEGEL_TRY(file.blob.private_part, from_base64(private_part));
  SIEGEL_TRY_OK(fields.finish());
  return file;
}

std::string seal_file_text(const SealFile& file) {
  json::Object object;
  object.set("format", std::int64_t{1});
  object.set("parent", hex(file.blob.parent_name));
  object.set("private", base64(file.blob.private_part));
  object.set("public", base64(file.blob.public_part));
  object.set("tpm", file.tpm);
  return json::pretty(object);
}

}  // namespace siegel::vault::tpm
