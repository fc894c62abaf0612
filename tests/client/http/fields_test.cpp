#include "client/http/fields.hpp"

#include <gtest/gtest.h>

namespace tapedeck::http {
namespace {

std::string show(const Fields& fields) {
  std::string text;
  for (const Fields::Line& line : fields) {
    text.append(line.name).append("=").append(line.value).append(";");
  }
  return text;
}

std::vector<std::string> elements(std::string_view list) {
  std::vector<std::string> all;
  for_each_element(list, [&](std::string_view element) { all.emplace_back(element); });
  return all;
}

TEST(Fields, KeepOrderCaseAndRepeats) {
  Fields fields{{"B", "1"}, {"a", "2"}, {"b", "3"}};
  EXPECT_EQ(show(fields), "B=1;a=2;b=3;");
  EXPECT_EQ(fields.get("b"), "1");
  EXPECT_EQ(fields.count("B"), 2u);
  EXPECT_EQ(fields.joined("b"), "1, 3");
  EXPECT_EQ(fields.joined("c"), std::nullopt);
  EXPECT_EQ(fields.get("c"), std::nullopt);
  EXPECT_TRUE(fields.contains("A"));
  EXPECT_EQ(fields.byte_size(), 6u);
}

TEST(Fields, SetReplacesTheFirstAndRemovesTheOthers) {
  Fields fields{{"a", "1"}, {"b", "2"}, {"A", "3"}, {"c", "4"}, {"a", "5"}};
  fields.set("A", "new");
  EXPECT_EQ(show(fields), "a=new;b=2;c=4;");
  fields.set("d", "6");
  EXPECT_EQ(show(fields), "a=new;b=2;c=4;d=6;");
}

TEST(Fields, RemoveEveryLineOfAName) {
  Fields fields{{"a", "1"}, {"b", "2"}, {"A", "3"}};
  EXPECT_EQ(fields.remove("a"), 2u);
  EXPECT_EQ(fields.remove("a"), 0u);
  EXPECT_EQ(show(fields), "b=2;");
  fields.remove_if([](const Fields::Line& line) { return line.value == "2"; });
  EXPECT_TRUE(fields.empty());
}

TEST(Fields, AcceptTheirOwnViews) {
  Fields fields{{"name", "value"}};
  for (int i = 0; i < 200; ++i) {
    fields.add(fields.line(0).name, fields.line(fields.size() - 1).value);
    fields.set("other", *fields.get("name"));
  }
  EXPECT_EQ(fields.count("name"), 201u);
  EXPECT_EQ(fields.line(200).value, "value");
  EXPECT_EQ(fields.get("other"), "value");
}

TEST(Fields, ExtendTheLastLine) {
  Fields fields{{"a", ""}};
  fields.extend_last("b");
  fields.extend_last("c");
  fields.extend_last("");
  EXPECT_EQ(show(fields), "a=b c;");
  fields.add("d", "e");
  fields.set("a", "moved to the end of the text");
  fields.extend_last("f");  // d's value no longer ends the text
  EXPECT_EQ(show(fields), "a=moved to the end of the text;d=e f;");
}

TEST(Fields, ExtendInLinearSpace) {
  Fields fields{{"a", "b"}};
  for (int i = 0; i < 20000; ++i) fields.extend_last("c");
  EXPECT_LT(fields.byte_size(), 50000u);
}

TEST(Fields, FindTokensInLists) {
  const Fields fields{{"Connection", "close, Upgrade"}, {"connection", "x;q=1 ,\tTE"}};
  for (const char* const token : {"close", "upgrade", "te", "x;q=1"}) {
    EXPECT_TRUE(fields.has_token("Connection", token)) << token;
  }
  for (const char* const token : {"clos", "x", "", "q=1"}) {
    EXPECT_FALSE(fields.has_token("Connection", token)) << token;
  }
}

TEST(Fields, CompareByNameValueAndOrder) {
  EXPECT_EQ((Fields{{"a", "1"}}), (Fields{{"a", "1"}}));
  EXPECT_FALSE((Fields{{"a", "1"}}) == (Fields{{"A", "1"}}));
  EXPECT_FALSE((Fields{{"ab", "c"}}) == (Fields{{"a", "bc"}}));
  EXPECT_FALSE((Fields{{"a", "1"}}) == (Fields{{"a", "1"}, {"a", "1"}}));
}

TEST(Fields, ClearKeepsNothing) {
  Fields fields{{"a", "1"}};
  fields.clear();
  EXPECT_TRUE(fields.empty());
  EXPECT_EQ(fields.byte_size(), 0u);
  EXPECT_EQ(fields.begin(), fields.end());
}

TEST(ListElements, AreSplitAtCommasOutsideQuotes) {
  using Strings = std::vector<std::string>;
  EXPECT_EQ(elements(""), Strings{});
  EXPECT_EQ(elements(" , ,\t,"), Strings{});
  EXPECT_EQ(elements("a"), Strings{"a"});
  EXPECT_EQ(elements(" a ,b\t, c d "), (Strings{"a", "b", "c d"}));
  EXPECT_EQ(elements("a=\"b,c\",d"), (Strings{"a=\"b,c\"", "d"}));
  EXPECT_EQ(elements("\"a\\\",b\",c"), (Strings{"\"a\\\",b\"", "c"}));
  EXPECT_EQ(elements("a\\,b"), (Strings{"a\\", "b"}));
  EXPECT_EQ(elements("\"open, a"), Strings{"\"open, a"});
  EXPECT_EQ(elements("\"open\\"), Strings{"\"open\\"});
}

}  // namespace
}  // namespace tapedeck::http
