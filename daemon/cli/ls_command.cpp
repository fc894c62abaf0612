#include <iostream>
#include <thread>
#include <unistd.h>

#include "daemon/cli/command.hpp"
#include "daemon/cli/filter_terms.hpp"
#include "daemon/cli/row_json.hpp"
#include "storage/query/search.hpp"

namespace tapedeck::cli {
namespace {

using storage::Statement;

struct Options {
  FilterTerms terms;
  std::int64_t limit = 50;
  bool json = false;
  bool follow = false;
  bool print_sql = false;
};

/// How often --follow looks for new rows.
constexpr std::chrono::milliseconds kFollowEvery{200};

/// What a line, or with --json an object, is made of.
std::string selected(bool json) {
  const std::string columns =
      json ? "*" : "id, started_at, method, status, response_size, total_us, state, error_code";
  return "SELECT " + columns +
         ", (SELECT url FROM exchange_url WHERE exchange_url.id = exchange.id) AS url "
         "FROM exchange WHERE ";
}

Style status_style(std::int64_t status) {
  if (status < 300) return Style::good;
  if (status < 400) return Style::notice;
  return status < 500 ? Style::warning : Style::bad;
}

void print_line(const Statement& row, const Terminal& terminal, std::int64_t now) {
  const std::string id = padded_left(std::to_string(row.integer(0)), 6);
  const std::string time = padded_right(human_time(row.integer(1), now), 12);
  const std::string method = padded_right(row.is_null(2) ? "-" : harmless(row.text(2)), 7);
  const std::string status = row.is_null(3) ? "  -" : std::to_string(row.integer(3));
  const std::string size = padded_left(human_size(row.integer(4)), 7);
  const std::string duration =
      padded_left(row.is_null(5) ? "…" : human_duration(row.integer(5)), 7);
  std::string url = harmless(row.text(8));
  std::string mark;
  if (row.text(6) != "complete") mark = " " + std::string(row.text(6));
  if (!row.is_null(7)) mark += " " + harmless(row.text(7));

  const std::size_t fixed =
      columns(id) + columns(time) + columns(method) + columns(size) + columns(duration) + 3 + 6;
  if (terminal.width > 0) {
    const std::size_t room =
        terminal.width > fixed + columns(mark) + 20 ? terminal.width - fixed - columns(mark) : 20;
    url = truncated(url, room);
  }
  std::cout << styled(terminal, Style::dim, id) << ' ' << styled(terminal, Style::dim, time) << ' '
            << styled(terminal, Style::bold, method) << ' '
            << styled(terminal, row.is_null(3) ? Style::dim : status_style(row.integer(3)), status)
            << ' ' << size << ' ' << duration << ' ' << url << styled(terminal, Style::bad, mark)
            << '\n';
}

std::string listing_sql(const Options& options, const std::string& condition) {
  return selected(options.json) + condition + " ORDER BY id DESC LIMIT " +
         std::to_string(options.limit);
}

void print(const Statement& row, const Options& options, const Terminal& terminal) {
  if (options.json) {
    std::cout << row_json(row, true) << '\n';
  } else {
    print_line(row, terminal, now_us());
  }
}

std::int64_t newest(storage::Database& log) {
  Statement statement = log.prepare("SELECT coalesce(max(id), 0) FROM exchange");
  statement.step();
  return statement.integer(0);
}

/// Rows as they are finished, oldest first; one that is still open waits for its end and then
/// comes once.
int follow(storage::Database& log, const storage::Filter& filter, const Options& options,
           const Terminal& terminal) {
  std::vector<std::int64_t> open;
  std::int64_t seen = newest(log);
  Statement next = log.prepare("SELECT id, state = 'open' FROM exchange WHERE id > ?1 ORDER BY id");
  Statement one =
      log.prepare(selected(options.json) + "id = ?1 AND state <> 'open' AND " + filter.condition());
  Statement still_open = log.prepare("SELECT 1 FROM exchange WHERE id = ?1 AND state = 'open'");
  const auto show = [&](std::int64_t id) {
    one.bind(1, id);
    filter.bind(one, 2);
    if (one.step()) print(one, options, terminal);
    one.reset();
  };
  while (true) {
    std::erase_if(open, [&](std::int64_t id) {
      const bool waits = still_open.bind(1, id).step();
      still_open.reset();
      if (!waits) show(id);
      return !waits;
    });
    next.bind(1, seen);
    while (next.step()) {
      seen = next.integer(0);
      if (next.integer(1) != 0) {
        open.push_back(seen);
      } else {
        show(seen);
      }
    }
    next.reset();
    std::cout.flush();
    std::this_thread::sleep_for(kFollowEvery);
  }
}

int list(const Common& common, const Options& options) {
  int status = kDone;
  const auto filter = parse_filter(options.terms, status);
  if (!filter) return status;
  if (options.print_sql) {
    std::cout << listing_sql(options, filter->readable()) << '\n';
    return kDone;
  }
  const auto opened = common.open_log();
  if (!opened) return complain(opened.error());
  storage::Database& log = **opened;
  const Terminal terminal = Terminal::of_stdout(common.color);
  if (options.follow) return follow(log, *filter, options, terminal);
  storage::Search search(log, *filter);
  Statement row = log.prepare(selected(options.json) + "id = ?1");
  for (std::int64_t i = 1; i <= options.limit; ++i) {
    const auto id = search.next();
    if (!id) break;
    if (row.bind(1, *id).step()) print(row, options, terminal);
    row.reset();
    if (i == options.limit && terminal.interactive && !options.json) {
      const std::string term = "id:.." + std::to_string(*id - 1);
      std::cout << styled(terminal, Style::dim, "what is older: the same with " + term) << '\n';
    }
  }
  return kDone;
}

}  // namespace

void add_ls(CLI::App& app, const Common& common, Chosen& chosen) {
  CLI::App* const ls = app.add_subcommand("ls", "list exchanges, newest first");
  const auto options = std::make_shared<Options>();
  ls->footer(std::string("Examples:\n"
                         "  tapedeck ls host:api.example.com status:5xx since:1h\n"
                         "  tapedeck ls -method:GET larger-than:10k\n"
                         "  tapedeck ls --follow\n") +
             kFilterHelp);
  options->terms = add_filter_terms(*ls, [&common, &chosen, options] {
    chosen = [&common, options] { return list(common, *options); };
  });
  ls->add_option("--limit", options->limit, "how many at the most")
      ->check([](const std::string& given) {
        const bool digits = given.find_first_not_of("0123456789") == std::string::npos;
        return digits && given.size() <= 18 ? "" : "expected a whole number, not '" + given + "'";
      })
      ->capture_default_str();
  ls->add_flag("--json", options->json, "one JSON object a line, with every column");
  ls->add_flag("--follow", options->follow, "print exchanges as they are finished");
  ls->add_flag("--print-sql", options->print_sql, "print the query instead of running it");
}

}  // namespace tapedeck::cli
