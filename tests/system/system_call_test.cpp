// Each call that the program makes on a file of its data folder fails once (strace injects the
// error). The caller hears of it or has a receipt, and nothing is left that does not verify.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <map>
#include <set>
#include <thread>

#include "system/shop.h"

namespace siegel::system_test {
namespace {

namespace fs = std::filesystem;

/// One call that fails: the n-th of this kind on this file in a thread.
struct Fault {
  std::string path;  ///< with FOLDER for the temporary folder around the shop
  std::string call;
  std::string error;
  int n = 1;
  [[nodiscard]] std::string text() const {
    return fmt::format("{} no. {} on {} fails with {}", call, n, path, error);
  }
};

// What looks at, changes and locks files. close() is not among them: failing it would keep the
// descriptor open, which no system does.
constexpr std::string_view calls_traced =
    "openat,read,pread64,write,pwrite64,fsync,fdatasync,ftruncate,fallocate,rename,unlink,mkdir,"
    "fcntl,flock,newfstatat,fstat,mmap,chmod,fchmod,rmdir,getdents64";
const std::set<std::string> fails_when_full{"openat",    "write",     "pwrite64",
                                            "fsync",     "fdatasync", "ftruncate",
                                            "fallocate", "rename",    "mkdir"};

/// strace with these options around the program.
Ended trace(const TestShop& shop, std::vector<std::string> options, const fs::path& log,
            const std::vector<std::string>& arguments, const std::string& input) {
  options.insert(options.begin(), {"-f", "-qq", "--seccomp-bpf", "-o", log.string()});
  options.push_back(program().string());
  for (const std::string& argument : shop.arguments(arguments)) options.push_back(argument);
  return run({.arguments = std::move(options), .input = input, .program = "strace"});
}

/// "123 pwrite64(5</tmp/x>, ..." or "123 unlink("/tmp/x")": the call and the path it is about.
std::pair<std::string, std::string> call_and_path(const std::string& line) {
  const std::size_t name = line.find_first_not_of("0123456789 ");
  const std::size_t open = line.find('(');
  if (name == std::string::npos || open == std::string::npos || open < name) return {};
  const std::string call = line.substr(name, open - name);
  const auto between = [&](std::size_t from, char begin, char end) -> std::string {
    const std::size_t at = line.find(begin, from);
    const std::size_t to = at == std::string::npos ? at : line.find(end, at + 1);
    return to == std::string::npos ? std::string() : line.substr(at + 1, to - at - 1);
  };
  const char first = line.size() > open + 1 ? line[open + 1] : '\0';
  if (first == '"') return {call, between(open, '"', '"')};
  if (line.compare(open + 1, 8, "AT_FDCWD") == 0) return {call, between(open, '"', '"')};
  if (call == "mmap") return {call, between(line.find(", MAP_"), '<', '>')};
  return {call, between(open, '<', '>')};
}

enum class Which {
  every_call,
  /// What opens and changes files, EIO and ENOSPC by turns.
  changes,
};

/// Runs the program once without a fault and lists the calls it makes on files around the shop.
std::vector<Fault> faults_of(const TestShop& shop, const std::vector<std::string>& arguments,
                             const std::string& input, Which which) {
  const fs::path log = shop.around() / "trace";
  const Ended ended =
      trace(shop, {"-y", "-e", fmt::format("trace={}", calls_traced)}, log, arguments, input);
  EXPECT_EQ(ended.exit_code, 0) << ended.text();
  std::map<std::pair<std::string, std::string>, std::map<std::string, int>> counts;  // by thread
  const std::string text = file_text(log);
  for (std::size_t at = 0, end = 0; (end = text.find('\n', at)) != std::string::npos;
       at = end + 1) {
    const std::string line = text.substr(at, end - at);
    const auto [call, path] = call_and_path(line);
    if (!path.starts_with(shop.around().string()) || path == log.string()) continue;
    ++counts[{"FOLDER" + path.substr(shop.around().string().size()), call}]
            [line.substr(0, line.find(' '))];
  }
  std::vector<Fault> faults;
  for (const auto& [what, threads] : counts) {
    int most = 0;
    for (const auto& [thread, count] : threads) most = std::max(most, count);
    const bool is_change = fails_when_full.contains(what.second) || what.second == "unlink";
    if (which == Which::changes && !is_change) continue;
    const bool may_be_full = fails_when_full.contains(what.second);
    for (int n = 1; n <= most; ++n) {
      const bool one_of_two = which == Which::changes && may_be_full;
      if (!one_of_two || n % 2 == 1) faults.push_back({what.first, what.second, "EIO", n});
      if (may_be_full && (!one_of_two || n % 2 == 0))
        faults.push_back({what.first, what.second, "ENOSPC", n});
    }
  }
  return faults;
}

struct Faulted {
  Ended ended;
  bool happened = false;
};

/// Runs the program with this fault.
Faulted run_with(const Fault& fault, const TestShop& shop,
                 const std::vector<std::string>& arguments, const std::string& input) {
  const fs::path log = shop.around() / "trace";
  const std::string path = shop.around().string() + fault.path.substr(std::string("FOLDER").size());
  Faulted out;
  out.ended = trace(shop,
                    {"-P", path, "-e", "trace=" + fault.call, "-e",
                     fmt::format("inject={}:error={}:when={}", fault.call, fault.error, fault.n)},
                    log, arguments, input);
  out.happened = file_text(log).find("(INJECTED)") != std::string::npos;
  return out;
}

/// The receipt in an answer of `sale --json`, null if there is none.
const json::Value& receipt_in(const json::Value& answer) { return member(answer, "receipt"); }

bool strace_works() {
  return run({.arguments = {"-qq", "-o", "/dev/null", "true"}, .program = "strace"}).exit_code == 0;
}

/// Does the work for every fault on a few threads: what takes time is the disk and other processes.
void for_each_fault(const std::vector<Fault>& faults,
                    const std::function<bool(const Fault&)>& work) {
  constexpr int threads = 4;
  std::atomic<std::size_t> next{0};
  std::atomic<std::size_t> happened{0};
  {
    std::vector<std::jthread> workers;
    for (int i = 0; i < threads; ++i)
      workers.emplace_back([&] {
        for (std::size_t at = next++; at < faults.size(); at = next++)
          if (work(faults[at])) ++happened;
      });
  }
  fmt::print("{} faults planned, {} happened\n", faults.size(), happened.load());
  // Which thread does a call may differ from run to run; nearly all must be met all the same.
  EXPECT_GE(happened * 10, faults.size() * 9);
}

/// The caller got an error with its code or success, never both and never neither.
void expect_one_answer(const Ended& ended, bool success, const std::string& what) {
  EXPECT_EQ(ended.signal, 0) << what << "\n" << ended.text();
  EXPECT_FALSE(ended.timed_out) << what;
  if (ended.exit_code == 0) {
    EXPECT_TRUE(success) << what << "\n" << ended.text();
    EXPECT_EQ(text_at(ended.document(), "code"), "") << what << "\n" << ended.text();
  } else {
    EXPECT_FALSE(success) << what << "\n" << ended.text();
    EXPECT_NE(ended.code(), "") << what << "\n" << ended.text();
  }
}

constexpr std::string_view key = "the-only-one";

void expect_one_receipt(const TestShop& shop, const std::string& what) {
  int plans = 0;
  std::set<std::int64_t> sequences;
  std::map<std::int64_t, int> seals;
  for (const json::Value& entry : shop.entries()) {
    const json::Value& payload = member(entry, "payload");
    if (text_at(entry, "kind") == "plan" && text_at(payload, "vorgang") == key) {
      ++plans;
      sequences.insert(number_at(entry, "sequence"));
    }
    if (text_at(entry, "kind") == "seal") ++seals[number_at(payload, "plan_sequence")];
  }
  EXPECT_EQ(plans, 1) << what;
  for (const std::int64_t sequence : sequences) EXPECT_EQ(seals[sequence], 1) << what;
}

TEST(FailingSystemCall, InASaleGivesAnErrorOrAReceipt) {
  if (!strace_works()) GTEST_SKIP() << "strace must not trace here";
  const std::vector<std::string> sale{"sale",  "--register",     register_name(1),
                                      "--key", std::string(key), "--json"};
  const std::string document = one_line_document("Brezel", "3.60");
  TestShop model(1);
  // Something is there to be read at the start.
  ASSERT_EQ(model.sell(one_line_document("Kaffee", "2.40")).exit_code, 0);
  const TestShop counted(model);
  const std::vector<Fault> faults = faults_of(counted, sale, document, Which::every_call);
  ASSERT_GT(faults.size(), 200U);

  std::atomic<int> receipts{0};
  std::atomic<int> errors{0};
  for_each_fault(faults, [&](const Fault& fault) {
    const std::string what = fault.text();
    const TestShop shop(model);
    const Faulted faulted = run_with(fault, shop, sale, document);
    const json::Value answer = faulted.ended.document();
    const std::string number = text_at(receipt_in(answer), "receipt_number");
    expect_one_answer(faulted.ended, !number.empty(), what);
    ++(number.empty() ? errors : receipts);

    // Asked again with the same key, nothing failing: the one receipt.
    const Ended again = shop.sell(document, std::string(key));
    const json::Value second = again.document();
    EXPECT_EQ(again.exit_code, 0) << what << "\n" << again.text();
    if (!number.empty()) {
      EXPECT_EQ(text_at(receipt_in(second), "receipt_number"), number) << what;
      EXPECT_EQ(member(receipt_in(second), "signature"), member(receipt_in(answer), "signature"))
          << what;
    }
    expect_one_receipt(shop, what);
    EXPECT_EQ(shop.violations(), "") << what;
    return faulted.happened;
  });
  fmt::print("{} answered with a receipt, {} with an error\n", receipts.load(), errors.load());
  EXPECT_GT(receipts, 0);
  EXPECT_GT(errors, 0);
}

/// What a person does after a failed set-up: the same again, then go on.
void expect_can_be_set_up(const TestShop& shop, bool with_tse, const std::string& what) {
  const auto go_on = [&](const std::vector<std::string>& arguments, std::string_view already) {
    const Ended ended = shop.siegel_json(arguments);
    EXPECT_TRUE(ended.exit_code == 0 || (!already.empty() && ended.code() == already))
        << what << "\nthen " << arguments.front() << ": " << ended.text();
  };
  std::vector<std::string> init = business_options();
  init.insert(init.begin(), "init");
  go_on(init, "E-DAT-002");
  go_on({"tse", "create"}, with_tse ? "E-TSE-304" : "");
  go_on({"register", "add", register_name(1)}, "");
  const Ended sold = shop.sell(one_line_document("Brezel", "3.60"));
  EXPECT_EQ(text_at(member(receipt_in(sold.document()), "signature"), "status"), "signed")
      << what << "\n"
      << sold.text();
  EXPECT_EQ(shop.violations(), "") << what;
}

TEST(FailingSystemCall, InInitLeavesAFolderThatCanBeSetUp) {
  if (!strace_works()) GTEST_SKIP() << "strace must not trace here";
  std::vector<std::string> init = business_options();
  init.insert(init.begin(), "init");
  init.emplace_back("--json");
  const TestShop counted(TestShop::Empty{});
  const std::vector<Fault> faults = faults_of(counted, init, "", Which::changes);
  ASSERT_GT(faults.size(), 50U);
  for_each_fault(faults, [&](const Fault& fault) {
    const TestShop shop(TestShop::Empty{});
    const Faulted faulted = run_with(fault, shop, init, "");
    expect_one_answer(faulted.ended, !text_at(faulted.ended.document(), "data").empty(),
                      fault.text());
    expect_can_be_set_up(shop, false, fault.text());
    return faulted.happened;
  });
}

TEST(FailingSystemCall, InTseCreateLeavesAFolderThatCanBeSetUp) {
  if (!strace_works()) GTEST_SKIP() << "strace must not trace here";
  const std::vector<std::string> create{"tse", "create", "--json"};
  const TestShop model(TestShop::Initialised{});
  const TestShop counted(model);
  const std::vector<Fault> faults = faults_of(counted, create, "", Which::changes);
  ASSERT_GT(faults.size(), 50U);
  for_each_fault(faults, [&](const Fault& fault) {
    const TestShop shop(model);
    const Faulted faulted = run_with(fault, shop, create, "");
    expect_one_answer(faulted.ended, !text_at(faulted.ended.document(), "serial").empty(),
                      fault.text());
    expect_can_be_set_up(shop, true, fault.text());
    return faulted.happened;
  });
}

}  // namespace
}  // namespace siegel::system_test
