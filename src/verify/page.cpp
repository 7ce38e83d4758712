#include "verify/page.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace siegel::verify {

namespace {

constexpr std::string_view style = R"(
:root{color-scheme:light dark;--bad:#b3261e;--warn:#8a5a00;--info:#3a5f8a;--good:#1b6e3c;
--line:#8884;--bar:#4a7fb5}
body{font:16px/1.45 system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.6rem;margin:0 0 .2rem}h2{font-size:1.15rem;margin:2rem 0 .5rem}
.verdict{font-weight:700}.fail,.violation{color:var(--bad)}.findings,.warning{color:var(--warn)}
.pass{color:var(--good)}.info{color:var(--info)}
table{border-collapse:collapse;width:100%;font-size:.92rem}
th,td{text-align:left;vertical-align:top;padding:.3rem .6rem;border-bottom:1px solid var(--line);
overflow-wrap:anywhere}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.1rem 1.2rem;margin:1rem 0}dd{margin:0}
details{margin:.4rem 0;border:1px solid var(--line);border-radius:.4rem;padding:.4rem .8rem}
summary{cursor:pointer}summary code{font-weight:700}
svg{width:100%;height:auto;display:block}.serial{font-family:monospace;font-size:.8rem;
overflow-wrap:anywhere}.legend span{margin-right:1.2rem}.key{display:inline-block;width:.8rem;
height:.8rem;margin-right:.3rem;border-radius:.15rem}
@media print{details{break-inside:avoid}}
)";

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

class Page {
 public:
  Page(const Report& report, const PageInput& input) : m_report(report), m_input(input) {}

  std::string make() {
    const std::string_view title = say("Prüfbericht", "Verification report");
    m_out = fmt::format(
        "<!doctype html>\n<html lang=\"{}\"><head><meta charset=\"utf-8\">"
        "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
        "style-src 'unsafe-inline'\"><title>{} {}</title><style>{}</style></head><body>\n",
        m_input.german ? "de" : "en", title, escaped(m_input.subject), style);
    m_out += fmt::format("<h1>{}</h1><p>{}</p>\n", title, escaped(m_input.subject));
    head();
    strips();
    findings();
    not_checked();
    m_out += "</body></html>\n";
    return std::move(m_out);
  }

 private:
  [[nodiscard]] std::string_view say(std::string_view german, std::string_view english) const {
    return m_input.german ? german : english;
  }

  [[nodiscard]] std::string_view verdict_text() const {
    switch (m_report.verdict()) {
      case Verdict::pass:
        return say("Keine Beanstandung", "Nothing found");
      case Verdict::findings:
        return say("Keine Verletzung, aber Hinweise", "No violation, but remarks");
      case Verdict::fail:
        return say("Verletzungen gefunden", "Violations found");
    }
    return "";
  }

  [[nodiscard]] std::string_view severity_text(Severity severity) const {
    switch (severity) {
      case Severity::violation:
        return say("Verletzung", "violation");
      case Severity::warning:
        return say("Warnung", "warning");
      case Severity::info:
        return say("Hinweis", "remark");
    }
    return "";
  }

  void figure(std::string_view label, std::string_view value) {
    m_out += fmt::format("<dt>{}</dt><dd>{}</dd>", escaped(label), escaped(value));
  }

  void head() {
    m_out += fmt::format("<p class=\"verdict {}\">{}</p>\n<dl>", verdict_name(m_report.verdict()),
                         verdict_text());
    for (const auto& [label, value] : m_input.figures) figure(label, value);
    figure(say("Signaturen geprüft", "Signatures checked"),
           fmt::format("{} ({} {}, {} {})", m_report.signatures.checked, m_report.signatures.valid,
                       say("gültig", "valid"), m_report.signatures.invalid,
                       say("ungültig", "invalid")));
    figure(say("Verletzungen", "Violations"),
           fmt::format("{}", m_report.count(Severity::violation)));
    figure(say("Warnungen", "Warnings"), fmt::format("{}", m_report.count(Severity::warning)));
    figure(say("Hinweise", "Remarks"), fmt::format("{}", m_report.count(Severity::info)));
    m_out += "</dl>\n";
  }

