#include "daemon/accept/socks.hpp"

#include <fstream>
#include <gtest/gtest.h>

#include "client/proxy.hpp"
#include "daemon/access/credentials.hpp"
#include "daemon/fault/faults.hpp"
#include "tests/support/origin.hpp"
#include "tests/support/proxy.hpp"
#include "tests/support/scratch_directory.hpp"

namespace tapedeck::test {
namespace {

using Step = SocksGreeting::Step;

std::string bytes(std::initializer_list<int> values) {
  std::string text;
  for (const int value : values) text += static_cast<char>(value);
  return text;
}

const std::string kHello = bytes({5, 1, 0});
const std::string kChosen = bytes({5, 0});
const std::string kGranted = bytes({5, 0, 0, 1, 0, 0, 0, 0, 0, 0});

std::string connect_to(std::uint16_t port) {
  return bytes({5, 1, 0, 1, 127, 0, 0, 1, port >> 8, port & 0xff});
}

/// Feeds `input` in two pieces; what was answered, and the last step.
std::pair<Step, std::string> feed(const std::string& input, std::size_t split, bool credentials,
                                  http::Authority* target = nullptr) {
  SocksGreeting greeting(credentials);
  std::string received;
  std::string reply;
  Step step = Step::more;
  for (const std::string& piece : {input.substr(0, split), input.substr(split)}) {
    received += piece;
    if (step == Step::more) step = greeting.next(received, reply);
    if (step == Step::log_in) {
      greeting.logged_in(greeting.user() == "ada" && greeting.password() == "x", reply);
      step = greeting.next(received, reply);
    }
  }
  if (target != nullptr) *target = greeting.target();
  return {step, reply};
}

struct Case {
  const char* name;
  std::string input;
  bool credentials;
  Step step;
  std::string reply;
  const char* target;
};
void PrintTo(const Case& one, std::ostream* out) { *out << one.name; }

class SocksGreetings : public testing::TestWithParam<Case> {};

TEST_P(SocksGreetings, AreUnderstoodHoweverTheyAreCut) {
  const Case& one = GetParam();
  for (std::size_t split = 0; split <= one.input.size(); ++split) {
    http::Authority target;
    const auto [step, reply] = feed(one.input, split, one.credentials, &target);
    EXPECT_EQ(step, one.step) << split;
    EXPECT_EQ(reply, one.reply) << split;
    if (one.step == Step::connect) {
      EXPECT_EQ(target.to_string(), one.target);
    }
  }
}

std::string refusal(int code) { return bytes({5, code, 0, 1, 0, 0, 0, 0, 0, 0}); }
const std::string kName = bytes({5, 1, 0, 3, 8}) + "far.test" + bytes({1, 187});
const std::string kLogin = bytes({5, 2, 0, 2, 1, 3}) + "ada" + bytes({1}) + "x";

INSTANTIATE_TEST_SUITE_P(
    Socks, SocksGreetings,
    testing::Values(
        Case{"Address", kHello + connect_to(80), false, Step::connect, kChosen, "127.0.0.1:80"},
        Case{"Name", kHello + kName, false, Step::connect, kChosen, "far.test:443"},
        Case{"Ipv6", kHello + bytes({5, 1, 0, 4}) + std::string(15, '\0') + bytes({1, 0, 80}),
             false, Step::connect, kChosen, "[::1]:80"},
        Case{"LogsIn", kLogin + kName, true, Step::connect, bytes({5, 2, 1, 0}), "far.test:443"},
        Case{"WrongPassword", bytes({5, 1, 2, 1, 3}) + "ada" + bytes({1}) + "y", true,
             Step::refused, bytes({5, 2, 1, 1}), ""},
        Case{"NoCredentialsOffered", kHello, true, Step::refused, bytes({5, 0xff}), ""},
        Case{"Bind", kHello + bytes({5, 2, 0, 1, 1}), false, Step::refused, kChosen + refusal(7),
             ""},
        Case{"UnknownAddressType", kHello + bytes({5, 1, 0, 9, 1}), false, Step::refused,
             kChosen + refusal(8), ""},
        Case{"OtherVersion", kHello + bytes({4, 1, 0, 1, 1}), false, Step::refused,
             kChosen + refusal(1), ""},
        Case{"PortZero", kHello + connect_to(0), false, Step::refused, kChosen + refusal(1), ""},
        Case{"NoHost", kHello + bytes({5, 1, 0, 3, 0, 0, 80}), false, Step::refused,
             kChosen + refusal(1), ""},
        Case{"LineEndInName", kHello + bytes({5, 1, 0, 3, 3}) + "a\nb" + bytes({0, 80}), false,
             Step::refused, kChosen + refusal(1), ""},
        Case{"Incomplete", kHello + kName.substr(0, 9), false, Step::more, kChosen, ""}),
    [](const auto& one) { return one.param.name; });

TEST(Socks, ATunnelThatIsReadIsRecordedAsIfByConnect) {
  Proxy proxy;
  Origin origin;
  Peer client = proxy.connect();
  client.send(kHello);
  client.expect(kChosen);
  client.send(connect_to(origin.port()));
  client.expect(kGranted);
  for (int i = 0; i < 2; ++i) {
    client.send("GET /a HTTP/1.1\r\nHost: " + origin.authority() + "\r\n\r\n");
    Peer upstream = origin.accept();
    EXPECT_TRUE(upstream.read_head().starts_with("GET /a HTTP/1.1\r\n"));
    upstream.send("HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
    EXPECT_TRUE(client.read_head().starts_with("HTTP/1.1 204 "));
  }
  for (const Row& row : proxy.rows(2)) {
    EXPECT_EQ(row.outcome(), "complete 204");
    EXPECT_EQ(row.mode, "intercept");
  }
}

TEST(Socks, WhatIsSaidAheadBelongsToTheTunnel) {
  Proxy proxy([](config::Options& options) { options.passthrough = {"*"}; });
  Origin origin;
  Peer client = proxy.connect();
  client.send(kHello + connect_to(origin.port()) + "ahead");
  client.expect(kChosen);
  Peer upstream = origin.accept();
  client.expect(kGranted);
  upstream.expect("ahead");
  upstream.send("back");
  client.expect("back");
  client.close();
  upstream.expect_end();
  const Row row = proxy.row();
  EXPECT_EQ(row.outcome(), "complete 200");
  EXPECT_EQ(row.mode, "tunnel");
  EXPECT_EQ(row.method, "CONNECT");
  EXPECT_EQ(row.request_size, 5);
}

TEST(Socks, AServerThatRefusesIsSaidInItsWords) {
  Proxy proxy([](config::Options& options) { options.passthrough = {"*"}; });
  Peer client = proxy.connect();
  client.send(kHello + connect_to(refused_port()));
  client.expect(kChosen + refusal(5));
  client.expect_end();
  EXPECT_EQ(proxy.row().error_code, "connection_refused");
}

TEST(Socks, BlockedPortsAreBlockedHereToo) {
  Proxy proxy([](config::Options& options) { options.passthrough = {"*"}; });
  Peer client = proxy.connect();
  client.send(kHello + connect_to(25));
  client.expect(kChosen + refusal(2));
}

TEST(Socks, AGreetingThatDripsIsNotWaitedForForever) {
  Proxy proxy([](config::Options& options) {
    options.limits.header_timeout = std::chrono::milliseconds(50);
  });
  Peer client = proxy.connect();
  client.send(kHello);
  client.expect(kChosen);
  client.send(bytes({5, 1}));
  client.expect_end();
}

TEST(Socks, AFaultThatStruckTheConnectDoesNotStrikeWhatFollows) {
  const std::string rule = "truncate=1@50%";
  std::uint64_t seed = 0;
  const auto struck_alone = [&] {
    const auto faults = Faults::parse({rule}, seed).value();
    const bool connect = faults->draw("127.0.0.1", "").any();
    return connect && !faults->draw("127.0.0.1", "/").any();
  };
  while (!struck_alone()) ++seed;
  Proxy proxy([&](config::Options& options) {
    options.faults = {rule};
    options.limits.fault_seed = seed;
  });
  Origin origin;
  Peer client = proxy.connect();
  client.send(kHello + connect_to(origin.port()));
  client.expect(kChosen + kGranted);
  client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  Peer upstream = origin.accept();
  upstream.read_head();
  upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwhole");
  client.read_head();
  client.expect("whole");
}

TEST(Socks, ClientsLogIn) {
  const ScratchDirectory directory;
  std::ofstream(directory.path("users")) << Credentials::line("ada", "x") << '\n';
  Proxy proxy([&](config::Options& options) { options.proxy_auth = directory.path("users"); });
  Origin origin;
  Peer client = proxy.connect();
  client.send(kLogin + connect_to(origin.port()));
  client.expect(bytes({5, 2, 1, 0}) + kGranted);
  client.send("GET /in HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_TRUE(origin.accept().read_head().starts_with("GET /in "));
  Peer stranger = proxy.connect();
  stranger.send(kHello);
  stranger.expect(bytes({5, 0xff}));
  stranger.expect_end();
}

}  // namespace
}  // namespace tapedeck::test
