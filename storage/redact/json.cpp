#include "storage/redact/json.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "storage/json_string.hpp"

namespace tapedeck::storage {
namespace {

/// Deeper JSON is not looked into.
constexpr int kDepth = 200;
constexpr std::string_view kBlank = " \t\r\n";
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

/// Walks over a text that is known to be JSON.
class Walk {
 public:
  Walk(std::string_view text, const RedactRules::Scope& rules, const Mark& mark)
      : text_(text), rules_(rules), mark_(mark) {}

  /// False when it is too deep.
  bool run(std::string& clean) {
    if (text_.starts_with(kByteOrderMark)) at_ = kByteOrderMark.size();
    if (!value(0)) return false;
    clean_.append(text_.substr(kept_));
    clean = std::move(clean_);
    return true;
  }

 private:
  bool value(int depth) {
    skip_blank();
    const std::size_t start = at_;
    const bool container = text_[at_] == '{' || text_[at_] == '[';
    if (container && !rules_.secret(MatchRule::Kind::json, path_, std::nullopt)) {
      return depth < kDepth && members(depth);
    }
    skip_value();
    const std::string_view raw = text_.substr(start, at_ - start);
    if (container) {
      replace(start, raw);
    } else if (const std::string said = content(raw);
               rules_.secret(MatchRule::Kind::json, path_, said)) {
      replace(start, said);
    }
    return true;
  }

  bool members(int depth) {
    const bool object = text_[at_] == '{';
    const std::size_t path_size = path_.size();
    ++at_;
    for (std::size_t count = 0;; ++count) {
      skip_blank();
      if (text_[at_] == ',') {
        ++at_;
        skip_blank();
      }
      if (text_[at_] == '}' || text_[at_] == ']') break;
      if (object) {
        const std::size_t start = at_;
        skip_string();
        path_ += '.';
        path_ += content(text_.substr(start, at_ - start));
        skip_blank();
        ++at_;  // the colon
      } else {
        path_ += '[' + std::to_string(count) + ']';
      }
      if (!value(depth + 1)) return false;
      path_.resize(path_size);
    }
    ++at_;
    return true;
  }

  void skip_blank() { at_ = std::min(text_.find_first_not_of(kBlank, at_), text_.size()); }

  void skip_string() {
    for (++at_; text_[at_] != '"'; ++at_) {
      if (text_[at_] == '\\') ++at_;
    }
    ++at_;
  }

  void skip_value() {
    if (text_[at_] == '"') return skip_string();
    if (text_[at_] != '{' && text_[at_] != '[') {
      at_ = std::min(text_.find_first_of(",]} \t\r\n", at_), text_.size());
      return;
    }
    for (std::size_t open = 0; open > 0 || text_[at_] == '{' || text_[at_] == '[';) {
      if (text_[at_] == '"') {
        skip_string();
        continue;
      }
      if (text_[at_] == '{' || text_[at_] == '[') ++open;
      if (text_[at_] == '}' || text_[at_] == ']') --open;
      ++at_;
      if (open == 0) break;
    }
  }

  /// What a string says; any other value as it is written.
  static std::string content(std::string_view raw) {
    if (raw.empty() || raw[0] != '"') return std::string(raw);
    if (raw.find('\\') == std::string_view::npos) return std::string(raw.substr(1, raw.size() - 2));
    return nlohmann::json::parse(raw).get<std::string>();
  }

  void replace(std::size_t start, std::string_view secret) {
    const std::string marked = mark_(path_, secret);
    if (secret.empty() || marked == secret) return;
    clean_.append(text_.substr(kept_, start - kept_)).append(1, '"');
    append_json_utf8(marked, clean_);
    clean_ += '"';
    kept_ = at_;
  }

  std::string_view text_;
  const RedactRules::Scope& rules_;
  const Mark& mark_;
  std::string path_ = "$";
  std::string clean_;
  std::size_t at_ = 0;
  std::size_t kept_ = 0;  ///< what is before it is in clean_
};

}  // namespace

std::optional<std::string> redacted_json(std::string_view text, const RedactRules::Scope& rules,
                                         const Mark& mark) {
  if (!nlohmann::json::accept(text)) return std::nullopt;
  std::string clean;
  if (!Walk(text, rules, mark).run(clean)) return std::nullopt;
  return clean;
}

std::optional<std::string> redacted_json_lines(std::string_view text,
                                               const RedactRules::Scope& rules, const Mark& mark) {
  std::string clean;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    if (line.find_first_not_of(kBlank) == std::string_view::npos) {
      clean.append(line);
    } else {
      const auto one = redacted_json(line, rules, mark);
      if (!one) return std::nullopt;
      clean += *one;
    }
    if (end < text.size()) clean += '\n';
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return clean;
}

}  // namespace tapedeck::storage
