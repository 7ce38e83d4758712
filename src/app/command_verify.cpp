#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>

#include "app/commands.h"
#include "app/report_text.h"
#include "app/verify_dsfinvk.h"
#include "app/verify_rksv.h"
#include "base/file.h"
#include "crypto/x509.h"
#include "verify/journal/journal.h"
#include "verify/page.h"
#include "verify/qr/code.h"
#include "verify/sarif.h"
#include "verify/tse/logs.h"

namespace siegel::app {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::vector<std::string> what, trust, crl, tar;
  std::vector<std::string> codes, dfka, heads;
  std::string witness, container, registration, journal, sarif, html;
  bool accept_future = false;
};

constexpr std::uint64_t picture_bytes_max = std::uint64_t{32} << 20;
constexpr std::uint64_t certificate_bytes_max = 1U << 20U;

bool is_code(const std::string& text) { return text.starts_with("V0;"); }

Result<std::string> first_bytes(const fs::path& path) {
  // Enough to tell a picture, a database and a text apart.
  std::FILE* file = std::fopen(path.c_str(), "rb");
  if (file == nullptr)
    return not_found("E-VER-001", fmt::format("{} cannot be opened", path.string()), path.string());
  std::array<char, 16> head{};
  const std::size_t n = std::fread(head.data(), 1, head.size(), file);
  std::fclose(file);
  return std::string(head.data(), n);
}

Result<verify::tse::Options> trust_of(const Options& options, const Context& context) {
  verify::tse::Options out;
  for (const std::string& path : options.trust) {
    SIEGEL_TRY(const Bytes bytes, read_file(path, certificate_bytes_max));
    SIEGEL_TRY(auto certificate, crypto::Certificate::parse(bytes));
    out.trust_anchors.push_back(std::move(certificate));
  }
  for (const std::string& path : options.crl) {
    SIEGEL_TRY(const Bytes bytes, read_file(path, certificate_bytes_max));
    SIEGEL_TRY(auto crl, crypto::Crl::parse(bytes));
    out.crls.push_back(std::move(crl));
  }
  out.progress = progress_of(context);
  return out;
}

std::vector<verify::tse::Input> inputs_of(const std::vector<std::string>& paths) {
  std::vector<verify::tse::Input> inputs;
  for (const std::string& path : paths) inputs.push_back({.path = path, .bytes = {}});
  return inputs;
}

Result<verify::Report> verify_one(const Context& context, const Options& options) {
  const std::string& first = options.what.front();
  if (is_code(first))
    return verify::qr::verify_codes(options.what, {.logs = inputs_of(options.tar)});
  std::error_code ignored;
  const fs::path path = first;
  const fs::path journal = fs::is_directory(path, ignored) ? path / "journal.db" : path;
  const bool is_journal = fs::is_directory(path, ignored) && fs::exists(journal, ignored);
  if (!is_journal && !fs::is_directory(path, ignored)) {
    SIEGEL_TRY(const std::string head, first_bytes(path));
    if (head.starts_with("\x89PNG")) {
      SIEGEL_TRY(const Bytes picture, read_file(path, picture_bytes_max));
      return verify::qr::verify_picture(picture, {.logs = inputs_of(options.tar)});
    }
    if (is_code(head)) {
      SIEGEL_TRY(const Bytes bytes, read_file(path, picture_bytes_max));
      std::vector<std::string> codes;
      std::string_view rest = text_of(bytes);
      while (!rest.empty()) {
        const auto end = std::min(rest.find('\n'), rest.size());
        std::string_view code = rest.substr(0, end);
        if (code.ends_with('\r')) code.remove_suffix(1);
        if (!code.empty()) codes.emplace_back(code);
        rest.remove_prefix(std::min(end + 1, rest.size()));
      }
      return verify::qr::verify_codes(codes, {.logs = inputs_of(options.tar)});
    }
    if (!head.starts_with("SQLite format 3")) {
      SIEGEL_TRY(const verify::tse::Options trust, trust_of(options, context));
      return verify::tse::verify_logs(inputs_of(options.what), trust);
    }
  } else if (!is_journal) {
    SIEGEL_TRY(const verify::tse::Options trust, trust_of(options, context));
    return verify::tse::verify_logs(inputs_of(options.what), trust);
  }
  verify::journal::Options journal_options;
  if (!options.witness.empty()) journal_options.witness = options.witness;
  for (const std::string& text : options.heads) {
    SIEGEL_TRY(auto head, verify::journal::head_from_text(text));
    journal_options.heads.push_back(std::move(head));
  }
  journal_options.logs = inputs_of(options.tar);
  journal_options.progress = progress_of(context);
  return verify::journal::verify_journal(journal, journal_options);
}

