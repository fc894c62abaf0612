#include "storage/redact/scrub.hpp"

#include <fstream>
#include <future>
#include <iterator>

#include <nlohmann/json.hpp>

#include "storage/body_store.hpp"
#include "storage/keep/chores.hpp"
#include "storage/log_writer.hpp"
#include "tests/storage/scratch.hpp"

namespace tapedeck::storage {
namespace {

using nlohmann::json;
using testing::bytes;
using testing::RecorderTest;

constexpr const char* kSecret = "Zq7wVx93KpLmT4yRb8Nc";

class ScrubTest : public RecorderTest {
 protected:
  void record(Recorder& recorder, int n, const std::string& body, const std::string& type = {}) {
    Recording recording = begin(recorder, n);
    if (!type.empty()) recording.row().response_headers.set("Content-Type", type);
    recording.response_body(body);
    recording.finish(commits_.expect());
    ASSERT_TRUE(commits_.wait());
  }
  json scrub(Recorder* recorder, const json& arguments) {
    auto made = make_chore("scrub", arguments.dump());
    if (!made) return {{"error", made.error().detail}};
    const std::shared_ptr<Chore> work = *std::move(made);
    if (recorder == nullptr) {
      LogWriter writer(path_);
      while (work->step(writer.database())) continue;
      return json::parse(work->result());
    }
    std::promise<std::string> ended;
    recorder->perform(work, [&](std::string error) { ended.set_value(std::move(error)); });
    const std::string error = ended.get_future().get();
    return error.empty() ? json::parse(work->result()) : json{{"error", error}};
  }
  /// Whether the file or its -wal holds those bytes anywhere.
  bool on_disk(const std::string& text) const {
    for (const char* suffix : {"", "-wal"}) {
      std::ifstream file(path_ + suffix, std::ios::binary);
      const std::string all{std::istreambuf_iterator<char>(file), {}};
      if (all.find(text) != std::string::npos) return true;
    }
    return false;
  }
  std::string response(int id) {
    return body(value("SELECT response_body_id FROM exchange WHERE id = " + std::to_string(id)));
  }
};

const json kValue = {{"values", {kSecret}}};

TEST_F(ScrubTest, ASharedBodyChangesForAll) {
  const auto recorder = open();
  for (int n = 1; n <= 3; ++n) record(*recorder, n, std::string("it is ") + kSecret);
  record(*recorder, 4, "something else");
  EXPECT_TRUE(on_disk(kSecret));
  const json done = scrub(recorder.get(), kValue);
  EXPECT_EQ(done.at("exchanges"), 3) << done;
  EXPECT_EQ(done.at("replaced"), 3);
  EXPECT_EQ(done.at("wal_emptied"), true);
  EXPECT_FALSE(on_disk(kSecret));
  EXPECT_TRUE(response(1).starts_with("it is [redacted:"));
  EXPECT_EQ(value("SELECT count(DISTINCT response_body_id) FROM exchange"), "2");
  EXPECT_EQ(value("SELECT count(*) FROM body"), "2");
  EXPECT_EQ(value("SELECT redacted FROM exchange WHERE id = 1"), "response_body");
  EXPECT_EQ(value("SELECT redacted FROM exchange WHERE id = 4"), "NULL");
  // The ids that it gave are not given again.
  for (int n = 5; n <= 8; ++n) record(*recorder, n, "fresh " + std::to_string(n));
  EXPECT_EQ(response(8), "fresh 8");
  EXPECT_TRUE(response(3).starts_with("it is [redacted:"));
  EXPECT_EQ(value("PRAGMA integrity_check"), "ok");
}

TEST_F(ScrubTest, ByRuleOnlyWhereItApplies) {
  {
    const auto recorder = open();
    const std::string text = std::string(R"({"token":")") + kSecret + R"("})";
    record(*recorder, 1, text, "application/json");
    record(*recorder, 2, text, "image/png");
    record(*recorder, 3, text, "application/json");
  }
  const json done = scrub(nullptr, {{"redact", {"json:$.token"}}, {"filter", {"id:1..2"}}});
  EXPECT_EQ(done.at("exchanges"), 1) << done;
  EXPECT_TRUE(response(1).starts_with(R"({"token":"[redacted:)"));
  EXPECT_NE(response(2).find(kSecret), std::string::npos);
  EXPECT_EQ(value("SELECT count(*) FROM body"), "2");
}

TEST_F(ScrubTest, LargeBodies) {
  const std::string medium = bytes(3 * kChunkSize - 7) + kSecret + bytes(kChunkSize);
  {
    const auto recorder = open();
    record(*recorder, 1, medium);
    record(*recorder, 2, bytes(40 * kChunkSize - 5, 2) + kSecret + bytes(kChunkSize));
    record(*recorder, 3, bytes(40 * kChunkSize, 3));
  }
  const json done = scrub(nullptr, kValue);
  EXPECT_EQ(done.at("replaced"), 1) << done;
  EXPECT_EQ(done.at("withheld"), 1);
  EXPECT_FALSE(on_disk(kSecret));
  EXPECT_EQ(response(1).size(), medium.size() + 3);
  EXPECT_EQ(
      value("SELECT redacted || coalesce(response_body_id, ' none') FROM exchange WHERE id = 2"),
      "response_body_withheld none");
  EXPECT_EQ(response(3), bytes(40 * kChunkSize, 3));
}

TEST_F(ScrubTest, EverythingThatIsText) {
  {
    RecorderOptions options;
    options.command = std::string("curl -u me:") + kSecret;
    const auto recorder = open(std::move(options));
    Recording recording = begin(*recorder, 1);
    Exchange& row = recording.row();
    row.path = std::string("/a/") + kSecret;
    row.query = std::string("q=") + kSecret;
    row.reason = kSecret;
    row.request_headers.add("X-Any", kSecret);
    row.response_trailers.add("X-Any", kSecret);
    row.error_detail = std::string("because of ") + kSecret;
    recording.finish();
  }
  EXPECT_EQ(scrub(nullptr, {{"values", {kSecret}}, {"dry_run", true}}).at("sessions"), 1);
  EXPECT_TRUE(on_disk(kSecret));
  EXPECT_EQ(scrub(nullptr, kValue).at("sessions"), 1);
  EXPECT_FALSE(on_disk(kSecret));
  EXPECT_EQ(value("SELECT redacted FROM exchange"),
            "path query reason error_detail request_headers response_trailers");
  EXPECT_EQ(scrub(nullptr, kValue).at("exchanges"), 0);
}

TEST_F(ScrubTest, WhatIsNotFinishedStays) {
  const auto recorder = open();
  Recording recording = begin(*recorder, 1);
  recording.row().query = kSecret;
  recording.publish(commits_.expect());
  ASSERT_TRUE(commits_.wait());
  EXPECT_EQ(scrub(recorder.get(), kValue).at("unfinished"), 1);
  recording.row().state = State::complete;
  recording.finish(commits_.expect());
  ASSERT_TRUE(commits_.wait());
  EXPECT_EQ(scrub(recorder.get(), kValue).at("exchanges"), 1);
  EXPECT_FALSE(on_disk(kSecret));
}

TEST_F(ScrubTest, WhatACrashLeftIsFinished) {
  {
    const auto recorder = open();
    record(*recorder, 1, kSecret);
  }
  LogWriter(path_).database().execute("UPDATE exchange SET state = 'open'");
  const json done = scrub(nullptr, kValue);
  EXPECT_EQ(done.at("unfinished"), 0);
  EXPECT_EQ(done.at("exchanges"), 1);
  EXPECT_EQ(value("SELECT state FROM exchange"), "interrupted");
  EXPECT_FALSE(on_disk(kSecret));
}

TEST_F(ScrubTest, Refuses) {
  EXPECT_EQ(scrub(nullptr, json::object()).at("error"), "scrub needs a rule or a value");
  EXPECT_EQ(scrub(nullptr, {{"values", {"short"}}}).at("error"),
            "a value of fewer than 6 bytes would be found where it is no secret");
}

/// The same where it is redacted before it is written.
TEST_F(ScrubTest, RecordedWithRules) {
  RecorderOptions options;
  options.redact = {"query:key", "json:$.token"};
  options.redact_limit = 200'000;
  const auto recorder = open(std::move(options));
  const std::string text = std::string(R"({"token":")") + kSecret + R"("})";
  for (const std::size_t padding : {std::size_t{0}, 2 * kChunkSize, 4 * kChunkSize}) {
    Recording recording = begin(*recorder, 1);
    recording.row().query = std::string("key=") + kSecret;
    recording.row().response_headers.set("Content-Type", "application/json");
    recording.publish();
    for (const char c : text) recording.response_body({&c, 1});
    recording.response_arrived(5'000'000);
    recording.response_body(std::string(padding, ' '));
    recording.publish(commits_.expect());
    ASSERT_TRUE(commits_.wait());
    EXPECT_FALSE(on_disk(kSecret));
    recording.row().state = State::complete;
    recording.finish(commits_.expect());
    ASSERT_TRUE(commits_.wait());
  }
  EXPECT_FALSE(on_disk(kSecret));
  EXPECT_TRUE(response(1).starts_with(R"({"token":"[redacted:)"));
  EXPECT_EQ(response(2).size(), response(1).size() + 2 * kChunkSize);
  EXPECT_EQ(value("SELECT group_concat(redacted, ', ') FROM exchange"),
            "response_body query, response_body query, response_body_withheld query");
  EXPECT_EQ(value("SELECT response_size FROM exchange WHERE id = 3"),
            std::to_string(text.size() + 4 * kChunkSize));
  EXPECT_EQ(value("SELECT count(*) FROM stream_event"), "0");
}

TEST_F(ScrubTest, AWrongRuleOpensNothing) {
  RecorderOptions options;
  options.path = path_;
  options.redact = {"what"};
  const auto opened = Recorder::open(std::move(options));
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().stage, Stage::configure);
  EXPECT_TRUE(opened.error().detail.starts_with("rule 'what': expected"));
  EXPECT_FALSE(std::filesystem::exists(path_));
}

}  // namespace
}  // namespace tapedeck::storage
