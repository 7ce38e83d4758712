#include "journal/chain.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <string>
#include <vector>

#include "base/file.h"
#include "journal/memory/memory.h"
#include "journal/witness.h"

namespace siegel::journal {
namespace {

Draft worked_example() {
  Draft draft;
  draft.kind = "plan";
  draft.at = Instant::from_unix_ms(1'795'196'537'000);
  draft.register_id = "KASSE-01";
  draft.actor = "till";
  Key key;
  key.text = "order-4711";
  key.fingerprint.fill(std::byte{0xab});
  draft.key = key;
  draft.payload = R"({"total":"3.60"})";
  return draft;
}

TEST(Chain, ComputesTheWorkedExampleOfItsPage) {
  const Entry entry = make_entry({}, worked_example());
  const auto page = read_file(std::string(SIEGEL_SOURCE_DIR) + "/docs/formats/journal.md", 1 << 20);
  ASSERT_TRUE(page.ok());
  const std::string_view text = text_of(*page);
  const auto says = [&](std::string_view what) {
    return text.find(what) != std::string_view::npos;
  };
  EXPECT_TRUE(says("\n" + entry.header + "\n")) << entry.header;
  EXPECT_TRUE(says(hex(entry.payload_hash))) << hex(entry.payload_hash);
  EXPECT_TRUE(says(hex(entry.hash))) << hex(entry.hash);
  Draft second = worked_example();
  second.kind = "seal";
  second.key.reset();
  second.register_id = "";
  second.payload = R"({"plan_sequence":1})";
  const Entry next = make_entry({entry.sequence, entry.hash}, second);
  EXPECT_TRUE(says("\n" + next.header + "\n")) << next.header;
  EXPECT_TRUE(says(hex(next.hash))) << hex(next.hash);
}

std::string any_text(std::size_t bytes_min) {
  // Letters, quotes, control characters and two-byte letters.
  const auto letters = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 300));
  std::string out;
  for (const int letter : letters) {
    if (out.size() + 2 > name_bytes_max) break;
    if (letter < 0x80) {
      out += static_cast<char>(letter);
    } else {
      out += static_cast<char>(0xc0 | (letter >> 6));
      out += static_cast<char>(0x80 | (letter & 0x3f));
    }
  }
  if (out.size() < bytes_min) out = "x";
  return out;
}

TEST(Chain, HeadersReadBackAsTheyWereWritten) {
  EXPECT_TRUE(rc::check([] {
    Draft draft = worked_example();
    draft.version = *rc::gen::inRange<std::uint16_t>(1, 65535);
    draft.at = Instant::from_unix_ms(*rc::gen::inRange<std::int64_t>(0, 253'402'300'800'000));
    draft.register_id = any_text(0);
    draft.actor = any_text(0);
    draft.key->text = any_text(1);
    if (*rc::gen::arbitrary<bool>()) draft.key.reset();
    RC_ASSERT(check_draft(draft).ok());
    const Sequence sequence(*rc::gen::arbitrary<std::uint64_t>());
    const std::string bytes = encode_header(sequence, draft);
    const auto header = decode_header(bytes);
    RC_ASSERT(header.ok());
    RC_ASSERT(header->sequence == sequence && header->kind == draft.kind &&
              header->version == draft.version && header->at == draft.at &&
              header->register_id == draft.register_id && header->actor == draft.actor &&
              header->key == draft.key);
  }));
}

TEST(Chain, NoOtherFormOfAHeaderIsRead) {
  const std::string good = encode_header(Sequence(17), worked_example());
  ASSERT_TRUE(decode_header(good).ok());
  const auto replaced = [&](std::string_view from, std::string_view to) {
    std::string text = good;
    const auto at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return text.replace(at, from.size(), to);
  };
  const std::vector<std::string> bad = {
      "",
      "{}",
      good + " ",
      " " + good,
      replaced("\"sequence\":17", "\"sequence\":017"),
      replaced("\"sequence\":17", "\"sequence\":-17"),
      replaced("\"sequence\":17", "\"sequence\":17.0"),
      replaced("\"sequence\":17", "\"sequence\":99999999999999999999"),
      replaced("\"version\":1", "\"version\":0"),
      replaced("\"version\":1", "\"version\":70000"),
      replaced("\"kind\":\"plan\"", "\"kind\":\"Plan\""),
      replaced("\"actor\":\"till\"", "\"actor\":\"t\\u0069ll\""),
      replaced("\"actor\":\"till\"", "\"actor\":\"t\\/ll\""),
      replaced("\"actor\":\"till\"", "\"actor\":\"\xff\""),
      replaced("\"actor\":\"till\"", "\"actor\":\"a\nb\""),
      replaced("abab", "ABAB"),
      replaced("\"key\":\"order-4711\"", "\"key\":\"\""),
      replaced("\"register\":", "\"extra\":1,\"register\":"),
  };
  for (const std::string& bytes : bad) {
    const auto header = decode_header(bytes);
    ASSERT_FALSE(header.ok()) << bytes;
    EXPECT_EQ(header.error().code, "E-JRN-101");
    EXPECT_EQ(header.error().kind, ErrorKind::corrupt);
  }
}

