#include "storage/log_writer.hpp"

#include <filesystem>

#include "storage/schema.hpp"

namespace tapedeck::storage {
namespace {

std::string canonical(const std::string& path) {
  make_private(path);
  return std::filesystem::canonical(path);
}

}  // namespace

LogWriter::LogWriter(const std::string& path)
    : path_(canonical(path)), lock_(path_), database_(path_, Database::Access::read_write_create) {
  migrate(database_, path_);
  database_.execute("PRAGMA secure_delete=ON; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-16384");
}

}  // namespace tapedeck::storage
