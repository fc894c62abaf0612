#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace tapedeck::test {

/// How long any step of a dialogue may take before the test fails.
inline constexpr std::chrono::milliseconds kPatience{10'000};

class TlsClient;
class TlsServer;
class TlsSession;

/// One end of a TCP connection, blocking, every wait bounded by kPatience. A step that does not go
/// as written throws std::runtime_error, which ends the test with what was seen instead. Once TLS
/// is started the same steps go through it.
class Peer {
 public:
  /// Connects to a port on a loopback address.
  static Peer connect(std::uint16_t port, const std::string& address = "127.0.0.1");
  explicit Peer(int socket);
  Peer(Peer&& other) noexcept;
  Peer& operator=(Peer&& other) noexcept;
  ~Peer();

  /// The server's side of a TLS handshake; throws with OpenSSL's reason when it fails.
  void start_tls(const TlsServer& server);
  /// The same, but false when it fails, as when the client refuses us; tls_failure() says why. The
  /// connection is then plain again: what is left is to wait for its end, or to make one.
  bool try_start_tls(const TlsServer& server);
  /// The client's side, with these authorities as the only anchors. An empty `server_name` is
  /// neither sent nor checked, an address is checked only.
  void connect_tls(const std::string& ca_pem, const std::string& server_name);
  void connect_tls(const TlsClient& client, const std::string& server_name);
  bool try_connect_tls(const TlsClient& client, const std::string& server_name);

  void send(std::string_view bytes);
  /// Sends what the kernel takes without waiting; returns how much that was. Over TLS what it did
  /// not take must be what is sent next.
  std::size_t send_some(std::string_view bytes);
  /// Waits until the kernel takes more bytes; false when it does not within `patience`.
  bool writable(std::chrono::milliseconds patience);
  /// Reads exactly these bytes.
  void expect(std::string_view bytes);
  /// Reads up to and including the empty line that ends a head.
  std::string read_head();
  /// Reads exactly that many bytes.
  std::string read(std::size_t size);
  /// Reads up to and including `end`.
  std::string read_to(std::string_view end);
  /// Reads to a clean end (FIN; over TLS close_notify).
  std::string read_until_close();
  /// Reads to the end, FIN or RST; `was_reset` tells which.
  std::string read_until_end();
  bool was_reset() const noexcept { return was_reset_; }
  /// Over TLS: the end was a FIN without close_notify.
  bool was_cut() const noexcept { return was_cut_; }
  /// The other side closes or resets, whatever comes before.
  void expect_end() { (void)read_until_end(); }

  /// Sends FIN, over TLS after close_notify.
  void shutdown();
  /// Sends FIN without close_notify.
  void cut();
  /// Closes with RST.
  void reset();
  /// Closes, over TLS after close_notify unless cut.
  void close();
  /// The kernel's, in bytes.
  void set_receive_buffer(int bytes);

  /// "127.0.0.1:54321", our end.
  std::string local_address() const;
  /// "127.0.0.1", the other end.
  std::string remote_host() const;

  /// The name the client asked for in its ClientHello (SNI), also in one that came to nothing; ""
  /// when none.
  std::string server_name() const;
  /// The protocols it offered (ALPN), separated by commas; "" when none.
  std::string offered_alpn() const;
  /// The protocol chosen; "" when none.
  std::string alpn() const;
  /// "TLSv1.3"; "" without TLS.
  std::string tls_version() const;
  /// The session was resumed.
  bool resumed() const;
  /// The server's side: the common name in the client's certificate; "" when it showed none.
  std::string client_subject() const;
  /// Why the handshake failed; "" when it did not.
  const std::string& tls_failure() const noexcept { return tls_failure_; }

 private:
  /// False at the end of the stream.
  bool fill();
  bool handshake(std::unique_ptr<TlsSession> session);
  void require_tls() const;

  int socket_;
  std::string buffer_;
  bool was_reset_ = false;
  bool was_cut_ = false;
  std::unique_ptr<TlsSession> tls_;
  std::string server_name_;
  std::string offered_alpn_;
  std::string tls_failure_;
};

/// The value of a field in a head, or "(absent)"; the values of several joined with " | ".
std::string field(std::string_view head, std::string_view name);

/// The head of a message less the lines that differ from run to run: Date, and the pseudonym in
/// Via, which becomes "tapedeck".
std::string normalized(std::string_view head);

}  // namespace tapedeck::test
