#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace tapedeck::config {

/// Limits a peer can run into. Each has an option of the same name with dashes for underscores.
struct Limits {
  std::size_t max_request_line = 16 * 1024;  ///< bytes; beyond it 414
  std::size_t max_head_size = 64 * 1024;  ///< bytes of a whole head; beyond it 431 (502 upstream)
  std::size_t max_header_count = 200;     ///< field lines in a head; beyond it 431 (502 upstream)
  std::size_t max_connections = 8'000;    ///< accepted at once; more wait in the backlog
  std::size_t max_client_connections = 8'000;        ///< of one address at once; more are closed
  std::chrono::milliseconds header_timeout{30'000};  ///< for a whole request head
  std::chrono::milliseconds client_idle_timeout{300'000};  ///< between requests
  std::chrono::milliseconds body_idle_timeout{120'000};    ///< without a byte of a body
  std::chrono::milliseconds resolve_timeout{10'000};
  std::chrono::milliseconds connect_timeout{30'000};
  std::chrono::milliseconds tls_timeout{30'000};
  std::chrono::milliseconds first_byte_timeout{300'000};    ///< from request sent to response head
  std::chrono::milliseconds exchange_timeout{0};            ///< for all of it; 0: none
  std::chrono::milliseconds upstream_idle_timeout{60'000};  ///< a pooled connection's rest
  std::size_t upstream_idle_connections = 64;               ///< pooled per origin and thread
  std::chrono::milliseconds shutdown_timeout{10'000};       ///< for exchanges to finish
  std::chrono::milliseconds retain_interval{600'000};       ///< between two looks at --retain
  std::size_t fault_seed = 0;                               ///< what faults are drawn from
  std::size_t redact_body_limit = 1u << 20;  ///< bytes of a body that redact rules may look into
  std::size_t queue_budget = 16u << 20;  ///< bytes waiting for the log's writer before peers pause
};

/// Everything `serve` can be told, with its default. A plain aggregate: command line, environment
/// and file all end here.
struct Options {
  std::vector<std::string> listen;  ///< ADDR:PORT; empty: 127.0.0.1:8888 and [::1]:8888
  std::string db;                   ///< empty: tapedeck.db in the data directory
  std::string session;
  std::string mode = "record";                ///< record | replay | auto | pass
  std::vector<std::string> body_limits;       ///< rules, as parse_body_limits() reads them
  std::vector<std::string> redact;            ///< rules, as storage::RedactRules reads them
  std::vector<std::string> session_listen;    ///< NAME=ADDR:PORT: a listener for each recording
  std::vector<std::string> match;             ///< rules: what counts beyond the default key
  std::vector<std::string> ignore;            ///< rules: what does not count
  std::string exhausted = "repeat";           ///< repeat | miss
  std::vector<std::string> faults;            ///< rules, as Faults::parse() reads them
  std::string pace = "none";                  ///< none | recorded | Nx, as parse_pace() reads it
  std::string record = "all";                 ///< all | heads | none
  std::string commit = "batched";             ///< batched | strict
  std::string on_storage_failure = "refuse";  ///< refuse | pass
  std::vector<std::string> retain;            ///< rules, as parse_retention() reads them
  std::string reverse;                        ///< URL; empty: forward proxy only
  std::vector<std::string> gateway;           ///< ADDR:PORT
  std::string admin;                      ///< ADDR:PORT | unix:PATH | off; empty: beside the log
  std::vector<std::string> client_certs;  ///< HOST=FILE[,KEYFILE]
  std::string upstream_ca;                ///< PEM file added to the system store
  std::vector<std::string> upstream_proxies;  ///< [HOST=]URL, as Detours::parse() reads them
  std::vector<std::string> resolve;           ///< HOST:PORT:ADDR, likewise
  std::vector<std::string> deny_upstream;     ///< words of AddressSet; empty: link-local
  std::vector<std::string> allow_clients;     ///< words of AddressSet
  std::string proxy_auth;                     ///< file of users; empty: nobody is asked
  std::vector<std::string> intercept;         ///< host patterns; empty: all
  std::vector<std::string> passthrough;       ///< host patterns; stronger than intercept
  std::string auto_passthrough = "off";       ///< on | off
  std::vector<std::string> insecure_hosts;    ///< host patterns whose certificates are not verified
  std::string blocked_ports = "25";           ///< "25,465" or "none"
  std::string ca_dir;                         ///< empty: ca/ in the data directory
  std::vector<std::string> log_level;         ///< [component=]level
  std::string log_format = "text";            ///< text | json
  std::string command;                        ///< what `tapedeck run` runs, for session.command
  unsigned threads = 0;                       ///< 0: one a core, at most four
  Limits limits;
};

}  // namespace tapedeck::config
