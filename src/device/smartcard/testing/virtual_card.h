#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/thread.h"
#include "crypto/ec.h"

// Signature cards that are programs: the files, the PIN and the commands of each family as its
// makers describe them, with a key of P-256 of their own, and faults on demand. Strict where a
// real card is: a directory is found from its parent only, a PIN shown is good for one signature.

namespace siegel::device::smartcard::testing {

enum class CardKind {
  acos_epa,    ///< ACOS 04, first prefix
  acos_mca,    ///< ACOS 04, second prefix
  cardos_old,  ///< CardOS 5.3, first prefix
  cardos_new,  ///< CardOS 5.3, second prefix
  acos_id_v2,  ///< another answer to reset after a warm reset
  acos_id_v3,
  acos_id_v4,
  acos_id_test,
  stranger,  ///< a bank card
};

/// What a card answers where a read goes beyond the end of a file.
enum class FileEnd {
  short_9000,  ///< what there is, as if nothing were amiss; then 6B00
  warns_6282,  ///< what there is, with 6282; then 6B00
  says_6a86,   ///< what there is; then 6A86
};

struct CardSpec {
  CardKind kind = CardKind::acos_id_v4;
  std::string holder = "UID ATU12345678";
  std::string pin = "123456";
  unsigned tries_max = 3;
  bool has_certificate = true;  ///< false: not activated, the file was never written
  bool has_certificate_file = true;
  bool pin_set_up = true;
  bool second_certificate_file = false;  ///< ACOS: C000 instead of C002
  std::size_t padding = 900;             ///< zeros behind the certificate in its file
  FileEnd file_end = FileEnd::warns_6282;
  bool key_of_another_curve = false;  ///< P-384: no card for receipts
};

/// At which command a fault strikes.
enum class Step { select, read, environment, verify, put_hash, sign };

enum class Fault {
  status,     ///< the status of the script instead of an answer
  empty,      ///< 9000 without data
  damaged,    ///< one bit of the data is another
  cut,        ///< the last byte of the data is missing
  no_answer,  ///< the command is carried out, the answer is lost and the card's contact with it
  pulled,     ///< the card is taken out instead of answering, and stays out
  held,       ///< no answer before release()
};

/// Thread-safe: a test looks at it while a reader speaks to it.
class VirtualCard {
 public:
  explicit VirtualCard(CardSpec spec = {});
  VirtualCard(const VirtualCard&) = delete;
  VirtualCard& operator=(const VirtualCard&) = delete;

  // For the test.

  struct Script {
    Step step;
    Fault fault;
    std::uint16_t status = 0x6F03;
    int times = 1;  ///< how often, at the next ones of this step
  };
  void plan(Script script);
  /// Lets go of an answer that is held, and of all held from now on.
  void release();
  /// Waits until an answer is held; false after a minute.
  [[nodiscard]] bool wait_until_held();
  void set_pin(const std::string& pin);
  void activate();  ///< certificate and PIN are there from now on
  /// DER; also of a card that is not activated yet.
  [[nodiscard]] const Bytes& certificate() const { return m_certificate; }
  [[nodiscard]] std::string serial() const;  ///< lower-case hex
  [[nodiscard]] std::uint64_t wrong_pins();
  [[nodiscard]] unsigned tries_left();
  [[nodiscard]] std::uint64_t verifies();    ///< PINs shown, right or wrong
  [[nodiscard]] std::uint64_t signatures();  ///< made, whether or not anybody heard of them
  [[nodiscard]] std::uint64_t power_ups();
  /// Commands since the last call, hex; what follows `00 20` is the PIN of a test.
  [[nodiscard]] std::vector<std::string> take_commands();

  // For a reader.

  [[nodiscard]] Bytes atr();  ///< cold after power_up(), warm after reset()
  void power_up();
  void reset();
  enum class Contact { good, lost, pulled };
  struct Reply {
    Contact contact = Contact::good;
    Bytes answer;
  };
  [[nodiscard]] Reply transmit(BytesView apdu);

 private:
  struct Command;
  using Files = std::map<std::uint16_t, Bytes>;
  struct Content {
    Bytes data;
    std::uint16_t status = 0x9000;
  };

  void forget() SIEGEL_REQUIRES(m_mutex);
  void write_certificate() SIEGEL_REQUIRES(m_mutex);
  [[nodiscard]] bool is_acos() const;
  [[nodiscard]] std::uint16_t signing_directory() const;
  [[nodiscard]] std::optional<Script> scripted(Step step) SIEGEL_REQUIRES(m_mutex);
  [[nodiscard]] Content answer(const Command& command) SIEGEL_REQUIRES(m_mutex);
  [[nodiscard]] Content select(const Command& command) SIEGEL_REQUIRES(m_mutex);
  [[nodiscard]] Content read(const Command& command) SIEGEL_REQUIRES(m_mutex);
  [[nodiscard]] Content verify(const Command& command) SIEGEL_REQUIRES(m_mutex);
  [[nodiscard]] Content environment(const Command& command) SIEGEL_REQUIRES(m_mutex);
  [[nodiscard]] Content put_hash(const Command& command) SIEGEL_REQUIRES(m_mutex);
  [[nodiscard]] Content sign(const Command& command) SIEGEL_REQUIRES(m_mutex);
  [[nodiscard]] Content make_signature(BytesView hash) SIEGEL_REQUIRES(m_mutex);

  const CardSpec m_spec;
  const crypto::PrivateKey m_key;
  Bytes m_certificate;

  Mutex m_mutex;
  Condition m_changed;
  std::map<std::uint16_t, Files> m_directories SIEGEL_GUARDED_BY(m_mutex);
  std::string m_pin SIEGEL_GUARDED_BY(m_mutex);
  bool m_pin_set_up SIEGEL_GUARDED_BY(m_mutex);
  unsigned m_tries SIEGEL_GUARDED_BY(m_mutex);
  std::deque<Script> m_scripts SIEGEL_GUARDED_BY(m_mutex);
  bool m_released SIEGEL_GUARDED_BY(m_mutex) = false;
  int m_held SIEGEL_GUARDED_BY(m_mutex) = 0;
  std::uint64_t m_wrong_pins SIEGEL_GUARDED_BY(m_mutex) = 0;
  std::uint64_t m_verifies SIEGEL_GUARDED_BY(m_mutex) = 0;
  std::uint64_t m_signatures SIEGEL_GUARDED_BY(m_mutex) = 0;
  std::uint64_t m_power_ups SIEGEL_GUARDED_BY(m_mutex) = 0;
  std::vector<std::string> m_commands SIEGEL_GUARDED_BY(m_mutex);

  // What is forgotten without power.
  bool m_warm SIEGEL_GUARDED_BY(m_mutex) = false;
  std::uint16_t m_directory SIEGEL_GUARDED_BY(m_mutex) = 0x3F00;
  std::uint16_t m_file SIEGEL_GUARDED_BY(m_mutex) = 0;
  bool m_pin_shown SIEGEL_GUARDED_BY(m_mutex) = false;
  bool m_environment SIEGEL_GUARDED_BY(m_mutex) = false;
  Bytes m_hash SIEGEL_GUARDED_BY(m_mutex);
};

}  // namespace siegel::device::smartcard::testing
