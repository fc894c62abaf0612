#pragma once

#include <cstdint>
#include <string_view>

/// The states of an HTTP/1.x connection, both sides seen at once.
///
/// Theory of operation. A connection is two machines, the client's and the server's, and both ends
/// of the wire hold a copy of both: one end drives the client machine with what it sends and the
/// server machine with what it receives, the other the reverse. So the machine knows roles, never
/// which role is "us".
///
/// A machine moves for one of two reasons: a message event on its side (the table in state.cpp), or
/// the state of the pair (`settle`): a side that is done on a connection that will not be kept
/// alive must close; a side whose peer is gone must close after its message; an accepted upgrade
/// or CONNECT switches both. When both sides are done and neither must close, start_next_cycle()
/// returns both to idle.
///
///     client  idle ─request─► send_body ─end─► done ─┬─(next cycle)─► idle
///                                    │               ├─(no keep-alive)─► must_close ─► closed
///                                    └─(offered)─► might_switch ─┬─► switched
///                                                                └─► done
///     server  idle ─(request seen)─► send_response ─response─► send_body ─end─► done ─ …
///
/// `error` is where a side goes that broke the protocol; nothing more is read from it or sent by
/// it.
namespace tapedeck::http {

enum class Role : std::uint8_t { client, server };

enum class State : std::uint8_t {
  idle,
  send_response,  ///< server only: a request has begun, no final response yet
  send_body,
  done,
  might_switch,  ///< client only: its request is complete and offers CONNECT or an upgrade
  switched,
  must_close,
  closed,
  error,
};

std::string_view to_string(State state) noexcept;

enum class Message : std::uint8_t {
  request,
  interim_response,
  response,
  switch_response,  ///< 101, or 2xx to CONNECT
  data,
  end,
  closed,  ///< the side will send nothing more
};

class StateMachine {
 public:
  State client() const noexcept { return client_; }
  State server() const noexcept { return server_; }
  State of(Role role) const noexcept { return role == Role::client ? client_ : server_; }
  bool keep_alive() const noexcept { return keep_alive_; }

  /// Moves `role`'s machine; false, and nothing changed, when the message is not allowed now.
  bool advance(Role role, Message message) noexcept;
  /// That side broke the protocol.
  void fail(Role role) noexcept;
  /// Some message said close, or is delimited by it.
  void disable_keep_alive() noexcept;
  /// The request that is being sent offers to switch protocols.
  void offer_switch() noexcept { switch_offered_ = true; }
  bool switch_offered() const noexcept { return switch_offered_; }

  /// Both sides back to idle. False when either is not done.
  bool start_next_cycle() noexcept;

 private:
  bool advance_client(Message message) noexcept;
  bool advance_server(Message message) noexcept;
  void settle() noexcept;

  // Two members, not an array indexed by role: GCC 12.2 at -O2 loses a store to the other side
  // when the index is a variable (StateMachine.ARequestMovesBothSides).
  State client_ = State::idle;
  State server_ = State::idle;
  bool keep_alive_ = true;
  bool switch_offered_ = false;
};

}  // namespace tapedeck::http
