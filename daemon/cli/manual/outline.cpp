#include "daemon/cli/manual/outline.hpp"

#include <CLI/CLI.hpp>

namespace tapedeck::cli {

Outline outline(const CLI::App& app, const std::string& above) {
  Outline whole;
  whole.name = above.empty() ? app.get_name() : above + " " + app.get_name();
  whole.help = app.get_description();
  whole.footer = app.get_footer();
  for (const CLI::Option* option : app.get_options()) {
    Outline::Option one;
    for (const std::string& name : option->get_snames()) one.names.push_back("-" + name);
    for (const std::string& name : option->get_lnames()) one.names.push_back("--" + name);
    one.positional = one.names.empty();
    if (one.positional) one.names.push_back(option->get_name());
    if (option->get_items_expected_max() != 0) one.value = option->get_type_name();
    one.help = option->get_description();
    one.required = option->get_required();
    one.repeatable = option->get_items_expected_max() > 1 ||
                     option->get_multi_option_policy() == CLI::MultiOptionPolicy::TakeAll;
    whole.options.push_back(std::move(one));
  }
  const std::string inside = above.empty() && app.get_parent() == nullptr ? "" : whole.name;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    whole.commands.push_back(outline(*command, inside));
  }
  return whole;
}

}  // namespace tapedeck::cli
