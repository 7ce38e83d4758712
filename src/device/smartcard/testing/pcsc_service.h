#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/result.h"
#include "base/thread.h"
#include "device/smartcard/testing/virtual_card.h"

// The real service of card readers (pcscd) with the virtual readers of the package vsmartcard-vpcd,
// started for one test program: own socket, own readers, own end. docs/decisions/0021-pcsc.md.

namespace siegel::device::smartcard::testing {

/// What is in one virtual reader: a client of vpcd that is the card, as long as there is one.
class VirtualReader {
 public:
  VirtualReader() = default;
  ~VirtualReader();
  VirtualReader(const VirtualReader&) = delete;
  VirtualReader& operator=(const VirtualReader&) = delete;

  /// vpcd listens here, on the loopback device. Once.
  void start(std::uint16_t port);
  /// `card` is borrowed until it is pulled; null pulls. The service notices a little later.
  void put(VirtualCard* card);
  [[nodiscard]] VirtualCard* card();

 private:
  void run(std::uint16_t port);
  void speak(int connection);
  /// False: the connection is over.
  [[nodiscard]] bool answer(int connection, BytesView message);

  std::thread m_thread;
  Mutex m_mutex;
  Condition m_changed;
  bool m_end SIEGEL_GUARDED_BY(m_mutex) = false;
  VirtualCard* m_card SIEGEL_GUARDED_BY(m_mutex) = nullptr;
  int m_connection SIEGEL_GUARDED_BY(m_mutex) = -1;
};

class PcscService {
 public:
  static constexpr std::size_t readers = 2;

  /// Starts pcscd and waits until it answers. Sets PCSCLITE_CSOCK_NAME for this process:
  /// libpcsclite reads it once, so every service of one process has the same socket, one after the
  /// other. Errors: kind not_found (pcscd or vpcd is not installed, or this user may not run it: a
  /// reason to skip a test), unavailable (it does not start: a reason to fail).
  static Result<std::unique_ptr<PcscService>> start();
  /// Ends pcscd for certain. It also ends if this process dies.
  ~PcscService();
  PcscService(const PcscService&) = delete;
  PcscService& operator=(const PcscService&) = delete;

  /// Puts a card into a reader and waits until the service sees it. The card is borrowed until it
  /// is pulled. False: the service did not see it within a minute.
  [[nodiscard]] bool insert(std::size_t reader, VirtualCard& card);
  /// Takes the card out and waits until the service sees that it is gone.
  [[nodiscard]] bool pull(std::size_t reader);
  /// Waits until the service sees a card there, or none.
  [[nodiscard]] bool wait_for(std::size_t reader, bool present) const;
  [[nodiscard]] std::string reader_name(std::size_t reader) const;

  /// Ends pcscd; the readers and their cards stay.
  void stop();
  [[nodiscard]] Status start_again();

  /// For a child process: "PCSCLITE_CSOCK_NAME=...".
  [[nodiscard]] std::string socket() const;
  /// What pcscd wrote, for the message of a failed test.
  [[nodiscard]] std::string log() const;

 private:
  PcscService() = default;
  /// Writes the configuration for a pair of ports that nobody uses.
  [[nodiscard]] Status choose_ports();
  [[nodiscard]] Status spawn();
  /// Until the service answers and has its readers.
  [[nodiscard]] Status wait_until_ready();
  [[nodiscard]] bool has_readers() const;

  std::filesystem::path m_folder;
  std::array<VirtualReader, readers> m_readers;
  std::uint16_t m_port = 0;
  /// Held while the ports are ours: other test programs pass them over.
  int m_port_lock = -1;
  pid_t m_pid = -1;
};

}  // namespace siegel::device::smartcard::testing
