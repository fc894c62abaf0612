#include "tests/cli/command_line.hpp"

namespace tapedeck::cli {
namespace {

using Usage = CommandLine;

TEST_F(Usage, WrongUsageIsOneLineAndStatusTwo) {
  const std::pair<std::vector<std::string>, const char*> cases[] = {
      {{}, "usage: A subcommand is required"},
      {{"record"},
       "usage: unknown command 'record'; commands are serve, run, ls, show, sql, export, "
       "import, fetch, match, sessions, prune, scrub, backup, status, reload, replay, diff, ca, "
       "config"},
      {{"\x1b[31m\n"}, "usage: unknown command '\\x1b[31m\\x0a'"},
      {{"ls", "--bogus"}, "usage: The following argument was not expected: --bogus"},
      {{"ls", "--limit", "many"}, "usage: --limit: expected a whole number, not 'many'"},
      {{"ls", "--limit", "-1"}, "usage: --limit: expected a whole number, not '-1'"},
      {{"ls", "hots:x"}, "usage: unknown filter 'hots:'; filters are host:, method:"},
      {{"ls", "status:\n"}, "usage: wrong value in 'status:\\x0a'; expected status:404"},
      {{"ls", "--color", "pink"}, "usage: --color: "},
      {{"show"}, "usage: id is required"},
      {{"show", "first"}, "usage: "},
      {{"show", "1", "--headers", "--body"}, "usage: "},
      {{"show", "1", "--raw", "--body"}, "usage: "},
      {{"sql", "--json", "--csv", "SELECT 1"}, "usage: "},
      {{"config"}, "usage: "},
      {{"serve", "extra"}, "usage: The following argument was not expected: extra"},
      {{"serve", "--listen", "localhost:1"}, "configure: --listen: expected ADDR:PORT"},
      {{"serve", "--mode", "rewind"},
       "configure: --mode: expected record|replay|auto|pass, not 'rewind'"},
      {{"serve", "--tls-timeout", "10"}, "configure: --tls-timeout: expected a duration"},
      {{"--config", "/no/such.toml", "ls"}, "configure: /no/such.toml: cannot be read"},
      {{"--config", "/", "config", "check"}, "configure: /: is a directory"},
  };
  for (const auto& [arguments, expected] : cases) {
    const std::string line = refused(arguments);
    EXPECT_TRUE(line.starts_with(expected)) << line << "\nexpected " << expected;
  }
}

TEST_F(Usage, AWrongConfigurationStopsTheReadingCommandsToo) {
  const std::string file = write("wrong.toml", "mode = \"a\\nb\"\n");
  for (const char* command : {"ls", "config"}) {
    std::vector<std::string> arguments = {"--config", file, command};
    if (arguments.back() == "config") arguments.emplace_back("show");
    EXPECT_EQ(refused(arguments),
              "configure: " + file + ":1:8: mode: expected record|replay|auto|pass, not 'a\\x0ab'");
  }
}

TEST_F(Usage, HelpAndVersionAreNoErrors) {
  for (const std::vector<std::string>& arguments : {std::vector<std::string>{"--help"},
                                                    {"serve", "--help"},
                                                    {"ls", "--help"},
                                                    {"ls", "-h"},
                                                    {"show", "--help"},
                                                    {"sql", "--help"},
                                                    {"export", "--help"},
                                                    {"import", "--help"},
                                                    {"replay", "--help"},
                                                    {"diff", "--help"},
                                                    {"config", "--help"},
                                                    {"config", "check", "--help"},
                                                    {"config", "show", "--help"}}) {
    const Outcome help = run(arguments);
    EXPECT_EQ(help.status, 0);
    EXPECT_EQ(help.err, "");
    EXPECT_NE(help.out.find("Example"), std::string::npos) << help.out;
    EXPECT_NE(help.out.find("--db"), std::string::npos) << help.out;
  }
  EXPECT_TRUE(run({"--version"}).out.starts_with("tapedeck "));
}

TEST_F(Usage, WhatCannotBeReadIsOneLineAndStatusOne) {
  const Outcome missing = run({"--db", "/no/such.db", "ls"});
  EXPECT_EQ(missing.status, 1);
  EXPECT_TRUE(missing.err.starts_with("tapedeck: record: No such file or directory: /no/such.db"))
      << missing.err;
  EXPECT_EQ(
      run({"--db", write("text", "not a log, but long enough to be read as one"), "ls"}).status, 1);
  EXPECT_EQ(run({"--db", directory_, "sql", "SELECT 1"}).status, 1);
}

TEST_F(Usage, WhatConfigShowPrintsIsAFileThatSaysTheSame) {
  environment_["TAPEDECK_SESSION"] = "a \"b\" \\ c";
  environment_["TAPEDECK_LISTEN"] = "127.0.0.1:0,[::1]:0";
  const Outcome first = run({"config", "show"});
  EXPECT_EQ(first.status, 0);
  EXPECT_NE(first.out.find(R"(session = "a \"b\" \\ c")"), std::string::npos) << first.out;
  environment_.erase("TAPEDECK_SESSION");
  environment_.erase("TAPEDECK_LISTEN");
  const Outcome second = run({"--config", write("shown.toml", first.out), "config", "show"});
  EXPECT_EQ(second.err, "");
  EXPECT_EQ(second.out, first.out);
}

TEST_F(Usage, OutputThatCannotBeWrittenIsAFailure) {
  record("/", {.body = std::string(100'000, 'x')});
  for (const auto& arguments :
       {std::vector<std::string>{"ls"}, {"show", "1", "--body"}, {"sql", "SELECT 1"}}) {
    const Outcome full = on_log(arguments, "", "/dev/full");
    EXPECT_EQ(full.status, 1);
    EXPECT_TRUE(full.err.starts_with("tapedeck: write: standard output could not be written"))
        << full.err;
  }
}

}  // namespace
}  // namespace tapedeck::cli
