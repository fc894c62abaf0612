#include "daemon/cli/run/environment.hpp"

#include <array>
#include <map>
#include <string_view>
#include <unistd.h>
#include <utility>

#include "client/net/stream.hpp"

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

/// Variables that name a program's settings file; ours has the user's in it.
constexpr std::array<std::pair<const char*, std::string Kit::Files::*>, 2> kSettings = {{
    {"WGETRC", &Kit::Files::wgetrc},
    {"APT_CONFIG", &Kit::Files::apt_conf},
}};

using Variables = std::map<std::string, std::string>;

Variables our_own() {
  Variables variables;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    variables[std::string(text.substr(0, equals))] = text.substr(equals + 1);
  }
  return variables;
}

/// Options of the user's stay; of two that contradict each other the last one counts.
void append_option(std::string& options, const std::string& option) {
  options += (options.empty() ? "" : " ") + option;
}

void add_java_options(std::string& options, const Proxied& how) {
  for (const std::string scheme : {"http", "https"}) {
    append_option(options, "-D" + scheme + ".proxyHost=" + how.proxy.address().to_string());
    append_option(options, "-D" + scheme + ".proxyPort=" + std::to_string(how.proxy.port()));
  }
  append_option(options, "-Dhttp.nonProxyHosts=");
  if (how.files.java_store.empty()) return;
  append_option(options, "-Djavax.net.ssl.trustStore=\"" + how.files.java_store + '"');
  append_option(options, "-Djavax.net.ssl.trustStoreType=PKCS12");
}

}  // namespace

std::vector<std::string> proxied_environment(const Proxied& how) {
  Variables variables = our_own();
  const std::string proxy_url = "http://" + net::to_string(how.proxy);
  for (const char* name : kProxy) variables[name] = proxy_url;
  // Local hosts too are what a test talks to.
  for (const char* name : {"NO_PROXY", "no_proxy"}) variables[name] = "";
  const auto point = [&variables](const char* name, const std::string& path) {
    if (!path.empty()) variables[name] = path;
  };
  for (const char* name : kBundle) point(name, how.files.bundle);
  for (const char* name : kExtra) point(name, how.ca);
  for (const auto& [name, file] : kSettings) point(name, how.files.*file);
  variables["NODE_USE_ENV_PROXY"] = "1";
  append_option(variables["NODE_OPTIONS"], "--require=\"" + how.files.node_preload + '"');
  add_java_options(variables["JAVA_TOOL_OPTIONS"], how);
  std::vector<std::string> environment;
  for (const auto& [name, value] : variables) environment.push_back(name + "=" + value);
  return environment;
}

}  // namespace tapedeck::cli
