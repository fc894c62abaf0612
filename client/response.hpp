#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "client/content_decoder.hpp"
#include "client/http/message.hpp"
#include "client/http/result.hpp"
#include "client/io.hpp"

namespace tapedeck::client {

template <class Io>
class Channel;
template <class Io>
struct Incoming;

/// A response whose head has arrived and whose body is read as it comes, its transfer-coding
/// undone. A handle: copies read the same body. Good until its connection begins another request
/// or is destroyed; after that the head stays readable and reads fail with Error::response_gone.
///
/// Reads fail with Stage::receive: http::Error::incomplete_body when the peer ended too early,
/// whatever the reason (partial() and expected() tell the rest), Condition::timeout,
/// http::Error::content_too_large beyond Options::max_body. A failure is final: later reads repeat
/// it. One read at a time.
template <class Io>
class BasicResponse {
 public:
  template <class T>
  using Task = typename Io::template Task<T>;

  // The head (RFC 9112 section 4).

  int status() const noexcept { return head().status; }
  const std::string& reason() const noexcept { return head().reason; }
  http::Version version() const noexcept { return head().version; }
  /// In the order received, with repeats.
  const http::Fields& headers() const noexcept { return head().fields; }
  /// All values of that name joined with ", ", or `otherwise`.
  std::string header(std::string_view name, std::string_view otherwise = {}) const;
  /// The connection closes after this response.
  bool will_close() const noexcept;

  // The body.

  /// All that is left of it.
  Task<Result<std::string>> read();
  /// Exactly `size` bytes, fewer only at the end.
  Task<Result<std::string>> read(std::size_t size);
  /// What has arrived, at least a byte and at most `size`, waiting when there is nothing yet; empty
  /// at the end. The view is valid until the next read.
  Task<Result<std::string_view>> read_some(std::size_t size = SIZE_MAX);
  /// Fills `into` but for the end; returns how many bytes.
  Task<Result<std::size_t>> read_into(std::span<char> into);
  /// As read_some(), and leaves the bytes to be read.
  Task<Result<std::string_view>> peek(std::size_t size = SIZE_MAX);
  /// A line with its "\n"; the last may lack it. Empty at the end.
  Task<Result<std::string>> read_line();

  /// The body was read to its end, or there is none.
  bool closed() const noexcept;
  /// After a failed read: the bytes it had gathered and did not return.
  const std::string& partial() const noexcept;
  /// The body's length as the server declared it, where it did.
  std::optional<std::uint64_t> expected() const noexcept;
  /// Fields after a chunked body; filled once it was read (RFC 9110 section 6.5).
  const http::Fields& trailers() const noexcept;

  /// From here on reads give the content with its Content-Encoding undone. Call before reading.
  /// Fails when a coding is unknown; then nothing changes.
  Result<void> decode_content(ContentDecoder::Limits limits = {});

 private:
  friend class Channel<Io>;
  explicit BasicResponse(std::shared_ptr<Incoming<Io>> incoming) : incoming_(std::move(incoming)) {}
  const http::ResponseHead& head() const noexcept;
  Task<Result<void>> read_onto(std::string& text, std::size_t size);

  std::shared_ptr<Incoming<Io>> incoming_;
};

/// For coroutines; BlockingResponse is the same for plain programs.
using Response = BasicResponse<AsyncIo>;

}  // namespace tapedeck::client
