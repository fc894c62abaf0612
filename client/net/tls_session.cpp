#include "client/net/tls_session.hpp"

#include <array>
#include <cerrno>
#include <new>
#include <openssl/err.h>
#include <openssl/sha.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#include <asio/error.hpp>

#include "client/net/certificate.hpp"
#include "client/net/error.hpp"
#include "client/net/openssl.hpp"
#include "client/net/tls_session_cache.hpp"

namespace tapedeck::net {
namespace {

/// OpenSSL's way to a socket. Its own writes with write(2), which raises SIGPIPE.
struct SocketBio {
  int socket;
  std::string received;  ///< read from the socket before TLS began, and not yet by OpenSSL
  int error = 0;         ///< errno of the last failure
  bool at_end = false;
  bool drained = false;  ///< the last read left nothing: the next would be in vain

  bool has_nothing() const noexcept { return drained && received.empty(); }

  static SocketBio& of(BIO* bio) { return *static_cast<SocketBio*>(BIO_get_data(bio)); }

  static int done(BIO* bio, ssize_t size, int retry_flag) {
    BIO_clear_retry_flags(bio);
    if (size >= 0) return static_cast<int>(size);
    if (errno == EAGAIN || errno == EINTR) {
      BIO_set_flags(bio, retry_flag | BIO_FLAGS_SHOULD_RETRY);
    } else {
      of(bio).error = errno;
    }
    return -1;
  }
  static int read(BIO* bio, char* into, int size) {
    if (std::string& waiting = of(bio).received; !waiting.empty()) {
      const std::size_t taken = waiting.copy(into, static_cast<std::size_t>(size));
      waiting.erase(0, taken);
      if (waiting.empty()) waiting.shrink_to_fit();
      return done(bio, static_cast<ssize_t>(taken), BIO_FLAGS_READ);
    }
    if (of(bio).drained) {
      errno = EAGAIN;
      return done(bio, -1, BIO_FLAGS_READ);
    }
    const ssize_t got = ::recv(of(bio).socket, into, static_cast<std::size_t>(size), 0);
    of(bio).at_end = got == 0;
    of(bio).drained = (got > 0 && got < size) || (got < 0 && errno == EAGAIN);
    return done(bio, got, BIO_FLAGS_READ);
  }
  static int write(BIO* bio, const char* bytes, int size) {
    const ssize_t sent =
        ::send(of(bio).socket, bytes, static_cast<std::size_t>(size), MSG_NOSIGNAL);
    return done(bio, sent, BIO_FLAGS_WRITE);
  }
  static long control(BIO* bio, int command, long /*number*/, void* /*argument*/) {
    if (command == BIO_CTRL_EOF) return of(bio).at_end ? 1 : 0;
    return command == BIO_CTRL_FLUSH ? 1 : 0;
  }

