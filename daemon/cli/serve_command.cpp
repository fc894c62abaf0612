#include "config/load.hpp"
#include "config/option_table.hpp"
#include "daemon/cli/command.hpp"
#include "daemon/serve.hpp"

namespace tapedeck::cli {

std::shared_ptr<config::Given> add_serve_options(CLI::App& command) {
  std::vector<std::string_view> names;
  for (const config::Option& option : config::option_table()) {
    if (option.name != "db") names.push_back(option.name);  // every command has it
  }
  const auto given = std::make_shared<config::Given>();
  add_options(command, names, given);
  return given;
}

void add_options(CLI::App& command, const std::vector<std::string_view>& names,
                 const std::shared_ptr<config::Given>& given) {
  for (const std::string_view wanted : names) {
    const config::Option& option = *config::find_option(wanted);
    const std::string name(option.name);
    CLI::Option* added = nullptr;
    if (option.repeatable) {
      added = command.add_option_function<std::vector<std::string>>(
          option.flag(),
          [given, name](const std::vector<std::string>& values) {
            for (const std::string& value : values) given->emplace_back(name, value);
          },
          std::string(option.help));
      added->expected(1)->take_all()->allow_extra_args(false);
    } else {
      added = command.add_option_function<std::string>(
          option.flag(),
          [given, name](const std::string& value) { given->emplace_back(name, value); },
          std::string(option.help));
    }
    added->type_name(std::string(option.value));
  }
}

void add_serve(CLI::App& app, const Common& common, Chosen& chosen) {
  CLI::App* const serve = app.add_subcommand("serve", "run the proxy in the foreground");
  serve->footer(
      "Example:\n"
      "  tapedeck serve --listen 127.0.0.1:0 --db api.db --session smoke\n"
      "Every option is also a key of the configuration file (max_head_size) and an environment\n"
      "variable (TAPEDECK_MAX_HEAD_SIZE). `tapedeck config show` prints what is in force.");
  const auto given = add_serve_options(*serve);
  serve->callback([given, &common, &chosen] {
    chosen = [given, &common] {
      const auto options = common.load(*given);
      if (!options) return complain(options.error());
      return tapedeck::serve(*options, [given, &common] { return common.load(*given); });
    };
  });
}

}  // namespace tapedeck::cli
