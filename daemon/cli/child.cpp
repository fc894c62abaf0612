#include "daemon/cli/child.hpp"

#include <cerrno>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace tapedeck::cli {
namespace {

std::vector<char*> pointers(const std::vector<std::string>& words) {
  std::vector<char*> all;
  all.reserve(words.size() + 1);
  for (const std::string& word : words) all.push_back(const_cast<char*>(word.c_str()));
  all.push_back(nullptr);
  return all;
}

}  // namespace

Child Child::start(const std::vector<std::string>& command,
                   const std::vector<std::string>& environment, const sigset_t& mask,
                   std::error_code& error) {
  Child child;
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t defaults;
  sigemptyset(&defaults);
  sigaddset(&defaults, SIGPIPE);
  posix_spawnattr_setsigmask(&attributes, &mask);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  const int failed = posix_spawnp(&child.pid_, command.front().c_str(), nullptr, &attributes,
                                  pointers(command).data(), pointers(environment).data());
  posix_spawnattr_destroy(&attributes);
  error.assign(failed, std::generic_category());
  if (failed != 0) child.ended_ = true;
  return child;
}

void Child::signal(int number) const noexcept {
  if (!ended_) ::kill(pid_, number);
}

int Child::wait() {
  while (!ended_) {
    if (::waitpid(pid_, &status_, 0) == pid_ || errno != EINTR) ended_ = true;
  }
  return WIFSIGNALED(status_) ? 128 + WTERMSIG(status_) : WEXITSTATUS(status_);
}

bool Child::ended() {
  if (!ended_ && ::waitpid(pid_, &status_, WNOHANG) == pid_) ended_ = true;
  return ended_;
}

int run_to_end(const std::vector<std::string>& command) {
  std::vector<std::string> environment;
  for (char** entry = environ; *entry != nullptr; ++entry) environment.emplace_back(*entry);
  sigset_t mask;
  pthread_sigmask(SIG_SETMASK, nullptr, &mask);
  std::error_code error;
  Child child = Child::start(command, environment, mask, error);
  return error ? 127 : child.wait();
}

}  // namespace tapedeck::cli
