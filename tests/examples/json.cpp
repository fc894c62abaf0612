#include <iostream>

#include <nlohmann/json.hpp>

#include "client/blocking_connection.hpp"

using tapedeck::client::BlockingConnection;

int main(int, char** argv) {
  auto connection = BlockingConnection::to(argv[1]).value();
  connection.request("GET", "/users").value();
  auto answer = nlohmann::json::parse(connection.get_response().value().read().value());
  for (const auto& user : answer["users"]) std::cout << user["id"] << ' ' << user["name"] << '\n';
}
