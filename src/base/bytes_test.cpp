#include "base/bytes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <optional>

namespace siegel {
namespace {

Bytes as_bytes(const std::vector<std::uint8_t>& raw) {
  Bytes out;
  for (const std::uint8_t b : raw) out.push_back(std::byte{b});
  return out;
}

/// A property holds for everything RapidCheck can think of; it prints the seed when it does not.
template <class Property>
void holds(const char* name, Property property) {
  EXPECT_TRUE(rc::check(name, property));
}

TEST(Bytes, TextAndBytesAreTheSameMemory) {
  const std::string text = "Br\xC3\xB6tchen";
  EXPECT_EQ(text_of(bytes_of(text)), text);
  EXPECT_EQ(static_cast<const void*>(bytes_of(text).data()), text.data());
  EXPECT_EQ(text_of(to_bytes(text)), text);
  EXPECT_TRUE(bytes_of("").empty());
}

TEST(Bytes, AppendAddsAtTheEnd) {
  Bytes to = to_bytes("ab");
  append(to, bytes_of("cd"));
  append(to, {});
  EXPECT_EQ(text_of(to), "abcd");
}

TEST(Hex, WritesLowerCaseAndReadsBoth) {
  EXPECT_EQ(hex(bytes_of(std::string_view("\x00\x7F\xFF", 3))), "007fff");
  EXPECT_EQ(from_hex("00fFAa").value(), as_bytes({0x00, 0xFF, 0xAA}));
  EXPECT_EQ(from_hex("").value(), Bytes{});
}

TEST(Hex, RefusesWhatIsNotHex) {
  for (const char* text : {"0", "0g", "g0", "0x00", " 00", "00 ", "0\xC3\xB6", "/0", ":0", "@0"}) {
    const auto result = from_hex(text);
    ASSERT_FALSE(result.ok()) << text;
    EXPECT_EQ(result.error().code, "E-ENC-001");
    EXPECT_EQ(result.error().kind, ErrorKind::invalid);
  }
}

TEST(Hex, ReadsWhatItWrote) {
  holds("hex round trip", [](const std::vector<std::uint8_t>& raw) {
    RC_ASSERT(from_hex(hex(as_bytes(raw))).value() == as_bytes(raw));
  });
}

TEST(Base64, GivesTheValuesOfRfc4648Section10) {
  const std::pair<const char*, const char*> cases[] = {{"", ""},
                                                       {"f", "Zg=="},
                                                       {"fo", "Zm8="},
                                                       {"foo", "Zm9v"},
                                                       {"foob", "Zm9vYg=="},
                                                       {"fooba", "Zm9vYmE="},
                                                       {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, coded] : cases) {
    EXPECT_EQ(base64(bytes_of(plain)), coded);
    EXPECT_EQ(text_of(from_base64(coded).value()), plain);
  }
}

TEST(Base64, TheTwoAlphabetsDifferInTwoLettersAndThePadding) {
  const Bytes bytes = as_bytes({0xFB, 0xFF, 0xFE, 0xFF});
  EXPECT_EQ(base64(bytes), "+//+/w==");
  EXPECT_EQ(base64url(bytes), "-__-_w");
  EXPECT_FALSE(from_base64("-__-_w==").ok());
  EXPECT_FALSE(from_base64url("+//+/w").ok());
}

TEST(Base64, IsStrict) {
  // No padding, wrong padding, padding inside, white space, bits that should be zero, foreign
  // bytes.
  for (const char* text : {"Zg", "Zg=", "Z===", "====", "=", "Zg==Zg==", "Zm9v\n", " Zm9v", "Zm 9v",
                           "Zh==", "Zm9=", "Zm9v====", "Zg==\n", "Zm8=A", "Z\xC3\xB6==", "A"}) {
    const auto result = from_base64(text);
    ASSERT_FALSE(result.ok()) << text;
    EXPECT_EQ(result.error().code, "E-ENC-002");
  }
  for (const char* text : {"Zg==", "Zh", "Zm9", "Z", "Zm9vY", "Zm9v=", "Zm9v\n"})
    EXPECT_FALSE(from_base64url(text).ok()) << text;
}

TEST(Base64, ReadsWhatItWroteAndThereIsOneTextForEachBytes) {
  holds("base64 round trip", [](const std::vector<std::uint8_t>& raw) {
    const Bytes bytes = as_bytes(raw);
    RC_ASSERT(from_base64(base64(bytes)).value() == bytes);
    RC_ASSERT(from_base64url(base64url(bytes)).value() == bytes);
  });
  holds("what is accepted is what would be written", [](const std::string& text) {
    const auto standard = from_base64(text);
    if (standard.ok()) RC_ASSERT(base64(*standard) == text);
    const auto url = from_base64url(text);
    if (url.ok()) RC_ASSERT(base64url(*url) == text);
  });
  holds("one changed letter is other bytes or refused", [](const std::vector<std::uint8_t>& raw) {
    RC_PRE(!raw.empty());
    std::string text = base64(as_bytes(raw));
    const auto place = *rc::gen::inRange<std::size_t>(0, text.size());
    const char letter = *rc::gen::arbitrary<char>();
    RC_PRE(text[place] != letter);
    text[place] = letter;
    const auto result = from_base64(text);
    // In parentheses: RC_ASSERT takes an expression apart, and its own || does not stop early.
    RC_ASSERT((!result.ok() || *result != as_bytes(raw)));
  });
}

TEST(BigEndian, StoresTheHighestByteFirst) {
  ByteArray<8> bytes{};
  store_be64(bytes, 0x0102030405060708U);
  EXPECT_EQ(hex(bytes), "0102030405060708");
  EXPECT_EQ(load_be64(bytes), 0x0102030405060708U);
  holds("round trip", [](std::uint64_t value) {
    ByteArray<8> to{};
    store_be64(to, value);
    RC_ASSERT(load_be64(to) == value);
  });
}

/// RFC 3629 told another way: read a number from the leading bits, then ask whether these bytes are
/// the shortest form of an allowed number.
std::optional<std::size_t> naive_length(std::string_view text) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < text.size(); ++count) {
    const auto at = [&](std::size_t k) { return static_cast<unsigned char>(text[k]); };
    std::size_t size = 1;
    std::uint32_t value = at(i);
    if (value >= 0xF0) {
      size = 4;
      value &= 0x0FU;  // F8 and up give numbers beyond the range.
    } else if (value >= 0xE0) {
      size = 3;
      value &= 0x0FU;
    } else if (value >= 0xC0) {
      size = 2;
      value &= 0x1FU;
    } else if (value >= 0x80) {
      return std::nullopt;
    }
    if (i + size > text.size()) return std::nullopt;
    for (std::size_t k = 1; k < size; ++k) {
      if (at(i + k) < 0x80 || at(i + k) > 0xBF) return std::nullopt;
      value = value * 64 + (at(i + k) - 0x80U);
    }
    constexpr std::array<std::uint32_t, 5> least{0, 0, 0x80, 0x800, 0x10000};
    if (value < least.at(size) || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF))
      return std::nullopt;
    i += size;
  }
  return count;
}

