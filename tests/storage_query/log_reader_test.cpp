#include "storage/query/log_reader.hpp"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <unistd.h>

#include "storage/recorder.hpp"

namespace tapedeck::storage {
namespace {

class LogReader : public testing::Test {
 protected:
  LogReader() {
    std::string pattern = (std::filesystem::temp_directory_path() / "tapedeck-XXXXXX").string();
    directory_ = mkdtemp(pattern.data());
    path_ = directory_ / "log.db";
  }
  ~LogReader() override { std::filesystem::remove_all(directory_); }

  void record(const std::string& body) {
    RecorderOptions options;
    options.path = path_;
    auto recorder = Recorder::open(options);
    ASSERT_TRUE(recorder) << recorder.error().to_string();
    Recording recording = (*recorder)->begin();
    recording.response_body(body);
    recording.row().state = State::complete;
    recording.finish();
  }

  std::string read(Database& log) {
    Statement row = log.prepare("SELECT response_body_id FROM exchange");
    std::string body;
    if (!row.step()) return "no row";
    read_body(log, row.integer(0), [&](std::span<const char> piece) {
      body.append(piece.data(), piece.size());
      return true;
    });
    return body;
  }

  std::filesystem::path directory_;
  std::string path_;
};

TEST_F(LogReader, ReadsSmallAndLargeBodiesWhole) {
  for (const std::size_t size : {1u, 1000u, 65'536u, 65'537u, 1'000'000u}) {
    std::filesystem::remove(path_);
    std::string body(size, 'x');
    for (std::size_t i = 0; i < size; ++i) body[i] = static_cast<char>(i * 31 % 251);
    record(body);
    const auto log = open_log(path_);
    ASSERT_TRUE(log);
    EXPECT_TRUE(read(**log) == body) << size;
  }
}

TEST_F(LogReader, StopsWhenTheSinkHasEnough) {
  record(std::string(1'000'000, 'x'));
  const auto log = open_log(path_);
  ASSERT_TRUE(log);
  std::size_t pieces = 0;
  Statement row = (*log)->prepare("SELECT response_body_id FROM exchange");
  ASSERT_TRUE(row.step());
  read_body(**log, row.integer(0), [&](std::span<const char>) { return ++pieces < 2; });
  EXPECT_EQ(pieces, 2u);
}

TEST_F(LogReader, ACopyAndAReadOnlyMediumAreReadable) {
  record("hello");
  const std::string copy = directory_ / "copy.db";
  std::filesystem::copy_file(path_, copy);
  std::filesystem::permissions(
      directory_, std::filesystem::perms::owner_read | std::filesystem::perms::owner_exec);
  const auto log = open_log(copy);
  ASSERT_TRUE(log) << log.error().to_string();
  EXPECT_EQ(read(**log), "hello");
  std::filesystem::permissions(directory_, std::filesystem::perms::owner_all);
}

TEST_F(LogReader, WhatIsNotALogIsRefusedWithASentence) {
  EXPECT_NE(open_log(path_).error().to_string().find("no log there yet"), std::string::npos);
  EXPECT_NE(open_log(directory_).error().to_string().find("a log is a file"), std::string::npos);
  std::ofstream(path_) << std::string(5'000, 'n');
  EXPECT_NE(open_log(path_).error().to_string().find(path_), std::string::npos);
  std::filesystem::remove(path_);
  {
    Database other(path_, Database::Access::read_write_create);
    other.execute("CREATE TABLE t (x)");
  }
  EXPECT_NE(open_log(path_).error().to_string().find("not a tapedeck database"), std::string::npos);
}

TEST_F(LogReader, ANewerSchemaIsRefused) {
  record("x");
  {
    Database log(path_, Database::Access::read_write_create);
    log.execute("PRAGMA user_version = 99");
  }
  EXPECT_NE(open_log(path_).error().to_string().find("newer"), std::string::npos);
}

TEST_F(LogReader, AReaderCannotWrite) {
  record("x");
  const auto log = open_log(path_);
  ASSERT_TRUE(log);
  EXPECT_THROW((*log)->execute("DELETE FROM exchange"), SqliteError);
}

}  // namespace
}  // namespace tapedeck::storage
