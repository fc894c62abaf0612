#include "storage/database_file.hpp"

#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <sys/file.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace tapedeck::storage {
namespace {

Failure cannot(std::string detail, int error) {
  return Failure{std::error_code(error, std::system_category()), Stage::record, Blame::local,
                 std::move(detail)};
}

/// Every missing directory of the path, 0700 whatever the umask.
int make_directories(const std::filesystem::path& directory) {
  if (directory.empty() || std::filesystem::exists(directory)) return 0;
  if (const int error = make_directories(directory.parent_path()); error != 0) return error;
  if (::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST) return errno;
  return 0;
}

/// Opens or makes a file that only its owner may use; a symbolic link is not followed.
int open_private(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (file < 0) return -1;
  struct stat status {};
  if (::fstat(file, &status) == 0 && (status.st_mode & 077) != 0) ::fchmod(file, 0600);
  return file;
}

}  // namespace

Result<DatabaseFile> DatabaseFile::claim(const std::string& path) {
  const auto directory = std::filesystem::path(path).parent_path();
  if (const int error = make_directories(directory); error != 0) {
    return cannot("cannot make the directory " + directory.string(), error);
  }
  const int file = open_private(path);
  if (file < 0) return cannot("cannot write the log " + path, errno);
  ::close(file);
  const std::string lock_path = path + ".lock";
  const int lock = open_private(lock_path);
  if (lock < 0) return cannot("cannot write " + lock_path, errno);
  if (::flock(lock, LOCK_EX | LOCK_NB) != 0) {
    const int error = errno;
    ::close(lock);
    if (error != EWOULDBLOCK) return cannot("cannot lock " + lock_path, error);
    return cannot("another tapedeck is recording into " + path +
                      ": stop it, or choose another file with --db",
                  EBUSY);
  }
  return DatabaseFile(path, lock);
}

DatabaseFile::DatabaseFile(DatabaseFile&& other) noexcept
    : path_(std::move(other.path_)), lock_(std::exchange(other.lock_, -1)) {}

DatabaseFile::~DatabaseFile() {
  if (lock_ >= 0) ::close(lock_);
}

}  // namespace tapedeck::storage
