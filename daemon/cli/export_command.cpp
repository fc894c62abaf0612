#include <iostream>
#include <map>

#include "daemon/cli/command.hpp"
#include "daemon/cli/decoded_body.hpp"
#include "daemon/cli/filter_terms.hpp"
#include "daemon/cli/json_text.hpp"
#include "daemon/cli/output_file.hpp"
#include "daemon/version.hpp"
#include "storage/export/log_export.hpp"

namespace tapedeck::cli {
namespace {

using storage::ExportFormat;
using storage::Redact;

struct Options {
  FilterTerms terms;
  std::optional<ExportFormat> format;
  Redact redact = Redact::standard;
  std::string output;
};

/// What the file's name says it is, else HAR.
ExportFormat format_of(std::string_view name) {
  if (name.ends_with(".jsonl") || name.ends_with(".ndjson")) return ExportFormat::jsonl;
  if (name.ends_with(".sh") || name.ends_with(".curl")) return ExportFormat::curl;
  return ExportFormat::har;
}

/// JSON on its way to a terminal, harmless. A character may come in two pieces: its first bytes
/// wait for the others.
class TerminalJson {
 public:
  std::string pass(std::string_view piece) {
    waiting_ += piece;
    std::size_t size = waiting_.size();
    for (std::size_t back = 1; back <= 3 && back <= waiting_.size(); ++back) {
      const char c = waiting_[waiting_.size() - back];
      if ((c & '\xc0') == '\x80') continue;
      if ((c & '\xc0') == '\xc0') size -= back;
      break;
    }
    std::string safe;
    // Line ends are between values: nothing inside a string is one.
    for (std::size_t at = 0; at < size;) {
      const std::size_t end = std::min(waiting_.find('\n', at), size);
      safe += harmless_json(std::string_view(waiting_).substr(at, end - at));
      if (end < size) safe += '\n';
      at = end + 1;
    }
    waiting_.erase(0, size);
    return safe;
  }

 private:
  std::string waiting_;
};

void write_stdout(std::string_view bytes) {
  std::cout.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  // The sentence is the command line's: a full disk ends every command alike.
  if (!std::cout.good()) throw std::ios_base::failure("standard output");
}

int to_stdout(storage::Database& log, const storage::Filter& filter,
              const storage::ExportOptions& options, const Terminal& terminal) {
  TerminalJson json;
  const bool raw = !terminal.interactive || options.format == ExportFormat::curl;
  try {
    storage::export_log(log, filter, options, decode_body, [&](std::string_view piece) {
      raw ? write_stdout(piece) : write_stdout(json.pass(piece));
    });
  } catch (const std::ios_base::failure&) {
    return kFailed;
  }
  return kDone;
}

int to_file(storage::Database& log, const storage::Filter& filter,
            const storage::ExportOptions& options, const std::string& path) {
  std::uint64_t count = 0;
  try {
    OutputFile file(path);
    count = storage::export_log(log, filter, options, decode_body,
                                [&](std::string_view piece) { file.write(piece); });
    file.finish();
  } catch (const FailureError& error) {
    return complain("write", error.failure().detail + ": " + error.failure().code.message(),
                    kFailed);
  }
  std::cerr << "tapedeck: exported " << count << (count == 1 ? " exchange" : " exchanges") << " to "
            << harmless(path) << '\n';
  return kDone;
}

int run_export(const Common& common, const Options& options) {
  int status = kDone;
  const auto filter = parse_filter(options.terms, status);
  if (!filter) return status;
  const auto log = common.open_log();
  if (!log) return complain(log.error());
  const storage::ExportOptions chosen{options.format.value_or(format_of(options.output)),
                                      options.redact, std::string(kVersion)};
  if (options.output.empty() || options.output == "-") {
    return to_stdout(**log, *filter, chosen, Terminal::of_stdout(common.color));
  }
  return to_file(**log, *filter, chosen, options.output);
}

}  // namespace

void add_export(CLI::App& app, const Common& common, Chosen& chosen) {
  CLI::App* const command = app.add_subcommand("export", "write exchanges as HAR, curl or JSON");
  const auto options = std::make_shared<Options>();
  command->footer(
      std::string("Examples:\n"
                  "  tapedeck export host:api.example.com since:1h -o api.har\n"
                  "  tapedeck export id:17 --format curl\n"
                  "  tapedeck export session:nightly --format jsonl | jq .url\n"
                  "Credentials in headers and cookies are replaced by marks; --redact none keeps "
                  "them.\n") +
      kFilterHelp);
  options->terms = add_filter_terms(*command, [&common, &chosen, options] {
    chosen = [&common, options] { return run_export(common, *options); };
  });
  command
      ->add_option("--format", options->format,
                   "har, curl or jsonl (default: what the file's name says, else har)")
      ->transform(CLI::CheckedTransformer(
                      std::map<std::string, ExportFormat>{{"har", ExportFormat::har},
                                                          {"curl", ExportFormat::curl},
                                                          {"jsonl", ExportFormat::jsonl}})
                      .description(""))
      ->type_name("FORMAT");
  command->add_option("--redact", options->redact, "standard (default) or none")
      ->transform(
          CLI::CheckedTransformer(
              std::map<std::string, Redact>{{"standard", Redact::standard}, {"none", Redact::none}})
              .description(""))
      ->type_name("WHAT");
  command
      ->add_option("-o,--output", options->output, "write to FILE, which appears when it is whole")
      ->type_name("FILE");
}

}  // namespace tapedeck::cli
