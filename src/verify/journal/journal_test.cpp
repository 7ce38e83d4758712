#include "verify/journal/journal.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <set>

#include "base/file.h"
#include "crypto/hash.h"
#include "format/der.h"
#include "format/json.h"
#include "format/tar.h"
#include "model/closing.h"
#include "model/codec.h"
#include "model/entries.h"
#include "sqlite/sqlite.h"
#include "verify/qr/finish_log.h"

namespace siegel::verify::journal {
namespace {

namespace fs = std::filesystem;
using Rules = std::set<std::string>;

/// A journal made by hand: entries may be changed before the chain is made over them.
class Maker {
 public:
  Maker() {
    std::string name = (fs::temp_directory_path() / "siegel-journal-XXXXXX").string();
    EXPECT_NE(mkdtemp(name.data()), nullptr);
    folder = name;
  }
  Maker(const Maker&) = delete;
  Maker& operator=(const Maker&) = delete;
  ~Maker() {
    std::error_code ignored;
    fs::remove_all(folder, ignored);
  }

  struct Entry {
    std::string kind;
    std::string register_id;
    std::string key;
    std::string payload;
  };

  std::uint64_t add(std::string_view kind, std::string payload, const std::string& register_id = "",
                    const std::string& key = "") {
    entries.push_back({std::string(kind), register_id, key, std::move(payload)});
    return entries.size();
  }

  void commission() {
    Business business;
    business.name = "Bäckerei";
    business.street = "Weg 1";
    business.postcode = "10115";
    business.city = "Berlin";
    business.tax_number = "1";
    add(entry_kind::business, to_json(business));
    TseInfo info;
    info.id = "tse-1";
    info.serial = serial();
    info.manufacturer = "test";
    info.algorithm = "ecdsa-plain-SHA256";
    info.time_format = "unixTime";
    info.public_key = tse_key.public_key().point();
    add(entry_kind::tse, to_json(info));
    RegisterInfo till;
    till.id = RegisterId::parse("KASSE-1").value();
    till.name = "Kasse 1";
    till.tse_serial = info.serial;
    add(entry_kind::register_, to_json(till));
  }

  [[nodiscard]] std::string serial() const { return hex(tse_key.public_key().point_hash()); }

  Plan plan() {
    Plan out;
    out.register_id = RegisterId::parse("KASSE-1").value();
    out.number = ++number;
    out.receipt_number = fmt::format("KASSE-1-{:06}", number);
    out.vorgang = VorgangId(fmt::format("v{}", number));
    out.bon_typ = "Beleg";
    out.process_data = "Beleg^0.00_3.60_0.00_0.00_0.00^3.60:Bar";
    const auto stamp =
        LocalStamp::from(Instant::parse("2026-01-02T03:04:05Z").value(), "Europe/Berlin");
    out.began = stamp.value();
    out.decided = stamp.value();
    const auto vat = vat_by_text(CountryCode::de, "7", stamp->date());
    PlanLine line;
    line.text = "Brezel";
    line.quantity = Quantity::from_raw(2000);
    line.unit_price = UnitPrice::from_raw(180000);
    line.amount = Money::from_cents(360);
    line.total = line.amount;
    line.shares = {{(*vat)->key, (*vat)->rate, (*vat)->slot, line.total}};
    out.lines = {line};
    const NetAndTax split = split_gross(line.total, (*vat)->rate);
    out.vat = {{(*vat)->key, (*vat)->rate, (*vat)->slot, (*vat)->letter, split.net, split.tax,
                line.total}};
    out.total = line.total;
    out.payments = {
        {PaymentKind::bar, Money::from_cents(500), Currency::eur(), Money::from_cents(500), ""}};
    out.change = Money::from_cents(140);
    out.tse_serial = serial();
    out.business_sequence = 1;
    return out;
  }

