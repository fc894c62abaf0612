#pragma once

#include <memory>
#include <string>
#include <variant>

#include <asio/basic_socket_acceptor.hpp>
#include <asio/generic/stream_protocol.hpp>
#include <asio/local/stream_protocol.hpp>

#include "client/http/connection.hpp"
#include "client/net/types.hpp"
#include "daemon/reload.hpp"
#include "daemon/worker.hpp"

namespace tapedeck {

/// The door for those who run the proxy: HTTP over a socket beside the log, or on loopback.
///
///     GET /status    GET /metrics    POST /chore/NAME  (arguments as JSON)    POST /reload
///
/// The socket is its owner's alone. On loopback a page in a browser is refused, and what changes
/// something needs the token that stands in LOG.token. Lives on the first worker's thread.
class Admin {
 public:
  /// `where` is `unix:PATH` or `ADDR:PORT`. Fails with Stage::configure.
  static Result<std::unique_ptr<Admin>> open(const std::string& where, Worker& worker,
                                             Reload reload);
  ~Admin();
  Admin(const Admin&) = delete;
  Admin& operator=(const Admin&) = delete;

  /// Serves until closed.
  net::Awaitable<void> run();
  void close();

  /// Where it listens on loopback; empty for a socket in the file system.
  std::optional<net::Endpoint> port() const;
  /// "unix:/run/x.sock" or "http://127.0.0.1:9999".
  const std::string& address() const noexcept { return address_; }

  using Socket = asio::basic_stream_socket<asio::generic::stream_protocol, net::Executor>;

 private:
  using UnixAcceptor = asio::basic_socket_acceptor<asio::local::stream_protocol, net::Executor>;
  Admin(Worker& worker, Reload reload) : worker_(worker), reload_(std::move(reload)) {}
  Result<void> open_unix(const std::string& path);
  Result<void> open_tcp(const std::string& endpoint);

  Worker& worker_;
  Reload reload_;
  std::variant<std::monostate, UnixAcceptor, net::Acceptor> acceptor_;
  std::string address_;
  std::string path_;   ///< of the socket; empty on loopback
  std::string token_;  ///< on loopback
};

/// The socket a daemon that records into `log` makes unless told otherwise; empty when the name
/// would be longer than the system allows.
std::string default_admin(const std::string& log);
/// Where the token is.
std::string admin_token_file(const std::string& log);

}  // namespace tapedeck
