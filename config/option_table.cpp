#include "config/option_table.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <filesystem>
#include <netinet/in.h>
#include <numeric>
#include <unistd.h>

#include "client/http/url.hpp"
#include "config/value.hpp"

namespace tapedeck::config {
namespace {

using Strings = std::vector<std::string>;

Option text(std::string_view name, std::string_view value, std::string_view help,
            std::string Options::*member) {
  return {.name = name,
          .value = value,
          .help = help,
          .set =
              [member](Options& options, std::string_view given) {
                options.*member = given;
                return given.empty() ? std::string("must not be empty") : std::string();
              },
          .get = [member](const Options& options) { return Strings{options.*member}; },
          .clear = [member](Options& options) { (options.*member).clear(); }};
}

Option choice(std::string_view name, std::string_view words, std::string_view help,
              std::string Options::*member) {
  Option option = text(name, words, help, member);
  option.set = [member, words](Options& options, std::string_view given) -> std::string {
    for (std::size_t at = 0; at <= words.size();) {
      const std::size_t end = std::min(words.find('|', at), words.size());
      if (words.substr(at, end - at) == given) {
        options.*member = given;
        return {};
      }
      at = end + 1;
    }
    return "expected " + std::string(words) + ", not '" + std::string(given) + "'";
  };
  return option;
}

Option list(std::string_view name, std::string_view value, std::string_view help,
            Strings Options::*member, std::function<std::string(std::string_view)> check) {
  return {.name = name,
          .value = value,
          .help = help,
          .repeatable = true,
          .set =
              [member, check = std::move(check)](Options& options, std::string_view given) {
                std::string wrong = check(given);
                if (wrong.empty()) (options.*member).emplace_back(given);
                return wrong;
              },
          .get = [member](const Options& options) { return options.*member; },
          .clear = [member](Options& options) { (options.*member).clear(); }};
}

Option duration(std::string_view name, std::string_view help,
                std::chrono::milliseconds Limits::*member) {
  return {.name = name,
          .value = "DURATION",
          .help = help,
          .set = [member](Options& options, std::string_view given) -> std::string {
            const auto value = parse_duration(given);
            if (!value || value->count() == 0) {
              return "expected a duration such as 500ms, 10s, 5m or 2h, not '" +
                     std::string(given) + "'";
            }
            options.limits.*member = *value;
            return {};
          },
          .get =
              [member](const Options& options) {
                return Strings{format_duration(options.limits.*member)};
              },
          .clear = [](Options&) {}};
}

/// A duration that may be 0: off.
Option duration_or_off(std::string_view name, std::string_view help,
                       std::chrono::milliseconds Limits::*member) {
  Option option = duration(name, help, member);
  option.value = "DURATION|off";
  option.set = [member, set = option.set](Options& options, std::string_view given) -> std::string {
    if (given != "off") return set(options, given);
    options.limits.*member = std::chrono::milliseconds(0);
    return {};
  };
  option.get = [member, get = option.get](const Options& options) {
    return (options.limits.*member).count() == 0 ? Strings{"off"} : get(options);
  };
  return option;
}

Option number(std::string_view name, std::string_view help, std::size_t Limits::*member, bool bytes,
              std::size_t least) {
  return {.name = name,
          .value = bytes ? "SIZE" : "N",
          .help = help,
          .set = [member, bytes, least](Options& options, std::string_view given) -> std::string {
            const auto value = bytes ? parse_size(given) : parse_count(given);
            if (!value) {
              return std::string(bytes ? "expected a size such as 64KiB or 10k"
                                       : "expected a whole number") +
                     ", not '" + std::string(given) + "'";
            }
            if (*value < least) return "must be at least " + std::to_string(least);
            options.limits.*member = *value;
            return {};
          },
          .get =
              [member, bytes](const Options& options) {
                const std::size_t value = options.limits.*member;
                return Strings{bytes ? format_size(value) : std::to_string(value)};
              },
          .clear = [](Options&) {}};
}

/// An address literal, IPv6 in brackets; `loopback`: only one that leads to this machine.
bool is_address(const std::string& host, bool loopback) {
  in_addr v4{};
  if (inet_pton(AF_INET, host.c_str(), &v4) == 1) {
    return !loopback || (ntohl(v4.s_addr) >> 24) == 127;
  }
  if (!host.starts_with('[') || !host.ends_with(']')) return false;
  in6_addr v6{};
  return inet_pton(AF_INET6, host.substr(1, host.size() - 2).c_str(), &v6) == 1 &&
         (!loopback || IN6_IS_ADDR_LOOPBACK(&v6));
}

/// ADDR:PORT with an address literal.
std::string check_listen(std::string_view given) {
  const std::size_t colon = given.rfind(':');
  const auto port =
      colon == std::string_view::npos ? std::nullopt : parse_count(given.substr(colon + 1));
  if (port && *port <= 65'535 && is_address(std::string(given.substr(0, colon)), false)) return {};
  return "expected ADDR:PORT such as 127.0.0.1:8888 or [::1]:8888, not '" + std::string(given) +
         "'";
}

/// The same on loopback alone.
std::string check_local_listen(std::string_view given) {
  if (std::string wrong = check_listen(given); !wrong.empty()) return wrong;
  const std::string host(given.substr(0, given.rfind(':')));
  if (is_address(host, true)) return {};
  return "only loopback addresses (127.x.x.x, [::1]) may be listened on, not '" + host + "'";
}

/// NAME=ADDR:PORT.
std::string check_session_listen(std::string_view given) {
  const std::size_t equals = given.rfind('=');
  if (equals == std::string_view::npos || equals == 0) {
    return "expected NAME=ADDR:PORT, not '" + std::string(given) + "'";
  }
  return check_listen(given.substr(equals + 1));
}

std::string check_url(std::string_view given) {
  if (!given.starts_with("http://") && !given.starts_with("https://")) {
    return "expected a URL that begins with http:// or https://, not '" + std::string(given) + "'";
  }
  const auto url = http::parse_url(given);
  return url ? std::string() : url.error().code.message() + ": " + url.error().detail;
}

/// [COMPONENT=]LEVEL
std::string check_log_level(std::string_view given) {
  constexpr std::array<std::string_view, 7> kLevels = {"trace", "debug",    "info", "warning",
                                                       "error", "critical", "off"};
  constexpr std::array<std::string_view, 4> kComponents = {"accept", "forward", "record", "tls"};
  const auto in = [](const auto& words, std::string_view word) {
    return std::find(words.begin(), words.end(), word) != words.end();
  };
  const std::size_t equals = given.find('=');
  if (equals != std::string_view::npos && !in(kComponents, given.substr(0, equals))) {
    return "components are accept, forward, record and tls, not '" +
           std::string(given.substr(0, equals)) + "'";
  }
  const std::string_view level =
      equals == std::string_view::npos ? given : given.substr(equals + 1);
  if (in(kLevels, level)) return {};
  return "levels are trace, debug, info, warning, error, critical and off, not '" +
         std::string(level) + "'";
}

std::string check_readable(std::string_view given) {
  if (given.empty()) return "must not be empty";
  std::error_code error;
  const bool regular = std::filesystem::is_regular_file(given, error);
  if (!error && !regular) return std::string(given) + " is not a file";
  if (!error && access(std::string(given).c_str(), R_OK) != 0) {
    error.assign(errno, std::generic_category());
  }
  return error ? std::string(given) + " cannot be read: " + error.message() : std::string();
}

Option pace_option() {
  Option option = text("pace", "none|recorded|Nx",
                       "replayed answers come at once, as they were recorded, or N times as fast",
                       &Options::pace);
  option.set = [](Options& options, std::string_view given) -> std::string {
    options.pace = given;
    if (parse_pace(given)) return {};
    return "expected none, recorded, or a factor such as 2x or 0.5x, not '" + std::string(given) +
           "'";
  };
  return option;
}

std::string not_empty(std::string_view given) {
  return given.empty() ? "must not be empty" : std::string();
}

Option reverse_option() {
  Option option = text("reverse", "URL", "answer origin-form requests by forwarding them to URL",
                       &Options::reverse);
  option.set = [](Options& options, std::string_view given) {
    options.reverse = given;
    return check_url(given);
  };
  return option;
}

Option admin_option() {
  Option option = text("admin", "ADDR:PORT|unix:PATH|off",
                       "where status, metrics and housekeeping are asked for (default: the socket "
                       "LOG.sock beside the log)",
                       &Options::admin);
  option.set = [](Options& options, std::string_view given) {
    options.admin = given;
    if (given == "off" || (given.starts_with("unix:") && given.size() > 5)) return std::string();
    return check_local_listen(given);
  };
  return option;
}

Option upstream_ca_option() {
  Option option = text("upstream_ca", "FILE", "PEM certificates trusted beside the system's",
                       &Options::upstream_ca);
  option.set = [](Options& options, std::string_view given) {
    options.upstream_ca = given;
    return check_readable(given);
  };
  return option;
}

Option proxy_auth_option() {
  Option option = text("proxy_auth", "FILE",
                       "ask clients for user and password; lines USER:HASH, as `tapedeck password` "
                       "makes them",
                       &Options::proxy_auth);
  option.set = [](Options& options, std::string_view given) {
    options.proxy_auth = given;
    return check_readable(given);
  };
  return option;
}

/// "25,465": ports that nothing is sent to.
Option blocked_ports_option() {
  Option option = text("blocked_ports", "PORT,...|none", "ports that nothing is forwarded to",
                       &Options::blocked_ports);
  option.set = [](Options& options, std::string_view given) -> std::string {
    options.blocked_ports = given;
    if (given == "none") return {};
    for (std::size_t at = 0; at <= given.size();) {
      const std::size_t end = std::min(given.find(',', at), given.size());
      const auto port = parse_count(given.substr(at, end - at));
      if (!port || *port == 0 || *port > 65'535) {
        return "expected ports such as 25,465, or none, not '" + std::string(given) + "'";
      }
      at = end + 1;
    }
    return {};
  };
  return option;
}

/// A host name or address, with * for any part of it, and :PORT where only that one is meant.
std::string check_host_pattern(std::string_view given) {
  const bool fine = !given.empty() && std::all_of(given.begin(), given.end(), [](char c) {
    return c > 0x20 && c < 0x7f && c != '/' && c != '@';
  });
  return fine ? std::string()
              : "expected a host such as api.example.com, *.example.com or *, not '" +
                    std::string(given) + "'";
}

/// HOST=FILE[,KEYFILE]
std::string check_client_cert(std::string_view given) {
  const ClientCert cert = parse_client_cert(given);
  if (cert.certificate_file.empty()) {
    return "expected HOST=FILE or HOST=FILE,KEYFILE, not '" + std::string(given) + "'";
  }
  std::string wrong = check_host_pattern(cert.host);
  if (wrong.empty()) wrong = check_readable(cert.certificate_file);
  if (wrong.empty() && !cert.key_file.empty()) wrong = check_readable(cert.key_file);
  return wrong;
}

Option threads_option() {
  return {.name = "threads",
          .value = "N",
          .help = "I/O threads; 0 is one a core, at most four",
          .set = [](Options& options, std::string_view given) -> std::string {
            const auto value = parse_count(given);
            if (!value || *value > 64) {
              return "expected a whole number up to 64, not '" + std::string(given) + "'";
            }
            options.threads = static_cast<unsigned>(*value);
            return {};
          },
          .get = [](const Options& options) { return Strings{std::to_string(options.threads)}; },
          .clear = [](Options&) {}};
}

std::vector<Option> make_table() {
  return {
      list("listen", "ADDR:PORT",
           "where to accept connections; port 0 picks a free one (default: 127.0.0.1:8888 and "
           "[::1]:8888)",
           &Options::listen, check_listen),
      text("db", "FILE", "the log (default: tapedeck.db in the data directory)", &Options::db),
      text("session", "NAME", "name of the session recorded (default: the time it starts)",
           &Options::session),
      choice(
          "mode", "record|replay|auto|pass",
          "record what is forwarded; replay: answer from the log, never touch the network; auto: "
          "forward and record what the log does not answer; pass: only forward",
          &Options::mode),
      list("match", "RULE",
           "what counts, beside method, URL and body, when a request is looked up in the log: "
           "[HOST[/PATH] ]header:NAME",
           &Options::match, not_empty),
      list("ignore", "RULE",
           "what does not count: [HOST[/PATH] ]query:NAME, json:PATH, form:NAME or body, and "
           "~REGEX behind it to let only values of that shape differ",
           &Options::ignore, not_empty),
      list("session_listen", "NAME=ADDR:PORT",
           "replay: a further listener, whose clients are answered from the session NAME",
           &Options::session_listen, check_session_listen),
      choice("exhausted", "repeat|miss",
             "after the last recorded answer to a request: that one again, or none",
             &Options::exhausted),
      pace_option(),
      choice("record", "all|heads|none", "how much of an exchange is kept", &Options::record),
      list(
          "redact", "RULE",
          "what is recorded as a token in its place: [HOST[/PATH] ]header:NAME, cookie:NAME, "
          "query:NAME, form:NAME, json:PATH or body, and ~REGEX behind it for values of that shape "
          "alone; standard: the headers that hold credentials",
          &Options::redact, not_empty),
      list(
          "body_limit", "RULE",
          "how much of a body is recorded, of all or of some: [request|response ][TYPE=]SIZE, "
          "TYPE a media type such as image/*; the smallest that concerns a body holds, and what it "
          "cut is marked truncated",
          &Options::body_limits, not_empty),
      choice("commit", "batched|strict",
             "batched: on disk within 50 ms; strict: before the client sees the last byte",
             &Options::commit),
      choice("on_storage_failure", "refuse|pass",
             "while the log cannot be written: answer 503, or forward unrecorded and note the gap",
             &Options::on_storage_failure),
      list(
          "retain", "RULE",
          "what the log keeps, of all or of what filter terms select: [TERM... ]age=30d, size=2GiB "
          "or both; the rest is removed (default: everything is kept)",
          &Options::retain, not_empty),
      duration("retain_interval", "how often that is looked after", &Limits::retain_interval),
      list("fault", "RULE",
           "for testing an app: [HOST[/PATH] ]delay=500ms, status=503, throttle=10KiB, "
           "truncate=1KiB, "
           "drop or reset, and @30% for a share of the requests",
           &Options::faults, not_empty),
      number("fault_seed", "what the share is drawn from: the same seed, the same faults",
             &Limits::fault_seed, false, 0),
      reverse_option(),
      admin_option(),
      list("gateway", "ADDR:PORT",
           "record HTTPS without a CA: http://ADDR:PORT/https/HOST/... is https://HOST/...",
           &Options::gateway, check_listen),
      upstream_ca_option(),
      list("upstream_proxy", "[HOST=]URL",
           "go through that proxy, http:// or socks5://, for all hosts or some; HOST=direct: "
           "through none",
           &Options::upstream_proxies, not_empty),
      list("resolve", "HOST:PORT:ADDR", "connect to ADDR when HOST:PORT is asked for",
           &Options::resolve, not_empty),
      list("deny_upstream", "ADDR[/PREFIX]|GROUP",
           "addresses never connected to: loopback, link-local (and clouds' metadata), private or "
           "none (default: link-local; for clients elsewhere loopback too)",
           &Options::deny_upstream, not_empty),
      list("allow_client", "ADDR[/PREFIX]|GROUP",
           "clients that may connect beside those of this machine", &Options::allow_clients,
           not_empty),
      proxy_auth_option(),
      list("intercept", "HOST", "hosts whose TLS is read and recorded; * is any (default: all)",
           &Options::intercept, check_host_pattern),
      list("passthrough", "HOST", "hosts whose TLS is relayed unread; stronger than intercept",
           &Options::passthrough, check_host_pattern),
      choice("auto_passthrough", "off|on",
             "on: relay unread a host whose client refused our certificate twice",
             &Options::auto_passthrough),
      list("insecure_host", "HOST",
           "hosts whose certificate is NOT verified; each row says insecure",
           &Options::insecure_hosts, check_host_pattern),
      list("client_cert", "HOST=FILE[,KEYFILE]",
           "PEM certificate, and its key, shown to servers that ask for one",
           &Options::client_certs, check_client_cert),
      blocked_ports_option(),
      text("ca_dir", "DIR", "where the interception CA lives (default: ca/ in the data directory)",
           &Options::ca_dir),
      threads_option(),
      list("log_level", "[COMPONENT=]LEVEL",
           "trace, debug, info, warning, error, critical or off; components: accept, forward, "
           "record, tls",
           &Options::log_level, check_log_level),
      choice("log_format", "text|json", "json: an object a line", &Options::log_format),
      number("max_request_line", "longest request line; beyond it 414", &Limits::max_request_line,
             true, 64),
      number("max_head_size", "largest head; beyond it 431, or 502 from upstream",
             &Limits::max_head_size, true, 256),
      number("max_header_count", "most field lines in a head; beyond it 431, or 502 from upstream",
             &Limits::max_header_count, false, 1),
      number("max_connections", "connections at once; more wait", &Limits::max_connections, false,
             1),
      number("max_client_connections",
             "connections of one client's address at once; more are closed",
             &Limits::max_client_connections, false, 1),
      duration("header_timeout", "for a whole request head", &Limits::header_timeout),
      duration("client_idle_timeout", "between a client's requests", &Limits::client_idle_timeout),
      duration("body_idle_timeout", "without a byte of a body, either way",
               &Limits::body_idle_timeout),
      duration("resolve_timeout", "for looking up a name", &Limits::resolve_timeout),
      duration("connect_timeout", "for connecting to any of its addresses",
               &Limits::connect_timeout),
      duration("tls_timeout", "for a TLS handshake", &Limits::tls_timeout),
      duration("first_byte_timeout", "from the request sent to the response head",
               &Limits::first_byte_timeout),
      duration_or_off("exchange_timeout", "for a whole exchange, a tunnel excepted",
                      &Limits::exchange_timeout),
      duration("upstream_idle_timeout", "how long an idle upstream connection is kept",
               &Limits::upstream_idle_timeout),
      number("upstream_idle_connections", "idle connections kept, an origin and thread",
             &Limits::upstream_idle_connections, false, 0),
      duration("shutdown_timeout", "for exchanges to finish when stopping",
               &Limits::shutdown_timeout),
      number("redact_body_limit",
             "a body that a redact rule may concern is recorded up to this size",
             &Limits::redact_body_limit, true, 1'024),
      number("queue_budget", "bytes waiting for the log before reading from peers pauses",
             &Limits::queue_budget, true, 65'536),
  };
}

/// What is opened once, and the log's own ways: one recording goes by one set of them.
constexpr std::string_view kTakeRestart[] = {"listen",         "db",        "session",
                                             "mode",           "match",     "ignore",
                                             "pace",           "record",    "on_storage_failure",
                                             "commit",         "exhausted", "redact",
                                             "admin",          "ca_dir",    "redact_body_limit",
                                             "session_listen", "threads",   "queue_budget",
                                             "gateway",        "body_limit"};

/// Levenshtein distance.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t above = row[j + 1];
      row[j + 1] = std::min({above + 1, row[j] + 1, diagonal + (a[i] == b[j] ? 0u : 1u)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

}  // namespace

void Option::assign(Options& options, const Strings& values) const {
  clear(options);
  for (const std::string& text : values) set(options, text);
}

std::string Option::flag() const {
  std::string spelled = "--" + std::string(name);
  std::replace(spelled.begin(), spelled.end(), '_', '-');
  return spelled;
}

std::string Option::environment() const {
  std::string spelled = "TAPEDECK_" + std::string(name);
  for (char& c : spelled) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
  }
  return spelled;
}

const std::vector<Option>& option_table() {
  static const std::vector<Option> table = [] {
    std::vector<Option> options = make_table();
    for (Option& option : options) {
      option.live = std::ranges::find(kTakeRestart, option.name) == std::end(kTakeRestart);
    }
    return options;
  }();
  return table;
}

const Option* find_option(std::string_view name) {
  const auto& table = option_table();
  const auto found = std::find_if(table.begin(), table.end(),
                                  [&](const Option& option) { return option.name == name; });
  return found == table.end() ? nullptr : &*found;
}

std::string_view nearest_option(std::string_view name) {
  std::string_view nearest;
  std::size_t least = std::max<std::size_t>(2, name.size() / 3) + 1;
  for (const Option& option : option_table()) {
    if (const std::size_t d = distance(name, option.name); d < least) {
      least = d;
      nearest = option.name;
    }
  }
  return nearest;
}

std::string example_file() {
  std::string out =
      "# tapedeck: every option with its default. Copy to $XDG_CONFIG_HOME/tapedeck/config.toml "
      "or\n"
      "# /etc/tapedeck/config.toml and uncomment what you change. The command line and TAPEDECK_*\n"
      "# variables are stronger than this file. Durations: 500ms 10s 5m 2h 30d; sizes: 64KiB 2GiB\n"
      "# (powers of 1024), 10k 5M (powers of 1000). `tapedeck reload` puts a changed file in "
      "force; what\n"
      "# is marked [restart] takes one.\n";
  const Options defaults;
  for (const Option& option : option_table()) {
    out.append("\n# ").append(option.help).append(option.live ? "" : " [restart]");
    out.append("\n#").append(option.name).append(" = ");
    const Strings values = option.get(defaults);
    if (option.repeatable) {
      out.append("[]  # of ").append(option.value);
    } else {
      out.append("\"").append(values.front()).append("\"");
      if (values.front().empty()) out.append("  # ").append(option.value);
    }
    out += '\n';
  }
  return out;
}

}  // namespace tapedeck::config
