#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "client/http/message.hpp"
#include "client/options.hpp"

namespace tapedeck::fetch {

/// One part of a multipart/form-data body (RFC 7578).
struct FormPart {
  std::string name;
  std::string value;         ///< the text, or the path of a file
  bool from_file = false;    ///< `value` is a path whose bytes are the part's
  std::string file_name;     ///< empty: the part has none
  std::string content_type;  ///< empty: the part has none
};

/// Connect to `to` in place of `from` (curl's --connect-to); an empty host or a missing port in
/// `from` means any, in `to` the same as in the URL.
struct ConnectTo {
  http::Authority from;
  http::Authority to;
};

/// What a command line of `tapedeck fetch` asks for.
struct Job {
  std::vector<std::string> urls;
  std::vector<std::string> output_files;  ///< for the URLs in turn; the others go to stdout

  std::string method;                        ///< empty: what the body calls for
  http::Fields headers;                      ///< given with -H
  std::vector<std::string> removed_headers;  ///< `-H 'Name:'`
  std::optional<std::string> data;           ///< -d, --data-binary or --json, joined
  std::string data_type;                     ///< its Content-Type
  std::vector<FormPart> form;
  bool chunked = false;
  bool compressed = false;

  bool follow = false;
  unsigned max_redirects = 50;
  bool fail_on_error = false;
  bool include_head = false;
  bool as_json = false;
  bool trace = false;

  client::Options options;  ///< but for what differs from URL to URL, and TLS
  net::TlsOptions tls;      ///< loaded when the first https URL comes
  std::vector<ConnectTo> connect_to;
};

/// Runs it; says what went wrong on stderr. Returns the exit status: 1 when anything failed, or a
/// status of 400 and up came with fail_on_error.
int run(Job& job);

}  // namespace tapedeck::fetch
