#include "storage/exchange.hpp"

namespace tapedeck::storage {
namespace {

/// The value among the first ones up to `last` that has this name.
template <class Enum>
std::optional<Enum> named(std::string_view name, Enum last) noexcept {
  for (int i = 0; i <= static_cast<int>(last); ++i) {
    if (to_string(static_cast<Enum>(i)) == name) return static_cast<Enum>(i);
  }
  return std::nullopt;
}

}  // namespace

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

std::optional<Mode> mode_named(std::string_view name) noexcept { return named(name, Mode::fetch); }

std::optional<State> state_named(std::string_view name) noexcept {
  return named(name, State::interrupted);
}

}  // namespace tapedeck::storage
