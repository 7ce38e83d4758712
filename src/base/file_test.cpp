#include "base/file.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <filesystem>
#include <string>

namespace siegel {
namespace {

class File : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "siegel-base-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    m_folder = name;
  }
  void TearDown() override { std::filesystem::remove_all(m_folder); }

  [[nodiscard]] std::filesystem::path path(const char* name) const { return m_folder / name; }
  [[nodiscard]] std::size_t files() const {
    return static_cast<std::size_t>(
        std::distance(std::filesystem::directory_iterator(m_folder), {}));
  }
  static std::string content(const std::filesystem::path& path) {
    return std::string(text_of(read_file(path, 1U << 20U).value()));
  }

 private:
  std::filesystem::path m_folder;
};

/// Runs `child` in a process of its own and returns its exit status, -1 if it did not end itself.
template <class Child>
int in_another_process(Child child) {
  const pid_t pid = fork();
  if (pid == 0) _exit(child());
  int status = 0;
  if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status)) return -1;
  return WEXITSTATUS(status);
}

TEST_F(File, ReadsWhatWasWritten) {
  const std::string text(300'000, 'x');  // more than one chunk
  for (const std::string& each : {std::string(), std::string("a"), text}) {
    ASSERT_TRUE(write_file(path("a"), bytes_of(each)).ok());
    EXPECT_EQ(content(path("a")), each);
  }
  EXPECT_EQ(files(), 1U);
}

TEST_F(File, ReadRefusesMoreThanAllowed) {
  ASSERT_TRUE(write_file(path("a"), bytes_of("12345")).ok());
  EXPECT_EQ(read_file(path("a"), 5).value(), to_bytes("12345"));
  EXPECT_EQ(read_file(path("a"), 4).error().code, "E-FIL-003");
  EXPECT_EQ(read_file(path("a"), 4).error().kind, ErrorKind::invalid);
  // Nothing on a special file without end is believed either.
  EXPECT_EQ(read_file("/dev/zero", 1000).error().code, "E-FIL-003");
}

TEST_F(File, ReadNamesWhatIsMissingAndWhatCannotBeRead) {
  const auto missing = read_file(path("none"), 10);
  EXPECT_EQ(missing.error().code, "E-FIL-001");
  EXPECT_EQ(missing.error().kind, ErrorKind::not_found);
  EXPECT_EQ(missing.error().place, path("none").string());
  EXPECT_EQ(read_file(path(""), 10).error().code, "E-FIL-002");  // a folder
}

TEST_F(File, WriteGivesTheRightsThatWereAskedForEvenOverALeftover) {
  // What a power cut can leave behind, with rights too wide for a secret.
  const int left = open(path("a.new").c_str(), O_WRONLY | O_CREAT, 0666);
  ASSERT_GE(left, 0);
  close(left);
  ASSERT_TRUE(write_file(path("a"), bytes_of("secret"), {.mode = 0600}).ok());
  struct stat info{};
  ASSERT_EQ(stat(path("a").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
  EXPECT_EQ(files(), 1U);
}

TEST_F(File, AFailedWriteLeavesTheOldContentAndNothingElse) {
  ASSERT_TRUE(write_file(path("a"), bytes_of("old")).ok());
  const std::string text(300'000, 'x');
  const int status = in_another_process([&] {
    // The disk is full after 100,000 bytes.
    const rlimit limit{.rlim_cur = 100'000, .rlim_max = 100'000};
    if (std::signal(SIGXFSZ, SIG_IGN) == SIG_ERR || setrlimit(RLIMIT_FSIZE, &limit) != 0) return 2;
    const Status written = write_file(path("a"), bytes_of(text));
    if (written.ok()) return 3;
    return written.error().code == "E-FIL-004" && written.error().kind == ErrorKind::unavailable
               ? 0
               : 4;
  });
  EXPECT_EQ(status, 0);
  EXPECT_EQ(content(path("a")), "old");
  EXPECT_EQ(files(), 1U);
}

TEST_F(File, ASinkMakesANewFileAndNoOther) {
  {
    auto sink = FileSink::create(path("a"), {.mode = 0600});
    ASSERT_TRUE(sink.ok());
    ASSERT_TRUE(sink->write(bytes_of("one ")).ok());
    ASSERT_TRUE(sink->write(bytes_of("two")).ok());
    ASSERT_TRUE(sink->finish().ok());
  }
  EXPECT_EQ(content(path("a")), "one two");
  struct stat info{};
  ASSERT_EQ(stat(path("a").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
  EXPECT_EQ(FileSink::create(path("a")).error().code, "E-FIL-004");
  EXPECT_EQ(FileSink::create(path("none/a")).error().code, "E-FIL-004");
  EXPECT_EQ(content(path("a")), "one two");
}

TEST_F(File, ASinkTellsThatTheDiskIsFull) {
  const int status = in_another_process([&] {
    const rlimit limit{.rlim_cur = 100'000, .rlim_max = 100'000};
    if (std::signal(SIGXFSZ, SIG_IGN) == SIG_ERR || setrlimit(RLIMIT_FSIZE, &limit) != 0) return 2;
    auto sink = FileSink::create(path("a"));
    if (!sink.ok()) return 3;
    const Status written = sink->write(Bytes(300'000));
    return !written.ok() && written.error().code == "E-FIL-004" ? 0 : 4;
  });
  EXPECT_EQ(status, 0);
}

TEST_F(File, WriteIntoAFolderThatIsMissingIsAnError) {
  EXPECT_EQ(write_file(path("none/a"), bytes_of("x")).error().code, "E-FIL-004");
  EXPECT_EQ(sync_directory(path("none")).error().code, "E-FIL-004");
  EXPECT_TRUE(sync_directory(path("")).ok());
}

TEST_F(File, AReaderSeesTheOldContentOrTheNewNeverAMixture) {
  const std::string a(200'000, 'a');
  const std::string b(200'000, 'b');
  ASSERT_TRUE(write_file(path("x"), bytes_of(a)).ok());
  const pid_t writer = fork();
  ASSERT_GE(writer, 0);
  if (writer == 0) {
    for (int i = 0;; ++i)
      if (!write_file(path("x"), bytes_of(i % 2 == 0 ? b : a)).ok()) _exit(1);
  }
  bool seen_a = false;
  bool seen_b = false;
  bool mixed = false;
  for (int i = 0; i < 100'000 && !mixed && (i < 200 || !seen_a || !seen_b); ++i) {
    const std::string now = content(path("x"));
    seen_a = seen_a || now == a;
    seen_b = seen_b || now == b;
    mixed = now != a && now != b;
  }
  // Killed at any point, the file is whole too.
  kill(writer, SIGKILL);
  int status = 0;
  waitpid(writer, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_TRUE(seen_a && seen_b);
  EXPECT_FALSE(mixed);
  EXPECT_THAT(content(path("x")), testing::AnyOf(a, b));
  ASSERT_TRUE(write_file(path("x"), bytes_of("after")).ok());
  EXPECT_EQ(files(), 1U);
}

TEST_F(File, OneProcessHoldsTheLockAndTheOtherIsToldWhich) {
  {
    const auto mine = FolderLock::take(path("lock"));
    ASSERT_TRUE(mine.ok());
    const std::string holder = std::to_string(getpid());
    const int status = in_another_process([&] {
      const auto theirs = FolderLock::take(path("lock"));
      if (theirs.ok()) return 1;
      if (theirs.error().kind != ErrorKind::conflict || theirs.error().code != "E-DAT-001")
        return 2;
      return theirs.error().detail.find(holder) != std::string::npos ? 0 : 3;
    });
    EXPECT_EQ(status, 0);
    // Even the holder gets no second one.
    EXPECT_EQ(FolderLock::take(path("lock")).error().code, "E-DAT-001");
  }
  EXPECT_EQ(in_another_process([&] { return FolderLock::take(path("lock")).ok() ? 0 : 1; }), 0);
}

TEST_F(File, ALockMovesWithItsOwner) {
  auto first = FolderLock::take(path("lock")).value();
  {
    FolderLock second = std::move(first);
    EXPECT_FALSE(FolderLock::take(path("lock")).ok());
    auto other = FolderLock::take(path("other")).value();
    other = std::move(second);
  }
  EXPECT_TRUE(FolderLock::take(path("lock")).ok());
}

TEST_F(File, ALockDiesWithItsProcess) {
  std::array<int, 2> ready{};
  ASSERT_EQ(pipe(ready.data()), 0);
  const pid_t holder = fork();
  if (holder == 0) {
    const auto lock = FolderLock::take(path("lock"));
    const char c = lock.ok() ? 'y' : 'n';
    if (write(ready[1], &c, 1) != 1) _exit(1);
    pause();
    _exit(0);
  }
  char c = 0;
  ASSERT_EQ(read(ready[0], &c, 1), 1);
  ASSERT_EQ(c, 'y');
  const auto refused = FolderLock::take(path("lock"));
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.error().detail.find(std::to_string(holder)), std::string::npos);
  kill(holder, SIGKILL);
  waitpid(holder, nullptr, 0);
  EXPECT_TRUE(FolderLock::take(path("lock")).ok());
  close(ready[0]);
  close(ready[1]);
}

TEST_F(File, ALockInAFolderThatIsMissingIsAnError) {
  EXPECT_EQ(FolderLock::take(path("none/lock")).error().code, "E-FIL-004");
}

}  // namespace
}  // namespace siegel
