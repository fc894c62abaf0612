#pragma once

#include <cstdint>
#include <string>

#include "storage/export/body_text.hpp"
#include "storage/query/filter.hpp"

namespace tapedeck::storage {

/// har: HAR 1.2; curl: a script for sh; jsonl: an exchange a line.
enum class ExportFormat { har, curl, jsonl };
/// What is taken out on the way: the values of credentials, or nothing.
enum class Redact { standard, none };

struct ExportOptions {
  ExportFormat format = ExportFormat::har;
  Redact redact = Redact::standard;
  std::string version;  ///< of the program, for HAR's creator
};

/// Writes the exchanges that `filter` lets through, oldest first, to `out`; returns how many.
/// Memory does not grow with the log. Throws SqliteError, and what `out` throws.
std::uint64_t export_log(Database& log, const Filter& filter, const ExportOptions& options,
                         const Decode& decode, const Out& out);

}  // namespace tapedeck::storage
