#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

/// Base64 (RFC 4648 section 4, with padding): the one way bytes travel inside text.
namespace tapedeck::http {

std::string base64(std::string_view bytes);

/// Encodes a stream: one or two bytes wait for the next piece.
class Base64Encoder {
 public:
  /// Appends what can be encoded to `out`.
  void push(std::string_view bytes, std::string& out);
  /// Appends what waits, padded, and starts afresh.
  void finish(std::string& out);

 private:
  std::array<char, 3> held_{};
  std::size_t held_size_ = 0;
};

/// Decodes a stream strictly: no line ends, no bits left over, padded or not padded at all.
class Base64Decoder {
 public:
  /// Appends what is decoded to `out`; false when `text` holds what is not base64. How far into the
  /// stream that is, at() says.
  bool push(std::string_view text, std::string& out);
  /// The stream is over; false when it was cut in a place where nothing can end.
  bool finish() const noexcept;
  /// Characters taken so far.
  std::size_t at() const noexcept { return at_; }

 private:
  bool take(char c, std::string& out);
  bool no_bits_left() const noexcept;

  unsigned bits_ = 0;
  std::size_t at_ = 0;
  int held_ = 0;  ///< characters of the group that have come
  int padding_ = 0;
};

}  // namespace tapedeck::http
