#include "device/smartcard/testing/virtual_card.h"

#include <algorithm>
#include <chrono>

#include "base/check.h"
#include "base/random.h"
#include "crypto/signer_certificate.h"

namespace siegel::device::smartcard::testing {
namespace {

constexpr std::uint16_t master_file = 0x3F00;
constexpr std::uint16_t number_file = 0xD001;

crypto::PrivateKey new_key(const CardSpec& spec) {
  return crypto::PrivateKey::generate(spec.key_of_another_curve ? crypto::Curve::p384
                                                                : crypto::Curve::p256)
      .value();
}

Bytes bytes(std::string_view text) { return from_hex(text).value(); }

/// Completed to the length its second byte promises, with the check byte at the end. All have TS,
/// T0 and six interface bytes in front of the historical ones.
Bytes complete_atr(std::string_view prefix) {
  Bytes atr = bytes(prefix);
  const auto historical = std::to_integer<std::size_t>(atr[1]) & 0x0FU;
  while (atr.size() < 8 + historical) atr.push_back(std::byte{0x90});
  std::byte check{0};
  for (std::size_t i = 1; i < atr.size(); ++i) check ^= atr[i];
  atr.push_back(check);
  return atr;
}

}  // namespace

struct VirtualCard::Command {
  unsigned ins = 0;
  unsigned p1 = 0;
  unsigned p2 = 0;
  BytesView data;
  std::optional<unsigned> expected;  ///< Le: bytes wanted, 256 for 00
  bool well_formed = false;

