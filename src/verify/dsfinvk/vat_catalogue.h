#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "verify/dsfinvk/fields.h"

// The VAT keys and their rates by date [DSFinV-K Anlage 2, UStG 12 and 24]. Not part of the
// module's contract. Days are days since 1970-01-01.

namespace siegel::verify::dsfinvk {

/// The rate of a key on a day; nothing: the key is free, reserved or not in force.
[[nodiscard]] std::optional<Units> rate_of_key(std::uint64_t key, std::int64_t day);
/// True too where the catalogue says nothing.
[[nodiscard]] bool is_rate(std::uint64_t key, Units rate, std::int64_t day);
/// First day of a historic key (11 to 43); nothing for all others.
[[nodiscard]] std::optional<std::int64_t> first_day_of(std::uint64_t key);
/// The field of processData a key counts in (0 to 4); `rate` decides keys from 1000.
[[nodiscard]] std::size_t container_of(std::uint64_t key, Units rate);

}  // namespace siegel::verify::dsfinvk
