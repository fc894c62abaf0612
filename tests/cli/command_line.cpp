#include "tests/cli/command_line.hpp"

#include <algorithm>
#include <array>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

namespace tapedeck::cli {
namespace {

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Until the other end is closed; a pseudo-terminal says so with an error.
std::string read_all(int descriptor) {
  std::string text;
  std::array<char, 4096> piece{};
  for (ssize_t n = 0; (n = read(descriptor, piece.data(), piece.size())) > 0;) {
    text.append(piece.data(), static_cast<std::size_t>(n));
  }
  close(descriptor);
  return text;
}

int await(pid_t child) {
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

CommandLine::CommandLine() {
  std::string pattern = (std::filesystem::temp_directory_path() / "tapedeck-XXXXXX").string();
  directory_ = mkdtemp(pattern.data());
  log_ = directory_ / "log.db";
  environment_ = {{"HOME", directory_},
                  {"XDG_CONFIG_HOME", directory_ / "config"},
                  {"XDG_DATA_HOME", directory_ / "data"},
                  {"TERM", "xterm"},
                  {"TZ", "UTC"}};
}

CommandLine::~CommandLine() {
  recorder_.reset();
  std::filesystem::remove_all(directory_);
}

pid_t CommandLine::spawn(const std::vector<std::string>& arguments, int in, int out, int err) {
  std::vector<std::string> words = {TAPEDECK};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<std::string> variables;
  for (const auto& [name, value] : environment_) {
    variables.push_back(std::string(name).append("=").append(value));
  }
  std::vector<char*> argv;
  std::vector<char*> envp;
  for (std::string& word : words) argv.push_back(word.data());
  for (std::string& variable : variables) envp.push_back(variable.data());
  argv.push_back(nullptr);
  envp.push_back(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    dup2(in, STDIN_FILENO);
    dup2(out, STDOUT_FILENO);
    dup2(err, STDERR_FILENO);
    execve(TAPEDECK, argv.data(), envp.data());
    _exit(127);
  }
  return child;
}

Outcome CommandLine::run(const std::vector<std::string>& arguments, const std::string& input,
                         const std::string& stdout_path) {
  const std::string out_path = stdout_path.empty() ? (directory_ / "out").string() : stdout_path;
  const int in = open(write("in", input).c_str(), O_RDONLY | O_CLOEXEC);
  const int out = open(out_path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  const int err = open(write("err", "").c_str(), O_WRONLY | O_CLOEXEC);
  Outcome outcome;
  outcome.status = await(spawn(arguments, in, out, err));
  for (const int descriptor : {in, out, err}) close(descriptor);
  if (stdout_path.empty()) outcome.out = read_file(out_path);
  outcome.err = read_file(directory_ / "err");
  return outcome;
}

Outcome CommandLine::on_log(std::vector<std::string> arguments, const std::string& input,
                            const std::string& stdout_path) {
  close_log();
  arguments.insert(arguments.begin(), {"--db", log_});
  return run(arguments, input, stdout_path);
}

Outcome CommandLine::on_terminal(std::vector<std::string> arguments) {
  close_log();
  arguments.insert(arguments.begin(), {"--db", log_});
  int master = -1;
  int slave = -1;
  const winsize size{.ws_row = 24, .ws_col = 80, .ws_xpixel = 0, .ws_ypixel = 0};
  if (openpty(&master, &slave, nullptr, nullptr, &size) != 0) return {};
  fcntl(master, F_SETFD, FD_CLOEXEC);
  const int err = open(write("err", "").c_str(), O_WRONLY | O_CLOEXEC);
  const pid_t child = spawn(arguments, slave, slave, err);
  close(slave);
  close(err);
  Outcome outcome;
  outcome.out = read_all(master);
  outcome.status = await(child);
  std::erase(outcome.out, '\r');
  outcome.err = read_file(directory_ / "err");
  return outcome;
}

std::string CommandLine::refused(const std::vector<std::string>& arguments) {
  const Outcome outcome = run(arguments);
  EXPECT_EQ(outcome.status, 2) << outcome.err;
  EXPECT_EQ(outcome.out, "");
  EXPECT_TRUE(outcome.err.starts_with("tapedeck: ") && outcome.err.ends_with('\n')) << outcome.err;
  EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
  return outcome.err.size() > 11 ? outcome.err.substr(10, outcome.err.size() - 11) : "";
}

pid_t CommandLine::start(std::vector<std::string> arguments, int& reader) {
  arguments.insert(arguments.begin(), {"--db", log_});
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return -1;
  reader = ends[0];
  const pid_t child = spawn(arguments, STDIN_FILENO, ends[1], STDERR_FILENO);
  close(ends[1]);
  return child;
}

void CommandLine::record(const std::string& path, const Answer& answer) {
  if (!recorder_) {
    storage::RecorderOptions options;
    options.path = log_;
    options.session_name = "test";
    auto opened = storage::Recorder::open(options);
    ASSERT_TRUE(opened) << opened.error().to_string();
    recorder_ = *std::move(opened);
  }
  storage::Recording recording = recorder_->begin();
  storage::Exchange& row = recording.row();
  row.started_at = 1'795'000'000'000'000;
  row.client = "127.0.0.1:5";
  row.method = "GET";
  row.scheme = "http";
  row.host = "api.example.com";
  row.port = 80;
  row.path = path;
  row.request_version = "HTTP/1.1";
  row.request_headers.add("Host", "api.example.com");
  row.status = answer.status;
  row.response_version = "HTTP/1.1";
  row.response_headers = answer.fields;
  row.timings.total_us = 1'200;
  row.state = storage::State::complete;
  recording.response_body(answer.body);
  recording.finish();
}

void CommandLine::close_log() { recorder_.reset(); }

std::string CommandLine::write(const std::string& name, const std::string& text) {
  const auto path = directory_ / name;
  std::ofstream(path, std::ios::binary) << text;
  return path;
}

}  // namespace tapedeck::cli
