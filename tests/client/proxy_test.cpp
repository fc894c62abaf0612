#include <future>
#include <gtest/gtest.h>

#include "tests/client/tls_dialogue.hpp"

namespace tapedeck::client {
namespace {

using test::field;

constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

// The URL.

struct Parsed {
  const char* name;
  const char* url;
  const char* authority;
  const char* authorization;
};
void PrintTo(const Parsed& parsed, std::ostream* out) { *out << parsed.url; }

class ClientProxyUrl : public testing::TestWithParam<Parsed> {};

TEST_P(ClientProxyUrl, IsUnderstood) {
  const auto proxy = Proxy::parse(GetParam().url);
  ASSERT_THAT(proxy, Succeeds());
  EXPECT_EQ(proxy->authority.to_string(), GetParam().authority);
  EXPECT_EQ(proxy->authorization(), GetParam().authorization);
}

INSTANTIATE_TEST_SUITE_P(
    Good, ClientProxyUrl,
    testing::Values(
        Parsed{"Plain", "http://proxy.test:3128", "proxy.test:3128", ""},
        Parsed{"NoPort", "http://proxy.test", "proxy.test:80", ""},
        Parsed{"Slash", "http://proxy.test:3128/", "proxy.test:3128", ""},
        Parsed{"UpperCase", "HTTP://proxy.test:3128", "proxy.test:3128", ""},
        Parsed{"Address", "http://[::1]:3128", "[::1]:3128", ""},
        Parsed{"Socks", "socks5://proxy.test", "proxy.test:1080", ""},
        Parsed{"UserAndPassword", "http://Aladdin:open%20sesame@proxy.test:1", "proxy.test:1",
               "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="},
        Parsed{"UserOnly", "http://user@proxy.test:1", "proxy.test:1", "Basic dXNlcjo="},
        Parsed{"ColonsInPassword", "http://u:a:b@proxy.test:1", "proxy.test:1", "Basic dTphOmI="},
        Parsed{"AtInPassword", "http://u:a%40b@proxy.test:1", "proxy.test:1", "Basic dTphQGI="}),
    [](const auto& parsed) { return parsed.param.name; });

TEST(ClientProxyUrl, OthersAreRefused) {
  for (const std::string url :
       {"", "proxy.test:3128", "https://proxy.test", "socks4://proxy.test:1080", "http://",
        "http://user@", "http://proxy.test:99999", "http://proxy.test:port", "http://a b"}) {
    EXPECT_THAT(Proxy::parse(url), FailsAt(Stage::configure, Error::bad_proxy)) << url;
  }
}

TEST(ClientProxyUrl, PasswordIsNotInTheFailure) {
  EXPECT_THAT(failure_text(Proxy::parse("http://user:secret@proxy.test:99999")),
              testing::Not(HasSubstr("secret")));
}

// Plain requests.

Options through(const Origin& proxy, const std::string& user = "") {
  Options options = patient();
  options.proxy = Proxy::parse("http://" + user + proxy.authority()).value();
  return options;
}

/// The head of a request as the proxy saw it.
std::string head_at_proxy(const std::string& url, std::string_view method, std::string_view target,
                          const std::string& user = "") {
  Origin proxy;
  auto client = BlockingConnection::to(url, through(proxy, user)).value();
  client.request(method, target).value();
  return proxy.accept().read_head();
}

TEST(ClientProxy, PlainRequestsAreInAbsoluteForm) {
  EXPECT_EQ(head_at_proxy("http://example.test", "GET", "/a?b"),
            "GET http://example.test/a?b HTTP/1.1\r\nHost: example.test\r\n"
            "Accept-Encoding: identity\r\n\r\n");
  EXPECT_TRUE(head_at_proxy("http://example.test:8080", "GET", "/")
                  .starts_with("GET http://example.test:8080/ HTTP/1.1\r\n"));
  EXPECT_TRUE(head_at_proxy("http://[::1]:81", "GET", "/")
                  .starts_with("GET http://[::1]:81/ HTTP/1.1\r\nHost: [::1]:81\r\n"));
  // RFC 9112 section 3.2.4
  EXPECT_TRUE(head_at_proxy("http://example.test", "OPTIONS", "*")
                  .starts_with("OPTIONS http://example.test HTTP/1.1\r\n"));
}

TEST(ClientProxy, CredentialsGoAlong) {
  EXPECT_EQ(field(head_at_proxy("http://example.test", "GET", "/", "Aladdin:open%20sesame@"),
                  "Proxy-Authorization"),
            "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
  EXPECT_EQ(field(head_at_proxy("http://example.test", "GET", "/"), "Proxy-Authorization"),
            "(absent)");
}

TEST(ClientProxy, ConnectionToItIsKept) {
  Origin proxy;
  auto client = BlockingConnection::to("http://example.test", through(proxy)).value();
  Peer peer{-1};
  for (const std::string path : {"/one", "/two"}) {
    client.request("GET", path).value();
    if (path == "/one") peer = proxy.accept();
    EXPECT_TRUE(peer.read_head().starts_with("GET http://example.test" + path + " "));
    peer.send(kOk);
    EXPECT_THAT(client.get_response().value().read(), Gives(std::string("ok")));
  }
  EXPECT_FALSE(proxy.has_connection());
}

// Tunnels.

class ClientTunnel : public testing::Test {
 protected:
  const TestCa ca_;
  const ScratchFile ca_file_{ca_.certificate_pem()};
  const TlsServer server_{
      {.credential = ca_.issue({.names = {"DNS:example.test", "DNS:other.test"}})}};
  std::shared_ptr<net::TlsContext> context_ = context_of(trust_only(ca_file_));
  Origin proxy_;
};

TEST_F(ClientTunnel, HttpsGoesThroughOne) {
  Options options = through(proxy_, "u:p@");
  options.tls = context_;
  auto client = BlockingConnection::to("https://example.test", options).value();
  EXPECT_EQ(client.tunnel_answer(), nullptr);
  auto exchanging = std::async(std::launch::async, [&] {
    client.request("GET", "/inside").value();
    return client.get_response().value().read();
  });
  Peer peer = proxy_.accept();
  EXPECT_EQ(peer.read_head(),
            "CONNECT example.test:443 HTTP/1.1\r\nHost: example.test:443\r\n"
            "Proxy-Authorization: Basic dTpw\r\n\r\n");
  peer.send("HTTP/1.1 200 Connection Established\r\nX-Proxy: yes\r\n\r\n");
  peer.start_tls(server_);
  EXPECT_EQ(peer.server_name(), "example.test");
  // In there nothing tells of a proxy.
  EXPECT_EQ(peer.read_head(),
            "GET /inside HTTP/1.1\r\nHost: example.test\r\nAccept-Encoding: identity\r\n\r\n");
  peer.send(kOk);
  EXPECT_THAT(exchanging.get(), Gives(std::string("ok")));
  ASSERT_NE(client.tunnel_answer(), nullptr);
  EXPECT_EQ(client.tunnel_answer()->fields.get("X-Proxy"), "yes");
  EXPECT_TRUE(client.tls()->verified);
}

TEST_F(ClientTunnel, ProxyCannotPassItselfOffAsTheServer) {
  const TlsServer proxys_own({.credential = ca_.issue({.names = {"DNS:proxy.test"}})});
  Options options = through(proxy_);
  options.tls = context_;
  auto client = BlockingConnection::to("https://example.test", options).value();
  auto connecting = std::async(std::launch::async, [&] { return client.connect(); });
  Peer peer = proxy_.accept();
  (void)peer.read_head();
  peer.send("HTTP/1.1 200 OK\r\n\r\n");
  (void)peer.try_start_tls(proxys_own);
  EXPECT_THAT(connecting.get(), FailsAt(Stage::tls, net::Error::untrusted_certificate));
}

TEST_F(ClientTunnel, SetByHand) {
  auto client = BlockingConnection::to(proxy_.url(""), patient()).value();
  client.set_tunnel("Other.test:8080", {{"Proxy-Authorization", "Basic x"}, {"X-Own", "1"}})
      .value();
  auto requesting = std::async(std::launch::async, [&] { return client.request("GET", "/in"); });
  Peer peer = proxy_.accept();
  const std::string head = peer.read_head();
  EXPECT_TRUE(head.starts_with("CONNECT other.test:8080 HTTP/1.1\r\nHost: other.test:8080\r\n"))
      << head;
  EXPECT_EQ(field(head, "Proxy-Authorization"), "Basic x");
  EXPECT_EQ(field(head, "X-Own"), "1");
  peer.send("HTTP/1.1 200 Yes\r\nX-Answer: 42\r\n\r\n");
  EXPECT_EQ(peer.read_head(),
            "GET /in HTTP/1.1\r\nHost: other.test:8080\r\nAccept-Encoding: identity\r\n\r\n");
  EXPECT_THAT(requesting.get(), Succeeds());
  ASSERT_NE(client.tunnel_answer(), nullptr);
  EXPECT_EQ(client.tunnel_answer()->status, 200);
  EXPECT_EQ(client.tunnel_answer()->reason, "Yes");
  EXPECT_EQ(client.tunnel_answer()->fields.get("x-answer"), "42");
}

TEST_F(ClientTunnel, SetByHandWithTls) {
  Options options = patient();
  options.tls = context_;
  auto client = BlockingConnection::to("https://" + proxy_.authority(), options).value();
  client.set_tunnel("other.test").value();
  auto requesting = std::async(std::launch::async, [&] { return client.request("GET", "/"); });
  Peer peer = proxy_.accept();
  EXPECT_TRUE(peer.read_head().starts_with("CONNECT other.test:443 "));
  peer.send("HTTP/1.1 200 OK\r\n\r\n");
  peer.start_tls(server_);
  EXPECT_EQ(peer.server_name(), "other.test");
  EXPECT_EQ(field(peer.read_head(), "Host"), "other.test");
  EXPECT_THAT(requesting.get(), Succeeds());
}

TEST_F(ClientTunnel, IsSetBeforeConnecting) {
  auto client = BlockingConnection::to(proxy_.url(""), patient()).value();
  EXPECT_THAT(client.set_tunnel("no host"), FailsWith(http::Error::bad_host));
  client.connect().value();
  EXPECT_THAT(client.set_tunnel("other.test:80"), FailsAt(Stage::send, Error::cannot_send_request));
}

TEST_F(ClientTunnel, HeadersAreChecked) {
  auto client = BlockingConnection::to(proxy_.url(""), patient()).value();
  client.set_tunnel("other.test:80", {{"X", "a\r\nb"}}).value();
  EXPECT_THAT(client.connect(), FailsWith(http::Error::bad_field_value));
}

/// What connecting comes to when the proxy answers with these bytes, and closes.
Result<void> connect_through(Origin& proxy, std::string_view answer) {
  auto client = BlockingConnection::to("https://example.test", through(proxy)).value();
  auto connecting = std::async(std::launch::async, [&] { return client.connect(); });
  Peer peer = proxy.accept();
  (void)peer.read_head();
  peer.send(answer);
  peer.shutdown();
  auto result = connecting.get();
  EXPECT_FALSE(client.is_open());
  EXPECT_EQ(peer.read_until_end(), "");
  return result;
}

TEST_F(ClientTunnel, Refused) {
  for (const std::string status : {"407 Proxy Authentication Required", "403 Forbidden",
                                   "502 Bad Gateway", "301 Moved Permanently"}) {
    const auto refused =
        connect_through(proxy_, "HTTP/1.1 " + status +
                                    "\r\nProxy-Authenticate: Basic\r\nContent-Length: 2\r\n\r\n"
                                    "no");
    EXPECT_THAT(refused, FailsAt(Stage::connect, Error::tunnel_refused));
    EXPECT_THAT(refused, FailsWith(Condition::refused));
    EXPECT_THAT(failure_text(refused), HasSubstr(proxy_.authority() + " answered " + status +
                                                 " to CONNECT example.test:443"));
  }
}

TEST_F(ClientTunnel, AnswersThatAreNone) {
  EXPECT_THAT(connect_through(proxy_, ""), FailsAt(Stage::connect, http::Error::connection_closed));
  EXPECT_THAT(connect_through(proxy_, "HTTP/1.1 2"),
              FailsAt(Stage::connect, http::Error::incomplete_head));
  EXPECT_THAT(connect_through(proxy_, "garbage\r\n\r\n"),
              FailsAt(Stage::connect, http::Error::bad_status_line));
}

/// Bytes behind the answer would be the proxy's own, read as the server's.
TEST_F(ClientTunnel, ProxyMayNotSpeakInside) {
  EXPECT_THAT(connect_through(proxy_, "HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 Mine\r\n\r\n"),
              FailsAt(Stage::connect, http::Error::unexpected_data));
}

// Where connections come from and go to.

TEST(ClientAddress, SourceCanBeChosen) {
  Options options = patient();
  options.source_address = "127.0.0.2";
  Dialogue chosen(options);
  (void)chosen.ask();
  EXPECT_EQ(chosen.server.remote_host(), "127.0.0.2");
  Dialogue usual;
  (void)usual.ask();
  EXPECT_EQ(usual.server.remote_host(), "127.0.0.1");
}

TEST(ClientAddress, BadSourceIsNamed) {
  for (const std::string source : {"not an address", "192.0.2.77"}) {
    Options options = patient();
    options.source_address = source;
    Dialogue dialogue(options);
    const auto failed = dialogue.client.connect();
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().stage, Stage::connect);
    EXPECT_FALSE(dialogue.origin.has_connection());
  }
}

TEST(ClientAddress, ConnectToIsTheOnlyPlaceWeGo) {
  Origin origin;
  Options options = patient();
  options.connect_to = http::parse_authority(origin.authority()).value();
  auto client = BlockingConnection::to("http://nowhere.invalid:81", options).value();
  client.request("GET", "/").value();
  EXPECT_EQ(client.peer_address(), origin.authority());
  EXPECT_EQ(field(origin.accept().read_head(), "Host"), "nowhere.invalid:81");
}

TEST(ClientAddress, UnknownNameIsNamed) {
  auto client = BlockingConnection::to("http://nowhere.invalid", patient()).value();
  const auto failed = client.connect();
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().stage, Stage::resolve);
  EXPECT_THAT(failure_text(failed), HasSubstr("nowhere.invalid"));
}

TEST(ClientAddress, NamesAreLookedUp) {
  Origin origin;
  auto client =
      BlockingConnection::to("http://localhost:" + std::to_string(origin.port()), patient())
          .value();
  client.connect().value();
  EXPECT_EQ(client.peer_address(), origin.authority());
}

// Trace.

struct Traced {
  std::string sent;
  std::string received;
  std::string notes;
  Trace callback() {
    return [this](const TraceEvent& event) {
      switch (event.kind) {
        case TraceEvent::Kind::sent:
          sent += event.text;
          break;
        case TraceEvent::Kind::received:
          received += event.text;
          break;
        case TraceEvent::Kind::exchange:
        case TraceEvent::Kind::note:
          notes.append(event.text).append("\n");
          break;
      }
    };
  }
};

TEST(ClientTrace, ShowsTheWire) {
  Traced traced;
  Options options = patient();
  options.trace = traced.callback();
  Dialogue dialogue(options);
  const std::string head = dialogue.ask("POST", "/", "body");
  EXPECT_EQ(traced.sent, head + "body");
  EXPECT_THAT(dialogue.answer(kOk).value().read(), Gives(std::string("ok")));
  EXPECT_EQ(traced.received, kOk);
  EXPECT_THAT(traced.notes, HasSubstr("connected to " + dialogue.origin.authority() + " from "));
  dialogue.client.close();
  EXPECT_THAT(traced.notes, HasSubstr("connection closed"));
}

TEST_F(ClientTunnel, TraceShowsTheTunnelAndWhatIsInside) {
  Traced traced;
  Options options = through(proxy_);
  options.tls = context_;
  options.trace = traced.callback();
  auto client = BlockingConnection::to("https://example.test", options).value();
  auto exchanging = std::async(std::launch::async, [&] {
    client.request("GET", "/inside").value();
    return client.get_response().value().read();
  });
  Peer peer = proxy_.accept();
  const std::string connect = peer.read_head();
  peer.send("HTTP/1.1 200 OK\r\n\r\n");
  peer.start_tls(server_);
  const std::string head = peer.read_head();
  peer.send(kOk);
  EXPECT_THAT(exchanging.get(), Succeeds());
  EXPECT_EQ(traced.sent, connect + head);
  EXPECT_EQ(traced.received, "HTTP/1.1 200 OK\r\n\r\n" + std::string(kOk));
  EXPECT_THAT(traced.notes, HasSubstr("verified as example.test"));
}

}  // namespace
}  // namespace tapedeck::client
