#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "base/random.h"
#include "crypto/secret.h"
#include "vault/tpm/testing/swtpm.h"
#include "vault/vault.h"

namespace siegel::app::testing {

/// A folder that goes with the object.
class Folder {
 public:
  Folder() {
    static int count = 0;
    m_path = std::filesystem::temp_directory_path() /
             fmt::format("siegel-secrets-{}-{}", getpid(), ++count);
    std::filesystem::remove_all(m_path);
    std::filesystem::create_directories(m_path);
    std::filesystem::permissions(m_path, std::filesystem::perms::owner_all);
  }
  ~Folder() { std::filesystem::remove_all(m_path); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return m_path; }

 private:
  std::filesystem::path m_path;
};

inline std::unique_ptr<vault::tpm::testing::SwTpm> machine() {
  auto started = vault::tpm::testing::SwTpm::start();
  EXPECT_TRUE(started.ok()) << started.error().detail;
  return started.ok() ? std::move(*started) : nullptr;
}
inline crypto::SecretBytes secret(std::string_view text) {
  return crypto::SecretBytes::copy_of(bytes_of(text));
}
inline vault::SecretId id(std::string_view text) { return vault::SecretId::parse(text).value(); }

}  // namespace siegel::app::testing
