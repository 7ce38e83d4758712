// What a person meets: help, examples, typing errors, exit codes, JSON, an outage, the demo.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/file.h"
#include "format/png.h"
#include "format/qr.h"
#include "system/shop.h"

namespace siegel::system_test {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

/// The words under "Subcommands:" of a help text.
std::vector<std::string> subcommands(const std::string& help) {
  std::vector<std::string> names;
  bool inside = false;
  for (const std::string& line : lines_of(help)) {
    if (line == "Subcommands:") {
      inside = true;
    } else if (inside && line.starts_with("  ") && line.size() > 2 && line[2] != ' ') {
      names.push_back(line.substr(2, line.find(' ', 2) - 2));
    }
  }
  return names;
}

void add_commands(const std::vector<std::string>& path,
                  std::vector<std::vector<std::string>>& all) {
  std::vector<std::string> asking = path;
  asking.emplace_back("--help");
  const std::vector<std::string> verbs = subcommands(siegel(asking).out);
  if (verbs.empty()) all.push_back(path);
  for (const std::string& verb : verbs) {
    std::vector<std::string> deeper = path;
    deeper.push_back(verb);
    add_commands(deeper, all);
  }
}

/// Every command as a list of words, found by asking the program.
std::vector<std::vector<std::string>> commands() {
  std::vector<std::vector<std::string>> all;
  add_commands({}, all);
  return all;
}

/// The lines under "Examples:"; one that ends with a backslash goes on in the next.
std::vector<std::string> examples(const std::string& help) {
  std::vector<std::string> found;
  bool goes_on = false;
  bool inside = false;
  for (std::string line : lines_of(help)) {
    if (line == "Examples:") {
      inside = true;
      continue;
    }
    if (!inside) continue;
    if (line.empty()) break;
    const bool more = line.ends_with('\\');
    if (more) line.pop_back();
    if (goes_on)
      found.back() += line;
    else
      found.push_back(line.substr(2));
    goes_on = more;
  }
  return found;
}

/// The words of an example as a shell splits them; ends at a redirection or a remark in brackets.
std::vector<std::string> shell_words(const std::string& line) {
  std::vector<std::string> words;
  std::string word;
  bool is_word = false;
  char quote = '\0';
  for (const char c : line + " ") {
    if (quote != '\0') {
      if (c == quote)
        quote = '\0';
      else
        word += c;
    } else if (c == '"' || c == '\'') {
      quote = c;
      is_word = true;
    } else if (c == ' ') {
      if (is_word) words.push_back(std::exchange(word, {}));
      is_word = false;
    } else if (!is_word && (c == '<' || c == '>' || c == '(' || c == '|')) {
      break;
    } else {
      word += c;
      is_word = true;
    }
  }
  return words;
}

TEST(Help, EveryCommandShowsExamplesFirst) {
  const auto all = commands();
  EXPECT_GE(all.size(), 15U);
  for (std::vector<std::string> command : all) {
    SCOPED_TRACE(fmt::format("{}", fmt::join(command, " ")));
    command.emplace_back("--help");
    const Ended help = siegel(command);
    EXPECT_EQ(help.exit_code, 0);
    EXPECT_EQ(help.err, "");
    EXPECT_TRUE(help.out.starts_with("Examples:\n  siegel ")) << help.out;
    EXPECT_NE(help.out.find("Usage: siegel " + command.front()), std::string::npos) << help.out;
    for (const std::string& example : examples(help.out))
      EXPECT_TRUE(example.starts_with("siegel ")) << example;
  }
}

/// An example is taken if what refuses it is not the reading of the command line (exit 2).
TEST(Help, EveryExampleIsAccepted) {
  const TemporaryFolder folder;
  std::size_t tried = 0;
  for (std::vector<std::string> command : commands()) {
    command.emplace_back("--help");
    for (const std::string& example : examples(siegel(command).out)) {
      std::vector<std::string> words = shell_words(example);
      ASSERT_GT(words.size(), 1U) << example;
      words.erase(words.begin());
      if (words.front() == "demo") {
        // Run as a whole below; here a wrong width stops it after the reading.
        words.insert(words.end(), {"--columns", "1"});
      }
      if (std::find(words.begin(), words.end(), "--data") == words.end())
        words.insert(words.end(), {"--data", (folder.path() / "none").string()});
      else
        *std::next(std::find(words.begin(), words.end(), "--data")) = folder.path() / "made";
      const Ended ended = siegel(words);
      EXPECT_NE(ended.exit_code, 2) << example << "\n" << ended.text();
      EXPECT_EQ(ended.signal, 0) << example << "\n" << ended.text();
      if (ended.exit_code != 0 && ended.exit_code != 3) {
        EXPECT_NE(ended.code(), "") << example << "\n" << ended.text();
      }
      ++tried;
    }
  }
  EXPECT_GE(tried, 20U);
}

TEST(Help, NamesNoOptionThatIsNotThere) {
  for (const std::vector<std::string>& command : commands()) {
    std::vector<std::string> asking = command;
    asking.emplace_back("--help");
    const std::string help = siegel(asking).out;
    const std::string known = help + siegel({"--help"}).out;
    // Words that begin with two dashes: each stands in a list of options.
    for (std::size_t at = help.find("--"); at != std::string::npos; at = help.find("--", at + 2)) {
      const std::size_t end = help.find_first_not_of("-abcdefghijklmnopqrstuvwxyz", at);
      const std::string option = help.substr(at, end - at);
      const bool listed = known.find("\n  " + option + " ") != std::string::npos ||
                          known.find("\n  " + option + ",") != std::string::npos ||
                          known.find("," + option + " ") != std::string::npos;
      EXPECT_TRUE(listed) << option << " in the help of "
                          << fmt::format("{}", fmt::join(command, " "));
    }
  }
}

TEST(Typing, AnErrorGetsASuggestionAndNothingRuns) {
  const TestShop shop;
  const std::string before = shop.record();
  struct Case {
    std::vector<std::string> arguments;
    std::string suggestion;  ///< empty: only that it is refused
  };
  const std::vector<Case> cases{
      {{"sael"}, "sale"},
      {{"statsu"}, "status"},
      {{"tse", "creat"}, "create"},
      {{"journal", "verfy"}, "verify"},
      {{"receipt", "pritn", "KASSE-01-000001"}, "print"},
      {{"regster", "add", "KASSE-09"}, "register"},
      {{"sale", "--itme", "a:1:1.00:B", "--register", "KASSE-01", "--cash", "1"}, ""},
      {{"sale", "--register"}, ""},
      {{"sale", "--item", "a:1:1.00:B", "--cash", "1", "--register", "KASSE-01", "--key"}, ""},
      {{"register", "add"}, ""},
      {{"frobnicate"}, ""}};
  for (const Case& it : cases) {
    SCOPED_TRACE(fmt::format("{}", fmt::join(it.arguments, " ")));
    const Ended ended = shop.siegel(it.arguments);
    EXPECT_EQ(ended.exit_code, 2) << ended.text();
    EXPECT_EQ(ended.out, "");
    EXPECT_NE(ended.err, "");
    EXPECT_NE(ended.err.find("--help"), std::string::npos) << ended.text();
    if (!it.suggestion.empty()) {
      EXPECT_NE(ended.err.find("Did you mean \"" + it.suggestion + "\"?"), std::string::npos)
          << ended.text();
    }
  }
  EXPECT_EQ(shop.record(), before);
}

TEST(Json, EveryAnswerIsOneDocument) {
  const TestShop shop;
  const std::string tar = shop.archive().string();
  const std::string number = "KASSE-01-000001";
  struct Step {
    std::vector<std::string> arguments;
    int exit_code = 0;
    std::string has;  ///< a member of the answer
  };
  const std::vector<Step> steps{
      {{"sale", "--register", "KASSE-01", "--item", "Brezel:2:1.80:B", "--cash", "20"},
       0,
       "receipt"},
      {{"sale", "--register", "KASSE-01", "--open", "table-7"}, 0, "vorgang"},
      {{"sale", "--register", "KASSE-01", "--update", "table-7", "--item", "Tee:1:2.00:A"},
       0,
       "vorgang"},
      {{"sale", "--register", "KASSE-01", "--finish", "table-7", "--item", "Tee:1:2.00:A", "--card",
        "2.00"},
       0,
       "receipt"},
      {{"sale", "--register", "KASSE-01", "--training", "--item", "Brezel:1:1.80:B"}, 0, "receipt"},
      {{"sale", "--register", "KASSE-01", "--item", "Brezel:1:1.80:B", "--cash", "1"}, 1, "code"},
      {{"receipt", "list"}, 0, "data"},
      {{"receipt", "show", number}, 0, "receipt"},
      {{"receipt", "print", number}, 0, "receipt"},
      {{"receipt", "explain", number}, 0, "reasons"},
      {{"receipt", "show", "KASSE-01-999999"}, 5, "code"},
      {{"register", "list"}, 0, "data"},
      {{"register", "add", "KASSE-01"}, 7, "code"},
      {{"register", "add", "KASSE-02"}, 0, "id"},
      {{"tse", "status"}, 0, "state"},
      {{"tse", "selftest"}, 0, "passed"},
      {{"tse", "create"}, 7, "code"},
      {{"tse", "status", "tse-9"}, 5, "code"},
      {{"tse", "export", "--out", tar}, 0, "sha256"},
      {{"export", "tar", "--out", tar}, 0, "sha256"},
      {{"verify", tar}, 0, "verdict"},
      {{"verify", shop.folder().string(), "--tar", tar}, 0, "verdict"},
      {{"verify", "V0;no;code"}, 3, "verdict"},
      {{"verify", "/nowhere"}, 1, "code"},
      {{"journal", "verify", "--tar", tar}, 0, "verdict"},
      {{"journal", "show"}, 0, "data"},
      {{"config", "show"}, 0, "profile"},
      {{"status"}, 0, "status"},
      {{"init"}, 1, "code"}};
  for (const Step& step : steps) {
    SCOPED_TRACE(fmt::format("{}", fmt::join(step.arguments, " ")));
    const Ended ended = shop.siegel_json(step.arguments);
    const bool not_found_is_fine = step.arguments.back() == "/nowhere" && ended.exit_code == 5;
    EXPECT_TRUE(ended.exit_code == step.exit_code || not_found_is_fine) << ended.text();
    EXPECT_TRUE(parse_large(ended.out).ok()) << ended.text();
    EXPECT_FALSE(member(ended.document(), step.has).is_null()) << ended.text();
  }
  // The same without --json: texts on stdout, nothing but messages on stderr, no colours.
  for (const Step& step : steps) {
    if (step.arguments.front() == "sale" || step.arguments[0] == "init") continue;
    const Ended ended = shop.siegel(step.arguments);
    EXPECT_EQ(ended.out.find('\x1B'), std::string::npos);
    const bool has_findings = ended.exit_code == 3;  // an answer, not an error
    EXPECT_NE(ended.out.empty(), ended.exit_code == 0 || has_findings) << ended.text();
  }
}

TEST(Json, SaleOfManyLinesAnswersEachRequest) {
  const TestShop shop(2);
  std::string input;
  std::set<std::string> keys;
  for (int i = 1; i <= 40; ++i) {
    auto request = json::parse(one_line_document(fmt::format("Ware {}", i), "1.00"));
    const std::string key = fmt::format("k{}", i);
    request->object()->set("register", register_name(i % 2 + 1)).set("key", key);
    input += json::canonical(*request) + "\n";
    keys.insert(key);
  }
  input += "{\"register\":\"KASSE-01\",\"key\":\"bad\",\"lins\":[]}\n";
  const Ended ended = shop.siegel({"sale", "--lines"}, input);
  EXPECT_EQ(ended.exit_code, 1);  // one of them was refused
  std::size_t refused = 0;
  for (const std::string& line : lines_of(ended.out)) {
    const auto answer = json::parse(line);
    ASSERT_TRUE(answer.ok()) << line;
    if (!text_at(*answer, "code").empty()) {
      ++refused;
      EXPECT_EQ(text_at(*answer, "code"), "E-JSN-025") << line;
      EXPECT_EQ(text_at(*answer, "place"), "/lins") << line;
      EXPECT_EQ(text_at(*answer, "key"), "bad") << line;
      continue;
    }
    EXPECT_EQ(keys.erase(text_at(*answer, "key")), 1U) << line;
    EXPECT_EQ(text_at(*answer, "status"), "signed") << line;
  }
  EXPECT_EQ(refused, 1U);
  EXPECT_TRUE(keys.empty());
}

TEST(Outage, StatusIsDegradedUntilTheTseIsBack) {
  RecordProperty("proves", "TSS-002 TSS-004 TSS-022 TSS-024 TSS-026 TSS-027 DIK-011 DIK-016");
  const TestShop shop;
  const fs::path store = shop.folder() / "tse";
  const fs::path away = shop.around() / "tse-away";
  const auto signature_of = [](const Ended& ended) {
    return text_at(member(member(ended.document(), "receipt"), "signature"), "status");
  };
  fs::rename(store, away);
  const Ended unsigned_sale = shop.sell(one_line_document("Brezel", "1.80"), "dark");
  EXPECT_EQ(unsigned_sale.exit_code, 0) << unsigned_sale.text();
  EXPECT_EQ(signature_of(unsigned_sale), "unsigned_outage") << unsigned_sale.text();
  EXPECT_NE(unsigned_sale.err.find("Keep selling"), std::string::npos);
  const Ended degraded = shop.siegel_json({"status"});
  EXPECT_EQ(degraded.exit_code, 4) << degraded.text();
  EXPECT_EQ(text_at(degraded.document(), "status"), "degraded");
  const json::Value status = degraded.document();
  ASSERT_EQ(list_at(status, "outages").size(), 1U) << degraded.text();
  EXPECT_EQ(text_at(list_at(status, "outages").front(), "code"), "E-TSE-101") << degraded.text();
  // Every selling function goes on.
  const std::string reversal = R"({"kind":"reversal","reverses":"KASSE-01-000001"})";
  for (const std::string& document :
       {std::string(R"({"kind":"memo","text":"Schublade"})"), reversal,
        std::string(R"({"kind":"training","lines":[{"text":"a","amount":"1.00","vat":"B"}]})")}) {
    const Ended sold = shop.sell(document);
    EXPECT_EQ(sold.exit_code, 0) << sold.text();
    EXPECT_EQ(signature_of(sold), "unsigned_outage") << sold.text();
  }

  std::error_code ignored;
  fs::remove_all(store, ignored);
  fs::rename(away, store);
  const Ended signed_sale = shop.sell(one_line_document("Kaffee", "2.40"));
  EXPECT_EQ(signature_of(signed_sale), "signed") << signed_sale.text();
  EXPECT_EQ(shop.siegel_json({"status"}).exit_code, 0);
  // What was sold in the dark stays as it was handed out.
  EXPECT_EQ(signature_of(shop.sell(one_line_document("Brezel", "1.80"), "dark")),
            "unsigned_outage");
  const Ended copy = shop.siegel({"receipt", "print", "KASSE-01-000001"});
  for (const char* text : {"TSE AUSGEFALLEN", "Ausfall Nr. 1", "E-TSE-101", "Ausfall seit"})
    EXPECT_NE(copy.out.find(text), std::string::npos) << copy.text();
  const json::Value receipt = member(unsigned_sale.document(), "receipt");
  EXPECT_NE(copy.out.find(LocalStamp::parse(text_at(receipt, "at"))->print_minute()),
            std::string::npos)
      << copy.text();
  // Begin, reason and end are on record, and nobody had to write them.
  int begins = 0;
  int ends = 0;
  for (const json::Value& entry : shop.entries()) {
    const json::Value& payload = member(entry, "payload");
    if (text_at(entry, "kind") == "outage_begin") {
      ++begins;
      EXPECT_EQ(text_at(payload, "code"), "E-TSE-101");
      EXPECT_NE(text_at(payload, "since"), "");
    }
    if (text_at(entry, "kind") == "outage_end") {
      ++ends;
      EXPECT_EQ(number_at(payload, "receipts"), 4);
      EXPECT_NE(text_at(payload, "until"), "");
    }
  }
  EXPECT_EQ(begins, 1);
  EXPECT_EQ(ends, 1);
  EXPECT_EQ(shop.violations(), "");
}

TEST(Outage, ItsLogIsListedNotedAndExported) {
  RecordProperty("proves",
                 "TSS-023 TSS-036 TSS-037 TSS-038 TSS-039 TSS-040 TSS-041 TSS-042 TSS-044");
  const TestShop shop;
  const auto serial = [&] {
    const json::Value registers = shop.siegel_json({"register", "list"}).document();
    return text_at(list_at(registers, "data").front(), "tse_serial");
  }();
  EXPECT_EQ(shop.siegel({"outages", "list"}).out, "No outage.\n");
  EXPECT_EQ(shop.siegel({"outages", "show", "tse-1", "1"}).exit_code, 5);
  const fs::path store = shop.folder() / "tse";
  const fs::path away = shop.around() / "tse-away";
  fs::rename(store, away);
  for (const char* key : {"dark-1", "dark-2"})
    EXPECT_EQ(shop.sell(one_line_document("Brezel", "1.80"), key).exit_code, 0);

  const Ended open = shop.siegel_json({"outages", "list"});
  ASSERT_EQ(open.exit_code, 0) << open.text();
  const json::Value listed = open.document();
  ASSERT_EQ(list_at(listed, "data").size(), 1U) << open.text();
  EXPECT_EQ(text_at(list_at(listed, "data").front(), "serial"), serial);
  EXPECT_EQ(text_at(list_at(listed, "data").front(), "code"), "E-TSE-101");
  EXPECT_TRUE(member(list_at(listed, "data").front(), "until").is_null());
  const std::string text = shop.siegel({"outages", "list"}).out;
  EXPECT_NE(text.find("goes on"), std::string::npos) << text;
  EXPECT_NE(text.find("-> Check plug"), std::string::npos) << text;

  const std::string journal_before = json::canonical(json::Value(shop.entries()));
  const Ended refused = shop.siegel({"outages", "note", "tse-1", "2", "--reason", "x"});
  EXPECT_EQ(refused.exit_code, 5) << refused.text();
  EXPECT_EQ(refused.code(), "E-OUT-101") << refused.text();
  EXPECT_EQ(shop.siegel({"outages", "note", "tse-1", "1"}).code(), "E-OUT-102");
  EXPECT_EQ(json::canonical(json::Value(shop.entries())), journal_before);
  const Ended noted =
      shop.siegel({"outages", "note", "tse-1", "1", "--reason", "Stecker lose", "--step",
                   "getauscht", "--step", "Kabel festgebunden", "--by", "Chefin"});
  EXPECT_EQ(noted.exit_code, 0) << noted.text();
  const std::string shown = shop.siegel({"outages", "show", serial, "1", "--lang", "de"}).out;
  for (const char* part : {"Keine TSE gefunden", "AEAO", "KASSE-01-000001", "KASSE-01-000002",
                           "Chefin", "Stecker lose", "- getauscht", "- Kabel festgebunden"})
    EXPECT_NE(shown.find(part), std::string::npos) << part << " in " << shown;

  // Period and place are chosen; a second run gives the same bytes.
  const std::vector<std::string> command{"export", "outages",    "--from", "2020-01-01",
                                         "--to",   "2099-12-31", "--out",  shop.around().string()};
  EXPECT_EQ(shop.siegel({"export", "outages", "--from", "2020-01-01"}).exit_code, 2);
  const fs::path file = shop.around() / "Ausfallbelege_2020-01-01_2099-12-31.csv";
  const Ended exported = shop.siegel_json(command);
  ASSERT_EQ(exported.exit_code, 0) << exported.text();
  EXPECT_EQ(text_at(exported.document(), "file"), file.string());
  const auto first = read_file(file, 1U << 20U);
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(shop.siegel(command).exit_code, 0);
  EXPECT_EQ(read_file(file, 1U << 20U).value(), *first);
  const auto lines = lines_of(std::string(text_of(*first)));
  ASSERT_EQ(lines.size(), 4U) << "headings, the begin, two receipts";
  EXPECT_TRUE(lines[0].starts_with("\xEF\xBB\xBFTSS Manufacturer;TSS serial No;Receipt ID;"));
  EXPECT_NE(lines[3].find(serial + ";KASSE-01-000002;"), std::string::npos) << lines[3];
  EXPECT_NE(lines[3].find(";1;E-TSE-101;2;"), std::string::npos) << lines[3];
  std::vector<std::string> wrong = command;
  wrong[3] = "2099-12-31";
  wrong[5] = "2020-01-01";
  EXPECT_EQ(shop.siegel(wrong).code(), "E-OUT-103");
  std::vector<std::string> as_json = command;
  as_json.emplace_back("--as-json");
  EXPECT_EQ(shop.siegel(as_json).exit_code, 0);
  const auto whole =
      read_file(shop.around() / "Ausfallbelege_2020-01-01_2099-12-31.json", 1U << 20U);
  ASSERT_TRUE(whole.ok());
  const auto parsed = json::parse(text_of(*whole));
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(list_at(*parsed, "data").size(), 4U) << "the note too";

  std::error_code ignored;
  fs::remove_all(store, ignored);
  fs::rename(away, store);
  EXPECT_EQ(shop.sell(one_line_document("Brezel", "1.80"), "light").exit_code, 0);
  const json::Value ended = shop.siegel_json({"outages", "list"}).document();
  EXPECT_FALSE(member(list_at(ended, "data").front(), "until").is_null());
  EXPECT_EQ(shop.siegel_json({"outages", "codes"}).exit_code, 0);
  EXPECT_EQ(shop.siegel({"journal", "verify"}).exit_code, 0);
}

/// A code drawn with half blocks, as a picture; empty if the text holds none.
format::GreyImage picture_of(const std::vector<std::string>& print) {
  std::vector<std::vector<int>> rows;  // 0 none, 1 upper, 2 lower, 3 both
  std::size_t width = 0;
  for (const std::string& line : print) {
    std::vector<int> row;
    bool only_blocks = true;
    for (std::size_t at = 0; at < line.size();) {
      const std::string_view rest = std::string_view(line).substr(at);
      const std::size_t size = rest.starts_with("\xE2") ? 3 : 1;
      if (rest.starts_with("▀"))
        row.push_back(1);
      else if (rest.starts_with("▄"))
        row.push_back(2);
      else if (rest.starts_with("█"))
        row.push_back(3);
      else {
        only_blocks = only_blocks && rest[0] == ' ';
        row.push_back(0);
      }
      at += size;
    }
    if (!only_blocks || row.size() < 20) continue;
    width = std::max(width, row.size());
    rows.push_back(std::move(row));
  }
  constexpr std::size_t scale = 4;
  constexpr std::size_t margin = 16;
  format::GreyImage image;
  image.width = static_cast<std::uint32_t>(width * scale + 2 * margin);
  image.height = static_cast<std::uint32_t>(rows.size() * 2 * scale + 2 * margin);
  image.pixels.assign(std::size_t{image.width} * image.height, std::byte{255});
  for (std::size_t y = 0; y < rows.size() * 2 * scale; ++y)
    for (std::size_t x = 0; x < width * scale; ++x) {
      const auto& row = rows[y / (2 * scale)];
      const int cell = x / scale < row.size() ? row[x / scale] : 0;
      const bool upper = y / scale % 2 == 0;
      if ((cell & (upper ? 1 : 2)) != 0)
        image.pixels[(y + margin) * image.width + x + margin] = std::byte{0};
    }
  return image;
}

TEST(Demo, RunsADayAndItsPrintedCodesVerify) {
  const TemporaryFolder folder;
  const fs::path out = folder.path() / "day";
  const Ended demo =
      run({.arguments = {"demo", "--out", out.string()}, .deadline = std::chrono::minutes(10)});
  ASSERT_EQ(demo.exit_code, 0) << demo.text();
  EXPECT_NE((demo.out + demo.err).find("Try next"), std::string::npos) << demo.text();
  EXPECT_EQ(demo.out.find(": fail"), std::string::npos) << demo.text();

  // Each printed receipt begins where the code of the one before has ended.
  const std::string text = demo.out + demo.err;
  std::vector<std::string> code;
  std::vector<std::string> found;
  for (const std::string& line : lines_of(text)) {
    const bool is_code = line.find("█") != std::string::npos || line.find("▀") != std::string::npos;
    if (is_code) {
      code.push_back(line);
    } else if (!code.empty()) {
      const auto decoded = format::decode_qr(picture_of(code));
      ASSERT_TRUE(decoded.ok()) << decoded.error().detail;
      ASSERT_EQ(decoded->size(), 1U) << fmt::format("{}", fmt::join(code, "\n"));
      found.push_back(decoded->front());
      code.clear();
    }
  }
  ASSERT_GE(found.size(), 3U) << text;
  const fs::path tar = out / "tse-1.tar";
  for (const std::string& one : found) {
    EXPECT_TRUE(one.starts_with("V0;")) << one;
    const Ended verified = siegel({"verify", one, "--tar", tar.string(), "--json"});
    EXPECT_EQ(verified.exit_code, 0) << one << verified.text();
    const json::Value document = verified.document();
    EXPECT_EQ(number_at(member(document, "signatures"), "valid"), 1) << verified.text();
    EXPECT_EQ(violations_of(document), "");
  }
  // The same as a picture.
  const auto drawn = format::encode_qr(found.front());
  ASSERT_TRUE(drawn.ok());
  const auto png = format::encode_png(format::draw_qr(*drawn));
  ASSERT_TRUE(png.ok());
  const fs::path picture = folder.path() / "receipt.png";
  ASSERT_TRUE(write_file(picture, *png).ok());
  EXPECT_EQ(siegel({"verify", picture.string(), "--tar", tar.string()}).exit_code, 0);

  // The clock of the TSE kept up with the day.
  const Ended list =
      siegel({"receipt", "list", "--limit", "1000", "--json", "--data", out.string()});
  const json::Value rows = list.document();
  ASSERT_GE(list_at(rows, "data").size(), 60U);
  for (const json::Value& row : {list_at(rows, "data").front(), list_at(rows, "data").back()}) {
    const Ended shown = siegel(
        {"receipt", "show", text_at(row, "receipt_number"), "--json", "--data", out.string()});
    const json::Value document = shown.document();
    const json::Value& receipt = member(document, "receipt");
    const auto decided = LocalStamp::parse(text_at(receipt, "at"));
    const auto signed_at = Instant::parse(text_at(member(receipt, "signature"), "end"));
    ASSERT_TRUE(decided.ok() && signed_at.ok()) << shown.text();
    EXPECT_LE(std::chrono::abs(*signed_at - decided->instant()), std::chrono::minutes(5))
        << shown.text();
  }

  // What it says one may try works.
  const std::vector<std::vector<std::string>> next{
      {"receipt", "list"}, {"journal", "verify", "--tar", tar.string()}, {"status"}};
  for (std::vector<std::string> arguments : next) {
    arguments.insert(arguments.end(), {"--data", out.string()});
    const Ended ended = siegel(arguments);
    EXPECT_EQ(ended.exit_code, 0) << ended.text();
  }
}

}  // namespace
}  // namespace siegel::system_test
