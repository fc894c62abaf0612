#pragma once

#include <cstddef>

namespace tapedeck::http {

/// Bounds on what a peer may make us hold. Exceeding one is an error of its own.
struct Limits {
  std::size_t max_start_line = std::size_t{16} * 1024;  ///< bytes of a request or status line
  std::size_t max_head_size =
      std::size_t{64} * 1024;    ///< bytes of a whole head, start line included
  std::size_t max_fields = 200;  ///< field lines in a head or trailer section
  std::size_t max_trailer_size = std::size_t{16} * 1024;
  std::size_t max_chunk_line = std::size_t{4} * 1024;  ///< bytes of a chunk's size and extensions
  /// Bytes by which chunk framing may exceed the data it frames, over a whole body; 16 bytes a
  /// chunk are free. Bounds extensions without bounding the body.
  std::size_t max_chunk_overhead = std::size_t{64} * 1024;
  unsigned max_interim_responses = 32;  ///< 1xx heads before a final one
};

}  // namespace tapedeck::http
