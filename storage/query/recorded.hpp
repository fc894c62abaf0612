#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "client/http/fields.hpp"
#include "storage/arrivals.hpp"
#include "storage/sqlite.hpp"

namespace tapedeck::storage {

/// A response as it was recorded, but for a large body.
struct RecordedResponse {
  int status = 0;
  std::string reason;
  http::Fields headers;
  http::Fields trailers;
  std::int64_t size = 0;            ///< of its body
  std::int64_t body_id = 0;         ///< 0: without a body
  std::optional<std::string> body;  ///< the whole of it, when it is small
  bool missing = false;             ///< it had a body that was not kept, or not whole
  std::string redacted;  ///< what of it holds tokens: response_headers, response_body, ...
};

/// When a response came.
struct RecordedTiming {
  std::int64_t wait_us = 0;             ///< from the request sent to the head
  std::vector<Arrivals::Event> events;  ///< of its body, in order
};
RecordedTiming read_timing(Database& log, std::int64_t exchange_id);

/// Empty when there is no such exchange, or it was never answered. Throws SqliteError.
std::optional<RecordedResponse> read_response(Database& log, std::int64_t exchange_id);

/// A stored body piece by piece. Between two pieces the log is not held: a reader that takes its
/// time keeps nobody from anything. Throws SqliteError.
class BodyPieces {
 public:
  BodyPieces(Database& log, std::int64_t body_id);
  /// The same where a small body has been read already. `response` must live as long.
  BodyPieces(Database& log, const RecordedResponse& response);
  /// Nullopt at the end; the view is valid until the next call.
  std::optional<std::string_view> next();

 private:
  std::optional<std::string_view> small_;
  std::optional<Statement> chunk_;  ///< of a large one
  std::int64_t next_ = 0;
  std::string piece_;
};

}  // namespace tapedeck::storage
