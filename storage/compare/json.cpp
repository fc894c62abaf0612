#include "storage/compare/json.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace tapedeck::storage {
namespace {

/// Deeper values are compared as they are written.
constexpr std::size_t kDepth = 200;

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

/// Where the string that begins at `at` ends, behind its closing quote. The text is valid JSON.
std::size_t end_of_string(std::string_view text, std::size_t at) {
  for (++at; text[at] != '"'; ++at) {
    if (text[at] == '\\') ++at;
  }
  return at + 1;
}

/// A string as it reads, quotes kept, so that "\u0041" is "A".
std::string unescaped(std::string_view text) {
  if (text.find('\\') == std::string_view::npos) return std::string(text);
  return "\"" + nlohmann::json::parse(text).get<std::string>() + "\"";
}

/// The value on one line.
std::string compact(std::string_view text) {
  std::string line;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text[at] == '"' ? end_of_string(text, at) : at + 1;
    if (!is_space(text[at])) line += text.substr(at, end - at);
    at = end;
  }
  return line;
}

/// A value of an object or array, as it is written, and how the path goes on to it.
struct Member {
  std::string step;  ///< ".price", "[3]"
  std::string_view value;
};

/// The members of an object by name, of an array in order. The text is valid JSON.
std::vector<Member> members(std::string_view text) {
  const bool array = text.front() == '[';
  std::vector<Member> found;
  std::string step;
  std::size_t depth = 0;
  std::size_t from = 1;
  const auto end_value = [&](std::size_t end) {
    const std::string_view value = trimmed(text.substr(from, end - from));
    if (value.empty()) return;
    if (array) step = "[" + std::to_string(found.size()) + "]";
    found.push_back({step, value});
  };
  for (std::size_t at = 1; at < text.size();) {
    const char c = text[at];
    const std::size_t end = c == '"' ? end_of_string(text, at) : at + 1;
    if (c == '{' || c == '[') ++depth;
    if (depth == 0 && (c == ',' || end == text.size())) {
      end_value(at);
      from = end;
    } else if (depth == 0 && c == ':') {
      const std::string name = unescaped(trimmed(text.substr(from, at - from)));
      step = "." + name.substr(1, name.size() - 2);
      from = end;
    } else if (c == '}' || c == ']') {
      --depth;
    }
    at = end;
  }
  if (!array) {
    std::stable_sort(found.begin(), found.end(),
                     [](const Member& a, const Member& b) { return a.step < b.step; });
  }
  return found;
}

class JsonComparer {
 public:
  JsonComparer(const MatchRules::Scope& rules, Comparison& comparison)
      : rules_(rules), comparison_(comparison) {}

  void compare(std::string_view before, std::string_view after, std::size_t depth) {
    if (before == after) return;
    const bool structured = before.front() == '{' || before.front() == '[';
    if (structured && before.front() == after.front() && depth < kDepth) {
      std::string none;
      if (rules_.counts(MatchRule::Kind::json, path_, none)) compare_members(before, after, depth);
      return;
    }
    std::string was = value_of(before);
    std::string is = value_of(after);
    if (was == is || !counts(was) || !counts(is) || was == is) return;
    auto [told_was, told_is] = shortened(was, is);
    comparison_.add({path_, std::move(told_was), std::move(told_is)});
  }

 private:
  static std::string value_of(std::string_view text) {
    return text.front() == '"' ? unescaped(text) : compact(text);
  }

  bool counts(std::string& value) { return rules_.counts(MatchRule::Kind::json, path_, value); }

  void compare_members(std::string_view before, std::string_view after, std::size_t depth) {
    const bool array = before.front() == '[';
    const std::vector<Member> ours = members(before);
    const std::vector<Member> theirs = members(after);
    const std::size_t size = path_.size();
    auto was = ours.begin();
    auto is = theirs.begin();
    while (was != ours.end() || is != theirs.end()) {
      const bool both = was != ours.end() && is != theirs.end();
      if (both && (array || was->step == is->step)) {
        path_ += was->step;
        compare((was++)->value, (is++)->value, depth + 1);
      } else if (is == theirs.end() || (was != ours.end() && was->step < is->step)) {
        path_ += was->step;
        add_one((was++)->value, true);
      } else {
        path_ += is->step;
        add_one((is++)->value, false);
      }
      path_.resize(size);
    }
  }

  /// A value that one side alone has.
  void add_one(std::string_view text, bool is_before) {
    std::string value = value_of(text);
    if (!counts(value)) return;
    Difference difference{path_};
    (is_before ? difference.before : difference.after) = shortened(value);
    comparison_.add(std::move(difference));
  }

  const MatchRules::Scope& rules_;
  Comparison& comparison_;
  std::string path_ = "$";
};

}  // namespace

bool compare_json(std::string_view before, std::string_view after, const MatchRules::Scope& rules,
                  Comparison& comparison) {
  // accept() keeps no tree: neither depth nor size of the text costs stack.
  if (!nlohmann::json::accept(before) || !nlohmann::json::accept(after)) return false;
  constexpr std::string_view kMark = "\xef\xbb\xbf";  // of UTF-8, which accept() passes over
  if (before.starts_with(kMark)) before.remove_prefix(kMark.size());
  if (after.starts_with(kMark)) after.remove_prefix(kMark.size());
  JsonComparer(rules, comparison).compare(trimmed(before), trimmed(after), 0);
  return true;
}

}  // namespace tapedeck::storage
