#include "views/rksv_export.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/file.h"
#include "country/at/at.h"
#include "country/at/export/container.h"
#include "crypto/ec.h"
#include "crypto/hash.h"
#include "format/csv.h"
#include "format/json.h"
#include "format/jws.h"
#include "journal/memory/memory.h"
#include "model/codec.h"
#include "model/entries.h"
#include "model/rksv.h"
#include "verify/rksv/rksv.h"

namespace siegel::views {
namespace {

namespace fs = std::filesystem;
using country::at::Dep131Form;
using journal::Sequence;

/// A journal with two registers and two devices, written the way a recorder does it.
class RksvExportTest : public ::testing::Test {
 protected:
  struct Register {
    RegisterInfo info;
    country::RksvFacts rksv;
    std::uint64_t next = 1;
  };

  void SetUp() override {
    journal = std::move(journal::memory::open(store)).value();
    business.name = "Café Lindner e.U.";
    business.vat_id = "ATU12345678";
    key = crypto::SecretBytes::copy_of(Bytes(32, std::byte{7}));
    for (const char* id : {"card-1", "card-2"}) {
      const SignerInfo info = signer_of(id);
      signers.push_back(info);
      append(entry_kind::signer, to_json(info));
    }
    for (const char* id : {"KASSE-01", "KASSE-02"}) {
      Register& one = registers.emplace_back();
      one.info.id = RegisterId::parse(id).value();
      one.info.signers = {"card-1", "card-2"};
      one.rksv.aes_key = &key;
      draft.kind = ReceiptKind::start;
      record(one, "2026-09-30T23:59:00+02:00", 0);
    }
    draft = ReceiptDraft();
  }

  /// A card as a shop has it; nothing reads these certificates.
  [[nodiscard]] virtual SignerInfo signer_of(std::string_view id) const {
    SignerInfo info;
    info.id = id;
    info.kind = "softkey";
    info.serial = id == "card-1" ? "1a2b" : "77";
    info.provider = "AT1";
    info.certificates = {to_bytes(fmt::format("leaf of {}", id)), to_bytes("issuer")};
    return info;
  }

