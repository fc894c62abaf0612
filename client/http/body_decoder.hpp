#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "client/http/framing.hpp"
#include "client/http/head_parser.hpp"
#include "client/http/limits.hpp"

namespace tapedeck::http {

/// Finds the body in the bytes after a head (transfer-decoding, RFC 9112 sections 6 and 7).
/// Copies nothing: what it returns lies in its input.
class BodyDecoder {
 public:
  /// One step: `consumed` bytes of the input are dealt with, `data` (within them) is body.
  struct Step {
    std::size_t consumed = 0;
    std::string_view data;
    bool done = false;  ///< the body is complete; trailers() is filled
  };

  BodyDecoder() = default;
  BodyDecoder(Framing framing, Strictness strictness, const Limits& limits);

  /// Takes the unconsumed input from its start. A step that consumes nothing and is not done
  /// needs more input: call again with the same bytes and more.
  Result<Step> decode(std::string_view input);

  /// The peer sent no more: completes an until_close body; for any other, incomplete_body with
  /// how much was missing where that is known.
  Result<void> eof();

  const Fields& trailers() const noexcept { return trailers_; }
  /// Bytes of body returned so far.
  std::uint64_t received() const noexcept { return received_; }

 private:
  enum class State { data, chunk_line, chunk_data, chunk_end, trailers, done };

  Step take(std::string_view input);
  Result<Step> chunk_line(std::string_view input);
  Result<Step> chunk_end(std::string_view input);
  Result<Step> trailer_line(std::string_view input);
  Result<void> parse_chunk_line(std::string_view line);

  Framing framing_;
  Strictness strictness_ = Strictness::strict;
  Limits limits_;
  State state_ = State::done;
  std::uint64_t remaining_ = 0;  ///< of the body or of the current chunk
  std::uint64_t received_ = 0;
  std::uint64_t overhead_ = 0;  ///< see Limits::max_chunk_overhead
  std::size_t trailer_size_ = 0;
  Fields trailers_;
};

}  // namespace tapedeck::http
