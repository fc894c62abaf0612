#include <algorithm>
#include <iostream>
#include <map>
#include <memory>

#include "client/error.hpp"
#include "daemon/cli/command.hpp"
#include "daemon/cli/fetch/form.hpp"
#include "daemon/cli/fetch/job.hpp"
#include "daemon/cli/fetch/output.hpp"
#include "daemon/cli/fetch/trace_printer.hpp"
#include "daemon/version.hpp"

namespace tapedeck::fetch {
namespace {

/// Origins whose connections are kept open at once.
constexpr std::size_t kMaxConnections = 32;

/// Fields that prove who is asking: for the origin they were given for, and no other.
constexpr std::string_view kCredentials[] = {"authorization", "cookie", "proxy-authorization"};

/// One request as it stands: a redirect changes it.
struct Asked {
  http::Url url;
  std::string method;
  http::Fields headers;
  bool with_body = false;
};

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/// As people type them: without a scheme, with a fragment.
Result<http::Url> parse(std::string_view text) {
  text = text.substr(0, text.find('#'));
  const bool bare = text.find("://") == std::string_view::npos;
  return http::parse_url(bare ? "http://" + std::string(text) : std::string(text));
}

class Fetcher {
 public:
  explicit Fetcher(Job& job) : job_(job), stdout_(Output::to_stdout()), first_headers_(headers()) {
    if (job_.trace) {
      const auto printer = std::make_shared<TracePrinter>();
      job_.options.trace = [printer](const client::TraceEvent& event) { (*printer)(event); };
    }
  }

  int run() {
    int status = cli::kDone;
    for (std::size_t i = 0; i < job_.urls.size(); ++i) {
      auto done = i < job_.output_files.size() ? fetch_to_file(job_.urls[i], job_.output_files[i])
                                               : fetch(job_.urls[i], stdout_);
      if (done) continue;
      (void)stdout_.flush();
      status = std::max(status, explain(std::move(done).error()));
    }
    if (auto flushed = stdout_.flush(); !flushed) status = cli::complain(flushed.error());
    return status;
  }

 private:
  Result<void> fetch_to_file(const std::string& url, const std::string& path) {
    auto file = Output::to_file(path);
    if (!file) return std::move(file).error();
    auto done = fetch(url, *file);
    auto flushed = file->flush();
    return done ? std::move(flushed) : std::move(done);
  }

  static int explain(Failure failure) {
    if (failure.code == Condition::untrusted_peer) {
      failure.detail += "; see --cacert and --insecure";
    }
    if (failure.code == http::Error::userinfo_in_target)
      failure.detail = "use --user NAME:PASSWORD";
    return cli::complain(failure);
  }

  Result<void> fetch(const std::string& text, Output& output) {
    auto url = parse(text);
    if (!url) {
      Failure failure = std::move(url).error();
      failure.stage = Stage::request;
      failure.detail += " in " + text;
      return failure;
    }
    Asked asked{
        .url = *std::move(url), .method = method(), .headers = first_headers_, .with_body = true};
    const http::Origin first = asked.url.origin();
    for (unsigned redirects = 0;; ++redirects) {
      auto response = exchange(asked);
      if (!response) return std::move(response).error();
      const auto location = response->headers().get("location");
      if (!job_.follow || !is_redirect(response->status()) || !location) {
        return write(asked, *response, output);
      }
      if (redirects == job_.max_redirects) {
        return refuse("more than " + std::to_string(redirects) + " redirects, the last to " +
                      std::string(*location));
      }
      if (auto ok = redirect(asked, response->status(), *location, first); !ok) return ok;
    }
  }

  static Failure refuse(std::string detail) {
    return {std::make_error_code(std::errc::invalid_argument), Stage::route, Blame::remote,
            std::move(detail)};
  }

  /// RFC 9110 section 15.4.
  static Result<void> redirect(Asked& asked, int status, std::string_view location,
                               const http::Origin& first) {
    auto next = http::resolve(asked.url, location);
    if (!next) {
      return refuse("redirected to " + std::string(location) + ", which is no http or https URL");
    }
    asked.url = *std::move(next);
    const bool becomes_get = (status == 303 && asked.method != "HEAD") ||
                             ((status == 301 || status == 302) && asked.method == "POST");
    if (becomes_get) {
      asked.method = "GET";
      asked.with_body = false;
      asked.headers.remove("content-type");
      asked.headers.remove("content-length");
    }
    // A Host given by hand was meant for the first origin, as credentials were.
    if (asked.url.origin() != first) {
      asked.headers.remove("host");
      for (const std::string_view name : kCredentials) asked.headers.remove(name);
    }
    return {};
  }

  std::string method() const {
    if (!job_.method.empty()) return job_.method;
    return job_.data || !job_.form.empty() ? "POST" : "GET";
  }

