#pragma once

#include <gmock/gmock.h>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "client/blocking_connection.hpp"
#include "tests/support/origin.hpp"
#include "tests/support/peer.hpp"

namespace tapedeck {

template <class T>
void PrintTo(const Result<T>& result, std::ostream* out) {
  *out << (result ? std::string("a success") : result.error().to_string());
}

}  // namespace tapedeck

namespace tapedeck::client {

using test::Origin;
using test::Peer;
using testing::ElementsAre;
using testing::HasSubstr;

/// The message of an enumerator, of errors or of conditions.
template <class Enum>
std::string message_of(Enum code) {
  if constexpr (std::is_error_code_enum_v<Enum>) {
    return std::error_code(code).message();
  } else {
    return std::error_condition(code).message();
  }
}

/// A Result that failed with this error, or with one that means this condition.
MATCHER_P(FailsWith, code, "fails with \"" + message_of(code) + "\"") {
  return !arg && arg.error().code == code;
}

/// The same in a given stage.
MATCHER_P2(FailsAt, stage, code,
           "fails with \"" + std::string(to_string(stage)) + ": " + message_of(code) + "\"") {
  return !arg && arg.error().stage == stage && arg.error().code == code;
}

/// A Result that holds this value.
MATCHER_P(Gives, value, "gives " + testing::PrintToString(value)) {
  if (!arg) return false;
  *result_listener << "which is " << testing::PrintToString(*arg);
  return *arg == value;
}

MATCHER(Succeeds, "succeeds") { return arg.has_value(); }

/// What the failure says, or "(none)".
template <class T>
std::string failure_text(const Result<T>& result) {
  return result ? "(none)" : result.error().to_string();
}

/// Options whose waits end before a test's patience does.
Options patient();

/// A client and the origin it talks to. Both sides run on the test's own thread where messages are
/// small: the kernel accepts connections and holds bytes for whoever is not reading yet.
class Dialogue {
 public:
  explicit Dialogue(Options options = patient());

  /// Sends a request; the origin reads its head, from a new connection when there is none yet.
  std::string ask(std::string_view method = "GET", std::string_view target = "/", Body body = {},
                  http::Fields headers = {});
  /// The origin says this, and the client takes it for the answer.
  Result<BlockingResponse> answer(std::string_view bytes);
  /// A GET and its answer, whole.
  BlockingResponse exchange(std::string_view answer_bytes);

  /// The origin takes the client's next connection.
  void accept() {
    server = origin.accept();
    ++connections;
  }

  Origin origin;
  BlockingConnection client;
  Peer server{-1};
  int connections = 0;  ///< accepted so far
};

}  // namespace tapedeck::client
