#pragma once

#include <optional>
#include <string>
#include <utility>

#include "client/http/connection.hpp"
#include "client/net/deadline.hpp"
#include "client/net/stream.hpp"
#include "daemon/accept/inbound.hpp"
#include "daemon/accept/socks.hpp"
#include "daemon/fault/strain.hpp"
#include "daemon/route/router.hpp"
#include "daemon/worker.hpp"
#include "storage/recorder.hpp"

namespace tapedeck {

class Exchange;

/// One client connection and the HTTP loop on it (RFC 9112 section 9): requests are served one
/// after the other, in the order they came.
class Session {
 public:
  Session(Worker& worker, net::Stream stream, net::Endpoint client, Entrance entrance);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// Serves until the connection ends.
  net::Awaitable<void> run();

  /// Ends now when idle, after the current exchange otherwise.
  void wind_down();
  /// Cancels everything.
  void cut();

  // What the parts that serve an exchange work with.

  Worker& worker;
  std::shared_ptr<const Settings> settings;  ///< of the exchange in progress
  net::Stream stream;
  http::Connection http;
  Inbound inbound;
  net::Deadline deadline;        ///< for reading; cancels what the stream is doing
  net::Deadline write_deadline;  ///< for writing, likewise
  const net::Endpoint client;
  std::string out;  ///< bytes for the client, not written yet
  Strain strain;    ///< of the exchange in progress

  /// The loop goes on inside a tunnel that was granted, over whatever the stream has become;
  /// `received` is what the client already said there, `connect` the record of the CONNECT: kept
  /// only when no request follows.
  void enter(TunnelEnd end, std::string received, storage::Recording connect);
  /// How a tunnel is asked for and answered when not in HTTP.
  enum class Socks : std::uint8_t { no, asked, granted };
  Socks socks = Socks::no;
  /// Writes `out`; fails with Stage::respond.
  net::Awaitable<Result<void>> flush();
  /// Sets what cut() must cancel besides the client's stream; empty to unset.
  /// Returns what was set before.
  std::function<void()> on_cut(std::function<void()> cancel) {
    return std::exchange(on_cut_, std::move(cancel));
  }
  /// The exchange now in progress, published as `open` each second that it lasts.
  void set_recording(storage::Recording* recording);

 private:
  net::Awaitable<void> serve_socks();
  net::Awaitable<bool> shake_hands(SocksGreeting& greeting);
  net::Awaitable<void> serve_requests();
  net::Awaitable<void> serve_request();
  net::Awaitable<bool> read_request();
  net::Awaitable<void> serve(Exchange& exchange);
  net::Awaitable<void> answer_page(Exchange& exchange, std::string_view target);
  net::Awaitable<bool> knows(std::string authorization);
  Result<Route> route_request(const http::RequestHead& head) const;
  net::Awaitable<void> refuse(Failure failure);
  net::Awaitable<void> linger();
  void finish_connect();

  Entrance entrance_;
  std::function<void()> on_cut_;
  storage::Recording* recording_ = nullptr;
  net::Deadline publish_;
  std::optional<TunnelEnd> inside_;  ///< the tunnel we are in
  storage::Recording connect_;       ///< until a request came through it
  bool entered_ = false;             ///< just now: HTTP begins anew
  bool busy_ = false;
};

/// Owns a Session for as long as it runs.
net::Awaitable<void> run_session(Worker& worker, net::Stream stream, net::Endpoint client,
                                 Entrance entrance);

}  // namespace tapedeck
