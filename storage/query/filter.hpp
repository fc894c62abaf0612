#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "client/http/result.hpp"
#include "storage/sqlite.hpp"

namespace tapedeck::storage {

/// The filter language of `ls`, as SQL: terms are and-ed, `-term` negates, a bare word searches:
/// it is found as whole words, with `*` at its end as the beginning of one.
/// Values only ever reach SQL as bound parameters.
class Filter {
 public:
  using Value = std::variant<std::int64_t, std::string>;

  /// `now_us`: what `since:10m` counts from. Fails with Stage::configure and a sentence that names
  /// the term and lists what exists.
  static Result<Filter> parse(const std::vector<std::string>& terms, std::int64_t now_us);

  /// A condition on table `exchange`, "1" when there is no term.
  const std::string& condition() const noexcept { return condition_; }
  const std::vector<Value>& values() const noexcept { return values_; }
  /// What to ask table `exchange_text` for (see TextIndex): every exchange selected matches it, not
  /// every match is selected. Empty: all of them.
  const std::string& candidates() const noexcept { return candidates_; }
  /// Binds the values from parameter `first` on; returns the next free one.
  int bind(Statement& statement, int first) const;
  /// The condition with its values written in: for people to read and learn from.
  std::string readable() const;

 private:
  std::string condition_ = "1";
  std::vector<Value> values_;
  std::string candidates_;
};

/// Seconds, minutes … as in `10m`, or a local time such as 2026-11-23T10:00, as microseconds since
/// 1970; empty when it is neither.
std::optional<std::int64_t> parse_time(std::string_view text, std::int64_t now_us);

}  // namespace tapedeck::storage
