#include "storage/keep/removal.hpp"

#include <fstream>
#include <future>
#include <sqlite3.h>

#include <nlohmann/json.hpp>

#include "storage/body_store.hpp"
#include "storage/keep/chores.hpp"
#include "storage/log_writer.hpp"
#include "storage/text/text_index.hpp"
#include "tests/storage/scratch.hpp"

namespace tapedeck::storage {
namespace {

using nlohmann::json;
using testing::bytes;
using testing::RecorderTest;

class RemovalTest : public RecorderTest {
 protected:
  /// Exchange n of the recorder's session with that answer, on the disk when this returns.
  void record(Recorder& recorder, int n, const std::string& body) {
    Recording recording = begin(recorder, n);
    recording.response_body(body);
    recording.finish(commits_.expect());
    ASSERT_TRUE(commits_.wait());
  }
  /// A whole session of exchanges 1 to `count` whose answers `make` makes.
  void record_session(const std::string& name, int count,
                      const std::function<std::string(int)>& make) {
    RecorderOptions options;
    options.session_name = name;
    const auto recorder = open(std::move(options));
    for (int n = 1; n <= count; ++n) begin(*recorder, n).response_body(make(n));
  }

  static std::unique_ptr<Chore> chore(std::string_view name, const json& arguments) {
    auto made = make_chore(name, arguments.dump());
    EXPECT_TRUE(made) << made.error().detail;
    return made ? *std::move(made) : nullptr;
  }
  /// Its result, or the sentence of what went wrong as "error".
  json perform(std::string_view name, const json& arguments) {
    LogWriter writer(path_);
    const auto work = chore(name, arguments);
    try {
      while (work->step(writer.database())) continue;
    } catch (const std::exception& error) {
      return {{"error", error.what()}};
    }
    return json::parse(work->result());
  }
  json perform(Recorder& recorder, std::string_view name, const json& arguments) {
    const std::shared_ptr<Chore> work = chore(name, arguments);
    std::promise<std::string> ended;
    recorder.perform(work, [&](std::string error) { ended.set_value(std::move(error)); });
    const std::string error = ended.get_future().get();
    return error.empty() ? json::parse(work->result()) : json{{"error", error}};
  }
  /// What the log holds: exchanges, bodies, chunks, arrivals.
  std::string held() {
    return value(
        "SELECT (SELECT count(*) FROM exchange) || ' ' || (SELECT count(*) FROM body) || ' ' ||"
        " (SELECT count(*) FROM body_chunk) || ' ' || (SELECT count(*) FROM stream_event)");
  }
  /// Whether the bytes are anywhere in the file, its -wal left out.
  bool in_file(const std::string& text) {
    std::ifstream file(path_, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {}).find(text) != std::string::npos;
  }
  std::string integrity() { return value("PRAGMA integrity_check"); }
};

const json kEverything = {{"filter", {"until:0s"}}};

TEST_F(RemovalTest, TakesBodiesThatNobodyElseRefersTo) {
  record_session("a", 4, [](int n) { return n % 2 == 0 ? "shared" : "own" + std::to_string(n); });
  EXPECT_EQ(held(), "4 3 0 0");
  const json asked = {{"filter", {"id:1..2"}}, {"dry_run", true}};
  json done = perform("prune", asked);
  EXPECT_EQ(done.at("exchanges"), 2);
  EXPECT_EQ(done.at("bodies"), 1);
  EXPECT_EQ(done.at("bytes"), 4);
  EXPECT_EQ(held(), "4 3 0 0");
  done = perform("prune", {{"filter", {"id:1..2"}}});
  EXPECT_EQ(done.at("exchanges"), 2);
  EXPECT_EQ(done.at("bodies"), 1);
  EXPECT_EQ(done.at("bytes"), 4);
  EXPECT_EQ(held(), "2 2 0 0");
  EXPECT_EQ(body(value("SELECT response_body_id FROM exchange WHERE id = 4")), "shared");
  EXPECT_EQ(integrity(), "ok");
}

TEST_F(RemovalTest, TakesWordsOutOfTheTextIndex) {
  record_session("a", 2, [](int n) { return n == 1 ? "palimpsest" : "papyrus"; });
  {
    LogWriter writer(path_);
    TextIndex text(writer.database());
    while (text.step(std::chrono::seconds(1))) continue;
  }
  const std::string found = "SELECT count(*) FROM exchange_text WHERE exchange_text MATCH ";
  EXPECT_EQ(value(found + "'palimpsest'"), "1");
  EXPECT_EQ(perform("prune", {{"filter", {"id:1"}}}).at("exchanges"), 1);
  EXPECT_EQ(value(found + "'palimpsest'"), "0");
  EXPECT_EQ(in_file("alimpsest"), false);
  EXPECT_EQ(in_file("papyrus"), true);
  EXPECT_EQ(value(found + "'papyrus'"), "1");
}

TEST_F(RemovalTest, TakesLargeBodiesAndArrivals) {
  {
    const auto recorder = open();
    Recording recording = begin(*recorder);
    recording.response_body(bytes(40 * kChunkSize));
    for (int i = 1; i <= 3'000; ++i) {
      recording.response_arrived(i * 10'000);
      recording.response_body(std::string("x"));
    }
  }
  EXPECT_EQ(held(), "1 1 41 3000");
  const auto before = std::filesystem::file_size(path_);
  EXPECT_EQ(perform("prune", kEverything).at("bytes"), 40 * kChunkSize + 3'000);
  EXPECT_EQ(held(), "0 0 0 0");
  EXPECT_LT(std::filesystem::file_size(path_), before / 10);
  EXPECT_EQ(integrity(), "ok");
}

/// Not all that the filter selects for each window of it.
TEST_F(RemovalTest, AFilterOnIdsCostsWhatAnyOtherDoes) {
  record_session("a", 3'000, [](int) { return "a"; });
  const auto cost = [&](const std::string& term) {
    LogWriter writer(path_);
    int thousands = 0;
    sqlite3_progress_handler(
        writer.database().handle(), 1'000,
        [](void* count) { return ++*static_cast<int*>(count), 0; }, &thousands);
    const auto work = chore("prune", {{"filter", {term}}, {"dry_run", true}});
    while (work->step(writer.database())) continue;
    return thousands;
  };
  EXPECT_LT(cost("id:1..3000"), 2 * cost("host:example.test"));
}

TEST_F(RemovalTest, PinnedSessionsStay) {
  record_session("a", 2, [](int) { return "a"; });
  record_session("b", 2, [](int) { return "b"; });
  EXPECT_EQ(perform("session-pin", {{"id", 1}}).at("name"), "a");
  EXPECT_EQ(perform("prune", kEverything).at("exchanges"), 2);
  EXPECT_EQ(held(), "2 1 0 0");
  EXPECT_EQ(perform("session-delete", {{"id", 1}}).at("error"),
            "session 'a' is pinned; --force deletes it all the same");
  EXPECT_EQ(perform("session-delete", {{"id", 1}, {"force", true}}).at("exchanges"), 2);
  EXPECT_EQ(held(), "0 0 0 0");
  EXPECT_EQ(value("SELECT group_concat(name) FROM session"), "b");
}

TEST_F(RemovalTest, DeletingASessionLeavesTheOthers) {
  record_session("a", 3, [](int n) { return std::to_string(n); });
  record_session("b", 2, [](int n) { return std::to_string(n); });
  perform("session-tag", {{"id", 1}, {"text", "x"}});
  const json done = perform("session-delete", {{"id", 1}});
  EXPECT_EQ(done.at("exchanges"), 3);
  EXPECT_EQ(done.at("bodies"), 1);
  EXPECT_EQ(held(), "2 2 0 0");
  EXPECT_EQ(value("SELECT count(*) FROM session_tag"), "0");
  EXPECT_EQ(perform("session-delete", {{"id", 1}}).at("error"), "there is no session 1");
}

TEST_F(RemovalTest, WhatIsRecordedMeanwhileStays) {
  const auto recorder = open();
  record(*recorder, 1, "answer");
  record(*recorder, 2, "other");
  // One is arriving, its first chunks on the disk, its digest not known.
  Recording arriving = begin(*recorder, 3);
  arriving.response_body(bytes(3 * kChunkSize));
  arriving.publish(commits_.expect());
  ASSERT_TRUE(commits_.wait());
  EXPECT_EQ(perform(*recorder, "session-delete", {{"id", 1}, {"force", true}}).at("error"),
            "session '" + value("SELECT name FROM session") + "' is being recorded");
  EXPECT_EQ(perform(*recorder, "prune", kEverything).at("exchanges"), 2);
  EXPECT_EQ(value("SELECT count(*) FROM exchange WHERE state = 'open'"), "1");
  // The body that is gone is not taken for one that is there.
  record(*recorder, 4, "answer");
  EXPECT_EQ(body(value("SELECT response_body_id FROM exchange WHERE path = '/4'")), "answer");
  arriving.finish(commits_.expect());
  ASSERT_TRUE(commits_.wait());
  EXPECT_EQ(body(value("SELECT response_body_id FROM exchange WHERE path = '/3'")),
            bytes(3 * kChunkSize));
  EXPECT_EQ(integrity(), "ok");
}

TEST_F(RemovalTest, ABodySeenAgainBetweenTwoStepsStays) {
  record_session("a", 1, [](int) { return "answer"; });
  LogWriter writer(path_);
  Database& log = writer.database();
  Removal removal({.filter = *Filter::parse({"id:1"}, 0), .session_id = {}, .keep_size = {}},
                  false);
  // Begin, count, and the exchange; the body would be next.
  for (int step = 0; step < 3; ++step) ASSERT_TRUE(removal.step(log));
  ASSERT_EQ(held(), "0 1 0 0");
  log.execute(
      "INSERT INTO exchange(session_id, started_at, state, mode, request_size, response_size,"
      " response_body_id) VALUES(1, 0, 'open', 'forward', 0, 6, 1)");
  while (removal.step(log)) continue;
  EXPECT_EQ(held(), "1 1 0 0");
  EXPECT_EQ(body("1"), "answer");
}

TEST_F(RemovalTest, WhatACutRemovalLeftGoesWithTheNext) {
  record_session("a", 2, [](int n) { return bytes(n * 20 * kChunkSize); });
  {
    LogWriter writer(path_);
    writer.database().execute("DELETE FROM exchange WHERE id = 1");
  }
  EXPECT_EQ(perform("prune", {{"filter", {"id:99"}}}).at("bodies"), 1);
  EXPECT_EQ(held(), "1 1 40 0");
}

TEST_F(RemovalTest, KeepsASizeByTakingTheOldest) {
  record_session("a", 300, [](int n) { return bytes(20'000, static_cast<unsigned>(n)); });
  const std::int64_t size = 3 << 20;
  json done = perform("prune", {{"keep_size", size}, {"dry_run", true}});
  const auto expected = done.at("exchanges").get<int>();
  EXPECT_GT(expected, 100);
  done = perform("prune", {{"keep_size", size}});
  EXPECT_GE(done.at("exchanges"), expected);
  EXPECT_LE(done.at("exchanges"), expected + expected / 5);
  EXPECT_LE(std::filesystem::file_size(path_), size);
  EXPECT_GT(std::filesystem::file_size(path_), size * 8 / 10);
  EXPECT_FALSE(std::filesystem::exists(path_ + "-wal"));
  EXPECT_EQ(value("SELECT max(id) FROM exchange"), "300");
  EXPECT_EQ(perform("prune", {{"keep_size", size}}).at("exchanges"), 0);
}

TEST_F(RemovalTest, EditsASession) {
  record_session("a", 0, {});
  EXPECT_EQ(perform("session-rename", {{"id", 1}, {"text", "b"}}).at("name"), "b");
  perform("session-tag", {{"id", 1}, {"text", "x"}});
  perform("session-tag", {{"id", 1}, {"text", "x"}});
  perform("session-tag", {{"id", 1}, {"text", "y"}});
  perform("session-untag", {{"id", 1}, {"text", "x"}});
  EXPECT_EQ(value("SELECT tag FROM session_tag"), "y");
  EXPECT_EQ(perform("session-untag", {{"id", 1}, {"text", "x"}}).at("error"),
            "session 'b' has no tag 'x'");
  perform("session-note", {{"id", 1}, {"text", "said"}});
  EXPECT_EQ(value("SELECT note FROM session"), "said");
  perform("session-note", {{"id", 1}, {"text", ""}});
  EXPECT_EQ(value("SELECT note FROM session"), "NULL");
  EXPECT_EQ(perform("session-rename", {{"id", 1}, {"text", ""}}).at("error"),
            "a name or a tag must not be empty");
  EXPECT_EQ(perform("session-pin", {{"id", 2}}).at("error"), "there is no session 2");
}

}  // namespace
}  // namespace tapedeck::storage
