#include <iostream>

#include "client/blocking_connection.hpp"

using tapedeck::client::BlockingConnection;
using tapedeck::client::Body;

int main(int, char** argv) {
  auto connection = BlockingConnection::to(argv[1]).value();
  connection.request("POST", "/echo", Body::form({{"name", "Ada"}, {"city", "A & B"}})).value();
  std::cout << connection.get_response().value().read().value() << '\n';

  connection.request("POST", "/echo", Body::json(R"({"name": "Ada"})")).value();
  std::cout << connection.get_response().value().read().value() << '\n';
}
