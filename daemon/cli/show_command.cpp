#include <algorithm>
#include <iostream>

#include <nlohmann/json.hpp>

#include "client/http/grammar.hpp"
#include "daemon/cli/command.hpp"
#include "daemon/cli/decoded_body.hpp"
#include "daemon/cli/json_text.hpp"
#include "daemon/cli/row_json.hpp"
#include "storage/query/log_reader.hpp"

namespace tapedeck::cli {
namespace {

using nlohmann::ordered_json;
using storage::Statement;

struct Options {
  std::int64_t id = 0;
  bool request = false;
  bool response = false;
  bool headers = false;
  bool body = false;
  bool raw = false;
  bool json = false;
};

/// What of a decoded body is shown on a terminal, or held to be indented.
constexpr std::size_t kShownBody = 256 * 1024;

/// One of the two messages of the row.
struct Message {
  std::string start_line;
  ordered_json headers;
  ordered_json trailers;
  std::int64_t body_id = 0;  ///< 0 for none
  std::int64_t size = 0;
};

std::string header(const Message& message, std::string_view name) {
  std::string joined;
  for (const auto& line : message.headers) {
    const std::string field = line[0];
    if (!http::iequals(field, name)) continue;
    if (!joined.empty()) joined += ", ";
    joined += line[1].get<std::string>();
  }
  return joined;
}

ordered_json parse_headers(std::string_view text) {
  ordered_json parsed = ordered_json::parse(text, nullptr, false);
  return parsed.is_array() ? parsed : ordered_json::array();
}

/// The row with its columns by name.
class Row {
 public:
  explicit Row(const Statement& statement) : statement_(statement) {}
  std::string text(std::string_view column) const {
    return std::string(statement_.text(index(column)));
  }
  std::int64_t integer(std::string_view column) const { return statement_.integer(index(column)); }
  /// Also of a column that an older log does not have.
  std::string text_if_any(std::string_view column) const {
    return index(column) < 0 ? std::string() : text(column);
  }
  bool is_null(std::string_view column) const { return statement_.is_null(index(column)); }

