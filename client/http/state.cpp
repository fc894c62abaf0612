#include "client/http/state.hpp"

#include <optional>

namespace tapedeck::http {
namespace {

constexpr std::optional<State> client_transition(State state, Message message) noexcept {
  switch (state) {
    case State::idle:
      if (message == Message::request) return State::send_body;
      if (message == Message::closed) return State::closed;
      break;
    case State::send_body:
      if (message == Message::data) return State::send_body;
      if (message == Message::end) return State::done;
      break;
    case State::done:
    case State::might_switch:
    case State::must_close:
    case State::closed:
      if (message == Message::closed) return State::closed;
      break;
    case State::send_response:
    case State::switched:
    case State::error:
      break;
  }
  return std::nullopt;
}

constexpr std::optional<State> server_transition(State state, Message message) noexcept {
  switch (state) {
    case State::idle:
      // A response without a request: refusing what could not be read as one.
      if (message == Message::response) return State::send_body;
      if (message == Message::closed) return State::closed;
      break;
    case State::send_response:
      if (message == Message::interim_response) return State::send_response;
      if (message == Message::response) return State::send_body;
      if (message == Message::switch_response) return State::switched;
      break;
    case State::send_body:
      if (message == Message::data) return State::send_body;
      if (message == Message::end) return State::done;
      break;
    case State::done:
    case State::must_close:
    case State::closed:
      if (message == Message::closed) return State::closed;
      break;
    case State::might_switch:
    case State::switched:
    case State::error:
      break;
  }
  return std::nullopt;
}

}  // namespace

std::string_view to_string(State state) noexcept {
  switch (state) {
    case State::idle:
      return "idle";
    case State::send_response:
      return "send_response";
    case State::send_body:
      return "send_body";
    case State::done:
      return "done";
    case State::might_switch:
      return "might_switch";
    case State::switched:
      return "switched";
    case State::must_close:
      return "must_close";
    case State::closed:
      return "closed";
    case State::error:
      return "error";
  }
  return "unknown";
}

bool StateMachine::advance(Role role, Message message) noexcept {
  const auto next = role == Role::client ? client_transition(client(), message)
                                         : server_transition(server(), message);
  if (!next) return false;
  if (message == Message::switch_response && client() != State::might_switch) return false;
  // A response to no request, e.g. to one that could not be read: the sides are out of step.
  if (role == Role::server && server() == State::idle && message == Message::response) {
    keep_alive_ = false;
  }
  at(role) = *next;
  if (role == Role::client && message == Message::request && server() == State::idle) {
    at(Role::server) = State::send_response;
  }
  settle();
  return true;
}

void StateMachine::fail(Role role) noexcept {
  at(role) = State::error;
  keep_alive_ = false;
  settle();
}

void StateMachine::disable_keep_alive() noexcept {
  keep_alive_ = false;
  settle();
}

bool StateMachine::start_next_cycle() noexcept {
  if (client() != State::done || server() != State::done) return false;
  states_[0] = states_[1] = State::idle;
  switch_offered_ = false;
  return true;
}

void StateMachine::settle() noexcept {
  State& client_state = at(Role::client);
  State& server_state = at(Role::server);
  if (switch_offered_ && client_state == State::done) client_state = State::might_switch;
  if (client_state == State::might_switch) {
    if (server_state == State::switched) {
      client_state = State::switched;
    } else if (server_state != State::idle && server_state != State::send_response) {
      // Answered otherwise, perhaps before the request ended, or never to be answered.
      switch_offered_ = false;
      client_state = State::done;
    }
  }
  const auto finished = [](State state) { return state == State::closed || state == State::error; };
  if (client_state == State::done && (!keep_alive_ || finished(server_state))) {
    client_state = State::must_close;
  }
  if (server_state == State::done && (!keep_alive_ || finished(client_state))) {
    server_state = State::must_close;
  }
}

}  // namespace tapedeck::http
