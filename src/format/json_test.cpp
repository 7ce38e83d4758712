#include "format/json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <simdjson.h>

#include <fstream>

#include "base/file.h"
#include "format/json_writer.h"
#include "format/testing.h"

namespace siegel::json {
namespace {

std::string code_of(std::string_view text, const Limits& limits = {}) {
  const Result<Value> value = parse(text, limits);
  return value.ok() ? "" : value.error().code;
}

std::string place_of(std::string_view text) { return parse(text).error().place; }

/// Texts of some letters that matter to JSON and UTF-8.
rc::Gen<std::string> some_text() {
  return rc::gen::map(rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 16)),
                      [](const std::vector<int>& picks) {
                        static constexpr std::string_view parts[] = {"a",
                                                                     "b",
                                                                     "Z",
                                                                     "\"",
                                                                     "\\",
                                                                     "/",
                                                                     "\n",
                                                                     "\x01",
                                                                     "\x7f",
                                                                     "\xC3\xA4",
                                                                     "\xE2\x82\xAC",
                                                                     "\xF0\x9F\x8D\xA9",
                                                                     "\t",
                                                                     " ",
                                                                     "\xEF\xBF\xBF",
                                                                     "~"};
                        std::string out;
                        for (const int pick : picks) out += parts[static_cast<std::size_t>(pick)];
                        return out;
                      });
}

Value some_value(int depth) {
  switch (*rc::gen::inRange(0, depth > 0 ? 7 : 5)) {
    case 0:
      return {};
    case 1:
      return *rc::gen::arbitrary<bool>();
    case 2:
      return *rc::gen::arbitrary<std::int64_t>();
    case 3:
      return Decimal{std::to_string(*rc::gen::arbitrary<std::int32_t>()) + ".50"};
    case 4:
      return *some_text();
    case 5: {
      Array array;
      const int count = *rc::gen::inRange(0, 4);
      for (int i = 0; i < count; ++i) array.push_back(some_value(depth - 1));
      return array;
    }
    default: {
      Object object;
      const int count = *rc::gen::inRange(0, 4);
      for (int i = 0; i < count; ++i) object.set(*some_text(), some_value(depth - 1));
      return object;
    }
  }
}

TEST(JsonParse, keeps_numbers_exact) {
  const Value value =
      parse(R"({"a":1.10,"b":9223372036854775807,"c":9223372036854775808,"d":1e3,"e":-0,"f":-5})")
          .value();
  const Object& object = *value.object();
  EXPECT_EQ(object.find("a")->decimal()->text, "1.10");
  EXPECT_EQ(*object.find("b")->integer(), INT64_MAX);
  EXPECT_EQ(object.find("c")->decimal()->text, "9223372036854775808");
  EXPECT_EQ(object.find("d")->decimal()->text, "1e3");
  EXPECT_EQ(object.find("e")->decimal()->text, "-0");
  EXPECT_EQ(*object.find("f")->integer(), -5);
}

TEST(JsonParse, reads_texts) {
  EXPECT_EQ(*parse(R"("a\"\\\/\b\f\n\r\t\u0041\u00E4\u20ac\ud83c\udf69")")->string(),
            "a\"\\/\b\f\n\r\tA\xC3\xA4\xE2\x82\xAC\xF0\x9F\x8D\xA9");
  EXPECT_EQ(*parse("\"\\u0000\"")->string(), std::string(1, '\0'));
  for (const std::string_view bad :
       {R"("\ud83c")", R"("\udf69")", R"("\ud83c\u0041")", R"("\ud83c\ud83c")", R"("\u12")",
        R"("\u-123")", R"("\u+123")", R"("\x41")", "\"\n\"", "\"\x01\"", "\"abc", "\"abc\\"}) {
    EXPECT_EQ(code_of(bad), "E-JSN-002") << bad;
  }
}

TEST(JsonParse, refuses_what_is_not_json) {
  for (const std::string_view bad : {"{",
                                     "[",
                                     "[1,]",
                                     "[,1]",
                                     "{\"a\":1,}",
                                     "{\"a\"}",
                                     "{\"a\":}",
                                     "{a:1}",
                                     "{'a':1}",
                                     "[1 2]",
                                     "{\"a\":1 \"b\":2}",
                                     "tru",
                                     "nulL",
                                     "True",
                                     "01",
                                     "-",
                                     "+1",
                                     "1.",
                                     ".5",
                                     "1e",
                                     "1e+",
                                     "0x1",
                                     "NaN",
                                     "Infinity",
                                     "-Infinity",
                                     "1-2",
                                     "--1",
                                     "]",
                                     "}",
                                     ",",
                                     ":",
                                     "[1}",
                                     "{\"a\":1]",
                                     "\xEF\xBB\xBF[]",
                                     "/**/1",
                                     "[1] // x",
                                     "{\"a\":1,,\"b\":2}"}) {
    const std::string code = code_of(bad);
    EXPECT_TRUE(code == "E-JSN-002" || code == "E-JSN-007") << bad << " " << code;
  }
  EXPECT_EQ(code_of(""), "E-JSN-008");
  EXPECT_EQ(code_of(" \n"), "E-JSN-008");
  EXPECT_EQ(code_of("1 2"), "E-JSN-007");
  EXPECT_EQ(code_of("{}x"), "E-JSN-007");
  EXPECT_EQ(code_of("\"\xFF\""), "E-JSN-003");
  EXPECT_EQ(code_of("\"\xED\xA0\x80\""), "E-JSN-003");
  EXPECT_EQ(code_of("\"\xC0\x80\""), "E-JSN-003");
  EXPECT_EQ(code_of(std::string_view("1\0", 2)), "E-JSN-007");
}

