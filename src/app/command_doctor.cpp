#include <fmt/format.h>

#include <array>

#include "app/commands.h"
#include "app/doctor/doctor.h"

namespace siegel::app {
namespace {

struct Options {
  bool read_only = false, problems = false, list = false;
};

json::Value both(std::string_view de, std::string_view en) {
  json::Object out;
  out.set("de", de);
  out.set("en", en);
  return out;
}

/// Only failures and warnings are somebody's work; what cannot be found out wakes nobody.
Exit exit_of_state(Health worst) {
  switch (worst) {
    case Health::ok:
    case Health::unknown:
      return Exit::success;
    case Health::warning:
      return Exit::degraded;
    case Health::failure:
      return Exit::findings;
  }
  return Exit::failed;
}

std::string_view mark_of(Health state) {
  switch (state) {
    case Health::ok:
      return "  ok  ";
    case Health::unknown:
      return "  ?   ";
    case Health::warning:
      return " WARN ";
    case Health::failure:
      return " FAIL ";
  }
  return "";
}

Exit list(const Context& context) {
  json::Array checks;
  std::string text;
  for (const Check& check : all_checks()) {
    json::Object item;
    item.set("id", check.id);
    item.set("remedy", both(check.remedy_de, check.remedy_en));
    item.set("title", both(check.title_de, check.title_en));
    checks.push_back(std::move(item));
    text +=
        fmt::format("{:<30} {}\n", check.id, context.german() ? check.title_de : check.title_en);
  }
  json::Object document;
  document.set("checks", std::move(checks));
  context.show(text, document);
  return Exit::success;
}

Exit doctor(const Context& context, const Options& options) {
  if (options.list) return list(context);
  const auto examined = examine({.place = {context.data, {}},
                                 .environment = {context.clock, context.random},
                                 .tpm = context.tpm,
                                 .read_only = options.read_only});
  if (!examined) return context.fail(examined.error());
  const bool german = context.german();
  std::string text;
  json::Array checks;
  std::array<std::int64_t, 4> counts{};
  for (const Examined& one : *examined) {
    const Check& check = one.check;
    ++counts.at(static_cast<std::size_t>(one.finding.state));
    json::Object item;
    item.set("found", both(one.finding.de, one.finding.en));
    item.set("id", check.id);
    item.set("remedy", both(check.remedy_de, check.remedy_en));
    item.set("state", word_of(one.finding.state));
    item.set("title", both(check.title_de, check.title_en));
    checks.push_back(std::move(item));
    const bool work = one.finding.state >= Health::warning;
    if (options.problems && !work) continue;
    text += fmt::format("[{}] {} ({}): {}\n", mark_of(one.finding.state),
                        german ? check.title_de : check.title_en, check.id,
                        german ? one.finding.de : one.finding.en);
    if (work) text += fmt::format("         -> {}\n", german ? check.remedy_de : check.remedy_en);
  }
  const Health worst = worst_of(*examined);
  text += german
              ? fmt::format("{} Prüfungen: {} in Ordnung, {} Warnungen, {} Fehler, {} unbekannt\n",
                            examined->size(), counts[0], counts[2], counts[3], counts[1])
              : fmt::format("{} checks: {} ok, {} warnings, {} failures, {} unknown\n",
                            examined->size(), counts[0], counts[2], counts[3], counts[1]);
  json::Object document;
  document.set("checks", std::move(checks));
  json::Object summary;
  for (const Health state : {Health::failure, Health::ok, Health::unknown, Health::warning})
    summary.set(word_of(state), counts.at(static_cast<std::size_t>(state)));
  document.set("counts", std::move(summary));
  document.set("worst", word_of(worst));
  context.show(text, document);
  return exit_of_state(worst);
}

}  // namespace

void add_doctor(CommandLine& line, Context& context) {
  Options& options = line.own<Options>();
  line.command("doctor",
               "Look at everything, with what to do. Exit 4: warnings, 3: something does not work")
      .example("siegel doctor")
      .example("siegel doctor --problems --lang de")
      .example("siegel doctor --json --read-only")
      .flag("--problems", options.problems, "only what is to be done")
      .flag("--read-only", options.read_only, "do not start the shop: its TSEs are not asked")
      .flag("--list", options.list, "every check with its remedy, without looking")
      .run([&] { return doctor(context, options); });
}

}  // namespace siegel::app
