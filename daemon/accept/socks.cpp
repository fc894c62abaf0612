#include "daemon/accept/socks.hpp"

#include <array>

#include <asio/ip/address.hpp>

namespace tapedeck {
namespace {

constexpr char kNoCredentials = 0;
constexpr char kUserAndPassword = 2;
constexpr char kNoneAcceptable = '\xff';

enum Reply : char {
  kSucceeded = 0,
  kFailed = 1,
  kNotAllowed = 2,
  kHostUnreachable = 4,
  kRefused = 5,
  kBadCommand = 7,
  kBadAddressType = 8,
};

std::size_t octet(std::string_view bytes, std::size_t at) {
  return static_cast<unsigned char>(bytes[at]);
}

std::string take(std::string& received, std::size_t size) {
  std::string taken = received.substr(0, size);
  received.erase(0, size);
  return taken;
}

/// With the address it would have bound: none of the client's business.
std::string answer(char code) { return {SocksGreeting::kVersion, code, 0, 1, 0, 0, 0, 0, 0, 0}; }

template <class Address>
std::string address_text(std::string_view bytes) {
  typename Address::bytes_type raw;
  bytes.copy(reinterpret_cast<char*>(raw.data()), raw.size());
  return Address(raw).to_string();
}

}  // namespace

SocksGreeting::Step SocksGreeting::next(std::string& received, std::string& reply) {
  while (true) {
    const Stage before = stage_;
    Step step = Step::more;
    switch (stage_) {
      case Stage::methods:
        step = read_methods(received, reply);
        break;
      case Stage::credentials:
        step = read_credentials(received);
        break;
      case Stage::request:
        step = read_request(received, reply);
        break;
      case Stage::checking:
      case Stage::over:
        return Step::refused;
    }
    if (step != Step::more || stage_ == before) return step;
  }
}

SocksGreeting::Step SocksGreeting::read_methods(std::string& received, std::string& reply) {
  if (received.size() < 2 || received.size() < 2 + octet(received, 1)) return Step::more;
  const std::string methods = take(received, 2 + octet(received, 1)).substr(2);
  const char wanted = wants_credentials_ ? kUserAndPassword : kNoCredentials;
  const bool offered = methods.find(wanted) != std::string::npos;
  reply.append({kVersion, offered ? wanted : kNoneAcceptable});
  stage_ = !offered ? Stage::over : wants_credentials_ ? Stage::credentials : Stage::request;
  return offered ? Step::more : Step::refused;
}

/// RFC 1929 section 2.
SocksGreeting::Step SocksGreeting::read_credentials(std::string& received) {
  if (received.size() < 2) return Step::more;
  const std::size_t user = octet(received, 1);
  if (received.size() < 3 + user) return Step::more;
  const std::size_t password = octet(received, 2 + user);
  if (received.size() < 3 + user + password) return Step::more;
  const std::string message = take(received, 3 + user + password);
  user_ = message.substr(2, user);
  password_ = message.substr(3 + user);
  stage_ = Stage::checking;
  return Step::log_in;
}

void SocksGreeting::logged_in(bool right, std::string& reply) {
  reply.append({1, right ? '\0' : '\1'});
  stage_ = right ? Stage::request : Stage::over;
}

/// RFC 1928 section 4.
SocksGreeting::Step SocksGreeting::read_request(std::string& received, std::string& reply) {
  if (received.size() < 5) return Step::more;
  if (received[0] != kVersion) return refuse(kFailed, reply);
  if (received[1] != 1) return refuse(kBadCommand, reply);
  const std::size_t name = octet(received, 4);
  const char type = received[3];
  if (type != 1 && type != 3 && type != 4) return refuse(kBadAddressType, reply);
  const std::size_t begin = type == 3 ? 5 : 4;
  const std::size_t size = type == 1 ? 4 : type == 3 ? name : 16;
  if (received.size() < begin + size + 2) return Step::more;
  const std::string message = take(received, begin + size + 2);
  const std::string_view host = std::string_view(message).substr(begin, size);
  if (type == 1) target_.host = address_text<asio::ip::address_v4>(host);
  if (type == 3) target_.host = host;
  if (type == 4) target_.host = address_text<asio::ip::address_v6>(host);
  target_.ipv6_literal = target_.host.find(':') != std::string::npos;
  const std::size_t port = octet(message, begin + size) << 8 | octet(message, begin + size + 1);
  // It has to stand what the target of a CONNECT must.
  const auto parsed =
      http::parse_authority((target_.ipv6_literal ? "[" + target_.host + "]" : target_.host) + ":" +
                            std::to_string(port));
  if (!parsed || port == 0) return refuse(kFailed, reply);
  target_ = *parsed;
  stage_ = Stage::over;
  return Step::connect;
}

SocksGreeting::Step SocksGreeting::refuse(char code, std::string& reply) {
  reply += answer(code);
  stage_ = Stage::over;
  return Step::refused;
}

std::string socks_reply(int status, std::string_view error_type) {
  if (status < 300) return answer(kSucceeded);
  if (status == 403 || status == 407) return answer(kNotAllowed);
  if (error_type == "connection_refused") return answer(kRefused);
  if (error_type.starts_with("dns_") || error_type.starts_with("destination_")) {
    return answer(kHostUnreachable);
  }
  return answer(kFailed);
}

}  // namespace tapedeck
