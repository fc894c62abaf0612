#include "storage/export/curl_writer.hpp"

#include <algorithm>

#include "client/http/grammar.hpp"
#include "storage/export/shell_word.hpp"
#include "storage/export/target.hpp"
#include "storage/export/timestamp.hpp"
#include "storage/query/log_reader.hpp"

namespace tapedeck::storage {
namespace {

/// A body of text up to this size is an argument; Linux takes none above 128 KiB.
constexpr std::size_t kLongestArgument = 32u << 10;

using http::iequals;

/// "http://host:port" as curl makes its own Host line of.
std::string authority_of(const Exchange& row) {
  Exchange origin;
  origin.scheme = row.scheme;
  origin.host = row.host;
  origin.port = row.port;
  return url_of(origin).substr(row.scheme.size() + 3);
}

/// curl would resolve these away.
bool has_dot_segments(std::string_view path) {
  for (std::size_t at = path.find("/."); at != std::string_view::npos;
       at = path.find("/.", at + 1)) {
    std::string_view segment = path.substr(at + 1);
    segment = segment.substr(0, segment.find('/'));
    if (segment == "." || segment == "..") return true;
  }
  return false;
}

/// A target that curl sends as it stands in the URL.
bool plain_target(const Exchange& row) {
  const auto plain = [](std::string_view text) {
    return std::all_of(text.begin(), text.end(),
                       [](char c) { return c > ' ' && c < 0x7f && c != '#' && c != '\\'; });
  };
  return row.path.starts_with('/') && plain(row.path) &&
         (!row.query || (!row.query->empty() && plain(*row.query)));
}

/// URL and what keeps curl from changing it.
std::string url_options(const Exchange& row) {
  if (!plain_target(row)) {
    const std::string target = row.path + (row.query ? "?" + *row.query : "");
    return " --request-target " + shell_word(target) + " " +
           shell_word(row.scheme + "://" + authority_of(row) + "/");
  }
  const std::string url = url_of(row);
  std::string options;
  if (has_dot_segments(row.path)) options += " --path-as-is";
  if ((row.path + row.query.value_or("")).find_first_of("[]{}") != std::string::npos) {
    options += " --globoff";
  }
  return options + " " + shell_word(url);
}

std::string version_option(const Exchange& row) {
  if (row.request_version == "HTTP/1.0") return " --http1.0";
  // Over TLS curl would offer HTTP/2 as well.
  return row.scheme == "https" && row.request_version == "HTTP/1.1" ? " --http1.1" : "";
}

std::string method_option(const Exchange& row, bool body) {
  // curl must know that the answer to HEAD has no body.
  if (row.method == "HEAD" && !body) return " --head";
  if (row.method == (body ? "POST" : "GET")) return "";
  return " --request " + shell_word(row.method);
}

class HeaderOptions {
 public:
  explicit HeaderOptions(const Exchange& row) : headers_(row.request_headers) {}

  std::string all(const Exchange& row, bool body, bool body_missing) {
    const std::string authority = authority_of(row);
    std::size_t at = 0;
    // curl's own Host line comes first. Where the recorded one does not, or differs in its name,
    // curl's is removed and the recorded one sent as any other line.
    const bool host_first = headers_.size() > 0 && headers_.line(0).name == "Host" &&
                            headers_.count("Host") == 1 && !headers_.line(0).value.empty();
    if (host_first) {
      if (headers_.line(0).value != authority) add(headers_.line(0));
      at = 1;
    } else {
      option("Host:");
    }
    for (const char* name : {"User-Agent", "Accept"}) remove_default(name);
    if (body) remove_default("Content-Type");
    if (body) remove_default("Expect");
    for (; at < headers_.size(); ++at) {
      const auto line = headers_.line(at);
      // Of HTTP/2, in logs made of HARs: curl makes its own.
      if (line.name.starts_with(':')) continue;
      // curl would wait for a body to send, or the server would.
      if (body_missing &&
          (iequals(line.name, "Content-Length") || iequals(line.name, "Transfer-Encoding"))) {
        continue;
      }
      add(line);
    }
    return std::move(options_);
  }

 private:
  void option(std::string_view line) { options_ += " \\\n  -H " + shell_word(line); }
  void remove_default(std::string_view name) {
    if (!headers_.contains(name)) option(std::string(name) + ":");
  }
  void add(const http::Fields::Line& line) {
    // A colon and nothing would remove the line.
    if (http::trim(line.value).empty()) return option(std::string(line.name) + ";");
    option(std::string(line.name).append(": ").append(line.value));
  }

  const http::Fields& headers_;
  std::string options_;
};

/// Why no curl command can send the request; empty when one can.
std::string obstacle(const Exchange& row) {
  if (row.mode == Mode::tunnel) return "a tunnel, whose bytes are not recorded";
  if (row.method.empty()) return "no request: what came could not be read";
  if (row.scheme != "http" && row.scheme != "https") return "no URL of http or https";
  return row.host.empty() ? "no host to send it to" : "";
}

}  // namespace

void CurlWriter::begin() {
  out_("#!/bin/sh\n# Sends recorded requests again. Made by tapedeck.\n");
}

void CurlWriter::write(const LoggedExchange& exchange) {
  const Exchange& row = exchange.row;
  out_("\n# exchange " + std::to_string(exchange.id) + ", " + to_iso8601(row.started_at) + "\n");
  if (const std::string why = obstacle(row); !why.empty()) return out_("# " + why + "\n");
  if (!row.request_trailers.empty()) out_("# without its trailers, which curl cannot send\n");
  write_command(exchange);
}

void CurlWriter::write_command(const LoggedExchange& exchange) {
  const Exchange& row = exchange.row;
  const bool missing = !exchange.request_body && row.request_size > 0;
  if (missing) {
    out_("# without its body of " + std::to_string(row.request_size) + " bytes: not recorded\n");
  }
  const bool body = exchange.request_body.has_value();
  const std::string send_body = body ? body_options(exchange) : "";
  std::string command = "curl" + version_option(row) + method_option(row, body);
  // Has no say in what is sent: the recorded line has.
  if (row.request_headers.contains("Accept-Encoding")) command += " --compressed";
  command += url_options(row);
  command += HeaderOptions(row).all(row, body, missing);
  out_(command + send_body + "\n");
}

std::string CurlWriter::body_options(const LoggedExchange& exchange) {
  std::string text;
  bool fits = true;
  read_body(log_, *exchange.request_body, [&](std::span<const char> piece) {
    text.append(piece.data(), piece.size());
    fits = text.size() <= kLongestArgument && is_script_text(text);
    return fits;
  });
  if (fits) return " \\\n  --data-raw " + shell_word(text);
  pipe_body(*exchange.request_body);
  return " \\\n  --data-binary @-";
}

/// printf is part of the shell: no argument is too long for it.
void CurlWriter::pipe_body(std::int64_t body_id) {
  out_("{\n");
  read_body(log_, body_id, [&](std::span<const char> piece) {
    out_("printf " + printf_format({piece.data(), piece.size()}) + "\n");
    return true;
  });
  out_("} | ");
}

}  // namespace tapedeck::storage
