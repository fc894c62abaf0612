#include <iostream>

#include "daemon/cli/chore.hpp"
#include "daemon/cli/json_text.hpp"
#include "storage/query/session_list.hpp"

namespace tapedeck::cli {
namespace {

using storage::SessionSummary;

struct Options {
  bool json = false;
  bool force = false;
  std::string session;
  std::string text;
};

std::string as_json(const SessionSummary& session) {
  using Json = nlohmann::ordered_json;
  const auto or_null = [](const std::string& text) {
    return text.empty() ? Json(nullptr) : Json(text);
  };
  const Json object = {{"id", session.id},
                       {"name", session.name},
                       {"started_at", session.started_at},
                       {"ended_at", session.ended_at ? Json(*session.ended_at) : Json(nullptr)},
                       {"command", or_null(session.command)},
                       {"exchanges", session.exchanges},
                       {"bytes", session.bytes},
                       {"pinned", session.pinned},
                       {"tags", session.tags},
                       {"note", or_null(session.note)}};
  return harmless_json(object.dump(-1, ' ', false, Json::error_handler_t::replace));
}

std::string remarks(const SessionSummary& session) {
  std::string text;
  if (session.pinned) text += " pinned";
  for (const std::string& tag : session.tags) text += " #" + harmless(tag);
  if (!session.note.empty()) text += " – " + harmless(session.note);
  return text;
}

int list(const Common& common, const Options& options) {
  const auto log = common.open_log();
  if (!log) return complain(log.error());
  const Terminal terminal = Terminal::of_stdout(common.color);
  const auto sessions = storage::list_sessions(**log);
  std::size_t width = 0;
  for (const SessionSummary& session : sessions) {
    width = std::max(width, columns(harmless(session.name)));
  }
  for (const SessionSummary& session : sessions) {
    if (options.json) {
      std::cout << as_json(session) << '\n';
      continue;
    }
    std::cout << styled(terminal, Style::dim, padded_left(std::to_string(session.id), 5)) << ' '
              << styled(terminal, Style::bold, padded_right(harmless(session.name), width)) << ' '
              << styled(terminal, Style::dim,
                        padded_right(human_time(session.started_at, now_us()), 12))
              << ' ' << padded_left(std::to_string(session.exchanges), 8) << ' '
              << padded_left(human_size(session.bytes), 8)
              << styled(terminal, Style::notice, remarks(session)) << '\n';
  }
  return kDone;
}

Result<std::int64_t> find(const Common& common, const std::string& session) {
  auto log = common.open_log();
  if (!log) return std::move(log).error();
  return storage::find_session(**log, session);
}

/// Has the chore of that name done to the session that was named.
int change(const Common& common, const Options& options, const std::string& chore) {
  const auto id = find(common, options.session);
  if (!id) return complain("sessions", id.error().detail, kFailed);
  const auto done =
      perform_chore(common, chore, {{"id", *id}, {"text", options.text}, {"force", options.force}});
  if (!done) return complain("sessions", done.error().detail, kFailed);
  if (!done->contains("exchanges")) return kDone;
  const auto exchanges = done->at("exchanges").get<std::int64_t>();
  std::cerr << "tapedeck: deleted session '" << harmless(options.session) << "' with " << exchanges
            << (exchanges == 1 ? " exchange" : " exchanges") << "; the log was "
            << human_size(done->at("file_before").get<std::int64_t>()) << " and is "
            << human_size(done->at("file_after").get<std::int64_t>()) << '\n';
  return kDone;
}

}  // namespace

void add_sessions(CLI::App& app, const Common& common, Chosen& chosen) {
  CLI::App* const sessions =
      app.add_subcommand("sessions", "list what was recorded together; rename, pin, tag or delete");
  const auto options = std::make_shared<Options>();
  sessions->footer(
      "Examples:\n"
      "  tapedeck sessions\n"
      "  tapedeck sessions rename 7 'before the fix'\n"
      "  tapedeck sessions pin 'before the fix'\n"
      "  tapedeck sessions delete 3\n"
      "Without more it lists: id, name, start, exchanges, bytes of bodies, pin, tags, note.\n"
      "A session is named by its id, or by its name where no other has it.");
  sessions->require_subcommand(0, 1);
  sessions->add_flag("--json", options->json, "one JSON object a line");
  const auto listing = [&common, &chosen, options] {
    chosen = [&common, options] { return list(common, *options); };
  };
  // The parser calls back a command after its subcommand.
  sessions->callback([sessions, listing] {
    if (sessions->get_subcommands().empty()) listing();
  });
  CLI::App* const named = sessions->add_subcommand("list", "list them, newest first");
  named->add_flag("--json", options->json, "one JSON object a line");
  named->callback(listing);

  const auto add = [&](const std::string& name, const std::string& help, const char* text,
                       const char* text_help) {
    CLI::App* const command = sessions->add_subcommand(name, help);
    command->add_option("SESSION", options->session, "its id, or its name")
        ->required()
        ->type_name("");
    if (text != nullptr) {
      command->add_option(text, options->text, text_help)->required()->type_name("");
    }
    command->footer("Example:\n  tapedeck sessions " + name + " 7" +
                    (text != nullptr ? " '" + std::string(text) + "'" : ""));
    command->callback([&common, &chosen, options, name] {
      chosen = [&common, options, name] { return change(common, *options, "session-" + name); };
    });
    return command;
  };
  add("rename", "call it otherwise", "NAME", "the new name");
  add("delete", "remove its exchanges, and the bodies nobody else has", nullptr, nullptr)
      ->add_flag("--force", options->force, "also when it is pinned");
  add("pin", "keep it from prune and delete", nullptr, nullptr);
  add("unpin", "keep it no more", nullptr, nullptr);
  add("tag", "give it a tag", "TAG", "a word");
  add("untag", "take a tag away", "TAG", "the word");
  add("note", "say something about it", "TEXT", "the note; '' takes it away");
}

}  // namespace tapedeck::cli
