#include "tests/support/tls.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <sys/socket.h>
#include <utility>

#include "tests/support/peer.hpp"
#include "tests/support/wait_for.hpp"

namespace tapedeck::test {

using namespace openssl;

/// The functions OpenSSL calls back. The transport sends with MSG_NOSIGNAL, which OpenSSL's own
/// does not, and never blocks.
struct TlsSession::Hooks {
  static int write(BIO* bio, const char* bytes, int size) {
    const auto* transport = static_cast<Transport*>(BIO_get_data(bio));
    BIO_clear_retry_flags(bio);
    const ssize_t sent = ::send(transport->socket, bytes, static_cast<std::size_t>(size),
                                MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_write(bio);
    return static_cast<int>(sent);
  }

  static int read(BIO* bio, char* to, int size) {
    auto* transport = static_cast<Transport*>(BIO_get_data(bio));
    BIO_clear_retry_flags(bio);
    if (std::string& received = transport->received; !received.empty()) {
      const std::size_t got = received.copy(to, static_cast<std::size_t>(size));
      received.erase(0, got);
      return static_cast<int>(got);
    }
    const ssize_t got = ::recv(transport->socket, to, static_cast<std::size_t>(size), MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_read(bio);
    if (got == 0) transport->at_end = true;
    return static_cast<int>(got);
  }

  static long control(BIO* bio, int command, long, void*) {
    if (command == BIO_CTRL_FLUSH) return 1;
    if (command == BIO_CTRL_EOF) return static_cast<Transport*>(BIO_get_data(bio))->at_end ? 1 : 0;
    return 0;
  }

  static const BIO_METHOD* transport() {
    static const BioMethod method = [] {
      BioMethod made(
          checked(BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "test transport"),
                  "BIO_meth_new"));
      BIO_meth_set_write(made.get(), write);
      BIO_meth_set_read(made.get(), read);
      BIO_meth_set_ctrl(made.get(), control);
      return made;
    }();
    return method.get();
  }

  /// Takes from the ClientHello what the client asked for, whatever becomes of it.
  static int client_hello(SSL* ssl, int*, void*) {
    auto* session = static_cast<TlsSession*>(SSL_get_app_data(ssl));
    const auto extension = [&](unsigned type) {
      const unsigned char* bytes = nullptr;
      std::size_t size = 0;
      if (SSL_client_hello_get0_ext(ssl, type, &bytes, &size) != 1) return std::string();
      return std::string(reinterpret_cast<const char*>(bytes), size);
    };
    // The length of a list (2 bytes), a type (1), the length of a name (2), the name.
    const std::string names = extension(TLSEXT_TYPE_server_name);
    session->server_name_ = names.size() > 5 ? names.substr(5) : "";
    // The length of a list (2 bytes); of each protocol the length (1) and the name.
    const std::string protocols = extension(TLSEXT_TYPE_application_layer_protocol_negotiation);
    session->offered_alpn_.clear();
    for (std::size_t at = 2; at < protocols.size();) {
      const std::size_t size = static_cast<unsigned char>(protocols[at]);
      if (at > 2) session->offered_alpn_ += ',';
      session->offered_alpn_ += protocols.substr(at + 1, size);
      at += 1 + size;
    }
    return SSL_CLIENT_HELLO_SUCCESS;
  }
};

namespace {

/// "h2,http/1.1" as it goes over the wire.
std::string alpn_list(std::string_view protocols) {
  std::string list;
  while (!protocols.empty()) {
    const std::string_view name = protocols.substr(0, protocols.find(','));
    list += static_cast<char>(name.size());
    list += name;
    protocols.remove_prefix(std::min(name.size() + 1, protocols.size()));
  }
  return list;
}

const unsigned char* bytes_of(const std::string& text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

int choose_alpn(SSL*, const unsigned char** chosen, unsigned char* size,
                const unsigned char* offered, unsigned offered_size, void* ours) {
  const auto& list = *static_cast<const std::string*>(ours);
  unsigned char* found = nullptr;
  if (SSL_select_next_proto(&found, size, bytes_of(list), static_cast<unsigned>(list.size()),
                            offered, offered_size) != OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_NOACK;
  }
  *chosen = found;
  return SSL_TLSEXT_ERR_OK;
}

Context new_context(const SSL_METHOD* method, int min_version, int max_version) {
  Context context(checked(SSL_CTX_new(method), "SSL_CTX_new"));
  checked(SSL_CTX_set_min_proto_version(context.get(), min_version), "the oldest version");
  checked(SSL_CTX_set_max_proto_version(context.get(), max_version), "the newest version");
  SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE |
                                      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_NO_AUTO_CHAIN);
  return context;
}

void use(SSL_CTX* context, const Credential& credential) {
  const std::vector<Certificate> chain = read_certificates(credential.chain_pem);
  if (chain.empty()) throw std::runtime_error("a credential without a certificate");
  checked(SSL_CTX_use_certificate(context, chain[0].get()), "the certificate");
  for (std::size_t i = 1; i < chain.size(); ++i) {
    checked(SSL_CTX_add1_chain_cert(context, chain[i].get()), "an intermediate certificate");
  }
  checked(SSL_CTX_use_PrivateKey(context, read_key(credential.key_pem).get()), "the key");
}

void trust(SSL_CTX* context, const std::string& pem) {
  for (const Certificate& anchor : read_certificates(pem)) {
    checked(X509_STORE_add_cert(SSL_CTX_get_cert_store(context), anchor.get()), "an anchor");
  }
}

}  // namespace

TlsServer::TlsServer(const TlsServerOptions& options)
    : context_(new_context(TLS_server_method(), options.min_version, options.max_version)),
      alpn_(alpn_list(options.alpn)) {
  SSL_CTX* context = context_.get();
  if (options.ciphers.starts_with("TLS_")) {
    checked(SSL_CTX_set_ciphersuites(context, options.ciphers.c_str()), "the ciphers");
  } else if (!options.ciphers.empty()) {
    checked(SSL_CTX_set_cipher_list(context, options.ciphers.c_str()), "the ciphers");
  }
  SSL_CTX_set_security_level(context, 0);
  use(context, options.credential);
  if (!options.client_ca_pem.empty()) {
    trust(context, options.client_ca_pem);
    for (const Certificate& anchor : read_certificates(options.client_ca_pem)) {
      checked(SSL_CTX_add_client_CA(context, anchor.get()), "a client CA");
    }
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  }
  constexpr std::string_view kId = "tapedeck test";
  SSL_CTX_set_session_id_context(context, reinterpret_cast<const unsigned char*>(kId.data()),
                                 static_cast<unsigned>(kId.size()));
  if (!options.tickets) {
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
    SSL_CTX_set_num_tickets(context, 0);
  }
  SSL_CTX_set_client_hello_cb(context, TlsSession::on_client_hello(), nullptr);
  if (!alpn_.empty()) SSL_CTX_set_alpn_select_cb(context, choose_alpn, &alpn_);
}

TlsClient::TlsClient(const TlsClientOptions& options)
    : context_(new_context(TLS_client_method(), options.min_version, options.max_version)) {
  SSL_CTX* context = context_.get();
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  trust(context, options.ca_pem);
  if (!options.credential.chain_pem.empty()) use(context, options.credential);
  if (const std::string list = alpn_list(options.alpn); !list.empty()) {
    SSL_CTX_set_alpn_protos(context, bytes_of(list), static_cast<unsigned>(list.size()));
  }
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_set_app_data(context, this);
  SSL_CTX_sess_set_new_cb(context, [](SSL* ssl, SSL_SESSION* session) {
    auto* client = static_cast<TlsClient*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
    if (client == nullptr) return 0;
    client->session_.reset(session);
    return 1;  // the session is ours
  });
}

// A connection may keep the context alive, and be given one more session.
TlsClient::~TlsClient() { SSL_CTX_set_app_data(context_.get(), nullptr); }

SSL_client_hello_cb_fn TlsSession::on_client_hello() { return Hooks::client_hello; }

TlsSession::TlsSession(SSL_CTX* context, int socket, std::string received)
    : transport_{socket, std::move(received)}, ssl_(checked(SSL_new(context), "SSL_new")) {
  BIO* bio = checked(BIO_new(Hooks::transport()), "BIO_new");
  BIO_set_data(bio, &transport_);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_.get(), bio, bio);
  SSL_set_app_data(ssl_.get(), this);
}

TlsSession::TlsSession(const TlsServer& server, int socket, std::string received)
    : TlsSession(server.context(), socket, std::move(received)) {
  SSL_set_accept_state(ssl_.get());
}

TlsSession::TlsSession(const TlsClient& client, int socket, const std::string& server_name)
    : TlsSession(client.context(), socket, "") {
  SSL_set_connect_state(ssl_.get());
  if (client.session() != nullptr) SSL_set_session(ssl_.get(), client.session());
  if (server_name.empty()) return;
  if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl_.get()), server_name.c_str()) == 1) return;
  ERR_clear_error();
  checked(SSL_set1_host(ssl_.get(), server_name.c_str()), "the server's name");
  checked(SSL_set_tlsext_host_name(ssl_.get(), server_name.c_str()), "the server's name");
  server_name_ = server_name;
}

