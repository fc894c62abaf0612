#include "storage/export/redactor.hpp"

#include <algorithm>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <stdexcept>

#include "client/http/grammar.hpp"

namespace tapedeck::storage {
namespace {

/// Enough that no two secrets of a log look equal: 64 bits.
constexpr std::size_t kMarkBytes = 8;

/// Schemes whose name says nothing about the credentials; of any other, nothing is kept.
constexpr std::array<std::string_view, 6> kSchemes = {"Basic", "Bearer",    "Digest",
                                                      "DPoP",  "Negotiate", "NTLM"};

/// Where, among a cookie's attributes, ", name=" begins another cookie; their end when nowhere. The
/// comma inside Expires is followed by no name and "=".
std::size_t next_cookie(std::string_view attributes) {
  for (std::size_t comma = attributes.find(','); comma != std::string_view::npos;
       comma = attributes.find(',', comma + 1)) {
    const std::string_view rest = http::trim(attributes.substr(comma + 1));
    const std::size_t name = http::find_not(rest, http::kToken);
    if (name > 0 && name < rest.size() && rest[name] == '=') return comma;
  }
  return attributes.size();
}

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
  http::Fields clean;
  for (const auto& [name, value] : fields) {
    if (http::iequals(name, "Authorization") || http::iequals(name, "Proxy-Authorization")) {
      clean.add(name, credentials(value));
    } else if (http::iequals(name, "Cookie")) {
      clean.add(name, cookies(value));
    } else if (http::iequals(name, "Set-Cookie")) {
      clean.add(name, set_cookie(value));
    } else {
      clean.add(name, value);
    }
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

std::string Redactor::credentials(std::string_view value) const {
  const std::size_t space = std::min(value.find(' '), value.size());
  const std::string_view scheme = value.substr(0, space);
  const bool known = std::any_of(kSchemes.begin(), kSchemes.end(), [&](std::string_view name) {
    return http::iequals(name, scheme);
  });
  if (!known || space == value.size()) return mark(value);
  return std::string(scheme) + " " + mark(value.substr(space + 1));
}

/// "a=secret; b=secret"
std::string Redactor::cookies(std::string_view value) const {
  std::string clean;
  while (true) {
    const std::size_t end = std::min(value.find(';'), value.size());
    const std::string_view pair = value.substr(0, end);
    const std::size_t equals = pair.find('=');
    // A cookie without a name is all value; blanks before it belong to the list.
    const std::size_t start = equals != std::string_view::npos
                                  ? equals + 1
                                  : std::min(pair.find_first_not_of(' '), pair.size());
    clean.append(pair.substr(0, start)).append(mark(http::trim(pair.substr(start))));
    if (end == value.size()) return clean;
    clean += ';';
    value.remove_prefix(end + 1);
  }
}

/// "a=secret; Path=/; Secure", and, from programs that join lines, more of it after a comma.
std::string Redactor::set_cookie(std::string_view value) const {
  const std::size_t end = std::min(value.find(';'), value.size());
  std::string clean = cookies(value.substr(0, end));
  value.remove_prefix(end);
  const std::size_t next = next_cookie(value);
  clean.append(value.substr(0, next));
  return next == value.size() ? clean : clean + set_cookie(value.substr(next));
}

}  // namespace tapedeck::storage
