#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "client/http/message.hpp"
#include "client/http/result.hpp"

namespace tapedeck {

/// What the proxy says itself about a failure: the one mapping from errors to answers.
struct Answer {
  int status = 500;
  /// An error type of RFC 9209 section 2.3, also stored as `exchange.error_code`.
  std::string_view error_type = "proxy_internal_error";
  std::string detail;  ///< one sentence: what failed, at which stage, and what to try
};

/// The name the proxy goes by in Proxy-Status.
inline constexpr std::string_view kProxyName = "tapedeck";

Answer answer_for(const Failure& failure);

/// The head of that answer: Proxy-Status, Content-Type, Date. The body is `answer.detail` and a
/// line end. `started_at` is the exchange's, which the log and its row have too.
http::ResponseHead answer_head(const Answer& answer, std::int64_t started_at);

/// A Proxy-Status field of ours (RFC 9209); `error_type` may be empty.
std::string proxy_status(std::string_view error_type, std::string_view details,
                         std::int64_t started_at);

/// A quoted string of RFC 8941 section 3.3.3; bytes it cannot hold become '?'.
std::string quote_structured(std::string_view text);

/// Now, as in a Date field (RFC 9110 section 5.6.7). Made once a second for each thread.
std::string_view http_date();

}  // namespace tapedeck
