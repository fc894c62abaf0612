#pragma once

#include <string_view>
#include <system_error>

namespace tapedeck::http {

/// What the codec can find wrong with a message, grouped as a caller meets it.
/// Messages are one short clause, without a capital or a full stop.
enum class Error {
  // Syntax of a head (RFC 9112 sections 2 to 5).
  bad_request_line = 1,
  bad_method,
  bad_target,
  bad_version,
  unsupported_version,
  bad_status_line,
  bad_field_name,
  bad_field_value,
  whitespace_before_colon,
  whitespace_before_first_field,
  obsolete_line_folding,
  bare_cr,
  bare_lf,
  missing_host,
  multiple_hosts,
  bad_host,
  bad_url,
  unsupported_scheme,
  userinfo_in_target,
  // Framing of a body (RFC 9112 sections 6 and 7).
  bad_content_length,
  content_length_overflow,
  repeated_content_length,
  content_length_with_transfer_encoding,
  bad_transfer_encoding,
  unknown_transfer_coding,
  transfer_encoding_in_http10,
  body_on_connect,
  bad_chunk_size,
  chunk_size_overflow,
  bad_chunk_extension,
  bad_chunk_end,
  // Limits, each named in http::Limits.
  start_line_too_long,
  head_too_large,
  too_many_fields,
  chunk_line_too_long,
  trailers_too_large,
  too_many_interim_responses,
  // The content (RFC 9110 section 8.4).
  bad_content_coding,
  content_too_large,
  // The connection.
  incomplete_head,
  incomplete_body,
  unexpected_data,
  connection_closed,
  unexpected_upgrade,
  // Misuse by the local side; never caused by a peer.
  not_allowed_now,
  body_longer_than_declared,
  body_shorter_than_declared,
};

}  // namespace tapedeck::http

namespace tapedeck {

/// What callers branch on: every error code of every tapedeck library is equivalent to at most one.
/// Compare with ==, e.g. `failure.code == Condition::timeout`.
enum class Condition {
  timeout = 1,
  refused,
  untrusted_peer,
  malformed,
  too_large,
  truncated,
  canceled,
};

const std::error_category& condition_category() noexcept;
std::error_condition make_error_condition(Condition condition) noexcept;

}  // namespace tapedeck

namespace tapedeck::http {

const std::error_category& error_category() noexcept;
std::error_code make_error_code(Error error) noexcept;

}  // namespace tapedeck::http

template <>
struct std::is_error_code_enum<tapedeck::http::Error> : std::true_type {};
template <>
struct std::is_error_condition_enum<tapedeck::Condition> : std::true_type {};
