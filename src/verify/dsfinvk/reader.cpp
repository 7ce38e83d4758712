#include "verify/dsfinvk/reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "format/json.h"
#include "verify/dsfinvk/facts.h"
#include "verify/dsfinvk/form.h"

namespace siegel::verify::dsfinvk {

namespace {

constexpr std::size_t parts_count = 128;
constexpr std::size_t bucket_bytes = std::size_t{64} << 20;
constexpr std::size_t buckets_max = 200;
constexpr std::size_t orphan_bytes_max = std::size_t{1} << 20;

std::string_view end_name(RowEnd end) {
  switch (end) {
    case RowEnd::crlf:
      return "CRLF";
    case RowEnd::lf:
      return "LF";
    case RowEnd::cr:
      return "CR";
    case RowEnd::none:
      return "nothing";
  }
  return "";
}

RowEnd declared_end(const Layout& layout) {
  if (layout.record_end == "\n") return RowEnd::lf;
  if (layout.record_end == "\r") return RowEnd::cr;
  return RowEnd::crlf;
}

Error no_room() { return unavailable("E-VER-004", "there is no room for temporary files"); }

/// Columns, types and lengths as declared, or as official.
void apply_declared(const DeclaredTable* declared, Table table, Layout& layout) {
  const auto columns = info(table).columns;
  for (const Column& column : columns) {
    layout.length.push_back(column.length);
    layout.decimals.push_back(column.decimals);
  }
  if (declared == nullptr) return;
  layout.separator = declared->separator;
  layout.quote = declared->quote;
  layout.decimal = declared->decimal;
  if (!declared->record_end.empty()) layout.record_end = declared->record_end;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    for (const DeclaredColumn& column : declared->columns) {
      if (column.name != columns[i].name) continue;
      if (column.length) layout.length[i] = *column.length;
      if (column.kind == DeclaredColumn::Kind::numeric)
        layout.decimals[i] = static_cast<std::uint8_t>(std::min<std::uint32_t>(column.decimals, 5));
    }
  }
}

void place_columns(const std::vector<std::string_view>& header, Table table, Layout& layout) {
  const auto columns = info(table).columns;
  layout.fields = header.size();
  layout.identity = true;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    std::size_t place = npos;
    for (std::size_t at = 0; at < header.size() && place == npos; ++at) {
      if (header[at] == columns[i].name || header[at] == columns[i].name_2_0) place = at;
    }
    layout.place.push_back(place);
    layout.identity &= place == i;
  }
  for (std::size_t at = 0; at < header.size(); ++at) {
    if (header[at].starts_with("TSE_ZERTIFIKAT_") && header[at] != "TSE_ZERTIFIKAT_I" &&
        header[at] != "TSE_ZERTIFIKAT_II")
      layout.extra.push_back(at);
  }
}

/// C004: the header as index.xml (or the official file) has it.
void check_header(const std::vector<std::string_view>& header, const DeclaredTable* declared,
                  Table table, Findings& findings) {
  std::vector<std::string_view> expected;
  if (declared != nullptr && !declared->columns.empty()) {
    for (const DeclaredColumn& column : declared->columns) expected.push_back(column.name);
  } else {
    for (const Column& column : info(table).columns) expected.push_back(column.name);
  }
  for (std::size_t i = 0; i < std::max(header.size(), expected.size()); ++i) {
    const std::string_view found = i < header.size() ? header[i] : "nothing";
    const std::string_view wanted = i < expected.size() ? expected[i] : "nothing";
    if (found != wanted)
      findings.add("C004", Spot{table, 1}, fmt::format("column {}: {}", i + 1, found), wanted);
  }
}

}  // namespace

