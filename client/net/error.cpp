#include "client/net/error.hpp"

#include <asio/error.hpp>

#include "client/http/error.hpp"

namespace tapedeck::net {
namespace {

class ErrorCategory final : public std::error_category {
 public:
  const char* name() const noexcept override { return "tapedeck.net"; }

  std::string message(int value) const override {
    switch (static_cast<Error>(value)) {
      case Error::name_not_found:
        return "name not found";
      case Error::resolver_failed:
        return "name could not be looked up";
      case Error::timed_out:
        return "timed out";
      case Error::closed:
        return "connection closed by the peer";
      case Error::canceled:
        return "canceled";
      case Error::unreachable:
        return "no address could be reached";
      case Error::unsupported_scheme:
        return "no transport for this scheme";
      case Error::loop:
        return "this would lead back to the proxy itself";
      case Error::denied:
        return "not allowed";
      case Error::bad_tls_file:
        return "unusable TLS file";
      case Error::untrusted_certificate:
        return "certificate not trusted";
      case Error::tls_failed:
        return "TLS failed";
      case Error::tls_alert:
        return "refused by the server's TLS";
      case Error::tls_truncated:
        return "closed without TLS's goodbye: what came may not be all";
    }
    return "unknown error";
  }

  bool equivalent(int value, const std::error_condition& condition) const noexcept override {
    if (condition.category() != condition_category()) {
      return std::error_category::equivalent(value, condition);
    }
    switch (static_cast<Error>(value)) {
      case Error::timed_out:
        return condition == Condition::timeout;
      case Error::closed:
        return condition == Condition::truncated;
      case Error::canceled:
        return condition == Condition::canceled;
      case Error::untrusted_certificate:
        return condition == Condition::untrusted_peer;
      case Error::tls_truncated:
        return condition == Condition::truncated;
      case Error::tls_alert:
        return condition == Condition::refused;
      case Error::name_not_found:
      case Error::resolver_failed:
      case Error::unreachable:
      case Error::unsupported_scheme:
      case Error::loop:
      case Error::denied:
      case Error::bad_tls_file:
      case Error::tls_failed:
        return false;
    }
    return false;
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

std::error_code portable(std::error_code code) noexcept {
  if (code.category() != asio::system_category()) return code;
  return {code.value(), std::system_category()};
}

std::error_code from_resolver(std::error_code code) noexcept {
  if (code == asio::error::host_not_found || code == asio::error::no_data) {
    return Error::name_not_found;
  }
  return Error::resolver_failed;
}

bool is_disconnect(std::error_code code) noexcept {
  return code == asio::error::eof || code == std::errc::connection_reset ||
         code == std::errc::broken_pipe || code == std::errc::connection_aborted ||
         code == Error::closed || code == Error::tls_truncated;
}

}  // namespace tapedeck::net
