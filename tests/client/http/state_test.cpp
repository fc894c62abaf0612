#include "client/http/state.hpp"

#include <gtest/gtest.h>
#include <map>
#include <set>
#include <utility>
#include <vector>

namespace tapedeck::http {
namespace {

constexpr Message kMessages[] = {Message::request,  Message::interim_response,
                                 Message::response, Message::switch_response,
                                 Message::data,     Message::end,
                                 Message::closed};

struct Move {
  Role role;
  Message message;
};

constexpr Move kRequest{Role::client, Message::request};
constexpr Move kRequestEnd{Role::client, Message::end};
constexpr Move kResponse{Role::server, Message::response};
constexpr Move kResponseEnd{Role::server, Message::end};
constexpr Move kClientClosed{Role::client, Message::closed};

/// How to bring a machine into a state, and which messages it then allows.
struct Row {
  std::vector<Move> way;
  bool offered;
  Role role;
  State state;
  std::map<Message, State> allowed;
};

StateMachine machine(const std::vector<Move>& way, bool offered) {
  StateMachine states;
  if (offered) states.offer_switch();
  for (const Move& move : way) EXPECT_TRUE(states.advance(move.role, move.message));
  return states;
}

TEST(StateMachine, AllowsInEachStateOnlyItsMessages) {
  using M = Message;
  using S = State;
  const std::vector<Row> rows = {
      {{}, false, Role::client, S::idle, {{M::request, S::send_body}, {M::closed, S::closed}}},
      {{kRequest}, false, Role::client, S::send_body, {{M::data, S::send_body}, {M::end, S::done}}},
      {{kRequest, kRequestEnd}, false, Role::client, S::done, {{M::closed, S::closed}}},
      {{kRequest, kRequestEnd}, true, Role::client, S::might_switch, {{M::closed, S::closed}}},
      {{kClientClosed}, false, Role::client, S::closed, {{M::closed, S::closed}}},
      {{kRequest, kRequestEnd, {Role::server, M::switch_response}},
       true,
       Role::client,
       S::switched,
       {}},
      {{}, false, Role::server, S::idle, {{M::response, S::send_body}, {M::closed, S::closed}}},
      {{kRequest},
       false,
       Role::server,
       S::send_response,
       {{M::interim_response, S::send_response}, {M::response, S::send_body}}},
      {{kRequest, kRequestEnd},
       true,
       Role::server,
       S::send_response,
       {{M::interim_response, S::send_response},
        {M::response, S::send_body},
        {M::switch_response, S::switched}}},
      {{kRequest, kResponse},
       false,
       Role::server,
       S::send_body,
       {{M::data, S::send_body}, {M::end, S::done}}},
      {{kRequest, kResponse, kResponseEnd}, false, Role::server, S::done, {{M::closed, S::closed}}},
      // A response to no request leaves the sides out of step.
      {{kResponse, kResponseEnd}, false, Role::server, S::must_close, {{M::closed, S::closed}}},
      {{kRequest, kRequestEnd, {Role::server, M::switch_response}},
       true,
       Role::server,
       S::switched,
       {}},
  };
  for (const Row& row : rows) {
    for (const Message message : kMessages) {
      StateMachine states = machine(row.way, row.offered);
      ASSERT_EQ(states.of(row.role), row.state);
      const auto next = row.allowed.find(message);
      const bool allowed = next != row.allowed.end();
      SCOPED_TRACE(std::string(to_string(row.state)) + " message " +
                   std::to_string(static_cast<int>(message)));
      EXPECT_EQ(states.advance(row.role, message), allowed);
      EXPECT_EQ(states.of(row.role), allowed ? next->second : row.state);
    }
  }
}

TEST(StateMachine, ARequestMovesBothSides) {
  StateMachine states;
  ASSERT_TRUE(states.advance(Role::client, Message::request));
  EXPECT_EQ(states.client(), State::send_body);
  EXPECT_EQ(states.server(), State::send_response);
}

TEST(StateMachine, AllowsNothingAfterAnError) {
  for (const Role role : {Role::client, Role::server}) {
    for (const Message message : kMessages) {
      StateMachine states;
      states.fail(role);
      EXPECT_FALSE(states.advance(role, message));
      EXPECT_EQ(states.of(role), State::error);
      EXPECT_FALSE(states.keep_alive());
    }
  }
}

TEST(StateMachine, StartsTheNextCycleWhenBothAreDone) {
  StateMachine states = machine({kRequest, kRequestEnd, kResponse}, false);
  EXPECT_FALSE(states.start_next_cycle());
  EXPECT_TRUE(states.advance(Role::server, Message::end));
  EXPECT_TRUE(states.start_next_cycle());
  EXPECT_EQ(states.client(), State::idle);
  EXPECT_EQ(states.server(), State::idle);
}

TEST(StateMachine, MustCloseWithoutKeepAlive) {
  StateMachine states = machine({kRequest, kRequestEnd, kResponse, kResponseEnd}, false);
  states.disable_keep_alive();
  EXPECT_EQ(states.client(), State::must_close);
  EXPECT_EQ(states.server(), State::must_close);
  EXPECT_FALSE(states.start_next_cycle());
}

TEST(StateMachine, MustCloseAfterThePeerIsGone) {
  StateMachine states = machine({kRequest, kRequestEnd, kClientClosed}, false);
  EXPECT_TRUE(states.advance(Role::server, Message::response));
  EXPECT_TRUE(states.advance(Role::server, Message::end));
  EXPECT_EQ(states.server(), State::must_close);
  StateMachine failed = machine({kRequest, kRequestEnd}, false);
  failed.fail(Role::server);
  EXPECT_EQ(failed.client(), State::must_close);
}

TEST(StateMachine, ForgetsAnOfferThatWasDeclined) {
  StateMachine states = machine({kRequest, kRequestEnd, kResponse}, true);
  EXPECT_EQ(states.client(), State::done);
  EXPECT_FALSE(states.switch_offered());
  // Declined before the request ended, with close.
  StateMachine early = machine({kRequest, kResponse, kResponseEnd}, true);
  early.disable_keep_alive();
  EXPECT_EQ(early.server(), State::must_close);
  EXPECT_TRUE(early.advance(Role::client, Message::end));
  EXPECT_EQ(early.client(), State::must_close);
  // Never to be answered.
  StateMachine failed = machine({kRequest, kRequestEnd}, true);
  failed.fail(Role::server);
  EXPECT_EQ(failed.client(), State::must_close);
}

TEST(StateMachine, DoesNotSwitchBeforeTheRequestEnds) {
  StateMachine states = machine({kRequest}, true);
  EXPECT_FALSE(states.advance(Role::server, Message::switch_response));
  EXPECT_EQ(states.server(), State::send_response);
}

TEST(StateMachine, SwitchesDespiteClose) {
  StateMachine states = machine({kRequest, kRequestEnd}, true);
  states.disable_keep_alive();
  EXPECT_EQ(states.client(), State::might_switch);
  EXPECT_TRUE(states.advance(Role::server, Message::switch_response));
  EXPECT_EQ(states.client(), State::switched);
}

TEST(StateMachine, NamesItsStates) {
  std::set<std::string_view> names;
  for (int i = 0; i <= static_cast<int>(State::error); ++i) {
    names.insert(to_string(static_cast<State>(i)));
  }
  EXPECT_EQ(names.size(), static_cast<std::size_t>(State::error) + 1);
}

}  // namespace
}  // namespace tapedeck::http
