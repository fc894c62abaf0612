#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "client/http/framing.hpp"

namespace tapedeck::client {

/// The content of a request and how it is delimited. A value; owns its text.
class Body {
 public:
  /// Gives the pieces in turn, then nullopt. Empty pieces are skipped.
  using Generator = std::function<std::optional<std::string>()>;
  using Pair = std::pair<std::string_view, std::string_view>;

  Body() = default;
  Body(std::string text) : source_(std::move(text)) {}
  Body(std::string_view text) : source_(std::string(text)) {}
  Body(const char* text) : source_(std::string(text)) {}

  /// The file's bytes, read while they are sent; its size is taken when sending begins.
  static Body file(std::string path);
  /// `length` when known beforehand; else the body goes out chunked.
  static Body generated(Generator generator, std::optional<std::uint64_t> length = std::nullopt);
  /// application/x-www-form-urlencoded, as the URL standard serialises it.
  static Body form(std::initializer_list<Pair> pairs);
  /// JSON text as it is: serialise with the library of your choice.
  static Body json(std::string text);

  /// Sent chunked even where its length is known (RFC 9112 section 7.1).
  Body chunked() &&;

  /// Goes into Content-Type unless the request has one.
  const std::string& content_type() const noexcept { return content_type_; }
  bool empty() const noexcept { return std::holds_alternative<std::monostate>(source_); }
  bool is_chunked() const noexcept { return chunked_; }

 private:
  friend class BodyReader;
  struct File {
    std::string path;
  };
  struct Generated {
    Generator generator;
    std::optional<std::uint64_t> length;
  };
  std::variant<std::monostate, std::string, File, Generated> source_;
  std::string content_type_;
  bool chunked_ = false;
};

/// Appends `name=value` to a form, percent-encoded ("+" for a space), with "&" between.
void append_form_pair(std::string_view name, std::string_view value, std::string& form);

}  // namespace tapedeck::client
