#pragma once

#include <cstdint>
#include <string>

#include "client/http/result.hpp"
#include "storage/export/json_reader.hpp"

namespace tapedeck::storage {

struct HarImport {
  std::string path;     ///< the log; made when absent
  std::string session;  ///< name of the session the entries become
  std::string command;  ///< for `session.command`
  JsonReader::Limits limits{};
};

/// Reads a HAR into a session of its own, in one transaction: all of it or nothing. Returns how
/// many exchanges there are. The log has one writer: fails while another process records into it.
/// The Failure's detail is a sentence, for a wrong file with the place in it.
Result<std::uint64_t> import_har(const HarImport& import, const JsonReader::Source& source);

}  // namespace tapedeck::storage
