#include "daemon/accept/listener.hpp"

#include <charconv>

#include <asio/ip/v6_only.hpp>
#include <asio/post.hpp>
#include <asio/redirect_error.hpp>

#include "client/net/error.hpp"
#include "daemon/log.hpp"

namespace tapedeck {
namespace {

constexpr std::chrono::milliseconds kRest{50};

Failure cannot(std::string_view what, const std::string& address, std::error_code error) {
  return Failure{net::portable(error), Stage::configure, Blame::local,
                 std::string(what) + " " + address};
}

struct Adopt {
  Worker* worker;
  std::shared_ptr<net::Socket> socket;
  net::Endpoint client;
  Entrance entrance;
  void operator()() const { worker->adopt(std::move(*socket), client, entrance); }
};

}  // namespace

Result<net::Endpoint> parse_endpoint(const std::string& text) {
  const auto invalid = std::make_error_code(std::errc::invalid_argument);
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) return cannot("expected ADDR:PORT, not", text, invalid);
  std::string host = text.substr(0, colon);
  const bool bracketed = host.starts_with('[') && host.ends_with(']');
  if (bracketed) host = host.substr(1, host.size() - 2);
  std::uint16_t port = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data() + colon + 1, end, port);
  std::error_code bad_address;
  const auto address = asio::ip::make_address(host, bad_address);
  // Without brackets, "::1:80" could be an address alone.
  if (error != std::errc{} || stop != end || bad_address || bracketed != address.is_v6()) {
    return cannot("expected ADDR:PORT, not", text, invalid);
  }
  return net::Endpoint(address, port);
}

Listener::Listener(net::Acceptor acceptor, Entrance entrance,
                   const std::vector<std::unique_ptr<Worker>>& workers)
    : acceptor_(std::move(acceptor)),
      entrance_(entrance),
      workers_(workers),
      rest_(workers.front()->context) {}

Result<std::unique_ptr<Listener>> Listener::open(
    const net::Endpoint& endpoint, Entrance entrance,
    const std::vector<std::unique_ptr<Worker>>& workers) {
  net::Acceptor acceptor(workers.front()->context.get_executor());
  std::error_code error;
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(net::Acceptor::reuse_address(true), error);
  if (!error && endpoint.address().is_v6()) acceptor.set_option(asio::ip::v6_only(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(4096, error);
  if (error) return cannot("cannot listen on", net::to_string(endpoint), error);
  return std::unique_ptr<Listener>(new Listener(std::move(acceptor), entrance, workers));
}

Result<std::unique_ptr<Listener>> Listener::adopt(
    int descriptor, Entrance entrance, const std::vector<std::unique_ptr<Worker>>& workers) {
  const std::string which = "inherited socket " + std::to_string(descriptor);
  const auto has = [&](int option, int wanted) {
    int value = 0;
    socklen_t length = sizeof value;
    return getsockopt(descriptor, SOL_SOCKET, option, &value, &length) == 0 && value == wanted;
  };
  const bool v4 = has(SO_DOMAIN, AF_INET);
  const bool listens = has(SO_PROTOCOL, IPPROTO_TCP) && has(SO_ACCEPTCONN, 1);
  if (!listens || (!v4 && !has(SO_DOMAIN, AF_INET6))) {
    return cannot("TCP, listening, is expected of", which,
                  std::make_error_code(std::errc::not_a_stream));
  }
  net::Acceptor acceptor(workers.front()->context.get_executor());
  std::error_code error;
  acceptor.assign(v4 ? asio::ip::tcp::v4() : asio::ip::tcp::v6(), descriptor, error);
  if (error) return cannot("cannot take", which, error);
  return std::unique_ptr<Listener>(new Listener(std::move(acceptor), entrance, workers));
}

net::Awaitable<void> Listener::run() {
  std::size_t turn = 0;
  bool warned = false;
  while (acceptor_.is_open()) {
    std::error_code error;
    const Worker& first = *workers_.front();
    if (first.services.connections.load(std::memory_order_relaxed) >=
        first.settings->options.limits.max_connections) {
      rest_.expires_after(kRest);
      co_await rest_.async_wait(asio::redirect_error(net::kUseAwaitable, error));
      continue;
    }
    Worker& worker = *workers_[turn++ % workers_.size()];
    auto socket = std::make_shared<net::Socket>(worker.context.get_executor());
    net::Endpoint client;
    co_await acceptor_.async_accept(*socket, client,
                                    asio::redirect_error(net::kUseAwaitable, error));
    if (!error) {
      warned = false;
      if (!admits(client)) continue;
      if (&worker == workers_.front().get()) {
        worker.adopt(std::move(*socket), client, entrance_);
      } else {
        asio::post(worker.context, Adopt{&worker, std::move(socket), client, entrance_});
      }
      continue;
    }
    if (!acceptor_.is_open()) co_return;
    if (!warned) {
      log::get(log::Component::accept)
          .warn("cannot accept on {}: {}; trying again until it works", net::to_string(endpoint()),
                error.message());
      warned = true;
    }
    rest_.expires_after(kRest);
    co_await rest_.async_wait(asio::redirect_error(net::kUseAwaitable, error));
  }
}

/// By its address. One that is turned away is closed without a word.
bool Listener::admits(const net::Endpoint& client) {
  Worker& first = *workers_.front();
  const Settings& settings = *first.settings;
  const std::size_t most = settings.options.limits.max_client_connections;
  const bool known = settings.admits(client);
  if (known && first.services.clients.enter(client.address(), most)) return true;
  first.services.counters.turned_away.fetch_add(1, std::memory_order_relaxed);
  log::get(log::Component::accept)
      .info("{} is turned away: {}", net::to_string(client),
            known ? "it has max_client_connections already" : "allow_client does not name it");
  return false;
}

void Listener::close() {
  std::error_code ignored;
  acceptor_.close(ignored);
  rest_.cancel();
}

}  // namespace tapedeck
