#include "daemon/forward/rewrite.hpp"

#include <charconv>
#include <string>

#include "client/http/hop_by_hop.hpp"
#include "daemon/answer.hpp"

namespace tapedeck {
namespace {

/// RFC 9110 section 7.8: an upgrade is for the next hop alone; we pass on what we can relay. Not
/// h2c: a request smuggled in it would be seen by no one.
std::string offered_upgrade(const http::RequestHead& head) {
  if (head.version < http::kHttp11 || !head.fields.has_token("Connection", "upgrade") ||
      head.fields.has_token("Upgrade", "h2c") || head.fields.contains("Transfer-Encoding") ||
      head.fields.get("Content-Length").value_or("0") != "0") {
    return {};
  }
  return std::string(head.fields.get("Upgrade").value_or(""));
}

/// The fields, with room for those that a proxy adds.
http::Fields copy_with_room(const http::Fields& received) {
  constexpr std::size_t kLines = 4;
  constexpr std::size_t kBytes = 160;
  http::Fields copy;
  copy.reserve(received.size() + kLines, received.byte_size() + kBytes);
  copy = received;
  return copy;
}

void set_upgrade(http::Fields& fields, const std::string& protocols) {
  fields.add("Connection", "Upgrade");
  fields.add("Upgrade", protocols);
}

}  // namespace

http::RequestHead upstream_request(const http::RequestHead& received, const Route& route,
                                   std::string_view pseudonym,
                                   std::optional<unsigned> forwards_left) {
  http::RequestHead head;
  head.method = received.method;
  head.target = route.target;
  head.fields = copy_with_room(received.fields);
  const bool wants_trailers = head.fields.has_token("TE", "trailers");
  http::remove_hop_by_hop(head.fields);
  // RFC 9110 section 10.1.1: a 100-continue expectation in an HTTP/1.0 request is ignored.
  if (received.version < http::kHttp11) head.fields.remove("Expect");
  head.fields.set("Host", route.host.empty() ? route.url.authority.to_string() : route.host);
  if (forwards_left) head.fields.set("Max-Forwards", std::to_string(*forwards_left));
  if (wants_trailers) {
    head.fields.add("TE", "trailers");
    head.fields.add("Connection", "TE");
  }
  if (const std::string upgrade = offered_upgrade(received); !upgrade.empty()) {
    set_upgrade(head.fields, upgrade);
  }
  http::append_via(head.fields, received.version, pseudonym);
  return head;
}

http::ResponseHead downstream_response(const http::ResponseHead& received,
                                       std::string_view pseudonym, bool close) {
  http::ResponseHead head;
  head.status = received.status;
  head.reason = received.reason;
  head.fields = copy_with_room(received.fields);
  http::remove_hop_by_hop(head.fields);
  if (!head.interim() && !head.fields.contains("Date")) head.fields.add("Date", http_date());
  http::append_via(head.fields, received.version, pseudonym);
  if (received.status == 101) {
    set_upgrade(head.fields, std::string(received.fields.get("Upgrade").value_or("")));
  }
  if (close) head.fields.add("Connection", "close");
  return head;
}

http::Framing downstream_framing(http::Framing received, http::Version client_version) {
  switch (received.kind) {
    case http::Framing::Kind::none:
    case http::Framing::Kind::length:
      return received;
    case http::Framing::Kind::chunked:
    case http::Framing::Kind::until_close:
      // An upstream that ends by closing is re-framed, so that the client's connection lives on
      // and a cut is seen as one.
      return client_version < http::kHttp11 ? http::Framing::until_close()
                                            : http::Framing::chunked();
  }
  return received;
}

std::optional<unsigned> max_forwards(const http::RequestHead& head) {
  if (head.method != "TRACE" && head.method != "OPTIONS") return std::nullopt;
  const auto value = head.fields.get("Max-Forwards");
  if (!value) return std::nullopt;
  unsigned hops = 0;
  const auto [end, error] = std::from_chars(value->data(), value->data() + value->size(), hops);
  if (error != std::errc{} || end != value->data() + value->size()) return std::nullopt;
  return hops;
}

}  // namespace tapedeck
