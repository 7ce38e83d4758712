#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/result.h"
#include "base/time.h"
#include "finanzonline/answers.h"
#include "finanzonline/codes.h"
#include "finanzonline/requests.h"
#include "net/http.h"

namespace siegel::finanzonline {

struct Options {
  /// Without a slash at the end; "/session", "/rkdb" and "/databox" follow it.
  std::string base_url = "https://finanzonline.bmf.gv.at/fonws/ws";
  Mode mode = Mode::test;
  net::HttpOptions http = {};
};

/// Our clock against the server's, as an answer showed it.
struct ClockDifference {
  Instant server;
  /// We are ahead by at least this much (0 if we need not be). Register time ahead of theirs makes
  /// the check of a Startbeleg fail; two minutes were enough.
  std::chrono::milliseconds ahead{0};
  std::chrono::milliseconds behind{0};  ///< the same the other way round; harmless

  /// Ahead by more than 2 seconds.
  [[nodiscard]] bool too_far_ahead() const;
  /// W-FON-101 with both times if too_far_ahead(); kind invalid: it is the input that is wrong.
  [[nodiscard]] std::optional<Error> warning() const;
};
/// The server wrote `date` (whole seconds) between `sent` and `received` of our clock.
[[nodiscard]] ClockDifference clock_difference(Instant sent, Instant received, Instant date);

/// What became of one item sent alone.
struct Outcome {
  ItemResult result;
  ReturnCode code;  ///< of result.message()
  Next next = Next::done;
  /// Of a status query; also asked by itself after B1, B10 and B13, which do not say whether it is
  /// as wished.
  std::optional<StatusAnswer> status;
};

/// What became of a package.
struct Receipt {
  std::uint32_t number = 0;
  bool asynchronous = false;  ///< results will come into the DataBox: await_protocol()
  std::vector<ItemResult> items;
};

/// The web services of FinanzOnline. Blocking; one thread at a time. Logs in at the first call, and
/// once again if an answer says that the session has ended; never again after a refused login,
/// because repeated wrong PINs lock the user. Nothing is sent again by itself after an error.
/// Texts of FinanzOnline that repeat a PIN or key are not shown.
///
/// Errors of every call beside those named there: E-NET-002 to 009 (kind `unknown`: it may have
/// been done: ask the status), E-FON-010 to 013,
/// E-FON-014 invalid: login refused (access data, locked user, not entitled; detail says which).
/// E-FON-015 unavailable: FinanzOnline is under maintenance or has a technical fault.
/// E-FON-016 unavailable: the session ends again right after a new login.
/// E-FON-017 unavailable: an HTTP status without an answer we know.
class Client {
 public:
  /// `clock` and `random` are borrowed for the life of the client. E-FON-001.
  static Result<Client> make(Options options, Credentials credentials, const Clock& clock,
                             Random& random);

  /// Logs in now, to try the access data. Other calls do it by themselves.
  [[nodiscard]] Status login();
  /// Ends the session; fine if there is none.
  [[nodiscard]] Status logout();

  /// Sends one item and waits for its result. Package number: chance. E-FON-003.
  [[nodiscard]] Result<Outcome> submit(Item item);
  /// Sends many items of one element, for later processing if more than one. E-FON-003.
  [[nodiscard]] Result<Receipt> submit(const Package& package);
  [[nodiscard]] Result<Outcome> status(StatusOf of);

  [[nodiscard]] Result<DataboxAnswer> databox(const DataboxQuery& query);
  /// The content of an entry. E-FON-018 not_found: there is none with this key.
  [[nodiscard]] Result<Bytes> databox_entry(std::string_view key);
  /// Looks once into the DataBox for the protocol of a package sent at `since` (at most 31 days
  /// ago); empty if it is not there within 7 days of that. Protocols looked into are marked as
  /// read. E-FON-003: too long ago. E-FON-019: the DataBox refuses the query.
  [[nodiscard]] Result<std::optional<PackageAnswer>> find_protocol(std::uint32_t number,
                                                                   Instant since);
  struct Patience {
    int looks = 30;  ///< at least 1
    std::chrono::milliseconds interval{10'000};
  };
  /// find_protocol() again and again. Empty if it has not come within the patience; it may come
  /// later.
  [[nodiscard]] Result<std::optional<PackageAnswer>> await_protocol(std::uint32_t number,
                                                                    Instant since,
                                                                    Patience patience);

  /// By the last answer with a date; empty if there was none.
  [[nodiscard]] std::optional<ClockDifference> clock() const { return m_difference; }
  [[nodiscard]] Mode mode() const { return m_options.mode; }

 private:
  Client(Options options, Credentials credentials, const Clock& clock, Random& random);
  template <class Answer, class Make, class Parse>
  Result<Answer> in_session(std::string_view path, std::string_view action, const Make& make,
                            const Parse& parse);
  Result<std::string> post(std::string_view path, std::string_view action, BytesView envelope);
  Result<PackageAnswer> send_package(const Package& package);
  Result<PackageAnswer> send_status(const StatusQuery& query);
  [[nodiscard]] std::uint32_t some_number();

  Options m_options;
  Credentials m_credentials;
  const Clock* m_clock;
  Random* m_random;
  net::HttpClient m_http;
  std::optional<Session> m_session;
  std::optional<Error> m_refused;  // a refused login, remembered
  std::optional<ClockDifference> m_difference;
  struct Looked {
    std::string key;
    std::uint32_t number;  // of the package; 0: no protocol
  };
  std::vector<Looked> m_looked_into;
};

}  // namespace siegel::finanzonline
