#include <fmt/format.h>

#include <filesystem>
#include <optional>

#include "app/commands.h"
#include "app/export_file.h"
#include "app/shop/shop.h"
#include "elster/notice.h"

// siegel report elster: the notice of recording systems to the tax office [AO 146a (4)].

namespace siegel::app {
namespace {

struct Options {
  std::string outlet, out;
  bool sent = false, board = false;
};

/// What there is to say about one place of business.
struct Standing {
  elster::Notice notice;
  std::optional<elster::SentNotice> sent;
  std::vector<elster::Change> changes;  ///< since the last one; without one everything is new
  std::optional<Date> deadline;
  std::vector<Error> gaps;
};

Result<Standing> standing_of(journal::Reader& reader, const elster::Holdings& now,
                             const std::string& outlet) {
  Standing out;
  SIEGEL_TRY(out.notice, elster::notice_of(now, outlet));
  if (const auto sent = now.sent.find(outlet); sent != now.sent.end()) {
    SIEGEL_TRY(const auto then, elster::holdings(reader, sent->second.sequence));
    SIEGEL_TRY(auto before, elster::notice_of(then, outlet));
    SIEGEL_TRY(const auto stamp, LocalStamp::from(sent->second.at, now.business.time_zone));
    out.sent = elster::SentNotice{.notice = std::move(before), .day = stamp.date()};
  }
  out.changes = elster::changes(out.sent ? out.sent->notice : elster::Notice{}, out.notice);
  out.deadline = elster::deadline(out.notice, out.sent);
  out.gaps = elster::gaps(out.notice);
  return out;
}

json::Value document_of(const Standing& standing) {
  json::Array changes;
  for (const elster::Change& change : standing.changes) {
    json::Object item;
    item.set("de", change.de).set("en", change.en).set("register", change.register_id);
    changes.emplace_back(std::move(item));
  }
  json::Array gaps;
  for (const Error& gap : standing.gaps) {
    json::Object item;
    item.set("code", gap.code).set("detail", gap.detail).set("place", gap.place);
    gaps.emplace_back(std::move(item));
  }
  json::Object out;
  out.set("changes", std::move(changes));
  if (standing.deadline) out.set("deadline", standing.deadline->text());
  out.set("gaps", std::move(gaps));
  out.set("outlet", standing.notice.outlet);
  if (standing.sent) out.set("sent", standing.sent->day.text());
  out.set("systems", static_cast<std::int64_t>(standing.notice.systems.size()));
  return json::Value(std::move(out));
}

std::string text_of(const Standing& standing, bool german) {
  const elster::Notice& notice = standing.notice;
  std::string out =
      fmt::format("{}{}, {}, {} {}: {} {}\n", notice.outlet.empty() ? "" : notice.outlet + " ",
                  notice.name, notice.street, notice.postcode, notice.city, notice.systems.size(),
                  german ? "Systeme" : "systems");
  if (standing.sent)
    out += fmt::format("  {} {}\n", german ? "zuletzt gemeldet am" : "last reported on",
                       standing.sent->day.text());
  if (standing.deadline) {
    out += fmt::format("  {} {}\n", german ? "zu melden bis" : "to be reported until",
                       standing.deadline->text());
  } else {
    out += german ? "  nichts offen\n" : "  nothing open\n";
  }
  for (const elster::Change& change : standing.changes)
    out += fmt::format("  {}: {}\n", change.register_id, german ? change.de : change.en);
  for (const Error& gap : standing.gaps)
    out += fmt::format("  {} {}: {}\n", gap.code, gap.place, gap.detail);
  return out;
}

Exit board(const Context& context) {
  auto shop = Shop::open({.folder = context.data, .vfs = {}}, Shop::Mode::read,
                         {context.clock, context.random});
  if (!shop) return context.fail(shop.error());
  std::string text;
  json::Array rows;
  const auto run = [&]() -> Status {
    SIEGEL_TRY(const auto reader, (*shop)->reader());
    SIEGEL_TRY(const auto now, elster::holdings(*reader));
    for (const std::string& outlet : elster::outlets_of(now)) {
      SIEGEL_TRY(const Standing standing, standing_of(*reader, now, outlet));
      text += text_of(standing, context.german());
      rows.push_back(document_of(standing));
    }
    return Ok{};
  };
  if (const auto done = run(); !done) return context.fail(done.error());
  json::Object document;
  document.set("data", std::move(rows));
  context.show(text, document);
  return Exit::success;
}

Exit notice(const Context& context, const Options& options) {
  auto shop = Shop::open({.folder = context.data, .vfs = {}},
                         options.sent ? Shop::Mode::write : Shop::Mode::read,
                         {context.clock, context.random});
  if (!shop) return context.fail(shop.error());
  Standing standing;
  const auto run = [&]() -> Status {
    SIEGEL_TRY(const auto reader, (*shop)->reader());
    SIEGEL_TRY(const auto now, elster::holdings(*reader));
    SIEGEL_TRY(standing, standing_of(*reader, now, options.outlet));
    if (standing.notice.systems.empty())
      return not_found("E-ELS-104", "this place of business has no register to report", "outlet");
    if (!options.sent) {
      if (!standing.gaps.empty()) return Ok{};
      const std::string xml = elster::xml(standing.notice);
      if (options.out.empty()) {
        if (!context.json) context.write(xml);
        return Ok{};
      }
      SIEGEL_TRY_OK(write_export(options.out,
                                 [&](Sink& sink) -> Status { return sink.write(bytes_of(xml)); }));
      return Ok{};
    }
    return (*shop)->record(AuthorityReport{.what = std::string(elster::report_what),
                                           .subject = options.outlet,
                                           .at = context.clock.now().wall,
                                           .mode = "manual",
                                           .code = "0",
                                           .text = {}},
                           "command line");
  };
  if (const auto done = run(); !done) return context.fail(done.error());
  json::Value document = document_of(standing);
  if (!options.sent && !standing.gaps.empty()) {
    // Each gap is told; the first one says how the command ended.
    context.note(text_of(standing, context.german()));
    return context.fail(standing.gaps.front());
  }
  if (options.sent || !options.out.empty() || context.json) {
    context.show(options.sent
                     ? std::string(context.german() ? "als gemeldet vermerkt\n" : "on record\n")
                     : fmt::format("{}\n{}", options.out, text_of(standing, context.german())),
                 document);
  } else {
    context.note(text_of(standing, context.german()));
  }
  return Exit::success;
}

}  // namespace

void add_elster(CommandLine& line, Context& context) {
  line.group("report", "Messages to the tax office");
  auto& options = line.own<Options>();
  line.command("report elster",
               "Registers and TSEs for the tax office: XML per place of business for Mein ELSTER")
      .example("siegel report elster --out meldung.xml")
      .example("siegel report elster --outlet 001 --out meldung.xml")
      .example("siegel report elster --sent          (it was sent: tick it off)")
      .example("siegel report elster --board         (what is open, and until when)")
      .option("--outlet", options.outlet, "ID", "place of business; without it the business itself")
      .option("--out,-o", options.out, "FILE", "where to put the file, default stdout")
      .flag("--sent", options.sent, "it was sent as it is now")
      .flag("--board", options.board, "every place of business: changes, gaps, deadline")
      .run([&] { return options.board ? board(context) : notice(context, options); });
}

}  // namespace siegel::app
