#include "storage/sqlite.hpp"

#include <fstream>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/storage/scratch.hpp"

namespace tapedeck::storage {
namespace {

class Sqlite : public testing::RecorderTest {};

TEST_F(Sqlite, ReaderSeesWhatALiveWriterCommitted) {
  const auto recorder = open();
  Database reader(path_, Database::Access::read_only);
  Statement count = reader.prepare("SELECT count(*) FROM exchange");
  ASSERT_TRUE(count.step());
  EXPECT_EQ(count.integer(0), 0);
  count.reset();
  begin(*recorder).finish(commits_.expect());
  ASSERT_TRUE(commits_.wait());
  ASSERT_TRUE(count.step());
  EXPECT_EQ(count.integer(0), 1);
}

TEST_F(Sqlite, ReaderCannotWrite) {
  open();
  Database reader(path_, Database::Access::read_only);
  EXPECT_THROW(reader.execute("DELETE FROM session"), SqliteError);
  EXPECT_THROW(reader.execute("CREATE TEMP TABLE t(x)"), SqliteError);
}

TEST_F(Sqlite, ReaderDoesNotCreate) {
  EXPECT_THROW(Database(path_, Database::Access::read_only), SqliteError);
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(Sqlite, ReadsACopyFromAReadOnlyDirectory) {
  begin(*open()).finish();
  // A name that a URI would misread.
  const std::string folder = scratch_.path("50%25 done?#");
  mkdir(folder.c_str(), 0700);
  std::filesystem::copy_file(path_, folder + "/tapedeck.db");
  chmod((folder + "/tapedeck.db").c_str(), 0444);
  chmod(folder.c_str(), 0555);
  chmod(scratch_.path("").c_str(), 0755);
  path_ = folder + "/tapedeck.db";
  // Permissions do not bind root, so somebody else reads.
  const pid_t child = fork();
  if (child == 0) {
    if (getuid() == 0 && setuid(65534) != 0) _exit(2);
    try {
      _exit(value("SELECT count(*) FROM exchange") == "1" ? 0 : 1);
    } catch (const std::exception& error) {
      fprintf(stderr, "%s\n", error.what());
      _exit(3);
    }
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  chmod(folder.c_str(), 0700);
}

TEST_F(Sqlite, StatementGivesBackWhatWasBound) {
  Database database(path_, Database::Access::read_write_create);
  Statement echo = database.prepare("SELECT ?1, ?2, ?3, ?4, ?5, ?6 AS named");
  const std::string blob("a\0b", 3);
  echo.bind(1, std::int64_t{1} << 60).bind(2, 1.5).bind(3, std::string_view{});
  echo.bind_blob(4, blob).bind_or_null(5, "").bind(6, std::optional<std::int64_t>{});
  ASSERT_TRUE(echo.step());
  EXPECT_EQ(echo.integer(0), std::int64_t{1} << 60);
  EXPECT_EQ(echo.real(1), 1.5);
  EXPECT_EQ(echo.column_type(2), SQLITE_TEXT);
  EXPECT_EQ(echo.text(2), "");
  EXPECT_EQ(std::string(echo.blob(3).data(), echo.blob(3).size()), blob);
  EXPECT_TRUE(echo.is_null(4));
  EXPECT_TRUE(echo.is_null(5));
  EXPECT_EQ(echo.column_count(), 6);
  EXPECT_EQ(echo.column_name(5), "named");
  EXPECT_FALSE(echo.step());
}

TEST_F(Sqlite, TransactionIsUndoneUnlessCommitted) {
  Database database(path_, Database::Access::read_write_create);
  database.execute("CREATE TABLE t(x)");
  {
    Transaction transaction(database);
    database.execute("INSERT INTO t VALUES(1)");
  }
  {
    Transaction transaction(database);
    database.execute("INSERT INTO t VALUES(2)");
    EXPECT_EQ(database.changes(), 1);
    transaction.commit();
  }
  EXPECT_EQ(value("SELECT group_concat(x) FROM t"), "2");
}

TEST_F(Sqlite, ErrorsCarryTheCodeAndTheWords) {
  Database database(path_, Database::Access::read_write_create);
  try {
    database.execute("SELECT nonsense");
    FAIL();
  } catch (const SqliteError& error) {
    EXPECT_EQ(error.code(), std::error_code(SQLITE_ERROR, sqlite_category()));
    EXPECT_NE(std::string(error.what()).find("no such column: nonsense"), std::string::npos);
  }
  EXPECT_EQ(std::error_code(SQLITE_FULL, sqlite_category()), std::errc::no_space_on_device);
}

}  // namespace
}  // namespace tapedeck::storage
