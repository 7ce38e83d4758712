#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <functional>

#include "format/csv.h"
#include "verify/dsfinvk/dsfinvk.h"

// Exports in memory, changed at will and written to a folder of their own.

namespace siegel::verify::dsfinvk::testing {

namespace fs = std::filesystem;

/// A folder that dies with the object.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (fs::temp_directory_path() / "siegel-dsfinvk-XXXXXX").string();
    m_path = ::mkdtemp(name.data());
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() { fs::remove_all(m_path); }
  [[nodiscard]] const fs::path& path() const { return m_path; }

 private:
  fs::path m_path;
};

inline std::string slurp(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

using Record = std::vector<std::string>;

/// A table as rows of fields, the header first.
struct TableText {
  std::vector<Record> rows;

  [[nodiscard]] std::size_t column(std::string_view name) const {
    const auto at = std::ranges::find(rows[0], name);
    EXPECT_NE(at, rows[0].end()) << name;
    return static_cast<std::size_t>(at - rows[0].begin());
  }
  [[nodiscard]] std::string text() const {
    MemorySink sink;
    format::CsvWriter writer(sink);
    for (const Record& row : rows) {
      for (const std::string& field : row) writer.field(std::string_view(field));
      EXPECT_TRUE(writer.end_row().ok());
    }
    EXPECT_TRUE(writer.finish().ok());
    return std::string(text_of(sink.bytes()));
  }
  static TableText parse(const std::string& text) {
    TableText out;
    format::CsvReader reader(text, ';');
    std::vector<std::string_view> fields;
    while (reader.next(fields).value()) out.rows.emplace_back(fields.begin(), fields.end());
    return out;
  }
};

using Match = std::map<std::string, std::string>;

/// The files of an export by name.
struct Export {
  std::map<std::string, std::string> files;

  static Export load(const fs::path& folder) {
    Export out;
    for (const auto& entry : fs::directory_iterator(folder))
      out.files[entry.path().filename().string()] = slurp(entry.path());
    return out;
  }
  void write(const fs::path& folder) const {
    for (const auto& [name, text] : files) {
      fs::create_directories((folder / name).parent_path());
      std::ofstream(folder / name, std::ios::binary) << text;
    }
  }

  /// Changes the rows that match; how many there were.
  std::size_t change(const std::string& file, const Match& match,
                     const std::function<void(TableText&, std::size_t row)>& edit) {
    TableText table = TableText::parse(files[file]);
    std::vector<std::size_t> hits;
    for (std::size_t row = 1; row < table.rows.size(); ++row) {
      const bool fits = std::ranges::all_of(match, [&](const auto& pair) {
        return table.rows[row][table.column(pair.first)] == pair.second;
      });
      if (fits) hits.push_back(row);
    }
    for (auto row = hits.rbegin(); row != hits.rend(); ++row) edit(table, *row);
    files[file] = table.text();
    return hits.size();
  }
  std::size_t set(const std::string& file, const Match& match, const Match& values) {
    return change(file, match, [&](TableText& table, std::size_t row) {
      for (const auto& [column, value] : values) table.rows[row][table.column(column)] = value;
    });
  }
  std::size_t drop(const std::string& file, const Match& match) {
    return change(file, match, [](TableText& table, std::size_t row) {
      table.rows.erase(table.rows.begin() + static_cast<std::ptrdiff_t>(row));
    });
  }
  std::size_t repeat(const std::string& file, const Match& match) {
    return change(file, match, [](TableText& table, std::size_t row) {
      const Record copy = table.rows[row];
      table.rows.push_back(copy);
    });
  }
  /// Replaces the first occurrence.
  bool raw(const std::string& file, std::string_view find, std::string_view replacement) {
    std::string& text = files[file];
    const std::size_t at = text.find(find);
    if (at == std::string::npos) return false;
    text.replace(at, find.size(), replacement);
    return true;
  }
  void everywhere(const std::string& column, const std::string& old, const std::string& fresh) {
    for (auto& [name, text] : files) {
      if (!name.ends_with(".csv")) continue;
      TableText table = TableText::parse(text);
      if (std::ranges::find(table.rows[0], column) == table.rows[0].end()) continue;
      const std::size_t at = table.column(column);
      for (std::size_t row = 1; row < table.rows.size(); ++row) {
        if (table.rows[row][at] == old) table.rows[row][at] = fresh;
      }
      text = table.text();
    }
  }
};

inline Outcome verify(const Export& files, const Options& options = {}) {
  const TemporaryFolder folder;
  files.write(folder.path());
  auto outcome = verify_export(folder.path(), options);
  EXPECT_TRUE(outcome.ok()) << outcome.error().code << " " << outcome.error().detail;
  return outcome.ok() ? std::move(*outcome) : Outcome();
}

inline std::set<std::string> rules_of(const Report& report) {
  std::set<std::string> rules;
  for (const Finding& finding : report.findings()) rules.insert(finding.rule);
  return rules;
}

inline std::string listed(const Report& report) {
  std::string text;
  for (const Finding& finding : report.findings())
    text += fmt::format("{} {} {} | {} | {}\n", severity_name(finding.severity), finding.rule,
                        finding.place, finding.found, finding.expected);
  return text;
}

/// Empty: there are none on this machine.
inline std::string vectors() {
  const char* folder = std::getenv("SIEGEL_VECTORS");
  return folder == nullptr ? "" : std::string(folder) + "/dsfinvk";
}

}  // namespace siegel::verify::dsfinvk::testing
