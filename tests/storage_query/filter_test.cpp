#include "storage/query/filter.hpp"

#include <gtest/gtest.h>

#include "storage/query/search.hpp"
#include "storage/schema.hpp"
#include "storage/text/text_index.hpp"

namespace tapedeck::storage {
namespace {

constexpr std::int64_t kNow = 1'800'000'000'000'000;
constexpr std::int64_t kMinute = 60'000'000;

/// Which rows of FilterOnLog each filter selects.
const std::pair<std::vector<std::string>, const char*> kCases[] = {
    {{}, "1 2 3 4"},
    {{"host:api.example.com"}, "1 2"},
    {{"host:API.example.com"}, "1 2"},
    {{"host:*.example.com"}, "1 2 3"},
    {{"host:*"}, "1 2 3 4"},
    {{"method:GET"}, "1 3"},
    {{"method:post"}, "2"},
    {{"status:404"}, "2"},
    {{"status:5xx"}, "3"},
    {{"path:/v1/*"}, "1 2"},
    {{"path:/"}, "3"},
    {{"type:json"}, "1"},
    {{"larger-than:10"}, "2"},
    {{"larger-than:9"}, "1 2"},
    {{"larger-than:19k"}, "2"},
    {{"larger-than:20k"}, ""},
    {{"slower-than:1ms"}, "2"},
    {{"slower-than:999us"}, "1 2"},
    {{"since:30m"}, "2 3 4"},
    {{"until:30m"}, "1"},
    {{"since:1h", "until:5m"}, "1 2 3"},
    {{"started:1"}, ""},
    {{"session:two"}, "3 4"},
    {{"session:none"}, ""},
    {{"has:error"}, "3 4"},
    {{"has:request-body"}, "2 4"},
    {{"has:response-body"}, "1 2 4"},
    {{"has:trailers"}, ""},
    {{"header:X-Id=7"}, "1"},
    {{"header:x-id"}, "1 2"},
    {{"header:X-Id=9"}, ""},
    {{"header:X-Name=caf\xc3\xa9"}, "2"},
    {{"id:2"}, "2"},
    {{"id:2..3"}, "2 3"},
    {{"id:3.."}, "3 4"},
    {{"id:..2"}, "1 2"},
    {{"mode:tunnel"}, "4"},
    {{"state:failed"}, "3"},
    {{"client:127.0.0.1:*"}, "1 2 3 4"},
    {{"users"}, "1"},
    {{"user"}, ""},
    {{"user*"}, "1"},
    {{"sers"}, ""},
    {{"host:*.com"}, "1 2 3"},
    {{"host:*e.org"}, "4"},
    {{"type:ja"}, ""},
    {{"type:tml"}, "2"},
    {{"path:/v*/orders"}, "2"},
    {{"path:/v1/us*"}, "1"},
    {{"client:127.0.0.1:5"}, "1 2 3 4"},
    {{"client:127.0.0.2:*"}, ""},
    {{"hidden"}, "2"},
    {{"caf\xc3\xa9"}, "2"},
    {{"late"}, ""},
    {{"USERS"}, "1"},
    {{"50%_"}, "3"},
    {{"0%f"}, ""},
    {{"application/json"}, "1"},
    {{"http://nothing"}, ""},
    {{"http://api.example.com/v1"}, "1 2"},
    {{"/v1/users?q=1"}, "1"},
    {{"example.org:80"}, "4"},
    {{"?"}, "1 3"},
    {{"\"7\""}, ""},
    {{"\",\""}, ""},
    {{"a\\b \"c\""}, "3"},
    {{"HOST:api.example.com"}, "1 2"},
    {{"X-Nothing:7"}, ""},
    {{"-status:404"}, "1 3 4"},
    {{"-has:error"}, "1 2"},
    {{"-users"}, "2 3 4"},
    {{"host:*.example.com", "-method:POST", "-status:5xx"}, "1"},
};

/// A log with a few rows that the filters tell apart.
class FilterOnLog : public testing::Test {
 protected:
  FilterOnLog() : log_(":memory:", Database::Access::read_write_create) {
    for (const char* step : schema_steps()) log_.execute(step);
    log_.execute("INSERT INTO session (id, name, started_at) VALUES (1, 'one', 0), (2, 'two', 0)");
    add(1, 1, "GET", "api.example.com", "/v1/users", "q=1", 200, "complete", nullptr, 10, 0,
        "[[\"Content-Type\",\"application/json\"]]", "[[\"X-Id\",\"7\"]]", 60);
    add(2, 1, "POST", "api.example.com", "/v1/orders", nullptr, 404, "complete", nullptr, 20'000,
        100, "[[\"content-type\",\"text/html\"]]", "[[\"x-id\",\"8\"]]", 30);
    add(3, 2, "GET", "www.example.com", "/", "50%_off", 503, "failed", "connection_refused", 0, 0,
        "[]", R"([["X-Quote","a\\b \"c\""]])", 10);
    add(4, 2, "CONNECT", "example.org", nullptr, nullptr, 0, "aborted", "client_disconnected", 5, 5,
        "[]", "[]", 1);
    // A body whose text ends at its first NUL.
    log_.execute(
        "INSERT INTO body(id, size, stored_size, bytes)"
        " VALUES(1, 20, 20, CAST('a hidden word' || x'00' || 'late' AS BLOB));"
        "UPDATE exchange SET response_body_id = 1, response_headers ="
        " replace(response_headers, '\"]]', '\"],[\"X-Name\",\"caf\u00e9\"]]') WHERE id = 2");
  }

