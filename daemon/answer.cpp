#include "daemon/answer.hpp"

#include <array>
#include <ctime>

#include "client/error.hpp"
#include "client/http/error.hpp"
#include "client/net/error.hpp"
#include "daemon/access/error.hpp"
#include "daemon/replay/error.hpp"

namespace tapedeck {
namespace {

struct Mapping {
  int status;
  std::string_view error_type;
  std::string_view advice;
};

constexpr std::string_view kCheckHost = "Check the spelling of the host and your DNS.";
constexpr std::string_view kCheckServer = "Check that the server is running on that port.";
constexpr std::string_view kServerFault = "The server's answer breaks HTTP; nothing was passed on.";

/// Errors of the codec, in a request (from the client) and in a response (from upstream).
Mapping map_http(http::Error error, bool from_client) {
  using http::Error;
  if (from_client) {
    switch (error) {
      case Error::start_line_too_long:
        return {414, "http_request_error", "Raise max_request_line or shorten the URL."};
      case Error::head_too_large:
      case Error::too_many_fields:
        return {431, "http_request_error", "Raise max_head_size or max_header_count."};
      case Error::unknown_transfer_coding:
        return {501, "http_request_error", "Send the body plain or chunked."};
      case Error::unsupported_version:
        return {505, "http_request_error", "Use HTTP/1.1."};
      case Error::unsupported_scheme:
      case Error::bad_request_line:
      case Error::bad_method:
      case Error::bad_target:
      case Error::bad_version:
      case Error::bad_status_line:
      case Error::bad_field_name:
      case Error::bad_field_value:
      case Error::whitespace_before_colon:
      case Error::whitespace_before_first_field:
      case Error::obsolete_line_folding:
      case Error::bare_cr:
      case Error::bare_lf:
      case Error::missing_host:
      case Error::multiple_hosts:
      case Error::bad_host:
      case Error::bad_url:
      case Error::userinfo_in_target:
      case Error::bad_content_length:
      case Error::content_length_overflow:
      case Error::repeated_content_length:
      case Error::content_length_with_transfer_encoding:
      case Error::bad_transfer_encoding:
      case Error::transfer_encoding_in_http10:
      case Error::body_on_connect:
      case Error::bad_chunk_size:
      case Error::chunk_size_overflow:
      case Error::bad_chunk_extension:
      case Error::bad_chunk_end:
      case Error::chunk_line_too_long:
      case Error::trailers_too_large:
      case Error::too_many_interim_responses:
      case Error::incomplete_head:
      case Error::incomplete_body:
      case Error::unexpected_data:
      case Error::connection_closed:
      case Error::unexpected_upgrade:
      case Error::not_allowed_now:
      case Error::body_longer_than_declared:
      case Error::body_shorter_than_declared:
      case Error::bad_content_coding:
      case Error::content_too_large:
        return {400, "http_request_error", ""};
    }
  }
  switch (error) {
    case Error::start_line_too_long:
    case Error::head_too_large:
    case Error::too_many_fields:
      return {502, "http_response_header_section_size", "Raise max_head_size or max_header_count."};
    case Error::trailers_too_large:
      return {502, "http_response_trailer_section_size", kServerFault};
    case Error::bad_transfer_encoding:
    case Error::unknown_transfer_coding:
    case Error::transfer_encoding_in_http10:
    case Error::content_length_with_transfer_encoding:
    case Error::bad_chunk_size:
    case Error::chunk_size_overflow:
    case Error::bad_chunk_extension:
    case Error::bad_chunk_end:
    case Error::chunk_line_too_long:
      return {502, "http_response_transfer_coding", kServerFault};
    case Error::incomplete_head:
    case Error::incomplete_body:
      return {502, "http_response_incomplete", "The server closed before its answer was whole."};
    case Error::connection_closed:
      return {502, "connection_terminated", "The server closed without an answer."};
    case Error::unexpected_upgrade:
      return {502, "http_upgrade_failed", kServerFault};
    case Error::bad_request_line:
    case Error::bad_method:
    case Error::bad_target:
    case Error::bad_version:
    case Error::unsupported_version:
    case Error::bad_status_line:
    case Error::bad_field_name:
    case Error::bad_field_value:
    case Error::whitespace_before_colon:
    case Error::whitespace_before_first_field:
    case Error::obsolete_line_folding:
    case Error::bare_cr:
    case Error::bare_lf:
    case Error::missing_host:
    case Error::multiple_hosts:
    case Error::bad_host:
    case Error::bad_url:
    case Error::unsupported_scheme:
    case Error::userinfo_in_target:
    case Error::bad_content_length:
    case Error::content_length_overflow:
    case Error::repeated_content_length:
    case Error::body_on_connect:
    case Error::too_many_interim_responses:
    case Error::unexpected_data:
      return {502, "http_protocol_error", kServerFault};
    case Error::bad_content_coding:
    case Error::content_too_large:
      return {502, "http_response_content_coding", kServerFault};
    case Error::not_allowed_now:
    case Error::body_longer_than_declared:
    case Error::body_shorter_than_declared:
      return {500, "proxy_internal_error", ""};
  }
  return {500, "proxy_internal_error", ""};
}

Mapping map_timeout(Stage stage) {
  switch (stage) {
    case Stage::resolve:
      return {504, "dns_timeout", kCheckHost};
    case Stage::connect:
    case Stage::tls:
      return {504, "connection_timeout", kCheckServer};
    case Stage::send:
      return {504, "connection_write_timeout", "The server stopped reading."};
    case Stage::wait:
      return {504, "http_response_timeout",
              "Raise first_byte_timeout, or exchange_timeout, if it is this slow."};
    case Stage::request:
      return {408, "http_request_error", "The request did not arrive in time."};
    case Stage::receive:
    case Stage::relay:
    case Stage::replay:
    case Stage::configure:
    case Stage::route:
    case Stage::respond:
    case Stage::record:
      return {504, "connection_read_timeout", "The server stopped sending."};
  }
  return {504, "connection_read_timeout", ""};
}

Mapping map_net(net::Error error, Stage stage) {
  switch (error) {
    case net::Error::name_not_found:
    case net::Error::resolver_failed:
      return {502, "dns_error", kCheckHost};
    case net::Error::timed_out:
      return map_timeout(stage);
    case net::Error::closed:
      return {502, "connection_terminated", "The server closed the connection."};
    case net::Error::canceled:
      return {503, "proxy_internal_response", "The proxy is stopping."};
    case net::Error::unreachable:
      return {502, "destination_ip_unroutable", kCheckServer};
    case net::Error::unsupported_scheme:
      return {501, "proxy_configuration_error", ""};
    case net::Error::loop:
      return {502, "proxy_loop_detected", "Do not point the proxy, or its --reverse, at itself."};
    case net::Error::denied:
      return {403, "http_request_denied", "See deny_upstream and blocked_ports."};
    case net::Error::untrusted_certificate:
      return {502, "tls_certificate_error",
              "Nothing was sent. --upstream-ca FILE adds a CA to those trusted; --insecure-host "
              "HOST does "
              "without, for that host."};
    case net::Error::tls_failed:
    case net::Error::tls_truncated:
      return {502, "tls_protocol_error", kServerFault};
    case net::Error::tls_alert:
      return {502, "tls_alert_received", kServerFault};
    case net::Error::bad_tls_file:
      return {500, "proxy_configuration_error", ""};
  }
  return {500, "proxy_internal_error", ""};
}

Mapping map_replay(ReplayError error) {
  switch (error) {
    case ReplayError::not_recorded:
      return {502, "destination_not_found",
              "Record it, or let what differs be ignored (--ignore)."};
    case ReplayError::incomplete:
      return {502, "proxy_internal_error", "Record it again, whole."};
    case ReplayError::offline:
      return {502, "destination_unavailable", "In replay mode nothing is asked of any server."};
  }
  return {500, "proxy_internal_error", ""};
}

Mapping map_access(AccessError error) {
  switch (error) {
    case AccessError::credentials_wanted:
      return {407, "http_request_denied", "Give the proxy's user and password with its address."};
  }
  return {500, "proxy_internal_error", ""};
}

Mapping map_system(std::error_code code, Stage stage) {
  if (code == std::errc::connection_refused) return {502, "connection_refused", kCheckServer};
  if (code == std::errc::network_unreachable || code == std::errc::host_unreachable ||
      code == std::errc::network_down || code == std::errc::address_not_available) {
    return {502, "destination_ip_unroutable", "Check the address and your network."};
  }
  if (code == std::errc::timed_out) return map_timeout(stage);
  if (net::is_disconnect(code)) {
    return {502, "connection_terminated",
            stage == Stage::receive ? "The connection broke inside the answer."
                                    : "The connection broke before an answer came."};
  }
  if (code == std::errc::too_many_files_open || code == std::errc::too_many_files_open_in_system) {
    return {503, "connection_limit_reached", "Raise the limit of open files (ulimit -n)."};
  }
  return {502, "connection_terminated", ""};
}

Mapping map(const Failure& failure) {
  if (failure.stage == Stage::record) {
    return {503, "proxy_internal_error",
            "The log cannot be written, so nothing is forwarded; see the daemon's log."};
  }
  if (failure.code.category() == http::error_category()) {
    const bool from_client = failure.stage == Stage::request || failure.stage == Stage::route;
    return map_http(static_cast<http::Error>(failure.code.value()), from_client);
  }
  if (failure.code.category() == net::error_category()) {
    return map_net(static_cast<net::Error>(failure.code.value()), failure.stage);
  }
  if (failure.code.category() == replay_category()) {
    return map_replay(static_cast<ReplayError>(failure.code.value()));
  }
  if (failure.code.category() == access_category()) {
    return map_access(static_cast<AccessError>(failure.code.value()));
  }
  if (failure.code == client::Error::tunnel_refused) {
    return {502, "destination_unavailable", "See what upstream_proxy says of this host."};
  }
  return map_system(failure.code, failure.stage);
}

}  // namespace

Answer answer_for(const Failure& failure) {
  const Mapping mapping = map(failure);
  Answer answer{mapping.status, mapping.error_type, failure.to_string()};
  if (!mapping.advice.empty()) answer.detail.append(". ").append(mapping.advice);
  return answer;
}

http::ResponseHead answer_head(const Answer& answer, std::int64_t started_at) {
  http::ResponseHead head;
  head.status = answer.status;
  head.reason = http::status_phrase(answer.status);
  head.fields.add("Date", http_date());
  head.fields.add("Proxy-Status", proxy_status(answer.error_type, answer.detail, started_at));
  // RFC 9110 section 11.7.1.
  if (answer.status == 407) {
    head.fields.add("Proxy-Authenticate", "Basic realm=\"tapedeck\", charset=\"UTF-8\"");
  }
  head.fields.add("Content-Type", "text/plain; charset=utf-8");
  head.fields.add("X-Content-Type-Options", "nosniff");
  return head;
}

std::string proxy_status(std::string_view error_type, std::string_view details,
                         std::int64_t started_at) {
  std::string text(kProxyName);
  if (!error_type.empty()) text.append("; error=").append(error_type);
  text.append("; details=").append(quote_structured(details));
  return text.append("; started=\"").append(std::to_string(started_at)).append("\"");
}

std::string quote_structured(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c < 0x20 || c > 0x7e) {
      quoted += '?';
      continue;
    }
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

std::string_view http_date() {
  thread_local std::time_t made_at = 0;
  thread_local std::array<char, 32> text{};
  if (const std::time_t now = std::time(nullptr); now != made_at) {
    std::tm utc{};
    gmtime_r(&now, &utc);
    std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &utc);
    made_at = now;
  }
  return text.data();
}

}  // namespace tapedeck
