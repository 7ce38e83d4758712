#include "system/shop.h"

#include <fmt/format.h>

#include <map>
#include <memory>

namespace siegel::system_test {
namespace {

namespace fs = std::filesystem;

/// Makes a shop through the program, as a person would.
void make_shop(const fs::path& folder, int registers) {
  const auto must = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--data", folder.string()});
    const Ended ended = siegel(arguments);
    if (ended.exit_code != 0) fmt::print(stderr, "{}: {}", arguments.front(), ended.text());
    SIEGEL_CHECK(ended.exit_code == 0);
  };
  std::vector<std::string> init = business_options();
  init.insert(init.begin(), "init");
  must(init);
  if (registers == 0) return;
  must({"tse", "create"});
  for (int i = 1; i <= registers; ++i) must({"register", "add", register_name(i)});
}

void make_austrian_shop(const fs::path& folder, const TestShop::Austrian& austrian) {
  const auto must = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--data", folder.string()});
    const Ended ended = siegel(arguments);
    if (ended.exit_code != 0) fmt::print(stderr, "{}: {}", arguments.front(), ended.text());
    SIEGEL_CHECK(ended.exit_code == 0);
  };
  std::vector<std::string> init = austrian_business_options();
  init.insert(init.begin(), "init");
  must(init);
  for (int i = 1; i <= austrian.signers; ++i)
    must({"at", "signer", "add", "--signer", "softkey", "--id", fmt::format("soft-{}", i)});
  for (int i = 1; i <= austrian.registers; ++i)
    must({"at", "setup", "--register", register_name(i)});
}

const fs::path& austrian_model(const TestShop::Austrian& austrian) {
  static const TemporaryFolder home;
  static std::map<std::pair<int, int>, fs::path> made;
  auto [at, is_new] = made.try_emplace(
      {austrian.registers, austrian.signers},
      home.path() / fmt::format("austria-{}-{}", austrian.registers, austrian.signers));
  if (is_new) make_austrian_shop(at->second, austrian);
  return at->second;
}

/// The shop others are copies of, one for each number of registers.
const fs::path& model_shop(int registers) {
  static const TemporaryFolder home;
  static std::map<int, fs::path> made;
  auto [at, is_new] = made.try_emplace(registers, home.path() / fmt::format("model-{}", registers));
  if (is_new) make_shop(at->second, registers);
  return at->second;
}

}  // namespace

std::string register_name(int number) { return fmt::format("KASSE-{:02}", number); }

std::vector<std::string> business_options() {
  return {"--name",     "Bäckerei Sonnenschein GmbH",
          "--street",   "Marktstraße 5",
          "--postcode", "10115",
          "--city",     "Berlin",
          "--vat-id",   "DE123456788"};
}

std::vector<std::string> austrian_business_options() {
  return {"--country", "at",           "--name",     "Café Donauwelle e.U.",
          "--street",  "Uferstraße 3", "--postcode", "3500",
          "--city",    "Krems",        "--vat-id",   "ATU12345678"};
}

std::string one_line_document(const std::string& text, const std::string& amount) {
  json::Object line;
  line.set("text", text).set("amount", amount).set("vat", "B");
  json::Object payment;
  payment.set("kind", "cash").set("amount", amount);
  json::Object document;
  document.set("lines", json::Array{line}).set("payments", json::Array{payment});
  return json::canonical(document);
}

std::string violations_of(const json::Value& verdict) {
  std::string text;
  for (const json::Value& finding : list_at(verdict, "findings"))
    if (text_at(finding, "severity") == "violation") text += json::canonical(finding) + "\n";
  return text;
}

void copy_shop(const fs::path& from, const fs::path& to) {
  fs::copy(from, to, fs::copy_options::recursive);
  const std::string witness = to.string() + ".witness";
  if (fs::exists(from.string() + ".witness")) fs::copy_file(from.string() + ".witness", witness);
  auto settings = json::parse(file_text(to / "shop.json"));
  SIEGEL_CHECK(settings.ok() && settings->object() != nullptr);
  settings->object()->set("witness", witness);
  write_text(to / "shop.json", json::pretty(*settings));
}

