// Judges the codec by a folder of graded messages (requests.jsonl, responses.jsonl), named by the
// environment variable TAPEDECK_CORPUS. Without it there is nothing to judge.

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <gtest/gtest.h>
#include <iostream>
#include <map>

#include <nlohmann/json.hpp>

#include "tests/client/http/transcript.hpp"

namespace tapedeck::http::testing {
namespace {

using nlohmann::json;

std::string from_base64(const std::string& text) {
  constexpr std::string_view digits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  unsigned bits = 0;
  int held = 0;
  for (char c : text) {
    const std::size_t value = digits.find(c);
    if (value == std::string_view::npos) break;
    bits = bits << 6 | static_cast<unsigned>(value);
    held += 6;
    if (held >= 8) {
      held -= 8;
      bytes += static_cast<char>(bits >> held & 0xff);
    }
  }
  return bytes;
}

/// The corpus holds bytes as the code points 0 to 255.
std::string to_bytes(const std::string& utf8) {
  std::string bytes;
  for (std::size_t i = 0; i < utf8.size(); ++i) {
    const auto lead = static_cast<unsigned char>(utf8[i]);
    if (lead < 0x80) {
      bytes += utf8[i];
    } else {
      bytes += static_cast<char>((lead & 3) << 6 | (static_cast<unsigned char>(utf8[++i]) & 0x3f));
    }
  }
  return bytes;
}

struct Reading {
  std::vector<std::string> complete;
  std::string error;
};

/// Reads everything; each complete message as one text.
Reading read(Role role, const std::string& method, const std::string& wire) {
  Transcript transcript({.role = role, .method = method});
  transcript.feed(wire);
  transcript.feed_eof();
  std::string text = transcript.text();
  Reading reading;
  std::string message;
  const std::string separator = " | ";
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find(separator, at), text.size());
    const std::string event = text.substr(at, end - at);
    at = end + separator.size();
    if (event.starts_with("error ")) reading.error = event.substr(6);
    if (event.starts_with("request ") || event.starts_with("response ")) message = event;
    if (event.starts_with("interim ")) {
      reading.complete.push_back("response " + event.substr(8) + " ");
    }
    if (event.starts_with("data ")) message += " " + event;
    if (event.starts_with("end") || event.starts_with("switched")) {
      if (!message.empty()) reading.complete.push_back(message + " ");
      message.clear();
    }
  }
  return reading;
}

std::string interpretation_of(const json& message) {
  Fields fields;
  for (const auto& line : message.at("headers")) {
    fields.add(to_bytes(line.at(0).get<std::string>()), to_bytes(line.at(1).get<std::string>()));
  }
  const Version version = message.at("version") == "1.0" ? kHttp10 : kHttp11;
  std::string text;
  if (message.contains("method")) {
    text = "request " +
           show(RequestHead{to_bytes(message.at("method").get<std::string>()),
                            to_bytes(message.at("target").get<std::string>()), version, fields});
  } else {
    text =
        "response " + show(ResponseHead{version, message.at("status").get<int>(),
                                        to_bytes(message.at("reason").get<std::string>()), fields});
  }
  // Long bodies are named by their length and digest only.
  if (!message.contains("body_b64")) return text;
  const std::string body = from_base64(message.at("body_b64").get<std::string>());
  if (!body.empty()) text += " data " + quote(body);
  return text + " ";
}

/// What was read begins with what was to be read.
void expect_same(const std::vector<std::string>& read, const std::vector<std::string>& expected) {
  ASSERT_GE(read.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const bool whole = expected[i].ends_with(' ');
    EXPECT_EQ(whole ? read[i] : read[i].substr(0, expected[i].size()), expected[i]);
  }
}

void judge(Role role, const std::string& file) {
  std::ifstream lines(file);
  ASSERT_TRUE(lines) << file;
  std::map<std::string, int> counts;
  for (std::string line; std::getline(lines, line);) {
    const json record = json::parse(line);
    const std::string grade = record.at("grade");
    const std::string method = record.value("request_method", json("GET")).is_string()
                                   ? record.value("request_method", "GET")
                                   : "GET";
    const std::string wire = from_base64(record.value("run_b64", record.value("raw_b64", "")));
    const Reading reading = read(role, method, wire);
    SCOPED_TRACE(record.at("id").get<std::string>() + " " + grade + " " +
                 record.at("anomalies").dump() + "\n" + quote(wire));
    ++counts[grade + (reading.error.empty() ? " accepted" : " refused")];
    std::vector<std::string> expected;
    for (const auto& message : record.at("interpretation")) {
      expected.push_back(interpretation_of(message));
    }
    if (grade == "must_accept") {
      EXPECT_EQ(reading.error, "");
      EXPECT_EQ(reading.complete.size(), expected.size());
      expect_same(reading.complete, expected);
    } else if (grade != "either") {
      EXPECT_NE(reading.error, "");
      if (role == Role::server) {
        EXPECT_LE(reading.complete.size(), record.at("valid_prefix").get<std::size_t>());
      }
    } else if (reading.error.empty()) {
      expect_same(reading.complete, expected);
    }
  }
  for (const auto& [verdict, count] : counts) std::cout << verdict << ": " << count << '\n';
}

std::vector<std::string> folders() {
  const char* const folder = std::getenv("TAPEDECK_CORPUS");
  return folder == nullptr ? std::vector<std::string>{} : std::vector<std::string>{folder};
}

class Corpus : public ::testing::TestWithParam<std::string> {};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(Corpus);
INSTANTIATE_TEST_SUITE_P(Folder, Corpus, ::testing::ValuesIn(folders()));

TEST_P(Corpus, Requests) { judge(Role::server, GetParam() + "/requests.jsonl"); }
TEST_P(Corpus, Responses) { judge(Role::client, GetParam() + "/responses.jsonl"); }

}  // namespace
}  // namespace tapedeck::http::testing
