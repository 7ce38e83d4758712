#include "verify/dsfinvk/dsfinvk.h"

#include <archive.h>
#include <archive_entry.h>
#include <gtest/gtest.h>

#include "format/json.h"
#include "verify/dsfinvk/test_export.h"
#include "verify/page.h"
#include "verify/sarif.h"

namespace siegel::verify::dsfinvk {
namespace {

using namespace testing;

const OwnExport& own() {
  static const OwnExport made;
  return made;
}

struct ZipEntry {
  std::string name;
  std::string text;
};

void write_zip(const fs::path& path, const std::vector<ZipEntry>& entries) {
  archive* zip = archive_write_new();
  archive_write_set_format_zip(zip);
  ASSERT_EQ(archive_write_open_filename(zip, path.c_str()), ARCHIVE_OK);
  for (const ZipEntry& one : entries) {
    archive_entry* entry = archive_entry_new();
    archive_entry_set_pathname(entry, one.name.c_str());
    archive_entry_set_size(entry, static_cast<la_int64_t>(one.text.size()));
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, 0644);
    archive_write_header(zip, entry);
    archive_write_data(zip, one.text.data(), one.text.size());
    archive_entry_free(entry);
  }
  archive_write_close(zip);
  archive_write_free(zip);
}

std::vector<ZipEntry> entries_of(const Export& files) {
  std::vector<ZipEntry> out;
  for (const auto& [name, text] : files.files) out.push_back({name, text});
  return out;
}

/// The findings without their order.
std::multiset<std::string> sorted(const Report& report) {
  std::multiset<std::string> out;
  std::istringstream lines(listed(report));
  for (std::string line; std::getline(lines, line);) out.insert(line);
  return out;
}

/// Something is wrong in many places.
Export faulty() {
  Export files = own().files();
  files.set("datapayment.csv", {{"BON_ID", "2"}}, {{"BASISWAEH_BETRAG", "9,00"}});
  files.set("lines_vat.csv", {{"BON_ID", "22"}}, {{"POS_ZEILE", "9"}});
  files.set("transactions_tse.csv", {{"BON_ID", "24"}}, {{"TSE_TA_SIGZ", "999"}});
  files.set("vat.csv", {{"Z_NR", "2"}, {"UST_SCHLUESSEL", "1"}}, {{"UST_SATZ", "16,00"}});
  return files;
}

TEST(own_export, has_no_violation_and_all_its_signatures_are_valid) {
  const Outcome outcome = verify(own().files());
  EXPECT_EQ(outcome.report.count(Severity::violation), 0U) << listed(outcome.report);
  EXPECT_EQ(outcome.report.signatures.checked, 31U);
  EXPECT_EQ(outcome.report.signatures.valid, 31U);
  EXPECT_EQ(outcome.closings, 2U);
  EXPECT_EQ(outcome.receipts, 32U);
}

TEST(findings, name_file_line_column_closing_receipt_found_and_expected) {
  Export files = own().files();
  files.set("lines.csv", {{"BON_ID", "2"}, {"POS_ZEILE", "1"}}, {{"MENGE", "3,000"}});
  const Outcome outcome = verify(files);
  bool seen = false;
  for (const Finding& finding : outcome.report.findings()) {
    if (finding.rule != "B011") continue;
    seen = true;
    EXPECT_EQ(finding.file, "lines.csv");
    EXPECT_EQ(finding.line, 3U);
    EXPECT_EQ(finding.column, "STK_BR");
    EXPECT_EQ(finding.closing, "K1/1");
    EXPECT_EQ(finding.receipt, "2");
    EXPECT_EQ(finding.found, "2,50 x 3,00 / 1,00 = 7,50");
    EXPECT_EQ(finding.expected, "5,00");
    EXPECT_EQ(finding.source, "DSFinV-K Anhang E");
    EXPECT_EQ(finding.place, "lines.csv, line 3, STK_BR, closing K1/1, BON_ID 2");
  }
  EXPECT_TRUE(seen) << listed(outcome.report);
}

TEST(findings, are_the_same_with_any_number_of_threads) {
  const Export files = faulty();
  const std::string one = listed(verify(files, {.threads = 1}).report);
  EXPECT_NE(one.find("B002"), std::string::npos);
  for (const unsigned threads : {2U, 7U})
    EXPECT_EQ(listed(verify(files, {.threads = threads}).report), one);
}

TEST(findings, are_the_same_if_rows_are_out_of_order) {
  const Export files = faulty();
  Export mixed = files;
  // Line numbers change with the order: those of the rules that fire here do not name the moved.
  for (const char* name : {"slaves.csv", "allocation_groups.csv", "subitems.csv", "location.csv"}) {
    TableText table = TableText::parse(mixed.files[name]);
    std::reverse(table.rows.begin() + 1, table.rows.end());
    mixed.files[name] = table.text();
  }
  EXPECT_EQ(sorted(verify(mixed).report), sorted(verify(files).report));
}

TEST(findings, of_a_closing_in_parts_are_those_of_the_whole) {
  const Export files = faulty();
  EXPECT_EQ(sorted(verify(files, {.part_bytes_max = 2000}).report), sorted(verify(files).report));
}

TEST(zip, is_read_like_the_folder) {
  const TemporaryFolder folder;
  const Export files = faulty();
  write_zip(folder.path() / "export.zip", entries_of(files));
  EXPECT_TRUE(looks_like_export(folder.path() / "export.zip"));
  const auto outcome = verify_export(folder.path() / "export.zip", {});
  ASSERT_TRUE(outcome.ok()) << outcome.error().detail;
  EXPECT_EQ(listed(outcome->report), listed(verify(files).report));
}

TEST(zip, with_names_that_lead_out_or_occur_twice_is_told) {
  const TemporaryFolder folder;
  std::vector<ZipEntry> entries = entries_of(own().files());
  entries.push_back({"../../evil.csv", "x"});
  entries.push_back({"/etc/evil.csv", "x"});
  entries.push_back({"lines.csv", "again"});
  write_zip(folder.path() / "export.zip", entries);
  const auto outcome = verify_export(folder.path() / "export.zip", {});
  ASSERT_TRUE(outcome.ok()) << outcome.error().detail;
  EXPECT_EQ(outcome->report.count("P008"), 3U) << listed(outcome->report);
  EXPECT_EQ(outcome->report.count("K024"), 0U) << "the first lines.csv counts";
}

TEST(zip, that_would_unpack_to_too_much_is_not_unpacked) {
  const TemporaryFolder folder;
  std::vector<ZipEntry> entries = entries_of(own().files());
  entries.push_back({"zeros.csv", std::string(std::size_t{400} << 20, '0')});
  write_zip(folder.path() / "bomb.zip", entries);
  ASSERT_LT(fs::file_size(folder.path() / "bomb.zip"), std::uintmax_t{1} << 20);
  const auto outcome = verify_export(folder.path() / "bomb.zip", {});
  ASSERT_TRUE(outcome.ok()) << outcome.error().detail;
  EXPECT_GT(outcome->report.count("P008"), 0U) << listed(outcome->report);
}

TEST(zip, that_is_damaged_is_an_error_or_a_finding_and_never_more) {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "export.zip";
  write_zip(path, entries_of(own().files()));
  const std::string whole = slurp(path);
  for (std::size_t keep = 0; keep < whole.size(); keep += whole.size() / 37 + 1) {
    std::ofstream(path, std::ios::binary) << whole.substr(0, keep);
    const auto cut = verify_export(path, {});
    EXPECT_TRUE(cut.ok() || cut.error().code.starts_with("E-VER-"));
    std::string changed = whole;
    changed[keep] = static_cast<char>(changed[keep] ^ 0x55);
    std::ofstream(path, std::ios::binary) << changed;
    const auto bent = verify_export(path, {});
    EXPECT_TRUE(bent.ok() || bent.error().code.starts_with("E-VER-"));
  }
}

TEST(input, in_memory_is_read_like_the_folder) {
  const Export files = faulty();
  std::vector<MemoryFile> memory;
  for (const auto& [name, text] : files.files) memory.push_back({name, bytes_of(text)});
  const auto outcome = verify_files(memory, {});
  ASSERT_TRUE(outcome.ok()) << outcome.error().detail;
  EXPECT_EQ(listed(outcome->report), listed(verify(files).report));
}

TEST(input, without_a_file_is_judged_by_the_others) {
  for (std::size_t i = 0; i < tables_count; ++i) {
    Export files = own().files();
    const std::string name(info(table_at(i)).file);
    files.files.erase(name);
    const Outcome missing = verify(files);
    EXPECT_EQ(missing.report.count("P001"), 1U) << name;
    // Without closings nothing else has a place.
    if (i == 0) continue;
    for (const Finding& finding : missing.report.findings()) {
      if (finding.severity == Severity::violation) {
        EXPECT_EQ(finding.rule, "P001") << name << "\n" << listed(missing.report);
      }
    }
    // Left out on purpose, as the manifest says.
    files.files["manifest.json"] = R"({"tables":["cashpointclosing.csv"]})";
    EXPECT_EQ(verify(files).report.count(Severity::violation), 0U) << name;
  }
}

TEST(input, that_is_no_export_is_said) {
  const TemporaryFolder folder;
  EXPECT_EQ(verify_export(folder.path(), {}).error().code, "E-VER-012");
  EXPECT_EQ(verify_export(folder.path() / "nothing", {}).error().code, "E-VER-001");
  std::ofstream(folder.path() / "text.zip") << "no archive";
  EXPECT_EQ(verify_export(folder.path() / "text.zip", {}).error().code, "E-VER-010");
  EXPECT_FALSE(looks_like_export(folder.path()));
}

TEST(input, in_latin1_is_told_and_its_content_checked_all_the_same) {
  Export files = own().files();
  std::string& lines = files.files["lines.csv"];
  std::string latin;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (lines[i] == '\xC3') {
      latin += static_cast<char>(static_cast<unsigned char>(lines[++i]) + 0x40);
    } else {
      latin += lines[i];
    }
  }
  lines = latin;
  const Outcome outcome = verify(files);
  EXPECT_GT(outcome.report.count("C001"), 0U);
  EXPECT_EQ(outcome.report.count("T025"), 0U) << listed(outcome.report);
  EXPECT_EQ(outcome.report.signatures.valid, 31U);
}

