#include "storage/lock_file.hpp"

#include <array>
#include <fcntl.h>
#include <stdexcept>
#include <sys/file.h>
#include <sys/stat.h>
#include <system_error>
#include <thread>
#include <unistd.h>

namespace tapedeck::storage {
namespace {

/// "process 4711" as the holder wrote it, or "another process".
std::string holder(int file) {
  std::array<char, 16> pid{};
  const ssize_t size = pread(file, pid.data(), pid.size(), 0);
  if (size <= 0) return "another process";
  return "process " + std::string(pid.data(), static_cast<std::size_t>(size));
}

/// Asks again every few milliseconds: flock(2) has no time-out of its own.
bool lock(int file, std::chrono::milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (flock(file, LOCK_EX | LOCK_NB) != 0) {
    if (std::chrono::steady_clock::now() >= deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

}  // namespace

LockFile::LockFile(const std::string& database_path, std::chrono::milliseconds patience) {
  const std::string path = database_path + ".lock";
  file_ = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (file_ < 0) throw std::system_error(errno, std::generic_category(), path);
  if (!lock(file_, patience)) {
    const std::string who = holder(file_);
    close(file_);
    throw std::runtime_error(who + " is already recording into " + database_path +
                             "; stop it or name a different file");
  }
  const std::string pid = std::to_string(getpid());
  if (fchmod(file_, 0600) != 0 || ftruncate(file_, 0) != 0 ||
      pwrite(file_, pid.data(), pid.size(), 0) < 0) {
    // The lock holds all the same; only the refusal will not know our name.
  }
}

LockFile::~LockFile() { close(file_); }

}  // namespace tapedeck::storage
