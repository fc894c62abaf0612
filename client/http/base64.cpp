#include "client/http/base64.hpp"

#include <algorithm>
#include <cstdint>

namespace tapedeck::http {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t kNone = 0xff;

constexpr std::array<std::uint8_t, 256> make_values() {
  std::array<std::uint8_t, 256> table{};
  table.fill(kNone);
  for (std::size_t i = 0; i < kAlphabet.size(); ++i) {
    table[static_cast<unsigned char>(kAlphabet[i])] = static_cast<std::uint8_t>(i);
  }
  return table;
}

constexpr auto kValues = make_values();

unsigned value(char c) { return kValues[static_cast<unsigned char>(c)]; }

unsigned byte(char c) { return static_cast<unsigned char>(c); }

char* encode_group(const char* in, char* out) {
  const unsigned bits = byte(in[0]) << 16 | byte(in[1]) << 8 | byte(in[2]);
  *out++ = kAlphabet[bits >> 18];
  *out++ = kAlphabet[bits >> 12 & 63];
  *out++ = kAlphabet[bits >> 6 & 63];
  *out++ = kAlphabet[bits & 63];
  return out;
}

/// Decodes whole groups without padding; how many characters were taken.
std::size_t decode_groups(std::string_view text, std::string& out) {
  const std::size_t start = out.size();
  out.resize(start + text.size() / 4 * 3);
  char* to = out.data() + start;
  std::size_t at = 0;
  for (; at + 4 <= text.size(); at += 4) {
    const unsigned a = value(text[at]);
    const unsigned b = value(text[at + 1]);
    const unsigned c = value(text[at + 2]);
    const unsigned d = value(text[at + 3]);
    if ((a | b | c | d) > 63) break;
    const unsigned bits = a << 18 | b << 12 | c << 6 | d;
    *to++ = static_cast<char>(bits >> 16);
    *to++ = static_cast<char>(bits >> 8);
    *to++ = static_cast<char>(bits);
  }
  out.resize(static_cast<std::size_t>(to - out.data()));
  return at;
}

}  // namespace

std::string base64(std::string_view bytes) {
  std::string text;
  Base64Encoder encoder;
  encoder.push(bytes, text);
  encoder.finish(text);
  return text;
}

void Base64Encoder::push(std::string_view bytes, std::string& out) {
  while (held_size_ > 0 && held_size_ < 3 && !bytes.empty()) {
    held_[held_size_++] = bytes.front();
    bytes.remove_prefix(1);
  }
  const std::size_t whole = bytes.size() / 3;
  const std::size_t start = out.size();
  out.resize(start + 4 * (whole + (held_size_ == 3 ? 1 : 0)));
  char* to = out.data() + start;
  if (held_size_ == 3) {
    to = encode_group(held_.data(), to);
    held_size_ = 0;
  }
  for (std::size_t i = 0; i < whole; ++i) to = encode_group(bytes.data() + 3 * i, to);
  bytes.remove_prefix(3 * whole);
  for (const char c : bytes) held_[held_size_++] = c;
}

void Base64Encoder::finish(std::string& out) {
  if (held_size_ == 0) return;
  std::fill(held_.begin() + static_cast<std::ptrdiff_t>(held_size_), held_.end(), '\0');
  std::array<char, 4> group{};
  encode_group(held_.data(), group.data());
  std::fill(group.begin() + static_cast<std::ptrdiff_t>(held_size_) + 1, group.end(), '=');
  out.append(group.data(), group.size());
  held_size_ = 0;
}

bool Base64Decoder::push(std::string_view text, std::string& out) {
  while (!text.empty()) {
    if (held_ == 0 && padding_ == 0) {
      const std::size_t taken = decode_groups(text, out);
      at_ += taken;
      text.remove_prefix(taken);
      if (text.empty()) break;
    }
    if (!take(text.front(), out)) return false;
    ++at_;
    text.remove_prefix(1);
  }
  return true;
}

bool Base64Decoder::take(char c, std::string& out) {
  if (c == '=') {
    const bool fits = held_ >= 2 && held_ + padding_ < 4;
    ++padding_;
    return fits && no_bits_left();
  }
  if (value(c) == kNone || padding_ > 0) return false;
  bits_ = bits_ << 6 | value(c);
  ++held_;
  // Each character but the first of a group completes a byte.
  if (held_ == 2) out += static_cast<char>(bits_ >> 4);
  if (held_ == 3) out += static_cast<char>(bits_ >> 2);
  if (held_ == 4) out += static_cast<char>(bits_);
  if (held_ == 4) {
    held_ = 0;
    bits_ = 0;
  }
  return true;
}

bool Base64Decoder::no_bits_left() const noexcept {
  return held_ == 2 ? (bits_ & 15) == 0 : held_ != 3 || (bits_ & 3) == 0;
}

bool Base64Decoder::finish() const noexcept {
  return held_ != 1 && no_bits_left() && (padding_ == 0 || held_ + padding_ == 4);
}

}  // namespace tapedeck::http
