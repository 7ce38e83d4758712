#include "device/smartcard/testing/pcsc_service.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <winscard.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "base/file.h"
#include "base/random.h"
#include "base/time.h"

namespace siegel::device::smartcard::testing {
namespace {

namespace fs = std::filesystem;

constexpr const char* pcscd_program = "/usr/sbin/pcscd";
constexpr const char* vpcd_library = "/usr/lib/pcsc/drivers/serial/libifdvpcd.so";
constexpr const char* reader_label = "Siegel Test Reader";
constexpr std::chrono::minutes patience{1};

// What vpcd sends instead of a command: one byte.
constexpr std::byte control_off{0};
constexpr std::byte control_on{1};
constexpr std::byte control_reset{2};
constexpr std::byte control_atr{4};

Error cannot(std::string_view doing) {
  return unavailable("E-CRD-101", fmt::format("{}: {}", doing, std::strerror(errno)));
}

/// All of it, or false at the end of the connection. vpcd writes size and message apart and lets
/// Nagle hold the second back for an acknowledgement, which is therefore sent at once.
bool receive(int connection, std::span<std::byte> to) {
  while (!to.empty()) {
    const int at_once = 1;
    ::setsockopt(connection, IPPROTO_TCP, TCP_QUICKACK, &at_once, sizeof at_once);
    const ssize_t n = ::recv(connection, to.data(), to.size(), 0);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    to = to.subspan(static_cast<std::size_t>(n));
  }
  return true;
}

bool send_message(int connection, BytesView message) {
  Bytes out{static_cast<std::byte>(message.size() >> 8U),
            static_cast<std::byte>(message.size() & 0xFFU)};
  append(out, message);
  BytesView rest = out;
  while (!rest.empty()) {
    const ssize_t n = ::send(connection, rest.data(), rest.size(), MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    rest = rest.subspan(static_cast<std::size_t>(n));
  }
  return true;
}

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

/// Nobody listens there, on any address, as vpcd will.
bool is_free(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  sockaddr_in address = loopback(port);
  address.sin_addr.s_addr = htonl(INADDR_ANY);
  const bool ours = ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  ::close(fd);
  return ours;
}

/// The kernel gives ports from here on to whoever asks for any: vpcd's must lie below.
std::uint16_t first_ephemeral_port() {
  constexpr unsigned usual = 32768;
  const auto text = read_file("/proc/sys/net/ipv4/ip_local_port_range", 100);
  const unsigned long first =
      text ? std::strtoul(std::string(text_of(*text)).c_str(), nullptr, 10) : usual;
  return static_cast<std::uint16_t>(first > 20000 && first <= 65535 ? first : usual);
}

/// A name that one process of this machine can have and that goes with it; -1: another has it.
int lock_port(std::uint16_t port) {
  const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  // The zero in front: a name outside the file system.
  const std::string name = fmt::format("siegel-vpcd-{}", port);
  std::memcpy(address.sun_path + 1, name.data(), name.size());
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), size) == 0) return fd;
  ::close(fd);
  return -1;
}

int connect_to(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  const sockaddr_in address = loopback(port);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    ::close(fd);
    return -1;
  }
  const int at_once = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof at_once);
  return fd;
}

/// The folder of this process: libpcsclite reads the socket's name once. Under /tmp, because pcscd
/// runs as another user and a socket's path is short.
class ProcessFolder {
 public:
  ProcessFolder() {
    char name[] = "/tmp/siegel-pcsc-XXXXXX";
    if (::mkdtemp(name) == nullptr) return;
    ::chmod(name, 0755);
    m_path = name;
  }
  ~ProcessFolder() {
    std::error_code ignored;
    if (!m_path.empty()) fs::remove_all(m_path, ignored);
  }
  ProcessFolder(const ProcessFolder&) = delete;
  ProcessFolder& operator=(const ProcessFolder&) = delete;
  [[nodiscard]] const fs::path& path() const { return m_path; }

 private:
  fs::path m_path;
};

const fs::path& folder_of_process() {
  static const ProcessFolder folder;
  return folder.path();
}

/// One question to the service: does it answer at all?
bool service_answers() {
  SCARDCONTEXT context = 0;
  if (SCardEstablishContext(SCARD_SCOPE_SYSTEM, nullptr, nullptr, &context) != SCARD_S_SUCCESS)
    return false;
  SCardReleaseContext(context);
  return true;
}

Steady now() { return system_clock().now().steady; }

}  // namespace

VirtualReader::~VirtualReader() {
  if (!m_thread.joinable()) return;
  put(nullptr);
  {
    const Lock lock(m_mutex);
    m_end = true;
    m_changed.notify_all();
  }
  m_thread.join();
}

void VirtualReader::start(std::uint16_t port) {
  m_thread = std::thread([this, port] { run(port); });
}

void VirtualReader::put(VirtualCard* card) {
  const Lock lock(m_mutex);
  m_card = card;
  // Whoever speaks to the old card hears nothing more.
  if (m_connection >= 0) ::shutdown(m_connection, SHUT_RDWR);
  m_changed.notify_all();
}

