#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "client/http/fields.hpp"

namespace tapedeck::storage {

/// How an exchange reached us. Stored by name in `exchange.mode`.
enum class Mode { forward, tunnel, intercept, reverse, replay, fetch };
std::string_view to_string(Mode mode) noexcept;
std::optional<Mode> mode_named(std::string_view name) noexcept;

/// Where an exchange stands. Stored by name in `exchange.state`.
enum class State {
  open,         ///< still going on
  complete,     ///< answered: the response went through whole
  failed,       ///< upstream, or the request itself, was at fault: see the error columns
  aborted,      ///< the client went away, or the proxy shut down, before the end
  interrupted,  ///< was open when the process died
};
std::string_view to_string(State state) noexcept;
std::optional<State> state_named(std::string_view name) noexcept;

/// One of the two messages of an exchange.
enum class Side { request, response };

/// How long each stage took, in microseconds; empty where the stage did not happen.
struct Timings {
  std::optional<std::int64_t> dns_us;
  std::optional<std::int64_t> connect_us;
  std::optional<std::int64_t> tls_us;
  std::optional<std::int64_t> send_us;
  std::optional<std::int64_t> wait_us;
  std::optional<std::int64_t> receive_us;
  std::optional<std::int64_t> total_us;
};

/// One row of table `exchange`, without its bodies: those are streamed through a Recording.
/// A plain value; empty optionals and empty strings where noted become NULL.
struct Exchange {
  std::int64_t started_at = 0;  ///< microseconds since 1970-01-01 UTC
  std::string client;           ///< peer address, "127.0.0.1:54321"
  Mode mode = Mode::forward;

  std::string method;  ///< NULL when empty: the request line could not be read
  std::string scheme;
  std::string host;  ///< without brackets, lower case
  std::optional<int> port;
  std::string path;                  ///< as received, percent-encoding untouched
  std::optional<std::string> query;  ///< without the '?'; empty differs from absent
  std::string request_version;       ///< "HTTP/1.1"
  http::Fields request_headers;
  http::Fields request_trailers;
  std::int64_t request_size = 0;  ///< body bytes after transfer-decoding; for a tunnel, bytes up

  std::optional<int> status;
  std::string reason;
  std::string response_version;
  http::Fields response_headers;
  http::Fields response_trailers;
  std::int64_t response_size = 0;  ///< body bytes after transfer-decoding; for a tunnel, bytes down

  State state = State::open;
  std::string error_stage;   ///< to_string(Stage); NULL when empty
  std::string error_code;    ///< RFC 9209 error type, e.g. "connection_refused"; NULL when empty
  std::string error_detail;  ///< one sentence; NULL when empty

  Timings timings;

  std::string upstream_address;  ///< "192.0.2.1:80"; NULL when empty
  std::optional<bool> upstream_reused;
  std::string tls_version;
  std::string tls_cipher;
  std::string peer_cert_sha256;
  std::string tls_sni;   ///< the name a tunnel's ClientHello asks for (RFC 6066 section 3)
  std::string tls_alpn;  ///< the protocols it offers (RFC 7301), "h2,http/1.1"
  std::optional<std::int64_t> replay_of;
  std::string match_key;
  std::string redacted;  ///< words: what was redacted of it (see note_redacted); NULL when empty
};

}  // namespace tapedeck::storage
