#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "storage/match/blanks.hpp"
#include "storage/redact/held_body.hpp"
#include "storage/redact/json.hpp"
#include "storage/redact/multipart.hpp"
#include "storage/redact/pairs.hpp"
#include "storage/redact/redaction.hpp"
#include "tests/support/scratch_directory.hpp"

namespace tapedeck::storage {
namespace {

using Kind = MatchRule::Kind;
using Fate = HeldBody::Fate;
using Strings = std::vector<std::string>;

/// Makes what would be a token legible: <secret>.
std::string mark(std::string_view /*name*/, std::string_view secret) {
  return "<" + std::string(secret) + ">";
}

RedactRules rules(const Strings& given) {
  auto parsed = RedactRules::parse(given);
  return parsed ? *std::move(parsed) : throw std::runtime_error(parsed.error().detail);
}

std::string refusal(const std::string& rule) {
  auto parsed = RedactRules::parse({rule});
  return parsed ? "" : parsed.error().detail;
}

Redaction redaction(const Strings& given, std::size_t limit = kRedactLimit,
                    const Strings& values = {}) {
  const TokenKey key = TokenKey::random();
  return {rules(given), Literals(values, key), key, limit};
}

http::Fields typed(std::string_view type) { return {{"Content-Type", type}}; }

TEST(RedactRules, Parse) {
  for (const char* good : {"header:x-key", "cookie:sid", "query:api_key", "form:password",
                           "json:$.user.token", "body", "standard", "api.example.com standard",
                           "*.example.com/login form:*", "query:*~[0-9]{16}"}) {
    EXPECT_EQ(refusal(good), "") << good;
  }
  EXPECT_EQ(
      refusal("heder:x"),
      "rule 'heder:x': expected header:NAME, cookie:NAME, query:NAME, json:PATH, form:NAME or "
      "body, not 'heder:x'; `standard` is the headers that hold credentials");
  EXPECT_TRUE(refusal("query:a~(").starts_with("rule 'query:a~(': not a regular expression"));
}

TEST(RedactRules, Scope) {
  const RedactRules given = rules({"api.example.com/v1/* query:key", "header:x-key"});
  EXPECT_TRUE(given.scope("api.example.com", "/v1/a").secret(Kind::query, "key", "v"));
  EXPECT_FALSE(given.scope("api.example.com", "/v2/a").secret(Kind::query, "key", "v"));
  EXPECT_FALSE(given.scope("example.com", "/v1/a").secret(Kind::query, "key", "v"));
  // A request that could not be read may have been for any.
  EXPECT_TRUE(given.scope("", "/").secret(Kind::query, "key", "v"));
  EXPECT_TRUE(given.scope("example.com", "/").secret(Kind::header, "X-Key", "v"));
}

TEST(TokenKey, EqualSecretsHaveEqualTokens) {
  const test::ScratchDirectory scratch;
  const std::string log = scratch.path("log.db");
  EXPECT_FALSE(TokenKey::find(log));
  const TokenKey key = TokenKey::of_log(log);
  const std::string token = key.token("hunter2");
  EXPECT_EQ(token.size(), 23u);
  EXPECT_TRUE(is_token(token));
  EXPECT_TRUE(holds_token("Bearer " + token));
  EXPECT_FALSE(holds_token("[redacted:0123456789a]"));
  EXPECT_EQ(TokenKey::of_log(log).token("hunter2"), token);
  EXPECT_EQ(TokenKey::find(log)->token("hunter2"), token);
  EXPECT_NE(key.token("hunter3"), token);
  EXPECT_NE(TokenKey::random().token("hunter2"), token);
  EXPECT_EQ(key.token(token), token);
  EXPECT_EQ(key.token(""), "");
  struct stat status {};
  ASSERT_EQ(stat(TokenKey::path_of(log).c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  std::ofstream(TokenKey::path_of(log)) << "short";
  EXPECT_THROW(TokenKey::of_log(log), std::runtime_error);
}

TEST(Redact, Pairs) {
  const RedactRules given = rules({"query:key", "query:card~[0-9]+"});
  const auto scope = given.scope("h", "/");
  const std::pair<const char*, const char*> table[] = {
      {"", ""},
      {"a=1&b=2", "a=1&b=2"},
      {"key=s", "key=<s>"},
      {"a=%41&key=s%20t+u&&b", "a=%41&key=<s t u>&&b"},
      {"k%65y=s&key=t", "k%65y=<s>&key=<t>"},
      {"key=&key&Key=s", "key=&key&Key=s"},
      {"card=12&card=none", "card=<12>&card=none"},
      {"key=%4", "key=<%4>"},
  };
  for (const auto& [from, to] : table) {
    EXPECT_EQ(redacted_pairs(from, Kind::query, scope, mark), to);
  }
  EXPECT_EQ(redacted_url("https://h/a?x=1&key=s#key=t&y", scope, mark),
            "https://h/a?x=1&key=<s>#key=<t>&y");
  EXPECT_EQ(redacted_url("/key=s", scope, mark), "/key=s");
}

TEST(Redact, HeaderValues) {
  const std::tuple<const char*, const char*, const char*> table[] = {
      {"Authorization", "Bearer s", "Bearer <s>"},
      {"authorization", "s", "<s>"},
      {"Authorization", "Custom s", "<Custom s>"},
      {"Cookie", "a=1; b=2", "a=<1>; b=<2>"},
      {"Set-Cookie", "a=1; Path=/; Expires=Mon, 23 Nov 2026 10:00:00 GMT, b=2",
       "a=<1>; Path=/; Expires=Mon, 23 Nov 2026 10:00:00 GMT, b=<2>"},
      {"X-Key", "all of it", "<all of it>"},
  };
  for (const auto& [name, from, to] : table) EXPECT_EQ(redacted_value(name, from, mark), to);
}

TEST(Redact, Json) {
  const RedactRules given =
      rules({"json:$.user.token", "json:$.list[*].k", "json:$.tree", "json:$.n~[0-9]{4}"});
  const auto scope = given.scope("h", "/");
  const std::pair<const char*, const char*> table[] = {
      {R"({"user":{"name":"a","token":"s"}})", R"({"user":{"name":"a","token":"<s>"}})"},
      {R"( { "user" : { "token" : 12.50 , "x":1 } } )",
       R"( { "user" : { "token" : "<12.50>" , "x":1 } } )"},
      {R"({"us\u0065r":{"token":"a\"b\u00e9"}})", R"({"us\u0065r":{"token":"<a\"bé>"}})"},
      {R"({"list":[{"k":"1"},{"j":"2"},{"k":null}]})",
       R"({"list":[{"k":"<1>"},{"j":"2"},{"k":"<null>"}]})"},
      {R"({"tree":{"a":["}"]},"b":[]})", R"({"tree":"<{\"a\":[\"}\"]}>","b":[]})"},
      {R"({"n":1234,"m":1234})", R"({"n":"<1234>","m":1234})"},
      {R"({"n":12345})", R"({"n":12345})"},
      {R"({"user":{"token":""}})", R"({"user":{"token":""}})"},
      {"\xef\xbb\xbf[true]", "\xef\xbb\xbf[true]"},
      {"12", "12"},
  };
  for (const auto& [from, to] : table) EXPECT_EQ(redacted_json(from, scope, mark), to) << from;
  for (const std::string& bad : {std::string(R"({"user":{"token":"s")"), std::string("{'a':1}"),
                                 std::string(300, '[') + std::string(300, ']')}) {
    EXPECT_EQ(redacted_json(bad, scope, mark), std::nullopt) << bad;
  }
  EXPECT_EQ(redacted_json_lines("{\"tree\":1}\n\n{\"a\":2}\n", scope, mark),
            "{\"tree\":\"<1>\"}\n\n{\"a\":2}\n");
  EXPECT_EQ(redacted_json_lines("{\"tree\":1}\nno\n", scope, mark), std::nullopt);
}

TEST(Redact, Multipart) {
  const RedactRules given = rules({"form:password"});
  const auto scope = given.scope("h", "/");
  const auto part = [](const std::string& name, const std::string& content) {
    return "--b\r\nContent-Disposition: form-data; filename=\"name=x\"; " + name + "\r\n\r\n" +
           content + "\r\n";
  };
  const std::string type = "multipart/form-data; boundary=b";
  EXPECT_EQ(redacted_multipart(part("name=\"a\"", "s") + part("name=\"password\"", "s\r\nt") +
                                   part("name=password", "u") + "--b--\r\n",
                               type, scope, mark),
            part("name=\"a\"", "s") + part("name=\"password\"", "<s\r\nt>") +
                part("name=password", "<u>") + "--b--\r\n");
  EXPECT_EQ(redacted_multipart(part("name=\"password\"", "s"), type, scope, mark), std::nullopt);
  EXPECT_EQ(redacted_multipart("--b--", "multipart/form-data", scope, mark), std::nullopt);
}

TEST(Redact, WholeExchange) {
  const Redaction secret = redaction({"standard", "cookie:sid", "query:key", "header:x-key"});
  const std::string token = secret.key().token("hunter-two");
  Exchange row;
  row.host = "h";
  row.path = "/a";
  row.query = "key=hunter-two&b=1";
  row.request_headers = {{"X-Key", "hunter-two"}, {"Referer", "http://h/?key=hunter-two"}};
  row.response_headers = {{"Location", "/next#key=hunter-two"}, {"X-Echo", "said hunter-two"}};
  row.response_trailers = {{"Set-Cookie", "sid=hunter-two"}};
  row.error_detail = "no answer from http://h/a?key=hunter-two&b=1";
  EXPECT_TRUE(secret.redact(row));
  EXPECT_EQ(row.query, "key=" + token + "&b=1");
  EXPECT_EQ(row.request_headers.get("X-Key"), token);
  EXPECT_EQ(row.request_headers.get("Referer"), "http://h/?key=" + token);
  EXPECT_EQ(row.response_headers.get("Location"), "/next#key=" + token);
  EXPECT_EQ(row.response_headers.get("X-Echo"), "said " + token);
  EXPECT_EQ(row.response_trailers.get("Set-Cookie"), "sid=" + token);
  EXPECT_EQ(row.error_detail, "no answer from http://h/a?key=" + token + "&b=1");
  EXPECT_EQ(row.redacted, "query request_headers response_headers response_trailers error_detail");
  EXPECT_FALSE(secret.redact(row));
}

TEST(Redact, OneCookie) {
  const Redaction secret = redaction({"cookie:sid"});
  Exchange row;
  row.host = "h";
  row.request_headers = {{"Cookie", "theme=dark; sid=hunter-two"}};
  EXPECT_TRUE(secret.redact(row));
  EXPECT_EQ(row.request_headers.get("Cookie"),
            "theme=dark; sid=" + secret.key().token("hunter-two"));
}

/// What becomes of a body that comes in pieces of that size.
std::pair<Fate, std::string> held(const Redaction& secret, const http::Fields& head,
                                  std::string_view body, std::size_t piece) {
  const auto holder = HeldBody::of(secret, secret.rules().scope("h", "/"), head);
  if (!holder) return {Fate::unchanged, std::string(body)};
  std::string kept;
  while (!body.empty()) {
    const std::string_view part = body.substr(0, piece);
    body.remove_prefix(part.size());
    if (holder->append(part) == Fate::unchanged)
      return {Fate::unchanged, holder->take() + std::string(body)};
  }
  const Fate fate = holder->finish();
  if (fate != Fate::withheld) kept = holder->take();
  return {fate, kept};
}

/// {"token":"hunter-two","n":1} with gzip.
constexpr std::string_view kCoded(
    "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xab\x56\x2a\xc9\xcf\x4e"
    "\xcd\x53\xb2\x52\xca\x28\xcd\x2b\x49\x2d\xd2\x2d\x29\xcf\x57\xd2"
    "\x51\x02\x0a\x18\xd6\x02\x00\x78\xb5\x0e\x2b\x1c\x00\x00\x00",
    47);

TEST(HeldBody, EverySplit) {
  const Redaction secret = redaction({"json:$.token", "form:password"});
  const std::string token = secret.key().token("hunter-two");
  const std::string plain = R"({"token":"hunter-two","n":1})";
  const std::string clean = R"({"token":")" + token + R"(","n":1})";
  struct Case {
    http::Fields head;
    std::string body;
    Fate fate;
    std::string kept;
  };
  http::Fields gzip = typed("application/json");
  gzip.add("Content-Encoding", "gzip");
  http::Fields unknown = typed("application/json");
  unknown.add("Content-Encoding", "rot13");
  const std::string coded(kCoded);
  const Case table[] = {
      {typed("application/json; charset=utf-8"), plain, Fate::replaced, clean},
      {typed("application/problem+json"), plain, Fate::replaced, clean},
      {typed("text/html"), " " + plain, Fate::replaced, " " + clean},
      {{}, plain, Fate::replaced, clean},
      {typed("text/html"), "<p>hunter-two", Fate::unchanged, "<p>hunter-two"},
      {typed("image/png"), plain, Fate::unchanged, plain},
      {typed("application/json"), R"({"a":1})", Fate::unchanged, R"({"a":1})"},
      {typed("application/json"), plain.substr(0, 20), Fate::withheld, ""},
      {typed("application/x-ndjson"), plain + "\n", Fate::replaced, clean + "\n"},
      {gzip, coded, Fate::replaced, clean},
      {gzip, coded.substr(0, coded.size() - 3), Fate::withheld, ""},
      {unknown, plain, Fate::withheld, ""},
      {typed("application/x-www-form-urlencoded"), "a=1&password=hunter-two", Fate::replaced,
       "a=1&password=" + token},
  };
  for (const Case& one : table) {
    for (std::size_t piece = 1; piece <= one.body.size(); ++piece) {
      const auto [fate, kept] = held(secret, one.head, one.body, piece);
      EXPECT_EQ(fate, one.fate) << one.body << " by " << piece;
      EXPECT_EQ(kept, one.kept) << one.body << " by " << piece;
    }
  }
}

TEST(HeldBody, BeyondTheLimitNothingIsKept) {
  const Redaction secret = redaction({"json:$.token"}, 64);
  const std::string small = R"({"a":")" + std::string(50, 'x') + R"("})";
  const std::string large = R"({"a":")" + std::string(90, 'x') + R"("})";
  EXPECT_EQ(held(secret, typed("application/json"), small, 7).first, Fate::unchanged);
  EXPECT_EQ(held(secret, typed("application/json"), large, 7).first, Fate::withheld);
  EXPECT_EQ(held(secret, typed("text/plain"), large, 7).first, Fate::withheld);
  const std::string text(90, 'x');
  EXPECT_EQ(held(secret, typed("text/plain"), text, 7).second, text);
  EXPECT_EQ(held(redaction({"body"}), typed("image/png"), "x", 1).first, Fate::withheld);
}

TEST(HeldBody, ValuesAreFoundAcrossPieces) {
  const Redaction secret = redaction({}, 64, {"hunter-two/three"});
  const std::string token = secret.key().token("hunter-two/three");
  for (const char* form :
       {"hunter-two/three", "hunter-two%2Fthree", "hunter-two%2fthree", "hunter-two\\/three"}) {
    const std::string small = "it is " + std::string(form) + "!";
    const std::string large = std::string(100, '-') + small + std::string(100, '-');
    for (std::size_t piece = 1; piece <= large.size(); ++piece) {
      EXPECT_EQ(held(secret, typed("text/plain"), small, piece).second, "it is " + token + "!");
      EXPECT_EQ(held(secret, typed("text/plain"), large, piece).first, Fate::withheld);
    }
  }
  EXPECT_EQ(held(secret, typed("text/plain"), std::string(200, '-'), 9).first, Fate::unchanged);
}

TEST(Blanks, StandForWhatWasThere) {
  const TokenKey key = TokenKey::random();
  const std::string one = key.token("one-secret");
  const Parts recorded{{"header authorization", "Bearer " + one},
                       {"json $.user", '"' + one + '"'},
                       {"path", "/a/" + one + "/b"},
                       {"query key", one},
                       {"query n", "1"}};
  const Blanks blanks = blanks_of(recorded);
  EXPECT_EQ(blanks, (Blanks{"header authorization", "json $.user", "path/2", "query key"}));
  const auto asked = [](const std::string& secret) {
    return Parts{{"header authorization", "Bearer " + secret},
                 {"json $.user", '"' + secret + '"'},
                 {"path", "/a/" + secret + "/b"},
                 {"query key", secret},
                 {"query n", "1"}};
  };
  EXPECT_EQ(blanked(asked("one-secret"), blanks, &key), recorded);
  EXPECT_NE(blanked(asked("two-secret"), blanks, &key), recorded);
  EXPECT_EQ(blanked(asked("two-secret"), blanks, nullptr), blanked(recorded, blanks, nullptr));
  const Parts inside{{"json $.user.id", "1"}, {"json $.user.name", "\"a\""}, {"json $.users", "2"}};
  EXPECT_EQ(blanked(inside, {"json $.user"}, nullptr),
            (Parts{{"json $.user", "*"}, {"json $.users", "2"}}));
}

}  // namespace
}  // namespace tapedeck::storage
