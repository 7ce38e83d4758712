// `siegel verify` of Austrian material, by the real program.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "base/file.h"
#include "system/shop.h"

namespace siegel::system_test {
namespace {

namespace fs = std::filesystem;

// The example of docs/formats/rksv-dep.md.
constexpr std::string_view container =
    R"({"base64AESKey":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="})";
constexpr std::string_view code =
    "_R1-AT1_LADEN-1_1_2026-07-01T09:01:00_0,00_0,00_0,00_0,00_0,00_utw0nkQPS6I=_4107ff48_"
    "1jNAxp8AIRw=_U2ljaGVyaGVpdHNlaW5yaWNodHVuZyBhdXNnZWZhbGxlbg==";

std::string example_dep() {
  const auto bytes = read_file(SIEGEL_SOURCE_DIR "/docs/formats/rksv-dep.md", 1U << 20U);
  EXPECT_TRUE(bytes.ok());
  const std::string_view page = text_of(*bytes);
  std::string out = R"({"Belege-Gruppe":[{"Signaturzertifikat":"","Zertifizierungsstellen":[],)"
                    R"("Belege-kompakt":[)";
  bool first = true;
  for (std::size_t at = page.find("\neyJ"); at != page.npos; at = page.find("\neyJ", at + 1)) {
    out += first ? "\"" : ",\"";
    out += page.substr(at + 1, page.find('\n', at + 1) - at - 1);
    out += '"';
    first = false;
  }
  return out + "]}]}";
}

fs::path put(const fs::path& file, std::string_view text) {
  EXPECT_TRUE(write_file(file, bytes_of(text)).ok());
  return file;
}

const json::Value& at(const json::Value& value, std::string_view key) {
  static const json::Value none;
  const json::Value* found = value.object() == nullptr ? nullptr : value.object()->find(key);
  return found == nullptr ? none : *found;
}

TEST(VerifyDep, SaysWhatIsWrongAndWhatTheOfficialToolSays) {
  RecordProperty("proves", "AMA-070");
  const TemporaryFolder folder;
  const std::string dep = put(folder.path() / "dep.json", example_dep());
  const std::string keys = put(folder.path() / "keys.json", container);
  const Ended text = siegel({"verify", dep, "--container", keys});
  EXPECT_EQ(text.exit_code, 3) << text.text();
  EXPECT_NE(text.out.find("RKS-0610  receipt 1, Belegnummer 1"), std::string::npos) << text.out;
  const Ended json = siegel({"verify", dep, "--container", keys, "--json"});
  EXPECT_EQ(json.exit_code, 3) << json.text();
  const json::Value document = json.document();
  EXPECT_EQ(at(document, "verdict"), json::Value("fail"));
  EXPECT_EQ(at(at(document, "official"), "state"), json::Value("FAIL"));
  ASSERT_NE(at(at(document, "official"), "receipts").array(), nullptr);
  EXPECT_EQ(at(at(document, "official"), "receipts").array()->size(), 2U);
}

TEST(VerifyDep, ReadsCodesOnTheCommandLineAndInFiles) {
  RecordProperty("proves", "AMA-070");
  const TemporaryFolder folder;
  const std::string keys = put(folder.path() / "keys.json", container);
  const std::string line(code);
  for (const std::string& what :
       {line, std::string(put(folder.path() / "codes.txt", line + "\r\n" + line + "\n")),
        std::string(put(folder.path() / "codes.json", "[\"" + line + "\"]"))}) {
    const Ended ended = siegel({"verify", what, "--container", keys, "--json"});
    // No device is in the container.
    EXPECT_EQ(ended.exit_code, 3) << ended.text();
    EXPECT_NE(ended.out.find("RKS-0420"), std::string::npos) << ended.text();
    EXPECT_EQ(at(at(ended.document(), "official"), "state"), json::Value("FAIL")) << what;
  }
}

TEST(VerifyDep, AsksForWhatIsMissing) {
  const TemporaryFolder folder;
  const std::string dep = put(folder.path() / "dep.json", example_dep());
  const std::string keys = put(folder.path() / "keys.json", container);
  EXPECT_EQ(siegel({"verify", dep}).code(), "E-VER-007");
  EXPECT_EQ(siegel({"verify", std::string(code)}).code(), "E-VER-007");
  EXPECT_EQ(siegel({"verify", dep, dep, "--container", keys}).code(), "E-VER-008");
  EXPECT_EQ(siegel({"verify", dep, "--container", dep + ".none"}).code(), "E-VER-001");
  // What is no DEP and what are no keys is an answer.
  EXPECT_EQ(siegel({"verify", put(folder.path() / "x", "{"), "--container", keys}).exit_code, 3);
  EXPECT_EQ(siegel({"verify", dep, "--container", put(folder.path() / "y", "[")}).exit_code, 3);
}

TEST(VerifyDep, GivesTheOfficialVerdictOfEachRecordedCase) {
  RecordProperty("proves", "AMA-069");
  const char* vectors = std::getenv("SIEGEL_VECTORS");
  if (vectors == nullptr || !fs::exists(fs::path(vectors) / "rksv" / "verdicts"))
    GTEST_SKIP() << "no vectors";
  std::size_t cases = 0;
  for (const auto& entry : fs::directory_iterator(fs::path(vectors) / "rksv" / "verdicts")) {
    SCOPED_TRACE(entry.path().filename().string());
    const auto bytes = read_file(entry.path() / "verdict.json", 1U << 20U);
    ASSERT_TRUE(bytes.ok());
    const auto verdict = json::parse(text_of(*bytes));
    ASSERT_TRUE(verdict.ok());
    std::vector<std::string> words = {
        "verify", (entry.path() / "dep-export.json").string(), "--container",
        (entry.path() / "cryptographicMaterialContainer.json").string(), "--json"};
    if (!at(*verdict, "options").array()->empty()) words.emplace_back("--accept-future");
    const json::Value official = at(siegel(words).document(), "official");
    EXPECT_EQ(at(official, "state"), at(*verdict, "global"));
    const json::Array* found = at(official, "receipts").array();
    const json::Array* expected = at(*verdict, "receipts").array();
    ASSERT_TRUE(found != nullptr && expected != nullptr);
    ASSERT_EQ(found->size(), expected->size());
    for (std::size_t i = 0; i < found->size(); ++i) {
      EXPECT_EQ(at((*found)[i], "cashbox"), at((*expected)[i], "cashbox_full"));
      EXPECT_EQ(at((*found)[i], "dep"), at((*expected)[i], "dep"));
    }
    ++cases;
  }
  EXPECT_EQ(cases, 100U);
}

}  // namespace
}  // namespace siegel::system_test
