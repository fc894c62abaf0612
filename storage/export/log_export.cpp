#include "storage/export/log_export.hpp"

#include "storage/export/curl_writer.hpp"
#include "storage/export/har_writer.hpp"
#include "storage/export/jsonl_writer.hpp"
#include "storage/export/redactor.hpp"

namespace tapedeck::storage {
namespace {

std::unique_ptr<ExchangeWriter> make_writer(Database& log, const ExportOptions& options,
                                            const Decode& decode, const Out& out) {
  switch (options.format) {
    case ExportFormat::curl:
      return std::make_unique<CurlWriter>(log, out);
    case ExportFormat::jsonl:
      return std::make_unique<JsonlWriter>(log, decode, out);
    case ExportFormat::har:
      break;
  }
  return std::make_unique<HarWriter>(log, decode, out, options.version);
}

}  // namespace

std::uint64_t export_log(Database& log, const Filter& filter, const ExportOptions& options,
                         const Decode& decode, const Out& out) {
  const auto writer = make_writer(log, options, decode, out);
  const Redactor redactor;
  ExchangeCursor exchanges(log, filter);
  LoggedExchange exchange;
  std::uint64_t count = 0;
  writer->begin();
  while (exchanges.next(exchange)) {
    if (options.redact == Redact::standard) redactor.redact(exchange.row);
    writer->write(exchange);
    ++count;
  }
  writer->end();
  return count;
}

}  // namespace tapedeck::storage
