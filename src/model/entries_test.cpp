#include "model/entries.h"

#include <gtest/gtest.h>

#include <string>

#include "format/json.h"

namespace siegel {
namespace {

const Instant at = Instant::parse("2026-11-20T17:42:18.250Z").value();

/// Written, read and the same; canonical; damaged is corrupt.
template <class T, class Read>
void expect_round_trip(const T& entry, const Read& read) {
  const std::string json = to_json(entry);
  EXPECT_TRUE(json::is_canonical(json)) << json;
  const auto again = read(json);
  ASSERT_TRUE(again.ok()) << again.error().detail;
  EXPECT_EQ(*again, entry) << json;
  for (const std::string& bad :
       {json.substr(0, json.size() - 1), R"({"colour":1,)" + json.substr(1), std::string("{}")}) {
    const auto damaged = read(bad);
    ASSERT_FALSE(damaged.ok()) << bad;
    EXPECT_EQ(damaged.error().kind, ErrorKind::corrupt) << bad;
    EXPECT_EQ(damaged.error().code, "E-MOD-101") << bad;
  }
}

TEST(Entries, AreReadAsTheyWereWritten) {
  expect_round_trip(VorgangOpened{.vorgang = VorgangId("v-1"),
                                  .register_id = RegisterId::parse("KASSE-01").value(),
                                  .began = LocalStamp::from(at, "Europe/Berlin").value()},
                    vorgang_opened_from_json);
  expect_round_trip(VorgangOpened{.vorgang = VorgangId("v-1"),
                                  .register_id = RegisterId::parse("KASSE-01").value(),
                                  .began = LocalStamp::from(at, "Europe/Berlin").value(),
                                  .tse_serial = "cd34"},
                    vorgang_opened_from_json);
  expect_round_trip(VorgangStarted{.vorgang = VorgangId("v-1"),
                                   .register_id = RegisterId::parse("KASSE-01").value(),
                                   .tse_serial = "ab12",
                                   .transaction = 7,
                                   .log_time = at,
                                   .signature_counter = 13,
                                   .signature = to_bytes("sig"),
                                   .error_code = ""},
                    vorgang_started_from_json);
  expect_round_trip(VorgangUpdated{.vorgang = VorgangId("v-1"),
                                   .register_id = RegisterId::parse("KASSE-01").value(),
                                   .draft = R"({"lines":[]})"},
                    vorgang_updated_from_json);
  expect_round_trip(
      OutageBegan{
          .tse_serial = "ab12", .number = 3, .since = at, .code = "E-TSE-104", .text = "timeout"},
      outage_began_from_json);
  expect_round_trip(OutageEnded{.tse_serial = "ab12", .number = 3, .until = at, .receipts = 9},
                    outage_ended_from_json);
  expect_round_trip(OutageEnded{.tse_serial = "ab12", .number = 3, .until = at, .asked = false},
                    outage_ended_from_json);
  for (const TseSwitch::Mode mode :
       {TseSwitch::Mode::on, TseSwitch::Mode::off, TseSwitch::Mode::emergency})
    expect_round_trip(TseSwitch{.tse_serial = "ab12", .mode = mode, .reason = "wird getauscht"},
                      tse_switch_from_json);
  EXPECT_FALSE(tse_switch_from_json(R"({"mode":"sleeping","reason":"","tse_serial":"ab12"})").ok());
  expect_round_trip(OutageNote{.tse_serial = "ab12",
                               .number = 3,
                               .reason = "Stick war gezogen",
                               .steps = {"wieder eingesteckt", "Hülle getauscht"}},
                    outage_note_from_json);
  expect_round_trip(LateSignature{.plan_sequence = 42,
                                  .tse_serial = "ab12",
                                  .transaction = 7,
                                  .start = at,
                                  .start_signature_counter = 13,
                                  .start_signature = to_bytes("a"),
                                  .end = at,
                                  .signature_counter = 14,
                                  .signature = to_bytes("b")},
                    late_signature_from_json);
}

}  // namespace
}  // namespace siegel
