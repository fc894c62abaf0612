#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "daemon/exchange.hpp"
#include "daemon/route/router.hpp"
#include "storage/match/request.hpp"
#include "storage/query/recorded.hpp"

namespace tapedeck {

class Pace;
class Session;

/// A request that names this field is answered from that session of the log, with a place in it of
/// its own: tests that run side by side do not take each other's answers. Never sent on.
inline constexpr std::string_view kSessionField = "Tapedeck-Session";

/// Answers one request from the recording (modes `replay` and `auto`).
///
///     request, body ─► parts ─► Tape ─► recorded response ─► client, re-framed for it
///                                 └─ none: a miss ─► 502, or in `auto` the Forwarder
class Replayer {
 public:
  Replayer(Session& session, Exchange& exchange, Route route);

  net::Awaitable<void> run();

 private:
  net::Awaitable<Result<void>> read_body();
  net::Awaitable<Result<void>> expect_body();
  net::Awaitable<Result<bool>> answer();
  Result<std::optional<std::int64_t>> find();
  net::Awaitable<Result<void>> serve(std::int64_t id);
  net::Awaitable<Result<void>> send_body(const storage::RecordedResponse& recorded,
                                         const std::string& coding, Pace& pace);
  net::Awaitable<Result<void>> send(std::string_view piece);
  net::Awaitable<Result<void>> send_piece(std::string_view piece);
  net::Awaitable<void> forward();

  Session& session_;
  Exchange& exchange_;
  Route route_;
  storage::MatchRequest request_;
  storage::MatchBody body_;
  bool body_ended_ = false;  ///< the whole of it has been read
  std::string asked_session_;
};

}  // namespace tapedeck
