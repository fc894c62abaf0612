#include <iostream>
#include <iterator>
#include <sqlite3.h>
#include <vector>

#include "daemon/cli/command.hpp"
#include "daemon/cli/row_json.hpp"
#include "daemon/cli/sql_functions.hpp"

namespace tapedeck::cli {
namespace {

using storage::Statement;

struct Options {
  std::string query;
  bool json = false;
  bool csv = false;
};

/// Rows looked at to find column widths; later ones are printed as they come.
constexpr std::size_t kMeasuredRows = 200;
/// Columns of a table's cell on a terminal before it is cut.
constexpr std::size_t kWidestCell = 60;

std::string cell(const Statement& row, int column) {
  switch (row.column_type(column)) {
    case SQLITE_NULL:
      return "";
    case SQLITE_BLOB:
      return "[" + human_size(static_cast<std::int64_t>(row.blob(column).size())) + "]";
    default:
      return harmless(row.text(column));
  }
}

/// RFC 4180: quoted where it must be, quotes doubled.
std::string csv_cell(std::string_view text) {
  if (text.find_first_of("\",\r\n") == std::string_view::npos) return std::string(text);
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

/// Byte for byte, but on a terminal.
std::string csv_text(std::string_view text, const Terminal& terminal) {
  return csv_cell(terminal.interactive ? harmless(text) : std::string(text));
}

void print_csv(Statement& rows, const Terminal& terminal) {
  for (int i = 0; i < rows.column_count(); ++i) {
    std::cout << (i > 0 ? "," : "") << csv_text(rows.column_name(i), terminal);
  }
  std::cout << "\r\n";
  while (rows.step()) {
    for (int i = 0; i < rows.column_count(); ++i) {
      std::cout << (i > 0 ? "," : "");
      if (!rows.is_null(i)) std::cout << csv_text(rows.text(i), terminal);
    }
    std::cout << "\r\n";
  }
}

/// A table whose columns are as wide as the first rows need.
class Table {
 public:
  Table(const Statement& rows, const Terminal& terminal) : terminal_(terminal) {
    for (int i = 0; i < rows.column_count(); ++i) {
      heads_.push_back(harmless(rows.column_name(i)));
      widths_.push_back(columns(heads_.back()));
    }
  }

  void add(const Statement& row) {
    std::vector<std::string> cells;
    for (int i = 0; i < row.column_count(); ++i) {
      std::string text = cell(row, i);
      if (terminal_.width > 0) text = truncated(text, kWidestCell);
      const auto column = static_cast<std::size_t>(i);
      if (!measured_) widths_[column] = std::max(widths_[column], columns(text));
      cells.push_back(std::move(text));
    }
    numeric_.resize(cells.size(), true);
    for (int i = 0; i < row.column_count(); ++i) {
      const int type = row.column_type(i);
      if (type == SQLITE_TEXT || type == SQLITE_BLOB) numeric_[static_cast<std::size_t>(i)] = false;
    }
    if (measured_) return print(cells, Style::plain);
    held_.push_back(std::move(cells));
    if (held_.size() == kMeasuredRows) flush();
  }

  void flush() {
    if (measured_) return;
    measured_ = true;
    numeric_.resize(heads_.size(), false);
    print(heads_, Style::bold);
    for (const auto& cells : held_) print(cells, Style::plain);
    held_.clear();
  }

 private:
  void print(const std::vector<std::string>& cells, Style style) const {
    std::string line;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      if (i > 0) line += "  ";
      line += numeric_[i]            ? padded_left(cells[i], widths_[i])
              : i + 1 < cells.size() ? padded_right(cells[i], widths_[i])
                                     : cells[i];
    }
    std::cout << styled(terminal_, style, line) << '\n';
  }

  const Terminal& terminal_;
  std::vector<std::string> heads_;
  std::vector<std::size_t> widths_;
  std::vector<bool> numeric_;
  std::vector<std::vector<std::string>> held_;
  bool measured_ = false;
};

struct Split {
  std::string_view first;  ///< "" when the text holds no statement
  std::string_view rest;
};

/// The first statement of the text, without what SQLite passes over: spaces, comments, semicolons.
Split split(storage::Database& log, std::string_view query) {
  while (!query.empty()) {
    sqlite3_stmt* statement = nullptr;
    const char* rest = nullptr;
    const int code = sqlite3_prepare_v2(log.handle(), query.data(), static_cast<int>(query.size()),
                                        &statement, &rest);
    sqlite3_finalize(statement);
    if (code != SQLITE_OK) return {query, {}};
    const std::string_view left = query.substr(static_cast<std::size_t>(rest - query.data()));
    if (statement != nullptr) return {query.substr(0, query.size() - left.size()), left};
    query = left;
  }
  return {};
}

int run_query(const Common& common, Options options) {
  if (options.query.empty()) {
    options.query.assign(std::istreambuf_iterator<char>(std::cin), {});
  }
  const auto opened = common.open_log();
  if (!opened) return complain(opened.error());
  storage::Database& log = **opened;
  add_sql_functions(log);
  const auto [query, rest] = split(log, options.query);
  if (query.empty()) {
    return complain("usage", "no SQL given; try tapedeck sql \"SELECT count(*) FROM exchange\"",
                    kWrongUsage);
  }
  if (!split(log, rest).first.empty()) {
    return complain("usage", "one statement at a time, please", kWrongUsage);
  }
  const Terminal terminal = Terminal::of_stdout(common.color);
  try {
    Statement rows = log.prepare(query);
    if (options.json) {
      while (rows.step()) std::cout << row_json(rows, false) << '\n';
    } else if (options.csv) {
      print_csv(rows, terminal);
    } else {
      Table table(rows, terminal);
      while (rows.step()) table.add(rows);
      table.flush();
    }
  } catch (const storage::SqliteError& error) {
    std::cout.flush();
    const bool denied = (error.code().value() & 0xff) == SQLITE_AUTH ||
                        (error.code().value() & 0xff) == SQLITE_READONLY;
    return complain("sql", error.sentence() + (denied ? " (the log is read-only here)" : ""),
                    kFailed);
  }
  return kDone;
}

}  // namespace

void add_sql(CLI::App& app, const Common& common, Chosen& chosen) {
  CLI::App* const sql = app.add_subcommand("sql", "ask the log in SQL, read-only");
  const auto options = std::make_shared<Options>();
  sql->footer(
      "Examples:\n"
      "  tapedeck sql \"SELECT host, count(*), max(total_us) FROM exchange GROUP BY host\"\n"
      "  tapedeck sql \"SELECT id, header(response_headers, 'content-type') FROM exchange\"\n"
      "  tapedeck sql \"SELECT body_text(response_body_id) FROM exchange WHERE id = 17\"\n"
      "Functions: header(fields, name), body(id), body_text(id). Without a query it is read from\n"
      "standard input. storage/README.md describes tables and columns.");
  sql->add_option("query", options->query, "one SELECT")->type_name("SQL");
  auto* json = sql->add_flag("--json", options->json, "one JSON object a row");
  sql->add_flag("--csv", options->csv, "comma-separated values (RFC 4180)")->excludes(json);
  sql->callback([&common, &chosen, options] {
    chosen = [&common, options] { return run_query(common, *options); };
  });
}

}  // namespace tapedeck::cli
