#include "daemon/intercept/opening.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace tapedeck {
namespace {

constexpr std::uint8_t kHandshakeRecord = 22;
constexpr std::uint8_t kClientHello = 1;
constexpr std::size_t kMaxClientHello = std::size_t{64} * 1024;
constexpr std::size_t kMaxRecord = std::size_t{16} * 1024;
constexpr std::size_t kLongestMethod = 24;

/// A cursor over TLS's presentation language (RFC 8446 section 3): what does not fit is nothing.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  bool empty() const { return rest_.empty(); }
  std::optional<std::size_t> number(std::size_t width) {
    if (rest_.size() < width) return std::nullopt;
    std::size_t value = 0;
    for (std::size_t i = 0; i < width; ++i)
      value = value << 8 | static_cast<std::uint8_t>(rest_[i]);
    rest_.remove_prefix(width);
    return value;
  }
  std::optional<std::string_view> take(std::size_t size) {
    if (rest_.size() < size) return std::nullopt;
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }
  /// A vector with its length before it, in `width` bytes.
  std::optional<std::string_view> vector(std::size_t width) {
    const auto size = number(width);
    return size ? take(*size) : std::nullopt;
  }

 private:
  std::string_view rest_;
};

std::string read_server_name(std::string_view extension) {
  Reader reader(extension);
  Reader names(reader.vector(2).value_or(std::string_view{}));
  while (const auto type = names.number(1)) {
    const auto name = names.vector(2);
    if (!name) return {};
    if (*type == 0) return std::string(*name);
  }
  return {};
}

std::vector<std::string> read_protocols(std::string_view extension) {
  Reader reader(extension);
  Reader list(reader.vector(2).value_or(std::string_view{}));
  std::vector<std::string> protocols;
  while (const auto name = list.vector(1)) protocols.emplace_back(*name);
  return protocols;
}

/// RFC 8446 section 4.1.2, from after the handshake header. What cannot be read is left to OpenSSL.
Opening read_client_hello(std::string_view hello) {
  Opening opening{.kind = Opening::Kind::tls};
  Reader reader(hello);
  constexpr std::size_t kVersionAndRandom = 2 + 32;
  if (!reader.take(kVersionAndRandom) || !reader.vector(1) || !reader.vector(2) ||
      !reader.vector(1)) {
    return opening;
  }
  Reader extensions(reader.vector(2).value_or(std::string_view{}));
  while (const auto type = extensions.number(2)) {
    const auto body = extensions.vector(2);
    if (!body) break;
    if (*type == 0) opening.server_name = read_server_name(*body);
    if (*type == 16) opening.alpn = read_protocols(*body);
  }
  return opening;
}

Opening recognize_tls(std::string_view bytes) {
  const Opening beyond_reading{.kind = Opening::Kind::tls};
  std::string handshake;
  Reader records(bytes);
  while (true) {
    if (handshake.size() >= 4) {
      Reader header(handshake);
      if (header.number(1) != kClientHello) return beyond_reading;
      const std::size_t size = *header.number(3);
      if (size > kMaxClientHello) return beyond_reading;
      if (handshake.size() >= 4 + size) {
        return read_client_hello(std::string_view(handshake).substr(4, size));
      }
    }
    const auto type = records.number(1);
    const auto version = records.number(2);
    const auto size = records.number(2);
    if (type && *type != kHandshakeRecord) return beyond_reading;
    if (size && (*size == 0 || *size > kMaxRecord)) return beyond_reading;
    if (!type || !version || !size) return {};
    const auto fragment = records.take(*size);
    if (!fragment) return {};
    handshake += *fragment;
  }
}

/// A method, a space, and what a target of ours begins with. The preface of HTTP/2 is "PRI *".
Opening recognize_http(std::string_view bytes) {
  const std::string_view word = bytes.substr(0, std::min(bytes.find(' '), bytes.size()));
  const bool method =
      word.size() <= kLongestMethod && std::all_of(word.begin(), word.end(), [](char c) {
        return (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
      });
  const bool whole = word.size() < bytes.size();
  if (!method || word.empty() || (whole && word == "PRI")) return {.kind = Opening::Kind::other};
  if (word.size() + 2 > bytes.size()) return {};
  const std::string_view target = bytes.substr(word.size() + 1);
  constexpr std::string_view kHttp = "http";
  if (target.front() == '/' || target.front() == '*' || target.starts_with(kHttp)) {
    return {.kind = Opening::Kind::http};
  }
  return {.kind = kHttp.starts_with(target) ? Opening::Kind::incomplete : Opening::Kind::other};
}

}  // namespace

Opening recognize(std::string_view bytes) {
  if (bytes.empty()) return {};
  // RFC 8446 section 5.1: the record's type, then a legacy version whose first byte is 3.
  if (static_cast<std::uint8_t>(bytes[0]) != kHandshakeRecord) return recognize_http(bytes);
  if (bytes.size() >= 2 && bytes[1] != 3) return {.kind = Opening::Kind::other};
  return recognize_tls(bytes);
}

}  // namespace tapedeck
