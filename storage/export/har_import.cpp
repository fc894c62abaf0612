#include "storage/export/har_import.hpp"

#include <filesystem>

#include "storage/exchange_table.hpp"
#include "storage/export/har_reader.hpp"
#include "storage/lock_file.hpp"
#include "storage/schema.hpp"
#include "storage/session_table.hpp"

namespace tapedeck::storage {
namespace {

std::uint64_t read_into(Database& database, const HarImport& import, const std::string& directory,
                        const JsonReader::Source& source) {
  Transaction transaction(database);
  BodyStore bodies(database);
  const std::int64_t session = begin_session(database, import.session, import.command);
  ExchangeTable exchanges(database, session);
  JsonReader json(source, import.limits);
  std::uint64_t count = 0;
  HarReader(json, bodies, directory).read([&](const HarEntry& entry) {
    exchanges.insert(exchanges.reserve_id(), entry.row, {entry.request_body, entry.response_body});
    ++count;
  });
  end_session(database, session);
  transaction.commit();
  return count;
}

}  // namespace

Result<std::uint64_t> import_har(const HarImport& import, const JsonReader::Source& source) {
  try {
    make_private(import.path);
    const std::filesystem::path path = std::filesystem::canonical(import.path);
    const LockFile lock(path);
    Database database(path, Database::Access::read_write_create);
    migrate(database, path);
    database.execute("PRAGMA synchronous=NORMAL; PRAGMA cache_size=-16384");
    return read_into(database, import, path.parent_path(), source);
  } catch (const JsonError& error) {
    return Failure{std::make_error_code(std::errc::invalid_argument), Stage::record, Blame::remote,
                   error.what()};
  } catch (const SqliteError& error) {
    return Failure{error.code(), Stage::record, Blame::local, error.sentence()};
  } catch (const std::exception& error) {
    return Failure{std::make_error_code(std::errc::io_error), Stage::record, Blame::local,
                   error.what()};
  }
}

}  // namespace tapedeck::storage
