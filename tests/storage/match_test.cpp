#include <gtest/gtest.h>

#include "storage/match/proposals.hpp"
#include "storage/match/request.hpp"

namespace tapedeck::storage {
namespace {

using Strings = std::vector<std::string>;

MatchRules rules(const Strings& match, const Strings& ignore) {
  auto parsed = MatchRules::parse(match, ignore);
  return parsed ? *std::move(parsed) : throw std::runtime_error(parsed.error().detail);
}

struct Request {
  std::string url_path = "/v1";
  std::optional<std::string> query = {};
  std::string body = {};
  std::string type = {};
  http::Fields headers = {};
  std::string method = "GET";
};

Parts parts(const Request& one, const MatchRules& rules) {
  MatchRequest request{.method = one.method,
                       .scheme = "https",
                       .host = "api.example.com",
                       .port = 443,
                       .path = one.url_path,
                       .query = one.query,
                       .headers = one.headers};
  if (!one.type.empty()) request.headers.add("Content-Type", one.type);
  MatchBody body;
  body.append(one.body);
  return request.parts(body, rules);
}

bool same(const Request& a, const Request& b, const Strings& ignore = {},
          const Strings& match = {}) {
  const MatchRules in_force = rules(match, ignore);
  const bool equal = parts(a, in_force) == parts(b, in_force);
  EXPECT_EQ(key_of(parts(a, in_force)) == key_of(parts(b, in_force)), equal);
  return equal;
}

Request query(const std::string& text) { return {.query = text}; }
Request json(const std::string& text) { return {.body = text, .type = "application/json"}; }
Request form(const std::string& text) {
  return {.body = text, .type = "application/x-www-form-urlencoded"};
}

TEST(Match, Urls) {
  EXPECT_TRUE(same({.url_path = "/%7ea/%2f%c3"}, {.url_path = "/~a/%2F%C3"}));
  EXPECT_FALSE(same({.url_path = "/a%2fb"}, {.url_path = "/a/b"}));
  EXPECT_FALSE(same({.url_path = "/a"}, {.url_path = "/A"}));
  EXPECT_TRUE(same({.url_path = ""}, {.url_path = "/"}));
  EXPECT_FALSE(same({.method = "GET"}, {.method = "HEAD"}));
  EXPECT_TRUE(same(query("a=1&b=2"), query("b=2&a=1")));
  EXPECT_TRUE(same(query("a=%41"), query("a=A")));
  EXPECT_FALSE(same(query("a=1&a=2"), query("a=1")));
  EXPECT_FALSE(same(query("a=1&a=1"), query("a=1")));
  EXPECT_TRUE(same(query("a=1&&"), query("a=1")));
  EXPECT_FALSE(same(query("a=1"), query("a=2")));
  EXPECT_TRUE(same(query(""), Request{}));
  EXPECT_TRUE(same(query("%"), query("%")));
  EXPECT_FALSE(same(query("%4"), query("%40")));
}

TEST(Match, Bodies) {
  EXPECT_TRUE(same(json(R"({"a":1,"b":[true,null]})"), json(R"( {"b" : [true,null], "a":1} )")));
  EXPECT_FALSE(same(json(R"({"a":1})"), json(R"({"a":"1"})")));
  EXPECT_FALSE(same(json("[1,2]"), json("[2,1]")));
  EXPECT_FALSE(same(json("[]"), json("{}")));
  EXPECT_FALSE(same(json("[[]]"), json("[]")));
  EXPECT_FALSE(same(json(R"({"a":{}})"), json("{}")));
  EXPECT_FALSE(same(json("1e400"), json("2e400")));
  EXPECT_FALSE(same(json("18446744073709551616"), json("18446744073709551617")));
  EXPECT_FALSE(same(json("{not json"), json("{not  json")));
  EXPECT_TRUE(same(json("{not json"), json("{not json")));
  EXPECT_FALSE(same(json(std::string(5'000, '[')), json(std::string(5'001, '['))));
  EXPECT_TRUE(same(form("a=1&b=2"), form("b=2&a=1")));
  EXPECT_FALSE(same(form("a=1"), form("a=1&b")));
  EXPECT_FALSE(same({.body = "x"}, {.body = "y"}));
  EXPECT_FALSE(same({.body = "x"}, Request{}));
}

TEST(Match, MultipartWhateverItsBoundary) {
  const auto multipart = [](const std::string& boundary, const std::string& value) {
    return Request{.body = "--" + boundary +
                           "\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n" + value +
                           "\r\n--" + boundary + "--\r\n",
                   .type = "multipart/form-data; boundary=" + boundary};
  };
  EXPECT_TRUE(same(multipart("x1", "v"), multipart("y22", "v")));
  EXPECT_TRUE(same(multipart("x1", ""), multipart("y22", "")));
  EXPECT_FALSE(same(multipart("x1", "v"), multipart("x1", "w")));
  EXPECT_TRUE(same(multipart("x1", "v"), multipart("y22", "w"), {"form:a"}));
}

TEST(Match, LargeBodiesCountByTheirDigest) {
  const std::string large = "[" + std::string(MatchBody::kHeld, ' ');
  EXPECT_TRUE(same(json(large + "1]"), json(large + "1]")));
  EXPECT_FALSE(same(json(large + "1]"), json(large + "2]")));
  EXPECT_FALSE(same(json(large + "1]"), json(large + " 1]")));
}

TEST(Match, Rules) {
  EXPECT_TRUE(same(query("a=1&ts=5"), query("a=1&ts=6"), {"query:ts"}));
  EXPECT_TRUE(same(query("a=1&ts=5"), query("a=1"), {"query:ts"}));
  EXPECT_TRUE(same(query("X-Amz-Date=1&X-Amz-Signature=2"), query(""), {"query:X-Amz-*"}));
  EXPECT_TRUE(same(query("a=1"), query("b=2"), {"query"}));
  EXPECT_TRUE(same(query("ts=5"), query("ts=16"), {"query:ts~[0-9]+"}));
  EXPECT_FALSE(same(query("ts=5"), query("ts=x"), {"query:ts~[0-9]+"}));
  EXPECT_FALSE(same(query("ts=5"), query(""), {"query:ts~[0-9]+"}));
  EXPECT_FALSE(same(query("a=1"), query("a=2"), {"other.example query:a"}));
  EXPECT_TRUE(same(query("a=1"), query("a=2"), {"*.example.com query:a"}));
  EXPECT_TRUE(same(query("a=1"), query("a=2"), {"*.example.com/v* query:a"}));
  EXPECT_FALSE(same(query("a=1"), query("a=2"), {"*.example.com/v2 query:a"}));
  EXPECT_TRUE(
      same(json(R"({"a":1,"m":{"t":1}})"), json(R"({"a":1,"m":{"t":2,"u":[1]}})"), {"json:$.m"}));
  EXPECT_TRUE(same(json(R"({"i":[{"id":1},{"id":2}]})"), json(R"({"i":[{"id":3},{"id":4}]})"),
                   {"json:i[*].id"}));
  EXPECT_TRUE(same(json(R"({"id":"5f"})"), json(R"({"id":"a0"})"), {"json:id~[0-9a-f]+"}));
  EXPECT_FALSE(same(json(R"({"id":"5f"})"), json(R"({"id":"xy"})"), {"json:id~[0-9a-f]+"}));
  EXPECT_FALSE(
      same(json(R"({"id":1,"identity":1})"), json(R"({"id":1,"identity":2})"), {"json:id"}));
  EXPECT_TRUE(same(form("a=1&csrf=2"), form("a=1&csrf=3"), {"form:csrf"}));
  EXPECT_TRUE(same({.body = "x"}, {.body = "y"}, {"body"}));
  EXPECT_TRUE(same(json("[1]"), json("[2]"), {"body"}));
}

TEST(Match, AShapeIsLookedForInLinearTime) {
  // Each would cost a backtracking matcher its stack, or years.
  const std::string long_value(1 << 20, 'a');
  EXPECT_FALSE(
      same(query("t=" + long_value + "b"), query("t=" + long_value + "c"), {"query:t~(a|aa)+"}));
  EXPECT_TRUE(same(query("t=" + long_value), query("t=a"), {"query:t~(a|aa)+"}));
  EXPECT_TRUE(same(query("t=\xff"), query("t=b"), {"query:t~."}));
}

TEST(Match, HeadersCountWhenNamed) {
  const Request a{.headers = {{"X-Tenant", "a"}}};
  const Request b{.headers = {{"x-tenant", "b"}}};
  EXPECT_TRUE(same(a, b));
  EXPECT_FALSE(same(a, b, {}, {"header:X-Tenant"}));
  EXPECT_FALSE(same({.headers = {{"Range", "bytes=0-1"}}}, Request{}));
  EXPECT_TRUE(same({.headers = {{"Range", "bytes=0-1"}}}, Request{}, {"header:range"}));
}

TEST(Match, WrongRulesAreNamed) {
  const std::pair<const char*, const char*> table[] = {
      {"cookie:a",
       "rule 'cookie:a': expected header:NAME, query:NAME, json:PATH, form:NAME or "
       "body, not 'cookie:a'"},
      {"query:", "rule 'query:': a name must follow the colon"},
      {"query:a~", "rule 'query:a~': an expression must follow ~"},
      {"body:x", "rule 'body:x': body takes no name"},
      {"header:X-A",
       "rule 'header:X-A': headers do not count unless --match names them; Range "
       "alone does"},
  };
  for (const auto& [rule, sentence] : table) {
    const auto parsed = MatchRules::parse({}, {rule});
    ASSERT_FALSE(parsed) << rule;
    EXPECT_EQ(parsed.error().detail, sentence);
    EXPECT_EQ(parsed.error().stage, Stage::configure);
  }
  EXPECT_NE(MatchRules::parse({}, {"query:a~("}).error().detail.find("not a regular expression"),
            std::string::npos);
  EXPECT_NE(MatchRules::parse({"query:a"}, {}).error().detail.find("only headers can be added"),
            std::string::npos);
  EXPECT_EQ(MatchRules::parse({"header:Range"}, {"header:range"}).error().detail,
            "rule 'header:range': contradicts the rule 'header:Range'");
}

TEST(Match, DifferencesAreTold) {
  const MatchRules none;
  EXPECT_EQ(differences(parts(query("a=1&b=2"), none), parts(query("a=1&c=2"), none)),
            (Strings{"query b: 2, recorded without", "query c: absent, recorded 2"}));
  EXPECT_EQ(
      differences(parts(json(R"({"u":{"id":1}})"), none), parts(json(R"({"u":{"id":2}})"), none)),
      Strings{"json $.u.id: 1, recorded 2"});
  EXPECT_EQ(differences(parts({.url_path = "/a"}, none), parts({.url_path = "/b"}, none)),
            Strings{"path: /a, recorded /b"});
  const std::string line =
      differences(parts(query("a=" + std::string(500, 'x')), none), parts(Request{}, none))[0];
  EXPECT_LT(line.size(), 130u);
}

std::vector<std::string> proposed(const Proposals& proposals) {
  std::vector<std::string> rules;
  for (const auto& proposal : proposals.list()) rules.push_back(proposal.rule);
  return rules;
}

TEST(Proposals, ARequestsDifferencesAsRules) {
  const auto none = rules({}, {});
  Proposals proposals;
  proposals.note_requests("api.example.com", "/v1",
                          parts({.query = "page=1&ts=17&once=x",
                                 .body = R"({"a":[{"id":"0f"},{"id":"1e"}],"b":1})",
                                 .type = "application/json"},
                                none),
                          parts({.query = "page=1&ts=18",
                                 .body = R"({"a":[{"id":"2d"},{"id":"3c"}],"b":1})",
                                 .type = "application/json"},
                                none));
  EXPECT_EQ(proposed(proposals), (std::vector<std::string>{"api.example.com/v1 query:once",
                                                           "api.example.com/v1 query:ts~[0-9]+",
                                                           "api.example.com/v1 json:$.a[*].id"}));
}

TEST(Proposals, ShapesAreTheNarrowestThatAllValuesHave) {
  const auto shape = [](std::vector<std::pair<const char*, const char*>> values) {
    Proposals proposals;
    for (const auto& [before, after] : values) {
      proposals.note("h", "/", MatchRule::Kind::query, "q", before, after);
    }
    return proposals.list().at(0).rule.substr(std::string("h/ query:q").size());
  };
  EXPECT_EQ(shape({{"1", "22"}}), "~[0-9]+");
  EXPECT_EQ(shape({{"1.5", "2.25"}}), "~[0-9]+\\.[0-9]+");
  EXPECT_EQ(shape({{"1", "2.25"}}), "~[0-9]+(\\.[0-9]+)?");
  EXPECT_EQ(
      shape({{"123e4567-e89b-12d3-a456-426614174000", "123E4567-E89B-12D3-A456-426614174001"}})
          .substr(0, 18),
      "~[0-9a-fA-F]{8}-[0");
  EXPECT_EQ(shape({{"2026-11-27T10:00:00Z", "2026-11-28T10:00:00.5+01:00"}}).substr(0, 13),
            "~[0-9]{4}-[0-");
  EXPECT_EQ(shape({{"0123456789abcdef", "fedcba98765432100"}}), "~[0-9a-fA-F]{16,}");
  EXPECT_EQ(shape({{"1", "2"}, {"3", "x"}}), "");
}

TEST(Proposals, ManyPathsAreOneRule) {
  Proposals proposals;
  for (int i = 0; i < 4; ++i) {
    proposals.note("h", "/" + std::to_string(i), MatchRule::Kind::json, "$.at", "1", "2");
  }
  EXPECT_EQ(proposed(proposals).size(), 4U);
  proposals.note("h", "/4", MatchRule::Kind::json, "$.at", "1", "x");
  EXPECT_EQ(proposed(proposals), std::vector<std::string>{"h json:$.at"});
}

TEST(Proposals, ANameThatARuleCannotHoldIsAPattern) {
  Proposals proposals;
  proposals.note("h", "/", MatchRule::Kind::json, "$.a b~c", "x", "y");
  const std::vector<std::string> found = proposed(proposals);
  EXPECT_EQ(found, std::vector<std::string>{"h/ json:$.a*b*c"});
  EXPECT_TRUE(MatchRules::parse({}, found));
}

}  // namespace
}  // namespace tapedeck::storage
