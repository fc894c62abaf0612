#include "daemon/cli/fetch/form.hpp"

#include <array>
#include <deque>
#include <filesystem>
#include <fstream>
#include <memory>
#include <random>

#include "client/error.hpp"

namespace tapedeck::fetch {
namespace {

constexpr std::size_t kPiece = std::size_t{64} * 1024;

Failure wrong(std::string detail) {
  return {std::make_error_code(std::errc::invalid_argument), Stage::configure, Blame::local,
          std::move(detail)};
}

std::string random_boundary() {
  std::random_device random;
  std::string boundary = "tapedeck-";
  constexpr std::string_view kLetters = "0123456789abcdef";
  for (int i = 0; i < 32; ++i) boundary += kLetters[random() % kLetters.size()];
  return boundary;
}

/// RFC 7578 section 4.2, as browsers do it: percent-encoding for what would end the string.
std::string form_quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"') {
      out += "%22";
    } else if (c == '\r') {
      out += "%0D";
    } else if (c == '\n') {
      out += "%0A";
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string part_head(const FormPart& part, const std::string& boundary) {
  std::string head = "--" + boundary + "\r\nContent-Disposition: form-data; name=";
  head += form_quoted(part.name);
  if (!part.file_name.empty()) head += "; filename=" + form_quoted(part.file_name);
  head += "\r\n";
  if (!part.content_type.empty()) head += "Content-Type: " + part.content_type + "\r\n";
  return head + "\r\n";
}

/// Text and files in the order they are sent.
struct Pieces {
  struct Piece {
    std::string text;  ///< or a path
    bool file = false;
  };
  std::deque<Piece> left;
  std::ifstream open;

  void add(std::string_view text) {
    if (left.empty() || left.back().file) left.push_back({});
    left.back().text += text;
  }

  std::optional<std::string> next() {
    while (true) {
      if (open.is_open()) {
        std::string piece(kPiece, '\0');
        open.read(piece.data(), static_cast<std::streamsize>(piece.size()));
        piece.resize(static_cast<std::size_t>(open.gcount()));
        if (!piece.empty()) return piece;
        open.close();
        open.clear();
      }
      if (left.empty()) return std::nullopt;
      Piece piece = std::move(left.front());
      left.pop_front();
      if (!piece.file) return std::move(piece.text);
      open.open(piece.text, std::ios::binary);
    }
  }
};

}  // namespace

Result<FormPart> parse_form_part(std::string_view argument) {
  const std::size_t equals = argument.find('=');
  if (equals == std::string_view::npos || equals == 0) {
    return wrong("--form: expected name=value, not '" + std::string(argument) + "'");
  }
  FormPart part;
  part.name = argument.substr(0, equals);
  std::string_view rest = argument.substr(equals + 1);
  const bool upload = rest.starts_with('@');
  part.from_file = upload || rest.starts_with('<');
  if (part.from_file) rest.remove_prefix(1);
  while (true) {
    const std::size_t semicolon = rest.rfind(';');
    if (semicolon == std::string_view::npos) break;
    std::string_view option = rest.substr(semicolon + 1);
    if (option.starts_with("type=")) {
      part.content_type = option.substr(5);
    } else if (option.starts_with("filename=")) {
      part.file_name = option.substr(9);
    } else {
      break;
    }
    rest = rest.substr(0, semicolon);
  }
  part.value = rest;
  if (upload) {
    if (part.file_name.empty()) part.file_name = std::filesystem::path(part.value).filename();
    if (part.content_type.empty()) part.content_type = "application/octet-stream";
  }
  return part;
}

Result<Multipart> multipart(const std::vector<FormPart>& parts) {
  const std::string boundary = random_boundary();
  const auto pieces = std::make_shared<Pieces>();
  std::optional<std::uint64_t> length = 0;
  for (const FormPart& part : parts) {
    pieces->add(part_head(part, boundary));
    if (part.from_file) {
      if (!std::ifstream(part.value, std::ios::binary) ||
          std::filesystem::is_directory(part.value)) {
        return Failure{client::Error::body_unreadable, Stage::send, Blame::local, part.value};
      }
      std::error_code no_size;
      const auto size = std::filesystem::file_size(part.value, no_size);
      if (no_size) length.reset();
      if (length) *length += size;
      pieces->left.push_back({part.value, true});
    } else {
      pieces->add(part.value);
    }
    pieces->add("\r\n");
  }
  pieces->add("--" + boundary + "--\r\n");
  for (const Pieces::Piece& piece : pieces->left) {
    if (length && !piece.file) *length += piece.text.size();
  }
  return Multipart{client::Body::generated([pieces] { return pieces->next(); }, length),
                   "multipart/form-data; boundary=" + boundary};
}

}  // namespace tapedeck::fetch
