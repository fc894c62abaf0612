#pragma once

#include <string>
#include <string_view>

#include "daemon/cli/run/directory.hpp"

namespace tapedeck::cli {

/// The files that make programs use a proxy and trust its CA, where variables alone do not. Gone
/// with this object.
class Kit {
 public:
  /// Paths; "" where nothing need be trusted.
  struct Files {
    std::string bundle;        ///< the system's CA certificates and ours, in PEM
    std::string java_store;    ///< the same for Java
    std::string wgetrc;        ///< the user's, with the proxy and the bundle
    std::string apt_conf;      ///< the same for apt
    std::string node_preload;  ///< for a Node that does not honour the proxy variables
  };

  /// `ca_pem` is empty where nothing need be trusted.
  static Result<Kit> write(const std::string& proxy_url, const std::string& ca_pem);

  const Files& files() const noexcept { return files_; }

 private:
  explicit Kit(Directory directory) : directory_(std::move(directory)) {}
  /// Writes a file and keeps its path.
  Result<void> put(std::string Files::*path, const char* name, std::string_view content,
                   Directory::Readers readers);

  Directory directory_;
  Files files_;
};

}  // namespace tapedeck::cli
