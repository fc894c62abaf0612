#include <iostream>

#include "client/blocking_connection.hpp"

using tapedeck::client::BlockingConnection;

int main(int, char** argv) {
  auto connection = BlockingConnection::to(argv[1]).value();
  connection.request("GET", "/hello").value();
  auto response = connection.get_response().value();
  std::cout << response.status() << ' ' << response.reason() << '\n';
  std::cout << response.read().value() << '\n';
}
