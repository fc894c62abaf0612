#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "storage/export/utf8.hpp"

namespace tapedeck::storage {

/// JSON that is wrong, or not what was wanted: "line 3, column 17, at log.version: …".
class JsonError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Reads JSON (RFC 8259) from a stream, value by value as the caller asks for them. Strings can be
/// had in pieces, so memory stays constant whatever the document holds. Throws JsonError.
class JsonReader {
 public:
  /// Fills the buffer and returns how many bytes; 0 at the end.
  using Source = std::function<std::size_t(std::span<char>)>;
  using Pieces = std::function<void(std::string_view)>;

  struct Limits {
    std::size_t depth = 64;          ///< levels of objects and arrays
    std::size_t string = 16u << 20;  ///< bytes of a string that is held whole
  };

  JsonReader(Source source, Limits limits);
  /// Reads `document`, which outlives the reader.
  explicit JsonReader(std::string_view document);

  /// Calls `each(name)` for every member; it must read the value. The name is valid that long.
  template <class Each>
  void object(Each each) {
    open('{', "an object");
    for (bool first = true; next_member(first); first = false) each(frames_.back().name);
    frames_.pop_back();
  }
  /// Calls `each()` for every element; it must read it.
  template <class Each>
  void array(Each each) {
    open('[', "an array");
    for (bool first = true; next_element(first); first = false) each();
    frames_.pop_back();
  }
  /// A string as UTF-8. Half a surrogate pair, which UTF-8 cannot hold, becomes U+FFFD.
  std::string string();
  void string(const Pieces& pieces);
  double number();
  bool boolean();
  /// Reads null where that is what comes.
  bool null();
  void skip();
  /// Nothing but white space may follow.
  void end();

  const Limits& limits() const noexcept { return limits_; }
  /// True when a string comes next.
  bool string_comes();
  [[noreturn]] void fail(const std::string& sentence) const;

 private:
  struct Frame {
    std::string name;           ///< of the member being read
    std::int64_t element = -1;  ///< of an array: the one being read; -2 in an object
  };

  void open(char bracket, const char* wanted);
  bool next_member(bool first);
  bool next_element(bool first);
  template <class Full>
  void read_string(std::string& out, Full full);
  void escape(std::string& out);
  unsigned hex4();
  void literal(std::string_view word);
  std::string_view number_text();

  bool refill();
  bool at_end() { return at_ == end_ && !refill(); }
  /// The next byte that is no white space; fails at the end.
  char peek();
  char take();
  [[noreturn]] void expected(const char* wanted);

  Source source_;
  Limits limits_;
  std::vector<Frame> frames_;
  std::vector<char> buffer_;  ///< empty when all is in memory
  const char* data_;
  std::size_t at_ = 0;
  std::size_t end_ = 0;
  std::uint64_t line_ = 1;         ///< of the buffer's first byte
  std::uint64_t line_length_ = 0;  ///< bytes of that line before the buffer
  std::string text_;               ///< a string's piece, or a number
  bool started_ = false;
};

/// A member of an object that is read: its name and what reads its value.
template <class Read>
struct Member {
  std::string_view name;
  Read read;
};
template <class Read>
Member(std::string_view, Read) -> Member<Read>;
template <class Read>
Member(const char*, Read) -> Member<Read>;

/// Reads an object with these members, in any order, each at most once; skips others.
template <class... Reads>
void read_members(JsonReader& json, const Member<Reads>&... members) {
  static_assert(sizeof...(members) <= 32);
  unsigned seen = 0;
  json.object([&](std::string_view name) {
    unsigned bit = 1;
    const bool known =
        ((name == members.name
              ? ((seen & bit) != 0 ? json.fail("this name occurs twice") : void(seen |= bit),
                 members.read(), true)
              : (bit <<= 1, false)) ||
         ...);
    if (!known) json.skip();
  });
}

}  // namespace tapedeck::storage