Result<std::array<Layout, tables_count>> read_layouts(const Package& package, const IndexXml& index,
                                                      const ChosenTables& chosen,
                                                      Findings& findings) {
  std::array<Layout, tables_count> layouts;
  for (std::size_t i = 0; i < tables_count; ++i) {
    const Table table = table_at(i);
    const TableInfo& official = info(table);
    Layout& layout = layouts[i];
    const DeclaredTable* declared = index.tables[i] ? &*index.tables[i] : nullptr;
    apply_declared(declared, table, layout);
    const Package::Member* member = package.find(official.file);
    if (member == nullptr) {
      member = package.find_folded(official.file);
      if (member != nullptr) findings.add("P005", member->name, 0, member->name, official.file);
    }
    if (member == nullptr) {
      findings.add("P001", official.file, 0, "missing", "the file, if only with its header",
                   absence(chosen, official.file));
      layout.place.assign(official.columns.size(), npos);
      continue;
    }
    layout.member = member->name;
    SIEGEL_TRY(const auto source, package.read(*member));
    RowReader rows(*source, layout.separator, layout.quote);
    RawRow row;
    SIEGEL_TRY(const bool has_header, rows.next(row));
    layout.present = true;
    if (rows.had_bom()) findings.add("C002", Spot{table, 1}, "EF BB BF", "the header at once");
    Arena arena;
    std::vector<std::string_view> header;
    if (has_header) split_row(row.text, layout.separator, layout.quote, arena, header);
    place_columns(header, table, layout);
    check_header(header, declared, table, findings);
  }
  return layouts;
}

namespace {

/// A member of manifest.json; null if there is none.
std::optional<json::Value> of_manifest(const Package& package, std::string_view key) {
  const Package::Member* member = package.find("manifest.json");
  if (member == nullptr) return std::nullopt;
  const auto bytes = package.read_all(*member, std::size_t{1} << 20);
  if (!bytes.ok()) return std::nullopt;
  const auto document = json::parse(text_of(*bytes));
  if (!document.ok() || document->object() == nullptr) return std::nullopt;
  const json::Value* value = document->object()->find(key);
  if (value == nullptr) return std::nullopt;
  return *value;
}

}  // namespace

std::set<std::string, std::less<>> files_in_manifest(const Package& package) {
  std::set<std::string, std::less<>> names;
  const auto files = of_manifest(package, "files");
  if (!files || files->array() == nullptr) return names;
  for (const json::Value& file : *files->array()) {
    const json::Value* name = file.object() == nullptr ? nullptr : file.object()->find("name");
    if (name != nullptr && name->string() != nullptr) names.insert(*name->string());
  }
  return names;
}

ChosenTables read_manifest(const Package& package) {
  const auto tables = of_manifest(package, "tables");
  if (!tables || tables->array() == nullptr) return std::nullopt;
  std::set<std::string> out;
  for (const json::Value& table : *tables->array()) {
    if (const std::string* name = table.string()) out.insert(*name);
  }
  return out;
}

Result<TableRows> TableRows::open(const Package& package, Table table, const Layout& layout) {
  TableRows out;
  out.m_table = table;
  out.m_layout = &layout;
  const Package::Member* member = package.find(layout.member);
  if (member == nullptr) return not_found("E-VER-001", layout.member + " has gone");
  SIEGEL_TRY(out.m_source, package.read(*member));
  out.m_reader = std::make_unique<RowReader>(*out.m_source, layout.separator, layout.quote);
  RawRow header;
  SIEGEL_TRY_OK(out.m_reader->next(header));
  out.m_last_open = header.end == RowEnd::none;
  out.m_last_line = header.line;
  if (header.end != RowEnd::none && header.end != declared_end(layout)) {
    out.m_wrong_ends = 1;
    out.m_first_wrong_end = 1;
    out.m_wrong_end = header.end;
  }
  return out;
}

Result<bool> TableRows::next(RawRow& row, Findings* findings) {
  for (;;) {
    SIEGEL_TRY(const bool more, m_reader->next(row));
    if (!more) return false;
    m_last_open = row.end == RowEnd::none;
    m_last_line = row.line;
    if (!m_last_open && row.end != declared_end(*m_layout)) {
      if (m_wrong_ends++ == 0) {
        m_first_wrong_end = row.line;
        m_wrong_end = row.end;
      }
    }
    if (findings != nullptr) {
      if (row.unclosed)
        findings->add("C006", Spot{m_table, row.line}, row.text.substr(0, 200),
                      "a quote that is closed");
      if (row.cut)
        findings->add("C005", Spot{m_table, row.line},
                      fmt::format("more than {} bytes", RowReader::row_bytes_max), "a row");
      if (row.text.empty()) findings->add("C015", Spot{m_table, row.line}, "", "a record");
    }
    if (!row.text.empty()) return true;
  }
}

