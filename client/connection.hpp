#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "client/body.hpp"
#include "client/error.hpp"
#include "client/http/error.hpp"
#include "client/http/fields.hpp"
#include "client/http/result.hpp"
#include "client/io.hpp"
#include "client/net/deadline.hpp"
#include "client/net/tls_session.hpp"
#include "client/net/types.hpp"
#include "client/opening.hpp"
#include "client/options.hpp"
#include "client/response.hpp"

namespace tapedeck::client {

/// An HTTP/1.1 connection to one origin: requests one after the other, kept alive between them,
/// opened when needed. The counterpart of Python's http.client.HTTPConnection, for coroutines;
/// BlockingConnection is the same for plain programs.
///
///     request ──────────────────────────────► get_response ─► (read the body) ─► request …
///     begin ─► header … ─► end_headers ─► send … ─► finish ─┘
///
/// What is left unread of a response when the next request begins is drained, or the connection
/// closed (Options::drain_limit). A request without a body whose method is idempotent is sent a
/// second time when a kept-alive connection proves closed before any byte of an answer (RFC 9110
/// section 9.2.2); no other ever is.
///
/// Move-only. One thread, that of the io_context; one operation at a time, and neither move nor
/// destroy it during one. After a failure the connection is closed, and the next request opens it
/// anew.
class Connection {
 public:
  /// To the origin of an http or https URL: "https://api.example.com", "http://[::1]:8080". A path
  /// is not looked at. `context` and `watchdog` must outlive it.
  /// Fails with http::Error::bad_url, bad_host or unsupported_scheme.
  static Result<Connection> to(std::string_view url, asio::io_context& context,
                               net::Watchdog& watchdog, Options options = {});

  Connection(Connection&&) noexcept;
  Connection& operator=(Connection&&) noexcept;
  ~Connection();

  /// Every connection from now on goes through a CONNECT tunnel that the host of the URL, a proxy,
  /// opens to `authority` (host:port), for which requests are then meant. Not while connected.
  Result<void> set_tunnel(std::string_view authority, http::Fields headers = {});
  /// The proxy's answer to the last CONNECT that succeeded; null without one.
  const http::ResponseHead* tunnel_answer() const noexcept;

  /// Connects now; request() does so by itself unless Options::auto_open is off.
  net::Awaitable<Result<void>> connect();
  void close();
  bool is_open() const noexcept;
  /// What TLS agreed on; empty when not connected or over plain TCP.
  std::optional<net::TlsFacts> tls() const;
  /// The peer's address, "192.0.2.1:443"; empty when not connected.
  std::string peer_address() const;
  /// The connection the last request went over, closed since or not; null before the first.
  const Opening* opening() const noexcept;

  /// Sends a whole request. Host, Accept-Encoding ("identity"), the body's Content-Type and its
  /// framing are added where `headers` lacks them; "Content-Length: 0" for POST, PUT and PATCH
  /// without a body. With "Expect: 100-continue" the body waits for the server's word, a second at
  /// most. When the server answers with an error before it has read the body, sending stops.
  net::Awaitable<Result<void>> request(std::string_view method, std::string_view target,
                                       Body body = {}, http::Fields headers = {},
                                       AutomaticFields automatic = {});

  // The same step by step.

  Result<void> begin(std::string_view method, std::string_view target,
                     AutomaticFields automatic = {});
  Result<void> header(std::string_view name, std::string_view value);
  /// Sends the head. The framing is what the headers say: a Content-Length, a Transfer-Encoding of
  /// chunked, or no body.
  net::Awaitable<Result<void>> end_headers();
  /// Sends a piece of the body: a chunk, where the body is chunked.
  net::Awaitable<Result<void>> send(std::string_view piece);
  /// Ends the request. Trailers go out with a chunked body only.
  net::Awaitable<Result<void>> finish(http::Fields trailers = {});

  /// Waits for the head of the final response; interim ones are passed over.
  /// Fails with http::Error::connection_closed when the peer closed without a word (http.client's
  /// RemoteDisconnected), with the codec's errors for a head that is none.
  net::Awaitable<Result<Response>> get_response();

 private:
  explicit Connection(std::unique_ptr<Channel<AsyncIo>> channel);

  std::unique_ptr<Channel<AsyncIo>> channel_;
};

}  // namespace tapedeck::client
