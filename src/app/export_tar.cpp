#include "app/export_tar.h"

#include <fmt/format.h>

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

}  // namespace siegel::app