/// The report as files besides.
Status write_outputs(const Context& context, const Options& options, const verify::Report& report,
                     verify::PageInput page) {
  if (!options.sarif.empty())
    SIEGEL_TRY_OK(write_file(options.sarif, bytes_of(verify::sarif(report))));
  if (options.html.empty()) return Ok{};
  page.german = context.german();
  page.subject = fs::path(options.what.front()).filename().string();
  return write_file(options.html, bytes_of(verify::html_page(report, page)));
}

Exit verify_export(const Context& context, const Options& options) {
  const auto trust = trust_of(options, context);
  if (!trust) return context.fail(trust.error());
  const auto checked = verify_dsfinvk(context, {.what = options.what.front(),
                                                .logs = inputs_of(options.tar),
                                                .codes = options.codes,
                                                .registration = options.registration,
                                                .journal = options.journal,
                                                .dfka = options.dfka,
                                                .trust = *trust});
  if (!checked) return context.fail(checked.error());
  if (const Status done = write_outputs(context, options, checked->report, checked->page); !done)
    return context.fail(done.error());
  return show_report(context, checked->report);
}

Exit verify_command(const Context& context, const Options& options) {
  if (is_dsfinvk(options.what)) return verify_export(context, options);
  const RksvRequest austrian{.what = options.what,
                             .container = options.container,
                             .trust = options.trust,
                             .accept_future = options.accept_future};
  if (is_rksv(austrian)) return verify_rksv(context, austrian);
  const auto report = verify_one(context, options);
  if (!report) return context.fail(report.error());
  if (const Status done = write_outputs(context, options, *report, {}); !done)
    return context.fail(done.error());
  return show_report(context, *report);
}

}  // namespace

void add_verify(CommandLine& line, Context& context) {
  Options& options = line.own<Options>();
  line.command(
          "verify",
          "Check anyone's DSFinV-K, TSE export, DEP, log files, code of a receipt, or a journal")
      .example("siegel verify export.tar --trust root.pem")
      .example("siegel verify receipt.png")
      .example("siegel verify 'V0;KASSE-01;Kassenbeleg-V1;Beleg^...'")
      .example("siegel verify siegel-data --tar export.tar")
      .example("siegel verify dsfinvk.zip --tar export.tar --html report.html")
      .example("siegel verify dep-export.json --container container.json")
      .positionals("what", options.what,
                   "TAR archives, a folder of .log files, a PNG, a code, a file of codes, a data "
                   "folder or journal.db; a DSFinV-K export (folder or ZIP); a DEP of Austria")
      .required()
      .list("--trust", options.trust, "FILE", "certificate (DER or PEM) that is believed")
      .list("--crl", options.crl, "FILE", "revocation list, offline")
      .list("--tar", options.tar, "FILE", "TSE export to compare with")
      .list("--codes", options.codes, "CODE", "DSFinV-K: QR code of a receipt to look up")
      .option("--registration", options.registration, "FILE",
              "DSFinV-K: XML of the report to the tax office")
      .option("--journal", options.journal, "DIR",
              "DSFinV-K: data folder whose journal it is compared with")
      .list("--dfka", options.dfka, "FILE", "DSFinV-K: DFKA JSON of a closing to compare with")
      .option("--sarif", options.sarif, "FILE", "write the findings as SARIF too")
      .option("--html", options.html, "FILE", "write one HTML page too")
      .option("--witness", options.witness, "FILE", "the journal's witness, kept outside")
      .list("--head", options.heads, "SEQUENCE:HASH",
            "head of the journal as a Z slip shows it; the journal must contain it")
      .option("--container", options.container, "FILE",
              "keys of an Austrian register (cryptographic material container)")
      .flag("--accept-future", options.accept_future,
            "Austria: receipts of the future are accepted")
      .run([&] { return verify_command(context, options); });
}

}  // namespace siegel::app
