#pragma once

#include <cstdint>
#include <optional>

#include "client/http/message.hpp"
#include "client/net/types.hpp"
#include "daemon/answer.hpp"
#include "daemon/route/router.hpp"
#include "storage/recorder.hpp"

namespace tapedeck {

class Completion;
class Session;

/// Fills the error columns of a row.
void set_failure(storage::Exchange& row, const Failure& failure);

/// One request on its way through, with its record. Lives on the session's thread.
class Exchange {
 public:
  Exchange(Session& session, http::RequestHead head);
  ~Exchange();
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  http::RequestHead head;  ///< as received
  storage::Recording recording;
  /// The row being recorded; without recording, one that is only good for the log line.
  storage::Exchange& row() { return recording.active() ? recording.row() : unrecorded_; }

  /// Fills the row with where the request goes.
  void set_route(const Route& route);
  /// Fills the row's error columns.
  void set_failure(const Failure& failure) { tapedeck::set_failure(row(), failure); }
  /// Microseconds since the request head was read.
  std::int64_t elapsed_us() const;

  /// Answers with what went wrong, unless a response has begun, and ends the record as `failed`, or
  /// as `aborted` when it was the client that went away. The connection is closed where the
  /// request or the response was cut.
  net::Awaitable<void> fail(Failure failure);
  /// Sends an answer of our own and ends the record as `complete`.
  net::Awaitable<void> answer(http::ResponseHead answer_head, std::string body);

  /// Ends the record: sizes, total time, the log line. With --commit strict, returns once it is on
  /// the disk, or false when it could not be written.
  net::Awaitable<bool> finish(storage::State state);
  /// Ends the record of relayed bytes: `complete`, or `aborted` when the proxy's stopping cut them.
  net::Awaitable<bool> finish_relay(bool canceled);
  bool finished() const noexcept { return finished_; }
  /// With --commit strict: the request is on the disk before it is sent.
  net::Awaitable<Result<void>> commit_request();

 private:
  net::Awaitable<bool> await_commit(Completion& committed);
  void compose_answer(http::ResponseHead& answer_head, const std::string& body);
  void log_line();

  Session& session_;
  storage::Exchange unrecorded_;
  net::Clock::time_point started_;
  bool finished_ = false;
};

}  // namespace tapedeck
