#include <filesystem>
#include <fstream>
#include <iostream>

#include "daemon/cli/cli.hpp"
#include "daemon/cli/manual/completion.hpp"
#include "daemon/cli/manual/man_page.hpp"

/// Writes what a package holds beside the binary into the folder given: run when it is built.
int main(int argc, char** argv) {
  using namespace tapedeck::cli;
  if (argc != 2) {
    std::cerr << "usage: manual FOLDER\n";
    return 2;
  }
  const std::filesystem::path folder = argv[1];
  const Outline program = outline_of_program();
  const std::pair<const char*, std::string> files[] = {
      {"tapedeck.1", man_page(program)},           {"tapedeck.toml.5", configuration_page()},
      {"tapedeck.bash", bash_completion(program)}, {"_tapedeck", zsh_completion(program)},
      {"tapedeck.fish", fish_completion(program)},
  };
  for (const auto& [name, text] : files) {
    std::ofstream out(folder / name);
    out << text;
    if (!out.flush()) {
      std::cerr << "manual: " << (folder / name) << " cannot be written\n";
      return 1;
    }
  }
  return 0;
}
