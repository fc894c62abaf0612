#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "client/net/one_shot.hpp"
#include "client/net/stream.hpp"

namespace tapedeck {

/// Bytes both ways between two streams until either side closes: then what came from it is sent on
/// and both are ended (RFC 9110 section 9.3.6). Canceling the streams ends it too.
class Relay {
 public:
  /// Counts the bytes as they pass; all four must outlive run().
  Relay(net::Stream& client, net::Stream& upstream, std::int64_t& up, std::int64_t& down)
      : client_(client), upstream_(upstream), up_(up), down_(down) {}

  /// Shown what the client sends, piece by piece, until it returns false.
  using Overhear = std::function<bool(std::string_view)>;
  void overhear(Overhear overhear) { overhear_ = std::move(overhear); }

  net::Awaitable<void> run();

 private:
  net::Awaitable<void> relay(net::Stream& from, net::Stream& to, std::int64_t& count);
  net::Awaitable<void> relay_up();

  net::Stream& client_;
  net::Stream& upstream_;
  std::int64_t& up_;
  std::int64_t& down_;
  Overhear overhear_;
  net::OneShot<bool> up_done_;
  bool ending_ = false;
};

}  // namespace tapedeck
