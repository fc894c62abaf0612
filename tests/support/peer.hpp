#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace tapedeck::test {

/// How long any step of a dialogue may take before the test fails.
inline constexpr std::chrono::milliseconds kPatience{10'000};

/// One end of a TCP connection, blocking, every wait bounded by kPatience. A step that does not go
/// as written throws std::runtime_error, which ends the test with what was seen instead.
class Peer {
 public:
  /// Connects to a port on a loopback address.
  static Peer connect(std::uint16_t port, const std::string& address = "127.0.0.1");
  explicit Peer(int socket);
  Peer(Peer&& other) noexcept;
  Peer& operator=(Peer&& other) noexcept;
  ~Peer();

  void send(std::string_view bytes);
  /// Sends what the kernel takes without waiting; returns how much that was.
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
  /// Reads to a clean end (FIN).
  std::string read_until_close();
  /// Reads to the end, FIN or RST; `was_reset` tells which.
  std::string read_until_end();
  bool was_reset() const noexcept { return was_reset_; }
  /// The other side closes or resets, whatever comes before.
  void expect_end() { (void)read_until_end(); }

  /// Sends FIN.
  void shutdown();
  /// Closes with RST.
  void reset();
  void close();
  /// Makes the kernel's receive buffer small.
  void shrink_receive_buffer(int bytes);

  /// "127.0.0.1:54321", our end.
  std::string local_address() const;

 private:
  /// False at the end of the stream.
  bool fill();

  int socket_;
  std::string buffer_;
  bool was_reset_ = false;
};

/// The value of a field in a head, or "(absent)"; the values of several joined with " | ".
std::string field(std::string_view head, std::string_view name);

/// The head of a message less the lines that differ from run to run: Date, and the pseudonym in
/// Via, which becomes "tapedeck".
std::string normalized(std::string_view head);

}  // namespace tapedeck::test
