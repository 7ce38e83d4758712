#include "app/report_text.h"

#include <fmt/format.h>
#include <unistd.h>

namespace siegel::app {

Exit show_report(const Context& context, const verify::Report& report) {
  const verify::Verdict verdict = report.verdict();
  if (context.json) {
    context.write(report.json());
    context.write("\n");
  } else {
    std::string text;
    for (const verify::Finding& finding : report.findings()) {
      text += fmt::format("{:<9} {}  {}\n", verify::severity_name(finding.severity), finding.rule,
                          finding.place);
      if (!finding.found.empty()) text += fmt::format("          found:    {}\n", finding.found);
      if (!finding.expected.empty())
        text += fmt::format("          expected: {}\n", finding.expected);
      if (!finding.source.empty()) text += fmt::format("          {}\n", finding.source);
    }
    for (const verify::Report::NotChecked& one : report.not_checked())
      text += fmt::format("not checked {}: {}\n", one.rule, one.why);
    text += fmt::format(
        "{}: {} signatures checked, {} valid, {} invalid; {} violations, {} warnings, "
        "{} remarks\n",
        verify::verdict_name(verdict), report.signatures.checked, report.signatures.valid,
        report.signatures.invalid, report.count(verify::Severity::violation),
        report.count(verify::Severity::warning), report.count(verify::Severity::info));
    context.show(text, {});
  }
  return verdict == verify::Verdict::fail ? Exit::findings : Exit::success;
}

verify::Progress progress_of(const Context& context) {
  if (context.quiet || context.json) return {};
  const bool terminal = isatty(STDERR_FILENO) == 1;
  return [&context, terminal, tenth = std::uint64_t{0}](std::uint64_t done,
                                                        std::uint64_t total) mutable {
    if (total < (std::uint64_t{32} << 20U)) return;
    const std::uint64_t now = done * 10 / total;
    if (terminal) {
      context.note(fmt::format("\r{:3} % of {} MB{}", done * 100 / total, total >> 20U,
                               done == total ? "\n" : ""));
    } else if (now != tenth) {
      context.note(fmt::format("{} % of {} MB\n", now * 10, total >> 20U));
    }
    tenth = now;
  };
}

}  // namespace siegel::app
