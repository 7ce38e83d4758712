#include "archive/archive.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <unistd.h>

#include <algorithm>
#include <map>

#include "archive/comparison.h"
#include "base/file.h"
#include "crypto/tse_algorithm.h"
#include "crypto/x509.h"
#include "device/faulty/faulty.h"
#include "device/softtse/test_device.h"
#include "device/testing/tse_tools.h"
#include "verify/tse/logs.h"
#include "verify/tse/message.h"

namespace siegel::archive {
namespace {

namespace fs = std::filesystem;
using device::softtse::TestDevice;

Message message_of(const verify::tse::Message& from) {
  using verify::tse::Event;
  Message out;
  out.step = from.event == Event::start    ? Message::Step::start
             : from.event == Event::update ? Message::Step::update
             : from.event == Event::finish ? Message::Step::finish
                                           : Message::Step::none;
  out.counter = from.counter;
  out.time = from.time;
  out.transaction = from.transaction;
  out.client = from.client;
  out.process_type = from.process_type;
  out.process_data = from.process_data();
  out.signature.assign(from.signature.begin(), from.signature.end());
  return out;
}

MessageReader reader_of(const TseInfo& info) {
  const crypto::PublicKey key = crypto::PublicKey::from_point(info.public_key).value();
  const auto read = [](BytesView bytes, verify::tse::Message& message) -> Status {
    verify::tse::Notes notes;
    if (!verify::tse::parse_message(bytes, message, notes))
      return invalid("E-ARC-105", "no message");
    return Ok{};
  };
  return {
      .read = [read](BytesView bytes) -> Result<Message> {
        verify::tse::Message message;
        SIEGEL_TRY_OK(read(bytes, message));
        return message_of(message);
      },
      .check = [read, key](BytesView bytes) -> Result<Message> {
        verify::tse::Message message;
        SIEGEL_TRY_OK(read(bytes, message));
        const auto algorithm = crypto::signature_algorithm_from_oid(message.algorithm_oid);
        if (!algorithm || !crypto::verify(key, *algorithm, message.signed_bytes, message.signature))
          return invalid("E-ARC-105", "the signature is wrong");
        return message_of(message);
      }};
}

class ArchiveTest : public ::testing::Test {
 protected:
  ArchiveTest()
      : m_folder(device::softtse::real_folder(
            "archive_" +
            std::string(::testing::UnitTest::GetInstance()->current_test_info()->name()))) {
    m_device.commission({"KASSE-1", "KASSE-2"});
    m_info = m_device.tse().identity().value();
  }
  ~ArchiveTest() override { fs::remove_all(m_folder); }

  void sell(int count, const std::string& client = "KASSE-1") {
    for (int i = 0; i < count; ++i) {
      m_device.pass(std::chrono::seconds(7));
      const auto started = m_device.start(client);
      ASSERT_TRUE(started.ok());
      device::TseCall finish = device::testing::finish_call(started->transaction, client);
      ASSERT_TRUE(perform_one(m_device.tse(), finish).ok());
    }
  }
  OnDevice on(device::Tse& tse) {
    return [&tse](const std::function<Status(device::Tse&)>& work) { return work(tse); };
  }
  Archive open() { return Archive::open(m_folder / "a", m_info.serial).value(); }
  Update update(UpdateOptions options = {}) { return update(m_device.tse(), options); }
  Update update(device::Tse& tse, UpdateOptions options = {}) {
    Archive archive = open();
    auto done = archive.update(on(tse), reader_of(m_info), m_device.clock(), options);
    EXPECT_TRUE(done.ok()) << (done.ok() ? "" : done.error().detail);
    return done.ok() ? std::move(*done) : Update{};
  }
  /// Name to content of everything in a TAR.
  static std::map<std::string, Bytes> content(const Bytes& tar) {
    std::map<std::string, Bytes> out;
    for (auto& file : device::testing::files_of(tar)) out[file.name] = std::move(file.bytes);
    return out;
  }
  Bytes merged(const Selection& selection = {}) {
    MemorySink sink;
    const Status done = open().write_tar(selection, reader_of(m_info), sink);
    EXPECT_TRUE(done.ok()) << (done.ok() ? "" : done.error().detail);
    return sink.take();
  }
  Bytes exported(const device::TseFilter& filter = {}) {
    MemorySink sink;
    EXPECT_TRUE(m_device.tse().export_log(filter, sink).ok());
    return sink.take();
  }
  /// The archive holds exactly what the device holds, and its parts verify.
  void expect_equal() {
    EXPECT_EQ(content(merged()), content(exported()));
    EXPECT_TRUE(open().check().ok());
    const Bytes tar = merged();
    const verify::tse::Input input{.path = {}, .bytes = tar};
    const auto report = verify::tse::verify_logs({&input, 1}, {});
    ASSERT_TRUE(report.ok());
    for (const auto& finding : report->findings())
      if (finding.severity == verify::Severity::violation) ADD_FAILURE() << finding.rule;
  }

