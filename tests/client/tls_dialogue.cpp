#include "tests/client/tls_dialogue.hpp"

#include <future>

namespace tapedeck::client {

net::TlsOptions trust_only(const ScratchFile& authorities) {
  return {.system_roots = false, .ca_files = {authorities.path()}};
}

std::shared_ptr<net::TlsContext> context_of(const net::TlsOptions& options) {
  return net::TlsContext::create(options).value();
}

BlockingConnection secure_client(const Origin& origin, const std::string& host,
                                 std::shared_ptr<net::TlsContext> context, Options options) {
  options.tls = std::move(context);
  options.connect_to = http::parse_authority(origin.authority()).value();
  return BlockingConnection::to("https://" + host, std::move(options)).value();
}

Meeting meet(const TlsServer& server, const std::string& host,
             std::shared_ptr<net::TlsContext> context) {
  Origin origin;
  BlockingConnection client = secure_client(origin, host, std::move(context));
  auto connecting = std::async(std::launch::async, [&] {
    auto sent = client.request("GET", "/secret");
    client.close();
    return sent;
  });
  Meeting meeting;
  Peer peer = origin.accept();
  meeting.accepted = peer.try_start_tls(server);
  meeting.server_name = peer.server_name();
  meeting.offered_alpn = peer.offered_alpn();
  if (meeting.accepted) {
    try {
      meeting.received = peer.read_until_end();
    } catch (const std::runtime_error&) {
      // The client's alert, in TLS 1.3 after our side is through.
    }
  }
  peer.close();
  meeting.connected = connecting.get();
  return meeting;
}

net::TlsFacts facts_of_exchange(Origin& origin, const TlsServer& server,
                                BlockingConnection& client) {
  auto exchanging = std::async(std::launch::async, [&] {
    client.request("GET", "/").value();
    const net::TlsFacts facts = client.tls().value();
    EXPECT_THAT(client.get_response().value().read(), Gives(std::string("ok")));
    return facts;
  });
  Peer peer = origin.accept();
  peer.start_tls(server);
  (void)peer.read_head();
  peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
  net::TlsFacts facts = exchanging.get();
  EXPECT_EQ(facts.resumed, peer.resumed());
  return facts;
}

}  // namespace tapedeck::client
