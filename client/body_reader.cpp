#include "client/body_reader.hpp"

#include <cerrno>
#include <filesystem>

#include "client/error.hpp"

namespace tapedeck::client {
namespace {

Failure unreadable(const std::string& path, const std::error_code& why) {
  return {Error::body_unreadable, Stage::send, Blame::local, path + ": " + why.message()};
}

}  // namespace

Result<BodyReader> BodyReader::open(const Body& body, std::size_t block_size) {
  BodyReader reader(body, block_size);
  if (const auto* text = std::get_if<std::string>(&body.source_)) {
    reader.length_ = text->size();
  } else if (const auto* file = std::get_if<Body::File>(&body.source_)) {
    std::error_code error;
    const auto size = std::filesystem::file_size(file->path, error);
    // A pipe or a device has no size, and can be sent chunked.
    if (!error) reader.length_ = size;
    if (std::filesystem::is_directory(file->path, error)) {
      return unreadable(file->path, std::make_error_code(std::errc::is_a_directory));
    }
    reader.file_.reset(std::fopen(file->path.c_str(), "rbe"));
    if (!reader.file_) {
      return unreadable(file->path, std::error_code(errno, std::generic_category()));
    }
  } else if (const auto* generated = std::get_if<Body::Generated>(&body.source_)) {
    reader.length_ = generated->length;
  } else {
    reader.length_ = 0;
  }
  return reader;
}

Result<std::string_view> BodyReader::next() {
  if (const auto* text = std::get_if<std::string>(&body_->source_)) {
    if (text_given_) return std::string_view{};
    text_given_ = true;
    return std::string_view(*text);
  }
  if (const auto* file = std::get_if<Body::File>(&body_->source_)) {
    piece_.resize(block_size_);
    const std::size_t size = std::fread(piece_.data(), 1, piece_.size(), file_.get());
    if (std::ferror(file_.get()) != 0) {
      return unreadable(file->path, std::make_error_code(std::errc::io_error));
    }
    return std::string_view(piece_).substr(0, size);
  }
  if (const auto* generated = std::get_if<Body::Generated>(&body_->source_)) {
    while (auto piece = generated->generator()) {
      if (piece->empty()) continue;
      piece_ = *std::move(piece);
      return std::string_view(piece_);
    }
  }
  return std::string_view{};
}

}  // namespace tapedeck::client
