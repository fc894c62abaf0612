#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "client/http/result.hpp"
#include "client/http/url.hpp"

/// SOCKS5 as a server (RFC 1928, RFC 1929), sans-IO: the other way to ask for a tunnel.
namespace tapedeck {

/// What a client's bytes ask for, step by step.
class SocksGreeting {
 public:
  /// `wants_credentials`: only clients that log in are served.
  explicit SocksGreeting(bool wants_credentials) : wants_credentials_(wants_credentials) {}

  enum class Step : std::uint8_t {
    more,     ///< feed more bytes
    log_in,   ///< user() and password() are to be checked, then logged_in() called
    connect,  ///< target() is asked for
    refused,  ///< `reply` says so; close
  };

  static constexpr char kVersion = 5;
  /// Takes from `received` what it understands and appends to `reply` what to answer. Call again
  /// after Step::more with more, and after logged_in().
  Step next(std::string& received, std::string& reply);
  void logged_in(bool right, std::string& reply);

  const std::string& user() const noexcept { return user_; }
  const std::string& password() const noexcept { return password_; }
  const http::Authority& target() const noexcept { return target_; }

 private:
  enum class Stage : std::uint8_t { methods, credentials, checking, request, over };
  Step read_methods(std::string& received, std::string& reply);
  Step read_credentials(std::string& received);
  Step read_request(std::string& received, std::string& reply);
  Step refuse(char code, std::string& reply);

  bool wants_credentials_;
  Stage stage_ = Stage::methods;
  std::string user_;
  std::string password_;
  http::Authority target_;
};

/// The answer to a request: an HTTP status of what became of it, 200 for a connection (RFC 1928
/// section 6).
std::string socks_reply(int status, std::string_view error_type);

}  // namespace tapedeck