TlsSession::~TlsSession() {
  // OpenSSL forgets the session of a connection that was not shut down in both directions; how
  // this one ended is the test's business, and the session may be resumed.
  SSL_set_shutdown(ssl_.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
}

void TlsSession::wait(int error) const {
  const short events = error == SSL_ERROR_WANT_WRITE ? POLLOUT : POLLIN;
  if (!wait_for(transport_.socket, events, kPatience)) {
    throw std::runtime_error(events == POLLIN ? "TLS: nothing came"
                                              : "TLS: the other side does not read");
  }
}

std::string TlsSession::handshake() {
  for (;;) {
    ERR_clear_error();
    errno = 0;
    const int done = SSL_do_handshake(ssl_.get());
    const int system_error = errno;
    if (done == 1) break;
    const int error = SSL_get_error(ssl_.get(), done);
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) {
      wait(error);
      continue;
    }
    if (error == SSL_ERROR_SYSCALL) return std::strerror(system_error);
    std::string why = reason();
    const long verified = SSL_get_verify_result(ssl_.get());
    if (verified != X509_V_OK) why += std::string(": ") + X509_verify_cert_error_string(verified);
    return why;
  }
  silent_ = false;
  return "";
}

TlsSession::End TlsSession::read(std::string& to) {
  char bytes[16 * 1024];
  while (end_ == End::none) {
    ERR_clear_error();
    const int got = SSL_read(ssl_.get(), bytes, sizeof bytes);
    if (got > 0) {
      to.append(bytes, static_cast<std::size_t>(got));
      return End::none;
    }
    const int error = SSL_get_error(ssl_.get(), got);
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) {
      wait(error);
    } else if (error == SSL_ERROR_ZERO_RETURN) {
      end_ = End::closed;
    } else {
      silent_ = true;
      if (error == SSL_ERROR_SYSCALL) {
        end_ = End::reset;
      } else if (transport_.at_end) {
        end_ = End::cut;
      } else {
        throw std::runtime_error("TLS: " + reason());
      }
    }
  }
  ERR_clear_error();
  return end_;
}

std::size_t TlsSession::write_some(std::string_view bytes) {
  constexpr std::size_t kRecord = 16 * 1024;
  std::size_t written = 0;
  while (written < bytes.size()) {
    ERR_clear_error();
    errno = 0;
    const std::size_t size = std::min(kRecord, bytes.size() - written);
    const int sent = SSL_write(ssl_.get(), bytes.data() + written, static_cast<int>(size));
    const int system_error = errno;
    if (sent > 0) {
      written += static_cast<std::size_t>(sent);
      continue;
    }
    const int error = SSL_get_error(ssl_.get(), sent);
    if (error == SSL_ERROR_WANT_WRITE) break;
    silent_ = true;
    throw std::runtime_error("cannot send: " + (error == SSL_ERROR_SYSCALL
                                                    ? std::string(std::strerror(system_error))
                                                    : "TLS: " + reason()));
  }
  return written;
}

void TlsSession::close_notify() {
  if (std::exchange(silent_, true)) return;
  SSL_shutdown(ssl_.get());
  ERR_clear_error();
}

}  // namespace tapedeck::test