  std::uint64_t append(std::string_view kind, std::string payload, std::string register_id = "") {
    journal::Draft entry;
    entry.kind = kind;
    entry.at = Instant::from_unix(1'795'196'537);
    entry.actor = "till";
    entry.register_id = std::move(register_id);
    entry.payload = std::move(payload);
    const Sequence next(journal->head().sequence.get() + 1);
    EXPECT_TRUE(journal->append(next, std::span(&entry, 1)).ok());
    return next.get();
  }

  /// Records `draft` at this time, signed by a device, or unsigned for device -1.
  void record(Register& at, std::string_view time, int device) {
    const LocalStamp now = LocalStamp::parse(time).value();
    const auto plan = law.decide(draft, {.now = now,
                                         .business = business,
                                         .register_info = at.info,
                                         .profile = profile,
                                         .next_number = at.next,
                                         .vorgang = VorgangId("v"),
                                         .began = now,
                                         .rksv = &at.rksv});
    ASSERT_TRUE(plan.ok()) << plan.error().detail;
    const std::uint64_t sequence = append(entry_kind::plan, to_json(*plan), at.info.id.text());
    country::Outcome outcome = country::Done{};
    if (plan->rksv && device < 0) {
      outcome =
          country::Outage{.number = 1, .receipt = 1, .code = "E-SIG-104", .signer = &signers[0]};
    } else if (plan->rksv) {
      const SignerInfo& signer = signers[static_cast<std::size_t>(device)];
      const country::SignStep step = law.sign_step(*plan, signer);
      outcome = country::Signed{.signer = &signer,
                                .signature = private_key.sign_ecdsa_digest(step.digest).value()};
    }
    const Seal seal = law.seal(sequence, *plan, outcome);
    append(entry_kind::seal, to_json(seal), at.info.id.text());
    ++at.next;
    if (!plan->rksv) return;
    at.rksv.started = true;
    at.rksv.counter = plan->rksv->counter;
    at.rksv.last_time = plan->rksv->time;
    at.rksv.chaining = rksv::chaining_after(rksv::jws(seal.code_payload, seal.signature));
  }
  void sell(Register& at, std::string_view time, int device) {
    draft.lines = {
        LineDraft{.text = "Melange; \"groß\"", .amount = Money::from_cents(420), .vat = "A"}};
    draft.payments = {PaymentDraft{.amount = Money::from_cents(500)}};
    record(at, time, device);
  }
  /// Three days of both registers: devices 1, 1, none, 2.
  void sell_days() {
    for (const int day : {1, 2, 3}) {
      const std::string date = "2026-10-0" + std::to_string(day);
      sell(registers[0], date + "T10:00:00+02:00", 0);
      sell(registers[1], date + "T10:00:01+02:00", 0);
      sell(registers[0], date + "T11:00:00+02:00", -1);
      sell(registers[0], date + "T12:00:00+02:00", 1);
    }
  }
  std::unique_ptr<journal::Reader> reader() { return std::move(journal->reader()).value(); }
  std::string dep7(const RksvSelection& selection) {
    MemorySink sink;
    const auto done = export_dep7(*reader(), selection, sink);
    EXPECT_TRUE(done.ok());
    EXPECT_EQ(done->bytes, sink.bytes().size());
    EXPECT_EQ(done->sha256, crypto::sha256(sink.bytes()));
    return std::string(text_of(sink.bytes()));
  }

  journal::memory::Store store;
  std::unique_ptr<journal::Journal> journal;
  Business business;
  Profile profile;
  crypto::SecretBytes key;
  std::vector<SignerInfo> signers;
  std::vector<Register> registers;
  ReceiptDraft draft;
  country::at::Austria law;
  crypto::PrivateKey private_key = crypto::PrivateKey::generate(crypto::Curve::p256).value();
};

std::vector<std::string> receipts_of(const std::string& dep) {
  std::vector<std::string> all;
  const json::Value value = json::parse(dep).value();
  for (const json::Value& group : *value.object()->find("Belege-Gruppe")->array()) {
    for (const json::Value& each : *group.object()->find("Belege-kompakt")->array()) {
      all.push_back(*each.string());
    }
  }
  return all;
}

TEST_F(RksvExportTest, Dep7HoldsTheChainOfOneRegister) {
  RecordProperty("proves", "AMA-009 AMA-012 AMA-067");
  sell_days();
  const std::string dep = dep7({.register_id = "KASSE-01"});
  const auto receipts = receipts_of(dep);
  ASSERT_EQ(receipts.size(), 10U);
  std::string expected = rksv::chaining_of_first("KASSE-01");
  for (const std::string& jws : receipts) {
    const std::size_t dot = jws.find('.') + 1;
    const Bytes payload = from_base64url(jws.substr(dot, jws.rfind('.') - dot)).value();
    EXPECT_TRUE(text_of(payload).ends_with("_" + expected)) << text_of(payload);
    expected = rksv::chaining_after(jws);
    const auto parsed = format::parse_jws(jws);
    EXPECT_EQ(parsed.ok() && format::verify_jws(*parsed, private_key.public_key()),
              !jws.ends_with("dHVuZyBhdXNnZWZhbGxlbg"));  // "ausgefallen"
  }
  // start and sale, outage: card-1; then card-2 alone, each day: six groups.
  const json::Value value = json::parse(dep).value();
  EXPECT_EQ(value.object()->find("Belege-Gruppe")->array()->size(), 6U);
  EXPECT_EQ(receipts_of(dep7({.register_id = "KASSE-02"})).size(), 4U);
  EXPECT_EQ(dep7({.register_id = "KASSE-03"}), R"({"Belege-Gruppe":[]})");
}

TEST_F(RksvExportTest, AnyPeriodAndTheSameBytesAgain) {
  RecordProperty("proves", "AMA-068");
  sell_days();
  const Date second(2026, 10, 2);
  const RksvSelection day{.register_id = "KASSE-01", .first = second, .last = second};
  const std::string first_run = dep7(day);
  EXPECT_EQ(receipts_of(first_run).size(), 3U);
  EXPECT_EQ(receipts_of(dep7({.register_id = "KASSE-01", .first = second})).size(), 6U);
  EXPECT_EQ(receipts_of(dep7({.register_id = "KASSE-01", .last = second})).size(), 7U);
  sell(registers[0], "2026-10-04T10:00:00+02:00", 0);
  EXPECT_EQ(dep7(day), first_run);
}

TEST_F(RksvExportTest, Dep131HasEveryReceiptWhole) {
  RecordProperty("proves", "AMA-009 AMA-018");
  sell_days();
  draft = ReceiptDraft();
  draft.kind = ReceiptKind::memo;
  draft.text = "Lade geöffnet";
  record(registers[0], "2026-10-03T13:00:00+02:00", 0);
  MemorySink lines;
  const auto done =
      export_dep131(*reader(), {.register_id = "KASSE-01"}, Dep131Form::json_lines, lines);
  ASSERT_TRUE(done.ok());
  EXPECT_EQ(done->receipts, 11U);
  EXPECT_EQ(done->unsigned_receipts, 3U);
  EXPECT_EQ(done->first_receipt, "KASSE-01-000001");
  EXPECT_EQ(done->last_receipt, "KASSE-01-000011");
  std::string_view rest = text_of(lines.bytes());
  int count = 0;
  while (!rest.empty()) {
    const std::size_t end = rest.find('\n');
    const json::Value value = json::parse(rest.substr(0, end)).value();
    const json::Object& line = *value.object();
    EXPECT_TRUE(plan_from_json(json::canonical(*line.find("plan"))).ok());
    EXPECT_TRUE(seal_from_json(json::canonical(*line.find("seal"))).ok());
    ++count;
    rest.remove_prefix(end + 1);
  }
  EXPECT_EQ(count, 11);

  MemorySink table;
  ASSERT_TRUE(export_dep131(*reader(), {.register_id = "KASSE-01"}, Dep131Form::csv, table).ok());
  format::CsvReader csv(text_of(table.bytes()), ';');
  std::vector<std::string_view> fields;
  std::map<std::string, int> rows;
  std::size_t columns = 0;
  while (csv.next(fields).value()) {
    if (columns == 0) columns = fields.size();
    EXPECT_EQ(fields.size(), columns);
    ++rows[std::string(fields[0])];
    if (fields[0] != "POSITION") continue;
    EXPECT_EQ(fields[5], "Melange; \"groß\"");
  }
  EXPECT_EQ(rows,
            (std::map<std::string, int>{
                {"satzart", 1}, {"BELEG", 11}, {"POSITION", 9}, {"ZAHLUNG", 18}, {"STEUER", 9}}));
}

TEST_F(RksvExportTest, CodesAreAListAsCheckToolsReadIt) {
  sell_days();
  for (const CodeForm form : {CodeForm::qr, CodeForm::ocr}) {
    MemorySink sink;
    ASSERT_TRUE(export_codes(*reader(), {.register_id = "KASSE-02"}, form, sink).ok());
    const json::Value value = json::parse(text_of(sink.bytes())).value();
    ASSERT_EQ(value.array()->size(), 4U);
    for (const json::Value& code : *value.array()) {
      EXPECT_TRUE(code.string()->starts_with("_R1-AT1_KASSE-02_KASSE-02-00000"));
      const std::string signature = code.string()->substr(code.string()->rfind('_') + 1);
      EXPECT_EQ(
          form == CodeForm::qr ? from_base64(signature)->size() : from_base32(signature)->size(),
          64U);
    }
  }
  MemorySink none;
  ASSERT_TRUE(export_codes(*reader(), {.register_id = "X"}, CodeForm::qr, none).ok());
  EXPECT_EQ(json::parse(text_of(none.bytes())).value().array()->size(), 0U);
}

TEST_F(RksvExportTest, DevicesAreKnownByTheOrderOfTheirEntries) {
  const auto all = rksv_signers(*reader());
  ASSERT_TRUE(all.ok());
  EXPECT_EQ(*all, signers);
}

/// Keys instead of certificates: a closed system, whose exports can be verified here whole.
class RksvVerifiedTest : public RksvExportTest {
 protected:
  [[nodiscard]] SignerInfo signer_of(std::string_view id) const override {
    SignerInfo info = RksvExportTest::signer_of(id);
    info.provider = "AT0";
    info.serial = fmt::format("U:ATU12345678-{}", id == "card-1" ? "K1" : "K2");
    info.certificates.clear();
    info.public_key = private_key.public_key().point();
    return info;
  }
};

TEST_F(RksvVerifiedTest, WhatIsExportedPassesTheChecksOfTheAuthority) {
  RecordProperty("proves", "AMA-009 AMA-012 AMA-069");
  Register& reg = registers[0];
  const auto make = [&](ReceiptKind kind, std::string_view time, int device) {
    draft = ReceiptDraft();
    draft.kind = kind;
    record(reg, time, device);
    draft = ReceiptDraft();
  };
  sell(reg, "2026-10-01T10:00:00+02:00", 0);
  sell(reg, "2026-10-01T10:05:00+02:00", 1);
  sell(reg, "2026-10-01T10:06:00+02:00", -1);
  sell(reg, "2026-10-01T10:07:00+02:00", -1);
  make(ReceiptKind::collective, "2026-10-01T10:20:00+02:00", 1);
  // The hour that autumn repeats.
  sell(reg, "2026-10-25T02:59:00+02:00", 0);
  sell(reg, "2026-10-25T02:10:00+01:00", 0);
  make(ReceiptKind::month, "2026-10-31T23:00:00+01:00", 0);
  make(ReceiptKind::year, "2026-12-31T23:00:00+01:00", 0);
  make(ReceiptKind::final, "2027-01-31T12:00:00+01:00", 0);

  const std::string dep = dep7({.register_id = "KASSE-01"});
  const auto container = country::at::container_json(key, rksv_signers(*reader()).value());
  verify::rksv::Options options;
  options.now = Instant::parse("2027-02-01T00:00:00Z").value();
  const auto outcome = verify::rksv::verify_dep({.path = {}, .bytes = bytes_of(dep)},
                                                {.path = {}, .bytes = container.reveal()}, options);
  ASSERT_TRUE(outcome.ok()) << outcome.error().detail;
  EXPECT_EQ(outcome->official.state(), verify::rksv::Official::State::pass);
  for (const verify::Finding& finding : outcome->report.findings()) {
    EXPECT_NE(finding.severity, verify::Severity::violation)
        << finding.rule << " " << finding.place << " " << finding.found;
  }

  for (const CodeForm form : {CodeForm::qr, CodeForm::ocr}) {
    MemorySink codes;
    ASSERT_TRUE(export_codes(*reader(), {.register_id = "KASSE-01"}, form, codes).ok());
    const auto each = verify::rksv::verify_code_list(
        {.path = {}, .bytes = codes.bytes()}, {.path = {}, .bytes = container.reveal()}, options);
    ASSERT_TRUE(each.ok());
    for (const verify::Finding& finding : each->report.findings()) {
      EXPECT_NE(finding.severity, verify::Severity::violation)
          << finding.rule << " " << finding.place << " " << finding.found;
    }
  }
}

class RksvBackupTest : public RksvExportTest {
 protected:
  void SetUp() override {
    RksvExportTest::SetUp();
    std::string pattern = (fs::temp_directory_path() / "siegel_backup_XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder = pattern;
    sell_days();
  }
  void TearDown() override { fs::remove_all(folder); }

  RksvSelection quarter{
      .register_id = "KASSE-01", .first = Date(2026, 10, 1), .last = Date(2026, 12, 31)};
  fs::path folder;
};

TEST_F(RksvBackupTest, IsAFolderThatCanBeCheckedAndNeverReplaced) {
  RecordProperty("proves", "AMA-014 AMA-064 AMA-066");
  const fs::path target = folder / "2026-Q4";
  const auto done =
      backup_rksv(*reader(), quarter, target, {.at = Instant::from_unix(1'800'000'000)});
  ASSERT_TRUE(done.ok()) << done.error().detail;
  EXPECT_EQ(done->dep7.receipts, 9U);
  EXPECT_EQ(done->dep131.receipts, 9U);
  EXPECT_EQ(text_of(read_file(target / "dep7.json", 1 << 20).value()), dep7(quarter));
  EXPECT_TRUE(check_rksv_backup(target).ok());
  EXPECT_FALSE(fs::exists(folder / "2026-Q4.part"));
  const json::Value manifest =
      json::parse(text_of(read_file(target / "manifest.json", 1 << 20).value())).value();
  EXPECT_EQ(*manifest.object()->find("head_hash")->string(), hex(journal->head().hash));
  EXPECT_EQ(*manifest.object()->find("register")->string(), "KASSE-01");
  EXPECT_EQ(backup_rksv(*reader(), quarter, target, {}).error().code, "E-RKX-111");

  // One byte of a file, then a file, then the manifest.
  Bytes content = read_file(target / "dep7.json", 1 << 20).value();
  content[100] ^= std::byte{1};
  ASSERT_TRUE(write_file(target / "dep7.json", content).ok());
  EXPECT_EQ(check_rksv_backup(target).error().code, "E-RKX-113");
  fs::remove(target / "dep7.json");
  EXPECT_EQ(check_rksv_backup(target).error().code, "E-RKX-113");
  for (const std::string_view text : {"", "{}", R"({"files":[]})", R"({"files":[1]})",
                                      R"({"files":[{"name":"../x","sha256":"","bytes":0}]})"}) {
    ASSERT_TRUE(write_file(target / "manifest.json", bytes_of(text)).ok());
    EXPECT_EQ(check_rksv_backup(target).error().code, "E-RKX-114") << text;
  }
}

TEST_F(RksvBackupTest, AFullMediumLeavesNothingBehind) {
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const rlimit limit{.rlim_cur = 2'000, .rlim_max = 2'000};
    if (std::signal(SIGXFSZ, SIG_IGN) == SIG_ERR || setrlimit(RLIMIT_FSIZE, &limit) != 0) _exit(2);
    const auto done = backup_rksv(*reader(), quarter, folder / "full", {});
    _exit(!done.ok() && done.error().code == "E-FIL-004" ? 0 : 3);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_TRUE(fs::is_empty(folder));
}

TEST_F(RksvBackupTest, APassphraseKeepsItSecretAndOpensslOpensIt) {
  RecordProperty("proves", "AMA-065");
  const auto passphrase = crypto::SecretBytes::copy_of(bytes_of("Melange und Strudel"));
  SeededRandom random(1);
  const fs::path target = folder / "secret";
  ASSERT_TRUE(
      backup_rksv(*reader(), quarter, target, {.passphrase = &passphrase, .random = &random}).ok());
  EXPECT_TRUE(check_rksv_backup(target).ok());
  EXPECT_FALSE(fs::exists(target / "dep7.json"));
  const Bytes sealed = read_file(target / "dep7.json.enc", 1 << 20).value();
  EXPECT_EQ(text_of(sealed).find("Belege"), std::string_view::npos);
  const json::Value manifest =
      json::parse(text_of(read_file(target / "manifest.json", 1 << 20).value())).value();
  const std::string command = "cd '" + target.string() + "' && " +
                              *manifest.object()->find("decrypt")->string() +
                              " -pass 'pass:Melange und Strudel' -in dep7.json.enc -out dep7.json";
  if (std::system("openssl version >/dev/null 2>&1") != 0) GTEST_SKIP() << "no openssl program";
  ASSERT_EQ(std::system(command.c_str()), 0);
  EXPECT_EQ(text_of(read_file(target / "dep7.json", 1 << 20).value()), dep7(quarter));

  const auto word = crypto::SecretBytes::copy_of(bytes_of("short"));
  EXPECT_EQ(backup_rksv(*reader(), quarter, folder / "x", {.passphrase = &word, .random = &random})
                .error()
                .code,
            "E-RKX-112");
}

}  // namespace
}  // namespace siegel::views
