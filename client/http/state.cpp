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
  const bool allowed = role == Role::client ? advance_client(message) : advance_server(message);
  if (allowed) settle();
  return allowed;
}

bool StateMachine::advance_client(Message message) noexcept {
  const auto next = client_transition(client_, message);
  if (!next) return false;
  client_ = *next;
  if (message == Message::request && server_ == State::idle) server_ = State::send_response;
  return true;
}

bool StateMachine::advance_server(Message message) noexcept {
  const auto next = server_transition(server_, message);
  if (!next) return false;
  if (message == Message::switch_response && client_ != State::might_switch) return false;
  // A response to no request, e.g. to one that could not be read: the sides are out of step.
  if (message == Message::response && server_ == State::idle) keep_alive_ = false;
  server_ = *next;
  return true;
}

void StateMachine::fail(Role role) noexcept {
  (role == Role::client ? client_ : server_) = State::error;
  keep_alive_ = false;
  settle();
}

void StateMachine::disable_keep_alive() noexcept {
  keep_alive_ = false;
  settle();
}

bool StateMachine::start_next_cycle() noexcept {
  if (client() != State::done || server() != State::done) return false;
  client_ = server_ = State::idle;
  switch_offered_ = false;
  return true;
}

void StateMachine::settle() noexcept {
  if (switch_offered_ && client_ == State::done) client_ = State::might_switch;
  if (client_ == State::might_switch) {
    if (server_ == State::switched) {
      client_ = State::switched;
    } else if (server_ != State::idle && server_ != State::send_response) {
      // Answered otherwise, perhaps before the request ended, or never to be answered.
      switch_offered_ = false;
      client_ = State::done;
    }
  }
  const auto finished = [](State state) { return state == State::closed || state == State::error; };
  if (client_ == State::done && (!keep_alive_ || finished(server_))) {
    client_ = State::must_close;
  }
  if (server_ == State::done && (!keep_alive_ || finished(client_))) {
    server_ = State::must_close;
  }
}

}  // namespace tapedeck::http
