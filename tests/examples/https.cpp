#include <iostream>

#include "client/blocking_connection.hpp"

using tapedeck::client::BlockingConnection;

int main(int, char** argv) {
  auto connection = BlockingConnection::to(argv[1]).value();
  connection.request("GET", "/hello").value();
  std::cout << connection.get_response().value().read().value() << '\n';
  std::cout << connection.tls()->version << '\n';
}
