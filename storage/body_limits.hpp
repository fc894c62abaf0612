#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "storage/exchange.hpp"

namespace tapedeck::storage {

/// How much of a body is recorded. What a limit cuts is marked in the log (`body.truncated`), and
/// forwarded all the same.
struct BodyLimit {
  bool request = true;     ///< concerns request bodies
  bool response = true;    ///< concerns response bodies
  std::string type = "*";  ///< a media type; `*` stands for any run of characters
  std::int64_t bytes = 0;  ///< kept at the most
};

/// Immutable, any thread.
class BodyLimits {
 public:
  static constexpr std::int64_t kNone = std::numeric_limits<std::int64_t>::max();

  BodyLimits() = default;
  explicit BodyLimits(std::vector<BodyLimit> limits) : limits_(std::move(limits)) {}

  bool empty() const noexcept { return limits_.empty(); }
  /// The smallest that concerns such a body; kNone where none does. A body without a Content-Type
  /// is an application/octet-stream (RFC 9110 section 8.3).
  std::int64_t of(Side side, std::string_view content_type) const;

 private:
  std::vector<BodyLimit> limits_;
};

}  // namespace tapedeck::storage
