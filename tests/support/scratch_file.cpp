#include "tests/support/scratch_file.hpp"

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <unistd.h>

namespace tapedeck::test {

ScratchFile::ScratchFile(std::string_view text)
    : path_(std::filesystem::temp_directory_path() / "tapedeck-test-XXXXXX") {
  const int file = ::mkstemp(path_.data());
  const bool written =
      file >= 0 && ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  if (file >= 0) ::close(file);
  if (written) return;
  if (file >= 0) ::unlink(path_.c_str());
  throw std::runtime_error("cannot write " + path_);
}

ScratchFile::~ScratchFile() { ::unlink(path_.c_str()); }

}  // namespace tapedeck::test
