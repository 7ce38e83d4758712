#include "app/load_note.h"

#include <gtest/gtest.h>

namespace siegel::app {
namespace {

recorder::State state() {
  recorder::State out;
  for (const char* id : {"tse-1", "tse-2"}) {
    TseInfo info;
    info.id = id;
    info.serial = std::string("serial of ") + id;
    out.apply_tse(info);
  }
  return out;
}

TEST(LoadNote, ATseThatKeepsUpIsNotTalkedAbout) {
  EXPECT_FALSE(load_note({.device = "serial of tse-1"}, state()));
}

TEST(LoadNote, ASlowOneIsNamedWithTheRegisterThatShouldMove) {
  RecordProperty("proves", "FCC-010");
  const recorder::DeviceLoad load{
      .device = "serial of tse-1",
      .latency = std::chrono::milliseconds(1800),
      .overloaded = true,
      .relief = recorder::DeviceLoad::Relief{.register_id = "KASSE-02", .to = "serial of tse-2"}};
  const auto note = load_note(load, state());
  ASSERT_TRUE(note);
  EXPECT_EQ(note->en,
            "W-TSE-121 TSE tse-1 is overloaded: 1800 ms a call, the limit is 1500 ms. Proposal: "
            "move register KASSE-02 to TSE tse-2 after its next closing (siegel tse map).");
  EXPECT_NE(note->de.find("Kasse KASSE-02 nach ihrem nächsten Abschluss auf TSE tse-2"),
            std::string::npos);
}

TEST(LoadNote, WithoutAnotherOneASecondTseIsProposed) {
  const recorder::DeviceLoad load{
      .device = "serial of tse-1",
      .latency = std::chrono::milliseconds(1800),
      .overloaded = true,
      .relief = recorder::DeviceLoad::Relief{.register_id = "KASSE-02", .to = {}}};
  EXPECT_NE(load_note(load, state())->en.find("Connect another TSE"), std::string::npos);
}

}  // namespace
}  // namespace siegel::app
