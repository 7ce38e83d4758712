// What a dishonest hand, or a careless one, does to a data folder: each act is done to a real one,
// and what the program says of it is looked at. docs/how-to/copies.md is the table of it.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <functional>
#include <set>

#include "crypto/hash.h"
#include "sqlite/sqlite.h"
#include "system/shop.h"

namespace siegel::system_test {
namespace {

namespace fs = std::filesystem;

/// Somebody with an editor for databases, who has read our documents.
class Forger {
 public:
  struct Row {
    std::int64_t sequence = 0;
    std::string header;
    std::string payload;
    std::string hash;
  };

  explicit Forger(fs::path folder) : m_folder(std::move(folder)) {
    auto database = open();
    auto select = database.prepare("SELECT sequence, header, payload, hash FROM entry ORDER BY 1");
    SIEGEL_CHECK(select.ok());
    while (true) {
      const auto more = select->step();
      SIEGEL_CHECK(more.ok());
      if (!*more) return;
      rows.push_back({select->integer(0), std::string(text_of(select->blob(1))),
                      std::string(text_of(select->blob(2))),
                      std::string(text_of(select->blob(3)))});
    }
  }

  /// The payload of the `nth` entry of this kind, from 1.
  Row& entry(std::string_view kind, int nth = 1) {
    for (Row& row : rows)
      if (kind_of(row) == kind && --nth == 0) return row;
    ADD_FAILURE() << "no entry " << kind;
    return rows.front();
  }
  static void change(Row& row, const std::function<void(json::Object&)>& how) {
    auto payload = json::parse(row.payload);
    SIEGEL_CHECK(payload.ok() && payload->object() != nullptr);
    how(*payload->object());
    row.payload = json::canonical(*payload);
  }
  /// Plan and seal of the `nth` receipt are gone as if they had never been: what comes later moves
  /// up, with its numbers.
  void erase_receipt(int nth) {
    const std::int64_t plan = entry("plan", nth).sequence;
    std::erase_if(rows, [&](const Row& row) {
      if (row.sequence == plan) return true;
      const auto payload = json::parse(row.payload);
      return kind_of(row) == "seal" && number_at(*payload, "plan_sequence") == plan;
    });
    std::map<std::int64_t, std::int64_t> moved;
    for (std::size_t i = 0; i < rows.size(); ++i)
      moved[rows[i].sequence] = static_cast<std::int64_t>(i) + 1;
    for (Row& row : rows) {
      change(row, [&](json::Object& payload) {
        if (const json::Value* of = payload.find("plan_sequence"))
          payload.set("plan_sequence", moved.at(*of->integer()));
        if (kind_of(row) == "plan" && row.sequence > plan) {
          const std::int64_t number = *payload.find("number")->integer() - 1;
          std::string name = *payload.find("receipt_number")->string();
          const std::string digits = fmt::format("{:06}", number + 1);
          const auto at = name.rfind(digits);
          SIEGEL_CHECK(at != std::string::npos);
          name.replace(at, digits.size(), fmt::format("{:06}", number));
          payload.set("number", number);
          payload.set("receipt_number", name);
        }
      });
      row.sequence = moved.at(row.sequence);
      auto header = json::parse(row.header);
      header->object()->set("sequence", row.sequence);
      row.header = json::canonical(*header);
    }
  }
  /// All hashes anew.
  void rechain() {
    Hash256 before{};
    for (Row& row : rows) {
      const Hash256 payload = crypto::sha256(bytes_of(row.payload));
      before = crypto::sha256({BytesView(before), bytes_of(row.header), BytesView(payload)});
      row.hash = std::string(text_of(before));
    }
  }
  /// Into the file; what is derived from it goes.
  void store() const {
    auto database = open();
    const auto run = [&](const std::string& sql) {
      const Status done = database.execute(sql);
      SIEGEL_CHECK(done.ok());
    };
    run("BEGIN");
    run("DELETE FROM entry");
    auto insert = database.prepare(
        "INSERT INTO entry(sequence, header, payload, hash) VALUES (?1, ?2, ?3, ?4)");
    SIEGEL_CHECK(insert.ok());
    for (const Row& row : rows) {
      insert->bind(1, row.sequence);
      insert->bind_blob(2, bytes_of(row.header));
      insert->bind_blob(3, bytes_of(row.payload));
      insert->bind_blob(4, bytes_of(row.hash));
      const Status done = insert->run();
      SIEGEL_CHECK(done.ok());
    }
    run("COMMIT");
    forget_derived(m_folder);
  }
  static void forget_derived(const fs::path& folder) {
    for (const char* name : {"snapshot.json", "index.db", "index.db-wal", "index.db-shm"})
      fs::remove_all(folder / name);
  }