TEST(JsonParse, says_where) {
  EXPECT_EQ(place_of("\"ab\xFF\""), "byte 3");
  EXPECT_EQ(place_of(R"({"lines":[{"qty":1},{"qty":zwei}]})"), "/lines/1/qty");
  EXPECT_EQ(place_of(R"({"a/b~c":[x]})"), "/a~1b~0c/0");
  EXPECT_EQ(place_of("{} x"), "byte 3");
  EXPECT_NE(parse("{\n \"a\": x}").error().detail.find("line 2, column 7"), std::string::npos);
  const Error twice = parse(R"({"p":{"b":1,"a":2,"b":3}})").error();
  EXPECT_EQ(twice.code, "E-JSN-006");
  EXPECT_EQ(twice.place, "/p/b");
}

TEST(JsonParse, keys_that_differ_only_in_writing_are_the_same_key) {
  EXPECT_EQ(code_of(R"({"a":1,"\u0061":2})"), "E-JSN-006");
}

TEST(JsonParse, has_limits) {
  EXPECT_EQ(code_of("[[[1]]]", {.depth_max = 3}), "");
  EXPECT_EQ(code_of("[[[[1]]]]", {.depth_max = 3}), "E-JSN-004");
  EXPECT_EQ(code_of(std::string(100'000, '['), {.depth_max = 1'000'000}), "E-JSN-004");
  EXPECT_EQ(code_of("[1,2,3]", {.values_max = 4}), "");
  EXPECT_EQ(code_of("[1,2,3]", {.values_max = 3}), "E-JSN-005");
  EXPECT_EQ(code_of("[1,2,3]", {.bytes_max = 7}), "");
  EXPECT_EQ(code_of("[1,2,3]", {.bytes_max = 6}), "E-JSN-001");
}

TEST(JsonParse, cut_anywhere_is_refused) {
  const std::string text = R"({"a":[1,-2.5e3,"xä\n"],"b":{"c":true,"d":null}})";
  ASSERT_EQ(code_of(text), "");
  for (std::size_t n = 0; n < text.size(); ++n) {
    EXPECT_NE(code_of(std::string_view(text).substr(0, n)), "") << n;
  }
}

/// Accepts just what simdjson's validating reader accepts, but for keys that come twice (which it
/// takes) and numbers beyond its range (which we keep as text).
TEST(JsonParse, agrees_with_simdjson) {
  const std::string seed = R"({"a":[1,-2.5e3,"x\u00e4\n",[]],"b":{"c":true,"d":null,"":false}} )";
  simdjson::dom::parser reference;
  format::checks::property(
      "mutated texts", [&](std::vector<std::pair<std::uint16_t, char>> changes) {
        std::string text = seed;
        for (const auto& [at, c] : changes) {
          static constexpr std::string_view letters = "{}[],:\"\\0123.-eEtfnu \n\xC3\xA4";
          const auto pick = static_cast<unsigned char>(c);
          text[at % text.size()] = pick < 200 ? letters[pick % letters.size()] : c;
        }
        const Result<Value> ours = parse(text);
        const simdjson::error_code theirs = reference.parse(text).error();
        if (!ours.ok() && ours.error().code == "E-JSN-006") return;
        if (theirs == simdjson::NUMBER_ERROR) return;
        if (ours.ok() != (theirs == simdjson::SUCCESS)) {
          RC_LOG() << text << "\n"
                   << (ours.ok() ? "taken" : ours.error().detail) << "\n"
                   << simdjson::error_message(theirs) << "\n";
        }
        RC_ASSERT(ours.ok() == (theirs == simdjson::SUCCESS));
      });
}

TEST(JsonCanonical, sorts_and_writes_shortly) {
  const Value value =
      parse(R"( { "b" : [ 1 , 2.50 ] , "a" : "\u00e4\u20ac\/\u001f\n" , "" : { } } )").value();
  EXPECT_EQ(canonical(value), "{\"\":{},\"a\":\"\xC3\xA4\xE2\x82\xAC/\\u001f\\n\",\"b\":[1,2.50]}");
  EXPECT_TRUE(is_canonical(R"({"a":1,"b":2})"));
  EXPECT_FALSE(is_canonical(R"({"b":1,"a":2})"));
  EXPECT_FALSE(is_canonical(R"({"a": 1})"));
  EXPECT_FALSE(is_canonical("\"\\u00e4\""));
}

TEST(JsonCanonical, the_worked_example_of_its_page) {
  const Bytes page =
      read_file(std::filesystem::path(SIEGEL_SOURCE_DIR) / "docs/formats/canonical-json.md",
                1 << 20)
          .value();
  const std::string_view text = text_of(page);
  const std::size_t from = text.find("    { \"text\"");
  const std::size_t to = text.find("    {\"Z\"");
  ASSERT_NE(from, std::string_view::npos);
  ASSERT_NE(to, std::string_view::npos);
  const Value value = parse(text.substr(from, text.find('\n', from) - from)).value();
  EXPECT_EQ(canonical(value), text.substr(to + 4, text.find('\n', to) - to - 4));
  EXPECT_EQ(canonical(value).size(), 72U);
}

TEST(JsonCanonical, is_a_fixpoint_and_loses_nothing) {
  format::checks::property("values", [] {
    const Value value = some_value(4);
    const std::string once = canonical(value);
    const Result<Value> back = parse(once);
    RC_ASSERT(back.ok());
    RC_ASSERT(*back == value);
    RC_ASSERT(canonical(*back) == once);
    const Result<Value> from_pretty = parse(pretty(value));
    RC_ASSERT(from_pretty.ok());
    RC_ASSERT(*from_pretty == value);
  });
}

TEST(JsonCanonical, python_reads_and_writes_the_same) {
  if (!format::checks::works("python3 -c pass")) GTEST_SKIP() << "no python3";
  Array values;
  format::checks::property("values", [&] { values.push_back(some_value(4)); });
  const std::string ours = canonical(values);
  const format::checks::Folder folder;
  const std::string in = (folder.path() / "in.json").string();
  const std::string out = (folder.path() / "out.json").string();
  ASSERT_TRUE(write_file(in, bytes_of(ours)).ok());
  // Fractions pass as marked texts, so that Python does not turn them into floating point.
  ASSERT_TRUE(format::checks::works(
      "python3 -c 'import json,sys\n"
      "d=json.load(open(sys.argv[1],encoding=\"utf-8\"),parse_float=lambda t:\"@@\"+t+\"@@\")\n"
      "o=json.dumps(d,ensure_ascii=False,sort_keys=True,separators=(\",\",\":\"))\n"
      "o=o.replace(\"\\\"@@\",\"\").replace(\"@@\\\"\",\"\")\n"
      "open(sys.argv[2],\"w\",encoding=\"utf-8\",newline=\"\").write(o)' " +
      in + " " + out));
  const Bytes theirs = read_file(out, 1 << 24).value();
  EXPECT_EQ(text_of(theirs), ours);
}

TEST(JsonWriter, writes_what_canonical_writes) {
  std::string out;
  Writer writer(out);
  writer.begin_object()
      .field("a", "x\"y")
      .key("b")
      .begin_array()
      .integer(-3)
      .begin_object()
      .field("z", true)
      .end_object()
      .null()
      .end_array()
      .key("c")
      .number("1.50")
      .field("d", std::int64_t{7})
      .end_object();
  EXPECT_TRUE(writer.complete());
  EXPECT_EQ(out, R"({"a":"x\"y","b":[-3,{"z":true},null],"c":1.50,"d":7})");
  EXPECT_TRUE(is_canonical(out));
}

TEST(JsonWriterDeathTest, our_own_mistakes_end_the_process) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  std::string out;
  EXPECT_DEATH(Writer(out).begin_object().field("b", 1).field("a", 2), "");
  EXPECT_DEATH(Writer(out).begin_object().field("a", 1).field("a", 2), "");
  EXPECT_DEATH(Writer(out).begin_object().integer(1), "");
  EXPECT_DEATH(Writer(out).begin_array().end_object(), "");
  EXPECT_DEATH(Writer(out).integer(1).integer(2), "");
  EXPECT_DEATH(Writer(out).string("\xFF"), "");
}

TEST(JsonObject, keeps_keys_sorted_and_unique) {
  Object object;
  object.set("b", 1).set("a", 2).set("c", 3).set("b", 4);
  EXPECT_EQ(canonical(object), R"({"a":2,"b":4,"c":3})");
  EXPECT_TRUE(object.remove("a"));
  EXPECT_FALSE(object.remove("a"));
  EXPECT_EQ(object.find("a"), nullptr);
  EXPECT_EQ(*object.find("b")->integer(), 4);
  EXPECT_EQ(object.size(), 2U);
}

}  // namespace
}  // namespace siegel::json
