#include <iostream>

#include "client/http/grammar.hpp"
#include "client/http/url.hpp"
#include "config/load.hpp"
#include "daemon/cli/command.hpp"
#include "daemon/cli/learn.hpp"
#include "daemon/replay/tape.hpp"
#include "storage/query/log_reader.hpp"

namespace tapedeck::cli {
namespace {

struct Asked {
  std::string request;
  std::vector<std::string> headers;
  std::string data;
  std::vector<std::string> recordings;  ///< two, to learn from
};

Failure wrong(std::string sentence) {
  return Failure{std::make_error_code(std::errc::invalid_argument), Stage::configure, Blame::local,
                 std::move(sentence)};
}

/// "GET https://api.example.com/v1/x"; a URL alone is a GET, or with a body a POST.
Result<storage::MatchRequest> read_request(const Asked& asked) {
  const std::size_t space = asked.request.find(' ');
  const bool method_given = space != std::string::npos;
  auto url = http::parse_url(asked.request.substr(method_given ? space + 1 : 0));
  if (!url) {
    return wrong("expected 'METHOD URL', not '" + asked.request + "': " + url.error().detail);
  }
  storage::MatchRequest request;
  request.method =
      method_given ? asked.request.substr(0, space) : (asked.data.empty() ? "GET" : "POST");
  request.scheme = url->scheme;
  request.host = http::to_lower(url->authority.host);
  request.port = url->port();
  request.path = url->path;
  request.query = url->query;
  for (const std::string& line : asked.headers) {
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos || colon == 0) {
      return wrong("-H takes 'NAME: VALUE', not '" + line + "'");
    }
    const std::size_t value = std::min(line.find_first_not_of(' ', colon + 1), line.size());
    request.headers.add(line.substr(0, colon), line.substr(value));
  }
  return request;
}

int explain(const config::Options& options, const Asked& asked) {
  auto request = read_request(asked);
  if (!request) return complain(request.error());
  auto tape = Tape::open(options);
  if (!tape) return complain(tape.error());
  auto log = storage::open_log(options.db);
  if (!log) return complain(log.error());
  storage::MatchBody body;
  body.append(asked.data);
  const storage::Parts parts = request->parts(body, (*tape)->rules());
  for (const storage::Part& part : parts) {
    std::cout << harmless(part.name) << ": " << harmless(part.value) << '\n';
  }
  std::string answers;
  while (true) {
    auto id = (*tape)->take("", *request, parts);
    if (!id) return complain(id.error());
    if (!*id) break;
    answers += (answers.empty() ? "" : ", then ") + std::to_string(**id);
  }
  if (!answers.empty()) {
    std::cout << "answered by exchange " << answers << '\n';
    return kDone;
  }
  std::cout << "not recorded: " << harmless((*tape)->explain(**log, "", *request, parts)) << '\n';
  return kFailed;
}

}  // namespace

void add_match(CLI::App& app, const Common& common, Chosen& chosen) {
  CLI::App* const match =
      app.add_subcommand("match", "say which recorded exchange would answer a request, and why");
  match->footer(
      "Examples:\n"
      "  tapedeck match 'GET https://api.example.com/v1/items?page=2'\n"
      "  tapedeck match --ignore query:page https://api.example.com/v1/items?page=2\n"
      "  tapedeck match -H 'Content-Type: application/json' -d '{\"a\":1}' "
      "https://api.example.com/\n"
      "Prints what counts of the request, then the exchanges that answer it in turn, or the "
      "nearest\n"
      "one and where it differs (exit status 1). --learn prints what differs between two sessions "
      "of\n"
      "the same run as rules to ignore, for review:\n"
      "  tapedeck match --learn monday tuesday");
  const auto asked = std::make_shared<Asked>();
  const auto given = std::make_shared<config::Given>();
  CLI::Option* const request =
      match->add_option("request", asked->request, "METHOD and URL in one word, or a URL")
          ->type_name("'METHOD URL'");
  match->add_option("-H,--header", asked->headers, "a header of it")
      ->type_name("'NAME: VALUE'")
      ->expected(1)
      ->take_all();
  match->add_option("-d,--data", asked->data, "its body")->type_name("DATA");
  match->add_option("--learn", asked->recordings, "two sessions of the same run: propose rules")
      ->expected(2)
      ->type_name("SESSION SESSION")
      ->excludes(request);
  add_options(*match, {"session", "match", "ignore"}, given);
  match->callback([asked, given, &common, &chosen] {
    chosen = [asked, given, &common] {
      auto options = common.load(*given);
      if (!options) return complain(options.error());
      if (!asked->recordings.empty()) {
        return learn(*options, asked->recordings[0], asked->recordings[1]);
      }
      if (asked->request.empty()) {
        return complain("usage", "expected 'METHOD URL', or --learn and two sessions", kWrongUsage);
      }
      // Each answer once.
      options->exhausted = "miss";
      return explain(*options, *asked);
    };
  });
}

}  // namespace tapedeck::cli
