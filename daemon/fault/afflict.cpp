#include "daemon/fault/afflict.hpp"

#include <asio/redirect_error.hpp>

#include "client/net/error.hpp"
#include "daemon/accept/session.hpp"

namespace tapedeck {

net::Awaitable<bool> hold_up(Session& session, std::chrono::microseconds delay) {
  net::Timer timer(session.worker.context);
  timer.expires_after(delay);
  std::function<void()> others;
  others = session.on_cut([&timer, &others] {
    timer.cancel();
    if (others) others();
  });
  std::error_code canceled;
  co_await timer.async_wait(asio::redirect_error(net::kUseAwaitable, canceled));
  session.on_cut(std::move(others));
  co_return !canceled;
}

net::Awaitable<bool> survives(Session& session, Exchange& exchange, Strike strike) {
  if (strike.delay.count() > 0) {
    const bool waited = co_await hold_up(session, strike.delay);
    if (!waited) {
      Failure stopped{net::Error::canceled, Stage::route, Blame::local, "held up by a fault"};
      co_await exchange.fail(std::move(stopped));
      co_return false;
    }
  }
  session.strain = std::move(strike.strain);
  if (strike.ending == Strike::Ending::none) co_return true;
  const std::string why = "fault " + strike.rule;
  exchange.row().error_detail = why;
  if (strike.ending == Strike::Ending::status) {
    http::ResponseHead head;
    head.status = strike.status;
    head.reason = http::status_phrase(strike.status);
    head.fields.add("Date", http_date());
    head.fields.add("Proxy-Status", proxy_status("", why, exchange.row().started_at));
    head.fields.add("Content-Type", "text/plain; charset=utf-8");
    co_await exchange.answer(std::move(head), why + "\n");
    co_return false;
  }
  exchange.row().error_stage = to_string(Stage::respond);
  exchange.row().error_code = "proxy_internal_response";
  co_await exchange.finish(storage::State::failed);
  if (strike.ending == Strike::Ending::reset) {
    session.stream.reset();
  } else {
    session.stream.close();
  }
  co_return false;
}

}  // namespace tapedeck
