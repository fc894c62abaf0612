#include "daemon/inspect/admin_session.hpp"

#include <openssl/crypto.h>
#include <optional>

#include <asio/error.hpp>
#include <asio/post.hpp>
#include <asio/redirect_error.hpp>
#include <asio/write.hpp>
#include <nlohmann/json.hpp>

#include "client/net/one_shot.hpp"
#include "daemon/answer.hpp"
#include "daemon/inspect/report.hpp"
#include "daemon/route/same_site.hpp"
#include "storage/keep/chores.hpp"

namespace tapedeck {
namespace {

using EventKind = http::Connection::EventKind;

constexpr std::size_t kRead = 4 * 1024;
/// Of a chore's arguments.
constexpr std::size_t kMaxBody = 64 * 1024;
constexpr std::chrono::milliseconds kPatience{10'000};

struct Reply {
  int status = 200;
  std::string type = "application/json";
  std::string body = {};
};

Reply refusal(int status, const std::string& sentence) {
  return {status, "application/json", nlohmann::json{{"error", sentence}}.dump()};
}

/// Waits for a chore; the answer is posted from the writer's thread.
class ChoreWait {
 public:
  explicit ChoreWait(net::Executor executor)
      : executor_(executor), ended_(std::make_shared<net::OneShot<std::string>>()) {}
  std::function<void(std::string)> callback() {
    return [executor = executor_, ended = ended_](std::string error) {
      asio::post(executor, [ended, error = std::move(error)] { ended->deliver(error); });
    };
  }
  net::Awaitable<std::string> take() { return ended_->take(); }

 private:
  net::Executor executor_;
  std::shared_ptr<net::OneShot<std::string>> ended_;
};

class AdminSession {
 public:
  AdminSession(Worker& worker, Admin::Socket socket, std::string token, const Reload& reload)
      : worker_(worker),
        reload_(reload),
        socket_(std::move(socket)),
        token_(std::move(token)),
        http_(http::Role::server, worker.settings->http_limits),
        deadline_(worker.watchdog, [this] {
          std::error_code ignored;
          socket_.cancel(ignored);
        }) {}

  net::Awaitable<void> run() {
    deadline_.arm(kPatience);
    std::optional<Reply> reply = co_await read();
    deadline_.disarm();
    if (!reply) {
      const http::RequestHead& head = http_.request();
      if (const auto chore = chore_asked(head)) {
        reply = co_await perform(*chore);
      } else {
        reply = answer(head);
      }
    }
    deadline_.arm(kPatience);
    co_await send(*reply);
    deadline_.disarm();
  }

 private:
  /// A reply when there is nothing else to do.
  net::Awaitable<std::optional<Reply>> read() {
    while (true) {
      auto event = http_.next_event();
      if (!event) co_return refusal(400, event.error().to_string());
      if (event->kind == EventKind::end_of_message) co_return check(http_.request());
      if (event->kind == EventKind::closed) co_return Reply{0};
      if (event->kind == EventKind::data) {
        body_ += event->data;
        if (body_.size() > kMaxBody) co_return refusal(413, "too many arguments");
      }
      if (event->kind != EventKind::need_data) continue;
      const auto room = http_.prepare(kRead);
      std::error_code error;
      const std::size_t size = co_await socket_.async_read_some(
          asio::buffer(room.data(), room.size()), asio::redirect_error(net::kUseAwaitable, error));
      http_.commit(size);
      if (error == asio::error::eof) http_.commit_eof();
      if (error && error != asio::error::eof) co_return Reply{0};
    }
  }

  std::optional<Reply> check(const http::RequestHead& head) const {
    if (token_.empty()) return std::nullopt;
    if (auto ok = check_same_site(head); !ok) return refusal(403, ok.error().detail);
    if (head.method == "GET") return std::nullopt;
    const std::string given(head.fields.get("Authorization").value_or(""));
    const std::string wanted = "Bearer " + token_;
    if (given.size() == wanted.size() &&
        CRYPTO_memcmp(given.data(), wanted.data(), wanted.size()) == 0) {
      return std::nullopt;
    }
    return refusal(401, "Authorization: Bearer and the token in LOG.token are needed");
  }

  static std::optional<std::string> chore_asked(const http::RequestHead& head) {
    constexpr std::string_view kPrefix = "/chore/";
    if (head.method != "POST" || !head.target.starts_with(kPrefix)) return std::nullopt;
    return head.target.substr(kPrefix.size());
  }

  Reply answer(const http::RequestHead& head) const {
    if (head.target == "/reload") {
      return head.method == "POST" ? reload() : refusal(405, "POST alone");
    }
    const bool known = head.target == "/status" || head.target == "/metrics";
    if (!known) {
      return refusal(404, "GET /status, GET /metrics, POST /reload and POST /chore/NAME are known");
    }
    if (head.method != "GET") return refusal(405, "GET alone");
    if (head.target == "/status") {
      return {200, "application/json", inspect::status_json(worker_)};
    }
    return {200, "application/openmetrics-text; version=1.0.0; charset=utf-8",
            inspect::metrics_text(worker_)};
  }

  Reply reload() const {
    const auto reloaded = reload_();
    if (!reloaded) return refusal(409, reloaded.error().detail);
    Reply done;
    done.body =
        nlohmann::json{{"changed", reloaded->changed}, {"need_restart", reloaded->need_restart}}
            .dump();
    return done;
  }

  net::Awaitable<Reply> perform(const std::string& name) {
    storage::Recorder* const recorder = worker_.services.recorder;
    if (recorder == nullptr) co_return refusal(409, "this daemon writes no log");
    auto made = storage::make_chore(name, body_);
    if (!made) co_return refusal(400, made.error().detail);
    const std::shared_ptr<storage::Chore> chore = *std::move(made);
    ChoreWait wait(worker_.context.get_executor());
    recorder->perform(chore, wait.callback());
    const std::string error = co_await wait.take();
    if (!error.empty()) co_return refusal(500, error);
    Reply done;
    done.body = chore->result();
    co_return done;
  }

  net::Awaitable<void> send(const Reply& reply) {
    if (reply.status == 0) co_return;
    http::ResponseHead head;
    head.status = reply.status;
    head.reason = http::status_phrase(reply.status);
    head.fields.add("Date", http_date());
    head.fields.add("Content-Type", reply.type);
    head.fields.add("X-Content-Type-Options", "nosniff");
    head.fields.add("Cache-Control", "no-store");
    head.fields.add("Connection", "close");
    std::string out;
    if (!http_.send_response(head, http::Framing::of_length(reply.body.size()), out)) co_return;
    if (http_.request().method != "HEAD") {
      if (!http_.send_data(reply.body.size())) co_return;
      out += reply.body;
    }
    std::error_code ignored;
    co_await asio::async_write(socket_, asio::buffer(out),
                               asio::redirect_error(net::kUseAwaitable, ignored));
    socket_.shutdown(Admin::Socket::shutdown_send, ignored);
  }

  Worker& worker_;
  const Reload& reload_;
  Admin::Socket socket_;
  const std::string token_;
  http::Connection http_;
  net::Deadline deadline_;
  std::string body_;
};

}  // namespace

net::Awaitable<void> serve_admin(Worker& worker, Admin::Socket socket, std::string token,
                                 const Reload& reload) {
  AdminSession session(worker, std::move(socket), std::move(token), reload);
  co_await session.run();
}

}  // namespace tapedeck