TEST(input, of_older_columns_is_read_by_their_names) {
  Export files = own().files();
  files.raw("cashregister.csv", "KASSE_BASISWAEH_CODE", "KASSE_BASISWAEHRUNG_CODE");
  files.raw("transactions_tse.csv", "TSE_TA_FEHLER", "TSE_FEHLER");
  const Outcome outcome = verify(files);
  EXPECT_GT(outcome.report.count("C004"), 0U);
  EXPECT_EQ(outcome.report.count("T002"), 0U) << listed(outcome.report);
}

TEST(tar, agrees_with_its_export) {
  const Bytes tar = own().device().tar();
  const Outcome outcome = verify(own().files(), {.logs = {{.path = {}, .bytes = tar}}});
  for (const char* rule : {"R001", "R002", "R003", "R004", "T024"})
    EXPECT_EQ(outcome.report.count(rule), 0U) << listed(outcome.report);
  for (const Report::NotChecked& one : outcome.report.not_checked())
    EXPECT_FALSE(one.rule.starts_with("R001")) << one.why;
}

TEST(tar, with_more_than_the_export_is_told) {
  OwnExport made;
  tse::testing::Device& device = made.device();
  // Between the two days.
  device.clock = Instant::parse("2026-01-05T17:00:00Z")->unix_seconds();
  device.finish(device.start(OwnExport::serial), OwnExport::serial);
  device.start(OwnExport::serial);
  device.finish(device.start("OTHER"), "OTHER");
  device.counter += 3;
  device.clock = Instant::parse("2026-01-06T18:00:00Z")->unix_seconds();
  device.audit();
  const Bytes tar = device.tar();
  const Outcome outcome = verify(made.files(), {.logs = {{.path = {}, .bytes = tar}}});
  EXPECT_EQ(outcome.report.count("R001"), 1U) << listed(outcome.report);
  EXPECT_EQ(outcome.report.count("R003"), 1U) << listed(outcome.report);
  EXPECT_EQ(outcome.report.count("R004"), 1U) << listed(outcome.report);
  EXPECT_EQ(outcome.report.count("T024"), 1U) << listed(outcome.report);
}