void TableRows::finish(Findings& findings) const {
  if (m_wrong_ends > 0)
    findings.add("C003", Spot{m_table, m_first_wrong_end},
                 fmt::format("{} rows end with {}", m_wrong_ends, end_name(m_wrong_end)),
                 end_name(declared_end(*m_layout)));
  if (m_last_open)
    findings.add("C003", Spot{m_table, m_last_line}, "the last row does not end",
                 end_name(declared_end(*m_layout)));
}

Status read_closings(const Package& package, const std::array<Layout, tables_count>& layouts,
                     Findings& findings, Closings& closings, std::uint64_t& rows) {
  const Layout& layout = layouts[index_of(Table::cashpointclosing)];
  if (!layout.present) return Ok{};
  SIEGEL_TRY(TableRows table, TableRows::open(package, Table::cashpointclosing, layout));
  Form form(layouts, findings);
  RawRows raw;
  Rows parsed;
  RawRow row;
  std::uint64_t without_offset = 0;
  std::uint64_t first_without_offset = 0;
  for (;;) {
    SIEGEL_TRY(const bool more, table.next(row, &findings));
    if (!more) break;
    raw.clear();
    raw.add(row.text, row.line);
    form.parse(Table::cashpointclosing, raw, newest_edition, parsed);
    ++rows;
    const Row fields = parsed[0];
    Closing closing;
    closing.line = row.line;
    for (std::size_t i = 0; i < closing.fields.size(); ++i) closing.fields[i] = fields[i];
    closing.label = fmt::format("{}/{}", fields[z_kasse_id], fields[z_nr]);
    closing.number = parse_id(fields[z_nr]);
    if (const Number number = parse_number(fields[z_nr]);
        !closing.number && number.readable() && number.units >= 0)
      closing.number = static_cast<std::uint64_t>(number.units / units_one);
    closing.created = parse_stamp(fields[z_erstellung]);
    if (const int edition = edition_from(fields[cashpointclosing_columns::taxonomie_version]);
        edition != 0)
      closing.edition = edition;
    if (closings.all().size() >= Closings::closings_max) {
      findings.add("P008", "cashpointclosing.csv", row.line,
                   fmt::format("more than {} closings", Closings::closings_max), "fewer");
      break;
    }
    if (closing.created && !closing.created->offset_minutes && without_offset++ == 0)
      first_without_offset = row.line;
    const std::string label = closing.label;
    const bool alike =
        closings.find(fields[z_kasse_id], fields[z_erstellung], fields[z_nr]) != no_closing;
    if (!closings.add(std::move(closing))) {
      const Closing& first =
          closings.all()[closings.find(fields[z_kasse_id], fields[z_erstellung], fields[z_nr])];
      findings.add("K001", Spot{Table::cashpointclosing, row.line, z_nr},
                   fmt::format("{} as in line {}", label, first.line), "once");
      bool whole = alike;
      for (std::size_t i = 0; i < first.fields.size(); ++i) whole &= first.fields[i] == fields[i];
      if (whole)
        findings.add("C014", Spot{Table::cashpointclosing, row.line},
                     fmt::format("as in line {}", first.line), "once");
    }
  }
  table.finish(findings);
  if (without_offset > 0)
    findings.add("F005", Spot{Table::cashpointclosing, first_without_offset, z_erstellung},
                 fmt::format("{} times without offset", without_offset),
                 "recommended: the offset from UTC", Severity::info);
  closings.link();
  return Ok{};
}

Result<Spool> Spool::make() {
  Spool out;
  out.m_file.reset(std::tmpfile());
  if (!out.m_file) return no_room();
  return out;
}

Status Spool::add(const Record& record) {
  struct Head {
    std::uint64_t line;
    std::uint32_t closing;
    std::uint32_t table;
    std::uint64_t size;
  } head{record.line, record.closing, record.table, record.text.size()};
  if (std::fwrite(&head, sizeof head, 1, m_file.get()) != 1 ||
      std::fwrite(record.text.data(), 1, record.text.size(), m_file.get()) != record.text.size())
    return no_room();
  m_bytes += sizeof head + record.text.size();
  return Ok{};
}

