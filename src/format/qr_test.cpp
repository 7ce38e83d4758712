#include "format/qr.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>

#include "format/testing.h"

namespace siegel::format {
namespace {

const std::string receipt =
    "V0;955002-00;Kassenbeleg-V1;Beleg^0.00_2.55_0.00_0.00_0.00^2.55:Bar;18;112;"
    "2019-07-10T18:41:04.000Z;2019-07-10T18:41:04.000Z;ecdsa-plain-SHA256;unixTime;" +
    std::string(88, 'M') + ";" + std::string(88, 'B');

TEST(Qr, code_to_picture_to_text) {
  for (const QrLevel level : {QrLevel::low, QrLevel::medium, QrLevel::quartile, QrLevel::high}) {
    const QrCode code = encode_qr(receipt, level).value();
    const Bytes png = encode_png(draw_qr(code)).value();
    EXPECT_EQ(*decode_qr_png(png), std::vector<std::string>{receipt});
  }
}

TEST(Qr, any_utf8_comes_back) {
  checks::property("texts", [](const std::vector<std::uint16_t>& letters) {
    std::string text = "x";
    for (const std::uint16_t letter : letters) {
      text += letter % 3 == 0 ? "\xC3\xA4" : letter % 3 == 1 ? "\xE2\x82\xAC" : "A";
    }
    const QrCode code = encode_qr(text).value();
    const Result<std::vector<std::string>> back =
        decode_qr(draw_qr(code, {.module_pixels = 3, .quiet_modules = 4}));
    RC_ASSERT(back.ok());
    RC_ASSERT(*back == std::vector<std::string>{text});
  });
}

TEST(Qr, has_the_patterns_of_a_code) {
  const QrCode code = encode_qr("abc").value();
  EXPECT_EQ(code.size(), 21);
  EXPECT_TRUE(code.at(0, 0));
  EXPECT_FALSE(code.at(1, 1));
  EXPECT_TRUE(code.at(3, 3));
  EXPECT_FALSE(code.at(-1, 0));
  EXPECT_FALSE(code.at(0, 21));
  EXPECT_TRUE(code.at(20, 0));
}

TEST(Qr, too_much_text_is_refused) {
  EXPECT_TRUE(encode_qr(std::string(2331, 'a')).ok());
  EXPECT_EQ(encode_qr(std::string(2332, 'a')).error().code, "E-QRC-001");
  EXPECT_EQ(encode_qr("").error().code, "E-QRC-001");
}

TEST(Qr, a_picture_without_code_has_none) {
  const GreyImage white{100, 50, Bytes(5000, std::byte{255})};
  EXPECT_TRUE(decode_qr(white)->empty());
  EXPECT_EQ(decode_qr(GreyImage{}).error().code, "E-QRC-002");
}

TEST(Qr, two_codes_in_a_picture_are_both_found) {
  const GreyImage a = draw_qr(encode_qr("first").value());
  const GreyImage b = draw_qr(encode_qr("later").value());
  ASSERT_EQ(a.width, b.width);
  GreyImage both{a.width, a.height + b.height, a.pixels};
  append(both.pixels, b.pixels);
  std::vector<std::string> texts = decode_qr(both).value();
  std::sort(texts.begin(), texts.end());
  EXPECT_EQ(texts, (std::vector<std::string>{"first", "later"}));
}

TEST(Png, greys_come_back) {
  GreyImage image{3, 2, {}};
  for (const int grey : {0, 255, 128, 1, 2, 254}) {
    image.pixels.push_back(static_cast<std::byte>(grey));
  }
  const GreyImage back = decode_png(encode_png(image).value()).value();
  EXPECT_EQ(back.width, 3U);
  EXPECT_EQ(back.height, 2U);
  EXPECT_EQ(back.pixels, image.pixels);
}

TEST(Png, a_picture_with_a_huge_size_is_refused_before_it_is_unpacked) {
  Bytes png = encode_png({1, 1, Bytes(1)}).value();
  // Width and height stand behind signature, length and type; their check sum is not right then,
  // so libpng or our limit refuses: either way nothing is unpacked.
  std::fill_n(png.begin() + 17, 3, std::byte{0xFF});
  EXPECT_FALSE(decode_png(png).ok());
  const Bytes large = encode_png({1000, 1000, Bytes(1'000'000)}).value();
  EXPECT_EQ(decode_png(large, {.pixels_max = 999'999}).error().code, "E-PNG-002");
  EXPECT_EQ(decode_png(large, {.bytes_max = 100}).error().code, "E-PNG-002");
  EXPECT_TRUE(decode_png(large, {.pixels_max = 1'000'000}).ok());
}

TEST(Png, damaged_pictures_are_refused) {
  const Bytes png = encode_png(draw_qr(encode_qr("abc").value())).value();
  EXPECT_EQ(decode_png({}).error().code, "E-PNG-001");
  EXPECT_EQ(decode_png(bytes_of("no picture")).error().code, "E-PNG-001");
  for (std::size_t n = 0; n + 12 < png.size(); ++n) {
    EXPECT_EQ(decode_png(BytesView(png).first(n)).error().code, "E-PNG-001") << n;
  }
}

}  // namespace
}  // namespace siegel::format