  void bar(std::size_t at, std::uint64_t height, std::uint64_t base, std::string_view colour,
           const std::string& label) {
    m_out += fmt::format(
        "<rect x=\"{}\" y=\"{}\" width=\"3.4\" height=\"{}\" fill=\"{}\"><title>{}</title></rect>",
        at * 4, base - height, height, colour, label);
  }

  void strips() {
    if (m_input.strips.empty()) return;
    m_out += fmt::format("<h2>{}</h2><p class=\"legend\">",
                         say("Signaturzähler über die Zeit", "Signature counters over time"));
    const auto legend = [&](std::string_view colour, std::string_view text) {
      m_out +=
          fmt::format("<span><i class=\"key\" style=\"background:{}\"></i>{}</span>", colour, text);
    };
    legend("#4a7fb5", say("Signaturen", "signatures"));
    legend("#b3261e", say("fehlende Nummern", "missing numbers"));
    legend("#d39a1e", say("Belege ohne TSE", "receipts without TSE"));
    m_out += "</p>\n";
    for (const Strip& strip : m_input.strips) {
      std::uint64_t most = 1;
      for (const Strip::Part& part : strip.parts) most = std::max(most, part.signatures);
      m_out += fmt::format("<p class=\"serial\">{}</p><svg viewBox=\"0 0 {} 76\" role=\"img\">",
                           escaped(strip.serial), strip.parts.size() * 4);
      for (std::size_t i = 0; i < strip.parts.size(); ++i) {
        const Strip::Part& part = strip.parts[i];
        if (part.signatures > 0)
          bar(i, std::max<std::uint64_t>(1, part.signatures * 48 / most), 50, "#4a7fb5",
              fmt::format("{} {}", part.signatures, say("Signaturen", "signatures")));
        if (part.missing > 0)
          bar(i, 8, 60, "#b3261e", fmt::format("{} {}", part.missing, say("fehlen", "missing")));
        if (part.outages > 0)
          bar(i, 8, 70, "#d39a1e",
              fmt::format("{} {}", part.outages, say("ohne TSE", "without TSE")));
      }
      m_out += fmt::format("</svg><p>{} &ndash; {}</p>\n", strip.from.text(), strip.until.text());
    }
  }

  void findings() {
    const std::vector<Finding> all = m_report.findings();
    m_out += fmt::format("<h2>{}</h2>\n", say("Befunde", "Findings"));
    if (all.empty()) m_out += fmt::format("<p>{}</p>\n", say("Keine.", "None."));
    // By severity, then by rule.
    std::map<std::pair<Severity, std::string_view>, std::vector<const Finding*>> groups;
    for (const Finding& finding : all) groups[{finding.severity, finding.rule}].push_back(&finding);
    for (const auto& [key, group] : groups) {
      const auto& [severity, id] = key;
      const Rule* rule = find_rule(id);
      m_out += fmt::format(
          "<details{}><summary><code>{}</code> <span class=\"{}\">{}</span> {} ({})</summary>"
          "<p>{}</p><table><thead><tr><th>{}</th><th>{}</th><th>{}</th></tr></thead><tbody>\n",
          severity == Severity::violation ? " open" : "", escaped(id), severity_name(severity),
          severity_text(severity), escaped(m_input.german ? rule->title_de : rule->title_en),
          group.size(), escaped(rule->source), say("Stelle", "Place"), say("Gefunden", "Found"),
          say("Erwartet", "Expected"));
      for (const Finding* finding : group)
        m_out +=
            fmt::format("<tr><td>{}</td><td>{}</td><td>{}</td></tr>\n", escaped(finding->place),
                        escaped(finding->found), escaped(finding->expected));
      m_out += "</tbody></table></details>\n";
    }
  }

  void not_checked() {
    if (m_report.not_checked().empty()) return;
    m_out += fmt::format("<h2>{}</h2><table><tbody>\n", say("Nicht geprüft", "Not checked"));
    for (const Report::NotChecked& one : m_report.not_checked())
      m_out += fmt::format("<tr><td><code>{}</code></td><td>{}</td></tr>\n", escaped(one.rule),
                           escaped(one.why));
    m_out += "</tbody></table>\n";
  }

  const Report& m_report;
  const PageInput& m_input;
  std::string m_out;
};

}  // namespace

std::string html_page(const Report& report, const PageInput& input) {
  return Page(report, input).make();
}

}  // namespace siegel::verify
