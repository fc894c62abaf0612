#include "client/http/error.hpp"

#include <string>

#include "client/http/result.hpp"

namespace tapedeck {
namespace {

class ConditionCategory final : public std::error_category {
 public:
  const char* name() const noexcept override { return "tapedeck.condition"; }
  std::string message(int value) const override {
    switch (static_cast<Condition>(value)) {
      case Condition::timeout:
        return "timed out";
      case Condition::refused:
        return "refused";
      case Condition::untrusted_peer:
        return "peer not trusted";
      case Condition::malformed:
        return "malformed message";
      case Condition::too_large:
        return "too large";
      case Condition::truncated:
        return "cut short";
      case Condition::canceled:
        return "canceled";
    }
    return "unknown condition";
  }
};

}  // namespace

const std::error_category& condition_category() noexcept {
  static const ConditionCategory category;
  return category;
}

std::error_condition make_error_condition(Condition condition) noexcept {
  return {static_cast<int>(condition), condition_category()};
}

std::string_view to_string(Stage stage) noexcept {
  switch (stage) {
    case Stage::configure:
      return "configure";
    case Stage::request:
      return "request";
    case Stage::route:
      return "route";
    case Stage::resolve:
      return "resolve";
    case Stage::connect:
      return "connect";
    case Stage::tls:
      return "tls";
    case Stage::send:
      return "send";
    case Stage::wait:
      return "wait";
    case Stage::receive:
      return "receive";
    case Stage::respond:
      return "respond";
    case Stage::replay:
      return "replay";
    case Stage::relay:
      return "relay";
    case Stage::record:
      return "record";
  }
  return "unknown";
}

std::string Failure::to_string() const {
  std::string text(tapedeck::to_string(stage));
  // "Invalid argument" adds nothing to a sentence that says what is wrong.
  if (code != std::errc::invalid_argument || detail.empty()) text += ": " + code.message();
  if (!detail.empty()) text += ": " + detail;
  return text;
}

FailureError::FailureError(Failure failure)
    : std::system_error(failure.code), failure_(std::move(failure)), text_(failure_.to_string()) {}

}  // namespace tapedeck

namespace tapedeck::http {
namespace {

struct Description {
  const char* message;
  int condition;  // a Condition, or 0 for none
};

Description describe(Error error) noexcept {
  constexpr int malformed = static_cast<int>(Condition::malformed);
  constexpr int too_large = static_cast<int>(Condition::too_large);
  constexpr int truncated = static_cast<int>(Condition::truncated);
  switch (error) {
    case Error::bad_request_line:
      return {"malformed request line", malformed};
    case Error::bad_method:
      return {"method is not a token", malformed};
    case Error::bad_target:
      return {"malformed request target", malformed};
    case Error::bad_version:
      return {"malformed protocol version", malformed};
    case Error::unsupported_version:
      return {"unsupported protocol version", malformed};
    case Error::bad_status_line:
      return {"malformed status line", malformed};
    case Error::bad_field_name:
      return {"malformed field name", malformed};
    case Error::bad_field_value:
      return {"forbidden byte in a field value", malformed};
    case Error::whitespace_before_colon:
      return {"whitespace before the colon", malformed};
    case Error::whitespace_before_first_field:
      return {"whitespace before the first field", malformed};
    case Error::obsolete_line_folding:
      return {"obsolete line folding", malformed};
    case Error::bare_cr:
      return {"CR without LF", malformed};
    case Error::bare_lf:
      return {"LF without CR", malformed};
    case Error::missing_host:
      return {"no Host field", malformed};
    case Error::multiple_hosts:
      return {"more than one Host field", malformed};
    case Error::bad_host:
      return {"malformed host", malformed};
    case Error::bad_url:
      return {"malformed URL", malformed};
    case Error::unsupported_scheme:
      return {"unsupported URL scheme", malformed};
    case Error::userinfo_in_target:
      return {"user information in the target", malformed};
    case Error::bad_content_length:
      return {"malformed Content-Length", malformed};
    case Error::content_length_overflow:
      return {"Content-Length too large to count", malformed};
    case Error::repeated_content_length:
      return {"more than one Content-Length", malformed};
    case Error::content_length_with_transfer_encoding:
      return {"both Content-Length and Transfer-Encoding", malformed};
    case Error::bad_transfer_encoding:
      return {"malformed Transfer-Encoding", malformed};
    case Error::unknown_transfer_coding:
      return {"unknown transfer coding", malformed};
    case Error::transfer_encoding_in_http10:
      return {"Transfer-Encoding in an HTTP/1.0 message", malformed};
    case Error::body_on_connect:
      return {"CONNECT with a body", malformed};
    case Error::bad_chunk_size:
      return {"malformed chunk size", malformed};
    case Error::chunk_size_overflow:
      return {"chunk size too large to count", malformed};
    case Error::bad_chunk_extension:
      return {"malformed chunk extension", malformed};
    case Error::bad_chunk_end:
      return {"chunk data not followed by CRLF", malformed};
    case Error::start_line_too_long:
      return {"start line too long", too_large};
    case Error::head_too_large:
      return {"head too large", too_large};
    case Error::too_many_fields:
      return {"too many header fields", too_large};
    case Error::chunk_line_too_long:
      return {"chunk line too long", too_large};
    case Error::trailers_too_large:
      return {"trailers too large", too_large};
    case Error::too_many_interim_responses:
      return {"too many interim responses", too_large};
    case Error::bad_content_coding:
      return {"malformed content coding", malformed};
    case Error::content_too_large:
      return {"decoded content too large", too_large};
    case Error::incomplete_head:
      return {"connection closed inside a head", truncated};
    case Error::incomplete_body:
      return {"connection closed inside a body", truncated};
    case Error::unexpected_data:
      return {"data where none was due", malformed};
    case Error::connection_closed:
      return {"connection closed before a message", truncated};
    case Error::unexpected_upgrade:
      return {"switched to a protocol that was not offered", malformed};
    case Error::not_allowed_now:
      return {"not allowed in this state", 0};
    case Error::body_longer_than_declared:
      return {"body longer than its Content-Length", 0};
    case Error::body_shorter_than_declared:
      return {"body shorter than its Content-Length", 0};
  }
  return {"unknown error", 0};
}

class ErrorCategory final : public std::error_category {
 public:
  const char* name() const noexcept override { return "tapedeck.http"; }
  std::string message(int value) const override {
    return describe(static_cast<Error>(value)).message;
  }
  bool equivalent(int value, const std::error_condition& condition) const noexcept override {
    if (condition.category() == condition_category()) {
      return condition.value() != 0 &&
             condition.value() == describe(static_cast<Error>(value)).condition;
    }
    return std::error_category::equivalent(value, condition);
  }
};

}  // namespace

const std::error_category& error_category() noexcept {
  static const ErrorCategory category;
  return category;
}

std::error_code make_error_code(Error error) noexcept {
  return {static_cast<int>(error), error_category()};
}

}  // namespace tapedeck::http
