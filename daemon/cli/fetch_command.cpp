#include <cmath>
#include <fstream>
#include <iostream>
#include <iterator>

#include "daemon/cli/command.hpp"
#include "daemon/cli/fetch/form.hpp"
#include "daemon/cli/fetch/job.hpp"

namespace tapedeck::cli {
namespace {

/// The command line as CLI11 hands it over, before it is understood.
struct Given {
  std::vector<std::string> headers;
  std::vector<std::string> data;
  std::vector<std::string> raw_data;
  std::vector<std::string> json;
  std::vector<std::string> form;
  std::vector<std::string> connect_to;
  std::string user;
  std::string cacert;
  std::string capath;
  std::string crlfile;
  std::string proxy;
  std::string as;
  double timeout = 0;
  double connect_timeout = 0;
  bool http10 = false;
  bool head = false;
  fetch::Job job;
};

Failure wrong(std::string detail) {
  return {std::make_error_code(std::errc::invalid_argument), Stage::configure, Blame::local,
          std::move(detail)};
}

Result<std::string> read_all(const std::string& path) {
  if (path == "-") return std::string(std::istreambuf_iterator<char>(std::cin), {});
  std::ifstream file(path, std::ios::binary);
  std::string text;
  if (file) text.assign(std::istreambuf_iterator<char>(file), {});
  if (!file || file.bad()) return wrong("cannot read " + path);
  return text;
}

/// `@FILE` and `@-` are what they name; -d drops the line ends of a file, as curl does.
Result<std::string> data_of(const std::string& argument, bool strip) {
  if (!argument.starts_with('@')) return argument;
  auto text = read_all(argument.substr(1));
  if (text && strip) {
    std::erase_if(*text, [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
  }
  return text;
}

Result<void> add_data(fetch::Job& job, const std::vector<std::string>& arguments, bool strip,
                      std::string_view between) {
  for (const std::string& argument : arguments) {
    auto text = data_of(argument, strip);
    if (!text) return std::move(text).error();
    job.data = job.data ? job.data->append(between).append(*text) : *std::move(text);
  }
  return {};
}

Result<void> read_body(Given& given) {
  fetch::Job& job = given.job;
  const int kinds = (given.data.empty() && given.raw_data.empty() ? 0 : 1) +
                    (given.json.empty() ? 0 : 1) + (given.form.empty() ? 0 : 1);
  if (kinds > 1) return wrong("only one of --data, --json and --form makes the body");
  if (auto ok = add_data(job, given.data, true, "&"); !ok) return ok;
  if (auto ok = add_data(job, given.raw_data, false, "&"); !ok) return ok;
  if (job.data) job.data_type = "application/x-www-form-urlencoded";
  if (auto ok = add_data(job, given.json, false, ""); !ok) return ok;
  if (!given.json.empty()) {
    job.data_type = "application/json";
    if (!job.headers.contains("accept")) job.headers.add("Accept", "application/json");
  }
  for (const std::string& argument : given.form) {
    auto part = fetch::parse_form_part(argument);
    if (!part) return std::move(part).error();
    job.form.push_back(*std::move(part));
  }
  return {};
}

/// "Name: value"; "Name:" takes a default one away, "Name;" sends it empty.
Result<void> read_headers(Given& given) {
  for (const std::string& line : given.headers) {
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos) {
      if (!line.ends_with(';'))
        return wrong("--header: expected 'Name: value', not '" + line + "'");
      given.job.headers.add(line.substr(0, line.size() - 1), "");
      continue;
    }
    const std::string name = line.substr(0, colon);
    const std::size_t value = line.find_first_not_of(" \t", colon + 1);
    if (value == std::string::npos) {
      given.job.removed_headers.push_back(name);
    } else {
      given.job.headers.add(name, line.substr(value));
    }
  }
  if (!given.user.empty()) {
    const std::size_t colon = given.user.find(':');
    if (colon == std::string::npos) return wrong("--user: expected NAME:PASSWORD");
    given.job.headers.set("Authorization", client::basic_credentials(given.user.substr(0, colon),
                                                                     given.user.substr(colon + 1)));
  }
  return {};
}

/// HOST1:PORT1:HOST2:PORT2; hosts may be IPv6 literals in brackets.
Result<fetch::ConnectTo> read_connect_to(const std::string& text) {
  std::vector<std::string> parts(1);
  bool bracketed = false;
  for (const char c : text) {
    if (c == '[' || c == ']') bracketed = c == '[';
    if (c == ':' && !bracketed) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  const auto refuse = [&] {
    return wrong("--connect-to: expected HOST1:PORT1:HOST2:PORT2, not '" + text + "'");
  };
  if (parts.size() != 4) return refuse();
  const auto read = [](const std::string& host,
                       const std::string& port) -> Result<http::Authority> {
    if (host.empty() && port.empty()) return http::Authority{};
    auto authority = http::parse_authority((host.empty() ? "any" : host) + ":" + port);
    if (authority && host.empty()) authority->host.clear();
    return authority;
  };
  auto from = read(parts[0], parts[1]);
  auto to = read(parts[2], parts[3]);
  if (!from || !to) return refuse();
  return fetch::ConnectTo{*std::move(from), *std::move(to)};
}

Result<void> read_tls(Given& given) {
  net::TlsOptions& tls = given.job.tls;
  // As with curl: a CA that is named is the only one trusted.
  tls.system_roots = given.cacert.empty() && given.capath.empty();
  if (!given.cacert.empty()) tls.ca_files.push_back(given.cacert);
  if (!given.capath.empty()) tls.ca_directories.push_back(given.capath);
  if (!given.crlfile.empty()) tls.crl_files.push_back(given.crlfile);
  if (tls.certificate_file.empty() && !tls.key_file.empty()) return wrong("--key needs --cert");
  return {};
}

Result<void> read_options(Given& given) {
  client::Options& options = given.job.options;
  if (given.timeout > 0) {
    const std::chrono::milliseconds time(std::llround(given.timeout * 1000));
    options.timeouts = client::Timeouts::each(time);
    options.timeouts.total = time;
  }
  if (given.connect_timeout > 0) {
    const std::chrono::milliseconds time(std::llround(given.connect_timeout * 1000));
    options.timeouts.resolve = options.timeouts.connect = options.timeouts.tls = time;
  }
  if (given.http10) options.version = http::kHttp10;
  if (!given.proxy.empty()) {
    auto proxy = client::Proxy::parse(given.proxy);
    if (!proxy) return wrong("--proxy: " + proxy.error().detail);
    options.proxy = *std::move(proxy);
  }
  for (const std::string& text : given.connect_to) {
    auto rule = read_connect_to(text);
    if (!rule) return std::move(rule).error();
    given.job.connect_to.push_back(*std::move(rule));
  }
  return {};
}

int fetch_as(Given& given) {
  given.job.as_json = given.as == "json";
  if (given.head) given.job.method = "HEAD", given.job.include_head = true;
  for (const auto step : {read_headers, read_body, read_options, read_tls}) {
    if (auto ok = step(given); !ok) return complain(ok.error());
  }
  return fetch::run(given.job);
}

}  // namespace

void add_fetch(CLI::App& app, const Common& /*common*/, Chosen& chosen) {
  CLI::App* const fetch =
      app.add_subcommand("fetch", "send requests, without the proxy or the log");
  fetch->footer(
      "Examples:\n"
      "  tapedeck fetch https://example.com/\n"
      "  tapedeck fetch --json '{\"name\":\"ada\"}' -i https://api.example.com/v1/people\n"
      "  tapedeck fetch --trace --cacert ca.pem https://localhost:8443/\n"
      "Options mean what curl's of the same name mean. Exit status: 0 for any answer received\n"
      "whole (with --fail, below 400); 1 when one was refused, malformed or cut; 2 for wrong "
      "usage.");
  const auto given = std::make_shared<Given>();
  fetch::Job& job = given->job;
  const auto text = [&](const char* flags, std::string& into, const char* value, const char* help) {
    fetch->add_option(flags, into, help)->type_name(value);
  };
  const auto texts = [&](const char* flags, std::vector<std::string>& into, const char* value,
                         const char* help) {
    fetch->add_option(flags, into, help)->type_name(value)->expected(1)->take_all();
  };
  fetch->add_option("url", job.urls, "what to fetch, in turn; one connection to each origin")
      ->required()
      ->type_name("URL...");
  text("-X,--request", job.method, "METHOD",
       "the method (default: GET; POST when there is a body)");
  texts("-H,--header", given->headers, "'NAME: VALUE'",
        "a header; 'NAME:' leaves a default one out");
  texts("-d,--data", given->data, "DATA|@FILE|@-",
        "a body of form type; line ends of files are dropped");
  texts("--data-binary", given->raw_data, "DATA|@FILE|@-", "the same, byte for byte");
  texts("--json", given->json, "JSON|@FILE|@-", "a JSON body, with Content-Type and Accept");
  texts("-F,--form", given->form, "NAME=VALUE",
        "a part of a multipart form; NAME=@FILE uploads, NAME=<FILE reads the value");
  fetch->add_flag("--chunked", job.chunked, "send the body in chunks");
  fetch->add_flag("-I,--head", given->head, "ask for the head alone (HEAD), and show it");
  fetch->add_flag("-i,--include", job.include_head, "write the response's head too");
  texts("-o,--output", job.output_files, "FILE", "write there; one for each URL, in turn");
  fetch->add_flag("-L,--location", job.follow, "follow redirects");
  fetch->add_option("--max-redirs", job.max_redirects, "how many (default: 50)")->type_name("N");
  fetch->add_option("--as", given->as, "json: one object for each URL, the body in base64")
      ->type_name("json")
      ->check(CLI::IsMember({"json"}).description(""));
  fetch->add_flag("-f,--fail", job.fail_on_error, "a status of 400 or more is a failure");
  fetch->add_flag("--compressed", job.compressed, "ask for a compressed response and decode it");
  text("-u,--user", given->user, "NAME:PASSWORD", "send Basic credentials");
  text("--cacert", given->cacert, "FILE", "the only CA certificates to trust (PEM)");
  text("--capath", given->capath, "DIR", "the same, as a hashed directory");
  text("--crlfile", given->crlfile, "FILE", "revocation lists (PEM)");
  fetch->add_flag_callback(
      "-k,--insecure", [given] { given->job.tls.verify = false; },
      "take any certificate from anyone");
  text("-E,--cert", job.tls.certificate_file, "FILE", "our certificate (PEM)");
  text("--key", job.tls.key_file, "FILE", "its key (default: in the same file)");
  text("--pass", job.tls.key_password, "PHRASE", "the key's password");
  texts("--connect-to", given->connect_to, "H1:P1:H2:P2",
        "connect to H2:P2 for H1:P1; the certificate is still H1's");
  text("-x,--proxy", given->proxy, "URL",
       "go through this HTTP proxy (http://[user:pass@]host:port)");
  fetch->add_option("-m,--timeout,--max-time", given->timeout, "for each URL, in all")
      ->type_name("SECONDS")
      ->check(CLI::PositiveNumber.description(""));
  fetch->add_option("--connect-timeout", given->connect_timeout, "for each step of connecting")
      ->type_name("SECONDS")
      ->check(CLI::PositiveNumber.description(""));
  fetch->add_flag("--http1.0", given->http10, "speak HTTP/1.0");
  fetch->add_flag("--trace", job.trace, "show each line sent and received on stderr, with timings");
  fetch->callback([given, &chosen] { chosen = [given] { return fetch_as(*given); }; });
}

}  // namespace tapedeck::cli
