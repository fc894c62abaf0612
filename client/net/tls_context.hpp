#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "client/http/result.hpp"

struct ssl_ctx_st;
struct ssl_st;
struct ssl_session_st;

namespace tapedeck::net {

class TlsSessionCache;

/// What a client trusts, and how it proves who it is.
struct TlsOptions {
  /// The system's roots: OpenSSL's default file and directory, or those that SSL_CERT_FILE and
  /// SSL_CERT_DIR name.
  bool system_roots = true;
  std::vector<std::string> ca_files = {};        ///< PEM; trusted beside the system's roots
  std::vector<std::string> ca_directories = {};  ///< hashed as openssl-rehash does
  /// PEM revocation lists. When any is given, a server whose issuer has none is refused.
  std::vector<std::string> crl_files = {};
  std::string certificate_file = {};  ///< our own certificate and its intermediates, PEM
  std::string key_file = {};          ///< its key; empty: in certificate_file
  std::string key_password = {};      ///< of an encrypted key
  /// Takes chains without keyUsage in a CA or key identifiers, as CAs made by hand with `openssl
  /// req -x509` are: extensions that RFC 5280 requires and that constrain nothing when absent.
  bool forgive_omissions = false;
  /// False takes any certificate from anyone: what is sent may be read and answered by whoever
  /// stands in between. Never read from the environment.
  bool verify = true;
};

/// The TLS settings of a client, and the sessions it may resume under them: sessions are never
/// shared between settings. Immutable but for those sessions, and safe to share between threads.
/// TLS 1.2 and up, ALPN "http/1.1", security level 2 (no RSA below 2048 bits, no SHA-1 signatures).
class TlsContext {
 public:
  /// Fails with Stage::configure, naming the file, when one cannot be used.
  static Result<std::shared_ptr<TlsContext>> create(const TlsOptions& options);
  /// The context of a default TlsOptions, made at first use.
  static const std::shared_ptr<TlsContext>& system();

  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

 private:
  friend class TlsSession;
  TlsContext();
  Result<void> apply(const TlsOptions& options);
  static int keep_session(ssl_st* ssl, ssl_session_st* session);

  ssl_ctx_st* native_;
  std::unique_ptr<TlsSessionCache> sessions_;
  bool verify_ = true;
  bool forgive_omissions_ = false;
};

}  // namespace tapedeck::net
