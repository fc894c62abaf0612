#include "daemon/cli/fetch/output.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include <nlohmann/json.hpp>

#include "storage/http_text.hpp"

namespace tapedeck::fetch {
namespace {

constexpr std::size_t kBlock = std::size_t{64} * 1024;

Failure unwritable(const std::string& name) {
  return {std::error_code(errno, std::generic_category()), Stage::respond, Blame::local, name};
}

/// Bytes as a JSON string: beyond ASCII as in the log (storage/http_text.hpp).
std::string json_string(std::string_view bytes) {
  std::string scratch;
  return nlohmann::json(std::string(storage::to_utf8(bytes, scratch))).dump();
}

std::string headers_json(const http::Fields& fields) {
  std::string text;
  storage::append_header_json(fields, text);
  return text;
}

}  // namespace

Output::Output(int descriptor, std::string name) : descriptor_(descriptor), name_(std::move(name)) {
  struct stat kind {};
  at_once_ = ::fstat(descriptor, &kind) != 0 || !(S_ISREG(kind.st_mode) || S_ISCHR(kind.st_mode)) ||
             ::isatty(descriptor) == 1;
}

Output Output::to_stdout() { return {STDOUT_FILENO, "standard output"}; }

Result<Output> Output::to_file(const std::string& path) {
  constexpr mode_t kMode = 0666;  // the user's umask decides, as for any program that writes files
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, kMode);
  if (descriptor < 0) return unwritable(path);
  return Output(descriptor, path);
}

Output::Output(Output&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      name_(std::move(other.name_)),
      at_once_(other.at_once_),
      buffer_(std::move(other.buffer_)) {}

Output::~Output() {
  if (descriptor_ > STDERR_FILENO) ::close(descriptor_);
}

Result<void> Output::write(std::string_view bytes) {
  buffer_ += bytes;
  return at_once_ || buffer_.size() >= kBlock ? flush() : Result<void>{};
}

Result<void> Output::flush() {
  std::string_view rest = buffer_;
  while (!rest.empty()) {
    const ssize_t written = ::write(descriptor_, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return unwritable(name_);
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  buffer_.clear();
  return {};
}

Result<void> JsonResponse::begin(const client::BlockingResponse& response, std::string_view url) {
  std::string text = "{\"url\":" + json_string(url);
  text += ",\"status\":" + std::to_string(response.status());
  text += ",\"reason\":" + json_string(response.reason());
  text += ",\"version\":\"" + std::string(http::to_string(response.version())) + '"';
  text += ",\"headers\":" + headers_json(response.headers());
  text += ",\"body_b64\":\"";
  return output_.write(text);
}

Result<void> JsonResponse::body(std::string_view piece) {
  std::string encoded;
  encoder_.push(piece, encoded);
  return output_.write(encoded);
}

Result<void> JsonResponse::end(const client::BlockingResponse& response, const Failure* failure) {
  std::string text;
  encoder_.finish(text);
  text += "\",\"trailers\":" + headers_json(response.trailers());
  if (failure != nullptr) text += ",\"error\":" + json_string(failure->to_string());
  return output_.write(text + "}\n");
}

std::string head_text(const client::BlockingResponse& response) {
  std::string text(http::to_string(response.version()));
  text += ' ' + std::to_string(response.status()) + ' ' + response.reason() + "\r\n";
  for (const auto& [name, value] : response.headers()) {
    text.append(name).append(": ").append(value).append("\r\n");
  }
  return text + "\r\n";
}

}  // namespace tapedeck::fetch
