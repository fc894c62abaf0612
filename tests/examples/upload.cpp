#include <iostream>

#include "client/blocking_connection.hpp"

using tapedeck::client::BlockingConnection;
using tapedeck::client::Body;

int main(int, char** argv) {
  int line = 0;
  auto lines = [&]() -> std::optional<std::string> {
    if (line == 3) return std::nullopt;
    return "line " + std::to_string(++line) + "\n";
  };
  auto connection = BlockingConnection::to(argv[1]).value();
  connection.request("PUT", "/echo", Body::generated(lines)).value();
  std::cout << connection.get_response().value().read().value();
}
