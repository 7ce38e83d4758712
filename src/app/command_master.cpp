#include <fmt/format.h>

#include "app/commands.h"
#include "app/shop/activation.h"
#include "app/shop/shop.h"
#include "model/closing_begun.h"
#include "model/codec.h"
#include "recorder/masters.h"

// Master data with history, booking texts for review, and a register's TSE put into use.

namespace siegel::app {
namespace {

struct Options {
  std::string register_id, tse, outlet, printer, cashier;
  bool history = false;
};

constexpr std::size_t chunk_entries = 2000;

std::string what_of(const journal::Entry& entry) {
  if (entry.kind == entry_kind::register_) return "register, in force";
  if (entry.kind == entry_kind::register_next) return "register, from the next closing on";
  if (entry.kind == entry_kind::in_force) return "business, in force here from now on";
  return entry.kind;
}

Exit show_history(const Context& context, Shop& shop) {
  const auto reader = shop.reader();
  if (!reader) return context.fail(reader.error());
  std::string text;
  json::Array rows;
  journal::Sequence next(1);
  while (true) {
    const auto entries = (*reader)->read(next, chunk_entries);
    if (!entries) return context.fail(entries.error());
    if (entries->empty()) break;
    for (const journal::Entry& entry : *entries) {
      if (entry.payload_removed ||
          (entry.kind != entry_kind::business && entry.kind != entry_kind::profile &&
           entry.kind != entry_kind::register_ && entry.kind != entry_kind::register_next &&
           entry.kind != entry_kind::in_force && entry.kind != entry_kind::tse &&
           entry.kind != entry_kind::signer))
        continue;
      const auto value = json::parse(entry.payload, {.bytes_max = std::size_t{16} << 20});
      if (!value) return context.fail(value.error());
      json::Object row;
      row.set("entry", static_cast<std::int64_t>(entry.sequence.get()));
      row.set("at", entry.at.text()).set("actor", entry.actor).set("what", what_of(entry));
      if (!entry.register_id.empty()) row.set("register", entry.register_id);
      row.set("data", *value);
      rows.push_back(std::move(row));
      text += fmt::format("{:>8}  {}  {:<16} {:<12} {}\n", entry.sequence.get(), entry.at.text(),
                          entry.actor, entry.register_id, what_of(entry));
    }
    next = journal::Sequence(entries->back().sequence.get() + 1);
  }
  json::Object document;
  document.set("data", std::move(rows));
  context.show(text, document);
  return Exit::success;
}

Exit show(const Context& context, const Options& options) {
  auto shop = Shop::open({context.data, {}}, Shop::Mode::read, {context.clock, context.random});
  if (!shop) return context.fail(shop.error());
  if (options.history) return show_history(context, **shop);
  const auto state = (*shop)->state();
  if (!state) return context.fail(state.error());
  const bool german = context.german();
  const auto reader = (*shop)->reader();
  if (!reader) return context.fail(reader.error());
  std::string text;
  json::Array rows;
  for (const auto& [id, reg] : state->registers) {
    // The four fields a back office wants to see: id, kind of security, since when, what waits.
    const int security = reg.rksv ? 2 : reg.info.tse_serial.empty() ? 0 : 1;
    const auto entry = (*reader)->read(journal::Sequence(reg.register_sequence), 1);
    if (!entry) return context.fail(entry.error());
    const std::string since = entry->empty() ? std::string() : entry->front().at.text();
    const Business* business = state->business ? &state->business_of(reg) : nullptr;
    const bool waits =
        reg.next_info.has_value() || reg.business_sequence != state->business_sequence;
    text +=
        fmt::format("{:<20} {:<30} {:<5} {} {}\n", id, business == nullptr ? "" : business->name,
                    security == 0   ? "-"
                    : security == 1 ? "TSE"
                                    : "RKSV",
                    since,
                    !waits   ? (german ? "in Kraft" : "in force")
                    : german ? "Neue Stammdaten warten auf den Tagesabschluss"
                             : "new master data wait for the closing");
    json::Object row;
    row.set("register", id).set("security", security).set("active_since", since);
    row.set("business_entry", static_cast<std::int64_t>(reg.business_sequence));
    row.set("register_entry", static_cast<std::int64_t>(reg.register_sequence));
    row.set("waits", waits);
    rows.push_back(std::move(row));
  }
  json::Object document;
  document.set("data", std::move(rows));
  context.show(text, document);
  return Exit::success;
}

Exit templates(const Context& context) {
  auto shop = Shop::open({context.data, {}}, Shop::Mode::read, {context.clock, context.random});
  if (!shop) return context.fail(shop.error());
  const auto state = (*shop)->state();
  if (!state) return context.fail(state.error());
  const bool german = context.german();
  std::string text = german ? "Buchungstexte und ihre Geschäftsvorfälle (DSFinV-K 2.4, Anhang C)\n"
                            : "Booking texts and their business cases (DSFinV-K 2.4, annex C)\n";
  json::Array rows;
  bool automatic = false;
  if (state->business)
    for (const BookingTemplate& one : state->business->templates) {
      automatic = automatic || one.automatic;
      text += fmt::format("  {:<30} {:<30} {}\n", one.name, gv_typ_text(one.gv_typ),
                          !one.automatic ? (german ? "geprüft" : "reviewed")
                          : german       ? "automatisch, bitte prüfen"
                                         : "automatic, please review");
      json::Object row;
      row.set("name", one.name).set("gv_typ", gv_typ_text(one.gv_typ));
      row.set("gv_name", one.gv_name).set("vat", one.vat).set("automatic", one.automatic);
      rows.push_back(std::move(row));
    }
  if (automatic)
    text += german ? "Im Zweifel, vor allem bei Löhnen, Privatentnahmen und Trinkgeld: den "
                     "Steuerberater fragen. Ändern: siegel config set\n"
                   : "In doubt, above all about wages, private withdrawals and tips, ask the tax "
                     "adviser. To change them: siegel config set\n";
  json::Object document;
  document.set("data", std::move(rows));
  document.set("source", "DSFinV-K 2.4, Anhang C");
  context.show(text, document);
  return Exit::success;
}

Exit check(const Context& context, const Options& options) {
  auto shop = Shop::open({context.data, {}}, Shop::Mode::read, {context.clock, context.random});
  if (!shop) return context.fail(shop.error());
  const auto state = (*shop)->state();
  if (!state) return context.fail(state.error());
  const auto reg = state->registers.find(options.register_id);
  if (reg == state->registers.end())
    return context.fail(not_found(
        "E-REG-104", fmt::format("register {} is not known", options.register_id), "register"));
  recorder::RegisterState asked = reg->second;
  if (!options.printer.empty()) asked.info.printer = options.printer;
  const auto obstacles = activation_obstacles(*state, asked, options.cashier);
  std::string text;
  json::Array rows;
  for (const Error& one : obstacles) {
    const ErrorText* words = error_text(one.code);
    text += fmt::format("{}  {}\n    {}\n", one.code,
                        words == nullptr   ? std::string_view()
                        : context.german() ? words->de
                                           : words->en,
                        one.detail);
    json::Object row;
    row.set("code", one.code).set("detail", one.detail).set("place", one.place);
    rows.push_back(std::move(row));
  }
  if (obstacles.empty()) text = context.german() ? "Bereit für die TSE.\n" : "Ready for the TSE.\n";
  json::Object document;
  document.set("ready", obstacles.empty()).set("obstacles", std::move(rows));
  context.show(text, document);
  return obstacles.empty() ? Exit::success : Exit::findings;
}

Exit activate_register(const Context& context, const Options& options) {
  const auto id = RegisterId::parse(options.register_id);
  if (!id) return context.fail(id.error());
  auto shop = Shop::open({context.data, {}}, Shop::Mode::write, {context.clock, context.random});
  if (!shop) return context.fail(shop.error());
  context.note(context.german() ? "Die TSE wird eingerichtet ...\n"
                                : "The TSE is being initialised ...\n");
  const auto done =
      activate(**shop, {.register_id = *id,
                        .tse = options.tse,
                        .outlet = options.outlet,
                        .printer = options.printer,
                        .actor = options.cashier.empty() ? "command line" : options.cashier});
  if (!done) return context.fail(done.error());
  json::Object document;
  document.set("register", done->id.text()).set("tse_serial", done->tse_serial);
  document.set("outlet", done->outlet);
  context.show(
      fmt::format(fmt::runtime(context.german() ? "Die TSE {} ist an Kasse {} in Betrieb.\n"
                                                : "TSE {} is in operation at register {}.\n"),
                  done->tse_serial, done->id.text()),
      document);
  return Exit::success;
}

Exit sign(const Context& context, const Options& options, bool in) {
  const auto id = RegisterId::parse(options.register_id);
  if (!id) return context.fail(id.error());
  auto shop = Shop::open({context.data, {}}, Shop::Mode::write, {context.clock, context.random});
  if (!shop) return context.fail(shop.error());
  SaleRequest request{.register_id = *id, .actor = options.cashier};
  request.draft.kind = ReceiptKind::memo;
  request.draft.text = in ? "Anmeldung" : "Abmeldung";
  request.draft.cashier = options.cashier;
  const auto done = (*shop)->sell(request);
  if (!done) return context.fail(done.error());
  json::Object document;
  document.set("receipt_number", done->receipt.plan.receipt_number);
  context.show(fmt::format("{} {}: {}\n", request.draft.text, options.cashier,
                           done->receipt.plan.receipt_number),
               document);
  return Exit::success;
}

}  // namespace

void add_master(CommandLine& line, Context& context) {
  line.group("master", "Master data with their history");
  Options& options = line.own<Options>();
  line.command("master show", "Which master data are in force at each register")
      .example("siegel master show --history")
      .flag("--history", options.history, "every change, who made it and when it came into force")
      .run([&] { return show(context, options); });
  line.command("master templates", "Booking texts and their business cases, for review")
      .example("siegel master templates")
      .run([&] { return templates(context); });
  line.command("register check", "What stands in the way of putting a TSE into use")
      .example("siegel register check KASSE-01")
      .positional("register", options.register_id, "which register")
      .required()
      .option("--printer", options.printer, "NAME", "the receipt printer it will have")
      .option("--cashier", options.cashier, "NAME", "who does it")
      .run([&] { return check(context, options); });
  line.command("register activate", "Put the TSE of a register into use, if nothing is open")
      .example("siegel register activate KASSE-01 --outlet Mitte --printer \"Epson Theke\"")
      .positional("register", options.register_id, "which register")
      .required()
      .option("--tse", options.tse, "ID", "the TSE; may be left out if there is one")
      .option("--outlet", options.outlet, "WORD", "search word; the head office if left out")
      .option("--printer", options.printer, "NAME", "the receipt printer")
      .option("--cashier", options.cashier, "NAME", "who does it")
      .run([&] { return activate_register(context, options); });
  line.group("cashier", "Cashiers signing in and out");
  for (const bool in : {true, false})
    line.command(in ? "cashier in" : "cashier out",
                 in ? "A cashier signs in" : "A cashier signs out")
        .example(in ? "siegel cashier in Mia --register KASSE-01"
                    : "siegel cashier out Mia --register KASSE-01")
        .positional("cashier", options.cashier, "who")
        .required()
        .option("--register", options.register_id, "ID", "which register")
        .required()
        .run([&context, &options, in] { return sign(context, options, in); });
}

}  // namespace siegel::app
