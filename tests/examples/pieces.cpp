#include <iostream>

#include "client/blocking_connection.hpp"

using tapedeck::client::BlockingConnection;

int main(int, char** argv) {
  auto connection = BlockingConnection::to(argv[1]).value();
  connection.request("GET", "/large").value();
  auto response = connection.get_response().value();
  std::string piece;
  while (!(piece = response.read(40'000).value()).empty()) std::cout << piece.size() << " bytes\n";

  connection.request("GET", "/lines").value();
  response = connection.get_response().value();
  for (const std::string& line : response.lines()) std::cout << line;
}
