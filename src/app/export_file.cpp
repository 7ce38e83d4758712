#include "app/export_file.h"

#include <fmt/format.h>

#include <cstdio>

#include "base/file.h"
#include "crypto/hash.h"

namespace siegel::app {
namespace {

class FileSink final : public Sink {
 public:
  FileSink(std::FILE* file, std::string name) : m_file(file), m_name(std::move(name)) {}
  Status write(BytesView bytes) override {
    if (std::fwrite(bytes.data(), 1, bytes.size(), m_file) != bytes.size())
      return unavailable("E-FIL-004", fmt::format("cannot write {}", m_name), m_name);
    m_hash.update(bytes);
    m_written.bytes += bytes.size();
    return Ok{};
  }
  Written finish() {
    m_written.sha256 = m_hash.digest();
    return m_written;
  }

 private:
  std::FILE* m_file;
  std::string m_name;
  crypto::Sha256 m_hash;
  Written m_written;
};

}  // namespace

Result<Written> write_export(const std::filesystem::path& path,
                             const std::function<Status(Sink&)>& write) {
  std::filesystem::path part = path;
  part += ".part";
  std::FILE* file = std::fopen(part.c_str(), "wb");
  if (file == nullptr)
    return unavailable("E-FIL-004", fmt::format("cannot create {}", part.string()), part.string());
  FileSink sink(file, part.string());
  Status done = write(sink);
  const bool flushed = std::fflush(file) == 0;
  std::fclose(file);
  std::error_code error;
  if (done && !flushed)
    done = unavailable("E-FIL-004", fmt::format("cannot write {}", part.string()), part.string());
  if (!done) {
    std::filesystem::remove(part, error);
    return done.error();
  }
  SIEGEL_TRY_OK(sync_file(part));
  std::filesystem::rename(part, path, error);
  if (error)
    return unavailable("E-FIL-004", fmt::format("cannot rename to {}", path.string()),
                       path.string());
  return sink.finish();
}

}  // namespace siegel::app
