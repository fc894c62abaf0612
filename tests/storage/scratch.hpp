#pragma once

#include <condition_variable>
#include <filesystem>
#include <functional>
#include <gtest/gtest.h>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "storage/recorder.hpp"
#include "storage/sqlite.hpp"
#include "tests/support/scratch_directory.hpp"

namespace tapedeck::storage::testing {

using test::ScratchDirectory;

/// Callbacks to hand to publish() and finish(), and what they were told.
class Commits {
 public:
  std::function<void(bool)> expect();
  /// Waits until every callback made so far has been called; true when all were told `ok`.
  bool wait();

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int expected_ = 0;
  int called_ = 0;
  bool all_ok_ = true;
};

/// A fresh database, a recorder into it and a reader's eye on it.
class RecorderTest : public ::testing::Test {
 protected:
  RecorderTest();

  /// Opens a recorder into `path_`, or fails the test.
  std::unique_ptr<Recorder> open(RecorderOptions options = {});
  /// The Failure's text of an open that must fail.
  std::string refusal(RecorderOptions options = {});

  /// A GET of http://example.test/n, answered with 200.
  static void fill(Exchange& row, int n = 1);
  static Recording begin(Recorder& recorder, int n = 1);

  /// The only value of a query's only row: NULL is "NULL", no row "none".
  std::string value(const std::string& sql);
  /// A stored body, whole.
  std::string body(const std::string& id);

  ScratchDirectory scratch_;
  std::string path_ = scratch_.path("tapedeck.db");
  Commits commits_;
};

/// `size` bytes that differ with `seed`.
std::string bytes(std::size_t size, unsigned seed = 1);

}  // namespace tapedeck::storage::testing
