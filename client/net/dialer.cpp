#include "client/net/dialer.hpp"

#include <memory>

#include <asio/ip/address.hpp>
#include <asio/redirect_error.hpp>

#include "client/net/error.hpp"
#include "client/net/one_shot.hpp"

namespace tapedeck::net {
namespace {

/// RFC 8305 section 5, Connection Attempt Delay.
constexpr std::chrono::milliseconds kAttemptDelay{250};

std::int64_t microseconds_since(Clock::time_point start) {
  return std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - start).count();
}

/// One lookup. Shared with asio's resolver thread, whose getaddrinfo cannot be interrupted: when
/// the deadline passes, the coroutine goes on and the late answer finds nobody waiting.
struct Lookup {
  explicit Lookup(Executor executor) : resolver(executor) {}
  Resolver resolver;
  OneShot<std::error_code> finished;
  std::vector<Endpoint> endpoints;
};

struct LookupDone {
  std::shared_ptr<Lookup> lookup;
  void operator()(std::error_code error, const asio::ip::tcp::resolver::results_type& results) {
    for (const auto& entry : results) lookup->endpoints.push_back(entry.endpoint());
    lookup->finished.deliver(error);
  }
};

Awaitable<Result<std::vector<Endpoint>>> resolve(const std::string& host, std::uint16_t port,
                                                 std::chrono::milliseconds timeout,
                                                 Watchdog& watchdog, Executor executor) {
  const auto lookup = std::make_shared<Lookup>(executor);
  Deadline deadline(watchdog, [&lookup] { lookup->finished.deliver(Error::timed_out); });
  deadline.arm(timeout);
  lookup->resolver.async_resolve(
      host, std::to_string(port),
      asio::ip::resolver_base::numeric_service | asio::ip::resolver_base::address_configured,
      LookupDone{lookup});
  const std::error_code error = co_await lookup->finished.take();
  if (!error && !lookup->endpoints.empty()) co_return std::move(lookup->endpoints);
  const std::error_code code = error == Error::timed_out ? error : from_resolver(error);
  co_return Failure{code, Stage::resolve, Blame::remote, host};
}

/// The race of RFC 8305. Every attempt and timer holds a reference, so that what is late finds its
/// state alive.
class Race : public std::enable_shared_from_this<Race> {
 public:
  Race(std::vector<Endpoint> endpoints, std::optional<asio::ip::address> source, Executor executor)
      : endpoints_(std::move(endpoints)), source_(source), executor_(executor), delay_(executor) {}

  void start() { attempt_next(); }

  void give_up(std::error_code why) { finish(why); }

  /// The winner, after finished() has delivered success.
  Socket& winner() { return *sockets_[winner_]; }
  const Endpoint& winner_endpoint() const { return endpoints_[winner_]; }
  OneShot<std::error_code>& finished() { return finished_; }
  /// "192.0.2.1:80 connection refused; [2001:db8::1]:80 network is unreachable".
  const std::string& attempts() const { return attempts_; }

 private:
  void attempt_next() {
    if (done_ || next_ == endpoints_.size()) return;
    const std::size_t index = next_++;
    sockets_.push_back(std::make_unique<Socket>(executor_));
    ++pending_;
    if (const std::error_code error = bind(*sockets_[index], endpoints_[index]); error) {
      attempt_ended(index, portable(error));
      return;
    }
    sockets_[index]->async_connect(endpoints_[index],
                                   [self = shared_from_this(), index](std::error_code error) {
                                     self->attempt_ended(index, portable(error));
                                   });
    if (next_ == endpoints_.size()) return;
    delay_.expires_after(kAttemptDelay);
    delay_.async_wait([self = shared_from_this()](std::error_code error) {
      if (!error) self->attempt_next();
    });
  }

  std::error_code bind(Socket& socket, const Endpoint& to) const {
    std::error_code error;
    if (!source_) return error;
    socket.open(to.protocol(), error);
    if (!error) socket.bind(Endpoint(*source_, 0), error);
    return error;
  }

  void attempt_ended(std::size_t index, std::error_code error) {
    --pending_;
    if (done_) return;
    if (!error) {
      winner_ = index;
      finish(rewatch(*sockets_[index], endpoints_[index]));
      return;
    }
    if (!attempts_.empty()) attempts_ += "; ";
    attempts_ += to_string(endpoints_[index]) + " " + error.message();
    if (last_error_ && last_error_ != error) mixed_ = true;
    last_error_ = error;
    if (next_ < endpoints_.size()) {
      delay_.cancel();
      attempt_next();
    } else if (pending_ == 0) {
      finish(mixed_ ? make_error_code(Error::unreachable) : last_error_);
    }
  }

