#include "config/option_table.hpp"

#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <set>

namespace tapedeck::config {
namespace {

TEST(OptionTable, NamesAreUniqueAndSpelledForEachSource) {
  std::set<std::string_view> names;
  for (const Option& option : option_table()) {
    EXPECT_TRUE(names.insert(option.name).second) << option.name;
    EXPECT_FALSE(option.help.empty()) << option.name;
  }
  const Option* const option = find_option("max_head_size");
  ASSERT_NE(option, nullptr);
  EXPECT_EQ(option->flag(), "--max-head-size");
  EXPECT_EQ(option->environment(), "TAPEDECK_MAX_HEAD_SIZE");
  EXPECT_EQ(find_option("no_such_option"), nullptr);
}

TEST(OptionTable, EveryDefaultThatIsSetReadsBack) {
  const Options defaults;
  for (const Option& option : option_table()) {
    for (const std::string& value : option.get(defaults)) {
      if (value.empty()) continue;
      Options options;
      EXPECT_EQ(option.set(options, value), "") << option.name << " = " << value;
      EXPECT_EQ(option.get(options), option.get(defaults)) << option.name;
    }
  }
}

/// Each option, wrong in the ways its kind can be.
TEST(OptionTable, WrongValuesAreRefusedWithASentence) {
  const std::pair<const char*, const char*> wrong[] = {
      {"listen", "8888"},
      {"listen", "127.0.0.1"},
      {"listen", "127.0.0.1:65536"},
      {"listen", "127.0.0.1:"},
      {"admin", "0.0.0.0:8888"},
      {"admin", "[::]:8888"},
      {"admin", "192.0.2.1:8888"},
      {"listen", "localhost:8888"},
      {"listen", "127.example.com:8888"},
      {"listen", "127.1:8888"},
      {"listen", "::1:8888"},
      {"admin", "[::ffff:127.0.0.1]:8888"},
      {"upstream_proxy", ""},
      {"resolve", ""},
      {"deny_upstream", ""},
      {"allow_client", ""},
      {"proxy_auth", "/none"},
      {"max_client_connections", "0"},
      {"db", ""},
      {"session", ""},
      {"mode", "rewind"},
      {"mode", ""},
      {"match", ""},
      {"ignore", ""},
      {"exhausted", "never"},
      {"pace", "x"},
      {"pace", "0x"},
      {"pace", "2"},
      {"pace", "1001x"},
      {"record", "some"},
      {"commit", "later"},
      {"retain", ""},
      {"retain_interval", "0s"},
      {"body_limit", ""},
      {"session_listen", "=127.0.0.1:80"},
      {"session_listen", "127.0.0.1:80"},
      {"session_listen", "a=localhost:80"},
      {"fault", ""},
      {"fault_seed", "x"},
      {"redact", ""},
      {"redact_body_limit", "1023"},
      {"on_storage_failure", "ignore"},
      {"reverse", "example.com"},
      {"reverse", "ftp://example.com"},
      {"reverse", "http://"},
      {"reverse", "http://a b"},
      {"reverse", "https://name:password@example.com"},
      {"upstream_ca", ""},
      {"upstream_ca", "/no/such/file.pem"},
      {"upstream_ca", "/"},
      {"intercept", ""},
      {"intercept", "https://example.com"},
      {"passthrough", "a b"},
      {"auto_passthrough", "yes"},
      {"insecure_host", "user@example.com"},
      {"gateway", "gateway.test:80"},
      {"admin", "on"},
      {"admin", "unix:"},
      {"admin", "192.0.2.1:80"},
      {"client_cert", "a.example"},
      {"client_cert", "=/etc/hostname"},
      {"client_cert", "a.example=/absent.pem"},
      {"client_cert", "a.example=/etc/hostname,/absent.pem"},
      {"blocked_ports", ""},
      {"blocked_ports", "25,"},
      {"blocked_ports", "65536"},
      {"blocked_ports", "smtp"},
      {"ca_dir", ""},
      {"threads", "-1"},
      {"threads", "65"},
      {"threads", "two"},
      {"log_level", ""},
      {"log_level", "loud"},
      {"log_level", "socks=debug"},
      {"log_level", "record="},
      {"log_format", "xml"},
      {"max_request_line", "63"},
      {"max_request_line", "long"},
      {"max_head_size", "255"},
      {"max_header_count", "0"},
      {"max_header_count", "10k"},
      {"max_connections", "0"},
      {"header_timeout", "0s"},
      {"header_timeout", "10"},
      {"client_idle_timeout", "soon"},
      {"body_idle_timeout", ""},
      {"resolve_timeout", "-1s"},
      {"connect_timeout", "1y"},
      {"tls_timeout", "0ms"},
      {"first_byte_timeout", "5 m"},
      {"exchange_timeout", "0s"},
      {"exchange_timeout", "never"},
      {"upstream_idle_timeout", "x"},
      {"upstream_idle_connections", "-1"},
      {"shutdown_timeout", "0s"},
      {"queue_budget", "65535"},
  };
  std::set<std::string_view> tried;
  for (const auto& [name, value] : wrong) {
    const Option* const option = find_option(name);
    ASSERT_NE(option, nullptr) << name;
    Options options;
    EXPECT_NE(option->set(options, value), "") << name << " = " << value;
    tried.insert(option->name);
  }
  EXPECT_EQ(tried.size(), option_table().size()) << "an option is not in this table";
}

TEST(OptionTable, ValuesAtTheEdgeAreAccepted) {
  for (const auto& [name, value] :
       {std::pair{"max_request_line", "64"}, std::pair{"max_head_size", "256"},
        std::pair{"max_header_count", "1"}, std::pair{"max_connections", "1"},
        std::pair{"upstream_idle_connections", "0"}, std::pair{"queue_budget", "65536"},
        std::pair{"redact_body_limit", "1KiB"}, std::pair{"redact", "query:key"},
        std::pair{"header_timeout", "1ms"}, std::pair{"exchange_timeout", "off"},
        std::pair{"threads", "64"}, std::pair{"listen", "127.0.0.1:0"},
        std::pair{"listen", "[::1]:65535"}, std::pair{"listen", "127.255.0.1:1"},
        std::pair{"log_level", "record=debug"}, std::pair{"reverse", "https://[::1]:8443/base"}}) {
    Options options;
    EXPECT_EQ(find_option(name)->set(options, value), "") << name;
  }
}

TEST(OptionTable, NearestNameHelpsWithASlip) {
  EXPECT_EQ(nearest_option("lisen"), "listen");
  EXPECT_EQ(nearest_option("max_header_size"), "max_head_size");
  EXPECT_EQ(nearest_option("something_else_entirely"), "");
}

TEST(OptionTable, TheExampleFileIsTheTable) {
  std::ifstream file(EXAMPLE_FILE);
  const std::string text(std::istreambuf_iterator<char>(file), {});
  EXPECT_EQ(text, example_file()) << "write it anew: tapedeck config example";
}

}  // namespace
}  // namespace tapedeck::config
