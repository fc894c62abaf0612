#include "daemon/cli/manual/completion.hpp"

#include <algorithm>

namespace tapedeck::cli {
namespace {

/// "auto|always|never" with spaces; empty for a value that is not one of a few words.
std::string words(const std::string& value) {
  const bool listed =
      value.find('|') != std::string::npos && std::all_of(value.begin(), value.end(), [](char c) {
        return c == '|' || c == '_' || c == '-' || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
      });
  if (!listed) return {};
  std::string spaced = value;
  std::replace(spaced.begin(), spaced.end(), '|', ' ');
  return spaced;
}

std::string names_of(const Outline& command) {
  std::string names;
  for (const Outline& nested : command.commands) {
    names.append(names.empty() ? "" : " ").append(nested.name.substr(nested.name.rfind(' ') + 1));
  }
  return names;
}

std::string options_of(const Outline& command) {
  std::string names;
  for (const Outline::Option& option : command.options) {
    if (option.positional) continue;
    for (const std::string& name : option.names) {
      names.append(names.empty() ? "" : " ").append(name);
    }
  }
  return names;
}

/// In single quotes, for any of the three shells.
std::string quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out.append(c == '\'' ? "'\\''" : std::string(1, c));
  return out + "'";
}

void bash_command(const Outline& command, std::string& out) {
  std::string taking_words;
  std::string taking_values;
  for (const Outline::Option& option : command.options) {
    if (option.positional || option.value.empty()) continue;
    std::string pattern;
    for (const std::string& name : option.names) {
      pattern.append(pattern.empty() ? "" : "|").append(name);
    }
    if (const std::string list = words(option.value); !list.empty()) {
      taking_words += "        " + pattern + ") candidates='" + list + "' ;;\n";
    } else {
      taking_values.append(taking_values.empty() ? "" : "|").append(pattern);
    }
  }
  if (!taking_values.empty()) taking_words += "        " + taking_values + ") return ;;\n";
  out += "    " + quoted(command.name) + ")\n      candidates='" + names_of(command);
  if (!command.commands.empty()) out += " ";
  out += options_of(command) + "'\n";
  if (!taking_words.empty()) {
    out += "      case $previous in\n" + taking_words + "      esac\n";
  }
  out += "      ;;\n";
  for (const Outline& nested : command.commands) bash_command(nested, out);
}

void fish_command(const Outline& command, const std::string& condition, std::string& out) {
  for (const Outline::Option& option : command.options) {
    if (option.positional) continue;
    out += "complete -c tapedeck -n " + quoted(condition);
    for (const std::string& name : option.names) {
      out += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
    }
    if (const std::string list = words(option.value); !list.empty()) {
      out += " -x -a " + quoted(list);
    } else if (!option.value.empty()) {
      out += " -r";
    }
    out += " -d " + quoted(option.help) + "\n";
  }
}

}  // namespace

std::string bash_completion(const Outline& program) {
  std::string out =
      "# Completion of tapedeck for bash.\n"
      "_tapedeck() {\n"
      "  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}\n"
      "  local command='' candidates='' word\n"
      "  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
      "    case \"$command $word\" in\n";
  std::string paths;
  for (const Outline& command : program.commands) {
    paths.append(paths.empty() ? "" : "|").append(quoted(" " + command.name));
    for (const Outline& nested : command.commands) paths.append("|").append(quoted(nested.name));
  }
  out += "      " + paths +
         ") command=\"${command:+$command }$word\" ;;\n"
         "    esac\n"
         "  done\n"
         "  case $command in\n    '')\n      candidates='" +
         names_of(program) + " " + options_of(program) + "'\n      ;;\n";
  for (const Outline& command : program.commands) bash_command(command, out);
  return out +
         "  esac\n"
         "  mapfile -t COMPREPLY < <(compgen -W \"$candidates\" -- \"$current\")\n"
         "}\n"
         "complete -o default -F _tapedeck tapedeck\n";
}

std::string zsh_completion(const Outline& program) {
  // zsh runs the one for bash: one list, not two.
  return "#compdef tapedeck\n# Completion of tapedeck for zsh, by way of the one for bash.\n"
         "autoload -U +X bashcompinit && bashcompinit\n" +
         bash_completion(program);
}

std::string fish_completion(const Outline& program) {
  std::string out = "# Completion of tapedeck for fish.\n";
  for (const Outline& command : program.commands) {
    out += "complete -c tapedeck -n __fish_use_subcommand -a " + quoted(command.name) + " -d " +
           quoted(command.help) + "\n";
  }
  fish_command(program, "__fish_use_subcommand", out);
  for (const Outline& command : program.commands) {
    const std::string inside = "__fish_seen_subcommand_from " + command.name;
    fish_command(command, inside, out);
    for (const Outline& nested : command.commands) {
      out += "complete -c tapedeck -n " + quoted(inside) + " -a " +
             quoted(nested.name.substr(nested.name.rfind(' ') + 1)) + " -d " + quoted(nested.help) +
             "\n";
      fish_command(nested, inside, out);
    }
  }
  return out;
}

}  // namespace tapedeck::cli
