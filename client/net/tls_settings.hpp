#pragma once

#include <openssl/ssl.h>

/// What a client's and a server's side of TLS have in common. Included by sources only.
namespace tapedeck::net {

/// RFC 7301: the one protocol we speak, preceded by its length.
inline constexpr unsigned char kHttp11[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

inline void apply_common_settings(SSL_CTX* context) {
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                SSL_MODE_RELEASE_BUFFERS);
  // One recv() takes whole records, where two would take a record's header and then its rest.
  SSL_CTX_set_read_ahead(context, 1);
}

}  // namespace tapedeck::net
