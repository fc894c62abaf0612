#include "storage/compare/comparison.hpp"

#include <algorithm>

namespace tapedeck::storage {
namespace {

/// Of a value longer than this a part is told, this long.
constexpr std::size_t kShown = 120;
/// Of which this much comes before the place in question.
constexpr std::size_t kLead = 24;

bool continues_code_point(char c) { return (c & '\xc0') == '\x80'; }

/// kShown bytes from `from` on, at whole code points, what is left out marked.
std::string window(std::string_view text, std::size_t from) {
  if (text.size() <= kShown) return std::string(text);
  from = std::min(from, text.size() - kShown);
  while (from > 0 && continues_code_point(text[from])) --from;
  std::size_t end = std::min(from + kShown, text.size());
  while (end < text.size() && end > from && continues_code_point(text[end])) --end;
  std::string shown(from > 0 ? "…" : "");
  shown.append(text.substr(from, end - from));
  if (end < text.size()) shown += "…";
  return shown;
}

}  // namespace

void Comparison::add(Difference difference) {
  if (told_.size() < kTold) {
    told_.push_back(std::move(difference));
  } else {
    ++more_;
  }
}

std::pair<std::string, std::string> shortened(std::string_view before, std::string_view after) {
  const auto [first, second] =
      std::mismatch(before.begin(), before.end(), after.begin(), after.end());
  const auto at = static_cast<std::size_t>(first - before.begin());
  const std::size_t from = at > kLead ? at - kLead : 0;
  return {window(before, from), window(after, from)};
}

std::string shortened(std::string_view value) { return window(value, 0); }

}  // namespace tapedeck::storage
