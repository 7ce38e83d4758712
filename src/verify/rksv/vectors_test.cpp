#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "format/json.h"
#include "verify/rksv/receipt.h"
#include "verify/rksv/rksv.h"

// Material of others: DEPs with what the official tool said of them, exports of the official demo
// register, a worked example.

namespace siegel::verify::rksv {
namespace {

namespace fs = std::filesystem;

std::optional<fs::path> vectors() {
  const char* folder = std::getenv("SIEGEL_VECTORS");
  if (folder == nullptr || !fs::exists(fs::path(folder) / "rksv")) return {};
  return fs::path(folder);
}

std::string read_text(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

json::Value read_json(const fs::path& path) {
  auto value = json::parse(read_text(path), {.bytes_max = std::size_t{16} << 20});
  EXPECT_TRUE(value.ok()) << path;
  return value.ok() ? std::move(*value) : json::Value();
}

std::string text_at(const json::Value& value, std::string_view key) {
  const json::Value* found = value.object() == nullptr ? nullptr : value.object()->find(key);
  return found != nullptr && found->string() != nullptr ? *found->string() : "";
}

std::vector<std::string> texts_at(const json::Value& value, std::string_view key) {
  std::vector<std::string> out;
  const json::Value* found = value.object() == nullptr ? nullptr : value.object()->find(key);
  if (found == nullptr || found->array() == nullptr) return out;
  for (const json::Value& one : *found->array()) out.push_back(*one.string());
  return out;
}

const json::Array& array_at(const json::Value& value, std::string_view key) {
  static const json::Array none;
  const json::Value* found = value.object() == nullptr ? nullptr : value.object()->find(key);
  return found == nullptr || found->array() == nullptr ? none : *found->array();
}

Options options_now(bool accept_future) {
  return {.now = Instant::parse("2026-11-21T12:00:00Z").value(), .accept_future = accept_future};
}

std::string findings_text(const Report& report) {
  std::string out;
  for (const Finding& one : report.findings()) {
    out += fmt::format("  {} {} {}: {} / {}\n", severity_name(one.severity), one.rule, one.place,
                       one.found, one.expected);
  }
  return out;
}

/// What verdict.json says, in the words of our own document.
std::string expected_of(const json::Value& verdict) {
  std::string out = text_at(verdict, "global") + "\n";
  for (const std::string& id : texts_at(verdict, "global_fail")) out += id + "\n";
  for (const json::Value& one : array_at(verdict, "receipts")) {
    const bool missing = text_at(one, "dep") == "MISSING";
    out += fmt::format("{} {} {} {} {} {}\n", text_at(one, "cashbox_full"),
                       fmt::join(texts_at(one, "cashbox_full_fail"), ","), text_at(one, "dep"),
                       fmt::join(texts_at(one, "dep_fail"), ","),
                       missing ? "" : text_at(one, "type"), missing ? "" : text_at(one, "counter"));
  }
  return out;
}

std::string found_of(const Outcome& outcome) {
  MemorySink sink;
  EXPECT_TRUE(outcome.write_json(sink).ok());
  const auto document = json::parse(text_of(sink.bytes()), {.bytes_max = std::size_t{16} << 20});
  if (!document.ok()) return "no JSON";
  const json::Value& official = *document->object()->find("official");
  std::string out = text_at(official, "state") + "\n";
  for (const std::string& id : texts_at(official, "failing")) out += id + "\n";
  for (const json::Value& one : array_at(official, "receipts")) {
    out += fmt::format("{} {} {} {} {} {}\n", text_at(one, "cashbox"),
                       fmt::join(texts_at(one, "cashbox_failing"), ","), text_at(one, "dep"),
                       fmt::join(texts_at(one, "dep_failing"), ","), text_at(one, "kind"),
                       text_at(one, "counter"));
  }
  return out;
}

std::vector<fs::path> folders_in(const fs::path& folder) {
  std::vector<fs::path> out;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.is_directory()) out.push_back(entry.path());
  }
  std::ranges::sort(out);
  return out;
}

TEST(rksv_vectors, official_verdict_and_failing_ids_of_each_recorded_case) {
  RecordProperty("proves", "AMA-069");
  const auto root = vectors();
  if (!root) GTEST_SKIP() << "no vectors";
  std::size_t cases = 0;
  for (const fs::path& folder : folders_in(*root / "rksv" / "verdicts")) {
    SCOPED_TRACE(folder.filename().string());
    const json::Value verdict = read_json(folder / "verdict.json");
    const auto flags = texts_at(verdict, "options");
    const bool accept_future = std::ranges::find(flags, "-f") != flags.end();
    const auto outcome = verify_dep({.path = folder / "dep-export.json"},
                                    {.path = folder / "cryptographicMaterialContainer.json"},
                                    options_now(accept_future));
    ASSERT_TRUE(outcome.ok()) << outcome.error().detail;
    EXPECT_EQ(found_of(*outcome), expected_of(verdict)) << findings_text(outcome->report);
    // Whatever the official tool finds wrong, we do not pass; but for what it mistakes.
    const bool only_unsigned_null = text_at(verdict, "name") == "1111-fail-FNn" ||
                                    text_at(verdict, "name") == "1113-fail-Nn" ||
                                    text_at(verdict, "name") == "1115-fail-SnSN";
    if (text_at(verdict, "global") != "PASS" && !only_unsigned_null) {
      EXPECT_EQ(outcome->report.verdict(), Verdict::fail) << findings_text(outcome->report);
    }
    ++cases;
  }
  EXPECT_EQ(cases, 100U);
}

TEST(rksv_vectors, exports_of_the_official_demo_register_pass) {
  RecordProperty("proves", "AMA-069");
  const auto root = vectors();
  if (!root) GTEST_SKIP() << "no vectors";
  for (const fs::path& folder : folders_in(*root / "rksv" / "generated")) {
    SCOPED_TRACE(folder.filename().string());
    const Input container{.path = folder / "cryptographicMaterialContainer.json"};
    const auto dep =
        verify_dep({.path = folder / "dep-export.json"}, container, options_now(false));
    ASSERT_TRUE(dep.ok()) << dep.error().detail;
    EXPECT_EQ(dep->official.state(), Official::State::pass);
    EXPECT_EQ(dep->report.count(Severity::violation), 0U) << findings_text(dep->report);
    EXPECT_GT(dep->report.signatures.valid, 40U);
    EXPECT_EQ(dep->report.signatures.invalid, 0U);
    // The same receipts as codes, printed in both forms.
    for (const char* name : {"qr-code-rep.json", "ocr-code-rep.json"}) {
      const auto codes = verify_code_list({.path = folder / name}, container, options_now(false));
      ASSERT_TRUE(codes.ok()) << codes.error().detail;
      EXPECT_EQ(codes->report.count(Severity::violation), 0U) << findings_text(codes->report);
      EXPECT_EQ(codes->report.signatures.valid, dep->report.signatures.valid) << name;
      EXPECT_EQ(codes->official.count(), dep->official.count()) << name;
    }
  }
}

TEST(rksv_vectors, worked_example_value_by_value) {
  const auto root = vectors();
  if (!root) GTEST_SKIP() << "no vectors";
  const fs::path folder = *root / "rksv" / "worked-example";
  Report report;
  const Material material =
      read_material(read_text(folder / "cryptographicMaterialContainer.json"), report);
  EXPECT_EQ(report.verdict(), Verdict::pass) << findings_text(report);
  const ReceiptRules rules{.material = material, .now = *parse_civil("2026-11-21T13:00:00")};
  const json::Value steps = read_json(folder / "steps.json");
  const json::Array& receipts = array_at(steps, "receipts");
  ASSERT_EQ(receipts.size(), 9U);
  std::uint64_t previous = 0;
  for (std::size_t i = 0; i < receipts.size(); ++i) {
    SCOPED_TRACE(i + 1);
    const json::Value& step = receipts[i];
    Receipt receipt;
    receipt.is_text = true;
    receipt.text = text_at(step, "jws");
    check_entry(rules, receipt);
    EXPECT_TRUE(receipt.notes.empty());
    EXPECT_EQ(receipt.payload(), text_at(step, "payload"));
    EXPECT_EQ(receipt.canonical, text_at(step, "jws"));
    EXPECT_EQ(receipt.code, text_at(step, "qr"));
    EXPECT_EQ(receipt.fields[field_chain], text_at(step, "chain_base64"));
    EXPECT_EQ(receipt.chain, i == 0 ? receipt.register_hash : previous);
    const json::Value* failed = step.object()->find("device_failed");
    ASSERT_NE(failed, nullptr);
    EXPECT_EQ(receipt.signature_state,
              *failed == json::Value(true) ? SignatureState::outage : SignatureState::valid);
    const json::Array& amounts = array_at(step, "amounts_cents");
    for (std::size_t k = 0; k < receipt.amounts.size(); ++k) {
      EXPECT_EQ(json::Value(receipt.amounts[k]), amounts[k]);
    }
    if (receipt.counter_state == CounterState::number) {
      EXPECT_EQ(json::Value(receipt.counter), *step.object()->find("counter_after_cents"));
      ByteArray<8> plain{};
      store_be64(plain, static_cast<std::uint64_t>(receipt.counter));
      EXPECT_EQ(hex(plain), text_at(step, "counter_plain_hex"));
      EXPECT_EQ(base64(BytesView(receipt.counter_cipher).first(receipt.counter_bytes)),
                text_at(step, "counter_cipher_base64"));
    }
    previous = receipt.own_hash;
    for (const char* form : {"qr", "ocr"}) {
      Receipt code;
      code.is_text = true;
      code.text = text_at(step, form);
      check_code(rules, code);
      EXPECT_TRUE(code.notes.empty()) << form;
      EXPECT_EQ(code.canonical, receipt.canonical) << form;
      EXPECT_EQ(code.signature_state, receipt.signature_state) << form;
    }
  }
  const auto whole =
      verify_dep({.path = folder / "dep-export.json"},
                 {.path = folder / "cryptographicMaterialContainer.json"}, options_now(false));
  ASSERT_TRUE(whole.ok());
  EXPECT_EQ(whole->official.state(), Official::State::pass);
  EXPECT_EQ(whole->report.verdict(), Verdict::pass) << findings_text(whole->report);
}

TEST(rksv_vectors, published_counters_decrypt) {
  const auto root = vectors();
  if (!root) GTEST_SKIP() << "no vectors";
  const json::Value all = read_json(*root / "pos" / "at_rksv_vectors.json");
  const json::Array& counters = array_at(all, "turnoverCounter");
  EXPECT_GE(counters.size(), 5U);
  for (const json::Value& one : counters) {
    SCOPED_TRACE(text_at(one, "id"));
    const auto key = from_base64(text_at(one, "keyBase64"));
    const auto cipher = from_base64(text_at(one, "cipherBase64"));
    const auto iv = from_hex(text_at(one, "ivHex"));
    ASSERT_TRUE(key.ok() && cipher.ok() && iv.ok());
    const auto cents = decrypt_counter(crypto::SecretBytes::copy_of(*key), *cipher,
                                       std::span<const std::byte, 16>(iv->data(), 16));
    EXPECT_EQ(json::Value(cents), *one.object()->find("cents"));
  }
}

}  // namespace
}  // namespace siegel::verify::rksv
