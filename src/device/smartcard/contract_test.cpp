#include <gtest/gtest.h>

#include "device/smartcard/smartcard.h"
#include "device/smartcard/test_desk.h"
#include "device/smartcard/test_service.h"
#include "device/testing/signer_contract.h"

// The contract of signers: for a card of each family in this process, and behind the real pcscd.

namespace siegel::device::testing {
namespace {

using smartcard::CardReaders;
using smartcard::SmartCard;
using smartcard::testing::CardKind;
using smartcard::testing::Desk;
using smartcard::testing::DeskReaders;
using smartcard::testing::PcscService;
using smartcard::testing::VirtualCard;

std::unique_ptr<SmartCard> signer_on(std::unique_ptr<CardReaders> readers, const VirtualCard& card,
                                     std::string_view pin) {
  return std::make_unique<SmartCard>(
      std::move(readers),
      smartcard::SmartCardOptions{.serial = card.serial(),
                                  .pin = crypto::SecretBytes::copy_of(bytes_of(pin))});
}

class CardInProcess final : public SignerUnderTest {
 public:
  explicit CardInProcess(CardKind kind) : m_card({.kind = kind}) {
    plug_in();
    restart();
  }
  Signer& signer() override { return *m_signer; }
  void restart() override {
    m_signer = signer_on(std::make_unique<DeskReaders>(m_desk), m_card, "123456");
  }
  void unplug() override { m_desk.put(0, nullptr); }
  void plug_in() override { m_desk.put(0, &m_card); }
  std::unique_ptr<Signer> with_wrong_pin() override {
    m_signer.reset();
    return signer_on(std::make_unique<DeskReaders>(m_desk), m_card, "987654");
  }
  std::uint64_t wrong_pins() override { return m_card.wrong_pins(); }

 private:
  Desk m_desk;
  VirtualCard m_card;
  std::unique_ptr<SmartCard> m_signer;
};

class CardBehindPcsc final : public SignerUnderTest {
 public:
  CardBehindPcsc(PcscService& service, CardKind kind) : m_service(service), m_card({.kind = kind}) {
    plug_in();
    restart();
  }
  ~CardBehindPcsc() override {
    m_signer.reset();
    unplug();
  }
  Signer& signer() override { return *m_signer; }
  void restart() override { m_signer = signer_on(smartcard::pcsc_readers(), m_card, "123456"); }
  void unplug() override { EXPECT_TRUE(m_service.pull(0)) << m_service.log(); }
  void plug_in() override { EXPECT_TRUE(m_service.insert(0, m_card)) << m_service.log(); }
  std::unique_ptr<Signer> with_wrong_pin() override {
    m_signer.reset();
    return signer_on(smartcard::pcsc_readers(), m_card, "987654");
  }
  std::uint64_t wrong_pins() override { return m_card.wrong_pins(); }

 private:
  PcscService& m_service;
  VirtualCard m_card;
  std::unique_ptr<SmartCard> m_signer;
};

SignerPlug in_process(std::string name, CardKind kind) {
  return {.name = std::move(name), .make = [kind]() -> std::unique_ptr<SignerUnderTest> {
            return std::make_unique<CardInProcess>(kind);
          }};
}

SignerPlug behind_pcsc(std::string name, CardKind kind) {
  return {.name = std::move(name),
          .make = [kind]() -> std::unique_ptr<SignerUnderTest> {
            PcscService* service = smartcard::testing::service_of_program();
            // Without pcscd the same tests run with the same cards in this process.
            if (service == nullptr) return std::make_unique<CardInProcess>(kind);
            return std::make_unique<CardBehindPcsc>(*service, kind);
          },
          .many = 20};
}

auto all() {
  return ::testing::Values(
      in_process("acos_epa", CardKind::acos_epa), in_process("acos_mca", CardKind::acos_mca),
      in_process("cardos_old", CardKind::cardos_old),
      in_process("cardos_new", CardKind::cardos_new),
      in_process("acos_id_v2", CardKind::acos_id_v2),
      in_process("acos_id_v3", CardKind::acos_id_v3),
      in_process("acos_id_v4", CardKind::acos_id_v4), behind_pcsc("pcsc_acos", CardKind::acos_epa),
      behind_pcsc("pcsc_cardos", CardKind::cardos_new),
      behind_pcsc("pcsc_acos_id", CardKind::acos_id_v4));
}
const auto name_of = [](const auto& info) { return info.param.name; };

INSTANTIATE_TEST_SUITE_P(SmartCard, SignerContract, all(), name_of);
INSTANTIATE_TEST_SUITE_P(SmartCard, RemovableSignerContract, all(), name_of);
INSTANTIATE_TEST_SUITE_P(SmartCard, PinSignerContract, all(), name_of);

}  // namespace
}  // namespace siegel::device::testing