void Spool::rewind() { std::rewind(m_file.get()); }

Result<bool> Spool::next(Record& record) {
  struct Head {
    std::uint64_t line;
    std::uint32_t closing;
    std::uint32_t table;
    std::uint64_t size;
  } head{};
  if (std::fread(&head, sizeof head, 1, m_file.get()) != 1)
    return std::ferror(m_file.get()) != 0 ? Result<bool>(no_room()) : Result<bool>(false);
  m_text.resize(head.size);
  if (std::fread(m_text.data(), 1, m_text.size(), m_file.get()) != m_text.size()) return no_room();
  record = {head.closing, head.table, head.line, m_text};
  return true;
}

std::uint32_t ClosingReader::closing_of(Cursor& cursor, std::string_view row) {
  const Layout& layout = m_layouts[index_of(cursor.table)];
  if (!cursor.prefix.empty() && row.starts_with(cursor.prefix)) return cursor.prefix_closing;
  Arena arena;
  std::vector<std::string_view> fields;
  split_row(row, layout.separator, layout.quote, arena, fields);
  const auto field = [&](std::size_t column) {
    const std::size_t place = layout.place[column];
    return place < fields.size() ? fields[place] : std::string_view();
  };
  cursor.prefix.clear();
  cursor.prefix_closing = m_closings.find(field(z_kasse_id), field(z_erstellung), field(z_nr));
  // The same bytes in front of a later row are the same key, if nothing is quoted.
  if (layout.identity && fields.size() > 3) {
    const std::size_t size = fields[0].size() + fields[1].size() + fields[2].size() + 3;
    const std::string_view prefix = row.substr(0, size);
    if (prefix.find(layout.quote) == std::string_view::npos) cursor.prefix = prefix;
  }
  return cursor.prefix_closing;
}

Status ClosingReader::advance_sorted(Cursor& cursor) {
  while (cursor.at == cursor.order.size()) {
    if (cursor.bucket == cursor.sorted->size()) {
      cursor.has = false;
      return Ok{};
    }
    Spool& spool = (*cursor.sorted)[cursor.bucket++];
    spool.rewind();
    cursor.bucket_rows.clear();
    cursor.order.clear();
    cursor.at = 0;
    Spool::Record record;
    for (;;) {
      SIEGEL_TRY(const bool more, spool.next(record));
      if (!more) break;
      cursor.order.emplace_back(record.closing, cursor.bucket_rows.rows.size());
      cursor.bucket_rows.add(record.text, record.line);
    }
    std::ranges::sort(cursor.order);
  }
  const auto [closing, index] = cursor.order[cursor.at++];
  const RawRows::Ref& ref = cursor.bucket_rows.rows[index];
  cursor.has = true;
  cursor.closing = closing;
  cursor.line = ref.line;
  cursor.text = std::string_view(cursor.bucket_rows.text).substr(ref.offset, ref.size);
  cursor.bytes += ref.size;
  return Ok{};
}

Status ClosingReader::advance(Cursor& cursor, Findings* findings) {
  if (cursor.sorted != nullptr) return advance_sorted(cursor);
  RawRow row;
  SIEGEL_TRY(cursor.has, cursor.rows->next(row, findings));
  cursor.bytes = cursor.rows->position();
  if (!cursor.has) {
    if (findings != nullptr) cursor.rows->finish(*findings);
    return Ok{};
  }
  cursor.text = row.text;
  cursor.line = row.line;
  cursor.closing = closing_of(cursor, row.text);
  return Ok{};
}

Result<std::vector<ClosingReader::Cursor>> ClosingReader::open() {
  std::vector<Cursor> cursors;
  for (std::size_t i = 0; i < tables_count; ++i) {
    const Table table = table_at(i);
    if (table == Table::cashpointclosing || !m_layouts[i].present) continue;
    Cursor& cursor = cursors.emplace_back();
    cursor.table = table;
    if (m_is_sorted[i]) {
      cursor.sorted = &m_sorted[i];
    } else {
      SIEGEL_TRY(cursor.rows, TableRows::open(m_package, table, m_layouts[i]));
    }
  }
  return cursors;
}