  std::vector<Row> rows;

 private:
  [[nodiscard]] sqlite::Database open() const {
    auto database = sqlite::Database::open({.path = m_folder / "journal.db"});
    SIEGEL_CHECK(database.ok());
    return std::move(*database);
  }
  static std::string kind_of(const Row& row) {
    const auto header = json::parse(row.header);
    return text_at(*header, "kind");
  }
  fs::path m_folder;
};

class HostileActs : public ::testing::Test {
 protected:
  static void sell(const TestShop& shop, int count = 1) {
    for (int i = 0; i < count; ++i) {
      const Ended sold = shop.sell(one_line_document("Brezel", "1.80"));
      ASSERT_EQ(sold.exit_code, 0) << sold.text();
    }
  }
  /// The violations `siegel verify` names, as "JRN-0101 JRN-0602".
  static std::set<std::string> found(const Ended& verified) {
    std::set<std::string> rules;
    const json::Value verdict = verified.document();
    for (const json::Value& finding : list_at(verdict, "findings"))
      if (text_at(finding, "severity") == "violation") rules.insert(text_at(finding, "rule"));
    EXPECT_EQ(verified.exit_code, rules.empty() ? 0 : 3) << verified.text();
    return rules;
  }
  static std::set<std::string> verify(const TestShop& shop, std::vector<std::string> more = {}) {
    std::vector<std::string> arguments{"verify", shop.folder().string(), "--json"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return found(siegel(arguments));
  }
  static std::set<std::string> verify_with_witness(const TestShop& shop) {
    return verify(shop, {"--witness", shop.witness().string()});
  }
  /// The head as a Z slip shows it: sequence and 16 digits.
  static std::string head(const TestShop& shop) {
    const json::Array entries = shop.entries();
    return fmt::format("J {} {}", number_at(entries.back(), "sequence"),
                       text_at(entries.back(), "hash").substr(0, 16));
  }
  static std::string archive(const TestShop& shop) {
    const Ended exported = shop.siegel_json({"export", "tar", "--out", shop.archive().string()});
    EXPECT_EQ(exported.exit_code, 0) << exported.text();
    return shop.archive().string();
  }
  static void expect_refused(const Ended& ended, const std::string& code) {
    EXPECT_NE(ended.exit_code, 0) << ended.text();
    EXPECT_EQ(ended.code(), code) << ended.text();
  }
  /// The whole TSE, as if it were a stick in that machine: both copies use the same.
  static void share_tse(const fs::path& from, const fs::path& to) {
    fs::remove_all(to / "tse");
    fs::create_directory_symlink(from / "tse", to / "tse");
  }
  using Rules = std::set<std::string>;
};

TEST_F(HostileActs, AFailureRecordIsEdited) {
  RecordProperty("proves", "TSS-010");
  const TestShop shop;
  sell(shop);
  const fs::path store = shop.folder() / "tse" / "tse-1" / "tse.db";
  fs::rename(store, store.string() + ".pulled");
  sell(shop, 2);
  fs::rename(store.string() + ".pulled", store);
  sell(shop);
  const std::string slip = head(shop);
  ASSERT_EQ(verify_with_witness(shop), Rules{});
  ASSERT_EQ(verify(shop, {"--head", slip}), Rules{});

  const auto embellish = [](std::string_view member) {
    return [member](json::Object& payload) { payload.set(member, "the stick was cleaned"); };
  };
  Forger forger(shop.folder());
  Forger::change(forger.entry("outage_begin"), embellish("text"));
  forger.store();
  EXPECT_EQ(verify(shop), (Rules{"JRN-0101", "JRN-0507"})) << "the receipts tell it otherwise";
  // Also on the receipts.
  Forger::change(forger.entry("seal", 2), embellish("error_text"));
  Forger::change(forger.entry("seal", 3), embellish("error_text"));
  forger.store();
  EXPECT_EQ(verify(shop), Rules{"JRN-0101"});

  // With all hashes made anew the chain alone cannot know; the witness and the slip do.
  forger.rechain();
  forger.store();
  EXPECT_EQ(verify(shop), Rules{});
  EXPECT_EQ(verify_with_witness(shop), Rules{"JRN-0602"});
  EXPECT_EQ(verify(shop, {"--head", slip}), Rules{"JRN-0607"});
  expect_refused(shop.sell(one_line_document("Brezel", "1.80")), "E-JRN-301");
}

TEST_F(HostileActs, AReceiptIsDeleted) {
  const TestShop shop;
  sell(shop, 4);
  const std::string slip = head(shop);
  const std::string tar = archive(shop);
  ASSERT_EQ(verify(shop, {"--tar", tar}), Rules{});

  Forger plain(shop.folder());
  std::erase_if(plain.rows, [&, gone = plain.entry("plan", 2).sequence](const Forger::Row& row) {
    return row.sequence == gone || row.sequence == gone + 1;
  });
  const Forger whole(shop.folder());
  plain.store();
  EXPECT_TRUE(verify(shop).contains("JRN-0102"));
  EXPECT_TRUE(verify(shop).contains("JRN-0204")) << "the numbers of the register have a gap";

  // The same without a trace in the chain: numbers and references moved up, hashes made anew.
  whole.store();
  ASSERT_EQ(verify_with_witness(shop), Rules{});
  Forger careful(shop.folder());
  careful.erase_receipt(2);
  careful.rechain();
  careful.store();
  EXPECT_EQ(verify(shop), Rules{});
  EXPECT_EQ(verify_with_witness(shop), Rules{"JRN-0601"});
  EXPECT_EQ(verify(shop, {"--head", slip}), Rules{"JRN-0606"});
  EXPECT_EQ(verify(shop, {"--tar", tar}), Rules{"JRN-0703"}) << "the TSE has signed it";
  expect_refused(shop.sell(one_line_document("Brezel", "1.80")), "E-JRN-301");
}

TEST_F(HostileActs, TheTailOfTheJournalIsCut) {
  const TestShop shop;
  sell(shop, 4);
  const std::string slip = head(shop);
  const std::string tar = archive(shop);
  Forger forger(shop.folder());
  const std::int64_t cut = forger.entry("plan", 3).sequence;
  std::erase_if(forger.rows, [&](const Forger::Row& row) { return row.sequence >= cut; });
  forger.store();
  EXPECT_EQ(verify(shop), Rules{}) << "the end of a chain cannot show that it is missing";
  EXPECT_EQ(verify_with_witness(shop), Rules{"JRN-0601"});
  EXPECT_EQ(verify(shop, {"--head", slip}), Rules{"JRN-0606"});
  EXPECT_EQ(verify(shop, {"--tar", tar}), Rules{"JRN-0703"});
  expect_refused(shop.sell(one_line_document("Brezel", "1.80")), "E-JRN-301");
  expect_refused(shop.siegel_json({"journal", "take-over"}), "E-JRN-313");
  const std::string id = text_at(shop.entries().front(), "hash").substr(0, 8);
  expect_refused(shop.siegel_json({"journal", "take-over", "--confirm", id}), "E-JRN-301");

  // The witness is destroyed, too: the TSE still knows.
  fs::remove(shop.witness());
  expect_refused(shop.sell(one_line_document("Brezel", "1.80")), "E-JRN-314");
  const Ended warned = shop.siegel_json({"journal", "verify"});
  EXPECT_NE(warned.out.find("JRN-0608"), std::string::npos) << warned.text();
}

TEST_F(HostileActs, TheFileIsRestoredFromYesterday) {
  const TestShop shop;
  sell(shop, 2);
  const fs::path yesterday = shop.around() / "yesterday";
  fs::copy(shop.folder(), yesterday, fs::copy_options::recursive);
  sell(shop, 2);
  const std::string slip = head(shop);
  const std::string tar = archive(shop);

  // The whole folder but the TSE, which is a device of its own.
  for (const auto& item : fs::directory_iterator(shop.folder()))
    if (item.path().filename() != "tse") fs::remove_all(item.path());
  for (const auto& item : fs::directory_iterator(yesterday))
    if (item.path().filename() != "tse")
      fs::copy(item.path(), shop.folder() / item.path().filename(), fs::copy_options::recursive);
  expect_refused(shop.sell(one_line_document("Brezel", "1.80")), "E-JRN-301");
  EXPECT_TRUE(verify_with_witness(shop).contains("JRN-0601"));
  EXPECT_TRUE(verify_with_witness(shop).contains("JRN-0609"));
  EXPECT_EQ(verify(shop, {"--head", slip}), Rules{"JRN-0606"});
  EXPECT_EQ(verify(shop, {"--tar", tar}), Rules{"JRN-0703"});

  // The disk with the newer journal and its witness burnt down: a person decides, and the trace
  // stays.
  fs::remove(shop.witness());
  expect_refused(shop.sell(one_line_document("Brezel", "1.80")), "E-JRN-314");
  const std::string id = text_at(shop.entries().front(), "hash").substr(0, 8);
  const Ended decided = shop.siegel_json({"journal", "take-over", "--confirm", id});
  ASSERT_EQ(decided.exit_code, 0) << decided.text();
  sell(shop, 2);
  EXPECT_EQ(verify_with_witness(shop), Rules{});
  EXPECT_EQ(verify(shop, {"--tar", archive(shop)}), Rules{"JRN-0703"});
}

TEST_F(HostileActs, TheTseIsSwappedForAnother) {
  const TestShop shop;
  const TestShop other;  // a copy of the same model: its TSE is the same
  const TestShop stranger{TestShop::Initialised()};
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"tse", "create"},
        std::vector<std::string>{"register", "add", "KASSE-01"}}) {
    const Ended made = stranger.siegel(arguments);
    ASSERT_EQ(made.exit_code, 0) << made.text();
  }
  sell(shop);
  sell(stranger, 3);
  for (const char* part : {"tse", "vault"}) {
    fs::remove_all(shop.folder() / part);
    fs::copy(stranger.folder() / part, shop.folder() / part, fs::copy_options::recursive);
  }
  const Ended sold = shop.sell(one_line_document("Brezel", "1.80"));
  EXPECT_EQ(sold.exit_code, 0) << "a sale is never stopped by a device: " << sold.text();
  EXPECT_NE(sold.out.find("unsigned_outage"), std::string::npos) << sold.text();
  const Ended outages = shop.siegel_json({"outages", "list"});
  EXPECT_NE(outages.out.find("E-JRN-315"), std::string::npos)
      << "the failure log says that it is another one: " << outages.text();
  EXPECT_EQ(verify_with_witness(shop), Rules{}) << "no receipt claims what it did not sign";
  EXPECT_TRUE(verify(shop, {"--tar", archive(stranger)}).contains("JRN-0706"));
}

