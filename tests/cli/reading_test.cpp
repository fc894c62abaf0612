#include <csignal>
#include <poll.h>
#include <sstream>
#include <sys/wait.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "tests/cli/command_line.hpp"

namespace tapedeck::cli {
namespace {

using Reading = CommandLine;

const std::string kEvil = "\x1b[31mred \u009b31m \u202e";

TEST_F(Reading, LsListsNewestFirst) {
  record("/one", {.body = "1"});
  record("/two", {.status = 404, .body = std::string(1'234, 'x')});
  const Outcome list = on_log({"ls"});
  EXPECT_EQ(list.status, 0);
  // The time, twelve columns, depends on today.
  std::istringstream lines(list.out);
  std::string first;
  std::string second;
  std::getline(lines, first);
  std::getline(lines, second);
  EXPECT_EQ(first.erase(7, 12), "     2  GET     404  1.2 kB  1.2 ms http://api.example.com/two");
  EXPECT_EQ(second.erase(7, 12), "     1  GET     200     1 B  1.2 ms http://api.example.com/one");
  EXPECT_EQ(on_log({"ls", "--limit", "0"}).out, "");
}

TEST_F(Reading, NegatedTermsThatLookLikeOptions) {
  record("/one", {});
  record("/two", {});
  const auto ids = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"ls", "--json"});
    std::string found;
    std::istringstream lines(on_log(arguments).out);
    for (std::string line; std::getline(lines, line);) {
      found += std::to_string(nlohmann::json::parse(line)["id"].get<int>()) + " ";
    }
    return found;
  };
  EXPECT_EQ(ids({"-has:error"}), "2 1 ");
  EXPECT_EQ(ids({"-host:api.example.com"}), "");
  EXPECT_EQ(ids({"-header:X-None", "-path:/two"}), "1 ");
  EXPECT_EQ(ids({"--", "-path:/one", "-has:error"}), "2 ");
  EXPECT_EQ(ids({"-hello", "--limit", "1"}), "2 ");
}

TEST_F(Reading, JsonHasEveryColumnAndTheUrl) {
  record("/one?", {.fields = {{"Set-Cookie", "a=1"}, {"set-cookie", "b=\xe9"}}});
  const auto row = nlohmann::json::parse(on_log({"ls", "--json"}).out);
  EXPECT_EQ(row["url"], "http://api.example.com/one?");
  EXPECT_EQ(row["response_headers"].dump(), R"([["Set-Cookie","a=1"],["set-cookie","b=é"]])");
  EXPECT_TRUE(row["error_code"].is_null());
  const auto columns =
      nlohmann::json::parse(on_log({"sql", "--json", "SELECT * FROM exchange"}).out);
  for (const auto& [name, value] : columns.items()) EXPECT_TRUE(row.contains(name)) << name;
}

TEST_F(Reading, TheSqlThatLsPrintsGivesTheSameRows) {
  record("/it's", {.status = 503});
  record("/two", {});
  const std::string query = on_log({"ls", "--print-sql", "it's", "status:5xx"}).out;
  const auto row = nlohmann::json::parse(on_log({"sql", "--json"}, query).out);
  EXPECT_EQ(row["id"], 1);
}

TEST_F(Reading, FollowPrintsWhatComes) {
  record("/before", {});
  close_log();
  int reader = -1;
  const pid_t follower = start({"ls", "--follow", "path:/new"}, reader);
  ASSERT_GT(follower, 0);
  pollfd ready{.fd = reader, .events = POLLIN, .revents = 0};
  // It does not say when it has begun to look: keep recording until it has seen one.
  for (int i = 0; i < 300 && poll(&ready, 1, 50) == 0; ++i) {
    record("/other", {});
    record("/new", {});
  }
  std::array<char, 4096> piece{};
  const ssize_t size = read(reader, piece.data(), piece.size());
  kill(follower, SIGTERM);
  waitpid(follower, nullptr, 0);
  close(reader);
  ASSERT_GT(size, 0);
  const std::string line(piece.data(), static_cast<std::size_t>(size));
  EXPECT_NE(line.find("http://api.example.com/new\n"), std::string::npos) << line;
  EXPECT_EQ(line.find("/before"), std::string::npos) << line;
  EXPECT_EQ(line.find("/other"), std::string::npos) << line;
}

TEST_F(Reading, NothingRecordedReachesATerminalRaw) {
  record("/" + kEvil, {.fields = {{"X-Evil", kEvil}}, .body = "some text and then " + kEvil});
  record("/json", {.fields = {{"Content-Type", "application/json"}, {"X-Evil", "\x9b\x7f"}},
                   .body = "{\"a\":\"" + std::string("\u009b31m\u202e") + "\"}"});
  const std::vector<std::vector<std::string>> commands = {
      {"ls"},
      {"ls", "--json"},
      {"show", "1"},
      {"show", "1", "--json"},
      {"show", "1", "--body"},
      {"show", "1", "--raw"},
      {"show", "2"},
      {"show", "2", "--raw"},
      {"sql", "SELECT path, body(response_body_id), body_text(response_body_id) FROM exchange"},
      {"sql", "--csv", "SELECT path, body_text(response_body_id), response_headers FROM exchange"},
      {"sql", "--json", "SELECT path, body_text(response_body_id), response_headers FROM exchange"},
      {"diff", "1", "2"},
      {"match", "GET http://api.example.com/nothing"},
      {"sessions"},
      {"export", "--format", "jsonl"},
      {"export", "--format", "curl"},
      {"export", "--format", "har"},
  };
  for (std::vector<std::string> command : commands) {
    std::string shown = command.front();
    for (std::size_t i = 1; i < command.size(); ++i) shown += " " + command[i];
    command.insert(command.begin(), {"--color", "never"});
    const Outcome outcome = on_terminal(command);
    EXPECT_LT(outcome.status, 2) << shown << outcome.err;
    EXPECT_FALSE(outcome.out.empty()) << shown;
    for (const char c : outcome.out) {
      const auto byte = static_cast<unsigned char>(c);
      ASSERT_TRUE((byte >= 0x20 && byte != 0x7f) || c == '\n') << shown << "\n" << outcome.out;
    }
    EXPECT_EQ(outcome.out.find("\u009b"), std::string::npos) << shown;
    EXPECT_EQ(outcome.out.find("\u202e"), std::string::npos) << shown;
  }
}

TEST_F(Reading, AFullPageSaysHowToReadOn) {
  for (int n = 1; n <= 3; ++n) record("/" + std::to_string(n), {});
  const auto page = [this](std::vector<std::string> terms) {
    terms.insert(terms.begin(), {"--color", "never", "ls", "--limit", "2"});
    return on_terminal(std::move(terms)).out;
  };
  const std::string first = page({});
  EXPECT_TRUE(first.ends_with("what is older: the same with id:..1\n")) << first;
  const std::string last = page({"id:..1"});
  EXPECT_NE(last.find("/1\n"), std::string::npos) << last;
  EXPECT_EQ(last.find("older"), std::string::npos) << last;
  EXPECT_EQ(on_log({"ls", "--limit", "2"}).out.find("older"), std::string::npos);
}

TEST_F(Reading, ATerminalsLineFitsItAndHasColour) {
  record("/" + std::string(300, 'x'), {});
  const Outcome plain = on_terminal({"--color", "never", "ls"});
  EXPECT_NE(plain.out.find("…\n"), std::string::npos) << plain.out;
  EXPECT_LE(plain.out.size(), 80 + 3u) << plain.out;
  EXPECT_NE(on_terminal({"ls"}).out.find("\x1b["), std::string::npos);
  environment_["NO_COLOR"] = "1";
  EXPECT_EQ(on_terminal({"ls"}).out.find("\x1b["), std::string::npos);
  EXPECT_EQ(on_log({"ls"}).out.find("\x1b["), std::string::npos);
  EXPECT_NE(on_log({"--color", "always", "ls"}).out.find("\x1b["), std::string::npos);
}

TEST_F(Reading, BodiesInAPipeAreByteForByte) {
  const std::string gzip(
      "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xcb\x48\xcd\xc9\xc9\x07\x00\x86"
      "\xa6\x10\x36\x05\x00\x00\x00",
      25);
  record("/", {.fields = {{"Content-Encoding", "gzip"}}, .body = gzip});
  record("/", {.fields = {{"Content-Encoding", "gzip"}}, .body = "not gzip"});
  EXPECT_EQ(on_log({"show", "1", "--body"}).out, "hello");
  EXPECT_TRUE(on_log({"show", "1", "--raw"}).out == gzip);
  EXPECT_EQ(on_log({"show", "2", "--raw"}).out, "not gzip");
  const Outcome damaged = on_log({"show", "2", "--body"});
  EXPECT_EQ(damaged.status, 1);
  EXPECT_EQ(damaged.err, "tapedeck: show: not gzip; --raw shows the stored bytes\n");
  EXPECT_EQ(on_log({"show", "1", "--request", "--body"}).out, "");
  EXPECT_EQ(on_log({"show", "3"}).status, 1);
}

TEST_F(Reading, SqlReadsAndNothingElse) {
  record("/", {.body = "x"});
  close_log();
  const auto before = std::filesystem::file_size(log_);
  for (const char* query :
       {"DELETE FROM exchange", "UPDATE exchange SET path = ''", "CREATE TABLE t (x)",
        "CREATE TEMP TABLE t (x)", "ATTACH 'other.db' AS other", "VACUUM", "VACUUM INTO 'copy.db'",
        "PRAGMA user_version = 7", "PRAGMA query_only = 0", "PRAGMA wal_checkpoint",
        "PRAGMA journal_mode = DELETE", "PRAGMA writable_schema = 1", "BEGIN IMMEDIATE", "REINDEX",
        "SELECT load_extension('x')", "DROP VIEW exchange_url", "ANALYZE"}) {
    const Outcome denied = on_log({"sql", query});
    EXPECT_EQ(denied.status, 1) << query;
    EXPECT_EQ(denied.out, "") << query;
    EXPECT_TRUE(denied.err.starts_with("tapedeck: sql: ")) << query << denied.err;
  }
  EXPECT_EQ(std::filesystem::file_size(log_), before);
  EXPECT_EQ(on_log({"sql", "SELECT count(*) AS n FROM exchange"}).out, "n\n1\n");
}

TEST_F(Reading, SqlTakesOneStatementFromItsArgumentOrStandardInput) {
  record("/", {});
  EXPECT_EQ(on_log({"sql", "--json", "SELECT 1 AS n"}).out, "{\"n\":1}\n");
  EXPECT_EQ(on_log({"sql", "--json"}, " ;-- first\n SELECT 2 AS n ; -- last\n").out, "{\"n\":2}\n");
  EXPECT_EQ(on_log({"sql", "--csv", "SELECT 'a,b' AS x, NULL AS y"}).out, "x,y\r\n\"a,b\",\r\n");
  EXPECT_NE(on_log({"sql", "PRAGMA table_info(session)"}).out.find("ended_at"), std::string::npos);
  for (const char* query : {"", ";", "-- only a comment", "SELECT 1; SELECT 2", "SELECT 1; junk"}) {
    const Outcome wrong = on_log({"sql"}, query);
    EXPECT_EQ(wrong.status, 2) << query;
    EXPECT_EQ(wrong.out, "") << query;
  }
}

TEST_F(Reading, SqlFunctionsLookIntoHeadersAndBodies) {
  record("/", {.fields = {{"Vary", "a"}, {"vary", "b"}}, .body = "hello"});
  const Outcome row = on_log(
      {"sql", "--json",
       "SELECT header(response_headers, 'VARY') AS vary, header(response_headers, 'none') AS none, "
       "header('[[1],{},3]', 'x') AS odd, header('junk', 'x') AS junk, "
       "body_text(response_body_id) AS text, body(response_body_id) AS bytes, "
       "body(NULL) AS absent, body(4711) AS unknown FROM exchange"});
  EXPECT_EQ(row.out,
            "{\"vary\":\"a, b\",\"none\":null,\"odd\":null,\"junk\":null,\"text\":\"hello\","
            "\"bytes\":{\"base64\":\"aGVsbG8=\"},\"absent\":null,\"unknown\":null}\n");
}

}  // namespace
}  // namespace tapedeck::cli
