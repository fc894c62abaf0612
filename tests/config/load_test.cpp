#include "config/load.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <unistd.h>

#include "config/paths.hpp"

namespace tapedeck::config {
namespace {

/// A directory and an environment of its own.
class Load : public testing::Test {
 protected:
  Load() {
    std::string pattern = (std::filesystem::temp_directory_path() / "tapedeck-XXXXXX").string();
    directory_ = mkdtemp(pattern.data());
    set("XDG_CONFIG_HOME", directory_ / "config");
    set("XDG_DATA_HOME", directory_ / "data");
    unsetenv("STATE_DIRECTORY");
  }
  ~Load() override {
    std::filesystem::remove_all(directory_);
    for (const std::string& name : set_) unsetenv(name.c_str());
  }
  void set(const std::string& name, const std::string& value) {
    setenv(name.c_str(), value.c_str(), 1);
    set_.push_back(name);
  }
  std::string write(const std::string& text) {
    const auto path = directory_ / "config.toml";
    std::ofstream(path) << text;
    return path;
  }
  std::string wrong(const std::string& text) {
    const std::string path = write(text);
    auto options = load(path, {});
    if (options) return "accepted";
    EXPECT_EQ(options.error().stage, Stage::configure);
    EXPECT_TRUE(options.error().detail.starts_with(path)) << options.error().detail;
    return options.error().detail.substr(path.size());
  }

  std::filesystem::path directory_;
  std::vector<std::string> set_;
};

TEST_F(Load, DefaultsWithoutAnySource) {
  const auto options = load("", {});
  ASSERT_TRUE(options);
  EXPECT_EQ(options->db, directory_ / "data/tapedeck/tapedeck.db");
  EXPECT_EQ(options->ca_dir, directory_ / "data/tapedeck/ca");
  EXPECT_EQ(options->mode, "record");
  EXPECT_EQ(options->limits.max_head_size, Limits().max_head_size);
}

TEST_F(Load, CommandLineOverEnvironmentOverFileOverDefault) {
  const std::string path = write(
      "session = 'file'\ncommit = 'strict'\nthreads = 3\n"
      "listen = ['127.0.0.1:1', '127.0.0.1:2']\nmax_head_size = '1KiB'\n");
  set("TAPEDECK_SESSION", "environment");
  set("TAPEDECK_LISTEN", "127.0.0.1:3,127.0.0.1:4");
  const auto options = load(path, {{"session", "command line"}, {"threads", "4"}});
  ASSERT_TRUE(options) << options.error().detail;
  EXPECT_EQ(options->session, "command line");
  EXPECT_EQ(options->commit, "strict");
  EXPECT_EQ(options->threads, 4u);
  EXPECT_EQ(options->listen, (std::vector<std::string>{"127.0.0.1:3", "127.0.0.1:4"}));
  EXPECT_EQ(options->limits.max_head_size, 1024u);
}

TEST_F(Load, ARepeatedOptionOnTheCommandLineReplacesTheFilesList) {
  const std::string path = write("listen = ['127.0.0.1:1']\n");
  const auto options = load(path, {{"listen", "127.0.0.1:5"}, {"listen", "[::1]:6"}});
  ASSERT_TRUE(options);
  EXPECT_EQ(options->listen, (std::vector<std::string>{"127.0.0.1:5", "[::1]:6"}));
}

TEST_F(Load, TheDefaultFileIsFoundInTheConfigurationDirectory) {
  std::filesystem::create_directories(directory_ / "config/tapedeck");
  std::ofstream(directory_ / "config/tapedeck/config.toml") << "session = 'found'\n";
  EXPECT_EQ(load("", {})->session, "found");
}

TEST_F(Load, SystemdsStateDirectoryHoldsTheData) {
  set("STATE_DIRECTORY", "/var/lib/tapedeck");
  EXPECT_EQ(default_database(), "/var/lib/tapedeck/tapedeck.db");
}

TEST_F(Load, FileErrorsNameLineColumnAndKey) {
  EXPECT_EQ(wrong("\nlisen = '127.0.0.1:1'\n"), ":2:1: lisen: unknown key; did you mean listen?");
  EXPECT_EQ(wrong("commit = 'later'\n"), ":1:10: commit: expected batched|strict, not 'later'");
  EXPECT_EQ(wrong("max_head_size = 1.5\n"), ":1:17: max_head_size: expected a string");
  EXPECT_EQ(wrong("listen = [1.5]\n"), ":1:10: listen: expected a list of strings");
  EXPECT_EQ(wrong("[listen]\na = 1\n"), ":1:1: listen: expected a string or a list");
  EXPECT_TRUE(wrong("session = \n").starts_with(":1:")) << wrong("session = \n");
}

TEST_F(Load, EnvironmentAndCommandLineErrorsNameTheirSource) {
  EXPECT_EQ(load("", {{"threads", "x"}}).error().detail,
            "--threads: expected a whole number up to 64, not 'x'");
  set("TAPEDECK_MODE", "rewind");
  EXPECT_EQ(load("", {}).error().detail,
            "TAPEDECK_MODE: expected record|replay|auto|pass, not 'rewind'");
}

TEST_F(Load, AFileThatIsNamedMustBeThere) {
  EXPECT_EQ(load(directory_ / "none.toml", {}).error().detail,
            (directory_ / "none.toml").string() + ": cannot be read");
  EXPECT_EQ(load(directory_, {}).error().detail, directory_.string() + ": is a directory");
}

}  // namespace
}  // namespace tapedeck::config
