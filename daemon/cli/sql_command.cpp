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

void print_csv(Statement& rows, const Terminal& terminal) {
  for (int i = 0; i < rows.column_count(); ++i) {
    std::cout << (i > 0 ? "," : "") << csv_cell(rows.column_name(i));
  }
  std::cout << "\r\n";
  while (rows.step()) {
    for (int i = 0; i < rows.column_count(); ++i) {
      std::cout << (i > 0 ? "," : "");
      if (rows.is_null(i)) continue;
      std::cout << csv_cell(terminal.interactive ? harmless(rows.text(i), true)
                                                 : std::string(rows.text(i)));
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

/// The first statement of the text and what follows it.
Statement prepare_one(storage::Database& log, const std::string& query) {
  sqlite3_stmt* unused = nullptr;
  const char* rest = nullptr;
  const int code = sqlite3_prepare_v2(log.handle(), query.c_str(), -1, &unused, &rest);
  sqlite3_finalize(unused);
  if (code == SQLITE_OK &&
      std::string_view(rest).find_first_not_of(" \t\r\n;") != std::string_view::npos) {
    throw storage::SqliteError(SQLITE_ERROR, "one statement at a time, please");
  }
  return log.prepare(query);
}

int run_query(const Common& common, Options options) {
  if (options.query.empty()) {
    options.query.assign(std::istreambuf_iterator<char>(std::cin), {});
  }
  if (options.query.find_first_not_of(" \t\r\n;") == std::string::npos) {
    return complain("usage", "no SQL given; try tapedeck sql \"SELECT count(*) FROM exchange\"",
                    kWrongUsage);
  }
  const auto log = common.open_log();
  if (!log) return kFailed;
  add_sql_functions(*log);
  try {
    Statement rows = prepare_one(*log, options.query);
    if (options.json) {
      while (rows.step()) std::cout << row_json(rows, false) << '\n';
    } else if (options.csv) {
      print_csv(rows, Terminal::of_stdout(common.color));
    } else {
      const Terminal terminal = Terminal::of_stdout(common.color);
      Table table(rows, terminal);
      while (rows.step()) table.add(rows);
      table.flush();
    }
  } catch (const storage::SqliteError& error) {
    std::cout.flush();
    const bool denied = (error.code().value() & 0xff) == SQLITE_AUTH ||
                        (error.code().value() & 0xff) == SQLITE_READONLY;
    return complain("sql",
                    harmless(error.sentence()) + (denied ? " (the log is read-only here)" : ""),
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
