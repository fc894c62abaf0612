#include <iostream>

#include "client/blocking_connection.hpp"

using tapedeck::client::BlockingConnection;

int main(int, char** argv) {
  auto connection = BlockingConnection::to(argv[1]).value();
  connection.request("GET", "/headers", {}, {{"Accept", "text/plain"}, {"X-Request-Id", "42"}})
      .value();
  auto response = connection.get_response().value();
  std::cout << response.read().value() << '\n';
  for (const auto& [name, value] : response.headers()) std::cout << name << " = " << value << '\n';
  std::cout << response.header("X-Missing", "none") << '\n';
}
