#include "storage/query/words.hpp"

#include <algorithm>

#include "client/http/grammar.hpp"
#include "client/http/url.hpp"

namespace tapedeck::storage {
namespace {

bool ascii(char c) { return static_cast<unsigned char>(c) < 0x80; }

/// Part of a word. What of Unicode is one, SQLite knows; here all of it may be.
bool in_word(char c) {
  const char lower = http::to_lower(c);
  return !ascii(c) || http::is(c, http::kDigit) || (lower >= 'a' && lower <= 'z');
}

/// A character that is no part of a word, for GLOB.
constexpr std::string_view kBetween = "[^a-z0-9\u0080-\U0010ffff]";

std::string joined(const std::vector<std::string>& words, std::string_view by) {
  std::string query;
  for (const std::string& word : words) query.append(query.empty() ? "" : by).append(word);
  return query;
}

}  // namespace

std::vector<std::string> whole_words(std::string_view text, char wildcard) {
  std::vector<std::string> words;
  for (auto at = text.begin(); at != text.end();) {
    const auto begin = std::find_if(at, text.end(), in_word);
    const auto end = std::find_if_not(begin, text.end(), in_word);
    const bool open =
        (begin != text.begin() && begin[-1] == wildcard) || (end != text.end() && *end == wildcard);
    if (begin != end && !open && std::all_of(begin, end, ascii)) {
      words.push_back('"' + std::string(begin, end) + '"');
    }
    at = end;
  }
  return words;
}

std::vector<std::string> words_of(std::string_view text) {
  const bool beginning = text.ends_with('*');
  if (beginning) text.remove_suffix(1);
  std::vector<std::string> words = whole_words(text, '\0');
  if (beginning && !words.empty() && ascii(text.back()) && in_word(text.back()))
    words.back() += '*';
  return words;
}

std::string containing_words(std::string_view text) {
  const bool beginning = text.ends_with('*');
  if (beginning) text.remove_suffix(1);
  std::string glob = "*";
  if (in_word(text.front())) glob += kBetween;
  for (const char c : http::to_lower(text)) {
    if (c == '*' || c == '?' || c == '[') {
      glob.append("[").append(1, c).append("]");
    } else {
      glob += c;
    }
  }
  if (!beginning && in_word(text.back())) glob += kBetween;
  return glob + "*";
}

std::string all_of(const std::vector<std::string>& words) { return joined(words, " AND "); }

std::string any_of(const std::vector<std::string>& words) {
  return words.empty() ? "" : "(" + joined(words, " OR ") + ")";
}

}  // namespace tapedeck::storage
