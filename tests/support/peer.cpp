#include "tests/support/peer.hpp"

#include <arpa/inet.h>
#include <cerrno>
#include <cstring>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdexcept>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

#include "client/http/grammar.hpp"
#include "tests/support/tls.hpp"
#include "tests/support/wait_for.hpp"

namespace tapedeck::test {
namespace {

[[noreturn]] void fail(const std::string& what, const std::string& seen) {
  throw std::runtime_error(what + "; seen so far: \"" + seen + "\"");
}

}  // namespace

Peer Peer::connect(std::uint16_t port, const std::string& address) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  ::inet_pton(AF_INET, address.c_str(), &to.sin_addr);
  if (::connect(socket, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) {
    ::close(socket);
    fail("cannot connect to port " + std::to_string(port), std::strerror(errno));
  }
  return Peer(socket);
}

Peer::Peer(int socket) : socket_(socket) {
  const int on = 1;
  ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

Peer::Peer(Peer&& other) noexcept
    : socket_(std::exchange(other.socket_, -1)),
      buffer_(std::move(other.buffer_)),
      was_reset_(other.was_reset_),
      was_cut_(other.was_cut_),
      tls_(std::move(other.tls_)),
      server_name_(std::move(other.server_name_)),
      offered_alpn_(std::move(other.offered_alpn_)),
      tls_failure_(std::move(other.tls_failure_)) {}

Peer& Peer::operator=(Peer&& other) noexcept {
  close();
  socket_ = std::exchange(other.socket_, -1);
  buffer_ = std::move(other.buffer_);
  was_reset_ = other.was_reset_;
  was_cut_ = other.was_cut_;
  tls_ = std::move(other.tls_);
  server_name_ = std::move(other.server_name_);
  offered_alpn_ = std::move(other.offered_alpn_);
  tls_failure_ = std::move(other.tls_failure_);
  return *this;
}

Peer::~Peer() { close(); }

bool Peer::handshake(std::unique_ptr<TlsSession> session) {
  tls_failure_ = session->handshake();
  server_name_ = session->server_name();
  offered_alpn_ = session->offered_alpn();
  if (!tls_failure_.empty()) return false;
  tls_ = std::move(session);
  return true;
}

void Peer::require_tls() const {
  if (!tls_) throw std::runtime_error("TLS handshake: " + tls_failure_);
}

bool Peer::try_start_tls(const TlsServer& server) {
  return handshake(std::make_unique<TlsSession>(server, socket_, std::exchange(buffer_, {})));
}

void Peer::start_tls(const TlsServer& server) {
  try_start_tls(server);
  require_tls();
}

bool Peer::try_connect_tls(const TlsClient& client, const std::string& server_name) {
  return handshake(std::make_unique<TlsSession>(client, socket_, server_name));
}

void Peer::connect_tls(const TlsClient& client, const std::string& server_name) {
  try_connect_tls(client, server_name);
  require_tls();
}

void Peer::connect_tls(const std::string& ca_pem, const std::string& server_name) {
  connect_tls(TlsClient({.ca_pem = ca_pem}), server_name);
}

void Peer::send(std::string_view bytes) {
  while (!bytes.empty()) {
    if (!writable(kPatience)) fail("the other side does not read", buffer_);
    if (tls_) {
      bytes.remove_prefix(tls_->write_some(bytes));
      continue;
    }
    const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno == EAGAIN) continue;
    if (sent < 0) fail(std::string("cannot send: ") + std::strerror(errno), buffer_);
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

std::size_t Peer::send_some(std::string_view bytes) {
  if (tls_) return tls_->write_some(bytes);
  const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  return sent < 0 ? 0 : static_cast<std::size_t>(sent);
}

bool Peer::writable(std::chrono::milliseconds patience) {
  return wait_for(socket_, POLLOUT, patience);
}

bool Peer::fill() {
  if (tls_) {
    const TlsSession::End end = tls_->read(buffer_);
    was_reset_ = end == TlsSession::End::reset;
    was_cut_ = end == TlsSession::End::cut;
    return end == TlsSession::End::none;
  }
  if (!wait_for(socket_, POLLIN, kPatience)) fail("nothing came", buffer_);
  char bytes[64 * 1024];
  const ssize_t got = ::recv(socket_, bytes, sizeof bytes, 0);
  if (got < 0) {
    was_reset_ = true;
    return false;
  }
  buffer_.append(bytes, static_cast<std::size_t>(got));
  return got > 0;
}

std::string Peer::read(std::size_t size) {
  while (buffer_.size() < size) {
    if (!fill()) fail("the other side closed before " + std::to_string(size) + " bytes", buffer_);
  }
  std::string bytes = buffer_.substr(0, size);
  buffer_.erase(0, size);
  return bytes;
}

void Peer::expect(std::string_view bytes) {
  while (buffer_.size() < bytes.size()) {
    const std::size_t so_far = buffer_.size();
    if (buffer_ != bytes.substr(0, so_far)) break;
    if (!fill()) fail("closed, expected \"" + std::string(bytes) + "\"", buffer_);
  }
  if (!buffer_.starts_with(bytes)) fail("expected \"" + std::string(bytes) + "\"", buffer_);
  buffer_.erase(0, bytes.size());
}

std::string Peer::read_to(std::string_view end) {
  std::size_t at = 0;
  while ((at = buffer_.find(end)) == std::string::npos) {
    if (!fill()) fail("closed before \"" + std::string(end) + "\"", buffer_);
  }
  std::string bytes = buffer_.substr(0, at + end.size());
  buffer_.erase(0, at + end.size());
  return bytes;
}

std::string Peer::read_head() { return read_to("\r\n\r\n"); }

std::string Peer::read_until_end() {
  while (fill()) {
  }
  return std::exchange(buffer_, {});
}

std::string Peer::read_until_close() {
  std::string bytes = read_until_end();
  if (was_reset_) fail("the other side reset the connection", bytes);
  if (was_cut_) fail("the other side closed without close_notify", bytes);
  return bytes;
}

void Peer::shutdown() {
  if (tls_) {
    if (!writable(kPatience)) fail("no room for close_notify", buffer_);
    tls_->close_notify();
  }
  ::shutdown(socket_, SHUT_WR);
}

void Peer::cut() {
  if (tls_) tls_->stay_silent();
  ::shutdown(socket_, SHUT_WR);
}

void Peer::reset() {
  if (tls_) tls_->stay_silent();
  const linger hard{1, 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  close();
}

void Peer::close() {
  if (socket_ < 0) return;
  if (tls_) tls_->close_notify();
  ::close(std::exchange(socket_, -1));
}

void Peer::set_receive_buffer(int bytes) {
  ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
}

std::string Peer::local_address() const {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
  return "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
}

std::string Peer::remote_host() const {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  ::getpeername(socket_, reinterpret_cast<sockaddr*>(&address), &size);
  char text[INET_ADDRSTRLEN] = {};
  ::inet_ntop(AF_INET, &address.sin_addr, text, sizeof text);
  return text;
}

std::string Peer::server_name() const { return server_name_; }

std::string Peer::offered_alpn() const { return offered_alpn_; }

std::string Peer::alpn() const {
  if (!tls_) return "";
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(tls_->ssl(), &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}

std::string Peer::tls_version() const { return tls_ ? SSL_get_version(tls_->ssl()) : ""; }

bool Peer::resumed() const { return tls_ && SSL_session_reused(tls_->ssl()) == 1; }

std::string Peer::client_subject() const {
  if (!tls_ || SSL_is_server(tls_->ssl()) == 0) return "";
  const X509* certificate = SSL_get0_peer_certificate(tls_->ssl());
  return certificate == nullptr ? "" : openssl::common_name(certificate);
}

std::string field(std::string_view head, std::string_view name) {
  std::string values;
  bool found = false;
  for (std::size_t at = head.find("\r\n"); at != std::string_view::npos;) {
    const std::size_t end = head.find("\r\n", at + 2);
    if (end == std::string_view::npos) break;
    const std::string_view line = head.substr(at + 2, end - at - 2);
    const std::size_t colon = line.find(':');
    if (colon != std::string_view::npos && http::iequals(line.substr(0, colon), name)) {
      if (found) values += " | ";
      found = true;
      std::string_view value = line.substr(colon + 1);
      while (value.starts_with(' ')) value.remove_prefix(1);
      values += value;
    }
    at = end;
  }
  return found ? values : "(absent)";
}

std::string normalized(std::string_view head) {
  std::string out;
  while (!head.empty()) {
    const std::size_t end = head.find("\r\n");
    std::string line(head.substr(0, end));
    head.remove_prefix(end == std::string_view::npos ? head.size() : end + 2);
    if (line.starts_with("Date: ")) line = "Date: (now)";
    if (line.starts_with("Via: ")) {
      constexpr std::string_view kOurs = "tapedeck-";
      for (std::size_t at = line.find(kOurs); at != std::string::npos;
           at = line.find(kOurs, at + 1)) {
        line.erase(at + kOurs.size() - 1, 9);
      }
    }
    out += line + "\r\n";
  }
  return out;
}

}  // namespace tapedeck::test
