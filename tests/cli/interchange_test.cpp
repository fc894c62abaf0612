#include <fstream>
#include <sstream>
#include <sys/stat.h>

#include <nlohmann/json.hpp>

#include "tests/cli/command_line.hpp"

namespace tapedeck::cli {
namespace {

using Interchange = CommandLine;

const std::string kEmptyHar = R"({"log":{"entries":[]}})";

std::string text_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

TEST_F(Interchange, TheFormatIsWhatTheNameSaysUnlessToldOtherwise) {
  record("/one", {.body = "1"});
  const std::pair<const char*, const char*> cases[] = {{"a.har", "{\"log\":"},
                                                       {"a.json", "{\"log\":"},
                                                       {"a.jsonl", "{\"method\":"},
                                                       {"a.ndjson", "{\"method\":"},
                                                       {"a.sh", "#!/bin/sh\n"}};
  for (const auto& [name, begin] : cases) {
    const std::string path = directory_ / name;
    const Outcome done = on_log({"export", "-o", path});
    EXPECT_EQ(done.status, 0) << done.err;
    EXPECT_EQ(done.out, "");
    EXPECT_EQ(done.err, "tapedeck: exported 1 exchange to " + path + "\n");
    EXPECT_TRUE(text_of(path).starts_with(begin)) << name;
    struct stat kind {};
    ASSERT_EQ(stat(path.c_str(), &kind), 0);
    EXPECT_EQ(kind.st_mode & 0777, 0600u);
  }
  EXPECT_TRUE(on_log({"export"}).out.starts_with("{\"log\":"));
  // A link is written through, not replaced: /dev/stdout is one.
  const std::string target = write("target", "");
  const auto link = directory_ / "link";
  std::filesystem::create_symlink(target, link);
  EXPECT_EQ(on_log({"export", "--format", "curl", "-o", link}).status, 0);
  EXPECT_TRUE(std::filesystem::is_symlink(link));
  EXPECT_TRUE(text_of(target).starts_with("#!"));
}

TEST_F(Interchange, FiltersChooseWhat) {
  record("/one", {});
  record("/two", {.status = 404});
  const auto urls = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"export", "--format", "jsonl"});
    std::string found;
    std::istringstream lines(on_log(arguments).out);
    for (std::string line; std::getline(lines, line);) {
      found += nlohmann::json::parse(line)["url"].get<std::string>().back();
    }
    return found;
  };
  EXPECT_EQ(urls({}), "eo");
  EXPECT_EQ(urls({"status:404"}), "o");
  EXPECT_EQ(urls({"-status:404"}), "e");
  EXPECT_EQ(urls({"-has:error", "path:/none"}), "");
}

TEST_F(Interchange, AnOldFileStaysUntilTheNewOneIsWhole) {
  record("/one", {});
  const std::string path = write("old.har", "precious");
  EXPECT_EQ(on_log({"export", "-o", directory_ / "none" / "new.har"}).err,
            "tapedeck: write: " + std::string(directory_ / "none" / "new.har") +
                ": No such file or directory\n");
  EXPECT_EQ(run({"--db", directory_ / "none.db", "export", "-o", path}).status, 1);
  EXPECT_EQ(text_of(path), "precious");
  EXPECT_EQ(on_log({"export", "-o", path}).status, 0);
  EXPECT_TRUE(text_of(path).starts_with("{\"log\":"));
  // Nothing temporary stays.
  for (const auto& entry : std::filesystem::directory_iterator(directory_)) {
    EXPECT_EQ(entry.path().filename().string().find("old.har."), std::string::npos);
  }
  EXPECT_EQ(on_log({"export"}, "", "/dev/full").status, 1);
}

