#include "storage/schema.hpp"

#include <array>
#include <fcntl.h>
#include <fstream>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/storage/scratch.hpp"

namespace tapedeck::storage {
namespace {

using testing::bytes;

/// The permission bits of a file.
int mode(const std::string& path) {
  struct stat status {};
  return stat(path.c_str(), &status) == 0 ? static_cast<int>(status.st_mode & 07777) : -1;
}

/// A umask for as long as it lives.
class Umask {
 public:
  explicit Umask(mode_t mask) : before_(umask(mask)) {}
  ~Umask() { umask(before_); }
  Umask(const Umask&) = delete;
  Umask& operator=(const Umask&) = delete;

 private:
  mode_t before_;
};

class Schema : public testing::RecorderTest {
 protected:
  /// Runs SQL on the file as another program would.
  void meddle(const std::string& sql) {
    Database database(path_, Database::Access::read_write_create);
    database.execute(sql);
  }
};

TEST_F(Schema, IsStampedAndShrinkable) {
  open();
  EXPECT_EQ(value("PRAGMA user_version"), std::to_string(schema_version()));
  EXPECT_EQ(value("PRAGMA application_id"), std::to_string(kApplicationId));
  EXPECT_EQ(value("PRAGMA journal_mode"), "wal");
  EXPECT_EQ(value("PRAGMA auto_vacuum"), "2");
}

TEST_F(Schema, FilesArePrivateWhateverTheUmask) {
  const Umask open_to_all(0);
  path_ = scratch_.path("a/b/tapedeck.db");
  const auto recorder = open();
  begin(*recorder).finish(commits_.expect());
  ASSERT_TRUE(commits_.wait());
  EXPECT_EQ(mode(scratch_.path("a")), 0700);
  EXPECT_EQ(mode(scratch_.path("a/b")), 0700);
  for (const char* suffix : {"", "-wal", "-shm", ".lock"}) {
    EXPECT_EQ(mode(path_ + suffix), 0600) << suffix;
  }
}

TEST_F(Schema, TightensAFileOpenToOthers) {
  open();
  chmod(path_.c_str(), 0644);
  open();
  EXPECT_EQ(mode(path_), 0600);
}

TEST_F(Schema, LeavesAnExistingDirectoryAsItIs) {
  mkdir(scratch_.path("shared").c_str(), 0755);
  chmod(scratch_.path("shared").c_str(), 0755);
  path_ = scratch_.path("shared/tapedeck.db");
  open();
  EXPECT_EQ(mode(scratch_.path("shared")), 0755);
}

TEST_F(Schema, RefusesANewerOne) {
  open();
  meddle("PRAGMA user_version = 99");
  EXPECT_EQ(refusal(), path_ +
                           " was written by a newer tapedeck (schema 99, this one knows up to " +
                           std::to_string(schema_version()) + "); use that version");
}

TEST_F(Schema, RefusesAnotherProgramsDatabase) {
  meddle("CREATE TABLE bookmarks(url)");
  EXPECT_EQ(refusal(), path_ + " is another program's SQLite database; name a different file");
  EXPECT_EQ(value("SELECT count(*) FROM sqlite_schema"), "1");
}

TEST_F(Schema, RefusesAnEmptyDatabaseOfAnotherProgram) {
  meddle("PRAGMA application_id = 7; PRAGMA user_version = 1");
  EXPECT_EQ(refusal(), path_ + " is another program's SQLite database; name a different file");
}

TEST_F(Schema, RefusesWhatIsNoDatabase) {
  std::ofstream(path_) << bytes(8192);
  EXPECT_EQ(refusal(), path_ + " is not a SQLite database");
}

TEST_F(Schema, RefusesADamagedFile) {
  open();
  std::filesystem::resize_file(path_, 16384);
  EXPECT_EQ(refusal(), path_ + " is damaged; move it away, or rescue it with sqlite3's .recover");
}

TEST_F(Schema, RefusesADirectory) {
  path_ = scratch_.path("");
  EXPECT_NE(refusal(), "not refused");
}

TEST_F(Schema, MigratesForwardAndKeepsACopy) {
  begin(*open()).finish();
  std::vector<const char*> steps(schema_steps().begin(), schema_steps().end());
  steps.push_back("ALTER TABLE session ADD COLUMN mood TEXT; UPDATE session SET mood = 'new'");
  {
    Database database(path_, Database::Access::read_write_create);
    migrate(database, path_, steps);
  }
  const std::string now = std::to_string(schema_version());
  EXPECT_EQ(value("PRAGMA user_version"), std::to_string(steps.size()));
  EXPECT_EQ(value("SELECT mood FROM session"), "new");
  EXPECT_EQ(mode(path_ + ".v" + now + "-backup"), 0600);
  path_ += ".v" + now + "-backup";
  EXPECT_EQ(value("PRAGMA user_version"), now);
  EXPECT_EQ(value("SELECT count(*) FROM exchange"), "1");
}

TEST_F(Schema, OpensALogOfEachOlderVersion) {
  for (int version = 1; version < schema_version(); ++version) {
    path_ = scratch_.path("v" + std::to_string(version) + ".db");
    std::ifstream file(std::string(TAPEDECK_TEST_DATA) + "/log-v" + std::to_string(version) +
                       ".sql");
    meddle({std::istreambuf_iterator<char>(file), {}});
    ASSERT_EQ(value("PRAGMA user_version"), std::to_string(version));
    begin(*open()).finish();
    EXPECT_EQ(value("PRAGMA user_version"), std::to_string(schema_version()));
    EXPECT_EQ(
        value("SELECT group_concat(url, ' ') FROM exchange_url"),
        "http://127.0.0.1:18911/a.json http://127.0.0.1:18911/missing?q=1 http://127.0.0.1:9/ "
        "http://example.test/1");
    EXPECT_EQ(value("PRAGMA integrity_check"), "ok");
    EXPECT_EQ(body("1"), "{\"hello\":\"world\"}\n");
    path_ += ".v" + std::to_string(version) + "-backup";
    EXPECT_EQ(value("SELECT count(*) FROM exchange"), "3");
  }
}

TEST_F(Schema, LeavesTheFileAsItWasWhenAStepFails) {
  open();
  std::vector<const char*> steps(schema_steps().begin(), schema_steps().end());
  steps.push_back("DROP TABLE session");
  steps.push_back("ALTER TABLE absent ADD COLUMN x");
  {
    Database database(path_, Database::Access::read_write_create);
    EXPECT_THROW(migrate(database, path_, steps), SqliteError);
  }
  EXPECT_EQ(value("PRAGMA user_version"), std::to_string(schema_version()));
  EXPECT_EQ(value("SELECT count(*) FROM session"), "1");
}

TEST_F(Schema, AssemblesUrls) {
  const auto recorder = open();
  const auto record = [&](auto change) {
    Recording recording = begin(*recorder);
    change(recording.row());
    recording.finish(commits_.expect());
  };
  record([](Exchange&) {});
  record([](Exchange& row) { row.port = 8080, row.query = ""; });
  record([](Exchange& row) { row.scheme = "https", row.port = 443, row.query = "a=b"; });
  record([](Exchange& row) { row.host = "::1", row.scheme = "https"; });
  record([](Exchange& row) {
    row.mode = Mode::tunnel, row.method = "CONNECT", row.scheme = "", row.port = 443, row.path = "";
  });
  record([](Exchange& row) { row = Exchange{}; });
  ASSERT_TRUE(commits_.wait());
  EXPECT_EQ(value("SELECT group_concat(url, ' ') FROM exchange_url"),
            "http://example.test/1 http://example.test:8080/1? https://example.test/1?a=b "
            "https://[::1]:80/1 example.test:443 ");
}

TEST_F(Schema, ListsHeadersOneToARow) {
  const auto recorder = open();
  Recording recording = begin(*recorder);
  recording.row().request_headers.add("X-\"Quoted\"", "caf\xe9");
  recording.finish(commits_.expect());
  ASSERT_TRUE(commits_.wait());
  EXPECT_EQ(value("SELECT group_concat(position || ' ' || name || ': ' || value, '; ')"
                  " FROM request_header WHERE exchange_id = 1"),
            "0 Host: example.test; 1 X-\"Quoted\": caf\xc3\xa9");
  EXPECT_EQ(value("SELECT value FROM response_header WHERE name = 'Content-Type'"), "text/plain");
}

TEST_F(Schema, CheckReadableSaysWhatIsWrong) {
  open();
  const auto check = [&] {
    Database database(path_, Database::Access::read_only);
    const auto result = check_readable(database, path_);
    return result ? "" : result.error().detail;
  };
  EXPECT_EQ(check(), "");
  meddle("PRAGMA user_version = 99");
  EXPECT_NE(check().find("newer tapedeck"), std::string::npos);
  path_ = scratch_.path("other.db");
  meddle("CREATE TABLE bookmarks(url)");
  EXPECT_EQ(check(), path_ + " is not a tapedeck database");
}

}  // namespace
}  // namespace tapedeck::storage
