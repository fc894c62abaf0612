#pragma once

#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <variant>

namespace tapedeck {

/// Where in the life of an exchange something failed. The names appear in the log, in
/// `exchange.error_stage` and in the answers the proxy makes itself.
enum class Stage {
  configure,  ///< options, files, start-up
  request,    ///< reading the request from the client
  route,      ///< deciding where it goes
  resolve,    ///< looking the upstream's name up
  connect,    ///< opening the TCP connection
  tls,        ///< TLS handshake and verification
  send,       ///< sending the request upstream
  wait,       ///< waiting for the response head
  receive,    ///< reading the response body
  respond,    ///< sending the response to the client
  replay,     ///< answering from the recording
  relay,      ///< relaying a tunnel's bytes
  record,     ///< writing the log
};

std::string_view to_string(Stage stage) noexcept;

/// Who broke the rules: the program that calls us, or the peer on the wire.
enum class Blame { local, remote };

/// A failure as data. `detail` says what was seen, in words, without secrets.
struct Failure {
  std::error_code code;
  Stage stage = Stage::configure;
  Blame blame = Blame::remote;
  std::string detail;

  /// "STAGE: message: detail", the form of every error line tapedeck prints.
  std::string to_string() const;
};

/// A Failure thrown, for programs that rather catch: what() is its to_string().
class FailureError : public std::system_error {
 public:
  explicit FailureError(Failure failure);
  const Failure& failure() const noexcept { return failure_; }
  const char* what() const noexcept override { return text_.c_str(); }

 private:
  Failure failure_;
  std::string text_;
};

/// Either a value or the Failure that took its place.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Failure failure) : state_(std::in_place_index<1>, std::move(failure)) {}

  bool has_value() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }

  /// The value, or FailureError thrown.
  T& value() & { return check(), **this; }
  const T& value() const& { return check(), **this; }
  T&& value() && { return check(), *std::move(*this); }

  /// Precondition: has_value().
  T& operator*() & { return *std::get_if<0>(&state_); }
  const T& operator*() const& { return *std::get_if<0>(&state_); }
  T&& operator*() && { return std::move(*std::get_if<0>(&state_)); }
  T* operator->() { return &**this; }
  const T* operator->() const { return &**this; }

  /// Precondition: !has_value().
  Failure& error() & { return *std::get_if<1>(&state_); }
  const Failure& error() const& { return *std::get_if<1>(&state_); }
  Failure&& error() && { return std::move(*std::get_if<1>(&state_)); }

 private:
  void check() const {
    if (!has_value()) throw FailureError(error());
  }

  std::variant<T, Failure> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Failure failure) : failed_(true), failure_(std::move(failure)) {}

  bool has_value() const noexcept { return !failed_; }
  explicit operator bool() const noexcept { return has_value(); }
  /// Throws FailureError where there is a failure.
  void value() const {
    if (failed_) throw FailureError(failure_);
  }
  Failure& error() & { return failure_; }
  const Failure& error() const& { return failure_; }
  Failure&& error() && { return std::move(failure_); }

 private:
  bool failed_ = false;
  Failure failure_;
};

}  // namespace tapedeck
