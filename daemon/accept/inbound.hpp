#pragma once

#include <functional>
#include <system_error>

#include "client/http/connection.hpp"
#include "client/net/one_shot.hpp"
#include "client/net/stream.hpp"

namespace tapedeck {

/// Reads from the client ahead of need: while an exchange runs, one read is outstanding, so that a
/// client that goes away is noticed at once and a pipelined request is already there.
///
/// The owner must stop() it before it is destroyed.
class Inbound {
 public:
  Inbound(net::Stream& stream, http::Connection& http) : stream_(stream), http_(http) {}

  /// Room for a read that may rest for long: a request head, as a rule.
  static constexpr std::size_t kHeadRead = 2 * 1024;

  /// Starts a read of up to `size` bytes into the connection's buffer unless one is outstanding.
  void start(std::size_t size);
  /// Waits for the outstanding read; bytes are committed, an end is committed as EOF and is no
  /// error. Starts a read when none is outstanding.
  net::Awaitable<std::error_code> arrived(std::size_t size);
  /// Called when a read ends, for whatever reason, while nobody waits in arrived() and the client
  /// turns out to be gone. Empty to unset.
  void when_gone(std::function<void()> gone) { gone_ = std::move(gone); }
  /// The client closed its side or the connection broke.
  bool gone() const noexcept { return gone_error_ || http_.eof(); }
  /// Cancels the outstanding read and waits for it.
  net::Awaitable<void> stop();

 private:
  void read_ended(std::error_code error, std::size_t size);

  net::Stream& stream_;
  http::Connection& http_;
  net::OneShot<std::error_code> ended_;
  std::function<void()> gone_;
  std::error_code gone_error_;
  bool reading_ = false;
  bool awaited_ = false;
};

}  // namespace tapedeck
