#pragma once

#include <chrono>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "client/http/result.hpp"
#include "client/net/tls_acceptor.hpp"

namespace tapedeck {

/// The interception CA: a certificate and a key in a directory of their own, and the leaves signed
/// with them. Safe to use from any thread.
///
/// On disk: `ca.pem`, the certificate (ECDSA P-256, ten years, path length 0, a subject no other
/// installation has), and `ca.key`, mode 0600 in a directory of mode 0700. The key is read into
/// this process and goes nowhere else.
class Authority {
 public:
  /// Opens the CA in `directory`, making one where there is none. Fails with Stage::configure and a
  /// sentence: unreadable, readable by others, a symbolic link, not a pair, expired.
  static Result<std::shared_ptr<Authority>> open(const std::string& directory);
  /// Replaces the CA in `directory` by a new one. Leaves of the old one are no longer trusted by
  /// who trusts only the new one.
  static Result<std::shared_ptr<Authority>> rotate(const std::string& directory);
  /// Whether `directory` holds a CA, or a part of one.
  static bool exists(const std::string& directory);
  static std::string certificate_file(const std::string& directory);

  ~Authority();
  Authority(const Authority&) = delete;
  Authority& operator=(const Authority&) = delete;

  const std::string& certificate_pem() const noexcept { return certificate_pem_; }
  /// "CN=..., issued by CN=..., valid ... to ...".
  std::string describe() const;
  /// The SHA-256 of the certificate, lower-case hexadecimal.
  std::string fingerprint() const;

  /// A certificate for one host with the key it goes with.
  class Leaf {
   public:
    Leaf(std::shared_ptr<x509_st> certificate, evp_pkey_st* key)
        : certificate_(std::move(certificate)), key_(key) {}
    net::TlsIdentity identity() const noexcept { return {certificate_.get(), key_}; }

   private:
    std::shared_ptr<x509_st> certificate_;
    evp_pkey_st* key_;  ///< the authority's one leaf key
  };
  /// The leaf for a host name or address literal: from the cache when it is still good, else signed
  /// now (a tenth of a millisecond). Precondition: names_a_host(host).
  Leaf leaf_for(std::string_view host);
  /// A leaf can be made for it: a name of letters, digits, hyphens and underscores, or an address.
  static bool names_a_host(std::string_view host);

 private:
  struct Keys;
  explicit Authority(std::unique_ptr<Keys> keys);
  static Result<std::shared_ptr<Authority>> load(const std::string& directory);
  std::shared_ptr<x509_st> issue(const std::string& host) const;

  struct Kept {
    std::string host;
    std::shared_ptr<x509_st> certificate;
  };
  std::unique_ptr<Keys> keys_;
  std::string certificate_pem_;
  std::mutex mutex_;
  std::list<Kept> leaves_;  ///< the one used last first
  std::unordered_map<std::string, std::list<Kept>::iterator> by_host_;
};

}  // namespace tapedeck
