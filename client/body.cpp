#include "client/body.hpp"

namespace tapedeck::client {
namespace {

/// application/x-www-form-urlencoded percent-encode set of the URL standard.
void append_encoded(std::string_view text, std::string& out) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  constexpr std::string_view kPlain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789*-._";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (kPlain.find(c) != std::string_view::npos) {
      out += c;
    } else if (c == ' ') {
      out += '+';
    } else {
      out += {'%', kHex[byte >> 4], kHex[byte & 15]};
    }
  }
}

}  // namespace

void append_form_pair(std::string_view name, std::string_view value, std::string& form) {
  if (!form.empty()) form += '&';
  append_encoded(name, form);
  form += '=';
  append_encoded(value, form);
}

Body Body::file(std::string path) {
  Body body;
  body.source_ = File{std::move(path)};
  return body;
}

Body Body::generated(Generator generator, std::optional<std::uint64_t> length) {
  Body body;
  body.source_ = Generated{std::move(generator), length};
  return body;
}

Body Body::form(std::initializer_list<Pair> pairs) {
  std::string text;
  for (const auto& [name, value] : pairs) append_form_pair(name, value, text);
  Body body(std::move(text));
  body.content_type_ = "application/x-www-form-urlencoded";
  return body;
}

Body Body::json(std::string text) {
  Body body(std::move(text));
  body.content_type_ = "application/json";
  return body;
}

Body Body::chunked() && {
  chunked_ = true;
  return std::move(*this);
}

}  // namespace tapedeck::client
