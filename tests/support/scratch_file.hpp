#pragma once

#include <string>
#include <string_view>

namespace tapedeck::test {

/// A file only its owner may read (0600), gone when this is.
class ScratchFile {
 public:
  explicit ScratchFile(std::string_view text);
  ~ScratchFile();
  ScratchFile(const ScratchFile&) = delete;
  ScratchFile& operator=(const ScratchFile&) = delete;

  const std::string& path() const noexcept { return path_; }

 private:
  std::string path_;
};

}  // namespace tapedeck::test
