#include <fstream>
#include <iostream>
#include <iterator>

#include "daemon/cli/chore.hpp"
#include "daemon/cli/filter_terms.hpp"
#include "storage/redact/literals.hpp"
#include "storage/redact/rules.hpp"

namespace tapedeck::cli {
namespace {

struct Options {
  FilterTerms terms;
  std::vector<std::string> rules;
  std::vector<std::string> headers;
  std::vector<std::string> cookies;
  std::vector<std::string> queries;
  std::vector<std::string> fields;
  std::vector<std::string> json_paths;
  std::vector<std::string> values;  ///< @FILE, or - for standard input
  bool dry_run = false;
};

int wrong_usage(std::string_view sentence) { return complain("usage", sentence, kWrongUsage); }

/// A secret out of a file, without the end of its line; nullopt when it cannot be read.
std::optional<std::string> read_secret(const std::string& source) {
  std::ifstream file;
  if (source != "-") file.open(source.substr(1), std::ios::binary);
  std::istream& in = source == "-" ? std::cin : file;
  if (!in) return std::nullopt;
  std::string text{std::istreambuf_iterator<char>(in), {}};
  while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();
  return text;
}

std::vector<std::string> all_rules(const Options& options) {
  std::vector<std::string> rules = options.rules;
  const auto add = [&rules](std::string_view kind, const std::vector<std::string>& names) {
    for (const std::string& name : names) rules.push_back(std::string(kind) + ":" + name);
  };
  add("header", options.headers);
  add("cookie", options.cookies);
  add("query", options.queries);
  add("form", options.fields);
  add("json", options.json_paths);
  return rules;
}

std::string counted(std::int64_t count, const std::string& one, const std::string& more) {
  return std::to_string(count) + " " + (count == 1 ? one : more);
}

/// What was done, and what was left, a line each; the exit status.
int report(const nlohmann::json& done, bool dry_run) {
  const auto number = [&](const char* name) { return done.at(name).get<std::int64_t>(); };
  std::cerr << "tapedeck: " << (dry_run ? "would change " : "changed ")
            << counted(number("exchanges"), "exchange", "exchanges") << ": "
            << counted(number("replaced"), "body", "bodies") << " rewritten, " << number("withheld")
            << " removed";
  if (number("sessions") > 0) {
    std::cerr << "; and " << counted(number("sessions"), "note", "notes") << " of sessions";
  }
  std::cerr << '\n';
  if (number("unfinished") > 0) {
    std::cerr << "tapedeck: " << counted(number("unfinished"), "exchange is", "exchanges are")
              << " not finished and stayed as recorded; scrub again when done\n";
  }
  if (number("unread") > 0) {
    std::cerr << "tapedeck: " << counted(number("unread"), "body", "bodies")
              << " could not be decoded: what is in there was not seen\n";
  }
  for (const auto& copy : done.at("copies")) {
    std::cerr << "tapedeck: " << harmless(copy.get<std::string>())
              << " is a copy of the log from before an upgrade and was not touched\n";
  }
  if (done.at("wal_emptied").get<bool>()) return kDone;
  return complain("scrub",
                  "somebody is reading the log, so its -wal still holds what was removed; "
                  "scrub again when done",
                  kFailed);
}

int scrub(const Common& common, const Options& options) {
  const std::vector<std::string> rules = all_rules(options);
  if (rules.empty() && options.values.empty()) {
    return wrong_usage("scrub takes a rule (--redact, --header, --query, ...) or --value");
  }
  if (auto parsed = storage::RedactRules::parse(rules); !parsed) return complain(parsed.error());
  int status = kDone;
  if (!parse_filter(options.terms, status)) return status;
  std::vector<std::string> values;
  for (const std::string& source : options.values) {
    if (source != "-" && !source.starts_with('@')) {
      return wrong_usage("--value takes @FILE or -, so that no secret stands in a command");
    }
    const auto secret = read_secret(source);
    if (!secret) return complain("scrub", source.substr(1) + " cannot be read", kFailed);
    if (secret->size() < storage::Literals::kLeast) {
      return wrong_usage("--value: fewer than " + std::to_string(storage::Literals::kLeast) +
                         " bytes would be found where they are no secret");
    }
    values.push_back(*secret);
  }
  const auto loaded = common.load({});
  if (!loaded) return complain(loaded.error());
  const auto done = perform_chore(common, "scrub",
                                  {{"filter", *options.terms},
                                   {"redact", rules},
                                   {"values", values},
                                   {"limit", loaded->limits.redact_body_limit},
                                   {"dry_run", options.dry_run}});
  if (!done) return complain("scrub", done.error().detail, kFailed);
  return report(*done, options.dry_run);
}

}  // namespace

void add_scrub(CLI::App& app, const Common& common, Chosen& chosen) {
  CLI::App* const command =
      app.add_subcommand("scrub", "redact what is recorded already, also while recording");
  const auto options = std::make_shared<Options>();
  command->footer(
      std::string("Examples:\n"
                  "  tapedeck scrub --redact standard\n"
                  "  tapedeck scrub host:api.example.com --query api_key --json-path $.user.token\n"
                  "  pass show api | tapedeck scrub --value -\n"
                  "Nothing of it is left in the log, its -wal and its index. Copies of the log are "
                  "yours to find.\n") +
      kFilterHelp);
  options->terms = add_filter_terms(*command, [&common, &chosen, options] {
    chosen = [&common, options] { return scrub(common, *options); };
  });
  const auto list = [command](const char* name, std::vector<std::string>& into, const char* help,
                              const char* type) {
    command->add_option(name, into, help)->type_name(type)->expected(1)->take_all();
  };
  list("--redact", options->rules, "a rule, as serve takes it", "RULE");
  list("--header", options->headers, "the values of a header", "NAME");
  list("--cookie", options->cookies, "the values of a cookie", "NAME");
  list("--query", options->queries, "the values of a name in the query", "NAME");
  list("--form", options->fields, "the values of a form field", "NAME");
  list("--json-path", options->json_paths, "the values at a path in JSON", "PATH");
  list("--value", options->values, "a secret itself, wherever it stands; - is standard input",
       "@FILE|-");
  command->add_flag("--dry-run", options->dry_run, "only say what would change");
}

}  // namespace tapedeck::cli
