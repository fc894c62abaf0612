#include "storage/exchange.hpp"

namespace tapedeck::storage {

std::string_view to_string(Mode mode) noexcept {
  switch (mode) {
    case Mode::forward:
      return "forward";
    case Mode::tunnel:
      return "tunnel";
    case Mode::intercept:
      return "intercept";
    case Mode::reverse:
      return "reverse";
    case Mode::replay:
      return "replay";
    case Mode::fetch:
      return "fetch";
  }
  return "forward";
}

std::string_view to_string(State state) noexcept {
  switch (state) {
    case State::open:
      return "open";
    case State::complete:
      return "complete";
    case State::failed:
      return "failed";
    case State::aborted:
      return "aborted";
    case State::interrupted:
      return "interrupted";
  }
  return "failed";
}

}  // namespace tapedeck::storage
