#pragma once

#include <memory>
#include <optional>

#include "client/connection_pool.hpp"
#include "client/net/one_shot.hpp"
#include "daemon/exchange.hpp"
#include "daemon/route/router.hpp"

namespace tapedeck {

class Session;

/// Passes one request upstream and its response back, body pieces as they come, both ways at once,
/// and tees them into the record.
///
///     client ─► upload ─► upstream        (its own coroutine, only when there is a body)
///     client ◄─ relay  ◄─ upstream        (run)
class Forwarder {
 public:
  Forwarder(Session& session, Exchange& exchange, Route route);

  /// The body has been read, and recorded, so far: what it began with, or with `whole` all of it.
  void set_read_ahead(std::string body, bool whole);

  net::Awaitable<void> run();

 private:
  net::Awaitable<Result<void>> exchange_messages();
  net::Awaitable<Result<void>> send_request(bool fresh);
  net::Awaitable<Result<void>> receive_head();
  net::Awaitable<Result<void>> forward_interim();
  net::Awaitable<Result<void>> begin_response();
  net::Awaitable<Result<void>> relay_body();
  net::Awaitable<Result<void>> relay_switched();
  net::Awaitable<Result<void>> relay(std::string_view data);
  net::Awaitable<Result<void>> relay_piece(std::string_view data);
  net::Awaitable<Result<void>> end_response();
  net::Awaitable<std::error_code> read_upstream(std::size_t size);

  net::Awaitable<void> upload();
  net::Awaitable<Result<void>> upload_body();
  net::Awaitable<Result<void>> upload_piece(std::string_view data);
  net::Awaitable<std::error_code> write_upstream(std::array<std::string_view, 3> pieces);
  net::Awaitable<void> settle_upload(bool succeeded);

  /// The client is gone or the proxy stops: whatever waits on upstream ends.
  void cancel();
  Failure failure(std::error_code code, Stage stage) const;
  bool may_retry(const Failure& failure) const;
  bool upload_running() const noexcept { return upload_started_ && !upload_done_.ready(); }

  Session& session_;
  Exchange& exchange_;
  Route route_;
  std::unique_ptr<client::PooledConnection> upstream_;
  http::Framing request_framing_;
  std::string read_ahead_;      ///< the body's beginning
  bool body_was_read_ = false;  ///< to its end
  net::Clock::time_point sent_at_{};
  net::Clock::time_point head_at_{};

  bool upload_started_ = false;
  net::OneShot<bool> upload_done_;
  std::optional<Failure> upload_failure_;  ///< the client's fault; an upstream that stops reading
                                           ///< is no failure yet: it may have answered
  bool upload_sent_ = false;               ///< the whole request is upstream
  bool upload_abandoned_ = false;          ///< ended by us: nobody reads it any more
  bool response_byte_seen_ = false;
  net::Deadline whole_;    ///< for all of the exchange
  bool canceled_ = false;  ///< by us: the client is gone, the proxy stops, or whole_ ran out
};

}  // namespace tapedeck
