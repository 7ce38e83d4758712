#include "app/load_note.h"

#include <fmt/format.h>

namespace siegel::app {
namespace {

std::string name_of(const std::string& serial, const recorder::State& state) {
  const auto found = state.tses.find(serial);
  return found == state.tses.end() ? serial : found->second.id;
}

}  // namespace

std::optional<LoadNote> load_note(const recorder::DeviceLoad& load, const recorder::State& state) {
  if (!load.overloaded) return {};
  const std::string tse = name_of(load.device, state);
  const auto took = load.latency.count();
  const int limit = state.profile.tse_load_limit_ms;
  LoadNote note{
      .de = fmt::format("W-TSE-121 TSE {} ist überlastet: {} ms je Aufruf, Grenze {} ms.", tse,
                        took, limit),
      .en = fmt::format("W-TSE-121 TSE {} is overloaded: {} ms a call, the limit is {} ms.", tse,
                        took, limit)};
  if (!load.relief) return note;
  const std::string& reg = load.relief->register_id;
  if (load.relief->to.empty()) {
    note.de += fmt::format(
        " Schließen Sie eine weitere TSE an (siegel tse create) und lassen Sie "
        "Kasse {} nach ihrem nächsten Abschluss dort signieren.",
        reg);
    note.en += fmt::format(
        " Connect another TSE (siegel tse create) and let register {} sign on "
        "it after its next closing.",
        reg);
    return note;
  }
  const std::string to = name_of(load.relief->to, state);
  note.de += fmt::format(
      " Vorschlag: Kasse {} nach ihrem nächsten Abschluss auf TSE {} umstellen "
      "(siegel tse map).",
      reg, to);
  note.en += fmt::format(
      " Proposal: move register {} to TSE {} after its next closing (siegel tse "
      "map).",
      reg, to);
  return note;
}

}  // namespace siegel::app
