#include "storage/export/har_import.hpp"

#include <filesystem>

#include "storage/exchange_table.hpp"
#include "storage/export/har_reader.hpp"
#include "storage/log_writer.hpp"
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
    LogWriter log(import.path);
    const auto directory = std::filesystem::path(log.path()).parent_path();
    return read_into(log.database(), import, directory, source);
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
