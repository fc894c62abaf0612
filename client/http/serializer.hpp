#pragma once

#include <cstdint>
#include <string>

#include "client/http/framing.hpp"
#include "client/http/message.hpp"
#include "client/http/result.hpp"

/// Writes messages as bytes (RFC 9112). Every part is checked before a byte is appended, so a CR,
/// LF or NUL smuggled into a value never reaches the wire; on failure `out` is as it was.
namespace tapedeck::http {

/// The framing fields are written from `framing`, whatever the head's own Content-Length and
/// Transfer-Encoding lines say. With Framing::none() a response keeps its Content-Length (the one
/// HEAD and 304 announce) and a request has none. 1xx and 204 carry neither field, whatever
/// `framing` says. Framing::until_close() in a request, a body on CONNECT and chunked in HTTP/1.0
/// are refused.
Result<void> append_request_head(const RequestHead& head, Framing framing, std::string& out);
Result<void> append_response_head(const ResponseHead& head, Framing framing, std::string& out);

/// The line before `size` bytes of chunk data; CRLF must follow the data. Precondition: size > 0.
void append_chunk_line(std::uint64_t size, std::string& out);
/// The last chunk, the trailers and the final CRLF.
Result<void> append_last_chunk(const Fields& trailers, std::string& out);

}  // namespace tapedeck::http
