#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// The command line as our own small interface; CLI11 stays behind it (command_line.cpp).

namespace siegel::app {

/// What a process answers with, as documented in docs/reference/command-line.md.
enum class Exit : int {
  success = 0,
  failed = 1,
  usage = 2,
  findings = 3,  ///< verification finished and found violations
  degraded = 4,  ///< works, but an outage is open
  not_found = 5,
  not_allowed = 6,
  conflict = 7,
  try_again = 75,
};

class CommandLine {
 public:
  /// `program`: name shown in help.
  CommandLine(std::string program, std::string summary);
  ~CommandLine();
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;

  /// One verb. The targets given to flag() and option() outlive parse().
  class Command {
   public:
    /// An example line shown first in the help.
    Command& example(std::string text);
    Command& flag(const std::string& name, bool& target, const std::string& help);
    Command& option(const std::string& name, std::string& target, const std::string& value_name,
                    const std::string& help);
    /// May be given several times.
    Command& list(const std::string& name, std::vector<std::string>& target,
                  const std::string& value_name, const std::string& help);
    Command& required();  ///< the option or positional just added must be given
    Command& positional(const std::string& name, std::string& target, const std::string& help);
    Command& positionals(const std::string& name, std::vector<std::string>& target,
                         const std::string& help);
    Command& run(std::function<Exit()> action);

   private:
    friend class CommandLine;
    struct Impl;
    explicit Command(Impl* impl) : m_impl(impl) {}
    Impl* m_impl;  // owned by the CommandLine
  };

  /// Storage for the targets of a command's options; lives as long as this object.
  template <class T>
  T& own() {
    auto holder = std::make_unique<Holder<T>>();
    T& value = holder->value;
    m_owned.push_back(std::move(holder));
    return value;
  }

  /// Options every command knows.
  void global_flag(const std::string& name, bool& target, const std::string& help);
  void global_option(const std::string& name, std::string& target, const std::string& value_name,
                     const std::string& help);

  /// `path` is "sale", "register add" or "at signer add". Groups are made as needed; describe them
  /// with group().
  Command& command(const std::string& path, const std::string& summary);
  void group(const std::string& name, const std::string& summary);

  /// Reads the arguments (without the program's name) and runs the command they name. Help goes to
  /// `out`, complaints with a suggestion to `err`; nothing is run then.
  Exit parse(const std::vector<std::string>& arguments, std::string& out, std::string& err);

 private:
  struct AnyHolder {
    virtual ~AnyHolder() = default;
  };
  template <class T>
  struct Holder final : AnyHolder {
    T value;
  };
  struct Impl;
  std::unique_ptr<Impl> m_impl;
  std::vector<std::unique_ptr<AnyHolder>> m_owned;
};

}  // namespace siegel::app
