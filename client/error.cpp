#include "client/error.hpp"

#include <string>

#include "client/http/error.hpp"

namespace tapedeck::client {
namespace {

class ErrorCategory final : public std::error_category {
 public:
  const char* name() const noexcept override { return "tapedeck.client"; }

  std::string message(int value) const override {
    switch (static_cast<Error>(value)) {
      case Error::not_connected:
        return "not connected";
      case Error::cannot_send_request:
        return "cannot send a request now";
      case Error::cannot_send_header:
        return "cannot send a header now";
      case Error::cannot_send_body:
        return "cannot send a body now";
      case Error::response_not_ready:
        return "no response is due";
      case Error::response_gone:
        return "the connection has gone on without this response";
      case Error::tunnel_refused:
        return "the proxy refused the tunnel";
      case Error::bad_proxy:
        return "unusable proxy";
      case Error::body_unreadable:
        return "the request's body cannot be read";
      case Error::framing_conflict:
        return "the headers contradict the body";
    }
    return "unknown error";
  }

  bool equivalent(int value, const std::error_condition& condition) const noexcept override {
    if (static_cast<Error>(value) == Error::tunnel_refused) return condition == Condition::refused;
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

}  // namespace tapedeck::client
