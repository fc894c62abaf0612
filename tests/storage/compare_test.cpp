#include <gtest/gtest.h>

#include "storage/compare/headers.hpp"
#include "storage/compare/json.hpp"
#include "storage/compare/pairing.hpp"
#include "storage/compare/response.hpp"
#include "storage/compare/text.hpp"

namespace tapedeck::storage {
namespace {

MatchRules rules(const std::vector<std::string>& ignore) {
  return MatchRules::parse({}, ignore, MatchRules::For::comparing).value();
}

ComparedResponse answer(std::string_view body, http::Fields headers = {}, int status = 200) {
  ComparedResponse response;
  response.status = status;
  response.headers = std::move(headers);
  response.body.emplace().append(body);
  response.body->finish();
  return response;
}

/// "status 200 -> 404|body …", a difference after the other.
std::string told(const Comparison& comparison) {
  std::string text;
  for (const Difference& difference : comparison.told()) {
    text += (text.empty() ? "" : "|") + difference.where;
    if (difference.lines.empty()) {
      text += " " + difference.before.value_or("none") + " -> " + difference.after.value_or("none");
    }
    for (const std::string& line : difference.lines) text += "\n" + line;
  }
  return text;
}

std::string compared(const ComparedResponse& before, const ComparedResponse& after,
                     const std::vector<std::string>& ignore = {}) {
  const MatchRules all = rules(ignore);
  return told(compare(before, after, all.scope("api.example.com", "/v1")));
}

const http::Fields kJson = {{"Content-Type", "application/json"}};

std::string json(std::string_view before, std::string_view after,
                 const std::vector<std::string>& ignore = {}) {
  return compared(answer(before, kJson), answer(after, kJson), ignore);
}

TEST(Compare, JsonByPath) {
  struct Case {
    const char* before;
    const char* after;
    const char* told;
  };
  const Case table[] = {
      {R"({"a":1,"b":2})", R"({ "b" : 2, "a" : 1 })", ""},
      {R"({"items":[{"price":9},{"price":10}]})", R"({"items":[{"price":9},{"price":12}]})",
       "$.items[1].price 10 -> 12"},
      {R"({"a":1})", R"({"a":1,"b":{"c":[1, 2]}})", R"($.b none -> {"c":[1,2]})"},
      {R"({"a":1,"b":2})", R"({"b":2})", "$.a 1 -> none"},
      {"[1,2]", "[1,2,3]", "$[2] none -> 3"},
      {"[1,2,3]", "[1]", "$[1] 2 -> none|$[2] 3 -> none"},
      {"[]", "{}", "$ [] -> {}"},
      {"[]", "[ ]", ""},
      {"{}", "{\n}", ""},
      {R"({"a":null})", R"({"a":"null"})", R"($.a null -> "null")"},
      {R"({"a":10})", R"({"a":10.0})", "$.a 10 -> 10.0"},
      {"12345678901234567890123", "12345678901234567890124",
       "$ 12345678901234567890123 -> 12345678901234567890124"},
      {R"(["\u0041\/"])", R"(["A/"])", ""},
      {R"({"\u0061":1})", R"({"a":2})", "$.a 1 -> 2"},
      {R"({"a,}]":"{[,"})", R"({"a,}]":"}],"})", R"($.a,}] "{[," -> "}],")"},
      {R"({"a":1,"a":2})", R"({"a":1,"a":3})", "$.a 2 -> 3"},
      {"\xef\xbb\xbf[1]", "[1]", ""},
      {R"({"a":{"b":{"c":[[1],[2]]}}})", R"({"a":{"b":{"c":[[1],[5]]}}})", "$.a.b.c[1][0] 2 -> 5"},
  };
  for (const auto& [before, after, expected] : table) {
    EXPECT_EQ(json(before, after), expected) << before << " and " << after;
  }
}

TEST(Compare, RulesSayWhatDoesNotCount) {
  EXPECT_EQ(json(R"({"ts":1,"a":1})", R"({"ts":2,"a":2})", {"json:$.ts"}), "$.a 1 -> 2");
  EXPECT_EQ(json(R"({"m":{"t":1}})", R"({"m":{"t":2,"u":1}})", {"json:m"}), "");
  EXPECT_EQ(json(R"({"i":[{"id":1}]})", R"({"i":[{"id":2}]})", {"json:i[*].id"}), "");
  EXPECT_EQ(json(R"({"ts":1})", R"({})", {"json:$.ts"}), "");
  EXPECT_EQ(json(R"({"id":"5f"})", R"({"id":"a0"})", {"json:id~[0-9a-f]{2}"}), "");
  EXPECT_EQ(json(R"({"id":"5f"})", R"({"id":"no"})", {"json:id~[0-9a-f]{2}"}),
            "$.id ~[0-9a-f]{2} -> \"no\"");
  EXPECT_EQ(json("[1]", "[2]", {"body"}), "");
  EXPECT_EQ(json("[1]", "[2]", {"other.example json:$"}), "$[0] 1 -> 2");
  EXPECT_EQ(compared(answer("", {{"X-A", "1"}}), answer("", {{"x-a", "2"}}), {"header:X-A"}), "");
}