void ClosingReader::tell_orphan(const Cursor& cursor, Findings& findings) {
  if (findings.full("K002")) {
    findings.add("K002", Spot{cursor.table, cursor.line}, "", "");
    return;
  }
  const Layout& layout = m_layouts[index_of(cursor.table)];
  Arena arena;
  std::vector<std::string_view> fields;
  split_row(cursor.text, layout.separator, layout.quote, arena, fields);
  const auto field = [&](std::size_t column) {
    const std::size_t place = layout.place[column];
    return place < fields.size() ? fields[place] : std::string_view();
  };
  findings.add("K002", Spot{cursor.table, cursor.line, z_nr},
               fmt::format("{} / {} / {}", field(z_kasse_id), field(z_erstellung), field(z_nr)),
               "a closing of cashpointclosing.csv, its time in the same words");
}

Result<bool> ClosingReader::run(Findings& findings, const Take& take,
                                const std::function<void(const Unit&)>& large,
                                const Progress& progress) {
  SIEGEL_TRY(std::vector<Cursor> cursors, open());
  std::uint64_t total = 0;
  for (const Cursor& cursor : cursors) {
    const Package::Member* member = m_package.find(m_layouts[index_of(cursor.table)].member);
    total += member == nullptr ? 0 : member->size;
  }
  findings.begin(m_closings.all().size() + 1, "");
  for (Cursor& cursor : cursors) SIEGEL_TRY_OK(advance(cursor, &findings));
  auto orphans = std::make_unique<Unit>();
  for (std::uint32_t closing = 0; closing <= m_closings.all().size(); ++closing) {
    const bool rest = closing == m_closings.all().size();
    auto unit = std::make_unique<Unit>();
    unit->closing = closing;
    bool is_large = false;
    std::size_t bytes = 0;
    for (Cursor& cursor : cursors) {
      while (cursor.has && !is_large) {
        if (cursor.closing == no_closing) {
          tell_orphan(cursor, findings);
          orphans->tables[index_of(cursor.table)].add(cursor.text, cursor.line);
          if (orphans->bytes() > orphan_bytes_max) {
            take(std::move(orphans));
            orphans = std::make_unique<Unit>();
          }
        } else if (cursor.closing == closing) {
          unit->tables[index_of(cursor.table)].add(cursor.text, cursor.line);
          bytes += cursor.text.size() + sizeof(RawRows::Ref);
          is_large = bytes > m_part_bytes_max;
        } else if (cursor.closing < closing) {
          return false;
        } else {
          break;
        }
        SIEGEL_TRY_OK(advance(cursor, &findings));
      }
    }
    if (rest) break;
    if (is_large) {
      SIEGEL_TRY_OK(run_large(*unit, cursors, findings, large));
    } else {
      take(std::move(unit));
    }
    if (progress) {
      std::uint64_t done = 0;
      for (const Cursor& cursor : cursors) done += cursor.bytes;
      progress(std::min(done, total), total);
    }
  }
  if (orphans->bytes() > 0) take(std::move(orphans));
  return true;
}

