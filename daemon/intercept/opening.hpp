#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tapedeck {

/// What the first bytes inside a tunnel turn out to be.
struct Opening {
  enum class Kind {
    incomplete,  ///< more bytes are needed to tell
    tls,         ///< a TLS ClientHello, whole or beyond reading: OpenSSL will say what is wrong
    http,        ///< an HTTP/1.x request line
    other,       ///< something else
  };
  Kind kind = Kind::incomplete;
  std::string server_name = {};        ///< SNI (RFC 6066 section 3), as sent; empty when absent
  std::vector<std::string> alpn = {};  ///< protocols offered (RFC 7301); empty when absent
};

/// Looks at the bytes received so far; pure. A ClientHello may be spread over any number of TLS
/// records (RFC 8446 section 5.1); one above 64 KiB is not waited for.
Opening recognize(std::string_view bytes);

}  // namespace tapedeck