  TestDevice m_device;
  TseInfo m_info;
  fs::path m_folder;
};

TEST_F(ArchiveTest, HoldsWhatTheDeviceExports) {
  sell(40);
  const Update first = update({.transactions_a_call = 10});
  EXPECT_TRUE(first.complete);
  EXPECT_TRUE(first.findings.empty());
  EXPECT_GE(first.calls, 2U);
  expect_equal();

  // Nothing new: the device is asked for its state and nothing else.
  const Update again = update();
  EXPECT_TRUE(again.complete);
  EXPECT_EQ(again.calls, 0U);
  EXPECT_EQ(again.pieces, 0U);

  sell(3, "KASSE-2");
  ASSERT_TRUE(m_device.tse().self_test().ok());  // a message behind the last transaction
  const Update later = update();
  EXPECT_TRUE(later.complete);
  EXPECT_GE(later.messages, 6U);
  EXPECT_EQ(open().manifest().pieces.size(), 2U);
  expect_equal();
}

TEST_F(ArchiveTest, GoesOnWhereAPieceEndedAndHoldsLittleAtATime) {
  sell(60);
  const Update done = update({.transactions_a_call = 25, .messages_a_piece = 16});
  EXPECT_TRUE(done.complete);
  EXPECT_GE(done.pieces, 7U);
  const Archive archive = open();
  for (const Piece& piece : archive.manifest().pieces) EXPECT_LE(piece.messages, 16U);
  expect_equal();
}

TEST_F(ArchiveTest, SelectsAsTheDeviceDoes) {
  sell(12);
  sell(9, "KASSE-2");
  const auto open_long = m_device.start("KASSE-1");
  sell(15, "KASSE-2");
  ASSERT_TRUE(m_device.finish(open_long->transaction).ok());
  update({.transactions_a_call = 6, .messages_a_piece = 11});
  expect_equal();

  const Instant from = m_device.clock().now().wall - std::chrono::seconds(100);
  const Instant to = m_device.clock().now().wall - std::chrono::seconds(30);
  EXPECT_EQ(content(merged({.time_first = from, .time_last = to})),
            content(exported({.time_first = from, .time_last = to})));
  EXPECT_EQ(content(merged({.client = "KASSE-2"})), content(exported({.client = "KASSE-2"})));
  EXPECT_EQ(content(merged({.transaction_first = 5, .transaction_last = 14})),
            content(exported({.transaction_first = 5, .transaction_last = 14})));
  // One that was open for long holds everything between its two messages.
  const std::uint64_t number = open_long->transaction;
  EXPECT_EQ(content(merged({.transaction_first = number, .transaction_last = number})),
            content(exported({.transaction_first = number, .transaction_last = number})));
  MemorySink sink;
  EXPECT_EQ(open().write_tar({.records_max = 3}, reader_of(m_info), sink).error().code,
            "E-ARC-107");
  EXPECT_EQ(
      open()
          .write_tar({.transaction_first = 900, .transaction_last = 901}, reader_of(m_info), sink)
          .error()
          .code,
      "E-ARC-108");
}

/// Breaks off after so many bytes, as a stick that is pulled out.
class PulledTse final : public device::Tse {
 public:
  PulledTse(device::Tse& inner, std::uint64_t bytes) : m_inner(inner), m_left(bytes) {}
  Result<TseInfo> identity() override { return m_inner.identity(); }
  Result<device::TseStatus> status() override { return m_inner.status(); }
  void perform(std::span<const device::TseCall> calls, device::TseAnswers& answers) override {
    m_inner.perform(calls, answers);
  }
  Result<std::vector<device::TseTransaction>> open_transactions(
      std::optional<std::string> client) override {
    return m_inner.open_transactions(client);
  }
  Result<std::optional<device::TseTransaction>> find(const std::string& client,
                                                     std::uint64_t transaction) override {
    return m_inner.find(client, transaction);
  }
  Result<std::vector<device::TseTransaction>> transactions_after(const std::string& client,
                                                                 std::uint64_t after,
                                                                 std::size_t count) override {
    return m_inner.transactions_after(client, after, count);
  }
  Status self_test() override { return m_inner.self_test(); }
  Status set_time(Instant now) override { return m_inner.set_time(now); }
  Status export_log(const device::TseFilter& filter, Sink& sink) override {
    MemorySink whole;
    SIEGEL_TRY_OK(m_inner.export_log(filter, whole));
    const BytesView all = whole.bytes();
    const std::size_t size = std::min<std::size_t>(all.size(), m_left);
    SIEGEL_TRY_OK(sink.write(all.first(size)));
    m_left -= size;
    if (size < all.size()) return unavailable("E-TSE-402", "pulled");
    return Ok{};
  }
  Status log_in(device::TseUser user, const crypto::SecretBytes& pin) override {
    return m_inner.log_in(user, pin);
  }
  Status log_out() override { return m_inner.log_out(); }
  Status register_client(const std::string& client) override {
    return m_inner.register_client(client);
  }
  Status deregister_client(const std::string& client) override {
    return m_inner.deregister_client(client);
  }
  Status disable() override { return m_inner.disable(); }

