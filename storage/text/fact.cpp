#include "storage/text/fact.hpp"

#include <algorithm>
#include <bit>

#include "client/http/url.hpp"

namespace tapedeck::storage {
namespace {

/// A span of the first kind lasts 2^26 us (67 s), one of the next kind sixteen of those.
constexpr int kFirstSpanBits = 26;
constexpr int kSpanBits = 4;
constexpr int kSpanKinds = 7;
/// Two to a power of two, up to a terabyte or eleven days.
constexpr std::int64_t kLastMagnitude = 80;

std::string span_word(int kind, std::int64_t span) {
  return fact_word(Fact::started, kind * kForever + span);
}

}  // namespace

std::string fact_word(Fact fact, std::string_view value) {
  // FNV-1a.
  std::uint64_t hash = 0xcbf29ce484222325;
  const auto add = [&](unsigned char byte) { hash = (hash ^ byte) * 0x100000001b3; };
  add(static_cast<unsigned char>(fact));
  for (const char c : value) add(static_cast<unsigned char>(c));
  std::string word = "x";
  for (int shift = 60; shift >= 0; shift -= 4) word += "0123456789abcdef"[(hash >> shift) & 15];
  return word;
}

std::string fact_word(Fact fact, std::int64_t value) {
  return fact_word(fact, std::to_string(value));
}

std::int64_t magnitude(std::int64_t value) noexcept {
  if (value < 2) return std::max<std::int64_t>(value, 0);
  const auto bits = static_cast<std::uint64_t>(value);
  const int top = static_cast<int>(std::bit_width(bits)) - 1;
  return std::min<std::int64_t>(2 * top + static_cast<int>((bits >> (top - 1)) & 1),
                                kLastMagnitude);
}

std::vector<std::string> magnitudes_from(Fact fact, std::int64_t value) {
  std::vector<std::string> words;
  for (std::int64_t i = magnitude(value); i <= kLastMagnitude; ++i) {
    words.push_back(fact_word(fact, i));
  }
  return words;
}

std::vector<std::string> started_words(std::int64_t started_at) {
  std::vector<std::string> words;
  for (int kind = 0; kind < kSpanKinds; ++kind) {
    const std::int64_t at = std::clamp<std::int64_t>(started_at, 0, kForever - 1);
    words.push_back(span_word(kind, at >> (kFirstSpanBits + kind * kSpanBits)));
  }
  return words;
}

std::vector<std::string> started_between(std::int64_t from, std::int64_t until) {
  constexpr std::int64_t kMask = (1 << kSpanBits) - 1;
  std::int64_t first = std::clamp<std::int64_t>(from, 0, kForever - 1) >> kFirstSpanBits;
  std::int64_t last = std::clamp<std::int64_t>(until, 0, kForever - 1) >> kFirstSpanBits;
  std::vector<std::string> words;
  for (int kind = 0; first <= last; ++kind, first >>= kSpanBits, last >>= kSpanBits) {
    const bool longest = kind == kSpanKinds - 1;
    // Short spans at both ends, longer ones between.
    while (first <= last && (longest || (first & kMask) != 0)) {
      words.push_back(span_word(kind, first++));
    }
    while (first <= last && (last & kMask) != kMask) words.push_back(span_word(kind, last--));
    if (longest) break;
  }
  return words;
}

std::vector<std::string> type_words(std::string_view text) {
  const std::string lower = http::to_lower(text);
  std::vector<std::string> words;
  for (std::size_t i = 0; i + 3 <= lower.size(); ++i) {
    words.push_back(fact_word(Fact::type, std::string_view(lower).substr(i, 3)));
  }
  return words;
}

}  // namespace tapedeck::storage