Status ClosingReader::run_large(Unit& unit, std::vector<Cursor>& cursors, Findings& findings,
                                const std::function<void(const Unit&)>& large) {
  std::vector<Spool> parts;
  for (std::size_t i = 0; i < parts_count; ++i) {
    SIEGEL_TRY(Spool spool, Spool::make());
    parts.push_back(std::move(spool));
  }
  const auto add = [&](Table table, std::string_view text, std::uint64_t line) -> Status {
    const Layout& layout = m_layouts[index_of(table)];
    Arena arena;
    std::vector<std::string_view> fields;
    split_row(text, layout.separator, layout.quote, arena, fields);
    const std::size_t place = layout.place[bon_id];
    const std::string_view id = place < fields.size() ? fields[place] : std::string_view();
    return parts[text_hash(id) % parts_count].add(
        {unit.closing, static_cast<std::uint32_t>(index_of(table)), line, text});
  };
  for (std::size_t i = index_of(Table::transactions); i < tables_count; ++i) {
    RawRows& rows = unit.tables[i];
    for (const RawRows::Ref& ref : rows.rows)
      SIEGEL_TRY_OK(
          add(table_at(i), std::string_view(rows.text).substr(ref.offset, ref.size), ref.line));
    rows = {};
  }
  for (Cursor& cursor : cursors) {
    while (cursor.has && (cursor.closing == unit.closing || cursor.closing == no_closing)) {
      if (cursor.closing == no_closing) {
        tell_orphan(cursor, findings);
      } else if (cursor.table >= Table::transactions) {
        SIEGEL_TRY_OK(add(cursor.table, cursor.text, cursor.line));
      } else {
        unit.tables[index_of(cursor.table)].add(cursor.text, cursor.line);
      }
      SIEGEL_TRY_OK(advance(cursor, &findings));
    }
  }
  for (std::size_t part = 0; part < parts_count; ++part) {
    for (std::size_t i = index_of(Table::transactions); i < tables_count; ++i)
      unit.tables[i].clear();
    parts[part].rewind();
    Spool::Record record;
    for (;;) {
      SIEGEL_TRY(const bool more, parts[part].next(record));
      if (!more) break;
      unit.tables[record.table].add(record.text, record.line);
    }
    unit.first_part = part == 0;
    unit.last_part = part + 1 == parts_count;
    large(unit);
  }
  return Ok{};
}

Status ClosingReader::sort() {
  SIEGEL_TRY(std::vector<Cursor> cursors, open());
  std::vector<Table> disordered;
  for (Cursor& cursor : cursors) {
    if (m_is_sorted[index_of(cursor.table)]) continue;
    std::uint32_t last = 0;
    for (;;) {
      SIEGEL_TRY_OK(advance(cursor, nullptr));
      if (!cursor.has) break;
      if (cursor.closing == no_closing) continue;
      if (cursor.closing < last) {
        disordered.push_back(cursor.table);
        break;
      }
      last = cursor.closing;
    }
  }
  for (const Table table : disordered) SIEGEL_TRY_OK(sort_table(table));
  return Ok{};
}

Status ClosingReader::sort_table(Table table) {
  // Closings are dealt into buckets of about equal size; each is sorted when it is read.
  const std::size_t index = index_of(table);
  Cursor cursor;
  cursor.table = table;
  SIEGEL_TRY(cursor.rows, TableRows::open(m_package, table, m_layouts[index]));
  std::vector<std::uint64_t> bytes(m_closings.all().size() + 1, 0);
  std::uint64_t total = 0;
  const auto slot = [&] { return std::min<std::size_t>(cursor.closing, bytes.size() - 1); };
  for (;;) {
    SIEGEL_TRY_OK(advance(cursor, nullptr));
    if (!cursor.has) break;
    bytes[slot()] += cursor.text.size() + 32;
    total += cursor.text.size() + 32;
  }
  const std::uint64_t size = std::max<std::uint64_t>(bucket_bytes, total / buckets_max);
  std::vector<std::uint32_t> bucket_of;
  std::uint64_t filled = 0;
  std::uint32_t bucket = 0;
  for (const std::uint64_t of_closing : bytes) {
    if (filled > 0 && filled + of_closing > size) {
      ++bucket;
      filled = 0;
    }
    filled += of_closing;
    bucket_of.push_back(bucket);
  }
  std::vector<Spool>& spools = m_sorted[index];
  for (std::uint32_t i = 0; i <= bucket; ++i) {
    SIEGEL_TRY(Spool spool, Spool::make());
    spools.push_back(std::move(spool));
  }
  Cursor again;
  again.table = table;
  SIEGEL_TRY(again.rows, TableRows::open(m_package, table, m_layouts[index]));
  for (;;) {
    SIEGEL_TRY_OK(advance(again, nullptr));
    if (!again.has) break;
    const std::size_t at = std::min<std::size_t>(again.closing, bytes.size() - 1);
    SIEGEL_TRY_OK(spools[bucket_of[at]].add(
        {again.closing, static_cast<std::uint32_t>(index), again.line, again.text}));
  }
  m_is_sorted[index] = true;
  return Ok{};
}

}  // namespace siegel::verify::dsfinvk
