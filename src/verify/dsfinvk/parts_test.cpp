#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "format/csv.h"
#include "verify/dsfinvk/facts.h"
#include "verify/dsfinvk/fields.h"
#include "verify/dsfinvk/process_data.h"
#include "verify/dsfinvk/rows.h"
#include "verify/dsfinvk/vat_catalogue.h"

namespace siegel::verify::dsfinvk {
namespace {

/// Gives its bytes in pieces of a few.
class Dripping final : public Source {
 public:
  Dripping(std::string_view text, std::size_t piece) : m_rest(text), m_piece(piece) {}
  Result<std::size_t> read(std::span<std::byte> out) override {
    const std::size_t n = std::min({out.size(), m_rest.size(), m_piece});
    std::copy_n(bytes_of(m_rest).begin(), n, out.begin());
    m_rest.remove_prefix(n);
    return n;
  }

 private:
  std::string_view m_rest;
  std::size_t m_piece;
};

struct ReadRow {
  std::vector<std::string> fields;
  std::uint64_t line;
  bool odd;
};

std::vector<ReadRow> read_rows(std::string_view text, std::size_t piece) {
  Dripping source(text, piece);
  RowReader reader(source, ';', '"');
  std::vector<ReadRow> out;
  RawRow row;
  while (reader.next(row).value()) {
    Arena arena;
    std::vector<std::string_view> fields;
    const RowFlags flags = split_row(row.text, ';', '"', arena, fields);
    out.push_back({{fields.begin(), fields.end()}, row.line, flags.bad_quotes || row.unclosed});
  }
  return out;
}

TEST(rows, agree_with_the_strict_reader_on_whatever_the_writer_writes) {
  rc::check([] {
    const auto rows = *rc::gen::container<std::vector<std::vector<std::string>>>(rc::gen::resize(
        6, rc::gen::nonEmpty(
               rc::gen::container<std::vector<std::string>>(rc::gen::container<std::string>(
                   rc::gen::element('a', ';', '"', '\r', '\n', ' ', '\xC3', '\xA4'))))));
    MemorySink sink;
    format::CsvWriter writer(sink);
    for (const auto& row : rows) {
      for (const std::string& field : row) writer.field(std::string_view(field));
      RC_ASSERT(writer.end_row().ok());
    }
    RC_ASSERT(writer.finish().ok());
    const std::string_view text = text_of(sink.bytes());
    const std::vector<ReadRow> read = read_rows(text, *rc::gen::inRange<std::size_t>(1, 20));
    format::CsvReader strict(text, ';');
    std::vector<std::string_view> fields;
    std::size_t at = 0;
    while (strict.next(fields).value()) {
      RC_ASSERT(at < read.size());
      RC_ASSERT(read[at].fields == std::vector<std::string>(fields.begin(), fields.end()));
      RC_ASSERT(!read[at].odd);
      ++at;
    }
    RC_ASSERT(at == read.size());
  });
}

TEST(rows, go_on_behind_a_quote_that_is_never_closed) {
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{100'000}}) {
    const auto rows = read_rows("a;\"b\r\nc;d\r\n", piece);
    ASSERT_EQ(rows.size(), 2U);
    EXPECT_TRUE(rows[0].odd);
    EXPECT_EQ(rows[1].fields, (std::vector<std::string>{"c", "d"}));
    EXPECT_EQ(rows[1].line, 2U);
  }
}

TEST(rows, of_any_length_take_bounded_memory) {
  std::string text(3 * RowReader::row_bytes_max, 'x');
  text += "\r\nlast;row\r\n";
  Dripping source(text, 4096);
  RowReader reader(source, ';', '"');
  RawRow row;
  std::size_t longest = 0;
  std::string last;
  while (reader.next(row).value()) {
    longest = std::max(longest, row.text.size());
    last = row.text;
  }
  EXPECT_LE(longest, RowReader::row_bytes_max);
  EXPECT_EQ(last, "last;row");
}

TEST(rows, tell_plain_ascii_from_everything_else) {
  EXPECT_TRUE(is_plain("abc ~!0123456789 and more than eight"));
  for (const int bad : {0, 9, 31, 127, 128, 255}) {
    for (std::size_t at = 0; at < 20; ++at) {
      std::string text(20, 'a');
      text[at] = static_cast<char>(bad);
      EXPECT_FALSE(is_plain(text)) << bad << " at " << at;
    }
  }
}

TEST(fields, read_numbers_as_written_in_germany) {
  const auto form = [](std::string_view text) { return parse_number(text).form; };
  EXPECT_EQ(parse_number("-12,345").units, -1'234'500);
  EXPECT_EQ(parse_number("-12,345").decimals, 3);
  EXPECT_EQ(parse_number("1.234.567,5").units, 123'456'750'000);
  EXPECT_EQ(form("1.234,50"), NumberForm::grouped);
  EXPECT_EQ(form("1.234"), NumberForm::grouped);
  EXPECT_EQ(form("0.250"), NumberForm::pointed);
  EXPECT_EQ(form("12.5"), NumberForm::pointed);
  EXPECT_TRUE(parse_number("-0,00").negative_zero);
  for (const char* bad : {"+1", "1,", ",5", "1e3", "--1", "1,2,3", "1.23,4.5", " 1", "1 ", "x",
                          "999999999999999999999", "1,123456"})
    EXPECT_EQ(form(bad), NumberForm::invalid) << bad;
  EXPECT_EQ(form(""), NumberForm::empty);
}

TEST(fields, multiply_rounds_half_away_from_zero_and_never_overflows) {
  // 5.00 for 1.5 kg, 2 kg sold.
  EXPECT_EQ(to_cents(multiply(5 * units_one, 2 * units_one, 150'000)), 6'67 * units_cent);
  EXPECT_EQ(multiply(-1, 1, 2), -1);
  EXPECT_GT(multiply(units_max, units_max, 1), 0);
}

TEST(fields, know_times_and_the_changes_of_german_time) {
  EXPECT_EQ(parse_stamp("2026-07-01T12:00:00")->utc_ms(),
            parse_stamp("2026-07-01T10:00:00Z")->utc_ms());
  EXPECT_EQ(parse_stamp("2026-01-01T12:00:00")->utc_ms(),
            parse_stamp("2026-01-01T12:00:00+01:00")->utc_ms());
  EXPECT_EQ(parse_stamp("2026-07-01T10:00:00.250Z")->german_ms(),
            parse_stamp("2026-07-01T12:00:00.250")->local_ms);
  EXPECT_TRUE(in_time_change(parse_stamp("2026-03-29T02:30:00")->local_ms));
  EXPECT_TRUE(in_time_change(parse_stamp("2026-10-25T02:30:00")->local_ms));
  EXPECT_FALSE(in_time_change(parse_stamp("2026-10-25T03:00:00")->local_ms));
  for (const char* bad : {"2026-02-29T12:00:00", "2026-01-01 12:00:00", "2026-01-01T24:00:00",
                          "2026-01-01T12:00:00+1:00", "2026-01-01T12:00:00.Z", "20260101T120000Z"})
    EXPECT_FALSE(parse_stamp(bad)) << bad;
}

TEST(fields, know_the_patterns_of_ids) {
  EXPECT_TRUE(is_vat_id("DE136695976"));
  EXPECT_FALSE(is_vat_id("DE136695975"));
  EXPECT_TRUE(is_vat_id("ATU12345678"));
  EXPECT_FALSE(is_vat_id("de136695976"));
  EXPECT_TRUE(is_tax_number("27/123/45678"));
  EXPECT_TRUE(is_tax_number("2893081508152"));
  EXPECT_FALSE(is_tax_number("27-123-45678"));
  EXPECT_TRUE(is_gtin("4006381333931"));
  EXPECT_FALSE(is_gtin("4006381333932"));
  EXPECT_TRUE(is_country("DEU"));
  EXPECT_FALSE(is_country("EUD"));  // across two codes
  EXPECT_TRUE(is_currency("CHF"));
  EXPECT_FALSE(is_currency("chf"));
}

TEST(vat_catalogue, has_the_rates_of_each_day) {
  const auto rate = [](std::uint64_t key, int y, unsigned m, unsigned d) {
    return rate_of_key(key, day_number(y, m, d)).value_or(-1);
  };
  EXPECT_EQ(rate(1, 2020, 6, 30), 19 * units_one);
  EXPECT_EQ(rate(1, 2020, 7, 1), 16 * units_one);
  EXPECT_EQ(rate(1, 2021, 1, 1), 19 * units_one);
  EXPECT_EQ(rate(2, 2020, 12, 31), 5 * units_one);
  EXPECT_EQ(rate(3, 2024, 12, 5), 9 * units_one);
  EXPECT_EQ(rate(3, 2024, 12, 6), 84 * units_one / 10);
  EXPECT_EQ(rate(3, 2025, 1, 1), 78 * units_one / 10);
  EXPECT_EQ(rate(21, 2020, 12, 31), -1);
  EXPECT_EQ(container_of(21, 0), 0U);
  EXPECT_EQ(container_of(43, 0), 2U);
  EXPECT_EQ(container_of(6, 0), 4U);
  EXPECT_EQ(container_of(1001, 19 * units_one), 0U);
}

TEST(process_data, is_read_strictly) {
  std::string why;
  const auto fine = parse_kassenbeleg(
      "Beleg^75.33_7.99_0.00_0.00_0.00^10.00:Bar_5.00:Bar:CHF_5.00:Bar:USD_64.30:Unbar", why);
  ASSERT_TRUE(fine) << why;
  EXPECT_EQ(fine->containers[0], 7533);
  EXPECT_TRUE(fine->foreign);
  EXPECT_TRUE(parse_kassenbeleg("AVBelegabbruch^0.00_0.00_0.00_0.00_0.00^", why));
  for (const char* bad :
       {"Beleg^1.00_0.00_0.00_0.00^1.00:Bar", "Beleg^1,00_0.00_0.00_0.00_0.00^",
        "Beleg^-0.00_0.00_0.00_0.00_0.00^", "Beleg^01.00_0.00_0.00_0.00_0.00^",
        "Beleg^1.00_0.00_0.00_0.00_0.00^1.00:Bar_", "Beleg^1.00_0.00_0.00_0.00_0.00^1.00:Bar:EUR",
        "Beleg^1.00_0.00_0.00_0.00_0.00^1.00:Cash", "Beleg"})
    EXPECT_FALSE(parse_kassenbeleg(bad, why)) << bad;
  const auto order =
      parse_order("2;\"Eisbecher \"\"Himbeere\"\"\";3.99\r1;\"Eiskaffee\";2.99", '\r', why);
  ASSERT_TRUE(order) << why;
  EXPECT_EQ((*order)[0].text, "Eisbecher \"Himbeere\"");
  EXPECT_EQ((*order)[1].price, 299 * units_cent);
  for (const char* bad :
       {"2;Eis;3.99", "2;\"Eis\";3.99\r", "2;\"Eis;3.99", ";\"Eis\";3.99", "2;\"Eis\";3,99"})
    EXPECT_FALSE(parse_order(bad, '\r', why)) << bad;
}

TEST(facts, come_back_sorted_whether_they_fit_in_memory_or_not) {
  for (const std::uint64_t count :
       {std::uint64_t{1000}, std::uint64_t{3 * FactSorter::in_memory_max / 2}}) {
    FactSorter sorter;
    FactSorter other;
    for (std::uint64_t i = 0; i < count; ++i) {
      Fact fact;
      fact.topic = i % 3 == 0 ? Topic::voucher : Topic::receipt;
      fact.key0 = i * 0x9E3779B97F4A7C15U % 1000;
      fact.key1 = i;
      fact.value[0] = static_cast<std::int64_t>(i);
      (i % 2 == 0 ? sorter : other).add(fact);
    }
    sorter.merge(std::move(other));
    std::uint64_t seen = 0;
    std::uint64_t sum = 0;
    std::optional<Fact> last;
    ASSERT_TRUE(sorter
                    .visit([&](const Fact& fact) {
                      if (last) {
                        EXPECT_LT(std::tie(last->topic, last->key0, last->key1),
                                  std::tie(fact.topic, fact.key0, fact.key1));
                      }
                      last = fact;
                      ++seen;
                      sum += static_cast<std::uint64_t>(fact.value[0]);
                    })
                    .ok());
    EXPECT_EQ(seen, count);
    EXPECT_EQ(sum, count * (count - 1) / 2);
  }
}

}  // namespace
}  // namespace siegel::verify::dsfinvk
