#include "elster/notice.h"

#include <gtest/gtest.h>

#include <pugixml.hpp>
#include <string>
#include <vector>

#include "journal/memory/memory.h"
#include "model/codec.h"
#include "model/entries.h"

namespace siegel::elster {
namespace {

Instant day(std::string_view date) {
  return Instant::parse(std::string(date) + "T12:00:00Z").value();
}

/// A journal of master data only.
class Records {
 public:
  Records() : m_journal(journal::memory::open(m_store).value()) {
    Business business{.name = "Café Mürbe",
                      .street = "Hofstraße 1",
                      .postcode = "10115",
                      .city = "Berlin",
                      .tax_number = "30/123/45678"};
    business.outlets = {{.id = "002",
                         .name = "Café Mürbe am Ring",
                         .street = "Ring 5",
                         .postcode = "10117",
                         .city = "Berlin"}};
    add(entry_kind::business, to_json(business), "2026-01-02");
    add(entry_kind::tse, to_json(tse("ab12", "tse-1")), "2026-01-03");
    add(entry_kind::register_, to_json(till("KASSE-01")), "2026-01-04");
  }
  static TseInfo tse(const std::string& serial, const std::string& id) {
    TseInfo info;
    info.id = id;
    info.serial = serial;
    info.certified = true;
    info.certification = "0412-2021";
    info.form = 2;
    return info;
  }
  static RegisterInfo till(const std::string& id) {
    RegisterInfo info;
    info.id = RegisterId::parse(id).value();
    info.tse_serial = "ab12";
    info.brand = "Wortmann";
    info.model = "Terra 1000";
    info.software_version = "1.0";
    info.acquired = Date(2026, 1, 1);
    return info;
  }
  void add(std::string_view kind, std::string payload, std::string_view date) {
    const journal::Draft draft{.kind = std::string(kind),
                               .version = 1,
                               .at = day(date),
                               .register_id = {},
                               .actor = "anna",
                               .key = {},
                               .payload = std::move(payload)};
    const std::vector<journal::Draft> drafts = {draft};
    const auto next = journal::Sequence(m_journal->head().sequence.get() + 1);
    ASSERT_TRUE(m_journal->append(next, drafts).ok());
  }
  void tick_off(std::string_view outlet, std::string_view date) {
    add(entry_kind::report,
        to_json(AuthorityReport{.what = std::string(report_what),
                                .subject = std::string(outlet),
                                .at = day(date),
                                .mode = "manual",
                                .code = "0",
                                .text = {}}),
        date);
  }
  [[nodiscard]] Holdings now() const {
    const auto reader = m_journal->reader().value();
    return holdings(*reader).value();
  }
  [[nodiscard]] Notice notice(std::string_view outlet = {}) const {
    return notice_of(now(), outlet).value();
  }
  [[nodiscard]] std::optional<SentNotice> sent(std::string_view outlet = {}) const {
    const Holdings held = now();
    const auto found = held.sent.find(outlet);
    if (found == held.sent.end()) return {};
    const auto reader = m_journal->reader().value();
    const Holdings then = holdings(*reader, found->second.sequence).value();
    return SentNotice{.notice = notice_of(then, outlet).value(),
                      .day = LocalStamp::from(found->second.at, "Europe/Berlin").value().date()};
  }

