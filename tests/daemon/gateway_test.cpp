#include "daemon/route/gateway.hpp"

#include <gtest/gtest.h>

#include "tests/support/origin.hpp"
#include "tests/support/proxy.hpp"
#include "tests/support/scratch_file.hpp"
#include "tests/support/test_ca.hpp"
#include "tests/support/tls.hpp"

namespace tapedeck {
namespace {

http::RequestHead request(const std::string& target, const http::Fields& fields) {
  http::RequestHead head;
  head.method = "GET";
  head.target = target;
  head.fields = fields;
  return head;
}

const http::Fields kLocal{{"Host", "127.0.0.1:8889"}};

TEST(Gateway, ThePathNamesTheServer) {
  struct Case {
    const char* target;
    const char* url;  ///< "" when refused
  };
  const Case cases[] = {
      {"/https/api.example.com/v1/x?y=1", "https://api.example.com/v1/x?y=1"},
      {"/https/api.example.com:8443/", "https://api.example.com:8443/"},
      {"/https/api.example.com", "https://api.example.com/"},
      {"/https/api.example.com?q", "https://api.example.com/?q"},
      {"/http/[::1]:80/%2f//..", "http://[::1]:80/%2f//.."},
      {"/session/monday/https/api.example.com/v1", "https://api.example.com/v1"},
      {"/session//https/api.example.com/v1", "https://api.example.com/v1"},
      {"/session/monday", ""},
      {"/session/https/api.example.com/v1", ""},
      {"/", ""},
      {"/https/", ""},
      {"/https", ""},
      {"/ftp/a.example/", ""},
      {"/https/user@a.example/", ""},
      {"/https/a.example:99999/", ""},
      {"https://a.example/", ""},
      {"*", ""},
      {"a.example:443", ""},
  };
  for (const Case& one : cases) {
    const auto route = route_gateway(request(one.target, kLocal));
    EXPECT_EQ(route ? route->url.to_string() : "", one.url) << one.target;
    if (route) continue;
    EXPECT_EQ(route.error().stage, Stage::route) << one.target;
    EXPECT_NE(route.error().to_string().find("/https/HOST/PATH"), std::string::npos);
  }
}

TEST(Gateway, ASessionStaysInThePath) {
  const auto route = route_gateway(request("/session/monday/https/a.example/x", kLocal));
  ASSERT_TRUE(route);
  EXPECT_EQ(route->session, "monday");
  http::Fields fields{{"Location", "/y"}, {"Set-Cookie", "a=b; Path=/z"}};
  stay_at_gateway(fields, *route);
  EXPECT_EQ(fields.get("Location"), "http://127.0.0.1:8889/session/monday/https/a.example/y");
  EXPECT_EQ(fields.get("Set-Cookie"), "a=b; Path=/session/monday/https/a.example/z");
}

TEST(Gateway, OtherSitesInABrowserAreRefused) {
  struct Case {
    http::Fields fields;
    bool allowed;
  };
  const Case cases[] = {
      {{}, true},
      {{{"Host", "127.0.0.1:8889"}}, true},
      {{{"Host", "LOCALHOST:1"}}, true},
      {{{"Host", "[::1]:8889"}}, true},
      {{{"Host", "rebound.example:8889"}}, false},
      {{{"Host", "localhost.example"}}, false},
      {{{"Host", "localhost:8889"}, {"Origin", "http://localhost:8889"}}, true},
      {{{"Host", "localhost:8889"}, {"Origin", "http://localhost:9999"}}, false},
      {{{"Host", "localhost:8889"}, {"Origin", "https://localhost:8889"}}, false},
      {{{"Host", "localhost:8889"}, {"Origin", "https://evil.example"}}, false},
      {{{"Host", "localhost:8889"}, {"Origin", "null"}}, false},
      {{{"Host", "localhost:8889"}, {"Sec-Fetch-Site", "same-origin"}}, true},
      {{{"Host", "localhost:8889"}, {"Sec-Fetch-Site", "none"}}, true},
      {{{"Host", "localhost:8889"}, {"Sec-Fetch-Site", "same-site"}}, false},
      {{{"Host", "localhost:8889"}, {"Sec-Fetch-Site", "cross-site"}}, false},
  };
  for (const Case& one : cases) {
    const auto route = route_gateway(request("/https/a.example/", one.fields));
    EXPECT_EQ(route.has_value(), one.allowed)
        << one.fields.get("Host").value_or("") << " " << one.fields.get("Origin").value_or("")
        << " " << one.fields.get("Sec-Fetch-Site").value_or("");
  }
}

TEST(Gateway, TheClientStaysWithIt) {
  struct Case {
    const char* name;
    const char* received;
    const char* sent;
  };
  const Case cases[] = {
      {"Location", "/next?a=b#part", "http://127.0.0.1:8889/https/api.example.com/next?a=b#part"},
      {"Location", "sibling", "http://127.0.0.1:8889/https/api.example.com/v1/sibling"},
      {"Location", "https://other.example:8443", "http://127.0.0.1:8889/https/other.example:8443/"},
      {"Location", "http://api.example.com/x", "http://127.0.0.1:8889/http/api.example.com/x"},
      {"Location", "//cdn.example/x", "http://127.0.0.1:8889/https/cdn.example/x"},
      {"Location", "mailto:a@b.example", "mailto:a@b.example"},
      {"Location", "myapp://callback?code=1", "myapp://callback?code=1"},
      {"Content-Location", "/c", "http://127.0.0.1:8889/https/api.example.com/c"},
      {"Link", "<https://api.example.com/v1?page=2>; rel=\"next\", </last>; rel=last",
       "<http://127.0.0.1:8889/https/api.example.com/v1?page=2>; rel=\"next\", "
       "<http://127.0.0.1:8889/https/api.example.com/last>; rel=last"},
      {"Link", "<broken", "<broken"},
      {"Set-Cookie", "id=7", "id=7"},
      {"Set-Cookie", "id=7; Path=/; Domain=.example.com; Secure; HttpOnly; SameSite=None",
       "id=7; Path=/https/api.example.com; HttpOnly"},
      {"Set-Cookie", "id=7;path=/v1;SameSite=Lax;Max-Age=5",
       "id=7; Path=/https/api.example.com/v1; SameSite=Lax; Max-Age=5"},
      {"Set-Cookie", "id=a=b; Path=odd", "id=a=b; Path=odd"},
      {"X-Other", "https://api.example.com/", "https://api.example.com/"},
  };
  const auto route = route_gateway(request("/https/api.example.com/v1/x", kLocal));
  ASSERT_TRUE(route);
  for (const Case& one : cases) {
    http::Fields fields{{one.name, one.received}, {"A", "1"}};
    stay_at_gateway(fields, *route);
    EXPECT_EQ(fields, (http::Fields{{one.name, one.sent}, {"A", "1"}})) << one.received;
  }
}

}  // namespace

namespace test {
namespace {

/// A proxy with a gateway before an origin behind TLS.
class GatewayDialogue : public testing::Test {
 protected:
  TestCa ca_;
  ScratchFile ca_file_{ca_.certificate_pem()};
  Origin origin_;
  TlsServer server_{{.credential = ca_.issue()}};
  Proxy proxy_{[this](config::Options& options) {
    options.upstream_ca = ca_file_.path();
    options.gateway = {"127.0.0.1:0"};
  }};

