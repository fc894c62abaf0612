#pragma once

#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "client/body.hpp"
#include "client/http/result.hpp"

namespace tapedeck::client {

/// Reads a request's body piece by piece, once. The Body must outlive it.
class BodyReader {
 public:
  /// Opens a file body; fails with Error::body_unreadable.
  static Result<BodyReader> open(const Body& body, std::size_t block_size);

  /// The length where it is known.
  std::optional<std::uint64_t> length() const noexcept { return length_; }
  /// The next piece; empty at the end. Valid until the next call.
  Result<std::string_view> next();

 private:
  BodyReader(const Body& body, std::size_t block_size) : body_(&body), block_size_(block_size) {}

  const Body* body_;
  std::size_t block_size_;
  std::optional<std::uint64_t> length_;
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file_{nullptr, std::fclose};
  std::string piece_;
  bool text_given_ = false;
};

}  // namespace tapedeck::client
