#include "daemon/inspect/admin.hpp"

#include <array>
#include <fcntl.h>
#include <openssl/rand.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/redirect_error.hpp>

#include "client/net/error.hpp"
#include "daemon/accept/listener.hpp"
#include "daemon/hex.hpp"
#include "daemon/inspect/admin_session.hpp"

namespace tapedeck {
namespace {

Failure cannot(const std::string& what, std::error_code error) {
  return Failure{net::portable(error), Stage::configure, Blame::local, "admin: " + what};
}

std::error_code last_error() { return {errno, std::generic_category()}; }

/// Nobody answers there any more: a process that died leaves its socket behind.
void remove_stale(const std::string& path) {
  struct stat status {};
  if (lstat(path.c_str(), &status) != 0 || !S_ISSOCK(status.st_mode)) return;
  const int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(static_cast<char*>(address.sun_path), sizeof address.sun_path - 1);
  const int connected = connect(probe, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  const bool refused = connected != 0 && errno == ECONNREFUSED;
  ::close(probe);
  if (refused) unlink(path.c_str());
}

Result<std::string> write_token(const std::string& file) {
  std::array<unsigned char, 32> random{};
  RAND_bytes(random.data(), random.size());
  const std::string token = hex({reinterpret_cast<const char*>(random.data()), random.size()});
  unlink(file.c_str());
  const int fd = open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return cannot(file, last_error());
  const bool written = write(fd, token.data(), token.size()) == static_cast<ssize_t>(token.size());
  ::close(fd);
  if (!written) return cannot(file, last_error());
  return token;
}

}  // namespace

Result<std::unique_ptr<Admin>> Admin::open(const std::string& where, Worker& worker,
                                           Reload reload) {
  std::unique_ptr<Admin> admin(new Admin(worker, std::move(reload)));
  const bool local = where.starts_with("unix:");
  auto opened = local ? admin->open_unix(where.substr(5)) : admin->open_tcp(where);
  if (!opened) return std::move(opened).error();
  return admin;
}

Admin::~Admin() { close(); }

Result<void> Admin::open_unix(const std::string& path) {
  if (path.size() >= sizeof(sockaddr_un::sun_path)) {
    return cannot(path, std::make_error_code(std::errc::filename_too_long));
  }
  remove_stale(path);
  UnixAcceptor acceptor(worker_.context.get_executor());
  std::error_code error;
  acceptor.open(asio::local::stream_protocol(), error);
  // Nobody else may connect, not even for the moment until chmod.
  const mode_t mask = umask(0177);
  if (!error) acceptor.bind(asio::local::stream_protocol::endpoint(path), error);
  umask(mask);
  if (!error) acceptor.listen(16, error);
  if (error) return cannot(path, error);
  acceptor_.emplace<UnixAcceptor>(std::move(acceptor));
  path_ = path;
  address_ = "unix:" + path;
  return {};
}

Result<void> Admin::open_tcp(const std::string& where) {
  auto endpoint = parse_endpoint(where);
  if (!endpoint) return std::move(endpoint).error();
  auto token = write_token(admin_token_file(worker_.settings->options.db));
  if (!token) return std::move(token).error();
  token_ = *std::move(token);
  net::Acceptor acceptor(worker_.context.get_executor());
  std::error_code error;
  acceptor.open(endpoint->protocol(), error);
  if (!error) acceptor.set_option(net::Acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(*endpoint, error);
  if (!error) acceptor.listen(16, error);
  if (error) return cannot(where, error);
  address_ = "http://" + net::to_string(acceptor.local_endpoint());
  acceptor_.emplace<net::Acceptor>(std::move(acceptor));
  return {};
}

std::optional<net::Endpoint> Admin::port() const {
  const auto* const tcp = std::get_if<net::Acceptor>(&acceptor_);
  return tcp == nullptr ? std::nullopt : std::optional(tcp->local_endpoint());
}

net::Awaitable<void> Admin::run() {
  while (acceptor_.index() != 0) {
    Socket socket(worker_.context.get_executor());
    std::error_code error;
    if (auto* const local = std::get_if<UnixAcceptor>(&acceptor_)) {
      co_await local->async_accept(socket, asio::redirect_error(net::kUseAwaitable, error));
    } else if (auto* const tcp = std::get_if<net::Acceptor>(&acceptor_)) {
      co_await tcp->async_accept(socket, asio::redirect_error(net::kUseAwaitable, error));
    }
    if (error) co_return;
    asio::co_spawn(worker_.context.get_executor(),
                   serve_admin(worker_, std::move(socket), token_, reload_), asio::detached);
  }
}

void Admin::close() {
  std::error_code ignored;
  if (auto* const local = std::get_if<UnixAcceptor>(&acceptor_)) local->close(ignored);
  if (auto* const tcp = std::get_if<net::Acceptor>(&acceptor_)) tcp->close(ignored);
  if (!path_.empty()) unlink(path_.c_str());
  path_.clear();
}

std::string default_admin(const std::string& log) {
  const std::string path = log + ".sock";
  return path.size() < sizeof(sockaddr_un::sun_path) ? "unix:" + path : "";
}

std::string admin_token_file(const std::string& log) { return log + ".token"; }

}  // namespace tapedeck
