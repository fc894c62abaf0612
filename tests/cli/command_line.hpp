#pragma once

#include <filesystem>
#include <gtest/gtest.h>
#include <map>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

#include "storage/recorder.hpp"

namespace tapedeck::cli {

/// How a run of the program ended, and what it said.
struct Outcome {
  int status = -1;  ///< exit status; 128 + signal when it was killed
  std::string out;
  std::string err;
};

/// The built program with a directory, an environment and a log of its own.
class CommandLine : public testing::Test {
 protected:
  CommandLine();
  ~CommandLine() override;

  /// Runs `tapedeck ARGUMENTS…` with `input` on standard input. `stdout_path`, when given, is where
  /// standard output goes.
  Outcome run(const std::vector<std::string>& arguments, const std::string& input = "",
              const std::string& stdout_path = "");
  /// As run() with `--db` the log.
  Outcome on_log(std::vector<std::string> arguments, const std::string& input = "",
                 const std::string& stdout_path = "");
  /// The same, with a pseudo-terminal as standard output; line ends are "\n".
  Outcome on_terminal(std::vector<std::string> arguments);
  /// Expects wrong usage: exit status 2, nothing on stdout, and exactly one line on stderr, which
  /// is returned without "tapedeck: " and its end.
  std::string refused(const std::vector<std::string>& arguments);

  /// Starts the program with a pipe as standard output; `reader` is the pipe's other end.
  pid_t start(std::vector<std::string> arguments, int& reader);

  struct Answer {
    int status = 200;
    http::Fields fields{};
    std::string body{};
  };
  /// Records GET http://api.example.com`path` and its answer.
  void record(const std::string& path, const Answer& answer);
  /// Closes the recorder, so that everything is in the file.
  void close_log();

  std::string write(const std::string& name, const std::string& text);

  std::filesystem::path directory_;
  std::string log_;
  std::map<std::string, std::string> environment_;

 private:
  pid_t spawn(const std::vector<std::string>& arguments, int in, int out, int err);
  std::unique_ptr<storage::Recorder> recorder_;
};

}  // namespace tapedeck::cli
