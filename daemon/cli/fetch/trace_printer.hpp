#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "client/trace.hpp"

namespace tapedeck::fetch {

/// Prints what happens on a connection to stderr: a line for each line sent (">") and received
/// ("<") and for each step ("*"), each with the milliseconds since the start. Made harmless for a
/// terminal; of a body, what is text, up to kMaxBodyBytes a piece.
class TracePrinter {
 public:
  static constexpr std::size_t kMaxBodyBytes = 2048;

  void operator()(const client::TraceEvent& event);

 private:
  /// One direction: where the current message stands.
  struct Side {
    char mark;
    bool in_head = true;
    bool interim = false;   ///< the head under way is a 1xx: another follows
    std::string line = {};  ///< of a head, as far as it came
  };
  void print(Side& side, std::string_view bytes);
  void print_body(const Side& side, std::string_view bytes) const;
  void line(char mark, std::string_view text) const;

  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  Side sent_{'>'};
  Side received_{'<'};
};

}  // namespace tapedeck::fetch
