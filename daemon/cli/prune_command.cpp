#include <iostream>

#include "config/value.hpp"
#include "daemon/cli/chore.hpp"
#include "daemon/cli/filter_terms.hpp"

namespace tapedeck::cli {
namespace {

struct Options {
  FilterTerms terms;
  std::string older_than;
  std::string keep_size;
  bool dry_run = false;
};

int wrong_usage(std::string_view sentence) { return complain("usage", sentence, kWrongUsage); }

int prune(const Common& common, const Options& options) {
  if (options.older_than.empty() == options.keep_size.empty()) {
    return wrong_usage("prune takes --older-than or --keep-size, one of them");
  }
  std::vector<std::string> terms = *options.terms;
  nlohmann::json arguments{{"dry_run", options.dry_run}};
  if (!options.older_than.empty()) {
    if (!storage::parse_time(options.older_than, now_us())) {
      return wrong_usage("--older-than: expected a time such as 30d, 12h or 2026-11-23, not '" +
                         options.older_than + "'");
    }
    terms.push_back("until:" + options.older_than);
  } else {
    const auto size = config::parse_size(options.keep_size);
    if (!size) {
      return wrong_usage("--keep-size: expected a size such as 2GiB or 500M, not '" +
                         options.keep_size + "'");
    }
    arguments["keep_size"] = *size;
  }
  int status = kDone;
  if (!parse_filter(std::make_shared<std::vector<std::string>>(terms), status)) return status;
  arguments["filter"] = terms;

  const auto done = perform_chore(common, "prune", arguments);
  if (!done) return complain("prune", done.error().detail, kFailed);
  const auto number = [&](const char* name) { return done->at(name).get<std::int64_t>(); };
  const std::int64_t exchanges = number("exchanges");
  const std::int64_t bodies = number("bodies");
  std::cerr << "tapedeck: " << (options.dry_run ? "would remove " : "removed ") << exchanges
            << (exchanges == 1 ? " exchange, " : " exchanges, ") << bodies
            << (bodies == 1 ? " body" : " bodies") << " of " << human_size(number("bytes"));
  if (!options.dry_run) {
    std::cerr << "; the log was " << human_size(number("file_before")) << " and is "
              << human_size(number("file_after"));
  }
  std::cerr << '\n';
  if (!options.dry_run && arguments.contains("keep_size") &&
      number("file_after") > arguments.at("keep_size").get<std::int64_t>()) {
    return complain("prune", "what is left is pinned, unfinished, in use or not asked for",
                    kFailed);
  }
  return kDone;
}

}  // namespace

void add_prune(CLI::App& app, const Common& common, Chosen& chosen) {
  CLI::App* const command =
      app.add_subcommand("prune", "remove old exchanges, also while others are being recorded");
  const auto options = std::make_shared<Options>();
  command->footer(
      std::string("Examples:\n"
                  "  tapedeck prune --older-than 30d\n"
                  "  tapedeck prune host:*.example.com -has:error --older-than 12h\n"
                  "  tapedeck prune --keep-size 2GiB --dry-run\n"
                  "Pinned sessions stay whole, and so does what is not finished yet.\n") +
      kFilterHelp);
  options->terms = add_filter_terms(*command, [&common, &chosen, options] {
    chosen = [&common, options] { return prune(common, *options); };
  });
  command->add_option("--older-than", options->older_than, "those that began longer ago, or before")
      ->type_name("DURATION|TIME");
  command
      ->add_option("--keep-size", options->keep_size,
                   "the oldest, until the log takes no more room")
      ->type_name("SIZE");
  command->add_flag("--dry-run", options->dry_run, "only say what would go");
}

}  // namespace tapedeck::cli
