#include <fstream>
#include <iostream>

#include "client/blocking_connection.hpp"

using tapedeck::client::BlockingConnection;

int main(int, char** argv) {
  auto connection = BlockingConnection::to(argv[1]).value();
  connection.request("GET", "/large").value();
  auto response = connection.get_response().value();
  std::ofstream file(argv[2], std::ios::binary);
  while (!response.closed()) file << response.read_some().value();
  std::cout << file.tellp() << " bytes\n";
}