  Seal seal(std::uint64_t plan_sequence, const Plan& of) {
    Seal out;
    out.plan_sequence = plan_sequence;
    out.outcome = Seal::Outcome::signed_by_tse;
    out.tse_serial = serial();
    out.transaction = ++transaction;
    out.start_signature_counter = ++counter;
    out.signature_counter = ++counter;
    out.start = Instant::from_unix(1767323045 + static_cast<std::int64_t>(counter));
    out.end = Instant::from_unix(1767323046 + static_cast<std::int64_t>(counter));
    Bytes message;
    const std::string type(process_type_text(of.process_type));
    qr::build_finish({.client = of.register_id.text(),
                      .process_type = type,
                      .process_data = of.process_data,
                      .transaction = out.transaction,
                      .counter = out.signature_counter,
                      .end = out.end},
                     {}, tse_key.public_key(), {}, message);
    out.signature = tse_key.sign_ecdsa(crypto::HashAlgorithm::sha256, message).value();
    out.start_signature = out.signature;
    last_message = message;
    return out;
  }

  std::uint64_t add_plan(const Plan& plan) {
    return add(entry_kind::plan, to_json(plan), "KASSE-1", plan.vorgang.get());
  }
  void sale() {
    const Plan one = plan();
    add(entry_kind::seal, to_json(seal(add_plan(one), one)), "KASSE-1");
  }
  void good_day() {
    commission();
    for (int i = 0; i < 3; ++i) sale();
  }

  /// Writes the file; `damage` may then do what it likes to it.
  fs::path write(const std::string& damage = "") {
    const fs::path path = folder / fmt::format("journal-{}.db", ++files);
    auto opened = sqlite::Database::open({.path = path, .vfs = {}, .create = true});
    EXPECT_TRUE(opened.ok());
    EXPECT_TRUE(opened
                    ->execute("PRAGMA application_id=1397181514; PRAGMA user_version=1;"
                              "CREATE TABLE entry(sequence INTEGER PRIMARY KEY, header BLOB NOT "
                              "NULL, payload BLOB, hash BLOB NOT NULL, removed_payload_hash BLOB) "
                              "STRICT;")
                    .ok());
    hash = {};
    first_hash = {};
    for (std::size_t i = 0; i < entries.size(); ++i) insert(*opened, i);
    if (!damage.empty()) {
      EXPECT_TRUE(opened->execute(damage).ok()) << damage;
    }
    return path;
  }

  void insert(sqlite::Database& database, std::size_t i) {
    const Entry& entry = entries[i];
    json::Object header;
    header.set("actor", "test");
    header.set("at", static_cast<std::int64_t>(1767323045000 + static_cast<std::int64_t>(i)));
    if (!entry.key.empty()) {
      header.set("key", entry.key);
      header.set("fingerprint", hex(crypto::sha256(bytes_of(entry.key))));
    }
    header.set("kind", entry.kind);
    header.set("register", entry.register_id);
    header.set("sequence", static_cast<std::int64_t>(i + 1));
    header.set("version", 1);
    const std::string bytes = json::canonical(header);
    const Hash256 payload_hash = crypto::sha256(bytes_of(entry.payload));
    hash = crypto::sha256({BytesView(hash), bytes_of(bytes), BytesView(payload_hash)});
    if (i == 0) first_hash = hash;
    auto statement = database.prepare("INSERT INTO entry VALUES(?,?,?,?,NULL)");
    ASSERT_TRUE(statement.ok());
    statement->bind(1, i + 1).bind_blob(2, bytes_of(bytes));
    statement->bind_blob(3, bytes_of(entry.payload)).bind_blob(4, hash);
    EXPECT_TRUE(statement->run().ok());
  }