  void add(int id, int session, const char* method, const char* host, const char* path,
           const char* query, int status, const char* state, const char* error, int down, int up,
           const char* response_headers, const char* request_headers, int minutes_ago) {
    Statement insert = log_.prepare(
        "INSERT INTO exchange (id, session_id, started_at, client, mode, method, scheme, host, "
        "port, path, query, status, state, error_code, response_size, request_size, "
        "response_headers, request_headers, total_us) VALUES (?1, ?2, ?3, '127.0.0.1:5', ?4, ?5, "
        "'http', ?6, 80, ?7, ?8, nullif(?9, 0), ?10, ?11, ?12, ?13, ?14, ?15, ?12 * 100)");
    insert.bind(1, std::int64_t{id}).bind(2, std::int64_t{session});
    insert.bind(3, kNow - minutes_ago * kMinute);
    insert.bind(4, std::string_view(path != nullptr ? "forward" : "tunnel"));
    insert.bind(5, std::string_view(method)).bind(6, std::string_view(host));
    if (path != nullptr) insert.bind(7, std::string_view(path));
    if (query != nullptr) insert.bind(8, std::string_view(query));
    insert.bind(9, std::int64_t{status}).bind(10, std::string_view(state));
    if (error != nullptr) insert.bind(11, std::string_view(error));
    insert.bind(12, std::int64_t{down}).bind(13, std::int64_t{up});
    insert.bind(14, std::string_view(response_headers));
    insert.bind(15, std::string_view(request_headers));
    insert.run();
  }

  /// Ids of the rows that match, in order, e.g. "1 3".
  std::string match(const std::vector<std::string>& terms) {
    auto filter = Filter::parse(terms, kNow);
    if (!filter) return filter.error().detail;
    Statement rows =
        log_.prepare("SELECT id FROM exchange WHERE " + filter->condition() + " ORDER BY id");
    filter->bind(rows, 1);
    std::string bound = collect(rows);
    Statement written = log_.prepare("SELECT id FROM exchange WHERE " + filter->readable());
    EXPECT_EQ(collect(written), bound) << filter->readable();
    EXPECT_EQ(found(*filter), bound) << filter->candidates();
    return bound;
  }

  /// The same by Search, turned round.
  std::string found(const Filter& filter) {
    Search search(log_, filter);
    std::string ids;
    while (const auto id = search.next()) {
      ids = std::to_string(*id) + (ids.empty() ? "" : " ") + ids;
    }
    return ids;
  }

  /// Takes every finished row into the text index.
  void index() {
    TextIndex text(log_);
    while (text.step(std::chrono::milliseconds(8))) {
    }
  }

  std::string value(const std::string& sql) {
    Statement rows = log_.prepare(sql);
    return collect(rows);
  }

  /// Every case of kCases.
  void expect_all() {
    for (const auto& [terms, expected] : kCases) {
      std::string shown;
      for (const std::string& term : terms) shown += term + " ";
      EXPECT_EQ(match(terms), expected) << shown;
    }
  }

  static std::string collect(Statement& rows) {
    std::string ids;
    while (rows.step()) ids += (ids.empty() ? "" : " ") + std::string(rows.text(0));
    return ids;
  }

  Database log_;
};

TEST_F(FilterOnLog, EveryFilterSelectsWhatItSays) { expect_all(); }

TEST_F(FilterOnLog, EveryFilterSelectsTheSameByTheTextIndex) {
  index();
  EXPECT_EQ(value("SELECT id FROM text_position"), "4");
  expect_all();
}

