#include "country/common/booking.h"

#include <algorithm>
#include <string>

namespace siegel::country {
namespace {

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

bool same_word(std::string_view text, std::string_view lower_case) {
  return std::ranges::equal(text, lower_case, [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
  });
}

GvTyp case_of(std::string_view text) {
  if (same_word(text, "kassendifferenz")) return GvTyp::differenz_soll_ist;
  if (same_word(text, "zur bank")) return GvTyp::geldtransit;
  if (text.find("--") != std::string_view::npos) return GvTyp::auszahlung;
  return GvTyp::einzahlung;
}

}  // namespace

BookingTemplate map_booking_text(std::string_view text) {
  BookingTemplate booking;
  booking.name = std::string(text);
  booking.gv_typ = case_of(trimmed(text));
  booking.automatic = true;
  return booking;
}

GvTyp gv_typ_by_sign(Money amount) {
  return amount < Money() ? GvTyp::auszahlung : GvTyp::einzahlung;
}

GvTyp gv_typ_of(const BookingTemplate& booking, Money amount) {
  const bool in_or_out = booking.gv_typ == GvTyp::einzahlung || booking.gv_typ == GvTyp::auszahlung;
  return booking.automatic && in_or_out ? gv_typ_by_sign(amount) : booking.gv_typ;
}

}  // namespace siegel::country
