#include <iostream>

#include "client/blocking_connection.hpp"

using tapedeck::client::BlockingConnection;
using tapedeck::net::TlsContext;

int main(int, char** argv) {
  auto trusted = TlsContext::create({.system_roots = false, .ca_files = {argv[2]}}).value();
  auto connection = BlockingConnection::to(argv[1], {.tls = trusted}).value();
  connection.request("GET", "/hello").value();
  std::cout << connection.get_response().value().read().value() << '\n';
}
