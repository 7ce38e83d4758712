#include "format/der.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "format/testing.h"

namespace siegel::format {
namespace {

Bytes from(std::string_view text) { return from_hex(text).value(); }

DerFault fault_of(std::string_view hex_text) {
  const Bytes bytes = from(hex_text);
  DerReader reader(bytes);
  DerElement element;
  return reader.read(element) ? DerFault::none : reader.fault();
}

TEST(DerReader, reads_elements_as_slices_with_their_place) {
  const Bytes bytes = from("30070201050402abcd0500");
  DerReader outer(bytes);
  const DerElement sequence = outer.next().value();
  EXPECT_EQ(sequence.tag, der_tag::sequence);
  EXPECT_EQ(sequence.whole.size(), 9U);
  EXPECT_EQ(sequence.whole.data(), bytes.data());
  DerReader inner = outer.inside(sequence);
  EXPECT_EQ(inner.next()->offset, 2U);
  const DerElement octets = inner.next().value();
  EXPECT_EQ(octets.offset, 5U);
  EXPECT_EQ(hex(octets.content), "abcd");
  EXPECT_TRUE(inner.finish().ok());
  EXPECT_EQ(outer.finish().error().code, "E-DER-007");
  EXPECT_EQ(outer.finish().error().place, "byte 9");
}

TEST(DerReader, refuses_what_is_not_der) {
  EXPECT_EQ(fault_of("02"), DerFault::truncated);
  EXPECT_EQ(fault_of("0202ff"), DerFault::truncated);
  EXPECT_EQ(fault_of("048200"), DerFault::truncated);
  EXPECT_EQ(fault_of("1f8101"), DerFault::tag_high);
  EXPECT_EQ(fault_of("3080020105"), DerFault::length_indefinite);
  EXPECT_EQ(fault_of("04ff"), DerFault::length_indefinite);
  EXPECT_EQ(fault_of("04810548656c6c6f"), DerFault::length_not_minimal);
  EXPECT_EQ(fault_of("0482000548656c6c6f"), DerFault::length_not_minimal);
  EXPECT_EQ(fault_of("04820080"), DerFault::length_not_minimal);
  EXPECT_EQ(fault_of("0485010000000000"), DerFault::length_too_large);
  EXPECT_EQ(fault_of("0484ffffffff00"), DerFault::truncated);
  EXPECT_EQ(fault_of("0400"), DerFault::none);
}

TEST(DerReader, a_fault_stays) {
  const Bytes bytes = from("0401");
  DerReader reader(bytes);
  DerElement element;
  EXPECT_FALSE(reader.read(element));
  EXPECT_FALSE(reader.read(element));
  EXPECT_EQ(reader.next().error().code, "E-DER-001");
  EXPECT_EQ(reader.finish().error().code, "E-DER-001");
}

TEST(DerReader, names_the_element_that_was_not_expected) {
  const Bytes bytes = from("020105");
  DerReader reader(bytes);
  EXPECT_EQ(reader.expect(der_tag::octet_string).error().code, "E-DER-006");
  DerReader optional(bytes);
  DerElement element;
  EXPECT_FALSE(optional.read_optional(der_tag::octet_string, element));
  EXPECT_EQ(optional.fault(), DerFault::none);
  EXPECT_TRUE(optional.read_optional(der_tag::integer, element));
}

TEST(DerReader, nesting_has_a_limit) {
  Bytes deep;
  for (int i = 0; i < 40; ++i) {
    Bytes outer;
    DerWriter(outer).element(der_tag::sequence, deep);
    deep = outer;
  }
  EXPECT_EQ(check_der(deep).error().code, "E-DER-008");
}

TEST(DerReader, the_indefinite_form_is_read_where_it_is_asked_for) {
  const Bytes bytes = from("a280040161040262630000830100");
  DerReader reader(bytes);
  EXPECT_TRUE(reader.peek_indefinite());
  DerIndefinite value;
  ASSERT_TRUE(reader.read_indefinite_octets(0xA2, value));
  EXPECT_EQ(hex(value.whole), "a280040161040262630000");
  EXPECT_EQ(value.pieces, 2U);
  EXPECT_EQ(value.size, 3U);
  Bytes content;
  value.append_to(content);
  EXPECT_EQ(text_of(content), "abc");
  EXPECT_EQ(reader.peek(), 0x83);

  const Bytes none = from("a2800000");
  DerReader without(none);
  ASSERT_TRUE(without.read_indefinite_octets(0xA2, value));
  EXPECT_EQ(value.pieces, 0U);
  EXPECT_TRUE(without.finish().ok());
  DerElement element;
  DerReader strict(none);
  EXPECT_FALSE(strict.read(element));
}

TEST(DerReader, the_indefinite_form_takes_only_octet_strings) {
  const auto fault = [](std::string_view text) {
    const Bytes bytes = from(text);
    DerReader reader(bytes);
    DerIndefinite value;
    return reader.read_indefinite_octets(0xA2, value) ? DerFault::none : reader.fault();
  };
  EXPECT_EQ(fault("a2800201050000"), DerFault::indefinite_form);
  EXPECT_EQ(fault("a280248004016100000000"), DerFault::indefinite_form);
  EXPECT_EQ(fault("a2800480"), DerFault::length_indefinite);
  EXPECT_EQ(fault("a28004016100"), DerFault::truncated);
  EXPECT_EQ(fault("a2800401610001"), DerFault::indefinite_form);
  EXPECT_EQ(fault("a200"), DerFault::indefinite_form);
  EXPECT_EQ(fault("8200"), DerFault::unexpected_tag);
}

TEST(DerValues, integers_are_minimal_and_fit) {
  std::int64_t value = 7;
  EXPECT_EQ(decode_integer(from(""), value), DerFault::integer_empty);
  EXPECT_EQ(decode_integer(from("0001"), value), DerFault::integer_not_minimal);
  EXPECT_EQ(decode_integer(from("ff80"), value), DerFault::integer_not_minimal);
  EXPECT_EQ(decode_integer(from("008000000000000000"), value), DerFault::integer_range);
  EXPECT_EQ(value, 7);
  EXPECT_EQ(decode_integer(from("0080"), value), DerFault::none);
  EXPECT_EQ(value, 128);
  EXPECT_EQ(decode_integer(from("8000000000000000"), value), DerFault::none);
  EXPECT_EQ(value, INT64_MIN);
  std::uint64_t big = 0;
  EXPECT_EQ(decode_unsigned(from("00ffffffffffffffff"), big), DerFault::none);
  EXPECT_EQ(big, UINT64_MAX);
  EXPECT_EQ(decode_unsigned(from("ff"), big), DerFault::integer_range);
  EXPECT_EQ(decode_unsigned(from("01ffffffffffffffff"), big), DerFault::integer_range);
}

TEST(DerValues, booleans_texts_and_oids) {
  bool flag = false;
  EXPECT_EQ(decode_boolean(from("ff"), flag), DerFault::none);
  EXPECT_TRUE(flag);
  EXPECT_EQ(decode_boolean(from("01"), flag), DerFault::boolean);
  EXPECT_EQ(decode_boolean(from(""), flag), DerFault::boolean);
  EXPECT_EQ(check_printable(bytes_of("Kasse 1 '()+,-./:=?")), DerFault::none);
  EXPECT_EQ(check_printable(bytes_of("a_b")), DerFault::charset);
  EXPECT_EQ(check_printable(bytes_of("\xC3\xA4")), DerFault::charset);
  std::string text;
  EXPECT_EQ(decode_oid(from("04007f000703070101"), text), DerFault::none);
  EXPECT_EQ(text, "0.4.0.127.0.7.3.7.1.1");
  EXPECT_EQ(decode_oid(from("8837"), text), DerFault::none);
  EXPECT_EQ(text, "2.999");
  EXPECT_EQ(decode_oid(from("8001"), text), DerFault::oid);
  EXPECT_EQ(decode_oid(from("0481"), text), DerFault::oid);
  EXPECT_EQ(decode_oid(from("ffffffffffffffffffff7f"), text), DerFault::oid);
  EXPECT_EQ(encode_oid("1.40").error().code, "E-DER-013");
  EXPECT_EQ(encode_oid("1.2.").error().code, "E-DER-013");
  EXPECT_EQ(encode_oid("1.02").error().code, "E-DER-013");
  EXPECT_EQ(encode_oid("").error().code, "E-DER-013");
}

TEST(DerValues, times) {
  Instant at;
  EXPECT_EQ(decode_utc_time(bytes_of("210928110759Z"), at), DerFault::none);
  EXPECT_EQ(at.text(), "2021-09-28T11:07:59.000Z");
  EXPECT_EQ(decode_utc_time(bytes_of("2109281107Z"), at), DerFault::none);
  EXPECT_EQ(at.text(), "2021-09-28T11:07:00.000Z");
  EXPECT_EQ(decode_utc_time(bytes_of("991231235959Z"), at), DerFault::none);
  EXPECT_EQ(at.text(), "1999-12-31T23:59:59.000Z");
  EXPECT_EQ(decode_generalized_time(bytes_of("20210928110759.5Z"), at), DerFault::none);
  EXPECT_EQ(at.text(), "2021-09-28T11:07:59.500Z");
  EXPECT_EQ(decode_generalized_time(bytes_of("20210928110759.012Z"), at), DerFault::none);
  EXPECT_EQ(at.text(), "2021-09-28T11:07:59.012Z");
  for (const std::string_view bad :
       {"210928110759", "210928110759+0100", "21092811075Z", "210229110759Z", "211328110759Z",
        "210928240759Z", "210928110760Z", "2a0928110759Z", "Z", "-10928110759Z"}) {
    EXPECT_EQ(decode_utc_time(bytes_of(bad), at), DerFault::time) << bad;
  }
  for (const std::string_view bad :
       {"20210928110759.Z", "20210928110759.1234Z", "20210928110759,5Z", "20210928110759.5",
        "202109281107Z", "19691231235959Z", "20210928110759.-5Z"}) {
    EXPECT_EQ(decode_generalized_time(bytes_of(bad), at), DerFault::time) << bad;
  }
}

TEST(DerWriter, nested_lengths_grow) {
  for (const std::size_t size : {0U, 5U, 127U, 128U, 255U, 256U, 65535U, 65536U, 70000U}) {
    const Bytes content(size, std::byte{0x41});
    Bytes out;
    {
      DerWriter writer(out);
      writer.begin(der_tag::sequence);
      writer.begin(0xA0);
      writer.octets(content);
      writer.end();
      writer.integer(-1);
      writer.end();
    }
    EXPECT_EQ(out.size(), der_size(der_size(der_size(size)) + 3));
    ASSERT_TRUE(check_der(out).ok()) << size;
    DerReader outer(out);
    DerReader sequence = outer.enter(der_tag::sequence).value();
    DerReader tagged = sequence.enter(0xA0).value();
    EXPECT_EQ(tagged.expect(der_tag::octet_string)->content.size(), size);
    EXPECT_EQ(hex(sequence.next()->whole), "0201ff");
  }
}

TEST(DerWriter, values_come_back) {
  checks::property("int64", [](std::int64_t number) {
    Bytes out;
    DerWriter(out).integer(number);
    std::int64_t back = 0;
    DerReader reader(out);
    RC_ASSERT(decode_integer(reader.next()->content, back) == DerFault::none);
    RC_ASSERT(back == number);
  });
  checks::property("uint64", [](std::uint64_t number) {
    Bytes out;
    DerWriter(out).unsigned_integer(number);
    std::uint64_t back = 0;
    DerReader reader(out);
    RC_ASSERT(decode_unsigned(reader.next()->content, back) == DerFault::none);
    RC_ASSERT(back == number);
  });
  checks::property("time", [] {
    const auto at = Instant::from_unix_ms(*rc::gen::inRange<std::int64_t>(0, 2524607999999));
    Bytes out;
    DerWriter writer(out);
    writer.utc_time(at);
    writer.generalized_time(at, {.milliseconds = true});
    DerReader reader(out);
    Instant utc;
    Instant generalized;
    RC_ASSERT(decode_utc_time(reader.next()->content, utc) == DerFault::none);
    RC_ASSERT(decode_generalized_time(reader.next()->content, generalized) == DerFault::none);
    RC_ASSERT(utc.unix_seconds() == at.unix_seconds());
    RC_ASSERT(generalized == at);
  });
  checks::property("oid", [](std::vector<std::uint32_t> arcs) {
    std::string text = "2.999";
    for (const std::uint32_t arc : arcs) text += "." + std::to_string(arc);
    Bytes out;
    DerWriter(out).oid(text);
    std::string back;
    DerReader reader(out);
    RC_ASSERT(decode_oid(reader.next()->content, back) == DerFault::none);
    RC_ASSERT(back == text);
  });
}

TEST(DerReader, whatever_is_accepted_is_written_the_same) {
  checks::property("elements", [](std::vector<std::uint8_t> raw) {
    Bytes bytes(raw.size());
    for (std::size_t i = 0; i < raw.size(); ++i) bytes[i] = static_cast<std::byte>(raw[i] % 140);
    DerReader reader(bytes);
    DerElement element;
    while (reader.read(element)) {
      Bytes again;
      DerWriter(again).element(element.tag, element.content);
      RC_ASSERT(std::equal(again.begin(), again.end(), element.whole.begin(), element.whole.end()));
    }
  });
}

TEST(DerReader, a_message_cut_anywhere_is_refused) {
  const Bytes message = from(
      "302b020102060904007f0007030701018010537461727454"
      "72616e73616374696f6e81014b8200850101"
      "0401ff");
  ASSERT_TRUE(check_der(message).ok()) << check_der(message).error().detail;
  for (std::size_t n = 0; n < message.size(); ++n) {
    EXPECT_FALSE(check_der(BytesView(message).first(n)).ok()) << n;
  }
}

}  // namespace
}  // namespace siegel::format
