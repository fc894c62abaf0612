#include "client/http/head_parser.hpp"

#include <cstring>

#include "client/http/error.hpp"
#include "client/http/grammar.hpp"
#include "client/http/url.hpp"

namespace tapedeck::http {
namespace {

Failure bad_field(Error error, std::string detail = {}) {
  return Failure{error, Stage::request, Blame::remote, std::move(detail)};
}

Result<Version> parse_version(std::string_view text) {
  if (text.size() != 8 || !text.starts_with("HTTP/") || !is(text[5], kDigit) || text[6] != '.' ||
      !is(text[7], kDigit)) {
    return bad_field(Error::bad_version, "expected HTTP/1.1");
  }
  if (text[5] != '1') return bad_field(Error::unsupported_version, std::string(text));
  // RFC 9110 section 2.5: a higher minor version is handled as the highest one known.
  return Version{1, static_cast<std::uint8_t>(text[7] == '0' ? 0 : 1)};
}

Failure bad_value_byte(std::string_view name, char byte) {
  return bad_field(byte == '\r' ? Error::bare_cr : Error::bad_field_value,
                   describe_byte(byte) + " in field " + std::string(name));
}

}  // namespace

Result<void> parse_field_line(std::string_view line, Strictness strictness, Fields& fields) {
  if (line.front() == ' ' || line.front() == '\t') {
    if (fields.empty()) return bad_field(Error::whitespace_before_first_field);
    // RFC 9112 section 5.2: a server "MUST either reject the message [...] or replace each
    // received obs-fold with one or more SP octets"; a user agent must do the latter.
    if (strictness == Strictness::strict) return bad_field(Error::obsolete_line_folding);
    const std::string_view more = trim(line);
    if (const std::size_t bad = find_not(more, kFieldValue); bad != more.size()) {
      return bad_value_byte(fields.line(fields.size() - 1).name, more[bad]);
    }
    fields.extend_last(more);
    return {};
  }
  const std::size_t name_end = find_not(line, kToken);
  std::size_t colon = name_end;
  // RFC 9112 section 5.1: "A server MUST reject [...] any received request message that contains
  // whitespace between a header field name and colon"; in a response a proxy removes it.
  while (colon < line.size() && (line[colon] == ' ' || line[colon] == '\t')) ++colon;
  if (colon == line.size()) return bad_field(Error::bad_field_name, "a field line without a colon");
  if (line[colon] != ':') {
    return bad_field(line[colon] == '\r' ? Error::bare_cr : Error::bad_field_name,
                     describe_byte(line[colon]) + " in a field name");
  }
  if (name_end == 0) return bad_field(Error::bad_field_name, "the name is empty");
  if (colon != name_end && strictness == Strictness::strict) {
    return bad_field(Error::whitespace_before_colon, "field " + std::string(line, 0, name_end));
  }
  const std::string_view name = line.substr(0, name_end);
  const std::string_view value = trim(line.substr(colon + 1));
  if (const std::size_t bad = find_not(value, kFieldValue); bad != value.size()) {
    return bad_value_byte(name, value[bad]);
  }
  fields.add(name, value);
  return {};
}

Failure HeadParser::refuse(std::error_code code, std::string detail) const {
  return Failure{code, kind_ == Kind::request ? Stage::request : Stage::wait, Blame::remote,
                 std::move(detail)};
}

Result<HeadParser::Progress> HeadParser::parse(std::string_view buffer) {
  while (true) {
    const void* found = scanned_ < buffer.size()
                            ? std::memchr(buffer.data() + scanned_, '\n', buffer.size() - scanned_)
                            : nullptr;
    const std::size_t line_end =
        found != nullptr ? static_cast<std::size_t>(static_cast<const char*>(found) - buffer.data())
                         : buffer.size();
    if (!have_start_line_) {
      if (auto ok = check_first_bytes(buffer.substr(line_start_, line_end - line_start_)); !ok) {
        return std::move(ok).error();
      }
      if (line_end - line_start_ > limits_.max_start_line) {
        return refuse(Error::start_line_too_long,
                      "more than " + std::to_string(limits_.max_start_line) + " bytes");
      }
    }
    if (line_end > limits_.max_head_size) {
      return refuse(Error::head_too_large,
                    "more than " + std::to_string(limits_.max_head_size) + " bytes");
    }
    scanned_ = line_end;
    if (found == nullptr) return Progress::need_more;

    std::string_view line = buffer.substr(line_start_, line_end - line_start_);
    if (line.ends_with('\r')) {
      line.remove_suffix(1);
    } else if (kind_ == Kind::request) {
      // RFC 9112 section 2.2 lets a recipient take LF alone as a line end; two parsers that
      // differ in it are how requests are smuggled, so we do not.
      return refuse(Error::bare_lf);
    }
    line_start_ = scanned_ = line_end + 1;
    if (line.empty() && have_start_line_) {
      if (auto ok = check_request(); !ok) return std::move(ok).error();
      return Progress::done;
    }
    if (auto ok = parse_line(line); !ok) {
      Failure failure = std::move(ok).error();
      failure.stage = kind_ == Kind::request ? Stage::request : Stage::wait;
      return failure;
    }
  }
}

/// Refuses at once what cannot become a start line, so that a peer that speaks another protocol
/// hears so instead of waiting for a time-out.
Result<void> HeadParser::check_first_bytes(std::string_view line) const {
  if (line.empty()) return {};
  if (kind_ == Kind::response) {
    constexpr std::string_view prefix = "HTTP/";
    if (line.substr(0, prefix.size()) != prefix.substr(0, line.size())) {
      return refuse(Error::bad_status_line, "the answer does not begin with HTTP/");
    }
    return {};
  }
  if (line.front() == '\r') return {};
  if (line.front() == '\x16') {
    return refuse(Error::bad_request_line, "this is a TLS handshake; this port speaks plain HTTP");
  }
  if (!is(line.front(), kToken)) {
    return refuse(Error::bad_request_line, "it begins with " + describe_byte(line.front()));
  }
  return {};
}

Result<void> HeadParser::parse_line(std::string_view line) {
  if (have_start_line_) {
    if (fields().size() == limits_.max_fields) {
      return refuse(Error::too_many_fields,
                    "more than " + std::to_string(limits_.max_fields) + " lines");
    }
    return parse_field_line(line, kind_ == Kind::request ? Strictness::strict : Strictness::lenient,
                            fields());
  }
  // RFC 9112 section 2.2: a server "SHOULD ignore at least one empty line (CRLF) received prior
  // to the request-line". They count towards the limits.
  if (line.empty() && kind_ == Kind::request) return {};
  started_ = have_start_line_ = true;
  fields().reserve(16, 512);
  return kind_ == Kind::request ? parse_request_line(line) : parse_status_line(line);
}

Result<void> HeadParser::parse_request_line(std::string_view line) {
  const std::size_t method_end = find_not(line, kToken);
  if (method_end == 0 || method_end == line.size() || line[method_end] != ' ') {
    return refuse(method_end < line.size() && line[method_end] != ' ' ? Error::bad_method
                                                                      : Error::bad_request_line,
                  "expected METHOD TARGET HTTP/1.1");
  }
  request_.method = line.substr(0, method_end);
  line.remove_prefix(method_end + 1);
  const std::size_t target_end = find_not(line, kTarget);
  request_.target = line.substr(0, target_end);
  if (target_end == line.size()) {
    return refuse(Error::bad_request_line, "the protocol version is missing (HTTP/0.9?)");
  }
  if (line[target_end] != ' ') {
    return refuse(line[target_end] == '\r' ? Error::bare_cr : Error::bad_target,
                  describe_byte(line[target_end]) + " in the target");
  }
  if (target_end == 0) return refuse(Error::bad_request_line, "the target is empty");
  line.remove_prefix(target_end + 1);
  auto version = parse_version(line);
  if (!version) return std::move(version).error();
  request_.version = *version;
  return check_target(request_.method, request_.target);
}

Result<void> HeadParser::parse_status_line(std::string_view line) {
  if (line.size() < 12 || line[8] != ' ') {
    return refuse(Error::bad_status_line, "expected HTTP/1.1 200 OK");
  }
  auto version = parse_version(line.substr(0, 8));
  if (!version) return std::move(version).error();
  response_.version = *version;
  const std::string_view code = line.substr(9, 3);
  // RFC 9112 section 4 wants a space after the code even before an empty reason; many omit it.
  if (!all(code, kDigit) || code[0] == '0' || (line.size() > 12 && line[12] != ' ')) {
    return refuse(Error::bad_status_line, "the status code is not three digits from 100");
  }
  response_.status = (code[0] - '0') * 100 + (code[1] - '0') * 10 + (code[2] - '0');
  const std::string_view reason = line.size() > 13 ? line.substr(13) : std::string_view{};
  if (const std::size_t bad = find_not(reason, kFieldValue); bad != reason.size()) {
    return refuse(reason[bad] == '\r' ? Error::bare_cr : Error::bad_status_line,
                  describe_byte(reason[bad]) + " in the reason");
  }
  response_.reason = reason;
  return {};
}

/// RFC 9112 section 3.2: "A server MUST respond with a 400 (Bad Request) status code to any
/// HTTP/1.1 request message that lacks a Host header field and to any request message that
/// contains more than one Host header field line or a Host header field with an invalid field
/// value."
Result<void> HeadParser::check_request() const {
  if (kind_ == Kind::response) return {};
  std::size_t hosts = 0;
  for (const Fields::Line& line : request_.fields) {
    if (line.name.size() != 4 || !iequals(line.name, "host")) continue;
    if (++hosts > 1) return refuse(Error::multiple_hosts);
    if (!valid_host_field(line.value)) return refuse(Error::bad_host, "in the Host field");
  }
  if (hosts == 0 && request_.version >= kHttp11) return refuse(Error::missing_host);
  return {};
}

void HeadParser::reset() {
  request_ = {};
  response_ = {};
  line_start_ = scanned_ = 0;
  started_ = have_start_line_ = false;
}

}  // namespace tapedeck::http
