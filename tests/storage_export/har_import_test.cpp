#include "storage/export/har_import.hpp"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>

#include <nlohmann/json.hpp>

#include "client/http/base64.hpp"
#include "storage/export/logged_exchange.hpp"
#include "storage/http_text.hpp"
#include "storage/lock_file.hpp"
#include "storage/query/log_reader.hpp"

namespace tapedeck::storage {
namespace {

class HarImporting : public testing::Test {
 protected:
  HarImporting() {
    std::string name = std::filesystem::temp_directory_path() / "tapedeck-har.XXXXXX";
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary directory");
    directory_ = name;
    log_ = directory_ / "log.db";
  }
  ~HarImporting() override { std::filesystem::remove_all(directory_); }

  /// How many exchanges, or what is wrong.
  std::string import(const std::string& har, const std::string& session = "s") {
    std::istringstream in(har);
    const auto count =
        import_har({.path = log_, .session = session, .command = "test", .limits = {.depth = 64}},
                   [&](std::span<char> buffer) {
                     in.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
                     return static_cast<std::size_t>(in.gcount());
                   });
    return count ? std::to_string(*count) : count.error().detail;
  }
  std::string import_file(const std::string& name) {
    std::ifstream in(HARS + name);
    std::ostringstream text;
    text << in.rdbuf();
    return import(text.str(), name);
  }

  std::vector<LoggedExchange> rows() {
    Database log(log_, Database::Access::read_only);
    ExchangeCursor cursor(log, *Filter::parse({}, 0));
    std::vector<LoggedExchange> all;
    for (LoggedExchange one; cursor.next(one);) all.push_back(one);
    return all;
  }
  std::string body(std::optional<std::int64_t> id) {
    if (!id) return "none";
    Database log(log_, Database::Access::read_only);
    std::string whole;
    read_body(log, *id, [&](std::span<const char> piece) {
      whole.append(piece.data(), piece.size());
      return true;
    });
    return whole;
  }
  std::int64_t count(const std::string& table) {
    Database log(log_, Database::Access::read_only);
    Statement statement = log.prepare("SELECT count(*) FROM " + table);
    statement.step();
    return statement.integer(0);
  }

