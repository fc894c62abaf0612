#include "daemon/intercept/opening.hpp"

#include <algorithm>
#include <gtest/gtest.h>

namespace tapedeck {
namespace {

using Kind = Opening::Kind;

std::string number(std::size_t value, std::size_t width) {
  std::string bytes;
  for (std::size_t i = width; i-- > 0;) bytes += static_cast<char>(value >> (8 * i) & 0xff);
  return bytes;
}

std::string sized(const std::string& text, std::size_t width) {
  return number(text.size(), width) + text;
}

std::string extension(std::size_t type, const std::string& body) {
  return number(type, 2) + sized(body, 2);
}

std::string server_name(const std::string& name) {
  return extension(0, sized(number(0, 1) + sized(name, 2), 2));
}

std::string alpn(const std::vector<std::string>& protocols) {
  std::string list;
  for (const std::string& protocol : protocols) list += sized(protocol, 1);
  return extension(16, sized(list, 2));
}

/// The handshake message, without records around it.
std::string hello(const std::string& extensions) {
  const std::string body = "\x03\x03" + std::string(32, 'r') + sized("session", 1) +
                           sized("\x13\x01", 2) + sized(std::string(1, '\0'), 1) +
                           sized(extensions, 2);
  return number(1, 1) + sized(body, 3);
}

/// In records of `size` bytes at most.
std::string records(const std::string& message, std::size_t size) {
  std::string bytes;
  for (std::size_t at = 0; at < message.size(); at += size) {
    bytes += "\x16\x03\x01" + sized(message.substr(at, size), 2);
  }
  return bytes;
}

TEST(Opening, ReadsNameAndProtocols) {
  const Opening found = recognize(records(
      hello(extension(43, "xx") + server_name("api.example.com") + alpn({"h2", "http/1.1"})),
      16'384));
  EXPECT_EQ(found.kind, Kind::tls);
  EXPECT_EQ(found.server_name, "api.example.com");
  EXPECT_EQ(found.alpn, (std::vector<std::string>{"h2", "http/1.1"}));
}

TEST(Opening, HoweverItIsCutIntoRecordsAndReads) {
  const std::string message = hello(server_name("a.example") + alpn({"http/1.1"}));
  for (const std::size_t size : {1u, 3u, 50u, 16'384u}) {
    const std::string bytes = records(message, size);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      EXPECT_EQ(recognize(std::string_view(bytes).substr(0, i)).kind, Kind::incomplete) << i;
    }
    EXPECT_EQ(recognize(bytes).server_name, "a.example");
    EXPECT_EQ(recognize(bytes + "more").server_name, "a.example");
  }
}

TEST(Opening, WhatCannotBeReadIsLeftToOpenSsl) {
  const std::string good = hello(server_name("a.example"));
  // Every length in it wrong in turn: nothing is read beyond the end, and it is still TLS.
  for (std::size_t i = 4; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = '\xff';
    EXPECT_EQ(recognize(records(bad, 16'384)).kind, Kind::tls) << i;
  }
  EXPECT_EQ(recognize(records(number(1, 1) + number(64 * 1024 + 1, 3), 100)).kind, Kind::tls);
  EXPECT_EQ(recognize(records(number(1, 1) + number(64 * 1024, 3), 100)).kind, Kind::incomplete);
  EXPECT_EQ(recognize(records("\x02" + std::string(3, '\0'), 100)).kind, Kind::tls);
  EXPECT_EQ(recognize(std::string("\x16\x03\x01\x00\x00", 5)).kind, Kind::tls);
}

TEST(Opening, TellsHttpFromTheRest) {
  for (const std::string text :
       {"GET / HTTP/1.1", "OPTIONS * ", "POST http://a/ ", "M-SEARCH /x"}) {
    EXPECT_EQ(recognize(text).kind, Kind::http) << text;
  }
  for (const std::string text :
       {"SSH-2.0-OpenSSH_9.2p1 Debian", "PRI * HTTP/2.0\r\n", "\x05\x01", "EHLO me",
        "get / HTTP/1.1", "\x16\x02\x01", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}) {
    EXPECT_EQ(recognize(text).kind, Kind::other) << text;
  }
  for (const std::string text :
       {"", "G", "GET", "GET ", "GET h", "GET htt", "PRI", "PRINT", "\x16"}) {
    EXPECT_EQ(recognize(text).kind, Kind::incomplete) << text;
  }
}

}  // namespace
}  // namespace tapedeck
