#pragma once

#include <string_view>

#include "model/gv_typ.h"
#include "model/master.h"
#include "model/money.h"

// Booking texts and their business cases (BIO-012 to 019): what money that moves is called in a
// shop, and what [DSFinV-K Anhang C] calls it.

namespace siegel::country {

/// A booking text that has no business case yet gets one by rule, marked `automatic` until a person
/// has looked at it (BIO-018): "Kassendifferenz" is DifferenzSollIst, "Zur Bank" is Geldtransit, a
/// text with "++" is Einzahlung and one with "--" is Auszahlung, whatever the case of its letters
/// and the blanks around it. Any other text is Einzahlung here and decided by its sign when it is
/// booked (gv_typ_by_sign). Not taxable. `text` becomes the name as it is.
[[nodiscard]] BookingTemplate map_booking_text(std::string_view text);

/// Money that comes in is Einzahlung, money that goes out Auszahlung (BIO-019).
[[nodiscard]] GvTyp gv_typ_by_sign(Money amount);

/// The business case under which `amount` is booked with this template: its own; while it is
/// `automatic`, Einzahlung and Auszahlung follow the sign.
[[nodiscard]] GvTyp gv_typ_of(const BookingTemplate& booking, Money amount);

}  // namespace siegel::country
