#include "app/command_line.h"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <map>
#include <span>

#include "format/json_fields.h"

namespace siegel::app {

struct CommandLine::Command::Impl {
  CLI::App* app = nullptr;
  CLI::Option* last = nullptr;
  std::vector<std::string> examples;
  std::function<Exit()> action;
  std::unique_ptr<Command> handle;
};

struct CommandLine::Impl {
  explicit Impl(const std::string& summary, const std::string& program) : root(summary, program) {}
  CLI::App root;
  std::map<std::string, CLI::App*> groups;
  std::vector<std::unique_ptr<Command::Impl>> commands;

  CLI::App* group(const std::string& name) {
    CLI::App*& found = groups[name];
    if (found == nullptr) {
      const auto space = name.rfind(' ');
      CLI::App* parent = space == std::string::npos ? &root : group(name.substr(0, space));
      found = parent->add_subcommand(name.substr(space + 1));  // npos + 1 is 0
      found->require_subcommand(0, 1);
      found->fallthrough();
    }
    return found;
  }

  [[nodiscard]] const Command::Impl* command_of(const CLI::App* app) const {
    for (const auto& command : commands)
      if (command->app == app) return command.get();
    return nullptr;
  }
};

namespace {

/// `--key --json` lacks a value; CLI11 would take the option for it.
std::string is_no_option(const std::string& value) {
  return value.starts_with("--") ? fmt::format("needs a value, not \"{}\"", value) : std::string();
}

/// The deepest subcommand the arguments reached.
CLI::App* chosen(CLI::App* app) {
  while (!app->get_subcommands().empty()) app = app->get_subcommands().front();
  return app;
}

/// "siegel at signer".
std::string path_of(const CLI::App* app) {
  std::string path = app->get_name();
  for (const CLI::App* up = app->get_parent(); up != nullptr; up = up->get_parent())
    path = up->get_name() + " " + path;
  return path;
}

std::vector<std::string> names_of(const CLI::App* app) {
  std::vector<std::string> names;
  for (const CLI::App* sub : app->get_subcommands([](const CLI::App*) { return true; }))
    names.push_back(sub->get_name());
  return names;
}

std::string_view nearest(const std::string& word, const std::vector<std::string>& names,
                         std::vector<std::string_view>& views) {
  views.assign(names.begin(), names.end());
  return json::nearest_word(word, views);
}

}  // namespace

CommandLine::CommandLine(std::string program, std::string summary)
    : m_impl(std::make_unique<Impl>(summary, program)) {
  m_impl->root.require_subcommand(0, 1);
  m_impl->root.fallthrough();
}

CommandLine::~CommandLine() = default;

void CommandLine::global_flag(const std::string& name, bool& target, const std::string& help) {
  m_impl->root.add_flag(name, target, help);
}

void CommandLine::global_option(const std::string& name, std::string& target,
                                const std::string& value_name, const std::string& help) {
  m_impl->root.add_option(name, target, help)->type_name(value_name);
}

void CommandLine::group(const std::string& name, const std::string& summary) {
  m_impl->group(name)->description(summary);
}

CommandLine::Command& CommandLine::command(const std::string& path, const std::string& summary) {
  const auto space = path.rfind(' ');
  CLI::App* parent =
      space == std::string::npos ? &m_impl->root : m_impl->group(path.substr(0, space));
  auto impl = std::make_unique<Command::Impl>();
  impl->app =
      parent->add_subcommand(space == std::string::npos ? path : path.substr(space + 1), summary);
  impl->app->fallthrough();
  impl->handle = std::unique_ptr<Command>(new Command(impl.get()));
  m_impl->commands.push_back(std::move(impl));
  return *m_impl->commands.back()->handle;
}

CommandLine::Command& CommandLine::Command::example(std::string text) {
  m_impl->examples.push_back(std::move(text));
  return *this;
}
CommandLine::Command& CommandLine::Command::flag(const std::string& name, bool& target,
                                                 const std::string& help) {
  m_impl->last = m_impl->app->add_flag(name, target, help);
  return *this;
}
CommandLine::Command& CommandLine::Command::option(const std::string& name, std::string& target,
                                                   const std::string& value_name,
                                                   const std::string& help) {
  m_impl->last =
      m_impl->app->add_option(name, target, help)->type_name(value_name)->check(is_no_option);
  return *this;
}
CommandLine::Command& CommandLine::Command::list(const std::string& name,
                                                 std::vector<std::string>& target,
                                                 const std::string& value_name,
                                                 const std::string& help) {
  m_impl->last = m_impl->app->add_option(name, target, help)
                     ->type_name(value_name)
                     ->allow_extra_args(false)
                     ->check(is_no_option);
  return *this;
}
CommandLine::Command& CommandLine::Command::required() {
  m_impl->last->required();
  return *this;
}
CommandLine::Command& CommandLine::Command::positional(const std::string& name, std::string& target,
                                                       const std::string& help) {
  m_impl->last = m_impl->app->add_option(name, target, help)->type_name("");
  return *this;
}
CommandLine::Command& CommandLine::Command::positionals(const std::string& name,
                                                        std::vector<std::string>& target,
                                                        const std::string& help) {
  m_impl->last = m_impl->app->add_option(name, target, help)->type_name("");
  return *this;
}
CommandLine::Command& CommandLine::Command::run(std::function<Exit()> action) {
  m_impl->action = std::move(action);
  return *this;
}

Exit CommandLine::parse(const std::vector<std::string>& arguments, std::string& out,
                        std::string& err) {
  const auto help_of = [this](const CLI::App* app) {
    std::string text;
    const Command::Impl* command = m_impl->command_of(app);
    if (command != nullptr && !command->examples.empty()) {
      text += "Examples:\n";
      for (const std::string& example : command->examples) text += fmt::format("  {}\n", example);
      text += "\n";
    }
    return text + app->help(app->get_parent() == nullptr ? "" : path_of(app->get_parent()));
  };
  try {
    std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
    m_impl->root.parse(reversed);
  } catch (const CLI::CallForHelp&) {
    out = help_of(chosen(&m_impl->root));
    return Exit::success;
  } catch (const CLI::ParseError& error) {
    const CLI::App* app = chosen(&m_impl->root);
    // A word where a command should be: say which one was meant, run nothing.
    const std::vector<std::string> names = names_of(app);
    const auto is_word = [&](const std::string& argument) {
      return !argument.starts_with("-") && argument != app->get_name() &&
             std::find(names.begin(), names.end(), argument) == names.end();
    };
    const auto word = std::find_if(arguments.begin(), arguments.end(), is_word);
    if (!names.empty() && word != arguments.end()) {
      std::vector<std::string_view> views;
      const std::string_view meant = nearest(*word, names, views);
      err = fmt::format("\"{}\" is not a command.\n", *word);
      if (!meant.empty()) err += fmt::format("Did you mean \"{}\"?\n", meant);
    } else {
      err = fmt::format("{}\n", error.what());
    }
    err += fmt::format("Try: {} --help\n", path_of(app));
    return Exit::usage;
  }
  const CLI::App* app = chosen(&m_impl->root);
  const Command::Impl* command = m_impl->command_of(app);
  if (command == nullptr) {
    out = help_of(app);
    return app == &m_impl->root ? Exit::success : Exit::usage;
  }
  return command->action();
}

}  // namespace siegel::app