TEST(Compare, StatusAndHowItEnded) {
  EXPECT_EQ(compared(answer(""), answer("", {}, 404)), "status 200 -> 404");
  ComparedResponse none;
  none.failure = "connection_refused";
  EXPECT_EQ(compared(none, answer("x")), "answer connection_refused -> complete");
  EXPECT_EQ(compared(none, none), "");
  ComparedResponse unknown = answer("");
  unknown.body.reset();
  unknown.note = "not recorded whole";
  const MatchRules all = rules({});
  const Comparison comparison = compare(unknown, answer("x"), all.scope("", ""));
  EXPECT_TRUE(comparison.same());
  EXPECT_EQ(comparison.notes, std::vector<std::string>{"body before: not recorded whole"});
}

TEST(Compare, HeadersByName) {
  struct Case {
    http::Fields before;
    http::Fields after;
    const char* told;
  };
  const Case table[] = {
      {{{"A", "1"}, {"B", "2"}}, {{"b", "2"}, {"a", "1"}}, ""},
      {{{"Vary", "a"}, {"Vary", "b"}}, {{"Vary", "a, b"}}, ""},
      {{{"Vary", "a"}, {"Vary", "b"}}, {{"Vary", "b"}, {"Vary", "a"}}, "header vary a, b -> b, a"},
      {{{"A", "1"}}, {}, "header a 1 -> none"},
      {{}, {{"A", "1"}}, "header a none -> 1"},
      {{{"Date", "x"}, {"CF-Ray", "1"}, {"X-Request-ID", "7"}}, {{"Age", "2"}}, ""},
      {{{"Set-Cookie", "sid=1; Path=/; Secure; Expires=Thu"}},
       {{"Set-Cookie", "sid=2; secure; expires=Fri; path=/"}},
       ""},
      {{{"Set-Cookie", "b=1"}, {"Set-Cookie", "a=1"}},
       {{"Set-Cookie", "a=2"}, {"Set-Cookie", "b=2"}},
       ""},
      {{{"Set-Cookie", "sid=1; Secure"}},
       {{"Set-Cookie", "sid=1"}},
       "header set-cookie sid; secure -> sid"},
  };
  for (const auto& [before, after, expected] : table) {
    EXPECT_EQ(compared(answer("", before), answer("", after)), expected);
  }
  EXPECT_TRUE(varies_by_nature("DATE"));
  EXPECT_TRUE(varies_by_nature("x-trace-id"));
  EXPECT_FALSE(varies_by_nature("ETag"));
}

TEST(Compare, TextByLine) {
  struct Case {
    const char* before;
    const char* after;
    const char* told;
  };
  const Case table[] = {
      {"a\nb\nc\n", "a\nx\nc\n", "body\n@@ -1,3 +1,3 @@\n a\n-b\n+x\n c"},
      {"a\n", "a\nb\n", "body\n@@ -1,1 +1,2 @@\n a\n+b"},
      {"b\nc\n", "a\nb\nc\n", "body\n@@ -1,2 +1,3 @@\n+a\n b\n c"},
      {"a\nb\n", "a\n", "body\n@@ -1,2 +1,1 @@\n a\n-b"},
      {"1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\nx\n3\n4\n5\n6\n7\ny\n9\n",
       "body\n@@ -1,4 +1,4 @@\n 1\n-2\n+x\n 3\n 4\n@@ -6,4 +6,4 @@\n 6\n 7\n-8\n+y\n 9"},
      {"a\nb\nc\na\nb\nb\na\n", "c\nb\na\nb\na\nc\n",
       "body\n@@ -1,7 +1,6 @@\n-a\n-b\n c\n+b\n a\n b\n-b\n a\n+c"},
      {"a", "a\n", "body\nthe end of the last line differs"},
  };
  for (const auto& [before, after, expected] : table) {
    EXPECT_EQ(compared(answer(before), answer(after)), expected);
  }
}

/// Does to `before`, lines of one letter each, what compare_text() tells, as patch(1) would.
std::string patched(const std::string& before, const std::string& after) {
  std::string text;
  std::size_t at = 0;  // in `before`
  for (const std::string& line : compare_text(before, after)) {
    if (line.starts_with("@@")) {
      const bool none = line.substr(5, 2) == ",0";
      const std::size_t from = 2 * (std::stoul(line.substr(4)) - (none ? 0 : 1));
      text += before.substr(at, from - at);
      at = from;
    } else {
      if (line.front() != '-') text += line.substr(1) + "\n";
      if (line.front() != '+') at += 2;
    }
  }
  return text + before.substr(at);
}

