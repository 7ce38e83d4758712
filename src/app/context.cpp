#include "app/context.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "base/bytes.h"

namespace siegel::app {
namespace {

void put(std::FILE* file, std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), file);
  std::fflush(file);
}

// Longer than any detail of ours.
constexpr std::size_t shown_max = 1000;

}  // namespace

std::string_view outcome_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::invalid:
    case ErrorKind::conflict:
    case ErrorKind::not_found:
    case ErrorKind::unavailable:
    case ErrorKind::corrupt:
      return "not_executed";
    case ErrorKind::unknown:
      return "unknown";
  }
  return "unknown";
}

void Context::show(std::string_view text, const json::Value& document) const {
  if (json)
    put(stdout, json::pretty(document));
  else if (!quiet)
    put(stdout, text);
}

void Context::write(std::string_view bytes) const { put(stdout, bytes); }

void Context::note(std::string_view text) const {
  if (!quiet) put(stderr, text);
}

bool Context::ansi() const {
  const char* term = std::getenv("TERM");
  return !no_color && std::getenv("NO_COLOR") == nullptr && isatty(STDOUT_FILENO) == 1 &&
         term != nullptr && std::string_view(term) != "dumb";
}

Exit exit_of(const Error& error) {
  // A second writer is a matter of waiting, not of a wrong request.
  if (error.code == "E-DAT-001") return Exit::try_again;
  switch (error.kind) {
    case ErrorKind::invalid:
    case ErrorKind::corrupt:
      return Exit::failed;
    case ErrorKind::conflict:
      return Exit::conflict;
    case ErrorKind::not_found:
      return Exit::not_found;
    case ErrorKind::unavailable:
    case ErrorKind::unknown:
      return Exit::try_again;
  }
  return Exit::failed;
}

Exit Context::fail(const Error& given) const {
  // A name on the disk may be any bytes; what is shown is text.
  Error error = given;
  for (std::string* text : {&error.detail, &error.place})
    if (!valid_utf8(*text)) *text = excerpt(*text, shown_max);
  const ErrorText* known = error_text(error.code);
  const std::string_view title = known == nullptr ? std::string_view()
                                 : german()       ? known->de
                                                  : known->en;
  if (json) {
    json::Object problem;
    problem.set("code", error.code);
    problem.set("detail", error.detail);
    problem.set("outcome", outcome_of(error.kind));
    if (!error.place.empty()) problem.set("place", error.place);
    problem.set("retryable",
                error.kind == ErrorKind::unavailable || error.kind == ErrorKind::unknown);
    problem.set("title", title);
    put(stdout, json::pretty(problem));
  } else {
    put(stderr, fmt::format("{}: {}\n  {}{}\n", error.code, title.empty() ? error.detail : title,
                            title.empty() ? "" : error.detail,
                            error.place.empty() ? "" : fmt::format(" [{}]", error.place)));
    if (known != nullptr && !known->advice.empty())
      put(stderr, fmt::format("  -> {}\n", known->advice));
  }
  return exit_of(error);
}

}  // namespace siegel::app