TestShop::TestShop(int registers, TemporaryFolder::Kind kind)
    : m_temporary(kind), m_folder(m_temporary.path() / "shop") {
  copy_shop(model_shop(registers), m_folder);
}
TestShop::TestShop(Austrian austrian, TemporaryFolder::Kind kind)
    : m_temporary(kind), m_folder(m_temporary.path() / "shop") {
  copy_shop(austrian_model(austrian), m_folder);
}
TestShop::TestShop(const TestShop& other)
    : m_temporary(TemporaryFolder::Kind::memory), m_folder(m_temporary.path() / "shop") {
  copy_shop(other.m_folder, m_folder);
}
TestShop::TestShop(Empty)
    : m_temporary(TemporaryFolder::Kind::memory), m_folder(m_temporary.path() / "shop") {}
TestShop::TestShop(Initialised)
    : m_temporary(TemporaryFolder::Kind::memory), m_folder(m_temporary.path() / "shop") {
  copy_shop(model_shop(0), m_folder);
}

std::vector<std::string> TestShop::arguments(std::vector<std::string> arguments) const {
  arguments.insert(arguments.end(), {"--data", m_folder.string()});
  return arguments;
}

Ended TestShop::siegel(const std::vector<std::string>& arguments, std::string input) const {
  return system_test::siegel(this->arguments(arguments), std::move(input));
}

Ended TestShop::siegel_json(std::vector<std::string> arguments, std::string input) const {
  arguments.emplace_back("--json");
  return siegel(arguments, std::move(input));
}

Ended TestShop::sell(const std::string& document, const std::string& key) const {
  std::vector<std::string> arguments{"sale", "--register", register_name(1)};
  if (!key.empty()) arguments.insert(arguments.end(), {"--key", key});
  return siegel_json(arguments, document);
}

json::Array TestShop::entries() const {
  const Ended shown = siegel_json({"journal", "show", "--limit", "1000000"});
  if (shown.exit_code != 0) fmt::print(stderr, "journal show: {}", shown.text());
  return list_at(shown.document(), "data");  // none then: what was expected is missing
}

std::string TestShop::record() const {
  const Ended status = siegel_json({"tse", "status"});
  json::Value counters = status.document();
  if (counters.object() != nullptr) counters.object()->remove("time");
  return json::canonical(entries()) + "\n" + json::canonical(counters);
}

std::string TestShop::violations() const {
  const Ended exported = siegel_json({"export", "tar", "--out", archive().string()});
  if (exported.exit_code != 0) return "export: " + exported.text();
  const Ended logs = siegel_json({"verify", archive().string()});
  const Ended journal = siegel_json({"journal", "verify", "--tar", archive().string()});
  std::string text;
  for (const Ended* ended : {&logs, &journal}) {
    text += violations_of(ended->document());
    if (ended->exit_code != 0 && text.empty()) text += ended->text();
    // A verification that checked nothing proves nothing.
    const std::int64_t checked = number_at(member(ended->document(), "signatures"), "checked");
    if (checked == 0) text += "no signature was checked\n" + ended->text();
  }
  return text;
}

std::string TestShop::dep_violations(const std::string& register_id) const {
  const std::string dep = (around() / "dep.json").string();
  const std::string container = (around() / "container.json").string();
  for (const Ended& ended :
       {siegel_json({"export", "dep7", "--register", register_id, "--out", dep}),
        siegel_json({"at", "container", container, "--register", register_id})})
    if (ended.exit_code != 0) return ended.text();
  const Ended verified = siegel_json({"verify", dep, "--container", container});
  const json::Value verdict = verified.document();
  std::string text = violations_of(verdict);
  if (text_at(member(verdict, "official"), "state") != "PASS")
    text += "the official tool would not pass it\n" + verified.text();
  if (verified.exit_code != 0 && text.empty()) text = verified.text();
  // A verification that checked nothing proves nothing.
  if (number_at(member(verdict, "signatures"), "checked") == 0)
    text += "no signature was checked\n" + verified.text();
  return text;
}

void TestShop::pull(const std::string& signer) const {
  write_text(m_folder / "signers" / (signer + ".pulled"), "");
}
void TestShop::plug(const std::string& signer) const {
  fs::remove(m_folder / "signers" / (signer + ".pulled"));
}

}  // namespace siegel::system_test
