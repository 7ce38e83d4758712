#include "model/master.h"

#include <gtest/gtest.h>

#include "model/draft.h"
#include "model/plan.h"

namespace siegel {
namespace {

TEST(RegisterId, TakesWhatATseTakes) {
  for (const char* good :
       {"KASSE-01", "a", "Kasse 1 (Theke)", "x'+,.=", "012345678901234567890123456789"}) {
    const auto id = RegisterId::parse(good);
    ASSERT_TRUE(id.ok()) << good;
    EXPECT_EQ(id->text(), good);
  }
  for (const char* bad : {"", "0123456789012345678901234567890", "Kasse/1", "Kasse:1", "Kasse?",
                          "K\xc3\xa4sse", "a\nb", "a;b", "a_b"}) {
    const auto id = RegisterId::parse(bad);
    ASSERT_FALSE(id.ok()) << bad;
    EXPECT_EQ(id.error().code, "E-REG-101");
  }
  EXPECT_NE(RegisterId::parse("Kasse/1").error().detail.find("\"/\""), std::string::npos);
}

TEST(Words, AreThoseOfTheStandard) {
  EXPECT_EQ(gv_typ_text(GvTyp::differenz_soll_ist), "DifferenzSollIst");
  EXPECT_EQ(gv_typ_text(GvTyp::mehrzweckgutschein_einloesung), "MehrzweckgutscheinEinloesung");
  EXPECT_EQ(gv_typ_from("Geldtransit"), GvTyp::geldtransit);
  EXPECT_EQ(gv_typ_from("geldtransit"), std::nullopt);
  EXPECT_EQ(payment_kind_text(PaymentKind::guthabenkarte), "Guthabenkarte");
  EXPECT_EQ(payment_kind_from("ECKarte"), PaymentKind::ec_karte);
  EXPECT_EQ(process_type_text(ProcessType::sonstiger_vorgang), "SonstigerVorgang");
  EXPECT_EQ(receipt_kind_text(ReceiptKind::memo), "memo");
}

}  // namespace
}  // namespace siegel
