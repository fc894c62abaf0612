#include "daemon/access/error.hpp"

#include <string>

namespace tapedeck {
namespace {

class Category : public std::error_category {
 public:
  const char* name() const noexcept override { return "access"; }
  std::string message(int value) const override {
    switch (static_cast<AccessError>(value)) {
      case AccessError::credentials_wanted:
        return "user and password wanted";
    }
    return "unknown error";
  }
};

}  // namespace

const std::error_category& access_category() noexcept {
  static const Category category;
  return category;
}

std::error_code make_error_code(AccessError error) noexcept {
  return {static_cast<int>(error), access_category()};
}

}  // namespace tapedeck
