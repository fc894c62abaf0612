#include <iostream>

#include "client/blocking_connection.hpp"

using tapedeck::client::BlockingConnection;

int main(int, char** argv) {
  auto connection = BlockingConnection::to(argv[1]).value();
  for (int i = 0; i < 3; ++i) {
    connection.request("GET", "/count").value();
    std::cout << connection.get_response().value().read().value() << '\n';
  }
}
