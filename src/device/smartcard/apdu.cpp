#include "device/smartcard/apdu.h"

#include <fmt/format.h>

#include <algorithm>

namespace siegel::device::smartcard {
namespace {

constexpr std::size_t pin_block = 8;

constexpr std::byte byte_of(unsigned value) { return static_cast<std::byte>(value & 0xFFU); }

struct StatusWords {
  std::uint16_t status;
  std::string_view words;
};
// [ISO/IEC 7816-4 table 5 and 6; A-Trust's developer manual for the last].
constexpr StatusWords known_status[] = {
    {0x6281, "what was read may be damaged"},
    {0x6282, "end of the file"},
    {0x6581, "the card's memory failed"},
    {0x6700, "wrong length"},
    {0x6982, "the PIN was not shown"},
    {0x6983, "the PIN is blocked"},
    {0x6984, "the PIN is not in use yet"},
    {0x6985, "not possible in this state"},
    {0x6A80, "wrong data"},
    {0x6A82, "no such file"},
    {0x6A86, "wrong parameters"},
    {0x6A88, "no such key or PIN"},
    {0x6B00, "behind the end of the file"},
    {0x6D00, "no such command"},
    {0x6E00, "no such class of commands"},
    {0x6F03, "the commands came in a wrong order"},
};

bool digits_only(BytesView pin) {
  return std::ranges::all_of(
      pin, [](std::byte b) { return b >= std::byte{'0'} && b <= std::byte{'9'}; });
}

}  // namespace

Result<Answer> parse_answer(BytesView bytes) {
  if (bytes.size() < 2 || bytes.size() > answer_data_max + 2) {
    return unavailable("E-CRD-104", fmt::format("the card answered with {} bytes, {} to {} are an "
                                                "answer",
                                                bytes.size(), 2, answer_data_max + 2));
  }
  const BytesView status = bytes.last(2);
  return Answer{.data = Bytes(bytes.begin(), bytes.end() - 2),
                .status = static_cast<std::uint16_t>((std::to_integer<unsigned>(status[0]) << 8U) |
                                                     std::to_integer<unsigned>(status[1]))};
}

std::string status_text(std::uint16_t status) {
  if (const auto left = tries_left(status))
    return fmt::format("{:04X} (wrong PIN, tries left: {})", status, *left);
  for (const StatusWords& known : known_status)
    if (known.status == status) return fmt::format("{:04X} ({})", status, known.words);
  return fmt::format("{:04X}", status);
}

std::optional<unsigned> tries_left(std::uint16_t status) {
  if ((status & 0xFFF0U) != 0x63C0U) return std::nullopt;
  return status & 0x0FU;
}

Bytes select_file(std::uint16_t id) {
  return {byte_of(0x00), byte_of(0xA4), byte_of(0x00),
          byte_of(0x0C), byte_of(0x02), byte_of(static_cast<unsigned>(id) >> 8U),
          byte_of(id)};
}

Bytes read_binary(std::uint16_t offset) {
  // The top bit of P1 would mean a short file id.
  return {byte_of(0x00), byte_of(0xB0), byte_of((static_cast<unsigned>(offset) >> 8U) & 0x7FU),
          byte_of(offset), byte_of(0x00)};
}

Bytes read_short_file(std::uint8_t number) {
  return {byte_of(0x00), byte_of(0xB0), byte_of(0x80U | number), byte_of(0x00), byte_of(0x00)};
}

Bytes get_response(std::uint8_t size) {
  return {byte_of(0x00), byte_of(0xC0), byte_of(0x00), byte_of(0x00), byte_of(size)};
}

Result<crypto::SecretBytes> verify_pin(std::uint8_t reference, PinForm form,
                                       const crypto::SecretBytes& pin) {
  const std::size_t longest = form == PinForm::ascii_zero_padded ? 8 : 12;
  const BytesView digits = pin.reveal();
  if (digits.size() < 4 || digits.size() > longest || !digits_only(digits)) {
    return invalid(
        "E-CRD-302",
        fmt::format("the PIN of this card has 4 to {} digits and nothing else", longest));
  }
  constexpr std::size_t header = 5;
  crypto::SecretBytes command(header + pin_block);
  const std::span<std::byte> out = command.writable();
  out[1] = byte_of(0x20);
  out[3] = byte_of(reference);
  out[4] = byte_of(pin_block);
  const std::span<std::byte> block = out.subspan(header);
  if (form == PinForm::ascii_zero_padded) {
    std::ranges::copy(digits, block.begin());
    return command;
  }
  std::ranges::fill(block, byte_of(0xFF));
  block[0] = byte_of(0x20U | static_cast<unsigned>(digits.size()));
  for (std::size_t i = 0; i < digits.size(); ++i) {
    std::byte& place = block[1 + i / 2];
    const std::byte digit = digits[i] & byte_of(0x0F);
    place = i % 2 == 0 ? (digit << 4U) | byte_of(0x0F) : (place & byte_of(0xF0)) | digit;
  }
  return command;
}

std::optional<std::size_t> certificate_size(BytesView beginning) {
  constexpr unsigned sequence = 0x30;
  if (beginning.size() < 2 || std::to_integer<unsigned>(beginning[0]) != sequence)
    return std::nullopt;
  const auto first = std::to_integer<unsigned>(beginning[1]);
  if (first < 0x80U) return 2 + first;
  const std::size_t length_bytes = first & 0x7FU;
  // Two bytes hold every length allowed here.
  if (length_bytes < 1 || length_bytes > 2 || beginning.size() < 2 + length_bytes)
    return std::nullopt;
  std::size_t length = 0;
  for (std::size_t i = 0; i < length_bytes; ++i)
    length = (length << 8U) | std::to_integer<std::size_t>(beginning[2 + i]);
  const std::size_t least = length_bytes == 1 ? 0x80 : 0x100;
  const std::size_t whole = 2 + length_bytes + length;
  if (length < least || whole > certificate_file_max) return std::nullopt;
  return whole;
}

bool never_written(BytesView content) {
  return content.empty() ||
         ((content[0] == byte_of(0x00) || content[0] == byte_of(0xFF)) &&
          std::ranges::all_of(content, [&](std::byte b) { return b == content[0]; }));
}

}  // namespace siegel::device::smartcard
