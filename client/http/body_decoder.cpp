#include "client/http/body_decoder.hpp"

#include <algorithm>

#include "client/http/error.hpp"
#include "client/http/grammar.hpp"

namespace tapedeck::http {
namespace {

Failure refuse(Error error, std::string detail = {}) {
  return Failure{error, Stage::receive, Blame::remote, std::move(detail)};
}

std::uint64_t hex_value(char c) {
  const int value = is(c, kDigit) ? c - '0' : to_lower(c) - 'a' + 10;
  return static_cast<std::uint64_t>(value);
}

}  // namespace

BodyDecoder::BodyDecoder(Framing framing, Strictness strictness, const Limits& limits)
    : framing_(framing), strictness_(strictness), limits_(limits), remaining_(framing.length) {
  switch (framing.kind) {
    case Framing::Kind::none:
      state_ = State::done;
      break;
    case Framing::Kind::length:
      state_ = framing.length == 0 ? State::done : State::data;
      break;
    case Framing::Kind::chunked:
      state_ = State::chunk_line;
      break;
    case Framing::Kind::until_close:
      state_ = State::data;
      break;
  }
}

Result<BodyDecoder::Step> BodyDecoder::decode(std::string_view input) {
  switch (state_) {
    case State::data: {
      Step step = take(input);
      if (framing_.kind == Framing::Kind::length && remaining_ == 0) {
        state_ = State::done;
        step.done = true;
      }
      return step;
    }
    case State::chunk_line:
      return chunk_line(input);
    case State::chunk_data: {
      Step step = take(input);
      if (remaining_ == 0) state_ = State::chunk_end;
      return step;
    }
    case State::chunk_end:
      return chunk_end(input);
    case State::trailers:
      return trailer_line(input);
    case State::done:
      return Step{.consumed = 0, .data = {}, .done = true};
  }
  return Step{};
}

BodyDecoder::Step BodyDecoder::take(std::string_view input) {
  std::string_view data = input;
  if (framing_.kind != Framing::Kind::until_close) {
    data = input.substr(
        0, static_cast<std::size_t>(std::min<std::uint64_t>(remaining_, input.size())));
    remaining_ -= data.size();
  }
  received_ += data.size();
  return Step{.consumed = data.size(), .data = data, .done = false};
}

Result<BodyDecoder::Step> BodyDecoder::chunk_line(std::string_view input) {
  const std::size_t newline = input.substr(0, limits_.max_chunk_line + 2).find('\n');
  const std::string_view seen = input.substr(0, newline);
  if (!seen.empty() && !is(seen.front(), kHexDigit)) {
    return refuse(Error::bad_chunk_size, "it begins with " + describe_byte(seen.front()));
  }
  if (newline == std::string_view::npos) {
    if (input.size() >= limits_.max_chunk_line + 2) {
      return refuse(Error::chunk_line_too_long,
                    "more than " + std::to_string(limits_.max_chunk_line) + " bytes");
    }
    return Step{};
  }
  // A line end in chunk framing is CRLF and nothing else: RFC 9112 section 2.2 with erratum 7633.
  if (newline == 0 || input[newline - 1] != '\r') return refuse(Error::bare_lf, "in chunk framing");
  if (auto ok = parse_chunk_line(input.substr(0, newline - 1)); !ok) return std::move(ok).error();
  overhead_ += newline + 3;
  overhead_ -= std::min(overhead_, 16 + std::min<std::uint64_t>(remaining_, UINT32_MAX));
  if (overhead_ > limits_.max_chunk_overhead) {
    return refuse(Error::chunk_line_too_long, "chunk framing outweighs the data it carries");
  }
  state_ = remaining_ == 0 ? State::trailers : State::chunk_data;
  return Step{.consumed = newline + 1, .data = {}, .done = false};
}

/// chunk-size [ chunk-ext ] (RFC 9112 section 7.1). Extensions are bounded, checked for control
/// characters, and ignored (section 7.1.1).
Result<void> BodyDecoder::parse_chunk_line(std::string_view line) {
  const std::size_t digits = find_not(line, kHexDigit);
  if (digits == 0) return refuse(Error::bad_chunk_size);
  std::uint64_t size = 0;
  for (char c : line.substr(0, digits)) {
    if (size >> 59 != 0) return refuse(Error::chunk_size_overflow);
    size = size << 4 | hex_value(c);
  }
  if (digits > 16) return refuse(Error::bad_chunk_size, "more than 16 digits");
  const std::string_view rest = line.substr(digits);
  const std::string_view extensions = trim(rest);
  if (const std::size_t bad = find_not(rest, kFieldValue); bad != rest.size()) {
    return refuse(rest[bad] == '\r' ? Error::bare_cr : Error::bad_chunk_extension,
                  describe_byte(rest[bad]) + " in a chunk line");
  }
  // Spaces after a bare size are outside the grammar; old servers pad with them, so they pass in
  // responses, where they cannot move the end of the line.
  if (extensions.empty() && !rest.empty() && strictness_ == Strictness::strict) {
    return refuse(Error::bad_chunk_size, "whitespace after it");
  }
  if (!extensions.empty() && extensions.front() != ';') {
    return refuse(Error::bad_chunk_size, describe_byte(extensions.front()) + " in it");
  }
  remaining_ = size;
  return {};
}

Result<BodyDecoder::Step> BodyDecoder::chunk_end(std::string_view input) {
  if (input.empty()) return Step{};
  if (input[0] == '\n') return refuse(Error::bare_lf, "after chunk data");
  if (input[0] != '\r' || (input.size() > 1 && input[1] != '\n')) {
    return refuse(Error::bad_chunk_end);
  }
  if (input.size() < 2) return Step{};
  state_ = State::chunk_line;
  return Step{.consumed = 2, .data = {}, .done = false};
}

Result<BodyDecoder::Step> BodyDecoder::trailer_line(std::string_view input) {
  const std::size_t newline = input.find('\n');
  const std::size_t seen = newline == std::string_view::npos ? input.size() : newline + 1;
  if (trailer_size_ + seen > limits_.max_trailer_size) {
    return refuse(Error::trailers_too_large,
                  "more than " + std::to_string(limits_.max_trailer_size) + " bytes");
  }
  if (newline == std::string_view::npos) return Step{};
  if (newline == 0 || input[newline - 1] != '\r') return refuse(Error::bare_lf, "in a trailer");
  trailer_size_ += seen;
  const std::string_view line = input.substr(0, newline - 1);
  if (line.empty()) {
    state_ = State::done;
    return Step{.consumed = seen, .data = {}, .done = true};
  }
  if (trailers_.size() == limits_.max_fields) return refuse(Error::too_many_fields, "in trailers");
  if (auto ok = parse_field_line(line, Strictness::strict, trailers_); !ok) {
    Failure failure = std::move(ok).error();
    failure.stage = Stage::receive;
    return failure;
  }
  return Step{.consumed = seen, .data = {}, .done = false};
}

Result<void> BodyDecoder::eof() {
  if (state_ == State::done) return {};
  if (framing_.kind == Framing::Kind::until_close) {
    state_ = State::done;
    return {};
  }
  std::string detail = std::to_string(received_) + " bytes arrived";
  if (framing_.kind == Framing::Kind::length) {
    detail += " of " + std::to_string(framing_.length);
  } else {
    detail += " without a last chunk";
  }
  return refuse(Error::incomplete_body, std::move(detail));
}

}  // namespace tapedeck::http
