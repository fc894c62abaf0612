#include "storage/export/redactor.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <stdexcept>

#include "client/http/grammar.hpp"
#include "storage/redact/header_value.hpp"

namespace tapedeck::storage {
namespace {

/// Enough that no two secrets of a log look equal: 64 bits.
constexpr std::size_t kMarkBytes = 8;

}  // namespace

Redactor::Redactor() {
  if (RAND_bytes(key_.data(), static_cast<int>(key_.size())) != 1) {
    throw std::runtime_error("OpenSSL has no random bytes to give");
  }
}

void Redactor::redact(Exchange& exchange) const {
  for (http::Fields* fields : {&exchange.request_headers, &exchange.request_trailers,
                               &exchange.response_headers, &exchange.response_trailers}) {
    *fields = redacted(*fields);
  }
}

http::Fields Redactor::redacted(const http::Fields& fields) const {
  const auto marked = [this](std::string_view, std::string_view secret) { return mark(secret); };
  http::Fields clean;
  for (const auto& [name, value] : fields) {
    const bool secret = http::iequals(name, "Authorization") ||
                        http::iequals(name, "Proxy-Authorization") || holds_cookies(name);
    clean.add(name, secret ? redacted_value(name, value, marked) : std::string(value));
  }
  return clean;
}

std::string Redactor::mark(std::string_view secret) const {
  if (secret.empty()) return {};
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (HMAC(EVP_sha256(), key_.data(), static_cast<int>(key_.size()),
           reinterpret_cast<const unsigned char*>(secret.data()), secret.size(), digest.data(),
           &size) == nullptr) {
    throw std::runtime_error("OpenSSL refuses HMAC-SHA256");
  }
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text = "redacted-";
  for (std::size_t i = 0; i < kMarkBytes; ++i) {
    text += {kDigits[digest[i] >> 4], kDigits[digest[i] & 15]};
  }
  return text;
}

}  // namespace tapedeck::storage
