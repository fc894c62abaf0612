#include "daemon/cli/json_text.hpp"

#include <array>
#include <cstdio>

#include <nlohmann/json.hpp>

#include "daemon/cli/terminal.hpp"

namespace tapedeck::cli {
namespace {

constexpr std::size_t kDeepest = 32;

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

std::string_view without_space(std::string_view text) {
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

/// Lays valid JSON out token by token.
class Indenter {
 public:
  std::string indent(std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
      const char c = text[at];
      if (is_space(c)) {
        ++at;
        continue;
      }
      const std::size_t end = c == '"' ? end_of_string(text, at) : at + 1;
      token(text.substr(at, end - at));
      at = end;
    }
    return std::move(out_);
  }

 private:
  void token(std::string_view token) {
    const char c = token.front();
    if (c == '}' || c == ']') {
      // An empty pair stays together.
      if (!opened_) line(depth_ - 1);
      --depth_;
      out_ += c;
    } else {
      if (opened_) line(depth_);
      out_ += token;
      if (c == '{' || c == '[') ++depth_;
      if (c == ',') line(depth_);
      if (c == ':') out_ += ' ';
    }
    opened_ = c == '{' || c == '[';
  }

  void line(std::size_t depth) {
    if (depth_ > kDeepest) return;
    out_.append(1, '\n').append(2 * depth, ' ');
  }

  std::string out_;
  std::size_t depth_ = 0;
  bool opened_ = false;  ///< the last token opened an object or array
};

}  // namespace

std::optional<std::string> indented_json(std::string_view text) {
  text = without_space(text);
  if (!text.starts_with('{') && !text.starts_with('[')) return std::nullopt;
  // accept() keeps no tree: neither depth nor size of the text costs stack.
  if (!nlohmann::json::accept(text)) return std::nullopt;
  return Indenter().indent(text);
}

std::string harmless_json(std::string_view json) {
  std::string safe;
  safe.reserve(json.size());
  for_each_code_point(json, [&](char32_t value, std::string_view bytes) {
    if (!is_harmful(value)) {
      safe += bytes;
      return;
    }
    std::array<char, 8> escape{};
    std::snprintf(escape.data(), escape.size(), "\\u%04x", static_cast<unsigned>(value));
    safe += escape.data();
  });
  return safe;
}

}  // namespace tapedeck::cli
