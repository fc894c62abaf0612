#include "daemon/cli/run/kit.hpp"

#include <cstdlib>
#include <fstream>
#include <initializer_list>
#include <sstream>

#include "daemon/cli/run/java_store.hpp"
#include "daemon/cli/run/node_preload.hpp"

namespace tapedeck::cli {
namespace {

std::string variable(const char* name) {
  const char* const value = std::getenv(name);
  return value != nullptr ? value : "";
}

/// What is in the first of these files that can be read; a line end is at its end.
std::string first_readable(std::initializer_list<std::string> paths) {
  for (const std::string& path : paths) {
    std::ifstream file(path);
    if (path.empty() || !file) continue;
    std::ostringstream text;
    text << file.rdbuf() << '\n';
    return text.str();
  }
  return {};
}

/// Where the system keeps its roots in one file; what the user set is stronger.
std::string system_roots() {
  return first_readable({variable("SSL_CERT_FILE"), "/etc/ssl/certs/ca-certificates.crt",
                         "/etc/pki/tls/certs/ca-bundle.crt"});
}

/// wget takes its CA from here only; and what is said here is stronger than a variable.
std::string wgetrc(const std::string& proxy_url, const std::string& bundle) {
  std::string text = first_readable({variable("WGETRC"), variable("HOME") + "/.wgetrc"});
  text += "use_proxy = on\nhttp_proxy = " + proxy_url + "\nhttps_proxy = " + proxy_url;
  text += "\nno_proxy =\n";
  if (!bundle.empty()) text += "ca_certificate = " + bundle + '\n';
  return text;
}

std::string apt_conf(const std::string& bundle) {
  return first_readable({variable("APT_CONFIG")}) + "Acquire::https::CAInfo \"" + bundle + "\";\n";
}

}  // namespace

Result<Kit> Kit::write(const std::string& proxy_url, const std::string& ca_pem) {
  auto directory = Directory::make();
  if (!directory) return std::move(directory).error();
  Kit kit(*std::move(directory));
  // What the user wrote in theirs may be a password.
  constexpr auto kEverybody = Directory::Readers::everybody;
  constexpr auto kOwner = Directory::Readers::owner;
  Result<void> done = kit.put(&Files::node_preload, "node-preload.js", kNodePreload, kEverybody);
  if (done && !ca_pem.empty()) {
    const std::string roots = system_roots() + ca_pem;
    done = kit.put(&Files::bundle, "ca-bundle.pem", roots, kEverybody);
    if (done) done = kit.put(&Files::java_store, "ca-bundle.p12", java_store(roots), kEverybody);
    if (done) done = kit.put(&Files::apt_conf, "apt.conf", apt_conf(kit.files_.bundle), kOwner);
  }
  if (done) {
    done = kit.put(&Files::wgetrc, "wgetrc", wgetrc(proxy_url, kit.files_.bundle), kOwner);
  }
  if (!done) return std::move(done).error();
  return kit;
}

Result<void> Kit::put(std::string Files::*path, const char* name, std::string_view content,
                      Directory::Readers readers) {
  auto written = directory_.write(name, content, readers);
  if (!written) return std::move(written).error();
  files_.*path = *std::move(written);
  return {};
}

}  // namespace tapedeck::cli
