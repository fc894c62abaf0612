#include "daemon/cli/filter_terms.hpp"

#include "daemon/cli/command.hpp"

namespace tapedeck::cli {

FilterTerms add_filter_terms(CLI::App& command, std::function<void()> then) {
  auto terms = std::make_shared<std::vector<std::string>>();
  // -host:NAME is a term, not -h.
  command.set_help_flag("--help", "print this help message and exit");
  command.add_option("filter", *terms, "which exchanges; all terms must hold")->type_name("FILTER");
  // `-term` looks like an option to the parser, which leaves it over.
  command.allow_extras();
  command.callback([&command, terms, then = std::move(then)] {
    for (const std::string& term : command.remaining()) {
      if (term == "-h") throw CLI::CallForHelp();
      if (term == "--") continue;
      if (term.starts_with("--")) throw CLI::ExtrasError({term});
      terms->push_back(term);
    }
    then();
  });
  return terms;
}

std::optional<storage::Filter> parse_filter(const FilterTerms& terms, int& status) {
  auto filter = storage::Filter::parse(*terms, now_us());
  if (filter) return *std::move(filter);
  status = complain("usage", filter.error().detail, kWrongUsage);
  return std::nullopt;
}

}  // namespace tapedeck::cli
