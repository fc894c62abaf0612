#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "client/http/result.hpp"

namespace tapedeck::client {

/// Undoes Content-Encoding (RFC 9110 section 8.4): gzip, deflate, br, zstd, any of them stacked,
/// piece by piece. Bounded, so that a small body cannot become an endless one.
class ContentDecoder {
 public:
  struct Limits {
    std::uint64_t max_output = 1ull << 30;  ///< bytes out, of each layer
    std::uint64_t max_ratio = 2'000;  ///< bytes out for each byte received, past the first 1 MiB
    std::size_t max_layers = 4;
  };
  using Sink = std::function<void(std::span<const char>)>;

  /// `content_encoding` is the field's value; "" and "identity" pass bytes on. Fails with
  /// Condition::malformed for a coding that is not known, too_large for too many.
  static Result<ContentDecoder> create(std::string_view content_encoding, Limits limits, Sink sink);

  ContentDecoder(ContentDecoder&&) noexcept;
  ContentDecoder& operator=(ContentDecoder&&) noexcept;
  ~ContentDecoder();

  /// Decodes a piece; output goes to the sink. After a failure the decoder is done.
  Result<void> push(std::span<const char> piece);
  /// The input is over; fails when a coding was cut short.
  Result<void> finish();

  class Layer;

 private:
  explicit ContentDecoder(Sink sink);
  Result<void> run(std::size_t layer, std::span<const char> piece);

  Sink sink_;
  std::shared_ptr<std::uint64_t> received_ = std::make_shared<std::uint64_t>(0);
  std::vector<std::unique_ptr<Layer>> layers_;  ///< in the order they are undone
};

}  // namespace tapedeck::client