  fs::path folder;
  crypto::PrivateKey tse_key = crypto::PrivateKey::generate(crypto::Curve::p256).value();
  std::vector<Entry> entries;
  std::uint64_t number = 0;
  std::uint64_t transaction = 0;
  std::uint64_t counter = 0;
  int files = 0;
  Hash256 hash{};
  Hash256 first_hash{};
  Bytes last_message;
};

Report verify_file(const fs::path& path, const Options& options = {}) {
  auto report = verify_journal(path, options);
  EXPECT_TRUE(report.ok()) << report.error().detail;
  return report.ok() ? std::move(*report) : Report();
}

Rules rules_of(const Report& report) {
  Rules out;
  for (const Finding& finding : report.findings()) out.insert(finding.rule);
  return out;
}

TEST(verify_journal, a_good_journal_passes) {
  Maker maker;
  maker.good_day();
  const Report report = verify_file(maker.write());
  EXPECT_EQ(report.verdict(), Verdict::pass) << report.json();
  EXPECT_EQ(report.signatures.checked, 3U);
  EXPECT_EQ(report.signatures.valid, 3U);
}

TEST(verify_journal, a_change_of_stored_bytes_is_told_where_it_is) {
  RecordProperty("proves", "TSS-010");
  Maker maker;
  maker.good_day();
  const auto told = [&](const Rules& rules, const std::string& damage) {
    const Report report = verify_file(maker.write(damage));
    for (const std::string& rule : rules) {
      EXPECT_TRUE(rules_of(report).contains(rule)) << rule << damage << report.json();
    }
    EXPECT_EQ(report.verdict(), Verdict::fail);
  };
  told({"JRN-0101"},
       "UPDATE entry SET payload=CAST(CAST(payload AS TEXT)||' ' AS BLOB) WHERE sequence=4");
  told({"JRN-0101"}, "UPDATE entry SET hash=zeroblob(32) WHERE sequence=9");
  told({"JRN-0101"}, "UPDATE entry SET hash=zeroblob(3) WHERE sequence=5");
  told({"JRN-0101", "JRN-0103"},
       "UPDATE entry SET header=CAST(CAST(header AS TEXT)||' ' AS BLOB) WHERE sequence=4");
  told({"JRN-0102", "JRN-0202"}, "DELETE FROM entry WHERE sequence=4");
  told({"JRN-0101"}, "UPDATE entry SET payload=NULL WHERE sequence=4");
  told({"JRN-0103"}, "UPDATE entry SET sequence=400 WHERE sequence=9");
}

TEST(verify_journal, removed_payloads_leave_the_chain_whole) {
  Maker maker;
  maker.good_day();
  const std::string payload_hash = hex(crypto::sha256(bytes_of(maker.entries[3].payload)));
  const Report report = verify_file(maker.write(fmt::format(
      "UPDATE entry SET payload=NULL, removed_payload_hash=x'{}' WHERE sequence=4", payload_hash)));
  EXPECT_EQ(rules_of(report), Rules{"JRN-0107"}) << report.json();
}

/// A journal whose chain is fine but whose story is not.
struct Fault {
  std::string_view rule;
  std::function<void(Maker&)> make;
};

std::function<void(Maker&)> planned(std::function<void(Plan&)> change) {
  return [change = std::move(change)](Maker& m) {
    Plan plan = m.plan();
    change(plan);
    m.add(entry_kind::seal, to_json(m.seal(m.add_plan(plan), plan)), "KASSE-1");
  };
}
std::function<void(Maker&)> sealed(std::function<void(Seal&)> change) {
  return [change = std::move(change)](Maker& m) {
    const Plan plan = m.plan();
    Seal seal = m.seal(m.add_plan(plan), plan);
    change(seal);
    m.add(entry_kind::seal, to_json(seal), "KASSE-1");
  };
}
Seal outage_seal(Maker& m, std::uint64_t outage, std::uint64_t receipt) {
  const Plan plan = m.plan();
  Seal seal;
  seal.plan_sequence = m.add_plan(plan);
  seal.outcome = Seal::Outcome::unsigned_outage;
  seal.tse_serial = m.serial();
  seal.outage_number = outage;
  seal.outage_receipt = receipt;
  seal.outage_since = Instant::from_unix(1767323045);
  seal.error_code = "E-TSE-104";
  seal.error_text = "x";
  m.add(entry_kind::seal, to_json(seal), "KASSE-1");
  return seal;
}
void begin_outage(Maker& m, std::uint64_t number) {
  m.add(entry_kind::outage_begin,
        to_json(OutageBegan{m.serial(), number, Instant::from_unix(1767323045), "E-TSE-104", "x"}));
}
void end_outage(Maker& m, std::uint64_t number, std::uint64_t receipts) {
  m.add(entry_kind::outage_end,
        to_json(OutageEnded{m.serial(), number, Instant::from_unix(1767323999), receipts}));
}

void note_outage(Maker& m, std::uint64_t number) {
  m.add(entry_kind::outage_note, to_json(OutageNote{m.serial(), number, "pulled", {"put back"}}));
}
/// An outage with a receipt whose record was changed later, and the chain made anew over it.
std::function<void(Maker&)> edited_outage(const std::function<void(OutageBegan&)>& edit) {
  return [edit](Maker& m) {
    begin_outage(m, 1);
    const std::size_t at = m.entries.size() - 1;
    outage_seal(m, 1, 1);
    end_outage(m, 1, 1);
    OutageBegan began = outage_began_from_json(m.entries[at].payload).value();
    edit(began);
    m.entries[at].payload = to_json(began);
  };
}

TEST(verify_journal, tells_each_fault_of_the_story) {
  RecordProperty("proves", "TSS-010");
  const std::vector<Fault> faults = {
      {"JRN-0104", [](Maker& m) { m.add(entry_kind::plan, "{}", "KASSE-1"); }},
      {"JRN-0105", [](Maker& m) { m.add("horoscope", "{}"); }},
      {"JRN-0201", [](Maker& m) { m.add_plan(m.plan()); }},
      {"JRN-0202", sealed([](Seal& s) { s.plan_sequence = 999; })},
      {"JRN-0203", [](Maker& m) { m.entries.push_back(m.entries.back()); }},
      {"JRN-0204", planned([](Plan& p) { p.number += 2; })},
      {"JRN-0205",
       [](Maker& m) {
         Plan plan = m.plan();
         plan.vorgang = VorgangId("v1");
         m.add(entry_kind::seal, to_json(m.seal(m.add_plan(plan), plan)), "KASSE-1");
       }},
      {"JRN-0206", planned([](Plan& p) { p.register_id = RegisterId::parse("KASSE-2").value(); })},
      {"JRN-0207", planned([](Plan& p) { p.reverses = "KASSE-1-000099"; })},
      {"JRN-0208", planned([](Plan& p) { p.receipt_number = "KASSE-1-000001"; })},
      {"JRN-0209",
       [](Maker& m) {
         LateSignature late;
         late.plan_sequence = 4;
         late.tse_serial = m.serial();
         m.add(entry_kind::late_signature, to_json(late), "KASSE-1");
       }},
      {"JRN-0210", planned([](Plan& p) { p.business_sequence = 2; })},
      {"JRN-0211", planned([](Plan& p) { p.tse_serial = std::string(64, 'a'); })},
      {"JRN-0301", planned([](Plan& p) { p.lines[0].total = Money::from_cents(359); })},
      {"JRN-0302", planned([](Plan& p) { p.lines[0].shares[0].gross = Money::from_cents(1); })},
      {"JRN-0303", planned([](Plan& p) { p.vat[0].gross = Money::from_cents(361); })},
      {"JRN-0304", planned([](Plan& p) { p.vat[0].net = Money::from_cents(1); })},
      {"JRN-0305", planned([](Plan& p) { p.total = Money::from_cents(359); })},
      {"JRN-0306", planned([](Plan& p) { p.change = Money::from_cents(139); })},
      {"JRN-0307",
       planned([](Plan& p) { p.process_data = "Beleg^3.60_0.00_0.00_0.00_0.00^3.60:Bar"; })},
      {"JRN-0308", planned([](Plan& p) { p.vat[0].rate = VatRate::from_hundredths(800); })},
      {"JRN-0309", planned([](Plan& p) { p.lines[0].factor = Quantity::from_raw(2000); })},
      {"JRN-0310",
       [](Maker& m) {
         Business business = business_from_json(m.entries[0].payload).value();
         business.rates = {{.base = {},
                            .currency = Currency::parse("CHF").value(),
                            .rate = UnitPrice::from_raw(109640),
                            .from = Date(2026, 1, 1)}};
         m.entries[0].payload = to_json(business);
         Plan plan = m.plan();
         plan.payments = {{PaymentKind::bar, Money::from_cents(395), Currency::parse("CHF").value(),
                           Money::from_cents(361), ""}};
         plan.change = Money::from_cents(1);
         plan.process_data = "Beleg^0.00_3.60_0.00_0.00_0.00^-0.01:Bar_3.95:Bar:CHF";
         m.add(entry_kind::seal, to_json(m.seal(m.add_plan(plan), plan)), "KASSE-1");
       }},
      {"JRN-0311",
       [](Maker& m) {
         Plan plan = m.plan();
         PlanLine taken_back = plan.lines[0];
         taken_back.cancelled = true;
         taken_back.quantity = -taken_back.quantity;
         taken_back.unit_price = -taken_back.unit_price;
         plan.lines.push_back(taken_back);
         m.add(entry_kind::seal, to_json(m.seal(m.add_plan(plan), plan)), "KASSE-1");
       }},
      {"JRN-0401", sealed([](Seal& s) { s.signature[7] ^= std::byte{1}; })},
      {"JRN-0402", sealed([](Seal& s) { s.tse_serial = std::string(64, 'b'); })},
      {"JRN-0403",
       [](Maker& m) {
         TseInfo info = tse_from_json(m.entries[1].payload).value();
         info.serial = std::string(64, 'c');
         m.add(entry_kind::tse, to_json(info));
       }},
      {"JRN-0404",
       [](Maker& m) {
         TseInfo info = tse_from_json(m.entries[1].payload).value();
         info.algorithm = "rot13";
         m.add(entry_kind::tse, to_json(info));
       }},
      {"JRN-0405", sealed([](Seal& s) { s.start_signature_counter = s.signature_counter; })},
      {"JRN-0408", sealed([](Seal& s) { s.start = Instant::from_unix(1800000000); })},
      {"JRN-0406",
       [](Maker& m) {
         m.counter = 0;
         m.sale();
       }},
      {"JRN-0501", [](Maker& m) { begin_outage(m, 2); }},
      {"JRN-0502", [](Maker& m) { end_outage(m, 1, 0); }},
      {"JRN-0503", [](Maker& m) { outage_seal(m, 1, 1); }},
      {"JRN-0504",
       [](Maker& m) {
         begin_outage(m, 1);
         outage_seal(m, 1, 2);
       }},
      {"JRN-0505",
       [](Maker& m) {
         begin_outage(m, 1);
         outage_seal(m, 1, 1);
         end_outage(m, 1, 7);
       }},
      {"JRN-0506", [](Maker& m) { begin_outage(m, 1); }},
      {"JRN-0507", edited_outage([](OutageBegan& began) { began.code = "E-TSE-406"; })},
      {"JRN-0507", edited_outage([](OutageBegan& began) { began.text = "another cause"; })},
      {"JRN-0507",
       edited_outage([](OutageBegan& began) { began.since = Instant::from_unix(1767323046); })},
      {"JRN-0508",
       [](Maker& m) {
         begin_outage(m, 1);
         note_outage(m, 2);
       }},
      {"JRN-0509",
       [](Maker& m) {
         m.add(entry_kind::started,
               to_json(VorgangStarted{.vorgang = VorgangId("v-9"),
                                      .register_id = RegisterId::parse("KASSE-1").value(),
                                      .tse_serial = m.serial(),
                                      .error_code = "E-TSE-104"}),
               "KASSE-1");
       }},
  };
  for (const Fault& fault : faults) {
    Maker maker;
    maker.good_day();
    fault.make(maker);
    const Report report = verify_file(maker.write());
    EXPECT_TRUE(rules_of(report).contains(std::string(fault.rule)))
        << fault.rule << " " << report.json();
  }
}

/// Whoever can make the chain anew over a journal without one record is contradicted by the others.
TEST(verify_journal, an_outage_record_left_out_is_told_though_the_chain_is_made_anew) {
  RecordProperty("proves", "TSS-010");
  const auto story = [](Maker& m) {
    m.good_day();
    const std::size_t first = m.entries.size();
    begin_outage(m, 1);
    outage_seal(m, 1, 1);
    outage_seal(m, 1, 2);
    end_outage(m, 1, 2);
    begin_outage(m, 2);
    outage_seal(m, 2, 3);
    end_outage(m, 2, 1);
    m.sale();
    return first;
  };
  const auto replaced = [](Maker& m, std::size_t index) {
    m.entries[index] = {std::string(entry_kind::profile), "", "", to_json(Profile{})};
  };
  Maker whole;
  const std::size_t first = story(whole);
  EXPECT_EQ(rules_of(verify_file(whole.write())), Rules{});
  std::size_t tried = 0;
  for (std::size_t i = first; i < whole.entries.size() - 2; ++i) {
    SCOPED_TRACE(fmt::format("entry {} {}", i + 1, whole.entries[i].kind));
    Maker maker;
    story(maker);
    // A receipt is left out with its plan.
    if (maker.entries[i].kind == entry_kind::plan) continue;
    if (maker.entries[i].kind == entry_kind::seal) replaced(maker, i - 1);
    const bool last = i == whole.entries.size() - 3;
    replaced(maker, i);
    const Report report = verify_file(maker.write());
    // Without its end the last outage goes on: a warning, as if it did.
    EXPECT_EQ(report.verdict() == Verdict::fail, !last) << report.json();
    EXPECT_NE(rules_of(report), Rules{});
    ++tried;
  }
  EXPECT_EQ(tried, 7U);
}

TEST(verify_journal, an_outage_with_a_late_signature_passes) {
  Maker maker;
  maker.good_day();
  begin_outage(maker, 1);
  const Seal lost = outage_seal(maker, 1, 1);
  end_outage(maker, 1, 1);
  note_outage(maker, 1);
  const Plan plan = plan_from_json(maker.entries[lost.plan_sequence - 1].payload).value();
  const Seal found = maker.seal(lost.plan_sequence, plan);
  LateSignature late;
  late.plan_sequence = lost.plan_sequence;
  late.tse_serial = found.tse_serial;
  late.transaction = found.transaction;
  late.start = found.start;
  late.start_signature_counter = found.start_signature_counter;
  late.start_signature = found.start_signature;
  late.end = found.end;
  late.signature_counter = found.signature_counter;
  late.signature = found.signature;
  maker.add(entry_kind::late_signature, to_json(late), "KASSE-1");
  const Report report = verify_file(maker.write());
  EXPECT_EQ(report.verdict(), Verdict::pass) << report.json();
  EXPECT_EQ(report.signatures.valid, 4U);
}

TEST(verify_journal, compares_with_its_witness) {
  Maker maker;
  maker.good_day();
  const fs::path journal = maker.write();
  const fs::path witness = maker.folder / "witness.json";
  const auto rules = [&](const std::string& content) {
    EXPECT_TRUE(write_file(witness, bytes_of(content)).ok());
    return rules_of(verify_file(journal, {.witness = witness, .logs = {}, .progress = {}}));
  };
  const auto text = [&](const std::string& first, const std::string& head, int sequence,
                        const std::string& counters) {
    return fmt::format(
        R"({{"counters":{{{}}},"hash":"{}","journal":"{}","sequence":{},"version":1}})", counters,
        head, first, sequence);
  };
  const std::string first = hex(maker.first_hash);
  const std::string head = hex(maker.hash);
  const std::string other(64, '0');
  EXPECT_EQ(rules(text(first, head, 9, "")), Rules{});
  EXPECT_EQ(rules(text(first, head, 10, "")), Rules{"JRN-0601"});
  EXPECT_EQ(rules(text(first, other, 9, "")), Rules{"JRN-0602"});
  EXPECT_EQ(rules(text(other, head, 9, "")), Rules{"JRN-0603"});
  EXPECT_EQ(rules("no witness"), Rules{"JRN-0604"});
  EXPECT_EQ(rules(text(first, head, 9, "\"outage:" + maker.serial() + "\":1")), Rules{"JRN-0605"});
}

/// An archive with the message made last.
Bytes archive_of(const Maker& maker, const Bytes& message) {
  Bytes content = message;
  format::DerWriter(content).octets(
      maker.tse_key.sign_ecdsa(crypto::HashAlgorithm::sha256, message).value());
  Bytes file;
  format::DerWriter(file).element(format::der_tag::sequence, content);
  MemorySink sink;
  format::TarWriter writer(sink);
  EXPECT_TRUE(writer.add("message.log", file, 0).ok());
  EXPECT_TRUE(writer.finish().ok());
  return sink.take();
}

TEST(verify_journal, compares_with_the_log_of_the_tse_both_ways) {
  Maker maker;
  maker.good_day();
  const Plan lost = maker.plan();
  const std::uint64_t lost_entry = maker.add_plan(lost);
  const fs::path journal = maker.write();
  const auto rules = [&](const Bytes& tar) {
    Options options;
    options.logs.push_back({.path = {}, .bytes = tar});
    return rules_of(verify_file(journal, options));
  };
  // The plan without seal explains a finish of the same content.
  maker.seal(lost_entry, lost);
  EXPECT_EQ(rules(archive_of(maker, maker.last_message)),
            (Rules{"JRN-0201", "JRN-0704", "JRN-0705"}));
  Plan unknown = lost;
  unknown.process_data = "Beleg^9.00_0.00_0.00_0.00_0.00^9.00:Bar";
  maker.seal(lost_entry, unknown);
  EXPECT_EQ(rules(archive_of(maker, maker.last_message)),
            (Rules{"JRN-0201", "JRN-0703", "JRN-0705"}));
  // The counter of a receipt, another content.
  maker.counter = 0;
  maker.seal(lost_entry, unknown);
  EXPECT_TRUE(rules(archive_of(maker, maker.last_message)).contains("JRN-0702"));
}

TEST(verify_journal, what_is_no_journal_is_a_clear_error) {
  Maker maker;
  maker.good_day();
  EXPECT_EQ(verify_journal(maker.folder / "missing.db", {}).error().code, "E-VER-001");
  EXPECT_TRUE(write_file(maker.folder / "text.db", bytes_of(std::string(5000, 'x'))).ok());
  EXPECT_EQ(verify_journal(maker.folder / "text.db", {}).error().code, "E-VER-005");
  EXPECT_EQ(verify_journal(maker.write("PRAGMA application_id=7"), {}).error().code, "E-VER-005");
  EXPECT_EQ(verify_journal(maker.write("PRAGMA user_version=2"), {}).error().code, "E-VER-006");
}

/// What the three sales of a good day make.
Closing closing_of_good_day(const Maker& maker) {
  Closing z;
  z.register_id = RegisterId::parse("KASSE-1").value();
  z.number = 1;
  z.at = LocalStamp::parse("2026-01-02T22:00:00+01:00").value();
  z.receipts = 3;
  z.first_number = 1;
  z.last_number = 3;
  z.first_sequence = 4;
  z.tses = {maker.serial()};
  z.turnover = Money::from_cents(1080);
  z.cases = {{GvTyp::umsatz, "", 0, VatKey(2), VatRate::from_hundredths(700),
              Money::from_cents(1080), Money::from_cents(1009), Money::from_cents(71)}};
  z.payments = {{PaymentKind::bar, "", Money::from_cents(1080)}};
  z.cash = {{Currency::eur(), Money::from_cents(1080)}};
  z.drawer = z.cash;
  z.counted = {{Currency::eur(), Money::from_cents(1000), {}}};
  z.difference = Money::from_cents(-80);
  return z;
}

Rules closed_with(const std::function<void(Closing&)>& change) {
  Maker maker;
  maker.good_day();
  Closing z = closing_of_good_day(maker);
  change(z);
  maker.add(entry_kind::closing, to_json(z), "KASSE-1", "z");
  const auto report = verify_journal(maker.write(), {});
  EXPECT_TRUE(report.ok());
  Rules found;
  for (const Finding& finding : report->findings()) found.insert(finding.rule);
  return found;
}

TEST(Closings, AreRebuiltFromTheirReceipts) {
  EXPECT_EQ(closed_with([](Closing&) {}), Rules{});
  const std::vector<std::pair<std::string, std::function<void(Closing&)>>> faults = {
      {"JRN-0813", [](Closing& z) { z.number = 2; }},
      {"JRN-0901", [](Closing& z) { z.previous = 3; }},
      {"JRN-0902", [](Closing& z) { z.receipts = 2; }},
      {"JRN-0902", [](Closing& z) { z.first_number = 2; }},
      {"JRN-0902", [](Closing& z) { z.last_number = 4; }},
      {"JRN-0902", [](Closing& z) { z.first_sequence = 5; }},
      {"JRN-0902", [](Closing& z) { z.tses.clear(); }},
      {"JRN-0903", [](Closing& z) { z.turnover = Money(); }},
      {"JRN-0903", [](Closing& z) { z.cases[0].agency = 1; }},
      {"JRN-0903", [](Closing& z) { z.cases.clear(); }},
      {"JRN-0904", [](Closing& z) { z.payments[0].value = Money::from_cents(1); }},
      {"JRN-0904", [](Closing& z) { z.payments.clear(); }},
      {"JRN-0904", [](Closing& z) { z.cash[0].amount = Money::from_cents(1); }},
      {"JRN-0904", [](Closing& z) { z.cash.clear(); }},
      {"JRN-0905",
       [](Closing& z) {
         z.cases[0].net = Money::from_cents(1010);  // the sum of rounded nets
         z.cases[0].tax = Money::from_cents(70);
       }},
      {"JRN-0906", [](Closing& z) { z.difference = Money(); }},
      {"JRN-0906",
       [](Closing& z) {
         z.drawer[0].amount = Money::from_cents(1070);
         z.difference = Money::from_cents(-70);
       }},
  };
  for (const auto& [rule, change] : faults) EXPECT_EQ(closed_with(change), Rules{rule}) << rule;
}

TEST(Closings, AreMadeWhenEverythingIsFinished) {
  Maker maker;
  maker.good_day();
  Closing z = closing_of_good_day(maker);
  const Plan open = maker.plan();
  const std::uint64_t plan = maker.add_plan(open);
  maker.add(entry_kind::closing, to_json(z), "KASSE-1", "z");
  maker.add(entry_kind::seal, to_json(maker.seal(plan, open)), "KASSE-1");
  const auto report = verify_journal(maker.write(), {});
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->count("JRN-0907"), 1U);
}

}  // namespace
}  // namespace siegel::verify::journal
