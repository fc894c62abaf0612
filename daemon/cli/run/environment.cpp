#include "daemon/cli/run/environment.hpp"

#include <array>
#include <map>
#include <string_view>
#include <unistd.h>

namespace tapedeck::cli {
namespace {

/// Read by curl, git, wget, Python, Go, Ruby, Rust, apt, npm and most others.
constexpr std::array<const char*, 6> kProxy = {"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY",
                                               "http_proxy", "https_proxy", "all_proxy"};

/// Variables that replace a program's roots by those of a file.
constexpr std::array<const char*, 13> kBundle = {
    "SSL_CERT_FILE",       // OpenSSL: Python's ssl, httpx, aiohttp, Ruby, Rust, wget; Go
    "CURL_CA_BUNDLE",      // curl
    "REQUESTS_CA_BUNDLE",  // Python requests
    "GIT_SSL_CAINFO",      // git
    "AWS_CA_BUNDLE",       // AWS's SDKs and command line
    "PIP_CERT",            // pip
    "CARGO_HTTP_CAINFO",   // cargo
    "BUNDLE_SSL_CA_CERT",  // Ruby's bundler
    "HTTPLIB2_CA_CERTS",   // httplib2
    "NIX_SSL_CERT_FILE",   // Nix
    "npm_config_cafile",   // npm
    "CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE",  // gcloud
    "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",    // gRPC
};

/// Variables that add a file to a program's own roots.
constexpr std::array<const char*, 2> kExtra = {"NODE_EXTRA_CA_CERTS", "DENO_CERT"};

}  // namespace

std::vector<std::string> proxied_environment(const std::string& proxy_url,
                                             const std::string& bundle, const std::string& ca) {
  std::map<std::string, std::string> variables;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    variables[std::string(text.substr(0, equals))] = text.substr(equals + 1);
  }
  for (const char* name : kProxy) variables[name] = proxy_url;
  // Local hosts too are what a test talks to.
  for (const char* name : {"NO_PROXY", "no_proxy"}) variables[name] = "";
  variables["NODE_USE_ENV_PROXY"] = "1";
  if (!bundle.empty()) {
    for (const char* name : kBundle) variables[name] = bundle;
  }
  if (!ca.empty()) {
    for (const char* name : kExtra) variables[name] = ca;
  }
  std::vector<std::string> environment;
  for (const auto& [name, value] : variables) environment.push_back(name + "=" + value);
  return environment;
}

}  // namespace tapedeck::cli
