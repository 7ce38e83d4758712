#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <map>
#include <ostream>

#include "base/random.h"
#include "system/shop.h"

// Tills that ask the real program until they are told, whatever happens to it. For tests that kill
// it.

namespace siegel::system_test {

inline constexpr std::size_t fresh_a_round = 32;
inline constexpr std::size_t repeated_a_round = 6;

struct Request {
  std::string key;
  std::string register_id;
  std::string marker;  ///< text of its only line, nobody else's
  std::int64_t cents = 0;

  [[nodiscard]] std::string line() const {
    auto document =
        json::parse(one_line_document(marker, fmt::format("{}.{:02}", cents / 100, cents % 100)));
    document->object()->set("key", key);
    document->object()->set("register", register_id);
    return json::canonical(*document) + "\n";
  }
};

/// What the program said about a request that it has done.
struct Acknowledged {
  std::string receipt_number;
  std::string status;
  std::int64_t sequence = 0;
  std::int64_t transaction = 0;
  std::int64_t signature_counter = 0;

  friend bool operator==(const Acknowledged&, const Acknowledged&) = default;
  friend void PrintTo(const Acknowledged& it, std::ostream* to) {
    *to << fmt::format("{} {} entry {} transaction {} counter {}", it.receipt_number, it.status,
                       it.sequence, it.transaction, it.signature_counter);
  }
};

inline std::uint64_t chosen_seed() {
  if (const char* given = std::getenv("SIEGEL_SEED")) return std::strtoull(given, nullptr, 10);
  ByteArray<8> random{};
  system_random().fill(random);
  return load_be64(random);
}

/// The tills: they know what they asked for and what they were told, and ask again until told.
class Tills {
 public:
  Tills(const TestShop& shop, SeededRandom& random) : m_shop(shop), m_random(random) {}

  /// Starts the program with requests of all kinds and reads what it says until it ends; dies at
  /// call `kill_at` if that is not 0. Returns true if it was killed.
  bool round(std::uint64_t kill_at, std::size_t fresh) {
    std::vector<std::string> keys = m_unanswered;
    for (std::size_t i = 0; i < repeated_a_round && !m_acknowledged.empty(); ++i) {
      auto at = m_acknowledged.begin();
      std::advance(at, static_cast<std::ptrdiff_t>(m_random.below(m_acknowledged.size())));
      keys.push_back(at->first);
    }
    for (std::size_t i = 0; i < fresh; ++i) keys.push_back(new_request());
    for (std::size_t i = keys.size(); i > 1; --i) std::swap(keys[i - 1], keys[m_random.below(i)]);

    const std::size_t unanswered_before = m_unanswered.size();

    Process process(start(kill_at));
    for (const std::string& key : keys) process.feed(m_requests.at(key).line());
    const Ended ended = process.finish();
    read_answers(ended);
    std::erase_if(m_unanswered,
                  [&](const std::string& key) { return m_acknowledged.contains(key); });
    if (ended.signal == SIGKILL && kill_at != 0 && !ended.timed_out) {
      const bool some_answered = m_unanswered.size() < unanswered_before;
      if (some_answered && !m_unanswered.empty()) ++m_killed_between_answers;
      return true;
    }
    EXPECT_EQ(ended.exit_code, 0) << ended.text();
    EXPECT_TRUE(m_unanswered.empty()) << "ended without an answer to " << m_unanswered.size();
    const std::string counted = file_text(count_file());
    m_calls = std::strtoull(counted.c_str(), nullptr, 10);
    return false;
  }

  /// Calls the last undisturbed round made on files of the data folder.
  [[nodiscard]] std::uint64_t calls() const { return m_calls; }
  [[nodiscard]] const std::map<std::string, Request>& requests() const { return m_requests; }
  [[nodiscard]] const std::map<std::string, Acknowledged>& acknowledged() const {
    return m_acknowledged;
  }
  [[nodiscard]] std::size_t replays() const { return m_replays; }
  /// Kills that left some of the tills answered and some not.
  [[nodiscard]] int killed_between_answers() const { return m_killed_between_answers; }

 private:
  [[nodiscard]] std::filesystem::path count_file() const { return m_shop.around() / "calls"; }

  Start start(std::uint64_t kill_at) {
    static constexpr std::array<const char*, 3> places{"before", "half", "after"};
    return {.arguments = m_shop.arguments({"sale", "--lines"}),
            .environment = {{"LD_PRELOAD", SIEGEL_KILL_AT_LIBRARY},
                            {"SIEGEL_KILL_FOLDER", m_shop.folder().string()},
                            {"SIEGEL_KILL_AT", std::to_string(kill_at)},
                            {"SIEGEL_KILL_WHERE", places.at(m_random.below(places.size()))},
                            {"SIEGEL_KILL_COUNT", count_file().string()}}};
  }

  std::string new_request() {
    const std::size_t number = m_requests.size() + 1;
    Request request{.key = fmt::format("order-{}", number),
                    .register_id = register_name(static_cast<int>(number % registers_max) + 1),
                    .marker = fmt::format("Ware {}", number),
                    .cents = static_cast<std::int64_t>(number)};
    m_unanswered.push_back(request.key);
    const std::string key = request.key;
    m_requests.emplace(key, std::move(request));
    return key;
  }

  void read_answers(const Ended& ended) {
    // A last line without its end was cut by the kill: it was not heard.
    for (std::size_t at = 0, end = 0; (end = ended.out.find('\n', at)) != std::string::npos;
         at = end + 1) {
      const std::string line = ended.out.substr(at, end - at);
      const auto answer = json::parse(line);
      ASSERT_TRUE(answer.ok()) << line;
      ASSERT_TRUE(text_at(*answer, "code").empty()) << line;
      const std::string key = text_at(*answer, "key");
      ASSERT_TRUE(m_requests.contains(key)) << line;
      const Acknowledged now{.receipt_number = text_at(*answer, "receipt_number"),
                             .status = text_at(*answer, "status"),
                             .sequence = number_at(*answer, "sequence"),
                             .transaction = number_at(*answer, "transaction"),
                             .signature_counter = number_at(*answer, "signature_counter")};
      EXPECT_EQ(now.status, "signed") << line;
      const bool* replayed = member(*answer, "replayed").boolean();
      if (replayed != nullptr && *replayed) ++m_replays;
      const auto [before, is_new] = m_acknowledged.try_emplace(key, now);
      if (is_new) continue;
      EXPECT_EQ(before->second, now) << key << " was told two things";
      EXPECT_TRUE(replayed != nullptr && *replayed) << line;
    }
  }

  const TestShop& m_shop;
  SeededRandom& m_random;
  std::map<std::string, Request> m_requests;
  std::map<std::string, Acknowledged> m_acknowledged;
  std::vector<std::string> m_unanswered;
  std::uint64_t m_calls = 0;
  std::size_t m_replays = 0;
  int m_killed_between_answers = 0;
};

}  // namespace siegel::system_test
