#include "verify/dsfinvk/index_xml.h"

#include <fmt/format.h>

#include <algorithm>
#include <pugixml.hpp>
#include <span>

#include "crypto/hash.h"
#include "verify/dsfinvk/fields.h"

namespace siegel::verify::dsfinvk {

namespace {

constexpr std::string_view file = "index.xml";
constexpr std::string_view official_2_2 =
    "50d532b2c5d81f033171297f45329061750beaa63aa89f9d6d9dd572d3d03012";
constexpr std::string_view official_2_4 =
    "d0b1fed31a50dc6370d7a54528034a1e0ac2f982f82e3c0a9250a15c64c85160";
constexpr std::size_t tables_max = 1000;
constexpr std::size_t columns_max = 4096;

/// One element of a content model: any of `names` (separated by `|`).
struct Part {
  std::string_view names;
  unsigned min;
  unsigned max;
};
constexpr unsigned many = ~0U;

constexpr std::array data_set = {Part{"Extension", 0, many}, Part{"Version", 1, 1},
                                 Part{"DataSupplier", 0, 1}, Part{"Command", 0, many},
                                 Part{"Media", 1, many},     Part{"Command", 0, many}};
constexpr std::array data_supplier = {Part{"Name", 1, 1}, Part{"Location", 1, 1},
                                      Part{"Comment", 1, 1}};
constexpr std::array media_parts = {Part{"Name", 1, 1}, Part{"Command", 0, many},
                                    Part{"Table", 0, many}, Part{"Command", 0, many},
                                    Part{"AcceptNoTables", 0, 1}};
constexpr std::array table_parts = {Part{"URL", 1, 1},
                                    Part{"Name", 0, 1},
                                    Part{"Description", 0, 1},
                                    Part{"Validity", 0, 1},
                                    Part{"ANSI|Macintosh|OEM|UTF16|UTF7|UTF8", 0, 1},
                                    Part{"DecimalSymbol", 0, 1},
                                    Part{"DigitGroupingSymbol", 0, 1},
                                    Part{"SkipNumBytes", 0, 1},
                                    Part{"Range", 0, 1},
                                    Part{"Epoch", 0, 1},
                                    Part{"VariableLength|FixedLength", 1, 1}};
constexpr std::array range_parts = {Part{"From", 1, 1}, Part{"To|Length", 0, 1}};
constexpr std::array length_parts = {
    Part{"ColumnDelimiter", 0, 1},   Part{"RecordDelimiter", 0, 1},
    Part{"TextEncapsulator", 0, 1},  Part{"VariablePrimaryKey", 0, many},
    Part{"VariableColumn", 0, many}, Part{"ForeignKey", 0, many}};
constexpr std::array column_parts = {Part{"Name", 1, 1}, Part{"Description", 0, 1},
                                     Part{"Numeric|AlphaNumeric|Date", 1, 1},
                                     Part{"MaxLength", 0, 1}, Part{"Map", 0, many}};
constexpr std::array numeric_parts = {Part{"Accuracy|ImpliedAccuracy", 0, 1}};

bool is_one_of(std::string_view name, std::string_view names) {
  while (!names.empty()) {
    const std::size_t end = std::min(names.find('|'), names.size());
    if (names.substr(0, end) == name) return true;
    names.remove_prefix(std::min(end + 1, names.size()));
  }
  return false;
}

class Reader {
 public:
  Reader(std::string_view text, Findings& findings) : m_text(text), m_findings(findings) {}