  Peer client() const { return Peer::connect(proxy_.gateway_port()); }
  std::string base() const { return "127.0.0.1:" + std::to_string(proxy_.gateway_port()); }
  std::string there() const { return "localhost:" + std::to_string(origin_.port()); }
};

TEST_F(GatewayDialogue, IsHttpsWithoutACa) {
  Peer app = client();
  app.send("POST /https/" + there() + "/v1/x?y=1 HTTP/1.1\r\nHost: " + base() +
           "\r\nContent-Length: 2\r\n\r\nhi");
  Peer upstream = origin_.accept();
  upstream.start_tls(server_);
  EXPECT_EQ(upstream.server_name(), "localhost");
  const std::string head = upstream.read_head();
  EXPECT_TRUE(head.starts_with("POST /v1/x?y=1 HTTP/1.1\r\n"));
  EXPECT_EQ(field(head, "Host"), there());
  upstream.expect("hi");
  upstream.send(
      "HTTP/1.1 303 See Other\r\nLocation: /v1/y\r\nSet-Cookie: a=b; Secure; Path=/\r\n"
      "Content-Length: 0\r\n\r\n");
  const std::string answer = app.read_head();
  EXPECT_EQ(field(answer, "Location"), "http://" + base() + "/https/" + there() + "/v1/y");
  EXPECT_EQ(field(answer, "Set-Cookie"), "a=b; Path=/https/" + there());
  const Row row = proxy_.row();
  EXPECT_EQ(row.outcome(), "complete 303");
  EXPECT_EQ(row.mode, "reverse");
  EXPECT_EQ(row.scheme, "https");
  EXPECT_EQ(row.host, "localhost");
  EXPECT_EQ(row.path, "/v1/x");
  EXPECT_EQ(row.tls_version, "TLSv1.3");
  EXPECT_NE(row.response_headers.find(R"(["Location","/v1/y"])"), std::string::npos);
}

TEST_F(GatewayDialogue, VerifiesTheServer) {
  Peer app = client();
  app.send("GET /https/" + there() + "/ HTTP/1.1\r\nHost: " + base() + "\r\n\r\n");
  const TlsServer stranger({.credential = TestCa().issue()});
  Peer upstream = origin_.accept();
  EXPECT_FALSE(upstream.try_start_tls(stranger));
  EXPECT_TRUE(app.read_head().starts_with("HTTP/1.1 502 "));
  EXPECT_EQ(proxy_.row().outcome(), "failed 502 tls tls_certificate_error");
}

TEST_F(GatewayDialogue, RefusesOtherSites) {
  Peer app = client();
  app.send("GET /https/" + there() + "/ HTTP/1.1\r\nHost: " + base() +
           "\r\nSec-Fetch-Site: cross-site\r\n\r\n");
  EXPECT_TRUE(app.read_head().starts_with("HTTP/1.1 403 "));
  EXPECT_EQ(proxy_.row().outcome(), "failed 403 route http_request_denied");
}

TEST_F(GatewayDialogue, IsNoProxy) {
  for (const std::string request : {"GET http://a.example/ HTTP/1.1\r\nHost: a.example\r\n\r\n",
                                    "CONNECT 127.0.0.1:443 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"}) {
    Peer app = client();
    app.send(request);
    EXPECT_NE(app.read_head().find(" 40"), std::string::npos) << request;
  }
}

TEST_F(GatewayDialogue, NeverLeadsBack) {
  Peer app = client();
  app.send("GET /http/" + base() + "/http/" + base() + "/ HTTP/1.1\r\nHost: " + base() +
           "\r\n\r\n");
  EXPECT_TRUE(app.read_head().starts_with("HTTP/1.1 502 "));
  EXPECT_EQ(proxy_.row().outcome(), "failed 502 connect proxy_loop_detected");
}

}  // namespace
}  // namespace test
}  // namespace tapedeck
