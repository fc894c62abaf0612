#include "storage/digest.hpp"

#include <openssl/evp.h>
#include <stdexcept>

namespace tapedeck::storage {
namespace {

void require(bool ok) {
  if (!ok) throw std::runtime_error("OpenSSL refuses SHA-256");
}

/// Looked up once: naming the algorithm anew for each body costs more than hashing a small one.
const EVP_MD* sha256() {
  static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  return algorithm;
}

}  // namespace

void Sha256::Free::operator()(evp_md_ctx_st* context) const noexcept { EVP_MD_CTX_free(context); }

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  require(context_ && EVP_DigestInit_ex(context_.get(), sha256(), nullptr) == 1);
}

void Sha256::update(std::span<const char> bytes) {
  require(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1);
}

Digest Sha256::finish() {
  Digest digest{};
  require(EVP_DigestFinal_ex(context_.get(), reinterpret_cast<unsigned char*>(digest.data()),
                             nullptr) == 1 &&
          EVP_DigestInit_ex(context_.get(), nullptr, nullptr) == 1);
  return digest;
}

}  // namespace tapedeck::storage
