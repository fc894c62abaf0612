#include "daemon/cli/run/bundle.hpp"

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

namespace tapedeck::cli {
namespace {

/// Where the system keeps its roots in one file; what the user set is stronger.
std::string system_roots() {
  const char* const set = std::getenv("SSL_CERT_FILE");
  for (const std::string& path :
       {std::string(set != nullptr ? set : ""), std::string("/etc/ssl/certs/ca-certificates.crt"),
        std::string("/etc/pki/tls/certs/ca-bundle.crt")}) {
    std::ifstream file(path);
    if (path.empty() || !file) continue;
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
  }
  return {};
}

}  // namespace

Result<Bundle> Bundle::write(const std::string& ca_pem) {
  std::error_code ignored;
  std::string directory =
      (std::filesystem::temp_directory_path(ignored) / "tapedeck-run-XXXXXX").string();
  Bundle bundle;
  if (::mkdtemp(directory.data()) != nullptr) {
    bundle.directory_ = directory;
    bundle.path_ = directory + "/ca-bundle.pem";
    std::ofstream file(bundle.path_);
    file << system_roots() << '\n' << ca_pem;
    file.close();
    if (file) return bundle;
  }
  return Failure{std::error_code(errno, std::generic_category()), Stage::configure, Blame::local,
                 "the CA bundle could not be written to " + directory};
}

Bundle::Bundle(Bundle&& other) noexcept
    : directory_(std::exchange(other.directory_, {})), path_(std::move(other.path_)) {}

Bundle::~Bundle() {
  std::error_code ignored;
  if (!directory_.empty()) std::filesystem::remove_all(directory_, ignored);
}

}  // namespace tapedeck::cli