TEST(Utf8, KnowsTheEdgesOfTheStandard) {
  using namespace std::literals;
  for (const auto good :
       {""sv, "a"sv, "\0"sv, "\xC2\x80"sv, "\xDF\xBF"sv, "\xE0\xA0\x80"sv, "\xED\x9F\xBF"sv,
        "\xEE\x80\x80"sv, "\xEF\xBF\xBF"sv, "\xF0\x90\x80\x80"sv, "\xF4\x8F\xBF\xBF"sv})
    EXPECT_TRUE(valid_utf8(good)) << hex(bytes_of(good));
  for (const auto bad :
       {"\x80"sv, "\xC0\x80"sv, "\xC1\xBF"sv, "\xC2"sv, "\xC2\x7F"sv, "\xC2\xC0"sv,
        "\xE0\x9F\xBF"sv, "\xED\xA0\x80"sv, "\xED\xBF\xBF"sv, "\xE2\x82"sv, "\xF0\x8F\xBF\xBF"sv,
        "\xF4\x90\x80\x80"sv, "\xF5\x80\x80\x80"sv, "\xF0\x9F\x98"sv, "\xFF"sv, "a\x80"sv})
    EXPECT_FALSE(valid_utf8(bad)) << hex(bytes_of(bad));
}

TEST(Utf8, AgreesWithANaiveModelOnEverySequenceOfTwoBytesAndOnRandomOnes) {
  for (unsigned a = 0; a < 256; ++a) {
    for (unsigned b = 0; b < 256; ++b) {
      for (const char* more : {"", "\x80", "\xBF\x80", "\x80\xBF", "a"}) {
        const std::string text = {static_cast<char>(a), static_cast<char>(b)};
        const auto model = naive_length(text + more);
        ASSERT_EQ(valid_utf8(text + more), model.has_value()) << hex(bytes_of(text + more));
        if (model) {
          ASSERT_EQ(utf8_length(text + more), *model);
        }
      }
    }
  }
  // Mostly bytes that matter, so that well-formed texts occur.
  const auto byte =
      rc::gen::weightedOneOf<std::uint8_t>({{4, rc::gen::inRange<std::uint8_t>(0x80, 0xC0)},
                                            {1, rc::gen::inRange<std::uint8_t>(0xE0, 0xF5)},
                                            {1, rc::gen::arbitrary<std::uint8_t>()}});
  EXPECT_TRUE(rc::check("as the model says", [&] {
    const auto raw = *rc::gen::container<std::vector<std::uint8_t>>(byte);
    const std::string text(raw.begin(), raw.end());
    const auto model = naive_length(text);
    RC_CLASSIFY(model.has_value());
    RC_ASSERT(valid_utf8(text) == model.has_value());
  }));
}

