#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "system/process.h"

namespace siegel::system_test {

/// A data folder made by the program itself (init, tse create, register add), in a temporary folder
/// of its own. The first one of a process is made, the others are copies of it.
class TestShop {
 public:
  /// `registers`: KASSE-01, KASSE-02, ... at most 8.
  explicit TestShop(int registers = 1, TemporaryFolder::Kind kind = TemporaryFolder::Kind::memory);
  /// The same folder as it is now, elsewhere. Nothing runs on `other`.
  TestShop(const TestShop& other);
  TestShop& operator=(const TestShop&) = delete;
  struct Empty {};
  /// Nothing is there yet.
  explicit TestShop(Empty);
  struct Austrian {
    int registers = 1;  ///< with a Startbeleg each
    int signers = 1;    ///< software ones: soft-1, soft-2, ...
  };
  explicit TestShop(Austrian austrian, TemporaryFolder::Kind kind = TemporaryFolder::Kind::memory);
  struct Initialised {};
  /// After `siegel init`.
  explicit TestShop(Initialised);

  [[nodiscard]] const std::filesystem::path& folder() const { return m_folder; }
  /// The temporary folder around it, which holds the witness too.
  [[nodiscard]] const std::filesystem::path& around() const { return m_temporary.path(); }
  [[nodiscard]] std::filesystem::path witness() const { return m_folder.string() + ".witness"; }

  /// Arguments and --data.
  [[nodiscard]] std::vector<std::string> arguments(std::vector<std::string> arguments) const;
  [[nodiscard]] Ended siegel(const std::vector<std::string>& arguments,
                             std::string input = {}) const;
  /// The same with --json.
  [[nodiscard]] Ended siegel_json(std::vector<std::string> arguments, std::string input = {}) const;

  /// One sale of this document on KASSE-01, answer as JSON.
  [[nodiscard]] Ended sell(const std::string& document, const std::string& key = {}) const;

  /// All entries of the journal.
  [[nodiscard]] json::Array entries() const;
  /// Everything a refused request must leave alone: all entries of the journal and the counters of
  /// the TSE. Equal texts, equal shops.
  [[nodiscard]] std::string record() const;

  /// Exports the TSE's archive and verifies it and the journal against it. Empty if there is no
  /// violation, otherwise what was found.
  [[nodiscard]] std::string violations() const;
  /// Exports the DEP of an Austrian register and verifies it: what the official tool would refuse
  /// and our violations. Empty if there is nothing.
  [[nodiscard]] std::string dep_violations(const std::string& register_id) const;
  /// A software signer does not answer from now on, or does again.
  void pull(const std::string& signer) const;
  void plug(const std::string& signer) const;
  /// Where violations() left the archive.
  [[nodiscard]] std::filesystem::path archive() const { return around() / "export.tar"; }

 private:
  TemporaryFolder m_temporary;
  std::filesystem::path m_folder;
};

/// Copies a data folder with its witness and lets it know where the new witness is.
void copy_shop(const std::filesystem::path& from, const std::filesystem::path& to);

inline constexpr int registers_max = 8;
/// "KASSE-01" for 1.
[[nodiscard]] std::string register_name(int number);

/// The same for an Austrian one.
[[nodiscard]] std::vector<std::string> austrian_business_options();
/// The options of `siegel init` for the business of all these tests.
[[nodiscard]] std::vector<std::string> business_options();

/// {"lines": [one line], "payments": [cash]} of this text and amount.
[[nodiscard]] std::string one_line_document(const std::string& text, const std::string& amount);

/// The findings of a verdict that are violations, one a line.
[[nodiscard]] std::string violations_of(const json::Value& verdict);

}  // namespace siegel::system_test
