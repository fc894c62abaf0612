#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "storage/digest.hpp"
#include "storage/match/parts.hpp"
#include "storage/match/rules.hpp"

namespace tapedeck::storage {

/// A request body as matching sees it. JSON counts value by value whatever the order of its keys, a
/// form field by field, multipart part by part whatever its boundary; anything else, and what is
/// larger than kHeld, by its SHA-256.
class MatchBody {
 public:
  /// A structured body up to this size is held to be taken apart.
  static constexpr std::size_t kHeld = std::size_t{8} << 20;

  /// True for types that are taken apart, by their Content-Type.
  static bool structured(std::string_view content_type);

  void append(std::span<const char> bytes);
  std::uint64_t size() const noexcept { return size_; }
  /// What was appended, while size() <= kHeld.
  const std::string& held() const noexcept { return held_; }

  /// Adds what counts of it. Call once, at its end.
  void add_parts(std::string_view content_type, const MatchRules::Scope& rules, Parts& parts);
  /// The same for a body that is not structured and whose digest is known.
  static void add_digest(const Digest& digest, const MatchRules::Scope& rules, Parts& parts);

 private:
  std::uint64_t size_ = 0;
  std::string held_;
  std::optional<Sha256> digest_;  ///< from kHeld on
};

}  // namespace tapedeck::storage
