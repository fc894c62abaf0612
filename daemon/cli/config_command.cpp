#include <iostream>

#include <nlohmann/json.hpp>

#include "config/load.hpp"
#include "config/option_table.hpp"
#include "daemon/cli/command.hpp"
#include "daemon/cli/json_text.hpp"
#include "daemon/settings.hpp"

namespace tapedeck::cli {
namespace {

/// A TOML basic string: what JSON escapes is what TOML does.
std::string toml_string(const std::string& value) {
  using nlohmann::json;
  return harmless_json(json(value).dump(-1, ' ', false, json::error_handler_t::replace));
}

int check(const Common& common) {
  auto options = config::load(common.config, {});
  if (!options) return complain(options.error());
  if (auto ok = check_rules(*options); !ok) return complain(ok.error());
  return kDone;
}

/// What it prints is a configuration file that says the same.
int show(const Common& common) {
  auto options = common.load({});
  if (!options) return complain(options.error());
  for (const config::Option& option : config::option_table()) {
    const auto values = option.get(*options);
    if (values.empty() || values.front().empty()) {
      std::cout << "# " << option.name << " is not set: " << option.help << '\n';
      continue;
    }
    std::cout << option.name << " = ";
    if (option.repeatable) std::cout << '[';
    for (std::size_t i = 0; i < values.size(); ++i) {
      std::cout << (i > 0 ? ", " : "") << toml_string(values[i]);
    }
    std::cout << (option.repeatable ? "]\n" : "\n");
  }
  return kDone;
}

}  // namespace

void add_config(CLI::App& app, const Common& common, Chosen& chosen) {
  CLI::App* const command = app.add_subcommand("config", "look at the configuration");
  command->require_subcommand(1);
  command->footer("Example:\n  tapedeck config check --config ./tapedeck.toml");
  command->add_subcommand("check", "say what is wrong with the file, or nothing")
      ->footer("Example:\n  tapedeck config check --config ./tapedeck.toml")
      ->callback([&] { chosen = [&common] { return check(common); }; });
  command->add_subcommand("show", "print the options in force")
      ->footer("Example:\n  TAPEDECK_COMMIT=strict tapedeck config show")
      ->callback([&] { chosen = [&common] { return show(common); }; });
  command->add_subcommand("example", "print a commented file with every option")
      ->footer("Example:\n  tapedeck config example > tapedeck.toml")
      ->callback([&] {
        chosen = [] {
          std::cout << config::example_file();
          return kDone;
        };
      });
}

}  // namespace tapedeck::cli
