#pragma once

#include <memory>
#include <openssl/evp.h>
#include <span>
#include <string>

namespace tapedeck::storage {

/// A running SHA-256. Copyable: a copy goes on from the same point.
class Sha256 {
 public:
  Sha256();
  Sha256(const Sha256& other);
  Sha256& operator=(const Sha256& other);
  Sha256(Sha256&&) noexcept = default;
  Sha256& operator=(Sha256&&) noexcept = default;

  void update(std::span<const char> bytes);
  /// Lower-case hexadecimal; the digest then starts anew.
  std::string finish();

 private:
  struct Free {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  };
  std::unique_ptr<EVP_MD_CTX, Free> context_;
};

}  // namespace tapedeck::storage
