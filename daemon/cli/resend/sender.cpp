#include "daemon/cli/resend/sender.hpp"

#include <chrono>
#include <future>

#include "daemon/cli/compare/decoded_content.hpp"
#include "daemon/exchange.hpp"
#include "daemon/hex.hpp"

namespace tapedeck::resend {
namespace {

using Clock = std::chrono::steady_clock;

/// Origins whose connections are kept open at once.
constexpr std::size_t kMaxConnections = 64;

std::int64_t microseconds_since(Clock::time_point start) {
  return std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - start).count();
}

client::Options options_of(const config::Limits& limits) {
  client::Options options;
  options.timeouts.resolve = limits.resolve_timeout;
  options.timeouts.connect = limits.connect_timeout;
  options.timeouts.tls = limits.tls_timeout;
  options.timeouts.send = limits.body_idle_timeout;
  options.timeouts.head = limits.first_byte_timeout;
  options.timeouts.body = limits.body_idle_timeout;
  return options;
}

/// Memory is bounded: while the log's writer is behind, nothing more is read.
void wait_uncongested(storage::Recorder& recorder) {
  if (!recorder.congested()) return;
  const auto resumed = std::make_shared<std::promise<void>>();
  recorder.when_uncongested([resumed] { resumed->set_value(); });
  resumed->get_future().wait();
}

/// What the connection was and, where this request opened it, what that took of `sending_us`.
void describe(const client::Opening& opening, std::int64_t sending_us, storage::Exchange& row) {
  row.upstream_address = opening.address;
  row.upstream_reused = opening.reused;
  row.timings.send_us = sending_us;
  if (!opening.reused) {
    row.timings.dns_us = opening.dns_us;
    row.timings.connect_us = opening.connect_us;
    row.timings.tls_us = opening.tls_us;
    const std::int64_t opened =
        opening.dns_us.value_or(0) + opening.connect_us + opening.tls_us.value_or(0);
    row.timings.send_us = std::max<std::int64_t>(0, sending_us - opened);
  }
  if (!opening.tls) return;
  row.tls_version = opening.tls->version;
  row.tls_cipher = opening.tls->cipher;
  row.peer_cert_sha256 = hex(opening.tls->peer_certificate);
  if (!opening.tls->verified) {
    row.error_detail = "insecure: the server's certificate was not verified";
  }
}

}  // namespace

Sender::Sender(const Job& job, const Trust& trust, storage::Database& log,
               storage::Recorder* recorder)
    : job_(job), trust_(trust), log_(log), recorder_(recorder) {}

std::optional<Resent> Sender::send(std::int64_t id) {
  auto before = cli::read_answer(log_, id);
  const auto request = read_request(log_, id, job_);
  if (!before || !request) return std::nullopt;
  Resent resent;
  resent.before = *std::move(before);
  resent.url = request->url.to_string();
  if (recorder_ != nullptr) wait_uncongested(*recorder_);
  storage::Recording recording = begin(id, *request);
  storage::Exchange unrecorded;
  storage::Exchange& row = recording.active() ? recording.row() : unrecorded;
  const auto start = Clock::now();
  const auto done = exchange(*request, recording, row, resent.after);
  resent.total_us = microseconds_since(start);
  row.timings.total_us = resent.total_us;
  row.state = done ? storage::State::complete : storage::State::failed;
  if (!done) {
    set_failure(row, done.error());
    resent.after.failure = row.error_code;
    resent.failure = done.error().to_string();
  }
  if (recording.active()) recording.finish();
  const auto scope = job_.rules.scope(resent.before.host, resent.before.path);
  resent.comparison = storage::compare(resent.before.response, resent.after, scope);
  return resent;
}

Result<client::BlockingConnection*> Sender::connection_to(const http::Url& url) {
  const http::Origin to = url.origin();
  const std::string origin = to.to_string();
  if (const auto kept = connections_.find(origin); kept != connections_.end()) {
    return &kept->second;
  }
  if (connections_.size() >= kMaxConnections) connections_.clear();
  client::Options options = options_of(job_.options.limits);
  if (to.scheme == "https") options.tls = trust_.context_for(to.host, to.port);
  auto made = client::BlockingConnection::to(origin, std::move(options));
  if (!made) return std::move(made).error();
  return &connections_.emplace(origin, *std::move(made)).first->second;
}

storage::Recording Sender::begin(std::int64_t id, const Request& request) {
  if (recorder_ == nullptr) return {};
  storage::Recording recording = recorder_->begin();
  storage::Exchange& row = recording.row();
  row.started_at = cli::now_us();
  row.mode = storage::Mode::fetch;
  row.method = request.method;
  row.scheme = request.url.scheme;
  row.host = request.url.origin().host;
  row.port = request.url.port();
  row.path = request.url.path;
  row.query = request.url.query;
  row.request_version = http::to_string(http::kHttp11);
  row.request_headers = request.headers;
  row.replay_of = id;
  return recording;
}

Result<void> Sender::exchange(const Request& request, storage::Recording& recording,
                              storage::Exchange& row, storage::ComparedResponse& after) {
  auto found = connection_to(request.url);
  if (!found) return std::move(found).error();
  client::BlockingConnection& connection = **found;
  auto body = body_of(log_, request, [&recording](std::span<const char> piece) {
    if (recording.active()) recording.request_body(piece);
  });
  auto start = Clock::now();
  auto sent = connection.request(request.method, request.url.origin_form(), std::move(body),
                                 request.headers, {.host = false, .accept_encoding = false});
  const std::int64_t sending_us = microseconds_since(start);
  start = Clock::now();
  auto response = sent ? connection.get_response() : std::move(sent).error();
  if (const client::Opening* const opening = connection.opening()) {
    describe(*opening, sending_us, row);
  }
  if (!response) return std::move(response).error();
  row.timings.wait_us = microseconds_since(start);
  return receive(*response, recording, row, after);
}

Result<void> Sender::receive(client::BlockingResponse& response, storage::Recording& recording,
                             storage::Exchange& row, storage::ComparedResponse& after) {
  row.status = after.status = response.status();
  row.reason = after.reason = response.reason();
  row.response_version = http::to_string(response.version());
  row.response_headers = after.headers = response.headers();
  cli::DecodedContent content(after.headers);
  const auto head_at = Clock::now();
  while (true) {
    auto piece = response.read_some();
    if (!piece) return std::move(piece).error();
    if (piece->empty()) break;
    if (recording.active()) {
      recording.response_arrived(microseconds_since(head_at));
      recording.response_body(*piece);
      wait_uncongested(*recorder_);
    }
    content.append(*piece);
  }
  row.timings.receive_us = microseconds_since(head_at);
  row.response_trailers = response.trailers();
  std::move(content).finish(after);
  return {};
}

}  // namespace tapedeck::resend
