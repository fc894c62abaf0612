#include <iostream>

#include "client/blocking_connection.hpp"

using namespace std::chrono_literals;
using namespace tapedeck;
using namespace tapedeck::client;

int main(int, char** argv) {
  auto connection = BlockingConnection::to(argv[1], {.timeouts = Timeouts::each(300ms)}).value();
  connection.request("GET", "/slow").value();
  if (auto response = connection.get_response(); !response) {
    if (response.error().code == Condition::timeout) std::cout << "too slow\n";
    std::cout << response.error().to_string() << '\n';
  }

  try {
    connection.request("GET", "/broken").value();
    auto response = connection.get_response().value();
    if (auto body = response.read(); !body) {
      std::cout << response.partial().size() << " of " << *response.expected() << " bytes\n";
      std::cout << body.value();  // throws
    }
  } catch (const FailureError& error) {
    std::cout << error.what() << '\n';
  }
}
