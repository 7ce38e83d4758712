#include "country/common/wording.h"

#include <fmt/format.h>

namespace siegel::country {
namespace {

// `YYYY-MM-DDThh:mm:ss+hh:mm`: LocalStamp::text().
constexpr std::size_t date_length = 10;
constexpr std::size_t minute_length = 5;
constexpr std::size_t second_length = 8;

}  // namespace

std::string localised(std::string_view decimal, Language language) {
  const bool de = language == Language::de;
  std::string text;
  if (decimal.starts_with('-')) {
    text += '-';
    decimal.remove_prefix(1);
  }
  const std::string_view whole = decimal.substr(0, decimal.find('.'));
  for (std::size_t i = 0; i < whole.size(); ++i) {
    if (i > 0 && (whole.size() - i) % 3 == 0) {
      text += de ? '.' : ',';
    }
    text += whole[i];
  }
  if (whole.size() < decimal.size()) {
    text += de ? ',' : '.';
    text += decimal.substr(whole.size() + 1);
  }
  return text;
}

std::string amount(Money money, Language language) { return localised(money.text(), language); }

std::string minute_text(const LocalStamp& stamp, Language language) {
  if (language == Language::de) {
    return stamp.print_minute();
  }
  const std::string text = stamp.text();
  return fmt::format("{} {}", text.substr(0, date_length),
                     text.substr(date_length + 1, minute_length));
}

std::string second_text(const LocalStamp& stamp, Language language) {
  if (language == Language::de) {
    return stamp.print_second();
  }
  const std::string text = stamp.text();
  return fmt::format("{} {}", text.substr(0, date_length),
                     text.substr(date_length + 1, second_length));
}

}  // namespace siegel::country
