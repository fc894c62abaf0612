#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <iostream>
#include <unistd.h>

#include "daemon/cli/command.hpp"
#include "storage/export/har_import.hpp"

namespace tapedeck::cli {
namespace {

struct Options {
  std::string file;
  std::string session;
  storage::JsonReader::Limits limits{};
};

/// The deepest that the reader's own stack is sure to bear.
constexpr std::size_t kDeepest = 1'000;

/// A file's descriptor, closed when it goes.
class InputFile {
 public:
  explicit InputFile(const std::string& path)
      : path_(path), file_(path == "-" ? STDIN_FILENO : open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}
  ~InputFile() {
    if (file_ > STDERR_FILENO) close(file_);
  }
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  bool opened() const { return file_ >= 0; }
  std::size_t read(std::span<char> buffer) const {
    while (true) {
      const ssize_t count = ::read(file_, buffer.data(), buffer.size());
      if (count >= 0) return static_cast<std::size_t>(count);
      if (errno != EINTR) throw std::system_error(errno, std::generic_category(), path_);
    }
  }

 private:
  std::string path_;
  int file_;
};

int run_import(const Common& common, const Options& options) {
  const InputFile file(options.file);
  if (!file.opened()) {
    return complain("import", options.file + ": " + std::generic_category().message(errno),
                    kFailed);
  }
  const auto configured = common.load({});
  if (!configured) return complain(configured.error());
  storage::HarImport import{.path = configured->db,
                            .session = options.session,
                            .command = "tapedeck import " + options.file,
                            .limits = options.limits};
  if (import.session.empty()) {
    import.session = options.file == "-" ? "import" : std::filesystem::path(options.file).stem();
  }
  const auto count =
      storage::import_har(import, [&](std::span<char> buffer) { return file.read(buffer); });
  if (!count) {
    const std::string where = count.error().blame == Blame::remote ? options.file + ": " : "";
    return complain("import", where + count.error().detail + "; nothing was imported", kFailed);
  }
  std::cerr << "tapedeck: imported " << *count << (*count == 1 ? " exchange" : " exchanges")
            << " as session '" << harmless(import.session) << "' into " << harmless(import.path)
            << '\n';
  return kDone;
}

}  // namespace

void add_import(CLI::App& app, const Common& common, Chosen& chosen) {
  CLI::App* const command = app.add_subcommand("import", "read a HAR into a session of its own");
  const auto options = std::make_shared<Options>();
  command->footer(
      "Examples:\n"
      "  tapedeck import from-browser.har\n"
      "  tapedeck import - --session 'before the fix' < api.har\n"
      "All of the file is imported or nothing. The log has one writer: while tapedeck serve has "
      "it\n"
      "open, import into another one with --db.");
  command->add_option("file", options->file, "a HAR, as browsers and proxies save it; - is stdin")
      ->required()
      ->type_name("FILE.har");
  command->add_option("--session", options->session, "the session's name (default: the file's)")
      ->type_name("NAME");
  command->add_option("--max-depth", options->limits.depth, "levels of objects and arrays")
      ->check(CLI::Range(std::size_t{1}, kDeepest).description(""))
      ->capture_default_str()
      ->type_name("N");
  command
      ->add_option("--max-string", options->limits.string,
                   "bytes of a string that is no body, such as a URL or a header")
      ->check(CLI::PositiveNumber.description(""))
      ->capture_default_str()
      ->type_name("N");
  command->callback([&common, &chosen, options] {
    chosen = [&common, options] { return run_import(common, *options); };
  });
}

}  // namespace tapedeck::cli
