#include "app/secrets/environment.h"

#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/timex.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <optional>
#include <sstream>

#include "base/file.h"
#include "vault/sealed/sealed.h"

namespace siegel::app {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t proc_bytes_max = std::uint64_t{1} << 20;
constexpr std::uint64_t memory_kib_min = 64UL * 1024;
constexpr int devices_deep_max = 8;

struct Found {
  Verdict verdict = Verdict::unknown;
  std::string de, en;
};

Found pass(std::string de, std::string en) { return {Verdict::pass, std::move(de), std::move(en)}; }
Found fail(std::string de, std::string en) { return {Verdict::fail, std::move(de), std::move(en)}; }
Found not_known(std::string de, std::string en) {
  return {Verdict::unknown, std::move(de), std::move(en)};
}

std::string text_of_file(const fs::path& file) {
  const auto bytes = read_file(file, proc_bytes_max);
  return bytes ? std::string(text_of(*bytes)) : std::string();
}

std::vector<std::string> words_of(const std::string& line) {
  std::istringstream in(line);
  std::vector<std::string> out;
  for (std::string word; in >> word;) out.push_back(word);
  return out;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> out;
  for (std::string line; std::getline(in, line);) out.push_back(line);
  return out;
}

// ---- disks --------------------------------------------------------------------------------------

/// Is everything below this block device encrypted? `device`: its folder in /sys.
Verdict encrypted(const fs::path& device, int deep = 0) {
  std::error_code error;
  if (deep > devices_deep_max || !fs::exists(device, error)) return Verdict::unknown;
  if (text_of_file(device / "dm/uuid").starts_with("CRYPT-")) return Verdict::pass;
  if (fs::exists(device / "loop/backing_file", error)) return Verdict::unknown;
  bool any = false;
  Verdict worst = Verdict::pass;
  for (fs::directory_iterator it(device / "slaves", error), end; !error && it != end;
       it.increment(error)) {
    any = true;
    const Verdict below = encrypted(it->path(), deep + 1);
    if (below == Verdict::fail || worst == Verdict::pass) worst = below;
  }
  return any ? worst : Verdict::fail;
}

/// A line of /proc/self/mountinfo [proc(5)].
struct Mount {
  std::string device;  ///< "253:0"
  fs::path point;
  std::string type;
  std::string source;
};

std::optional<Mount> mount_of_line(const std::string& line) {
  const auto words = words_of(line);
  const auto dash = std::find(words.begin(), words.end(), "-");
  if (dash - words.begin() < 6 || words.end() - dash < 3) return {};
  return Mount{.device = words[2], .point = words[4], .type = *(dash + 1), .source = *(dash + 2)};
}

/// The mount a path lies on: the longest, of equal ones the last.
std::optional<Mount> mount_of(const fs::path& path, const fs::path& root) {
  std::error_code error;
  const fs::path where = fs::weakly_canonical(path, error);
  std::optional<Mount> best;
  for (const std::string& line : lines_of(text_of_file(root / "proc/self/mountinfo"))) {
    auto mount = mount_of_line(line);
    if (!mount) continue;
    const auto [in_point, in_path] =
        std::mismatch(mount->point.begin(), mount->point.end(), where.begin(), where.end());
    const bool inside = mount->point == "/" || in_point == mount->point.end();
    if (inside && (!best || mount->point.string().size() >= best->point.string().size()))
      best = std::move(mount);
  }
  return best;
}

Found disk_found(const fs::path& path, const fs::path& root) {
  auto mount = mount_of(path, root);
  if (!mount)
    return not_known("das Dateisystem ist nicht zu erkennen", "the file system cannot be told");
  if (mount->device.starts_with("0:") && mount->source.starts_with("/dev/") && root == "/") {
    struct stat info{};
    if (stat(mount->source.c_str(), &info) == 0)
      mount->device = fmt::format("{}:{}", major(info.st_rdev), minor(info.st_rdev));
  }
  const std::string name = fmt::format("{} ({})", mount->source, mount->type);
  if (mount->device.starts_with("0:"))
    return not_known(fmt::format("{}: kein Blockgerät", name),
                     fmt::format("{}: no block device", name));
  switch (encrypted(root / "sys/dev/block" / mount->device)) {
    case Verdict::pass:
      return pass(fmt::format("{} ist verschlüsselt", name), fmt::format("{} is encrypted", name));
    case Verdict::fail:
      return fail(fmt::format("{} ist nicht verschlüsselt", name),
                  fmt::format("{} is not encrypted", name));
    case Verdict::unknown:
      break;
  }
  return not_known(fmt::format("{}: nicht zu erkennen", name),
                   fmt::format("{}: cannot be told", name));
}

Found swap_found(const fs::path& root) {
  std::error_code error;
  if (!fs::exists(root / "proc/swaps", error))
    return not_known("/proc/swaps fehlt", "there is no /proc/swaps");
  auto lines = lines_of(text_of_file(root / "proc/swaps"));
  if (lines.size() < 2) return pass("kein Auslagerungsspeicher", "no swap");
  Found worst = pass("nur im Speicher oder verschlüsselt", "in memory or encrypted only");
  for (const std::string& line : std::span(lines).subspan(1)) {
    const auto words = words_of(line);
    if (words.empty()) continue;
    const fs::path place = words.front();
    const std::string name = fs::weakly_canonical(place, error).filename().string();
    if (name.starts_with("zram")) continue;
    const bool file = words.size() > 1 && words[1] == "file";
    const Verdict verdict =
        file ? disk_found(place, root).verdict : encrypted(root / "sys/class/block" / name);
    if (verdict == Verdict::fail)
      return fail(fmt::format("{} ist nicht verschlüsselt", place.string()),
                  fmt::format("{} is not encrypted", place.string()));
    if (verdict == Verdict::unknown)
      worst = not_known(fmt::format("{}: nicht zu erkennen", place.string()),
                        fmt::format("{}: cannot be told", place.string()));
  }
  return worst;
}

// ---- the rest of the machine --------------------------------------------------------------------

Found tpm_present(const TpmFound& tpm) {
  if (!tpm.present) {
    const std::string why = tpm.error ? ": " + tpm.error->detail : std::string();
    return fail("kein TPM" + why, "no TPM" + why);
  }
  if (tpm.error)
    return fail(tpm.text + ": " + tpm.error->detail, tpm.text + ": " + tpm.error->detail);
  return pass(tpm.text, tpm.text);
}

Found tpm_version(const TpmFound& tpm) {
  if (!tpm.present) return fail("kein TPM", "no TPM");
  if (tpm.version.empty()) return not_known("sagt es nicht", "does not say");
  return {tpm.version == "2.0" ? Verdict::pass : Verdict::fail, tpm.version, tpm.version};
}

Found vault_sealed(const Result<KeyKept>& vault) {
  if (!vault) return not_known(vault.error().detail, vault.error().detail);
  switch (vault->place) {
    case KeyPlace::tpm:
      return pass("der Schlüssel ist im TPM versiegelt", "the key is sealed by the TPM");
    case KeyPlace::key_file:
      return fail("der Schlüssel liegt als Datei neben den Geheimnissen",
                  "the key lies in a file beside the secrets");
    case KeyPlace::both:
      break;
  }
  return fail("TPM und Schlüsseldatei: das Versiegeln wurde unterbrochen",
              "TPM and key file: the sealing was interrupted");
}

/// [UEFI 2.10, 3.3 Globally Defined Variables]: four bytes of attributes, then the value.
Found secure_boot(const fs::path& root) {
  const auto bytes = read_file(
      root / "sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c", 64);
  if (!bytes || bytes->size() != 5)
    return not_known("die UEFI-Variablen sind nicht zu sehen", "no UEFI variables are visible");
  if (bytes->back() == std::byte{1}) return pass("eingeschaltet", "on");
  return fail("ausgeschaltet", "off");
}

Found core_dumps(const fs::path& root) {
  if (root != "/") return not_known("nicht gefragt", "not asked");
  rlimit limit{};
  if (getrlimit(RLIMIT_CORE, &limit) != 0) return not_known("nicht zu erkennen", "cannot be told");
  const bool piped = text_of_file(root / "proc/sys/kernel/core_pattern").starts_with("|");
  if (prctl(PR_GET_DUMPABLE) == 0 || (limit.rlim_cur == 0 && !piped))
    return pass("ein Absturz schreibt keinen Speicherabzug",
                "a crash writes no dump of the memory");
  return fail("ein Absturz schreibt den Speicher auf den Datenträger",
              "a crash writes the memory to the disk");
}

Found rights(const fs::path& path, vault::sealed::What what) {
  const auto found = vault::sealed::check_private(path, what);
  if (!found) return fail(found.error().detail, found.error().detail);
  if (!*found) return not_known(path.string() + " fehlt", path.string() + " is not there");
  return pass("nur der Besitzer", "the owner only");
}

Found vault_rights(const fs::path& folder) {
  Found found = rights(folder, vault::sealed::What::folder);
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end;
       found.verdict == Verdict::pass && !error && it != end; it.increment(error))
    found = rights(it->path(), vault::sealed::What::file);
  return found;
}

