#include "device/softtse/message.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <set>

#include "base/file.h"
#include "device/softtse/errors.h"
#include "device/softtse/se_clock.h"
#include "device/softtse/test_device.h"
#include "format/der.h"

namespace siegel::device::softtse {
namespace {

constexpr Instant at = Instant::from_unix(0x6955B904);

Hash256 serial() {
  Hash256 out;
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<std::byte>(i);
  return out;
}
const std::string serial_hex =
    "0420000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const std::string sha256_hex = "300c060a04007f00070101040103";
const std::string sha384_hex = "300c060a04007f00070101040104";

MessageWriter writer(Generation generation, TimeFormat format = TimeFormat::unix_time,
                     crypto::HashAlgorithm hash = crypto::HashAlgorithm::sha256) {
  return {generation, format, serial(), {.hash = hash}};
}

/// A TLV in hex from a tag and a text.
std::string tlv(std::string_view tag, std::string_view text) {
  const std::string content = hex(bytes_of(text));
  EXPECT_LT(text.size(), 128U);
  Bytes length = {static_cast<std::byte>(text.size())};
  return std::string(tag) + hex(length) + content;
}

TEST(TransactionMessage, OfGeneration1IsTheLayoutOfTheDevicesInTheField) {
  RecordProperty("proves", "DIK-001");
  const Bytes made = writer(Generation::one)
                         .transaction({.operation = TseCall::Operation::finish,
                                       .client = "KASSE-1",
                                       .process_data = "Beleg^1.00",
                                       .process_type = "Kassenbeleg-V1",
                                       .number = 300},
                                      128, at);
  EXPECT_EQ(hex(made),
            "020102"
            "060904007f000703070101" +
                tlv("80", "FinishTransaction") + tlv("81", "KASSE-1") + tlv("82", "Beleg^1.00") +
                tlv("83", "Kassenbeleg-V1") + "8502012c" + serial_hex + sha256_hex +
                "02020080"
                "02046955b904");
}

TEST(TransactionMessage, OfAStartHasEmptyDataAndType) {
  const Bytes made = writer(Generation::one)
                         .transaction({.operation = TseCall::Operation::start,
                                       .client = "KASSE-1",
                                       .process_data = "",
                                       .process_type = "",
                                       .number = 1},
                                      6, at);
  EXPECT_EQ(hex(made), "020102060904007f000703070101" + tlv("80", "StartTransaction") +
                           tlv("81", "KASSE-1") + "82008300850101" + serial_hex + sha256_hex +
                           "02010602046955b904");
}

TEST(TransactionMessage, OfGeneration2HasVersion3AndLowerCamelNames) {
  const Bytes extra = {std::byte{0xAB}};
  const Bytes made = writer(Generation::two, TimeFormat::utc_time, crypto::HashAlgorithm::sha384)
                         .transaction({.operation = TseCall::Operation::update,
                                       .client = "K",
                                       .process_data = "x",
                                       .process_type = "",
                                       .additional_external_data = extra,
                                       .number = 128},
                                      255, at);
  EXPECT_EQ(hex(made), "020103060904007f000703070101" + tlv("80", "updateTransaction") +
                           tlv("81", "K") +
                           "8201788300"
                           "8401ab"
                           "85020080" +
                           serial_hex + sha384_hex + "020200ff" + tlv("17", "260101000004Z"));
}

TEST(TransactionMessage, LongDataHaveALongLength) {
  const std::string data(70'000, 'x');
  const Bytes made = writer(Generation::one)
                         .transaction({.operation = TseCall::Operation::finish,
                                       .client = "K",
                                       .process_data = data,
                                       .process_type = "",
                                       .number = 1},
                                      1, at);
  EXPECT_NE(hex(made).find("8283011170" + hex(bytes_of("xxxx"))), std::string::npos);
  const auto parsed = parse_message(MessageWriter::message(made, Bytes(64)));
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(text_of(parsed->process_data), data);
}

TEST(AuditMessage, HasItsContentAfterTheAlgorithm) {
  const Bytes content = {std::byte{0x30}, std::byte{0x00}};
  const Bytes made = writer(Generation::one, TimeFormat::generalized_time_with_ms)
                         .audit(content, 7, at + std::chrono::milliseconds(70));
  EXPECT_EQ(hex(made), "020102060904007f000703070103" + serial_hex + sha256_hex + "04023000" +
                           "020107" + tlv("18", "20260101000004.070Z"));
}

TEST(MessageFrame, IsOneSequenceWithTheSignatureAtTheEnd) {
  const Bytes body(120, std::byte{0x55});
  const Bytes message = MessageWriter::message(body, Bytes(64, std::byte{0x11}));
  EXPECT_EQ(hex(BytesView(message).first(3)), "3081ba");
  EXPECT_EQ(message.size(), 3U + 120 + 2 + 64);
  EXPECT_EQ(hex(BytesView(message).subspan(123, 3)), "044011");
}

std::string one(const SystemEvent& event) { return event.name + " " + hex(event.data); }
std::string two(const SystemEvent& event) {
  return event.name + " " + event.origin + " " + event.user.value_or("-") + " " + hex(event.data);
}

TEST(SystemEvents, OfGeneration1AreTlvRunsWithContextTags) {
  const Events events(Generation::one, TimeFormat::unix_time);
  const Instant later = Instant::from_unix(0x6955B906);
  EXPECT_EQ(one(events.initialize("Admin", "TEST")), "Initialize " + tlv("81", "TEST"));
  EXPECT_EQ(one(events.update_time("Admin", at, later)), "UpdateTime 81046955b90482046955b906");
  EXPECT_EQ(one(events.update_time("Admin", Instant(), later)), "UpdateTime 81010082046955b906");
  EXPECT_EQ(one(events.disable("Admin", at)), "DisableSecureElement 81046955b904");
  EXPECT_EQ(one(events.authenticate(
                "unauthenticated",
                {.user = "TimeAdmin", .outcome = PinOutcome::success, .tries_left = 3})),
            "AuthenticateUser " + tlv("81", "TimeAdmin") + "8201018301ff");
  EXPECT_EQ(one(events.authenticate(
                "unauthenticated",
                {.user = "Admin", .outcome = PinOutcome::incorrect_pin, .tries_left = 2})),
            "AuthenticateUser " + tlv("81", "Admin") + "820100830100");
  EXPECT_EQ(one(events.authenticate(
                "unauthenticated",
                {.user = "nobody", .outcome = PinOutcome::unknown_user, .tries_left = 0})),
            "AuthenticateUser " + tlv("81", "nobody") + "8200830100");
  EXPECT_EQ(one(events.log_out("Admin", "Admin", LogOutCause::user_called)),
            "LogOut " + tlv("81", "Admin") + "820100");
  EXPECT_EQ(one(events.log_out({}, "Admin", LogOutCause::timeout)),
            "LogOut " + tlv("81", "Admin") + "820101");
  EXPECT_EQ(one(events.unblock("x", "Admin", UnblockOutcome::success)),
            "UnblockUser " + tlv("81", "Admin") + "820100");
  EXPECT_EQ(one(events.unblock("x", "Admin", UnblockOutcome::incorrect_puk)),
            "UnblockUser " + tlv("81", "Admin") + "820101");
  EXPECT_EQ(one(events.unblock("x", "root", UnblockOutcome::unknown_user)),
            "UnblockUser " + tlv("81", "root") + "820102");
  EXPECT_EQ(one(events.start_audit()), "startAudit 8100");
  EXPECT_EQ(one(events.enter_secure_state()), "enterSecureState 8100");
  EXPECT_EQ(one(events.exit_secure_state()), "exitSecureState 8100");
  EXPECT_EQ(one(events.delete_messages("Admin")), "deleteStoredData " + tlv("81", "Admin"));
  EXPECT_EQ(one(events.lock("Admin")), "lockTransactionLogging " + tlv("81", "Admin"));
  EXPECT_EQ(one(events.unlock("Admin")), "unlockTransactionLogging " + tlv("81", "Admin"));
  EXPECT_EQ(one(events.register_client("Admin", "KASSE-1")),
            "registerClient " + tlv("81", "KASSE-1"));
  EXPECT_EQ(one(events.deregister_client("Admin", "KASSE-1")),
            "deregisterClient " + tlv("81", "KASSE-1"));
  const auto tests =
      events.self_test("Admin", {{.component = "SMAERS", .error = {}}, {"CSP", false, "no key"}});
  ASSERT_EQ(tests.size(), 2U);
  EXPECT_EQ(one(tests[0]), "selfTest " + tlv("81", "SMAERS") + "8201ff");
  EXPECT_EQ(one(tests[1]), "selfTest " + tlv("81", "CSP") + "820100" + tlv("83", "no key"));
}

TEST(SystemEvents, OfGeneration2AreElementsWithUniversalTags) {
  const Events events(Generation::two, TimeFormat::unix_time);
  const std::string by_admin = " integration-interface admin ";
  EXPECT_EQ(two(events.initialize("admin", "TEST")), "initialize" + by_admin);
  EXPECT_EQ(two(events.set_description("admin", "TEST")),
            "setDescription" + by_admin + tlv("13", "TEST"));
  EXPECT_EQ(two(events.update_time("admin", Instant(), at)),
            "updateTime" + by_admin + "02010002046955b904");
  EXPECT_EQ(two(events.disable("admin", at)), "disableSecureElement" + by_admin);
  EXPECT_EQ(
      two(events.authenticate("admin",
                              {.user = "logger", .outcome = PinOutcome::blocked, .tries_left = 0})),
      "authenticateUser" + by_admin + tlv("13", "logger") + tlv("13", "logger") + "0a0103020100");
  EXPECT_EQ(two(events.authenticate(
                "unauthenticated",
                {.user = "root", .outcome = PinOutcome::unknown_user, .tries_left = 0})),
            "authenticateUser integration-interface unauthenticated " + tlv("13", "root") +
                tlv("13", "unknown") + "0a0101020100");
  EXPECT_EQ(two(events.log_out({}, "admin", LogOutCause::timeout)),
            "logOut SMA - " + tlv("13", "admin") + "0a0102");
  EXPECT_EQ(two(events.unblock("admin", "logger", UnblockOutcome::blocked)),
            "unblockPin" + by_admin + tlv("13", "logger") + "0a0103");
  EXPECT_EQ(two(events.start_audit()), "startAudit SMA - ");
  EXPECT_EQ(two(events.delete_messages("admin")), "deleteLogMessages" + by_admin);
  EXPECT_EQ(two(events.lock("admin")), "lockTransactionLogging" + by_admin);
  EXPECT_EQ(two(events.register_client("admin", "K")), "registerClient" + by_admin + "13014b");
  const auto tests =
      events.self_test("admin", {{.component = "CSP", .error = {}}, {"SMA", false, "bad"}});
  ASSERT_EQ(tests.size(), 1U);
  EXPECT_EQ(two(tests[0]), "selfTest" + by_admin +
                               "3019"
                               "3008"
                               "13034353500101ff"
                               "300d"
                               "1303534d41010100"
                               "1303626164"
                               "010100");
}

TEST(SystemMessage, OfBothGenerationsAsBytes) {
  const Events first(Generation::one, TimeFormat::unix_time);
  EXPECT_EQ(hex(writer(Generation::one).system(first.start_audit(), 1, at)),
            "020102060904007f000703070102" + tlv("80", "startAudit") + "81028100" + serial_hex +
                sha256_hex + "02010102046955b904");
  const Events second(Generation::two, TimeFormat::unix_time);
  EXPECT_EQ(hex(writer(Generation::two).system(second.lock("admin"), 1, at)),
            "020103060904007f000703070102" + tlv("80", "lockTransactionLogging") +
                tlv("81", "integration-interface") + tlv("82", "admin") + "a300" + serial_hex +
                sha256_hex + "02010102046955b904");
}

TEST(FileNames, SayWhatTheMessageHolds) {
  const auto name = [](Generation generation, TimeFormat format, const auto& make,
                       unsigned copy = 0) {
    const MessageWriter made = writer(generation, format);
    const auto parsed_bytes = MessageWriter::message(make(made), Bytes(64));
    const auto parsed = parse_message(parsed_bytes);
    EXPECT_TRUE(parsed.ok());
    return parsed->file_name(copy);
  };
  const auto start = [](const MessageWriter& made) {
    return made.transaction({.operation = TseCall::Operation::start,
                             .client = "Kasse (1), links",
                             .process_data = {},
                             .process_type = {},
                             .number = 26},
                            917, at);
  };
  const auto audit = [](const MessageWriter& made) { return made.audit({}, 9, at); };
  EXPECT_EQ(name(Generation::one, TimeFormat::unix_time, start),
            "Unixt_1767225604_Sig-917_Log-Tra_No-26_Start_Client-Kasse (1), links.log");
  EXPECT_EQ(name(Generation::two, TimeFormat::utc_time, start, 2),
            "Utc_260101000004Z_Sig-917_Log-Tra_No-26_Start_Client-Kasse (1), links_Fc-2.log");
  EXPECT_EQ(name(Generation::one, TimeFormat::generalized_time, audit),
            "Gent_20260101000004Z_Sig-9_Log-Aud.log");
  const Events events(Generation::two, TimeFormat::unix_time);
  EXPECT_EQ(name(Generation::two, TimeFormat::unix_time,
                 [&](const MessageWriter& made) {
                   return made.system(events.lock("admin"), 7, Instant());
                 }),
            "Unixt_0_Sig-7_Log-Sys_lockTransactionLogging.log");
}

TEST(ParseMessage, ReadsWhatWasWrittenAndNothingElse) {
  const Bytes message =
      MessageWriter::message(writer(Generation::one)
                                 .transaction({.operation = TseCall::Operation::finish,
                                               .client = "KASSE-1",
                                               .process_data = "data",
                                               .process_type = "type",
                                               .number = 77},
                                              1234, at),
                             Bytes(64, std::byte{0x22}));
  const auto parsed = parse_message(message);
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->counter, 1234U);
  EXPECT_EQ(parsed->transaction, 77U);
  EXPECT_EQ(parsed->time, at);
  EXPECT_EQ(parsed->signed_bytes.size() + 3 + 66, message.size());
  for (std::size_t size = 0; size < message.size(); ++size) {
    EXPECT_FALSE(parse_message(BytesView(message).first(size)).ok()) << size;
  }
  Bytes longer = message;
  longer.push_back(std::byte{0});
  EXPECT_FALSE(parse_message(longer).ok());
}

TEST(ParseMessage, SurvivesEveryFlippedBit) {
  const Bytes message = MessageWriter::message(
      writer(Generation::two)
          .system(
              Events(Generation::two, TimeFormat::unix_time).register_client("admin", "KASSE-1"), 5,
              at),
      Bytes(64));
  for (std::size_t bit = 0; bit < message.size() * 8; ++bit) {
    Bytes changed = message;
    changed[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
    const auto parsed = parse_message(changed);
    if (parsed.ok()) static_cast<void>(parsed->file_name());
  }
}

TEST(TrErrors, EveryNameOfBothTextsHasACode) {
  for (const char* name :
       {"ErrorTimeNotSet", "ErrorStorageMemoryFull", "ErrorCertificateExpired",
        "ErrorUnexportedStoredData", "ErrorNoTransaction", "ErrorSeApiNotInitialized",
        "ErrorGetMaxNumberOfTransactionsFailed", "ErrorUserIdNotAuthenticated",
        "ErrorSecureElementPartsDisconnected", "ErrorStoringInitDataFailed"}) {
    EXPECT_TRUE(code_of_tr_name(name).has_value()) << name;
  }
  EXPECT_EQ(code_of_tr_name("ErrorTimeNotSet"), "E-TSE-406");
  EXPECT_EQ(code_of_tr_name("ErrorUnexportedStoredData"),
            code_of_tr_name("ErrorUnexportedLogMessages"));
  EXPECT_FALSE(code_of_tr_name("ErrorOfAnotherWorld").has_value());
  EXPECT_EQ(tr_error(Generation::one, TrError::device_not_initialized, "").place,
            "ErrorSeApiNotInitialized");
  EXPECT_EQ(tr_error(Generation::two, TrError::device_not_initialized, "").place,
            "ErrorDeviceNotInitialized");
}

// ---- the device's clock

TEST(SeClock, RunsOnSteadyTimeOnly) {
  SeClock clock;
  clock.jump({.wall = at, .steady = std::chrono::seconds(10)}, at);
  EXPECT_EQ(clock.read({.wall = Instant(), .steady = std::chrono::seconds(13)}),
            at + std::chrono::seconds(3));
  EXPECT_EQ(clock.read({.wall = at, .steady = std::chrono::seconds(5)}), at);
}

TEST(SeClock, SlewsByHalfAMillisecondASecondAndNeverGoesBack) {
  EXPECT_TRUE(rc::check("slew", [] {
    SeClock clock;
    const auto amount = *rc::gen::inRange(-128, 129);
    clock.jump({.wall = at, .steady = Steady{0}}, at);
    clock.slew({.wall = at, .steady = Steady{0}}, std::chrono::milliseconds(amount));
    Instant last = at;
    Steady steady{0};
    for (int i = 0; i < 50; ++i) {
      const auto step = std::chrono::milliseconds(*rc::gen::inRange(0, 20'000));
      steady += step;
      const Instant now = clock.read({.wall = at, .steady = steady});
      RC_ASSERT(now >= last);
      const auto drift = (now - last) - step;
      RC_ASSERT(std::abs(drift.count()) <= step.count() / 2000 + 1);
      last = now;
    }
    const Instant end = clock.read({.wall = at, .steady = std::chrono::hours(1)});
    RC_ASSERT((end - at - std::chrono::hours(1)).count() == amount);
  }));
}

// ---- against messages made by others

/// Tags of the elements of a message, in order; `81` of generation 1 and `A3` with those inside.
std::string shape(BytesView message) {
  format::DerReader outer(message);
  format::DerElement sequence, element, inner;
  if (!outer.read(format::der_tag::sequence, sequence)) return "?";
  format::DerReader reader = outer.inside(sequence);
  std::string out;
  bool system = false;
  while (reader.read(element)) {
    const Bytes tag = {static_cast<std::byte>(element.tag)};
    out += hex(tag);
    if (element.tag == format::der_tag::oid) system = element.content.back() == std::byte{2};
    const bool nested =
        system &&
        (element.tag == 0xA3 ||
         (element.tag == 0x81 && text_of(message).find("integration-"
                                                       "interface") == std::string_view::npos));
    if (!nested) continue;
    format::DerReader inside(element.content);
    out += "(";
    while (inside.read(inner)) {
      const Bytes inner_tag = {static_cast<std::byte>(inner.tag)};
      out += hex(inner_tag);
    }
    out += ")";
  }
  return out;
}

/// What a message is about: the part of its file name after the counter.
std::string topic(const std::string& name) {
  std::string out = name.substr(name.find("_Log-") + 5);
  if (out.starts_with("Tra_")) {
    out = out.substr(out.find('_', out.find("_No-") + 4) + 1);
    out = out.substr(0, out.find('_'));
  }
  return out.substr(0, out.find('.'));
}

/// Every shape a topic has in an archive.
void collect(BytesView archive, std::map<std::string, std::set<std::string>>& shapes) {
  for (const auto& file : testing::logs_of(archive)) {
    shapes[topic(file.name)].insert(shape(file.bytes));
  }
}

/// A device that has gone through everything the others' archives show.
Bytes our_archive(Generation generation) {
  TestDevice device({.generation = generation});
  device.commission();
  SoftTse& tse = device.tse();
  const auto started = device.start();
  EXPECT_TRUE(started.ok());
  EXPECT_TRUE(perform_one(tse, testing::update_call(started->transaction, "x")).ok());
  EXPECT_TRUE(device.finish(started->transaction).ok());
  EXPECT_FALSE(tse.authenticate_user("nobody", secret("1234")).ok());
  EXPECT_FALSE(tse.log_in(TseUser::admin, secret("1234")).ok());
  EXPECT_TRUE(succeeded(tse.unblock_pin(generation == Generation::one ? "Admin" : "admin",
                                        secret("admin puk"), secret("admin pin"))));
  EXPECT_TRUE(succeeded(tse.log_in(TseUser::admin, secret("admin pin"))));
  if (generation == Generation::two) {
    EXPECT_TRUE(succeeded(tse.set_description("TEST two")));
  }
  EXPECT_TRUE(succeeded(tse.self_test()));
  EXPECT_TRUE(succeeded(tse.lock_transaction_logging()));
  EXPECT_TRUE(succeeded(tse.unlock_transaction_logging()));
  EXPECT_TRUE(succeeded(tse.deregister_client("KASSE-1")));
  EXPECT_TRUE(succeeded(tse.log_audit(Bytes(4))));
  EXPECT_TRUE(succeeded(tse.log_out()));
  EXPECT_TRUE(succeeded(tse.log_in(TseUser::admin, secret("admin pin"))));
  EXPECT_TRUE(succeeded(tse.disable()));
  return device.export_all();
}

class AgainstOthers : public ::testing::TestWithParam<std::pair<std::string, Generation>> {};

TEST_P(AgainstOthers, OurMessagesOfATopicHaveAShapeTheyHaveThere) {
  const char* vectors = std::getenv("SIEGEL_VECTORS");
  if (vectors == nullptr) GTEST_SKIP() << "no vectors";
  std::map<std::string, std::set<std::string>> theirs;
  std::map<std::string, std::set<std::string>> ours;
  const auto folder = std::filesystem::path(vectors) / "tse" / GetParam().first;
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    if (file.path().extension() != ".tar") continue;
    const auto archive = read_file(file.path(), 10'000'000);
    ASSERT_TRUE(archive.ok());
    // Times of another format have another tag.
    if (file.path().string().find("generalizedTime") != std::string::npos ||
        file.path().string().find("utcTime") != std::string::npos) {
      continue;
    }
    collect(*archive, theirs);
  }
  ASSERT_FALSE(theirs.empty());
  collect(our_archive(GetParam().second), ours);
  int compared = 0;
  for (const auto& [name, shapes] : ours) {
    const auto found = theirs.find(name);
    if (found == theirs.end()) continue;
    for (const std::string& one_shape : shapes) {
      EXPECT_TRUE(found->second.contains(one_shape))
          << name << ": " << one_shape << ", there " << *found->second.begin();
      ++compared;
    }
  }
  EXPECT_GE(compared, GetParam().first == "cryptovision" ? 4 : 8);
}

INSTANTIATE_TEST_SUITE_P(Vectors, AgainstOthers,
                         ::testing::Values(std::pair("cryptovision", Generation::one),
                                           std::pair("bsi_simulator", Generation::one),
                                           std::pair("synthetic_v3", Generation::two)),
                         [](const auto& tested) { return tested.param.first; });

}  // namespace
}  // namespace siegel::device::softtse
