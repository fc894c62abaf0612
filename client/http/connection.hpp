#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "client/http/body_decoder.hpp"
#include "client/http/framing.hpp"
#include "client/http/head_parser.hpp"
#include "client/http/limits.hpp"
#include "client/http/message.hpp"
#include "client/http/receive_buffer.hpp"
#include "client/http/result.hpp"
#include "client/http/state.hpp"

namespace tapedeck::http {

/// One HTTP/1.x connection without I/O: received bytes in, events out; messages in, bytes to send
/// out. The same class plays either role. Requests are read strictly, responses leniently where
/// RFC 9112 allows (see Strictness).
///
///     prepare ─► (read from the peer) ─► commit | commit_eof ─► next_event … need_data
///     send_request | send_response ─► send_data … ─► send_end
///     both sides done ─► start_next_cycle
///
/// Not thread-safe. After next_event() returned a Failure, nothing more is read; a server may
/// still send_response() to say so.
class Connection {
 public:
  enum class EventKind {
    need_data,         ///< read more from the peer
    request,           ///< request() holds a head
    interim_response,  ///< response() holds a 1xx head; another head follows
    response,          ///< response() holds the final head
    data,              ///< Event::data is a piece of body
    end_of_message,    ///< trailers() is filled
    paused,            ///< bytes of the next message (or protocol) wait: see start_next_cycle
    closed,            ///< the peer closed where it may
  };
  struct Event {
    EventKind kind = EventKind::need_data;
    /// Valid until the next call of prepare() or next_event().
    std::string_view data = {};
  };

  explicit Connection(Role role, const Limits& limits = {});

  // Receiving.

  /// Room for at least `size` bytes from the peer.
  std::span<char> prepare(std::size_t size) { return buffer_.prepare(size); }
  /// `size` bytes of what prepare() returned were received.
  void commit(std::size_t size) noexcept { buffer_.commit(size); }
  /// The peer will send nothing more.
  void commit_eof() noexcept { eof_ = true; }
  Result<Event> next_event();

  /// The last head received; after a Failure while reading one, the part before the fault.
  RequestHead& request() noexcept { return parser_.request(); }
  ResponseHead& response() noexcept { return parser_.response(); }
  /// How the body of the last head received is delimited.
  Framing received_framing() const noexcept { return received_framing_; }
  /// How the body of the message we are sending is delimited.
  Framing sent_framing() const noexcept { return sent_framing_; }
  const Fields& trailers() const noexcept { return decoder_.trailers(); }
  /// Body bytes of the current message returned so far.
  std::uint64_t received_body() const noexcept { return decoder_.received(); }

  // Sending: each appends bytes to `out`, or fails and appends nothing.

  Result<void> send_request(const RequestHead& head, Framing framing, std::string& out);
  /// Interim responses (1xx) as well as final ones. The framing is fitted to the exchange: a
  /// response to HEAD and a 304 announce it and carry no body, 1xx, 204 and 2xx to CONNECT do not
  /// even announce it, `none` becomes a length of 0 anywhere else. To an HTTP/1.0 client, chunked
  /// becomes until_close, and interim responses are left out.
  Result<void> send_response(const ResponseHead& head, Framing framing, std::string& out);
  /// What to put before and after `size` bytes of body. Views live until the next send.
  struct DataFrame {
    std::string_view before;
    std::string_view after;
  };
  Result<DataFrame> send_data(std::size_t size);
  /// Ends the message. Trailers are sent only in a chunked body, and dropped otherwise.
  Result<void> send_end(const Fields& trailers, std::string& out);
  /// We will send nothing more.
  void send_closed() noexcept { state_.advance(role_, Message::closed); }

  // The life of the connection.

  State our_state() const noexcept { return state_.of(role_); }
  State their_state() const noexcept { return state_.of(peer()); }
  bool keep_alive() const noexcept { return state_.keep_alive(); }
  /// Closes after the current exchange, whatever the messages say.
  void disable_keep_alive() noexcept { state_.disable_keep_alive(); }
  /// After both messages ended: false when the connection cannot be used again. For a client,
  /// bytes that follow a response, or its end of file, make it so.
  bool start_next_cycle();
  /// Received and not consumed: the next message, or after a switch the other protocol's bytes.
  bool has_leftover() const noexcept { return !buffer_.empty(); }
  std::string take_leftover();
  /// The same to look at, until the next call that is not const.
  std::string_view leftover() const noexcept { return buffer_.view(); }
  /// True once a byte of the current head was received: an idle connection has none. Empty lines
  /// before a request are not part of it.
  bool head_started() const noexcept;
  bool eof() const noexcept { return eof_; }
  /// Gives the buffer back while idle.
  void release_buffer() noexcept {
    if (buffer_.empty()) buffer_.release();
  }

 private:
  Role peer() const noexcept { return role_ == Role::client ? Role::server : Role::client; }
  Result<Event> fail(Failure failure);
  Result<Event> next_head();
  Result<Event> next_request();
  Result<Event> next_response();
  Result<Event> next_body();
  Result<Event> at_rest();

  Role role_;
  Limits limits_;
  StateMachine state_;
  ReceiveBuffer buffer_;
  HeadParser parser_;
  BodyDecoder decoder_;
  Framing received_framing_;
  Framing sent_framing_;
  std::uint64_t unsent_ = 0;  ///< of a length-delimited body of ours
  std::string request_method_;
  unsigned interim_responses_ = 0;
  bool eof_ = false;
  bool interim_reported_ = false;  ///< response() still holds a 1xx head
  bool http10_client_ = false;     ///< the request being answered is HTTP/1.0
  std::string chunk_line_;
};

}  // namespace tapedeck::http
