#include "country/de/export/index_xml.h"

#include <fmt/format.h>

#include <array>
#include <utility>

namespace siegel::country::de {
namespace {

constexpr std::string_view head =
    "\xEF\xBB\xBF<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n"
    "<!DOCTYPE DataSet SYSTEM \"gdpdu-01-09-2004.dtd\">\r\n"
    "<DataSet>\r\n"
    "  <Version>1.0</Version>\r\n"
    "  <DataSupplier>\r\n"
    "    <Name />\r\n"
    "    <Location />\r\n"
    "    <Comment>Datentraegerueberlassung nach GDPdU vom 12.11.2010</Comment>\r\n"
    "  </DataSupplier>\r\n"
    "  <Media>\r\n"
    "    <Name>CD Nummer 1</Name>\r\n";

void begin_table(std::string& out, const DsfinvkTableInfo& table) {
  out += fmt::format(
      "    <Table>\r\n"
      "      <URL>{0}</URL>\r\n"
      "      <Name>{1}</Name>\r\n"
      "      <Description>{0}</Description>\r\n"
      "      <UTF8 />\r\n"
      "      <DecimalSymbol>,</DecimalSymbol>\r\n"
      "      <DigitGroupingSymbol>.</DigitGroupingSymbol>\r\n"
      "      <Range>\r\n"
      "        <From>2</From>\r\n"
      "      </Range>\r\n"
      "      <VariableLength>\r\n"
      "        <ColumnDelimiter>;</ColumnDelimiter>\r\n"
      "        <RecordDelimiter>&#xD;&#xA;</RecordDelimiter>\r\n"
      "        <TextEncapsulator>\"</TextEncapsulator>\r\n",
      table.file, table.name);
}

void text_column(std::string& out, std::string_view name, std::string_view description,
                 std::size_t length) {
  out += fmt::format(
      "        <VariableColumn>\r\n"
      "          <Name>{}</Name>\r\n"
      "          <Description>{}</Description>\r\n"
      "          <AlphaNumeric />\r\n"
      "          <MaxLength>{}</MaxLength>\r\n"
      "        </VariableColumn>\r\n",
      name, description, length);
}

void number_column(std::string& out, const DsfinvkColumn& column) {
  out += fmt::format(
      "        <VariableColumn>\r\n"
      "          <Name>{}</Name>\r\n"
      "          <Description>{}</Description>\r\n",
      column.name, column.description);
  if (column.decimals == 0)
    out += "          <Numeric />\r\n";
  else
    out += fmt::format(
        "          <Numeric>\r\n"
        "            <Accuracy>{}</Accuracy>\r\n"
        "          </Numeric>\r\n",
        column.decimals);
  out += "        </VariableColumn>\r\n";
}

void write_table(std::string& out, DsfinvkTable table, const IndexContent& content) {
  const DsfinvkTableInfo& of = info(table);
  begin_table(out, of);
  constexpr std::size_t process_data_column = 12;
  for (std::size_t i = 0; i < of.columns.size(); ++i) {
    const DsfinvkColumn& column = of.columns[i];
    std::size_t length = length_of(table, i, content.edition);
    if (table == DsfinvkTable::transactions_tse && i == process_data_column)
      length = content.process_data_length;
    if (column.length == 0)
      number_column(out, column);
    else
      text_column(out, column.name, column.description, length);
  }
  if (table == DsfinvkTable::tse) {
    for (std::size_t number = 3; number <= content.certificate_columns; ++number)
      text_column(out, certificate_column(number),
                  fmt::format("{}. 1.000 Zeichen des TSE-Zertifikats", number), 1000);
  }
  out += "      </VariableLength>\r\n    </Table>\r\n";
}

// Element and content model, in the order of the standard.
constexpr std::array<std::pair<std::string_view, std::string_view>, 46> grammar = {{
    {"Version", "(#PCDATA)"},
    {"Location", "(#PCDATA)"},
    {"Comment", "(#PCDATA)"},
    {"Length", "(#PCDATA)"},
    {"References", "(#PCDATA)"},
    {"From", "(#PCDATA)"},
    {"To", "(#PCDATA)"},
    {"AcceptNoTables", "(#PCDATA)"},
    {"Alias", "(From, To)"},
    {"MaxLength", "(#PCDATA)"},
    {"TextEncapsulator", "(#PCDATA)"},
    {"Accuracy", "(#PCDATA)"},
    {"ImpliedAccuracy", "(#PCDATA)"},
    {"Format", "(#PCDATA)"},
    {"DecimalSymbol", "(#PCDATA)"},
    {"DigitGroupingSymbol", "(#PCDATA)"},
    {"Command", "(#PCDATA)"},
    {"URL", "(#PCDATA)"},
    {"Description", "(#PCDATA)"},
    {"Name", "(#PCDATA)"},
    {"Epoch", "(#PCDATA)"},
    {"ColumnDelimiter", "(#PCDATA)"},
    {"RecordDelimiter", "(#PCDATA)"},
    {"SkipNumBytes", "(#PCDATA)"},
    {"Extension", "(Name, URL)"},
    {"Range", "(From, (To | Length)?)"},
    {"FixedRange", "(From, (To | Length))"},
    {"DataSet", "(Extension*, Version, DataSupplier?, Command*, Media+, Command*)"},
    {"AlphaNumeric", "EMPTY"},
    {"Date", "(Format?)"},
    {"Numeric", "((ImpliedAccuracy | Accuracy)?)"},
    {"ANSI", "EMPTY"},
    {"Macintosh", "EMPTY"},
    {"OEM", "EMPTY"},
    {"UTF16", "EMPTY"},
    {"UTF7", "EMPTY"},
    {"UTF8", "EMPTY"},
    {"FixedLength",
     "((Length | RecordDelimiter)?, ((FixedPrimaryKey+, FixedColumn*) | (FixedColumn+)), "
     "ForeignKey*)"},
    {"FixedColumn", "(Name, Description?, (Numeric | AlphaNumeric | Date), Map*, FixedRange)"},
    {"FixedPrimaryKey", "(Name, Description?, (Numeric | AlphaNumeric | Date), Map*, FixedRange)"},
    {"VariableLength",
     "(ColumnDelimiter?, RecordDelimiter?, TextEncapsulator?, ((VariablePrimaryKey+, "
     "VariableColumn*) | (VariableColumn+)), ForeignKey*)"},
    {"VariableColumn", "(Name, Description?, (Numeric | (AlphaNumeric, MaxLength?) | Date), Map*)"},
    {"VariablePrimaryKey",
     "(Name, Description?, (Numeric | (AlphaNumeric, MaxLength?) | Date), Map*)"},
    {"DataSupplier", "(Name, Location, Comment)"},
    {"Media", "(Name, Command*, Table*, Command*, AcceptNoTables?)"},
    {"Table",
     "(URL, Name?, Description?, Validity?, (ANSI | Macintosh | OEM | UTF16 | UTF7 | UTF8)?, "
     "(DecimalSymbol, DigitGroupingSymbol)?, SkipNumBytes?, Range?, Epoch?, (VariableLength | "
     "FixedLength))"},
}};
constexpr std::array<std::pair<std::string_view, std::string_view>, 3> relations = {{
    {"ForeignKey", "(Name+, References, Alias*)"},
    {"Map", "(Description?, From, To)"},
    {"Validity", "(Range, Format?)"},
}};

}  // namespace

std::string certificate_column(std::size_t number) {
  static constexpr std::array<std::string_view, 9> roman = {"I",  "II",  "III",  "IV", "V",
                                                            "VI", "VII", "VIII", "IX"};
  if (number >= 1 && number <= roman.size())
    return fmt::format("TSE_ZERTIFIKAT_{}", roman[number - 1]);
  return fmt::format("TSE_ZERTIFIKAT_{}", number);
}

std::string index_xml(const IndexContent& content) {
  std::string out(head);
  for (std::size_t i = 0; i < dsfinvk_tables; ++i)
    if (content.tables.test(i)) write_table(out, static_cast<DsfinvkTable>(i), content);
  out += "  </Media>\r\n</DataSet>";
  return out;
}

std::string dtd() {
  std::string out =
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n"
      "<!-- Beschreibungsstandard 1.5, 1 September 2004 -->\r\n";
  for (const auto& [element, model] : grammar)
    out += fmt::format("<!ELEMENT {} {}>\r\n", element, model);
  for (const auto& [element, model] : relations)
    out += fmt::format("<!ELEMENT {} {}>\r\n", element, model);
  return out;
}

}  // namespace siegel::country::de
