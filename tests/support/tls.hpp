#pragma once

#include <string>
#include <string_view>

#include "tests/support/openssl.hpp"
#include "tests/support/test_ca.hpp"

namespace tapedeck::test {

struct TlsServerOptions {
  Credential credential;
  int min_version = TLS1_2_VERSION;
  /// 0: the newest there is.
  int max_version = 0;
  /// Not empty: the client must show a certificate signed by this authority.
  std::string client_ca_pem = {};
  /// Without: TLS 1.2 resumes by session id alone, TLS 1.3 not at all.
  bool tickets = true;
  /// OpenSSL's names, separated by colons; those of TLS 1.3 ("TLS_...") apart from others.
  std::string ciphers = {};
  /// Protocols in order of preference, separated by commas; ones not offered are not chosen.
  std::string alpn = {};
};

/// What a TLS server is set up with, for any number of connections. Serves weak certificates and
/// old versions if told to, and resumes sessions. Must outlive the handshakes made with it.
class TlsServer {
 public:
  explicit TlsServer(const TlsServerOptions& options);
  TlsServer(const TlsServer&) = delete;
  TlsServer& operator=(const TlsServer&) = delete;

  SSL_CTX* context() const noexcept { return context_.get(); }

 private:
  openssl::Context context_;
  std::string alpn_;
};

struct TlsClientOptions {
  /// The only anchors trusted.
  std::string ca_pem;
  /// Shown when the server asks; none when empty.
  Credential credential = {};
  int min_version = TLS1_2_VERSION;
  int max_version = 0;
  std::string alpn = {};
};

/// The same for a client. It verifies the server, and resumes the last session it was given. Must
/// outlive the connections made with it, and they stay on one thread.
class TlsClient {
 public:
  explicit TlsClient(const TlsClientOptions& options);
  ~TlsClient();
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;

  SSL_CTX* context() const noexcept { return context_.get(); }
  SSL_SESSION* session() const noexcept { return session_.get(); }

 private:
  openssl::Context context_;
  openssl::Session session_;
};

/// What Peer needs of TLS: one connection over a socket it does not own.
class TlsSession {
 public:
  enum class End {
    none,
    /// close_notify
    closed,
    /// FIN without close_notify
    cut,
    /// RST
    reset
  };

  /// `received` is what was already read from the socket.
  TlsSession(const TlsServer& server, int socket, std::string received);
  /// An empty `server_name` is neither sent nor checked; an address is checked only.
  TlsSession(const TlsClient& client, int socket, const std::string& server_name);
  ~TlsSession();
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;

  /// Returns why it failed, "" when it did not; throws when the other side keeps us waiting.
  std::string handshake();
  /// Appends what comes next, or returns how the stream ended; throws on an alert.
  End read(std::string& to);
  /// Writes what the kernel takes without waiting.
  std::size_t write_some(std::string_view bytes);
  /// Says that nothing more is written, once, as far as the kernel takes it without waiting.
  void close_notify();
  /// From now on close_notify() does nothing.
  void stay_silent() noexcept { silent_ = true; }

  /// What a server's contexts call with each ClientHello.
  static SSL_client_hello_cb_fn on_client_hello();

  /// The name the client sent, and the protocols it offered, separated by commas.
  const std::string& server_name() const noexcept { return server_name_; }
  const std::string& offered_alpn() const noexcept { return offered_alpn_; }
  SSL* ssl() const noexcept { return ssl_.get(); }

 private:
  struct Hooks;
  struct Transport {
    int socket;
    std::string received;
    bool at_end = false;
  };

  TlsSession(SSL_CTX* context, int socket, std::string received);
  void wait(int error) const;

  Transport transport_;
  openssl::Ssl ssl_;
  std::string server_name_;
  std::string offered_alpn_;
  End end_ = End::none;
  /// No close_notify: it was sent, must not be, or cannot be any more.
  bool silent_ = true;
};

}  // namespace tapedeck::test