TEST_F(HostileActs, ACloneIsStartedBesideTheOriginalWithTheSameWitness) {
  const TestShop shop;
  sell(shop);
  const fs::path clone = shop.around() / "clone";
  fs::copy(shop.folder(), clone, fs::copy_options::recursive);
  const auto at = [](const fs::path& folder, std::vector<std::string> arguments,
                     std::string input = {}) {
    arguments.insert(arguments.end(), {"--json", "--data", folder.string()});
    return siegel(arguments, std::move(input));
  };
  const auto sale = [&](const fs::path& folder) {
    return at(folder, {"sale", "--register", "KASSE-01"}, one_line_document("Brezel", "1.80"));
  };
  // Nobody has sold since, so both journals are the same: only the mark tells them apart.
  const Ended touched = at(clone, {"tse", "selftest"});
  ASSERT_EQ(touched.exit_code, 0) << touched.text();
  expect_refused(sale(shop.folder()), "E-JRN-311");
  EXPECT_TRUE(verify_with_witness(shop).contains("JRN-0609"));
  // The clone goes on until a person says which of them it is.
  EXPECT_EQ(at(clone, {"tse", "selftest"}).exit_code, 0);
  const std::string id = text_at(shop.entries().front(), "hash").substr(0, 8);
  const Ended decided = shop.siegel_json({"journal", "take-over", "--confirm", id});
  ASSERT_EQ(decided.exit_code, 0) << decided.text();
  EXPECT_EQ(sale(shop.folder()).exit_code, 0);
  EXPECT_EQ(verify_with_witness(shop), Rules{});
  const Ended older = sale(clone);
  expect_refused(older, "E-JRN-301");
  EXPECT_NE(older.out.find(shop.folder().string()), std::string::npos)
      << "it says who went on: " << older.text();
  EXPECT_EQ(sale(shop.folder()).exit_code, 0);
}