  http::Fields headers() const {
    http::Fields fields;
    const auto add = [&](std::string_view name, std::string_view value) {
      if (job_.headers.contains(name)) return;
      for (const std::string& removed : job_.removed_headers) {
        if (http::to_lower(removed) == http::to_lower(name)) return;
      }
      fields.add(name, value);
    };
    add("User-Agent", "tapedeck/" + std::string(kVersion));
    add("Accept", "*/*");
    if (job_.compressed) add("Accept-Encoding", "gzip, deflate, br, zstd");
    if (job_.data && !job_.data_type.empty()) add("Content-Type", job_.data_type);
    for (const auto& [name, value] : job_.headers) fields.add(name, value);
    return fields;
  }

  /// Null when the request has none.
  Result<client::Body> body(Asked& asked) const {
    client::Body body;
    if (asked.with_body && job_.data) body = client::Body(*job_.data);
    if (asked.with_body && !job_.form.empty()) {
      auto made = multipart(job_.form);
      if (!made) return std::move(made).error();
      if (!job_.headers.contains("content-type")) {
        asked.headers.set("Content-Type", made->content_type);
      }
      body = std::move(made->body);
    }
    if (job_.chunked && !body.empty()) body = std::move(body).chunked();
    return body;
  }

  Result<client::BlockingResponse> exchange(Asked& asked) {
    auto connection = connection_to(asked.url);
    if (!connection) return std::move(connection).error();
    auto content = body(asked);
    if (!content) return std::move(content).error();
    client::BlockingConnection& to = **connection;
    const bool encoding = asked.headers.contains("accept-encoding");
    if (auto sent = to.request(asked.method, asked.url.origin_form(), *std::move(content),
                               asked.headers, {.host = true, .accept_encoding = encoding});
        !sent) {
      return std::move(sent).error();
    }
    return to.get_response();
  }

  Result<client::BlockingConnection*> connection_to(const http::Url& url) {
    const std::string origin = url.origin().to_string();
    if (const auto kept = connections_.find(origin); kept != connections_.end()) {
      return &kept->second;
    }
    if (connections_.size() >= kMaxConnections) connections_.clear();
    client::Options options = job_.options;
    for (const auto& [from, to] : job_.connect_to) {
      if (!from.host.empty() && http::to_lower(from.host) != url.origin().host) continue;
      if (from.port && *from.port != url.port()) continue;
      options.connect_to = http::Authority{to.host.empty() ? url.authority.host : to.host,
                                           to.port ? to.port : url.port(), to.ipv6_literal};
      break;
    }
    if (url.scheme == "https") {
      if (!tls_) {
        auto context = net::TlsContext::create(job_.tls);
        if (!context) return std::move(context).error();
        tls_ = *std::move(context);
      }
      options.tls = tls_;
    }
    auto made = client::BlockingConnection::to(origin, std::move(options));
    if (!made) return std::move(made).error();
    if (url.scheme == "https" && !job_.tls.verify) {
      std::cerr
          << "tapedeck: tls: certificates are NOT verified (--insecure): anyone may answer as "
          << cli::harmless(origin) << '\n';
    }
    return &connections_.emplace(origin, *std::move(made)).first->second;
  }

  Result<void> write(const Asked& asked, client::BlockingResponse& response, Output& output) const {
    if (job_.fail_on_error && response.status() >= 400) {
      return Failure{std::make_error_code(std::errc::invalid_argument), Stage::receive,
                     Blame::remote,
                     asked.url.to_string() + " answered " + std::to_string(response.status()) +
                         " " + response.reason()};
    }
    if (job_.compressed) {
      if (auto ok = response.decode_content(); !ok) return ok;
    }
    return job_.as_json ? write_json(asked, response, output) : write_plain(response, output);
  }

  Result<void> write_plain(client::BlockingResponse& response, Output& output) const {
    if (job_.include_head) {
      if (auto ok = output.write(head_text(response)); !ok) return ok;
    }
    return each_piece(response, [&](std::string_view piece) { return output.write(piece); });
  }

  static Result<void> write_json(const Asked& asked, client::BlockingResponse& response,
                                 Output& output) {
    JsonResponse json(output);
    if (auto ok = json.begin(response, asked.url.to_string()); !ok) return ok;
    auto done = each_piece(response, [&](std::string_view piece) { return json.body(piece); });
    auto ended = json.end(response, done ? nullptr : &done.error());
    return done ? std::move(ended) : std::move(done);
  }

  template <class Write>
  static Result<void> each_piece(client::BlockingResponse& response, Write write) {
    while (true) {
      auto piece = response.read_some();
      if (!piece) return std::move(piece).error();
      if (piece->empty()) return {};
      if (auto ok = write(*piece); !ok) return ok;
    }
  }

  Job& job_;
  Output stdout_;
  const http::Fields first_headers_;  ///< before any redirect
  std::shared_ptr<net::TlsContext> tls_;
  std::map<std::string, client::BlockingConnection> connections_;
};

}  // namespace

int run(Job& job) { return Fetcher(job).run(); }

}  // namespace tapedeck::fetch
