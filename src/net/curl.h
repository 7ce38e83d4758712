#pragma once

#include <curl/curl.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "crypto/secret.h"

// What the clients of this module share of libcurl. Not part of the module's promise.
namespace siegel::net {

struct EasyCleanup {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
using Easy = std::unique_ptr<CURL, EasyCleanup>;

struct ListCleanup {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using List = std::unique_ptr<curl_slist, ListCleanup>;

struct UrlCleanup {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
using Url = std::unique_ptr<CURLU, UrlCleanup>;

/// Null if there is no memory. Initialises the library at the first call.
[[nodiscard]] Easy make_easy();

/// Adds a line to a list. False if there is no memory.
[[nodiscard]] bool add(List& list, const std::string& line);

/// The secret with a zero byte behind it, as the library wants it. The library keeps a copy of its
/// own until the handle is reset, which it does not wipe.
[[nodiscard]] crypto::SecretBytes terminated(const crypto::SecretBytes& secret);
[[nodiscard]] const char* c_text(const crypto::SecretBytes& terminated);

/// A part of a URL; empty if there is none.
[[nodiscard]] std::string part(const Url& url, CURLUPart what, unsigned flags = 0);

/// 127.0.0.0/8, ::1 (with or without brackets) and localhost.
[[nodiscard]] bool is_loopback(std::string_view host);

struct CommonOptions {
  std::chrono::milliseconds connect_timeout;
  std::chrono::milliseconds total_timeout;
  const std::filesystem::path& ca_file;
  const std::string& proxy;
  char* error_text;  ///< CURL_ERROR_SIZE bytes, valid as long as the handle uses them
  const std::atomic<bool>* stop = nullptr;  ///< ends the transfer when it becomes true
};
/// Time limits, verified TLS from 1.2 on, no redirects, no signals, nothing from the environment.
void set_common(CURL* easy, const CommonOptions& options);

enum class Sent { no, perhaps };
/// The Error for a failed transfer to `place` ("https://example.org"), with what the library says.
/// `too_large`: our own limit ended it.
[[nodiscard]] Error failure(CURLcode code, Sent sent, std::string_view place,
                            std::string_view error_text, bool too_large);

}  // namespace siegel::net
