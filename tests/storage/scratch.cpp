#include "tests/storage/scratch.hpp"

#include <cstdlib>
#include <random>
#include <sqlite3.h>

namespace tapedeck::storage::testing {

std::function<void(bool)> Commits::expect() {
  const std::lock_guard lock(mutex_);
  ++expected_;
  return [this](bool ok) {
    const std::lock_guard inner(mutex_);
    ++called_;
    all_ok_ = all_ok_ && ok;
    changed_.notify_all();
  };
}

bool Commits::wait() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return called_ == expected_; });
  return all_ok_;
}

RecorderTest::RecorderTest() = default;

std::unique_ptr<Recorder> RecorderTest::open(RecorderOptions options) {
  options.path = path_;
  auto recorder = Recorder::open(std::move(options));
  if (!recorder) throw std::runtime_error(recorder.error().to_string());
  return *std::move(recorder);
}

std::string RecorderTest::refusal(RecorderOptions options) {
  options.path = path_;
  const auto recorder = Recorder::open(std::move(options));
  if (recorder) return "not refused";
  EXPECT_EQ(recorder.error().stage, Stage::record);
  return recorder.error().detail;
}

void RecorderTest::fill(Exchange& row, int n) {
  row.started_at = 1'795'413'298'000'000 + n;
  row.client = "127.0.0.1:54321";
  row.method = "GET";
  row.scheme = "http";
  row.host = "example.test";
  row.port = 80;
  row.path = std::to_string(n).insert(0, 1, '/');
  row.request_version = "HTTP/1.1";
  row.request_headers.add("Host", "example.test");
  row.status = 200;
  row.reason = "OK";
  row.response_version = "HTTP/1.1";
  row.response_headers.add("Content-Type", "text/plain");
  row.state = State::complete;
}

Recording RecorderTest::begin(Recorder& recorder, int n) {
  Recording recording = recorder.begin();
  fill(recording.row(), n);
  return recording;
}

std::string RecorderTest::value(const std::string& sql) {
  Database database(path_, Database::Access::read_only);
  Statement statement = database.prepare(sql);
  if (!statement.step()) return "none";
  if (statement.is_null(0)) return "NULL";
  const std::string value(statement.text(0));
  return statement.step() ? "more than one row" : value;
}

std::string RecorderTest::body(const std::string& id) {
  Database database(path_, Database::Access::read_only);
  Statement parts = database.prepare(
      "SELECT bytes FROM body WHERE id = ?1 AND bytes IS NOT NULL UNION ALL SELECT * FROM"
      " (SELECT bytes FROM body_chunk WHERE body_id = ?1 ORDER BY seq)");
  parts.bind(1, std::int64_t{std::stoll(id)});
  std::string whole;
  while (parts.step()) {
    const auto part = parts.blob(0);
    whole.append(part.data(), part.size());
  }
  return whole;
}

std::string bytes(std::size_t size, unsigned seed) {
  std::minstd_rand random(seed);
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random() >> 8);
  return bytes;
}

}  // namespace tapedeck::storage::testing
