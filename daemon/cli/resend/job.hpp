#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "client/http/fields.hpp"
#include "client/http/url.hpp"
#include "config/options.hpp"
#include "daemon/cli/terminal.hpp"
#include "storage/match/rules.hpp"
#include "storage/query/filter.hpp"

namespace tapedeck::resend {

/// What a command line of `tapedeck replay` asks for.
struct Job {
  storage::Filter filter;
  std::optional<http::Url> against;     ///< goes there in place of where it went
  http::Fields set_headers;             ///< replace those of that name
  std::vector<std::string> no_headers;  ///< are taken away
  std::size_t concurrency = 1;
  double rate = 0;  ///< requests a second; 0: as fast as they are answered
  std::size_t repeat = 1;
  storage::MatchRules rules;  ///< what does not count
  bool json = false;
  std::string junit_file;   ///< empty: none
  config::Options options;  ///< the log, recording, trust, limits
  cli::Terminal terminal;
};

/// Does it, and prints what came of it. Returns the exit status: 1 when an answer differed, or a
/// request failed.
int run(const Job& job);

}  // namespace tapedeck::resend
