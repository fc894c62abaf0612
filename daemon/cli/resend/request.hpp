#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>

#include "client/body.hpp"
#include "client/http/fields.hpp"
#include "client/http/url.hpp"
#include "daemon/cli/resend/job.hpp"
#include "storage/sqlite.hpp"

namespace tapedeck::resend {

/// A recorded request as it is sent again.
struct Request {
  std::string method;
  http::Url url;
  http::Fields headers;  ///< with Host, and Content-Length where there is a body
  std::int64_t body_id = 0;
  std::uint64_t body_size = 0;
};

/// The request of that exchange, turned to where the job wants it. Nullopt when it is gone, or
/// cannot be a request. Throws SqliteError.
std::optional<Request> read_request(storage::Database& log, std::int64_t id, const Job& job);

/// Its body, read from the log while it is sent; `tee` sees every piece.
client::Body body_of(storage::Database& log, const Request& request,
                     std::function<void(std::span<const char>)> tee);

}  // namespace tapedeck::resend
