#include "storage/recorder.hpp"

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <future>
#include <thread>

#include "storage/body_store.hpp"
#include "storage/lock_file.hpp"
#include "tests/storage/scratch.hpp"

namespace tapedeck::storage {
namespace {

using testing::bytes;
using testing::Commits;
using testing::RecorderTest;

RecorderOptions strict() {
  RecorderOptions options;
  options.commit = Commit::strict;
  return options;
}

TEST_F(RecorderTest, IndexesTextWhenThereIsNothingElseToDo) {
  const auto recorder = open();
  begin(*recorder).finish(commits_.expect());
  ASSERT_TRUE(commits_.wait());
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (value("SELECT id FROM text_position") != "1") {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline);
    std::this_thread::yield();
  }
  EXPECT_EQ(value("SELECT rowid FROM exchange_text WHERE exchange_text MATCH 'example'"), "1");
}

TEST_F(RecorderTest, WritesEveryColumn) {
  const auto recorder = open();
  Recording recording = begin(*recorder);
  Exchange& row = recording.row();
  row.mode = Mode::intercept;
  row.query = "a=b&a=c";
  row.request_trailers.add("X-Up", "1");
  row.response_trailers.add("X-Down", "2");
  row.error_stage = "receive";
  row.error_code = "connection_terminated";
  row.error_detail = "cut";
  row.timings = {1, 2, 3, 4, 5, 6, 7};
  row.upstream_address = "192.0.2.1:80";
  row.upstream_reused = true;
  row.tls_version = "TLSv1.3";
  row.tls_cipher = "TLS_AES_128_GCM_SHA256";
  row.peer_cert_sha256 = "00ff";
  row.tls_sni = "caf\xe9";
  row.tls_alpn = "h2,http/1.1";
  row.replay_of = 42;
  row.match_key = "key";
  row.redacted = "query request_body";
  recording.request_body(std::string("up"));
  recording.response_body(std::string("down!"));
  recording.finish(commits_.expect());
  ASSERT_TRUE(commits_.wait());

  const std::pair<const char*, const char*> expected[] = {
      {"id", "1"},
      {"session_id", "1"},
      {"started_at", "1795413298000001"},
      {"client", "127.0.0.1:54321"},
      {"mode", "intercept"},
      {"method", "GET"},
      {"scheme", "http"},
      {"host", "example.test"},
      {"port", "80"},
      {"path", "/1"},
      {"query", "a=b&a=c"},
      {"request_version", "HTTP/1.1"},
      {"request_headers", R"([["Host","example.test"]])"},
      {"request_trailers", R"([["X-Up","1"]])"},
      {"request_size", "2"},
      {"status", "200"},
      {"reason", "OK"},
      {"response_version", "HTTP/1.1"},
      {"response_headers", R"([["Content-Type","text/plain"]])"},
      {"response_trailers", R"([["X-Down","2"]])"},
      {"response_size", "5"},
      {"state", "complete"},
      {"error_stage", "receive"},
      {"error_code", "connection_terminated"},
      {"error_detail", "cut"},
      {"dns_us", "1"},
      {"connect_us", "2"},
      {"tls_us", "3"},
      {"send_us", "4"},
      {"wait_us", "5"},
      {"receive_us", "6"},
      {"total_us", "7"},
      {"upstream_address", "192.0.2.1:80"},
      {"upstream_reused", "1"},
      {"tls_version", "TLSv1.3"},
      {"tls_cipher", "TLS_AES_128_GCM_SHA256"},
      {"peer_cert_sha256", "00ff"},
      {"tls_sni", "caf\xc3\xa9"},
      {"tls_alpn", "h2,http/1.1"},
      {"replay_of", "42"},
      {"match_key", "key"},
      {"redacted", "query request_body"},
  };
  for (const auto& [column, text] : expected) {
    EXPECT_EQ(value(std::string("SELECT ") + column + " FROM exchange"), text) << column;
  }
  // And the two that point at bodies: every column of the table has been looked at.
  EXPECT_EQ(value("SELECT count(*) FROM pragma_table_info('exchange')"),
            std::to_string(std::size(expected) + 2));
  EXPECT_EQ(body(value("SELECT request_body_id FROM exchange")), "up");
  EXPECT_EQ(body(value("SELECT response_body_id FROM exchange")), "down!");
}

TEST_F(RecorderTest, WritesNullForWhatDidNotHappen) {
  const auto recorder = open();
  Recording recording = recorder->begin();
  recording.row().state = State::failed;
  recording.finish(commits_.expect());
  ASSERT_TRUE(commits_.wait());
  for (const char* column :
       {"method", "scheme", "host", "port", "path", "query", "status", "reason", "request_headers",
        "response_headers", "request_trailers", "response_trailers", "request_body_id",
        "response_body_id", "error_stage", "total_us", "upstream_reused", "replay_of"}) {
    EXPECT_EQ(value(std::string("SELECT ") + column + " FROM exchange"), "NULL") << column;
  }
}

TEST_F(RecorderTest, KeepsBytesOutsideAsciiAsCodePoints) {
  const auto recorder = open();
  Recording recording = begin(*recorder);
  recording.row().path = "/caf\xe9";
  recording.finish(commits_.expect());
  ASSERT_TRUE(commits_.wait());
  EXPECT_EQ(value("SELECT path FROM exchange"), "/caf\xc3\xa9");
}

TEST_F(RecorderTest, WritesOneRowForEachWayToEnd) {
  const auto recorder = open();
  for (const State state : {State::complete, State::failed, State::aborted}) {
    Recording recording = begin(*recorder);
    recording.row().state = state;
    recording.finish(commits_.expect());
    EXPECT_FALSE(recording.active());
  }
  {
    Recording destroyed = begin(*recorder);
    destroyed.row().state = State::open;
  }
  Recording replaced = begin(*recorder);
  replaced.row().state = State::open;
  replaced = begin(*recorder);
  replaced.finish(commits_.expect());
  replaced.finish(commits_.expect());  // changes nothing, and is answered
  ASSERT_TRUE(commits_.wait());
  EXPECT_EQ(value("SELECT group_concat(state, ' ') FROM exchange"),
            "complete failed aborted aborted aborted complete");
  EXPECT_EQ(recorder->stats().exchanges, 6u);
}

TEST_F(RecorderTest, CommitsWithoutBeingAsked) {
  const auto recorder = open();
  begin(*recorder).finish();
  begin(*recorder).finish(commits_.expect());
  ASSERT_TRUE(commits_.wait());
  EXPECT_EQ(value("SELECT count(*) FROM exchange"), "2");
}

TEST_F(RecorderTest, DrainsWhenClosed) {
  {
    const auto recorder = open();
    for (int n = 0; n < 1000; ++n) begin(*recorder, n).finish();
  }
  EXPECT_FALSE(std::filesystem::exists(path_ + "-wal"));
  EXPECT_EQ(value("SELECT count(*) FROM exchange"), "1000");
}

TEST_F(RecorderTest, NumbersInTheOrderOfFinishing) {
  const auto recorder = open();
  Recording first = begin(*recorder, 1);
  Recording second = begin(*recorder, 2);
  second.finish();
  first.finish(commits_.expect());
  ASSERT_TRUE(commits_.wait());
  EXPECT_EQ(value("SELECT group_concat(path) FROM (SELECT path FROM exchange ORDER BY id)"),
            "/2,/1");
}

TEST_F(RecorderTest, NeverGivesAnIdTwice) {
  begin(*open()).finish();
  {
    Database database(path_, Database::Access::read_write_create);
    database.execute("DELETE FROM exchange");
  }
  begin(*open()).finish();
  EXPECT_EQ(value("SELECT id FROM exchange"), "2");
}

TEST_F(RecorderTest, PublishedRowIsOpenUntilItFinishes) {
  const auto recorder = open();
  Recording recording = begin(*recorder);
  recording.row().status.reset();
  recording.request_body(std::string("up"));
  recording.publish(commits_.expect());
  ASSERT_TRUE(commits_.wait());
  EXPECT_EQ(value("SELECT id || state || request_size FROM exchange WHERE status IS NULL"),
            "1open2");
  begin(*recorder, 2).finish();
  recording.row().status = 204;
  recording.publish(commits_.expect());
  ASSERT_TRUE(commits_.wait());
  EXPECT_EQ(value("SELECT state FROM exchange WHERE status = 204"), "open");
  recording.finish(commits_.expect());
  ASSERT_TRUE(commits_.wait());
  EXPECT_EQ(value("SELECT state FROM exchange WHERE id = 1"), "complete");
  EXPECT_EQ(value("SELECT count(*) FROM exchange"), "2");
  EXPECT_EQ(body(value("SELECT request_body_id FROM exchange WHERE id = 1")), "up");
}

TEST_F(RecorderTest, StrictCommitsAtOnceAndTogether) {
  const auto recorder = open(strict());
  std::vector<std::thread> producers;
  for (int n = 0; n < 4; ++n) {
    producers.emplace_back([&, n] {
      Commits mine;
      for (int i = 0; i < 20; ++i) {
        Recording recording = begin(*recorder, n);
        recording.publish(mine.expect());
        EXPECT_TRUE(mine.wait());
        recording.finish(mine.expect());
        EXPECT_TRUE(mine.wait());
      }
    });
  }
  for (std::thread& producer : producers) producer.join();
  EXPECT_EQ(value("SELECT count(*) FROM exchange WHERE state = 'complete'"), "80");
}

TEST_F(RecorderTest, CutsBodiesAtChunks) {
  const auto recorder = open();
  const std::size_t sizes[] = {0,
                               1,
                               kChunkSize - 1,
                               kChunkSize,
                               kChunkSize + 1,
                               2 * kChunkSize - 1,
                               2 * kChunkSize,
                               2 * kChunkSize + 1,
                               40 * kChunkSize + 7};
  for (const std::size_t piece : {std::size_t{999}, kChunkSize, 100 * kChunkSize}) {
    for (const std::size_t size : sizes) {
      const std::string sent = bytes(size, static_cast<unsigned>(size + piece));
      Recording recording = begin(*recorder);
      for (std::size_t at = 0; at < size; at += piece) {
        recording.response_body(std::span(sent).subspan(at, std::min(piece, size - at)));
      }
      recording.finish(commits_.expect());
      ASSERT_TRUE(commits_.wait());
      const std::string id =
          value("SELECT response_body_id FROM exchange ORDER BY id DESC LIMIT 1");
      if (size == 0) {
        EXPECT_EQ(id, "NULL");
        continue;
      }
      EXPECT_TRUE(body(id) == sent) << size;
      EXPECT_EQ(value("SELECT size FROM body WHERE stored_size = size AND truncated = 0"
                      " AND sha256 IS NOT NULL AND id = " +
                      id),
                std::to_string(size));
      const std::size_t chunks = size <= kChunkSize ? 0 : (size + kChunkSize - 1) / kChunkSize;
      EXPECT_EQ(value("SELECT count(*) FROM body_chunk WHERE body_id = " + id),
                std::to_string(chunks));
    }
  }
}

TEST_F(RecorderTest, StoresIdenticalBodiesOnce) {
  const std::string small = bytes(1000);
  const std::string large = bytes(3 * kChunkSize + 1);
  for (int run = 0; run < 2; ++run) {
    const auto recorder = open();
    for (int n = 0; n < 3; ++n) {
      Recording recording = begin(*recorder);
      recording.request_body(small);
      recording.response_body(large);
      recording.finish();
      Recording swapped = begin(*recorder);
      swapped.request_body(large);
      swapped.response_body(small);
      swapped.finish();
    }
  }
  EXPECT_EQ(value("SELECT count(*) FROM exchange"), "12");
  EXPECT_EQ(value("SELECT count(*) FROM body"), "2");
  EXPECT_EQ(value("SELECT count(*) FROM body_chunk"), "4");
  EXPECT_EQ(value("SELECT count(DISTINCT response_body_id) FROM exchange"), "2");
}

TEST_F(RecorderTest, KeepsWhatArrivedOfACutBody) {
  const auto recorder = open();
  const std::string large = bytes(2 * kChunkSize);
  for (const std::string& part : {std::string("part"), large}) {
    Recording recording = begin(*recorder);
    recording.row().state = State::open;
    recording.response_body(part);
  }
  Commits done;
  begin(*recorder).finish(done.expect());
  ASSERT_TRUE(done.wait());
  EXPECT_EQ(value("SELECT group_concat(state || response_size, ' ') FROM exchange WHERE id < 3"),
            "aborted4 aborted" + std::to_string(large.size()));
  EXPECT_EQ(body(value("SELECT response_body_id FROM exchange WHERE response_size = 4")), "part");
  EXPECT_TRUE(body(value("SELECT response_body_id FROM exchange WHERE response_size > 4")) ==
              large);
}

TEST_F(RecorderTest, WritesALargeBodyWhileItArrives) {
  const auto recorder = open();
  Recording recording = begin(*recorder);
  recording.row().state = State::open;
  recording.request_body(bytes(3 * kChunkSize));
  recording.publish(commits_.expect());
  ASSERT_TRUE(commits_.wait());
  EXPECT_EQ(value("SELECT count(*) FROM exchange, body_chunk ON body_id = request_body_id"
                  " WHERE state = 'open' AND response_body_id IS NULL"),
            "3");
}

TEST_F(RecorderTest, ABodyAlreadyStoredIsPointedAtWhileItIsThere) {
  const auto recorder = open();
  Recording first = begin(*recorder);
  first.response_body(std::string("hello"));
  first.finish(commits_.expect());
  ASSERT_TRUE(commits_.wait());
  for (const std::int64_t body : {1, 99}) {
    Recording again = begin(*recorder);
    again.response_body_is(body);
    again.finish(commits_.expect());
    ASSERT_TRUE(commits_.wait());
  }
  EXPECT_EQ(value("SELECT group_concat(coalesce(response_body_id, 'none')) FROM exchange"),
            "1,1,none");
}

TEST_F(RecorderTest, KeepHeadsCountsBodiesAndStoresNone) {
  RecorderOptions options;
  options.keep = Keep::heads;
  const auto recorder = open(options);
  Recording recording = begin(*recorder);
  recording.request_body(std::string("12"));
  recording.response_body(bytes(3 * kChunkSize));
  recording.finish(commits_.expect());
  ASSERT_TRUE(commits_.wait());
  EXPECT_EQ(value("SELECT request_size || ' ' || response_size FROM exchange"),
            "2 " + std::to_string(3 * kChunkSize));
  EXPECT_EQ(value("SELECT count(*) FROM body"), "0");
  EXPECT_EQ(value("SELECT count(*) FROM body_chunk"), "0");
}

TEST_F(RecorderTest, KeepNoneRecordsNothingAndAnswers) {
  RecorderOptions options;
  options.keep = Keep::none;
  const auto recorder = open(options);
  Recording recording = recorder->begin();
  EXPECT_FALSE(recording.active());
  recording.response_body(std::string("x"));
  recording.publish(commits_.expect());
  recording.finish(commits_.expect());
  EXPECT_TRUE(commits_.wait());
  EXPECT_EQ(value("SELECT count(*) FROM exchange"), "0");
}

TEST_F(RecorderTest, NotesItsSessions) {
  RecorderOptions options;
  options.session_name = "first";
  options.command = "make check";
  {
    const auto recorder = open(options);
    EXPECT_EQ(
        value("SELECT name || command FROM session WHERE ended_at IS NULL AND started_at > 0"),
        "firstmake check");
  }
  EXPECT_EQ(value("SELECT ended_at >= started_at FROM session"), "1");
  const auto second = open();
  EXPECT_EQ(value("SELECT name GLOB '20*-*-*T*:*:*Z' FROM session WHERE command IS NULL"), "1");
  begin(*second).finish(commits_.expect());
  ASSERT_TRUE(commits_.wait());
  EXPECT_EQ(value("SELECT session_id FROM exchange"), "2");
}

TEST_F(RecorderTest, RefusesASecondWriter) {
  const auto recorder = open();
  const std::string sentence = "process " + std::to_string(getpid()) +
                               " is already recording into " + path_ +
                               "; stop it or name a different file";
  EXPECT_EQ(refusal(), sentence);
  // By another name as well.
  std::filesystem::create_symlink(path_, scratch_.path("alias.db"));
  path_ = scratch_.path("alias.db");
  EXPECT_EQ(refusal(), sentence);
}

TEST_F(RecorderTest, WaitsForTheLastWriterToEnd) {
  auto last = open();
  RecorderOptions options;
  options.patience = std::chrono::seconds(30);
  auto next = std::async(std::launch::async, [&] { return open(options); });
  const auto askers = [this] {
    std::ptrdiff_t count = 0;
    for (const auto& held : std::filesystem::directory_iterator("/proc/self/fd")) {
      std::error_code gone;
      count += std::filesystem::read_symlink(held, gone) == path_ + ".lock" ? 1 : 0;
    }
    return count;
  };
  while (askers() < 2) std::this_thread::yield();
  EXPECT_EQ(next.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
  last.reset();
  const auto opened = next.get();
  EXPECT_EQ(value("SELECT count(ended_at) || ' of ' || count(*) FROM session"), "1 of 2");
}

TEST_F(RecorderTest, WaitsNoLongerThanItIsTold) {
  const auto recorder = open();
  EXPECT_THROW(LockFile(path_, std::chrono::milliseconds(20)), std::runtime_error);
}

// A writer held up by another program's transaction: SQLite's lock, not ours.
class Blocker {
 public:
  explicit Blocker(const std::string& path)
      : database_(path, Database::Access::read_write_create), transaction_(database_) {}

 private:
  Database database_;
  Transaction transaction_;
};

TEST_F(RecorderTest, IsCongestedAboveItsBudgetAndSaysWhenNot) {
  RecorderOptions options;
  options.queue_budget = 256u << 10;
  const auto recorder = open(options);
  EXPECT_FALSE(recorder->congested());
  bool at_once = false;
  recorder->when_uncongested([&] { at_once = true; });
  EXPECT_TRUE(at_once);

  auto blocker = std::make_unique<Blocker>(path_);
  Recording recording = begin(*recorder);
  int pieces = 0;
  for (; !recorder->congested(); ++pieces) recording.response_body(bytes(16 << 10));
  EXPECT_GE(pieces, 16);
  EXPECT_LE(pieces, 24);
  EXPECT_GT(recorder->stats().queued_bytes, options.queue_budget);
  std::atomic<int> resumed = 0;
  const auto committed = commits_.expect();
  recorder->when_uncongested([&] {
    ++resumed;
    committed(true);
  });
  EXPECT_EQ(resumed, 0);
  blocker.reset();
  ASSERT_TRUE(commits_.wait());
  EXPECT_EQ(resumed, 1);
  EXPECT_FALSE(recorder->congested());
  recording.finish(commits_.expect());
  ASSERT_TRUE(commits_.wait());
  EXPECT_EQ(value("SELECT response_size FROM exchange"), std::to_string(pieces * (16 << 10)));
}

}  // namespace
}  // namespace tapedeck::storage
