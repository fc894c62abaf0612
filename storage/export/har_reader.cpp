#include "storage/export/har_reader.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "client/http/base64.hpp"
#include "client/http/grammar.hpp"
#include "storage/export/har_error.hpp"
#include "storage/export/target.hpp"
#include "storage/export/timestamp.hpp"
#include "storage/export/undone_coding.hpp"
#include "storage/http_text.hpp"

namespace tapedeck::storage {
namespace {

/// The widest integer that JSON can be trusted with.
constexpr double kLargest = 9'007'199'254'740'992.0;

/// Posted text up to this size is looked at for being binary.
constexpr std::size_t kLargestPosted = 16u << 20;

/// "a=1&b=2" of a form that came as parameters alone.
void append_form(std::string& form, std::string_view name, std::string_view value) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  const auto append = [&](std::string_view text) {
    for (const char c : text) {
      const auto byte = static_cast<unsigned char>(c);
      const bool plain = (byte < 0x80 && http::is(c, http::kToken) &&
                          std::string_view("!#$%&'+^`|~").find(c) == std::string_view::npos);
      if (plain) {
        form += c;
      } else if (c == ' ') {
        form += '+';
      } else {
        form += {'%', kHex[byte >> 4], kHex[byte & 15]};
      }
    }
  };
  if (!form.empty()) form += '&';
  append(name);
  form += '=';
  append(value);
}

}  // namespace

HarReader::HarReader(JsonReader& json, BodyStore& bodies, const std::string& directory)
    : json_(json), intake_(bodies), posted_(directory), text_(directory), recorded_(directory) {}

void HarReader::read(const std::function<void(const HarEntry&)>& each) {
  bool is_har = false;
  read_members(json_, Member{"log", [&] {
                               is_har = true;
                               bool entries = false;
                               read_members(json_, Member{"entries", [&] {
                                                            entries = true;
                                                            json_.array([&] {
                                                              read_entry();
                                                              each(entry_);
                                                            });
                                                          }});
                               if (!entries)
                                 json_.fail("a HAR's log has entries; this one has none");
                             }});
  if (!is_har) json_.fail("not a HAR: there is no log in it");
  json_.end();
}

void HarReader::read_entry() {
  entry_ = {};
  pending_ = {};
  posted_.clear();
  Exchange& row = entry_.row;
  read_members(json_,
               Member{"startedDateTime",
                      [&] {
                        row.started_at = read_time();
                        pending_.has_start = true;
                      }},
               Member{"time", [&] { row.timings.total_us = read_duration(); }},
               Member{"request", [&] { read_request(); }},
               Member{"response", [&] { read_response(); }},
               Member{"timings", [&] { read_timings(); }},
               Member{"serverIPAddress", [&] { pending_.server = read_text(); }},
               Member{"connection", [&] { pending_.connection = read_text(); }},
               Member{"_tapedeck", [&] { read_own(); }});
  if (!pending_.has_start) json_.fail("an entry without startedDateTime");
  if (!pending_.has_request) json_.fail("an entry without a request");
  settle();
}

/// Puts together what the entry's parts say.
void HarReader::settle() {
  Exchange& row = entry_.row;
  set_url(row, pending_.url);
  if (pending_.target) {
    row.scheme = pending_.target->scheme;
    row.host = pending_.target->host;
    row.port = pending_.target->port;
    row.path = pending_.target->path;
    row.query = pending_.target->query;
  }
  row.mode = pending_.mode.value_or(Mode::forward);
  const bool failed = !row.status || !row.error_code.empty();
  row.state = pending_.state.value_or(failed ? State::failed : State::complete);
  // What was going on there goes on no more here.
  if (row.state == State::open) row.state = State::interrupted;
  const auto posted = store_posted();
  entry_.request_body = posted.id;
  row.request_size = pending_.request_size >= 0 ? pending_.request_size : posted.size;
  row.response_size =
      pending_.response_size >= 0 ? pending_.response_size : pending_.stored_response;
  if (pending_.connect_us) {
    row.timings.connect_us =
        std::max<std::int64_t>(0, *pending_.connect_us - row.timings.tls_us.value_or(0));
  }
  if (row.upstream_address.empty() && !pending_.server.empty()) {
    std::string address = pending_.server;
    if (address.find(':') != std::string::npos && !address.starts_with('[')) {
      address = "[" + address + "]";
    }
    row.upstream_address = address + ":" + std::to_string(row.port.value_or(0));
  }
  // HAR's connection is by custom the client's port.
  if (row.client.empty() && !pending_.connection.empty()) row.client = ":" + pending_.connection;
}

