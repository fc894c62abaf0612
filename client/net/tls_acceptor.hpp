#pragma once

struct evp_pkey_st;
struct ssl_ctx_st;
struct x509_st;

namespace tapedeck::net {

/// A certificate and its key, borrowed: OpenSSL counts its own references once they are used.
struct TlsIdentity {
  x509_st* certificate = nullptr;
  evp_pkey_st* key = nullptr;
};

/// The TLS settings of a server, to whom each connection brings the identity it shows: TLS 1.2 and
/// up, ALPN "http/1.1", session tickets. Immutable and safe to share between threads.
class TlsAcceptor {
 public:
  TlsAcceptor();
  ~TlsAcceptor();
  TlsAcceptor(const TlsAcceptor&) = delete;
  TlsAcceptor& operator=(const TlsAcceptor&) = delete;

 private:
  friend class TlsSession;
  ssl_ctx_st* native_;
};

}  // namespace tapedeck::net
