// Preloaded into the program (LD_PRELOAD): its wall clock is SIEGEL_CLOCK_OFFSET seconds ahead of
// the machine's (negative: behind). Steady clocks are left alone.

#include <dlfcn.h>
#include <sys/time.h>
#include <time.h>

#include <cstdlib>

namespace {

long offset() {
  static const long seconds = [] {
    const char* value = std::getenv("SIEGEL_CLOCK_OFFSET");
    return value == nullptr ? 0L : std::strtol(value, nullptr, 10);
  }();
  return seconds;
}

}  // namespace

// tidy: allow clock: it stands before the system's own.
extern "C" int clock_gettime(clockid_t clock, timespec* time) noexcept {
  using Real = int (*)(clockid_t, timespec*);
  static const auto real = reinterpret_cast<Real>(dlsym(RTLD_NEXT, "clock_gettime"));
  const int result = real(clock, time);
  if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
    time->tv_sec += offset();
  return result;
}

// tidy: allow clock: it stands before the system's own.
extern "C" int gettimeofday(timeval* time, void* zone) noexcept {
  using Real = int (*)(timeval*, void*);
  static const auto real = reinterpret_cast<Real>(dlsym(RTLD_NEXT, "gettimeofday"));
  const int result = real(time, zone);
  if (result == 0) time->tv_sec += offset();
  return result;
}

extern "C" time_t time(time_t* out) noexcept {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);  // tidy: allow clock: the one above
  if (out != nullptr) *out = now.tv_sec;
  return now.tv_sec;
}
