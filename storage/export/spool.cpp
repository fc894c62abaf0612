#include "storage/export/spool.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <system_error>
#include <unistd.h>

namespace tapedeck::storage {
namespace {

constexpr std::size_t kHeld = 1u << 20;

[[noreturn]] void fail(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

/// A file that only this process can reach, gone when it is closed.
std::FILE* nameless_file(const std::string& directory) {
  std::string name = directory + "/.tapedeck-import.XXXXXX";
  const int descriptor = mkostemp(name.data(), O_CLOEXEC);
  if (descriptor < 0) fail(directory);
  unlink(name.c_str());
  std::FILE* const file = fdopen(descriptor, "w+b");
  if (file == nullptr) fail(directory);
  return file;
}

}  // namespace

void Spool::push(std::string_view bytes) {
  size_ += bytes.size();
  held_ += bytes;
  if (held_.size() > kHeld) spill();
}

void Spool::spill() {
  if (!file_) file_.reset(nameless_file(directory_));
  if (!spilled_) std::rewind(file_.get());
  spilled_ = true;
  if (std::fwrite(held_.data(), 1, held_.size(), file_.get()) != held_.size()) fail(directory_);
  held_.clear();
}

void Spool::read(const std::function<void(std::string_view)>& each) {
  if (spilled_) {
    // Written over from its start each time: what an earlier, longer body left does not belong
    // here.
    std::rewind(file_.get());
    std::string piece(kHeld, '\0');
    for (std::size_t left = size_ - held_.size(); left > 0;) {
      const std::size_t count =
          std::fread(piece.data(), 1, std::min(left, piece.size()), file_.get());
      if (count == 0) fail(directory_);
      each({piece.data(), count});
      left -= count;
    }
  }
  each(held_);
}

void Spool::clear() noexcept {
  size_ = 0;
  held_.clear();
  spilled_ = false;
}

}  // namespace tapedeck::storage
