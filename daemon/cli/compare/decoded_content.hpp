#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>

#include "client/content_decoder.hpp"
#include "client/http/fields.hpp"
#include "storage/compare/response.hpp"

namespace tapedeck::cli {

/// A response body on its way to be compared: its content-coding is undone piece by piece.
class DecodedContent {
 public:
  /// `headers`: of the response whose body it is.
  explicit DecodedContent(const http::Fields& headers);

  void append(std::span<const char> piece);
  /// Gives the body to `response`, or says there why there is none.
  void finish(storage::ComparedResponse& response) &&;

 private:
  std::unique_ptr<storage::Content> content_ = std::make_unique<storage::Content>();
  std::optional<client::ContentDecoder> decoder_;
  bool any_ = false;
  std::string note_;
  std::optional<Failure> failure_;
};

}  // namespace tapedeck::cli
