#pragma once

#include <array>
#include <string>
#include <string_view>

#include "storage/exchange.hpp"

namespace tapedeck::storage {

/// Takes credentials out of exchanges: the values of Authorization, Proxy-Authorization, Cookie and
/// Set-Cookie. What stands in their place begins with "redacted-" and is the same for the same
/// secret, so that who sent which is still to be seen; it is keyed at random, so that nobody can
/// try secrets against it.
class Redactor {
 public:
  Redactor();
  void redact(Exchange& exchange) const;

 private:
  std::string mark(std::string_view secret) const;
  http::Fields redacted(const http::Fields& fields) const;

  std::array<unsigned char, 32> key_{};
};

}  // namespace tapedeck::storage
