#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace siegel {

using Bytes = std::vector<std::byte>;
using BytesView = std::span<const std::byte>;
template <std::size_t N>
using ByteArray = std::array<std::byte, N>;
/// SHA-256 digests are everywhere: chain hashes, serial numbers, fingerprints.
using Hash256 = ByteArray<32>;

/// The bytes of a text and the text of bytes, without copying; valid as long as the argument.
[[nodiscard]] BytesView bytes_of(std::string_view text);
[[nodiscard]] std::string_view text_of(BytesView bytes);
[[nodiscard]] Bytes to_bytes(std::string_view text);
void append(Bytes& to, BytesView more);

[[nodiscard]] std::string hex(BytesView bytes);  ///< lower case
/// Either case, even length. Error E-ENC-001.
[[nodiscard]] Result<Bytes> from_hex(std::string_view text);

[[nodiscard]] std::string base64(BytesView bytes);  ///< RFC 4648 section 4, padded
/// Strict: padded, no white space, unused bits zero. Error E-ENC-002.
[[nodiscard]] Result<Bytes> from_base64(std::string_view text);
[[nodiscard]] std::string base64url(BytesView bytes);  ///< RFC 4648 section 5, unpadded (JWS)
/// Strict: unpadded. Error E-ENC-002.
[[nodiscard]] Result<Bytes> from_base64url(std::string_view text);

[[nodiscard]] std::string base32(BytesView bytes);  ///< RFC 4648 section 6, capitals, padded
/// Strict: capitals, padded, unused bits zero. Error E-ENC-003.
[[nodiscard]] Result<Bytes> from_base32(std::string_view text);

[[nodiscard]] std::uint64_t load_be64(std::span<const std::byte, 8> bytes);
void store_be64(std::span<std::byte, 8> to, std::uint64_t value);

/// True if `text` is well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms).
[[nodiscard]] bool valid_utf8(std::string_view text);
/// Number of code points of well-formed UTF-8.
[[nodiscard]] std::size_t utf8_length(std::string_view text);
/// The beginning of a foreign text as it may stand in the detail of an error: at most `length_max`
/// code points, then `...` if there were more; control characters and bytes that are not UTF-8
/// become `?`. The result is well-formed UTF-8 on one line.
[[nodiscard]] std::string excerpt(std::string_view text, std::size_t length_max = 40);

}  // namespace siegel
