#include <fmt/format.h>

#include "app/at/authority.h"
#include "app/at_tools.h"
#include "app/commands.h"

// Messages to the authority: registration, outages of devices, the end of a register.

namespace siegel::app {
namespace {

struct Options {
  std::string subject, finanzonline, reason, upload_folder;
  bool production = false, by_hand = false, for_good = false;
};

/// Exactly one way to tell the authority, or only its files.
Result<Ok> check_way(const Options& options) {
  const int ways = (options.by_hand ? 1 : 0) + (options.finanzonline.empty() ? 0 : 1) +
                   (options.upload_folder.empty() ? 0 : 1);
  if (ways != 1)
    return invalid("E-AUT-143", "name one of --finanzonline FILE, --by-hand, --xml FOLDER",
                   "--finanzonline");
  return Ok{};
}

/// Tells the authority in the way the options name. False: refused.
Result<bool> tell(const Context& context, Shop& shop, const Options& options,
                  std::vector<finanzonline::Item> items) {
  const Instant now = context.clock.now().wall;
  if (!options.upload_folder.empty()) {
    SIEGEL_TRY(const auto files, at::write_upload_files(options.upload_folder, std::move(items),
                                                        now, context.random));
    for (const auto& file : files) context.note(fmt::format("{}\n", file.string()));
    return true;
  }
  if (options.by_hand) {
    for (const finanzonline::Item& item : items)
      SIEGEL_TRY_OK(shop.record(at::done_by_hand(item, now), "command line"));
    return true;
  }
  return transmit_all(context, shop, std::move(items), options.finanzonline, options.production);
}

Exit answer(const Context& context, const Options& options, bool accepted,
            const std::string& what) {
  const bool recorded = options.by_hand || options.production;
  json::Object document;
  document.set("subject", options.subject);
  document.set("accepted", accepted);
  document.set("recorded", recorded);
  context.show(
      fmt::format("{}: {}\n", what,
                  !accepted                        ? "not accepted, see above"
                  : !options.upload_folder.empty() ? "files written; tick it off with --by-hand "
                                                     "after the upload"
                  : recorded                       ? "done and on record"
                             : "the test was accepted; nothing is reported yet: repeat it with "
                               "--production"),
      document);
  return accepted ? Exit::success : Exit::conflict;
}

Exit register_command(const Context& context, const Options& options) {
  const auto way = check_way(options);
  if (!way) return context.fail(way.error());
  const auto id = RegisterId::parse(options.subject);
  if (!id) return context.fail(id.error());
  auto shop = open_austrian(context, Shop::Mode::write);
  if (!shop) return context.fail(shop.error());
  const auto state = (*shop)->state();
  if (!state) return context.fail(state.error());
  const auto reg = state->registers.find(id->text());
  if (reg == state->registers.end())
    return context.fail(
        not_found("E-REG-104", fmt::format("register {} is not known", id->text()), "register"));
  Result<bool> accepted = true;
  if (!options.finanzonline.empty()) {
    accepted =
        register_with_finanzonline(context, **shop, *id, options.finanzonline, options.production);
  } else {
    auto items = at::registration_items(**shop, *state, reg->second.info);
    if (!items) return context.fail(items.error());
    accepted = tell(context, **shop, options, std::move(*items));
  }
  if (!accepted) return context.fail(accepted.error());
  return answer(context, options, *accepted, fmt::format("registration of {}", id->text()));
}

Result<finanzonline::SignerOutageReason> reason_of(const std::string& word) {
  if (word.empty() || word == "cannot-sign") return finanzonline::SignerOutageReason::cannot_sign;
  if (word == "theft") return finanzonline::SignerOutageReason::theft_or_loss;
  if (word == "other") return finanzonline::SignerOutageReason::other;
  return invalid("E-AUT-144", fmt::format("\"{}\" is not theft, cannot-sign or other", word),
                 "--reason");
}

/// The device, by our name for it or by its serial.
Result<SignerInfo> signer_named(const recorder::State& state, const std::string& name) {
  for (const auto& [id, info] : state.signers)
    if (id == name || info.serial == name) return info;
  return not_found("E-AUT-104", fmt::format("no signature device \"{}\" is in operation", name),
                   "device");
}

Exit outage_report(const Context& context, const Options& options, bool ends) {
  const auto way = check_way(options);
  if (!way) return context.fail(way.error());
  auto shop = open_austrian(context, Shop::Mode::write);
  if (!shop) return context.fail(shop.error());
  bool accepted = false;
  const auto run = [&]() -> Status {
    SIEGEL_TRY(const recorder::State state, (*shop)->state());
    SIEGEL_TRY(const SignerInfo info, signer_named(state, options.subject));
    SIEGEL_TRY(auto serial, finanzonline::CertificateSerial::parse(info.serial));
    const auto outage = state.outages.find(info.id);
    const bool open = outage != state.outages.end() && outage->second.open;
    std::vector<finanzonline::Item> items;
    if (options.for_good) {
      items.emplace_back(
          finanzonline::SignerEnd{.serial = std::move(serial),
                                  .reason = open ? finanzonline::EndReason::irreparable
                                                 : finanzonline::EndReason::planned});
    } else if (ends) {
      if (open)
        return conflict("E-AUT-145", fmt::format("{} does not work yet", info.id), "device");
      items.emplace_back(finanzonline::SignerRecovery{.serial = std::move(serial),
                                                      .end = context.clock.now().wall});
    } else {
      SIEGEL_TRY(const auto reason, reason_of(options.reason));
      const bool lost = reason == finanzonline::SignerOutageReason::theft_or_loss;
      if (!open && !lost)
        return conflict("E-AUT-146", fmt::format("{} has no outage on record", info.id), "device");
      items.emplace_back(finanzonline::SignerOutage{
          .serial = std::move(serial),
          .reason = reason,
          .begin = open ? outage->second.open->since : context.clock.now().wall});
    }
    SIEGEL_TRY(accepted, tell(context, **shop, options, std::move(items)));
    return Ok{};
  };
  if (const auto done = run(); !done) return context.fail(done.error());
  return answer(context, options, accepted,
                fmt::format("{} of {}", ends ? "end of the outage" : "outage", options.subject));
}

/// A register that has its Schlussbeleg, or whose state is lost, ends for the authority too.
Exit end_register(const Context& context, const Options& options) {
  const auto way = check_way(options);
  if (!way) return context.fail(way.error());
  const auto id = RegisterId::parse(options.subject);
  if (!id) return context.fail(id.error());
  // A data folder whose state is lost opens for reading only; its file for the upload can be made.
  const auto mode = options.upload_folder.empty() ? Shop::Mode::write : Shop::Mode::read;
  auto shop = open_austrian(context, mode);
  if (!shop) return context.fail(shop.error());
  const auto state = (*shop)->state();
  if (!state) return context.fail(state.error());
  const auto reg = state->registers.find(id->text());
  if (reg == state->registers.end())
    return context.fail(
        not_found("E-REG-104", fmt::format("register {} is not known", id->text()), "register"));
  const bool lost = options.reason == "irreparable";
  if (!lost && !(reg->second.rksv && reg->second.rksv->ended))
    return context.fail(conflict(
        "E-AUT-147",
        fmt::format("register {} has no Schlussbeleg yet: siegel at receipt final --register {}",
                    id->text(), id->text()),
        "register"));
  std::vector<finanzonline::Item> items;
  items.emplace_back(finanzonline::RegisterEnd{
      .id = *id,
      .reason = lost ? finanzonline::EndReason::irreparable : finanzonline::EndReason::planned});
  const auto accepted = tell(context, **shop, options, std::move(items));
  if (!accepted) return context.fail(accepted.error());
  return answer(context, options, *accepted, fmt::format("end of {}", id->text()));
}

CommandLine::Command& add_way(CommandLine::Command& command, Options& options) {
  return command
      .option("--finanzonline", options.finanzonline, "FILE", "access data of the web service")
      .flag("--production", options.production, "really transmit; without it only a test")
      .option("--xml", options.upload_folder, "FOLDER", "write the file for the upload instead")
      .flag("--by-hand", options.by_hand, "it was done in the browser: tick it off");
}

}  // namespace

void add_at_report(CommandLine& line, Context& context) {
  Options& options = line.own<Options>();
  add_way(line.command("at register",
                       "Register a register and its devices with FinanzOnline, or tick it off")
              .example("siegel at register KASSE-01 --finanzonline access.json")
              .example("siegel at register KASSE-01 --finanzonline access.json --production")
              .example("siegel at register KASSE-01 --by-hand")
              .positional("register", options.subject, "Kassen-ID")
              .required(),
          options)
      .run([&] { return register_command(context, options); });
  line.group("at outage", "Outages of signature devices, as FinanzOnline wants to know them");
  add_way(line.command("at outage report", "Report that a device has failed (48 hours) or is lost")
              .example("siegel at outage report card-1 --finanzonline access.json --production")
              .example("siegel at outage report card-1 --reason theft --by-hand")
              .positional("device", options.subject, "id or serial of the device")
              .required()
              .option("--reason", options.reason, "WORD",
                      "cannot-sign (default), theft (or loss), other")
              .flag("--for-good", options.for_good, "it is never used again"),
          options)
      .run([&] { return outage_report(context, options, false); });
  add_way(line.command("at outage end", "Report that a device works again")
              .example("siegel at outage end card-1 --finanzonline access.json --production")
              .positional("device", options.subject, "id or serial of the device")
              .required(),
          options)
      .run([&] { return outage_report(context, options, true); });
  add_way(
      line.command("at end", "Report the end of a register, after its Schlussbeleg")
          .example("siegel at end KASSE-01 --finanzonline access.json --production")
          .example("siegel at end KASSE-01 --reason irreparable --by-hand   (its state is lost)")
          .positional("register", options.subject, "Kassen-ID")
          .required()
          .option("--reason", options.reason, "WORD", "planned (default), irreparable"),
      options)
      .run([&] { return end_register(context, options); });
}

}  // namespace siegel::app
