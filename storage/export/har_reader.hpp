#pragma once

#include <functional>
#include <optional>
#include <string>

#include "storage/exchange.hpp"
#include "storage/export/body_intake.hpp"
#include "storage/export/json_reader.hpp"
#include "storage/export/spool.hpp"

namespace tapedeck::storage {

/// An entry of a HAR as a row of the log.
struct HarEntry {
  Exchange row;
  std::optional<std::int64_t> request_body;  ///< body.id
  std::optional<std::int64_t> response_body;
};

/// Reads HAR (1.1, 1.2, as browsers and proxies write it), entry by entry: bodies go into the
/// store, all else into a row. Members may come in any order; what a log has no place for is
/// skipped. Throws JsonError, SqliteError, std::system_error.
class HarReader {
 public:
  /// `directory`: for bodies whose encoding comes after their text, where they are large.
  HarReader(JsonReader& json, BodyStore& bodies, const std::string& directory);

  /// Reads the document; `each` takes the entries.
  void read(const std::function<void(const HarEntry&)>& each);

 private:
  /// A body's text as it stands, and what it is.
  struct Text {
    explicit Text(const std::string& directory) : spool(directory) {}
    Spool spool;
    bool base64 = false;
    void clear() {
      spool.clear();
      base64 = false;
    }
  };

  void read_entry();
  void read_request();
  void read_post_data();
  void read_response();
  void read_content();
  void read_timings();
  void read_own();
  void read_own_target();
  void settle();

  http::Fields read_fields();
  void check_size(std::size_t size, const char* what);
  std::string read_wire_text(const char* what);
  std::string read_text();
  std::int64_t read_integer();
  std::optional<std::int64_t> read_duration();
  std::int64_t read_time();
  void read_into(Text& text);
  BodyIntake::Stored store(Text& text);
  BodyIntake::Stored store_posted();

  JsonReader& json_;
  BodyIntake intake_;
  HarEntry entry_;
  Text posted_;
  Text text_;
  Text recorded_;  ///< a response's bytes with their coding, where text_ is without
  /// What must wait for the whole entry to be known.
  struct Pending {
    std::string url;
    std::string server;
    std::string connection;
    std::int64_t request_size = -1;
    std::int64_t response_size = -1;
    std::int64_t stored_response = 0;
    std::optional<Mode> mode;
    std::optional<State> state;
    std::optional<Exchange> target;
    std::optional<std::int64_t> connect_us;  ///< with TLS, as HAR has it
    bool undecoded = false;
    bool has_request = false;
    bool has_start = false;
  } pending_;
};

}  // namespace tapedeck::storage
