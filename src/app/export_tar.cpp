#include "app/export_tar.h"

#include <fmt/format.h>

#include <algorithm>

#include "app/care/care.h"

namespace siegel::app {

Result<Written> export_tar(Shop& shop, const std::string& id, const device::TseFilter& filter,
                           const std::filesystem::path& path) {
  return write_export(path, [&](Sink& sink) {
    return shop.on_tse(id, [&](device::Tse& tse) { return tse.export_log(filter, sink); });
  });
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

Result<TseInfo> tse_info(const recorder::State& state, const std::string& name) {
  SIEGEL_TRY(const std::string id, tse_id(state, name));
  for (const auto& [serial, info] : state.tses)
    if (info.id == id) return info;
  return not_found("E-TSE-302", fmt::format("no TSE \"{}\" is in operation", id), "--tse");
}

std::string next_tse_id(const recorder::State& state) {
  for (std::size_t i = 1;; ++i) {
    std::string id = fmt::format("tse-{}", i);
    const bool taken = std::any_of(state.tses.begin(), state.tses.end(),
                                   [&](const auto& item) { return item.second.id == id; });
    if (!taken) return id;
  }
}

Result<Written> export_archive(Shop& shop, const TseInfo& tse, const archive::Selection& selection,
                               const std::filesystem::path& path) {
  SIEGEL_TRY(const archive::Archive archive, open_archive(shop, tse));
  SIEGEL_TRY(const archive::MessageReader messages, message_reader(tse));
  return write_export(path,
                      [&](Sink& sink) { return archive.write_tar(selection, messages, sink); });
}

}  // namespace siegel::app
