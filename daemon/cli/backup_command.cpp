#include <filesystem>
#include <iostream>

#include "daemon/cli/chore.hpp"
#include "storage/keep/backup.hpp"

namespace tapedeck::cli {

void add_backup(CLI::App& app, const Common& common, Chosen& chosen) {
  CLI::App* const command =
      app.add_subcommand("backup", "copy the log into a new file, also while it is being recorded");
  command->footer(
      "Example:\n"
      "  tapedeck backup ~/tapedeck-monday.db\n"
      "The copy is one file, whole as of the end of copying, with mode 0600; it is read once and\n"
      "checked.");
  const auto file = std::make_shared<std::string>();
  command->add_option("FILE", *file, "where to; must not exist yet")->required()->type_name("");
  command->callback([file, &common, &chosen] {
    chosen = [file, &common] {
      const auto done =
          perform_chore(common, "backup", {{"file", std::filesystem::absolute(*file).string()}});
      if (!done) return complain("backup", done.error().detail, kFailed);
      if (const std::string damage = storage::damage_in(*file); !damage.empty()) {
        std::filesystem::remove(*file);
        return complain("backup", "the log is damaged, and no backup was kept: " + damage, kFailed);
      }
      std::cerr << "tapedeck: " << harmless(*file) << ", "
                << human_size(done->at("bytes").get<std::int64_t>()) << '\n';
      return kDone;
    };
  });
}

}  // namespace tapedeck::cli