  explicit Command(BytesView apdu) {
    if (apdu.size() < 4 || apdu[0] != std::byte{0}) return;
    ins = std::to_integer<unsigned>(apdu[1]);
    p1 = std::to_integer<unsigned>(apdu[2]);
    p2 = std::to_integer<unsigned>(apdu[3]);
    const auto wanted = [&](std::size_t at) {
      const auto le = std::to_integer<unsigned>(apdu[at]);
      return le == 0 ? 256U : le;
    };
    well_formed = true;
    if (apdu.size() == 4) return;
    if (apdu.size() == 5) {
      expected = wanted(4);
      return;
    }
    const auto size = std::to_integer<std::size_t>(apdu[4]);
    if (apdu.size() < 5 + size || apdu.size() > 6 + size) {
      well_formed = false;
      return;
    }
    data = apdu.subspan(5, size);
    if (apdu.size() == 6 + size) expected = wanted(5 + size);
  }
};

VirtualCard::VirtualCard(CardSpec spec)
    : m_spec(std::move(spec)),
      m_key(new_key(m_spec)),
      m_pin(m_spec.pin),
      m_pin_set_up(m_spec.pin_set_up),
      m_tries(m_spec.tries_max) {
  m_certificate = crypto::make_test_signer_certificates(
                      m_key.public_key(),
                      {.holder = m_spec.holder,
                       .not_before = Instant::parse("2026-01-01T00:00:00Z").value(),
                       .not_after = Instant::parse("2031-01-01T00:00:00Z").value()},
                      system_random())
                      .value()
                      .front()
                      .der();
  const Lock lock(m_mutex);
  m_directories[master_file];
  if (m_spec.kind == CardKind::stranger) return;
  Files& signing = m_directories[signing_directory()];
  // The number of card and chip; ours begins like those of its maker.
  const Bytes number = bytes("9876543210123456AABBCCDDEEFF0011");
  if (is_acos()) {
    m_directories[0xDF71][number_file] = number;
  } else {
    m_directories[master_file][number_file] = number;
  }
  const std::uint16_t file = is_acos() && !m_spec.second_certificate_file ? 0xC002 : 0xC000;
  if (m_spec.has_certificate_file) signing[file] = Bytes(2048, std::byte{0});
  if (m_spec.has_certificate) write_certificate();
}

bool VirtualCard::is_acos() const {
  return m_spec.kind == CardKind::acos_epa || m_spec.kind == CardKind::acos_mca;
}

std::uint16_t VirtualCard::signing_directory() const { return is_acos() ? 0xDF70 : 0xDF01; }

void VirtualCard::write_certificate() {
  for (auto& [id, content] : m_directories[signing_directory()]) {
    content = m_certificate;
    content.resize(content.size() + m_spec.padding);
  }
}

void VirtualCard::activate() {
  const Lock lock(m_mutex);
  write_certificate();
  m_pin_set_up = true;
}

void VirtualCard::plan(Script script) {
  const Lock lock(m_mutex);
  m_scripts.push_back(script);
}

void VirtualCard::release() {
  const Lock lock(m_mutex);
  m_released = true;
  m_changed.notify_all();
}

bool VirtualCard::wait_until_held() {
  Lock lock(m_mutex);
  while (m_held == 0)
    if (!m_changed.wait_for(lock, std::chrono::minutes(1))) return m_held > 0;
  return true;
}

void VirtualCard::set_pin(const std::string& pin) {
  const Lock lock(m_mutex);
  m_pin = pin;
}

std::string VirtualCard::serial() const { return crypto::signer_serial_of(m_certificate).value(); }

std::uint64_t VirtualCard::wrong_pins() {
  const Lock lock(m_mutex);
  return m_wrong_pins;
}
unsigned VirtualCard::tries_left() {
  const Lock lock(m_mutex);
  return m_tries;
}
std::uint64_t VirtualCard::verifies() {
  const Lock lock(m_mutex);
  return m_verifies;
}
std::uint64_t VirtualCard::signatures() {
  const Lock lock(m_mutex);
  return m_signatures;
}
std::uint64_t VirtualCard::power_ups() {
  const Lock lock(m_mutex);
  return m_power_ups;
}
std::vector<std::string> VirtualCard::take_commands() {
  const Lock lock(m_mutex);
  return std::exchange(m_commands, {});
}

Bytes VirtualCard::atr() {
  const Lock lock(m_mutex);
  switch (m_spec.kind) {
    case CardKind::acos_epa:
      return complete_atr("3BBF11008131FE45455041");
    case CardKind::acos_mca:
      return complete_atr("3BBF11008131FE454D4341");
    case CardKind::cardos_old:
      return bytes("3BDF18008131FE588031B05202046405C903AC73B7B1D422");
    case CardKind::cardos_new:
      return bytes("3BDF18008131FE588031905241016405C903AC73B7B1D444");
    case CardKind::acos_id_v2:
      return bytes(m_warm ? "3BDF18FF910131FE4680319052410264050200AC73D622C099"
                          : "3BDF96FF910131FE4680319052410264050200AC73D622C017");
    case CardKind::acos_id_v3:
      return bytes("3BDF97008131FE4680319052410364050201AC73D622C0F8");
    case CardKind::acos_id_v4:
      return bytes("3BDF97008131FE4680319052410464050401AC73D622C0F9");
    case CardKind::acos_id_test:
      return bytes("3BDF97008131FE468031905241026405C903AC73D622C030");
    case CardKind::stranger:
      return complete_atr("3BEF00008131FE4544656269744361726431");
  }
  SIEGEL_CHECK(false);
  return {};
}

void VirtualCard::forget() {
  m_directory = master_file;
  m_file = 0;
  m_pin_shown = false;
  m_environment = false;
  m_hash.clear();
}

void VirtualCard::power_up() {
  const Lock lock(m_mutex);
  forget();
  m_warm = false;
  ++m_power_ups;
}

void VirtualCard::reset() {
  const Lock lock(m_mutex);
  forget();
  m_warm = true;
}

std::optional<VirtualCard::Script> VirtualCard::scripted(Step step) {
  const auto found =
      std::ranges::find_if(m_scripts, [&](const Script& one) { return one.step == step; });
  if (found == m_scripts.end()) return std::nullopt;
  const Script script = *found;
  if (--found->times == 0) m_scripts.erase(found);
  return script;
}

VirtualCard::Reply VirtualCard::transmit(BytesView apdu) {
  Lock lock(m_mutex);
  m_commands.push_back(hex(apdu));
  const Command command(apdu);
  std::optional<Step> step;
  if (command.ins == 0xA4) step = Step::select;
  if (command.ins == 0xB0) step = Step::read;
  if (command.ins == 0x22) step = Step::environment;
  if (command.ins == 0x20) step = Step::verify;
  if (command.ins == 0x2A) step = command.p1 == 0x90 ? Step::put_hash : Step::sign;
  const auto script = step ? scripted(*step) : std::nullopt;
  if (script && script->fault == Fault::pulled) return {.contact = Contact::pulled, .answer = {}};
  if (script && script->fault == Fault::held) {
    ++m_held;
    m_changed.notify_all();
    while (!m_released) m_changed.wait(lock);
    --m_held;
  }
  Content content;
  if (script && script->fault == Fault::status) {
    content.status = script->status;
  } else {
    content = answer(command);
  }
  if (script && script->fault == Fault::no_answer) return {.contact = Contact::lost, .answer = {}};
  if (script && script->fault == Fault::empty) content.data.clear();
  if (script && script->fault == Fault::damaged && !content.data.empty())
    content.data[content.data.size() / 2] ^= std::byte{0x10};
  if (script && script->fault == Fault::cut && !content.data.empty()) content.data.pop_back();
  Bytes out = std::move(content.data);
  out.push_back(static_cast<std::byte>(content.status >> 8U));
  out.push_back(static_cast<std::byte>(content.status & 0xFFU));
  return {.contact = Contact::good, .answer = std::move(out)};
}

VirtualCard::Content VirtualCard::answer(const Command& command) {
  if (!command.well_formed) return {.data = {}, .status = 0x6700};
  switch (command.ins) {
    case 0xA4:
      return select(command);
    case 0xB0:
      return read(command);
    case 0x20:
      return verify(command);
    case 0x22:
      return environment(command);
    case 0x2A:
      if (command.p1 == 0x90 && command.p2 == 0x81) return put_hash(command);
      if (command.p1 == 0x9E && command.p2 == 0x9A) return sign(command);
      return {.data = {}, .status = 0x6A86};
    default:
      return {.data = {}, .status = 0x6D00};
  }
}

VirtualCard::Content VirtualCard::select(const Command& command) {
  if (command.p1 != 0 || command.p2 != 0x0C) return {.data = {}, .status = 0x6A86};
  if (command.data.size() != 2) return {.data = {}, .status = 0x6700};
  const auto id = static_cast<std::uint16_t>((std::to_integer<unsigned>(command.data[0]) << 8U) |
                                             std::to_integer<unsigned>(command.data[1]));
  const Files& here = m_directories[m_directory];
  if (here.contains(id)) {
    m_file = id;
    return {};
  }
  // A directory is found from the root only.
  if (id != master_file && (m_directory != master_file || !m_directories.contains(id)))
    return {.data = {}, .status = 0x6A82};
  forget();
  m_directory = id;
  return {};
}

VirtualCard::Content VirtualCard::read(const Command& command) {
  std::size_t offset = (command.p1 << 8U) | command.p2;
  if ((command.p1 & 0x80U) != 0) {
    // Only the number of the card has a short id, 6, on the cards that know them.
    if (!is_acos() || command.p1 != 0x86) return {.data = {}, .status = 0x6A82};
    m_file = number_file;
    offset = command.p2;
  }
  const Files& here = m_directories[m_directory];
  const auto file = here.find(m_file);
  if (file == here.end()) return {.data = {}, .status = 0x6986};
  if (!command.expected) return {.data = {}, .status = 0x6700};
  const Bytes& content = file->second;
  if (offset >= content.size())
    return {.data = {},
            .status = m_spec.file_end == FileEnd::says_6a86 ? std::uint16_t{0x6A86}
                                                            : std::uint16_t{0x6B00}};
  const std::size_t size = std::min<std::size_t>(*command.expected, content.size() - offset);
  const BytesView part = BytesView(content).subspan(offset, size);
  const bool warns = size < *command.expected && m_spec.file_end == FileEnd::warns_6282;
  return {.data = Bytes(part.begin(), part.end()),
          .status = warns ? std::uint16_t{0x6282} : std::uint16_t{0x9000}};
}

VirtualCard::Content VirtualCard::verify(const Command& command) {
  const unsigned reference =
      is_acos() || m_spec.kind == CardKind::cardos_old || m_spec.kind == CardKind::cardos_new
          ? 0x81
          : 0x8A;
  if (m_directory != signing_directory() || command.p1 != 0 || command.p2 != reference)
    return {.data = {}, .status = 0x6A88};
  if (command.data.size() != 8) return {.data = {}, .status = 0x6700};
  ++m_verifies;
  if (!m_pin_set_up) return {.data = {}, .status = 0x6984};
  if (m_tries == 0) return {.data = {}, .status = 0x6983};
  std::string block;
  if (is_acos()) {
    block = m_pin;
    block.resize(8, '\0');
  } else {
    std::string nibbles = "2" + std::string(1, "0123456789ABC"[m_pin.size()]) + m_pin;
    nibbles.resize(16, 'F');
    block = text_of(BytesView(bytes(nibbles)));
  }
  if (text_of(command.data) != block) {
    ++m_wrong_pins;
    --m_tries;
    m_pin_shown = false;
    return {.data = {}, .status = static_cast<std::uint16_t>(0x63C0U | m_tries)};
  }
  m_tries = m_spec.tries_max;
  m_pin_shown = true;
  return {};
}

VirtualCard::Content VirtualCard::environment(const Command& command) {
  if (!is_acos()) return {.data = {}, .status = 0x6D00};
  if (m_directory != signing_directory() || command.p1 != 0x41 || command.p2 != 0xB6 ||
      hex(command.data) != "840188800144")
    return {.data = {}, .status = 0x6A80};
  m_environment = true;
  return {};
}

VirtualCard::Content VirtualCard::put_hash(const Command& command) {
  if (!is_acos()) return {.data = {}, .status = 0x6D00};
  if (!m_environment) return {.data = {}, .status = 0x6F03};
  if (!m_pin_shown) return {.data = {}, .status = 0x6982};
  if (command.data.size() != 32) return {.data = {}, .status = 0x6A80};
  m_hash.assign(command.data.begin(), command.data.end());
  return {};
}

VirtualCard::Content VirtualCard::sign(const Command& command) {
  if (m_directory != signing_directory()) return {.data = {}, .status = 0x6985};
  if (!m_pin_shown) return {.data = {}, .status = 0x6982};
  if (is_acos()) {
    if (m_hash.empty() || !command.data.empty()) return {.data = {}, .status = 0x6F03};
    const Bytes hash = std::exchange(m_hash, {});
    return make_signature(hash);
  }
  if (command.data.size() != 32 || command.expected != 64U) return {.data = {}, .status = 0x6700};
  return make_signature(command.data);
}

VirtualCard::Content VirtualCard::make_signature(BytesView hash) {
  m_pin_shown = false;
  ++m_signatures;
  return {.data = m_key.sign_ecdsa_digest(hash).value(), .status = 0x9000};
}

}  // namespace siegel::device::smartcard::testing