TEST_F(HostileActs, ACloneSellsOnTheSameTseWithAWitnessOfItsOwn) {
  const TestShop shop;
  sell(shop);
  const fs::path clone = shop.around() / "clone";
  copy_shop(shop.folder(), clone);  // names another witness
  share_tse(shop.folder(), clone);
  const auto sale = [&](const fs::path& folder) {
    return siegel({"sale", "--register", "KASSE-01", "--json", "--data", folder.string()},
                  one_line_document("Brezel", "1.80"));
  };
  ASSERT_EQ(sale(clone).exit_code, 0);
  EXPECT_EQ(verify_with_witness(shop), Rules{}) << "nothing in this folder can know";
  const std::string tar = (shop.around() / "clone.tar").string();
  const Ended exported =
      siegel({"export", "tar", "--out", tar, "--data", clone.string(), "--json"});
  ASSERT_EQ(exported.exit_code, 0) << exported.text();
  EXPECT_EQ(verify(shop, {"--tar", tar}), Rules{"JRN-0703"});
  expect_refused(sale(shop.folder()), "E-JRN-314");
}

TEST_F(HostileActs, TheWitnessOfARunningShopIsMovedByAClone) {
  const TestShop shop;
  sell(shop);
  const fs::path clone = shop.around() / "clone";
  fs::copy(shop.folder(), clone, fs::copy_options::recursive);
  Process till(
      {.arguments = shop.arguments({"sale", "--register", "KASSE-01", "--lines"}), .input = {}});
  till.feed(one_line_document("Brezel", "1.80") + "\n");
  till.wait_for_lines(1);
  // The clone's journal ends before, but so does the witness: it is written when a shop is closed.
  const Ended touched = siegel({"tse", "selftest", "--data", clone.string()});
  const bool refused = touched.exit_code != 0;
  till.close_input();
  EXPECT_EQ(till.finish().exit_code, 0);
  const Ended next = shop.sell(one_line_document("Brezel", "1.80"));
  if (refused) {
    EXPECT_EQ(touched.code(), "E-JRN-311") << touched.text();
    EXPECT_EQ(next.exit_code, 0) << next.text();
  } else {
    expect_refused(next, "E-JRN-311");
    EXPECT_TRUE(verify_with_witness(shop).contains("JRN-0609"));
  }
}

TEST_F(HostileActs, AHeadThatIsMistypedIsRefused) {
  const TestShop shop;
  for (const char* text :
       {"4711", "J x 7d1f2a90", "0:7d1f2a90", "1:7d1f", "1:7D1F2A90", "1:7d1f2a90zz", ""})
    expect_refused(siegel({"verify", shop.folder().string(), "--json", "--head", text}),
                   "E-VER-021");
}

}  // namespace
}  // namespace siegel::system_test
