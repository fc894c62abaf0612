#include "client/socks.hpp"

#include <array>

#include <asio/error.hpp>
#include <asio/ip/address.hpp>

#include "client/error.hpp"
#include "client/net/error.hpp"

namespace tapedeck::client {
namespace {

constexpr char kVersion = 5;
constexpr char kNoCredentials = 0;
constexpr char kUserAndPassword = 2;
constexpr std::size_t kMaxText = 255;  ///< a length is one octet

/// RFC 1928 section 6.
std::string_view reason(unsigned char reply) {
  constexpr std::array<std::string_view, 9> kReasons = {
      "succeeded",           "general failure",       "not allowed by its rules",
      "network unreachable", "host unreachable",      "connection refused",
      "TTL expired",         "command not supported", "address type not supported"};
  return reply < kReasons.size() ? kReasons[reply] : "an unknown answer";
}

Failure failed(const PooledConnection& connection, std::error_code code, std::string_view what) {
  if (connection.deadline.expired()) code = net::Error::timed_out;
  if (code == asio::error::eof) code = net::Error::closed;
  return {code, Stage::connect, Blame::remote,
          "the SOCKS proxy " + connection.address + ": " + std::string(what)};
}

Failure refused(const PooledConnection& connection, std::string_view why) {
  return failed(connection, Error::tunnel_refused, why);
}

net::Awaitable<Result<std::string>> read_exactly(PooledConnection& connection, std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t at = 0; at < size;) {
    const net::IoResult got = co_await connection.stream.read_some({&bytes[at], size - at});
    if (got.error) co_return failed(connection, got.error, "no answer");
    at += got.size;
  }
  co_return bytes;
}

/// RFC 1928 section 4: address literals as addresses, everything else as a name.
std::string connect_request(const http::Authority& to) {
  std::string request = {kVersion, 1, 0};
  std::error_code not_literal;
  const auto address = asio::ip::make_address(to.host, not_literal);
  if (not_literal) {
    request.append({3, static_cast<char>(to.host.size())}).append(to.host);
  } else if (address.is_v4()) {
    const auto bytes = address.to_v4().to_bytes();
    request.append(1, 1).append(bytes.begin(), bytes.end());
  } else {
    const auto bytes = address.to_v6().to_bytes();
    request.append(1, 4).append(bytes.begin(), bytes.end());
  }
  return request.append({static_cast<char>(*to.port >> 8), static_cast<char>(*to.port & 0xff)});
}

net::Awaitable<Result<void>> send(PooledConnection& connection, std::string bytes) {
  const std::error_code error = co_await connection.stream.write(bytes);
  if (error) co_return failed(connection, error, "it stopped reading");
  co_return Result<void>{};
}

/// RFC 1929.
net::Awaitable<Result<void>> log_in(PooledConnection& connection, const SocksRequest& request) {
  std::string bytes = {1, static_cast<char>(request.user.size())};
  bytes.append(request.user).append(1, static_cast<char>(request.password.size()));
  bytes.append(request.password);
  if (auto ok = co_await send(connection, std::move(bytes)); !ok) co_return ok;
  const auto answer = co_await read_exactly(connection, 2);
  if (!answer) co_return answer.error();
  if ((*answer)[1] != 0) co_return refused(connection, "it refused user and password");
  co_return Result<void>{};
}

}  // namespace

net::Awaitable<Result<void>> ask_socks(PooledConnection& connection, SocksRequest request) {
  if (request.user.size() > kMaxText || request.password.size() > kMaxText ||
      request.to.host.size() > kMaxText) {
    co_return refused(connection, "a name, user or password of over 255 octets cannot be sent");
  }
  std::string greeting = {kVersion, 1, kNoCredentials};
  if (!request.user.empty()) greeting = {kVersion, 2, kNoCredentials, kUserAndPassword};
  if (auto ok = co_await send(connection, std::move(greeting)); !ok) co_return ok;
  const auto method = co_await read_exactly(connection, 2);
  if (!method) co_return method.error();
  if ((*method)[0] != kVersion) co_return refused(connection, "it does not speak SOCKS5");
  if ((*method)[1] == kUserAndPassword && !request.user.empty()) {
    if (auto ok = co_await log_in(connection, request); !ok) co_return ok;
  } else if ((*method)[1] != kNoCredentials) {
    co_return refused(connection, request.user.empty() ? "it asks for user and password"
                                                       : "it accepts no user and password");
  }
  std::string wanted = connect_request(request.to);
  if (auto ok = co_await send(connection, std::move(wanted)); !ok) co_return ok;
  const auto answer = co_await read_exactly(connection, 4);
  if (!answer) co_return answer.error();
  if ((*answer)[0] != kVersion) co_return refused(connection, "it does not speak SOCKS5");
  if ((*answer)[1] != 0) {
    co_return refused(connection,
                      "no connection to " + request.to.to_string() + ": " +
                          std::string(reason(static_cast<unsigned char>((*answer)[1]))));
  }
  // The address it bound is of no use here, but has to be read.
  std::size_t rest = 2;
  if ((*answer)[3] == 3) {
    const auto size = co_await read_exactly(connection, 1);
    if (!size) co_return size.error();
    rest += static_cast<unsigned char>((*size)[0]);
  } else {
    rest += (*answer)[3] == 4 ? 16 : 4;
  }
  const auto bound = co_await read_exactly(connection, rest);
  if (!bound) co_return bound.error();
  co_return Result<void>{};
}

}  // namespace tapedeck::client