Found user(const fs::path& root) {
  if (root != "/") return not_known("nicht gefragt", "not asked");
  if (geteuid() == 0) return fail("das Programm läuft als root", "the program runs as root");
  return pass(fmt::format("Benutzer {}", geteuid()), fmt::format("user {}", geteuid()));
}

Found memory(const fs::path& root) {
  for (const std::string& line : lines_of(text_of_file(root / "proc/meminfo"))) {
    const auto words = words_of(line);
    if (words.size() < 2 || words[0] != "MemAvailable:") continue;
    std::uint64_t kib = 0;
    std::from_chars(words[1].data(), words[1].data() + words[1].size(), kib);
    const std::string mib = fmt::format("{} MiB", kib / 1024);
    return {kib >= memory_kib_min ? Verdict::pass : Verdict::fail, mib + " frei",
            mib + " available"};
  }
  return not_known("nicht zu erkennen", "cannot be told");
}

Found clock_synchronised(const fs::path& root) {
  if (root != "/") return not_known("nicht gefragt", "not asked");
  timex state{};
  const int answer = adjtimex(&state);
  if (answer < 0) return not_known("nicht zu erkennen", "cannot be told");
  const bool synchronised =
      answer != TIME_ERROR && (static_cast<unsigned>(state.status) & unsigned{STA_UNSYNC}) == 0;
  if (!synchronised) return fail("die Uhr wird nicht abgeglichen", "the clock is not synchronised");
  return pass("die Uhr wird abgeglichen", "the clock is synchronised");
}

}  // namespace

