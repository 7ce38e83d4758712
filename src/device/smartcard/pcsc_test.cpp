#include "device/smartcard/pcsc.h"

#include <gtest/gtest.h>
#include <winscard.h>

#include <memory>
#include <thread>
#include <vector>

#include "crypto/x509.h"
#include "device/smartcard/cards.h"
#include "device/smartcard/smartcard.h"
#include "device/smartcard/test_service.h"
#include "device/testing/signer_tools.h"

// Against the real pcscd with virtual readers: what only the service itself can show.

namespace siegel::device::smartcard {
namespace {

using device::testing::digest_of;
using testing::CardKind;
using testing::Fault;
using testing::PcscService;
using testing::Step;
using testing::VirtualCard;

crypto::SecretBytes pin_of(std::string_view digits) {
  return crypto::SecretBytes::copy_of(bytes_of(digits));
}

std::unique_ptr<SmartCard> signer_of(const VirtualCard& card, std::string_view pin = "123456") {
  return open_smart_card({.serial = card.serial(), .pin = pin_of(pin)});
}

/// What the detail ends with: "(E-CRD-104)".
std::string card_code_of(const Result<Bytes>& result) {
  if (result || result.error().detail.size() < 10) return {};
  const std::string& detail = result.error().detail;
  return detail.substr(detail.size() - 10, 9);
}

/// Another program with the card, through the plain PC/SC interface.
class OtherProgram {
 public:
  explicit OtherProgram(const std::string& reader, DWORD share = SCARD_SHARE_SHARED) {
    EXPECT_EQ(SCardEstablishContext(SCARD_SCOPE_SYSTEM, nullptr, nullptr, &m_context),
              SCARD_S_SUCCESS);
    DWORD protocol = 0;
    EXPECT_EQ(SCardConnect(m_context, reader.c_str(), share, SCARD_PROTOCOL_T1, &m_card, &protocol),
              SCARD_S_SUCCESS);
  }
  ~OtherProgram() {
    leave(SCARD_LEAVE_CARD);
    SCardReleaseContext(m_context);
  }
  OtherProgram(const OtherProgram&) = delete;
  OtherProgram& operator=(const OtherProgram&) = delete;
  void leave(DWORD disposition) {
    if (m_card != 0) SCardDisconnect(m_card, disposition);
    m_card = 0;
  }
  void begin() const { EXPECT_EQ(SCardBeginTransaction(m_card), SCARD_S_SUCCESS); }
  void end() const { SCardEndTransaction(m_card, SCARD_LEAVE_CARD); }

 private:
  SCARDCONTEXT m_context = 0;
  SCARDHANDLE m_card = 0;
};

class Pcsc : public ::testing::Test {
 protected:
  void SetUp() override {
    m_service = testing::service_of_program();
    if (m_service == nullptr) GTEST_SKIP() << "no pcscd with vpcd here, or not for this user";
  }
  void TearDown() override {
    if (m_service == nullptr) return;
    for (std::size_t i = 0; i < PcscService::readers; ++i) EXPECT_TRUE(m_service->pull(i));
  }
  PcscService& service() { return *m_service; }
  /// Lives until the readers are empty again.
  VirtualCard& new_card(testing::CardSpec spec = {}) {
    return *m_cards.emplace_back(std::make_unique<VirtualCard>(std::move(spec)));
  }
  /// The card is in the first reader.
  void insert(VirtualCard& card) { ASSERT_TRUE(service().insert(0, card)) << service().log(); }
  static void expect_valid(const Result<Bytes>& signature, const VirtualCard& card,
                           std::string_view text = "receipt") {
    ASSERT_TRUE(signature.ok()) << signature.error().place << " " << signature.error().detail;
    const auto key = crypto::Certificate::parse(card.certificate())->public_key();
    EXPECT_TRUE(key->verify_ecdsa_digest(digest_of(text), *signature));
  }

