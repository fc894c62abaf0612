// A HAR is read or refused with a sentence; what it leaves behind is rolled back.
#include <filesystem>
#include <unistd.h>

#include "storage/body_store.hpp"
#include "storage/export/har_reader.hpp"
#include "storage/schema.hpp"
#include "tests/fuzz/pieces.hpp"

using namespace tapedeck;

namespace {

struct Log {
  std::string folder =
      std::filesystem::temp_directory_path() / ("fuzz-har-" + std::to_string(getpid()));
  std::string path = folder + "/log.db";
  std::unique_ptr<storage::Database> database;
  std::unique_ptr<storage::BodyStore> bodies;

  Log() {
    storage::make_private(path);
    database =
        std::make_unique<storage::Database>(path, storage::Database::Access::read_write_create);
    storage::migrate(*database, path);
    bodies = std::make_unique<storage::BodyStore>(*database);
  }
  ~Log() {
    bodies.reset();
    database.reset();
    std::filesystem::remove_all(folder);
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Log log;
  const std::string text(reinterpret_cast<const char*>(data), size);
  log.bodies->begin_transaction();
  try {
    const storage::Transaction transaction(*log.database);
    storage::JsonReader json(text);
    storage::HarReader reader(json, *log.bodies, log.folder);
    reader.read([](const storage::HarEntry& entry) {
      fuzz::require(entry.row.state != storage::State::open);
    });
  } catch (const storage::JsonError& error) {
    fuzz::require(*error.what() != '\0');
  }
  log.bodies->roll_back();
  return 0;
}
