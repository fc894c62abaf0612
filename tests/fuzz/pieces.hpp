#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace tapedeck::fuzz {

/// The input of a target that must not care how its bytes arrive: a count and that many lengths,
/// then the bytes, cut so. Views into `data`.
struct Cut {
  std::string_view whole;
  std::vector<std::string_view> pieces;

  Cut(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    if (input.empty()) return;
    const std::size_t cuts = static_cast<unsigned char>(input[0]) % 8;
    if (input.size() < 1 + cuts) return;
    whole = input.substr(1 + cuts);
    std::string_view rest = whole;
    for (const char length : input.substr(1, cuts)) {
      pieces.push_back(rest.substr(0, static_cast<unsigned char>(length)));
      rest.remove_prefix(pieces.back().size());
    }
    pieces.push_back(rest);
  }
};

/// The process ends here when what must hold does not: the fuzzer keeps the input.
inline void require(bool holds) {
  if (!holds) __builtin_trap();
}

}  // namespace tapedeck::fuzz