  std::filesystem::path directory_;
  std::string log_;
};

std::string json_of(const http::Fields& fields) {
  std::string json;
  append_header_json(fields, json);
  return json;
}

/// A HAR of one entry, with this request and this response.
std::string har(const std::string& request, const std::string& response = "{}",
                const std::string& more = "") {
  return R"({"log":{"entries":[{"startedDateTime":"2026-11-23T05:54:58Z","request":)" + request +
         R"(,"response":)" + response + more + "}]}}";
}

const std::string kGet = R"({"method":"GET","url":"http://h/"})";

TEST_F(HarImporting, Chromium) {
  ASSERT_EQ(import_file("chromium.har"), "3");
  const auto all = rows();
  const Exchange& post = all[0].row;
  EXPECT_EQ(all[0].session, "chromium.har");
  EXPECT_EQ(post.started_at, 1'795'428'000'123'000);
  EXPECT_EQ(post.mode, Mode::forward);
  EXPECT_EQ(post.state, State::complete);
  EXPECT_EQ(post.host + post.path + "?" + post.query.value_or("none"),
            "api.example.com/v1/items?q=%C3%A4");
  EXPECT_EQ(post.port, 443);
  EXPECT_EQ(post.request_version, "http/2.0");
  EXPECT_EQ(json_of(post.request_headers),
            R"([[":authority","api.example.com"],["accept-encoding","gzip, deflate, br, zstd"],)"
            R"(["content-type","application/json"]])");
  EXPECT_EQ(body(all[0].request_body), "{\"ä\":true}");
  // The lines that Chromium joins are lines again; the body is decoded, so its coding is set aside.
  EXPECT_EQ(json_of(post.response_headers),
            R"([["Tapedeck-Undone-content-encoding","br"],["set-cookie","a=1; Path=/"],)"
            R"(["set-cookie","b=2; Secure"],["content-type","application/json"]])");
  EXPECT_EQ(body(all[0].response_body), "{\"ok\":\"😀\"}");
  EXPECT_EQ(post.upstream_address, "[2606:2800:220:1::1]:443");
  EXPECT_EQ(post.client, ":52492");
  EXPECT_EQ(post.timings.total_us, 45'672);
  EXPECT_EQ(post.timings.dns_us, 250);
  EXPECT_EQ(post.timings.connect_us, 10'375);
  EXPECT_EQ(post.timings.tls_us, 20'125);
  EXPECT_EQ(post.timings.send_us, 144);
  EXPECT_EQ(body(all[1].response_body), "\x89PNG\r\n");
  EXPECT_EQ(all[1].row.timings.connect_us, std::nullopt);
  EXPECT_EQ(all[2].row.state, State::failed);
  EXPECT_EQ(all[2].row.status, std::nullopt);
  EXPECT_EQ(all[2].row.error_code, "net::ERR_NAME_NOT_RESOLVED");
}

TEST_F(HarImporting, Firefox) {
  ASSERT_EQ(import_file("firefox.har"), "1");
  const auto all = rows();
  EXPECT_EQ(all[0].row.started_at, 1'795'428'000'100'000);
  EXPECT_EQ(all[0].row.port, 8000);
  EXPECT_EQ(body(all[0].request_body), "user=Ada+L&pw=a%26b");
  EXPECT_EQ(all[0].response_body, std::nullopt);
  EXPECT_EQ(all[0].row.reason, "See Other");
}

TEST_F(HarImporting, Mitmproxy) {
  ASSERT_EQ(import_file("mitmproxy.har"), "3");
  const auto all = rows();
  EXPECT_EQ(body(all[0].response_body), "{\"hello\":\"wörld\"}");
  EXPECT_TRUE(all[0].row.response_headers.contains("Tapedeck-Undone-Content-Encoding"));
  EXPECT_EQ(body(all[1].request_body), "a=1&b=%C3%A4");
  EXPECT_EQ(body(all[1].response_body), std::string("\0\xff\1bin", 6));
  // Binary as the code points of its bytes, told by bodySize.
  EXPECT_EQ(body(all[2].request_body), "\xff\xfe");
}

TEST_F(HarImporting, RefusesWithPlaceAndPathAndImportsNothing) {
  const std::string one = har(kGet).substr(0, har(kGet).size() - 3) + ",";
  const std::pair<std::string, const char*> cases[] = {
      {"", "line 1, column 1: the file ends here, in the middle"},
      {"[]", "line 1, column 1: expected an object, found an array"},
      {"{}", "line 1, column 3: not a HAR: there is no log in it"},
      {R"({"log":{}})", "line 1, column 10, at log: a HAR's log has entries; this one has none"},
      {one + "\n7]}}", "line 2, column 1, at log.entries[1]: expected an object, found a number"},
      {one + "\n{\"startedDateTime\":\"now\"}]}}",
       "line 2, column 25, at log.entries[1].startedDateTime: not a time of ISO 8601 with its "
       "offset: now"},
      {one + "\n{}]}}", "line 2, column 3, at log.entries[1]: an entry without startedDateTime"},
      {har("7"), "at log.entries[0].request: expected an object, found a number"},
      {har(R"({"url":7})"), "at log.entries[0].request.url: expected a string, found a number"},
      {har(R"({"url":"a","url":"b"})"), "at log.entries[0].request.url: this name occurs twice"},
      {har(R"({"method":"G T"})"), "request.method: not a method: G T"},
      {har(R"({"url":"http://h/\r\nX: y"})"), "request.url: a control character in a URL"},
      {har(R"({"headers":[{"name":"A","value":"b\r\nC: d"}]})"),
       "request.headers[0]: a control character in the value of header A"},
      {har(R"({"headers":[{"name":"A b","value":""}]})"),
       "request.headers[0]: not a header's name: A b"},
      {har(R"({"headers":[{"name":"A","value":"1"},{"value":"1"}]})"),
       "request.headers[1]: not a header's name: "},
      {har(R"({"headers":{}})"), "request.headers: expected an array, found an object"},
      {har(kGet, R"({"status":"200"})"), "response.status: expected a number, found a string"},
      {har(kGet, R"({"status":200.5})"), "response.status: not an integer"},
      {har(kGet, R"({"status":1e300})"), "response.status: not an integer"},
      {har(kGet, R"({"status":1000})"), "response.status: not a status: 1000"},
      {har(kGet, R"({"status":200,"content":{"text":"Zm9v!","encoding":"base64"}})"),
       "response.content: the text is not base64: its character 5"},
      {har(kGet, R"({"content":{"encoding":"base64","text":"Zm9vZ"}})"),
       "response.content: the text is not base64: it is cut"},
      {har(kGet, R"({"content":{"text":7}})"),
       "response.content.text: expected a string, found a number"},
      {har(kGet, "{}", R"(,"timings":{"send":1e300})"), "timings.send: a duration out of range"},
      {har(kGet, "{}", R"(,"time":"1")"), "time: expected a number, found a string"},
      {har(kGet, "{}", R"(,"_tapedeck":{"state":"fine"})"),
       "_tapedeck.state: tapedeck has no such word: fine"},
      {har(kGet, "{}", R"(,"_tapedeck":{"target":{"port":65536}})"),
       "_tapedeck.target.port: not a port"},
      {har(kGet, "{}", ",\"_x\":" + std::string(60, '[')), "expected a value, found '}'"},
      {har(kGet, "{}", ",\"_x\":" + std::string(1'000'000, '[')),
       "more than 64 levels deep; --max-depth allows more"},
      {har(R"({"headers":[{"name":"A","value":")" + std::string(9u << 20, 'x') +
           R"("},{"name":"B","value":")" + std::string(9u << 20, 'x') + R"("}]})"),
       "request.headers[1]: headers of more than 16777216 bytes; --max-string allows more"},
      {har(kGet) + "x", "more after the end of the document"},
      {har(kGet).substr(0, 100), "the file ends inside a string"},
  };
  for (const auto& [text, expected] : cases) {
    const std::string said = import(text);
    EXPECT_TRUE(said.ends_with(expected)) << said << "\nexpected " << expected;
    for (const char* table : {"session", "exchange", "body", "body_chunk"}) {
      EXPECT_EQ(count(table), 0) << text.substr(0, 200) << " left something in " << table;
    }
  }
}

TEST_F(HarImporting, NothingIsLeftOfAFileThatIsWrongAtItsEnd) {
  std::string text = R"({"log":{"entries":[)";
  const std::string large(200'000, 'x');
  for (int i = 0; i < 50; ++i) {
    text +=
        R"({"startedDateTime":"2026-11-23T05:54:58Z","request":{"method":"GET","url":"http://h/"},)"
        R"("response":{"content":{"text":")" +
        std::to_string(i) + large + "\"}}},";
  }
  EXPECT_EQ(import(text + "7]}}").find("line 1"), 0u);
  EXPECT_EQ(count("exchange") + count("body") + count("body_chunk") + count("session"), 0);
  text.back() = ']';
  EXPECT_EQ(import(text + "}}"), "50");
  EXPECT_EQ(count("exchange"), 50);
  EXPECT_EQ(count("body_chunk"), 50 * 4);
  EXPECT_EQ(body(rows()[49].response_body), "49" + large);
}

TEST_F(HarImporting, WhatMayBeMissingOrNull) {
  ASSERT_EQ(import(har(R"({"method":"GET","url":"http://h/","headers":null,"postData":null})",
                       R"({"status":200,"statusText":null,"content":null,"_error":null})",
                       R"(,"time":null,"timings":null,"serverIPAddress":null)")),
            "1");
  const auto all = rows();
  EXPECT_EQ(all[0].row.status, 200);
  EXPECT_EQ(all[0].row.state, State::complete);
  EXPECT_EQ(all[0].row.timings.total_us, std::nullopt);
  EXPECT_EQ(import(har(kGet, "null")), "1");
  EXPECT_EQ(rows()[1].row.state, State::failed);
}

/// Chromium writes a body's text before its encoding; a large one waits in a file.
TEST_F(HarImporting, LargeBodiesWhateverComesFirst) {
  std::string bytes;
  for (int i = 0; i < 3'000'000; ++i) bytes += static_cast<char>(i * 7 % 251);
  const std::string text = http::base64(bytes);
  for (const std::string& content :
       {"{\"text\":\"" + text + "\",\"encoding\":\"base64\"}",
        "{\"encoding\":\"base64\",\"text\":\"" + text + "\"}", "{\"text\":\"" + text + "\"}",
        std::string("{\"text\":\"short\"}")}) {
    ASSERT_EQ(import(har(kGet, "{\"status\":200,\"content\":" + content + "}")), "1");
  }
  const auto all = rows();
  EXPECT_EQ(body(all[0].response_body), bytes);
  EXPECT_EQ(all[1].response_body, all[0].response_body);
  EXPECT_EQ(body(all[2].response_body), text);
  EXPECT_EQ(body(all[3].response_body), "short");
  EXPECT_EQ(count("session"), 4);
}

TEST_F(HarImporting, TheLogHasOneWriter) {
  ASSERT_EQ(import(har(kGet)), "1");
  const LockFile other(log_);
  EXPECT_NE(import(har(kGet)).find("is already recording into " + log_), std::string::npos);
  EXPECT_EQ(rows().size(), 1u);
}

}  // namespace
}  // namespace tapedeck::storage
