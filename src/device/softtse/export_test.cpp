#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <set>
#include <thread>

#include "base/file.h"
#include "crypto/x509.h"
#include "crypto/x509_chain.h"
#include "device/softtse/message.h"
#include "device/softtse/test_device.h"

namespace siegel::device::softtse {
namespace {

using testing::ArchiveFile;
using testing::files_of;
using testing::logs_of;

constexpr auto one = Generation::one;
constexpr auto two = Generation::two;

/// Two clients; transactions 1 (A), 2 (B), 3 (A) one after the other, ten seconds a step, with a
/// self-test between 1 and 2 and within 3. Transaction 4 (B) stays open.
std::unique_ptr<TestDevice> with_history(Generation generation) {
  auto device = std::make_unique<TestDevice>(TestDevice::Options{.generation = generation});
  device->commission({"A", "B"});
  const auto run = [&](const std::string& client, bool test) {
    device->pass(std::chrono::seconds(10));
    const auto started = device->start(client);
    EXPECT_TRUE(succeeded(started));
    device->pass(std::chrono::seconds(10));
    if (test) {
      EXPECT_TRUE(succeeded(device->tse().self_test()));
    }
    EXPECT_TRUE(
        succeeded(perform_one(device->tse(), testing::finish_call(started->transaction, client))));
  };
  run("A", false);
  EXPECT_TRUE(succeeded(device->tse().self_test()));
  run("B", false);
  run("A", true);
  device->pass(std::chrono::seconds(10));
  EXPECT_TRUE(succeeded(device->start("B")));
  return device;
}

/// What of an archive matters here: "T1s" is the start of transaction 1, "S" a system message.
std::string content(const Bytes& archive) {
  std::string out;
  for (const ArchiveFile& file : logs_of(archive)) {
    const auto parsed = parse_message(file.bytes);
    EXPECT_TRUE(parsed.ok());
    EXPECT_EQ(parsed->file_name(), file.name);
    if (!out.empty()) out += ' ';
    if (parsed->kind == LogKind::transaction) {
      out += fmt::format("T{}{}", parsed->transaction, "suf"[static_cast<int>(parsed->operation)]);
    } else {
      out += parsed->kind == LogKind::system ? 'S' : 'A';
    }
  }
  return out;
}

Result<std::string> filtered(TestDevice& device, const TseFilter& filter) {
  MemorySink sink;
  SIEGEL_TRY_OK(device.tse().export_filtered_transaction_logs(filter, sink));
  return content(sink.bytes());
}

std::string found(TestDevice& device, const TseFilter& filter) {
  const auto result = filtered(device, filter);
  EXPECT_TRUE(succeeded(result));
  return result.ok() ? *result : "";
}

TEST(Filter, OfOneTransactionHoldsItsMessagesAndWhatHappenedBetween) {
  const auto device = with_history(two);
  EXPECT_EQ(found(*device, {.transaction = 1}), "T1s T1f");
  EXPECT_EQ(found(*device, {.transaction = 3}), "T3s S T3f");
  EXPECT_EQ(found(*device, {.transaction = 4}), "T4s");
  EXPECT_EQ(found(*device, {.transaction = 1, .client = "A"}), "T1s T1f");
  EXPECT_TRUE(failed_with(filtered(*device, {.transaction = 1, .client = "B"}),
                          "ErrorTransactionNumberNotFound"));
  EXPECT_TRUE(failed_with(filtered(*device, {.transaction = 9}), "ErrorTransactionNumberNotFound"));
}

TEST(Filter, OfARangeHoldsEverythingBetweenItsCounters) {
  const auto device = with_history(two);
  EXPECT_EQ(found(*device, {.transaction_first = 1, .transaction_last = 2}), "T1s T1f S T2s T2f");
  EXPECT_EQ(found(*device, {.transaction_first = 2, .transaction_last = 99}),
            "T2s T2f T3s S T3f T4s");
  EXPECT_EQ(found(*device, {.transaction_first = 1, .transaction_last = 4, .client = "A"}),
            "T1s T1f S T3s S T3f");
  EXPECT_TRUE(failed_with(filtered(*device, {.transaction_first = 5, .transaction_last = 9}),
                          "ErrorTransactionNumberNotFound"));
}

TEST(Filter, OfTimesIsInclusive) {
  const auto device = with_history(two);
  const auto started = device->tse().find("B", 2);
  ASSERT_TRUE(started.ok() && *started);
  const Instant from = (*started)->start.log_time;
  const Instant to = (*started)->finish->log_time;
  EXPECT_EQ(found(*device, {.time_first = from, .time_last = to}), "T2s T2f");
  EXPECT_EQ(found(*device, {.time_first = to}), "T2f T3s S T3f T4s");
  EXPECT_EQ(found(*device, {.time_first = from, .client = "A"}), "T3s S T3f");
  EXPECT_TRUE(failed_with(filtered(*device, {.time_first = from + std::chrono::hours(9)}),
                          "ErrorNoDataAvailable"));
}

TEST(Filter, OfAClientAloneKeepsWhatBelongsToNobody) {
  const auto device = with_history(two);
  const std::string all = found(*device, {});
  const std::string of_a = found(*device, {.client = "A"});
  EXPECT_THAT(of_a, ::testing::HasSubstr("T1s T1f S T3s S T3f"));
  EXPECT_EQ(of_a.find("T2"), std::string::npos);
  EXPECT_THAT(all, ::testing::EndsWith("T1s T1f S T2s T2f T3s S T3f T4s"));
  EXPECT_TRUE(failed_with(filtered(*device, {.client = "C"}), "ErrorClientIdNotFound"));
}

TEST(Filter, MixturesAndHalvesDoNotFit) {
  const auto device = with_history(two);
  const Instant t = device->clock().now().wall;
  const std::vector<TseFilter> bad = {
      {.transaction = 1, .transaction_first = 1, .transaction_last = 2},
      {.transaction = 1, .time_first = t},
      {.transaction_first = 1, .transaction_last = 2, .time_last = t},
      {.transaction_first = 1},
      {.transaction_last = 1},
      {.transaction_first = 2, .transaction_last = 1},
      {.time_first = t, .time_last = t - std::chrono::milliseconds(1)}};
  for (const TseFilter& filter : bad) {
    EXPECT_TRUE(failed_with(filtered(*device, filter), "ErrorParameterMismatch"));
  }
}

TEST(Filter, LimitIsCheckedBeforeAByteIsWritten) {
  const auto device = with_history(two);
  EXPECT_EQ(found(*device, {.transaction = 3, .records_max = 3}), "T3s S T3f");
  MemorySink sink;
  EXPECT_TRUE(failed_with(
      device->tse().export_filtered_transaction_logs({.transaction = 3, .records_max = 2}, sink),
      "ErrorTooManyRecords"));
  EXPECT_TRUE(sink.bytes().empty());
}

TEST(Export, OfNothingIsAnErrorInGeneration2Only) {
  const auto second = with_history(two);
  const auto first = with_history(one);
  const Instant later = second->clock().now().wall + std::chrono::hours(1);
  EXPECT_TRUE(failed_with(filtered(*second, {.time_first = later}), "ErrorNoDataAvailable"));
  EXPECT_EQ(found(*first, {.time_first = later}), "");
}

TEST(Export, HasInfoAndTheWholeChain) {
  for (const Generation generation : {one, two}) {
    const auto device = with_history(generation);
    const auto files = files_of(device->export_all());
    ASSERT_GE(files.size(), 4U);
    EXPECT_EQ(files[0].name, "info.csv");
    const std::string info(text_of(files[0].bytes));
    EXPECT_THAT(info, ::testing::HasSubstr("TEST"));
    EXPECT_THAT(info, ::testing::HasSubstr("not certified"));
    EXPECT_EQ(std::ranges::count(info, '\n'), generation == one ? 1 : 6);
    std::vector<crypto::Certificate> chain;
    for (std::size_t i = 1; i <= 3; ++i) {
      const auto certificate = crypto::Certificate::parse(files[i].bytes);
      ASSERT_TRUE(certificate.ok());
      EXPECT_EQ(files[i].name, hex(certificate->public_key()->point_hash()) + "_X509.der");
      EXPECT_THAT(certificate->subject_text(), ::testing::HasSubstr("TEST"));
      chain.push_back(*certificate);
    }
    EXPECT_EQ(chain[0].subject_common_name(), device->tse().identity()->serial);
    const auto checked = crypto::check_chain(chain[0], {.intermediates = {&chain[1], 1},
                                                        .trust_anchors = {&chain[2], 1},
                                                        .crls = {},
                                                        .at = device->clock().now().wall});
    EXPECT_TRUE(checked.is_valid());
    EXPECT_TRUE(checked.trusted);
  }
}

TEST(Export, NamesItsFilesAndCounts) {
  const auto device = with_history(one);
  MemorySink sink;
  const auto all = device->tse().export_log_messages(sink);
  ASSERT_TRUE(succeeded(all));
  EXPECT_EQ(all->file_name,
            fmt::format("Export_Unixt_{}.tar", device->clock().now().wall.unix_seconds()));
  EXPECT_EQ(all->first_counter, 1U);
  EXPECT_EQ(all->last_counter, device->tse().status()->signature_counter);
  EXPECT_EQ(all->messages, logs_of(sink.bytes()).size());
  MemorySink certificates;
  const auto only = device->tse().export_logging_certificates(certificates);
  ASSERT_TRUE(succeeded(only));
  EXPECT_THAT(only->file_name, ::testing::StartsWith("CertificateExport_Unixt_"));
  EXPECT_EQ(files_of(certificates.bytes()).size(), 3U);
}

TEST(Export, SinceACounterIsTheRest) {
  const auto device = with_history(one);
  MemorySink first, second;
  const auto before = device->tse().export_log_messages(first);
  ASSERT_TRUE(succeeded(before));
  ASSERT_TRUE(succeeded(perform_one(device->tse(), testing::finish_call(4, "B"))));
  const auto after = device->tse().export_since(before->last_counter, second);
  ASSERT_TRUE(succeeded(after));
  EXPECT_EQ(content(second.bytes()), "T4f");
  EXPECT_EQ(after->first_counter, before->last_counter + 1);
}

TEST(Export, RunsBesideSigning) {
  // On the system's disk, as in the shop.
  TestDevice tools;
  const auto folder = real_folder("export");
  CreateOptions options = tools.create_options();
  options.store = {.file = folder / "tse.db", .vfs = {}};
  auto made = SoftTse::create(options, tools.signer(), tools.environment());
  ASSERT_TRUE(succeeded(made));
  SoftTse& tse = **made;
  ASSERT_TRUE(succeeded(tse.commission(secret("admin pin"),
                                       {.now = tools.clock().now().wall, .clients = {"KASSE-1"}})));
  const std::vector<TseCall> starts(32, testing::start_call());
  std::vector<Bytes> archives;
  std::thread reader([&] {
    for (int i = 0; i < 10; ++i) {
      MemorySink sink;
      if (tse.export_log_messages(sink).ok()) archives.push_back(sink.take());
    }
  });
  for (int i = 0; i < 60; ++i) {
    testing::CollectedAnswers answers(starts.size());
    tse.perform(starts, answers);
    ASSERT_TRUE(answers.complete());
    std::vector<TseCall> finishes;
    for (std::size_t k = 0; k < starts.size(); ++k) {
      ASSERT_TRUE(succeeded(answers.at(k)));
      finishes.push_back(testing::finish_call(answers.at(k)->transaction));
    }
    testing::CollectedAnswers finished(starts.size());
    tse.perform(finishes, finished);
  }
  reader.join();
  ASSERT_EQ(archives.size(), 10U);
  for (const Bytes& archive : archives) {
    // No hole: counter after counter.
    std::uint64_t last = 0;
    for (const ArchiveFile& file : logs_of(archive)) {
      const auto parsed = parse_message(file.bytes);
      ASSERT_TRUE(parsed.ok());
      EXPECT_EQ(parsed->counter, last + 1);
      last = parsed->counter;
    }
  }
}

// ---- deletion and restore

class Deletion : public ::testing::TestWithParam<Generation> {};

TEST_P(Deletion, TakesOnlyWhatWasExportedAndKeepsOpenTransactions) {
  const bool first = GetParam() == one;
  const auto device = with_history(GetParam());
  SoftTse& tse = device->tse();
  ASSERT_TRUE(succeeded(tse.log_in(TseUser::admin, secret("admin pin"))));
  const char* unexported = first ? "ErrorUnexportedStoredData" : "ErrorUnexportedLogMessages";
  EXPECT_TRUE(failed_with(tse.delete_log_messages(), unexported));
  MemorySink part;
  ASSERT_TRUE(succeeded(tse.export_filtered_transaction_logs({.client = "A"}, part)));
  EXPECT_TRUE(failed_with(tse.delete_log_messages(), unexported));
  MemorySink rest;
  ASSERT_TRUE(succeeded(tse.export_since(5, rest)));
  EXPECT_TRUE(failed_with(tse.delete_log_messages(), unexported)) << "1 to 5 are missing";
  const auto used = tse.status()->storage_used_bytes;
  device->export_all();
  ASSERT_TRUE(succeeded(tse.delete_log_messages()));
  EXPECT_EQ(content(device->export_all()), "T4s S");
  EXPECT_LT(tse.status()->storage_used_bytes, used / 2);
  const auto gone = tse.find("A", 1);
  ASSERT_TRUE(gone.ok());
  EXPECT_FALSE(gone->has_value());
  EXPECT_EQ(tse.open_transactions("B")->size(), 1U);
  EXPECT_GT(tse.status()->signature_counter, 10U);
}

TEST_P(Deletion, IsUndoneByRestore) {
  const auto device = with_history(GetParam());
  SoftTse& tse = device->tse();
  ASSERT_TRUE(succeeded(tse.log_in(TseUser::admin, secret("admin pin"))));
  const Bytes backup = device->export_all();
  ASSERT_TRUE(succeeded(tse.delete_log_messages()));
  {
    MemorySource source(backup);
    ASSERT_TRUE(succeeded(tse.restore_logs_from_backup(source)));
  }
  // Everything is there again; the one message that had stayed has a copy now.
  std::set<std::string> names;
  for (const ArchiveFile& file : logs_of(device->export_all())) names.insert(file.name);
  for (const ArchiveFile& file : logs_of(backup)) {
    EXPECT_TRUE(names.contains(file.name)) << file.name;
  }
  EXPECT_EQ(std::ranges::count_if(
                names, [](const std::string& name) { return name.ends_with("_Fc-1.log"); }),
            1);
  const auto again = tse.find("A", 3);
  ASSERT_TRUE(again.ok() && *again);
  EXPECT_TRUE((*again)->finish.has_value());
  EXPECT_EQ(tse.open_transactions(std::nullopt)->size(), 1U);
  EXPECT_EQ(*tse.transaction_state(1), TransactionState::finished);
}

TEST_P(Deletion, RestoreTwiceCountsTheCopies) {
  const auto device = with_history(GetParam());
  SoftTse& tse = device->tse();
  ASSERT_TRUE(succeeded(tse.log_in(TseUser::admin, secret("admin pin"))));
  const Bytes backup = device->export_all();
  for (int i = 0; i < 2; ++i) {
    MemorySource source(backup);
    ASSERT_TRUE(succeeded(tse.restore_logs_from_backup(source)));
  }
  const auto logs = logs_of(device->export_all());
  EXPECT_EQ(logs.size(), 3 * logs_of(backup).size());
  EXPECT_EQ(std::ranges::count_if(
                logs, [](const ArchiveFile& file) { return file.name.ends_with("_Fc-2.log"); }),
            static_cast<std::ptrdiff_t>(logs_of(backup).size()));
}

TEST_P(Deletion, RestoreRefusesForeignAndChangedMessagesAsAWhole) {
  const auto device = with_history(GetParam());
  const auto other = with_history(GetParam());
  SoftTse& tse = device->tse();
  ASSERT_TRUE(succeeded(tse.log_in(TseUser::admin, secret("admin pin"))));
  const Bytes backup = device->export_all();
  ASSERT_TRUE(succeeded(tse.delete_log_messages()));
  const std::string before = content(device->export_all());
  const auto refused = [&](const Bytes& archive) {
    MemorySource source(archive);
    EXPECT_TRUE(failed_with(tse.restore_logs_from_backup(source), "ErrorRestoreFailed"));
    EXPECT_EQ(content(device->export_all()), before);
  };
  refused(other->export_all());
  Bytes changed = backup;
  const std::string_view text = text_of(changed);
  changed[text.rfind("Kassenbeleg")] ^= std::byte{1};
  refused(changed);
  refused(Bytes(BytesView(backup).begin(), BytesView(backup).begin() + 10'000));
  refused({});
}

INSTANTIATE_TEST_SUITE_P(Softtse, Deletion, ::testing::Values(one, two), [](const auto& tested) {
  return tested.param == one ? "generation_1" : "generation_2";
});

// ---- other answers

TEST(SerialNumbers, AreTheStructureOfTheGeneration) {
  TestDevice first;
  first.commission();
  const std::string serial = first.tse().identity()->serial;
  EXPECT_EQ(hex(*first.tse().export_serial_numbers()),
            "302f302d0420" + serial + "30098001ff8101ff8201ff");
  TestDevice second({.generation = two});
  second.commission();
  EXPECT_EQ(hex(*second.tse().export_serial_numbers()),
            "302f302d0420" + second.tse().identity()->serial + "30090101ff0101ff0101ff");
}

TEST(LastMessage, IsTheOneWithTheGreatestCounter) {
  TestDevice device;
  device.commission();
  ASSERT_TRUE(succeeded(device.start()));
  ASSERT_TRUE(succeeded(device.tse().self_test()));
  const auto last = device.tse().last_log_message();
  const auto transaction = device.tse().last_transaction_log_message();
  ASSERT_TRUE(last.ok() && transaction.ok());
  EXPECT_THAT(last->name, ::testing::HasSubstr("_selfTest"));
  EXPECT_THAT(transaction->name, ::testing::HasSubstr("_Start_Client-KASSE-1"));
  EXPECT_EQ(device.logs().back().bytes, last->bytes);
}

// ---- a second opinion

/// tar, python and openssl know nothing of us.
TEST(ThirdParty, OpensslVerifiesEachMessageOfAnArchive) {
  struct Case {
    Generation generation;
    crypto::Curve curve;
    const char* digest;
  };
  for (const Case& tested : {Case{one, crypto::Curve::p256, "sha256"},
                             Case{two, crypto::Curve::brainpool_p384r1, "sha384"}}) {
    TestDevice device({.curve = tested.curve, .generation = tested.generation});
    device.commission();
    const auto started = device.start();
    ASSERT_TRUE(started.ok());
    ASSERT_TRUE(succeeded(device.finish(started->transaction)));
    const auto folder = real_folder("third_party");
    ASSERT_TRUE(write_file(folder / "export.tar", device.export_all()).ok());
    const std::string script = R"py(
import hashlib, os, subprocess, sys, tarfile
def tlv(data, at):
    length, start = data[at + 1], at + 2
    if length & 0x80:
        n = length & 0x7f
        length, start = int.from_bytes(data[start:start + n], 'big'), start + n
    return data[at], start, start + length
def integer(value):
    value = value.lstrip(b'\0') or b'\0'
    if value[0] & 0x80: value = b'\0' + value
    return b'\x02' + bytes([len(value)]) + value
def sequence(body):
    size = bytes([len(body)])
    return b'\x30' + (size if len(body) < 128 else b'\x81' + size) + body
checked = 0
with tarfile.open('export.tar') as tar:
    members = {m.name: tar.extractfile(m).read() for m in tar}
ders = {name: data for name, data in members.items() if name.endswith('_X509.der')}
for name, data in members.items():
    if not name.endswith('.log'): continue
    tag, start, end = tlv(data, 0)
    assert tag == 0x30 and end == len(data), name
    at, elements = start, []
    while at < end:
        element = tlv(data, at); elements.append((at,) + element); at = element[2]
    begin, tag, s, e = elements[-1]
    assert tag == 0x04
    serial = next(data[x[2]:x[3]] for x in elements if x[1] == 0x04 and x[3] - x[2] == 32)
    der = ders[serial.hex() + '_X509.der']
    open('leaf.der', 'wb').write(der)
    pem = subprocess.run(['openssl', 'x509', '-inform', 'DER', '-in', 'leaf.der', '-pubkey',
                          '-noout'], check=True, capture_output=True).stdout
    open('key.pem', 'wb').write(pem)
    half = (e - s) // 2
    open('sig.der', 'wb').write(sequence(integer(data[s:s + half]) + integer(data[s + half:e])))
    open('signed', 'wb').write(data[start:begin])
    subprocess.run(['openssl', 'dgst', '-' + sys.argv[1], '-verify', 'key.pem', '-signature',
                    'sig.der', 'signed'], check=True, capture_output=True)
    checked += 1
assert checked >= 7, checked
for name, data in ders.items():
    open('one.der', 'wb').write(data)
    spki = subprocess.run('openssl x509 -inform DER -in one.der -pubkey -noout | openssl pkey '
                          '-pubin -outform DER', shell=True, check=True,
                          capture_output=True).stdout
    after_algorithm = tlv(spki, tlv(spki, 0)[1])[2]
    _, start, end = tlv(spki, after_algorithm)
    assert hashlib.sha256(spki[start + 1:end]).hexdigest() + '_X509.der' == name, name
print('checked', checked)
)py";
    ASSERT_TRUE(write_file(folder / "check.py", bytes_of(script)).ok());
    const std::string command = fmt::format("cd '{}' && python3 check.py {} > out.txt 2>&1",
                                            folder.string(), tested.digest);
    const int code = std::system(command.c_str());
    const auto out = read_file(folder / "out.txt", 100'000);
    EXPECT_EQ(code, 0) << (out.ok() ? std::string(text_of(*out)) : "");
  }
}

}  // namespace
}  // namespace siegel::device::softtse