  void read(IndexXml& out) {
    const pugi::xml_parse_result result =
        m_document.load_buffer(m_text.data(), m_text.size(),
                               pugi::parse_default | pugi::parse_doctype, pugi::encoding_utf8);
    const pugi::xml_node root = m_document.document_element();
    if (!result || !root) {
      m_findings.add("P002", file,
                     line_at(static_cast<std::size_t>(std::max<std::ptrdiff_t>(0, result.offset))),
                     result.description(), "well-formed XML");
      return;
    }
    out.readable = true;
    read_doctype(out);
    if (std::string_view(root.name()) != "DataSet") {
      m_findings.add("X001", file, line_of(root), root.name(), "DataSet");
      return;
    }
    check(root, data_set);
    const std::string version = root.child("Version").text().get();
    if (version != "1.0") m_findings.add("X002", file, line_of(root), version, "1.0");
    read_supplier(root.child("DataSupplier"));
    std::size_t tables = 0;
    for (const pugi::xml_node media : root.children("Media")) {
      check(media, media_parts);
      for (const pugi::xml_node table : media.children("Table")) {
        if (++tables > tables_max) return;
        read_table(table, out);
      }
    }
  }

 private:
  [[nodiscard]] std::uint64_t line_at(std::size_t offset) const {
    const auto end = m_text.begin() + static_cast<std::ptrdiff_t>(std::min(offset, m_text.size()));
    return static_cast<std::uint64_t>(1 + std::count(m_text.begin(), end, '\n'));
  }
  [[nodiscard]] std::uint64_t line_of(pugi::xml_node node) const {
    const std::ptrdiff_t offset = node.offset_debug();
    return offset < 0 ? 0 : line_at(static_cast<std::size_t>(offset));
  }

  void check(pugi::xml_node node, std::span<const Part> parts) {
    std::size_t at = 0;
    unsigned seen = 0;
    const auto missing = [&](std::size_t to) {
      for (; at < to; ++at, seen = 0) {
        if (seen < parts[at].min)
          m_findings.add("X003", file, line_of(node), fmt::format("{} without it", node.name()),
                         parts[at].names);
      }
    };
    for (const pugi::xml_node child : node.children()) {
      if (child.type() != pugi::node_element) continue;
      std::size_t next = at;
      while (next < parts.size() && !(is_one_of(child.name(), parts[next].names) &&
                                      (next != at || seen < parts[next].max)))
        ++next;
      if (next == parts.size()) {
        m_findings.add("X003", file, line_of(child),
                       fmt::format("{} in {}", child.name(), node.name()),
                       at < parts.size() ? parts[at].names : std::string_view("nothing"));
        continue;
      }
      missing(next);
      ++seen;
    }
    missing(parts.size());
  }

  void read_doctype(IndexXml& out) {
    std::string_view text;
    for (const pugi::xml_node node : m_document.children()) {
      if (node.type() == pugi::node_doctype) text = node.value();
    }
    const std::size_t quote = text.find_first_of("\"'");
    const std::size_t end =
        quote == std::string_view::npos ? quote : text.find(text[quote], quote + 1);
    if (!text.starts_with("DataSet") || text.find("SYSTEM") == std::string_view::npos ||
        end == std::string_view::npos) {
      m_findings.add("X001", file, 0, text.empty() ? "no DOCTYPE" : text,
                     "DataSet SYSTEM \"gdpdu-01-09-2004.dtd\"");
    } else {
      out.dtd = text.substr(quote + 1, end - quote - 1);
    }
    if (text.find("<!ENTITY") != std::string_view::npos || text.find('[') != std::string_view::npos)
      m_findings.add("X020", file, 0, text.substr(0, 200), "the DTD alone");
  }

  void read_supplier(pugi::xml_node supplier) {
    if (!supplier) return;
    check(supplier, data_supplier);
    if (supplier.child("Name").text().empty() || supplier.child("Location").text().empty())
      m_findings.add("X019", file, line_of(supplier), "Name or Location is empty",
                     "name and place of the business");
  }