TEST(Chain, EveryBitOfAnEntryCounts) {
  const Entry first = make_entry({}, worked_example());
  const Entry entry = make_entry({first.sequence, first.hash}, worked_example());
  const auto opens = [&](const Entry& changed) {
    StoredEntry stored;
    stored.sequence = changed.sequence;
    stored.header = changed.header;
    stored.payload = changed.payload;
    stored.hash = changed.hash;
    return open_entry({first.sequence, first.hash}, stored).ok();
  };
  ASSERT_TRUE(opens(entry));
  const auto flip_all = [&](auto member) {
    const std::size_t size = (entry.*member).size();
    for (std::size_t i = 0; i < size * 8; ++i) {
      Entry changed = entry;
      auto& byte = (changed.*member)[i / 8];
      byte = static_cast<std::decay_t<decltype(byte)>>(static_cast<unsigned char>(byte) ^
                                                       (1U << (i % 8)));
      EXPECT_FALSE(opens(changed)) << i;
    }
  };
  flip_all(&Entry::header);
  flip_all(&Entry::payload);
  flip_all(&Entry::hash);
}

class WitnessTest : public ::testing::Test {
 protected:
  void SetUp() override {
    journal = std::move(memory::open(store)).value();
    grow(3);
  }
  void grow(int count) {
    for (int i = 0; i < count; ++i) {
      const std::vector<Draft> drafts = {worked_example()};
      ASSERT_TRUE(journal->append(Sequence(journal->head().sequence.get() + 1), drafts).ok());
    }
  }
  Witness witness() {
    auto reader = journal->reader();
    return make_witness(**reader).value().value();
  }
  std::string code(const Witness& seen) {
    auto reader = journal->reader();
    const auto status = check_witness(seen, **reader);
    return status.ok() ? "" : status.error().code;
  }
  memory::Store store;
  std::unique_ptr<Journal> journal;
};

TEST_F(WitnessTest, AJournalThatGrewSinceIsFine) {
  const Witness seen = witness();
  EXPECT_EQ(code(seen), "");
  grow(5);
  EXPECT_EQ(code(seen), "");
}

TEST_F(WitnessTest, AJournalOlderThanItsWitnessIsRefused) {
  const Witness seen = witness();
  store.truncate(2);
  journal = std::move(memory::open(store)).value();
  EXPECT_EQ(code(seen), "E-JRN-301");
  store.truncate(0);
  journal = std::move(memory::open(store)).value();
  EXPECT_EQ(code(seen), "E-JRN-301");
}

TEST_F(WitnessTest, AJournalThatWentAnotherWayOrIsAnotherIsRefused) {
  Witness seen = witness();
  seen.head.hash[5] ^= std::byte{1};
  EXPECT_EQ(code(seen), "E-JRN-301");
  seen = witness();
  seen.journal[5] ^= std::byte{1};
  EXPECT_EQ(code(seen), "E-JRN-301");
}

TEST_F(WitnessTest, TheFileKeepsEverythingAndGarbageIsRefused) {
  const auto path = std::filesystem::path(::testing::TempDir()) / "siegel-witness.json";
  std::filesystem::remove(path);
  const WitnessFile file(path);
  EXPECT_FALSE(file.read().value().has_value());
  Witness seen = witness();
  seen.counters["outage:ab12"] = 7;
  ASSERT_TRUE(file.write(seen).ok());
  EXPECT_EQ(file.read().value(), seen);
  const std::string text(text_of(read_file(path, 10000).value()));
  const std::vector<std::string> bad = {
      "",
      "{}",
      "[1]",
      text.substr(0, text.size() / 2),
      std::string(100'000, ' ') + text,
      std::string(text).replace(text.find("\"hash\""), 6, "\"hush\"")};
  for (const std::string& content : bad) {
    ASSERT_TRUE(write_file(path, bytes_of(content)).ok());
    EXPECT_EQ(file.read().error().code, "E-JRN-303") << content.substr(0, 80);
  }
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace siegel::journal
