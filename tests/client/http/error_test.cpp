#include "client/http/error.hpp"

#include <gtest/gtest.h>
#include <set>
#include <string>

#include "client/http/result.hpp"

namespace tapedeck::http {
namespace {

constexpr int kLast = static_cast<int>(Error::body_shorter_than_declared);

TEST(Error, HasAMessageOfItsOwn) {
  std::set<std::string> messages;
  for (int i = 1; i <= kLast; ++i) {
    const std::string message = make_error_code(static_cast<Error>(i)).message();
    EXPECT_NE(message, "unknown error") << i;
    EXPECT_FALSE(message.ends_with('.')) << message;
    messages.insert(message);
  }
  EXPECT_EQ(messages.size(), static_cast<std::size_t>(kLast));
  EXPECT_EQ(make_error_code(static_cast<Error>(kLast + 1)).message(), "unknown error");
}

TEST(Error, IsEquivalentToAtMostOneCondition) {
  for (int i = 1; i <= kLast; ++i) {
    const std::error_code code = make_error_code(static_cast<Error>(i));
    int matches = 0;
    for (int c = 0; c <= static_cast<int>(Condition::canceled); ++c) {
      matches += code == make_error_condition(static_cast<Condition>(c)) ? 1 : 0;
    }
    EXPECT_EQ(matches, i >= static_cast<int>(Error::not_allowed_now) ? 0 : 1) << code.message();
  }
  EXPECT_EQ(make_error_code(Error::bare_lf), Condition::malformed);
  EXPECT_EQ(make_error_code(Error::head_too_large), Condition::too_large);
  EXPECT_EQ(make_error_code(Error::incomplete_body), Condition::truncated);
}

TEST(Failure, NamesStageMessageAndDetail) {
  EXPECT_EQ((Failure{Error::bare_lf, Stage::wait, Blame::remote, {}}).to_string(),
            "wait: LF without CR");
  EXPECT_EQ((Failure{Error::bad_host, Stage::request, Blame::remote, "x"}).to_string(),
            "request: malformed host: x");
}

TEST(Failure, NamesEveryStage) {
  std::set<std::string_view> names;
  for (int i = 0; i <= static_cast<int>(Stage::record); ++i) {
    names.insert(to_string(static_cast<Stage>(i)));
  }
  EXPECT_EQ(names.size(), static_cast<std::size_t>(Stage::record) + 1);
  EXPECT_EQ(names.count("unknown"), 0u);
}

TEST(Result, HoldsAValueOrAFailure) {
  Result<std::string> value = std::string("x");
  ASSERT_TRUE(value);
  EXPECT_EQ(value->size(), 1u);
  EXPECT_EQ(*std::move(value), "x");
  Result<std::string> failed = Failure{Error::bare_cr, Stage::request, Blame::remote, "d"};
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, make_error_code(Error::bare_cr));
  Result<void> fine;
  EXPECT_TRUE(fine);
}

}  // namespace
}  // namespace tapedeck::http
