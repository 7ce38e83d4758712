#include "verify/qr/code.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

#include "format/json.h"
#include "format/qr.h"
#include "verify/qr/finish_log.h"

namespace siegel::verify::qr {
namespace {

Report verify_text(const std::string& text) {
  auto report = verify_codes({&text, 1}, {});
  EXPECT_TRUE(report.ok());
  return std::move(*report);
}

std::set<std::string> rules_of(const Report& report) {
  std::set<std::string> out;
  for (const Finding& finding : report.findings()) out.insert(finding.rule);
  return out;
}

/// A receipt of a device made here, signed in a form to choose.
struct Receipt {
  crypto::PrivateKey key = crypto::PrivateKey::generate(crypto::Curve::p256).value();
  FinishForm form;
  std::string process_type = "Kassenbeleg-V1";
  std::string process_data = "Beleg^1.00_0.00_0.00_0.00_0.00^1.00:Bar";
  std::string start = "2026-01-02T03:04:05.000Z";
  std::string end = "2026-01-02T03:04:06.000Z";
  std::string time_format = "unixTime";
  crypto::SignatureAlgorithm algorithm{};

  [[nodiscard]] Bytes signature() const {
    Bytes message;
    build_finish({.client = "KASSE-1",
                  .process_type = process_type,
                  .process_data = process_data,
                  .transaction = 17,
                  .counter = 200,
                  .end = Instant::parse(end).value()},
                 form, key.public_key(), algorithm, message);
    return key.sign_ecdsa(algorithm.hash, message).value();
  }
  [[nodiscard]] std::string text_with(const std::string& signature_text,
                                      const std::string& key_text) const {
    return "V0;KASSE-1;" + process_type + ";" + process_data + ";17;200;" + start + ";" + end +
           ";" + name_of(algorithm) + ";" + time_format + ";" + signature_text + ";" + key_text;
  }
  [[nodiscard]] std::string text() const {
    return text_with(base64(signature()), base64(key.public_key().point()));
  }
};

using Rules = std::set<std::string>;

TEST(verify_codes, a_good_code_passes) {
  const Report report = verify_text(Receipt{}.text());
  EXPECT_EQ(report.verdict(), Verdict::pass) << report.json();
  EXPECT_EQ(report.signatures.valid, 1U);
}

TEST(verify_codes, finds_the_form_that_was_signed) {
  const auto rules = [](FinishForm form, const std::string& time_format) {
    Receipt receipt;
    receipt.form = form;
    receipt.time_format = time_format;
    if (form.time == tse::TimeKind::utc) receipt.end = "2026-01-02T03:04:00.000Z";
    receipt.start = receipt.end;
    const Report report = verify_text(receipt.text());
    EXPECT_EQ(report.signatures.valid, 1U) << report.json();
    return rules_of(report);
  };
  using tse::TimeKind;
  EXPECT_EQ(rules({.generation = 2}, "unixTime"), Rules{"QR-0208"});
  EXPECT_EQ(rules({.indefinite = true}, "unixTime"), Rules{"QR-0207"});
  EXPECT_EQ(rules({.time = TimeKind::utc}, "utcTime"), Rules{});
  EXPECT_EQ(rules({.time = TimeKind::utc_seconds}, "utcTimeWithSeconds"), Rules{});
  EXPECT_EQ(rules({.time = TimeKind::utc_seconds}, "utcTime"), Rules{"QR-0209"});
  EXPECT_EQ(rules({.time = TimeKind::generalized}, "generalizedTime"), Rules{});
  EXPECT_EQ(rules({.time = TimeKind::generalized_millis}, "generalizedTimeWithMilliseconds"),
            Rules{});
  EXPECT_EQ(rules({.generation = 2, .indefinite = true, .time = TimeKind::generalized}, "sundial"),
            (Rules{"QR-0207", "QR-0208", "QR-0210"}));
}

TEST(verify_codes, each_tolerance_is_told_by_its_own_rule) {
  const Receipt receipt;
  const Bytes signature = receipt.signature();
  const auto& key = receipt.key.public_key();
  const std::string good_key = base64(key.point());
  const auto rules = [](const std::string& text) {
    const Report report = verify_text(text);
    EXPECT_EQ(report.signatures.valid, 1U) << report.json();
    return rules_of(report);
  };
  const auto der = crypto::der_from_plain(crypto::Curve::p256, signature);
  EXPECT_EQ(rules(receipt.text_with(base64(*der), good_key)), Rules{"QR-0201"});
  EXPECT_EQ(rules(receipt.text_with(base64(signature), base64(key.spki_der()))), Rules{"QR-0202"});
  EXPECT_EQ(rules(receipt.text_with(hex(signature), good_key)), Rules{"QR-0203"});
  EXPECT_EQ(rules(receipt.text_with(base64(signature), hex(key.point()))), Rules{"QR-0204"});
  std::string broken = base64(signature);
  broken.insert(40, "-\n");
  EXPECT_EQ(rules(receipt.text_with(broken, good_key)), Rules{"QR-0205"});
  std::string unpadded = base64(signature);
  while (unpadded.ends_with('=')) unpadded.pop_back();
  EXPECT_EQ(rules(receipt.text_with(unpadded, good_key)), Rules{"QR-0214"});
  Receipt local;
  local.start = "2026-01-02T04:04:05.000+01:00";
  local.end = "2026-01-02T04:04:06+01:00";
  EXPECT_EQ(rules(local.text()), Rules{"QR-0206"});
  Receipt weak;
  weak.algorithm.hash = crypto::HashAlgorithm::sha224;
  EXPECT_EQ(rules(weak.text()), Rules{"QR-0211"});
  Receipt backwards;
  backwards.start = "2026-01-02T03:04:07.000Z";
  EXPECT_EQ(rules(backwards.text()), Rules{"QR-0212"});
  Receipt spelled;
  spelled.process_type = "KassenBeleg-V1";
  EXPECT_EQ(rules(spelled.text()), Rules{"TSE-1007"});
  Receipt namos;
  namos.process_data = "Beleg^1,00_0,00_0,00_0,00_0,00_0,00_0,00^1,00:Bar";
  EXPECT_EQ(rules(namos.text()), (Rules{"TSE-1009", "TSE-1010"}));
}

TEST(verify_codes, an_order_with_semicolons_and_line_ends_is_read_whole) {
  Receipt receipt;
  receipt.process_type = "Bestellung-V1";
  receipt.process_data = "2;\"Eis; gemischt\";3.99\r1;\"Kaffee\";2.99";
  EXPECT_EQ(verify_text(receipt.text()).verdict(), Verdict::pass);
}

TEST(verify_codes, what_cannot_be_read_is_invalid_and_says_why) {
  const Receipt receipt;
  const std::string good = receipt.text();
  const auto expect = [&](std::string_view rule, const std::string& text) {
    const Report report = verify_text(text);
    EXPECT_TRUE(rules_of(report).contains(std::string(rule))) << rule << report.json();
    EXPECT_EQ(report.verdict(), Verdict::fail);
    EXPECT_EQ(report.signatures.invalid, 1U);
  };
  const auto with = [&](std::string_view from, const std::string& to) {
    std::string text = good;
    return text.replace(text.find(from), from.size(), to);
  };
  expect("QR-0101", "");
  expect("QR-0101", "https://example.org/");
  expect("QR-0101", with("V0;", "V1;"));
  expect("QR-0101", std::string(20'000, ';'));
  expect("QR-0102", with(";17;", ";x;"));
  expect("QR-0102", with(";200;", ";-200;"));
  expect("QR-0102", with("2026-01-02T03:04:06", "yesterday"));
  expect("QR-0104", with("ecdsa-plain-SHA256", "ecdsa-plain-SHA1"));
  expect("QR-0106", receipt.text_with("AAAA", base64(receipt.key.public_key().point())));
  Bytes point = receipt.key.public_key().point();
  point[5] ^= std::byte{1};
  expect("QR-0103", receipt.text_with(base64(receipt.signature()), base64(point)));
  expect("QR-0105", with(";200;", ";201;"));
  expect("QR-0105", with("KASSE-1", "KASSE-2"));
  expect("QR-0105", with("1.00_", "2.00_"));
}

TEST(verify_picture, reads_the_code_of_a_printed_receipt) {
  const std::string text = Receipt{}.text();
  const auto code = format::encode_qr(text);
  ASSERT_TRUE(code.ok());
  const auto png = format::encode_png(format::draw_qr(*code));
  ASSERT_TRUE(png.ok());
  const auto report = verify_picture(*png, {});
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->verdict(), Verdict::pass) << report->json();
  EXPECT_EQ(report->signatures.valid, 1U);

  const format::GreyImage white{.width = 64, .height = 64, .pixels = Bytes(4096, std::byte{255})};
  const auto empty = verify_picture(*format::encode_png(white), {});
  ASSERT_TRUE(empty.ok());
  EXPECT_EQ(rules_of(*empty), Rules{"QR-0107"});
  EXPECT_EQ(verify_picture(bytes_of("no picture"), {}).error().code, "E-PNG-001");
}

// Material made by others

std::string read_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(vectors_of_others, two_and_twenty_of_the_known_codes_verify) {
  const char* folder = std::getenv("SIEGEL_VECTORS");
  if (folder == nullptr) GTEST_SKIP() << "no vectors";
  std::istringstream lines(read_text(std::string(folder) + "/tse/qr/qr_samples.tsv"));
  std::vector<std::string> codes;
  std::string line;
  std::getline(lines, line);  // headings
  while (std::getline(lines, line)) codes.push_back(line.substr(line.rfind('\t') + 1));
  ASSERT_EQ(codes.size(), 24U);
  const auto report = verify_codes(codes, {});
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->signatures.checked, 24U);
  EXPECT_EQ(report->signatures.valid, 22U);
  EXPECT_EQ(report->signatures.invalid, 2U);
  EXPECT_EQ(report->count(Severity::violation), 2U) << report->json();
  // A key read wrongly from paper; a time edited by hand.
  EXPECT_EQ(report->count("QR-0103"), 1U);
  EXPECT_EQ(report->count("QR-0105"), 1U);
  // The tolerances the others needed.
  EXPECT_EQ(report->count("QR-0201"), 1U);
  EXPECT_EQ(report->count("QR-0202"), 4U);
  EXPECT_EQ(report->count("QR-0203"), 1U);
  EXPECT_EQ(report->count("TSE-1009"), 1U);
  EXPECT_EQ(report->count("TSE-1010"), 1U);
  EXPECT_EQ(report->count("TSE-1011"), 1U);
}

TEST(vectors_of_others, codes_with_a_recorded_verdict_get_that_verdict) {
  const char* folder = std::getenv("SIEGEL_VECTORS");
  if (folder == nullptr) GTEST_SKIP() << "no vectors";
  const auto parsed = json::parse(read_text(std::string(folder) + "/pos/de_qr_vectors.json"));
  ASSERT_TRUE(parsed.ok());
  const json::Array& all = *parsed->object()->find("vectors")->array();
  ASSERT_EQ(all.size(), 13U);
  for (const json::Value& one : all) {
    const json::Object& object = *one.object();
    const Report report = verify_text(*object.find("qr")->string());
    EXPECT_EQ(report.signatures.valid == 1, *object.find("valid")->boolean())
        << *object.find("id")->string();
  }
}

}  // namespace
}  // namespace siegel::verify::qr
