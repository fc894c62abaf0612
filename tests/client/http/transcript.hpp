#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "client/http/connection.hpp"

/// Turns what a Connection reads into one line of text, so that a test is bytes in, text out:
///
///     request POST /x HTTP/1.1 [Host: a; Content-Length: 2] | data "hi" | end
///     response HTTP/1.1 200 OK [] | data "x" | error incomplete_body
///
/// Also `interim …`, `end [T: v]` (with trailers), `switched`, `closed`, and last `left "…"`: bytes
/// received and not consumed. Pieces of body are joined, so that the text does not depend on how
/// the bytes arrived. A server answers each request with an empty 200 and goes on.
namespace tapedeck::http::testing {

std::string_view error_name(std::error_code code);
/// Printable, between quotes.
std::string quote(std::string_view text);
std::string show(const Fields& fields);
std::string show(const RequestHead& head);
std::string show(const ResponseHead& head);

class Transcript {
 public:
  struct Setup {
    Role role = Role::server;
    Limits limits = {};
    std::string method = "GET";  ///< of the request that a client sends first
    bool upgrade = false;        ///< and that request offers an upgrade
  };

  explicit Transcript(const Setup& setup);

  void feed(std::string_view bytes);
  void feed_eof();
  /// What happened; takes what is left over.
  std::string text();
  Connection& connection() noexcept { return connection_; }

 private:
  void drain();
  void note(const std::string& event);
  void answer();

  Connection connection_;
  Role role_;
  std::string text_;
  std::string data_;
  bool stopped_ = false;
  bool failed_ = false;
};

/// One row of a table.
struct Case {
  std::string wire;
  std::string expected;           ///< without an end of file
  std::string at_eof = "closed";  ///< what the end of file adds; "" for nothing
  Transcript::Setup setup = {};
};

/// Feeds the wire whole, in every split in two, and byte by byte; without and with an end of file.
/// Each must give the same transcript.
void check(const Case& one);
void check_all(const std::vector<Case>& cases, const Transcript::Setup& setup);

/// For a message that is complete: any shorter piece of it, followed by an end of file, must end in
/// an error, never in `end`.
void check_truncation(const std::string& wire, const Transcript::Setup& setup);

}  // namespace tapedeck::http::testing
