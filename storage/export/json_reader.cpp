#include "storage/export/json_reader.hpp"

#include <charconv>
#include <utility>

#include "client/http/grammar.hpp"
#include "storage/json_string.hpp"

namespace tapedeck::storage {
namespace {

constexpr std::size_t kBuffer = 64u << 10;
constexpr std::size_t kPiece = 64u << 10;
/// No number that means anything is longer.
constexpr std::size_t kLongestNumber = 64;
constexpr std::int64_t kInObject = -2;

/// Names and values that an error quotes are somebody else's, and as long as they like.
std::string cut(std::string_view text) {
  constexpr std::size_t kLongest = 200;
  if (text.size() <= kLongest) return std::string(text);
  return std::string(text.substr(0, kLongest)) + "...";
}

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

bool digits(std::string_view& text) {
  std::size_t count = 0;
  while (count < text.size() && http::is(text[count], http::kDigit)) ++count;
  text.remove_prefix(count);
  return count > 0;
}

/// RFC 8259 section 6.
bool is_number(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  const bool zero = text.starts_with('0');
  if (zero) text.remove_prefix(1);
  if (!zero && !digits(text)) return false;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    if (!digits(text)) return false;
  }
  if (text.starts_with('e') || text.starts_with('E')) {
    text.remove_prefix(1);
    if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
    if (!digits(text)) return false;
  }
  return text.empty();
}

/// Where a text ends: line ends in it, and bytes after the last one.
struct Place {
  std::uint64_t lines = 0;
  std::uint64_t column = 0;
};

Place place_of(std::string_view text) {
  Place place;
  for (std::size_t end = text.find('\n'); end != std::string_view::npos; end = text.find('\n')) {
    ++place.lines;
    text.remove_prefix(end + 1);
  }
  place.column = text.size();
  return place;
}

}  // namespace

JsonReader::JsonReader(Source source, Limits limits)
    : source_(std::move(source)), limits_(limits), buffer_(kBuffer), data_(buffer_.data()) {
  // Names of members are handed out as views: frames must not move.
  frames_.reserve(limits_.depth + 1);
}

JsonReader::JsonReader(std::string_view document)
    : limits_({}), data_(document.data()), end_(document.size()), started_(true) {
  frames_.reserve(limits_.depth + 1);
}

bool JsonReader::refill() {
  if (buffer_.empty()) return false;
  const std::string_view done(data_, end_);
  const std::size_t last = done.rfind('\n');
  line_ += static_cast<std::uint64_t>(std::count(done.begin(), done.end(), '\n'));
  line_length_ = last == std::string_view::npos ? line_length_ + end_ : end_ - last - 1;
  at_ = 0;
  end_ = source_(buffer_);
  // Some programs on Windows begin with a byte order mark.
  if (!std::exchange(started_, true) &&
      std::string_view(buffer_.data(), end_).starts_with("\xEF\xBB\xBF")) {
    at_ = 3;
    return at_ < end_ || refill();
  }
  return at_ < end_;
}

char JsonReader::peek() {
  do {
    while (at_ < end_) {
      if (!is_space(data_[at_])) return data_[at_];
      ++at_;
    }
  } while (refill());
  fail("the file ends here, in the middle");
}

char JsonReader::take() {
  if (at_end()) fail("the file ends here, in the middle");
  return data_[at_++];
}

void JsonReader::fail(const std::string& sentence) const {
  const Place place = place_of({data_, at_});
  const std::uint64_t line = line_ + place.lines;
  const std::uint64_t column = 1 + place.column + (place.lines == 0 ? line_length_ : 0);
  std::string where = "line " + std::to_string(line) + ", column " + std::to_string(column);
  std::string path;
  for (const Frame& frame : frames_) {
    if (frame.element >= 0) path += "[" + std::to_string(frame.element) + "]";
    if (frame.element == kInObject && !frame.name.empty()) {
      path += (path.empty() ? "" : ".") + cut(frame.name);
    }
  }
  if (!path.empty()) where += ", at " + path;
  throw JsonError(where + ": " + cut(sentence));
}

void JsonReader::expected(const char* wanted) {
  const char c = peek();
  std::string found = c == '{'                                ? "an object"
                      : c == '['                              ? "an array"
                      : c == '"'                              ? "a string"
                      : c == 't' || c == 'f'                  ? "true or false"
                      : c == 'n'                              ? "null"
                      : c == '-' || http::is(c, http::kDigit) ? "a number"
                                                              : http::describe_byte(c);
  fail("expected " + std::string(wanted) + ", found " + found);
}

void JsonReader::open(char bracket, const char* wanted) {
  if (peek() != bracket) expected(wanted);
  if (frames_.size() == limits_.depth) {
    fail("more than " + std::to_string(limits_.depth) + " levels deep; --max-depth allows more");
  }
  ++at_;
  frames_.emplace_back();
  if (bracket == '{') frames_.back().element = kInObject;
}

bool JsonReader::next_member(bool first) {
  if (peek() == '}') {
    ++at_;
    return false;
  }
  if (!first) {
    if (peek() != ',') expected("',' or '}'");
    ++at_;
  }
  if (peek() != '"') expected("a name in quotes");
  Frame& frame = frames_.back();
  frame.name.clear();
  std::string name;
  read_string(name, [&] {
    if (name.size() > limits_.string) fail("a name too long");
  });
  frame.name = std::move(name);
  if (peek() != ':') expected("':'");
  ++at_;
  return true;
}

