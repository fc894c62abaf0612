#include "client/http/framing.hpp"

#include <limits>
#include <optional>

#include "client/http/error.hpp"
#include "client/http/grammar.hpp"
#include "client/http/known_field.hpp"

namespace tapedeck::http {
namespace {

Failure refuse(Error error, std::string detail = {}) {
  return Failure{error, Stage::request, Blame::remote, std::move(detail)};
}

/// RFC 9110 section 8.6: 1*DIGIT. Larger than 2^63-1 is refused, so that sums cannot overflow.
Result<std::uint64_t> parse_content_length(std::string_view value) {
  if (value.find(',') != std::string_view::npos) {
    return refuse(Error::repeated_content_length, "Content-Length holds a list");
  }
  if (!all(value, kDigit)) return refuse(Error::bad_content_length, "not a decimal number");
  constexpr std::uint64_t max = std::numeric_limits<std::int64_t>::max();
  std::uint64_t length = 0;
  for (char c : value) {
    const auto digit = static_cast<std::uint64_t>(c - '0');
    if (length > (max - digit) / 10) return refuse(Error::content_length_overflow);
    length = length * 10 + digit;
  }
  return length;
}

/// What the two framing fields say, before the kind of message is considered.
struct Declared {
  std::optional<std::uint64_t> length;
  bool chunked = false;
};

Result<Declared> read_declared(Version version, const Fields& fields) {
  Declared declared;
  std::optional<std::string_view> coding;
  for (const Fields::Line& line : fields) {
    switch (known_field(line.name)) {
      case KnownField::content_length: {
        if (declared.length) return refuse(Error::repeated_content_length);
        auto length = parse_content_length(line.value);
        if (!length) return std::move(length).error();
        declared.length = *length;
        break;
      }
      case KnownField::transfer_encoding:
        // A second line would make a list, and the only list we decode has one element.
        if (coding) return refuse(Error::bad_transfer_encoding, "more than one Transfer-Encoding");
        coding = line.value;
        break;
      default:
        break;
    }
  }
  if (!coding) return declared;
  // RFC 9112 section 6.1: "A server or client that receives an HTTP/1.0 message containing a
  // Transfer-Encoding header field MUST treat the message as if the framing is faulty".
  if (version < kHttp11) return refuse(Error::transfer_encoding_in_http10);
  if (declared.length) return refuse(Error::content_length_with_transfer_encoding);
  if (!iequals(*coding, "chunked")) {
    std::size_t codings = 0;
    bool known = true;
    for_each_element(*coding, [&](std::string_view element) {
      ++codings;
      known = known && iequals(element, "chunked");
    });
    if (codings == 0) return refuse(Error::bad_transfer_encoding, "Transfer-Encoding is empty");
    return known ? refuse(Error::bad_transfer_encoding, "only a single 'chunked' is understood")
                 : refuse(Error::unknown_transfer_coding, "only 'chunked' is understood");
  }
  declared.chunked = true;
  return declared;
}

}  // namespace

Result<Framing> request_framing(const RequestHead& head) {
  auto declared = read_declared(head.version, head.fields);
  if (!declared) return std::move(declared).error();
  if (head.method == "CONNECT" && (declared->chunked || declared->length.value_or(0) != 0)) {
    return refuse(Error::body_on_connect);
  }
  if (declared->chunked) return Framing::chunked();
  if (declared->length) return Framing::of_length(*declared->length);
  return Framing::none();
}

Result<Framing> response_framing(const ResponseHead& head, std::string_view request_method) {
  const bool switched = request_method == "CONNECT" && head.status >= 200 && head.status < 300;
  if (head.status < 200 || head.status == 204 || switched) return Framing::none();
  auto declared = read_declared(head.version, head.fields);
  if (!declared) {
    Failure failure = std::move(declared).error();
    failure.stage = Stage::wait;
    return failure;
  }
  if (head.status == 304 || request_method == "HEAD") return Framing::none();
  if (declared->chunked) return Framing::chunked();
  if (declared->length) return Framing::of_length(*declared->length);
  return Framing::until_close();
}

bool keeps_alive(Version version, const Fields& fields) noexcept {
  bool close = false;
  bool keep = version >= kHttp11;
  for (const Fields::Line& line : fields) {
    if (line.name.size() != 10 || !iequals(line.name, "connection")) continue;
    for_each_element(line.value, [&](std::string_view token) {
      close = close || iequals(token, "close");
      keep = keep || iequals(token, "keep-alive");
    });
  }
  return keep && !close;
}

}  // namespace tapedeck::http
