#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <system_error>

#include "client/net/tls_acceptor.hpp"
#include "client/net/tls_context.hpp"

struct ssl_ctx_st;
struct ssl_st;
struct x509_store_ctx_st;

namespace tapedeck::net {

/// What a TLS connection turned out to be.
struct TlsFacts {
  std::string version;           ///< "TLSv1.3"
  std::string cipher;            ///< "TLS_AES_256_GCM_SHA384"
  std::string peer_certificate;  ///< its SHA-256, 32 bytes; empty when the peer sent none
  bool resumed = false;
  bool verified = false;  ///< false only where verification was turned off
};

/// TLS over a non-blocking socket that somebody else owns and waits for: each call goes as far as
/// it can and says what it needs next. Not thread-safe; must be destroyed before the socket closes.
class TlsSession {
 public:
  enum class Want { nothing, read, write };
  struct Step {
    Want want = Want::nothing;  ///< wait for this, then call again with the same arguments
    std::size_t size = 0;
    std::error_code error = {};
  };

  /// A client's session with `host`, a name or an address literal as in a URL. It resumes one kept
  /// for the same host and port where there is one.
  TlsSession(std::shared_ptr<TlsContext> context, int socket, std::string_view host,
             std::uint16_t port);
  /// A server's session with a client that asked for `host`. `received` is what was already read
  /// from the socket.
  TlsSession(const TlsAcceptor& acceptor, TlsIdentity identity, int socket, std::string_view host,
             std::string received);
  /// Says goodbye (close_notify) when the peer may still hear it.
  ~TlsSession();
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;

  Step handshake();
  /// At least one byte, asio::error::eof after the peer's close_notify, Error::tls_truncated when
  /// it closed without one (RFC 9112 section 9.8).
  Step read(std::span<char> into);
  /// To be called when the socket has become readable, or may have. A read that took all there was
  /// is not followed by another system call before.
  void try_socket() noexcept;
  /// read() could only say so: nothing has come since it took all there was.
  bool must_wait() const;
  /// Received and not yet returned by read().
  bool holds_bytes() const;
  Step write(std::string_view bytes);
  /// Sends close_notify; nothing can be written after it.
  void shut_down() noexcept;
  /// No byte of the peer's waits; what it sent of TLS's own (session tickets) is dealt with.
  bool quiet();
  /// Gives back the buffers that nothing is in: before a pause.
  void rest();
  /// The connection is given up: no close_notify will be sent.
  void abandon() noexcept { usable_ = false; }

  /// In words, why the last step failed.
  const std::string& why() const noexcept { return why_; }
  /// Precondition: the handshake succeeded. Lives as long as the session.
  const TlsFacts& facts() const noexcept { return facts_; }

 private:
  friend class TlsContext;
  struct Native;
  TlsSession(ssl_ctx_st* settings, int socket, std::string_view host, std::string received);
  bool is_server() const noexcept { return context_ == nullptr; }
  Step outcome(int returned);
  void gather_facts();
  static int verify(x509_store_ctx_st* chain, void* unused);

  std::shared_ptr<TlsContext> context_;  ///< null on the server's side
  std::unique_ptr<Native> native_;
  std::string host_;
  std::string key_;                          ///< of the session cache
  const ssl_session_st* offered_ = nullptr;  ///< last by the server, to the cache; only compared
  std::string why_;
  TlsFacts facts_;
  Step deferred_;  ///< a failure that came right after data
  bool usable_ = false;
};

}  // namespace tapedeck::net
