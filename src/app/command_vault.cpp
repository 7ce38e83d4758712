#include <fmt/format.h>

#include "app/commands.h"
#include "app/secrets/vaults.h"
#include "base/file.h"

namespace siegel::app {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::string tpm;
};

fs::path vault_folder(const Context& context) { return fs::path(context.data) / "vault"; }

std::string sentence_of(const KeyKept& key, bool german) {
  switch (key.place) {
    case KeyPlace::tpm:
      return german ? fmt::format(
                          "Der Schlüssel ist im TPM versiegelt ({}): der Ordner öffnet sich "
                          "nur auf diesem Rechner.\n",
                          key.tpm)
                    : fmt::format(
                          "The key is sealed by the TPM ({}): the folder opens on this "
                          "machine only.\n",
                          key.tpm);
    case KeyPlace::key_file:
      return german
                 ? "Der Schlüssel liegt als Datei neben den Geheimnissen: wer den Ordner kopiert, "
                   "kann sie lesen.\n"
                 : "The key lies in a file beside the secrets: who copies the folder can read "
                   "them.\n";
    case KeyPlace::both:
      break;
  }
  return german ? "Schlüsseldatei und TPM: ein Umzug wurde unterbrochen; den Befehl wiederholen.\n"
                : "Key file and TPM: a move was interrupted; repeat the command.\n";
}

Exit status(const Context& context) {
  const auto found = vault_status(vault_folder(context), context.random);
  if (!found) return context.fail(found.error());
  json::Object document;
  json::Array closed;
  std::string text = sentence_of(found->key, context.german());
  text += context.german() ? fmt::format("{} Geheimnisse, {} nicht zu öffnen\n",
                                         found->secrets.size(), found->closed.size())
                           : fmt::format("{} secrets, {} cannot be opened\n", found->secrets.size(),
                                         found->closed.size());
  if (found->error) text += fmt::format("  {}: {}\n", found->error->code, found->error->detail);
  for (const auto& [id, error] : found->closed) {
    json::Object item;
    item.set("code", error.code);
    item.set("detail", error.detail);
    item.set("id", id.text());
    closed.push_back(std::move(item));
    text += fmt::format("  {}  {}: {}\n", id.text(), error.code, error.detail);
  }
  json::Array secrets;
  for (const auto& id : found->secrets) secrets.push_back(id.text());
  document.set("closed", std::move(closed));
  if (found->error || !found->closed.empty())
    document.set("code", found->error ? found->error->code : found->closed.front().second.code);
  document.set("key", word_of(found->key.place));
  document.set("secrets", std::move(secrets));
  if (!found->key.tpm.empty()) document.set("tpm", found->key.tpm);
  context.show(text, document);
  if (!found->error && found->closed.empty()) return Exit::success;
  return exit_of(found->error ? *found->error : found->closed.front().second);
}

Exit moved(const Context& context, const Result<std::size_t>& count) {
  if (!count) return context.fail(count.error());
  const auto key = where_the_key_is(vault_folder(context));
  if (!key) return context.fail(key.error());
  json::Object document;
  document.set("key", word_of(key->place));
  document.set("sealed", static_cast<std::int64_t>(*count));
  if (!key->tpm.empty()) document.set("tpm", key->tpm);
  const std::string sentence = sentence_of(*key, context.german());
  context.show(context.german()
                   ? fmt::format("{}{} Geheimnisse neu versiegelt.\n", sentence, *count)
                   : fmt::format("{}{} secrets sealed anew.\n", sentence, *count),
               document);
  return Exit::success;
}

Exit seal(const Context& context, const Options& options) {
  const auto lock = FolderLock::take(fs::path(context.data) / "lock");
  if (!lock) return context.fail(lock.error());
  const std::string& tpm = options.tpm.empty() ? context.tpm : options.tpm;
  return moved(context, seal_vault(vault_folder(context), tpm, context.random));
}

Exit release(const Context& context) {
  const auto lock = FolderLock::take(fs::path(context.data) / "lock");
  if (!lock) return context.fail(lock.error());
  return moved(context, release_vault(vault_folder(context), context.random));
}

Exit tpm(const Context& context, const Options& options) {
  const TpmFound found = find_tpm(options.tpm.empty() ? context.tpm : options.tpm);
  json::Object document;
  if (found.error || !found.present)
    document.set("code", found.error ? found.error->code : std::string("E-VLT-201"));
  document.set("present", found.present);
  document.set("text", found.text);
  document.set("version", found.version);
  std::string text = found.present      ? found.text
                     : context.german() ? "Kein TPM gefunden."
                                        : "No TPM found.";
  text += '\n';
  if (found.error) text += fmt::format("  {}: {}\n", found.error->code, found.error->detail);
  context.show(text, document);
  if (!found.present) return Exit::not_found;
  return found.version == "2.0" && !found.error ? Exit::success : Exit::failed;
}

}  // namespace

void add_vault(CommandLine& line, Context& context) {
  line.group("vault", "PINs and keys, and what guards them");
  Options& options = line.own<Options>();
  const auto* const tpm_help = "which TPM: device:/dev/tpmrm0 (default), swtpm:..., tabrmd:...";
  line.command("vault status", "Where the key is, and whether every secret opens")
      .example("siegel vault status")
      .run([&] { return status(context); });
  line.command("vault seal", "Move the vault's key from its file into the TPM of this machine")
      .example("siegel vault seal")
      .option("--tpm", options.tpm, "TPM", tpm_help)
      .run([&] { return seal(context, options); });
  line.command("vault release", "Move the key from the TPM into a file, before another machine")
      .example("siegel vault release")
      .run([&] { return release(context); });
  line.command("tpm", "Is there a TPM, and of which version?")
      .example("siegel tpm --json")
      .option("--tpm", options.tpm, "TPM", tpm_help)
      .run([&] { return tpm(context, options); });
}

}  // namespace siegel::app
