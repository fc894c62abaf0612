// A configuration file is taken, or refused with its position.
#include <sys/mman.h>
#include <unistd.h>

#include "config/load.hpp"
#include "tests/fuzz/pieces.hpp"

using namespace tapedeck;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const int file = memfd_create("config", 0);
  static const std::string path = "/proc/self/fd/" + std::to_string(file);
  fuzz::require(ftruncate(file, 0) == 0);
  fuzz::require(pwrite(file, data, size, 0) == static_cast<ssize_t>(size));
  config::Options options;
  if (const auto loaded = config::load_file(path, options); !loaded) {
    fuzz::require(loaded.error().detail.starts_with(path + ":"));
  }
  return 0;
}