  static const BIO_METHOD* method() {
    static const BioMethodPtr made = [] {
      BioMethodPtr method(BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket"));
      BIO_meth_set_read(method.get(), read);
      BIO_meth_set_write(method.get(), write);
      BIO_meth_set_ctrl(method.get(), control);
      return method;
    }();
    return made.get();
  }
};

/// Errors of others would be taken for the next call's; as a rule there are none.
void forget_errors() noexcept {
  if (ERR_peek_error() != 0) ERR_clear_error();
}

/// RFC 6066 section 3: no trailing dot, and no address, in SNI.
std::string_view without_root_dot(std::string_view host) {
  if (host.ends_with('.')) host.remove_suffix(1);
  return host;
}

/// What people meet most often, in their words.
std::string_view explanation(int reason) {
  switch (reason) {
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_PACKET_LENGTH_TOO_LONG:
      return " (it does not speak TLS on this port)";
    case SSL_AD_REASON_OFFSET + SSL_AD_CERTIFICATE_REQUIRED:
    case SSL_AD_REASON_OFFSET + SSL_AD_NO_CERTIFICATE:
      return " (it asks for a client's certificate)";
    case SSL_AD_REASON_OFFSET + SSL_AD_NO_APPLICATION_PROTOCOL:
      return " (it does not speak HTTP/1.1)";
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_AD_REASON_OFFSET + SSL_AD_PROTOCOL_VERSION:
      return " (it does not speak TLS 1.2 or later)";
    default:
      return "";
  }
}

}  // namespace

struct TlsSession::Native {
  SocketBio bio;
  SslPtr ssl;
};

TlsSession::TlsSession(ssl_ctx_st* settings, int socket, std::string_view host,
                       std::string received)
    : native_(std::make_unique<Native>()), host_(without_root_dot(host)) {
  native_->bio.socket = socket;
  native_->bio.received = std::move(received);
  native_->ssl.reset(SSL_new(settings));
  BIO* bio = BIO_new(SocketBio::method());
  if (native_->ssl == nullptr || bio == nullptr) throw std::bad_alloc();
  BIO_set_data(bio, &native_->bio);
  BIO_set_init(bio, 1);
  SSL* ssl = native_->ssl.get();
  SSL_set_bio(ssl, bio, bio);
  SSL_set_app_data(ssl, this);
}

TlsSession::TlsSession(std::shared_ptr<TlsContext> context, int socket, std::string_view host,
                       std::uint16_t port)
    : TlsSession(context->native_, socket, host, {}) {
  context_ = std::move(context);
  key_ = host_ + ' ' + std::to_string(port);
  SSL* ssl = native_->ssl.get();
  SSL_set_connect_state(ssl);
  if (is_address(host_)) {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host_.c_str());
  } else {
    SSL_set1_host(ssl, host_.c_str());
    SSL_set_tlsext_host_name(ssl, host_.c_str());
  }
  if (const SslSessionPtr session = context_->sessions_->take(key_)) {
    SSL_set_session(ssl, session.get());
  }
}

TlsSession::TlsSession(const TlsAcceptor& acceptor, TlsIdentity identity, int socket,
                       std::string_view host, std::string received)
    : TlsSession(acceptor.native_, socket, host, std::move(received)) {
  SSL* ssl = native_->ssl.get();
  SSL_set_accept_state(ssl);
  if (SSL_use_certificate(ssl, identity.certificate) != 1 ||
      SSL_use_PrivateKey(ssl, identity.key) != 1) {
    throw std::bad_alloc();
  }
  // A ticket is good for the host it was given for, and for no other.
  std::array<unsigned char, SHA256_DIGEST_LENGTH> id{};
  SHA256(reinterpret_cast<const unsigned char*>(host_.data()), host_.size(), id.data());
  SSL_set_session_id_context(ssl, id.data(), id.size());
}

TlsSession::~TlsSession() {
  shut_down();
  // Else OpenSSL takes the session for broken, and it could not be resumed.
  SSL_set_shutdown(native_->ssl.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
}

int TlsSession::verify(x509_store_ctx_st* chain, void* /*unused*/) {
  const auto* ssl = static_cast<const SSL*>(
      X509_STORE_CTX_get_ex_data(chain, SSL_get_ex_data_X509_STORE_CTX_idx()));
  auto* self = static_cast<TlsSession*>(SSL_get_app_data(ssl));
  if (!self->context_->verify_) return 1;
  return verify_certificate(chain, self->host_, self->context_->forgive_omissions_, self->why_);
}

TlsSession::Step TlsSession::handshake() {
  forget_errors();
  why_.clear();
  const int returned = SSL_do_handshake(native_->ssl.get());
  if (returned == 1) {
    usable_ = true;
    gather_facts();
    return {};
  }
  Step step = outcome(returned);
  if (step.error == Error::tls_truncated) {
    step.error = Error::tls_failed;
    why_ = std::string(is_server() ? "the client" : "the server") +
           " closed the connection during the handshake";
  }
  return step;
}

TlsSession::Step TlsSession::read(std::span<char> into) {
  if (deferred_.error) return deferred_;
  if (must_wait()) return {.want = Want::read};
  std::size_t total = 0;
  // All records that have arrived, in one go: each holds 16 KiB at most.
  do {
    forget_errors();
    std::size_t size = 0;
    const int returned =
        SSL_read_ex(native_->ssl.get(), into.data() + total, into.size() - total, &size);
    if (returned != 1) {
      const Step step = outcome(returned);
      if (total == 0) return step;
      deferred_ = step;
      break;
    }
    total += size;
  } while (total < into.size() && SSL_has_pending(native_->ssl.get()) == 1);
  return {.size = total};
}

bool TlsSession::must_wait() const { return native_->bio.has_nothing() && !holds_bytes(); }

void TlsSession::try_socket() noexcept { native_->bio.drained = false; }

bool TlsSession::holds_bytes() const {
  return deferred_.error || SSL_has_pending(native_->ssl.get()) == 1;
}

TlsSession::Step TlsSession::write(std::string_view bytes) {
  forget_errors();
  std::size_t size = 0;
  const int returned = SSL_write_ex(native_->ssl.get(), bytes.data(), bytes.size(), &size);
  if (returned != 1) return outcome(returned);
  return {.size = size};
}

void TlsSession::shut_down() noexcept {
  if (!usable_) return;
  usable_ = false;
  forget_errors();
  SSL_shutdown(native_->ssl.get());
}

void TlsSession::rest() {
  // A session ticket makes OpenSSL take a write buffer that only the next write would give back.
  SSL_free_buffers(native_->ssl.get());
}

bool TlsSession::quiet() {
  if (!usable_ || deferred_.error) return false;
  char byte = 0;
  if (!holds_bytes() && ::recv(native_->bio.socket, &byte, 1, MSG_PEEK) < 0 && errno == EAGAIN) {
    native_->bio.drained = true;
    return true;
  }
  forget_errors();
  try_socket();
  std::size_t size = 0;
  const int returned = SSL_peek_ex(native_->ssl.get(), &byte, 1, &size);
  if (returned == 1) return false;
  const Step step = outcome(returned);
  rest();
  return !step.error && step.want == Want::read;
}

/// What OpenSSL's return value asks for or means.
TlsSession::Step TlsSession::outcome(int returned) {
  switch (SSL_get_error(native_->ssl.get(), returned)) {
    case SSL_ERROR_WANT_READ:
      return {.want = Want::read};
    case SSL_ERROR_WANT_WRITE:
      return {.want = Want::write};
    case SSL_ERROR_ZERO_RETURN:
      return {.error = asio::error::eof};
    case SSL_ERROR_SYSCALL:
      usable_ = false;
      if (native_->bio.error != 0) {
        return {.error = std::error_code(native_->bio.error, std::system_category())};
      }
      return {.error = Error::tls_truncated};
    default:
      break;
  }
  usable_ = false;
  const unsigned long code = ERR_peek_error();
  const int reason = ERR_GET_REASON(code);
  if (reason == SSL_R_UNEXPECTED_EOF_WHILE_READING) return {.error = Error::tls_truncated};
  if (reason == SSL_R_CERTIFICATE_VERIFY_FAILED) return {.error = Error::untrusted_certificate};
  const char* text = ERR_reason_error_string(code);
  why_ = text != nullptr ? text : "unknown reason";
  if (!is_server()) why_ += explanation(reason);
  forget_errors();
  if (reason > SSL_AD_REASON_OFFSET) return {.error = Error::tls_alert};
  return {.error = Error::tls_failed};
}

void TlsSession::gather_facts() {
  const SSL* ssl = native_->ssl.get();
  facts_.version = SSL_get_version(ssl);
  facts_.cipher = SSL_get_cipher_name(ssl);
  facts_.resumed = SSL_session_reused(ssl) == 1;
  facts_.verified = !is_server() && context_->verify_;
  if (const X509* certificate = SSL_get0_peer_certificate(ssl)) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    X509_digest(certificate, EVP_sha256(), digest.data(), &size);
    facts_.peer_certificate.assign(reinterpret_cast<const char*>(digest.data()), size);
  }
}

}  // namespace tapedeck::net