void HarReader::read_request() {
  Exchange& row = entry_.row;
  pending_.has_request = true;
  read_members(json_,
               Member{"method",
                      [&] {
                        row.method = read_wire_text("a method");
                        if (!row.method.empty() && !http::all(row.method, http::kToken)) {
                          json_.fail("not a method: " + row.method);
                        }
                      }},
               Member{"url", [&] { pending_.url = read_wire_text("a URL"); }},
               Member{"httpVersion", [&] { row.request_version = read_wire_text("a version"); }},
               Member{"headers", [&] { row.request_headers = read_fields(); }},
               Member{"_tapedeckTrailers", [&] { row.request_trailers = read_fields(); }},
               Member{"postData", [&] { read_post_data(); }},
               Member{"bodySize", [&] { pending_.request_size = read_integer(); }});
}

void HarReader::read_post_data() {
  if (json_.null()) return;
  std::string form;
  std::string type;
  read_members(json_, Member{"mimeType", [&] { type = read_text(); }},
               Member{"text", [&] { read_into(posted_); }},
               Member{"_tapedeckEncoding", [&] { posted_.base64 = read_text() == "base64"; }},
               Member{"params", [&] {
                        if (json_.null()) return;
                        json_.array([&] {
                          std::string name;
                          std::string value;
                          read_members(json_, Member{"name", [&] { name = read_text(); }},
                                       Member{"value", [&] { value = read_text(); }});
                          append_form(form, name, value);
                          check_size(form.size(), "params");
                        });
                      }});
  // Some write a form as parameters alone; its text can be made of them, that of other types not.
  if (posted_.spool.size() == 0 && type.starts_with("application/x-www-form-urlencoded")) {
    posted_.spool.push(form);
  }
}

void HarReader::read_response() {
  Exchange& row = entry_.row;
  if (json_.null()) return;
  read_members(json_,
               Member{"status",
                      [&] {
                        const std::int64_t status = read_integer();
                        if (status < 0 || status > 999)
                          json_.fail("not a status: " + std::to_string(status));
                        if (status > 0) row.status = static_cast<int>(status);
                      }},
               Member{"statusText", [&] { row.reason = read_wire_text("a reason"); }},
               Member{"httpVersion", [&] { row.response_version = read_wire_text("a version"); }},
               Member{"headers", [&] { row.response_headers = read_fields(); }},
               Member{"_tapedeckTrailers", [&] { row.response_trailers = read_fields(); }},
               Member{"content", [&] { read_content(); }},
               Member{"bodySize", [&] { pending_.response_size = read_integer(); }},
               Member{"_error", [&] {
                        if (!json_.null()) set_error(row, json_.string());
                      }});
  const bool decoded = entry_.response_body && !pending_.undecoded;
  if (decoded) set_aside_coding(row.response_headers);
}

void HarReader::read_content() {
  if (json_.null()) return;
  text_.clear();
  recorded_.clear();
  read_members(json_, Member{"text", [&] { read_into(text_); }},
               Member{"encoding", [&] { text_.base64 = read_text() == "base64"; }},
               Member{"_tapedeckRecorded",
                      [&] {
                        read_into(recorded_);
                        recorded_.base64 = true;
                        pending_.undecoded = true;
                      }},
               Member{"_tapedeckUndecoded", [&] { pending_.undecoded |= json_.boolean(); }});
  const auto stored = store(recorded_.base64 ? recorded_ : text_);
  entry_.response_body = stored.id;
  pending_.stored_response = stored.size;
}

void HarReader::read_timings() {
  Timings& timings = entry_.row.timings;
  if (json_.null()) return;
  read_members(json_, Member{"dns", [&] { timings.dns_us = read_duration(); }},
               Member{"connect", [&] { pending_.connect_us = read_duration(); }},
               Member{"ssl", [&] { timings.tls_us = read_duration(); }},
               Member{"send", [&] { timings.send_us = read_duration(); }},
               Member{"wait", [&] { timings.wait_us = read_duration(); }},
               Member{"receive", [&] { timings.receive_us = read_duration(); }});
}

void HarReader::read_own() {
  Exchange& row = entry_.row;
  const auto named = [&](auto value, const std::string& name) {
    if (!value) json_.fail("tapedeck has no such word: " + name);
    return value;
  };
  read_members(json_,
               Member{"mode",
                      [&] {
                        const std::string name = read_text();
                        pending_.mode = named(mode_named(name), name);
                      }},
               Member{"state",
                      [&] {
                        const std::string name = read_text();
                        pending_.state = named(state_named(name), name);
                      }},
               Member{"client", [&] { row.client = read_text(); }},
               Member{"upstream", [&] { row.upstream_address = read_text(); }},
               Member{"upstreamReused", [&] { row.upstream_reused = json_.boolean(); }},
               Member{"tlsVersion", [&] { row.tls_version = read_text(); }},
               Member{"tlsCipher", [&] { row.tls_cipher = read_text(); }},
               Member{"peerCertSha256", [&] { row.peer_cert_sha256 = read_text(); }},
               Member{"redacted", [&] { row.redacted = read_text(); }},
               Member{"target", [&] { read_own_target(); }});
}

