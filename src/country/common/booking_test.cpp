#include "country/common/booking.h"

#include <gtest/gtest.h>

namespace siegel::country {
namespace {

TEST(BookingTexts, AreMappedByRuleAndMarkedForReview) {
  RecordProperty("proves", "BIO-014 BIO-015 BIO-016 BIO-017");
  const auto mapped = [](std::string_view text) { return map_booking_text(text).gv_typ; };
  EXPECT_EQ(mapped("Kassendifferenz"), GvTyp::differenz_soll_ist);
  EXPECT_EQ(mapped(" KASSENDIFFERENZ "), GvTyp::differenz_soll_ist);
  EXPECT_EQ(mapped("Zur Bank"), GvTyp::geldtransit);
  EXPECT_EQ(mapped("Wechselgeld ++"), GvTyp::einzahlung);
  EXPECT_EQ(mapped("++Einlage"), GvTyp::einzahlung);
  EXPECT_EQ(mapped("Porto --"), GvTyp::auszahlung);
  EXPECT_EQ(mapped("Zur Bank gebracht --"), GvTyp::auszahlung);
  const BookingTemplate booking = map_booking_text("Porto --");
  EXPECT_EQ(booking.name, "Porto --");
  EXPECT_TRUE(booking.automatic);
  EXPECT_TRUE(booking.vat.empty());
}

TEST(BookingTexts, WithoutACaseFollowTheSign) {
  RecordProperty("proves", "BIO-019");
  BookingTemplate booking = map_booking_text("Sonstiges");
  EXPECT_EQ(gv_typ_of(booking, Money::from_cents(500)), GvTyp::einzahlung);
  EXPECT_EQ(gv_typ_of(booking, Money::from_cents(-500)), GvTyp::auszahlung);
  // A person has decided: the sign has no say any more.
  booking.automatic = false;
  EXPECT_EQ(gv_typ_of(booking, Money::from_cents(-500)), GvTyp::einzahlung);
  const BookingTemplate bank = map_booking_text("Zur Bank");
  EXPECT_EQ(gv_typ_of(bank, Money::from_cents(-500)), GvTyp::geldtransit);
}

}  // namespace
}  // namespace siegel::country
