#include <sstream>

#include "client/http/grammar.hpp"
#include "daemon/cli/command.hpp"
#include "daemon/cli/filter_terms.hpp"
#include "daemon/cli/resend/job.hpp"

namespace tapedeck::cli {
namespace {

/// The command line as CLI11 hands it over, before it is understood.
struct Given {
  FilterTerms filters;
  std::string against;
  std::vector<std::string> headers;
  bool insecure = false;
  std::shared_ptr<config::Given> options = std::make_shared<config::Given>();
  resend::Job job;
};

Failure wrong(std::string sentence) {
  return Failure{std::make_error_code(std::errc::invalid_argument), Stage::configure, Blame::local,
                 std::move(sentence)};
}

Result<void> read_against(const std::string& text, resend::Job& job) {
  if (text.empty()) return {};
  auto url = http::parse_url(text);
  if (!url) return wrong("--against: " + url.error().detail + " in " + text);
  if (url->query) return wrong("--against: a base URL has no query: " + text);
  job.against = *std::move(url);
  return {};
}

/// "Name: value"; "Name:" takes it away.
Result<void> read_headers(const std::vector<std::string>& lines, resend::Job& job) {
  for (const std::string& line : lines) {
    const std::size_t colon = std::min(line.find(':'), line.size());
    const std::string name = line.substr(0, colon);
    if (colon == line.size() || !http::all(name, http::kToken)) {
      return wrong("--set-header: expected 'Name: value', not '" + line + "'");
    }
    const std::size_t value = line.find_first_not_of(" \t", colon + 1);
    if (value == std::string::npos) {
      job.no_headers.push_back(name);
    } else {
      job.set_headers.add(name, line.substr(value));
    }
  }
  return {};
}

Result<void> understand(Given& given, const Common& common) {
  resend::Job& job = given.job;
  if (auto ok = read_against(given.against, job); !ok) return ok;
  if (auto ok = read_headers(given.headers, job); !ok) return ok;
  auto options = common.load(*given.options);
  if (!options) return std::move(options).error();
  job.options = *std::move(options);
  if (given.insecure) job.options.insecure_hosts = {"*"};
  auto rules =
      storage::MatchRules::parse({}, job.options.ignore, storage::MatchRules::For::comparing);
  if (!rules) return std::move(rules).error();
  job.rules = *std::move(rules);
  job.terminal = Terminal::of_stdout(common.color);
  job.options.command = "tapedeck replay";
  for (const std::string& term : *given.filters) job.options.command += " " + term;
  return {};
}

/// What is repeated, or done at once, is counted from one.
CLI::Validator count(std::size_t most) { return CLI::Range(std::size_t{1}, most).description(""); }

}  // namespace

void add_replay(CLI::App& app, const Common& common, Chosen& chosen) {
  CLI::App* const replay =
      app.add_subcommand("replay", "send recorded requests again and compare the answers");
  const auto given = std::make_shared<Given>();
  resend::Job& job = given->job;
  replay->footer(
      "Examples:\n"
      "  tapedeck replay host:api.example.com method:GET\n"
      "  tapedeck replay --against https://staging.example.com --ignore json:$.timestamp\n"
      "  tapedeck replay --set-header 'Authorization: Bearer NEW' --concurrency 8 --junit out.xml\n"
      "Filters are those of tapedeck ls. New exchanges are recorded into the same log, mode "
      "fetch,\n"
      "replay_of the old one. Exit status: 0 when every answer is the recorded one, else 1.\n"
      "What varies by nature (Date, Via, request ids, values of cookies) does not count.");
  given->filters = add_filter_terms(*replay, [&common, &chosen, given] {
    chosen = [&common, given] {
      int status = kDone;
      auto filter = parse_filter(given->filters, status);
      if (!filter) return status;
      given->job.filter = *std::move(filter);
      if (auto ok = understand(*given, common); !ok) return complain(ok.error());
      return resend::run(given->job);
    };
  });
  replay->add_option("--against", given->against, "send them there, its path before theirs")
      ->type_name("URL");
  replay->add_option("--concurrency", job.concurrency, "how many at once (default: 1)")
      ->type_name("N")
      ->check(count(256));
  replay->add_option("--rate", job.rate, "how many a second at the most")
      ->type_name("N")
      ->check(CLI::PositiveNumber.description(""));
  replay->add_option("--repeat", job.repeat, "how many times all of them (default: 1)")
      ->type_name("N")
      ->check(count(1'000'000));
  replay
      ->add_option("--set-header", given->headers,
                   "a header to send in place of the recorded one; 'NAME:' sends none")
      ->type_name("'NAME: VALUE'")
      ->expected(1)
      ->take_all();
  replay->add_flag("--insecure", given->insecure, "take any certificate from anyone");
  add_options(*replay, {"ignore", "record", "redact", "session", "upstream_ca"}, given->options);
  replay->add_flag("--json", job.json, "one JSON object a line");
  replay->add_option("--junit", job.junit_file, "write JUnit XML there, a testcase an exchange")
      ->type_name("FILE");
}

}  // namespace tapedeck::cli
