#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <memory>

#include "bare.h"
#include "base/file.h"
#include "base/time.h"
#include "crypto/aes.h"
#include "crypto/ec.h"
#include "crypto/hash.h"
#include "report.h"
#include "verify/rksv/rksv.h"

namespace siegel::bench {
namespace {

constexpr std::uint64_t receipts = 1'000'000;
constexpr std::string_view header = "eyJhbGciOiJFUzI1NiJ9";
constexpr std::string_view register_id = "KASSE-1";
constexpr std::string_view serial = "U:ATU12345678-K1";

/// A register that sells a million times, as short as can be; each receipt hangs on the one before.
class Till {
 public:
  explicit Till(const crypto::PrivateKey& key, const crypto::SecretBytes& aes)
      : m_key(key), m_aes(aes) {}

  std::string next(bool is_start) {
    const std::int64_t cents = is_start ? 0 : 1250;
    m_counter += cents;
    const std::string number = fmt::format("{}", ++m_number);
    const Hash256 iv = crypto::sha256({bytes_of(register_id), bytes_of(number)});
    ByteArray<8> plain{};
    store_be64(plain, static_cast<std::uint64_t>(m_counter));
    const auto counter =
        crypto::aes256_ctr(m_aes, std::span<const std::byte, 16>(iv.data(), 16), plain);
    const Hash256 chain = crypto::sha256(bytes_of(m_last.empty() ? register_id : m_last));
    const auto at = Instant::from_unix(1'700'000'000 + static_cast<std::int64_t>(m_number) * 20);
    const std::string payload =
        fmt::format("_R1-AT0_{}_{}_{}_{},{:02}_0,00_0,00_0,00_0,00_{}_{}_{}", register_id, number,
                    at.text().substr(0, 19), cents / 100, cents % 100, base64(*counter), serial,
                    base64(BytesView(chain).first(8)));
    std::string input = std::string(header) + "." + base64url(bytes_of(payload));
    const auto signature = m_key.sign_ecdsa(crypto::HashAlgorithm::sha256, bytes_of(input));
    m_last = input + "." + base64url(*signature);
    return m_last;
  }

 private:
  const crypto::PrivateKey& m_key;
  const crypto::SecretBytes& m_aes;
  std::int64_t m_counter = 0;
  std::uint64_t m_number = 0;
  std::string m_last;
};

struct Close {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

Status make_dep(const std::filesystem::path& file, const std::filesystem::path& container) {
  SIEGEL_TRY(const auto key, crypto::PrivateKey::generate(crypto::Curve::p256));
  crypto::SecretBytes aes(crypto::aes256_key_bytes);
  SIEGEL_TRY_OK(write_file(
      container,
      bytes_of(fmt::format(
          R"({{"base64AESKey":"{}","certificateOrPublicKeyMap":{{"{}":{{"id":"{}",)"
          R"("signatureDeviceType":"PUBLIC_KEY","signatureCertificateOrPublicKey":"{}"}}}}}})",
          base64(aes.reveal()), serial, serial, base64(key.public_key().spki_der())))));
  const auto fresh = std::filesystem::path(file).concat(".new");
  {
    const std::unique_ptr<std::FILE, Close> out(std::fopen(fresh.c_str(), "wb"));
    if (!out) return unavailable("E-FIL-004", "the DEP cannot be written");
    Till till(key, aes);
    std::string text = R"({"Belege-Gruppe":[{"Signaturzertifikat":"","Zertifizierungsstellen":[],)"
                       "\n\"Belege-kompakt\":[\n";
    for (std::uint64_t i = 0; i < receipts; ++i) {
      text += fmt::format("{}\"{}\"", i == 0 ? "" : ",\n", till.next(i == 0));
      if (text.size() > 1'000'000 || i + 1 == receipts) {
        if (i + 1 == receipts) text += "]}]}\n";
        if (std::fwrite(text.data(), 1, text.size(), out.get()) != text.size())
          return unavailable("E-FIL-004", "the DEP cannot be written");
        text.clear();
      }
    }
  }
  std::filesystem::rename(fresh, file);
  return Ok{};
}

struct Child {
  double seconds = 0;
  double signatures = 0;
  double bytes_each = 0;
};

/// In a process of its own: the peak of memory is that of a verification.
Result<Child> run_child(const std::filesystem::path& file, const std::filesystem::path& container) {
  const std::string command = fmt::format("'{}' --verify-dep-child '{}' '{}'",
                                          std::filesystem::read_symlink("/proc/self/exe").string(),
                                          file.string(), container.string());
  std::FILE* pipe = popen(command.c_str(), "r");
  Child child;
  const bool read = pipe != nullptr && std::fscanf(pipe, "%lf %lf %lf", &child.seconds,
                                                   &child.signatures, &child.bytes_each) == 3;
  if (pipe == nullptr || pclose(pipe) != 0 || !read)
    return unavailable("E-VER-001", "the verification failed");
  return child;
}

Status run(const Settings& settings, Report& report) {
  std::filesystem::create_directories(settings.kept);
  const auto file = settings.kept / "dep-1000000.json";
  const auto container = settings.kept / "dep-container.json";
  if (!std::filesystem::exists(file)) SIEGEL_TRY_OK(make_dep(file, container));
  std::vector<double> rate;
  std::vector<double> bare;
  double bytes_each = 0;
  for (int i = 0; i < settings.runs; ++i) {
    SIEGEL_TRY(const Child child, run_child(file, container));
    rate.push_back(child.signatures / child.seconds);
    bytes_each = std::max(bytes_each, child.bytes_each);
    bare.push_back(bare::verify_rate(2, settings.seconds));
  }
  report.add({.name = "verify a DEP, P-256, 2 threads",
              .unit = "receipts/s",
              .value = median(rate),
              .bare = median(bare),
              .at_least = 0.8,
              .at_most = {},
              .ratio = {},
              .note = fmt::format("{} receipts; bare: OpenSSL", receipts)});
  report.add({.name = "  memory a receipt at most",
              .unit = "bytes",
              .value = bytes_each,
              .bare = {},
              .at_least = {},
              .at_most = 1.0,
              .ratio = bytes_each / 32,
              .note = "ratio to 32 bytes; with the official verdict of each"});
  return Ok{};
}

}  // namespace

int verify_dep_child(const char* file, const char* container) {
  constexpr double mega = 1'000'000;
  verify::rksv::Options options;
  options.now = system_clock().now().wall;
  options.threads = 2;
  const double base = peak_memory_mb();
  const double begin = seconds_now();
  const auto outcome = verify::rksv::verify_dep({.path = file, .bytes = {}},
                                                {.path = container, .bytes = {}}, options);
  const double seconds = seconds_now() - begin;
  if (!outcome.ok() || outcome->official.state() != verify::rksv::Official::State::pass) return 1;
  const auto checked = outcome->report.signatures.checked;
  fmt::print("{} {} {}\n", seconds, checked,
             (peak_memory_mb() - base) * mega / static_cast<double>(checked));
  return 0;
}

void bench_verify_dep(const Settings& settings, Report& report) {
  if (const Status done = run(settings, report); !done.ok())
    report.failed("verify-dep", done.error().code + " " + done.error().detail);
}

}  // namespace siegel::bench
