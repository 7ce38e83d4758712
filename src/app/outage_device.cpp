#include "app/outage_device.h"

#include <fmt/format.h>

#include <charconv>

#include "base/bytes.h"

namespace siegel::app {

Result<std::string> outage_device(const recorder::State& state, const std::string& name) {
  if (state.outages.contains(name)) return name;
  for (const auto& [serial, info] : state.tses)
    if (info.id == name || serial == name) return serial;
  if (state.signers.contains(name)) return name;
  return not_found("E-OUT-101",
                   fmt::format("no TSE or signature device \"{}\" is in operation", excerpt(name)),
                   "device");
}

Result<std::uint64_t> outage_number(const std::string& text) {
  std::uint64_t value = 0;
  const char* end = text.data() + text.size();
  if (std::from_chars(text.data(), end, value).ptr != end || value == 0)
    return invalid("E-CLI-105", fmt::format("\"{}\" is not a whole number from 1 on", text),
                   "number");
  return value;
}

Result<std::optional<Date>> optional_day(const std::string& text, const char* place) {
  if (text.empty()) return std::optional<Date>();
  auto date = Date::parse(text);
  if (!date) {
    Error error = date.error();
    error.place = place;
    return error;
  }
  return std::optional<Date>(*date);
}

}  // namespace siegel::app