VirtualCard* VirtualReader::card() {
  const Lock lock(m_mutex);
  return m_card;
}

void VirtualReader::run(std::uint16_t port) {
  constexpr std::chrono::milliseconds until_vpcd_listens{20};
  Lock lock(m_mutex);
  while (!m_end) {
    if (m_card == nullptr) {
      m_changed.wait(lock);
      continue;
    }
    // Under the mutex: nobody pulls the card between the connection and its being known.
    m_connection = connect_to(port);
    if (m_connection < 0) {
      m_changed.wait_for(lock, until_vpcd_listens);
      continue;
    }
    const int connection = m_connection;
    lock.unlock();
    speak(connection);
    lock.lock();
    ::close(connection);
    m_connection = -1;
  }
}

void VirtualReader::speak(int connection) {
  for (;;) {
    ByteArray<2> size{};
    if (!receive(connection, size)) return;
    Bytes message((std::to_integer<std::size_t>(size[0]) << 8U) |
                  std::to_integer<std::size_t>(size[1]));
    if (!receive(connection, message) || !answer(connection, message)) return;
  }
}

bool VirtualReader::answer(int connection, BytesView message) {
  VirtualCard* const in = card();
  if (in == nullptr) return false;
  if (message.size() != 1) {
    const VirtualCard::Reply reply = in->transmit(message);
    if (reply.contact == VirtualCard::Contact::pulled) put(nullptr);
    return reply.contact == VirtualCard::Contact::good && send_message(connection, reply.answer);
  }
  if (message[0] == control_atr) return send_message(connection, in->atr());
  if (message[0] == control_on) in->power_up();
  if (message[0] == control_reset) in->reset();
  if (message[0] == control_off) return true;
  return true;
}

Result<std::unique_ptr<PcscService>> PcscService::start() {
  for (const char* needed : {pcscd_program, vpcd_library}) {
    if (::access(needed, F_OK) != 0)
      return not_found("E-CRD-101", fmt::format("{} is not installed", needed));
  }
  // pcscd makes this folder, or wants to find it made.
  if (::mkdir("/run/pcscd", 0755) != 0 && errno != EEXIST)
    return not_found("E-CRD-101", "pcscd needs the folder /run/pcscd, which only root can make");
  std::unique_ptr<PcscService> service(new PcscService);
  service->m_folder = folder_of_process();
  if (service->m_folder.empty()) return cannot("making a folder");
  ::setenv("PCSCLITE_CSOCK_NAME", (service->m_folder / "comm").c_str(), 1);
  // Somebody may take a port after it was looked at: then pcscd runs without that reader.
  constexpr int attempts_max = 20;
  for (int attempt = 1;; ++attempt) {
    SIEGEL_TRY_OK(service->choose_ports());
    SIEGEL_TRY_OK(service->spawn());
    SIEGEL_TRY_OK(service->wait_until_ready());
    if (service->has_readers()) break;
    if (attempt == attempts_max)
      return unavailable("E-CRD-101", "pcscd has no readers: " + service->log());
    service->stop();
    ::close(std::exchange(service->m_port_lock, -1));
  }
  for (std::size_t i = 0; i < readers; ++i)
    service->m_readers[i].start(static_cast<std::uint16_t>(service->m_port + i));
  return service;
}

PcscService::~PcscService() {
  stop();
  if (m_port_lock >= 0) ::close(m_port_lock);
  std::error_code ignored;
  for (const char* name : {"comm", "readers.conf", "log"}) fs::remove(m_folder / name, ignored);
}

void PcscService::stop() {
  if (m_pid < 0) return;
  ::kill(m_pid, SIGKILL);
  while (::waitpid(m_pid, nullptr, 0) < 0 && errno == EINTR) {
  }
  m_pid = -1;
}

Status PcscService::start_again() {
  stop();
  SIEGEL_TRY_OK(spawn());
  SIEGEL_TRY_OK(wait_until_ready());
  for (std::size_t i = 0; i < readers; ++i) {
    if (!wait_for(i, m_readers[i].card() != nullptr))
      return unavailable("E-CRD-101", "pcscd lost a reader: " + log());
  }
  return Ok{};
}

bool PcscService::insert(std::size_t reader, VirtualCard& card) {
  m_readers.at(reader).put(&card);
  return wait_for(reader, true);
}

bool PcscService::pull(std::size_t reader) {
  m_readers.at(reader).put(nullptr);
  return wait_for(reader, false);
}

