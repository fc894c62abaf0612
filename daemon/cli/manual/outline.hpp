#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace tapedeck::cli {

/// What the command line takes, as its parser knows it: what manual pages and completions are made
/// from, so that they cannot say anything else.
struct Outline {
  struct Option {
    std::vector<std::string> names;  ///< "-X", "--request"; of a positional its one name
    std::string value;               ///< "FILE"; empty: takes none
    std::string help;
    bool positional = false;
    bool required = false;
    bool repeatable = false;
  };
  std::string name;  ///< "sessions"; of a nested one "sessions list"
  std::string help;
  std::string footer;  ///< examples and remarks, as --help prints them
  std::vector<Option> options;
  std::vector<Outline> commands;
};

Outline outline(const CLI::App& app, const std::string& above = {});

}  // namespace tapedeck::cli
