// What is sent on of a request that was taken is the same request to whoever reads it next: one
// message, with that method, that target and those fields, and the same body.
#include "client/http/connection.hpp"
#include "daemon/forward/rewrite.hpp"
#include "daemon/route/router.hpp"
#include "tests/fuzz/pieces.hpp"

using namespace tapedeck;
using EventKind = http::Connection::EventKind;

namespace {

struct Message {
  http::RequestHead head;
  http::Framing framing;
  std::string body;
  bool whole = false;
};

/// The first request of a server's connection.
Message read(http::Connection& server, std::string_view bytes) {
  bytes.copy(server.prepare(bytes.size()).data(), bytes.size());
  server.commit(bytes.size());
  server.commit_eof();
  Message message;
  while (true) {
    const auto event = server.next_event();
    if (!event || event->kind == EventKind::closed) return message;
    if (event->kind == EventKind::request) {
      message.head = server.request();
      message.framing = server.received_framing();
    }
    if (event->kind == EventKind::data) message.body += event->data;
    if (event->kind == EventKind::end_of_message) {
      message.whole = true;
      return message;
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  http::Connection received(http::Role::server);
  const Message taken = read(received, input);
  if (!taken.whole || taken.head.method == "CONNECT") return 0;
  const auto route = tapedeck::route(taken.head, std::nullopt);
  if (!route) return 0;
  const http::RequestHead head = upstream_request(taken.head, *route, "fuzz", std::nullopt);

  http::Connection client(http::Role::client);
  std::string wire;
  fuzz::require(client.send_request(head, taken.framing, wire).has_value());
  if (!taken.body.empty()) {
    const auto frame = client.send_data(taken.body.size());
    fuzz::require(frame.has_value());
    wire.append(frame->before).append(taken.body).append(frame->after);
  }
  fuzz::require(client.send_end({}, wire).has_value());

  http::Connection next(http::Role::server);
  const Message sent = read(next, wire);
  fuzz::require(sent.whole && next.leftover().empty());
  fuzz::require(sent.head.method == head.method && sent.head.target == head.target);
  fuzz::require(sent.body == taken.body);
  for (const http::Fields::Line& line : head.fields) {
    fuzz::require(sent.head.fields.contains(line.name));
  }
  return 0;
}
