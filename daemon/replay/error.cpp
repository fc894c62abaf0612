#include "daemon/replay/error.hpp"

#include <string>

namespace tapedeck {
namespace {

class Category : public std::error_category {
 public:
  const char* name() const noexcept override { return "replay"; }
  std::string message(int value) const override {
    switch (static_cast<ReplayError>(value)) {
      case ReplayError::not_recorded:
        return "not recorded";
      case ReplayError::incomplete:
        return "recorded without the whole body";
      case ReplayError::offline:
        return "not without the network";
    }
    return "unknown error";
  }
};

}  // namespace

const std::error_category& replay_category() noexcept {
  static const Category category;
  return category;
}

std::error_code make_error_code(ReplayError error) noexcept {
  return {static_cast<int>(error), replay_category()};
}

}  // namespace tapedeck
