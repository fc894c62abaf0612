#pragma once

#include <cstddef>
#include <string_view>

#include "client/http/limits.hpp"
#include "client/http/message.hpp"
#include "client/http/result.hpp"

namespace tapedeck::http {

/// How strictly a section is read. Requests are read strictly; in responses, deviations that RFC
/// 9112 lets a recipient repair and that cannot shift a message's end are repaired: LF alone as a
/// line end (section 2.2), whitespace before a colon (section 5.1), line folding (section 5.2).
enum class Strictness { strict, lenient };

/// Reads one field line (without its line end) into `fields` (RFC 9112 section 5).
Result<void> parse_field_line(std::string_view line, Strictness strictness, Fields& fields);

/// Reads a message head, line by line as it arrives: an error is found at the line that holds it.
/// Sans-IO: parse() is given the same, growing buffer until it is done.
class HeadParser {
 public:
  enum class Kind { request, response };
  enum class Progress { need_more, done };

  HeadParser(Kind kind, const Limits& limits) : kind_(kind), limits_(limits) {}

  /// `buffer` starts where the message starts and holds at least what it held at the last call.
  /// After `done`, size() bytes of it were the head. After an error, the parser must be reset.
  Result<Progress> parse(std::string_view buffer);

  /// Bytes of the head, including empty lines skipped before it.
  std::size_t size() const noexcept { return line_start_; }
  /// True once a byte of a message (not of the empty lines before it) was seen.
  bool started() const noexcept { return started_; }

  /// What was read; whole after `done`, the part before the fault after an error.
  RequestHead& request() noexcept { return request_; }
  ResponseHead& response() noexcept { return response_; }

  /// Ready for the next message.
  void reset();

 private:
  Result<void> parse_line(std::string_view line);
  Result<void> parse_request_line(std::string_view line);
  Result<void> parse_status_line(std::string_view line);
  Result<void> check_request() const;
  Result<void> check_first_bytes(std::string_view line) const;
  Fields& fields() noexcept { return kind_ == Kind::request ? request_.fields : response_.fields; }
  Failure refuse(std::error_code code, std::string detail = {}) const;

  Kind kind_;
  Limits limits_;
  RequestHead request_;
  ResponseHead response_;
  std::size_t line_start_ = 0;
  std::size_t scanned_ = 0;
  bool started_ = false;
  bool have_start_line_ = false;
};

}  // namespace tapedeck::http
