#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "client/body_reader.hpp"
#include "client/connection.hpp"
#include "client/io.hpp"

namespace tapedeck::client {

/// The body of one response while it is read: shared by its handles and the channel.
template <class Io>
struct Incoming {
  Channel<Io>* channel;  ///< null once the channel has gone on
  http::ResponseHead head;
  http::Framing framing;
  bool will_close = false;
  std::uint64_t max_body = 0;  ///< Options::max_body

  std::string_view pending = {};  ///< body received and not yet read
  std::optional<ContentDecoder> decoder = {};
  std::string_view encoded = {};  ///< received and not yet decoded
  std::string decoded = {};       ///< what `pending` lies in where there is a decoder
  bool started = false;           ///< something was read
  bool ended = false;             ///< the message is complete; `pending` may still hold some of it
  http::Fields trailers = {};
  std::string partial = {};
  std::optional<Failure> failure = {};

  bool read_whole() const noexcept { return ended && pending.empty() && encoded.empty(); }
};

/// What a Connection and its Responses share: the open connection, where the exchange stands, and
/// every step of it, whichever way it waits. Stays in place when the Connection moves.
template <class Io>
class Channel {
 public:
  template <class T>
  using Task = typename Io::template Task<T>;
  using Incoming = client::Incoming<Io>;
  using Response = BasicResponse<Io>;

  template <class... Waiting>
  Channel(http::Origin origin, Options options, Waiting&... waiting)
      : io_(waiting...),
        origin_(std::move(origin)),
        options_(std::move(options)),
        tunneled_(origin_) {}
  ~Channel();
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  Result<void> set_tunnel(std::string_view authority, http::Fields headers);
  const http::ResponseHead* tunnel_answer() const noexcept;
  Task<Result<void>> connect();
  void close();
  const PooledConnection* wire() const noexcept { return wire_.get(); }
  const Opening* opening() const noexcept { return opening_ ? &*opening_ : nullptr; }

  Task<Result<void>> request(std::string_view method, std::string_view target, Body body,
                             http::Fields headers, AutomaticFields automatic);
  Result<void> begin(std::string_view method, std::string_view target, AutomaticFields automatic);
  Result<void> header(std::string_view name, std::string_view value);
  Task<Result<void>> end_headers();
  Task<Result<void>> send(std::string_view piece);
  Task<Result<void>> finish(http::Fields trailers);
  Task<Result<Response>> get_response();

  /// Makes `incoming.pending` hold something unless the body is over.
  Task<Result<void>> fill(Incoming& incoming);
  /// The same with what has arrived, without waiting: sees the end of a body as soon as it is
  /// there.
  void look_ahead(Incoming& incoming);

 private:
  /// Where the exchange stands.
  enum class Phase {
    idle,  ///< a request may begin; a response may be under way
    head,  ///< begun: headers are gathered
    body,  ///< the head is on its way: the body is due
    sent,  ///< the answer is due
  };

  Destination destination() const;
  bool reusable();
  Task<Result<void>> reopen();
  Task<Result<void>> settle_previous();
  Task<Result<void>> start(http::Framing framing);
  Result<http::Framing> framing_for(const Body& body, const BodyReader& reader) const;
  Task<Result<void>> send_body(BodyReader& reader);
  Task<Result<void>> await_permission();
  Task<Result<void>> write(std::string_view data = {}, std::string_view after = {});
  bool answered_early();
  Task<Result<void>> receive_head();
  Task<std::error_code> read_wire();
  bool may_retry(const Failure& failure) const;

  void detach();
  void take(net::IoResult result, std::span<char> room);
  void complete(Incoming& incoming);
  Failure body_failure(Failure failure) const;
  Failure failure(std::error_code code, Stage stage) const;
  Failure abandon(Failure failure);
  Result<void> out_of_turn(Error error, std::string_view detail) const;
  void arm(std::chrono::milliseconds time);
  bool out_of_time() const;
  void drop();
  void note(std::string_view text) const;

  Io io_;
  http::Origin origin_;
  Options options_;
  std::optional<http::RequestHead> tunnel_;  ///< set_tunnel()'s, sent to the origin of the URL
  http::Origin tunneled_;                    ///< whom requests in it are for
  std::optional<http::ResponseHead> tunnel_answer_;

  std::unique_ptr<PooledConnection> wire_;
  std::optional<Opening> opening_;  ///< of `wire_`, or of the last there was
  net::Clock::time_point total_by_ = net::Clock::time_point::max();  ///< Timeouts::total
  Phase phase_ = Phase::idle;
  http::RequestHead head_;
  http::Framing framing_;
  std::string out_;                      ///< to be written before anything else
  bool answered_ = false;                ///< the head of the final response was seen while sending
  bool stop_sending_ = false;            ///< the rest of the request has no reader
  std::optional<Failure> send_failure_;  ///< why, unless an answer says it better
  bool byte_seen_ = false;               ///< of the answer
  std::shared_ptr<Incoming> incoming_;   ///< the response under way
};

}  // namespace tapedeck::client