TEST(tar, with_less_than_the_export_or_other_values_is_told) {
  OwnExport made;
  tse::testing::Device& device = made.device();
  // Receipts 2 and 3: two messages each, in the order they were made.
  device.files.erase(device.files.begin() + 3);
  const Bytes tar = device.tar();
  Export files = made.files();
  files.set("transactions_tse.csv", {{"BON_ID", "5"}},
            {{"TSE_TA_ENDE", "2026-01-05T07:05:33.000Z"}});
  const Outcome outcome = verify(files, {.logs = {{.path = {}, .bytes = tar}}});
  EXPECT_EQ(outcome.report.count("R001"), 1U) << listed(outcome.report);
  EXPECT_GT(outcome.report.count("R002"), 0U) << listed(outcome.report);
}

TEST(other_source, is_compared_like_the_tar) {
  const OtherSource journal{.name = "journal", .visit = [](const auto& each) {
                              const std::string serial = own().device().serial_hex();
                              const Bytes signature(64);
                              each({.serial = serial,
                                    .transaction = 2,
                                    .counter = 4,
                                    .end = Instant::parse("2026-01-05T07:02:30Z").value(),
                                    .signature = signature});
                              return Status(Ok{});
                            }};
  const Outcome outcome = verify(own().files(), {.others = {journal}});
  EXPECT_EQ(outcome.report.count("R002"), 1U) << listed(outcome.report);
}

