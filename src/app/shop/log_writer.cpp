#include "app/shop/log_writer.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "base/file.h"
#include "format/json.h"
#include "format/json_fields.h"

namespace siegel::app {
namespace {

namespace fs = std::filesystem;

// Sizes of older files are forgotten: nothing is added to them any more.
constexpr std::size_t files_max = 1000;

Error cannot_write(const fs::path& path) {
  return unavailable("E-FIL-004", fmt::format("cannot write {}", path.string()), path.string());
}

/// Cuts off what is beyond `size` and adds the text.
Status add_to(const fs::path& path, std::uint64_t size, std::string_view text) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return cannot_write(path);
  bool done = ftruncate(fd, static_cast<off_t>(size)) == 0 &&
              lseek(fd, static_cast<off_t>(size), SEEK_SET) == static_cast<off_t>(size);
  while (done && !text.empty()) {
    const ssize_t n = ::write(fd, text.data(), text.size());
    done = n > 0 || (n < 0 && errno == EINTR);
    if (n > 0) text.remove_prefix(static_cast<std::size_t>(n));
  }
  done = fsync(fd) == 0 && done;
  close(fd);
  if (!done) return cannot_write(path);
  return Ok{};
}

}  // namespace

Result<std::unique_ptr<LogWriter>> LogWriter::make(fs::path data,
                                                   std::unique_ptr<journal::Reader> reader,
                                                   const recorder::State& state, Instant now,
                                                   const std::set<std::string>& missing) {
  const fs::path folder = data / "logs";
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) return cannot_write(folder);
  std::unique_ptr<LogWriter> writer(new LogWriter(folder, std::move(reader)));
  SIEGEL_TRY_OK(writer->load());
  const journal::Sequence head(state.sequence);
  // A journal that was put back is shorter than what was written of the one before.
  if (writer->m_position.get() == 0 || writer->m_position > head) writer->m_position = head;
  writer->m_teller.begin_with(state);
  Added added;
  SIEGEL_TRY_OK(
      writer->m_teller.tell_start(now, missing, [&](const views::LogLine& line) -> Status {
        writer->add(added, line);
        return Ok{};
      }));
  SIEGEL_TRY_OK(writer->write(added));
  return writer;
}

Status LogWriter::load() {
  const auto bytes = read_file(m_folder / "position.json", std::uint64_t{1} << 20U);
  if (!bytes) {
    if (bytes.error().kind == ErrorKind::not_found) return Ok{};
    return bytes.error();
  }
  const auto read = [&]() -> Status {
    SIEGEL_TRY(const json::Value value, json::parse(text_of(*bytes)));
    SIEGEL_TRY(auto fields, json::Fields::of(value));
    SIEGEL_TRY(const std::int64_t position, fields.required_int("position", 0, INT64_MAX));
    SIEGEL_TRY(const json::Items files, fields.required_array("files", files_max + 1));
    for (std::size_t i = 0; i < files.size(); ++i) {
      SIEGEL_TRY(json::Fields file, files.object(i));
      SIEGEL_TRY(const std::string name, file.required_string("name", 200));
      SIEGEL_TRY(const std::int64_t size, file.required_int("size", 0, INT64_MAX));
      m_sizes[name] = static_cast<std::uint64_t>(size);
    }
    m_position = journal::Sequence(static_cast<std::uint64_t>(position));
    return Ok{};
  };
  if (const auto done = read(); !done)
    return invalid("E-PRN-303", done.error().detail, (m_folder / "position.json").string());
  return Ok{};
}

Status LogWriter::save() const {
  json::Array files;
  for (const auto& [name, size] : m_sizes) {
    json::Object file;
    file.set("name", name);
    file.set("size", static_cast<std::int64_t>(size));
    files.push_back(std::move(file));
  }
  json::Object object;
  object.set("files", std::move(files));
  object.set("position", static_cast<std::int64_t>(m_position.get()));
  return write_file(m_folder / "position.json", bytes_of(json::pretty(object)), {.mode = 0600});
}

void LogWriter::add(Added& added, const views::LogLine& line) const {
  added[views::day_log_name(line.log, line.at.date(), line.register_id, m_teller.registers())] +=
      views::text_of(line) + "\r\n";
}

Status LogWriter::write(const Added& added) {
  for (const auto& [name, text] : added) {
    std::uint64_t& size = m_sizes[name];
    SIEGEL_TRY_OK(add_to(m_folder / name, size, text));
    size += text.size();
  }
  // Names begin with their day: the first are the oldest.
  while (m_sizes.size() > files_max) m_sizes.erase(m_sizes.begin());
  return save();
}

Status LogWriter::handle(std::span<const journal::Entry> entries) {
  if (entries.empty()) return Ok{};
  Added added;
  for (const journal::Entry& entry : entries)
    SIEGEL_TRY_OK(m_teller.take(entry, [&](const views::LogLine& line) -> Status {
      add(added, line);
      return Ok{};
    }));
  const journal::Sequence before = m_position;
  const auto sizes = m_sizes;
  m_position = entries.back().sequence;
  if (const auto done = write(added); !done) {
    m_position = before;
    m_sizes = sizes;
    return done.error();
  }
  return Ok{};
}

}  // namespace siegel::app
