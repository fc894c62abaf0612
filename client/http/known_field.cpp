#include "client/http/known_field.hpp"

#include "client/http/grammar.hpp"

namespace tapedeck::http {

KnownField known_field(std::string_view name) noexcept {
  const auto match = [&](std::string_view candidate, KnownField field) {
    return (name[0] | 0x20) == candidate[0] && iequals(name, candidate) ? field : KnownField::other;
  };
  switch (name.size()) {
    case 2:
      return match("te", KnownField::te);
    case 3:
      return match("via", KnownField::via);
    case 4:
      return to_lower(name[0]) == 'h' ? match("host", KnownField::host)
                                      : match("date", KnownField::date);
    case 6:
      return match("expect", KnownField::expect);
    case 7:
      return to_lower(name[0]) == 't' ? match("trailer", KnownField::trailer)
                                      : match("upgrade", KnownField::upgrade);
    case 10:
      return to_lower(name[0]) == 'c' ? match("connection", KnownField::connection)
                                      : match("keep-alive", KnownField::keep_alive);
    case 12:
      return match("max-forwards", KnownField::max_forwards);
    case 14:
      return match("content-length", KnownField::content_length);
    case 16:
      return match("proxy-connection", KnownField::proxy_connection);
    case 17:
      return match("transfer-encoding", KnownField::transfer_encoding);
    case 18:
      return match("proxy-authenticate", KnownField::proxy_authenticate);
    case 19:
      return match("proxy-authorization", KnownField::proxy_authorization);
    default:
      return KnownField::other;
  }
}

}  // namespace tapedeck::http
