#include <nlohmann/json.hpp>

#include "tests/cli/command_line.hpp"

namespace tapedeck::cli {
namespace {

using Keeping = CommandLine;

TEST_F(Keeping, SessionsAreListedAndChanged) {
  record("/one", {.body = "12345"});
  EXPECT_EQ(on_log({"sessions", "pin", "test"}).status, 0);
  EXPECT_EQ(on_log({"sessions", "tag", "1", "good"}).status, 0);
  EXPECT_EQ(on_log({"sessions", "note", "test", "a\x1b[31m note"}).status, 0);
  EXPECT_EQ(on_log({"sessions", "rename", "1", "renamed"}).status, 0);
  const Outcome listed = on_log({"sessions", "list", "--json"});
  const auto session = nlohmann::json::parse(listed.out);
  EXPECT_EQ(session.at("name"), "renamed");
  EXPECT_EQ(session.at("exchanges"), 1);
  EXPECT_EQ(session.at("bytes"), 5);
  EXPECT_EQ(session.at("pinned"), true);
  EXPECT_EQ(session.at("tags").dump(), R"(["good"])");
  EXPECT_EQ(on_log({"sessions", "--json"}).out, listed.out);
  const std::string line = on_log({"sessions"}).out;
  EXPECT_NE(line.find("renamed"), std::string::npos) << line;
  EXPECT_NE(line.find("pinned #good – a\\x1b[31m note\n"), std::string::npos) << line;
}

TEST_F(Keeping, APinnedSessionIsDeletedByForce) {
  record("/one", {});
  EXPECT_EQ(on_log({"sessions", "pin", "1"}).status, 0);
  const Outcome refused = on_log({"sessions", "delete", "1"});
  EXPECT_EQ(refused.status, 1);
  EXPECT_EQ(refused.err,
            "tapedeck: sessions: session 'test' is pinned; --force deletes it all the same\n");
  const Outcome done = on_log({"sessions", "delete", "test", "--force"});
  EXPECT_EQ(done.status, 0);
  EXPECT_TRUE(
      done.err.starts_with("tapedeck: deleted session 'test' with 1 exchange; the log was "))
      << done.err;
  EXPECT_EQ(on_log({"sessions"}).out, "");
  EXPECT_EQ(on_log({"sessions", "delete", "test"}).err,
            "tapedeck: sessions: no session has that id or is called 'test'\n");
}

TEST_F(Keeping, ANameOfSeveralSessionsNeedsAnId) {
  record("/one", {});
  close_log();
  record("/two", {});
  EXPECT_EQ(on_log({"sessions", "pin", "test"}).err,
            "tapedeck: sessions: several sessions are called 'test'; name one by its id: 1, 2\n");
}

TEST_F(Keeping, PruneSaysWhatItDoes) {
  record("/one", {.body = "12345"});
  record("/two", {});
  EXPECT_EQ(on_log({"prune", "path:/one", "--older-than", "0s", "--dry-run"}).err,
            "tapedeck: would remove 1 exchange, 1 body of 5 B\n");
  const Outcome done = on_log({"prune", "path:/one", "--older-than", "0s"});
  EXPECT_TRUE(done.err.starts_with("tapedeck: removed 1 exchange, 1 body of 5 B; the log was "))
      << done.err;
  EXPECT_EQ(on_log({"sql", "SELECT path FROM exchange", "--csv"}).out, "path\r\n/two\r\n");
}

TEST_F(Keeping, PruneSaysWhenItCouldNotDoEnough) {
  record("/one", {.body = "12345"});
  const Outcome done = on_log({"prune", "path:/two", "--keep-size", "10k"});
  EXPECT_EQ(done.status, 1);
  EXPECT_TRUE(done.err.ends_with(
      "tapedeck: prune: what is left is pinned, unfinished, in use or not asked for\n"))
      << done.err;
}

TEST_F(Keeping, PruneIsToldHowMuch) {
  EXPECT_EQ(refused({"prune"}), "usage: prune takes --older-than or --keep-size, one of them");
  EXPECT_EQ(refused({"prune", "--older-than", "1d", "--keep-size", "1G"}),
            "usage: prune takes --older-than or --keep-size, one of them");
  EXPECT_EQ(refused({"prune", "--older-than", "soon"}),
            "usage: --older-than: expected a time such as 30d, 12h or 2026-11-23, not 'soon'");
  EXPECT_EQ(refused({"prune", "--keep-size", "much"}),
            "usage: --keep-size: expected a size such as 2GiB or 500M, not 'much'");
  EXPECT_TRUE(refused({"prune", "hots:x", "--older-than", "1d"})
                  .starts_with("usage: unknown filter 'hots:'"));
}

}  // namespace
}  // namespace tapedeck::cli
