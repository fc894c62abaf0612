#include "storage/redact/literals.hpp"

#include <algorithm>

#include "storage/json_string.hpp"

namespace tapedeck::storage {
namespace {

bool unreserved(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

std::string percent_encoded(std::string_view text, std::string_view digits, bool form) {
  std::string made;
  for (const char c : text) {
    if (unreserved(c)) {
      made += c;
    } else if (form && c == ' ') {
      made += '+';
    } else {
      const auto byte = static_cast<unsigned char>(c);
      made += {'%', digits[byte >> 4], digits[byte & 15]};
    }
  }
  return made;
}

std::string json_escaped(std::string_view text, bool slash) {
  std::string made;
  append_json_utf8(text, made);
  if (!slash) return made;
  std::string with_slash;
  for (const char c : made) with_slash.append(c == '/' ? "\\" : "").append(1, c);
  return with_slash;
}

}  // namespace

Literals::Literals(const std::vector<std::string>& secrets, const TokenKey& key) {
  constexpr std::string_view kUpper = "0123456789ABCDEF";
  constexpr std::string_view kLower = "0123456789abcdef";
  for (const std::string& secret : secrets) {
    if (secret.size() < kLeast || is_token(secret)) continue;
    const std::string token = key.token(secret);
    for (std::string& form : std::vector{
             secret, percent_encoded(secret, kUpper, false), percent_encoded(secret, kLower, false),
             percent_encoded(secret, kUpper, true), percent_encoded(secret, kLower, true),
             json_escaped(secret, false), json_escaped(secret, true)}) {
      const bool known = std::any_of(forms_.begin(), forms_.end(),
                                     [&](const Form& other) { return other.text == form; });
      if (!known) forms_.push_back({std::move(form), token});
    }
  }
  std::stable_sort(forms_.begin(), forms_.end(),
                   [](const Form& a, const Form& b) { return a.text.size() > b.text.size(); });
}

bool Literals::found_in(std::string_view text) const noexcept {
  return std::any_of(forms_.begin(), forms_.end(), [text](const Form& form) {
    return text.find(form.text) != std::string_view::npos;
  });
}

std::string Literals::replaced(std::string_view text) const {
  std::string clean(text);
  for (const Form& form : forms_) {
    for (std::size_t at = clean.find(form.text); at != std::string::npos;
         at = clean.find(form.text, at + form.token.size())) {
      clean.replace(at, form.text.size(), form.token);
    }
  }
  return clean;
}

}  // namespace tapedeck::storage
