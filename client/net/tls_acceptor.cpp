#include "client/net/tls_acceptor.hpp"

#include <new>
#include <openssl/ssl.h>

#include "client/net/tls_settings.hpp"

namespace tapedeck::net {
namespace {

int choose_protocol(SSL* /*ssl*/, const unsigned char** chosen, unsigned char* size,
                    const unsigned char* offered, unsigned offered_size, void* /*unused*/) {
  unsigned char* match = nullptr;
  const int found =
      SSL_select_next_proto(&match, size, kHttp11, sizeof kHttp11, offered, offered_size);
  // RFC 7301 section 3.2: who offers only what we do not speak must be told so.
  if (found != OPENSSL_NPN_NEGOTIATED) return SSL_TLSEXT_ERR_ALERT_FATAL;
  *chosen = match;
  return SSL_TLSEXT_ERR_OK;
}

}  // namespace

TlsAcceptor::TlsAcceptor() : native_(SSL_CTX_new(TLS_server_method())) {
  if (native_ == nullptr) throw std::bad_alloc();
  apply_common_settings(native_);
  SSL_CTX_set_session_cache_mode(native_, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(native_, 1);
  SSL_CTX_set_alpn_select_cb(native_, choose_protocol, nullptr);
}

TlsAcceptor::~TlsAcceptor() { SSL_CTX_free(native_); }

}  // namespace tapedeck::net