std::string code_of(const std::string& counter) {
  std::string tanr;
  std::string start;
  std::string end;
  std::string data;
  std::string signature;
  Export files = own().files();
  files.change("transactions_tse.csv", {{"BON_ID", "2"}}, [&](TableText& t, std::size_t row) {
    tanr = t.rows[row][t.column("TSE_TANR")];
    start = t.rows[row][t.column("TSE_TA_START")];
    end = t.rows[row][t.column("TSE_TA_ENDE")];
    data = t.rows[row][t.column("TSE_VORGANGSDATEN")];
    signature = t.rows[row][t.column("TSE_TA_SIG")];
  });
  return fmt::format("V0;KASSE-1;Kassenbeleg-V1;{};{};{};{};{};ecdsa-plain-SHA256;unixTime;{};{}",
                     data, tanr, counter, start, end, signature,
                     base64(own().device().key.public_key().point()));
}

TEST(codes, of_receipts_are_found_in_the_export) {
  const Outcome fine = verify(own().files(), {.codes = {code_of("4")}});
  EXPECT_EQ(fine.report.count("T028") + fine.report.count("R005"), 0U) << listed(fine.report);
  const Outcome other = verify(own().files(), {.codes = {code_of("40"), "V0;nonsense"}});
  EXPECT_EQ(other.report.count("T028"), 2U) << listed(other.report);
  Export less = own().files();
  less.drop("transactions_tse.csv", {{"BON_ID", "2"}});
  EXPECT_EQ(verify(less, {.codes = {code_of("4")}}).report.count("R005"), 1U);
}

TEST(certificate, leads_to_the_root_given_and_to_no_other) {
  const Outcome fine = verify(own().files(), {.trust_anchors = {own().device().root}});
  EXPECT_EQ(fine.report.count("T006"), 0U) << listed(fine.report);
  const tse::testing::Device stranger;
  const Outcome other = verify(own().files(), {.trust_anchors = {stranger.root}});
  EXPECT_GT(other.report.count("T006"), 0U);
  bool told = false;
  const Outcome none = verify(own().files());
  for (const Report::NotChecked& one : none.report.not_checked()) told |= one.rule == "T006";
  EXPECT_TRUE(told);
}

TEST(papers, of_the_tax_office_and_the_bookkeeper_are_compared) {
  const TemporaryFolder folder;
  const fs::path xml = folder.path() / "report.xml";
  const fs::path json = folder.path() / "closing.json";
  std::ofstream(xml) << "<A><AngabenAufzeichnungssystem><SeriennummerAS>KASSE-9</SeriennummerAS>"
                        "<SeriennummerTSE>"
                     << own().device().serial_hex()
                     << "</SeriennummerTSE></AngabenAufzeichnungssystem></A>";
  std::ofstream(json) << R"({"cash_point_closing":{"number":2,"head":{"first_id":"21"},)"
                         R"("cash_statement":{"payment":{"full_amount":1.23}}}})";
  const Outcome outcome = verify(own().files(), {.registration = xml, .taxonomies = {json}});
  // KASSE-1 and TERM-1 are not reported, KASSE-9 does not occur.
  EXPECT_EQ(outcome.report.count("R006"), 3U) << listed(outcome.report);
  EXPECT_EQ(outcome.report.count("R007"), 1U) << listed(outcome.report);
  std::ofstream(xml) << "<A>";
  const TemporaryFolder files;
  own().files().write(files.path());
  EXPECT_EQ(verify_export(files.path(), {.registration = xml}).error().code, "E-VER-013");
}