  void read_table(pugi::xml_node node, IndexXml& out) {
    check(node, table_parts);
    DeclaredTable table;
    table.line = line_of(node);
    table.url = node.child("URL").text().get();
    table.name = node.child("Name").text().get();
    table.utf8 = static_cast<bool>(node.child("UTF8"));
    const auto symbol = [&](pugi::xml_node at, const char* name, char& to) {
      const std::string_view text = at.child(name).text().get();
      if (text.size() == 1) to = text[0];
      if (text.size() > 1) m_findings.add("X008", file, line_of(at), text, "one character");
    };
    symbol(node, "DecimalSymbol", table.decimal);
    symbol(node, "DigitGroupingSymbol", table.grouping);
    if (const pugi::xml_node range = node.child("Range")) {
      check(range, range_parts);
      table.has_range = true;
      table.first_row = range.child("From").text().as_ullong(1);
    }
    const pugi::xml_node length = node.child("VariableLength");
    if (length) {
      check(length, length_parts);
      symbol(length, "ColumnDelimiter", table.separator);
      symbol(length, "TextEncapsulator", table.quote);
      if (const pugi::xml_node end = length.child("RecordDelimiter"))
        table.record_end = end.text().get();
      table.has_keys = length.child("VariablePrimaryKey") || length.child("ForeignKey");
      for (const pugi::xml_node column : length.children()) {
        const std::string_view name = column.name();
        if (name == "VariablePrimaryKey" || name == "VariableColumn") read_column(column, table);
      }
    }
    check_url(table);
    out.urls.push_back(table.url);
    keep(std::move(table), out);
  }

  void read_column(pugi::xml_node node, DeclaredTable& table) {
    if (table.columns.size() >= columns_max) return;
    check(node, column_parts);
    DeclaredColumn column;
    column.line = line_of(node);
    column.name = node.child("Name").text().get();
    using enum DeclaredColumn::Kind;
    if (const pugi::xml_node number = node.child("Numeric")) {
      check(number, numeric_parts);
      column.kind = numeric;
      column.decimals = number.child("Accuracy").text().as_uint(0);
    } else if (node.child("Date")) {
      column.kind = date;
    } else if (node.child("AlphaNumeric")) {
      column.kind = alphanumeric;
    }
    if (const pugi::xml_node length = node.child("MaxLength"))
      column.length = length.text().as_uint(0);
    table.columns.push_back(std::move(column));
  }

  void check_url(const DeclaredTable& table) {
    const std::string_view url = table.url;
    const bool leads_out = url.empty() || url.starts_with('/') || url.starts_with('\\') ||
                           url.find("..") != std::string_view::npos ||
                           url.find(':') != std::string_view::npos;
    if (leads_out)
      m_findings.add("X005", file, table.line, url, "the name of a file of the export");
  }

  void keep(DeclaredTable table, IndexXml& out) {
    for (std::size_t i = 0; i < tables_count; ++i) {
      const TableInfo& known = info(table_at(i));
      if (folded(known.file) != folded(table.url)) continue;
      if (out.tables[i]) {
        m_findings.add("X004", file, table.line, table.url + " a second time", "once");
        return;
      }
      out.tables[i] = std::move(table);
      return;
    }
  }

  std::string_view m_text;
  Findings& m_findings;
  pugi::xml_document m_document;
};

bool same_column(const DeclaredColumn& declared, const Column& official, int edition) {
  return declared.name == official.name || (edition <= 20 && declared.name == official.name_2_0);
}

class TableCheck {
 public:
  TableCheck(const DeclaredTable& table, const TableInfo& official, int edition, Findings& findings)
      : m_table(table), m_official(official), m_edition(edition), m_findings(findings) {}

  void run() {
    if (m_table.name != m_official.name) add("X006", m_table.line, m_table.name, m_official.name);
    if (!m_table.utf8) add("X007", m_table.line, m_official.file, "UTF8");
    if (m_table.decimal != ',' || m_table.grouping != '.')
      add("X008", m_table.line, fmt::format("{} and {}", m_table.decimal, m_table.grouping),
          ", and .");
    if (m_table.first_row != 2)
      add("X009", m_table.line,
          m_table.has_range ? fmt::format("From {}", m_table.first_row) : "no Range", "From 2");
    if (m_table.separator != ';' || m_table.quote != '"' || m_table.record_end != "\r\n")
      add("X010", m_table.line,
          fmt::format("{} {} {}", m_table.separator, m_table.quote,
                      hex(bytes_of(m_table.record_end))),
          "; \" 0d0a");
    if (m_table.has_keys)
      add("X017", m_table.line, fmt::format("keys of {}", m_official.file), "none");
    columns();
  }

