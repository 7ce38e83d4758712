#pragma once

#include <functional>
#include <optional>
#include <span>
#include <thread>
#include <variant>
#include <vector>

#include "device/checked.h"
#include "runtime/threads/engine.h"

namespace siegel::runtime {

/// The one thread that talks to a signature device, with plain blocking calls. Several registers
/// may share it; they are served in the order they asked.
class Engine::SignerLane {
 public:
  /// `signer` may be null: a device that is not there.
  SignerLane(device::CheckedSigner* signer, const Clock& clock, Inbox<Input>& answers);
  ~SignerLane();
  SignerLane(const SignerLane&) = delete;
  SignerLane& operator=(const SignerLane&) = delete;

  void push(std::uint64_t epoch, std::span<const recorder::Sign> signs);
  void push(std::uint64_t epoch, const recorder::Probe& probe);
  void push(std::function<void(device::CheckedSigner*)> work);
  /// Signs on the caller's thread unless the lane is in a call. Only for a key in memory: any other
  /// device may not return.
  [[nodiscard]] std::optional<Result<Bytes>> sign_here(const recorder::Sign& wanted);

 private:
  struct Job {
    std::uint64_t epoch = 0;
    std::variant<recorder::Sign, recorder::Probe, std::function<void(device::CheckedSigner*)>> what;
  };
  void run();
  void perform(Job& job);
  Result<Bytes> sign(const recorder::Sign& wanted);

  device::CheckedSigner* m_signer;
  Mutex m_calling;  ///< held during each call of the device: it knows one caller at a time
  const Clock& m_clock;
  Inbox<Input>& m_answers;
  Inbox<Job> m_jobs;
  std::thread m_thread;
};

}  // namespace siegel::runtime