TEST_F(Interchange, NothingRecordedReachesATerminalRaw) {
  record("/one", {.fields = {{"X", "\x9b\x31m"}}, .body = "\x1b[31m \u009b31m \u202e"});
  for (const char* format : {"har", "jsonl", "curl"}) {
    const std::string shown = on_terminal({"export", "--format", format}).out;
    EXPECT_EQ(shown.find('\x1b'), std::string::npos) << format;
    EXPECT_EQ(shown.find("\u009b"), std::string::npos) << format;
    EXPECT_EQ(shown.find("\u202e"), std::string::npos) << format;
  }
  const std::string har = on_terminal({"export"}).out;
  EXPECT_EQ(nlohmann::json::parse(har), nlohmann::json::parse(on_log({"export"}).out));
}

TEST_F(Interchange, ImportMakesASessionNamedAsTheFile) {
  const std::string har = write("from browser.har", R"({"log":{"entries":[{"startedDateTime":)"
                                                    R"("2026-11-23T05:54:58Z","request":{"method":)"
                                                    R"("GET","url":"http://h/"}}]}})");
  const Outcome done = on_log({"import", har});
  EXPECT_EQ(done.status, 0);
  EXPECT_EQ(done.err,
            "tapedeck: imported 1 exchange as session 'from browser' into " + log_ + "\n");
  EXPECT_EQ(on_log({"import", "-", "--session", "mine"}, kEmptyHar).err,
            "tapedeck: imported 0 exchanges as session 'mine' into " + log_ + "\n");
  EXPECT_EQ(
      on_log({"sql", "--csv", "SELECT name, command, ended_at >= started_at FROM session"}).out,
      "name,command,ended_at >= started_at\r\nfrom browser,tapedeck import " + har +
          ",1\r\nmine,tapedeck import -,1\r\n");
  EXPECT_EQ(on_log({"sql", "--csv", "SELECT mode, state FROM exchange"}).out,
            "mode,state\r\nforward,failed\r\n");
}

TEST_F(Interchange, WhatIsWrongIsOneHarmlessLine) {
  const std::string evil =
      write("evil.har", R"({"log":{"entries":[{"request":{"method":"\u001b[31m"}}]}})");
  const Outcome refused_file = on_log({"import", evil});
  EXPECT_EQ(refused_file.status, 1);
  EXPECT_EQ(refused_file.err,
            "tapedeck: import: " + evil +
                ": line 1, column 53, at log.entries[0].request.method: a control "
                "character in a method; nothing was imported\n");
  const std::string named = write("named.har", "{\"log\":{\"\x1b[31m\u202e\\n\":?}}");
  EXPECT_EQ(on_log({"import", named}).err.find('\x1b'), std::string::npos);
  const std::string deep = write("deep.har", "{\"log\":{\"entries\":[]}}");
  EXPECT_EQ(on_log({"import", "--max-depth", "2", deep}).err,
            "tapedeck: import: " + deep +
                ": line 1, column 19, at log.entries: more than 2 levels deep; --max-depth allows "
                "more; nothing was imported\n");
  EXPECT_EQ(on_log({"import", "--max-string", "3", deep}).status, 1);
  EXPECT_EQ(on_log({"import", "/no/such.har"}).err,
            "tapedeck: import: /no/such.har: No such file or directory\n");
  EXPECT_EQ(first_line(on_log({"import", directory_}).err),
            "tapedeck: import: " + directory_.string() + ": Is a directory; nothing was imported");
}

TEST_F(Interchange, WrongUsage) {
  const std::pair<std::vector<std::string>, const char*> cases[] = {
      {{"export", "--format", "xml"}, "usage: --format: "},
      {{"export", "--redact", "some"}, "usage: --redact: "},
      {{"export", "--bogus"}, "usage: The following argument was not expected: --bogus"},
      {{"export", "hots:x"}, "usage: unknown filter 'hots:'"},
      {{"import"}, "usage: file is required"},
      {{"import", "a", "--max-depth", "0"}, "usage: --max-depth: "},
      {{"import", "a", "--max-depth", "1001"}, "usage: --max-depth: "},
      {{"import", "a", "--max-string", "0"}, "usage: --max-string: "}};
  for (const auto& [arguments, expected] : cases) {
    const std::string line = refused(arguments);
    EXPECT_TRUE(line.starts_with(expected)) << line;
  }
}

}  // namespace
}  // namespace tapedeck::cli