std::string_view word_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::pass:
      return "pass";
    case Verdict::fail:
      return "fail";
    case Verdict::unknown:
      return "unknown";
  }
  return "";
}

std::vector<EnvironmentResult> check_environment(const EnvironmentQuestion& question) {
  const fs::path& root = question.root;
  const fs::path vault = question.data / "vault";
  const auto kept = where_the_key_is(vault);
  const TpmFound tpm = find_tpm(kept && !kept->tpm.empty() ? kept->tpm : question.tpm, root);
  std::vector<EnvironmentResult> out;
  const auto add = [&](std::string_view id, Found found) {
    out.push_back(
        {.id = id, .verdict = found.verdict, .de = std::move(found.de), .en = std::move(found.en)});
  };
  add("tpm_present", tpm_present(tpm));
  add("tpm_version", tpm_version(tpm));
  add("vault_sealed", vault_sealed(kept));
  add("secure_boot", secure_boot(root));
  add("disk_encryption", disk_found(question.data, root));
  add("swap", swap_found(root));
  add("core_dumps", core_dumps(root));
  add("data_rights", rights(question.data, vault::sealed::What::folder));
  add("vault_rights", vault_rights(vault));
  add("user", user(root));
  add("memory", memory(root));
  add("clock_synchronised", clock_synchronised(root));
  return out;
}

std::vector<Error> environment_warnings(const EnvironmentQuestion& question, vault::Vault& vault) {
  std::vector<Error> out;
  const auto secrets = vault.list();
  if (!secrets || secrets->empty()) return out;
  if (const auto opened = vault.get(secrets->front());
      !opened && opened.error().code.starts_with("E-VLT-20"))
    out.push_back(opened.error());
  std::string failing;
  for (const EnvironmentResult& result : check_environment(question))
    if (result.verdict == Verdict::fail)
      failing += (failing.empty() ? "" : ", ") + std::string(result.id);
  if (!failing.empty())
    out.push_back(conflict("W-ENV-001",
                           fmt::format("this machine guards its secrets badly: {}", failing),
                           question.data.string()));
  return out;
}

}  // namespace siegel::app
