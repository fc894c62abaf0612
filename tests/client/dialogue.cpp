#include "tests/client/dialogue.hpp"

#include <chrono>

namespace tapedeck::client {

Options patient() { return {.timeouts = Timeouts::each(std::chrono::seconds{8})}; }

Dialogue::Dialogue(Options options)
    : client(BlockingConnection::to(origin.url(""), std::move(options)).value()) {}

std::string Dialogue::ask(std::string_view method, std::string_view target, Body body,
                          http::Fields headers) {
  client.request(method, target, std::move(body), std::move(headers)).value();
  if (connections == 0 || origin.has_connection()) accept();
  return server.read_head();
}

Result<BlockingResponse> Dialogue::answer(std::string_view bytes) {
  server.send(bytes);
  return client.get_response();
}

BlockingResponse Dialogue::exchange(std::string_view answer_bytes) {
  (void)ask();
  return answer(answer_bytes).value();
}

}  // namespace tapedeck::client
