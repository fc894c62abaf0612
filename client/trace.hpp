#pragma once

#include <functional>
#include <string_view>

namespace tapedeck::client {

/// Something that happened on a connection, as it happens.
struct TraceEvent {
  enum class Kind {
    note,      ///< a step in words: connected, TLS agreed, the connection closed
    exchange,  ///< a request begins: its method and what it is for
    sent,      ///< bytes as written, before encryption
    received,  ///< bytes as read, after decryption
  };
  Kind kind;
  std::string_view text;  ///< valid during the call
};

/// http.client's set_debuglevel as a callback. Runs on the connection's thread; must not call the
/// connection. Credentials are not masked: it shows the wire.
using Trace = std::function<void(const TraceEvent&)>;

}  // namespace tapedeck::client