bool JsonReader::next_element(bool first) {
  if (peek() == ']') {
    ++at_;
    return false;
  }
  if (!first) {
    if (peek() != ',') expected("',' or ']'");
    ++at_;
  }
  ++frames_.back().element;
  return true;
}

/// Appends the string to `out` and calls `full()` whenever a piece has come; that may take it away.
template <class Full>
void JsonReader::read_string(std::string& out, Full full) {
  ++at_;
  Utf8Check utf8;
  for (;;) {
    if (at_end()) fail("the file ends inside a string");
    const std::string_view rest(data_ + at_, end_ - at_);
    const std::size_t plain = plain_json_prefix(rest);
    if (!utf8.push(rest.substr(0, plain))) fail("this string is not UTF-8");
    out.append(rest.substr(0, plain));
    at_ += plain;
    if (out.size() >= kPiece) full();
    if (plain == rest.size()) continue;
    if (!utf8.complete()) fail("this string is not UTF-8");
    const char c = data_[at_];
    if (c == '"') break;
    if (c != '\\') fail("a control character inside a string: " + http::describe_byte(c));
    ++at_;
    escape(out);
  }
  ++at_;
  full();
}

void JsonReader::escape(std::string& out) {
  constexpr std::string_view kNames = "\"\\/bfnrt";
  constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
  const char c = take();
  if (const std::size_t simple = kNames.find(c); simple != std::string_view::npos) {
    out += kMeanings[simple];
    return;
  }
  if (c != 'u') fail("no escape sequence begins with " + http::describe_byte(c));
  char32_t value = hex4();
  constexpr char32_t kReplacement = 0xFFFD;
  while (value >= 0xD800 && value < 0xDC00) {
    // The first half of a pair: the second must follow.
    if (at_end() || data_[at_] != '\\') {
      value = kReplacement;
      break;
    }
    ++at_;
    if (at_end() || data_[at_] != 'u') {
      append_utf8(kReplacement, out);
      return escape(out);
    }
    ++at_;
    const char32_t second = hex4();
    if (second >= 0xDC00 && second < 0xE000) {
      value = 0x10000 + ((value - 0xD800) << 10) + (second - 0xDC00);
    } else {
      append_utf8(kReplacement, out);
      value = second;
    }
  }
  if (value >= 0xDC00 && value < 0xE000) value = kReplacement;
  append_utf8(value, out);
}

unsigned JsonReader::hex4() {
  unsigned value = 0;
  for (int i = 0; i < 4; ++i) {
    const char c = take();
    if (!http::is(c, http::kHexDigit)) fail("\\u wants four hexadecimal digits");
    const char lower = http::to_lower(c);
    value = value << 4 | static_cast<unsigned>(lower <= '9' ? lower - '0' : lower - 'a' + 10);
  }
  return value;
}

bool JsonReader::string_comes() { return peek() == '"'; }

std::string JsonReader::string() {
  if (!string_comes()) expected("a string");
  std::string whole;
  read_string(whole, [&] {
    if (whole.size() > limits_.string) {
      fail("a string of more than " + std::to_string(limits_.string) +
           " bytes; --max-string allows more");
    }
  });
  return whole;
}

void JsonReader::string(const Pieces& pieces) {
  if (!string_comes()) expected("a string");
  text_.clear();
  read_string(text_, [&] {
    pieces(text_);
    text_.clear();
  });
}

std::string_view JsonReader::number_text() {
  peek();
  text_.clear();
  constexpr std::string_view kCharacters = "+-.0123456789eE";
  while (!at_end() && kCharacters.find(data_[at_]) != std::string_view::npos) {
    if (text_.size() == kLongestNumber) fail("a number too long to be one");
    text_ += data_[at_++];
  }
  if (text_.empty()) expected("a number");
  if (!is_number(text_)) fail("not a number: " + text_);
  return text_;
}

double JsonReader::number() {
  const std::string_view text = number_text();
  double value = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), value).ec != std::errc{}) {
    fail("a number out of range: " + text_);
  }
  return value;
}

void JsonReader::literal(std::string_view word) {
  for (const char c : word) {
    if (at_end()) fail("the file ends here, in the middle");
    if (data_[at_] != c) fail("expected " + std::string(word));
    ++at_;
  }
}

bool JsonReader::boolean() {
  const char c = peek();
  if (c != 't' && c != 'f') expected("true or false");
  literal(c == 't' ? "true" : "false");
  return c == 't';
}

bool JsonReader::null() {
  if (peek() != 'n') return false;
  literal("null");
  return true;
}

void JsonReader::skip() {
  switch (peek()) {
    case '{':
      return object([this](std::string_view) { skip(); });
    case '[':
      return array([this] { skip(); });
    case '"':
      return string([](std::string_view) {});
    case 't':
    case 'f':
      return void(boolean());
    case 'n':
      return void(null());
    default:
      if (peek() != '-' && !http::is(peek(), http::kDigit)) expected("a value");
      number_text();
  }
}

void JsonReader::end() {
  do {
    for (; at_ < end_; ++at_) {
      if (!is_space(data_[at_])) fail("more after the end of the document");
    }
  } while (refill());
}

}  // namespace tapedeck::storage
