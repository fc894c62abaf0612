#include "client/http/receive_buffer.hpp"

#include <gtest/gtest.h>
#include <string>

namespace tapedeck::http {
namespace {

void put(ReceiveBuffer& buffer, std::string_view bytes, std::size_t room = 0) {
  const auto space = buffer.prepare(std::max(room, bytes.size()));
  ASSERT_GE(space.size(), std::max(room, bytes.size()));
  std::copy(bytes.begin(), bytes.end(), space.begin());
  buffer.commit(bytes.size());
}

TEST(ReceiveBuffer, HoldsWhatWasCommittedAndNotConsumed) {
  ReceiveBuffer buffer;
  EXPECT_TRUE(buffer.empty());
  EXPECT_EQ(buffer.view(), "");
  put(buffer, "hello");
  buffer.consume(2);
  put(buffer, " world");
  EXPECT_EQ(buffer.view(), "llo world");
  buffer.consume(9);
  EXPECT_TRUE(buffer.empty());
}

TEST(ReceiveBuffer, ReusesItsRoomOnceConsumed) {
  ReceiveBuffer buffer;
  put(buffer, std::string(100, 'x'));
  const std::size_t capacity = buffer.capacity();
  for (int i = 0; i < 50; ++i) {
    buffer.consume(buffer.view().size() - 1);
    put(buffer, std::string(capacity - 1, 'y'));
    ASSERT_EQ(buffer.capacity(), capacity);
  }
}

TEST(ReceiveBuffer, GrowsSeldomWhileBytesTrickleIn) {
  ReceiveBuffer buffer;
  std::string all;
  int growths = 0;
  for (int i = 0; i < 4000; ++i) {
    const std::size_t before = buffer.capacity();
    const char byte = static_cast<char>('a' + i % 26);
    put(buffer, {&byte, 1}, 1024);
    all += byte;
    growths += buffer.capacity() != before ? 1 : 0;
  }
  EXPECT_EQ(buffer.view(), all);
  EXPECT_LT(growths, 6);
}

TEST(ReceiveBuffer, GivesItsMemoryBack) {
  ReceiveBuffer buffer;
  put(buffer, "x");
  buffer.consume(1);
  buffer.release();
  EXPECT_EQ(buffer.capacity(), 0u);
  put(buffer, "again");
  EXPECT_EQ(buffer.view(), "again");
}

}  // namespace
}  // namespace tapedeck::http
