#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "client/http/base64.hpp"

namespace tapedeck::storage {

/// Where an export goes, piece by piece.
using Out = std::function<void(std::string_view)>;

/// Writes JSON as it is told to, without white space, to `out` in blocks. Commas are put where they
/// belong; that the calls make a document is the caller's business.
class JsonWriter {
 public:
  explicit JsonWriter(Out out) : out_(std::move(out)) {}

  void begin_object() { open('{'); }
  void end_object() { close('}'); }
  void begin_array() { open('['); }
  void end_array() { close(']'); }
  /// An object on a line of its own.
  void begin_entry();
  /// `name` is plain ASCII.
  JsonWriter& key(std::string_view name);

  void text(std::string_view utf8);
  /// A string of HTTP's bytes: as the UTF-8 they are where that holds a character beyond
  /// ISO-8859-1, else those outside ASCII as ISO-8859-1 code points. from_utf8() is the way back,
  /// for either.
  void bytes(std::string_view bytes);
  void integer(std::int64_t value);
  void boolean(bool value);
  void null();
  /// Microseconds as milliseconds, to the last digit.
  void milliseconds(std::int64_t microseconds);

  /// A string in pieces, as text (UTF-8, cut anywhere) or bytes in base64.
  void begin_string();
  void text_piece(std::string_view utf8);
  void base64_piece(std::string_view bytes);
  void end_string();

  /// A line end between values; what follows needs no comma.
  void end_line();
  void flush();

 private:
  void open(char bracket);
  void close(char bracket);
  void separate();
  void flush_when_full();

  Out out_;
  std::string buffer_;
  http::Base64Encoder base64_;
  bool first_ = true;  ///< nothing stands before the next value
};

}  // namespace tapedeck::storage