bool PcscService::wait_for(std::size_t reader, bool present) const {
  SCARDCONTEXT context = 0;
  if (SCardEstablishContext(SCARD_SCOPE_SYSTEM, nullptr, nullptr, &context) != SCARD_S_SUCCESS)
    return false;
  const std::string name = reader_name(reader);
  SCARD_READERSTATE state{};
  state.szReader = name.c_str();
  state.dwCurrentState = SCARD_STATE_UNAWARE;
  bool seen = false;
  LONG code = SCARD_S_SUCCESS;
  for (const Steady deadline = now() + patience; !seen && now() < deadline;) {
    constexpr DWORD a_while_ms = 10000;
    code = SCardGetStatusChange(context, a_while_ms, &state, 1);
    if (code != SCARD_S_SUCCESS && code != SCARD_E_TIMEOUT) break;
    // MUTE is what a card is while it gets its power.
    seen = ((state.dwEventState & SCARD_STATE_PRESENT) != 0) == present;
    state.dwCurrentState = state.dwEventState & ~static_cast<DWORD>(SCARD_STATE_CHANGED);
  }
  SCardReleaseContext(context);
  return seen;
}

std::string PcscService::reader_name(std::size_t reader) const {
  return fmt::format("{} 00 {:02}", reader_label, reader);
}

std::string PcscService::socket() const {
  return "PCSCLITE_CSOCK_NAME=" + (m_folder / "comm").string();
}

std::string PcscService::log() const {
  const auto text = read_file(m_folder / "log", std::uint64_t{1} << 20U);
  return text ? std::string(text_of(*text)) : std::string();
}

Status PcscService::choose_ports() {
  // Each process begins elsewhere; the lock keeps those apart that meet all the same.
  const std::uint16_t first = 20000;
  const auto pairs = static_cast<std::uint16_t>((first_ephemeral_port() - first) / 2);
  for (int attempt = 0; attempt < 1000; ++attempt) {
    const auto port = static_cast<std::uint16_t>(first + 2 * system_random().below(pairs));
    const int lock = lock_port(port);
    if (lock < 0) continue;
    if (!is_free(port) || !is_free(static_cast<std::uint16_t>(port + 1))) {
      ::close(lock);
      continue;
    }
    m_port = port;
    m_port_lock = lock;
    return write_file(m_folder / "readers.conf",
                      bytes_of(fmt::format("FRIENDLYNAME \"{}\"\nDEVICENAME /dev/null:{}\n"
                                           "LIBPATH {}\nCHANNELID {}\n",
                                           reader_label, port, vpcd_library, port)));
  }
  return unavailable("E-CRD-101", "no two free ports side by side");
}

bool PcscService::has_readers() const {
  for (std::size_t i = 0; i < readers; ++i)
    if (!wait_for(i, false)) return false;
  return true;
}

Status PcscService::spawn() {
  const fs::path socket = m_folder / "comm";
  std::error_code ignored;
  fs::remove(socket, ignored);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, socket.c_str(), sizeof address.sun_path - 1);
  if (fd < 0 || ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(fd, 16) != 0)
    return cannot("listening for pcscd");
  // Away from the number it gets in the child.
  const int listener = ::fcntl(fd, F_DUPFD_CLOEXEC, 10);
  ::close(fd);

  // pcscd takes its socket from whoever starts it, as from systemd, and touches no other then. As
  // root it would still write and remove the process id of the machine's own pcscd: it runs as
  // nobody, who cannot. It dies with us.
  std::string script =
      "LISTEN_PID=$$; export LISTEN_PID; drop=; "
      "if test \"$(id -u)\" = 0 && setpriv --reuid=65534 --regid=65534 --clear-groups true; then "
      "drop='--reuid=65534 --regid=65534 --clear-groups'; fi; "
      "exec setpriv --pdeathsig KILL $drop ";
  script += fmt::format("{} --foreground --config {}", pcscd_program,
                        (m_folder / "readers.conf").string());
  const std::string log = (m_folder / "log").string();
  const char* const arguments[] = {"sh", "-c", script.c_str(), nullptr};
  std::vector<char*> environment;
  for (char** one = environ; *one != nullptr; ++one) environment.push_back(*one);
  char listen_fds[] = "LISTEN_FDS=1";
  environment.push_back(listen_fds);
  environment.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, listener, 3);
  ::posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_addopen(&actions, 1, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
  ::posix_spawn_file_actions_adddup2(&actions, 1, 2);
  const int failed = ::posix_spawn(&m_pid, "/bin/sh", &actions, nullptr,
                                   const_cast<char* const*>(arguments), environment.data());
  ::posix_spawn_file_actions_destroy(&actions);
  // Now pcscd alone has it: nobody is answered once pcscd is gone.
  ::close(listener);
  if (failed != 0) {
    errno = failed;
    m_pid = -1;
    return cannot("starting pcscd");
  }
  return Ok{};
}

Status PcscService::wait_until_ready() {
  for (const Steady deadline = now() + patience; now() < deadline;) {
    if (service_answers()) return Ok{};
    int state = 0;
    if (::waitpid(m_pid, &state, WNOHANG) == m_pid) {
      m_pid = -1;
      return unavailable("E-CRD-101", "pcscd ended: " + log());
    }
    ::poll(nullptr, 0, 20);
  }
  return unavailable("E-CRD-101", "pcscd does not answer: " + log());
}

}  // namespace siegel::device::smartcard::testing
