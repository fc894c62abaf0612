#pragma once

#include <string>
#include <string_view>

namespace tapedeck {

/// Lower-case hexadecimal, as every tool prints a certificate's fingerprint.
inline std::string hex(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text += {kDigits[byte >> 4], kDigits[byte & 15]};
  }
  return text;
}

}  // namespace tapedeck