  /// After a connect the reactor watches a socket for writability too, for as long as it knows it:
  /// each wait for a response would be woken once for nothing.
  static std::error_code rewatch(Socket& socket, const Endpoint& peer) {
    std::error_code error;
    const int descriptor = socket.release(error);
    if (!error) socket.assign(peer.protocol(), descriptor, error);
    return error;
  }

  void finish(std::error_code outcome) {
    if (done_) return;
    done_ = true;
    delay_.cancel();
    for (std::size_t i = 0; i < sockets_.size(); ++i) {
      if (outcome || i != winner_) {
        std::error_code ignored;
        sockets_[i]->close(ignored);
      }
    }
    finished_.deliver(outcome);
  }

  std::vector<Endpoint> endpoints_;
  std::optional<asio::ip::address> source_;
  std::vector<std::unique_ptr<Socket>> sockets_;
  Executor executor_;
  Timer delay_;
  OneShot<std::error_code> finished_;
  std::size_t next_ = 0;
  std::size_t pending_ = 0;
  std::size_t winner_ = 0;
  std::error_code last_error_;
  std::string attempts_;
  bool mixed_ = false;
  bool done_ = false;
};

}  // namespace

std::vector<Endpoint> interleave(const std::vector<Endpoint>& resolved) {
  if (resolved.empty()) return {};
  const bool v6_first = resolved.front().address().is_v6();
  std::vector<Endpoint> first;
  std::vector<Endpoint> second;
  for (const Endpoint& endpoint : resolved) {
    (endpoint.address().is_v6() == v6_first ? first : second).push_back(endpoint);
  }
  std::vector<Endpoint> order;
  order.reserve(resolved.size());
  for (std::size_t i = 0; i < std::max(first.size(), second.size()); ++i) {
    if (i < first.size()) order.push_back(first[i]);
    if (i < second.size()) order.push_back(second[i]);
  }
  return order;
}

Awaitable<Result<Dialed>> dial(std::string host, std::uint16_t port, DialOptions options,
                               Watchdog& watchdog, Executor executor) {
  std::optional<std::int64_t> dns_us;
  std::vector<Endpoint> endpoints;
  std::error_code not_literal;
  const auto literal = asio::ip::make_address(host, not_literal);
  if (!not_literal) {
    endpoints.emplace_back(literal, port);
  } else {
    const auto start = Clock::now();
    auto resolved = co_await resolve(host, port, options.resolve, watchdog, executor);
    if (!resolved) co_return std::move(resolved).error();
    dns_us = microseconds_since(start);
    endpoints = interleave(*resolved);
  }

  if (options.permitted) {
    const Endpoint first = endpoints.front();
    std::erase_if(endpoints, [&](const Endpoint& to) { return !options.permitted(to); });
    if (endpoints.empty()) {
      co_return Failure{Error::denied, Stage::connect, Blame::local,
                        host + " is " + first.address().to_string()};
    }
  }

  std::optional<asio::ip::address> source;
  if (!options.source_address.empty()) {
    std::error_code bad_source;
    source = asio::ip::make_address(options.source_address, bad_source);
    if (bad_source) {
      co_return Failure{std::make_error_code(std::errc::invalid_argument), Stage::connect,
                        Blame::local, "source address " + options.source_address};
    }
  }
  const auto start = Clock::now();
  const auto race = std::make_shared<Race>(std::move(endpoints), source, executor);
  Deadline deadline(watchdog, [&race] { race->give_up(Error::timed_out); });
  deadline.arm(options.connect);
  race->start();
  const std::error_code outcome = co_await race->finished().take();
  if (outcome) {
    std::string detail = host + " port " + std::to_string(port);
    if (!race->attempts().empty()) detail += " (" + race->attempts() + ")";
    co_return Failure{outcome, Stage::connect, Blame::remote, std::move(detail)};
  }
  co_return Dialed{Stream(std::move(race->winner())), to_string(race->winner_endpoint()), dns_us,
                   microseconds_since(start)};
}

}  // namespace tapedeck::net
