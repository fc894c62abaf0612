#include <map>
#include <mutex>
#include <tuple>

#include "storage/body_store.hpp"
#include "storage/recorder.hpp"
#include "tests/storage/faulty_disk.hpp"
#include "tests/storage/scratch.hpp"

namespace tapedeck::storage {
namespace {

using testing::bytes;
using testing::FaultyDisk;
using testing::FileCall;

constexpr int kExchanges = 6;
/// Small, and in parts; two of them the same bytes.
constexpr std::size_t kSizes[] = {0, 100, 100, kChunkSize, 3 * kChunkSize + 1};

/// One recording with one call of SQLite's to the disk failing: which call, how many in a row from
/// there, and when it commits.
class EachCall : public testing::RecorderTest,
                 public ::testing::WithParamInterface<std::tuple<FileCall, int, Commit>> {
 protected:
  /// Records, from an open of the log to its close; how many exchanges it says are lost, or
  /// kExchanges where the log could not even be opened.
  std::size_t record() {
    RecorderOptions options;
    options.path = path_;
    options.commit = std::get<Commit>(GetParam());
    options.retry_delay = std::chrono::milliseconds(1);
    auto recorder = Recorder::open(std::move(options));
    if (!recorder) {
      EXPECT_EQ(recorder.error().stage, Stage::record);
      EXPECT_NE(recorder.error().detail, "");
      return kExchanges;
    }
    for (int n = 1; n <= kExchanges; ++n) {
      Recording recording = begin(**recorder, n);
      recording.request_body(body_of(n));
      if (n % 3 == 0) recording.publish();
      recording.response_body(body_of(n + 1));
      recording.finish([this, n](bool ok) { note(n, ok); });
      if (n % 2 == 0) wait(n);
    }
    return (*recorder)->close();
  }

  static std::string body_of(int n) {
    const std::size_t size = kSizes[static_cast<std::size_t>(n) % std::size(kSizes)];
    return bytes(size, static_cast<unsigned>(size));
  }

  void note(int n, bool ok) {
    const std::lock_guard lock(mutex_);
    committed_[n] = ok;
    changed_.notify_all();
  }

  void wait(int n) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return committed_.contains(n); });
  }

  void check(std::size_t lost) {
    EXPECT_EQ(value("PRAGMA integrity_check"), "ok");
    std::size_t found = 0;
    for (int n = 1; n <= kExchanges; ++n) {
      const std::string where = " WHERE path = '/" + std::to_string(n) + "'";
      const std::string count = value("SELECT count(*) FROM exchange" + where);
      ASSERT_LE(count, "1") << n;
      if (committed_[n]) {
        EXPECT_EQ(count, "1") << n;
      }
      if (count == "0" || value("SELECT state FROM exchange" + where) != "complete") continue;
      ++found;
      EXPECT_EQ(kept("request_body_id", where), body_of(n)) << n;
      EXPECT_EQ(kept("response_body_id", where), body_of(n + 1)) << n;
    }
    EXPECT_EQ(found, kExchanges - lost);
    EXPECT_EQ(value("SELECT count(*) FROM (SELECT 1 FROM body WHERE sha256 IS NOT NULL"
                    " GROUP BY sha256 HAVING count(*) > 1)"),
              "0");
  }

  std::string kept(const std::string& column, const std::string& where) {
    const std::string id = value("SELECT " + column + " FROM exchange" + where);
    return id == "NULL" ? "" : body(id);
  }

  std::map<int, bool> committed_;

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
};

/// Of each kind one call after another, until a recording makes no more of them than have failed.
TEST_P(EachCall, OfTheDiskMayFail) {
  const auto& [call, count, commit] = GetParam();
  int struck = 0;
  for (int nth = 1;; ++nth) {
    SCOPED_TRACE(nth);
    path_ = scratch_.path(std::to_string(nth) + ".db");
    committed_.clear();
    std::size_t lost = 0;
    {
      FaultyDisk disk(call, nth, count);
      lost = record();
      if (!disk.struck()) break;
      ++struck;
    }
    if (lost == kExchanges && !std::filesystem::exists(path_)) continue;
    { const auto opens_again = open(); }
    check(lost);
    if (HasFatalFailure() || HasNonfatalFailure()) break;
  }
  EXPECT_GT(struck, 0);
}

std::string name_of(const ::testing::TestParamInfo<EachCall::ParamType>& tested) {
  const bool strict = std::get<Commit>(tested.param) == Commit::strict;
  return std::string(to_string(std::get<FileCall>(tested.param))) +
         (strict ? "_strict" : "_batched");
}

INSTANTIATE_TEST_SUITE_P(Once, EachCall,
                         ::testing::Combine(::testing::Values(FileCall::open, FileCall::read,
                                                              FileCall::write, FileCall::truncate,
                                                              FileCall::sync, FileCall::remove,
                                                              FileCall::shared_memory),
                                            ::testing::Values(1),
                                            ::testing::Values(Commit::batched, Commit::strict)),
                         name_of);

INSTANTIATE_TEST_SUITE_P(FromThenOn, EachCall,
                         ::testing::Combine(::testing::Values(FileCall::write, FileCall::sync),
                                            ::testing::Values(1'000'000),
                                            ::testing::Values(Commit::strict)),
                         name_of);

}  // namespace
}  // namespace tapedeck::storage
