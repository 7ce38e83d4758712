#include "format/json_fields.h"

#include <gtest/gtest.h>

#include <array>

namespace siegel::json {
namespace {

Error error_of(const auto& result) { return result.ok() ? Error{} : result.error(); }

TEST(JsonFields, reads_a_request) {
  const Value value = parse(R"({"name":"Brezel","qty":2,"price":1.80,"disc":"0.10","open":true,
      "lines":[{"t":"a"},{"t":"b"}],"note":"a\nb","gone":null})")
                          .value();
  Fields fields = Fields::of(value).value();
  EXPECT_EQ(*fields.required_string("name", 6), "Brezel");
  EXPECT_EQ(*fields.required_int("qty", 1, 10), 2);
  EXPECT_EQ(*fields.required_decimal("price"), "1.80");
  EXPECT_EQ(*fields.required_decimal("disc"), "0.10");
  EXPECT_TRUE(*fields.required_bool("open"));
  EXPECT_EQ(**fields.optional_text("note", 10), "a\nb");
  EXPECT_FALSE(fields.optional_string("gone", 10)->has_value());
  EXPECT_FALSE(fields.optional_decimal("absent")->has_value());
  const Items lines = fields.required_array("lines", 2).value();
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(*lines.object(1)->required_string("t", 1), "b");
  EXPECT_TRUE(fields.finish().ok());
}

TEST(JsonFields, names_field_and_place) {
  const Value value =
      parse(R"({"n":5,"s":"abc","l":[1,{"qantity":1}],"b":"yes","c":"a\u0007"})").value();
  Fields fields(*value.object(), "/sale");
  EXPECT_EQ(fields.required_string("n", 5).error().code, "E-JSN-021");
  EXPECT_EQ(fields.required_string("n", 5).error().place, "/sale/n");
  EXPECT_EQ(fields.required_string("s", 2).error().code, "E-JSN-022");
  EXPECT_EQ(fields.required_string("c", 9).error().code, "E-JSN-023");
  EXPECT_EQ(fields.required_int("n", 6, 9).error().code, "E-JSN-024");
  EXPECT_EQ(fields.required_int("s", 6, 9).error().code, "E-JSN-021");
  EXPECT_EQ(fields.required_bool("b").error().code, "E-JSN-021");
  EXPECT_EQ(fields.required_decimal("s").error().code, "E-JSN-021");
  EXPECT_EQ(fields.required_array("l", 1).error().code, "E-JSN-026");
  const Items lines = fields.required_array("l", 2).value();
  EXPECT_EQ(lines.object(0).error().place, "/sale/l/0");
  Fields line = lines.object(1).value();
  const Error missing = error_of(line.required_decimal("quantity"));
  EXPECT_EQ(missing.code, "E-JSN-020");
  EXPECT_EQ(missing.place, "/sale/l/1/quantity");
  EXPECT_NE(missing.detail.find("\"qantity\"?"), std::string::npos);
}

TEST(JsonFields, unknown_fields_are_refused_with_a_suggestion) {
  const Value value = parse(R"({"amount":1,"curency":"EUR"})").value();
  Fields fields(*value.object());
  EXPECT_TRUE(fields.required_int("amount", 0, 9).ok());
  EXPECT_TRUE(fields.optional_string("currency", 3).ok());
  const Error error = error_of(fields.finish());
  EXPECT_EQ(error.code, "E-JSN-025");
  EXPECT_EQ(error.place, "/curency");
  EXPECT_NE(error.detail.find("did you mean \"currency\"?"), std::string::npos);
}

TEST(JsonFields, words) {
  static constexpr std::array<std::string_view, 3> words{"cash", "card", "voucher"};
  const Value value = parse(R"({"a":"card","b":"vouchr","c":1})").value();
  Fields fields(*value.object());
  EXPECT_EQ(*fields.required_word("a", words), 1U);
  EXPECT_EQ(error_of(fields.required_word("b", words)).code, "E-JSN-028");
  EXPECT_NE(error_of(fields.required_word("b", words)).detail.find("mean \"voucher\""),
            std::string::npos);
  EXPECT_EQ(error_of(fields.required_word("c", words)).code, "E-JSN-021");
  EXPECT_FALSE(fields.optional_word("d", words)->has_value());
}

TEST(JsonFields, decimals_have_no_exponent_and_an_end) {
  const Value value =
      parse(R"({"a":1e5,"b":"1E5","c":"01.0","d":"+1","e":" 1","f":-5,"g":"1,50","h":[],"i":""})")
          .value();
  Fields fields(*value.object());
  EXPECT_EQ(error_of(fields.required_decimal("a")).code, "E-JSN-024");
  EXPECT_EQ(error_of(fields.required_decimal("b")).code, "E-JSN-024");
  for (const std::string_view key : {"c", "d", "e", "g", "h", "i"}) {
    EXPECT_EQ(error_of(fields.required_decimal(key)).code, "E-JSN-021") << key;
  }
  EXPECT_EQ(*fields.required_decimal("f"), "-5");
  const Value big = parse("{\"a\":" + std::string(41, '1') + "}").value();
  EXPECT_EQ(error_of(Fields(*big.object()).required_decimal("a")).code, "E-JSN-024");
}

TEST(JsonFields, lengths_count_characters) {
  const Value value = parse("{\"a\":\"\xC3\xA4\xC3\xB6\"}").value();
  EXPECT_TRUE(Fields(*value.object()).required_string("a", 2).ok());
  EXPECT_FALSE(Fields(*value.object()).required_string("a", 1).ok());
  const Value empty = parse("{\"a\":\"\"}").value();
  EXPECT_EQ(error_of(Fields(*empty.object()).required_string("a", 2)).code, "E-JSN-027");
}

}  // namespace
}  // namespace siegel::json
