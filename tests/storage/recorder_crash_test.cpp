#include <array>
#include <csignal>
#include <cstdio>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "storage/body_store.hpp"
#include "storage/recorder.hpp"
#include "tests/storage/scratch.hpp"

namespace tapedeck::storage {
namespace {

using testing::bytes;
using testing::Commits;

class RecorderCrash : public testing::RecorderTest {
 protected:
  /// Runs `work(report)` in a child until it is killed after it has reported `count` numbers;
  /// returns the last. The child must not return.
  template <class Work>
  int kill_after(int count, Work work) {
    std::array<int, 2> pipe_ends{};
    if (pipe(pipe_ends.data()) != 0) return -1;
    const pid_t child = fork();
    if (child == 0) {
      work([&](int number) {
        if (write(pipe_ends[1], &number, sizeof number) != sizeof number) _exit(1);
      });
      _exit(0);
    }
    close(pipe_ends[1]);
    int last = -1;
    for (int i = 0; i < count; ++i) {
      if (read(pipe_ends[0], &last, sizeof last) != sizeof last) break;
    }
    kill(child, SIGKILL);
    // What it managed to say before it died counts as well.
    while (read(pipe_ends[0], &last, sizeof last) == sizeof last) continue;
    close(pipe_ends[0]);
    waitpid(child, nullptr, 0);
    return last;
  }
};

TEST_F(RecorderCrash, KeepsWhatStrictAcknowledged) {
  const int last = kill_after(60, [&](auto report) {
    RecorderOptions options;
    options.commit = Commit::strict;
    const auto recorder = open(options);
    for (int n = 1;; ++n) {
      Commits committed;
      Recording recording = begin(*recorder, n);
      recording.response_body(bytes(n % 3 == 0 ? 2 * kChunkSize : 100, static_cast<unsigned>(n)));
      recording.finish(committed.expect());
      if (!committed.wait()) _exit(1);
      report(n);
    }
  });
  ASSERT_GE(last, 60);
  EXPECT_EQ(value("PRAGMA integrity_check"), "ok");
  open();
  EXPECT_EQ(value("PRAGMA integrity_check"), "ok");
  EXPECT_GE(std::stoi(value("SELECT count(*) FROM exchange WHERE state = 'complete'")), last);
  EXPECT_EQ(value("SELECT count(*) FROM exchange WHERE state = 'complete'"
                  " AND response_body_id IS NULL"),
            "0");
  EXPECT_EQ(value("SELECT ended_at FROM session WHERE id = 1"), "NULL");
}

TEST_F(RecorderCrash, LeavesOpenRowsInterrupted) {
  kill_after(1, [&](auto report) {
    const auto recorder = open();
    Commits committed;
    Recording recording = begin(*recorder);
    recording.request_body(bytes(3 * kChunkSize));
    recording.publish(committed.expect());
    begin(*recorder, 2).finish(committed.expect());
    if (!committed.wait()) _exit(1);
    report(1);
    pause();
  });
  EXPECT_EQ(value("SELECT state FROM exchange WHERE id = 1"), "open");
  open();
  EXPECT_EQ(value("SELECT group_concat(state, ' ') FROM exchange"), "interrupted complete");
  EXPECT_EQ(value("SELECT size FROM body WHERE sha256 IS NULL AND stored_size = size"),
            std::to_string(3 * kChunkSize));
  EXPECT_TRUE(body(value("SELECT request_body_id FROM exchange WHERE id = 1")) ==
              bytes(3 * kChunkSize));
}

/// No file of this process may grow beyond `bytes`, for as long as it lives.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() { setrlimit(RLIMIT_FSIZE, &before_); }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit before_{};
};

TEST_F(RecorderCrash, KeepsTryingWhenTheDiskIsFull) {
  RecorderOptions options;
  options.commit = Commit::strict;
  options.queue_budget = 1u << 20;
  const auto recorder = open(options);
  const std::string large = bytes(5 * kChunkSize);
  int sent = 0;
  int small = 0;
  {
    const FileSizeLimit limit(400u << 10);
    for (bool ok = true; ok; ++sent) {
      ASSERT_LT(sent, 100);
      Commits committed;
      Recording recording = begin(*recorder, sent);
      recording.response_body(bytes(20000, static_cast<unsigned>(sent + 1)));
      recording.finish(committed.expect());
      ok = committed.wait();
    }
    small = sent;
    EXPECT_FALSE(recorder->healthy());
    EXPECT_GE(recorder->stats().failed_writes, 1u);
    EXPECT_NE(recorder->stats().last_error, "");
    // What comes meanwhile is told at once, and kept, until the budget is full.
    Commits refused;
    Recording recording = begin(*recorder, sent++);
    recording.response_body(large);
    recording.finish(refused.expect());
    EXPECT_FALSE(refused.wait());
    while (!recorder->congested()) {
      Recording more = begin(*recorder, sent++);
      more.response_body(large);
      more.finish();
    }
    recorder->when_uncongested([committed = commits_.expect()] { committed(true); });
  }
  ASSERT_TRUE(commits_.wait());
  begin(*recorder, sent++).finish(commits_.expect());
  ASSERT_TRUE(commits_.wait());
  EXPECT_TRUE(recorder->healthy());
  EXPECT_EQ(recorder->stats().last_error, "");
  EXPECT_EQ(value("SELECT count(*) FROM exchange WHERE state = 'complete'"), std::to_string(sent));
  EXPECT_EQ(value("SELECT count(*) FROM body"), std::to_string(small + 1));
  EXPECT_EQ(value("PRAGMA integrity_check"), "ok");
}

}  // namespace
}  // namespace tapedeck::storage
