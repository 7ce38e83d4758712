#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "base/random.h"
#include "crypto/secret.h"
#include "device/softkey/softkey.h"
#include "device/softtse/softtse.h"
#include "device/testing/manual_clock.h"
#include "device/testing/tse_tools.h"
#include "sqlite/testing/forgetful_vfs.h"

// What the tests of this module share.

namespace siegel::device::softtse {

using sqlite::testing::ForgetfulDisk;
using sqlite::testing::Tear;
using testing::ManualClock;
using testing::perform_one;
using testing::secret;

/// Signs as its key does, and can be told to fail.
class TestSigner final : public Signer {
 public:
  /// What all signers of one device share: the key, the faults, and what was ever signed.
  struct Shared {
    crypto::SecretBytes pkcs8;
    std::uint64_t fail_next = 0;  ///< so many sign() calls fail
    std::vector<Bytes> signed_bytes;
    bool record = false;
  };
  static std::unique_ptr<Signer> make(Shared& shared, std::optional<crypto::HashAlgorithm> hash) {
    auto key = SoftKey::from_pkcs8(shared.pkcs8, {}, hash);
    EXPECT_TRUE(key.ok());
    return std::unique_ptr<Signer>(new TestSigner(std::move(key).value(), shared));
  }
  Result<SignerIdentity> identity() override { return m_key->identity(); }
  Result<std::vector<Bytes>> certificates() override { return m_key->certificates(); }
  Result<Bytes> sign_digest(BytesView digest) override { return m_key->sign_digest(digest); }
  Result<Bytes> sign(BytesView message) override {
    if (m_shared.record) m_shared.signed_bytes.emplace_back(message.begin(), message.end());
    if (m_shared.fail_next > 0) {
      --m_shared.fail_next;
      return unavailable("E-CRY-008", "told to fail");
    }
    return m_key->sign(message);
  }

 private:
  TestSigner(std::unique_ptr<SoftKey> key, Shared& shared)
      : m_key(std::move(key)), m_shared(shared) {}
  std::unique_ptr<SoftKey> m_key;
  Shared& m_shared;
};

/// A device on a forgetful disk.
class TestDevice final : public testing::TseUnderTest {
 public:
  struct Options {
    crypto::Curve curve = crypto::Curve::p256;
    std::optional<crypto::HashAlgorithm> hash = {};
    Generation generation = Generation::one;
    TimeFormat time_format = TimeFormat::unix_time;
    UpdateVariant updates = UpdateVariant::always_signed;
    ClockWithoutPower clock = ClockWithoutPower::runs_on;
    Limits limits = {};
  };
  TestDevice() : TestDevice(Options{}) {}
  explicit TestDevice(Options options) : m_options(std::move(options)), m_random(7) {
    auto key = SoftKey::generate(m_options.curve);
    EXPECT_TRUE(key.ok());
    m_signer.pkcs8 = (*key)->pkcs8();
  }
  ~TestDevice() override { m_tse.reset(); }

  [[nodiscard]] CreateOptions create_options() const {
    CreateOptions out;
    out.store = place();
    out.generation = m_options.generation;
    out.time_format = m_options.time_format;
    out.updates = m_options.updates;
    out.clock = m_options.clock;
    out.limits = m_options.limits;
    out.admin = {.pin = secret("admin pin"), .puk = secret("admin puk")};
    out.time_admin = {.pin = secret("time pin"), .puk = secret("time puk")};
    out.logger = {.pin = secret("logger pin"), .puk = secret("logger puk")};
    return out;
  }
  [[nodiscard]] StorePlace place() const { return {.file = "/tse.db", .vfs = m_disk.name()}; }
  [[nodiscard]] std::unique_ptr<Signer> signer() {
    return TestSigner::make(m_signer, m_options.hash);
  }

  Status create() {
    SIEGEL_TRY(m_tse, SoftTse::create(create_options(), signer(), environment()));
    return Ok{};
  }
  Status open() {
    m_tse.reset();
    SIEGEL_TRY(m_tse, SoftTse::open(place(), signer(), environment()));
    return Ok{};
  }
  /// Created, in operation, the logger logged in where there is one.
  void commission(const std::vector<std::string>& clients = {"KASSE-1"}) {
    const Status made = create();
    ASSERT_TRUE(made.ok()) << made.error().detail;
    const Status done =
        m_tse->commission(secret("admin pin"), {.now = m_clock.now().wall, .clients = clients});
    ASSERT_TRUE(done.ok()) << done.error().detail;
    log_in_logger();
  }
  void log_in_logger() {
    if (m_options.generation == Generation::two) {
      ASSERT_TRUE(m_tse->log_in(TseUser::logger, secret("logger pin")).ok());
    }
  }

  SoftTse& tse() override { return *m_tse; }
  void restart() override {
    const Status opened = open();
    ASSERT_TRUE(opened.ok()) << opened.error().detail;
    log_in_logger();
  }
  void pass(std::chrono::milliseconds time) override { m_clock.pass(time); }
  crypto::SecretBytes admin_pin() override { return secret("admin pin"); }

  /// Power cut: what was not synced is forgotten as `tear` says.
  void crash(Tear tear) {
    m_disk.cut_now();
    m_tse.reset();
    m_disk.crash(m_random, tear);
  }

  [[nodiscard]] bool has_device() const { return m_tse != nullptr; }
  [[nodiscard]] Environment environment() { return {.clock = m_clock, .random = m_random}; }
  ForgetfulDisk& disk() { return m_disk; }
  ManualClock& clock() { return m_clock; }
  SeededRandom& random() { return m_random; }
  TestSigner::Shared& signing() { return m_signer; }
  [[nodiscard]] const Options& options() const { return m_options; }

  Result<TseAnswer> start(const std::string& client = "KASSE-1") {
    return perform_one(*m_tse, testing::start_call(client));
  }
  Result<TseAnswer> finish(std::uint64_t number) {
    return perform_one(*m_tse, testing::finish_call(number));
  }
  Bytes export_all() {
    MemorySink sink;
    const auto done = m_tse->export_log_messages(sink);
    EXPECT_TRUE(done.ok()) << (done.ok() ? "" : done.error().detail);
    return sink.take();
  }
  [[nodiscard]] std::vector<testing::ArchiveFile> logs() { return testing::logs_of(export_all()); }

 private:
  Options m_options;
  ForgetfulDisk m_disk;
  ManualClock m_clock;
  SeededRandom m_random;
  TestSigner::Shared m_signer;
  std::unique_ptr<SoftTse> m_tse;
};

/// An empty folder of this process on the system's disk.
inline std::filesystem::path real_folder(const std::string& name) {
  const auto folder = std::filesystem::path(::testing::TempDir()) /
                      ("softtse_" + name + "_" + std::to_string(::getpid()));
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  return folder;
}

inline ::testing::AssertionResult succeeded(const Status& status) {
  if (status.ok()) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure()
         << status.error().code << " " << status.error().place << ": " << status.error().detail;
}
template <class T>
::testing::AssertionResult succeeded(const Result<T>& result) {
  return succeeded(result.ok() ? Status(Ok{}) : Status(result.error()));
}
template <class T>
::testing::AssertionResult failed_with(const Result<T>& result, std::string_view place) {
  if (result.ok()) return ::testing::AssertionFailure() << "succeeded";
  if (result.error().place == place) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure()
         << result.error().code << " " << result.error().place << ": " << result.error().detail;
}

}  // namespace siegel::device::softtse
