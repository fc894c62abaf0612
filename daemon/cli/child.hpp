#pragma once

#include <csignal>
#include <string>
#include <sys/types.h>
#include <system_error>
#include <vector>

namespace tapedeck::cli {

/// A program that we started.
class Child {
 public:
  /// Starts `command`, looked up in PATH, with these environment entries ("NAME=value"), the signal
  /// mask given and SIGPIPE as programs expect it. Our standard streams are its own.
  /// On failure `error` says why, and the child is none.
  static Child start(const std::vector<std::string>& command,
                     const std::vector<std::string>& environment, const sigset_t& mask,
                     std::error_code& error);

  void signal(int number) const noexcept;
  /// Waits for its end; its exit status, or 128 and the signal that ended it, as shells say it.
  int wait();
  /// True once it has ended: wait() then returns at once.
  bool ended();

 private:
  pid_t pid_ = -1;
  int status_ = 0;
  bool ended_ = false;
};

/// Runs `command` with our own environment to its end; 127 when it cannot be started.
int run_to_end(const std::vector<std::string>& command);

}  // namespace tapedeck::cli
