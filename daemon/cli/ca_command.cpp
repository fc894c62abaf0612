#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <unistd.h>

#include "config/load.hpp"
#include "daemon/cli/child.hpp"
#include "daemon/cli/command.hpp"
#include "daemon/intercept/authority.hpp"

namespace tapedeck::cli {
namespace {

namespace fs = std::filesystem;

/// Where Debian looks for certificates of the administrator's.
constexpr const char* kSystemStore = "/usr/local/share/ca-certificates";

Result<std::string> directory_of(const Common& common, const std::string& given) {
  config::Given options;
  if (!given.empty()) options.emplace_back("ca_dir", given);
  auto loaded = config::load(common.config, options);
  if (!loaded) return std::move(loaded).error();
  return loaded->ca_dir;
}

/// The name it goes by in trust stores: no two are alike.
std::string store_name(const Authority& authority) {
  return "tapedeck-" + authority.fingerprint().substr(0, 12);
}

/// Chromium's and other programs' database of certificates; "" when there is none.
std::string nss_database() {
  const char* const home = std::getenv("HOME");
  const std::string directory = std::string(home != nullptr ? home : "") + "/.pki/nssdb";
  std::error_code ignored;
  return fs::is_directory(directory, ignored) ? "sql:" + directory : std::string();
}

bool has_program(const std::string& name) {
  const char* const path = std::getenv("PATH");
  std::string_view rest = path != nullptr ? path : "";
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(':'), rest.size());
    if (::access((std::string(rest.substr(0, end)) + "/" + name).c_str(), X_OK) == 0) return true;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return false;
}

int update_system_store() {
  const int status = run_to_end({"update-ca-certificates"});
  if (status == 0) return kDone;
  return complain("ca", "update-ca-certificates failed", kFailed);
}

int install_system(const Authority& authority, const std::string& certificate) {
  if (!has_program("update-ca-certificates") &&
      ::access("/usr/sbin/update-ca-certificates", X_OK)) {
    std::cout << "system store: none here (no update-ca-certificates)\n";
    return kDone;
  }
  const fs::path target = fs::path(kSystemStore) / (store_name(authority) + ".crt");
  std::error_code error;
  fs::create_directories(kSystemStore, error);
  if (!error) fs::copy_file(certificate, target, fs::copy_options::overwrite_existing, error);
  if (error) {
    return complain("ca",
                    "system store: " + target.string() + ": " + error.message() +
                        "; as an administrator: install -m 644 " + certificate + " " +
                        target.string() + " && update-ca-certificates",
                    kFailed);
  }
  std::cout << "system store: installed as " << target.string() << std::endl;
  return update_system_store();
}

int install_nss(const Authority& authority, const std::string& certificate) {
  const std::string database = nss_database();
  if (database.empty() || !has_program("certutil")) {
    std::cout << "NSS (Chromium): "
              << (database.empty() ? "no database in ~/.pki/nssdb"
                                   : "certutil is not installed "
                                     "(package libnss3-tools)")
              << "; nothing done\n";
    return kDone;
  }
  if (run_to_end({"certutil", "-d", database, "-A", "-t", "C,,", "-n", store_name(authority), "-i",
                  certificate}) != 0) {
    return complain("ca", "NSS: certutil failed on " + database, kFailed);
  }
  std::cout << "NSS (Chromium): installed in " << database << " as " << store_name(authority)
            << '\n';
  return kDone;
}

int install(const Authority& authority, const std::string& directory) {
  const std::string certificate = Authority::certificate_file(directory);
  return std::max(install_system(authority, certificate), install_nss(authority, certificate));
}

int uninstall(const Authority& authority) {
  const fs::path target = fs::path(kSystemStore) / (store_name(authority) + ".crt");
  std::error_code error;
  int status = kDone;
  if (fs::remove(target, error)) {
    std::cout << "system store: removed " << target.string() << std::endl;
    status = update_system_store();
  } else if (error) {
    status = complain("ca", "system store: " + target.string() + ": " + error.message(), kFailed);
  } else {
    std::cout << "system store: was not installed\n";
  }
  const std::string database = nss_database();
  if (database.empty() || !has_program("certutil")) return status;
  if (run_to_end({"certutil", "-d", database, "-D", "-n", store_name(authority)}) == 0) {
    std::cout << "NSS (Chromium): removed from " << database << '\n';
  }
  return status;
}

int show(const Authority& authority, const std::string& directory) {
  std::cout << authority.describe() << "\nSHA-256 " << authority.fingerprint() << "\ncertificate "
            << Authority::certificate_file(directory) << '\n';
  return kDone;
}

}  // namespace

void add_ca(CLI::App& app, const Common& common, Chosen& chosen) {
  CLI::App* const command =
      app.add_subcommand("ca", "the CA that programs must trust for their HTTPS to be recorded");
  const std::string example =
      "Example:\n  curl --cacert \"$(tapedeck ca path)\" -x "
      "http://127.0.0.1:8888 https://example.com/";
  command->footer(example);
  command->require_subcommand(1);
  const auto given = std::make_shared<std::string>();
  using Body = std::function<int(const Authority&, const std::string&)>;
  const auto add = [&](const char* name, const char* help, bool rotates, const Body& body) {
    CLI::App* const action = command->add_subcommand(name, help);
    action->footer("Example:\n  tapedeck ca " + std::string(name));
    action->add_option("--ca-dir", *given, "where the CA lives")->type_name("DIR");
    action->callback([given, rotates, body, &common, &chosen] {
      chosen = [given, rotates, body, &common] {
        auto directory = directory_of(common, *given);
        if (!directory) return complain(directory.error());
        auto authority = rotates ? Authority::rotate(*directory) : Authority::open(*directory);
        if (!authority) return complain(authority.error());
        return body(**authority, *directory);
      };
    });
  };
  add("path", "print the file of its certificate, made when there is none", false,
      [](const Authority&, const std::string& directory) {
        std::cout << Authority::certificate_file(directory) << '\n';
        return kDone;
      });
  add("show", "print whose it is, until when, and its fingerprint", false, show);
  add("install", "make the system's programs and Chromium trust it", false, install);
  add("uninstall", "take that back", false,
      [](const Authority& authority, const std::string&) { return uninstall(authority); });
  add("rotate", "replace it by a new one; uninstall the old one first", true,
      [](const Authority& authority, const std::string& directory) {
        const int status = show(authority, directory);
        std::cout << "A running proxy keeps the old one until it is started again.\n";
        return status;
      });
}

}  // namespace tapedeck::cli
