#pragma once

#include <array>
#include <memory>
#include <span>

struct evp_md_ctx_st;

namespace tapedeck::storage {

using Digest = std::array<char, 32>;

/// SHA-256 over bytes that arrive in pieces. Reusable: finish() starts afresh.
/// Throws std::runtime_error when OpenSSL has no SHA-256 to give.
class Sha256 {
 public:
  Sha256();
  void update(std::span<const char> bytes);
  Digest finish();

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const noexcept;
  };
  std::unique_ptr<evp_md_ctx_st, Free> context_;
};

}  // namespace tapedeck::storage
