#include <iostream>

#include <asio/co_spawn.hpp>

#include "client/connection.hpp"

using namespace tapedeck;

net::Awaitable<void> get(const char* url, const char* path, asio::io_context& context,
                         net::Watchdog& watchdog) {
  auto connection = client::Connection::to(url, context, watchdog).value();
  (co_await connection.request("GET", path)).value();
  auto response = (co_await connection.get_response()).value();
  std::cout << path << ": " << (co_await response.read()).value() << '\n';
}

int main(int, char** argv) {
  asio::io_context context;
  net::Watchdog watchdog(context);
  const auto done = [](std::exception_ptr failure) {
    if (failure) std::rethrow_exception(failure);
  };
  asio::co_spawn(context, get(argv[1], "/later", context, watchdog), done);
  asio::co_spawn(context, get(argv[1], "/hello", context, watchdog), done);
  context.run();
}
