#include "daemon/cli/run/directory.hpp"

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sys/stat.h>
#include <utility>

namespace tapedeck::cli {
namespace {

Failure not_written(const std::string& path) {
  return {std::error_code(errno, std::generic_category()), Stage::configure, Blame::local,
          path + " could not be written"};
}

}  // namespace

Result<Directory> Directory::make() {
  std::error_code ignored;
  std::string path =
      (std::filesystem::temp_directory_path(ignored) / "tapedeck-run-XXXXXX").string();
  if (::mkdtemp(path.data()) == nullptr) return not_written(path);
  Directory directory(path);
  // apt reads the certificates as a user of its own.
  if (::chmod(path.c_str(), 0711) != 0) return not_written(path);
  return directory;
}

Result<std::string> Directory::write(const std::string& name, std::string_view content,
                                     Readers readers) const {
  std::string path = path_ + '/' + name;
  std::ofstream file(path, std::ios::binary);
  const mode_t mode = readers == Readers::owner ? 0600 : 0644;
  if (!file || ::chmod(path.c_str(), mode) != 0) return not_written(path);
  file << content;
  file.close();
  if (!file) return not_written(path);
  return path;
}

Directory::Directory(Directory&& other) noexcept : path_(std::exchange(other.path_, {})) {}

Directory::~Directory() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

}  // namespace tapedeck::cli
