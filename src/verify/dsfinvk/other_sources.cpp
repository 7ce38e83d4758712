#include "verify/dsfinvk/other_sources.h"

#include <fmt/format.h>

#include <algorithm>
#include <pugixml.hpp>

#include "base/file.h"
#include "format/json.h"
#include "verify/dsfinvk/cross_check.h"

namespace siegel::verify::dsfinvk {

namespace {

constexpr std::size_t code_fields_min = 12;
constexpr std::uint64_t paper_bytes_max = std::uint64_t{64} << 20;

std::int64_t signature_hash(BytesView signature) {
  return static_cast<std::int64_t>(text_hash(text_of(signature)));
}

}  // namespace

std::string OtherSources::name() const {
  return m_options.logs.empty() && !m_options.others.empty() ? m_options.others[0].name : "TAR";
}

void OtherSources::add(std::uint32_t tse, std::uint64_t transaction, std::uint64_t counter,
                       std::int64_t at, BytesView signature, std::uint16_t kind) {
  const auto [period, is_new] = m_periods.try_emplace(tse, Period{at, at});
  period->second.first_ms = std::min(period->second.first_ms, at);
  period->second.last_ms = std::max(period->second.last_ms, at);
  Fact fact;
  fact.kind = kind;
  fact.key0 = tse;
  fact.value = {at, 0, signature_hash(signature), static_cast<std::int64_t>(counter)};
  if (kind != fact_system) {
    fact.topic = Topic::transaction;
    fact.key1 = transaction;
    fact.order = counter;
    m_gathered.facts.add(fact);
  }
  fact.topic = Topic::counter;
  fact.key1 = counter;
  fact.order = static_cast<std::uint64_t>(std::max<std::int64_t>(0, at));
  fact.value[3] = static_cast<std::int64_t>(transaction);
  m_gathered.facts.add(fact);
}

Status OtherSources::read(Findings& findings) {
  std::set<std::string, std::less<>> strangers;
  for (const tse::Input& input : m_options.logs) {
    SIEGEL_TRY_OK(tse::visit_logs(input, [&](const tse::LogFile& file) {
      const tse::Message& message = file.message;
      const std::uint32_t tse = m_names.index_of(hex(message.serial));
      std::uint16_t kind = fact_system;
      if (message.event == tse::Event::finish) kind = fact_other;
      if (message.event == tse::Event::start) kind = fact_started;
      if (tse::is_transaction(message.event) &&
          !m_gathered.clients.contains(std::string(message.client))) {
        // Another till at the same TSE.
        if (strangers.size() < 1000 && strangers.emplace(message.client).second)
          findings.add("T024", file.name, 0, message.client,
                       "a serial number of cashregister.csv or slaves.csv");
        kind = fact_system;
      }
      add(tse, message.transaction, message.counter, message.time.unix_ms(), message.signature,
          kind);
      return true;
    }));
  }
  for (const OtherSource& other : m_options.others) {
    SIEGEL_TRY_OK(other.visit([&](const OtherTransaction& one) {
      add(m_names.index_of(one.serial), one.transaction, one.counter, one.end.unix_ms(),
          one.signature, fact_other);
    }));
  }
  read_codes(findings);
  return Ok{};
}

void OtherSources::read_codes(Findings& findings) {
  for (std::size_t number = 0; number < m_options.codes.size(); ++number) {
    const std::string_view code = m_options.codes[number];
    std::vector<std::string_view> fields;
    std::size_t begin = 0;
    while (begin <= code.size() && fields.size() < 10'000) {
      const std::size_t end = std::min(code.find(';', begin), code.size());
      fields.push_back(code.substr(begin, end - begin));
      begin = end + 1;
    }
    const auto bad = [&](std::string_view what) {
      findings.add("T028", fmt::format("code {}", number + 1), 0, what, "V0 and eleven fields");
    };
    if (fields.size() < code_fields_min || fields[0] != "V0") {
      bad(code.substr(0, 100));
      continue;
    }
    // processData may hold semicolons: eight fields from the right.
    const std::size_t at = fields.size() - 8;
    const auto transaction = parse_id(fields[at]);
    const auto counter = parse_id(fields[at + 1]);
    const auto end = parse_stamp(fields[at + 3]);
    const auto signature = from_base64(fields[at + 6]);
    const auto point = from_base64(fields[at + 7]);
    if (!transaction || !counter || !end || !signature.ok() || !point.ok()) {
      bad(code.substr(0, 100));
      continue;
    }
    const auto key = crypto::PublicKey::from_point(*point);
    if (!key.ok()) {
      bad(key.error().detail);
      continue;
    }
    Fact fact;
    fact.topic = Topic::transaction;
    fact.kind = fact_code;
    fact.key0 = m_names.index_of(hex(key->point_hash()));
    fact.key1 = *transaction;
    fact.order = *counter;
    fact.line = number + 1;
    fact.value = {end->utc_ms(), 0, signature_hash(*signature),
                  static_cast<std::int64_t>(*counter)};
    m_gathered.facts.add(fact);
  }
}

void OtherSources::tell_not_checked(Report& report) const {
  if (!given()) {
    for (const char* rule : {"R001", "R002", "R003", "R004", "T024"})
      report.add_not_checked(rule, "needs the export of the TSE (--tar)");
  }
  if (m_options.codes.empty()) {
    report.add_not_checked("R005", "needs receipts: texts of their QR codes (--codes)");
    report.add_not_checked("T028", "needs receipts: texts of their QR codes (--codes)");
  }
  if (m_options.registration.empty())
    report.add_not_checked("R006",
                           "needs the XML of the report to the tax office (--registration)");
  if (m_options.taxonomies.empty())
    report.add_not_checked("R007", "needs the DFKA JSON of the closings (--dfka)");
  if (m_options.trust_anchors.empty())
    report.add_not_checked("T006",
                           "the chain and revocation of certificates need trusted roots (--trust)");
}

namespace {

const json::Value* at_path(const json::Value& value, std::initializer_list<std::string_view> path) {
  const json::Value* at = &value;
  for (const std::string_view key : path) {
    const json::Object* object = at->object();
    at = object == nullptr ? nullptr : object->find(key);
    if (at == nullptr) return nullptr;
  }
  return at;
}

/// A text, or a number as it was written.
std::string text_at(const json::Value& value, std::initializer_list<std::string_view> path) {
  const json::Value* at = at_path(value, path);
  if (at == nullptr) return {};
  if (const std::string* text = at->string()) return *text;
  if (const std::int64_t* number = at->integer()) return fmt::format("{}", *number);
  if (const json::Decimal* decimal = at->decimal()) return decimal->text;
  return {};
}

/// Numbers of JSON have a point.
Units units_of(std::string text) {
  std::ranges::replace(text, '.', ',');
  return parse_number(text).units;
}

void compare_taxonomy(const json::Value& document, std::string_view file, const Closings& closings,
                      Findings& findings) {
  namespace c = cashpointclosing_columns;
  const json::Value* inner = at_path(document, {"cash_point_closing"});
  const json::Value& closing = inner == nullptr ? document : *inner;
  std::string till = text_at(closing, {"head", "company", "location", "cash_register", "id"});
  if (till.empty()) till = text_at(closing, {"head", "location", "cash_register", "id"});
  if (till.empty()) till = text_at(closing, {"head", "cash_register", "id"});
  const std::string number = text_at(closing, {"number"});
  const Closing* own = nullptr;
  for (const Closing& one : closings.all()) {
    if (one.fields[z_nr] == number && (till.empty() || one.fields[z_kasse_id] == till)) own = &one;
  }
  if (own == nullptr) {
    findings.add("R007", file, 0, fmt::format("closing {} of register {}", number, till),
                 "a closing of the export");
    return;
  }
  const auto compare = [&](std::size_t column, const std::string& said, bool amount) {
    const std::string& expected = own->fields[column];
    const bool same = amount ? units_of(said) == parse_number(expected).units : said == expected;
    if (!said.empty() && !same)
      findings.add("R007", file, 0,
                   fmt::format("{} {}", info(Table::cashpointclosing).columns[column].name, said),
                   expected);
  };
  compare(c::z_start_id, text_at(closing, {"head", "first_id"}), false);
  compare(c::z_ende_id, text_at(closing, {"head", "last_id"}), false);
  compare(c::name, text_at(closing, {"head", "company", "name"}), false);
  compare(c::stnr, text_at(closing, {"head", "company", "tax_number"}), false);
  compare(c::z_se_zahlungen, text_at(closing, {"cash_statement", "payment", "full_amount"}), true);
  compare(c::z_se_barzahlungen, text_at(closing, {"cash_statement", "payment", "cash_amount"}),
          true);
}

Status check_registration(const std::filesystem::path& path, const Gathered& gathered,
                          Findings& findings) {
  SIEGEL_TRY(const Bytes bytes, read_file(path, paper_bytes_max));
  pugi::xml_document document;
  const std::string_view text = text_of(bytes);
  if (!document.load_buffer(text.data(), text.size()))
    return invalid("E-VER-013", fmt::format("{} is not well-formed XML", path.string()),
                   path.string());
  std::set<std::string> tills;
  std::set<std::string> tses;
  struct Walker : pugi::xml_tree_walker {
    std::set<std::string>* tills;
    std::set<std::string>* tses;
    bool for_each(pugi::xml_node& node) override {
      std::string_view name = node.name();
      if (const std::size_t colon = name.rfind(':'); colon != std::string_view::npos)
        name.remove_prefix(colon + 1);
      std::string value = node.text().get();
      if (name == "SeriennummerAS") tills->insert(value);
      if (name == "SeriennummerTSE") {
        for (char& c : value) c = c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c;
        tses->insert(value);
      }
      return true;
    }
  } walker;
  walker.tills = &tills;
  walker.tses = &tses;
  document.traverse(walker);
  const std::string file = path.filename().string();
  const auto compare = [&](const std::set<std::string>& reported, const std::set<std::string>& used,
                           std::string_view what) {
    for (const std::string& serial : used) {
      if (!serial.empty() && !reported.contains(serial))
        findings.add("R006", file, 0, fmt::format("{} {} is not reported", what, serial),
                     "reported");
    }
  };
  compare(tills, gathered.clients, "register");
  compare(tses, gathered.tse_serials, "TSE");
  for (const std::string& serial : tills) {
    if (!gathered.clients.contains(serial))
      findings.add("R006", file, 0, fmt::format("register {} does not occur in the export", serial),
                   "all registers of the export, and no others, or taken out of use");
  }
  return Ok{};
}

Status check_taxonomy(const std::filesystem::path& path, const Closings& closings,
                      Findings& findings) {
  SIEGEL_TRY(const Bytes bytes, read_file(path, paper_bytes_max));
  SIEGEL_TRY(const json::Value document,
             json::parse(text_of(bytes), {.bytes_max = paper_bytes_max, .values_max = 20'000'000}));
  compare_taxonomy(document, path.filename().string(), closings, findings);
  return Ok{};
}

}  // namespace

Status check_papers(const Options& options, const Closings& closings, const Gathered& gathered,
                    Findings& findings) {
  if (!options.registration.empty())
    SIEGEL_TRY_OK(check_registration(options.registration, gathered, findings));
  for (const std::filesystem::path& path : options.taxonomies)
    SIEGEL_TRY_OK(check_taxonomy(path, closings, findings));
  return Ok{};
}

}  // namespace siegel::verify::dsfinvk
