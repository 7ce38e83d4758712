#include "model/master.h"

#include <fmt/format.h>

namespace siegel {

Result<RegisterId> RegisterId::parse(std::string_view text) {
  constexpr std::size_t length_max = 30;
  if (text.empty()) return invalid("E-REG-101", "the name of a register is not empty");
  if (text.size() > length_max) {
    return invalid("E-REG-101", fmt::format("the name of a register has {} characters, at most {} "
                                            "are allowed",
                                            text.size(), length_max));
  }
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool alphanumeric =
        (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (alphanumeric || std::string_view(" '()+-,.=").find(c) != std::string_view::npos) continue;
    const auto byte = static_cast<unsigned char>(c);
    return invalid("E-REG-101",
                   fmt::format("character {} of the name of a register is {}, which a TSE refuses; "
                               "allowed: A-Z a-z 0-9 blank ' ( ) + - , . =",
                               i + 1,
                               byte > ' ' && byte <= '~' ? fmt::format("\"{}\"", c)
                                                         : fmt::format("byte {:#04x}", byte)));
  }
  return RegisterId(std::string(text));
}

}  // namespace siegel