 private:
  int index(std::string_view column) const {
    for (int i = 0; i < statement_.column_count(); ++i) {
      if (statement_.column_name(i) == column) return i;
    }
    return -1;
  }
  const Statement& statement_;
};

Message request_of(const Row& row) {
  Message message;
  // The request target: of a tunnel the authority, else path and query.
  std::string target = row.text("mode") == "tunnel" ? row.text("url") : row.text("path");
  if (!row.is_null("query")) target += "?" + row.text("query");
  for (const std::string& part : {row.text("method"), target, row.text("request_version")}) {
    if (part.empty()) continue;
    message.start_line += (message.start_line.empty() ? "" : " ") + part;
  }
  message.headers = parse_headers(row.text("request_headers"));
  message.trailers = parse_headers(row.text("request_trailers"));
  message.body_id = row.integer("request_body_id");
  message.size = row.integer("request_size");
  return message;
}

Message response_of(const Row& row) {
  Message message;
  if (!row.is_null("status")) {
    message.start_line =
        row.text("response_version") + " " + row.text("status") + " " + row.text("reason");
  }
  message.headers = parse_headers(row.text("response_headers"));
  message.trailers = parse_headers(row.text("response_trailers"));
  message.body_id = row.integer("response_body_id");
  message.size = row.integer("response_size");
  return message;
}

void print_headers(const Message& message, const Terminal& terminal) {
  if (!message.start_line.empty()) {
    std::cout << styled(terminal, Style::bold, harmless(message.start_line)) << '\n';
  }
  for (const ordered_json* section : {&message.headers, &message.trailers}) {
    if (section == &message.trailers && !section->empty()) {
      std::cout << styled(terminal, Style::dim, "trailers:") << '\n';
    }
    for (const auto& line : *section) {
      std::cout << styled(terminal, Style::notice, harmless(line[0].get<std::string>())) << ": "
                << harmless(line[1].get<std::string>()) << '\n';
    }
  }
}

/// Hands the body to `sink` until that returns false: content-decoded or, `raw`, as it was on the
/// wire after transfer-decoding.
Result<void> pass_body(storage::Database& log, const Message& message, bool raw,
                       const std::function<bool(std::span<const char>)>& sink) {
  const auto read = [&](const std::function<bool(std::span<const char>)>& take) {
    storage::read_body(log, message.body_id, take);
  };
  return decode_body(raw ? "" : header(message, "content-encoding"), read, sink);
}

/// Text with a few control characters, such as a log's colours, is text: those are escaped. A NUL
/// is in no text, and many controls are in no text worth reading.
bool is_text(std::string_view bytes) {
  const auto controls = std::count_if(bytes.begin(), bytes.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\n' && c != '\r' && c != '\t') || byte == 0x7f;
  });
  return bytes.find('\0') == std::string_view::npos &&
         static_cast<std::size_t>(controls) <= bytes.size() / 10;
}

int undecodable(const Failure& failure) {
  return complain("show", failure.detail + "; --raw shows the stored bytes", kFailed);
}

/// A body for a person: JSON indented, binary summarised, long text cut.
int print_body(storage::Database& log, const Message& message, const Terminal& terminal, bool raw) {
  if (message.body_id == 0) return kDone;
  std::string text;
  bool cut = false;
  auto passed = pass_body(log, message, raw, [&](std::span<const char> piece) {
    const std::size_t room = kShownBody - text.size();
    text.append(piece.data(), std::min(piece.size(), room));
    cut = cut || piece.size() > room;
    return !cut;
  });
  const auto note = [&](const std::string& sentence) {
    std::cout << styled(terminal, Style::dim, "[" + sentence + "]") << '\n';
  };
  const std::string all = raw ? "; --raw > FILE writes " : "; --body > FILE writes ";
  if (!is_text(text)) {
    const std::string type = header(message, "content-type");
    note(human_size(message.size) + " of " + (type.empty() ? "binary data" : harmless(type)) + all +
         "it");
  } else if (!text.empty()) {
    if (!cut && !raw) {
      if (auto indented = indented_json(text)) text = *std::move(indented);
    }
    std::erase(text, '\r');
    std::cout << harmless(text, true) << (text.ends_with('\n') ? "" : "\n");
    if (cut) note("cut at " + human_size(kShownBody) + all + "all");
  }
  return passed ? kDone : undecodable(passed.error());
}

/// A body for a file or a pipe, byte for byte.
int write_body(storage::Database& log, const Message& message, bool raw) {
  if (message.body_id == 0) return kDone;
  auto passed = pass_body(log, message, raw, [](std::span<const char> piece) {
    std::cout.write(piece.data(), static_cast<std::streamsize>(piece.size()));
    return std::cout.good();
  });
  if (passed) return kDone;
  std::cout.flush();
  return undecodable(passed.error());
}

void print_summary(const Row& row, const Terminal& terminal) {
  const auto line = [&](std::string_view label, const std::string& value) {
    if (value.empty()) return;
    std::cout << styled(terminal, Style::dim, padded_right(label, 10)) << harmless(value) << '\n';
  };
  std::string timings;
  for (const char* stage : {"dns", "connect", "tls", "send", "wait", "receive", "total"}) {
    const std::string column = std::string(stage) + "_us";
    if (row.is_null(column)) continue;
    if (!timings.empty()) timings += ", ";
    timings += std::string(stage) + " " + human_duration(row.integer(column));
  }
  std::string upstream = row.text("upstream_address");
  if (!upstream.empty() && row.integer("upstream_reused") != 0) upstream += " (reused)";
  line("exchange", row.text("id") + ", " + row.text("state") + ", " + row.text("mode"));
  line("url", row.text("url"));
  line("started", full_time(row.integer("started_at")));
  line("client", row.text("client"));
  line("upstream", upstream);
  line("timings", timings);
  line("sizes", human_size(row.integer("request_size")) + " up, " +
                    human_size(row.integer("response_size")) + " down");
  line("redacted", row.text_if_any("redacted"));
  if (!row.is_null("error_code")) {
    std::cout << styled(terminal, Style::bad, padded_right("error", 10))
              << harmless(row.text("error_code") + " at " + row.text("error_stage") + ": " +
                          row.text("error_detail"))
              << '\n';
  }
}

int show_message(storage::Database& log, const Message& message, const Options& options,
                 const Terminal& terminal) {
  const bool body_only = options.body || options.raw;
  if (body_only && !terminal.interactive) return write_body(log, message, options.raw);
  if (!body_only) print_headers(message, terminal);
  if (options.headers) return kDone;
  if (!body_only && message.body_id != 0) std::cout << '\n';
  return print_body(log, message, terminal, options.raw);
}

int show(const Common& common, const Options& options) {
  const auto opened = common.open_log();
  if (!opened) return complain(opened.error());
  storage::Database& log = **opened;
  Statement statement = log.prepare(
      "SELECT *, (SELECT url FROM exchange_url WHERE exchange_url.id = exchange.id) AS url "
      "FROM exchange WHERE id = ?1");
  if (!statement.bind(1, options.id).step()) {
    return complain("show", "no exchange " + std::to_string(options.id) + "; see tapedeck ls",
                    kFailed);
  }
  if (options.json) {
    std::cout << row_json(statement, true) << '\n';
    return kDone;
  }
  const Row row(statement);
  const Terminal terminal = Terminal::of_stdout(common.color);
  // One message is meant by --body and --raw: the response, unless --request says otherwise.
  const bool single = options.body || options.raw;
  const bool want_request = options.request || (!single && !options.response);
  const bool want_response = options.response || !options.request;
  if (single && options.request && options.response) {
    return complain("usage", "--body and --raw show one message: --request or --response",
                    kWrongUsage);
  }
  if (!single && !options.request && !options.response) {
    print_summary(row, terminal);
    std::cout << '\n';
  }
  int status = kDone;
  if (want_request) status = show_message(log, request_of(row), options, terminal);
  if (want_request && want_response) std::cout << '\n';
  if (want_response) {
    status = std::max(status, show_message(log, response_of(row), options, terminal));
  }
  return status;
}

}  // namespace

void add_show(CLI::App& app, const Common& common, Chosen& chosen) {
  CLI::App* const command = app.add_subcommand("show", "show one exchange");
  const auto options = std::make_shared<Options>();
  command->footer(
      "Examples:\n"
      "  tapedeck show 17\n"
      "  tapedeck show 17 --request --headers\n"
      "  tapedeck show 17 --body > answer.json\n"
      "Bodies are shown decoded (gzip, deflate, br, zstd); --raw gives the bytes as they were on\n"
      "the wire after transfer-decoding.");
  command->add_option("id", options->id, "number of the exchange, as ls prints it")
      ->required()
      ->type_name("ID");
  command->add_flag("--request", options->request, "the request only");
  command->add_flag("--response", options->response, "the response only");
  auto* headers = command->add_flag("--headers", options->headers, "without the body");
  auto* body = command->add_flag("--body", options->body, "the body only, decoded");
  auto* raw = command->add_flag("--raw", options->raw, "the body only, as stored");
  headers->excludes(body)->excludes(raw);
  body->excludes(raw);
  command->add_flag("--json", options->json, "the row as one JSON object");
  command->callback([&common, &chosen, options] {
    chosen = [&common, options] { return show(common, *options); };
  });
}

}  // namespace tapedeck::cli
