#pragma once

#include <condition_variable>
#include <mutex>

// Clang's thread-safety analysis checks these in `./dev lint`; GCC ignores them.
#if defined(__clang__)
#define SIEGEL_TSA(x) __attribute__((x))
#else
#define SIEGEL_TSA(x)
#endif
#define SIEGEL_GUARDED_BY(m) SIEGEL_TSA(guarded_by(m))
#define SIEGEL_REQUIRES(m) SIEGEL_TSA(requires_capability(m))

namespace siegel {

/// A mutex the compiler can reason about. Shared state is declared SIEGEL_GUARDED_BY one.
class SIEGEL_TSA(capability("mutex")) Mutex {
 public:
  void lock() SIEGEL_TSA(acquire_capability()) { m_mutex.lock(); }
  void unlock() SIEGEL_TSA(release_capability()) { m_mutex.unlock(); }
  std::mutex& native() { return m_mutex; }

 private:
  std::mutex m_mutex;
};

/// Holds a Mutex for a scope; may be released early and waits on a Condition.
class SIEGEL_TSA(scoped_lockable) Lock {
 public:
  explicit Lock(Mutex& mutex) SIEGEL_TSA(acquire_capability(mutex)) : m_lock(mutex.native()) {}
  ~Lock() SIEGEL_TSA(release_capability()) = default;
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;
  void unlock() SIEGEL_TSA(release_capability()) { m_lock.unlock(); }
  void lock() SIEGEL_TSA(acquire_capability()) { m_lock.lock(); }
  std::unique_lock<std::mutex>& native() { return m_lock; }

 private:
  std::unique_lock<std::mutex> m_lock;
};

class Condition {
 public:
  void wait(Lock& lock) { m_condition.wait(lock.native()); }
  template <class Duration>
  bool wait_for(Lock& lock, Duration duration) {
    return m_condition.wait_for(lock.native(), duration) == std::cv_status::no_timeout;
  }
  void notify_one() { m_condition.notify_one(); }
  void notify_all() { m_condition.notify_all(); }

 private:
  std::condition_variable m_condition;
};

}  // namespace siegel
