#pragma once

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <utility>

// For the tests of this module: other programs read what we write and write what we read.
namespace siegel::format::checks {

inline bool works(const std::string& command) {
  return std::system((command + " >/dev/null 2>&1").c_str()) == 0;
}

/// A property of RapidCheck as an expectation of GoogleTest; a failure prints the seed.
template <class Function>
void property(const char* name, Function function) {
  EXPECT_TRUE(rc::check(name, std::move(function)));
}

/// A folder that is gone with its owner.
class Folder {
 public:
  Folder() {
    std::string pattern = std::filesystem::temp_directory_path() / "siegel_format_XXXXXX";
    m_path = mkdtemp(pattern.data());
  }
  ~Folder() { std::filesystem::remove_all(m_path); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return m_path; }

 private:
  std::filesystem::path m_path;
};

}  // namespace siegel::format::checks
