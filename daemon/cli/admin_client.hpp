#pragma once

#include <string>
#include <string_view>

#include "client/http/result.hpp"
#include "config/options.hpp"

namespace tapedeck::cli {

/// What the daemon answered.
struct AdminReply {
  int status = 0;
  std::string body;
};

/// Asks the daemon that records into the log of `options`, at its admin door, and waits for the
/// answer however long that takes. Fails with Condition::refused when nobody answers there.
Result<AdminReply> ask_daemon(const config::Options& options, std::string_view method,
                              std::string_view target, const std::string& body = {});

}  // namespace tapedeck::cli
