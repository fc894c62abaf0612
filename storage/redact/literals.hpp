#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "storage/redact/token_key.hpp"

namespace tapedeck::storage {

/// Secrets that are known themselves, each as it is, percent-encoded as in a URL or a form, and
/// escaped as in JSON. A value; any thread.
class Literals {
 public:
  /// A shorter one would be found where it is no secret.
  static constexpr std::size_t kLeast = 6;

  Literals() = default;
  /// Secrets shorter than kLeast are left out.
  Literals(const std::vector<std::string>& secrets, const TokenKey& key);

  bool empty() const noexcept { return forms_.empty(); }
  bool found_in(std::string_view text) const noexcept;
  /// The text with a token in the place of each.
  std::string replaced(std::string_view text) const;
  /// The length of the longest form: of a text in pieces, as many bytes less one of the end of a
  /// piece have to be looked at again with the next.
  std::size_t longest() const noexcept { return forms_.empty() ? 0 : forms_.front().text.size(); }

 private:
  struct Form {
    std::string text;
    std::string token;
  };
  std::vector<Form> forms_;  ///< the longest first: one may be the beginning of another
};

}  // namespace tapedeck::storage
