#include "storage/match/body.hpp"

#include <algorithm>
#include <optional>

#include <nlohmann/json.hpp>

#include "client/http/grammar.hpp"
#include "storage/media_type.hpp"
#include "storage/redact/token_key.hpp"

namespace tapedeck::storage {
namespace {

using Kind = MatchRule::Kind;

/// Deeper JSON counts by its digest.
constexpr std::size_t kDepth = 200;

std::string hex(const Digest& digest) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const char c : digest) {
    text += kDigits[static_cast<unsigned char>(c) >> 4];
    text += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return text;
}

Digest digest_of(std::string_view bytes) {
  Sha256 digest;
  digest.update(bytes);
  return digest.finish();
}

void add(Kind kind, const std::string& label, const std::string& name, std::string value,
         const MatchRules::Scope& rules, Parts& parts) {
  if (rules.counts(kind, name, value)) parts.push_back({label + " " + name, std::move(value)});
}

/// Takes a JSON text apart as it is read: a part for each value, with its path.
class JsonParts {
 public:
  using number_integer_t = nlohmann::json::number_integer_t;
  using number_unsigned_t = nlohmann::json::number_unsigned_t;
  using number_float_t = nlohmann::json::number_float_t;
  using string_t = nlohmann::json::string_t;
  using binary_t = nlohmann::json::binary_t;

  JsonParts(const MatchRules::Scope& rules, Parts& parts) : rules_(rules), parts_(parts) {}

  bool null() { return leaf("null"); }
  bool boolean(bool value) { return leaf(value ? "true" : "false"); }
  bool number_integer(number_integer_t value) { return leaf(std::to_string(value)); }
  bool number_unsigned(number_unsigned_t value) { return leaf(std::to_string(value)); }
  bool number_float(number_float_t /*value*/, const string_t& text) { return leaf(text); }
  bool string(string_t& value) { return leaf("\"" + value + "\""); }
  bool binary(binary_t& /*value*/) { return false; }
  bool start_object(std::size_t /*size*/) { return open(false); }
  bool start_array(std::size_t /*size*/) { return open(true); }
  bool key(string_t& name) {
    levels_.back().key = "." + name;
    return true;
  }
  bool end_object() { return close("{}"); }
  bool end_array() { return close("[]"); }
  bool parse_error(std::size_t /*position*/, const std::string& /*token*/,
                   const nlohmann::json::exception& /*error*/) {
    return false;
  }

 private:
  struct Level {
    std::size_t path_size;  ///< of the path that leads here
    bool array;
    std::size_t count = 0;
    std::string key = {};
  };

  /// The path goes on to the next value of the level we are in.
  void enter() {
    if (levels_.empty()) return;
    Level& level = levels_.back();
    path_.resize(level.path_size);
    path_ += level.array ? "[" + std::to_string(level.count) + "]" : level.key;
    ++level.count;
  }
  bool leaf(std::string value) {
    enter();
    add(Kind::json, "json", path_, std::move(value), rules_, parts_);
    return true;
  }
  bool open(bool array) {
    enter();
    levels_.push_back({path_.size(), array});
    return levels_.size() <= kDepth;
  }
  bool close(std::string_view empty) {
    const Level level = std::move(levels_.back());
    levels_.pop_back();
    path_.resize(level.path_size);
    if (level.count == 0) add(Kind::json, "json", path_, std::string(empty), rules_, parts_);
    return true;
  }

  const MatchRules::Scope& rules_;
  Parts& parts_;
  std::vector<Level> levels_;
  std::string path_ = "$";
};

/// False, with nothing added, when it is no JSON.
bool add_json(std::string_view body, const MatchRules::Scope& rules, Parts& parts) {
  const std::size_t before = parts.size();
  JsonParts taker(rules, parts);
  if (nlohmann::json::sax_parse(body, &taker)) return true;
  parts.resize(before);
  return false;
}

void add_form(std::string_view body, const MatchRules::Scope& rules, Parts& parts) {
  for (std::size_t at = 0; at <= body.size();) {
    const std::size_t end = std::min(body.find('&', at), body.size());
    const std::string_view pair = body.substr(at, end - at);
    const std::size_t equals = std::min(pair.find('='), pair.size());
    if (!pair.empty()) {
      add(Kind::form, "form", std::string(pair.substr(0, equals)),
          std::string(pair.substr(std::min(equals + 1, pair.size()))), rules, parts);
    }
    at = end + 1;
  }
}

bool add_multipart(std::string_view body, std::string_view content_type,
                   const MatchRules::Scope& rules, Parts& parts) {
  const std::string mark = "--" + boundary_of(content_type);
  if (mark.size() == 2 || !body.starts_with(mark)) return false;
  const std::string end_mark = "\r\n" + mark;
  while (body.starts_with(mark + "\r\n")) {
    body.remove_prefix(mark.size() + 2);
    const std::size_t head = body.find("\r\n\r\n");
    const std::size_t end = body.find(end_mark);
    if (head == std::string_view::npos || end == std::string_view::npos || end < head) return false;
    const std::string_view content =
        body.substr(std::min(head + 4, end), end - std::min(head + 4, end));
    add(Kind::form, "part", part_name(body.substr(0, head)),
        std::string(body.substr(0, head)) + (is_token(content)
                                                 ? ", " + std::string(content)
                                                 : ", SHA-256 " + hex(digest_of(content))),
        rules, parts);
    body.remove_prefix(end + 2);
  }
  return body.starts_with(mark + "--");
}

}  // namespace

bool MatchBody::structured(std::string_view content_type) {
  const std::string type = media_type(content_type);
  return is_json(type) || type == "application/x-www-form-urlencoded" ||
         type == "multipart/form-data";
}

void MatchBody::append(std::span<const char> bytes) {
  size_ += bytes.size();
  if (!digest_ && size_ <= kHeld) {
    held_.append(bytes.data(), bytes.size());
    return;
  }
  if (!digest_) {
    digest_.emplace();
    digest_->update(held_);
    held_ = {};
  }
  digest_->update(bytes);
}

void MatchBody::add_parts(std::string_view content_type, const MatchRules::Scope& rules,
                          Parts& parts) {
  if (size_ == 0) return;
  std::string none;
  if (!rules.counts(Kind::body, "", none)) return;
  if (digest_) return add_digest(digest_->finish(), rules, parts);
  const std::string type = media_type(content_type);
  if (is_json(type) && add_json(held_, rules, parts)) return;
  if (type == "application/x-www-form-urlencoded") return add_form(held_, rules, parts);
  if (type == "multipart/form-data" && add_multipart(held_, content_type, rules, parts)) return;
  add_digest(digest_of(held_), rules, parts);
}

void MatchBody::add_digest(const Digest& digest, const MatchRules::Scope& rules, Parts& parts) {
  std::string value = "SHA-256 " + hex(digest);
  if (rules.counts(Kind::body, "", value)) parts.push_back({"body", std::move(value)});
}

}  // namespace tapedeck::storage
