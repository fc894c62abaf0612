#pragma once

#include <chrono>
#include <cstddef>
#include <system_error>

#include <asio/awaitable.hpp>
#include <asio/basic_socket_acceptor.hpp>
#include <asio/basic_stream_socket.hpp>
#include <asio/basic_waitable_timer.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/use_awaitable.hpp>

/// asio with its executor named: no type-erased executor is copied on the hot path.
namespace tapedeck::net {

using Executor = asio::io_context::executor_type;
template <class T>
using Awaitable = asio::awaitable<T, Executor>;
using Socket = asio::basic_stream_socket<asio::ip::tcp, Executor>;
using Acceptor = asio::basic_socket_acceptor<asio::ip::tcp, Executor>;
using Resolver = asio::ip::basic_resolver<asio::ip::tcp, Executor>;
using Clock = std::chrono::steady_clock;
using Timer = asio::basic_waitable_timer<Clock, asio::wait_traits<Clock>, Executor>;
using Endpoint = asio::ip::tcp::endpoint;
inline constexpr asio::use_awaitable_t<Executor> kUseAwaitable{};

/// What one read or write did. `size` counts even beside an error.
struct IoResult {
  std::error_code error;
  std::size_t size = 0;
};

}  // namespace tapedeck::net
