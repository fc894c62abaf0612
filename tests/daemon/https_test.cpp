#include <gtest/gtest.h>

#include "tests/support/origin.hpp"
#include "tests/support/proxy.hpp"
#include "tests/support/scratch_file.hpp"
#include "tests/support/test_ca.hpp"
#include "tests/support/tls.hpp"

namespace tapedeck::test {
namespace {

/// An origin that speaks TLS, and a proxy that trusts its CA.
class Https : public testing::Test {
 protected:
  TestCa ca_;
  ScratchFile ca_file_{ca_.certificate_pem()};
  Origin origin_;

  Proxy::Adjust trusting() {
    return [this](config::Options& options) { options.upstream_ca = ca_file_.path(); };
  }
  std::string url(std::string_view path) const {
    return "https://" + origin_.authority() + std::string(path);
  }
  std::string request(std::string_view path) const {
    return "GET " + url(path) + " HTTP/1.1\r\nHost: " + origin_.authority() + "\r\n\r\n";
  }
};

TEST_F(Https, AbsoluteFormReachesAVerifiedOriginAndTheRowSaysHow) {
  Proxy proxy(trusting());
  Peer client = proxy.connect();
  client.send(request("/secret"));
  Peer upstream = origin_.accept();
  upstream.start_tls(TlsServer({.credential = ca_.issue()}));
  EXPECT_TRUE(upstream.read_head().starts_with("GET /secret HTTP/1.1\r\n"));
  upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  EXPECT_TRUE(client.read_head().starts_with("HTTP/1.1 200 OK\r\n"));
  client.expect("ok");
  const Row row = proxy.row();
  EXPECT_EQ(row.outcome(), "complete 200");
  EXPECT_EQ(row.scheme, "https");
  EXPECT_EQ(row.tls_version, "TLSv1.3");
  EXPECT_FALSE(row.tls_cipher.empty());
  EXPECT_EQ(row.peer_cert_sha256.size(), 64U);
  EXPECT_GE(row.tls_us, 0);
}

TEST_F(Https, ConnectionsAreKeptAndReused) {
  Proxy proxy(trusting());
  Peer client = proxy.connect();
  client.send(request("/1"));
  Peer upstream = origin_.accept();
  upstream.start_tls(TlsServer({.credential = ca_.issue()}));
  (void)upstream.read_head();
  upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1");
  (void)client.read_head();
  client.expect("1");
  client.send(request("/2"));
  EXPECT_TRUE(upstream.read_head().starts_with("GET /2 "));
  upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n2");
  (void)client.read_head();
  client.expect("2");
  const LogRows rows = proxy.rows(2);
  EXPECT_EQ(rows[1].upstream_reused, 1);
  EXPECT_EQ(rows[1].tls_version, "TLSv1.3");
  EXPECT_EQ(rows[1].tls_us, -1);
}

TEST_F(Https, ReverseToAnHttpsBase) {
  Proxy proxy([this](config::Options& options) {
    options.upstream_ca = ca_file_.path();
    options.reverse = url("/api");
  });
  Peer client = proxy.connect();
  client.send("GET /v1 HTTP/1.1\r\nHost: any\r\n\r\n");
  Peer upstream = origin_.accept();
  upstream.start_tls(TlsServer({.credential = ca_.issue()}));
  EXPECT_TRUE(upstream.read_head().starts_with("GET /api/v1 HTTP/1.1\r\n"));
  upstream.send("HTTP/1.1 204 No Content\r\n\r\n");
  EXPECT_TRUE(client.read_head().starts_with("HTTP/1.1 204"));
  EXPECT_EQ(proxy.row().outcome(), "complete 204");
}

/// A certificate that must be refused, and the words that say why.
struct Bad {
  const char* name;
  LeafSpec leaf;
  bool self_signed;
  const char* why;
};

class BadCertificate : public Https, public testing::WithParamInterface<Bad> {};

TEST_P(BadCertificate, IsA502WithTheReasonAndNothingIsSent) {
  Proxy proxy(trusting());
  Peer client = proxy.connect();
  client.send(request("/secret"));
  Peer upstream = origin_.accept();
  const Credential credential =
      GetParam().self_signed ? TestCa::self_signed(GetParam().leaf) : ca_.issue(GetParam().leaf);
  (void)upstream.try_start_tls(TlsServer({.credential = credential}));
  EXPECT_EQ(upstream.read_until_end().find("secret"), std::string::npos);
  const std::string head = client.read_head();
  EXPECT_TRUE(head.starts_with("HTTP/1.1 502 "));
  EXPECT_NE(field(head, "Proxy-Status").find("error=tls_certificate_error"), std::string::npos);
  const Row row = proxy.row();
  EXPECT_EQ(row.outcome(), "failed 502 tls tls_certificate_error");
  EXPECT_NE(row.error_detail.find(GetParam().why), std::string::npos) << row.error_detail;
}

INSTANTIATE_TEST_SUITE_P(
    Https, BadCertificate,
    testing::Values(
        Bad{"Expired", {.not_before_days = -9, .not_after_days = -1}, false, "expired"},
        Bad{"WrongHost", {.names = {"DNS:other.test"}}, false, "not for 127.0.0.1"},
        Bad{"SelfSigned", {}, true, "self-signed"},
        Bad{"ClientOnly", {.extended_key_usage = "clientAuth"}, false, "extended key usage"}),
    [](const auto& tested) { return std::string(tested.param.name); });

TEST_F(Https, TlsThatIsNoneIsAProtocolError) {
  Proxy proxy(trusting());
  Peer client = proxy.connect();
  client.send(request("/"));
  Peer upstream = origin_.accept();
  upstream.send("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
  upstream.shutdown();
  const std::string head = client.read_head();
  EXPECT_NE(field(head, "Proxy-Status").find("error=tls_protocol_error"), std::string::npos)
      << head;
  EXPECT_EQ(proxy.row().outcome(), "failed 502 tls tls_protocol_error");
}

TEST_F(Https, ABodyCutWithoutCloseNotifyIsNotWhole) {
  Proxy proxy(trusting());
  Peer client = proxy.connect();
  client.send(request("/"));
  Peer upstream = origin_.accept();
  upstream.start_tls(TlsServer({.credential = ca_.issue()}));
  (void)upstream.read_head();
  upstream.send("HTTP/1.1 200 OK\r\n\r\nsome of it");
  upstream.cut();
  EXPECT_NE(client.read_until_end().find("some of it"), std::string::npos);
  EXPECT_EQ(proxy.row().state, "failed");
  EXPECT_EQ(proxy.row().error_stage, "receive");
}

}  // namespace
}  // namespace tapedeck::test
