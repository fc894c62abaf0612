#include "storage/match/blanks.hpp"

#include <algorithm>

#include "storage/redact/header_value.hpp"
#include "storage/redact/pairs.hpp"
#include "storage/redact/token_key.hpp"

namespace tapedeck::storage {
namespace {

constexpr std::string_view kSegment = "path/";

/// Calls `each(number, segment)` for what is between the slashes; puts what it returns together.
template <class Function>
std::string by_segment(std::string_view path, Function each) {
  std::string made;
  for (std::size_t number = 0;; ++number) {
    const std::size_t end = std::min(path.find('/'), path.size());
    made += each(number, path.substr(0, end));
    if (end == path.size()) return made;
    made += '/';
    path.remove_prefix(end + 1);
  }
}

bool is_body(std::string_view name) {
  return name == "body" || name.starts_with("json ") || name.starts_with("form ") ||
         name.starts_with("part ");
}

/// "json $.a" covers "json $.a.b" and "json $.a[0]", and "body" all of a body.
bool covers(std::string_view blank, std::string_view name) {
  if (blank == name) return true;
  if (blank == "body") return is_body(name);
  return blank.starts_with("json ") && name.starts_with(blank) &&
         (name[blank.size()] == '.' || name[blank.size()] == '[');
}

std::string token_of(const Part& part, const TokenKey& key) {
  const std::string& value = part.value;
  if (part.name.starts_with("json ")) {
    const bool text = value.size() > 1 && value.front() == '"';
    return '"' + key.token(text ? value.substr(1, value.size() - 2) : value) + '"';
  }
  if (part.name.starts_with("header ")) {
    const auto mark = [&key](std::string_view, std::string_view secret) {
      return key.token(secret);
    };
    return redacted_value(part.name.substr(std::string_view("header ").size()), value, mark);
  }
  return key.token(form_decoded(value));
}

/// Segments and values that are blank made the same, one by one.
void blank_path(Part& part, const Blanks& blanks, const TokenKey* key) {
  part.value = by_segment(part.value, [&](std::size_t number, std::string_view segment) {
    const std::string name = std::string(kSegment) + std::to_string(number);
    if (!std::binary_search(blanks.begin(), blanks.end(), name)) return std::string(segment);
    return key == nullptr ? std::string("*") : key->token(form_decoded(segment));
  });
}

}  // namespace

Blanks blanks_of(const Parts& recorded) {
  Blanks blanks;
  for (const Part& part : recorded) {
    // A body that was not kept may have been any.
    const bool any = part.name == "body" && part.value == "*";
    if (!any && !holds_token(part.value)) continue;
    if (part.name != "path") {
      blanks.push_back(part.name);
      continue;
    }
    by_segment(part.value, [&](std::size_t number, std::string_view segment) {
      if (holds_token(segment)) blanks.push_back(std::string(kSegment) + std::to_string(number));
      return std::string();
    });
  }
  std::sort(blanks.begin(), blanks.end());
  blanks.erase(std::unique(blanks.begin(), blanks.end()), blanks.end());
  return blanks;
}

Parts blanked(const Parts& parts, const Blanks& blanks, const TokenKey* key) {
  Parts made;
  for (const Part& part : parts) {
    if (part.name == "path") {
      made.push_back(part);
      blank_path(made.back(), blanks, key);
      continue;
    }
    const auto blank = std::find_if(blanks.begin(), blanks.end(), [&](const std::string& name) {
      return covers(name, part.name);
    });
    if (blank == blanks.end()) {
      made.push_back(part);
    } else if (key != nullptr && *blank == part.name) {
      made.push_back({part.name, token_of(part, *key)});
    } else if (made.empty() || made.back() != Part{*blank, "*"}) {
      made.push_back({*blank, "*"});
    }
  }
  std::sort(made.begin(), made.end());
  return made;
}

}  // namespace tapedeck::storage
