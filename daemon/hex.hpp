#pragma once

#include <string>
#include <string_view>

namespace tapedeck {

/// Lower-case hexadecimal, as every tool prints a certificate's fingerprint.
inline std::string hex(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text(2 * bytes.size(), '\0');
  char* at = text.data();
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    *at++ = kDigits[byte >> 4];
    *at++ = kDigits[byte & 15];
  }
  return text;
}

}  // namespace tapedeck