 private:
  PcscService* m_service = nullptr;
  std::vector<std::unique_ptr<VirtualCard>> m_cards;
};

TEST_F(Pcsc, SignsWithACardOfEachGeneration) {
  RecordProperty("proves", "AMA-005 AMA-027");
  for (const CardKind kind :
       {CardKind::acos_epa, CardKind::acos_mca, CardKind::cardos_old, CardKind::cardos_new,
        CardKind::acos_id_v2, CardKind::acos_id_v3, CardKind::acos_id_v4, CardKind::acos_id_test}) {
    VirtualCard& card = new_card({.kind = kind});
    insert(card);
    const auto signer = signer_of(card);
    const auto certificates = signer->certificates();
    ASSERT_TRUE(certificates.ok()) << certificates.error().detail;
    EXPECT_EQ(certificates->front(), card.certificate());
    expect_valid(signer->sign_digest(digest_of("receipt")), card);
    EXPECT_EQ(card.signatures(), 1U);
    ASSERT_TRUE(service().pull(0));
  }
}

TEST_F(Pcsc, ACardPulledInTheMiddleOfASignatureIsGoneUntilItIsBack) {
  VirtualCard& card = new_card();
  insert(card);
  const auto signer = signer_of(card);
  expect_valid(signer->sign_digest(digest_of("receipt")), card);
  card.plan({.step = Step::sign, .fault = Fault::pulled});
  const auto pulled = signer->sign_digest(digest_of("receipt"));
  ASSERT_FALSE(pulled.ok());
  EXPECT_EQ(pulled.error().kind, ErrorKind::unavailable);
  EXPECT_EQ(pulled.error().code, "E-SIG-101");
  ASSERT_TRUE(service().wait_for(0, false));
  EXPECT_EQ(card_code_of(signer->sign_digest(digest_of("receipt"))), "E-CRD-103");
  insert(card);
  expect_valid(signer->sign_digest(digest_of("receipt")), card);
  EXPECT_EQ(card.wrong_pins(), 0U);
}

TEST_F(Pcsc, ACardResetByAnotherProgramSignsAllTheSame) {
  for (const int disposition : {SCARD_RESET_CARD, SCARD_UNPOWER_CARD}) {
    VirtualCard& card = new_card({.kind = CardKind::acos_id_v2});
    insert(card);
    const auto signer = signer_of(card);
    expect_valid(signer->sign_digest(digest_of("receipt")), card);
    {
      OtherProgram other(service().reader_name(0));
      other.leave(static_cast<DWORD>(disposition));
    }
    expect_valid(signer->sign_digest(digest_of("receipt")), card);
    EXPECT_EQ(card.signatures(), 2U) << "the connection was found dead before anything was said";
    ASSERT_TRUE(service().pull(0));
  }
}

TEST_F(Pcsc, AFaultOnceIsMendedTwiceIsAnOutage) {
  for (const auto& [step, fault] :
       {std::pair{Step::sign, Fault::empty}, std::pair{Step::sign, Fault::damaged},
        std::pair{Step::sign, Fault::status}, std::pair{Step::verify, Fault::status}}) {
    VirtualCard& card = new_card();
    insert(card);
    const auto signer = signer_of(card);
    expect_valid(signer->sign_digest(digest_of("receipt")), card);
    const std::uint64_t powered = card.power_ups();
    card.plan({.step = step, .fault = fault});
    expect_valid(signer->sign_digest(digest_of("receipt")), card);
    EXPECT_GT(card.power_ups(), powered) << "it was powered off in between";
    card.plan({.step = step, .fault = fault, .times = 2});
    const auto failed = signer->sign_digest(digest_of("receipt"));
    ASSERT_FALSE(failed.ok());
    EXPECT_EQ(failed.error().kind, ErrorKind::unavailable);
    expect_valid(signer->sign_digest(digest_of("receipt")), card);
    ASSERT_TRUE(service().pull(0));
  }
}

TEST_F(Pcsc, ABlockedPinIsSaidToBeBlocked) {
  VirtualCard& card = new_card({.kind = CardKind::cardos_new});
  insert(card);
  for (int left = 2; left >= 0; --left) {
    const auto wrong = signer_of(card, "000000")->sign_digest(digest_of("receipt"));
    ASSERT_FALSE(wrong.ok());
    EXPECT_EQ(wrong.error().code, left > 0 ? "E-SIG-201" : "E-SIG-202");
    EXPECT_EQ(wrong.error().place, "63C" + std::to_string(left));
  }
  EXPECT_EQ(card_code_of(signer_of(card)->sign_digest(digest_of("receipt"))), "E-CRD-202");
}

TEST_F(Pcsc, ASlowCardIsWaitedForAndHasOneSpeakerAtATime) {
  VirtualCard& card = new_card();
  insert(card);
  card.plan({.step = Step::sign, .fault = Fault::held});
  Result<Bytes> first = unavailable("", "");
  Result<Bytes> second = unavailable("", "");
  std::thread one([&] { first = signer_of(card)->sign_digest(digest_of("first")); });
  ASSERT_TRUE(card.wait_until_held());
  std::thread two([&] { second = signer_of(card)->sign_digest(digest_of("second")); });
  card.release();
  one.join();
  two.join();
  expect_valid(first, card, "first");
  expect_valid(second, card, "second");
  EXPECT_EQ(card.wrong_pins(), 0U);
}

TEST_F(Pcsc, SeveralProgramsShareACardWithoutDisturbingEachOther) {
  VirtualCard& card = new_card({.kind = CardKind::acos_epa});
  insert(card);
  constexpr int programs = 3;
  constexpr int receipts = 10;
  std::vector<std::thread> threads;
  std::vector<int> valid(programs, 0);
  const auto key = crypto::Certificate::parse(card.certificate())->public_key();
  for (int i = 0; i < programs; ++i) {
    threads.emplace_back([&, i] {
      const auto signer = signer_of(card);
      for (int n = 0; n < receipts; ++n) {
        const Bytes digest = digest_of(std::to_string(i) + "/" + std::to_string(n));
        const auto signature = signer->sign_digest(digest);
        if (signature && key->verify_ecdsa_digest(digest, *signature))
          ++valid[static_cast<std::size_t>(i)];
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(valid, std::vector<int>(programs, receipts));
  EXPECT_EQ(card.signatures(), std::uint64_t{programs} * receipts) << "none had to be made twice";
}

TEST_F(Pcsc, WaitsWhileAnotherProgramHasReservedTheCard) {
  VirtualCard& card = new_card();
  insert(card);
  const auto signer = signer_of(card);
  ASSERT_TRUE(signer->identity().ok());
  std::thread thread;
  Result<Bytes> signature = unavailable("", "");
  {
    OtherProgram other(service().reader_name(0));
    other.begin();
    thread = std::thread([&] { signature = signer->sign_digest(digest_of("receipt")); });
    EXPECT_EQ(card.verifies(), 0U);
    other.end();
  }
  thread.join();
  expect_valid(signature, card);
}

TEST_F(Pcsc, ACardThatAnotherProgramKeepsForItselfIsUnavailable) {
  VirtualCard& card = new_card();
  insert(card);
  const auto signer = signer_of(card);
  const auto readers = pcsc_readers();
  {
    OtherProgram other(service().reader_name(0), SCARD_SHARE_EXCLUSIVE);
    EXPECT_EQ(card_code_of(signer->sign_digest(digest_of("receipt"))), "E-CRD-108");
    const auto cards = list_cards(*readers);
    ASSERT_TRUE(cards.ok());
    EXPECT_EQ(cards->at(0).state, CardState::in_use);
  }
  expect_valid(signer->sign_digest(digest_of("receipt")), card);
}

TEST_F(Pcsc, ARestartedServiceIsFoundAgain) {
  VirtualCard& card = new_card();
  insert(card);
  const auto signer = signer_of(card);
  expect_valid(signer->sign_digest(digest_of("receipt")), card);
  service().stop();
  for (int i = 0; i < 2; ++i) {
    const auto down = signer->sign_digest(digest_of("receipt"));
    EXPECT_EQ(card_code_of(down), "E-CRD-101") << down.error().detail;
  }
  const auto restarted = service().start_again();
  ASSERT_TRUE(restarted.ok()) << restarted.error().detail;
  expect_valid(signer->sign_digest(digest_of("receipt")), card);
}

TEST_F(Pcsc, EachCardIsFoundByItsNumberInWhicheverReaderItIs) {
  RecordProperty("proves", "AMA-017 AMA-027");
  VirtualCard& a = new_card({.kind = CardKind::cardos_new});
  VirtualCard& b = new_card({.kind = CardKind::acos_id_v4, .pin = "4711"});
  const auto signer_a = signer_of(a);
  const auto signer_b = signer_of(b, "4711");
  insert(a);
  ASSERT_TRUE(service().insert(1, b));
  expect_valid(signer_a->sign_digest(digest_of("receipt")), a);
  expect_valid(signer_b->sign_digest(digest_of("receipt")), b);
  ASSERT_TRUE(service().pull(0));
  ASSERT_TRUE(service().pull(1));
  insert(b);
  ASSERT_TRUE(service().insert(1, a));
  expect_valid(signer_a->sign_digest(digest_of("receipt")), a);
  expect_valid(signer_b->sign_digest(digest_of("receipt")), b);
  EXPECT_EQ(a.wrong_pins() + b.wrong_pins(), 0U);
}

TEST_F(Pcsc, ListsReadersAndWhatIsInThem) {
  RecordProperty("proves", "AMA-003 AMA-025 AMA-027");
  VirtualCard& ready = new_card({.kind = CardKind::acos_id_v3});
  insert(ready);
  const auto readers = pcsc_readers();
  auto cards = list_cards(*readers);
  ASSERT_TRUE(cards.ok()) << cards.error().detail;
  ASSERT_EQ(cards->size(), 2U);
  EXPECT_EQ(cards->at(0).reader, service().reader_name(0));
  EXPECT_EQ(cards->at(0).state, CardState::ready)
      << (cards->at(0).reason ? cards->at(0).reason->detail : "");
  EXPECT_EQ(cards->at(0).serial, ready.serial());
  EXPECT_EQ(cards->at(0).atr, "3BDF97008131FE4680319052410364050201AC73D622C0F8");
  EXPECT_EQ(cards->at(1).state, CardState::empty);

  VirtualCard& fresh = new_card({.kind = CardKind::cardos_new, .has_certificate = false});
  ASSERT_TRUE(service().insert(1, fresh));
  cards = list_cards(*readers);
  ASSERT_TRUE(cards.ok());
  EXPECT_EQ(cards->at(1).state, CardState::not_activated);
  ASSERT_TRUE(service().pull(1));
  VirtualCard& bank = new_card({.kind = CardKind::stranger});
  ASSERT_TRUE(service().insert(1, bank));
  cards = list_cards(*readers);
  ASSERT_TRUE(cards.ok());
  EXPECT_EQ(cards->at(1).state, CardState::unknown_card);
  EXPECT_TRUE(bank.take_commands().empty());
}

}  // namespace
}  // namespace siegel::device::smartcard
