#include "config/load.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <toml++/toml.h>

#include "config/option_table.hpp"
#include "config/paths.hpp"

namespace tapedeck::config {
namespace {

Failure wrong(std::string detail) {
  return Failure{std::make_error_code(std::errc::invalid_argument), Stage::configure, Blame::local,
                 std::move(detail)};
}

std::string position(const std::string& path, const toml::source_position& at) {
  return path + ":" + std::to_string(at.line) + ":" + std::to_string(at.column) + ": ";
}

/// A scalar as the text an option is set from; empty for what no option takes.
std::optional<std::string> scalar(const toml::node& node) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* number = node.as_integer()) return std::to_string(number->get());
  return std::nullopt;
}

/// What is wrong with the value, or "".
std::string set_from(const toml::node& node, const Option& option, Options& options) {
  const auto* const array = node.as_array();
  if (array == nullptr || !option.repeatable) {
    const auto value = scalar(node);
    if (!value) return "expected a string" + std::string(option.repeatable ? " or a list" : "");
    option.clear(options);
    return option.set(options, *value);
  }
  option.clear(options);
  for (const toml::node& element : *array) {
    const auto value = scalar(element);
    if (!value) return "expected a list of strings";
    if (std::string error = option.set(options, *value); !error.empty()) return error;
  }
  return {};
}

Result<void> load_environment(Options& options) {
  for (const Option& option : option_table()) {
    const std::string name = option.environment();
    const char* const value = std::getenv(name.c_str());
    if (value == nullptr) continue;
    option.clear(options);
    std::istringstream words{std::string(value)};
    std::string word = value;
    do {
      if (option.repeatable && !std::getline(words, word, ',')) break;
      if (const std::string error = option.set(options, word); !error.empty()) {
        return wrong(name + ": " + error);
      }
    } while (option.repeatable);
  }
  return {};
}

Result<void> load_command_line(const Given& given, Options& options) {
  std::set<std::string> seen;
  for (const auto& [name, value] : given) {
    const Option* const option = find_option(name);
    if (option == nullptr) return wrong(name + ": unknown option");
    if (seen.insert(name).second) option->clear(options);
    if (const std::string error = option->set(options, value); !error.empty()) {
      return wrong(option->flag() + ": " + error);
    }
  }
  return {};
}

}  // namespace

Result<void> load_file(const std::string& path, Options& options) {
  // A directory opens, and reads as an empty file.
  if (std::error_code ignored; std::filesystem::is_directory(path, ignored))
    return wrong(path + ": is a directory");
  std::ifstream file(path);
  if (!file) return wrong(path + ": cannot be read");
  toml::table table;
  try {
    table = toml::parse(file, path);
  } catch (const toml::parse_error& error) {
    return wrong(position(path, error.source().begin) + std::string(error.description()));
  }
  for (const auto& [key, node] : table) {
    const std::string name(key.str());
    const Option* const option = find_option(name);
    if (option == nullptr) {
      const std::string_view near = nearest_option(name);
      return wrong(position(path, key.source().begin) + name + ": unknown key" +
                   (near.empty() ? "" : "; did you mean " + std::string(near) + "?"));
    }
    if (const std::string error = set_from(node, *option, options); !error.empty()) {
      return wrong(position(path, node.source().begin) + name + ": " + error);
    }
  }
  return {};
}

Result<Options> load(const std::string& file, const Given& command_line) {
  Options options;
  const std::string path = file.empty() ? default_file() : file;
  if (!path.empty()) {
    if (auto ok = load_file(path, options); !ok) return std::move(ok).error();
  }
  if (auto ok = load_environment(options); !ok) return std::move(ok).error();
  if (auto ok = load_command_line(command_line, options); !ok) return std::move(ok).error();
  if (options.db.empty()) options.db = default_database();
  if (options.ca_dir.empty()) options.ca_dir = data_directory() + "/ca";
  return options;
}

}  // namespace tapedeck::config
