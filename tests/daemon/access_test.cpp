#include <fstream>
#include <gtest/gtest.h>

#include "client/proxy.hpp"
#include "daemon/access/address_set.hpp"
#include "daemon/access/clients.hpp"
#include "daemon/access/credentials.hpp"
#include "tests/support/origin.hpp"
#include "tests/support/proxy.hpp"
#include "tests/support/scratch_directory.hpp"

namespace tapedeck::test {
namespace {

struct Membership {
  const char* word;
  const char* inside;
  const char* outside;
};
void PrintTo(const Membership& membership, std::ostream* out) { *out << membership.word; }

class AddressSetWords : public testing::TestWithParam<Membership> {};

TEST_P(AddressSetWords, MeanTheirAddresses) {
  AddressSet set;
  ASSERT_EQ(set.add(GetParam().word), "");
  EXPECT_TRUE(set.contains(asio::ip::make_address(GetParam().inside)));
  EXPECT_FALSE(set.contains(asio::ip::make_address(GetParam().outside)));
}

INSTANTIATE_TEST_SUITE_P(
    Access, AddressSetWords,
    testing::Values(Membership{"192.0.2.7", "192.0.2.7", "192.0.2.8"},
                    Membership{"192.0.2.0/24", "192.0.2.255", "192.0.3.0"},
                    Membership{"192.0.2.77/24", "192.0.2.1", "192.0.3.1"},
                    Membership{"192.0.2.7", "::ffff:192.0.2.7", "::ffff:192.0.2.8"},
                    Membership{"2001:db8::/32", "2001:db8:1::1", "2001:db9::1"},
                    Membership{"::1", "::1", "::2"},
                    Membership{"loopback", "127.8.9.10", "128.0.0.1"},
                    Membership{"loopback", "0.0.0.0", "1.0.0.0"},
                    Membership{"loopback", "::", "::2"},
                    Membership{"link-local", "169.254.169.254", "169.253.1.1"},
                    Membership{"link-local", "fe80::1%1", "fd00::1"},
                    Membership{"link-local", "fd00:ec2::254", "fd00:ec2::1"},
                    Membership{"private", "172.31.0.1", "172.32.0.1"},
                    Membership{"private", "fd00::1", "fe00::1"}));

TEST(AddressSet, WrongWordsAreNamed) {
  for (const char* word : {"", "localhost", "1.2.3", "1.2.3.4/33", "::1/129", "1.2.3.4/", "::g"}) {
    AddressSet set;
    EXPECT_NE(set.add(word).find("not '" + std::string(word) + "'"), std::string::npos) << word;
    EXPECT_TRUE(set.empty());
  }
}

TEST(Clients, AreCountedEachByItsAddress) {
  Clients clients;
  const auto one = asio::ip::make_address("192.0.2.1");
  const auto other = asio::ip::make_address("192.0.2.2");
  EXPECT_TRUE(clients.enter(one, 2));
  EXPECT_TRUE(clients.enter(one, 2));
  EXPECT_FALSE(clients.enter(one, 2));
  EXPECT_TRUE(clients.enter(other, 2));
  clients.leave(one);
  EXPECT_TRUE(clients.enter(one, 2));
}

class AccessFile : public testing::Test {
 protected:
  std::string write(const std::string& text) {
    const std::string path = directory_.path("users");
    std::ofstream(path) << text;
    return path;
  }
  ScratchDirectory directory_;
};

TEST_F(AccessFile, WhatIsWrongIsNamedWithItsLine) {
  const auto failure = [this](const std::string& text) {
    return Credentials::read(write(text)).error().detail;
  };
  EXPECT_TRUE(failure("# nobody\n\n").ends_with("/users: names nobody"));
  EXPECT_TRUE(failure("\nada\n").ends_with("/users:2: expected USER:HASH"));
  EXPECT_TRUE(failure(":$7$x\n").ends_with("/users:1: expected USER:HASH"));
  EXPECT_TRUE(failure("ada:plain\n").ends_with("makes one"));
  EXPECT_TRUE(failure("ada:$1$abc$def\n").ends_with("makes one"));
  EXPECT_TRUE(failure("a:$7$x\na:$7$y\n").ends_with(":2: this user stands above already"));
  EXPECT_FALSE(Credentials::read("/none").has_value());
}

TEST_F(AccessFile, OnlyTheRightPasswordIsServed) {
  const std::string file = write(Credentials::line("ada", "love:lace") + "\n");
  Proxy proxy([&](config::Options& options) { options.proxy_auth = file; });
  Origin origin;
  Peer client = proxy.connect();
  const std::string request = "GET " + origin.url("/a") + " HTTP/1.1\r\nHost: h\r\n";
  const auto with = [&](const std::string& value) {
    client.send(request + "Proxy-Authorization: " + value + "\r\n\r\n");
  };
  const auto refused = [&] {
    const std::string head = client.read_head();
    EXPECT_TRUE(head.starts_with("HTTP/1.1 407 ")) << head;
    EXPECT_EQ(field(head, "Proxy-Authenticate"), "Basic realm=\"tapedeck\", charset=\"UTF-8\"");
    client.read(std::stoul(field(head, "Content-Length")));
  };
  client.send(request + "\r\n");
  refused();
  with(client::basic_credentials("ada", "wrong"));
  refused();
  with(client::basic_credentials("bob", "love:lace"));
  refused();
  with("Bearer x");
  refused();
  // The second is known at once, and neither reaches the server's eyes or the log.
  for (int i = 0; i < 2; ++i) {
    with(client::basic_credentials("ada", "love:lace"));
    Peer upstream = origin.accept();
    EXPECT_EQ(field(upstream.read_head(), "Proxy-Authorization"), "(absent)");
    upstream.send("HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
    EXPECT_TRUE(client.read_head().starts_with("HTTP/1.1 204 "));
  }
  std::vector<std::string> outcomes;
  for (const Row& row : proxy.rows(6)) {
    outcomes.push_back(row.outcome());
    EXPECT_EQ(row.request_headers.find("uthorization"), std::string::npos);
  }
  const std::string denied = "failed 407 route http_request_denied";
  EXPECT_EQ(outcomes, (std::vector<std::string>{denied, denied, denied, denied, "complete 204",
                                                "complete 204"}));
}

TEST_F(AccessFile, ATunnelIsAskedOnce) {
  const std::string file = write(Credentials::line("ada", "x") + "\n");
  Proxy proxy([&](config::Options& options) { options.proxy_auth = file; });
  Origin origin;
  Peer client = proxy.connect();
  const std::string connect =
      "CONNECT " + origin.authority() + " HTTP/1.1\r\nHost: " + origin.authority() + "\r\n";
  client.send(connect + "\r\n");
  const std::string head = client.read_head();
  EXPECT_TRUE(head.starts_with("HTTP/1.1 407 "));
  client.read(std::stoul(field(head, "Content-Length")));
  client.send(connect + "Proxy-Authorization: " + client::basic_credentials("ada", "x") +
              "\r\n\r\n");
  EXPECT_TRUE(client.read_head().starts_with("HTTP/1.1 200 "));
  client.send("GET /inside HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_TRUE(origin.accept().read_head().starts_with("GET /inside "));
}

TEST(Access, ListeningForOthersNeedsAWordOnWhoMayCome) {
  const auto start = [](const std::vector<std::string>& allowed, bool gateway) {
    const ScratchDirectory directory;
    config::Options options;
    options.db = directory.path("log.db");
    options.ca_dir = directory.path("ca");
    options.admin = "off";
    options.listen = {gateway ? "127.0.0.1:0" : "0.0.0.0:0"};
    if (gateway) options.gateway = {"0.0.0.0:0"};
    options.allow_clients = allowed;
    const auto started = Daemon(options).start();
    return started ? std::string() : started.error().detail;
  };
  EXPECT_NE(start({}, false).find("--proxy-auth FILE or --allow-client"), std::string::npos);
  EXPECT_NE(start({}, true).find("who may come with --allow-client"), std::string::npos);
  EXPECT_EQ(start({"192.0.2.0/24"}, false), "");
  EXPECT_EQ(start({"192.0.2.0/24"}, true), "");
}

TEST(Access, MoreConnectionsOfOneClientThanAllowedAreClosed) {
  Proxy proxy([](config::Options& options) { options.limits.max_client_connections = 2; });
  Origin origin;
  const std::string request = "GET " + origin.url("/") + " HTTP/1.1\r\nHost: h\r\n\r\n";
  Peer first = proxy.connect();
  Peer second = proxy.connect();
  first.send(request);
  Peer upstream = origin.accept();
  upstream.read_head();
  second.send(request);
  Peer another = origin.accept();
  another.read_head();
  Peer third = proxy.connect();
  third.expect_end();
  upstream.send("HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
  another.send("HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(first.read_head().starts_with("HTTP/1.1 204 "));
  EXPECT_TRUE(second.read_head().starts_with("HTTP/1.1 204 "));
}

/// The 403 to a request for `url`.
std::string denial(const Proxy& proxy, const std::string& url) {
  Peer client = proxy.connect();
  client.send("GET " + url + " HTTP/1.1\r\nHost: h\r\n\r\n");
  const std::string head = client.read_head();
  EXPECT_TRUE(head.starts_with("HTTP/1.1 403 ")) << url << '\n' << head;
  return field(head, "Proxy-Status");
}

TEST(Access, LinkLocalAddressesAreNeverConnectedTo) {
  Proxy proxy(
      [](config::Options& options) { options.resolve = {"metadata.test:80:169.254.169.254"}; });
  for (const char* host : {"169.254.169.254", "[fe80::1]", "[fd00:ec2::254]",
                           "[::ffff:169.254.169.254]", "metadata.test"}) {
    EXPECT_NE(denial(proxy, "http://" + std::string(host) + "/latest/meta-data")
                  .find("error=http_request_denied"),
              std::string::npos);
  }
}

TEST(Access, WhatIsDeniedIsLookedAtAfterTheNameWas) {
  Origin origin;
  Proxy proxy([](config::Options& options) { options.deny_upstream = {"127.0.0.1", "::1"}; });
  EXPECT_NE(denial(proxy, "http://localhost:" + std::to_string(origin.port()) + "/").find("127"),
            std::string::npos);
  EXPECT_FALSE(origin.has_connection());
}

TEST(Access, BrowsersFindASettingsScript) {
  Proxy proxy;
  for (const char* target : {"/proxy.pac", "http://tapedeck.invalid/proxy.pac"}) {
    Peer client = proxy.connect();
    client.send("GET " + std::string(target) + " HTTP/1.1\r\nHost: h\r\n\r\n");
    const std::string head = client.read_head();
    EXPECT_TRUE(head.starts_with("HTTP/1.1 200 ")) << head;
    EXPECT_EQ(field(head, "Content-Type"), "application/x-ns-proxy-autoconfig");
    EXPECT_EQ(client.read(std::stoul(field(head, "Content-Length"))),
              "function FindProxyForURL(url, host) {\n  return \"PROXY " + proxy.authority() +
                  "\";\n}\n");
  }
}

TEST(Access, NoneDeniesNothing) {
  Origin origin;
  Proxy proxy([](config::Options& options) { options.deny_upstream = {"none"}; });
  Peer client = proxy.connect();
  client.send("GET " + origin.url("/") + " HTTP/1.1\r\nHost: h\r\n\r\n");
  origin.accept().read_head();
}

}  // namespace
}  // namespace tapedeck::test
