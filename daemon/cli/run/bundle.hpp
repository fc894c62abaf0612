#pragma once

#include <string>

#include "client/http/result.hpp"

namespace tapedeck::cli {

/// The system's CA certificates and ours in one PEM file, for programs that take only one file. In
/// a directory of its own, gone with this object.
class Bundle {
 public:
  static Result<Bundle> write(const std::string& ca_pem);
  Bundle(Bundle&& other) noexcept;
  Bundle& operator=(Bundle&&) = delete;
  ~Bundle();

  const std::string& path() const noexcept { return path_; }

 private:
  Bundle() = default;
  std::string directory_;
  std::string path_;
};

}  // namespace tapedeck::cli
