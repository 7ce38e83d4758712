#include "device/smartcard/conversation.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "crypto/signer_certificate.h"

namespace siegel::device::smartcard {
namespace {

constexpr std::uint16_t master_file = 0x3F00;
constexpr std::uint16_t not_there = 0x6A82;
constexpr std::size_t signature_bytes = 64;
constexpr std::size_t number_bytes = 8;

Error unexpected(std::string_view doing, std::uint16_t status) {
  return unavailable("E-CRD-105",
                     fmt::format("{}: the card answered {}", doing, status_text(status)),
                     fmt::format("{:04X}", status));
}

Error not_activated(std::string detail) { return conflict("E-CRD-203", std::move(detail)); }
Error no_certificate(const std::string& why) {
  return unavailable("E-CRD-204", "the card's certificate: " + why);
}

// `00 22 41 B6 06 84 01 88 80 01 44`: key 88, algorithm 44 (ECDSA over a hash put before).
Bytes set_environment() {
  return {std::byte{0x00}, std::byte{0x22}, std::byte{0x41}, std::byte{0xB6},
          std::byte{0x06}, std::byte{0x84}, std::byte{0x01}, std::byte{0x88},
          std::byte{0x80}, std::byte{0x01}, std::byte{0x44}};
}

Bytes put_hash(BytesView digest) {
  Bytes out{std::byte{0x00}, std::byte{0x2A}, std::byte{0x90}, std::byte{0x81}, std::byte{0x20}};
  append(out, digest);
  return out;
}

Bytes sign_what_was_put() {
  return {std::byte{0x00}, std::byte{0x2A}, std::byte{0x9E}, std::byte{0x9A}, std::byte{0x00}};
}

Bytes sign_hash(BytesView digest) {
  Bytes out{std::byte{0x00}, std::byte{0x2A}, std::byte{0x9E}, std::byte{0x9A}, std::byte{0x20}};
  append(out, digest);
  out.push_back(std::byte{signature_bytes});
  return out;
}

}  // namespace

Result<Conversation> Conversation::begin(CardConnection& connection, const Protocol& protocol) {
  SIEGEL_TRY_OK(connection.begin());
  return Conversation(connection, protocol);
}

Conversation::Conversation(Conversation&& other) noexcept
    : m_connection(std::exchange(other.m_connection, nullptr)), m_protocol(other.m_protocol) {}

Conversation::~Conversation() {
  if (m_connection != nullptr) m_connection->end();
}

Result<Answer> Conversation::exchange(BytesView command) {
  SIEGEL_TRY(const Bytes raw, m_connection->transmit(command));
  SIEGEL_TRY(Answer answer, parse_answer(raw));
  // 61xx: the answer waits to be fetched; more than one round is no card's way.
  if ((answer.status & 0xFF00U) == 0x6100U && answer.data.empty()) {
    SIEGEL_TRY(const Bytes rest,
               m_connection->transmit(get_response(static_cast<std::uint8_t>(answer.status))));
    return parse_answer(rest);
  }
  return answer;
}

Status Conversation::expect(BytesView command, std::string_view doing) {
  SIEGEL_TRY(const Answer answer, exchange(command));
  if (!answer.ok()) return unexpected(doing, answer.status);
  return Ok{};
}

Status Conversation::select_directory(std::uint16_t id) {
  // From the root: another program may have left the card in any directory. Whether a card lets its
  // root be selected is its own matter; the directory must be found.
  SIEGEL_TRY_OK(exchange(select_file(master_file)));
  if (id == master_file) return Ok{};
  SIEGEL_TRY(const Answer answer, exchange(select_file(id)));
  if (answer.status == not_there) {
    return conflict("E-CRD-206", fmt::format("the card has no directory {:04X}: it is not made for "
                                             "cash registers",
                                             id));
  }
  if (!answer.ok()) return unexpected(fmt::format("selecting {:04X}", id), answer.status);
  return Ok{};
}

Result<Bytes> Conversation::read_certificate_file(std::uint16_t id) {
  SIEGEL_TRY(const Answer selected, exchange(select_file(id)));
  if (selected.status == not_there) return Bytes{};
  if (!selected.ok()) return unexpected(fmt::format("selecting {:04X}", id), selected.status);
  Bytes content;
  for (;;) {
    SIEGEL_TRY(const Answer part,
               exchange(read_binary(static_cast<std::uint16_t>(content.size()))));
    append(content, part.data);
    const auto size = certificate_size(content);
    if (size && content.size() >= *size) {
      content.resize(*size);
      return content;
    }
    const bool end = !part.ok() || part.data.empty();
    if (content.size() <= answer_data_max && never_written(content)) {
      // 6282, 6B00 and 6A86 are the ends of a file; anything else is trouble with reading it.
      if (part.ok() || part.status == 0x6282 || part.status == 0x6B00 || part.status == 0x6A86)
        return Bytes{};
      return unexpected(fmt::format("reading {:04X}", id), part.status);
    }
    if (!size) {
      return no_certificate(
          fmt::format("file {:04X} begins with {}", id,
                      hex(BytesView(content).first(std::min<std::size_t>(content.size(), 4)))));
    }
    if (end) {
      return no_certificate(fmt::format("file {:04X} ends after {} of {} bytes ({})", id,
                                        content.size(), *size, status_text(part.status)));
    }
  }
}

Result<CardCertificate> Conversation::read_certificate() {
  SIEGEL_TRY_OK(select_directory(m_protocol->signing_directory));
  for (const std::uint16_t id : m_protocol->certificate_files) {
    if (id == 0) continue;
    SIEGEL_TRY(const Bytes der, read_certificate_file(id));
    if (der.empty()) continue;
    auto certificate = crypto::Certificate::parse(der);
    if (!certificate) return no_certificate(certificate.error().detail);
    auto key = certificate->public_key();
    if (!key) return no_certificate(key.error().detail);
    if (key->curve() != crypto::Curve::p256) return no_certificate("its key is not one of P-256");
    auto serial = crypto::signer_serial_of(*certificate);
    if (!serial) return no_certificate(serial.error().detail);
    return CardCertificate{.certificate = std::move(*certificate),
                           .key = std::move(*key),
                           .serial = std::move(*serial)};
  }
  return not_activated("there is no certificate on the card");
}

Result<Bytes> Conversation::read_number() {
  SIEGEL_TRY_OK(select_directory(m_protocol->number_directory));
  if (m_protocol->number_file != 0)
    SIEGEL_TRY_OK(expect(select_file(m_protocol->number_file), "selecting the card number"));
  SIEGEL_TRY(Answer answer, exchange(m_protocol->number_file != 0
                                         ? read_binary(0)
                                         : read_short_file(m_protocol->number_file_short)));
  // 6282: the file is shorter than what was asked for, and all of it came.
  if (!answer.ok() && answer.status != 0x6282)
    return unexpected("reading the card number", answer.status);
  if (answer.data.size() > number_bytes) answer.data.resize(number_bytes);
  return std::move(answer.data);
}

Status Conversation::select_signing() {
  SIEGEL_TRY_OK(select_directory(m_protocol->signing_directory));
  if (m_protocol->puts_hash) SIEGEL_TRY_OK(expect(set_environment(), "choosing the signature key"));
  return Ok{};
}

Status Conversation::show_pin(const crypto::SecretBytes& pin) {
  SIEGEL_TRY(const auto command, verify_pin(m_protocol->pin_reference, m_protocol->pin_form, pin));
  const auto answer = exchange(command.reveal());
  if (!answer) {
    return unknown("E-CRD-110",
                   "the card gave no answer to the PIN, which is not shown again by itself: " +
                       answer.error().detail,
                   answer.error().place);
  }
  const std::uint16_t status = answer->status;
  if (answer->ok()) return Ok{};
  const std::string place = fmt::format("{:04X}", status);
  const auto left = tries_left(status);
  if (status == 0x6983 || (left && *left == 0))
    return conflict("E-CRD-202", "the card says: " + status_text(status), place);
  if (left || status == 0x6300) {
    return conflict("E-CRD-201",
                    left ? fmt::format("the card refuses the PIN; tries left: {}", *left)
                         : std::string("the card refuses the PIN"),
                    place);
  }
  if (status == 0x6984 || status == 0x6985 || status == 0x6A88)
    return conflict("E-CRD-203", "the card's PIN is not set up: " + status_text(status), place);
  return unknown("E-CRD-110", "the card's answer to the PIN says nothing: " + status_text(status),
                 place);
}

Result<Bytes> Conversation::sign(BytesView digest) {
  if (m_protocol->puts_hash) SIEGEL_TRY_OK(expect(put_hash(digest), "handing over the hash"));
  SIEGEL_TRY(Answer answer,
             exchange(m_protocol->puts_hash ? sign_what_was_put() : sign_hash(digest)));
  if (!answer.ok()) return unexpected("signing", answer.status);
  if (answer.data.empty()) {
    return unavailable("E-CRD-106", "the card says that it signed, but gave no signature");
  }
  if (answer.data.size() != signature_bytes) {
    return unavailable("E-CRD-107", fmt::format("the card gave a signature of {} bytes instead of "
                                                "{}",
                                                answer.data.size(), signature_bytes));
  }
  return std::move(answer.data);
}

}  // namespace siegel::device::smartcard
