#include "daemon/cli/manual/man_page.hpp"

#include <algorithm>

#include "config/option_table.hpp"
#include "daemon/version.hpp"

namespace tapedeck::cli {
namespace {

/// Text as roff shows it: no escape, and no request at the beginning of a line.
std::string roff(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else if ((c == '.' || c == '\'') && (out.empty() || out.back() == '\n')) {
      out.append("\\&").append(1, c);
    } else {
      out += c;
    }
  }
  return out;
}

std::string title(const char* page, int section) {
  return std::string(".TH ") + page + " " + std::to_string(section) + " \"\" \"tapedeck " +
         std::string(kVersion) + "\" \"tapedeck\"\n";
}

std::string literal(const std::string& text) { return ".EX\n" + roff(text) + "\n.EE\n"; }

void write_options(const std::vector<Outline::Option>& options, std::string& out) {
  for (const Outline::Option& option : options) {
    out += ".TP\n";
    std::string line;
    for (const std::string& name : option.names) {
      line.append(line.empty() ? "" : ", ").append("\\fB" + roff(name) + "\\fR");
    }
    if (!option.value.empty() && !option.positional) line += " \\fI" + roff(option.value) + "\\fR";
    if (option.repeatable) line += " ...";
    out.append(line).append("\n").append(roff(option.help)).append(".\n");
  }
}

/// What every command takes is said once.
std::vector<Outline::Option> own_options(const Outline& command, const Outline& program) {
  std::vector<Outline::Option> own = command.options;
  std::erase_if(own, [&](const Outline::Option& option) {
    return std::ranges::any_of(program.options, [&](const Outline::Option& common) {
      return common.names.back() == option.names.back();
    });
  });
  return own;
}

void write_command(const Outline& command, const Outline& program, std::string& out) {
  out += ".SS \"tapedeck " + roff(command.name) + "\"\n" + roff(command.help) + ".\n";
  write_options(own_options(command, program), out);
  if (!command.footer.empty()) out += ".PP\n" + literal(command.footer);
  for (const Outline& nested : command.commands) write_command(nested, program, out);
}

}  // namespace

std::string man_page(const Outline& program) {
  std::string out = title("TAPEDECK", 1);
  out +=
      ".SH NAME\ntapedeck \\- HTTP and HTTPS forward proxy that records every exchange in SQLite\n"
      ".SH SYNOPSIS\n.B tapedeck\n.I COMMAND\n[\\fIOPTION\\fR ...]\n"
      ".SH DESCRIPTION\n" +
      roff(program.help) +
      "\nEvery exchange that passes is a row of a SQLite file, which any SQLite client can read "
      "while it is written.\n.SH COMMANDS\n";
  for (const Outline& command : program.commands) write_command(command, program, out);
  out += ".SH OPTIONS\nOf every command:\n";
  write_options(program.options, out);
  out +=
      ".SH EXIT STATUS\n.TP\n0\ndone\n.TP\n1\nthe operation failed, or found a difference\n"
      ".TP\n2\nwrong usage or configuration\n"
      ".SH FILES\n.TP\n.I $XDG_DATA_HOME/tapedeck/tapedeck.db\nthe log; of the system's service "
      "/var/lib/tapedeck/tapedeck.db\n"
      ".TP\n.I $XDG_CONFIG_HOME/tapedeck/config.toml\nthe configuration, else "
      "/etc/tapedeck/config.toml\n"
      ".SH EXAMPLES\n" +
      literal(program.footer) + ".SH SEE ALSO\n.BR tapedeck.toml (5),\n.BR sqlite3 (1)\n";
  return out;
}

std::string configuration_page() {
  std::string out = title("TAPEDECK.TOML", 5);
  out +=
      ".SH NAME\ntapedeck.toml \\- configuration of tapedeck\n"
      ".SH DESCRIPTION\n"
      "Each key is also an option of \\fBtapedeck serve\\fR (max_head_size: "
      "\\fB\\-\\-max\\-head\\-size\\fR) and a variable of the environment "
      "(TAPEDECK_MAX_HEAD_SIZE). The command line is stronger than the environment, and that than "
      "the file. Durations: 500ms 10s 5m 2h 30d; sizes: 64KiB 2GiB (powers of 1024), 10k 5M "
      "(powers of 1000).\n"
      ".PP\n\\fBtapedeck config example\\fR prints a commented file, \\fBtapedeck config "
      "check\\fR says what is wrong with one, \\fBtapedeck reload\\fR puts a changed one in "
      "force.\n"
      ".SH KEYS\n";
  const config::Options defaults;
  for (const config::Option& option : config::option_table()) {
    out += ".TP\n\\fB" + roff(std::string(option.name)) + "\\fR = ";
    const auto values = option.get(defaults);
    if (option.repeatable) {
      out += "[\\fI" + roff(std::string(option.value)) + "\\fR, ...]";
    } else if (values.empty() || values.front().empty()) {
      out += "\\fI" + roff(std::string(option.value)) + "\\fR";
    } else {
      out += roff(values.front());
    }
    out += "\n" + roff(std::string(option.help)) + ".";
    if (!option.live) out += " Takes a restart.";
    out += "\n";
  }
  return out + ".SH SEE ALSO\n.BR tapedeck (1)\n";
}

}  // namespace tapedeck::cli
