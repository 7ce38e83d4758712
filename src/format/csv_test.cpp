#include "format/csv.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "base/file.h"
#include "format/testing.h"

namespace siegel::format {
namespace {

using Rows = std::vector<std::vector<std::string>>;

struct Read {
  Rows rows;
  std::string code;
  std::string place;
};

Read read(std::string_view text, char separator = ',', CsvLimits limits = {}) {
  Read out;
  CsvReader reader(text, separator, limits);
  std::vector<std::string_view> fields;
  for (;;) {
    const Result<bool> more = reader.next(fields);
    if (!more.ok()) {
      EXPECT_EQ(reader.next(fields).error().code, more.error().code);
      out.code = more.error().code;
      out.place = more.error().place;
      return out;
    }
    if (!*more) return out;
    out.rows.emplace_back(fields.begin(), fields.end());
  }
}

std::string write(const Rows& rows, CsvForm form) {
  MemorySink sink;
  CsvWriter writer(sink, form);
  for (const auto& row : rows) {
    for (const std::string& field : row) writer.field(field);
    EXPECT_TRUE(writer.end_row().ok());
  }
  EXPECT_TRUE(writer.finish().ok());
  return std::string(text_of(sink.bytes()));
}

TEST(CsvReader, reads_rows) {
  EXPECT_EQ(read("a,b\r\n1,\r\n").rows, (Rows{{"a", "b"}, {"1", ""}}));
  EXPECT_EQ(read("a\nb").rows, (Rows{{"a"}, {"b"}}));
  EXPECT_EQ(read("a\rb\r").rows, (Rows{{"a"}, {"b"}}));
  EXPECT_EQ(read("\n\n").rows, (Rows{{""}, {""}}));
  EXPECT_EQ(read("").rows, Rows{});
  EXPECT_EQ(read(",").rows, (Rows{{"", ""}}));
  EXPECT_EQ(read("\"a,\"\"b\"\"\r\nc\",d").rows, (Rows{{"a,\"b\"\r\nc", "d"}}));
  EXPECT_EQ(read("\"\"").rows, (Rows{{""}}));
  EXPECT_EQ(read("\"\"\"\"").rows, (Rows{{"\""}}));
  EXPECT_EQ(read("\xEF\xBB\xBF\"a\";b", ';').rows, (Rows{{"a", "b"}}));
  EXPECT_EQ(read("a, b").rows, (Rows{{"a", " b"}}));
}

TEST(CsvReader, says_where_it_is_wrong) {
  EXPECT_EQ(read("a\nb,c\"d").code, "E-CSV-001");
  EXPECT_EQ(read("a\nb,c\"d").place, "line 2, field 2");
  EXPECT_EQ(read("\"a\"b").code, "E-CSV-002");
  EXPECT_EQ(read("\"a\" ,b").code, "E-CSV-002");
  EXPECT_EQ(read("x\n\"a\nb").code, "E-CSV-003");
  EXPECT_EQ(read("x\n\"a\nb").place, "line 2, field 1");
  EXPECT_EQ(read("\"\"\"").code, "E-CSV-003");
  EXPECT_EQ(read("\"a\n\n\",b\nc\"").place, "line 4, field 1");
}

TEST(CsvReader, has_limits) {
  EXPECT_EQ(read("abc", ',', {.field_max = 2}).code, "E-CSV-004");
  EXPECT_EQ(read("\"a\"\"\"\"b\"", ',', {.field_max = 2}).code, "E-CSV-004");
  EXPECT_EQ(read("a,b,c", ',', {.fields_max = 2}).code, "E-CSV-004");
  EXPECT_EQ(read("a\nb\nc", ',', {.rows_max = 2}).code, "E-CSV-004");
  EXPECT_EQ(read("ab,c\nd", ',', {.field_max = 2, .fields_max = 2, .rows_max = 2}).code, "");
}

TEST(CsvWriter, quotes_where_needed) {
  EXPECT_EQ(write({{"a", "b;c", "d\"e", "f\n", "", "g,h"}}, {}),
            "a;\"b;c\";\"d\"\"e\";\"f\n\";;g,h\r\n");
  EXPECT_EQ(write({{"a", "1"}},
                  {.separator = ',', .line_end = "\n", .byte_order_mark = true, .quote_all = true}),
            "\xEF\xBB\xBF\"a\",\"1\"\n");
  MemorySink sink;
  CsvWriter writer(sink);
  writer.field(std::int64_t{-5}).field(INT64_MIN);
  ASSERT_TRUE(writer.end_row().ok());
  ASSERT_TRUE(writer.finish().ok());
  EXPECT_EQ(text_of(sink.bytes()), "-5;-9223372036854775808\r\n");
}

rc::Gen<std::string> some_field() {
  return rc::gen::container<std::string>(
      rc::gen::element('a', ';', ',', '"', '\r', '\n', ' ', 'x'));
}

TEST(Csv, what_is_written_is_read) {
  checks::property("rows", [] {
    const Rows rows = *rc::gen::container<Rows>(
        rc::gen::nonEmpty(rc::gen::container<std::vector<std::string>>(some_field())));
    const CsvForm form{.separator = *rc::gen::element(';', ','),
                       .line_end = *rc::gen::element<std::string_view>("\r\n", "\n"),
                       .byte_order_mark = *rc::gen::arbitrary<bool>(),
                       .quote_all = *rc::gen::arbitrary<bool>()};
    const Read back = read(write(rows, form), form.separator);
    RC_ASSERT(back.code.empty());
    RC_ASSERT(back.rows == rows);
  });
}

TEST(Csv, large_tables_leave_in_pieces) {
  Rows rows;
  for (int i = 0; i < 20'000; ++i) rows.push_back({std::to_string(i), "text \"of\" a line"});
  EXPECT_EQ(read(write(rows, {}), ';').rows, rows);
}

TEST(Csv, python_reads_the_same) {
  if (!checks::works("python3 -c pass")) GTEST_SKIP() << "no python3";
  const Rows rows{{"a", "b\"c"}, {"line\r\nend", ";"}, {"", "x"}};
  const checks::Folder folder;
  const std::string file = (folder.path() / "a.csv").string();
  ASSERT_TRUE(write_file(file, bytes_of(write(rows, {}))).ok());
  EXPECT_TRUE(
      checks::works("python3 -c 'import csv,sys; r=list(csv.reader(open(sys.argv[1],newline=\"\"),"
                    "delimiter=\";\",strict=True)); "
                    "assert r==[[\"a\",\"b\\\"c\"],[\"line\\r\\nend\",\";\"],[\"\",\"x\"]], r' " +
                    file));
}

}  // namespace
}  // namespace siegel::format