TEST_F(FilterOnLog, RowsThatTheTextIndexHasNotSeenAreRead) {
  log_.execute("UPDATE exchange SET state = 'open' WHERE id = 2");
  log_.execute("DELETE FROM exchange WHERE id = 5");
  index();
  EXPECT_EQ(value("SELECT id FROM text_pending"), "2");
  EXPECT_EQ(match({"state:open"}), "2");
  log_.execute("UPDATE exchange SET state = 'complete' WHERE id = 2");
  expect_all();
  add(5, 1, "GET", "api.example.com", "/v1/users", nullptr, 200, "complete", nullptr, 10, 0, "[]",
      "[]", 0);
  EXPECT_EQ(match({"users"}), "1 5");
  index();
  EXPECT_EQ(value("SELECT id FROM text_pending"), "");
  EXPECT_EQ(match({"users"}), "1 5");
}

TEST_F(FilterOnLog, ALogWithoutATextIndexIsRead) {
  log_.execute("DROP TABLE exchange_text; DROP TABLE text_position; DROP TABLE text_pending");
  expect_all();
}

TEST_F(FilterOnLog, ARewrittenExchangeIsFoundByWhatItHoldsNow) {
  index();
  TextIndex text(log_);
  text.remove(1);
  log_.execute("UPDATE exchange SET path = '/v1/people' WHERE id = 1");
  text.later(1);
  EXPECT_EQ(match({"people"}), "1");
  index();
  EXPECT_EQ(match({"people"}), "1");
  EXPECT_EQ(match({"users"}), "");
  EXPECT_EQ(value("SELECT rowid FROM exchange_text WHERE exchange_text MATCH 'users'"), "");
  log_.execute("INSERT INTO exchange_text(exchange_text) VALUES('integrity-check')");
}

TEST_F(FilterOnLog, WrongTermsAreNamed) {
  EXPECT_EQ(match({"status:abc"}),
            "wrong value in 'status:abc'; expected status:404 or status:5xx");
  for (const char* term : {"status:",
                           "status:4",
                           "status:4x",
                           "status:0xx",
                           "status:4044",
                           "id:x",
                           "id:3..2",
                           "id:..",
                           "id:1..x",
                           "id:x..1",
                           "larger-than:1.5k",
                           "larger-than:10q",
                           "larger-than:99999999999999999999",
                           "larger-than:9223372036854G",
                           "slower-than:5",
                           "started:4503599627370496",
                           "started:now",
                           "since:yesterday",
                           "since:2026-13-01",
                           "since:2026-02-31",
                           "until:",
                           "has:everything",
                           "header:a b=c",
                           "header:",
                           "mode:sideways",
                           "state:done",
                           "host:"}) {
    EXPECT_TRUE(match({term}).starts_with("wrong value in '" + std::string(term) + "'")) << term;
  }
  const std::string unknown = match({"hots:example.com"});
  EXPECT_TRUE(unknown.starts_with("unknown filter 'hots:'; filters are host:, method:")) << unknown;
  EXPECT_EQ(match({""}), "an empty filter term");
}

TEST_F(FilterOnLog, AnExchangeIsFoundByItsStart) {
  for (const char* id : {"1", "3"}) {
    const std::string start =
        value("SELECT started_at FROM exchange WHERE id = " + std::string(id));
    EXPECT_EQ(match({"started:" + start}), id);
    EXPECT_EQ(match({"started:" + start, "-id:" + std::string(id)}), "");
  }
}

TEST_F(FilterOnLog, HostileValuesStayValues) {
  for (const char* value :
       {"' OR 1=1 --", "\"; DROP TABLE exchange; --", "%", "_", "\\", "') OR ('1'='1", "[a-z]*?",
        "NULL", "1 UNION SELECT sql FROM sqlite_schema", "\xff\xfe", "?1", "$x", "@x", ":x"}) {
    for (const char* name :
         {"host:", "path:", "type:", "session:", "header:X-Id=", "client:", ""}) {
      const std::string term = std::string(name) + value;
      const std::string rows = match({term});
      EXPECT_TRUE(rows.empty() || (rows == "3" && (term == "%" || term == "_" || term == "\\")))
          << term << " gave " << rows;
    }
  }
}

TEST(ParseTime, AgoAndLocalTime) {
  EXPECT_EQ(parse_time("10m", kNow), kNow - 10 * kMinute);
  EXPECT_EQ(parse_time("2d", kNow), kNow - 2 * 1440 * kMinute);
  const auto day = parse_time("2026-11-23", kNow);
  const auto minute = parse_time("2026-11-23T10:00", kNow);
  const auto second = parse_time("2026-11-23T10:00:01", kNow);
  ASSERT_TRUE(day && minute && second);
  EXPECT_EQ(*minute - *day, 600 * kMinute);
  EXPECT_EQ(*second - *minute, 1'000'000);
  EXPECT_FALSE(parse_time("2026-11-23T10:00x", kNow));
  EXPECT_FALSE(parse_time("", kNow));
}

}  // namespace
}  // namespace tapedeck::storage
