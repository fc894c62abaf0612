#pragma once

#include <string>
#include <string_view>

#include "client/blocking_connection.hpp"
#include "client/http/base64.hpp"

namespace tapedeck::fetch {

/// Where bytes of a response go: stdout or a file. What a person or a program may be waiting for
/// is written at once; a file is written in blocks.
class Output {
 public:
  static Output to_stdout();
  /// Creates the file or empties it.
  static Result<Output> to_file(const std::string& path);
  Output(Output&& other) noexcept;
  Output& operator=(Output&&) = delete;
  ~Output();

  Result<void> write(std::string_view bytes);
  Result<void> flush();

 private:
  Output(int descriptor, std::string name);

  int descriptor_;
  std::string name_;
  bool at_once_;
  std::string buffer_;
};

/// One response as a JSON object on a line of its own, written as it comes: the body is never held.
class JsonResponse {
 public:
  explicit JsonResponse(Output& output) : output_(output) {}
  Result<void> begin(const client::BlockingResponse& response, std::string_view url);
  Result<void> body(std::string_view piece);
  /// `failure` where the response was cut.
  Result<void> end(const client::BlockingResponse& response, const Failure* failure);

 private:
  Output& output_;
  http::Base64Encoder encoder_;
};

/// The head as it came, for -i.
std::string head_text(const client::BlockingResponse& response);

}  // namespace tapedeck::fetch