 private:
  device::Tse& m_inner;
  std::uint64_t m_left;
};

TEST_F(ArchiveTest, AStickPulledOutAnywhereLosesNothingAndTheNextTimeGoesOn) {
  sell(30);
  const std::uint64_t size = exported().size();
  std::uint64_t kept_some = 0;
  for (std::uint64_t at = 0; at < size + 4096; at += 3331) {
    fs::remove_all(m_folder / "a");
    PulledTse pulled(m_device.tse(), at);
    const Update broken = update(pulled, {.transactions_a_call = 8, .messages_a_piece = 20});
    if (broken.complete) continue;
    EXPECT_TRUE(broken.interrupted.has_value());
    const Archive archive = open();
    EXPECT_TRUE(archive.manifest().gaps.empty()) << at;
    EXPECT_TRUE(archive.check().ok());
    if (broken.messages > 0) ++kept_some;
    const Update rest = update();
    EXPECT_TRUE(rest.complete);
    EXPECT_EQ(broken.messages + rest.messages, m_device.tse().status()->signature_counter);
    expect_equal();
  }
  EXPECT_GT(kept_some, 3U);
}

TEST_F(ArchiveTest, WhatAPowerCutLeftBehindIsDoneAgain) {
  sell(10);
  update({.messages_a_piece = 8});
  Archive whole = open();
  // Cut before the manifest: the piece is there, the manifest does not know it yet.
  Manifest before = whole.manifest();
  const Piece last = before.pieces.back();
  fs::copy(m_folder / "a", m_folder / "copy");
  for (std::size_t kept = 0; kept < before.pieces.size(); ++kept) {
    fs::remove_all(m_folder / "a");
    if (kept > 0) {
      // A manifest as it was when `kept` pieces were done, with the files of all of them and a
      // half-written one.
      fs::copy(m_folder / "copy", m_folder / "a");
      UpdateOptions options{.messages_a_piece = 8};
      fs::remove_all(m_folder / "a");
      std::uint64_t pieces = 0;
      options.transactions_a_call = 5;
      options.stop = [&] { return ++pieces > kept; };
      update(options);
      ASSERT_TRUE(write_file(m_folder / "a" / "000099.tar.new", bytes_of("half")).ok());
      fs::copy(m_folder / "copy" / last.file, m_folder / "a" / last.file,
               fs::copy_options::overwrite_existing);
    }
    EXPECT_TRUE(update().complete);
    expect_equal();
  }
}

TEST_F(ArchiveTest, WhatTheDeviceDoesNotHandOutIsAGapAndIsSaid) {
  sell(5);
  SeededRandom random(3);
  device::FaultyTse lying(std::make_unique<PulledTse>(m_device.tse(), std::uint64_t{1} << 40),
                          {{{.fault = device::Fault::empty_export}}}, random);
  const Update empty = update(lying);
  EXPECT_EQ(empty.messages, 0U);
  EXPECT_FALSE(empty.findings.empty());
  // It says so once; the same device in order again is archived whole.
  sell(1);
  const Update right = update();
  EXPECT_TRUE(right.complete);
  EXPECT_TRUE(right.findings.empty());
  expect_equal();
}

TEST_F(ArchiveTest, ASignatureThatFailedLeavesAGapThatDoesNotStopAnything) {
  sell(3);
  m_device.signing().fail_next = 1;
  EXPECT_FALSE(m_device.start().ok());
  sell(2);
  const Update done = update();
  EXPECT_TRUE(done.complete);
  ASSERT_EQ(open().manifest().gaps.size(), 1U);
  ASSERT_EQ(done.findings.size(), 1U);
  EXPECT_EQ(done.findings[0].code, "E-ARC-109");
  EXPECT_EQ(update().findings.size(), 0U) << "a gap is told once";
  expect_equal();
}

TEST_F(ArchiveTest, AClockSetBackDoesNotHideMessages) {
  m_device.pass(std::chrono::hours(24) * 6);
  ASSERT_TRUE(m_device.tse().self_test().ok());
  sell(6);
  update();
  ASSERT_TRUE(m_device.tse().log_in(device::TseUser::admin, m_device.admin_pin()).ok());
  const Instant now = m_device.clock().now().wall;
  ASSERT_TRUE(m_device.tse().update_time(now - std::chrono::hours(48)).ok());
  sell(4);
  ASSERT_TRUE(m_device.tse().self_test().ok());
  ASSERT_TRUE(m_device.tse().update_time(now - std::chrono::hours(90)).ok());
  ASSERT_TRUE(m_device.tse().log_out().ok());
  sell(4);
  const Update done = update({.full = true, .transactions_a_call = 5});
  EXPECT_TRUE(done.complete);
  EXPECT_TRUE(done.findings.empty());
  expect_equal();
}

TEST_F(ArchiveTest, AnotherDeviceAndOneSetBackAreRefused) {
  sell(4);
  update();
  TestDevice other;
  other.commission({"KASSE-1"});
  Archive archive = open();
  EXPECT_EQ(archive.update(on(other.tse()), reader_of(m_info), m_device.clock(), {}).error().code,
            "E-ARC-104");
  EXPECT_EQ(Archive::open(m_folder / "a", "00ff").error().code, "E-ARC-101");
  // A device that was set back has used fewer signatures than are archived.
  Manifest manifest = archive.manifest();
  manifest.pieces.back().counters.last += 100;
  ASSERT_TRUE(write_file(m_folder / "a" / "manifest.json", bytes_of(to_json(manifest))).ok());
  Archive ahead = open();
  EXPECT_EQ(ahead.update(on(m_device.tse()), reader_of(m_info), m_device.clock(), {}).error().code,
            "E-ARC-104");
}

TEST_F(ArchiveTest, APieceThatWasChangedIsFound) {
  sell(4);
  update();
  const fs::path piece = m_folder / "a" / open().manifest().pieces.front().file;
  Bytes bytes = read_file(piece, 1U << 24U).value();
  for (const std::size_t at : {bytes.size() / 2, bytes.size() - 1}) {
    Bytes changed = bytes;
    changed[at] ^= std::byte{1};
    ASSERT_TRUE(write_file(piece, changed).ok());
    EXPECT_EQ(open().check().error().code, "E-ARC-103");
    MemorySink sink;
    EXPECT_EQ(open().write_tar({}, reader_of(m_info), sink).error().code, "E-ARC-103");
  }
  fs::remove(piece);
  EXPECT_EQ(open().check().error().code, "E-ARC-103");
}

TEST_F(ArchiveTest, AMessageThatWasChangedOnTheWayIsNotTaken) {
  sell(4);
  // The certificate's key is another one's: no message verifies.
  TestDevice other;
  other.commission({"KASSE-1"});
  Archive archive = open();
  const auto done = archive.update(on(m_device.tse()), reader_of(other.tse().identity().value()),
                                   m_device.clock(), {});
  ASSERT_TRUE(done.ok());
  EXPECT_EQ(done->messages, 0U);
  ASSERT_FALSE(done->findings.empty());
  EXPECT_EQ(done->findings.front().code, "E-ARC-105");
}

TEST_F(ArchiveTest, GenerationTwoIsArchivedAlike) {
  TestDevice::Options options;
  options.generation = device::softtse::Generation::two;
  options.time_format = device::softtse::TimeFormat::generalized_time_with_ms;
  TestDevice second(options);
  second.commission({"KASSE-1"});
  m_info = second.tse().identity().value();
  for (int i = 0; i < 12; ++i) {
    second.pass(std::chrono::milliseconds(1234));
    const auto started = second.start();
    ASSERT_TRUE(second.finish(started->transaction).ok());
  }
  Archive archive = open();
  const auto done = archive.update(on(second.tse()), reader_of(m_info), second.clock(),
                                   {.transactions_a_call = 5});
  ASSERT_TRUE(done.ok());
  EXPECT_TRUE(done->complete);
  EXPECT_EQ(content(merged()), content(second.export_all()));
}

TEST(ManifestTest, IsReadBackAndNothingElseIsRead) {
  Manifest manifest;
  manifest.serial = "ab";
  manifest.pieces = {{.file = "000001.tar",
                      .bytes = 10,
                      .messages = 2,
                      .counters = {2, 3},
                      .time_first = Instant::from_unix(1),
                      .time_last = Instant::from_unix(2),
                      .transaction_first = 1,
                      .transaction_last = 1,
                      .at = Instant::from_unix(3)}};
  manifest.gaps = {{1, 1}};
  EXPECT_EQ(manifest_from_json(to_json(manifest)).value(), manifest);
  const std::string text = to_json(manifest);
  const auto refused = [&](std::string_view from, std::string_view to) {
    std::string changed = text;
    changed.replace(changed.find(from), from.size(), to);
    const auto read = manifest_from_json(changed);
    return !read.ok() && read.error().code == "E-ARC-102";
  };
  EXPECT_TRUE(refused("000001.tar", "../001.tar"));
  EXPECT_TRUE(refused("000001.tar", "/etc/passwd"));
  EXPECT_TRUE(refused("\"counter_last\":3", "\"counter_last\":1"));
  EXPECT_TRUE(refused("\"messages\":2", "\"messages\":9"));
  EXPECT_TRUE(refused("\"format\":1", "\"format\":2"));
  EXPECT_TRUE(refused("{", "["));
}

}  // namespace
}  // namespace siegel::archive