TEST(Compare, EveryShortTextIsToldRight) {
  const auto text = [](unsigned bits) {
    std::string made;
    for (int i = 0; i < 5; ++i, bits >>= 1) made += bits & 1 ? "x\n" : "y\n";
    return made.substr(0, 2 * (1 + bits % 5));
  };
  for (unsigned before = 0; before < 160; ++before) {
    for (unsigned after = 0; after < 160; ++after) {
      ASSERT_EQ(patched(text(before), text(after)), text(after)) << text(before);
    }
  }
}

TEST(Compare, WhatIsNotTextIsToldBySizeAndDigest) {
  const std::string zeros(5, '\0');
  EXPECT_EQ(compared(answer(zeros), answer("abc")),
            "body 5 bytes, SHA-256 8855508a… -> 3 bytes, SHA-256 ba7816bf…");
  const std::string large(Content::kHeld + 1, 'x');
  EXPECT_EQ(compared(answer(large), answer(large)), "");
  EXPECT_TRUE(compared(answer(large), answer("abc")).starts_with("body 4194305 bytes, SHA-256 "));
  EXPECT_EQ(json("{not json", "{nor this"), "body\n@@ -1,1 +1,1 @@\n-{not json\n+{nor this");
}

TEST(Compare, EveryListIsBounded) {
  std::string many = "[";
  std::string text;
  for (int i = 0; i < 5'000; ++i) {
    many += "1,";
    text += std::to_string(i) + "\n";
  }
  std::string others = many;
  std::replace(others.begin(), others.end(), '1', '2');
  const MatchRules all = rules({});
  const auto comparison =
      compare(answer(many + "1]", kJson), answer(others + "1]", kJson), all.scope("", ""));
  EXPECT_EQ(comparison.told().size(), Comparison::kTold);
  EXPECT_EQ(comparison.more(), 5'000 - Comparison::kTold);
  const auto lines = compare_text(text, "0\n1\n");
  EXPECT_EQ(lines.size(), kToldLines + 1);
  EXPECT_EQ(lines.back(), "… and 4961 more lines");
}

TEST(Compare, LongValuesAreCutWhereTheyDiffer) {
  const std::string same(500, 'x');
  const auto [before, after] = shortened(same + "ä1" + same, same + "ä2" + same);
  EXPECT_NE(before.find("ä1x"), std::string::npos);
  EXPECT_NE(after.find("ä2x"), std::string::npos);
  EXPECT_TRUE(before.starts_with("…x") && before.ends_with("x…")) << before;
  EXPECT_LT(before.size(), 140u);
  EXPECT_EQ(shortened("short"), "short");
}

TEST(Compare, SessionsArePairedByKeyAndOrder) {
  struct Case {
    const char* before;  // a letter a key, in the order recorded
    const char* after;
    const char* told;
  };
  const Case table[] = {
      {"", "", ""},
      {"ab", "ab", "0-0 1-1"},
      {"aab", "ab", "0-0 2-1 missing 1"},
      {"ab", "abb", "0-0 1-1 extra 2"},
      {"abc", "cab", "0-1 1-2 2-0*"},
      {"abcd", "acbd", "0-0 1-2* 2-1 3-3"},
      {"aba", "aab", "0-0 1-2* 2-1"},
  };
  const auto keyed = [](std::string_view letters) {
    std::vector<Keyed> session;
    for (const char letter : letters) {
      MatchKey key;
      key.bits[0] = static_cast<std::uint64_t>(letter);
      session.push_back({key, static_cast<std::int64_t>(session.size())});
    }
    return session;
  };
  for (const auto& [before, after, expected] : table) {
    const Pairing pairing = pair_up(keyed(before), keyed(after));
    std::string told;
    const auto add = [&](const std::string& word) { told += (told.empty() ? "" : " ") + word; };
    for (const auto& pair : pairing.pairs) {
      add(std::to_string(pair.before) + "-" + std::to_string(pair.after) +
          (pair.reordered ? "*" : ""));
    }
    for (const std::int64_t id : pairing.missing) add("missing " + std::to_string(id));
    for (const std::int64_t id : pairing.extra) add("extra " + std::to_string(id));
    EXPECT_EQ(told, expected) << before << " and " << after;
  }
}

TEST(Compare, DepthAndSizeCostNoStack) {
  const std::string open(100'000, '[');
  const std::string close(100'000, ']');
  EXPECT_TRUE(json(open + "1" + close, open + "2" + close).starts_with("$[0][0]"));
}

}  // namespace
}  // namespace tapedeck::storage
