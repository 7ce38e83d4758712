#include "app/export_tar.h"

#include <fmt/format.h>

#include <cstdio>

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

Result<Written> export_tar(Shop& shop, const std::string& id, const device::TseFilter& filter,
                           const std::filesystem::path& path) {
  std::filesystem::path part = path;
  part += ".part";
  std::FILE* file = std::fopen(part.c_str(), "wb");
  if (file == nullptr)
    return unavailable("E-FIL-004", fmt::format("cannot create {}", part.string()), part.string());
  FileSink sink(file, part.string());
  Status done = shop.on_tse(id, [&](device::Tse& tse) { return tse.export_log(filter, sink); });
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

Result<std::string> tse_id(const recorder::State& state, const std::string& name) {
  if (state.tses.empty())
    return not_found("E-TSE-303", "no TSE is in operation yet: siegel tse create");
  if (name.empty() && state.tses.size() == 1) return state.tses.begin()->second.id;
  for (const auto& [serial, info] : state.tses)
    if (!name.empty() && (info.id == name || serial == name)) return info.id;
  return not_found("E-TSE-302",
                   name.empty() ? std::string("there are several TSEs: name one")
                                : fmt::format("no TSE \"{}\" is in operation", name),
                   "--tse");
}

}  // namespace siegel::app
