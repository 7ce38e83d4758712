#include "app/shop/printer.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "base/bytes.h"
#include "base/file.h"
#include "format/json.h"
#include "format/json_fields.h"
#include "model/entries.h"

namespace siegel::app {
namespace {

namespace fs = std::filesystem;

constexpr int columns_min = 24;
constexpr int columns_max = 80;
constexpr int columns_usual = 48;
// Canonical JSON: within a text the quotes would be escaped.
constexpr std::array<std::string_view, 4> printed_kinds = {R"("kind":"start")", R"("kind":"month")",
                                                           R"("kind":"year")", R"("kind":"final")"};

bool is_printed(const journal::Entry& entry) {
  return entry.kind == entry_kind::plan &&
         std::any_of(printed_kinds.begin(), printed_kinds.end(), [&](std::string_view kind) {
           return entry.payload.find(kind) != std::string::npos;
         });
}

}  // namespace

std::string PrinterSettings::shown_name() const {
  return name.empty() ? fs::path(path).filename().string() : name;
}

Status print_on(const PrinterSettings& printer, std::string_view text) {
  const auto failed = [&](int error) -> Status {
    // The printer driver of Linux says so when the paper is out.
    const bool paper = error == ENOSPC;
    return unavailable(paper ? "E-PRN-301" : "E-PRN-302",
                       fmt::format("{}: {}", printer.shown_name(), std::strerror(error)),
                       printer.path);
  };
  const int fd =
      open(printer.path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK | O_CLOEXEC, 0600);
  if (fd < 0) return failed(errno);
  Status done = Ok{};
  while (!text.empty() && done.ok()) {
    const ssize_t n = write(fd, text.data(), text.size());
    if (n > 0)
      text.remove_prefix(static_cast<std::size_t>(n));
    else if (n == 0 || errno != EINTR)
      done = failed(n == 0 ? EIO : errno);
  }
  close(fd);
  return done;
}

Result<std::optional<PrinterSettings>> read_printer_settings(const fs::path& folder) {
  const auto bytes = read_file(folder / "printer.json", 1U << 16U);
  if (!bytes) {
    if (bytes.error().kind == ErrorKind::not_found) return std::optional<PrinterSettings>();
    return bytes.error();
  }
  const auto read = [&]() -> Result<PrinterSettings> {
    SIEGEL_TRY(const json::Value value, json::parse(text_of(*bytes)));
    SIEGEL_TRY(auto fields, json::Fields::of(value));
    PrinterSettings settings;
    SIEGEL_TRY(const auto columns, fields.optional_int("columns", columns_min, columns_max));
    settings.columns = static_cast<int>(columns.value_or(columns_usual));
    SIEGEL_TRY(const auto name, fields.optional_string("name", 60));
    settings.name = name.value_or("");
    SIEGEL_TRY(settings.path, fields.required_string("path", 4096));
    SIEGEL_TRY_OK(fields.finish());
    return settings;
  };
  auto settings = read();
  if (!settings)
    return invalid("E-AUT-123", settings.error().detail, (folder / "printer.json").string());
  return std::optional<PrinterSettings>(std::move(*settings));
}

Status write_printer_settings(const fs::path& folder, const PrinterSettings& settings) {
  json::Object object;
  object.set("columns", static_cast<std::int64_t>(settings.columns));
  if (!settings.name.empty()) object.set("name", settings.name);
  object.set("path", settings.path);
  return write_file(folder / "printer.json", bytes_of(json::pretty(object)), {.mode = 0600});
}

Status DuesPrinter::handle(std::span<const journal::Entry> entries) {
  if (entries.empty()) return Ok{};
  for (const journal::Entry& entry : entries) {
    if (!is_printed(entry)) continue;
    SIEGEL_TRY(const std::string text, m_text(entry.sequence.get(), m_settings.columns));
    // It can be printed again at any time: nobody waits for paper.
    (void)print_on(m_settings, text).ok();
  }
  m_position = entries.back().sequence;
  return Ok{};
}

}  // namespace siegel::app
