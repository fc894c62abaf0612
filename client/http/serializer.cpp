#include "client/http/serializer.hpp"

#include <charconv>

#include "client/http/error.hpp"
#include "client/http/grammar.hpp"
#include "client/http/known_field.hpp"

namespace tapedeck::http {
namespace {

Failure refuse(Error error, std::string detail) {
  return Failure{error, Stage::send, Blame::local, std::move(detail)};
}

Result<void> check_fields(const Fields& fields) {
  for (const Fields::Line& line : fields) {
    if (!all(line.name, kToken)) {
      return refuse(Error::bad_field_name, "a field name to be sent is not a token");
    }
    if (const std::size_t bad = find_not(line.value, kFieldValue); bad != line.value.size()) {
      return refuse(Error::bad_field_value,
                    describe_byte(line.value[bad]) + " in field " + std::string(line.name));
    }
  }
  return {};
}

/// RFC 9112 section 6.1: Transfer-Encoding is sent only in HTTP/1.1.
Result<void> check_version(Version version, Framing framing) {
  if (version < kHttp11 && framing.kind == Framing::Kind::chunked) {
    return refuse(Error::transfer_encoding_in_http10, {});
  }
  return {};
}

/// Room for a head: its start line, its fields and one that says how the body is framed.
void reserve_head(std::size_t start_line, const Fields& fields, std::string& out) {
  constexpr std::size_t kAround = std::string_view(": \r\n").size();
  constexpr std::size_t kRest = 64;
  out.reserve(out.size() + start_line + fields.byte_size() + kAround * fields.size() + kRest);
}

void append_line(const Fields::Line& line, std::string& out) {
  out.append(line.name).append(": ").append(line.value).append("\r\n");
}

void append_number(std::uint64_t value, int base, std::string& out) {
  char digits[20];
  const auto end = std::to_chars(digits, digits + sizeof digits, value, base).ptr;
  out.append(digits, end);
}

void append_section(const Fields& fields, Framing framing, bool keep_length, std::string& out) {
  for (const Fields::Line& line : fields) {
    switch (known_field(line.name)) {
      case KnownField::transfer_encoding:
        break;
      case KnownField::content_length:
        if (keep_length) append_line(line, out);
        break;
      default:
        append_line(line, out);
    }
  }
  switch (framing.kind) {
    case Framing::Kind::length:
      out.append("Content-Length: ");
      append_number(framing.length, 10, out);
      out.append("\r\n");
      break;
    case Framing::Kind::chunked:
      out.append("Transfer-Encoding: chunked\r\n");
      break;
    case Framing::Kind::none:
    case Framing::Kind::until_close:
      break;
  }
  out.append("\r\n");
}

}  // namespace

Result<void> append_request_head(const RequestHead& head, Framing framing, std::string& out) {
  if (!all(head.method, kToken)) {
    return refuse(Error::bad_method, "a method to be sent is not a token");
  }
  if (!all(head.target, kTarget)) {
    return refuse(Error::bad_target, "a target to be sent is empty or holds a forbidden byte");
  }
  // RFC 9112 section 6.3: a request without either framing field has no body.
  if (framing.kind == Framing::Kind::until_close) {
    return refuse(Error::not_allowed_now, "a request cannot end with its connection");
  }
  if (head.method == "CONNECT" && framing.has_body()) return refuse(Error::body_on_connect, {});
  if (auto ok = check_version(head.version, framing); !ok) return ok;
  if (auto ok = check_fields(head.fields); !ok) return ok;
  reserve_head(head.method.size() + head.target.size(), head.fields, out);
  out.append(head.method).append(" ").append(head.target).append(" ");
  out.append(to_string(head.version)).append("\r\n");
  append_section(head.fields, framing, false, out);
  return {};
}

Result<void> append_response_head(const ResponseHead& head, Framing framing, std::string& out) {
  if (head.status < 100 || head.status > 999) {
    return refuse(Error::bad_status_line, "a status to be sent is not three digits");
  }
  if (find_not(head.reason, kFieldValue) != head.reason.size()) {
    return refuse(Error::bad_status_line, "a reason to be sent holds a forbidden byte");
  }
  // RFC 9110 section 8.6, RFC 9112 section 6.1: neither field in 1xx and 204.
  const bool bodiless = head.status < 200 || head.status == 204;
  if (bodiless) framing = Framing::none();
  if (auto ok = check_version(head.version, framing); !ok) return ok;
  if (auto ok = check_fields(head.fields); !ok) return ok;
  reserve_head(head.reason.size(), head.fields, out);
  out.append(to_string(head.version)).append(" ");
  append_number(static_cast<std::uint64_t>(head.status), 10, out);
  out.append(" ").append(head.reason).append("\r\n");
  append_section(head.fields, framing, framing.kind == Framing::Kind::none && !bodiless, out);
  return {};
}

void append_chunk_line(std::uint64_t size, std::string& out) {
  append_number(size, 16, out);
  out.append("\r\n");
}

Result<void> append_last_chunk(const Fields& trailers, std::string& out) {
  if (auto ok = check_fields(trailers); !ok) return ok;
  out.append("0\r\n");
  for (const Fields::Line& line : trailers) append_line(line, out);
  out.append("\r\n");
  return {};
}

}  // namespace tapedeck::http
