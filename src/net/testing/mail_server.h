#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "format/json.h"

// A real mail server for tests: Debian's python3-aiosmtpd in a process of its own, which ends with
// the object (or with the test program, whatever happens to it).
namespace siegel::net::testing {

struct MailServerOptions {
  std::string kind = "plain";  ///< plain, starttls, tls; https: a web server that answers 200
  std::string user = {};       ///< empty: no login wanted
  std::string password = {};
};

struct ReceivedMail {
  std::string from;
  std::vector<std::string> to;
  std::string user;     ///< who had logged in
  bool tls = false;     ///< the connection was encrypted when the mail came
  std::string content;  ///< as received, CRLF
};

/// Recipients `gone@...` are refused for good (550), `later@...` for now (451), mails that hold
/// "refuse this mail" after they were sent (554).
class MailServer {
 public:
  /// `source_dir`: the checkout (SIEGEL_SOURCE_DIR). Waits until the server listens. Error
  /// E-NET-101: it does not start.
  static Result<std::unique_ptr<MailServer>> start(const std::filesystem::path& source_dir,
                                                   const MailServerOptions& options);
  ~MailServer();
  MailServer(const MailServer&) = delete;
  MailServer& operator=(const MailServer&) = delete;

  [[nodiscard]] std::uint16_t port() const { return m_port; }
  /// The certificate to trust (PEM); exists unless the kind is plain.
  [[nodiscard]] std::filesystem::path ca_file() const { return m_folder / "certificate.pem"; }
  /// The next mail it took, in order; waits for it. Error E-NET-101: none came.
  [[nodiscard]] Result<ReceivedMail> next();

 private:
  MailServer() = default;
  Status launch(const std::filesystem::path& source_dir, const MailServerOptions& options);
  Result<json::Value> next_line();

  std::filesystem::path m_folder;
  pid_t m_process = -1;
  int m_input = -1;
  int m_output = -1;
  std::string m_pending;
  std::uint16_t m_port = 0;
};

}  // namespace siegel::net::testing
