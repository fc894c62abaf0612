#include "daemon/answer.hpp"

#include <gtest/gtest.h>
#include <set>

#include "client/http/error.hpp"
#include "client/net/error.hpp"
#include "daemon/accept/listener.hpp"
#include "daemon/log.hpp"

namespace tapedeck {
namespace {

/// RFC 9209 section 2.3: every type there is.
const std::set<std::string_view> kErrorTypes = {"dns_timeout",
                                                "dns_error",
                                                "destination_not_found",
                                                "destination_unavailable",
                                                "destination_ip_prohibited",
                                                "destination_ip_unroutable",
                                                "connection_refused",
                                                "connection_terminated",
                                                "connection_timeout",
                                                "connection_read_timeout",
                                                "connection_write_timeout",
                                                "connection_limit_reached",
                                                "tls_protocol_error",
                                                "tls_certificate_error",
                                                "tls_alert_received",
                                                "http_request_error",
                                                "http_request_denied",
                                                "http_response_incomplete",
                                                "http_response_header_section_size",
                                                "http_response_header_size",
                                                "http_response_body_size",
                                                "http_response_trailer_section_size",
                                                "http_response_trailer_size",
                                                "http_response_transfer_coding",
                                                "http_response_content_coding",
                                                "http_response_timeout",
                                                "http_upgrade_failed",
                                                "http_protocol_error",
                                                "proxy_internal_response",
                                                "proxy_internal_error",
                                                "proxy_configuration_error",
                                                "proxy_loop_detected"};

constexpr Stage kStages[] = {Stage::configure, Stage::request, Stage::route, Stage::resolve,
                             Stage::connect,   Stage::tls,     Stage::send,  Stage::wait,
                             Stage::receive,   Stage::respond, Stage::relay, Stage::record};

Answer answer(std::error_code code, Stage stage) {
  return answer_for(Failure{code, stage, Blame::remote, "here"});
}

TEST(Answer, EveryCodecErrorHasOneAsRequestAndAsResponse) {
  constexpr int kLast = static_cast<int>(http::Error::body_shorter_than_declared);
  for (int value = 1; value <= kLast; ++value) {
    const std::error_code code = static_cast<http::Error>(value);
    SCOPED_TRACE(code.message());
    const Answer request = answer(code, Stage::request);
    EXPECT_TRUE(request.status == 400 || request.status == 414 || request.status == 415 ||
                request.status == 413 || request.status == 431 || request.status == 501 ||
                request.status == 505)
        << request.status;
    EXPECT_EQ(request.error_type, "http_request_error");
    const Answer response = answer(code, Stage::wait);
    EXPECT_TRUE(response.status == 502 || response.status == 500) << response.status;
    EXPECT_TRUE(kErrorTypes.contains(response.error_type)) << response.error_type;
    EXPECT_EQ(response.status == 500, response.error_type == "proxy_internal_error");
  }
}

TEST(Answer, EveryErrorAtEveryStageHasARegisteredType) {
  const std::error_code codes[] = {net::Error::name_not_found,
                                   net::Error::resolver_failed,
                                   net::Error::timed_out,
                                   net::Error::closed,
                                   net::Error::canceled,
                                   net::Error::unreachable,
                                   net::Error::unsupported_scheme,
                                   net::Error::loop,
                                   net::Error::bad_tls_file,
                                   net::Error::untrusted_certificate,
                                   net::Error::tls_failed,
                                   net::Error::tls_alert,
                                   net::Error::tls_truncated,
                                   http::Error::bad_target,
                                   std::make_error_code(std::errc::connection_refused),
                                   std::make_error_code(std::errc::connection_reset),
                                   std::make_error_code(std::errc::host_unreachable),
                                   std::make_error_code(std::errc::too_many_files_open),
                                   std::make_error_code(std::errc::protocol_error)};
  for (const std::error_code& code : codes) {
    for (const Stage stage : kStages) {
      const Answer one = answer(code, stage);
      EXPECT_TRUE(kErrorTypes.contains(one.error_type)) << one.error_type;
      EXPECT_TRUE(one.status >= 400 && one.status < 600);
      EXPECT_TRUE(one.detail.starts_with(std::string(to_string(stage)) + ": ")) << one.detail;
    }
  }
}

struct Expected {
  std::error_code code;
  Stage stage;
  int status;
  std::string_view type;
};

TEST(Answer, WhatUsersMeetMost) {
  const Expected table[] = {
      {net::Error::name_not_found, Stage::resolve, 502, "dns_error"},
      {net::Error::timed_out, Stage::resolve, 504, "dns_timeout"},
      {net::Error::timed_out, Stage::connect, 504, "connection_timeout"},
      {net::Error::timed_out, Stage::send, 504, "connection_write_timeout"},
      {net::Error::timed_out, Stage::wait, 504, "http_response_timeout"},
      {net::Error::timed_out, Stage::receive, 504, "connection_read_timeout"},
      {net::Error::timed_out, Stage::request, 408, "http_request_error"},
      {net::Error::loop, Stage::connect, 502, "proxy_loop_detected"},
      {net::Error::untrusted_certificate, Stage::tls, 502, "tls_certificate_error"},
      {net::Error::tls_failed, Stage::tls, 502, "tls_protocol_error"},
      {net::Error::tls_alert, Stage::tls, 502, "tls_alert_received"},
      {net::Error::tls_truncated, Stage::receive, 502, "tls_protocol_error"},
      {net::Error::canceled, Stage::wait, 503, "proxy_internal_response"},
      {std::make_error_code(std::errc::connection_refused), Stage::connect, 502,
       "connection_refused"},
      {std::make_error_code(std::errc::network_unreachable), Stage::connect, 502,
       "destination_ip_unroutable"},
      {std::make_error_code(std::errc::connection_reset), Stage::wait, 502,
       "connection_terminated"},
      {std::make_error_code(std::errc::too_many_files_open), Stage::connect, 503,
       "connection_limit_reached"},
      {std::make_error_code(std::errc::io_error), Stage::record, 503, "proxy_internal_error"},
      {http::Error::start_line_too_long, Stage::request, 414, "http_request_error"},
      {http::Error::head_too_large, Stage::request, 431, "http_request_error"},
      {http::Error::too_many_fields, Stage::request, 431, "http_request_error"},
      {http::Error::unsupported_version, Stage::request, 505, "http_request_error"},
      {http::Error::unknown_transfer_coding, Stage::request, 501, "http_request_error"},
      {http::Error::head_too_large, Stage::wait, 502, "http_response_header_section_size"},
      {http::Error::incomplete_body, Stage::receive, 502, "http_response_incomplete"},
      {http::Error::bad_status_line, Stage::wait, 502, "http_protocol_error"},
  };
  for (const Expected& one : table) {
    SCOPED_TRACE(one.code.message());
    const Answer got = answer(one.code, one.stage);
    EXPECT_EQ(got.status, one.status);
    EXPECT_EQ(got.error_type, one.type);
  }
}

TEST(Answer, QuotesDetails) {
  EXPECT_EQ(quote_structured("a \"b\" \\ \r\n\x80"), R"("a \"b\" \\ ???")");
  EXPECT_EQ(quote_structured(""), R"("")");
}

TEST(Answer, DateIsAnImfFixdate) {
  const std::string_view date = http_date();
  EXPECT_EQ(date.size(), 29u);
  EXPECT_TRUE(date.ends_with(" GMT"));
}

TEST(Log, EscapesWhatCouldDriveATerminal) {
  EXPECT_EQ(log::escape("GET /a?b"), "GET /a?b");
  EXPECT_EQ(log::escape("a\nb\x1b[0m\x7f\xe9"), "a\\x0ab\\x1b[0m\\x7f\\xe9");
}

TEST(ParseEndpoint, AddressesAndPorts) {
  for (const auto& [text, expected] : std::vector<std::pair<std::string, std::string>>{
           {"127.0.0.1:8888", "127.0.0.1:8888"},
           {"127.0.0.1:0", "127.0.0.1:0"},
           {"[::1]:8888", "[::1]:8888"},
           {"0.0.0.0:65535", "0.0.0.0:65535"},
           {"::1:8888", ""},  // ambiguous without brackets
           {"127.0.0.1", ""},
           {"127.0.0.1:", ""},
           {"127.0.0.1:65536", ""},
           {"127.0.0.1:-1", ""},
           {"127.0.0.1:80x", ""},
           {"[127.0.0.1]:80", ""},
           {"localhost:80", ""},
           {":80", ""},
           {"", ""},
       }) {
    const auto endpoint = parse_endpoint(text);
    EXPECT_EQ(endpoint ? net::to_string(*endpoint) : "", expected) << text;
    if (!endpoint) {
      EXPECT_EQ(endpoint.error().stage, Stage::configure);
    }
  }
}

}  // namespace
}  // namespace tapedeck