 private:
  void add(RuleId rule, std::uint64_t line, std::string_view found, std::string_view expected,
           std::optional<Severity> severity = {}) {
    m_findings.add(rule, file, line, found, expected, severity);
  }

  void columns() {
    std::size_t at = 0;
    for (const Column& official : m_official.columns) {
      std::size_t next = at;
      while (next < m_table.columns.size() &&
             !same_column(m_table.columns[next], official, m_edition))
        ++next;
      if (next == m_table.columns.size()) {
        add("X011", m_table.line, fmt::format("{} without it in its place", m_official.file),
            official.name);
        continue;
      }
      for (; at < next; ++at) inside(m_table.columns[at]);
      column(m_table.columns[at], official);
      ++at;
    }
    for (; at < m_table.columns.size(); ++at) {
      const DeclaredColumn& extra = m_table.columns[at];
      if (is_official(extra)) continue;
      add("X015", extra.line, fmt::format("{}: {}", m_official.file, extra.name),
          "described in the procedure documentation");
    }
  }

  [[nodiscard]] bool is_official(const DeclaredColumn& column) const {
    return std::ranges::any_of(m_official.columns, [&](const Column& official) {
      return same_column(column, official, m_edition);
    });
  }

  void inside(const DeclaredColumn& column) {
    if (is_official(column)) {
      add("X011", column.line, fmt::format("{}: {} too early", m_official.file, column.name),
          "the official order");
    } else {
      add("X016", column.line, fmt::format("{}: {}", m_official.file, column.name),
          "behind the official columns");
    }
  }

  void column(const DeclaredColumn& declared, const Column& official) {
    using enum DeclaredColumn::Kind;
    const std::string name = fmt::format("{}: {}", m_official.file, declared.name);
    if (declared.kind != (official.numeric ? numeric : alphanumeric)) {
      add("X012", declared.line, name, official.numeric ? "Numeric" : "AlphaNumeric");
      return;
    }
    const std::uint32_t decimals = m_edition <= 20 ? official.decimals_2_0 : official.decimals;
    if (official.numeric) {
      if (declared.decimals != decimals && declared.decimals != official.decimals)
        add("X013", declared.line, fmt::format("{} {}", name, declared.decimals),
            fmt::format("{}", decimals));
      return;
    }
    if (!declared.length || *declared.length == official.length) return;
    if (m_edition <= 20 && *declared.length == official.length_2_0) return;
    const std::string found = fmt::format("{} {}", name, *declared.length);
    if (official.name == "TERMINAL_SERIENNR" && *declared.length == 50) {
      if (m_edition >= 23) add("X018", declared.line, found, "70");
      return;
    }
    add("X014", declared.line, found, fmt::format("{}", official.length),
        *declared.length < official.length ? Severity::violation : Severity::warning);
  }

  const DeclaredTable& m_table;
  const TableInfo& m_official;
  int m_edition;
  Findings& m_findings;
};

}  // namespace

IndexXml read_index(BytesView bytes, Findings& findings) {
  IndexXml out;
  const std::string hash = hex(crypto::sha256(bytes));
  if (hash == official_2_2 || hash == official_2_4)
    findings.add("P007", file, 0, hash == official_2_2 ? "2.2" : "2.4", "");
  std::string_view text = text_of(bytes);
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  Reader(text, findings).read(out);
  return out;
}

void check_index(const IndexXml& index, int edition,
                 const std::function<std::optional<Severity>(std::string_view file)>& absence,
                 Findings& findings) {
  if (!index.readable) return;
  for (std::size_t i = 0; i < tables_count; ++i) {
    const TableInfo& official = info(table_at(i));
    if (!index.tables[i]) {
      findings.add("X004", file, 0, fmt::format("no table with the URL {}", official.file),
                   official.name, absence(official.file));
      continue;
    }
    TableCheck(*index.tables[i], official, edition, findings).run();
  }
}

}  // namespace siegel::verify::dsfinvk
