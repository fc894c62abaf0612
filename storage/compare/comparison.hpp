#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tapedeck::storage {

/// One thing in which two answers differ.
struct Difference {
  std::string where;  ///< "status", "header content-type", "$.items[3].price", "body"
  std::optional<std::string> before = {};  ///< empty: it was not there
  std::optional<std::string> after = {};   ///< empty: it is not there any more
  /// Of a text: the lines that differ, as `diff -u` prints them.
  std::vector<std::string> lines = {};
  bool operator==(const Difference&) const = default;
};

/// How two answers compare. Bounded, however much they differ.
class Comparison {
 public:
  /// Differences that are told; the others are counted.
  static constexpr std::size_t kTold = 20;

  void add(Difference difference);

  bool same() const noexcept { return told_.empty(); }
  const std::vector<Difference>& told() const noexcept { return told_; }
  /// How many there are beside those told.
  std::size_t more() const noexcept { return more_; }

  /// What could not be compared, a sentence each: "body: not recorded whole".
  std::vector<std::string> notes;

 private:
  std::vector<Difference> told_;
  std::size_t more_ = 0;
};

/// Two values in a few words each: cut around the first place where they differ.
std::pair<std::string, std::string> shortened(std::string_view before, std::string_view after);
/// One value in a few words.
std::string shortened(std::string_view value);

}  // namespace tapedeck::storage
