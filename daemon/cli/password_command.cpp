#include <iostream>
#include <string>
#include <termios.h>
#include <unistd.h>

#include "daemon/access/credentials.hpp"
#include "daemon/cli/command.hpp"

namespace tapedeck::cli {
namespace {

/// A line of standard input; from a terminal without showing it.
bool read_secret(std::string& line) {
  termios shown{};
  const bool terminal = tcgetattr(STDIN_FILENO, &shown) == 0;
  if (terminal) {
    std::cerr << "Password: " << std::flush;
    termios hidden = shown;
    hidden.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
  }
  const bool read = static_cast<bool>(std::getline(std::cin, line));
  if (terminal) {
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
    std::cerr << std::endl;
  }
  return read;
}

int print_line(const std::string& user) {
  if (user.empty() || user.find(':') != std::string::npos || user.front() == '#') {
    return complain("password",
                    "a user's name is not empty, holds no ':' and does not begin with '#'",
                    kWrongUsage);
  }
  std::string password;
  if (!read_secret(password) || password.empty()) {
    return complain("password", "no password was given on standard input", kFailed);
  }
  std::cout << Credentials::line(user, password) << '\n';
  return kDone;
}

}  // namespace

void add_password(CLI::App& app, Chosen& chosen) {
  CLI::App* const command =
      app.add_subcommand("password", "make a line for the file that serve --proxy-auth reads");
  command->footer(
      "Example:\n"
      "  tapedeck password ada >> users && tapedeck serve --proxy-auth users\n"
      "The password is read from standard input; at a terminal it is asked for.");
  const auto user = std::make_shared<std::string>();
  command->add_option("USER", *user, "whose")->required();
  command->callback([user, &chosen] { chosen = [user] { return print_line(*user); }; });
}

}  // namespace tapedeck::cli