TEST(strip, shows_signatures_gaps_and_outages) {
  Export files = own().files();
  files.drop("transactions_tse.csv", {{"BON_ID", "12"}});
  const Outcome outcome = verify(files);
  ASSERT_EQ(outcome.strips.size(), 1U);
  Strip::Part sum;
  for (const Strip::Part& part : outcome.strips[0].parts) {
    sum.signatures += part.signatures;
    sum.missing += part.missing;
    sum.outages += part.outages;
  }
  EXPECT_EQ(sum.signatures, 30U);
  EXPECT_EQ(sum.missing, 1U);
  EXPECT_EQ(sum.outages, 1U);
  EXPECT_EQ(outcome.strips[0].serial, own().device().serial_hex());
}

TEST(outputs, are_sarif_and_one_page_without_anything_from_elsewhere) {
  Export files = faulty();
  files.set("lines.csv", {{"BON_ID", "2"}, {"POS_ZEILE", "1"}},
            {{"GV_TYP", "<script>alert(1)</script>"}});
  const Outcome outcome = verify(files);
  const auto sarif_document = json::parse(sarif(outcome.report));
  ASSERT_TRUE(sarif_document.ok()) << sarif_document.error().detail;
  const json::Value& run = (*sarif_document->object()->find("runs")->array())[0];
  EXPECT_EQ(run.object()->find("results")->array()->size(), outcome.report.findings().size());
  for (const bool german : {false, true}) {
    const std::string page =
        html_page(outcome.report, {.german = german, .subject = "a<b", .strips = outcome.strips});
    EXPECT_EQ(page.find("<script"), std::string::npos);
    EXPECT_NE(page.find("&lt;script&gt;"), std::string::npos);
    EXPECT_EQ(page.find("http"), page.find("http-equiv"));
    EXPECT_EQ(page.find("src="), std::string::npos);
    EXPECT_NE(page.find("<svg"), std::string::npos);
    EXPECT_NE(page.find(german ? "Verletzungen gefunden" : "Violations found"), std::string::npos);
  }
}

TEST(editions, bring_their_own_rules) {
  // Before 2.3 a cancellation need not refer, and `_` may stand in a serial number.
  Export files = own().files();
  files.drop("references.csv", {{"BON_ID", "9"}});
  files.set("cashregister.csv", {}, {{"KASSE_SERIENNR", "KASSE_1"}});
  for (const auto& [edition, count] : {std::pair("2.2", 0U), {"2.3", 1U}, {"2.4", 1U}}) {
    files.set("cashpointclosing.csv", {}, {{"TAXONOMIE_VERSION", edition}});
    const Outcome outcome = verify(files);
    EXPECT_EQ(outcome.report.count("S005"), count) << edition;
    EXPECT_EQ(outcome.report.count("F015"), 2 * count) << edition;
    EXPECT_EQ(outcome.report.count("D018"), 2 - 2 * count) << edition;
  }
}

TEST(signatures, are_checked_without_process_data_too) {
  Export files = own().files();
  files.set("transactions_tse.csv", {{"TSE_TA_VORGANGSART", "Kassenbeleg-V1"}},
            {{"TSE_VORGANGSDATEN", ""}});
  const Outcome outcome = verify(files);
  EXPECT_EQ(outcome.report.signatures.valid, 31U) << listed(outcome.report);
  // What they say is then what the other tables say.
  files.set("datapayment.csv", {{"BON_ID", "2"}}, {{"ZAHLART_TYP", "ECKarte"}});
  EXPECT_EQ(verify(files).report.signatures.invalid, 1U);
}

}  // namespace
}  // namespace siegel::verify::dsfinvk