TEST(Base32, WritesAndReadsTheExamplesOfTheStandard) {
  const std::pair<const char*, const char*> examples[] = {{"", ""},
                                                          {"f", "MY======"},
                                                          {"fo", "MZXQ===="},
                                                          {"foo", "MZXW6==="},
                                                          {"foob", "MZXW6YQ="},
                                                          {"fooba", "MZXW6YTB"},
                                                          {"foobar", "MZXW6YTBOI======"}};
  for (const auto& [text, code] : examples) {
    EXPECT_EQ(base32(bytes_of(text)), code);
    EXPECT_EQ(text_of(from_base32(code).value()), text);
  }
}

TEST(Base32, RefusesWhatIsNotExactlyBase32) {
  for (const char* text : {"M", "MY", "MY=====", "my======", "M1======", "MY=A====", "MZ======",
                           "MZXW6YTBO=======", "========", "MZXW6YT=", "MZXW6Y==", "MY====== "}) {
    const auto result = from_base32(text);
    ASSERT_FALSE(result.ok()) << text;
    EXPECT_EQ(result.error().code, "E-ENC-003");
  }
}

TEST(Base32, RoundTripIsExact) {
  holds("any bytes", [](const std::vector<std::uint8_t>& raw) {
    const std::string code = base32(as_bytes(raw));
    RC_ASSERT(code.size() == (raw.size() + 4) / 5 * 8);
    RC_ASSERT(from_base32(code).value() == as_bytes(raw));
  });
  holds("one text for each bytes", [](const std::vector<std::uint8_t>& raw) {
    std::string code = base32(as_bytes(raw));
    RC_PRE(!code.empty());
    const auto at = *rc::gen::inRange<std::size_t>(0, code.size());
    code[at] = static_cast<char>(*rc::gen::inRange<int>('2', '_'));
    const auto again = from_base32(code);
    RC_ASSERT((!again.ok() || base32(*again) == code));
  });
}

TEST(Excerpt, IsShortPrintableAndWellFormed) {
  EXPECT_EQ(excerpt("kurz"), "kurz");
  EXPECT_EQ(excerpt("abcdef", 6), "abcdef");
  EXPECT_EQ(excerpt("abcdefg", 6), "abcdef...");
  EXPECT_EQ(excerpt("\xC3\xA4\xC3\xB6\xC3\xBC", 2), "\xC3\xA4\xC3\xB6...");
  EXPECT_EQ(excerpt("a\nb\x1B[31m\x7F\xC2\x85"), "a?b?[31m??");
  EXPECT_EQ(excerpt("a\xFF\xC3"), "a??");
  holds("whatever comes in", [](const std::string& text) {
    const std::string out = excerpt(text);
    RC_ASSERT(valid_utf8(out));
    RC_ASSERT(utf8_length(out) <= 43U);
    RC_ASSERT(out.find('\n') == std::string::npos);
  });
}

}  // namespace
}  // namespace siegel
