#include "tests/client/http/transcript.hpp"

#include <cstring>
#include <gtest/gtest.h>

#include "client/http/error.hpp"
#include "client/http/grammar.hpp"

namespace tapedeck::http::testing {

std::string_view error_name(std::error_code code) {
  if (code.category() != error_category()) return "foreign";
#define TAPEDECK_NAME(name) \
  case Error::name:         \
    return #name;
  switch (static_cast<Error>(code.value())) {
    TAPEDECK_NAME(bad_request_line)
    TAPEDECK_NAME(bad_method)
    TAPEDECK_NAME(bad_target)
    TAPEDECK_NAME(bad_version)
    TAPEDECK_NAME(unsupported_version)
    TAPEDECK_NAME(bad_status_line)
    TAPEDECK_NAME(bad_field_name)
    TAPEDECK_NAME(bad_field_value)
    TAPEDECK_NAME(whitespace_before_colon)
    TAPEDECK_NAME(whitespace_before_first_field)
    TAPEDECK_NAME(obsolete_line_folding)
    TAPEDECK_NAME(bare_cr)
    TAPEDECK_NAME(bare_lf)
    TAPEDECK_NAME(missing_host)
    TAPEDECK_NAME(multiple_hosts)
    TAPEDECK_NAME(bad_host)
    TAPEDECK_NAME(bad_url)
    TAPEDECK_NAME(unsupported_scheme)
    TAPEDECK_NAME(userinfo_in_target)
    TAPEDECK_NAME(bad_content_length)
    TAPEDECK_NAME(content_length_overflow)
    TAPEDECK_NAME(repeated_content_length)
    TAPEDECK_NAME(content_length_with_transfer_encoding)
    TAPEDECK_NAME(bad_transfer_encoding)
    TAPEDECK_NAME(unknown_transfer_coding)
    TAPEDECK_NAME(transfer_encoding_in_http10)
    TAPEDECK_NAME(body_on_connect)
    TAPEDECK_NAME(bad_chunk_size)
    TAPEDECK_NAME(chunk_size_overflow)
    TAPEDECK_NAME(bad_chunk_extension)
    TAPEDECK_NAME(bad_chunk_end)
    TAPEDECK_NAME(start_line_too_long)
    TAPEDECK_NAME(head_too_large)
    TAPEDECK_NAME(too_many_fields)
    TAPEDECK_NAME(chunk_line_too_long)
    TAPEDECK_NAME(trailers_too_large)
    TAPEDECK_NAME(too_many_interim_responses)
    TAPEDECK_NAME(bad_content_coding)
    TAPEDECK_NAME(content_too_large)
    TAPEDECK_NAME(incomplete_head)
    TAPEDECK_NAME(incomplete_body)
    TAPEDECK_NAME(unexpected_data)
    TAPEDECK_NAME(connection_closed)
    TAPEDECK_NAME(unexpected_upgrade)
    TAPEDECK_NAME(not_allowed_now)
    TAPEDECK_NAME(body_longer_than_declared)
    TAPEDECK_NAME(body_shorter_than_declared)
  }
#undef TAPEDECK_NAME
  return "unknown";
}

std::string quote(std::string_view text) {
  std::string shown = "\"";
  for (char c : text) {
    if (c >= ' ' && c <= '~') {
      shown += c;
    } else if (c == '\r') {
      shown += "\\r";
    } else if (c == '\n') {
      shown += "\\n";
    } else {
      shown.append("<").append(describe_byte(c)).append(">");
    }
  }
  return shown + "\"";
}

std::string show(const Fields& fields) {
  std::string shown = "[";
  for (const Fields::Line& line : fields) {
    if (shown.size() > 1) shown += "; ";
    shown.append(line.name).append(": ").append(line.value);
  }
  return shown + "]";
}

std::string show(const RequestHead& head) {
  return head.method + " " + head.target + " " + std::string(to_string(head.version)) + " " +
         show(head.fields);
}

std::string show(const ResponseHead& head) {
  return std::string(to_string(head.version)) + " " + std::to_string(head.status) + " " +
         head.reason + " " + show(head.fields);
}

Transcript::Transcript(const Setup& setup)
    : connection_(setup.role, setup.limits), role_(setup.role) {
  if (role_ == Role::server) return;
  RequestHead head{.method = setup.method, .target = "/", .fields = {{"Host", "a"}}};
  if (setup.method == "CONNECT") head.target = "a:1";
  if (setup.upgrade) head.fields.add("Upgrade", "x");
  std::string out;
  EXPECT_TRUE(connection_.send_request(head, Framing::none(), out));
  EXPECT_TRUE(connection_.send_end({}, out));
}

void Transcript::feed(std::string_view bytes) {
  if (bytes.empty()) return;
  const auto room = connection_.prepare(bytes.size());
  std::memcpy(room.data(), bytes.data(), bytes.size());
  connection_.commit(bytes.size());
  drain();
}

void Transcript::feed_eof() {
  connection_.commit_eof();
  drain();
}

void Transcript::note(const std::string& event) {
  if (!data_.empty()) {
    text_ += (text_.empty() ? "data " : " | data ") + quote(data_);
    data_.clear();
  }
  if (!event.empty()) text_ += (text_.empty() ? "" : " | ") + event;
}

std::string Transcript::text() {
  note("");
  if (!failed_ && connection_.has_leftover()) {
    // Between messages only: inside one, unread bytes are the piece that is being waited for.
    auto event = connection_.next_event();
    if (event && event->kind == Connection::EventKind::paused) {
      note("left " + quote(connection_.take_leftover()));
    }
  }
  return text_;
}

void Transcript::answer() {
  std::string out;
  ASSERT_TRUE(
      connection_.send_response({.status = 200, .reason = "OK"}, Framing::of_length(0), out));
  if (connection_.our_state() == State::switched) {
    note("switched");
    return;
  }
  ASSERT_TRUE(connection_.send_end({}, out));
  EXPECT_EQ(out, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  connection_.start_next_cycle();
}

void Transcript::drain() {
  using Kind = Connection::EventKind;
  while (!stopped_) {
    auto event = connection_.next_event();
    if (!event) {
      note("error " + std::string(error_name(event.error().code)));
      EXPECT_EQ(event.error().blame, Blame::remote);
      stopped_ = failed_ = true;
      return;
    }
    switch (event->kind) {
      case Kind::need_data:
      case Kind::paused:
        return;
      case Kind::request:
        note("request " + show(connection_.request()));
        break;
      case Kind::interim_response:
        note("interim " + show(connection_.response()));
        break;
      case Kind::response:
        note("response " + show(connection_.response()));
        if (connection_.their_state() == State::switched) note("switched");
        break;
      case Kind::data:
        data_ += event->data;
        break;
      case Kind::end_of_message:
        note(connection_.trailers().empty() ? "end" : "end " + show(connection_.trailers()));
        if (role_ == Role::server) answer();
        break;
      case Kind::closed:
        note("closed");
        stopped_ = true;
        return;
    }
  }
}

namespace {

std::string run(const Case& one, std::size_t first, bool byte_by_byte, bool eof) {
  Transcript transcript(one.setup);
  if (byte_by_byte) {
    for (char c : one.wire) transcript.feed({&c, 1});
  } else {
    transcript.feed(std::string_view(one.wire).substr(0, first));
    transcript.feed(std::string_view(one.wire).substr(first));
  }
  if (eof) transcript.feed_eof();
  return transcript.text();
}

}  // namespace

void check(const Case& one) {
  SCOPED_TRACE(quote(one.wire).substr(0, 600));
  for (const bool eof : {false, true}) {
    std::string expected = one.expected;
    // Nothing follows an error; and with bytes left over, the end is not reached.
    const bool over = expected.find("error ") != std::string::npos ||
                      expected.find("left \"") != std::string::npos;
    if (eof && !one.at_eof.empty() && !over) {
      expected += (expected.empty() ? "" : " | ") + one.at_eof;
    }
    ASSERT_EQ(run(one, 0, false, eof), expected) << (eof ? "with" : "without") << " eof";
    const std::size_t step = one.wire.size() > 4000 ? 97 : 1;
    for (std::size_t at = 1; at < one.wire.size(); at += step) {
      ASSERT_EQ(run(one, at, false, eof), expected) << "split at " << at << ", eof " << eof;
    }
    ASSERT_EQ(run(one, 0, true, eof), expected) << "byte by byte, eof " << eof;
  }
}

void check_all(const std::vector<Case>& cases, const Transcript::Setup& setup) {
  for (Case one : cases) {
    one.setup = setup;
    check(one);
  }
}

void check_truncation(const std::string& wire, const Transcript::Setup& setup) {
  SCOPED_TRACE(quote(wire).substr(0, 600));
  for (std::size_t size = 1; size < wire.size(); ++size) {
    Transcript transcript(setup);
    transcript.feed(std::string_view(wire).substr(0, size));
    transcript.feed_eof();
    const std::string text = transcript.text();
    ASSERT_NE(text.find("error incomplete_"), std::string::npos) << size << ": " << text;
    ASSERT_EQ(text.find("| end"), std::string::npos) << size << ": " << text;
  }
}

}  // namespace tapedeck::http::testing
