#include "storage/export/utf8.hpp"

#include <cstdint>
#include <cstring>

namespace tapedeck::storage {
namespace {

/// What must follow: continuation bytes to come, and the range of the next one.
enum State : unsigned {
  kStart,
  kOneMore,
  kTwoMore,
  kThreeMore,
  kTwoFromA0,    // after E0: shortest form
  kTwoTo9F,      // after ED: no surrogates
  kThreeFrom90,  // after F0: shortest form
  kThreeTo8F,    // after F4: up to U+10FFFF
  kWrong,
};

State after_lead(unsigned char byte) {
  if (byte < 0x80) return kStart;
  if (byte < 0xC2) return kWrong;
  if (byte < 0xE0) return kOneMore;
  if (byte == 0xE0) return kTwoFromA0;
  if (byte == 0xED) return kTwoTo9F;
  if (byte < 0xF0) return kTwoMore;
  if (byte == 0xF0) return kThreeFrom90;
  if (byte < 0xF4) return kThreeMore;
  return byte == 0xF4 ? kThreeTo8F : kWrong;
}

State next(unsigned state, unsigned char byte) {
  const auto within = [&](unsigned low, unsigned high, State then) {
    return byte >= low && byte <= high ? then : kWrong;
  };
  switch (state) {
    case kStart:
      return after_lead(byte);
    case kOneMore:
      return within(0x80, 0xBF, kStart);
    case kTwoMore:
      return within(0x80, 0xBF, kOneMore);
    case kThreeMore:
      return within(0x80, 0xBF, kTwoMore);
    case kTwoFromA0:
      return within(0xA0, 0xBF, kOneMore);
    case kTwoTo9F:
      return within(0x80, 0x9F, kOneMore);
    case kThreeFrom90:
      return within(0x90, 0xBF, kTwoMore);
    case kThreeTo8F:
      return within(0x80, 0x8F, kTwoMore);
    default:
      return kWrong;
  }
}

/// How many bytes at the start are ASCII, at least whole words of them.
std::size_t ascii_words(std::string_view text) {
  std::size_t at = 0;
  for (; at + sizeof(std::uint64_t) <= text.size(); at += sizeof(std::uint64_t)) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + at, sizeof word);
    if ((word & 0x8080808080808080) != 0) break;
  }
  return at;
}

}  // namespace

bool Utf8Check::push(std::string_view piece) noexcept {
  while (!piece.empty() && state_ != kWrong) {
    if (state_ == kStart) piece.remove_prefix(ascii_words(piece));
    // A word or so at a time, then look for ASCII again.
    for (int i = 0; i < 16 && !piece.empty(); ++i) {
      state_ = next(state_, static_cast<unsigned char>(piece.front()));
      piece.remove_prefix(1);
    }
  }
  return state_ != kWrong;
}

void append_utf8(char32_t value, std::string& out) {
  const auto continuation = [&](unsigned shift) {
    out += static_cast<char>(0x80 | (value >> shift & 0x3F));
  };
  if (value < 0x80) {
    out += static_cast<char>(value);
  } else if (value < 0x800) {
    out += static_cast<char>(0xC0 | value >> 6);
    continuation(0);
  } else if (value < 0x10000) {
    out += static_cast<char>(0xE0 | value >> 12);
    continuation(6);
    continuation(0);
  } else {
    out += static_cast<char>(0xF0 | value >> 18);
    continuation(12);
    continuation(6);
    continuation(0);
  }
}

}  // namespace tapedeck::storage