void HarReader::read_own_target() {
  Exchange& target = pending_.target.emplace();
  read_members(json_, Member{"scheme", [&] { target.scheme = read_wire_text("a scheme"); }},
               Member{"host", [&] { target.host = read_wire_text("a host"); }},
               Member{"port",
                      [&] {
                        const std::int64_t port = read_integer();
                        if (port < 0 || port > 65'535) json_.fail("not a port");
                        target.port = static_cast<int>(port);
                      }},
               Member{"path", [&] { target.path = read_wire_text("a path"); }},
               Member{"query", [&] { target.query = read_wire_text("a query"); }});
}

http::Fields HarReader::read_fields() {
  http::Fields fields;
  if (json_.null()) return fields;
  json_.array([&] {
    std::string name;
    std::string value;
    read_members(json_, Member{"name", [&] { name = from_utf8(json_.string()); }},
                 Member{"value", [&] { value = from_utf8(json_.string()); }});
    const std::string_view bare = std::string_view(name).substr(name.starts_with(':') ? 1 : 0);
    if (!http::all(bare, http::kToken)) json_.fail("not a header's name: " + name);
    // Chromium joins the lines of one name, Set-Cookie most of all, with line feeds.
    for (std::size_t at = 0; at <= value.size();) {
      const std::size_t end = std::min(value.find('\n', at), value.size());
      const std::string_view line = std::string_view(value).substr(at, end - at);
      if (!line.empty() && !http::all(line, http::kFieldValue)) {
        json_.fail("a control character in the value of header " + name);
      }
      fields.add(name, line);
      check_size(fields.byte_size(), "headers");
      at = end + 1;
    }
  });
  return fields;
}

/// A list of short strings is held whole, as a string is.
void HarReader::check_size(std::size_t size, const char* what) {
  if (size <= json_.limits().string) return;
  json_.fail(std::string(what) + " of more than " + std::to_string(json_.limits().string) +
             " bytes; --max-string allows more");
}

/// Text that goes on the wire: its bytes, without control characters, which would begin a new line.
std::string HarReader::read_wire_text(const char* what) {
  if (json_.null()) return {};
  std::string bytes = from_utf8(json_.string());
  if (std::any_of(bytes.begin(), bytes.end(),
                  [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; })) {
    json_.fail(std::string("a control character in ") + what);
  }
  return bytes;
}

std::string HarReader::read_text() { return json_.null() ? std::string() : json_.string(); }

std::int64_t HarReader::read_integer() {
  if (json_.null()) return -1;
  const double value = json_.number();
  if (value != std::floor(value) || std::abs(value) > kLargest) json_.fail("not an integer");
  return static_cast<std::int64_t>(value);
}

/// Milliseconds as microseconds; below zero means that there was no such stage.
std::optional<std::int64_t> HarReader::read_duration() {
  if (json_.null()) return std::nullopt;
  const double milliseconds = json_.number();
  if (milliseconds < 0) return std::nullopt;
  if (milliseconds > kLargest / 1'000) json_.fail("a duration out of range");
  return std::llround(milliseconds * 1'000);
}

std::int64_t HarReader::read_time() {
  const std::string text = json_.string();
  const auto time = parse_iso8601(text);
  if (!time) json_.fail("not a time of ISO 8601 with its offset: " + text);
  return *time;
}

void HarReader::read_into(Text& text) {
  if (json_.null()) return;
  json_.string([&](std::string_view piece) { text.spool.push(piece); });
}

BodyIntake::Stored HarReader::store(Text& text) {
  http::Base64Decoder decoder;
  std::string decoded;
  text.spool.read([&](std::string_view piece) {
    if (!text.base64) return intake_.push(piece);
    decoded.clear();
    if (!decoder.push(piece, decoded)) {
      json_.fail("the text is not base64: its character " + std::to_string(decoder.at() + 1));
    }
    intake_.push(decoded);
  });
  if (text.base64 && !decoder.finish()) json_.fail("the text is not base64: it is cut");
  return intake_.finish();
}

/// HAR has no base64 for what was posted: Chromium and mitmproxy write binary as the ISO-8859-1
/// code points of its bytes. It is that when the body was as long as the text has such characters.
BodyIntake::Stored HarReader::store_posted() {
  const std::size_t size = posted_.spool.size();
  if (!posted_.base64 && size <= kLargestPosted && pending_.request_size >= 0) {
    std::string text;
    posted_.spool.read([&](std::string_view piece) { text += piece; });
    std::string bytes = from_utf8(text);
    const bool binary = std::cmp_equal(bytes.size(), pending_.request_size);
    posted_.clear();
    posted_.spool.push(binary ? bytes : text);
  }
  return store(posted_);
}

}  // namespace tapedeck::storage