 private:
  journal::memory::Store m_store;
  std::unique_ptr<journal::Journal> m_journal;
};

std::vector<std::string> elements(const pugi::xml_node& node) {
  std::vector<std::string> out;
  for (const pugi::xml_node& child : node.children())
    out.push_back(std::string(child.name()) + "=" + child.text().get());
  return out;
}

TEST(ElsterNotice, TheFileHasTheElementsInTheOrderOfTheForm) {
  Records records;
  RegisterInfo old = Records::till("KASSE-02");
  old.out_of_use = Date(2026, 3, 31);
  old.out_of_use_reason = "verkauft & <weg>";
  records.add(entry_kind::register_, to_json(old), "2026-02-01");
  const std::string text = xml(records.notice());
  EXPECT_TRUE(text.starts_with(R"(<?xml version="1.0" encoding="UTF-8" standalone="no"?>)"))
      << text;
  pugi::xml_document document;
  ASSERT_TRUE(document.load_string(text.c_str()));
  const pugi::xml_node root = document.child("Aufzeichnung146a");
  EXPECT_STREQ(root.attribute("xmlns").value(),
               "http://finkonsens.de/elster/elsternachricht/aufzeichnung146a/v1");
  EXPECT_STREQ(root.attribute("version").value(), "1");
  std::vector<std::vector<std::string>> systems;
  for (const pugi::xml_node& node : root.child("Aufzeichnung146a").children())
    systems.push_back(elements(node));
  const std::vector<std::string> first = {"Art=1",
                                          "Software=Siegel",
                                          "SoftwareVersion=1.0",
                                          "SeriennummerAS=KASSE-01",
                                          "Hersteller=Wortmann",
                                          "Modell=Terra 1000",
                                          "SeriennummerTSE=ab12",
                                          "InbetriebnahmeTSE=03.01.2026",
                                          "BSIID=0412-2021",
                                          "ArtTSE=2",
                                          "AnschaffungAS=01.01.2026",
                                          "InbetriebnahmeAS=04.01.2026"};
  ASSERT_EQ(systems.size(), 2U);
  EXPECT_EQ(systems[0], first);
  EXPECT_EQ(systems[1].size(), 14U);
  EXPECT_EQ(systems[1][12], "AusserbetriebnahmeAS=31.03.2026");
  EXPECT_EQ(systems[1][13], "GrundAusserbetriebnahme=verkauft & <weg>");
}

TEST(ElsterNotice, AnOutletHasItsOwnNoticeWithItsOwnAddress) {
  Records records;
  RegisterInfo other = Records::till("KASSE-09");
  other.outlet = "002";
  records.add(entry_kind::register_, to_json(other), "2026-02-01");
  EXPECT_EQ(outlets_of(records.now()), (std::vector<std::string>{"", "002"}));
  EXPECT_EQ(records.notice().systems.size(), 1U);
  const Notice ring = records.notice("002");
  EXPECT_EQ(ring.street, "Ring 5");
  EXPECT_EQ(ring.tax_number, "30/123/45678");
  ASSERT_EQ(ring.systems.size(), 1U);
  EXPECT_EQ(ring.systems[0].info.id.text(), "KASSE-09");
  EXPECT_EQ(notice_of(records.now(), "003").error().code, "E-ELS-101");
}

TEST(ElsterNotice, WhatIsMissingIsNamedFieldByField) {
  Records records;
  RegisterInfo bare;
  bare.id = RegisterId::parse("KASSE-02").value();
  bare.tse_serial = "cd34";
  TseInfo soft = Records::tse("cd34", "soft");
  soft.certified = false;
  soft.certification.clear();
  soft.form = 0;
  records.add(entry_kind::tse, to_json(soft), "2026-02-01");
  records.add(entry_kind::register_, to_json(bare), "2026-02-01");
  std::vector<std::string> found;
  for (const Error& gap : gaps(records.notice())) found.push_back(gap.code + " " + gap.place);
  EXPECT_EQ(found, (std::vector<std::string>{
                       "E-ELS-103 KASSE-02/tse", "E-ELS-102 KASSE-02/software_version",
                       "E-ELS-102 KASSE-02/brand", "E-ELS-102 KASSE-02/model",
                       "E-ELS-102 KASSE-02/tse/certification", "E-ELS-102 KASSE-02/tse/form",
                       "E-ELS-102 KASSE-02/acquired"}));
}

TEST(ElsterNotice, SystemsGoneBeforeTheDutyBeganAreLeftOut) {
  Records records;
  RegisterInfo gone = Records::till("KASSE-02");
  gone.out_of_use = Date(2025, 6, 30);
  records.add(entry_kind::register_, to_json(gone), "2026-02-01");
  EXPECT_EQ(records.notice().systems.size(), 1U);
}

TEST(ElsterNotice, TheDifferenceToTheLastOneIsToldInWords) {
  Records records;
  records.tick_off("", "2026-01-20");
  EXPECT_TRUE(changes(records.sent()->notice, records.notice()).empty());
  RegisterInfo changed = Records::till("KASSE-01");
  changed.tse_serial = "cd34";
  changed.software_version = "1.1";
  records.add(entry_kind::tse, to_json(Records::tse("cd34", "tse-2")), "2026-05-05");
  records.add(entry_kind::register_, to_json(changed), "2026-05-05");
  records.add(entry_kind::register_, to_json(Records::till("KASSE-02")), "2026-05-06");
  const auto list = changes(records.sent()->notice, records.notice());
  ASSERT_EQ(list.size(), 4U);
  EXPECT_EQ(list[0].de, "Version der Software: \"1.1\" statt \"1.0\"");
  EXPECT_EQ(list[1].de, "TSE: \"cd34\" statt \"ab12\"");
  EXPECT_EQ(list[2].en, "first use of the TSE: \"05.05.2026\" instead of \"03.01.2026\"");
  EXPECT_EQ(list[3].register_id, "KASSE-02");
  EXPECT_EQ(list[3].de, "neu: noch nicht gemeldet");
  // Turned round: it has gone.
  EXPECT_EQ(changes(records.notice(), records.sent()->notice).back().register_id, "KASSE-02");
}

TEST(ElsterNotice, TheDeadlineIsAMonthAfterTheEventThatWasNotReported) {
  Records records;
  EXPECT_EQ(deadline(records.notice(), {}), Date(2026, 2, 1));  // acquired on 1 January
  records.tick_off("", "2026-01-31");
  EXPECT_FALSE(deadline(records.notice(), records.sent()));
  RegisterInfo gone = Records::till("KASSE-01");
  gone.out_of_use = Date(2026, 3, 31);
  records.add(entry_kind::register_, to_json(gone), "2026-03-31");
  EXPECT_EQ(deadline(records.notice(), records.sent()), Date(2026, 4, 30));  // April has no 31st
  records.tick_off("", "2026-04-02");
  EXPECT_FALSE(deadline(records.notice(), records.sent()));
}

TEST(ElsterNotice, NothingWasDueBeforeTheEndOfJuly2025) {
  Records records;
  RegisterInfo old = Records::till("KASSE-01");
  old.acquired = Date(2021, 5, 1);
  records.add(entry_kind::register_, to_json(old), "2026-01-05");
  EXPECT_EQ(deadline(records.notice(), {}), Date(2025, 7, 31));
}

}  // namespace
}  // namespace siegel::elster
