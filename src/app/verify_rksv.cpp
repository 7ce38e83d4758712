#include "app/verify_rksv.h"

#include <fmt/format.h>

#include <array>
#include <cstdio>
#include <filesystem>

#include "app/report_text.h"
#include "base/file.h"
#include "crypto/x509.h"
#include "verify/rksv/rksv.h"

namespace siegel::app {

namespace {

namespace fs = std::filesystem;
namespace rksv = verify::rksv;

constexpr std::uint64_t text_bytes_max = std::uint64_t{32} << 20;
constexpr std::uint64_t certificate_bytes_max = 1U << 20U;

/// Enough to tell a picture, a DEP and a list apart; empty if there is no such file.
std::string head_of(const fs::path& path) {
  std::error_code ignored;
  // What is no file is read once only, by the verification.
  if (!fs::is_regular_file(path, ignored)) return {};
  std::FILE* file = std::fopen(path.c_str(), "rb");
  if (file == nullptr) return {};
  std::array<char, 4096> head{};
  const std::size_t n = std::fread(head.data(), 1, head.size(), file);
  static_cast<void>(std::fclose(file));  // it was only read
  return std::string(head.data(), n);
}

class Stdout final : public Sink {
 public:
  explicit Stdout(const Context& context) : m_context(context) {}
  Status write(BytesView bytes) override {
    m_context.write(text_of(bytes));
    return Ok{};
  }

 private:
  const Context& m_context;
};

Result<rksv::Options> options_of(const Context& context, const RksvRequest& request) {
  rksv::Options out;
  out.now = context.clock.now().wall;
  out.accept_future = request.accept_future;
  out.keep_official_receipts = context.json;
  out.progress = progress_of(context);
  for (const std::string& path : request.trust) {
    SIEGEL_TRY(const Bytes bytes, read_file(path, certificate_bytes_max));
    SIEGEL_TRY(auto certificate, crypto::Certificate::parse(bytes));
    out.trust_anchors.push_back(std::move(certificate));
  }
  return out;
}

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!line.empty()) out.emplace_back(line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

Result<rksv::Outcome> outcome_of(const Context& context, const RksvRequest& request) {
  if (request.container.empty()) {
    return invalid("E-VER-007",
                   "a DEP or a code of an Austrian register is checked with the keys of its "
                   "register: give the container with --container FILE",
                   request.what.front().substr(0, 100));
  }
  const rksv::Input container{.path = request.container};
  SIEGEL_TRY(const rksv::Options options, options_of(context, request));
  const std::string& first = request.what.front();
  if (rksv::is_code(first)) return rksv::verify_codes(request.what, container, options);
  if (request.what.size() > 1) {
    return invalid("E-VER-008", "with --container one file is checked at a time", request.what[1]);
  }
  const std::string head = head_of(first);
  if (head.starts_with("\x89PNG")) {
    SIEGEL_TRY(const Bytes picture, read_file(first, text_bytes_max));
    return rksv::verify_picture(picture, container, options);
  }
  switch (rksv::shape_of(head)) {
    case rksv::Shape::code_list:
      return rksv::verify_code_list({.path = first}, container, options);
    case rksv::Shape::codes: {
      SIEGEL_TRY(const Bytes bytes, read_file(first, text_bytes_max));
      return rksv::verify_codes(lines_of(text_of(bytes)), container, options);
    }
    case rksv::Shape::dep:
    case rksv::Shape::none:
      break;
  }
  return rksv::verify_dep({.path = first}, container, options);
}

}  // namespace

bool is_rksv(const RksvRequest& request) {
  if (!request.container.empty() || rksv::is_code(request.what.front())) return true;
  return rksv::shape_of(head_of(request.what.front())) != rksv::Shape::none;
}

Exit verify_rksv(const Context& context, const RksvRequest& request) {
  const auto outcome = outcome_of(context, request);
  if (!outcome) return context.fail(outcome.error());
  if (context.json) {
    Stdout out(context);
    if (const Status written = outcome->write_json(out); !written) {
      return context.fail(written.error());
    }
    context.write("\n");
    return outcome->report.verdict() == verify::Verdict::fail ? Exit::findings : Exit::success;
  }
  const Exit exit = show_report(context, outcome->report);
  std::string official;
  for (const std::string_view id : outcome->official.failing())
    official += fmt::format(" ({})", id);
  context.show(fmt::format("official tool: {}{}; {} receipts\n", outcome->official.state_name(),
                           official, outcome->official.count()),
               {});
  return exit;
}

}  // namespace siegel::app
