#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "client/body.hpp"
#include "client/content_decoder.hpp"
#include "client/error.hpp"
#include "client/http/error.hpp"
#include "client/http/fields.hpp"
#include "client/http/message.hpp"
#include "client/http/result.hpp"
#include "client/net/tls_session.hpp"
#include "client/opening.hpp"
#include "client/options.hpp"

namespace tapedeck::client {

class BlockingIo;
template <class Io>
class Channel;
template <class Io>
class BasicResponse;

/// client::Response for programs that wait: each read blocks until it is done. Everything said
/// there holds here.
class BlockingResponse {
 public:
  int status() const noexcept;
  const std::string& reason() const noexcept;
  http::Version version() const noexcept;
  const http::Fields& headers() const noexcept;
  std::string header(std::string_view name, std::string_view otherwise = {}) const;
  bool will_close() const noexcept;

  Result<std::string> read();
  Result<std::string> read(std::size_t size);
  Result<std::string_view> read_some(std::size_t size = SIZE_MAX);
  Result<std::size_t> read_into(std::span<char> into);
  Result<std::string_view> peek(std::size_t size = SIZE_MAX);
  Result<std::string> read_line();

  bool closed() const noexcept;
  const std::string& partial() const noexcept;
  std::optional<std::uint64_t> expected() const noexcept;
  const http::Fields& trailers() const noexcept;
  Result<void> decode_content(ContentDecoder::Limits limits = {});

  /// The body's lines, to be walked over once: `for (const std::string& line : response.lines())`.
  /// Incrementing throws FailureError where read_line() fails.
  class Lines {
   public:
    class iterator {
     public:
      explicit iterator(BlockingResponse* response) : response_(response) { ++*this; }
      const std::string& operator*() const noexcept { return line_; }
      iterator& operator++();
      bool operator==(std::nullptr_t) const noexcept { return response_ == nullptr; }

     private:
      BlockingResponse* response_;
      std::string line_;
    };
    explicit Lines(BlockingResponse& response) : response_(response) {}
    iterator begin() { return iterator(&response_); }
    std::nullptr_t end() const noexcept { return nullptr; }

   private:
    BlockingResponse& response_;
  };
  Lines lines() { return Lines(*this); }

 private:
  friend class BlockingConnection;
  using Response = BasicResponse<BlockingIo>;
  explicit BlockingResponse(Response response);

  std::shared_ptr<Response> response_;
};

/// client::Connection for programs that wait: the same steps, each blocking until it is
/// done. Everything said there holds here. One thread at a time.
///
///     auto connection = BlockingConnection::to("https://api.example.com").value();
///     connection.request("GET", "/v1/items").value();
///     auto response = connection.get_response().value();
///     std::string text = response.read().value();
///
/// Result::value() throws FailureError; test the Result to do without exceptions.
class BlockingConnection {
 public:
  static Result<BlockingConnection> to(std::string_view url, Options options = {});
  BlockingConnection(BlockingConnection&&) noexcept;
  BlockingConnection& operator=(BlockingConnection&&) noexcept;
  ~BlockingConnection();

  Result<void> set_tunnel(std::string_view authority, http::Fields headers = {});
  const http::ResponseHead* tunnel_answer() const noexcept;
  Result<void> connect();
  void close();
  bool is_open() const noexcept;
  std::optional<net::TlsFacts> tls() const;
  std::string peer_address() const;
  const Opening* opening() const noexcept;

  Result<void> request(std::string_view method, std::string_view target, Body body = {},
                       http::Fields headers = {}, AutomaticFields automatic = {});

  Result<void> begin(std::string_view method, std::string_view target,
                     AutomaticFields automatic = {});
  Result<void> header(std::string_view name, std::string_view value);
  Result<void> end_headers();
  Result<void> send(std::string_view piece);
  Result<void> finish(http::Fields trailers = {});

  Result<BlockingResponse> get_response();

 private:
  explicit BlockingConnection(std::unique_ptr<Channel<BlockingIo>> channel);

  std::unique_ptr<Channel<BlockingIo>> channel_;
};

}  // namespace tapedeck::client
